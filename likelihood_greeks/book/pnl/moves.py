"""How far the coordinates of a trade's law have moved between two markets, and which term a derivative belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import log
from typing import Any, final

import numpy as np

from ...models.curves import accrued
from ...models.gbm import GBM
from ...models.heston.law import Heston
from ...models.local_volatility.law import LocalVolatility
from ...models.term_structure import TermStructureGBM
from ...parameters import Derivative, Greek
from ...payoffs.protocol import stated_payments
from ..trades import Trade
from ..underlying import DAY, Model, quoted_volatility, zero_rate
from .curve_moves import toward

SPOT, RATE, YIELD = "spot", "rate", "dividend_yield"
VOLATILITIES = ("volatility", "initial_variance")
TERMS = (
    "theta", "fixings", "dividends", "delta", "gamma", "vega", "volga", "vanna", "rho", "dividend_rho", "parameters",
    "cross", "new", "ended", "fx",
)  # fmt: skip
"""What a profit or loss comes from, in the order in which they are reported."""

OF_FIRST = {SPOT: "delta", RATE: "rho", YIELD: "dividend_rho", **dict.fromkeys(VOLATILITIES, "vega")}
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
    if before.known:
        found = {RATE: zero_rate(two, years) - zero_rate(one, years)} if years > 0.0 else {}
        return Move(one, {name: x for name, x in found.items() if x}, found)
    end = before.payoff.times[-1]
    shown = {SPOT: two.spot - one.spot}
    shown[RATE] = zero_rate(two, max(years, end)) - zero_rate(one, max(years, end))
    shown[YIELD] = _yield(two, end) - _yield(one, end)
    law, by = one, {**shown}
    if isinstance(one, Heston) and isinstance(two, Heston):
        by |= {name: getattr(two, name) - getattr(one, name) for name in one.parameters if name not in by}
        shown["volatility"] = two.initial_variance**0.5 - one.initial_variance**0.5
    elif isinstance(one, LocalVolatility) and isinstance(two, LocalVolatility):
        by["volatility"] = shown["volatility"] = _local(one, two, end)
    elif isinstance(one, GBM | TermStructureGBM) and isinstance(two, GBM | TermStructureGBM):
        shown["volatility"] = quoted_volatility(two, end) - quoted_volatility(one, end)
        law, curves = (one, shown) if isinstance(one, GBM) and isinstance(two, GBM) else toward(one, two)
        by |= curves
    by |= _dividends(one, two)
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


def greeks_of(moved: Sequence[Mapping[str, float]]) -> list[Greek]:
    """The derivatives that explain some moves: all first ones, and second ones but in parameters and dividends."""
    names = [*dict.fromkeys(name for own in moved for name in own)]
    return [*names, *combinations_with_replacement([name for name in names if name in OF_FIRST], 2)]


def factor(derivative: Derivative, moved: Mapping[str, float]) -> float:
    """What a derivative is multiplied by in the Taylor series of a move."""
    found = 1.0
    for name in derivative:
        found *= moved.get(name, 0.0)
    return 0.5 * found if len(derivative) == 2 and derivative[0] == derivative[1] else found


def term_of(derivative: Derivative) -> str:
    """The term of the report that a derivative belongs to."""
    if len(derivative) == 1:
        name = derivative[0]
        return OF_FIRST.get(name, "dividends" if name.startswith("dividend[") else "parameters")
    volatile = sum(name in VOLATILITIES for name in derivative)
    if derivative == (SPOT, SPOT):
        return "gamma"
    return "volga" if volatile == 2 else "vanna" if volatile and SPOT in derivative else "cross"
