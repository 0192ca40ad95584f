r"""Moves of several log-spots together: normal vectors with means and covariances, and the measure's side of a change.

From date to date the log-spots move by a normal vector with mean m and covariance V, the same on every path. With
:math:`n` the move less its mean and :math:`u = V^{-1} n`, the path held fixed, the weight of a coordinate is

.. math:: w_a = \sum m_a' u + \tfrac12\,u' V_a u - \tfrac12 \operatorname{tr} V^{-1} V_a,

and its own derivative

.. math:: \sum \bigl(m_{ab} - V_b V^{-1} m_a - V_a V^{-1} m_b\bigr)' u + \tfrac12\,u' V_{ab}\,u - u' V_a V^{-1} V_b\,u
          - m_a' V^{-1} m_b - \tfrac12 \operatorname{tr}\bigl(V^{-1} V_{ab} - V^{-1} V_a V^{-1} V_b\bigr).

All of these are quadratic in u: they are found together, from each product of two entries of u once. Of one asset they
are those of `moves`. Arrays have the assets first, then the dates, and end with the paths.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.3 (scores).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..numerics.arrays import cumulated, once
from ..parameters import Derivative

Entry: TypeAlias = tuple[int, int]
"""A place in a symmetric matrix of assets, the first not after the second."""


@final
@dataclass(frozen=True, slots=True)
class JointSteps:
    """A law's word that no step of its log-spots depends on them: sums of steps are normal vectors like the steps."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointSlope:
    """Derivatives of means and covariances in one coordinate, or second derivatives in two.

    Attributes
    ----------
    mean : ndarray, shape (n_assets, n_times)
    covariance : mapping of (int, int) to ndarray of shape (n_times,)
        Entries that are not listed do not move.
    """

    mean: FloatArray
    covariance: Mapping[Entry, FloatArray]

    def matrices(self) -> FloatArray:
        """The derivatives of the covariances in full, shape (n_times, n_assets, n_assets)."""
        n_assets, n_times = self.mean.shape
        found = np.zeros((n_times, n_assets, n_assets))
        for (j, k), row in self.covariance.items():
            found[:, j, k] = found[:, k, j] = row
        return found


class JointTerms(Hashable, Protocol):
    """What a law says about the moves of its log-spots."""

    @property
    def mean(self) -> FloatArray:
        """Means of the moves, shape (n_assets, n_times)."""
        ...

    @property
    def covariance(self) -> FloatArray:
        """Covariances of the moves, shape (n_times, n_assets, n_assets)."""
        ...

    @property
    def precision(self) -> FloatArray:
        """Their inverses."""
        ...

    def slope(self, names: Derivative, /) -> JointSlope:
        """First or second derivatives of means and covariances."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class Quadratic:
    """``constant + linear . u + u' square u``, summed over the dates.

    Attributes
    ----------
    constant : float
    linear : ndarray, shape (n_assets, n_times)
    square : mapping of (int, int) to ndarray of shape (n_times,)
        Entries of the symmetric matrix.
    """

    constant: float
    linear: FloatArray
    square: Mapping[Entry, FloatArray]


def grown(normals: FloatArray, roots: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Noise, roots times normals date by date, and spots, exponentials of the running sums of noise and means.

    Parameters
    ----------
    normals : ndarray, shape (n_assets, n_times, n_paths)
    roots : ndarray, shape (n_times, n_assets, n_assets)
        Lower triangular.
    mean : ndarray, shape (n_assets, n_times)
    """
    if (compiled := kernels("joint_moves")) is not None:
        noise, found = np.empty_like(normals), np.empty_like(normals)
        compiled.grow(normals, roots, mean, noise, found)
        return noise, found
    noise = np.ascontiguousarray((roots @ normals.transpose(1, 0, 2)).transpose(1, 0, 2))
    return noise, np.exp(np.cumsum(noise + mean[..., None], axis=1))


def scaled(precision: FloatArray, noise: FloatArray) -> FloatArray:
    """Symmetric matrices, (n_times, n_assets, n_assets), times noise, (n_assets, n_times, n_paths), date by date."""
    if (compiled := kernels("joint_moves")) is not None:
        found = np.empty_like(noise)
        compiled.scale(precision, noise, found)
        return found
    return np.ascontiguousarray((precision @ noise.transpose(1, 0, 2)).transpose(1, 0, 2))


