r"""A relaxed payoff on paths of independent steps that move: its integrand by every handover.

For a Lipschitz payoff g the integrand of a first derivative is :math:`g\,w_\theta + \nabla g \cdot \dot x`; that of a
second one scores the first once more, at all dates, path of spots held fixed (`handover`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from ..models.moves import NONE, alike, spread, weighted
from ..numerics.arrays import cumulated, once
from ..parameters import TIME, Derivative
from ..payoffs.relaxed.tape import OneDate
from .by_interval import Blocks, ByInterval, Push, Pushes, descending
from .handover import Handover, Hold, Skeleton
from .joint_intervals import JointTravelled
from .joint_skeletons import JointSkeletons
from .motions import Motions, motions
from .skeletons import Skeletons, starts

ROUNDING = 1e-9  # of what it is the difference of: below, a control is identically zero


def carried(noise: FloatArray, gradient: FloatArray) -> FloatArray:
    """Sum over the dates of a gradient times the sum of the noise so far, shape (n_paths,)."""
    compiled = kernels("travel")
    return compiled.carried(noise, gradient) if compiled else np.einsum("ij,ij->j", gradient, noise.cumsum(axis=0))


@final
@dataclass(frozen=True, slots=True, eq=False)
class MovedPayoff:
    """A relaxed payoff on moving paths: what its value and gradient say about every perturbation and handover.

    Parameters
    ----------
    motion : Skeletons or JointSkeletons
    value : ndarray, shape (n_paths,)
    slopes : ndarray, shape (n_times, n_paths) or (n_assets, n_times, n_paths), or OneDate, optional
        Its gradient in the log-spots; None for a payoff that is not relaxed.
    """

    motion: Skeletons | JointSkeletons
    value: FloatArray
    slopes: FloatArray | OneDate | None = None
    _known: dict[Any, Any] = field(default_factory=dict)

    def _once(self, key: Any, compute: Callable[[], FloatArray]) -> FloatArray:
        return once(self._known, key, compute)

    @property
    def gradient(self) -> FloatArray | None:
        """The slopes date by date."""
        slopes = self.slopes
        return self._once("dense", slopes.dense) if isinstance(slopes, OneDate) else slopes

    def _travels(self, skeleton: Skeleton) -> bool:
        """Whether anything moves between these scored dates."""
        if self.slopes is None:
            return False
        return len(skeleton) != (self.slopes.count if isinstance(self.slopes, OneDate) else self.slopes.shape[-2])

    def along(self, names: Derivative, handover: Handover) -> FloatArray:
        """Sum over the dates of gradient times motion (or its slope), shape (n_paths,)."""
        if not self._travels(handover.skeleton):
            return np.zeros_like(self.value)
        if isinstance(self.motion, JointSkeletons):
            assert self.gradient is not None
            return self.motion.along(self.gradient, names, handover, self._known)
        return self._along(names, handover)

    @property
    def _one(self) -> Skeletons:
        """The motion, of one asset."""
        assert isinstance(self.motion, Skeletons)
        return self.motion

    def _along(self, names: Derivative, handover: Handover) -> FloatArray:
        """As `along`, of one asset."""
        skeleton = handover.skeleton
        total = self._once(("total", names, handover.rate), lambda: self._total(names, handover.rate))
        if not skeleton:
            return total
        gradient = self.gradient
        assert gradient is not None
        handed = self._once(("handed", skeleton), lambda: self._one.handed(gradient, skeleton))
        total = total - weighted(self._one.tangent(names, handover), handed)
        for what, factors, clock in self._one.turning(names, handover):
            total += self._turned(what, factors, clock, skeleton)
        return total

    def _total(self, names: Derivative, rate: float) -> FloatArray:
        """Sum over the dates of gradient times tangent: of every move's motion times all gradients from there on."""
        if isinstance(self.slopes, OneDate) and (found := self._at_one_date(self.slopes, names, rate)) is not None:
            return found
        assert self.gradient is not None
        gradient, noise = self.gradient, self._one.moves.noise
        still, noisy = self._one.speed(names, rate)
        if self._one.moves.variance.shape[1] == 1:  # of all coordinates in one product
            coefficients, row = self._one.still(names, rate)
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

    def _at_one_date(self, slopes: OneDate, names: Derivative, rate: float) -> FloatArray | None:
        """The same of slopes at one date of each path; None where more than sums of noise moves it."""
        (still, noisy), drifts, noise = self._one.speed(names, rate), self._one.drifts, self._one.moves.noise
        if drifts is None or not (noisy is NONE or alike(noisy) or not noisy[1:].any()):
            return None
        total = spread(still, len(noise))[:, 0].cumsum()[slopes.rows]
        if noisy is NONE:
            return total * slopes.slopes
        if not alike(noisy):
            return np.asarray((total + noisy[0] * noise[0]) * slopes.slopes)

        def reached() -> FloatArray:
            """The noise up to there."""
            spot = np.take_along_axis(self._one.drawn.spot, slopes.rows[None], 0)[0]
            return np.log(spot) - drifts[slopes.rows]

        return np.asarray((total + noisy[0] * self._once("reached", reached)) * slopes.slopes)

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
            left = 1.0 - self._one.shares(skeleton)[: skeleton[0] + 1]
            block = self._once(("first block", skeleton[0]), lambda: weighted(left, inner[: skeleton[0] + 1]))
            return np.asarray(factors[0] * clock[0] * block)

        def scale() -> FloatArray:
            rows = inner.copy()
            for factor, start, end in zip(factors, starts(skeleton), skeleton, strict=True):
                rows[start : end + 1] *= factor
            return rows

        scaled = self._once((what, skeleton), scale)
        handed = self._once((what, "handed", skeleton), lambda: self._one.handed(scaled, skeleton))
        return weighted(clock[: len(inner)], scaled) - weighted(clock[list(skeleton)], handed)

    def first(self, name: str, handover: Handover) -> FloatArray:
        """The integrand of a first derivative: g w + grad g . x', shape (n_paths,)."""

        def integrand() -> FloatArray:
            if handover.hold:
                return self._held(name, handover.hold, handover.rate)
            weight = self.motion.between(handover.skeleton).weight(name, handover.rate)
            return self.value * weight + self.along((name,), handover)

        return self._once(("first", name, handover), integrand)

    def gained(self, names: Sequence[str], handover: Handover) -> FloatArray:
        """Integrands of first derivatives less those of the estimate, shape (n_names, n_paths)."""
        motion = self.motion
        found = None if handover.hold or isinstance(motion, JointSkeletons) else motions(motion, names, handover.rate)
        if found is None:
            return np.stack([self._difference((name,), handover) for name in names])
        total = self.value * self._one.gained(names, handover)
        if isinstance(self.slopes, OneDate) and not handover.skeleton:
            total += np.stack([self.along((name,), handover) for name in names])
        elif self._travels(handover.skeleton):
            total += self._travelled(names, handover, found)
        for k in found.turning:
            total[k] = self._difference((names[k],), handover)
        return np.asarray(total)

    def _travelled(self, names: Sequence[str], handover: Handover, own: Motions) -> FloatArray:
        """As `along`, of one asset and several coordinates."""
        gradient, noise, skeleton = self.gradient, self._one.moves.noise, handover.skeleton
        assert gradient is not None
        still, every, first = own.total, np.zeros(1), np.zeros(1)
        found = self._once(("still", tuple(names), handover.rate), lambda: still @ gradient).copy()
        if own.every.any():
            every = self._once("carried", lambda: carried(noise, gradient))
        if own.first.any():
            first = self._once("sum", lambda: gradient.sum(axis=0))
        if skeleton:
            handed = self._once(("handed", skeleton), lambda: self._one.handed(gradient, skeleton))
            found -= still[:, skeleton] @ handed
            every = every - weighted(self._one.reached(skeleton), handed) if own.every.any() else every
            first = first - handed.sum(axis=0) if own.first.any() else first
            for k, name in enumerate(names):
                for what, factors, clock in self._one.turning((name,), handover):
                    found[k] += self._turned(what, factors, clock, skeleton)
        return np.asarray(found + own.every * every + own.first * (noise[0] * first))

    def _held(self, name: str, hold: Hold, rate: float) -> FloatArray:
        """The integrand of a first derivative while a level is held: see the module."""
        gradient = self.gradient
        assert gradient is not None
        shifts = self._one.shifts(hold, rate)
        moved = self._once(("held", hold, rate), lambda: np.stack(list(shifts.values())) @ gradient)
        weight = self._one.drift_weights(hold, rate)[name]
        return self.value * weight + self.along((name,), Handover((), rate)) - moved[list(shifts).index(name)]

    def by_interval(self, handover: Handover) -> ByInterval:
        """The control of every first derivative by intervals: its integrand less that of the estimate."""
        if isinstance(self.motion, JointSkeletons):
            travelled = JointTravelled(self.motion, self.value, self.gradient, handover, self._known)
            return ByInterval(-self.value, (travelled,))
        skeleton, parts = handover.skeleton, list[Push]()
        if skeleton:
            parts.append(Blocks(self._one.between(skeleton), skeleton, self.value))
        if self.gradient is not None and len(skeleton) < len(self.gradient):
            parts.append(self._travelling(self.gradient, handover))
        return ByInterval(-self.value, tuple(parts))

    def _travelling(self, gradient: FloatArray, handover: Handover) -> Pushes:
        """What travels: of every move what it does to all later spots, less what is handed over at scored dates."""
        moves, skeleton = self._one.moves, handover.skeleton
        mean = self._ahead.copy()
        if skeleton:
            descending(self._one.handed(gradient, skeleton), skeleton, mean)
        variance = (0.5 / moves.variance) * moves.noise * mean
        if skeleton:
            variance[: skeleton[-1] + 1] += self._turning(gradient, skeleton)
        if handover.hold:
            held, turned = self._one.held(handover.hold)
            taken = held * (self.value * self._one.differences - gradient)
            variance += cumulated(turned * taken, backwards=True)
            mean += cumulated(taken, backwards=True)
        return Pushes(mean, variance)

    def _turning(self, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """What bridges gain as the clock turns under them, move by move, up to the last scored date."""
        between, rows = self._one.between(skeleton), gradient[: skeleton[-1] + 1].copy()
        factors = 0.5 * between.noise / between.variance
        for factor, start, end in zip(factors, starts(skeleton), skeleton, strict=True):
            rows[start : end + 1] *= factor
        handed = self._one.handed(rows, skeleton)
        cumulated(rows, backwards=True)
        descending(handed, skeleton, rows)
        return rows

    def second(self, pair: Derivative, handover: Handover) -> FloatArray:
        """The integrand of a second derivative: the first in ``pair[0]``, scored in ``pair[1]`` at all dates."""
        curvature = self.motion.between(handover.skeleton).curvature(pair, handover.rate)
        assert curvature is not None
        scored = self.first(pair[0], handover) * self.motion.moves.weight(pair[1], handover.rate)
        return scored + self.value * curvature + self.along(pair, handover)

    def control(self, combination: Combination, handover: Handover) -> FloatArray:
        """The zero-mean control for a Greek: its integrand by a handover less that of the estimate; (n_paths,)."""
        return np.asarray(self.controls([combination], handover)[0])

    def controls(self, combinations: Sequence[Combination], handover: Handover) -> FloatArray:
        """The same for several Greeks, shape (n_combinations, n_paths)."""
        needed = [*dict.fromkeys(d for c in combinations for d in c)]
        names = [d[0] for d in needed if len(d) == 1]
        moved = iter(self.gained(names, handover) if names else ())
        rows = [next(moved) if len(d) == 1 else self._difference(d, handover) for d in needed]
        return np.array([[c.get(d, 0.0) for d in needed] for c in combinations]) @ np.stack(rows)

    def vanishes(self, combination: Combination, control: FloatArray) -> bool:
        """Whether a control is nothing but rounding errors."""
        size = max((self._size(d) for d in combination if d), default=0.0)
        return bool(np.abs(control).max() <= ROUNDING * size)

    def _size(self, derivative: Derivative) -> float:
        return once(self._known, ("size", derivative), lambda: float(np.abs(self._estimated(derivative)).max()))

    def _estimated(self, derivative: Derivative) -> FloatArray:
        return self._once(("estimated", derivative), lambda: self.value * self.motion.drawn.weights[derivative])

    def _difference(self, derivative: Derivative, handover: Handover) -> FloatArray:
        match derivative:
            case (name,) if handover.hold and name not in self._one.shifts(handover.hold, handover.rate):
                return np.zeros_like(self.value)
            case (name,):
                return self.first(name, handover) - self._estimated(derivative)
            case (_, _) if handover.hold:
                return np.zeros_like(self.value)
            case (_, _) if not self._travels(handover.skeleton):
                weight = self.motion.weights(handover, [derivative])[derivative]
                return self.value * weight - self._estimated(derivative)
            case (a, b) if self.motion.knows_slope(derivative, handover.rate):
                # The coordinate whose score is noisiest travels with the path.
                return self.second((b, a) if b == TIME else (a, b), handover) - self._estimated(derivative)
        return np.zeros_like(self.value)  # nothing to gain for a price, nor where the motion's slope is not known
