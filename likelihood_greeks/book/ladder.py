"""Ladders of a book: what it gains when the spot of an underlying moves, revalued trade by trade."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
import pandas as pd

from .._checks import finite, flags, list_of, refuse
from ..engine.exact import price
from ..models.adaptor import moved
from ..revaluation.grid import scenarios
from ..streams.chunks import checked
from .assets.ladders import changes
from .assets.names import are_several
from .early_exercise import remarks
from .failures import FAILS, in_short, problem_of, reason_of
from .frame import describe, left_out
from .frame import plain as plain_problem
from .left_out import LeftOut, by_net, without_value
from .market import Market
from .moved import change
from .reading import BookWarning, read_book
from .trades import NET, Problem, Trade, parse
from .valued import ManyOptions, read

MOVES = (-0.10, -0.05, -0.02, 0.02, 0.05, 0.10)


def ladder(
    book: pd.DataFrame | str | os.PathLike[str],
    market: Market | Mapping[str, Any] | str | os.PathLike[str],
    moves: Sequence[float] = MOVES,
    *,
    paths: int = 16_384,
    seed: int | None = None,
    closed_form: bool = True,
    executor: Executor | None = None,
    smile: str = "sticky_strike",
) -> pd.DataFrame:
    """The gain of the position in each underlying when its spot moves, volatilities and models staying as they are.

    Europeans are revalued in closed form where their law knows it, without an error; every other trade by `scenarios`
    on draws of its own, so that the errors of a position are exact: squared errors of trades add. A trade on several
    assets is in the ladder of each, that asset moving alone, and in one of its set, all of them moving together.

    Parameters
    ----------
    book, market
        As for `risk`.
    moves : sequence of float
        Of the spot, as shares of it, above -1; 0.05 is five per cent up.
    paths, seed, executor
        As for `greeks`; `paths` for every trade that is simulated.
    closed_form, smile
        As for `risk`; volatilities move with the spot to second order.

    Returns
    -------
    pandas.DataFrame
        A row per underlying and move: ``underlying, move, spot, change, standard_error`` (in ``currency``), and how
        many ``trades`` are in it; how many are ``doubtful`` there, those that are left out of it among them.
        ``attrs["seed"]`` reproduces it; ``attrs["notes"]`` lists what is held against the doubtful ones, as
        dictionaries with keys ``underlying, move, note, trade_id``, the last "net" of how many are left out;
        ``attrs["left_out"]`` says for each trade that could not be revalued why; ``attrs["remarks"]`` names those whose
        exercise rule is kept.

    Raises
    ------
    ValueError, TypeError
        As `risk`, and if `moves` is empty, or a move is zero or not above -1.

    Warns
    -----
    BookWarning
        If some trades could not be revalued.

    Examples
    --------
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> lg.ladder(book, market, [-0.05, 0.05], seed=1)[["move", "change"]].round(2).values.tolist()
    [[-0.05, -24.91], [0.05, 31.82]]
    """
    shares = [finite("moves", move) for move in list_of("moves", moves, "shares of the spot")]
    if not shares or min(shares) <= -1.0 or max(shares) >= 5.0 or 0.0 in shares or len(set(shares)) < len(shares):
        refuse("moves", "hold shares of the spot above -1 and below 5, none zero and none twice", list(moves))
    paths, seed, _ = checked(paths, seed, "pseudo")
    flags(closed_form=closed_form)
    found_market = (market if isinstance(market, Market) else Market.read(market)).with_smile(smile)
    table = read_book(book)
    factors = [1.0 + share for share in shares]
    plain: list[ManyOptions] = []
    if closed_form:
        plain, trades, problems = read(table, found_market, [], factors, several=True)
    else:
        trades, problems = parse(table, found_market, several=True)
    rows = [_plain_changes(options, shares) for options in plain]
    notes = list[dict[Hashable, Any]]()
    for trade in trades:
        own = int(np.random.SeedSequence([seed, trade.row]).generate_state(1, np.uint64)[0] >> np.uint64(16))
        try:
            if are_several(trade.underlying):
                found = changes(trade, shares, found_market, paths=paths, seed=own, executor=executor)
            else:
                exact = _exact_changes(trade, shares) if closed_form else None
                found = _revalued(trade, shares, paths=paths, seed=own, executor=executor) if exact is None else exact
        except FAILS as error:
            problems.append(problem_of(trade.trade_id, trade.row, reason_of(error)))
            continue
        rows.append(found)
        held = found.loc[found["note"] != "", ["underlying", "move", "note"]]
        notes += held.assign(trade_id=trade.trade_id).to_dict("records")
    columns = ["underlying", "move", "spot", "change", "square", "trades", "note", "currency"]
    every = pd.concat(rows) if rows else pd.DataFrame(columns=columns, dtype=float)
    every["doubtful"] = every["note"] != ""
    sums = {"spot": "first", "change": "sum", "square": "sum", "trades": "sum", "doubtful": "sum", "currency": "first"}
    found = every.groupby(["underlying", "move"], sort=False).agg(sums).reset_index()
    found.insert(4, "standard_error", np.sqrt(found.pop("square")))
    found = found.sort_values(["underlying", "move"], ignore_index=True)
    absent = _absent(without_value((problem.row for problem in problems), table, found_market), found["underlying"])
    missing = found["underlying"].map(absent).astype(int)
    found["doubtful"] += missing
    lacking = found[["underlying", "move"]].assign(note=missing.map(left_out), trade_id=NET)
    notes += lacking[missing > 0].to_dict("records")
    found.attrs = {
        "seed": seed, "paths": paths, "notes": notes, "left_out": _reasons(problems), "remarks": remarks(trades)
    }  # fmt: skip
    if problems:
        warnings.warn(describe([plain_problem(problem) for problem in problems], "revalued"), BookWarning, stacklevel=2)
    return found


def _absent(trades: Sequence[LeftOut], names: Iterable[str]) -> dict[str, int]:
    """How many trades without a value the ladder of each asset, or set of them, is without."""
    found, parts = by_net(trades, {*names}), Counter(part for trade in trades for part in trade.parts)
    return {name: found.get(name, 0) + (0 if are_several(name) else parts[name]) for name in names}


def _reasons(problems: Iterable[Problem]) -> dict[str, str]:
    """What is wrong with each trade, in a line."""
    found = dict[str, list[str]]()
    for problem in map(plain_problem, problems):
        raised = in_short(str(problem["value"])) if problem["field"] in ("payoff", "trade") else ""
        got = f"got {problem['value']!r}" if problem["value"] != "" else "but is blank"
        why = raised or f"{problem['field']} must {problem['requirement']}, {got}"
        found.setdefault(problem["trade_id"] or f"row {problem['row'] + 1}", []).append(why)
    return {trade_id: "; ".join(own) for trade_id, own in found.items()}


def _revalued(trade: Trade, shares: Sequence[float], **settings: Any) -> pd.DataFrame:
    """The changes of one position."""
    spots = [trade.model.spot * (1.0 + share) for share in shares]
    if trade.known or trade.past is not None:
        return _changes(trade, shares, [change(trade, share, **settings) for share in shares])
    frame = scenarios(trade.model, trade.payoff, {"spot": spots}, greeks=[], **settings).frame
    columns = zip(frame["change"], frame["change_standard_error"], frame["note"], strict=True)
    return _changes(trade, shares, [*columns])


def _plain_changes(options: ManyOptions, shares: Sequence[float]) -> pd.DataFrame:
    """The rows of all plain options on an underlying together."""
    own, base = options.options, options.prices()
    return pd.DataFrame(
        {
            "underlying": own.underlying[0],
            "move": shares,
            "spot": [options.law.spot * (1.0 + share) for share in shares],
            "change": [float(own.quantity @ (options.prices(1.0 + share) - base)) for share in shares],
            "square": 0.0,
            "trades": len(own),
            "note": "",
            "currency": own.currency[0],
        }
    )


def _exact_changes(trade: Trade, shares: Sequence[float]) -> pd.DataFrame | None:
    """The rows of one European in closed form; None if there is none."""
    if trade.known or trade.past is not None or (base := price(trade.model, trade.payoff)) is None:
        return None
    there = (moved(trade.model, {"spot": share * trade.model.spot}) for share in shares)
    found = [price(law, trade.payoff) for law in there]
    values = [float(jet.value) for jet in found if jet is not None]
    if len(values) < len(found):
        return None
    return _changes(trade, shares, [(value - float(base.value), 0.0, "") for value in values])


def _changes(trade: Trade, shares: Sequence[float], found: Sequence[tuple[float, float, str]]) -> pd.DataFrame:
    """The rows of one position, from the change of a unit at every share, its error, and what is held against it."""
    changes, errors = (np.array([row[k] for row in found], dtype=float) for k in (0, 1))
    return pd.DataFrame(
        {
            "underlying": trade.underlying,
            "move": shares,
            "spot": [trade.model.spot * (1.0 + share) for share in shares],
            "change": trade.quantity * changes,
            "square": (trade.quantity * errors) ** 2,
            "trades": 1,
            "note": [note for *_, note in found],
            "currency": trade.currency,
        }
    )
