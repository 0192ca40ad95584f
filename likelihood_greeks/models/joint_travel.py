r"""The path's side of a change of several log-spots: how they move at fixed normals, and between scored dates.

As in `travel`, with matrices: the log-spots move by the sums over the steps of

.. math:: m_a + \tfrac12\,V_a V^{-1} n = m_a + \tfrac12\,V_a\,u,

a motion that keeps the law normal with the moved covariance (any root of V would do as well). Between scored dates a
path is, in the mean, at :math:`S_i` times the sum of its moves there, with the share
:math:`S_i = V_{0i}\,W^{-1}` of the covariance up to there in that of all, W. Where all steps are multiples of one
matrix it is a number; where the clocks of the assets differ it turns as they do,

.. math:: \partial_a S_i = (\partial_a V_{0i} - S_i\,\partial_a W)\,W^{-1}.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.2 (tangents).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._remembered import remembered
from .._typing import AnyArray, FloatArray
from ..numerics.arrays import once
from ..parameters import Derivative
from .joint_moves import Entry, JointMoves, JointSlope, JointSteps, JointTerms

NOTHING = 1e-11  # relative size below which an entry is a rounding error


@final
@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Derivatives of the moves at fixed normals: ``still + turned u``.

    Attributes
    ----------
    still : ndarray, shape (n_assets, n_times)
    turned : mapping of (int, int) to ndarray of shape (n_times,)
        Entries of the matrices, by asset that moves and by entry of u.
    """

    still: FloatArray
    turned: Mapping[Entry, FloatArray]


def motion(terms: JointTerms, names: Derivative) -> Motion:
    """The motion in one coordinate, or the derivative of that in the first along the second, the path held fixed."""
    slope = terms.slope(names)
    if len(names) == 1:
        half = {entry: 0.5 * row for entry, row in slope.covariance.items()}
        return Motion(slope.mean, {**half, **{(k, j): row for (j, k), row in half.items()}})
    first, second = (terms.slope((name,)) for name in names)
    relative = 0.5 * first.matrices() @ terms.precision
    still = slope.mean - np.einsum("tjk,kt->jt", relative, second.mean)
    return Motion(still, entries(0.5 * slope.matrices() - relative @ second.matrices()))


@final
@dataclass(frozen=True, slots=True, eq=False)
class MotionByAsset:
    """Derivatives of the moves at fixed normals, ``still + own n + turned u``: each noise with its own variance, and
    what the covariances then still lack.

    Any root of the covariance will do; with this one a volatility moves no asset but its own.

    Attributes
    ----------
    still, own : ndarray, shape (n_assets, n_times)
    turned : mapping of (int, int) to ndarray of shape (n_times,)
    """  # fmt: skip

    still: FloatArray
    own: FloatArray
    turned: Mapping[Entry, FloatArray]

    def matrices(self, precision: FloatArray) -> FloatArray:
        """By which the noise moves, shape (n_times, n_assets, n_assets)."""
        n_assets, n_times = self.own.shape
        found = np.zeros((n_times, n_assets, n_assets))
        for (j, k), row in self.turned.items():
            found[:, j, k] = row
        return found @ precision + self.own.T[:, :, None] * np.eye(n_assets)


@remembered(1024)  # the same on every chunk
def motion_by_asset(terms: JointTerms, name: str) -> MotionByAsset:
    """The motion in one coordinate."""
    slope, covariance = terms.slope((name,)), terms.covariance
    own = np.zeros_like(slope.mean)
    for (j, k), row in slope.covariance.items():
        if j == k:
            own[j] = 0.5 * row / covariance[:, j, j]
    moved = slope.matrices()
    rest = moved - (own.T[:, :, None] + own.T[:, None, :]) * covariance
    rest[np.abs(rest) <= NOTHING * np.abs(moved).max(initial=0.0)] = 0.0
    return MotionByAsset(slope.mean, own, entries(0.5 * rest))


def entries(matrices: FloatArray) -> dict[Entry, FloatArray]:
    """The entries of some matrices, shape (n_times, n_assets, n_assets), that are not zero."""
    size = np.abs(matrices).max(initial=0.0)
    places = np.argwhere(np.abs(matrices).max(axis=0, initial=0.0) > NOTHING * size).tolist() if size else []
    return {(j, k): np.ascontiguousarray(matrices[:, j, k]) for j, k in places}


def bilinear(forms: Sequence[Mapping[Entry, FloatArray]], left: FloatArray, right: FloatArray) -> FloatArray:
    """Sums over the dates of left vectors times matrices times right vectors, for several matrices at once.

    Parameters
    ----------
    forms : sequence of mapping
        Entries of the matrices by date.
    left, right : ndarray, shape (n_assets, n_times, n_paths)

    Returns
    -------
    ndarray, shape (n_forms, n_paths)
    """
    found = np.zeros((len(forms), left.shape[-1]))
    for j, k in dict.fromkeys(entry for form in forms for entry in form):
        users = [i for i, form in enumerate(forms) if (j, k) in form]
        found[users] += np.stack([forms[i][j, k] for i in users]) @ (left[j] * right[k])
    return found


