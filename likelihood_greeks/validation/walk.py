"""A random walk of the log spot on quadrature grids: transitions, and means of straight lines at the end of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from scipy import special

from .._typing import FloatArray
from ..models.gbm import GBM

INF = float("inf")
WIDTH = 9.0  # standard deviations kept on each side: what is cut off has probability 1e-19

Piece: TypeAlias = tuple[float, float, float, float]
"""(lower, upper, constant, slope): constant + slope * S where lower < S < upper."""

Bounds: TypeAlias = tuple[float, float]
Grid: TypeAlias = tuple[FloatArray, FloatArray]
Source: TypeAlias = Callable[[FloatArray, float], FloatArray]


PANEL = np.polynomial.legendre.leggauss(40)
"""Points and weights of one panel. A single long rule would do, but its weights are only good to about 1e-14, and
the same kernel is applied once for each date."""


def panels_on(lower: float, upper: float, scale: float, nodes: float) -> Grid:
    """Gauss--Legendre panels on (lower, upper), which is empty if upper <= lower: points and weights."""
    if not upper > lower:
        return np.zeros(0), np.zeros(0)
    panels = int(np.ceil(nodes * (upper - lower) / (30.0 * scale)))
    half = 0.5 * (upper - lower) / panels
    centres = lower + half * (2.0 * np.arange(panels) + 1.0)
    return (centres[:, None] + half * PANEL[0]).ravel(), np.tile(half * PANEL[1], panels)


@final
@dataclass(frozen=True, slots=True)
class Walk:
    """Steps of the log spot: `drift` * dt + `volatility` * N(0, dt)."""

    drift: float
    volatility: float
    times: FloatArray

    @classmethod
    def of(cls, model: GBM, times: FloatArray) -> Walk:
        """That of the log spot of a model.

        Raises
        ------
        TypeError
            If the model is no `GBM`, or pays a cash dividend by the last date.
        """
        if not isinstance(model, GBM) or any(day <= times[-1] for day, _ in model.dividends):
            raise TypeError(f"model must be a GBM without dividends by the last date for a quadrature, got {model!r}")
        return cls(model.rate - model.dividend_yield - 0.5 * model.volatility**2, model.volatility, times)

    @property
    def steps(self) -> FloatArray:
        """Times between the dates, in years."""
        return np.diff(self.times, prepend=0.0)

    @property
    def shortest(self) -> float:
        """The least standard deviation of a step."""
        return float(self.volatility * np.sqrt(self.steps.min()))

    def reach(self) -> Bounds:
        """How far below and above its start the walk can get, under the pricing and the share measure."""
        maturity = self.times[-1]
        spread = WIDTH * self.volatility * np.sqrt(maturity)
        low, high = sorted([self.drift, self.drift + self.volatility**2])
        return min(low * maturity, 0.0) - spread, max(high * maturity, 0.0) + spread

    def kernel(self, start: FloatArray, points: FloatArray, weights: FloatArray, step: float) -> FloatArray:
        """Transition density times quadrature weights, shape (n_start, n_points)."""
        deviation = self.volatility * np.sqrt(step)
        z = (points - start[:, None] - self.drift * step) / deviation
        return np.asarray(np.exp(-0.5 * z * z) * (weights / (deviation * np.sqrt(2.0 * np.pi))))

    def backward(self, values: FloatArray, start: FloatArray, grid: Grid, source: Source | None = None) -> FloatArray:
        """Roll values at the last date but one back to today, at log spots `start`; `source` is gained at each step."""
        kernel, built = np.zeros((0, 0)), -1.0
        for step in self.steps[-2:0:-1]:
            if not np.isclose(step, built, rtol=1e-12, atol=0.0):
                kernel, built = self.kernel(grid[0], *grid, step), step
            values = kernel @ values + (source(grid[0], step) if source else 0.0)
        first = self.steps[0]
        return self.kernel(start, *grid, first) @ values + (source(start, first) if source else 0.0)


def expected(walk: Walk, start: FloatArray, step: float, lines: list[Piece], alive: Bounds) -> FloatArray:
    """Mean of the lines at the end of a step, restricted to log spots in `alive`; shape of `start`."""
    deviation = walk.volatility * np.sqrt(step)
    mean = start + walk.drift * step
    forward = np.exp(mean + 0.5 * deviation**2)
    total = np.zeros_like(start)
    for lower, upper, constant, slope in lines:
        low = max(np.log(lower) if lower > 0.0 else -INF, alive[0])
        high = min(np.log(upper), alive[1])
        if low < high:
            a, b = (low - mean) / deviation, (high - mean) / deviation
            total += constant * (special.ndtr(b) - special.ndtr(a))
            total += slope * forward * (special.ndtr(b - deviation) - special.ndtr(a - deviation))
    return total
