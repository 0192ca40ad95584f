r"""How far quotes by delta reach at a maturity between theirs: to the standardised moneyness of those around it.

The last quote on a side stands at :math:`x = (k - w/2) / \sqrt w`, with :math:`k = \log(K/F)` and :math:`w` its total
variance: minus Black's :math:`d_+`, so that the forward delta is :math:`N(-x)` of a call. Between maturities :math:`x`
and :math:`w` are linear in time. So a ten-delta strike of a date between two that quote ten deltas is within reach,
though the earlier of the two does not quote it: there its last volatility is carried on. A maturity whose last deltas
are missing goes on between those around it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import final

INSIDE = 0.05
"""Deviations by which a maturity that lacks the last delta of others ends before them: a percentage point of delta."""


@final
@dataclass(frozen=True, slots=True)
class Last:
    """The last quote of a maturity on one side.

    Parameters
    ----------
    maturity : float
        Years.
    moneyness : float
        Strike over forward.
    volatility : float
        Per square-root year.
    """

    maturity: float
    moneyness: float
    volatility: float

    @property
    def variance(self) -> float:
        """Total variance."""
        return self.volatility**2 * self.maturity

    @property
    def standardised(self) -> float:
        """Its moneyness in deviations."""
        return (log(self.moneyness) - 0.5 * self.variance) / sqrt(self.variance)


def reach(quotes: Sequence[Last], maturity: float, side: int) -> float:
    """The last moneyness known at a maturity.

    Parameters
    ----------
    quotes : sequence of Last
        The last quotes on one side, by maturity. Those that are not `outer` say only what they have themselves.
    maturity : float
        Years. Before the first maturity that one's last quote holds.
    side : int
        -1 for low strikes, 1 for high ones.
    """
    right = min(bisect_left([quote.maturity for quote in quotes], maturity), len(quotes) - 1)
    around = quotes[right : right + 1] if quotes[right].maturity <= maturity or not right else quotes[right - 1 :][:2]
    both = min(side * quote.moneyness for quote in around)  # what the quotes around have
    return side * max(both, side * _between([quotes[i] for i in outer(quotes, side)], maturity))


def outer(quotes: Sequence[Last], side: int) -> tuple[int, ...]:
    """Which maturities do not end well inside of others before and after them, in deviations."""
    ends = [side * quote.standardised for quote in quotes]
    inside = [
        min(max(ends[:i], default=end), max(ends[i + 1 :], default=end)) > end + INSIDE for i, end in enumerate(ends)
    ]
    return tuple(i for i, hidden in enumerate(inside) if not hidden)


def _between(quotes: Sequence[Last], maturity: float) -> float:
    """The moneyness at a maturity whose standardised moneyness and total variance are linear between quotes."""
    right = bisect_left([quote.maturity for quote in quotes], maturity)
    if right == 0 or right == len(quotes):
        return quotes[min(right, len(quotes) - 1)].moneyness
    early, late = quotes[right - 1], quotes[right]
    weight = (maturity - early.maturity) / (late.maturity - early.maturity)
    variance = (1.0 - weight) * early.variance + weight * late.variance
    x = (1.0 - weight) * early.standardised + weight * late.standardised
    return exp(x * sqrt(variance) + 0.5 * variance)
