r"""Moves of the log-spot between dates: normals on a clock, and how a change of a parameter moves them.

Given whatever else a law has drawn, the log-spot moves from date to date by independent normals with means m and
variances V (its clock). A parameter changes three things, which make its `Slope`: the means, the clock, and the measure
of what was drawn beneath, as far as the change does not travel with it. Everything that the estimators need follows
from them. With :math:`n` the move less its mean, summed over the intervals between scored dates, the weight is

.. math:: w_a = \sum \frac{n\,m_a}{V} + \frac12\Bigl(\frac{n^2}{V} - 1\Bigr)\frac{V_a}{V} + \text{handed over beneath},

its own derivative, the path of spots held fixed, is

.. math:: \sum -\frac{m_a m_b}{V} + \frac{n\,m_{ab}}{V} - \frac{n\,(m_a V_b + m_b V_a)}{V^2}
          + \frac12\Bigl(\frac{n^2}{V} - 1\Bigr)\frac{V_{ab}}{V}
          + \Bigl(\frac12 - \frac{n^2}{V}\Bigr)\frac{V_a V_b}{V^2},

and at fixed normals the log-spots move by their tangent :math:`X_a = \sum m_a + \tfrac12 n\,V_a/V`.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, sections 7.2 (tangents) and 7.3
   (scores).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..numerics.arrays import cumulated, once
from ..parameters import Derivative

NONE = np.zeros((1, 1))
LIKELIHOOD_RATIO = np.inf
"""The rate at which whatever moves beneath the spot is handed over at once: the full likelihood ratio."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """Derivatives of moves in one coordinate, or second derivatives in two.

    Attributes
    ----------
    mean, variance : ndarray
        Of the moves; broadcast to (n_times, n_paths).
    handed : ndarray
        Weight (or the derivative of one) of what was handed to the measure beneath; broadcasts to (n_paths,).
    turns : bool
        Whether the clock does more than run faster or slower as a whole.
    """

    mean: FloatArray
    variance: FloatArray = field(default_factory=lambda: NONE)
    handed: FloatArray = field(default_factory=lambda: NONE[0])
    turns: bool = False


class Perturbed(Protocol):
    """What a law says about its moves."""

    def slope(self, name: str, rate: float, /) -> Slope:
        """First derivatives, what moves beneath being handed over at a rate (per year; `LIKELIHOOD_RATIO`: at once)."""
        ...

    def bend(self, pair: Derivative, rate: float, /) -> Slope | None:
        """Derivatives of the slope in ``pair[0]`` when ``pair[1]`` moves all that was drawn; None if unknown."""
        ...

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray, /) -> FloatArray | None:
        """What `Moves.curvature` is where `bend` is unknown, shape (n_paths,); None if unknown as well."""
        ...


@runtime_checkable
class Movable(Protocol):
    """A model that knows how its spots move."""

    def moves(self, paths: Any, /) -> Moves:
        """The moves of the log-spots between the dates of given paths."""
        ...

    def hand_over_rates(self, times: Sequence[float] | FloatArray, /) -> tuple[float, ...]:
        """Rates worth trying at which changes of what is beneath are handed to the measure; the best guess first."""
        ...

    def work_beneath(self, times: Sequence[float] | FloatArray, /) -> float:
        """Work that a path costs beneath the spots, in that of a date of a geometric Brownian motion."""
        ...


@runtime_checkable
class ActsInLayers(Protocol):
    """A model some of whose parameters act on the spots alone, and others on what is beneath them."""

    @property
    def direct_parameters(self) -> Sequence[str]:
        """Those that act on the spots alone: their scores cost next to nothing."""
        ...


def draws_beneath(model: object, times: Sequence[float] | FloatArray) -> bool:
    """Whether a law draws something beneath its spots, with which changes can travel."""
    return isinstance(model, Movable) and len(model.hand_over_rates(times)) > 1


def diffused(normals: FloatArray, scale: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Noise, scale times normals, and the running sums of noise plus mean; both (n_times, n_paths).

    `scale` and `mean` have a number a date. The normals are overwritten.
    """
    if compiled := kernels("moves"):
        found = np.empty_like(normals)
        compiled.diffuse(normals, scale, mean, found)
        return normals, found
    normals *= scale[:, None]
    return normals, cumulated(normals + mean[:, None])


def spread(rows: FloatArray, n_times: int) -> FloatArray:
    """Rows for every date, from one for all or one each."""
    return rows if len(rows) == n_times else np.repeat(rows, n_times, axis=0)


