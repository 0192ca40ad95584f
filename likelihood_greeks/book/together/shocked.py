"""Trades under many shocks at once, and the frame of their gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, final

import numpy as np
import pandas as pd

from ..._checks import InvalidValueError
from ..._typing import FloatArray
from ...engine.exact import exact
from ...estimate import doubt
from ...parameters import Greek, offered
from ..failures import FAILS, in_short, problem_of, reason_of
from ..frame import left_out
from ..trades import NET, Problem, Trade
from .unmet import extra, told
from .valued import Together

BASE, TOTAL = "base", "total"
COLUMNS = [
    "trade_id", "underlying", "product", "quantity", "currency", "maturity", "scenario", "spot", "volatility", "rate",
    "change", "standard_error", "base", "n_paths", "seed", "method", "note",
]  # fmt: skip


class AnyShock(Protocol):
    """A move of one underlying, or of several: what people are told of it, and a trade under it."""

    @property
    def spot(self) -> float:
        """As a share of the spot; missing where several move by different ones."""
        ...

    @property
    def volatility(self) -> float:
        """Added to volatilities."""
        ...

    @property
    def rate(self) -> float:
        """Added to rates."""
        ...

    @property
    def nothing(self) -> bool:
        """Whether it moves nothing."""
        ...

    def trade(self, trade: Trade, /) -> Trade:
        """A trade under the shock."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class Shocked:
    """A trade under shocks, each a stage; what is exact is known.

    Parameters
    ----------
    trade : Trade
    stages : mapping of str to Trade
        The base, and by number the shocks that move something of it.
    known : mapping of str to ndarray, shape (n_derivatives,)
        Exact values by stage.
    n_shocks, n_derivatives : int
    lost : mapping of str to Problem
        Why there is no value, by the number of the shock.
    """

    trade: Trade
    stages: Mapping[str, Trade]
    known: Mapping[str, FloatArray]
    n_shocks: int
    n_derivatives: int
    lost: Mapping[str, Problem] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        trade: Trade,
        shocks: Sequence[AnyShock],
        closed_form: bool,
        greeks: Sequence[Greek] = (),
        *,
        in_part: bool = False,
    ) -> Shocked:
        """A trade under its shocks, `greeks` wanted at the base; `in_part`, without those that it cannot have."""
        stages, known, lost = {BASE: trade}, dict[str, FloatArray](), dict[str, Problem]()
        _keep(known, BASE, trade, closed_form, greeks)
        for k, shock in enumerate(shocks):
            if shock.nothing:
                continue
            try:
                own = shock.trade(trade)
                if (own.model, own.payoff) == (trade.model, trade.payoff):
                    continue  # it does not see what moves
                _keep(known, str(k), own, closed_form)
            except FAILS as error:
                if not in_part:
                    raise
                lost[str(k)] = _problem(trade, error)
            else:
                stages[str(k)] = own
        return cls(trade, stages, known, len(shocks), len(offered(greeks, trade.model)), lost)

    @property
    def trade_id(self) -> str:
        """The name of the trade."""
        return self.trade.trade_id

    @property
    def drawn(self) -> dict[str, Trade]:
        """What is simulated."""
        return {stage: trade for stage, trade in self.stages.items() if stage not in self.known}

    def gone(self, stage: str) -> int:
        """No date goes by."""
        return 0

    @property
    def differences(self) -> tuple[int, ...]:
        """The gains."""
        return tuple(range(self.n_derivatives, self.n_derivatives + self.n_shocks))

    def closed(self, rows: FloatArray) -> FloatArray:
        """The rows: none follows from others."""
        return rows

    def rows(self, drawn: Mapping[str, FloatArray]) -> FloatArray:
        """The base and its derivatives, then the gain under every shock, of the position; (n_rows, n_samples)."""
        values = {stage: own[:, None] for stage, own in self.known.items()} | dict(drawn)
        size = max((own.shape[1] for own in drawn.values()), default=1)
        base = values[BASE]
        gains = [values[str(k)][:1] - base[:1] if str(k) in values else 0.0 * base[:1] for k in range(self.n_shocks)]
        return self.trade.quantity * np.concatenate([np.broadcast_to(x, (len(x), size)) for x in (base, *gains)])


