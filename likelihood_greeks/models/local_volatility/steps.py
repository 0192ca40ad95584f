r"""Derivatives of the steps of a local volatility.

With :math:`\sigma_i` the volatility at the start of a step of length :math:`\Delta_i`, and x its parameter, which moves
it by a multiple :math:`d_i` (one, where x is a shift),

.. math:: m_i = (r - q)\Delta_i - \tfrac12 V_i, \qquad V_i = (\sigma_i + d_i x)^2 \Delta_i .

The states after every step being held fixed, the spot and elapsed time change the first step alone; its derivatives
are those of a jet in which the surface stands as its Taylor polynomial of second order about the spot. Where the
surface goes along with the spot, its volatility is that of :math:`\log S_t - \log S_0` (`Along`), and the spot changes
all steps but the variance of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from ..._compiled import kernels
from ..._typing import FloatArray
from ...numerics.arrays import once
from ...numerics.jets import Jet
from ...parameters import Derivative
from ..moves import NONE, Slope
from .by_node import ByNode
from .chain import Chain
from .construction import Construction
from .grid import LocalVolatilityGrid
from .walk import VOLATILITY

GROWTH = {"rate": 1.0, "dividend_yield": -1.0}
SPOT = "spot"


@final
@dataclass(frozen=True, slots=True, eq=False)
class First:
    """Mean and variance of the first step as jets in all coordinates; the mean has the log-spot in it."""

    mean: Jet
    variance: Jet

    def row(self, *names: str) -> tuple[float, float]:
        """Derivatives of both."""
        return float(self.mean.derivative(*names)), float(self.variance.derivative(*names))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Along:
    r"""How the volatilities of all steps move with the spot of today where the surface goes along with it.

    A volatility of :math:`\log S_t - \log S_0` has the derivatives :math:`-\sigma'/S_0` and
    :math:`(\sigma'' + \sigma')/S_0^2` in :math:`S_0` at fixed :math:`S_t`, primes being derivatives in the log-spot.

    Parameters
    ----------
    spot : float
    slope : ndarray, shape (n_steps, n_paths)
        Derivative of the volatility in the log-spot.
    second, lever : callable
        Give the second one, and the derivative of the lever in the log-spot, of that shape or a number.
    """

    spot: float
    slope: FloatArray
    second: Callable[[], FloatArray]
    lever: Callable[[], FloatArray]

    @property
    def pace(self) -> FloatArray:
        """First derivatives of the volatilities in the spot."""
        return self.slope / -self.spot

    @property
    def bend(self) -> FloatArray:
        """Second derivatives."""
        return (self.second() + self.slope) / self.spot**2

    @property
    def lever_pace(self) -> FloatArray:
        """First derivatives of the levers in the spot."""
        return self.lever() / -self.spot


@final
@dataclass(frozen=True, slots=True, eq=False)
class LocalSteps:
    """Derivatives of all steps on given paths.

    Parameters
    ----------
    first : First
    chain : Chain
    volatility : ndarray, shape (n_steps, n_paths)
        At the start of every step, its shift included.
    before : ndarray, shape (n_steps, n_paths)
        Log-spots that the steps start from: the first row is not read.
    grid : LocalVolatilityGrid, optional
        What the volatility is read from.
    lever : ndarray, shape (n_steps, n_paths), optional
        Derivatives of the volatilities in their parameter, where these are not one.
    quotes : Construction, optional
        How the grid follows quotes, which are then its nodes.
    along : Along, optional
        How the volatility goes along with the spot of today, if it does.
    """

    first: First
    chain: Chain
    volatility: FloatArray
    before: FloatArray
    grid: LocalVolatilityGrid | None = None
    lever: FloatArray | None = None
    quotes: Construction | None = None
    along: Along | None = None
    _known: dict[Any, Slope] = field(default_factory=dict)

    @property
    def lengths(self) -> FloatArray:
        """Years a step, shape (n_steps,)."""
        return self.chain.lengths

    def by_node(self, names: Sequence[str], mean: FloatArray, variance: FloatArray) -> FloatArray:
        """What pushes of means and variances, (n_steps, n_paths), make of nodes; (n_names, n_paths).

        The nodes are ``"volatility[0]"`` and so on: those of the grid, the spots of the first time first, or the quotes
        that it follows.
        """
        slope = once(self._known, "paces", self._paces)
        parts = mean * slope.mean
        parts += variance * slope.variance
        return self._nodes.of(names, parts)

    def travelled_by_node(
        self, names: Sequence[str], rows: Sequence[FloatArray], noise: FloatArray
    ) -> list[FloatArray]:
        """The same of each of what paths with some noise are sensitive to, a push of every step."""
        return self._nodes.travelled(names, rows, (self.volatility, noise, self.lengths))

    def scored_by_node(self, names: Sequence[str], noise: FloatArray) -> FloatArray:
        """The scores of paths with some noise in nodes, (n_names, n_paths)."""
        return self._nodes.scored(names, (self.volatility, noise, self.lengths))

    @property
    def _nodes(self) -> ByNode:
        assert self.grid is not None
        return once(self._known, "nodes", lambda: ByNode(self.grid, self.chain, self.before, self.quotes))  # type: ignore[arg-type]

    def _paces(self) -> Slope:
        """Derivatives in a shift of the volatility."""
        if compiled := kernels("local_volatility"):
            return Slope(*compiled.paces(self.volatility, self.lengths))
        pace = self.volatility * self.lengths[:, None]
        return Slope(-pace, 2.0 * pace)

    def _column(self, first: float, others: float = 0.0) -> FloatArray:
        """A number for the first step, and a multiple of their lengths for the others; shape (n_steps, 1)."""
        rows = others * self.lengths[:, None]
        rows[0] = first
        return rows

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives."""
        return once(self._known, name, lambda: self._slope(name))

    def _slope(self, name: str) -> Slope:
        if name == VOLATILITY:
            paces = once(self._known, "paces", self._paces)
            return paces if self.lever is None else Slope(paces.mean * self.lever, paces.variance * self.lever)
        mean, variance = self.first.row(name)
        if name in GROWTH:
            return Slope(self._column(mean, GROWTH[name]))
        if name == SPOT and self.along is not None:
            paces = once(self._known, "paces", self._paces)
            pushes = self.along.pace
            return Slope(self._first(paces.mean * pushes, mean), self._first(paces.variance * pushes, variance))
        return Slope(self._column(mean), self._column(variance))

    def bend(self, pair: Derivative, rate: float) -> Slope:
        """Second derivatives."""
        mean, variance = self.first.row(*pair)
        if set(pair) == {VOLATILITY}:
            means, variances = self._column(mean, -1.0), self._column(variance, 2.0)
            if self.lever is not None:
                square = self.lever**2
                square[0] = 1.0
                return Slope(means * square, variances * square)
            return Slope(means, variances)
        if self.along is not None and set(pair) <= {SPOT, VOLATILITY}:
            return self._bent_along(self.along, pair.count(SPOT) == 2)
        if mean == variance == 0.0:
            return Slope(NONE)
        return Slope(self._column(mean), self._column(variance))

    def _bent_along(self, along: Along, twice: bool) -> Slope:
        """Second derivatives in the spot, or in it and the volatility's parameter."""
        lever = np.ones((1, 1)) if self.lever is None else self.lever
        square = along.pace**2 + self.volatility * along.bend if twice else (
            along.pace * lever + self.volatility * along.lever_pace
        )  # fmt: skip
        square *= self.lengths[:, None]
        mean, variance = self.first.row(SPOT, SPOT if twice else VOLATILITY)
        return Slope(self._first(-square, mean), self._first(2.0 * square, variance))

    @staticmethod
    def _first(rows: FloatArray, number: float) -> FloatArray:
        """Rows, with a number for the first step."""
        rows[0] = number
        return rows

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> None:
        """Never asked for: every bend is known."""
