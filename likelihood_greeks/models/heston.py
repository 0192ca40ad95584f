"""The Heston model: a law of variances, integrated variances and spots whose joint density is explicit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from .._checks import dates, finite, positive, refuse
from .._typing import AnyArray, FloatArray
from ..jets import Jet
from ..parameters import TIME, Derivative
from ..sampling import Stream
from . import carry, heston_fourier
from .conditional_spot import LINEAR, ConditionalSpot
from .heston_terminal import HestonTerminal, check_parameters, volatility_greeks
from .integrated_variance import IntegratedVariance
from .protocol import Paths
from .square_root import Direction, SquareRoot

MEASURED_BIAS = 0.002
"""Largest relative bias of a Greek that was measured at the steps of `Heston.substeps` with nothing scaled."""
STEP = 1e-3  # relative, of the differences in `hessian`: truncation 1e-12, rounding 1e-8 of the score
STENCIL = {-2: 1.0 / 12.0, -1: -8.0 / 12.0, 1: 8.0 / 12.0, 2: -1.0 / 12.0}

IntArray: TypeAlias = NDArray[np.int64]
Variances: TypeAlias = tuple[SquareRoot, FloatArray, FloatArray, FloatArray]  # law, path, steps, integrals


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Heston:
    r"""Spot price with a square-root variance, risk-neutral measure.

    .. math::
        d\log S = (r - q - \tfrac12 v)\,dt + \sqrt{v}\,(\rho\,dW + \sqrt{1 - \rho^2}\,dB), \qquad
        dv = \kappa(\theta - v)\,dt + \xi\sqrt{v}\,dW

    Parameters
    ----------
    spot : float
        :math:`S_0 > 0`, in currency.
    initial_variance : float
        :math:`v_0 > 0`, per year; 0.04 is a volatility of twenty per cent.
    mean_reversion : float
        :math:`\kappa > 0`, per year.
    long_run_variance : float
        :math:`\theta > 0`, per year.
    vol_of_vol : float
        :math:`\xi > 0`. The Feller condition :math:`2\kappa\theta \ge \xi^2` may be violated.
    correlation : float
        :math:`\rho`, strictly between -1 and 1.
    rate, dividend_yield : float
        :math:`r` and :math:`q`, continuously compounded, per year.
    bias_tolerance : float
        Relative bias that the law may give a Greek, at most 0.1: see `substeps`.

    Raises
    ------
    ValueError
        If a parameter is not finite or outside its range.
    TypeError
        If a parameter is not a real number.

    Notes
    -----
    Each step of the law has three layers, whose densities are explicit: the variance (`square_root`, exact), the
    integrated variance given both its ends (`integrated_variance`: inverse Gaussian, with the exact mean and variance),
    and the log-spot given both (`conditional_spot`: Gaussian, exact; over whole intervals between observation dates).
    The density is *joint*: a weight made from the step of the spot alone is biased when the correlation is not zero.
    The integrated variance is the only approximation; the forward is exact to about 1e-6.

    Draws: one normal an observation date, then the variances and integrated variances from the stream's generator.
    An antithetic pair shares its variance path and has opposite normals.

    Vega is in the initial volatility: :math:`\partial V/\partial\sqrt{v_0}`; likewise vanna and volga.

    References
    ----------
    .. [1] S. L. Heston, "A closed-form solution for options with stochastic volatility with applications to bond and
       currency options", *Review of Financial Studies* 6 (1993), 327-343.
    """

    parameters: ClassVar[tuple[str, ...]] = (
        "spot", "initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation", "rate",
        "dividend_yield",
    )  # fmt: skip

    spot: float
    initial_variance: float
    mean_reversion: float
    long_run_variance: float
    vol_of_vol: float
    correlation: float
    rate: float = 0.0
    dividend_yield: float = 0.0
    bias_tolerance: float = MEASURED_BIAS

    def __post_init__(self) -> None:
        check_parameters(self)
        positive("bias_tolerance", self.bias_tolerance)
        if not self.bias_tolerance <= 0.1:
            refuse("bias_tolerance", "be at most 0.1", self.bias_tolerance)

    def named_greeks(self) -> Mapping[str, Mapping[Derivative, float]]:
        """Greeks in the initial volatility: vega, vanna and volga."""
        return volatility_greeks(self.initial_variance)

    # -- the law -----------------------------------------------------------------------------------------------

    @property
    def _variance(self) -> SquareRoot:
        return SquareRoot(self.mean_reversion, self.long_run_variance, self.vol_of_vol)

    def substeps(self, times: Sequence[float] | FloatArray) -> tuple[int, ...]:
        r"""Steps that the variance takes over each interval between observation dates.

        They are at most

        .. math:: \min\Bigl\{\frac{0.5}{\kappa},\; \max\Bigl[\frac{2\theta}{\xi^2},\;
                  \min\Bigl(\frac{T}{20}, \frac14\Bigr)\Bigr]\Bigr\}

        years long, where the bias of six parameter sets (with Feller's condition and without it) was measured by
        quadrature: at most 0.2 % of nearly every Greek of calls and digitals. It falls at least with the third power of
        the step, by which other tolerances scale the step.
        """
        grid = np.asarray(dates("times", times))
        scarce = max(2.0 * self.long_run_variance / self.vol_of_vol**2, min(grid[-1] / 20.0, 0.25))
        longest = min(0.5 / self.mean_reversion, scarce) * np.cbrt(self.bias_tolerance / MEASURED_BIAS)
        return tuple(int(n) for n in np.maximum(np.ceil(np.diff(grid, prepend=0.0) / longest - 1e-9), 1.0))

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths.

        Parameters
        ----------
        times : sequence of float, shape (n_times,)
            Year fractions, increasing, > 0.
        stream : Stream
            Gives ``normals(n_times)`` and a generator.

        Returns
        -------
        Paths
            ``spot`` of shape (n_times, n_paths), and at the end of every sub-step the ``variance`` and, over it, the
            ``integrated_variance``, both of shape (n_substeps, n_paths). The number of sub-steps stays with the paths:
            no parameter moves it afterwards.
        """
        grid = np.asarray(dates("times", times))
        counts = self.substeps(grid)
        steps, starts = _layout(grid, counts)
        normals, generator, law = stream.normals(len(grid)), stream.generator, self._variance
        path = law.draw(self.initial_variance, steps, stream.n_samples, generator)
        integral = IntegratedVariance.given(law.transitions(path, steps, order=False)).draw(generator)
        copies = stream.n_paths // stream.n_samples
        path, integral = (np.tile(rows, (1, copies)) for rows in (path, integral))
        log_spot = self._spot_given(grid, starts, path, integral).paths(normals)
        latent = {"log_spot": log_spot, "variance": path[1:], "integrated_variance": integral}
        return Paths(grid, np.exp(log_spot), latent, counts)

    def _spot_given(
        self, times: FloatArray, starts: IntArray, path: FloatArray, integral: FloatArray
    ) -> ConditionalSpot:
        ends = path[np.append(starts, len(path) - 1)]
        steps = np.diff(times, prepend=0.0)[:, None]
        return ConditionalSpot(self, steps, np.diff(ends, axis=0), np.add.reduceat(integral, starts, axis=0))

    def _spot_layer(self, paths: Paths) -> ConditionalSpot:
        _, path, _, integral = self._variance_layer(paths)
        return self._spot_given(paths.times, _layout(paths.times, _counts(paths))[1], path, integral)

    def _variance_layer(self, paths: Paths) -> Variances:
        if missing := {"log_spot", "variance", "integrated_variance"} - set(paths.latent):
            raise ValueError(f"paths must be drawn by Heston.simulate: their latent lacks {', '.join(sorted(missing))}")
        start = np.full((1, paths.n_paths), self.initial_variance)
        path = np.concatenate([start, paths.latent["variance"]])
        return self._variance, path, _layout(paths.times, _counts(paths))[0], paths.latent["integrated_variance"]

    def terminal(self, time: float) -> HestonTerminal:
        """The exact law of the spot at `time` (years) alone, for European payoffs: no steps and no bias of them."""
        return HestonTerminal(**{name: getattr(self, name) for name in self.parameters}, maturity=time)

    def log_density(self, paths: Paths) -> FloatArray:
        """Joint log-density of all that was drawn: variances, integrated variances and spots; shape (n_paths,)."""
        law, path, steps, integral = self._variance_layer(paths)
        transitions = law.transitions(path, steps, order=False)
        inner = transitions.log_density() + IntegratedVariance.given(transitions).log_density(integral)
        return inner.sum(axis=0) + self._spot_layer(paths).log_density(paths.latent["log_spot"])

    # -- its derivatives ---------------------------------------------------------------------------------------

    def score(self, paths: Paths, names: Sequence[str] | None = None) -> FloatArray:
        """Derivative of `log_density` in each of `names`, what was drawn held fixed; shape (n_names, n_paths).

        `names` are parameters (the default: all) or ``"time"``, which shortens the first interval: its sub-steps
        alike, since spread over k of them the weight has a k-th of the variance.
        """
        wanted = self._known(self.parameters if names is None else tuple(names))
        rows = self._spot_layer(paths).score(paths.latent["log_spot"], wanted)
        inner = [k for k, name in enumerate(wanted) if name not in LINEAR]
        for k, row in zip(inner, self._variance_score(paths, tuple(wanted[k] for k in inner)), strict=True):
            rows[k] = rows[k] + row
        return np.stack(rows)

    def _variance_score(self, paths: Paths, names: tuple[str, ...]) -> list[FloatArray]:
        """Derivatives of the log-density of variances and integrated variances, each of shape (n_paths,)."""
        if not names:
            return []
        law, path, steps, integral = self._variance_layer(paths)
        directions = [self._direction(name, _counts(paths)[0]) for name in names]
        ordered = any(along.order for along, _ in directions)
        reach = max(count or len(steps) for _, count in directions)
        transitions = law.transitions(path[: reach + 1], steps[:reach], ordered)
        clock = IntegratedVariance.given(transitions)
        rows = []
        for along, count in directions:
            reached = clock.leading(count) if count else clock
            row = reached.steps.score(along) + reached.score(integral[: len(reached.mean)], along)
            rows.append(row.sum(axis=0))
        return rows

    def _direction(self, name: str, first: int) -> tuple[Direction, int | None]:
        """How a coordinate moves the variance's steps, and how many of them (None: all); `first` in interval one."""
        kappa, theta, xi = self.mean_reversion, self.long_run_variance, self.vol_of_vol
        match name:
            case "initial_variance":
                return Direction(log_start=1.0 / self.initial_variance), 1
            case "mean_reversion":
                return Direction(mean_reversion=1.0, order=2.0 * theta / xi**2), None
            case "long_run_variance":
                return Direction(order=2.0 * kappa / xi**2), None
            case "vol_of_vol":
                return Direction(vol_of_vol=1.0, order=-4.0 * kappa * theta / xi**3), None
        return Direction(step=-1.0 / first), first  # time

    def hessian(self, paths: Paths, pairs: Sequence[Derivative]) -> FloatArray:
        """Second derivatives of `log_density`, shape (n_pairs, n_paths).

        Exact where a coordinate is the spot, rate, dividend yield or correlation. For two others the part of variances
        and integrated variances is a five-point difference of their exact score on the sample, which is held fixed.
        """
        wanted = [(a, b) for a, b in (self._known(pair) for pair in pairs)]
        rows = self._spot_layer(paths).second(paths.latent["log_spot"], wanted)
        for k, pair in enumerate(wanted):
            if not set(pair) & set(LINEAR):
                rows[k] = rows[k] + self._variance_curvature(paths, pair)
        return np.stack(rows)

    def _variance_curvature(self, paths: Paths, pair: tuple[str, str]) -> FloatArray:
        cheap = ("initial_variance", TIME)  # needs no derivative in the order
        given, moved = sorted(pair, key=lambda name: (name not in cheap, self._coordinates.index(name)))
        size = paths.times[0] if moved == TIME else getattr(self, moved)
        total = np.zeros(paths.n_paths)
        for k, weight in STENCIL.items():
            shift = k * STEP * size
            law = self if moved == TIME else replace(self, **{moved: size + shift})
            later = replace(paths, times=paths.times - shift) if moved == TIME else paths
            total += weight * law._variance_score(later, (given,))[0]
        return total / (STEP * size)

    @property
    def _coordinates(self) -> tuple[str, ...]:
        return (*self.parameters, TIME)

    def _known(self, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in self._coordinates:
                raise ValueError(f"name must be one of {', '.join(self._coordinates)}, got {name!r}")
        return names

    # -- discounting and forward -------------------------------------------------------------------------------

    def coordinates(self) -> dict[str, Jet]:
        """The parameters and elapsed time as jets, for closed forms."""
        return carry.coordinates(self)

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors exp(-r t) and their derivatives."""
        return carry.discount_jet(self, times)

    def forward_jet(self, times: AnyArray) -> Jet:
        """Forward prices S0 exp((r - q) t) and their derivatives."""
        return carry.forward_jet(self, times)

    def vanilla_jets(self, strike: float, time: float) -> tuple[Jet, Jet]:
        """Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives.

        By Fourier inversion of the exact law: see `heston_fourier`.
        """
        return heston_fourier.vanilla_jets(self.coordinates(), strike, time)

    def discount(self, time: float) -> float:
        """Value today of one unit of currency at `time` (years)."""
        return float(self.discount_jet(np.asarray(finite("time", time))).value)

    def forward(self, time: float) -> float:
        """Risk-neutral expectation of the spot at `time` (years)."""
        return float(self.forward_jet(np.asarray(finite("time", time))).value)


def _counts(paths: Paths) -> tuple[int, ...]:
    """Sub-steps of every interval."""
    return paths.substeps or (1,) * len(paths.times)


def _layout(times: FloatArray, counts: Sequence[int]) -> tuple[FloatArray, IntArray]:
    """Lengths of all sub-steps, shape (n_substeps,), and where those of each interval start, shape (n_times,)."""
    many = np.asarray(counts, dtype=np.int64)
    return np.repeat(np.diff(times, prepend=0.0) / many, many), np.cumsum(many) - many
