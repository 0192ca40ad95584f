r"""Moves of the log-spot between dates: normals with means and variances, and the measure's side of a change of them.

Given whatever else a law has drawn, the log-spot moves from date to date by a normal with mean m and variance V (its
clock), which may depend on the spot it starts from. A parameter changes three things, which make its `Slope`: the
means, the variances, and the measure of what was drawn beneath, as far as the change does not travel with it. The path
of spots held fixed, and with :math:`n` the move less its mean, the weight is

.. math:: w_a = \sum \frac{n\,m_a}{V} + \frac12\Bigl(\frac{n^2}{V} - 1\Bigr)\frac{V_a}{V} + \text{handed over beneath},

and its own derivative

.. math:: \sum -\frac{m_a m_b}{V} + \frac{n\,m_{ab}}{V} - \frac{n\,(m_a V_b + m_b V_a)}{V^2}
          + \frac12\Bigl(\frac{n^2}{V} - 1\Bigr)\frac{V_{ab}}{V}
          + \Bigl(\frac12 - \frac{n^2}{V}\Bigr)\frac{V_a V_b}{V^2}.

This is all that scores need, and it is right for every such law. How *paths* move at fixed normals is another matter:
it is the law's to say, by the `path` of its moves, and there is no default (see `travel`).

Arrays have a row a date and end with the paths; of several assets the blocks of dates stand between.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.3 (scores).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar, final

import numpy as np

from .._compiled import kernels
from .._typing import AnyArray, FloatArray
from ..numerics.arrays import cumulated, once
from ..parameters import Derivative

T = TypeVar("T")
SAME = 1e-11
"""Relative spread up to which coefficients differ by rounding alone: moves are differences of what accrues by dates."""

NONE, ONE = np.zeros((1, 1)), np.ones((1, 1))
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

    @property
    def first_only(self) -> bool:
        """Whether it changes no move but the first, and that alike on all paths."""
        columns = self.mean, self.variance
        alone = (rows.shape[1] == 1 and not (rows if len(rows) == 1 else rows[1:]).any() for rows in columns)
        return len(self.mean) > 0 and all(alone)

    @property
    def first(self) -> Slope:
        """Of the first move alone."""
        return Slope(self.mean[:1], self.variance[:1], self.handed)


@final
@dataclass(frozen=True, slots=True)
class IndependentSteps:
    """A law's word that, given what is beneath, no step depends on the spots: sums of steps are normal like the steps.

    It grants skeletons of dates, levels held still and tangents that are sums (`travel`). A law whose steps depend on
    its state must not give it: these would be biased, and nothing would show it.
    """


@final
@dataclass(frozen=True, slots=True, eq=False)
class StateSteps:
    """How the steps of a law depend on the log-spot that they start from.

    Attributes
    ----------
    mean, variance : ndarray
        Derivatives of the means and variances in that log-spot; broadcast to (n_times, n_paths). The first row is of
        no consequence: what the first step starts from is a parameter.
    stretch : ndarray
        Derivative of the log-spot that the next step starts from in the one that this step ends at, where something
        happens in between (a dividend); broadcasts to (n_times, n_paths).
    times : ndarray, optional
        Ends of the steps, where they are more than the dates that payoffs see.
    seen : ndarray of int, optional
        Then: the rows of those dates.
    carried : callable, optional
        Gives the factors that these make, by which a motion before a step is carried on (`travel.carried_on`), where
        the law has them for less; `mean` and `variance` are then not read.
    """

    mean: FloatArray
    variance: FloatArray
    stretch: FloatArray = field(default_factory=lambda: ONE)
    times: FloatArray | None = None
    seen: AnyArray | None = None
    carried: Callable[[], FloatArray] | None = None


PathSide: TypeAlias = IndependentSteps | StateSteps
"""How paths move at fixed normals."""


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
    return coefficients.shape[1] == 1 and bool(np.ptp(coefficients) <= SAME * abs(coefficients[0, 0]))


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
        Their derivatives.
    path : IndependentSteps or StateSteps, optional
        How paths travel; None: the law does not say, and nothing may travel.
    _known : dict, optional
        What has been computed already, by key: weights under ``("weight", name, rate)``.
    """

    noise: FloatArray
    variance: FloatArray
    law: Perturbed
    path: PathSide | None = None
    _known: dict[Any, Any] = field(default_factory=dict)

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives of the moves in a coordinate."""
        return once(self._known, (name, rate), lambda: self.law.slope(name, rate))

    def bend(self, pair: Derivative, rate: float) -> Slope | None:
        """Second derivatives of the moves; None where the law does not know them."""
        return once(self._known, (pair, rate), lambda: self.law.bend(pair, rate))

    def remember_weights(self, weights: Mapping[str, FloatArray]) -> None:
        """Keep likelihood-ratio weights that were found while drawing, by coordinate."""
        self._known.update({("weight", name, LIKELIHOOD_RATIO): row for name, row in weights.items()})

    def remembered(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What was computed of these moves under a key, once."""
        return once(self._known, key, compute)

    def along(self, coefficients: FloatArray) -> FloatArray:
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
        if slope.first_only and self.variance.shape == self.noise.shape:
            relative, score = slope.variance[0] / self.variance[0], self.noise[0] / self.variance[0]
            return np.asarray(score * slope.mean[0] + 0.5 * relative * (score * self.noise[0] - 1.0) + slope.handed)
        total = self.along(slope.mean / self.variance) + slope.handed
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
        if (a.first_only or b.first_only) and bend.first_only and v.shape == self.noise.shape:
            return _curvature(a.first, b.first, bend.first, self.variance[:1], self.noise[:1])
        linear = bend.mean / v - (a.mean * b.variance + b.mean * a.variance) / v**2
        total = self.along(linear) - _total(a.mean * b.mean / v, n) + bend.handed
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


def _curvature(a: Slope, b: Slope, bend: Slope, v: FloatArray, noise: FloatArray) -> FloatArray:
    """`Moves.curvature` of one move."""
    score = noise / v
    linear = bend.mean - (a.mean * b.variance + b.mean * a.variance) / v
    product, second = a.variance * b.variance / v**2, bend.variance / v
    square = score * noise * (0.5 * second - product) - 0.5 * (second - product)
    return np.asarray((score * linear - a.mean * b.mean / v + square)[0] + bend.handed)


def _total(rows: FloatArray, n_times: int) -> FloatArray:
    return np.asarray(rows.sum(axis=0) * (1 if len(rows) == n_times else n_times))
