r"""The path's side of a change: how log-spots move when a parameter does and the normals stay.

Where steps are independent, the log-spots move by the sums of what the steps do,

.. math:: X_a = \sum m_a + \tfrac12\,n\,\frac{V_a}{V},

and the noise between some of the dates is normal with the sum of the variances. Where a step depends on the log-spot x
that it starts from, the motion is carried on,

.. math:: X_i = A_i X_{i-1} + b_i, \qquad A_i = 1 + \partial_x m_i + \tfrac12\,\partial_x V_i\,\frac{n_i}{V_i},
          \qquad b_i = m_{a,i} + \tfrac12\,V_{a,i}\,\frac{n_i}{V_i},

and no sum over dates has a law of its own. If the spot is changed after a step (a dividend is paid), both A and b of
that step are stretched by the derivative of the log-spot after the change in that before it. The law says which it is:
`Moves.path`.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.2 (tangents; 7.2.2 for
   a chain of steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..numerics.arrays import cumulated
from ..parameters import Derivative
from .moves import NONE, ONE, IndependentSteps, Moves, Slope, StateSteps, alike, spread, weighted

# -- steps that are independent ----------------------------------------------------------------------------------------


def between(moves: Moves, rows: Sequence[int]) -> Moves:
    """The moves between some of the dates, (n_rows, n_paths), with the same law of what is beneath.

    Raises
    ------
    TypeError
        If the law's steps are not independent.
    """
    ends = list(rows)
    if ends == list(range(len(moves.noise))):
        return moves
    _need_independence(moves)
    return Moves(_noise(moves, ends), _summed(moves.variance, ends), _Between(moves, ends), moves.path)


def speed(moves: Moves, names: Derivative, rate: float) -> tuple[FloatArray, FloatArray]:
    """Derivative of every move at fixed normals: a part, and a part per unit of its noise.

    Of one coordinate; of two, the derivative of that in the first along the second, the spots held fixed.
    """
    first, v = moves.slope(names[0], rate), moves.variance
    relative = NONE if first.variance is NONE else first.variance / v
    if len(names) == 1:
        return first.mean, NONE if relative is NONE else 0.5 * relative
    second, bend = moves.slope(names[1], rate), moves.bend(names, rate)
    assert bend is not None
    still = bend.mean - 0.5 * relative * second.mean
    if first.variance is NONE and bend.variance is NONE:
        return still, NONE
    return still, 0.5 * (bend.variance / v - relative * (second.variance / v))


def tangent(moves: Moves, names: Derivative, rate: float, ends: Sequence[int]) -> FloatArray:
    """Derivative of the log-spots at some dates: their `speed` up to there; broadcasts to (n_ends, n_paths).

    Raises
    ------
    TypeError
        If the law's steps are not independent.
    """
    _need_independence(moves)
    still, noisy = speed(moves, names, rate)
    reached = (np.arange(len(moves.noise)) <= np.asarray(ends, dtype=int)[:, None]).astype(float)
    found = reached @ spread(still, len(moves.noise))
    if noisy is NONE:
        return np.asarray(found)
    if alike(noisy):
        return np.asarray(found + noisy[0] * cumulated(_noise(moves, ends).copy()))
    if noisy.shape[1] == 1:
        return np.asarray(found + (reached * noisy[:, 0]) @ moves.noise)
    return np.asarray(found + reached @ (noisy * moves.noise))


def clock(moves: Moves, name: str, rate: float) -> FloatArray:
    """Derivative of the clock's reading at every date; broadcasts to (n_times, n_paths)."""
    return cumulated(spread(moves.slope(name, rate).variance, len(moves.noise)).copy())


def _need_independence(moves: Moves) -> None:
    if not isinstance(moves.path, IndependentSteps):
        raise TypeError(
            f"a law must say that its steps are independent (path = IndependentSteps()), got {_kind(moves)}"
        )


def _kind(moves: Moves) -> str:
    return type(moves.path).__name__


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Between:
    """Slopes of sums of moves."""

    moves: Moves
    ends: list[int]

    def slope(self, name: str, rate: float) -> Slope:
        """Sum first derivatives."""
        return self._coarse(self.moves.slope(name, rate))

    def bend(self, pair: Derivative, rate: float) -> Slope | None:
        """Sum second derivatives."""
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


