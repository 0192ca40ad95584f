r"""The lowest and the highest spot of an interval together, given the spots at its ends.

Given the ends a and b of an interval and its variance V, a Brownian bridge stays between l and h with the chance

.. math:: \sum_k e^{-2 k w (k w + b - a) / V} - e^{-2 A_k B_k / V}, \qquad w = h - l, \quad A_k = a - l + k w,
          \quad B_k = b - l + k w,

so that its lowest and highest log-spots have the density

.. math:: f(l, h) = \sum_k 4 k^2 \Bigl(\frac{(2 k w + b - a)^2}{V^2} - \frac1V\Bigr) e^{-2 k w (k w + b - a)/V}
          - 4 k (k + 1) \Bigl(\frac{(A_k + B_k)^2}{V^2} - \frac1V\Bigr) e^{-2 A_k B_k / V} .

The highest is drawn as in `extremes`. Given it, the chance that the lowest is at most l is one less the derivative of
the first series in h over the density of the highest: a series whose term for :math:`l \to -\infty`, one, drops out.
Where the two hardly know of each other it is :math:`e^{-2 (a - l)(b - l)/V}`; from there Newton's method inverts it.

In the first interval a is today's log-spot, and one of the two has its edge there: the lowest if :math:`b > a`, else
the highest. With the other left as it was drawn, the density at the edge is :math:`f(a, h)` over that of h alone.

References
----------
.. [1] I. Karatzas and S. E. Shreve, *Brownian Motion and Stochastic Calculus*, 2nd ed., Springer, 1991, equation
   2.8.9 (two barriers; the densities are its derivatives).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..streams.chunks import Stream
from .one_extreme import SMALLEST, Edge, Pair, highest_density, highest_drawn, highest_moving

NARROW = 0.4
"""Deviations of an interval within which no bridge stays: it would with a chance of 1e-12."""
NEGLIGIBLE = 37.0
"""Exponents of terms that are left out of the series."""
FARTHEST, LAST = 90.0, 45.0
"""Exponents up to which the lowest is looked for, and up to which it is drawn."""
ROUNDS, CLOSE, PARTS = 60, 1e-7, 8


@final
@dataclass(frozen=True, slots=True)
class BothExtremes:
    """The lowest and the highest: rows of log-spots are all lowest, then all highest."""

    @property
    def blocks(self) -> int:
        """Rows a date, besides the spot."""
        return 2

    def drawn(self, starts: FloatArray, ends: FloatArray, variance: FloatArray, stream: Stream) -> FloatArray:
        """Log-spots, from those at the ends of intervals; shape (2 n_times, n_paths)."""
        count = len(ends)
        exponents = -np.log(np.maximum(stream.uniforms(2 * count), SMALLEST))
        high = highest_drawn(starts, ends, variance, exponents[:count])
        return np.concatenate([lowest_given(high, starts, ends, variance, exponents[count:]), high])

    def log_density(self, row: int, logs: FloatArray, before: Any, after: FloatArray, variance: Jet) -> Jet:
        """Log-density of the extremes of one interval, with the derivatives of its variance and its start."""
        start = before.value if isinstance(before, Jet) else before
        given = {"v": float(variance.value[0])} | ({"a": 0.0} if isinstance(before, Jet) else {})
        own = Jet.variables(given, second=bool(len(variance.hessian)))
        here = own["a"] + start if "a" in own else start
        found = density(logs[row], logs[len(logs) // 2 + row], here, after, own["v"])
        known = found.value > SMALLEST  # else the series is lost in its rounding
        found = jets.log(
            Jet(found.names, np.where(known, found.value, 1.0), found.gradient * known, found.hessian * known)
        )
        bends = found.hessian if len(found.hessian) else np.zeros((2, 2, 1))
        if "a" not in own:
            return variance.chain(found.value, found.gradient[0], bends[0, 0])
        rows = Jet(before.names, before.value[None], before.gradient[:, None], before.hessian[:, :, None])
        slopes, curved = (found.gradient[0], found.gradient[1]), (bends[0, 0], bends[0, 1], bends[1, 1])
        return jets.of_two(variance, rows, found.value, slopes, curved)

    def edge(self, start: Jet, variance: Jet, logs: FloatArray, ends: FloatArray, own: Jet) -> Edge:
        """Where one of the first extremes is today's spot."""
        n, v, here = len(logs) // 2, float(variance.value[0]), float(start.value)
        sign = np.where(ends > here, 1.0, -1.0)
        a, b = sign * here, sign * ends
        other = sign * np.where(sign > 0.0, logs[n], logs[0])
        inner = Jet.variables({"low": 0.0, "a": 0.0, "v": v}, second=False)
        alone = highest_density(other, a, b, v)
        found = density(inner["low"] + a, other, inner["a"] + a, b, inner["v"])
        along, moved, turn = found.gradient / alone
        return Edge(start, variance, sign, found.value / alone, 2.0 * moved + along, turn, own)

    def at_edge(self, rows: FloatArray, spot: float, ends: FloatArray, beyond: float) -> FloatArray:
        """Rows where the first extreme is today's spot, or beyond it by a share."""
        n, moved = len(rows) // 3, rows.copy()
        up = ends > spot
        moved[0] = np.where(up, spot * np.exp(-beyond), rows[0])
        moved[n] = np.where(up, rows[n], spot * np.exp(beyond))
        return moved

    def of_first(self, rows: FloatArray, edge: Edge) -> FloatArray:
        """Of one row for each extreme and spot, that of the one which has the edge."""
        return np.where(edge.sign > 0.0, rows[0], rows[len(rows) // 3])

    def motion(self, logs: FloatArray, ends: Pair, variance: FloatArray, moved: Pair, clock: FloatArray) -> FloatArray:
        """How the extremes move at fixed draws, shape (2 n_times, n_paths), if ends and variances move as told."""
        n, (a, b), (moved_a, moved_b) = len(logs) // 2, ends, moved
        low, high = logs[:n], logs[n:]
        moved_high = highest_moving(high, ends, variance, moved, clock)

        def along(value: FloatArray, slope: FloatArray) -> Jet:
            return Jet(("t",), value, np.broadcast_to(slope, value.shape)[None], np.zeros((0, 0, 1, 1)))

        v = along(np.broadcast_to(variance, a.shape), clock)
        known = (along(high, moved_high), along(a, moved_a), along(b, moved_b), v)
        chance, slope = (
            not_above(low, *known),
            density(low, high, a, b, variance) / highest_density(high, a, b, variance),
        )
        return np.concatenate([-chance.gradient[0] / np.maximum(slope, SMALLEST), moved_high])


def _images(width: FloatArray, variance: AnyArray) -> tuple[AnyArray, Iterator[int]]:
    """Where the corridor is not too narrow to stay in, and which images of it matter."""
    deviation = np.sqrt(variance)
    wide = width > NARROW * deviation
    least = np.min(np.where(wide, width / deviation, np.inf), initial=1e3)
    most = int(np.ceil(np.sqrt(0.5 * NEGLIGIBLE) / least))
    return wide, (k for k in range(-most - 1, most + 1) if k)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Jet) else x


def _exp(x: Any) -> Any:
    return jets.exp(x) if isinstance(x, Jet) else np.exp(x)


def _where(wide: AnyArray, x: Any, otherwise: float) -> Any:
    """A value, or a jet, where it is wide, else a constant."""
    if not isinstance(x, Jet):
        return np.where(wide, x, otherwise)
    return Jet(x.names, np.where(wide, x.value, otherwise), x.gradient * wide, x.hessian * wide)


def density(low: Any, high: Any, a: Any, b: Any, variance: Any) -> Any:
    """Density of the lowest and the highest log-spot, plain or with derivatives in any of its arguments."""
    wide, images = _images(_value(high) - _value(low), _value(variance))
    width, move, inverse = high - low, b - a, 1.0 / variance
    found: Any = 0.0
    for k in images:
        through, beyond = width * (2.0 * k) + move, width * (2.0 * k) + a + b - low * 2.0
        first = (through * through * inverse - 1.0) * _exp(width * (-2.0 * k) * (width * k + move) * inverse)
        found = first * (4.0 * k * k) + found
        if k != -1:
            images_of = (a - low + width * k) * (b - low + width * k)
            second = (beyond * beyond * inverse - 1.0) * _exp(images_of * inverse * (-2.0))
            found = second * (-4.0 * k * (k + 1)) + found
    return _where(wide, found * inverse, 0.0)


def not_above(low: Any, high: Any, a: Any, b: Any, variance: Any) -> Any:
    """The chance that the lowest is at most `low` given the highest, plain or with derivatives."""
    wide, images = _images(_value(high) - _value(low), _value(variance))
    width, move, inverse = high - low, b - a, 1.0 / variance
    own = (high - a) * (high - b) * inverse * 2.0
    found: Any = 0.0
    for k in images:
        through, beyond = width * (2.0 * k) + move, width * (2.0 * k) + a + b - low * 2.0
        found = through * _exp(width * (-2.0 * k) * (width * k + move) * inverse + own) * k + found
        if k != -1:
            images_of = (a - low + width * k) * (b - low + width * k)
            found = beyond * _exp(images_of * inverse * (-2.0) + own) * (-k) + found
    return _where(wide, found / (high * 2.0 - a - b), 1.0)


def lowest_given(
    high: FloatArray, a: FloatArray, b: FloatArray, variance: AnyArray, exponents: FloatArray
) -> FloatArray:
    """Lowest log-spots of bridges whose highest are known, from exponential draws; all of one shape."""
    given = [np.ravel(np.broadcast_to(x, high.shape)) for x in (high, a, b, variance, np.minimum(exponents, LAST))]
    reach = (given[0] - np.minimum(given[1], given[2])) / np.sqrt(given[3]) + np.sqrt(0.5 * given[4])
    found = np.empty_like(reach)
    for rows in np.array_split(np.argsort(reach), PARTS):  # wide corridors need few images
        found[rows] = _lowest(*(x[rows] for x in given))
    return found.reshape(high.shape)


def _lowest(high: FloatArray, a: FloatArray, b: FloatArray, v: FloatArray, target: FloatArray) -> FloatArray:
    """The same in one dimension, by Newton's method within brackets."""
    exponent, least, most = target.copy(), np.zeros(len(target)), np.full(len(target), FARTHEST)
    left = np.arange(len(target))
    for _ in range(ROUNDS):
        own, here = [x[left] for x in (high, a, b, v)], exponent[left]
        length = np.sqrt((own[2] - own[1]) ** 2 + 2.0 * own[3] * here)
        chance, slope = _falling(0.5 * (own[1] + own[2] - length), *own)
        error = -np.log(chance) - target[left]
        below = error < 0.0
        least[left], most[left] = np.where(below, here, least[left]), np.where(below, most[left], here)
        with np.errstate(divide="ignore", invalid="ignore"):
            tried = here - error * 2.0 * length * chance / (slope * own[3])
        inside = (tried > least[left]) & (tried < most[left])
        exponent[left] = tried = np.where(inside, tried, 0.5 * (least[left] + most[left]))
        left = left[np.abs(tried - here) > CLOSE * (CLOSE + here)]
        if not len(left):
            break
    return np.asarray(0.5 * (a + b - np.sqrt((b - a) ** 2 + 2.0 * v * exponent)))


def _falling(
    low: FloatArray, high: FloatArray, a: FloatArray, b: FloatArray, v: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """`not_above` and its derivative, the density of the lowest given the highest."""
    wide, images = _images(high - low, v)
    width, move = high - low, b - a
    own, chance, slope = 2.0 * (high - a) * (high - b) / v, np.zeros_like(low), np.zeros_like(low)
    for k in images:
        through = 2.0 * k * width + move
        weight = k * np.exp(own - 2.0 * k * width * (k * width + move) / v)
        chance += through * weight
        slope += 2.0 * k * (through * through / v - 1.0) * weight
        if k != -1:
            beyond = 2.0 * k * width + a + b - 2.0 * low
            weight = -k * np.exp(own - 2.0 * (a - low + k * width) * (b - low + k * width) / v)
            chance += beyond * weight
            slope += 2.0 * (k + 1) * (beyond * beyond / v - 1.0) * weight
    length = 2.0 * high - a - b
    return np.clip(np.where(wide, chance / length, 1.0), SMALLEST, 1.0), np.where(wide, slope / length, 0.0)
