"""A law some days later, when nothing but time has moved: what has gone by is dropped from its curves.

A law's own `later` ends at the first node and the first ex-date; here any of them may have gone by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ...models.cash_dividends import Dividends
from ...models.correlated import by_pillar
from ...models.correlated.law import CorrelatedGBM
from ...models.curves import Curves, accrued
from ...models.gbm import GBM
from ...models.heston.law import Heston
from ...models.local_volatility.law import LocalVolatility
from ...models.term_structure import TermStructureGBM
from ..curves import HORIZON
from ..underlying import Model

L = TypeVar("L", Heston, LocalVolatility)

SAME = 1e-9  # years by which two dates may differ and be the same


def aged_together(law: CorrelatedGBM, elapsed: float) -> CorrelatedGBM:
    """The law of several assets some years later, each aged; correlations stay where they are in the calendar."""
    between = {pair: by_pillar.later(own, elapsed) for pair, own in law.correlation}
    return replace(law, members={name: aged(own, elapsed) for name, own in law.members}, correlation=between)


def aged(law: Model, elapsed: float) -> Model:
    """The law some years later: curves where they are in the calendar, the spot without the dividends paid since.

    Forward rates and forward variances are what they were, so that the value changes by what theta adds up to.

    >>> law = GBM(spot=100.0, volatility=0.2, dividends=((0.1, 2.0), (0.5, 3.0)))
    >>> later = aged(law, 0.25)
    >>> later.spot, later.dividends
    (98.0, ((0.25, 3.0),))
    """
    if not elapsed:
        return law
    if isinstance(law, LocalVolatility):
        return _aged_carry(replace(law, elapsed=law.elapsed + elapsed), elapsed)
    if isinstance(law, Heston):
        return _aged_carry(law, elapsed)
    spot, dividends = law.spot - paid(law.dividends, elapsed), _left(law.dividends, elapsed)
    if isinstance(law, GBM):
        return replace(law, spot=spot, dividends=dividends)
    rates, yields = (
        _rolled(law.times, law.zero_rates, elapsed),
        _rolled(law.dividend_times, law.dividend_yields, elapsed),
    )
    shifted = np.array(law.volatilities) + law.volatility
    variances = _rolled(law.volatility_times, shifted**2, elapsed)
    return TermStructureGBM(
        spot=spot,
        times=rates[0],
        zero_rates=rates[1],
        dividend_times=yields[0],
        dividend_yields=yields[1],
        volatility_times=variances[0],
        volatilities=tuple(np.sqrt(variances[1]) - law.volatility),
        rate=law.rate,
        dividend_yield=law.dividend_yield,
        volatility=law.volatility,
        dividends=dividends,
    )


def paid(dividends: Dividends, elapsed: float) -> float:
    """The sum of the cash dividends whose ex-dates have gone by after some years."""
    return sum(amount for time, amount in dividends if time <= elapsed + SAME)


def _left(dividends: Dividends, elapsed: float) -> Dividends:
    """The dividends to come after some years."""
    return tuple((time - elapsed, amount) for time, amount in dividends if time > elapsed + SAME)


def _aged_carry(law: L, elapsed: float) -> L:
    """A law with a constant rate and yield later: they are always those of the first nodes of its curves."""
    if law.curves is None:
        return law
    rates = _rolled(law.curves.times, law.curves.zero_rates, elapsed)
    yields = _rolled(law.curves.dividend_times, law.curves.dividend_yields, elapsed)
    first = rates[1][0] - law.curves.zero_rates[0], yields[1][0] - law.curves.dividend_yields[0]
    curves = Curves(times=rates[0], zero_rates=rates[1], dividend_times=yields[0], dividend_yields=yields[1])
    return replace(law, rate=law.rate + first[0], dividend_yield=law.dividend_yield + first[1], curves=curves)


def _rolled(
    nodes: Sequence[float], means: Sequence[float] | np.ndarray, elapsed: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nodes and mean rates of a curve some years later; beyond its last node it goes on as it ended."""
    kept = np.array([time for time in nodes if time > elapsed + SAME])
    ends = np.array((0.0, *nodes))
    total = np.array((0.0, *np.multiply(means, nodes)))
    if not len(kept):
        return (HORIZON,), (float((total[-1] - total[-2]) / (ends[-1] - ends[-2])),)
    start, *left = accrued(nodes, means, np.array([elapsed, *kept]))
    return tuple((kept - elapsed).tolist()), tuple(((np.array(left) - start) / (kept - elapsed)).tolist())
