"""Zero curves and volatility surfaces on nodes: what they mean between them, and what is refused.

A node that cannot be used (NaN, or a volatility that is not positive) is refused when a point needs it and not before,
so that it fails only the trades that read it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
import pandas as pd

from .._checks import non_negative, number, positive, refuse


def _nodes(name: str, values: Sequence[float]) -> tuple[float, ...]:
    nodes = tuple(non_negative(f"{name}[{i}]", value) for i, value in enumerate(values))
    if not nodes or not all(a < b for a, b in pairwise(nodes)):
        refuse(name, "hold at least one node, strictly increasing", nodes)
    return nodes


def _bracket(nodes: tuple[float, ...], x: float) -> list[tuple[int, float]]:
    """The nodes that `x`, within their range, is interpolated from, with their weights; one if it is a node."""
    right = bisect_right(nodes, x)
    left = right - 1
    if nodes[left] == x:
        return [(left, 1.0)]
    weight = (x - nodes[left]) / (nodes[right] - nodes[left])
    return [(left, 1.0 - weight), (right, weight)]


def decimal(name: str, value: float, where: str = "") -> float:
    """A volatility, refused if it is not positive, or so large that it must be in per cent."""
    if not 0.0 < value <= 5.0:
        refuse(name, f"be positive and at most 5 (0.2 is twenty per cent){where}", value)
    return value


def per_year(name: str, value: float, where: str = "") -> float:
    """A rate, refused if it is not finite, or so large that it must be in per cent."""
    if not -1.0 <= value <= 1.0:
        refuse(name, f"lie between -1 and 1 (decimals: 0.03 is three per cent){where}", value)
    return value


@final
@dataclass(frozen=True)
class ZeroCurve:
    """Zero rates, linear between the nodes, flat before the first and unknown beyond the last.

    Parameters
    ----------
    times : sequence of float, shape (n_nodes,)
        Years, increasing, >= 0.
    rates : sequence of float, shape (n_nodes,)
        Continuously compounded, per year. A NaN or a rate beyond ±1 is refused by the lookups that need it.

    Raises
    ------
    ValueError
        If `times` is not increasing or the lengths differ.
    """

    times: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _nodes("times", self.times))
        object.__setattr__(self, "rates", tuple(number(f"rates[{i}]", rate) for i, rate in enumerate(self.rates)))
        if len(self.rates) != len(self.times):
            refuse("rates", f"hold one rate for each of the {len(self.times)} times", self.rates)

    def rate(self, maturity: float) -> float:
        """Zero rate to `maturity` (years), per year: the flat rate with the same discount factor.

        Raises
        ------
        ValueError
            If `maturity` is negative or beyond the last node, or a node it needs is no rate.
        """
        if not 0.0 <= maturity <= self.times[-1]:
            refuse("maturity", f"lie on the zero curve, 0 to {self.times[-1]:g} years", maturity)
        total = 0.0
        for i, weight in _bracket(self.times, max(maturity, self.times[0])):
            total += weight * per_year("zero_rate", self.rates[i], f" at the node {self.times[i]:g} years")
        return total


@final
@dataclass(frozen=True)
class VolatilitySurface:
    r"""Black--Scholes implied volatilities on a grid, with total variance bilinear in strike and maturity.

    Total variance is :math:`w = \sigma^2 T`: linear in strike at each maturity, then linear in maturity at fixed
    strike. Nothing is extrapolated.

    Parameters
    ----------
    strikes : sequence of float, shape (n_strikes,)
        Currency, increasing.
    maturities : sequence of float, shape (n_maturities,)
        Years, increasing, > 0.
    volatilities : sequence of sequences of float, shape (n_strikes, n_maturities)
        Per square-root year. A NaN or a number <= 0 is refused by the lookups that need it.

    Raises
    ------
    ValueError
        If the grid is not increasing or the shape is wrong.
    """

    strikes: tuple[float, ...]
    maturities: tuple[float, ...]
    volatilities: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "strikes", _nodes("strikes", self.strikes))
        object.__setattr__(self, "maturities", _nodes("maturities", self.maturities))
        positive("maturities[0]", self.maturities[0])
        rows = tuple(
            tuple(number(f"volatilities[{i}][{j}]", volatility) for j, volatility in enumerate(row))
            for i, row in enumerate(self.volatilities)
        )
        object.__setattr__(self, "volatilities", rows)
        shape = (len(self.strikes), len(self.maturities))
        if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
            refuse("volatilities", f"have shape {shape}, strikes by maturities", [len(row) for row in rows])

    def volatility(self, strike: float, maturity: float) -> float:
        """Implied volatility at `strike` (currency) and `maturity` (years), per square-root year.

        Raises
        ------
        ValueError
            If the point is off the surface, or a node it needs is not a positive number.
        """
        axes = (("strike", self.strikes, strike, ""), ("maturity", self.maturities, maturity, " years"))
        for name, nodes, x, unit in axes:
            if not nodes[0] <= x <= nodes[-1]:
                refuse(name, f"lie on the surface, {nodes[0]:g} to {nodes[-1]:g}{unit}", x)
        variance = 0.0
        for j, across in _bracket(self.maturities, maturity):
            for i, along in _bracket(self.strikes, strike):
                variance += across * along * self._node(i, j) ** 2 * self.maturities[j]
        return float(np.sqrt(variance / maturity))

    def to_frame(self) -> pd.DataFrame:
        """The nodes, strikes (currency) by maturities (years): what `Heston.calibrate` fits."""
        strikes = pd.Index(self.strikes, dtype=float, name="strike")
        return pd.DataFrame(self.volatilities, strikes, pd.Index(self.maturities, dtype=float, name="maturity"))

    def _node(self, i: int, j: int) -> float:
        value = self.volatilities[i][j]
        node = f"strike {self.strikes[i]:g}, maturity {self.maturities[j]:g} years"
        return decimal("volatility", value, f" at the node {node}")
