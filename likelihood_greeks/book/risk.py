"""The Greeks of a book: trades on one underlying run on the same draws, so that their errors net as they should."""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import one_of, refuse
from ..engine import CONTROLS
from ..estimate import Estimate, Moments, rarity
from ..estimators.plan import Plan
from ..execution import one_thread_each, results
from ..group import Group
from ..laws import chosen_law
from ..parameters import STANDARD, Greek, listed, requested
from ..payoffs.tape import NotRelaxableError
from ..result import estimates
from ..runs import Run, accumulate, half, inconsistency, pilot_chunks, plans, replicated
from ..sampling import Chunk, checked, chunks
from .market import Market, initial_volatility, law_name
from .trades import NET, BookWarning, Problem, Trade, parse, read_book

COLUMNS = [
    "trade_id", "underlying", "product", "quantity", "greek", "value", "standard_error", "position_value",
    "position_standard_error", "variance_ratio", "n_paths", "seed", "model", "maturity", "spot", "volatility",
    "rate", "note",
]  # fmt: skip

GIVEN_UP = "relaxed payoffs given up: one could not be followed on a path that the pilot did not see"


@final
@dataclass(frozen=True, slots=True)
class Desk:
    """All trades on one underlying, grouped by law and dates.

    Parameters
    ----------
    runs : tuple of Run
    quantities : tuple of tuple of float
        Position sizes, run by run, trade by trade.
    """

    runs: tuple[Run, ...]
    quantities: tuple[tuple[float, ...], ...]

    def __call__(self, chunk: Chunk) -> dict[Any, Moments]:
        """Moments of every trade, by (run, trade) number, of every run's scores, and of the net position."""
        found: dict[Any, Moments] = {}
        net: Any = 0.0
        for number, (run, quantities) in enumerate(zip(self.runs, self.quantities, strict=True)):
            pairs, scores = run.controlled(chunk)
            for row, ((controlled, plain), quantity) in enumerate(zip(pairs, quantities, strict=True)):
                found[number, row] = Moments.of(np.concatenate([controlled, plain]))
                net = net + quantity * controlled
            found["scores", number] = Moments.of(scores)
        return {**found, NET: Moments.of(net)}


