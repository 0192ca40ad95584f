"""The frame of a run: the rows of finished trades, simulated and exact, in the order of the book; then the nets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from ..estimate import Statistics
from .account import Account
from .assets.names import are_several, joined, names_of, parts_of
from .exact import ExactTrades
from .frame import COLUMNS, left_out, net_rows, plain, with_notes
from .joint import JOINT, packed
from .tally import Row
from .trades import Problem
from .uncopied import UncopiedList

OF_SETS = ("price", "theta", "rho")
"""What trades on several assets have in the net of their set alone."""


def assembled(
    accounts: Sequence[Account],
    nets: Mapping[str, Statistics | None],
    exact: ExactTrades,
    problems: Sequence[Problem],
    book: pd.DataFrame,
    *,
    seed_of: Callable[[str], int],
) -> pd.DataFrame:
    """The rows of all blocks and net positions that are finished and of the exact trades, and all problems.

    Parameters
    ----------
    accounts : sequence of Account
    nets : mapping of str to Statistics or None
        Of the underlyings that are finished; None if no simulated trade could be priced.
    exact : ExactTrades
    problems : sequence of Problem
        Of trades that are in no account.
    book : pandas.DataFrame
    seed_of : callable
        From an underlying to the seed of its draws.
    """
    rows, own_nets, found = list[Row](), dict[str, list[Row]](), [*problems]
    left, counts = _underlyings(problems, book), Counter(exact.own["underlying"].tolist())
    for account in accounts:
        own, net, failed = _of(account, nets.get(account.name), left[account.name], counts[account.name])
        rows, found = rows + own, found + failed
        left[account.name] += len({problem.row for problem in failed})
        if net:
            own_nets[account.name] = net
    busy = {account.name for account in accounts if nets.get(account.name) or account.name not in nets}
    for name in counts.keys() - busy:
        own_nets[name] = exact.net_rows(name, seed_of(name), left[name])
    own_nets = _with_sets(own_nets, left)
    order = {trade.trade_id: trade.row for a in accounts for block in a.blocks for own in block.trades for trade in own}
    parts = [
        pd.DataFrame(rows, [order[row["trade_id"]] for row in rows], COLUMNS),
        exact.frame({name: seed_of(name) for name in counts}),
    ]
    trades = pd.concat([part for part in parts if len(part)] or parts[:1]).sort_index(kind="stable")
    last = pd.DataFrame([row for _, own in sorted(own_nets.items()) for row in own], columns=COLUMNS)
    table = pd.concat([part for part in (trades, last) if len(part)] or [last], ignore_index=True)
    table.attrs["problems"] = UncopiedList(plain(problem) for problem in found)
    if (text := packed((part for account in accounts for part in account.shares()), _draws(accounts))) is not None:
        table.attrs[JOINT] = text
    return table


def _of(
    account: Account, net: Statistics | None, unread: int, exact: int
) -> tuple[list[Row], list[Row], list[Problem]]:
    """The rows of an account's finished trades, of its net position, and what is wrong with the others."""
    behind = {block.number for block in account.behind()}
    finished = [block for block in account.blocks if block.number not in behind]
    own = [row for block in finished for row in account.rows(block, account.tallies[block.number])]
    failed = [problem for block in finished for problem in account.tallies[block.number].problems]
    first, position = account.blocks[0], list[Row]()
    late = [note for block in finished for note in account.late(block)]
    if net is not None:
        missing = unread + len({problem.row for problem in failed})
        position = net_rows(first.trades[0][0], first.labels, net, own, missing, exact=exact)
        exact_only = set.intersection(*(block.empty for block in account.blocks))
        position = [{**row, "note": left_out(missing)} if row["greek"] in exact_only else row for row in position]
        missed = account.main.missed(net, account.pieces) if account.main.of_net else {}
        position = with_notes(position, [missed.get(name, "") for name in first.labels])
    return with_notes(own, late), position, failed  # what is only imprecise is not doubtful in the net


def _draws(accounts: Sequence[Account]) -> dict[str, str]:
    """What the draws of each account are, in words."""
    return {account.name: account.main.draws.named(account.pieces) for account in accounts}


def _underlyings(problems: Sequence[Problem], book: pd.DataFrame) -> Counter[str]:
    """How many rows of each underlying could not be read, as far as they say whose they are."""
    columns = {str(column).strip().lower(): column for column in book.columns}
    names = book[columns["underlying"]].tolist() if problems else []
    cells = (str(names[row]).strip() for row in {problem.row for problem in problems})
    return Counter(joined(names_of(cell)) if are_several(cell) else cell for cell in cells)


def _with_sets(nets: Mapping[str, list[Row]], left: Mapping[str, int]) -> dict[str, list[Row]]:
    """The nets, those of assets noting what is left out on sets of them that have no net of their own to say it."""
    found = dict(nets)
    for name in sorted(name for name, count in left.items() if count and are_several(name) and name not in nets):
        for part, rows in found.items():
            same = frozenset(names_of(part)) == frozenset(names_of(name))
            if same or part in parts_of(name):
                notes = [left_out(left[name]) if same or _in_parts(row["greek"], part) else "" for row in rows]
                found[part] = with_notes(rows, notes)
    return found


def _in_parts(greek: str, part: str) -> bool:
    """Whether trades on a set have a part of a Greek in the net of an asset, or of a pair, in it."""
    return "," in greek if are_several(part) else greek.partition("[")[0] not in OF_SETS
