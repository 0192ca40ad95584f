"""`scenario_grid` and `stress`: what a book gains under moves of spots, volatilities and rates."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from .._checks import finite, list_of, one_of, refuse
from ..engine.execution import Workers, one_thread_each
from .assets.names import names_of
from .assets.shocks import shocks_on
from .early_exercise import remarks as kept_rules
from .frame import plain
from .joint import attribute
from .left_out import by_net, without_value
from .market import Market
from .own_columns import attached_by_name
from .reading import read_book
from .remarked import remarked, warn
from .revaluations import Revaluations
from .rows import Problem
from .together.shocked import AnyShock, Shocked, shocked, table, unvalued
from .together.shocks import KINDS, Shock, stresses
from .together.valued import Together, together
from .trades import Trade, parse
from .uncopied import UncopiedList

SPOTS, VOLATILITIES = (-0.10, -0.05, -0.02, 0.0, 0.02, 0.05, 0.10), (-0.05, 0.0, 0.05)
BookOf = pd.DataFrame | str | os.PathLike[str]
MarketOf = Market | Mapping[str, Any] | str | os.PathLike[str]


def scenario_grid(
    book: BookOf,
    market: MarketOf,
    spot: Sequence[float] = SPOTS,
    volatility: Sequence[float] = VOLATILITIES,
    rate: Sequence[float] = (0.0,),
    *,
    underlyings: Iterable[str] | None = None,
    paths: int = 16_384,
    seed: int | None = None,
    controls: str = "auto",
    closed_form: bool = True,
    executor: Workers = None,
    progress: bool = False,
    output: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """What every trade and position gains on a grid of moves of its underlying: spots by volatilities by rates.

    Of a trade on several assets all move together, or those of them among `underlyings`: correlations stay.

    Every cell and the base are valued on the same draws, and so are all trades on an underlying: the error of a gain is
    that of joint samples, for a trade and for the net. Europeans are revalued in closed form, with no error.

    Parameters
    ----------
    book, market
        As for `risk`.
    spot : sequence of float
        Moves as shares of the spot, above -1; 0.05 is five per cent up. A fixing of today that is open moves with it.
    volatility, rate : sequence of float
        Added to every quoted volatility (strikes keep theirs), and to every zero rate. Under Heston the initial and the
        long-run volatility move.
    underlyings : sequence of str, optional
        Those that move, all as a cell says; trades on none of them are left out. Default: all.
    paths, seed, controls, closed_form, executor, progress
        As for `risk`.
    output : path, optional
        The frame is written here as well (.csv, .parquet or .xlsx).

    Returns
    -------
    pandas.DataFrame
        A row per trade and cell, then the nets of underlyings (``trade_id`` is ``"net"``), then the totals of
        currencies (``"total"``): ``trade_id, underlying, product, quantity, currency, maturity, scenario, spot,
        volatility, rate`` (the moves), ``change, standard_error`` (of the position, in ``currency``), ``base`` (its
        value), ``n_paths, seed, method, note``, and the book's own columns. ``attrs["problems"]`` as for `risk`,
        ``attrs["seed"]``, ``attrs["remarks"]``, which names trades whose exercise rule is kept, and ``attrs["joint"]``,
        from which `pivot` has the errors of any group of trades.

    Raises
    ------
    ValueError, TypeError
        As `risk`, and if a list of moves is empty, has one twice, or one that is out of range.

    Warns
    -----
    BookWarning
        Of the book and the market as `risk`. If some trades could not be valued, or not under every move: their
        ``change`` is then missing under those that their law cannot have, with the reason in ``note``, and nets and
        totals are without them there.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 100,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> frame = lg.scenario_grid(book, market, spot=[-0.1, 0.0, 0.1], volatility=[0.0, 0.02])
    >>> net = frame[frame["trade_id"] == "net"]
    >>> net.pivot(index="spot", columns="volatility", values="change").round(1).values.tolist()
    [[-425.8, -382.1], [0.0, 55.3], [695.0, 739.2]]
    """
    axes = {name: _axis(name, own) for name, own in zip(KINDS, (spot, volatility, rate), strict=True)}
    cells = [Shock(*moves) for moves in product(*axes.values())]
    named = {_called(cell): cell for cell in cells}
    data = market if isinstance(market, Market) else Market.read(market)
    moving = _moving(underlyings, [*data.underlyings])
    still = dict.fromkeys(named, Shock())
    return _gains(
        book, data, lambda names: {name: named if name in moving else still for name in names}, {}, paths=paths,
        seed=seed, controls=controls, closed_form=closed_form, executor=executor, progress=progress, output=output,
        moving=moving,
    )  # fmt: skip


def stress(
    book: BookOf,
    market: MarketOf,
    scenarios: Mapping[str, Any] | str | os.PathLike[str],
    *,
    paths: int = 16_384,
    seed: int | None = None,
    controls: str = "auto",
    closed_form: bool = True,
    executor: Workers = None,
    progress: bool = False,
    output: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """What a book gains under named stresses, each of which moves several underlyings at once.

    Parameters
    ----------
    scenarios : mapping or path
        A table for each stress, in a dictionary or a TOML file: ``spot`` (a share), ``volatility`` and ``rate``
        (amounts), each a number for all underlyings or a table by underlying, in which ``others`` are the rest.
    book, market, paths, seed, controls, closed_form, executor, progress, output
        As for `scenario_grid`.

    Returns
    -------
    pandas.DataFrame
        As of `scenario_grid`, the names of the stresses in ``scenario``; a move of a total is missing where its
        underlyings have different ones.

    Raises
    ------
    ValueError, TypeError
        As `scenario_grid`, and if a stress has an unknown key or underlying.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> row = {"product": "put", "quantity": 100, "maturity": "2025-07-01", "strike": 100}
    >>> book = pd.DataFrame([{"trade_id": name, "underlying": name, **row} for name in ("X", "Y")])
    >>> asset = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "currency": "EUR"}
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": asset, "Y": asset}}
    >>> crash = {"crash": {"spot": {"X": -0.3, "others": -0.2}, "volatility": 0.1}}
    >>> frame = lg.stress(book, market, crash)
    >>> frame.loc[frame["trade_id"].isin(["net", "total"]), "change"].round(1).tolist()
    [2404.7, 1525.8, 3930.5]
    """
    return _gains(
        book, market, lambda names: _transposed(stresses(scenarios, names)), {"file of stresses": scenarios},
        paths=paths, seed=seed, controls=controls, closed_form=closed_form, executor=executor, progress=progress,
        output=output,
    )  # fmt: skip


def _moving(underlyings: Iterable[str] | None, known: Sequence[str]) -> set[str]:
    """The underlyings that move, checked."""
    if underlyings is None:
        return {*known}
    return {one_of("underlyings", name, tuple(known)) for name in list_of("underlyings", underlyings, "names")}


def _axis(name: str, moves: Sequence[float]) -> list[float]:
    """The moves of one kind, checked."""
    found = [finite(name, move) for move in list_of(name, moves, "moves")]
    if not found or len(set(found)) < len(found):
        refuse(name, "hold at least one move, and none twice", list(moves))
    return found


def _called(shock: Shock) -> str:
    """A cell in words."""
    return ", ".join([f"spot {shock.spot:+.10g}", f"volatility {shock.volatility:+.10g}", f"rate {shock.rate:+.10g}"])


def _transposed(by_name: Mapping[str, Mapping[str, Shock]]) -> dict[str, dict[str, Shock]]:
    """Shocks by underlying and stress, from those by stress and underlying."""
    underlyings = next(iter(by_name.values()))
    return {name: {stress: own[name] for stress, own in by_name.items()} for name in underlyings}


def _gains(
    book: BookOf,
    market: MarketOf,
    shocks_of: Any,
    read: Mapping[str, object],
    *,
    moving: set[str] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """The frame of gains under shocks: `shocks_of` gives them by underlying and scenario; `read` are further files.

    Further `options` are those of `Revaluations.checked`.
    """
    data = market if isinstance(market, Market) else Market.read(market)
    rows = read_book(book)
    run = Revaluations.checked({**read, "book": book, **data.files}, **options)
    shocks: Mapping[str, Mapping[str, Shock]] = shocks_of([*data.underlyings])
    warn(remarked(rows, data), stacklevel=4)
    trades, problems = parse(rows, data, several=True)
    partly = list[Problem]()
    trades = [trade for trade in trades if moving is None or moving.intersection(names_of(trade.underlying))]
    results = dict[str, tuple[Together[Shocked], Mapping[str, AnyShock]]]()
    with one_thread_each():
        for name, own in by_underlying(trades).items():
            moves = shocks_on(name, shocks, data)
            found, bad = shocked(own, [*moves.values()], run.closed_form, in_part=True)
            done = together(found, {}, run.on(name, own))
            results[name] = done, moves
            problems += [*bad, *done.problems]
            partly += unvalued(done.positions, moves)
    nets = [name for name, (done, _) in results.items() if done.positions]
    absent = by_net(without_value((problem.row for problem in problems), rows, data), nets)
    frame = table(results, absent, paths=run.paths, seed_of=run.seed_of)
    frame = attached_by_name(frame, rows)
    frame.attrs = {
        "problems": UncopiedList(plain(problem) for problem in [*problems, *partly]),
        "seed": run.seed,
        "remarks": kept_rules(trades),
        **attribute(
            (name, {trade: own[-len(named) :] for trade, own in found.shares.items()}, [*named], found.draws)
            for name, (found, named) in results.items()
        ),
    }
    return run.done(frame, (problems, "priced"), (partly, "valued under every move"))


def by_underlying(trades: Sequence[Trade]) -> dict[str, list[Trade]]:
    """Trades by underlying, in alphabetical order."""
    found: dict[str, list[Trade]] = {}
    for trade in sorted(trades, key=lambda trade: trade.underlying):
        found.setdefault(trade.underlying, []).append(trade)
    return found