def shocked(
    trades: Sequence[Trade],
    shocks: Sequence[AnyShock],
    closed_form: bool,
    greeks: Sequence[Greek] = (),
    *,
    in_part: bool = False,
) -> tuple[list[Shocked], list[Problem]]:
    """Trades on one underlying under its shocks, and what is wrong with those that cannot have them.

    `in_part`, trades that can have some of them are there, and say which they cannot.
    """
    found, problems = [], []
    for trade in trades:
        try:
            own = Shocked.of(trade, shocks, closed_form, greeks, in_part=in_part)
        except FAILS as error:
            problems.append(_problem(trade, error))
            continue
        if own.lost and len(own.stages) == 1:
            problems.append(next(iter(own.lost.values())))
        else:
            found.append(own)
    return found, problems


def unvalued(positions: Sequence[Shocked], shocks: Mapping[str, AnyShock]) -> list[Problem]:
    """What is wrong with trades that have no value under some shocks, naming the first of these."""
    found = []
    for position in positions:
        if position.lost:
            place, problem = next(iter(position.lost.items()))
            more = f" and {len(position.lost) - 1} more" if len(position.lost) > 1 else ""
            where = f"{[*shocks][int(place)]!r}{more}"
            found.append(replace(problem, requirement=f"{problem.requirement} (no gain under {where})"))
    return found


def _keep(
    known: dict[str, FloatArray], stage: str, trade: Trade, closed_form: bool, greeks: Sequence[Greek] = ()
) -> None:
    """Keep the exact values of a trade at a stage, if it has them."""
    wanted = {label: trade.terms_of(terms) for label, terms in offered(greeks, trade.model).items()}
    if (sure := exact(trade.model, trade.payoff, wanted, closed_form)) is not None:
        known[stage] = np.array([sure.estimates[label].value for label in wanted])


def _problem(trade: Trade, error: Exception) -> Problem:
    """Why a trade cannot have a shock."""
    if isinstance(error, InvalidValueError):
        return Problem(trade.trade_id, trade.row, error.name, error.requirement, error.value)
    return problem_of(trade.trade_id, trade.row, reason_of(error), "have a value under every shock")


def table(
    results: Mapping[str, tuple[Together[Shocked], Mapping[str, AnyShock]]],
    missing: Mapping[str, int],
    *,
    paths: int,
    seed_of: Callable[[str], int],
) -> pd.DataFrame:
    """A row per trade and scenario, then the nets of underlyings, then the totals of currencies.

    Parameters
    ----------
    results : mapping of str to (Together, mapping of str to AnyShock)
        By underlying: what was found, and its shocks by scenario.
    missing : mapping of str to int
        How many trades of an underlying are left out.
    paths : int
    seed_of : callable
        From an underlying to the seed of its draws.
    """
    trades, nets = list[tuple[int, list[dict[str, Any]]]](), list[dict[str, Any]]()
    for name, (found, shocks) in results.items():
        shared = {"underlying": name, "seed": seed_of(name)}
        for position in found.positions:
            trades.append((position.trade.row, [row | shared for row in _trade_rows(position, found, shocks, paths)]))
        if found.positions:
            nets += [row | shared for row in _net_rows(found, shocks, paths, missing.get(name, 0))]
    ordered = [row for _, own in sorted(trades, key=lambda pair: pair[0]) for row in own]
    there = {net["underlying"] for net in nets}
    nowhere = [f"{name}: {left_out(count)}" for name, count in missing.items() if name not in there]
    return pd.DataFrame([*ordered, *nets, *_totals(nets, nowhere)], columns=COLUMNS)


