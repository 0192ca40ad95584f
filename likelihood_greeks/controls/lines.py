r"""Paths of independent steps along a fixed direction of their normals: where events happen, how the line moves.

With :math:`u` the normals of the steps and :math:`d` a unit vector, :math:`Z = d\cdot u` is normal and independent of
the rest, and

.. math:: \log S_i = b_i + \ell_i Z, \qquad \ell_i = \sum_{l \le i} \sqrt{V_l}\, d_l > 0 .

The direction does not move with the parameters, so that the tangent at fixed normals is straight in Z as well:
:math:`\dot b_i + \dot\ell_i Z`. That some spot is above its level begins, and that every one is below ends, at the
first (last) of the points :math:`(\log L_i - b_i)/\ell_i`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias, final, get_args

import numpy as np

from .._compiled import kernels
from .._typing import AnyArray, FloatArray
from ..models.moves import NONE, Moves, alike, spread
from ..numerics.arrays import cumulated, once
from .motions import Motions, motions
from .skeletons import Skeletons

Direction: TypeAlias = Literal["the final spot", "the first principal component"]
"""Along which the final spot is all that is drawn, or which moves the spots of a Brownian motion most."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Where the first (last) spot is at its level, path by path.

    Attributes
    ----------
    point : ndarray, shape (n_paths,)
        On the line.
    row : ndarray of int, shape (n_paths,)
        The date whose spot is at the level there.
    length : ndarray, shape (n_paths or 1,)
        How far the log-spot of that date moves along a unit of the line.
    noise : ndarray, shape (n_paths,)
        The noise of all moves up to that date; empty where it is not needed.
    """

    point: FloatArray
    row: AnyArray
    length: FloatArray
    noise: FloatArray


class Push(NamedTuple):
    """What a quantity gains as log-spots move: its derivatives in those of some dates where the paths are, and in their
    lengths, each of shape (n_rows, n_paths); and those in the log-spots at crossings.
    """  # fmt: skip

    rows: AnyArray
    still: FloatArray
    along: FloatArray
    crossings: Sequence[tuple[Crossings, FloatArray]]


@final
@dataclass(frozen=True, eq=False)
class Line:
    """The paths of one chunk along a direction of their normals, shared by every payoff on them.

    Parameters
    ----------
    skeletons : Skeletons
    direction : Direction
    known : dict, optional
        What has been computed already.
    """

    skeletons: Skeletons
    direction: Direction
    known: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def moves(self) -> Moves:
        """How the spots move."""
        return self.skeletons.moves

    @cached_property
    def shares(self) -> FloatArray:
        """What a unit of the line adds to every move, shape (n_times, n_paths or 1)."""
        variance, times = spread(self.moves.variance, len(self.moves.noise)), self.skeletons.drawn.paths.times
        weights = step_weights(self.direction, np.asarray(times))[:, None]
        return np.asarray(weights * variance / np.sqrt((weights**2 * variance).sum(axis=0)))

    @cached_property
    def lengths(self) -> FloatArray:
        """What a unit of the line adds to every log-spot, shape (n_times, n_paths or 1)."""
        return _so_far(self.shares)

    @cached_property
    def place(self) -> FloatArray:
        """Where the paths are on the line, shape (n_paths,)."""
        return self.moves.along(self.shares / self.moves.variance)

    def logs(self, rows: AnyArray) -> FloatArray:
        """Log-spots of some dates where the paths are, shape (n_rows, n_paths)."""
        return np.asarray(np.log(self.skeletons.drawn.spot[rows]))

    def handed(self, name: str, rate: float) -> FloatArray:
        """What a coordinate hands over beneath the spots, shape (n_paths or 1,)."""
        return self.moves.slope(name, rate).handed

    @cached_property
    def end(self) -> Crossings:
        """The last date, where the paths are."""
        last = np.array(len(self.moves.noise) - 1)
        return Crossings(self.place, last, self.lengths[-1], self.moves.noise.sum(axis=0))

    def nearest(self, rows: AnyArray, levels: FloatArray, last: bool) -> Crossings:
        """Where, of several dates, the first (last) spot is at its level."""
        return once(
            self.known, ("nearest", rows.tobytes(), levels.tobytes(), last), lambda: self._nearest(rows, levels, last)
        )  # fmt: skip

    def _nearest(self, rows: AnyArray, levels: FloatArray, last: bool) -> Crossings:
        sign = -1.0 if last else 1.0
        if self._drifts is None:
            away, row, noise = self._nearest_of_spots(rows, levels, sign)
        else:
            gaps, watched = -self._drifts, np.zeros(len(self._drifts), dtype=bool)
            gaps[rows] += np.log(levels)
            watched[rows] = True
            away, row, noise = _nearest(self.moves.noise, gaps, sign / self.lengths[:, 0], watched)
        return Crossings(self.place + sign * away, row, taken(self.lengths, row), noise)

    @property
    def _drifts(self) -> FloatArray | None:
        """Log-spots less the noise, where no path knows them; shape (n_times,)."""
        return self.skeletons.drifts

    @property
    def knows_drifts(self) -> bool:
        """Whether log-spots less the noise are the same on all paths."""
        return self._drifts is not None

    def motions(self, names: Sequence[str], rate: float) -> Motions | None:
        """Motions in several coordinates; None where paths know the drifts or the clock."""
        return motions(self.skeletons, names, rate) if self.knows_drifts else None

    @property
    def arrays(self) -> tuple[Any, ...]:
        """By date drifts and lengths, and the first move's noise and what the line adds to it."""
        return self._drifts, self.lengths[:, 0].copy(), self.moves.noise[0], float(self.shares[0, 0])

    def drifts_at(self, rows: AnyArray) -> FloatArray:
        """Log-spots of some dates less the noise, where no path knows them; shape (n_rows,)."""
        assert self._drifts is not None
        return self._drifts[rows]

    def _nearest_of_spots(
        self, rows: AnyArray, levels: FloatArray, sign: float
    ) -> tuple[FloatArray, AnyArray, FloatArray]:
        """The same under a clock that every path has for itself, from the spots."""
        away = np.log(levels[:, None] / self.skeletons.drawn.spot[rows])
        away *= sign / self.lengths[rows]
        nearest = away.argmin(axis=0)
        return taken(away, nearest), rows[nearest], taken(self.reached, rows[nearest])

    def tangent(self, name: str, rate: float, where: Crossings) -> tuple[FloatArray, FloatArray]:
        """At a date of its own for every path: how the log-spot moves where the path is, and by how much a unit of the
        line adds to that; each of shape (n_paths or 1,).
        """  # fmt: skip
        still, noisy = self.skeletons.speed((name,), rate)
        total = once(self.known, (name, rate), lambda: _so_far(spread(still, len(self.moves.noise))))
        moved = taken(total, where.row)
        if noisy is NONE:
            return moved, np.zeros(1)
        if alike(noisy):
            return moved + noisy[0] * where.noise, noisy[0] * where.length
        if noisy.shape[1] == 1 and not noisy[1:].any():
            return moved + noisy[0] * self.moves.noise[0], noisy[0] * self.shares[0]
        reached, length = once(self.known, (name, rate, "noisy"), lambda: self._turned(noisy))
        return moved + taken(reached, where.row), taken(length, where.row)

    def gained(self, name: str, rate: float, push: Push, known: dict[Hashable, Any]) -> FloatArray:
        """The derivative of a quantity along the tangent in a coordinate, normals held fixed; shape (n_paths,).

        `known` keeps what is computed of the quantity.
        """
        found = self.pulled(name, rate, push.rows, push.still, push.along)
        for crossings, density in push.crossings:
            there, stretch = self.tangent(name, rate, crossings)
            found = found + density * (there + stretch * (crossings.point - self.place))
        return found

    def pulled(self, name: str, rate: float, rows: AnyArray, still: FloatArray, lengths: FloatArray) -> FloatArray:
        """How a quantity moves, given its derivatives in the log-spots of some dates where the paths are, and in their
        lengths; each of shape (n_rows, n_paths).
        """  # fmt: skip
        motion, noisy = self.skeletons.speed((name,), rate)
        total = once(self.known, (name, rate), lambda: _so_far(spread(motion, len(self.moves.noise))))
        found = _contracted(total[rows], still)
        if noisy is NONE:
            return found
        if alike(noisy):
            carried = _contracted(self.reached[rows], still) + _contracted(self.lengths[rows], lengths)
            return np.asarray(found + noisy[0] * carried)
        if noisy.shape[1] == 1 and not noisy[1:].any():
            moved = self.moves.noise[0] * still.sum(axis=0) + self.shares[0] * lengths.sum(axis=0)
            return np.asarray(found + noisy[0] * moved)
        reached, length = once(self.known, (name, rate, "noisy"), lambda: self._turned(noisy))
        return found + _contracted(reached[rows], still) + _contracted(length[rows], lengths)

    def _turned(self, noisy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """At all dates: what the noise adds to a motion, and what a unit of the line adds to that."""
        return _so_far(noisy * self.moves.noise), _so_far(noisy * self.shares)

    @cached_property
    def reached(self) -> FloatArray:
        """The noise of all moves up to every date, shape (n_times, n_paths)."""
        return _so_far(self.moves.noise)


def _nearest(
    noise: FloatArray, gaps: FloatArray, scales: FloatArray, watched: AnyArray
) -> tuple[FloatArray, AnyArray, FloatArray]:
    """The least of (gap - noise so far) * scale over the watched dates; its date, and the noise up to there."""
    if compiled := kernels("lines"):
        found = compiled.nearest(noise, gaps, scales, watched)
        return found[0], found[1], found[2]
    reached, rows = _so_far(noise), np.flatnonzero(watched)
    away = (gaps[rows, None] - reached[rows]) * scales[rows, None]
    first = away.argmin(axis=0)
    return taken(away, first), rows[first], taken(reached, rows[first])


def _so_far(rows: FloatArray) -> FloatArray:
    """Running sums over the dates."""
    return np.cumsum(rows, axis=0) if rows.shape[1] == 1 else cumulated(rows.copy())


def _contracted(factors: FloatArray, rows: FloatArray) -> FloatArray:
    """Sum over the dates of factors, (n_rows, n_paths or 1), times rows."""
    if not len(rows):
        return np.zeros(rows.shape[1])
    return np.asarray(factors[:, 0] @ rows if factors.shape[1] == 1 else np.einsum("ij,ij->j", factors, rows))


def taken(rows: FloatArray, which: AnyArray) -> FloatArray:
    """Of rows, (n_times, n_paths or 1), those given path by path, or one for all; shape (n_paths or 1,)."""
    if rows.shape[1] == 1 or which.ndim == 0:
        return np.atleast_1d(rows[which, 0] if rows.shape[1] == 1 else rows[which])
    return np.asarray(rows[which, np.arange(rows.shape[1])])


def step_weights(direction: Direction, times: FloatArray) -> FloatArray:
    """By which a direction weighs the steps in units of their deviations, > 0."""
    if direction == "the final spot":
        return np.ones(len(times))
    middles = times - 0.5 * np.diff(times, prepend=0.0)
    return np.asarray(np.cos(0.5 * np.pi * middles / times[-1]))
