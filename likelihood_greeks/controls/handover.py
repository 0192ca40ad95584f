r"""Handing over: which part of a perturbation travels with the path, and which with the measure.

A change of a parameter moves the law of the path. Let it move the *path*, by its tangent
:math:`X_i = \partial_\theta \log S_i` at fixed normals, until the next date of a chosen *skeleton*; there it is handed
to the *measure*, by scoring the law of the skeleton. Between scored dates the path then moves by its tangent less the
tangent's interpolation on the clock (the mean of the Brownian bridge, P), and as the clock turns under the bridge,

.. math:: \dot x = X - P X_{\text{skeleton}} + \tfrac12 \dot P\, n_{\text{skeleton}},

zero at time 0 and constant after the last scored date (n: the noise between scored dates). Beneath the spot a variance
moves and is handed over at a *rate* (`heston.variance_path`). Together they make a `Handover`: the empty skeleton
with rate zero is the pathwise method, all dates with rate infinity the full likelihood ratio. For a Lipschitz payoff g
every one gives an unbiased integrand

.. math:: g\,w_\theta + \nabla g \cdot \dot x,

so that, with a relaxed payoff for g, its difference from the integrand of the estimate has mean zero for any width and
any handover; where all dates are scored, nothing of the spot travels, and the payoff need not be relaxed. A second
derivative scores the first-order integrand once more (all dates), path of spots held fixed.

Where a payoff jumps at a level B on many dates, a moving path that crosses it is what makes noise. On a clock V that no
path knows the tangent has, given :math:`\log S_i`, the mean :math:`\alpha_i + \beta_i(\log S_i - m_i)`; for the
volatility it is just that. So the drift

.. math:: \psi_i = r_i\,[\alpha_i + \beta_i(\log B - m_i)], \qquad r_i = \min(t_i/\tau, 1),

takes the path back to where it was if it was at B. It is deterministic, and is handed to the measure: with
:math:`\dot x = X - \psi` and the weight :math:`w = \sum n_i\,\Delta\psi_i/V_i` (Girsanov) the integrand is unbiased
again, the level is *held* from :math:`\tau` on, and there the relaxation may be as narrow as it likes: a `Hold`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar, final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, Drawn, sum_of
from ..models.moves import LIKELIHOOD_RATIO, NONE, Moves, alike, spread, weighted
from ..numerics.arrays import cumulated, once
from ..parameters import TIME, Derivative

T = TypeVar("T")
ROUNDING = 1e-9  # of what it is the difference of: below, a control is identically zero
Skeleton: TypeAlias = tuple[int, ...]
"""Rows of the scored dates, increasing."""


@final
@dataclass(frozen=True, slots=True)
class Hold:
    """A level across which no path is to travel.

    Parameters
    ----------
    level : float
        Currency, > 0.
    reach : float
        Share of the time to the last date from which on it is held.
    """

    level: float
    reach: float


@final
@dataclass(frozen=True, slots=True)
class Handover:
    """Where perturbations are handed from the path to the measure.

    Parameters
    ----------
    skeleton : tuple of int
        Rows of the scored dates, increasing.
    rate : float
        Per year, for what moves beneath the spot; infinite: at once.
    hold : Hold, optional
        What is handed over is the drift that keeps a level where it is; then no dates are scored.
    """

    skeleton: Skeleton
    rate: float = LIKELIHOOD_RATIO
    hold: Hold | None = None


def beneath(rate: float) -> str:
    """What happens beneath the spot at a rate, in words, with a comma before."""
    known = {LIKELIHOOD_RATIO: "", 0.0: ", variance flow"}
    return known.get(rate, f", variance handed over at {rate:g} a year")


def candidates(times: Sequence[float]) -> list[Skeleton]:
    """Skeletons worth trying: none, and 1, 4 and 16 blocks of about equal length, all coarser than the dates."""
    grid = np.asarray(times)
    found: dict[Skeleton, None] = {(): None}
    for blocks in (1, 4, 16):
        ends = grid[-1] * np.arange(1, blocks + 1) / blocks
        rows = tuple(sorted({int(np.argmin(np.abs(grid - end))) for end in ends}))
        if len(rows) < len(grid):
            found[rows] = None
    return list(found)


@lru_cache(maxsize=256)
def interpolation(clock: tuple[float, ...], skeleton: Skeleton) -> FloatArray:
    """The matrix P from scored to all dates, given the clock at them, shape (n_times, n_scored)."""
    nodes = np.concatenate([[0.0], np.asarray(clock)[list(skeleton)]])
    columns = [np.interp(clock, nodes, unit) for unit in np.eye(len(nodes))[1:]]
    return np.stack(columns, axis=1) if columns else np.zeros((len(clock), 0))


def carried(noise: FloatArray, gradient: FloatArray) -> FloatArray:
    """Sum over the dates of a gradient times the sum of the noise so far, shape (n_paths,)."""
    compiled = kernels("travel")
    return compiled.carried(noise, gradient) if compiled else np.einsum("ij,ij->j", gradient, noise.cumsum(axis=0))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How the paths of one chunk move, computed once and shared by every payoff on them.

    Parameters
    ----------
    model : PathModel
    drawn : Drawn
        The weights of the estimate.
    """

    model: Any
    drawn: Drawn
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def moves(self) -> Moves:
        """How the spots move, of a model that says so."""
        assert self.drawn.moves is not None
        return self.drawn.moves

    def shared(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What is computed once for all payoffs on these paths."""
        return once(self._known, key, compute)

    def between(self, skeleton: Skeleton) -> Moves:
        """The moves between scored dates."""
        return once(self._known, ("between", skeleton), lambda: self.moves.between(skeleton))

    def weights(self, handover: Handover, needed: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """First- and second-order weights."""
        return self.between(handover.skeleton).weights(needed, handover.rate)

    def handed(self, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """What scored dates get of a gradient at the first dates: its product with P; shape (n_scored, n_paths)."""
        variance, count = self.moves.variance, len(gradient)
        if variance.shape[1] == 1:

            def matrix() -> FloatArray:
                return interpolation(tuple(np.cumsum(variance[:, 0]).tolist()), skeleton)

            shares, compiled = once(self._known, ("interpolation", skeleton), matrix)[:count], kernels("travel")
            return compiled.shared(shares, gradient) if compiled else np.asarray(shares.T @ gradient)
        if compiled := kernels("clocked"):
            return np.asarray(compiled.handed(gradient, self.shares(skeleton), np.asarray(_starts(skeleton))))
        inner, starts = gradient[: skeleton[-1] + 1], _starts(skeleton)
        found = np.add.reduceat(inner * self.shares(skeleton), starts, axis=0)
        found[:-1] += np.add.reduceat(inner, starts, axis=0)[1:] - found[1:]
        found[-1] += gradient[skeleton[-1] + 1 :].sum(axis=0)
        return found

    def shares(self, skeleton: Skeleton) -> FloatArray:
        """Share of the clock between scored dates that has run at every date, up to the last scored one."""

        def shares() -> FloatArray:
            clock = cumulated(self.moves.variance[: skeleton[-1] + 1].copy())
            ends = clock[list(skeleton)]
            begun = np.concatenate([np.zeros((1, clock.shape[1])), ends[:-1]])
            for before, length, start, end in zip(begun, ends - begun, _starts(skeleton), skeleton, strict=True):
                clock[start : end + 1] -= before
                clock[start : end + 1] /= length
            return clock

        return once(self._known, ("shares", skeleton), shares)

    def speed(self, names: Derivative, rate: float) -> tuple[FloatArray, FloatArray]:
        """The motion of every move, in one coordinate, or its slope along a second one: see `Moves.speed`."""
        return once(self._known, ("speed", names, rate), lambda: self.moves.speed(names, rate))

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
            lambda: self.moves.tangent(names, handover.rate, handover.skeleton),
        )  # fmt: skip

    def shifts(self, hold: Hold, rate: float) -> dict[str, FloatArray]:
        """Changes of the drift that hold a level, coordinate by coordinate, up to every date; shape (n_times,).

        On a clock that no path knows, the tangent's mean given that the spot is at the level. Coordinates that
        move the first interval alone have none: theirs would be a skeleton's.
        """

        def shifts() -> dict[str, FloatArray]:
            spot, noise, clock = self.drawn.spot[:, 0], self.moves.noise[:, 0], np.cumsum(self.moves.variance[:, 0])
            times = np.asarray(self.drawn.paths.times)
            away = np.log(hold.level / spot) + np.cumsum(noise)  # noise up to there, at the level
            taken = np.minimum(times / (hold.reach * times[-1]), 1.0)
            found = {}
            for (name,) in (d for d in self.drawn.weights if len(d) == 1):
                slope = self.moves.slope(name, rate)
                if slope.variance is NONE and not slope.mean[1:].any():
                    continue
                mean, turned = (np.cumsum(spread(r, len(clock))[:, 0]) for r in (slope.mean, slope.variance))
                found[name] = taken * (mean + 0.5 * turned / clock * away)
            return found

        return once(self._known, ("shifts", hold, rate), shifts)

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
        return once(self._known, ("clock", name, rate), lambda: self.moves.clock(name, rate))


def _starts(skeleton: Skeleton) -> list[int]:
    """First rows between scored dates."""
    return [0, *(end + 1 for end in skeleton[:-1])]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A relaxed payoff on moving paths: what its value and gradient say about every perturbation and handover.

    Parameters
    ----------
    motion : Motion
    value : ndarray, shape (n_paths,)
    gradient : ndarray, shape (n_times, n_paths), optional
        In the log-spots; None for a payoff that is not relaxed.
    """

    motion: Motion
    value: FloatArray
    gradient: FloatArray | None = None
    _known: dict[Any, Any] = field(default_factory=dict)

    def _once(self, key: Any, compute: Callable[[], FloatArray]) -> FloatArray:
        return once(self._known, key, compute)

    def along(self, names: Derivative, handover: Handover) -> FloatArray:
        """Sum over the dates of gradient times motion (or its slope), shape (n_paths,)."""
        gradient, skeleton = self.gradient, handover.skeleton
        if gradient is None or len(skeleton) == len(gradient):
            return np.zeros_like(self.value)
        total = self._once(("total", names, handover.rate), lambda: self._total(names, handover.rate))
        if not skeleton:
            return total
        handed = self._once(("handed", skeleton), lambda: self.motion.handed(gradient, skeleton))
        total = total - weighted(self.motion.tangent(names, handover), handed)
        for what, factors, clock in self.motion.turning(names, handover):
            total += self._turned(what, factors, clock, skeleton)
        return total

    def _total(self, names: Derivative, rate: float) -> FloatArray:
        """Sum over the dates of gradient times tangent: of every move's motion times all gradients from there on."""
        assert self.gradient is not None
        gradient, noise = self.gradient, self.motion.moves.noise
        still, noisy = self.motion.speed(names, rate)
        if self.motion.moves.variance.shape[1] == 1:  # of all coordinates in one product
            coefficients, row = self.motion.still(names, rate)
            key = "still", rate, names if len(coefficients) == 1 else len(coefficients)
            total = self._once(key, lambda: coefficients.cumsum(axis=1) @ gradient)[row]
        else:
            total = weighted(still, self._ahead)
        if noisy is NONE:
            return total
        if noisy.shape[1] == 1 and not noisy[1:].any():
            return np.asarray(total + noisy[0] * noise[0] * self._once("sum", lambda: gradient.sum(axis=0)))
        if alike(noisy):
            return np.asarray(total + noisy[0] * self._once("carried", lambda: carried(noise, gradient)))
        return total + weighted(noisy, self._once("noise ahead", lambda: noise * self._ahead))

    @property
    def _ahead(self) -> FloatArray:
        """Sums of the gradients from every date on, shape (n_times, n_paths)."""
        gradient = self.gradient
        assert gradient is not None
        return self._once("ahead", lambda: cumulated(gradient.copy(), backwards=True))

    def _turned(self, what: str, factors: FloatArray, clock: FloatArray, skeleton: Skeleton) -> FloatArray:
        """Gradient times factors times the motion of the clock less its interpolation, up to where the clock moves."""
        assert self.gradient is not None
        inner = self.gradient[: skeleton[-1] + 1]
        if clock.shape[1] == 1 and not np.diff(clock[:, 0]).any():  # it moved before the first date only
            left = 1.0 - self.motion.shares(skeleton)[: skeleton[0] + 1]
            block = self._once(("first block", skeleton[0]), lambda: weighted(left, inner[: skeleton[0] + 1]))
            return np.asarray(factors[0] * clock[0] * block)

        def scale() -> FloatArray:
            rows = inner.copy()
            for factor, start, end in zip(factors, _starts(skeleton), skeleton, strict=True):
                rows[start : end + 1] *= factor
            return rows

        scaled = self._once((what, skeleton), scale)
        handed = self._once((what, "handed", skeleton), lambda: self.motion.handed(scaled, skeleton))
        return weighted(clock[: len(inner)], scaled) - weighted(clock[list(skeleton)], handed)

    def first(self, name: str, handover: Handover) -> FloatArray:
        """The integrand of a first derivative: g w + grad g . x', shape (n_paths,)."""

        def integrand() -> FloatArray:
            if handover.hold:
                return self._held(name, handover.hold, handover.rate)
            weight = self.motion.between(handover.skeleton).weight(name, handover.rate)
            return self.value * weight + self.along((name,), handover)

        return self._once(("first", name, handover), integrand)

    def _held(self, name: str, hold: Hold, rate: float) -> FloatArray:
        """The integrand of a first derivative while a level is held: see the module."""
        gradient = self.gradient
        assert gradient is not None
        shifts = self.motion.shifts(hold, rate)
        moved = self._once(("held", hold, rate), lambda: np.stack(list(shifts.values())) @ gradient)
        weight = self.motion.drift_weights(hold, rate)[name]
        return self.value * weight + self.along((name,), Handover((), rate)) - moved[list(shifts).index(name)]

    def second(self, pair: Derivative, handover: Handover) -> FloatArray:
        """The integrand of a second derivative: the first in ``pair[0]``, scored in ``pair[1]`` at all dates."""
        curvature = self.motion.between(handover.skeleton).curvature(pair, handover.rate)
        assert curvature is not None
        scored = self.first(pair[0], handover) * self.motion.moves.weight(pair[1], handover.rate)
        return scored + self.value * curvature + self.along(pair, handover)

    def control(self, combination: Combination, handover: Handover) -> FloatArray:
        """The zero-mean control for a Greek: its integrand by a handover less that of the estimate; (n_paths,)."""
        return sum_of(combination, {d: self._difference(d, handover) for d in combination})

    def vanishes(self, combination: Combination, control: FloatArray) -> bool:
        """Whether a control is nothing but rounding errors."""
        size = max((np.abs(self._estimated(d)).max() for d in combination if d), default=0.0)
        return bool(np.abs(control).max() <= ROUNDING * size)

    def _estimated(self, derivative: Derivative) -> FloatArray:
        return self._once(("estimated", derivative), lambda: self.value * self.motion.drawn.weights[derivative])

    def _difference(self, derivative: Derivative, handover: Handover) -> FloatArray:
        match derivative:
            case (name,) if handover.hold and name not in self.motion.shifts(handover.hold, handover.rate):
                return np.zeros_like(self.value)
            case (name,):
                return self.first(name, handover) - self._estimated(derivative)
            case (_, _) if handover.hold:
                return np.zeros_like(self.value)
            case (_, _) if self.gradient is None or len(handover.skeleton) == len(self.gradient):
                weight = self.motion.weights(handover, [derivative])[derivative]
                return self.value * weight - self._estimated(derivative)
            case (a, b) if self._known_slope(derivative, handover.rate):
                # The coordinate whose score is noisiest travels with the path.
                return self.second((b, a) if b == TIME else (a, b), handover) - self._estimated(derivative)
        return np.zeros_like(self.value)  # nothing to gain for a price, nor where the motion's slope is not known

    def _known_slope(self, pair: Derivative, rate: float) -> bool:
        """Whether the slope of the motion is: not where both coordinates turn the clock under the bridges."""
        moves = self.motion.moves
        return moves.bend(pair, rate) is not None and not all(moves.slope(name, rate).turns for name in pair)