def weighted(coefficients: FloatArray, rows: FloatArray) -> FloatArray:
    """Sum over the dates of coefficients, (n_times or 1, n_paths or 1), times rows; shape (n_paths,)."""
    if coefficients.shape[1] > 1:
        if coefficients.shape[0] == 1:
            return np.asarray(rows.sum(axis=0) * coefficients[0])
        if rows.shape[1] == 1:
            return np.asarray(rows[:, 0] @ coefficients)
        return np.einsum("ij,ij->j", coefficients, rows)
    column = spread(coefficients, len(rows))[:, 0]
    return np.asarray(column[0] * rows[0] if _first_only(column) else column @ rows)


def weighted_squares(coefficients: FloatArray, rows: FloatArray) -> FloatArray:
    """Sum over the dates of coefficients, as for `weighted`, times squares of rows; shape (n_paths,)."""
    if coefficients.shape[1] > 1:
        return weighted(coefficients, rows**2)
    column = spread(coefficients, len(rows))[:, 0]
    if _first_only(column):
        return np.asarray(column[0] * rows[0] ** 2)
    compiled = kernels("moves")
    return compiled.squares(column, rows) if compiled else np.asarray(column @ rows**2)


def _first_only(column: FloatArray) -> bool:
    """Most derivatives stop after the first date."""
    return len(column) > 1 and not column[1:].any()


