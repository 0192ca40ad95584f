"""The frame of a run: the rows of finished trades, simulated and exact, in the order of the book; then the nets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from ..estimate import Statistics
from .account import Account
from .exact import ExactTrades
from .frame import COLUMNS, net_rows, plain, with_notes
from .joint import JOINT, packed
from .tally import Row
from .trades import Problem
from .uncopied import UncopiedList


def assembled(
    accounts: Sequence[Account],
    nets: Mapping[str, Statistics | None],
    exact: ExactTrades,
    problems: Sequence[Problem],
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
    seed_of : callable
        From an underlying to the seed of its draws.
    """
    rows, own_nets, found = list[Row](), dict[str, list[Row]](), [*problems]
    counts = Counter(exact.own["underlying"].tolist())
    for account in accounts:
        own, net, failed = _of(account, nets.get(account.name), counts[account.name])
        rows, found = rows + own, found + failed
        if net:
            own_nets[account.name] = net
    busy = {account.name for account in accounts if nets.get(account.name) or account.name not in nets}
    for name in counts.keys() - busy:
        own_nets[name] = exact.net_rows(name, seed_of(name))
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


def _of(account: Account, net: Statistics | None, exact: int) -> tuple[list[Row], list[Row], list[Problem]]:
    """The rows of an account's finished trades, of its net position, and what is wrong with the others."""
    behind = {block.number for block in account.behind()}
    finished = [block for block in account.blocks if block.number not in behind]
    own = [row for block in finished for row in account.rows(block, account.tallies[block.number])]
    failed = [problem for block in finished for problem in account.tallies[block.number].problems]
    first, position = account.blocks[0], list[Row]()
    late = [note for block in finished for note in account.late(block)]
    if net is not None:
        position = net_rows(first.trades[0][0], first.labels, net, own, exact=exact)
        exact_only = set.intersection(*(block.empty for block in account.blocks))
        position = [{**row, "note": ""} if row["greek"] in exact_only else row for row in position]
        missed = account.main.missed(net, account.pieces) if account.main.of_net else {}
        position = with_notes(position, [missed.get(name, "") for name in first.labels])
    return with_notes(own, late), position, failed  # what is only imprecise is not doubtful in the net


def _draws(accounts: Sequence[Account]) -> dict[str, str]:
    """What the draws of each account are, in words."""
    return {account.name: account.main.draws.named(account.pieces) for account in accounts}
