r"""The lowest (or the highest) spot of an interval, given the spots at its ends; see `extremes` for what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..streams.chunks import Stream

SMALLEST = 1e-300

Pair: TypeAlias = tuple[FloatArray, FloatArray]
"""Of the start and the end of every interval."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """Where an extreme of the first interval is today's spot.

    Log-spots are turned by a sign so that this extreme is the lowest; f is its density, by what the path's other draws
    have been drawn with.

    Attributes
    ----------
    start, variance : Jet
        Today's log-spot, and the variance of the first interval.
    sign : float or ndarray, shape (n_paths,)
        One where it is the lowest, else -1.
    density, bend, turn : ndarray, shape (n_paths,)
        There: f, twice its derivative in the start and that in the extreme, and its derivative in the variance.
    own : Jet
        The log-density of the first extremes.
    """

    start: Jet
    variance: Jet
    sign: FloatArray | float
    density: FloatArray
    bend: FloatArray
    turn: FloatArray
    own: Jet

    def score(self, name: str) -> FloatArray:
        """The derivative of the log-density of the first extremes; zero in what it does not depend on."""
        return np.asarray(self.own.derivative(name)) if name in self.own.names else np.zeros_like(self.density)

    def first(self, name: str) -> FloatArray:
        """How fast probability crosses the edge."""
        return np.asarray(self.density * self._slope(name))

    def second(self, a: str, b: str) -> FloatArray:
        """The same of second order, M."""
        if not {a, b} <= set(self.start.names):
            return np.zeros_like(self.density)
        turned = self.variance.derivative(a) * self._slope(b) + self.variance.derivative(b) * self._slope(a)
        moved = self.density * (self.sign * self.start.derivative(a, b)) + self.turn * turned
        return np.asarray(moved + self.bend * self._slope(a) * self._slope(b))

    def whole(self, name: str) -> FloatArray:
        """The score of the first extremes, with what the edge adds."""
        return self.score(name) + self.first(name)

    def both(self, a: str, b: str) -> FloatArray:
        """What multiplies the derivative of a payoff in the extreme there."""
        return np.asarray(self.density * self._slope(a) * self._slope(b))

    def _slope(self, name: str) -> FloatArray | float:
        return self.sign * float(self.start.derivative(name)) if name in self.start.names else 0.0 * self.sign


@final
@dataclass(frozen=True, slots=True)
class OneExtreme:
    """The lowest, or the highest.

    Parameters
    ----------
    lowest : bool
    """

    lowest: bool

    @property
    def blocks(self) -> int:
        """Rows a date, besides the spot."""
        return 1

    @property
    def _sign(self) -> float:
        return 1.0 if self.lowest else -1.0

    def drawn(self, starts: FloatArray, ends: FloatArray, variance: FloatArray, stream: Stream) -> FloatArray:
        """Log-spots, from those at the ends of intervals; shape (n_times, n_paths)."""
        exponents = -np.log(np.maximum(stream.uniforms(len(ends)), SMALLEST))
        return -self._sign * highest_drawn(-self._sign * starts, -self._sign * ends, variance, exponents)

    def log_density(self, row: int, logs: FloatArray, before: Any, after: FloatArray, variance: Jet) -> Jet:
        """Log-density of the extreme of one interval, with the derivatives of its variance and its start."""
        low, sign = logs[row], self._sign
        a, b = (before - low) * sign, (after - low) * sign
        length = jets.log(a + b) if isinstance(a, Jet) else np.log(a + b)
        found: Jet = (np.log(2.0) - jets.log(variance)) - (a * b) * (2.0 / variance) + length
        return found

    def edge(self, start: Jet, variance: Jet, logs: FloatArray, ends: FloatArray, own: Jet) -> Edge:
        """Where the first extreme is today's spot."""
        v = float(variance.value[0])
        density = 2.0 * np.maximum(self._sign * (ends - start.value), 0.0) / v
        return Edge(start, variance, self._sign, density, -(density**2), -density / v, own)

    def at_edge(self, rows: FloatArray, spot: float, ends: FloatArray, beyond: float) -> FloatArray:
        """Rows where the first extreme is today's spot, or beyond it by a share."""
        moved = rows.copy()
        moved[0] = spot * np.exp(-self._sign * beyond)
        return moved

    def of_first(self, rows: FloatArray, edge: Edge) -> FloatArray:
        """Of one row for each extreme and spot, that of the first extreme."""
        return rows[0]

    def motion(self, logs: FloatArray, ends: Pair, variance: FloatArray, moved: Pair, clock: FloatArray) -> FloatArray:
        """How the extremes move at fixed draws, shape (n_times, n_paths), if ends and variances move as told."""
        turned, moving = ((-self._sign * x, -self._sign * y) for x, y in (ends, moved))
        return -self._sign * highest_moving(-self._sign * logs, turned, variance, moving, clock)


def highest_drawn(a: FloatArray, b: FloatArray, variance: FloatArray, exponents: FloatArray) -> FloatArray:
    """The highest of bridges, from exponential draws."""
    return np.asarray(0.5 * (a + b + np.sqrt((b - a) ** 2 + 2.0 * variance * exponents)))


def highest_density(high: AnyArray, a: AnyArray, b: AnyArray, variance: AnyArray | float) -> AnyArray:
    """Its density."""
    return np.asarray(2.0 * (2.0 * high - a - b) / variance * np.exp(-2.0 * (high - a) * (high - b) / variance))


def highest_moving(high: FloatArray, ends: Pair, variance: FloatArray, moved: Pair, clock: FloatArray) -> FloatArray:
    """How the highest moves at fixed draws."""
    (a, b), (moved_a, moved_b) = ends, moved
    length, exponents = 2.0 * high - a - b, 2.0 * (high - a) * (high - b) / variance
    return np.asarray(0.5 * (moved_a + moved_b + ((b - a) * (moved_b - moved_a) + exponents * clock) / length))
