"""Paths of independent steps between scored dates: tangents, bridges on the clock, levels held still.

The formulas are those of `handover` and of ``docs/mathematics.md``, section 4. They hold where sums of steps are normal
like the steps (`models.moves.IndependentSteps`), and are computed once a chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, final

import numpy as np

from .._compiled import kernels
from .._remembered import remembered
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Drawn
from ..models import travel
from ..models.moves import NONE, Moves, spread
from ..numerics.arrays import cumulated, once
from ..parameters import Derivative
from .handover import Handover, Hold, Skeleton

T = TypeVar("T")


@remembered(256)
def interpolation(clock: tuple[float, ...], skeleton: Skeleton) -> FloatArray:
    """The matrix P from scored to all dates, given the clock at them, shape (n_times, n_scored)."""
    nodes = np.concatenate([[0.0], np.asarray(clock)[list(skeleton)]])
    columns = [np.interp(clock, nodes, unit) for unit in np.eye(len(nodes))[1:]]
    return np.stack(columns, axis=1) if columns else np.zeros((len(clock), 0))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Skeletons:
    """How paths of independent steps move between the dates that are scored, shared by every payoff on them.

    Parameters
    ----------
    drawn : Drawn
        The weights of the estimate; the steps of its moves are independent.
    """

    drawn: Drawn
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def moves(self) -> Moves:
        """How the spots move."""
        assert isinstance(self.drawn.moves, Moves)
        return self.drawn.moves

    def remembered(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What was computed of these paths under a key, once."""
        return once(self._known, key, compute)

    @property
    def drifts(self) -> FloatArray | None:
        """Log-spots less the noise, where no path knows them; shape (n_times,)."""
        if self.moves.variance.shape[1] > 1:
            return None

        def drifts() -> FloatArray | None:
            found = np.log(self.drawn.spot[:, 0]) - np.cumsum(self.moves.noise[:, 0])
            return found if np.isfinite(found).all() else None

        return once(self._known, "drifts", drifts)

    def between(self, skeleton: Skeleton) -> Moves:
        """The moves between scored dates."""
        return once(self._known, ("between", skeleton), lambda: travel.between(self.moves, skeleton))

    def weights(self, handover: Handover, needed: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """First- and second-order weights."""
        return self.between(handover.skeleton).weights(needed, handover.rate)

    def gained(self, names: Sequence[str], handover: Handover) -> FloatArray:
        """Weights of first derivatives between scored dates less those of the estimate, shape (n_names, n_paths)."""

        def gained() -> FloatArray:
            between, own = self.between(handover.skeleton), self.drawn.weights
            return np.stack([between.weight(name, handover.rate) - own[name,] for name in names])

        return once(self._known, ("gained", tuple(names), handover), gained)

    def reached(self, skeleton: Skeleton) -> FloatArray:
        """The noise of all moves up to the scored dates, shape (n_scored, n_paths)."""
        return once(self._known, ("reached", skeleton), lambda: cumulated(self.between(skeleton).noise.copy()))

    def knows_slope(self, pair: Derivative, rate: float) -> bool:
        """Whether the motion's slope is known: not where both coordinates turn the clock under the bridges."""
        both_turn = all(self.moves.slope(name, rate).turns for name in pair)
        return self.moves.bend(pair, rate) is not None and not both_turn

    def handed(self, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """What scored dates get of a gradient at the first dates: its product with P; shape (n_scored, n_paths)."""
        variance, count = self.moves.variance, len(gradient)
        if variance.shape[1] == 1:

            def matrix() -> FloatArray:
                return interpolation(tuple(np.cumsum(variance[:, 0]).tolist()), skeleton)

            shares, compiled = once(self._known, ("interpolation", skeleton), matrix)[:count], kernels("travel")
            return compiled.shared(shares, gradient) if compiled else np.asarray(shares.T @ gradient)
        if compiled := kernels("clocked"):
            return np.asarray(compiled.handed(gradient, self.shares(skeleton), np.asarray(starts(skeleton))))
        inner, begun = gradient[: skeleton[-1] + 1], starts(skeleton)
        found = np.add.reduceat(inner * self.shares(skeleton), begun, axis=0)
        found[:-1] += np.add.reduceat(inner, begun, axis=0)[1:] - found[1:]
        found[-1] += gradient[skeleton[-1] + 1 :].sum(axis=0)
        return found

    def shares(self, skeleton: Skeleton) -> FloatArray:
        """Share of the clock between scored dates that has run at every date, up to the last scored one."""

        def shares() -> FloatArray:
            clock = cumulated(self.moves.variance[: skeleton[-1] + 1].copy())
            ends = clock[list(skeleton)]
            begun = np.concatenate([np.zeros((1, clock.shape[1])), ends[:-1]])
            for before, length, start, end in zip(begun, ends - begun, starts(skeleton), skeleton, strict=True):
                clock[start : end + 1] -= before
                clock[start : end + 1] /= length
            return clock

        return once(self._known, ("shares", skeleton), shares)

    def speed(self, names: Derivative, rate: float) -> tuple[FloatArray, FloatArray]:
        """The motion of every move, in one coordinate, or its slope along a second one: see `travel.speed`."""
        return once(self._known, ("speed", names, rate), lambda: travel.speed(self.moves, names, rate))

    def still(self, names: Derivative, rate: float) -> tuple[FloatArray, int]:
        """Under a clock that no path knows: the still motions of all coordinates, (n_names, n_times), and one's row."""
        first: list[Derivative] = [d for d in self.drawn.weights if len(d) == 1]
        listed = first if names in first else [names]

        def rows() -> FloatArray:
            count = len(self.moves.noise)
            return np.stack([spread(self.speed(d, rate)[0], count)[:, 0] for d in listed])

        return once(self._known, ("still", rate, listed[0]), rows), listed.index(names)

    def tangent(self, names: Derivative, handover: Handover) -> FloatArray:
        """The tangent, or its slope, at the scored dates; broadcasts to (n_scored, n_paths)."""
        return once(
            self._known, ("tangent", names, handover),
            lambda: travel.tangent(self.moves, names, handover.rate, handover.skeleton),
        )  # fmt: skip

    def shifts(self, hold: Hold, rate: float) -> dict[str, FloatArray]:
        """Changes of the drift that hold a level, coordinate by coordinate, up to every date; shape (n_times,).

        On a clock that no path knows, the tangent's mean given that the spot is at the level. Coordinates that
        move the first interval alone have none: theirs would be a skeleton's.
        """

        def shifts() -> dict[str, FloatArray]:
            taken, turns = (rows[:, 0] for rows in self.held(hold))
            found = {}
            for (name,) in (d for d in self.drawn.weights if len(d) == 1):
                slope = self.moves.slope(name, rate)
                if slope.variance is NONE and not slope.mean[1:].any():
                    continue
                mean, turned = (np.cumsum(spread(r, len(turns))[:, 0]) for r in (slope.mean, slope.variance))
                found[name] = taken * (mean + turned * turns)
            return found

        return once(self._known, ("shifts", hold, rate), shifts)

    def held(self, hold: Hold) -> tuple[FloatArray, FloatArray]:
        """What of a motion up to a date the drift that holds a level takes back, and what of the clock's in its units.

        Each of shape (n_times, 1): `shifts` is the first times what the means have moved, and the second times what the
        clock has.
        """
        spot, noise, clock = self.drawn.spot[:, 0], self.moves.noise[:, 0], np.cumsum(self.moves.variance[:, 0])
        times = np.asarray(self.drawn.paths.times)
        away = np.log(hold.level / spot) + np.cumsum(noise)  # noise up to there, at the level
        taken = np.minimum(times / (hold.reach * times[-1]), 1.0)
        return taken[:, None], (0.5 / clock * away)[:, None]

    @property
    def differences(self) -> FloatArray:
        """Scores of the means of moves less those of the next, shape (n_times, n_paths)."""

        def differences() -> FloatArray:
            scores = self.moves.noise / self.moves.variance
            scores[:-1] -= scores[1:]
            return np.asarray(scores)

        return once(self._known, "differences", differences)

    def drift_weights(self, hold: Hold, rate: float) -> dict[str, FloatArray]:
        """Weights of these changes of the drift, shape (n_paths,)."""

        def weights() -> dict[str, FloatArray]:
            shifts = self.shifts(hold, rate)
            moved = np.diff(np.stack(list(shifts.values())), prepend=0.0) / self.moves.variance[:, 0]
            return dict(zip(shifts, moved @ self.moves.noise, strict=True))

        return once(self._known, ("drift weights", hold, rate), weights)

    def turning(self, names: Derivative, handover: Handover) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """How bridges move as the clock turns under them: what turns, factors between scored dates, the clock's motion.

        For one coordinate half the noise over the variance; for the slope of the motion in the first along a second,
        less that of the noise, and less the tangent over the variance as the second turns the clock.
        """
        rate, blocks, first = handover.rate, self.between(handover.skeleton), names[0]
        if self.moves.slope(first, rate).turns:
            noise = blocks.noise if len(names) == 1 else -blocks.slope(names[1], rate).mean
            what = "noise" if len(names) == 1 else f"mean along {names[1]} at {rate}"
            yield what, 0.5 * noise / blocks.variance, self._clock(first, rate)
        if len(names) == 2 and self.moves.slope(names[1], rate).turns:
            ends = self.tangent((first,), handover)
            what = f"tangent in {first} at {rate}"
            yield what, -np.diff(ends, axis=0, prepend=0.0) / blocks.variance, self._clock(names[1], rate)

    def _clock(self, name: str, rate: float) -> FloatArray:
        return once(self._known, ("clock", name, rate), lambda: travel.clock(self.moves, name, rate))


def starts(skeleton: Skeleton) -> list[int]:
    """First rows between scored dates."""
    return [0, *(end + 1 for end in skeleton[:-1])]