def _trade_rows(
    position: Shocked, found: Together[Shocked], shocks: Mapping[str, AnyShock], paths: int
) -> list[dict[str, Any]]:
    """The rows of a trade."""
    moments, trade = found.moments.get(position.trade_id), position.trade
    shared = {
        "trade_id": trade.trade_id,
        "product": trade.product,
        "quantity": trade.quantity,
        "currency": trade.currency,
        "maturity": trade.maturity,
        "n_paths": paths if position.drawn else 0,
        "method": "likelihood ratio" if position.drawn else "closed form" if trade.payoff.times else "known",
    }
    if moments is None:
        sure = position.rows({})[:, 0]
        values, errors, notes = sure, np.zeros(len(sure)), [""] * len(sure)
    else:
        values, errors, varies = moments.mean, moments.standard_error, moments.pooled.m2 > 0.0
        unmet = found.unmet.get(trade.trade_id)
        doubts = [(doubt(moments, k) if varies[k] else "", told(unmet, moments, k)) for k in range(len(values))]
        notes, errors = ["; ".join(filter(None, own)) for own in doubts], np.hypot(errors, extra(unmet, errors))
    if position.lost:
        values, errors = values.copy(), errors.copy()
    for stage, problem in position.lost.items():
        row = position.n_derivatives + int(stage)
        values[row] = errors[row] = np.nan
        notes[row] = f"no value: {problem.field} must {problem.requirement}, got {in_short(repr(problem.value))}"
    return _rows(shared, values, errors, notes, shocks)


def _net_rows(
    found: Together[Shocked], shocks: Mapping[str, AnyShock], paths: int, missing: int
) -> list[dict[str, Any]]:
    """The rows of the position in an underlying."""
    first = found.positions[0]
    n_rows = first.n_derivatives + len(shocks)
    values = sum((p.rows({})[:, 0] for p in found.positions if not p.drawn), np.zeros(n_rows))
    errors = np.zeros(n_rows)
    if found.total is not None:
        values, errors = values + found.total.mean, np.hypot(found.total.standard_error, found.unmet_together)
    drawn = any(position.drawn for position in found.positions)
    shared = {
        "trade_id": NET,
        "product": NET,
        "quantity": 1.0,
        "currency": first.trade.currency,
        "maturity": np.nan,
        "n_paths": paths if drawn else 0,
        "method": "",
    }
    notes = [left_out(missing)] * n_rows
    for row in range(first.n_derivatives, n_rows):
        if lost := sum(str(row - first.n_derivatives) in position.lost for position in found.positions):
            notes[row] = left_out(missing + lost)
            if lost == len(found.positions):
                values[row] = errors[row] = np.nan
    return _rows(shared, values, errors, notes, shocks)


def _rows(
    shared: Mapping[str, Any],
    values: FloatArray,
    errors: FloatArray,
    notes: Sequence[str],
    shocks: Mapping[str, AnyShock],
) -> list[dict[str, Any]]:
    """A row for each shock, whose gains are the last of the values."""
    first = len(values) - len(shocks)
    return [
        {
            **shared,
            "scenario": name,
            "spot": shock.spot,
            "volatility": shock.volatility,
            "rate": shock.rate,
            "change": float(values[first + k]),
            "standard_error": float(errors[first + k]),
            "base": float(values[0]),
            "note": notes[first + k],
        }
        for k, (name, shock) in enumerate(shocks.items())
    ]


def _totals(nets: Sequence[Mapping[str, Any]], nowhere: Sequence[str]) -> list[dict[str, Any]]:
    """The sums of all underlyings, by currency and scenario: their draws are independent.

    `nowhere` says what is left out of underlyings that have no net.
    """
    found = []
    for currency in dict.fromkeys(net["currency"] for net in nets):
        for scenario in dict.fromkeys(net["scenario"] for net in nets if net["currency"] == currency):
            own = [net for net in nets if (net["currency"], net["scenario"]) == (currency, scenario)]
            valued = [net for net in own if not np.isnan(net["change"])]
            same = {kind: {net[kind] for net in own} for kind in ("spot", "volatility", "rate")}
            found.append(
                {
                    **own[0],
                    "trade_id": TOTAL,
                    "underlying": "",
                    "product": TOTAL,
                    **{kind: values.pop() if len(values) == 1 else np.nan for kind, values in same.items()},
                    "change": sum(net["change"] for net in valued) if valued else np.nan,
                    "standard_error": float(np.sqrt(sum(net["standard_error"] ** 2 for net in valued or own))),
                    "base": sum(net["base"] for net in own),
                    "seed": 0,
                    "n_paths": max(net["n_paths"] for net in own),
                    "note": "; ".join(
                        [*(f"{net['underlying']}: {net['note']}" for net in own if net["note"]), *nowhere]
                    ),
                }
            )
    return found