def _noise(moves: Moves, ends: Sequence[int]) -> FloatArray:
    """Noise summed over the intervals that end at some dates, shape (n_ends, n_paths)."""
    return moves.remembered(("noise", tuple(ends)), lambda: _summed(moves.noise, list(ends)))


def _summed(rows: FloatArray, ends: list[int]) -> FloatArray:
    """Sums over the intervals that end at some rows, shape (n_ends, n_paths)."""
    found = np.empty((len(ends), rows.shape[1]))
    for row, first, end in zip(found, [0, *(end + 1 for end in ends)], ends, strict=False):
        np.add.reduce(rows[first : end + 1], axis=0, out=row)
    return found


# -- steps that depend on the state ------------------------------------------------------------------------------------


def carried_on(moves: Moves) -> FloatArray:
    """The factors A by which a motion of the log-spot before a step is carried on, shape (n_times, n_paths).

    Raises
    ------
    TypeError
        If the law does not say how its steps depend on their state.
    """
    path = moves.path
    if not isinstance(path, StateSteps):
        raise TypeError(
            f"a law must say how its steps depend on their state (path = StateSteps(...)), got {_kind(moves)}"
        )
    return moves.remembered("carried", lambda: _carried_on(moves, path))


def _carried_on(moves: Moves, path: StateSteps) -> FloatArray:
    if path.carried is not None:
        return path.carried()
    same = path.mean.shape == path.variance.shape == moves.variance.shape == moves.noise.shape
    if same and path.stretch is ONE and (compiled := kernels("state_steps")):
        return np.asarray(compiled.carried(path.mean, path.variance, moves.noise, moves.variance))
    factors = 1.0 + path.mean + 0.5 * path.variance * scores(moves)
    return np.broadcast_to(factors * path.stretch, moves.noise.shape)


def scores(moves: Moves) -> FloatArray:
    """Derivative of the log-density of every step in its mean, shape (n_times, n_paths)."""
    return moves.remembered("scores", lambda: moves.noise / moves.variance)


def pushed(moves: Moves, name: str, rate: float) -> FloatArray:
    """What a coordinate itself adds to every move at fixed normals, b; broadcasts to (n_times, n_paths)."""
    return moves.remembered(("pushed", name, rate), lambda: _pushed(moves, name, rate))


def _pushed(moves: Moves, name: str, rate: float) -> FloatArray:
    slope = moves.slope(name, rate)
    found = slope.mean
    if slope.variance is not NONE:
        same = slope.mean.shape == slope.variance.shape == moves.variance.shape == moves.noise.shape
        if same and (compiled := kernels("state_steps")):
            found = np.asarray(compiled.pushed(slope.mean, slope.variance, moves.noise, moves.variance))
        else:
            found = slope.mean + 0.5 * slope.variance * scores(moves)
    return found if stretch(moves) is ONE else found * stretch(moves)


def pushed_along(moves: Moves, name: str, rate: float, rows: FloatArray) -> FloatArray:
    """Sum over the steps of what a coordinate adds to them times `rows`, shape (n_paths,)."""
    slope = moves.slope(name, rate)
    if slope.first_only and stretch(moves) is ONE:
        return np.asarray((slope.mean[0] + 0.5 * slope.variance[0] * scores(moves)[0]) * rows[0])
    found = pushed(moves, name, rate)
    if found.shape == rows.shape and (compiled := kernels("state_steps")):
        return np.asarray(compiled.contracted(found, rows))
    return weighted(found, rows)


def pushed_again(moves: Moves, pair: Derivative, rate: float) -> FloatArray:
    """How `pushed` in one coordinate changes in another at the first step, the states held fixed; shape (n_paths,)."""
    a, b, bend = moves.slope(pair[0], rate), moves.slope(pair[1], rate), moves.bend(pair, rate)
    assert bend is not None
    relative = 0.5 * a.variance[0] / moves.variance[0]
    noisy = (0.5 * bend.variance[0] - relative * b.variance[0]) / moves.variance[0]
    return np.asarray(bend.mean[0] - relative * b.mean[0] + noisy * moves.noise[0])


def stretch(moves: Moves) -> FloatArray:
    """What happens to a motion between the end of a step and the start of the next; broadcasts to the noise."""
    return moves.path.stretch if isinstance(moves.path, StateSteps) else ONE
