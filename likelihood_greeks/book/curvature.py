"""`curvature`: what two large shocks of a risk factor cost beyond the delta, in the sense of the Basel framework."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import positive, refuse
from .._typing import FloatArray
from ..engine.execution import Workers, one_thread_each
from ..estimate import Statistics
from ..models.capabilities import assets_of, value_of
from ..parameters import has
from .assets.names import are_several
from .assets.shocks import JointShock
from .frame import left_out, plain
from .left_out import by_net, without_value
from .market import Market
from .reading import read_book
from .remarked import remarked, warn
from .revaluations import Revaluations
from .scenario_grid import BookOf, MarketOf, by_underlying
from .together.shocked import AnyShock, Shocked, shocked
from .together.shocks import Shock, by_name
from .together.valued import Together, together
from .trades import NET, Trade, parse
from .uncopied import UncopiedList

FACTORS = ("spot", "rate")
"""The risk factors, the names of their derivatives too."""
PARTS = ("sensitivity", "up", "down", "cvr_up", "cvr_down")
COLUMNS = [
    "trade_id", "underlying", "product", "quantity", "currency", "factor", "shock", *PARTS,
    *(f"{part}_standard_error" for part in PARTS), "n_paths", "seed", "method", "note",
]  # fmt: skip


@final
@dataclass(frozen=True, slots=True, eq=False)
class Curved:
    """A trade under two shocks of each factor.

    Parameters
    ----------
    shocked : Shocked
        The shocks factor by factor, up and down.
    scales : ndarray, shape (n_factors,)
        What a unit of the factor's derivative is for a shock of one: the spot, or one.
    factors : tuple of str
        Their names.
    shocks : ndarray, shape (n_factors,)
        Their sizes.
    own : tuple of str
        The factors that the trade's law has: it has nothing in the others.
    """

    shocked: Shocked
    scales: FloatArray
    factors: tuple[str, ...]
    shocks: FloatArray
    own: tuple[str, ...]

    @property
    def trade_id(self) -> str:
        """The name of the trade."""
        return self.shocked.trade_id

    @property
    def drawn(self) -> Mapping[str, Trade]:
        """What is simulated."""
        return self.shocked.drawn

    def gone(self, stage: str) -> int:
        """No date goes by."""
        return 0

    @property
    def differences(self) -> tuple[int, ...]:
        """The gains under the shocks."""
        return tuple(PARTS.index(part) + k * len(PARTS) for k in range(len(self.shocks)) for part in ("up", "down"))

    def closed(self, rows: FloatArray) -> FloatArray:
        """The rows with what is beyond the delta made of the others."""
        slope, up, down, *_ = (rows[k :: len(PARTS)] for k in range(len(PARTS)))
        linear = self.shocks[:, None] * slope
        rows[3 :: len(PARTS)], rows[4 :: len(PARTS)] = linear - up, -linear - down
        return rows

    def rows(self, drawn: Mapping[str, FloatArray]) -> FloatArray:
        """`PARTS`, factor by factor, shape (5 n_factors, n_samples)."""
        values = self.shocked.rows(drawn)
        found, first = list[FloatArray](), 1 + len(self.own)
        for k, (factor, scale) in enumerate(zip(self.factors, self.scales, strict=True)):
            slope = scale * values[1 + self.own.index(factor)] if factor in self.own else 0.0 * values[0]
            up, down = values[first + 2 * k], values[first + 2 * k + 1]
            found += [slope, up, down, 0.0 * up, 0.0 * down]
        return self.closed(np.stack(found))


def curvature(
    book: BookOf,
    market: MarketOf,
    spot: float | Mapping[str, float] | None = 0.15,
    rate: float | Mapping[str, float] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    closed_form: bool = True,
    executor: Workers = None,
    progress: bool = False,
    output: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    r"""Curvature risk of a book: the loss under a shock of a factor, up and down, beyond that of the delta.

    .. math:: \mathrm{CVR}^\pm = -\bigl[V(x^{\pm}) - V(x) \mp w\, s\bigr]

    with w the shock, and s the sensitivity: per 1.00 of relative change of a spot, per 1.00 of a parallel shift of the
    zero curve. All three values and the sensitivity are estimated on the same draws, which all trades on an underlying
    share, so that the errors are those of joint samples.

    Parameters
    ----------
    book, market, paths, seed, controls, closed_form, executor, progress, output
        As for `risk`.
    spot, rate : float or mapping of str to float, optional
        The shocks w, > 0: a share of the spot (the risk weight of the underlying's bucket), an amount of the rate. A
        number for all underlyings, or by underlying, ``others`` being the rest. None: the factor is left out.

    Returns
    -------
    pandas.DataFrame
        A row per trade and factor (``"spot"``, ``"rate"``; of several assets ``"spot[A]"`` for each), then
        the nets of underlyings: ``trade_id, underlying,
        product, quantity, currency, factor, shock, sensitivity, up, down`` (the gains under the two shocks),
        ``cvr_up, cvr_down``, the same with ``_standard_error``, ``n_paths, seed, method, note``. All are of positions.

    Raises
    ------
    ValueError, TypeError
        As `risk`, and if a shock is not positive, or there is none.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, *MAR21: Standardised approach: sensitivities-based method*, 21.5
       (curvature risk) and 21.98 to 21.100 (its shocks).

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": -100,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> lg.curvature(book, market, spot=0.2)[["cvr_up", "cvr_down"]].round(1).values.tolist()[-1]
    [429.8, 543.9]
    """
    data = market if isinstance(market, Market) else Market.read(market)
    rows = read_book(book)
    run = Revaluations.checked(
        {"book": book, **data.files},
        paths=paths, seed=seed, controls=controls, closed_form=closed_form, executor=executor, progress=progress,
        output=output,
    )  # fmt: skip
    sizes = {name: own for name, own in zip(FACTORS, (spot, rate), strict=True) if own is not None}
    if not sizes:
        refuse("spot", "be given, or rate", None)
    weights = {factor: _positive(factor, by_name(factor, own, [*data.underlyings])) for factor, own in sizes.items()}
    warn(remarked(rows, data))
    trades, problems = parse(rows, data, several=True)
    results = dict[str, Together[Curved]]()
    with one_thread_each():
        for name, own in by_underlying(trades).items():
            moves = _moves(own, weights)
            shocks = [_shock(name, factor, x, data) for factor, move in moves.items() for x in (move, -move)]
            found, bad = shocked(own, shocks, closed_form, [*moves])
            curved = [_curved(position, moves) for position in found]
            results[name] = together(curved, {"base": [*moves]}, run.on(name, own))
            problems += [*bad, *results[name].problems]
    nets = [name for name, done in results.items() if done.positions]
    absent = by_net(without_value((problem.row for problem in problems), rows, data), nets)
    frame = _table(results, absent, run)
    frame.attrs = {"problems": UncopiedList(plain(problem) for problem in problems), "seed": run.seed}
    return run.done(frame, (problems, "priced"))


def _positive(factor: str, shocks: Mapping[str, float]) -> Mapping[str, float]:
    """Shocks by underlying, refused unless all are positive."""
    for name, shock in shocks.items():
        positive(f"{factor} of {name}", shock)
    return shocks


def _moves(trades: Sequence[Trade], weights: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The factors of the trades on an underlying with their shocks: of several, the spot of each that a trade has."""
    if not assets_of(trades[0].model):
        return {factor: own[trades[0].underlying] for factor, own in weights.items()}
    assets = [*dict.fromkeys(name for trade in trades for name in trade.model.assets)]
    first = assets[0]
    spots = {f"spot[{name}]": weights["spot"][name] for name in assets if "spot" in weights}
    return spots | {factor: own[first] for factor, own in weights.items() if factor not in spots and factor != "spot"}


def _shock(name: str, factor: str, move: float, market: Market) -> AnyShock:
    """The shock of a factor."""
    if not are_several(name):
        return Shock(**{factor: move})
    kind, _, asset = factor.rstrip("]").partition("[")
    moved = [asset] if asset else [*market.underlyings]
    own = {each: Shock(**{kind: move * (each in moved)}) for each in market.underlyings}
    return JointShock(name, own, market)


def _curved(position: Shocked, moves: Mapping[str, float]) -> Curved:
    """A trade with the sizes of its shocks."""
    law = position.trade.model
    own = tuple(factor for factor in moves if has(law, factor))
    scales = [float(value_of(law, factor)) if factor in own and factor.startswith("spot") else 1.0 for factor in moves]
    return Curved(position, np.array(scales), tuple(moves), np.array([*moves.values()]), own)


def _table(results: Mapping[str, Together[Curved]], absent: Mapping[str, int], run: Revaluations) -> pd.DataFrame:
    """A row per trade and factor, then the nets."""
    trades, nets = list[tuple[int, dict[str, Any]]](), list[dict[str, Any]]()
    for name, found in results.items():
        for position in found.positions:
            own, trade = found.moments.get(position.trade_id), position.shocked.trade
            about = {"trade_id": trade.trade_id, "product": trade.product, "quantity": trade.quantity, "note": ""}
            rows = _rows(position, own, position.rows({})[:, 0] if own is None else own.mean)
            shared = about | {"underlying": name, "seed": run.seed_of(name), "currency": trade.currency}
            shared["n_paths"] = run.paths if position.drawn else 0
            trades += [(trade.row, row | shared) for row in rows if row["factor"] in position.own]
        if found.positions:
            sure = sum(
                (p.rows({})[:, 0] for p in found.positions if not p.drawn),
                np.zeros(len(PARTS) * len(found.positions[0].factors)),
            )
            values = sure + (0.0 if found.total is None else found.total.mean)
            about = {"trade_id": NET, "product": NET, "quantity": 1.0, "note": left_out(absent.get(name, 0))}
            rows = _rows(found.positions[0], found.total, values)
            last = trades[-1][1]
            about |= {key: last[key] for key in ("underlying", "seed", "currency")}
            about |= {"method": "", "n_paths": run.paths if any(p.drawn for p in found.positions) else 0}
            nets += [row | about for row in rows]
    ordered = [row for _, row in sorted(trades, key=lambda pair: pair[0])]
    return pd.DataFrame([*ordered, *nets], columns=COLUMNS)


def _rows(position: Curved, found: Statistics | None, values: FloatArray) -> list[dict[str, Any]]:
    """The rows of a position, factor by factor."""
    errors = np.zeros(len(values)) if found is None else found.standard_error
    method = "likelihood ratio" if position.drawn else "closed form" if position.shocked.trade.payoff.times else "known"
    rows = []
    for k, factor in enumerate(position.factors):
        own = slice(k * len(PARTS), (k + 1) * len(PARTS))
        row = {"factor": factor, "shock": float(position.shocks[k]), "method": method}
        row |= dict(zip(PARTS, values[own].tolist(), strict=True))
        rows.append(row | {f"{p}_standard_error": x for p, x in zip(PARTS, errors[own].tolist(), strict=True)})
    return rows
