r"""The log-spot of the Heston model given its variance path: Gaussian, and its derivatives in every parameter.

Over an interval of length D between observation dates, with the variance rising by :math:`\Delta v` and the integrated
variance I, the log-spot moves by a normal with variance :math:`s^2 = (1 - \rho^2) I` and mean [1]_

.. math:: m = (r - q) D - \tfrac12 I + \frac{\rho}{\xi} A, \qquad A = \Delta v - \kappa\theta D + \kappa I .

Nothing else of the joint law depends on spot, rate, dividend yield or correlation. A change of another parameter
arrives here as a change of :math:`\Delta v` and I, as far as it travels with the path, and through the formula itself.

References
----------
.. [1] M. Broadie and Ö. Kaya, "Exact simulation of stochastic volatility and other affine jump diffusion processes",
   *Operations Research* 54 (2006), 217-231.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, final

import numpy as np

from ..._compiled import kernels
from ..._typing import FloatArray
from ...numerics.arrays import cumulated, once
from ...numerics.differences import SLOPE
from ...parameters import Derivative
from ..curves import Curves
from ..moves import LIKELIHOOD_RATIO, NONE, IndependentSteps, Moves, Slope
from .parameters import DIRECT
from .variance_path import Beneath, VarianceParameters, VariancePath


class HestonParameters(VarianceParameters, Protocol):
    """The parameters of the model."""

    @property
    def spot(self) -> float: ...  # noqa: D102
    @property
    def correlation(self) -> float: ...  # noqa: D102
    @property
    def rate(self) -> float: ...  # noqa: D102
    @property
    def dividend_yield(self) -> float: ...  # noqa: D102
    @property
    def curves(self) -> Curves | None: ...  # noqa: D102


@final
@dataclass(frozen=True, slots=True, eq=False)
class ConditionalSpot:
    """The Gaussian law of the log-spot at the observation dates, given what was drawn beneath it.

    Parameters
    ----------
    model : HestonParameters
    beneath : VariancePath
    """

    model: HestonParameters
    beneath: VariancePath
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def steps(self) -> FloatArray:
        """Lengths D of the intervals between observation dates, shape (n_times, 1)."""
        return np.diff(self.beneath.times, prepend=0.0)[:, None]

    @property
    def clock(self) -> FloatArray:
        """Integrated variance I over each interval, shape (n_times, n_paths)."""
        return once(self._known, "clock", lambda: self.beneath.over_intervals(self.beneath.integral))

    @property
    def drive(self) -> FloatArray:
        """What the variance's own noise contributes, A = xi times the integral of sqrt(v) dW; shape of `clock`."""
        m = self.model

        def drive() -> FloatArray:
            rise = self.beneath.rise(self.beneath.path)
            return rise - m.mean_reversion * (m.long_run_variance * self.steps - self.clock)

        return once(self._known, "drive", drive)

    @property
    def mean(self) -> FloatArray:
        """Means m of the moves of the log-spot, shape (n_times, n_paths)."""
        m = self.model
        return np.asarray(self.carry - 0.5 * self.clock + m.correlation / m.vol_of_vol * self.drive)

    @property
    def carry(self) -> FloatArray:
        """What rates less dividends add to each move, shape (n_times, 1)."""
        m = self.model
        flat = (m.rate - m.dividend_yield) * self.steps
        return flat + np.diff(m.curves.carry(self.beneath.times), prepend=0.0)[:, None] if m.curves else flat

    @property
    def variance(self) -> FloatArray:
        """Variances s**2, shape (n_times, n_paths)."""
        return np.asarray((1.0 - self.model.correlation**2) * self.clock)

    @property
    def _linear(self) -> tuple[FloatArray, float, float, float]:
        """The mean's constants, (n_times,), its slopes in I and in the rise of the variance, and that of s**2 in I."""
        m, steps = self.model, self.steps[:, 0]
        ratio = m.correlation / m.vol_of_vol
        constant = self.carry[:, 0] - ratio * m.mean_reversion * m.long_run_variance * steps
        return constant, ratio * m.mean_reversion - 0.5, ratio, 1.0 - m.correlation**2

    @property
    def _beneath_moves(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The clock, the variances, and the rows of these at the ends of the intervals, from time 0 on."""
        path = self.beneath.path
        return self.clock, path, np.append(self.beneath.starts, len(path) - 1)

    def paths(self, normals: FloatArray) -> FloatArray:
        """Log-spots driven by given normals, shape (n_times, n_paths)."""
        if compiled := kernels("heston.spot"):
            return np.asarray(compiled.paths(np.log(self.model.spot), self._linear, *self._beneath_moves, normals))
        return np.log(self.model.spot) + cumulated(self.mean + np.sqrt(self.variance) * normals)

    def moves(self, log_spot: FloatArray) -> Moves:
        """How given log-spots moved, with all derivatives."""
        if compiled := kernels("heston.spot"):
            start = np.log(self.model.spot)
            return Moves(
                compiled.noise(start, self._linear, *self._beneath_moves, log_spot),
                self.variance,
                self,
                IndependentSteps(),
            )
        noise = np.diff(log_spot, axis=0, prepend=np.log(self.model.spot)) - self.mean
        return Moves(noise, self.variance, self, IndependentSteps())

    def log_density(self, log_spot: FloatArray) -> FloatArray:
        """Log-density of the spots (not of their logarithms), shape (n_paths,)."""
        moves = self.moves(log_spot)
        rows = 0.5 * moves.noise**2 / moves.variance + log_spot + 0.5 * np.log(2.0 * np.pi * moves.variance)
        return np.asarray(-rows.sum(axis=0))

    # -- derivatives -------------------------------------------------------------------------------------------

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives of the moves, what is beneath being handed over at a rate."""
        if name == "correlation":
            turned = -2.0 * self.model.correlation * self.clock
            return Slope(self._mean_slope(name, Beneath()), turned)
        if name in DIRECT:
            return Slope(self._carry_slope(name))
        beneath = self.beneath.beneath(name, rate)
        if beneath.rise.shape == beneath.clock.shape == self.clock.shape and (compiled := kernels("heston.spot")):
            moved = np.ascontiguousarray(beneath.rise), np.ascontiguousarray(beneath.clock)
            mean, variance = compiled.slope(*self._linear_slope(name), *moved, *self._beneath_moves)
            return Slope(mean, variance, beneath.handed, turns=True)
        spread = NONE if beneath.clock is NONE else (1.0 - self.model.correlation**2) * beneath.clock
        return Slope(self._mean_slope(name, beneath), spread, beneath.handed, turns=beneath.clock is not NONE)

    def _linear_slope(self, name: str) -> tuple[FloatArray, tuple[float, ...]]:
        """The numbers of `slope` as its kernel wants them, for a coordinate that moves what is beneath.

        With the derivative of rho / xi that of A adds: its own, in the clock too where kappa moves, and A's parts.
        """
        m, ratio, turned = self.model, self.model.correlation / self.model.vol_of_vol, self._ratio_slope(name)
        kappa, in_clock = m.mean_reversion, float(name == "mean_reversion")
        own = -m.long_run_variance * self.steps if in_clock else self._drive_slope(name)
        still = self._carry_slope(name) + ratio * own - turned * kappa * m.long_run_variance * self.steps
        of_clock = ratio * in_clock + turned * kappa
        return still[:, 0], (ratio, ratio * kappa - 0.5, of_clock, turned, 1.0 - m.correlation**2)

    def _mean_slope(self, name: str, beneath: Beneath) -> FloatArray:
        """The derivative of carry - I / 2 + (rho / xi) A."""
        moved = self._drive_moved(name, beneath)
        rows = self._carry_slope(name) - 0.5 * beneath.clock + self.model.correlation / self.model.vol_of_vol * moved
        return rows + ratio * self.drive if (ratio := self._ratio_slope(name)) else rows

    def bend(self, pair: Derivative, rate: float) -> Slope | None:
        """Second derivatives of the moves; None of two coordinates that both travel beneath."""
        here = [name for name in pair if name in DIRECT]
        if not here and rate != LIKELIHOOD_RATIO:
            return None
        moved = {name: Beneath() if name in DIRECT else self.beneath.beneath(name, rate) for name in pair}
        mean = self._carry_slope(*pair) + self.model.correlation / self.model.vol_of_vol * self._drive_slope(*pair)
        for a, b in (pair, pair[::-1]):
            if ratio := self._ratio_slope(a):
                mean = mean + ratio * self._drive_moved(b, moved[b])
        if ratio := self._ratio_slope(*pair):
            mean = mean + ratio * self.drive
        if not here:
            return Slope(mean, handed=self.beneath.curvature((pair[0], pair[1])))
        return Slope(mean, self._clock_bend(pair, moved))

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> FloatArray | None:
        """Derivative of the weight in the initial variance as another coordinate moves what is beneath; (n_paths,).

        A five-point difference of the exact weight along that motion, the spots held fixed. None of other pairs:
        theirs depend on more than the path of the variance. And none with less than one degree of freedom: a variance
        that has touched zero moves too wildly for a difference.
        """
        given = "initial_variance"
        if given not in pair or self.beneath.law.order < -0.5:
            return None
        other = pair[0] if pair[1] == given else pair[1]
        size, moves = self.beneath.step(other), noise + self.mean

        def weight(shift: float) -> FloatArray:
            beneath = self.beneath.carried(other, rate, shift)
            model: Any = beneath.model
            law = ConditionalSpot(model, beneath)
            return Moves(moves - law.mean, law.variance, law).weight(given, rate)

        return np.asarray(sum(w * weight(k * size) for k, w in SLOPE.items()) / size)

    def _clock_bend(self, pair: Derivative, moved: dict[str, Beneath]) -> FloatArray:
        """Second derivatives of (1 - rho**2) I."""
        if "correlation" not in pair:
            return NONE
        if set(pair) == {"correlation"}:
            return -2.0 * self.clock
        (other,) = set(pair) - {"correlation"}
        clock = moved[other].clock
        return NONE if clock is NONE else -2.0 * self.model.correlation * clock

    def _drive_moved(self, name: str, beneath: Beneath) -> FloatArray:
        """Derivative of A, with what moves beneath."""
        return self._drive_slope(name) + beneath.rise + self.model.mean_reversion * beneath.clock

    @property
    def _first(self) -> FloatArray:
        """One for the first interval, zero for the others; shape (n_times, 1)."""
        return np.eye(len(self.beneath.times), 1)

    def _ratio_slope(self, *names: str) -> float:
        """Derivative of rho / xi."""
        rho, xi = self.model.correlation, self.model.vol_of_vol
        match sorted(names):
            case ["correlation"]:
                return 1.0 / xi
            case ["vol_of_vol"]:
                return -rho / xi**2
            case ["correlation", "vol_of_vol"]:
                return -1.0 / xi**2
            case ["vol_of_vol", "vol_of_vol"]:
                return 2.0 * rho / xi**3
        return 0.0

    def _drive_slope(self, *names: str) -> FloatArray:
        """Derivative of A, what is beneath held fixed; broadcasts to (n_times, n_paths)."""
        kappa, theta = self.model.mean_reversion, self.model.long_run_variance
        match sorted(names):
            case ["mean_reversion"]:
                return self.clock - theta * self.steps
            case ["long_run_variance"]:
                return -kappa * self.steps
            case ["time"]:
                return kappa * theta * self._first
            case ["long_run_variance", "mean_reversion"]:
                return -self.steps
            case ["mean_reversion", "time"]:
                return theta * self._first
            case ["long_run_variance", "time"]:
                return kappa * self._first
        return NONE

    def _carry_slope(self, *names: str) -> FloatArray:
        """Derivative of log S0 (in the first interval) + (r - q) D; broadcasts to (n_times, n_paths)."""
        model = self.model
        match sorted(names):
            case ["spot"]:
                return self._first / model.spot
            case ["spot", "spot"]:
                return -self._first / model.spot**2
            case ["rate"]:
                return self.steps
            case ["dividend_yield"]:
                return -self.steps
            case ["time"]:
                return -(model.rate - model.dividend_yield) * self._first
            case ["rate", "time"]:
                return -self._first
            case ["dividend_yield", "time"]:
                return self._first
        return NONE