def alike(coefficients: FloatArray) -> bool:
    """Whether coefficients are the same for all dates and paths, but for rounding errors."""
    return coefficients.shape[1] == 1 and bool(np.ptp(coefficients) <= 1e-14 * abs(coefficients[0, 0]))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Moves over the intervals between some dates, on given paths.

    Parameters
    ----------
    noise : ndarray, shape (n_times, n_paths)
        Moves of the log-spot less their means.
    variance : ndarray
        Of the moves; broadcasts to (n_times, n_paths).
    law : Perturbed
    """

    noise: FloatArray
    variance: FloatArray
    law: Perturbed
    _known: dict[Any, Any] = field(default_factory=dict)

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives of the moves in a coordinate."""
        return once(self._known, (name, rate), lambda: self.law.slope(name, rate))

    def bend(self, pair: Derivative, rate: float) -> Slope | None:
        """Second derivatives of the moves; None where the law does not know them."""
        return once(self._known, (pair, rate), lambda: self.law.bend(pair, rate))

    def between(self, rows: Sequence[int]) -> Moves:
        """The moves between some of the dates, (n_rows, n_paths), with the same law of what is beneath."""
        ends = list(rows)
        if ends == list(range(len(self.noise))):
            return self
        return Moves(self._noise(ends), _summed(self.variance, ends), _Between(self, ends))

    def _noise(self, ends: Sequence[int]) -> FloatArray:
        """Noise summed over the intervals that end at some dates, shape (n_ends, n_paths)."""
        return once(self._known, ("noise", tuple(ends)), lambda: _summed(self.noise, list(ends)))

    def _weighted(self, coefficients: FloatArray) -> FloatArray:
        """Sum over the dates of coefficients times noise, shape (n_paths,)."""
        if len(coefficients) < 2 or not alike(coefficients):
            return weighted(coefficients, self.noise)
        return np.asarray(coefficients[0] * once(self._known, "sum", lambda: self.noise.sum(axis=0)))

    def weight(self, name: str, rate: float) -> FloatArray:
        """First-order weight: derivative of the log-density of moves and of what is beneath; shape (n_paths,)."""
        return once(self._known, ("weight", name, rate), lambda: self._weight(self.slope(name, rate)))

    def _weight(self, slope: Slope) -> FloatArray:
        if slope.mean.shape == self.noise.shape == self.variance.shape and (compiled := kernels("clocked")):
            spread = np.zeros((0, 0)) if slope.variance is NONE else slope.variance
            return np.asarray(compiled.weight(slope.mean, spread, self.noise, self.variance) + slope.handed)
        total = self._weighted(slope.mean / self.variance) + slope.handed
        if slope.variance is NONE:
            return total
        relative = slope.variance / self.variance
        return total + 0.5 * (
            weighted_squares(relative / self.variance, self.noise) - _total(relative, len(self.noise))
        )

    def weights(self, needed: Iterable[Derivative], rate: float) -> dict[Derivative, FloatArray]:
        """First- and second-order weights; a second-order one unknown at this rate is the likelihood ratio's."""

        def second(pair: Derivative) -> FloatArray:
            curvature, at = self.curvature(pair, rate), rate
            if curvature is None:
                curvature, at = self.curvature(pair, LIKELIHOOD_RATIO), LIKELIHOOD_RATIO
            assert curvature is not None
            return self.weight(pair[0], at) * self.weight(pair[1], at) + curvature

        return {d: self.weight(d[0], rate) if len(d) == 1 else second(d) for d in needed}

    def curvature(self, pair: Derivative, rate: float) -> FloatArray | None:
        """Derivative of the weight in ``pair[0]`` along ``pair[1]``; shape (n_paths,), None if unknown."""
        bend = self.bend(pair, rate)
        if bend is None:
            return once(self._known, ("curvature", pair, rate), lambda: self.law.curvature(pair, rate, self.noise))
        (a, b), v, n = (self.slope(name, rate) for name in pair), self.variance, len(self.noise)
        linear = bend.mean / v - (a.mean * b.variance + b.mean * a.variance) / v**2
        total = self._weighted(linear) - _total(a.mean * b.mean / v, n) + bend.handed
        if a.variance is NONE and bend.variance is NONE:
            return total
        product, second = a.variance * b.variance / v**2, bend.variance / v
        square = weighted_squares((0.5 * second - product) / v, self.noise)
        return np.asarray(total + square - 0.5 * _total(second - product, n))

    def scores(self, names: Iterable[str]) -> FloatArray:
        """Derivatives of the log-density of all that was drawn, shape (n_names, n_paths)."""
        return np.stack([self.weight(name, LIKELIHOOD_RATIO) for name in names])

    def hessian(self, pairs: Iterable[Derivative]) -> FloatArray:
        """Second derivatives of the log-density of all that was drawn, shape (n_pairs, n_paths)."""
        rows = [self.curvature(pair, LIKELIHOOD_RATIO) for pair in pairs]
        return np.stack([np.broadcast_to(np.asarray(row), self.noise.shape[1:]) for row in rows])

    def speed(self, names: Derivative, rate: float) -> tuple[FloatArray, FloatArray]:
        """Derivative of every move at fixed normals: a part, and a part per unit of its noise.

        Of one coordinate; of two, the derivative of that in the first along the second, the spots held fixed.
        """
        first, v = self.slope(names[0], rate), self.variance
        relative = NONE if first.variance is NONE else first.variance / v
        if len(names) == 1:
            return first.mean, NONE if relative is NONE else 0.5 * relative
        second, bend = self.slope(names[1], rate), self.bend(names, rate)
        assert bend is not None
        still = bend.mean - 0.5 * relative * second.mean
        if first.variance is NONE and bend.variance is NONE:
            return still, NONE
        return still, 0.5 * (bend.variance / v - relative * (second.variance / v))

    def tangent(self, names: Derivative, rate: float, ends: Sequence[int]) -> FloatArray:
        """Derivative of the log-spots at some dates: their `speed` up to there; broadcasts to (n_ends, n_paths)."""
        still, noisy = self.speed(names, rate)
        reached = (np.arange(len(self.noise)) <= np.asarray(ends, dtype=int)[:, None]).astype(float)
        found = reached @ spread(still, len(self.noise))
        if noisy is NONE:
            return np.asarray(found)
        if alike(noisy):
            return np.asarray(found + noisy[0] * cumulated(self._noise(ends).copy()))
        if noisy.shape[1] == 1:
            return np.asarray(found + (reached * noisy[:, 0]) @ self.noise)
        return np.asarray(found + reached @ (noisy * self.noise))

    def clock(self, name: str, rate: float) -> FloatArray:
        """Derivative of the clock's reading at every date; broadcasts to (n_times, n_paths)."""
        return cumulated(spread(self.slope(name, rate).variance, len(self.noise)).copy())


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Between:
    """Slopes of sums of moves."""

    moves: Moves
    ends: list[int]

    def slope(self, name: str, rate: float) -> Slope:
        return self._coarse(self.moves.slope(name, rate))

    def bend(self, pair: Derivative, rate: float) -> Slope | None:
        found = self.moves.bend(pair, rate)
        return None if found is None else self._coarse(found)

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> None:
        """Known of all moves only."""

    def _coarse(self, slope: Slope) -> Slope:
        mean, variance = (
            rows if rows is NONE else _summed(spread(rows, len(self.moves.noise)), self.ends)
            for rows in (slope.mean, slope.variance)
        )
        return Slope(mean, variance, slope.handed, slope.turns)


def _summed(rows: FloatArray, ends: list[int]) -> FloatArray:
    """Sums over the intervals that end at some rows, shape (n_ends, n_paths)."""
    found = np.empty((len(ends), rows.shape[1]))
    for row, first, end in zip(found, [0, *(end + 1 for end in ends)], ends, strict=False):
        np.add.reduce(rows[first : end + 1], axis=0, out=row)
    return found


def _total(rows: FloatArray, n_times: int) -> FloatArray:
    return np.asarray(rows.sum(axis=0) * (1 if len(rows) == n_times else n_times))
