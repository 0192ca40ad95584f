r"""The variances and integrated variances that a Heston path was drawn with, and where a change of a parameter goes.

A change of a parameter moves the law of the variance. It can be handed to the measure, by scoring that law: the
*likelihood ratio*. Or it can travel with the path, as the *variance flow* [1]_: step by step, a change :math:`\delta_k`
of the variance and a change of the law's parameters move the end of the step and the integrated variance by their
transport (`transport`), and no density of theirs is differentiated. Between the two, at the start of every step of
length :math:`\Delta` the share :math:`1 - e^{-\eta\Delta}` of :math:`\delta_k` is handed over, by scoring the step's
law in its start, and the rest travels on. Every rate :math:`\eta` gives an unbiased estimate: :math:`\eta = 0` is the
flow, and they differ in variance only.

References
----------
.. [1] M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", *Advances in Neural Information
   Processing Systems* 31 (2018): moving draws along transport fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from ..._typing import FloatArray
from ...numerics.arrays import once
from ...numerics.differences import SLOPE
from ...parameters import TIME
from ..moves import LIKELIHOOD_RATIO, NONE, weighted
from .flow_kernels import FlowKernels
from .integrated_variance import IntegratedVariance
from .transport import inverse_gaussian_shape
from .variance import Direction, SquareRoot

STEP = 1e-3  # relative, of the differences in `curvature`: truncation 1e-12, rounding 1e-8 of the score
DIRECT = ("mean_reversion", "long_run_variance", "vol_of_vol")  # move every step by themselves
CHEAP = ("initial_variance", TIME)  # move few steps, and not the order of the Bessel function

IntArray: TypeAlias = NDArray[np.int64]


class VarianceParameters(Protocol):
    """The parameters that the variance depends on."""

    @property
    def initial_variance(self) -> float: ...  # noqa: D102
    @property
    def mean_reversion(self) -> float: ...  # noqa: D102
    @property
    def long_run_variance(self) -> float: ...  # noqa: D102
    @property
    def vol_of_vol(self) -> float: ...  # noqa: D102


@final
@dataclass(frozen=True, slots=True, eq=False)
class Beneath:
    """Where a change of a parameter goes below the spot, interval by interval between the observation dates.

    Attributes
    ----------
    rise, clock : ndarray
        Change of the rise of the variance, and of the integrated variance; broadcast to (n_times, n_paths).
    handed : ndarray
        Weight of what is handed to the measure; broadcasts to (n_paths,).
    """

    rise: FloatArray = field(default_factory=lambda: NONE)
    clock: FloatArray = field(default_factory=lambda: NONE)
    handed: FloatArray = field(default_factory=lambda: NONE[0])


def layout(times: FloatArray, counts: Sequence[int]) -> tuple[FloatArray, IntArray]:
    """Lengths of all sub-steps, shape (n_substeps,), and where those of each interval start, shape (n_times,)."""
    many = np.asarray(counts, dtype=np.int64)
    return np.repeat(np.diff(times, prepend=0.0) / many, many), np.cumsum(many) - many


@final
@dataclass(frozen=True, slots=True, eq=False)
class VariancePath:
    """What was drawn beneath the spot, seen by a model that need not be the one that drew it.

    Parameters
    ----------
    model : VarianceParameters
    times : ndarray, shape (n_times,)
        Observation dates, years.
    counts : tuple of int
        Sub-steps of every interval between them.
    variance, integral : ndarray, shape (n_substeps, n_paths)
        Variance at the end of every sub-step, and integrated variance over it.
    log_gamma : ndarray, shape (n_substeps, n_paths)
        Of the part of the variance that depends on its degrees of freedom: see `SquareRoot.draw`.
    """

    model: VarianceParameters
    times: FloatArray
    counts: tuple[int, ...]
    variance: FloatArray
    integral: FloatArray
    log_gamma: FloatArray
    _known: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def drawn(  # noqa: PLR0917
        cls, model: VarianceParameters, times: FloatArray, counts: tuple[int, ...], path: FloatArray,
        clock: IntegratedVariance, integral: FloatArray, log_gamma: FloatArray,
    ) -> VariancePath:  # fmt: skip
        """The path, knowing the laws that it was drawn from."""
        return cls(model, times, counts, path[1:], integral, log_gamma, {"path": path, "clock": clock})

    def repeated(self, copies: int) -> VariancePath:
        """The same draws again and again."""
        if copies == 1:
            return self
        rows = (np.tile(drawn, (1, copies)) for drawn in (self.variance, self.integral, self.log_gamma))
        variance, integral, log_gamma = rows
        return VariancePath(self.model, self.times, self.counts, variance, integral, log_gamma)

    def knowing(self, other: object) -> VariancePath:
        """The path with all that is known of another, if the two are the same draws under the same law."""
        if not isinstance(other, VariancePath):
            return self
        same = self.variance is other.variance and self.integral is other.integral and self.log_gamma is other.log_gamma
        start = self.model.initial_variance == other.model.initial_variance
        dates = self.counts == other.counts and np.array_equal(self.times, other.times)
        return replace(self, _known=other._known) if same and start and dates and self.law == other.law else self

    @property
    def law(self) -> SquareRoot:
        """The law of the variance."""
        return SquareRoot(self.model.mean_reversion, self.model.long_run_variance, self.model.vol_of_vol)

    @property
    def path(self) -> FloatArray:
        """Variances from time 0 on, shape (n_substeps + 1, n_paths)."""
        start = np.full((1, self.variance.shape[1]), self.model.initial_variance)
        return once(self._known, "path", lambda: np.concatenate([start, self.variance]))

    @property
    def steps(self) -> FloatArray:
        """Lengths of the sub-steps, shape (n_substeps,)."""
        return layout(self.times, self.counts)[0]

    @property
    def starts(self) -> IntArray:
        """First sub-step of every interval, shape (n_times,)."""
        return layout(self.times, self.counts)[1]

    def rise(self, path: FloatArray) -> FloatArray:
        """The rise over every interval of something given at the ends of all sub-steps."""
        return np.diff(path[np.append(self.starts, len(path) - 1)], axis=0)

    def over_intervals(self, rows: FloatArray) -> FloatArray:
        """Sums of something given over the sub-steps."""
        return rows if len(rows) == len(self.times) else np.add.reduceat(rows, self.starts, axis=0)

    def _clock(self) -> IntegratedVariance:
        """The law of the integrated variances, given the variances."""
        return once(
            self._known, "clock",
            lambda: IntegratedVariance.given(self.law.transitions(self.path, self.steps, self.log_gamma)),
        )  # fmt: skip

    def _kernels(self) -> FlowKernels | None:
        return FlowKernels.on(self._clock(), self.integral, self.log_gamma)

    def _together(self, what: str, name: str, compute: Callable[[], FloatArray]) -> FloatArray:
        """Something of one of `DIRECT`, known of all since it is computed for all at once."""
        if (what, name) not in self._known:
            self._known.update({(what, each): rows for each, rows in zip(DIRECT, compute(), strict=True)})
        found: FloatArray = self._known[what, name]
        return found

    def log_density(self) -> FloatArray:
        """Log-density of variances and integrated variances, shape (n_paths,)."""
        clock = self._clock()
        return np.asarray((clock.steps.log_density() + clock.log_density(self.integral)).sum(axis=0))

    def drawn_at(self, other: object) -> VariancePath:
        """The path at the dates that it was drawn at, where another one remembers them."""
        return replace(self, times=other.times, _known={}).knowing(other) if isinstance(other, VariancePath) else self

    def log_ratio(self, other: VariancePath) -> FloatArray:
        """`log_density` less that of the same draws under another model, or with another first interval.

        The initial variance moves the first sub-step only, and the first date those before it.
        """
        on_time, count = np.array_equal(self.times, other.times), len(self.steps)
        if self.law == other.law:
            start = self.model.initial_variance != other.model.initial_variance
            count = (1 if start else 0) if on_time else self.counts[0]
        return (
            self._leading_log_density(count) - other._leading_log_density(count) if count else np.zeros(self._n_paths)
        )

    @property
    def _n_paths(self) -> int:
        return int(self.variance.shape[1])

    def _leading_log_density(self, count: int) -> FloatArray:
        """Log-density of what was drawn over the first few sub-steps, shape (n_paths,)."""
        clock = self._clock().leading(count) if ("clock", True) in self._known else self._first(count)
        return np.asarray((clock.steps.log_density() + clock.log_density(self.integral[:count])).sum(axis=0))

    def beneath(self, name: str, rate: float) -> Beneath:
        """Where a change of a coordinate goes, handed over at a rate per year (`LIKELIHOOD_RATIO`: all at once)."""
        if rate == LIKELIHOOD_RATIO:
            rise = -np.eye(len(self.times), 1) if name == "initial_variance" else NONE
            return Beneath(rise, handed=self.score(name))
        return self._flow(name, rate)

    # -- to the measure ----------------------------------------------------------------------------------------

    def score(self, name: str) -> FloatArray:
        """Derivative of `log_density` in a coordinate, shape (n_paths,).

        ``"time"`` shortens the sub-steps of the first interval alike: spread over k of them the weight has a k-th of
        the variance.
        """
        if name in DIRECT and (fast := self._kernels()):
            return self._together("score", name, lambda: fast.scores([self._direction(each) for each in DIRECT]))
        count = {"initial_variance": 1, TIME: self.counts[0]}.get(name)
        whole = self._clock() if count is None or "clock" in self._known else self._first(count)
        clock = whole.leading(count) if count else whole
        return self._scored(clock, self._direction(name))

    def _first(self, count: int) -> IntegratedVariance:
        """The law over the first few sub-steps."""
        rows = self.path[: count + 1], self.steps[:count], self.log_gamma[:count]
        return IntegratedVariance.given(self.law.transitions(*rows))

    def _scored(self, clock: IntegratedVariance, along: Direction) -> FloatArray:
        rows = clock.steps.score(along) + clock.score(self.integral[: len(clock.mean)], along)
        return np.asarray(rows.sum(axis=0))

    def _direction(self, name: str) -> Direction:
        """How a coordinate moves the steps that it moves directly."""
        kappa, theta, xi = self.model.mean_reversion, self.model.long_run_variance, self.model.vol_of_vol
        match name:
            case "initial_variance":
                return Direction(log_start=1.0 / self.model.initial_variance)
            case "mean_reversion":
                return Direction(mean_reversion=1.0, order=2.0 * theta / xi**2)
            case "long_run_variance":
                return Direction(order=2.0 * kappa / xi**2)
            case "vol_of_vol":
                return Direction(vol_of_vol=1.0, order=-4.0 * kappa * theta / xi**3)
            case "time":
                return Direction(step=-1.0 / self.counts[0])
        raise ValueError(f"name must be a coordinate that moves the variance, got {name!r}")

    def curvature(self, pair: tuple[str, str]) -> FloatArray:
        """Second derivative of `log_density`, shape (n_paths,): a five-point difference of its exact derivative."""
        given, moved = sorted(pair, key=lambda name: (name not in CHEAP, name))
        size = self.step(moved)
        scores = (weight * self.shifted(moved, k * size).score(given) for k, weight in SLOPE.items())
        return np.asarray(sum(scores) / size)

    def shifted(self, name: str, shift: float) -> VariancePath:
        """The same draws, seen by a model with another parameter, or at dates that have come nearer."""
        if name == TIME:
            return replace(self, times=self.times - shift, _known={})
        model: Any = self.model
        return replace(self, model=replace(model, **{name: getattr(model, name) + shift}), _known={})

    # -- with the path -----------------------------------------------------------------------------------------

    def _flow(self, name: str, rate: float) -> Beneath:
        moving, clock = self._motions(name, rate)
        if fast := self._kernels():
            ends, bounds = once(self._known, "ends", fast.ends), np.append(self.starts, len(self.path) - 1)
            rise, weight = fast.compiled.arrived(np.exp(-rate * self.steps), moving, ends[3], self.path, bounds)
            return Beneath(rise, self.over_intervals(clock), weight if rate else NONE[0])
        keep = np.exp(-rate * self.steps)[:, None]
        handed = weighted((1.0 - keep) * moving[:-1], self._start_score) if rate else NONE[0]
        return Beneath(self.rise(self.path * moving), self.over_intervals(clock), handed)

    def _motions(self, name: str, rate: float) -> tuple[FloatArray, FloatArray]:
        """Motions of the log-variances at the ends of all sub-steps, and of the integrated variances over them.

        All that depends on the path alone is linear in the changes of both ends of a step, and known once.
        """
        direct = replace(self._direction(name), log_start=0.0)
        direct = replace(direct, step=direct.step * self._in_first_interval)
        if fast := self._kernels():
            return self._fast_motions(fast, name, rate, direct)
        keep = np.exp(-rate * self.steps)[:, None]
        moving = self._motion(name, keep, direct)
        clock = self._integral_motion("start", Direction(log_start=1.0)) * (keep * moving[:-1])
        clock += self._integral_motion("end", Direction(log_end=1.0)) * moving[1:]
        if name != "initial_variance":
            clock += self._integral_motion(name, direct)
        return moving, clock

    def _fast_motions(
        self, fast: FlowKernels, name: str, rate: float, direct: Direction
    ) -> tuple[FloatArray, FloatArray]:
        ends, nothing = once(self._known, "ends", fast.ends), np.zeros((0, self.path.shape[1]))
        integral = nothing
        if name == TIME:
            turned = ends[2, : self.counts[0]]
            integral = once(self._known, ("direct", TIME), lambda: fast.integrals([direct], turned)[0])
        elif name in DIRECT:
            each = [replace(self._direction(other), log_start=0.0) for other in DIRECT]
            integral = self._together("direct", name, lambda: fast.integrals(each, ends[2]))
        first = 1.0 / self.model.initial_variance if name == "initial_variance" else 0.0
        by_order = once(self._known, "order", fast.order_motion) if direct.order else nothing
        return fast.motions(first, np.exp(-rate * self.steps), ends, direct, by_order, integral)

    def carried(self, name: str, rate: float, shift: float) -> VariancePath:
        """The path as it travels when a coordinate changes by a little, seen by the model whose coordinate it is."""
        moving, clock = once(self._known, ("motions", name, rate), lambda: self._motions(name, rate))
        variance = self.variance * np.exp(shift * moving[1:])
        integral = self.integral * np.exp(shift * clock / self.integral)
        return replace(self.shifted(name, shift), variance=variance, integral=integral)

    def step(self, name: str) -> float:
        """The step of a coordinate in differences."""
        return STEP * float(self.times[0] if name == TIME else getattr(self.model, name))

    @property
    def _start_score(self) -> FloatArray:
        """Derivative of every sub-step's log-density in the logarithm of its start, shape (n_substeps, n_paths)."""

        def score() -> FloatArray:
            clock, along = self._clock(), Direction(log_start=1.0)
            return clock.steps.score(along) + clock.score(self.integral, along)

        return once(self._known, "start score", score)

    def _motion(self, name: str, keep: FloatArray, direct: Direction) -> FloatArray:
        """Derivatives of the log-variances at the ends of all sub-steps, shape (n_substeps + 1, n_paths)."""
        push, pull = self._push(name, direct), once(self._known, "pull", lambda: self._clock().steps.passed_on)
        moving = np.zeros_like(self.path)
        if name == "initial_variance":
            moving[0] = 1.0 / self.model.initial_variance
        for k in range(len(pull)):
            np.multiply(pull[k], keep[k] * moving[k], out=moving[k + 1])
            moving[k + 1] += push[k]
        return moving

    def _push(self, name: str, direct: Direction) -> FloatArray:
        """What a change of the law's parameters adds to the logarithm of a step's end."""

        def push() -> FloatArray:
            pushed = self._clock().steps.pushed(direct)
            return pushed + direct.order * self._order_motion if direct.order else pushed

        return once(self._known, ("push", name), push)

    @property
    def _order_motion(self) -> FloatArray:
        return once(self._known, "order", lambda: self._clock().steps.order_motion(self.log_gamma))

    @property
    def _in_first_interval(self) -> FloatArray:
        """One for the sub-steps of the first interval, else zero; shape (n_substeps, 1)."""
        return (np.arange(len(self.steps)) < self.counts[0]).astype(float)[:, None]

    def _integral_motion(self, name: str, along: Direction) -> FloatArray:
        """Motion of the integrated variances along a direction, shape (n_substeps, n_paths)."""

        def motion() -> FloatArray:
            clock = self._clock()
            mean, variance = clock.moved(along)
            log_mean = mean / clock.mean
            return self.integral * log_mean + self._shape_motion * (2.0 * log_mean - variance / clock.variance)

        return once(self._known, ("integral", name), motion)

    @property
    def _shape_motion(self) -> FloatArray:
        """Motion of the integrated variances per unit of the logarithm of their law's shape."""

        def motion() -> FloatArray:
            clock = self._clock()
            return clock.mean * inverse_gaussian_shape(self.integral / clock.mean, clock.mean**2 / clock.variance)

        return once(self._known, "integral shape", motion)