def risk(
    book: pd.DataFrame | str | os.PathLike[str],
    market: Market | Mapping[str, Any] | str | os.PathLike[str],
    greeks: Iterable[Greek] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    sampling: str = "pseudo",
    executor: Executor | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Price and Greeks of every trade of a book, and of the net position in every underlying.

    Trades on one underlying with the same dates and volatility share a simulation: the weights are computed once
    and multiplied into all payoffs. All trades on an underlying run on the same random numbers, so the standard
    error of the net position accounts for what they have in common (with Sobol points it is that of the net's own
    means by scramble). Different underlyings run on independent ones.

    Parameters
    ----------
    book : pandas.DataFrame or path
        One trade a row; the columns are described in `book.trades`. A path may end in .csv, .parquet or .xlsx.
    market : Market, mapping or path
        Valuation date and what is known of each underlying; a path names a TOML file.
    greeks : iterable of str or pair of str, optional
        As for `greeks`; default: delta, gamma, vega, rho, dividend_rho and theta.
    paths, seed, controls, sampling, executor, progress
        As for `greeks`.

    Returns
    -------
    pandas.DataFrame
        A row per trade and Greek (the price is one): ``trade_id, underlying, product, quantity, greek, value,
        standard_error`` (per unit), ``position_value, position_standard_error`` (times quantity),
        ``variance_ratio, n_paths, seed, model, maturity, spot, volatility, rate, note``; then net rows per underlying
        (``trade_id`` is ``"net"``). Raw units: per 1.00 of each parameter, theta per year. ``volatility`` is what vega
        is the derivative in: Black--Scholes' volatility, or Heston's initial one, the root of the initial variance.
        ``frame.attrs["problems"]`` lists what is wrong with the trades that could not be priced, as dictionaries
        with keys ``trade_id, row, field, requirement, value``; ``frame.attrs["calibrations"]`` says for each
        underlying whose Heston model was fitted how well it fits (``rms_error`` and ``max_error`` in implied
        volatility, ``converged``, ``summary``, ``parameters``).

    Raises
    ------
    ValueError, TypeError
        If the market, the columns of the book or an argument is unusable; a bad trade does not raise.

    Warns
    -----
    BookWarning
        If some trades could not be priced.
    """
    found_market = market if isinstance(market, Market) else Market.read(market)
    frame = book if isinstance(book, pd.DataFrame) else read_book(book)
    one_of("controls", controls, CONTROLS)
    count, seed, kind = checked(paths, seed, sampling)
    wanted: list[Greek] = [*STANDARD] if greeks is None else listed(greeks)

    trades, problems = parse(frame, found_market)
    rows: list[dict[str, Any]] = []
    for name, members in groupby(sorted(trades, key=lambda t: t.underlying), key=lambda t: t.underlying):
        own, longest = list(members), max(len(t.payoff.times) for t in trades if t.underlying == name)
        pieces = chunks(underlying_seed(seed, name), count, longest, kind)
        missing = [p for p in problems if _underlying_of(p, frame) == name]
        arguments: dict[str, Any] = {"executor": executor, "progress": progress}
        with one_thread_each():
            try:
                found, failed = _underlying(own, wanted, controls, pieces, missing, **arguments)
            except NotRelaxableError:  # on a path that the pilot did not see
                found, failed = _underlying(own, wanted, "scores", pieces, missing, **arguments)
                found = [{**row, "note": "; ".join(filter(None, [row["note"], GIVEN_UP]))} for row in found]
        rows, problems = rows + found, problems + failed
    order = {trade.trade_id: position for position, trade in enumerate(trades)}
    rows.sort(key=lambda row: order.get(row["trade_id"], len(order)))

    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs["problems"] = [_plain(problem) for problem in problems]
    table.attrs["seed"] = seed
    table.attrs["calibrations"] = _calibrations(found_market, {trade.underlying for trade in trades})
    if problems:
        warnings.warn(describe(table.attrs["problems"]), BookWarning, stacklevel=2)
    return table


def underlying_seed(seed: int, name: str) -> int:
    """The seed of an underlying's draws: independent of what else is in the book.

    With it `greeks` alone gives a trade's numbers, unless the book has a trade on more than 512 dates, which makes
    the chunks of its underlying smaller.
    """
    words = np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(2)
    return (int(words[0]) << 16 | int(words[1]) & 0xFFFF) & 0xFFFF_FFFF_FFFF


def describe(problems: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with a book (``frame.attrs["problems"]``), a line a problem; rows are counted from 1."""
    trades = len({p["row"] for p in problems})
    lines = [
        f"  {p['trade_id']} (row {p['row'] + 1}): {p['field']} must {p['requirement']}, got {p['value']!r}"
        for p in problems
    ]
    return "\n".join([f"{trades} trade{'s' * (trades != 1)} could not be priced:", *lines])


def _calibrations(market: Market, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """How well fitted models fit, as dictionaries that any file format can hold."""
    fits = {name: market.underlyings[name].calibration for name in market.underlyings if name in names}
    return {
        name: {
            "summary": str(fit),
            "rms_error": fit.rms_error,
            "max_error": fit.max_error,
            "converged": fit.converged,
            "parameters": fit.parameters,
        }
        for name, fit in fits.items()
        if fit is not None
    }


def _plain(problem: Problem) -> dict[str, Any]:
    """A problem as a dictionary that any file format can hold."""
    found = asdict(problem)
    value = found["value"]
    return {**found, "value": value if isinstance(value, (str, int, float)) else str(value)}


def _underlying_of(problem: Problem, frame: pd.DataFrame) -> str:
    """The underlying of a row that could not be read, as far as it says."""
    columns = {str(column).strip().lower(): column for column in frame.columns}
    return str(frame.iloc[problem.row][columns["underlying"]]).strip()


def _underlying(
    trades: list[Trade],
    greeks: list[Greek],
    controls: str,
    pieces: list[Chunk],
    missing: list[Problem],
    *,
    executor: Executor | None,
    progress: bool,
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Rows of all trades on one underlying and of their net, and the trades that failed when they were tried."""
    seed, count = pieces[0].seed, sum(chunk.n_paths for chunk in pieces)
    wanted = requested(greeks, trades[0].model)
    labels, combinations = list(wanted), tuple(wanted.values())
    laws: dict[Any, list[Trade]] = {}
    for trade in trades:
        laws.setdefault((trade.model, trade.payoff.times), []).append(trade)

    runs, members_of, failed = [], [], []
    for (model, _), members in laws.items():
        pilot = pilot_chunks(seed, count, len(members[0].payoff.times), pieces[0].sampling)
        chosen = chosen_law(model, members[0].payoff.times, "auto", controls)
        group = Group(chosen.law, tuple(t.payoff for t in members), combinations, controls, chosen.rate)
        tried = _tried(group, pilot, members, executor)
        good = [(trade, plan) for trade, plan in zip(members, tried, strict=True) if not isinstance(plan, Problem)]
        failed += [plan for plan in tried if isinstance(plan, Problem)]
        if good:
            served = replace(group, payoffs=tuple(trade.payoff for trade, _ in good))
            runs.append(Run(served, tuple(plan for _, plan in good if plan is not None)))
            members_of.append([trade for trade, _ in good])
    if not runs:
        return [], failed
    desk = Desk(tuple(runs), tuple(tuple(t.quantity for t in members) for members in members_of))
    total = accumulate(replicated(results(desk, pieces, executor, trades[0].underlying if progress else ""), pieces))

    rows = []
    for number, (run, members) in enumerate(zip(runs, members_of, strict=True)):
        doubt = inconsistency(run.group, total["scores", number])
        for row, trade in enumerate(members):
            controlled, plain = half(total[number, row], True), half(total[number, row], False)
            note = "; ".join(filter(None, [doubt, rarity(plain, 0)]))
            table = estimates(labels, controlled, count, plain, dict.fromkeys(labels, note))
            rows += [_row(trade, greek, estimate, seed) for greek, estimate in table.items()]
    notes = _net_notes(labels, rows, len({p.row for p in [*missing, *failed]}))
    net = estimates(labels, total[NET], count, notes=notes)
    return rows + [_net_row(trades[0], greek, estimate, seed) for greek, estimate in net.items()], failed


def _tried(
    group: Group, pilot: Sequence[Chunk], trades: Sequence[Trade], executor: Executor | None
) -> list[Plan | Problem | None]:
    """The pilot of trades on one law: its controls (None without), or why one cannot be priced."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            _refuse_infinite(group, replace(pilot[0], n_paths=256), trades)
            return [*plans(group, pilot, executor)] if group.control_names else [None] * len(trades)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        if len(trades) == 1:
            problem = "give finite payments and Greeks", str(error)
            return [Problem(trades[0].trade_id, trades[0].row, "payoff", *problem)]
    alone = [replace(group, payoffs=(trade.payoff,)) for trade in trades]
    return [_tried(one, pilot, [trade], executor)[0] for one, trade in zip(alone, trades, strict=True)]


def _refuse_infinite(group: Group, chunk: Chunk, trades: Sequence[Trade]) -> None:
    for plain, trade in zip(group.samples(chunk, group.draw(chunk)), trades, strict=True):
        if not np.isfinite((trade.quantity * plain) ** 2).all():
            refuse("payoff", "give finite payments and Greeks", "numbers too large to square")


def _net_notes(labels: Sequence[str], rows: Sequence[Mapping[str, Any]], missing: int) -> dict[str, str]:
    """What to hold against the net position: trades left out, and trades whose own numbers are doubtful."""
    left_out = f"excludes {missing} trade{'s' * (missing != 1)} that could not be priced" if missing else ""
    found = {}
    for label in labels:
        doubtful = [str(row["trade_id"]) for row in rows if row["greek"] == label and row["note"]]
        own = f"includes doubtful numbers of {', '.join(doubtful)}" if doubtful else ""
        found[label] = "; ".join(filter(None, [left_out, own]))
    return found


def _row(trade: Trade, greek: str, estimate: Estimate, seed: int) -> dict[str, Any]:
    return {
        "trade_id": trade.trade_id,
        "underlying": trade.underlying,
        "product": trade.product,
        "quantity": trade.quantity,
        "greek": greek,
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "position_value": trade.quantity * estimate.value,
        "position_standard_error": abs(trade.quantity) * estimate.standard_error,
        "variance_ratio": estimate.variance_ratio,
        "n_paths": estimate.n_paths,
        "seed": seed,
        "model": law_name(trade.model),
        "maturity": trade.maturity,
        "spot": trade.model.spot,
        "volatility": initial_volatility(trade.model),
        "rate": trade.model.rate,
        "note": estimate.note,
    }


def _net_row(trade: Trade, greek: str, estimate: Estimate, seed: int) -> dict[str, Any]:
    own = {"trade_id": NET, "product": NET, "quantity": 1.0, "variance_ratio": np.nan}
    shared = dict.fromkeys(("maturity", "volatility", "rate"), np.nan)
    unit = _row(trade, greek, estimate, seed)
    position = {"position_value": estimate.value, "position_standard_error": estimate.standard_error}
    return {**unit, **own, **shared, **position}
