r"""A payoff of straight pieces integrated exactly along a line of the normals, with its first derivatives.

Along the line the payoff is :math:`c + s\,e^{b_n + \ell_n z}` between the points :math:`z_k` at which events begin or
end. With :math:`G = e^{b_n + \ell_n^2/2}` and :math:`\Delta_k` the change of a coefficient there,

.. math:: F = c_{-\infty} + s_{-\infty} G + \sum_k \Delta_k c\,\Phi(-z_k) + \Delta_k s\,G\,\Phi(\ell_n - z_k) .

It is Lipschitz in b and :math:`\ell` however the payoff jumps. With i the date of the event and
:math:`q_k = \Delta_k c\,\varphi(z_k) + \Delta_k s\,G\,\varphi(\ell_n - z_k)`,

.. math:: \dot F = \bar S\,(\dot b_n + \ell_n \dot\ell_n) + \dot\ell_n \sum_k \Delta_k s\,G\,\varphi(\ell_n - z_k)
          + \sum_k q_k\,\frac{\dot b_i + z_k \dot\ell_i}{\ell_i}, \qquad
          \bar S = s_{-\infty} G + \sum_k \Delta_k s\,G\,\Phi(\ell_n - z_k) .
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

import numpy as np
from scipy import special

from .._typing import AnyArray, FloatArray
from ..numerics.arrays import once
from ..payoffs.relaxed.straight import StraightPieces
from .lines import Crossings, Line

Polynomial: TypeAlias = Sequence[FloatArray | float]
"""Coefficients of 1, z and z² along the line."""

ONE: Polynomial = (1.0,)
ROOT = np.sqrt(2.0 * np.pi)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Integral:
    """The integral of a payoff along a line, and what its derivatives are made of; all of shape (n_paths,).

    Attributes
    ----------
    line : Line
    value : ndarray
        F, undiscounted.
    slope : ndarray
        What F gains as the last log-spot moves and the events stay where they are.
    crossings : tuple of Crossings
        Where the payoff's events begin or end.
    constants, slopes : tuple of ndarray
        The jumps there of the payoff's constant, and of the slope times the spot, both times the density.
    """

    line: Line
    value: FloatArray
    slope: FloatArray
    crossings: tuple[Crossings, ...]
    constants: tuple[FloatArray, ...]
    slopes: tuple[FloatArray, ...]
    _known: dict[Any, FloatArray] = field(default_factory=dict)

    def moved(self, name: str, rate: float, weight: Polynomial = ONE) -> FloatArray:
        """The derivative of F along the tangent in a coordinate, normals held fixed; or of the integral of the payoff
        times a weight that stays as it is.
        """  # fmt: skip
        line = self.line
        here, along = line.tangent(name, rate, line.end)
        still, found = here - along * line.place, np.zeros_like(self.value)
        for power, factor in enumerate(weight):
            found += factor * (self.gained(power) * still + self.gained(power + 1) * along)
        for crossing, constant, slope in zip(self.crossings, self.constants, self.slopes, strict=True):
            there, stretch = line.tangent(name, rate, crossing)
            weighed = (constant + slope) * _at(weight, crossing.point)
            found += weighed * (there + stretch * (crossing.point - line.place)) / crossing.length
        return found

    def weighed(self, weight: Polynomial) -> FloatArray:
        """The integral of the payoff times a weight."""
        return np.asarray(sum((factor * self._moment(power) for power, factor in enumerate(weight)), 0.0))

    def gained(self, power: int) -> FloatArray:
        """The integral of what the payoff gains as the last log-spot moves, times a power of z up to the third.

        With v = z - length it is a mean of (length + v) to that power, of a normal v beyond the crossings.
        """

        def gained() -> FloatArray:
            length, slope = self.line.lengths[-1], self.slope
            if not power:
                return slope
            dense = [self._beyond(k) for k in range(power)]
            if power == 1:
                return length * slope + dense[0]
            if power == 2:
                return (1.0 + length**2) * slope + 2.0 * length * dense[0] + dense[1]
            linear = 3.0 * length * dense[1] + dense[2]
            return length * (length**2 + 3.0) * slope + (3.0 * length**2 + 2.0) * dense[0] + linear

        return once(self._known, ("gained", power), gained)

    def _beyond(self, power: int) -> FloatArray:
        """Jumps of the slope times powers of v at the crossings."""

        def beyond() -> FloatArray:
            length = self.line.lengths[-1]
            pairs = zip(self.crossings, self.slopes, strict=True)
            return np.asarray(sum((s * (c.point - length) ** power for c, s in pairs), np.zeros_like(self.value)))

        return once(self._known, ("beyond", power), beyond)

    def _moment(self, power: int) -> FloatArray:
        """The integral of the payoff times a power of z up to the second."""
        if not power:
            return self.value
        pairs = zip(self.crossings, self.constants, strict=True)
        jumps = sum((c.point ** (power - 1) * x for c, x in pairs), np.zeros_like(self.value))
        return np.asarray(jumps + self.gained(power) + (self.value - self.slope if power == 2 else 0.0))


def integral(pieces: StraightPieces, line: Line) -> Integral:
    """The integral of a payoff along a line."""
    crossings = tuple(line.crossings(event) for event in pieces.events)
    length, constants, slopes = line.lengths[-1], [], []
    mean = line.skeletons.drawn.spot[-1] * np.exp(length * (0.5 * length - line.place))
    start = tuple(int(not event.above) for event in pieces.events)
    flat, slope = np.full(len(mean), pieces.constant[start]), pieces.slope[start] * mean
    for k, crossing in enumerate(crossings):
        constant, spots = _steps(pieces, crossings, k)
        spots = spots * mean
        flat += constant * special.ndtr(-crossing.point)
        slope += spots * special.ndtr(length - crossing.point)
        constants.append(constant * _density(crossing.point))
        slopes.append(spots * _density(length - crossing.point))
    return Integral(line, flat + slope, slope, crossings, tuple(constants), tuple(slopes))


def _at(weight: Polynomial, z: FloatArray) -> FloatArray | float:
    """A polynomial's value."""
    found = weight[-1]
    for factor in weight[-2::-1]:
        found = factor + z * found
    return found


def _steps(pieces: StraightPieces, crossings: tuple[Crossings, ...], k: int) -> tuple[FloatArray, FloatArray]:
    """By how much the constant and the slope change as an event begins or ends; of two at one point the first first."""
    point, happen = crossings[k].point, []
    for j, (event, other) in enumerate(zip(pieces.events, crossings, strict=True)):
        passed = other.point <= point if j < k else other.point < point
        happen.append((passed == event.above).astype(np.intp))
    up = int(pieces.events[k].above)
    before, after = _placed(happen, k, 1 - up), _placed(happen, k, up)
    return pieces.constant[after] - pieces.constant[before], pieces.slope[after] - pieces.slope[before]


def _placed(happen: list[AnyArray], k: int, happens: int) -> tuple[AnyArray, ...]:
    return tuple(np.full_like(rows, happens) if j == k else rows for j, rows in enumerate(happen))


def _density(z: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-0.5 * z * z) / ROOT)