def evaluated(forms: Sequence[Quadratic], u: FloatArray) -> FloatArray:
    """Quadratic forms of vectors u, shape (n_assets, n_times, n_paths); shape (n_forms, n_paths)."""
    found = np.repeat(np.array([[form.constant] for form in forms]).reshape(-1, 1), u.shape[-1], axis=1)
    linear = np.stack([form.linear for form in forms])
    for asset, own in enumerate(u):
        if (rows := np.flatnonzero(linear[:, asset].any(axis=1))).size:
            found[rows] += linear[rows, asset] @ own
    for j, k in dict.fromkeys(entry for form in forms for entry in form.square):
        users = [i for i, form in enumerate(forms) if (j, k) in form.square]
        factors = np.stack([forms[i].square[j, k] for i in users]) * (1.0 if j == k else 2.0)
        found[users] += factors @ (u[j] * u[k])
    return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointMoves:
    """Moves of several log-spots over the intervals between some dates, on given paths.

    Parameters
    ----------
    noise : ndarray, shape (n_assets, n_times, n_paths)
        Moves of the log-spots less their means.
    terms : JointTerms
        Their covariances, and the derivatives of these and of the means.
    path : JointSteps, optional
        How paths travel; None: the law does not say, and nothing may travel.
    """

    noise: FloatArray
    terms: JointTerms
    path: JointSteps | None = None
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def last(self) -> dict[Any, Any]:
        """What was last computed of the paths that is too large to be kept for long."""
        return once(self._known, "last", dict[Any, Any])

    @property
    def logs(self) -> FloatArray:
        """The log-spots, shape (n_assets, n_times, n_paths)."""

        def logs() -> FloatArray:
            found = self.noise + self.terms.mean[..., None]
            for each in found:
                cumulated(each)
            return found

        return once(self._known, "logs", logs)

    @property
    def scaled(self) -> FloatArray:
        """The noise times the inverse of its covariance, shape (n_assets, n_times, n_paths)."""
        return once(self._known, "scaled", lambda: scaled(self.terms.precision, self.noise))

    def weights(self, needed: Iterable[Derivative], rate: float) -> dict[Derivative, FloatArray]:
        """First- and second-order weights, shape (n_paths,); nothing lies beneath, so the `rate` does not matter."""
        asked = list(needed)
        firsts = dict.fromkeys((name,) for d in asked for name in d)
        pairs = [d for d in asked if len(d) == 2]
        of = dict(zip([*firsts, *pairs], self._evaluated([*firsts, *pairs]), strict=True))
        return {d: of[d] if len(d) == 1 else of[d[:1]] * of[d[1:]] + of[d] for d in asked}

    def weight(self, name: str, rate: float) -> FloatArray:
        """First-order weight: derivative of the log-density of the moves, shape (n_paths,)."""
        return self._evaluated([(name,)])[0]

    def curvature(self, pair: Derivative, rate: float) -> FloatArray:
        """Derivative of the weight in ``pair[0]`` along ``pair[1]``, shape (n_paths,)."""
        return self._evaluated([pair])[0]

    def scores(self, names: Iterable[str]) -> FloatArray:
        """Derivatives of the log-density of all that was drawn, shape (n_names, n_paths)."""
        return np.stack(self._evaluated([(name,) for name in names]))

    def hessian(self, pairs: Iterable[Derivative]) -> FloatArray:
        """Second derivatives of the log-density of all that was drawn, shape (n_pairs, n_paths)."""
        return np.stack(self._evaluated(pairs))

    def _evaluated(self, derivatives: Iterable[Derivative]) -> list[FloatArray]:
        """Derivatives of the log-density; those that are not known yet all at once."""
        keys = [tuple(sorted(derivative)) for derivative in derivatives]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        if new:
            forms = [log_density_form(self.terms, key) for key in new]
            self._known.update(zip(new, evaluated(forms, self.scaled), strict=True))
        return [self._known[key] for key in keys]


def log_density_form(terms: JointTerms, derivative: Derivative) -> Quadratic:
    """A first or second derivative of the log-density."""
    if len(derivative) == 1:
        slope = terms.slope(derivative)
        trace = sum(
            float(row @ terms.precision[:, j, k]) * (1.0 if j == k else 2.0) for (j, k), row in slope.covariance.items()
        )
        return Quadratic(-0.5 * trace, slope.mean, {entry: 0.5 * row for entry, row in slope.covariance.items()})
    return _second(terms, derivative)


def _second(terms: JointTerms, pair: Derivative) -> Quadratic:
    bend, (a, b) = terms.slope(pair), (terms.slope((name,)) for name in pair)
    inverse = terms.precision
    linear, constant = bend.mean, -float(np.einsum("jt,tjk,kt->", a.mean, inverse, b.mean))
    moved = [x.matrices() if x.covariance else None for x in (a, b)]
    for other, matrices in ((b, moved[0]), (a, moved[1])):
        if matrices is not None and other.mean.any():
            linear = linear - np.einsum("tjk,tkl,lt->jt", matrices, inverse, other.mean)
    if moved[0] is None or moved[1] is None:
        square = bend.matrices() * 0.5
    else:
        product = moved[0] @ inverse @ moved[1]
        constant += 0.5 * float(np.einsum("tjk,tkj->", inverse, product))
        square = 0.5 * (bend.matrices() - product - product.transpose(0, 2, 1))
    constant -= 0.5 * float(np.einsum("tjk,tkj->", inverse, bend.matrices()))
    entries = [(j, k) for j in range(len(linear)) for k in range(j, len(linear)) if square[:, j, k].any()]
    return Quadratic(constant, linear, {(j, k): square[:, j, k] for j, k in entries})