# -- between scored dates ----------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a law says about the sums of its moves between scored dates: terms themselves.

    Parameters
    ----------
    terms : JointTerms
    ends : tuple of int
        Rows of the scored dates.
    """

    terms: JointTerms
    ends: tuple[int, ...]
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Dates up to the last scored one."""
        return self.ends[-1] + 1

    @property
    def starts(self) -> list[int]:
        """First rows between scored dates."""
        return [0, *(end + 1 for end in self.ends[:-1])]

    @property
    def block(self) -> AnyArray:
        """For every date up to the last scored one, between which it lies."""
        return np.repeat(np.arange(len(self.ends)), np.diff([-1, *self.ends]))

    @property
    def mean(self) -> FloatArray:
        """Means of the sums, shape (n_assets, n_scored)."""
        return once(self._known, "mean", lambda: self.summed(self.terms.mean, 1))

    @property
    def covariance(self) -> FloatArray:
        """Covariances of the sums, shape (n_scored, n_assets, n_assets)."""
        return once(self._known, "covariance", lambda: self.summed(self.terms.covariance, 0))

    @property
    def precision(self) -> FloatArray:
        """Their inverses."""
        return once(self._known, "precision", lambda: np.asarray(np.linalg.inv(self.covariance), dtype=float))

    def summed(self, rows: FloatArray, axis: int) -> FloatArray:
        """Sums over the intervals between scored dates, the dates lying along an axis."""
        if axis == 0:
            return np.asarray(np.add.reduceat(rows[: self.count], self.starts, axis=0))
        found = np.empty((len(rows), len(self.ends), *rows.shape[2:]))
        for k, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            np.add.reduce(rows[:, start : end + 1], axis=1, out=found[:, k])
        return found

    def slope(self, names: Derivative) -> JointSlope:
        """Derivatives of means and covariances of the sums."""

        def slope() -> JointSlope:
            fine = self.terms.slope(names)
            return JointSlope(
                self.summed(fine.mean, 1), {at: self.summed(row, 0) for at, row in fine.covariance.items()}
            )

        return once(self._known, ("slope", names), slope)

    def shares(self, names: Derivative = ()) -> FloatArray:
        """The shares, or derivatives of them, shape (count, n_assets, n_assets); all zero if they do not move."""
        return once(self._known, ("shares", names), lambda: self._shares(names))

    @property
    def share(self) -> FloatArray | None:
        """The shares as numbers, shape (count,), where they are multiples of the unit matrix."""
        shares = self.shares()
        numbers = shares[:, 0, 0]
        alike = np.abs(shares - numbers[:, None, None] * np.eye(shares.shape[1])).max() <= NOTHING
        return numbers if alike else None

    def interpolation(self, n_times: int) -> FloatArray | None:
        """The matrix from scored to all dates, shape (n_times, n_scored), where shares are numbers."""

        def matrix() -> FloatArray | None:
            if (share := self.share) is None:
                return None
            found, rows = np.zeros((n_times, len(self.ends))), np.arange(self.count)
            found[rows, self.block] = share
            later = self.block > 0
            found[rows[later], self.block[later] - 1] = 1.0 - share[later]
            found[self.count :, -1] = 1.0
            return found

        return once(self._known, ("interpolation", n_times), matrix)

    def _shares(self, names: Derivative) -> FloatArray:
        slope = self.terms.slope(names).matrices() if names else self.terms.covariance
        partial, inverse = slope[: self.count].copy(), self.precision[self.block]
        for start, end in zip(self.starts, self.ends, strict=True):
            np.cumsum(slope[start : end + 1], axis=0, out=partial[start : end + 1])
        found, size = partial, np.abs(partial @ inverse).max(initial=0.0)
        if len(names) == 1:
            found = partial - self.shares() @ self._whole(names)
        if len(names) == 2:
            first, second = names[:1], names[1:]
            found = partial - self.shares() @ self._whole(names)
            found = found - self.shares(second) @ self._whole(first) - self.shares(first) @ self._whole(second)
        found = found @ inverse
        return np.where(np.abs(found) > NOTHING * size, found, 0.0) if names else found

    def _whole(self, names: Derivative) -> FloatArray:
        """Derivatives of the covariances of the sums, for every date those of the sum it lies in."""
        return self.slope(names).matrices()[self.block]


@remembered(512)  # the same on every chunk
def scored(terms: JointTerms, ends: tuple[int, ...]) -> Scored:
    """What a law says about the sums of its moves between scored dates."""
    return Scored(terms, ends)


def between(moves: JointMoves, ends: tuple[int, ...]) -> JointMoves:
    """The moves between some of the dates.

    Raises
    ------
    TypeError
        If the law does not say that its steps are independent of the state.
    """
    if ends == tuple(range(moves.noise.shape[1])):
        return moves
    if not isinstance(moves.path, JointSteps):
        raise TypeError(f"a law must say that its steps are independent (path = JointSteps()), got {moves.path!r}")
    found = scored(moves.terms, ends)
    return JointMoves(found.summed(moves.noise, 1), found, moves.path)
