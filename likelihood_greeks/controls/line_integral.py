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

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from scipy import special

from .._typing import AnyArray, FloatArray
from ..payoffs.relaxed.straight import StraightPieces
from .lines import Crossings, Line

Straight: TypeAlias = tuple[FloatArray | float, FloatArray | float]
"""A weight p + q z along the line."""

ROOT = np.sqrt(2.0 * np.pi)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Integral:
    """The integral of a payoff along a line, and what its derivatives are made of; all of shape (n_paths,).

    Attributes
    ----------
    line : Line
    value, leaning : ndarray
        F, undiscounted, and the integral of the payoff times z.
    crossings : tuple of Crossings
        Where the payoff's events begin or end.
    jumps : tuple of ndarray
        The payoff's jump there times the density.
    final, widening, bending : ndarray
        Integrals of what the payoff gains as the last log-spot moves, times 1, z and z².
    """

    line: Line
    value: FloatArray
    leaning: FloatArray
    crossings: tuple[Crossings, ...]
    jumps: tuple[FloatArray, ...]
    final: FloatArray
    widening: FloatArray
    bending: FloatArray

    def moved(self, name: str, rate: float, weight: Straight = (1.0, 0.0)) -> FloatArray:
        r"""The derivative of F along the tangent in a coordinate, normals held fixed; of :math:`\int f w \varphi\,dz`
        for a weight p + q z that stays as it is.
        """  # fmt: skip
        (p, q), line = weight, self.line
        here, along = line.tangent(name, rate, line.end)
        still = here - along * line.place
        found = (self.final * p + self.widening * q) * still + (self.widening * p + self.bending * q) * along
        for crossing, jump in zip(self.crossings, self.jumps, strict=True):
            there, stretch = line.tangent(name, rate, crossing)
            weighed = jump * (p + q * crossing.point)
            found += weighed * (there + stretch * (crossing.point - line.place)) / crossing.length
        return found

    def weighed(self, weight: Straight) -> FloatArray:
        """The integral of the payoff times a weight p + q z."""
        return weight[0] * self.value + weight[1] * self.leaning


def integral(pieces: StraightPieces, line: Line) -> Integral:
    """The integral of a payoff along a line."""
    crossings = tuple(line.crossings(event) for event in pieces.events)
    length = line.lengths[-1]
    mean = line.skeletons.drawn.spot[-1] * np.exp(length * (0.5 * length - line.place))
    start = tuple(int(not event.above) for event in pieces.events)
    value = pieces.constant[start] + pieces.slope[start] * mean
    final, dense_of_all, bent, jumps = pieces.slope[start] * mean, np.zeros(len(mean)), np.zeros(len(mean)), []
    leaning = np.zeros(len(mean))
    for k, crossing in enumerate(crossings):
        constant, slope = _steps(pieces, crossings, k)
        near = slope * mean * special.ndtr(length - crossing.point)
        dense = slope * mean * _density(length - crossing.point)
        value = value + constant * special.ndtr(-crossing.point) + near
        final, dense_of_all, bent = final + near, dense_of_all + dense, bent + dense * (crossing.point - length)
        leaning += constant * _density(crossing.point)
        jumps.append(constant * _density(crossing.point) + dense)
    widening = final * length + dense_of_all
    bending = final * (1.0 + length**2) + 2.0 * length * dense_of_all + bent
    return Integral(line, value, leaning + widening, crossings, tuple(jumps), final, widening, bending)


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
