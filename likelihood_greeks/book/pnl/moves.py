"""How far the coordinates of a trade's law have moved between two markets, and which term a derivative belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from math import log, nan
from typing import Any, final

import numpy as np

from ...models.correlated import by_pillar, correlations, quanto
from ...models.correlated.law import CorrelatedGBM
from ...models.curves import accrued
from ...models.gbm import GBM
from ...models.heston.law import Heston
from ...models.local_volatility.law import LocalVolatility
from ...models.term_structure import TermStructureGBM
from ...parameters import Derivative, Greek
from ...payoffs.protocol import stated_payments
from ..trades import Trade
from ..underlying import DAY, Model, quoted_volatility, zero_rate
from .curve_moves import on_curves, toward

SPOT, RATE, YIELD = "spot", "rate", "dividend_yield"
VOLATILITIES = ("volatility", "initial_variance")
TERMS = (
    "theta", "fixings", "dividends", "delta", "gamma", "cross_gamma", "vega", "volga", "vanna", "rho", "dividend_rho",
    "correlation", "parameters", "cross", "new", "ended", "fx",
)  # fmt: skip
"""What a profit or loss comes from, in the order in which they are reported."""

OF_FIRST = {SPOT: "delta", RATE: "rho", YIELD: "dividend_rho", **dict.fromkeys(VOLATILITIES, "vega")}
OF_PAIRS = dict.fromkeys(("correlation", "quanto_correlation"), "correlation")
SAME_DATE = 2.5 / 365.0  # years by which the ex-dates of one dividend may differ between two markets


@final
@dataclass(frozen=True, slots=True)
class Move:
    """How a trade's law has moved.

    Parameters
    ----------
    law : Model or TiltedCurves
        The law before, its coordinates those of the move: curves move as they did, by node.
    by : mapping of str to float
        By how much each of its coordinates has moved; those that have not are left out.
    shown : mapping of str to float
        What people are told: the volatility and the yield to the last observation, the rate to the last payment.
    """

    law: Any
    by: Mapping[str, float]
    shown: Mapping[str, float]


def move(before: Trade, after: Trade) -> Move:
    """How the law of `before` has become that of `after`."""
    one, two, years = before.model, after.model, _paid(before)
    if isinstance(one, CorrelatedGBM) and not before.known:
        return together(one, two, before.payoff.times[-1], years)
    if before.known:
        return _of_known(one, two, years)
    end = before.payoff.times[-1]
    shown = _shown(one, two, end, years)
    law, by = one, {**shown}
    if isinstance(one, Heston) and isinstance(two, Heston):
        by |= {name: getattr(two, name) - getattr(one, name) for name in one.parameters if name not in by}
        shown["volatility"] = two.initial_variance**0.5 - one.initial_variance**0.5
    elif isinstance(one, LocalVolatility) and isinstance(two, LocalVolatility):
        by["volatility"] = shown["volatility"] = _local(one, two, end)
    elif isinstance(one, GBM | TermStructureGBM) and isinstance(two, GBM | TermStructureGBM):
        law, by = along_curves(one, two, by)
    by |= _dividends(one, two)
    return Move(law, {name: x for name, x in by.items() if x}, shown)


def _shown(one: Model, two: Model, end: float, paid: float) -> dict[str, float]:
    """How far spot, rate and yield have moved, and the volatility where it is one of curves."""
    found = {SPOT: two.spot - one.spot}
    found[RATE] = zero_rate(two, max(paid, end)) - zero_rate(one, max(paid, end))
    found[YIELD] = _yield(two, end) - _yield(one, end)
    if isinstance(one, GBM | TermStructureGBM) and isinstance(two, GBM | TermStructureGBM):
        found["volatility"] = quoted_volatility(two, end) - quoted_volatility(one, end)
    return found


def along_curves(one: Any, two: Any, shown: Mapping[str, float]) -> tuple[Any, dict[str, float]]:
    """A law on curves with coordinates along its move to another, and by how much each moves."""
    flat = isinstance(one, GBM) and isinstance(two, GBM)
    law, curves = (one, {}) if flat else toward(one, two)
    return law, {**shown, **curves}


def together(one: CorrelatedGBM, two: CorrelatedGBM, end: float, paid: float) -> Move:
    """How the law of several assets has become another: each asset's, and the correlations.

    `end` and `paid` are years to the last observation and to the last payment. People are told the move of the rate; of
    one asset alone, a quanto, all.
    """
    members, by, told = dict[str, Any](), dict[str, float](), dict[str, float]()
    flat = all(isinstance(own, GBM) for law in (one, two) for own in law.laws)
    for (name, old), (_, new) in zip(one.members, two.members, strict=True):
        told = _shown(old, new, end, paid)
        members[name], moved = (old, told) if flat else along_curves(on_curves(old), on_curves(new), told)
        by |= {kind if kind == RATE else f"{kind}[{name}]": x for kind, x in moved.items()}
    correlation = {}
    for (pair, old), (_, new) in zip(one.correlation, two.correlation, strict=True):
        correlation[pair] = along = by_pillar.toward(old, new)
        by[correlations.name(pair)] = by_pillar.step(along, new)
    for name, own in quanto.numbers(two.quanto).items():
        pairs = zip(("quanto_correlation", "fx_volatility"), own, dict(one.quanto)[name], strict=True)
        by |= {f"{kind}[{name}]": new_one - old_one for kind, new_one, old_one in pairs}
    shown = told if len(members) == 1 else {**dict.fromkeys(told, nan), RATE: told[RATE]}
    return Move(replace(one, members=members, correlation=correlation), {name: x for name, x in by.items() if x}, shown)


def _of_known(one: Model, two: Model, years: float) -> Move:
    """How the curve has moved that discounts cash flows that are known, the last of them after some years."""
    shown = {RATE: zero_rate(two, years) - zero_rate(one, years)} if years > 0.0 else {}
    law, by = one, shown
    if shown and isinstance(one, TermStructureGBM) and isinstance(two, GBM | TermStructureGBM):
        law, moved = toward(one, two)
        by = {RATE: moved[RATE]}
    return Move(law, {name: x for name, x in by.items() if x}, shown)


def _local(one: LocalVolatility, two: LocalVolatility, end: float) -> float:
    """How far a local volatility has moved where the spot was, on average until a date."""
    spot = np.array([one.spot])
    gaps = [
        float(two.volatility(two.elapsed + t, spot)[0] - one.volatility(one.elapsed + t, spot)[0])
        for t in np.linspace(0.0, end, 5)
    ]
    return float(np.mean(gaps))


def _paid(trade: Trade) -> float:
    """Years to the last payment."""
    return float(max((*(stated_payments(trade.payoff) or ()), *trade.payoff.times[-1:]), default=0.0))


def _yield(law: Model, time: float) -> float:
    """The mean dividend yield to a date, without cash dividends."""
    if isinstance(law, GBM):
        return law.dividend_yield
    when = max(time, DAY)
    if isinstance(law, TermStructureGBM):
        last = min(when, law.dividend_times[-1])
        return float(accrued(law.dividend_times, law.dividend_yields, np.asarray(last))) / last + law.dividend_yield
    return zero_rate(law, when) - log(law.forward(when) / law.spot) / when


def _dividends(one: Model, two: Model) -> dict[str, float]:
    """By how much the amounts of cash dividends have moved, where both laws have the same ones."""
    old, new = getattr(one, "dividends", ()), getattr(two, "dividends", ())
    if len(old) != len(new) or any(abs(a[0] - b[0]) > SAME_DATE for a, b in zip(old, new, strict=True)):
        return {}
    return {f"dividend[{k}]": b[1] - a[1] for k, (a, b) in enumerate(zip(old, new, strict=True))}


def kind_of(name: str) -> str:
    """What a coordinate is, whatever asset it belongs to.

    >>> kind_of("spot[A]"), kind_of("spot"), kind_of("correlation[A,B]")
    ('spot', 'spot', 'correlation')
    """
    return name.partition("[")[0]


def greeks_of(moved: Sequence[Mapping[str, float]]) -> list[Greek]:
    """The derivatives that explain some moves: all first ones, and second ones but in parameters and dividends."""
    names = [*dict.fromkeys(name for own in moved for name in own)]
    return [*names, *combinations_with_replacement([name for name in names if kind_of(name) in OF_FIRST], 2)]


def factor(derivative: Derivative, moved: Mapping[str, float]) -> float:
    """What a derivative is multiplied by in the Taylor series of a move."""
    found = 1.0
    for name in derivative:
        found *= moved.get(name, 0.0)
    return 0.5 * found if len(derivative) == 2 and derivative[0] == derivative[1] else found


def term_of(derivative: Derivative) -> str:
    """The term of the report that a derivative belongs to."""
    kinds = [kind_of(name) for name in derivative]
    if len(derivative) == 1:
        known = OF_FIRST | OF_PAIRS | {"dividend": "dividends"}
        return known.get(kinds[0], "parameters")
    volatile = sum(kind in VOLATILITIES for kind in kinds)
    if kinds == [SPOT, SPOT]:
        return "gamma" if derivative[0] == derivative[1] else "cross_gamma"
    return "volga" if volatile == 2 else "vanna" if volatile and SPOT in kinds else "cross"
