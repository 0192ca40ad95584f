"""Zero curves and dividend curves of a book, by the rule of `models.curves`, and what a number in a market may be.

A node that cannot be used is refused when a date needs it and not before: it fails only the trades that read it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import final

import numpy as np

from .._checks import non_negative, number, positive, refuse

HORIZON = 60.0
"""Years: no market quotes options beyond, so that a later date is a mistake."""
MOST = 5.0
"""A volatility beyond must be in per cent."""


def increasing(name: str, values: Sequence[float]) -> tuple[float, ...]:
    """Nodes as floats, refused unless there are some, none negative and strictly increasing."""
    if np.ndim(values) != 1:
        raise TypeError(f"{name} must be a list of numbers, got {values!r}")
    nodes = tuple(non_negative(f"{name}[{i}]", value) for i, value in enumerate(values))
    if not nodes or not all(a < b for a, b in pairwise(nodes)):
        refuse(name, "hold at least one node, strictly increasing", nodes)
    return nodes


def bracket(nodes: Sequence[float], x: float) -> list[tuple[int, float]]:
    """The nodes that `x`, within their range, is interpolated from, with their weights; one if it is a node."""
    right = bisect_right(nodes, x)
    left = right - 1
    if nodes[left] == x:
        return [(left, 1.0)]
    weight = (x - nodes[left]) / (nodes[right] - nodes[left])
    return [(left, 1.0 - weight), (right, weight)]


def decimal(name: str, value: float, where: str = "") -> float:
    """A volatility, refused if it is not positive, or so large that it must be in per cent."""
    if not 0.0 < value <= MOST:
        refuse(name, f"be positive and at most {MOST:g} (0.2 is twenty per cent){where}", value)
    return value


def per_year(name: str, value: float, where: str = "") -> float:
    """A rate, refused if it is not finite, or so large that it must be in per cent."""
    if not -1.0 <= value <= 1.0:
        refuse(name, f"lie between -1 and 1 (decimals: 0.03 is three per cent){where}", value)
    return value


def within_horizon(name: str, value: float) -> float:
    """A time in years, refused beyond `HORIZON`."""
    if not value <= HORIZON:
        refuse(name, f"be at most {HORIZON:g} years", value)
    return value


@final
@dataclass(frozen=True)
class ZeroCurve:
    """Zero rates at nodes: logarithms of discount factors are linear between them, and from time 0 to the first.

    So the rate before the first node is that of the node, and forward rates are constant between nodes; nothing is
    known beyond the last. A curve of dividend yields is one too.

    Parameters
    ----------
    times : sequence of float, shape (n_nodes,)
        Years, increasing, >= 0. Nothing accrues by time 0, so that a node there says nothing.
    rates : sequence of float, shape (n_nodes,)
        Continuously compounded, per year. A NaN is refused by the lookups that need it.
    called : str
        What refusals call it.
    most : float
        The largest size of a rate that is believed.

    Raises
    ------
    ValueError
        If `times` is not increasing or goes beyond `HORIZON`, the lengths differ, or a rate is beyond `most`.
    """

    times: tuple[float, ...]
    rates: tuple[float, ...]
    called: str = field(default="zero curve", compare=False, repr=False)
    most: float = field(default=1.0, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", increasing("times", self.times))
        within_horizon(f"times[{len(self.times) - 1}]", self.times[-1])
        object.__setattr__(self, "rates", tuple(number(f"rates[{i}]", rate) for i, rate in enumerate(self.rates)))
        if len(self.rates) != len(self.times):
            refuse("rates", f"hold one rate for each of the {len(self.times)} times", self.rates)
        for i, rate in enumerate(self.rates):
            if abs(rate) > self.most:  # one in per cent makes its neighbours doubtful; NaN passes
                per_year(f"rates[{i}]", rate)

    @classmethod
    def of_discounts(cls, times: Sequence[float], discounts: Sequence[float], called: str = "zero curve") -> ZeroCurve:
        """The curve with these discount factors at its nodes.

        Raises
        ------
        ValueError
            If one is not positive, or as for the curve itself.
        """
        nodes = increasing("times", times)
        if len(discounts) != len(nodes):
            refuse("discount_factors", f"hold one number for each of the {len(nodes)} times", discounts)
        factors = [positive(f"discount_factors[{i}]", factor) for i, factor in enumerate(discounts)]
        rates = [-float(np.log(factor)) / t if t else 0.0 for factor, t in zip(factors, nodes, strict=True)]
        for i, rate in enumerate(rates):
            if not abs(rate) <= 1.0:
                why = f"discount {nodes[i]:.4g} years at a rate between -1 and 1 (0.97 is three per cent off)"
                refuse(f"discount_factors[{i}]", why, factors[i])
        return cls(nodes, tuple(rates), called)

    def rate(self, maturity: float) -> float:
        """Zero rate to `maturity` (years), per year: the flat rate with the same discount factor.

        Raises
        ------
        ValueError
            If `maturity` is negative or beyond the last node, or a node it needs is no rate.
        """
        self._refuse_beyond(maturity)
        if maturity <= self.times[0]:
            return self._node(0)
        around = bracket(self.times, maturity)
        if len(around) == 1:
            return self._node(around[0][0])
        return sum(weight * self._node(i) * self.times[i] for i, weight in around) / maturity

    def nodes(self, maturity: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The nodes, and the rates to them, that dates up to `maturity` (years) are read from.

        Raises
        ------
        ValueError
            As for `rate`.
        """
        self._refuse_beyond(maturity)
        first, last = int(self.times[0] == 0.0), bisect_left(self.times, maturity)
        return self.times[first : last + 1], tuple(self._node(i) for i in range(first, last + 1))

    def _refuse_beyond(self, maturity: float) -> None:
        """Refuse a date that is not on the curve."""
        if not 0.0 <= maturity <= self.times[-1]:
            refuse("maturity", f"lie on the {self.called}, 0 to {self.times[-1]:g} years", maturity)

    def _node(self, i: int) -> float:
        """The rate to a node, checked."""
        rate = self.rates[i]
        fine = -self.most <= rate <= self.most
        return (
            rate if fine else per_year("zero_rate", rate, f" on the {self.called} at the node {self.times[i]:g} years")
        )


def rate_to(curve: ZeroCurve | float, maturity: float) -> float:
    """The rate of a curve, or flat, to a maturity (years), per year."""
    return curve.rate(maturity) if isinstance(curve, ZeroCurve) else curve
