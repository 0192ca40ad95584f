r"""The square-root (Cox--Ingersoll--Ross) variance: exact transitions, their density and its derivatives.

.. math:: dv = \kappa(\theta - v)\,dt + \xi\sqrt{v}\,dW

Over a step :math:`\Delta`, with :math:`e = e^{-\kappa\Delta}`, :math:`c = \xi^2(1 - e)/(4\kappa)`,
:math:`\nu = 2\kappa\theta/\xi^2 - 1`, :math:`\lambda = v e/c` and :math:`y = v'/c`, the end :math:`y` is noncentral
chi-square with :math:`2\nu + 2` degrees of freedom and noncentrality :math:`\lambda` ([1]_, equation 18):

.. math:: p(v' \mid v) = \frac{1}{2c}\,e^{-(\lambda + y)/2} \Bigl(\frac{y}{\lambda}\Bigr)^{\nu/2} I_\nu(z),
          \qquad z = \sqrt{\lambda y} .

References
----------
.. [1] J. C. Cox, J. E. Ingersoll and S. A. Ross, "A theory of the term structure of interest rates", *Econometrica* 53
   (1985), 385-407.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

import numpy as np

from ..._compiled import kernels
from ..._typing import FloatArray
from ...numerics.arrays import once
from . import gamma_quantile
from .bessel_table import BesselRows
from .transport import gamma_shape

FLOOR = 1e-250
"""Of a gamma variate, so that nothing underflows. Scores go by its logarithm, which is not lifted."""

LIFTED = 1e-240  # an end below this is nothing but a lifted gamma
ENOUGH = -0.3
"""Order above which the gamma is left with a shape of at least a fifth when a normal is split off."""

Rate: TypeAlias = float | FloatArray


@final
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Direction:
    """Derivatives, along some direction, of all that a variance step depends on; floats, or arrays (n_steps, n_paths).

    Attributes
    ----------
    log_start, log_end : float or ndarray
        Of the logarithms of the variances at both ends.
    mean_reversion, vol_of_vol, order : float
        Of kappa, xi and nu: the long-run variance acts through the order alone.
    step : float or ndarray
        Of the length of the step.
    """

    log_start: Rate = 0.0
    log_end: Rate = 0.0
    mean_reversion: float = 0.0
    vol_of_vol: float = 0.0
    order: float = 0.0
    step: Rate = 0.0


@final
@dataclass(frozen=True, slots=True)
class SquareRoot:
    """The law of the variance.

    Parameters
    ----------
    mean_reversion, long_run_variance, vol_of_vol : float
        kappa (per year), theta (variance per year) and xi, all > 0.
    """

    mean_reversion: float
    long_run_variance: float
    vol_of_vol: float

    @property
    def order(self) -> float:
        """The order nu of the Bessel function; negative where the Feller condition does not hold."""
        return 2.0 * self.mean_reversion * self.long_run_variance / self.vol_of_vol**2 - 1.0

    def scale(self, steps: FloatArray) -> FloatArray:
        """The scale c of the chi-square; shape of `steps`."""
        return -(self.vol_of_vol**2) * np.expm1(-self.mean_reversion * steps) / (4.0 * self.mean_reversion)

    @property
    def gamma_shape(self) -> float:
        """Shape of the gamma variate that every step's end contains, whatever its start."""
        return self.order + (0.5 if self._split else 1.0)

    @property
    def _split(self) -> bool:
        return self.order > ENOUGH

    @property
    def ranks(self) -> tuple[int, ...]:
        """Ranks of the calls that `draw` takes for a step: the gamma of fixed shape, made by the first, moves less."""
        return (1, 0) if self._split else (1, 0, 0)

    def draw(
        self,
        start: float,
        steps: FloatArray,
        shape: int,
        generator: np.random.Generator,
        lifts: FloatArray | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Variances at both ends of every step, shape (n_steps + 1, shape), and the logarithms of the gammas in them.

        A noncentral chi-square is the sum of two independent parts: twice a gamma variate, whose shape is the same in
        every step, by inversion (`gamma_quantile`); and, as its degrees of freedom allow, the square of a normal with
        a mean, or a chi-square with a Poisson number of degrees of freedom. `lifts`, of the steps, are those of a
        `Tilt`.
        """
        scale = self.scale(steps)
        ratio = np.exp(-self.mean_reversion * steps) / scale
        if lifts is None:
            return self._drawn(start, ratio, scale, shape, generator)
        path, log_gamma = self._drawn(start, lifts * ratio, lifts * scale, shape, generator)
        return path, log_gamma + np.log(lifts)[:, None]

    def _drawn(
        self, start: float, ratio: FloatArray, scale: FloatArray, shape: int, generator: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """The same of steps with given scales, and with these noncentralities over the variances they start from."""
        compiled = kernels("heston.variance")
        if compiled and self._split and isinstance(generator, np.random.Generator):
            table = gamma_quantile.tabulated(self.gamma_shape)
            path, log_gamma = compiled.draw(generator, start, ratio, scale, shape, table)
            return path, log_gamma
        path, log_gamma = np.empty((len(scale) + 1, shape)), np.empty((len(scale), shape))
        path[0] = start
        for k in range(len(scale)):
            noncentrality = ratio[k] * path[k]
            log_gamma[k] = gamma_quantile.log_gammas(self.gamma_shape, generator.standard_normal(shape))
            if self._split:
                rest = (generator.standard_normal(shape) + np.sqrt(noncentrality)) ** 2
            else:
                rest = 2.0 * generator.standard_gamma(generator.poisson(0.5 * noncentrality))
            path[k + 1] = scale[k] * (2.0 * lifted(log_gamma[k]) + rest)
        return path, log_gamma

    def transitions(self, path: FloatArray, steps: FloatArray, log_gamma: FloatArray | float = 0.0) -> Transitions:
        """Steps between rows of `path` (n_steps + 1, n_paths), drawn with given gammas."""
        return Transitions(self, path[:-1], path[1:], steps[:, None], log_gamma)


def lifted(log_gamma: FloatArray) -> FloatArray:
    """Gammas from their logarithms, none so small that it underflows."""
    return np.exp(np.maximum(log_gamma, np.log(FLOOR)))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Transitions:
    """Given steps of the variance.

    Attributes
    ----------
    law : SquareRoot
    start, end : ndarray, shape (n_steps, n_paths)
        Variances at their ends.
    steps : ndarray, shape (n_steps, 1)
        Their lengths, years.
    log_gamma : ndarray, shape (n_steps, n_paths), or float
        Logarithms of the gammas in the ends.
    """

    law: SquareRoot
    start: FloatArray
    end: FloatArray
    steps: FloatArray
    log_gamma: FloatArray | float
    _known: dict[Any, Any] = field(default_factory=dict)

    def leading(self, count: int) -> Transitions:
        """The first `count` steps."""
        log_gamma = self.log_gamma[:count] if isinstance(self.log_gamma, np.ndarray) else self.log_gamma
        found = Transitions(self.law, self.start[:count], self.end[:count], self.steps[:count], log_gamma)
        found._known["bessel"] = self.bessel.leading(count, found._argument)
        return found

    @property
    def argument_scale(self) -> FloatArray:
        """What the geometric mean of both ends is multiplied by to make z, shape (n_steps, 1)."""
        return np.asarray(np.exp(-0.5 * self.law.mean_reversion * self.steps) / self.law.scale(self.steps))

    @property
    def bessel(self) -> BesselRows:
        """The Bessel function at z."""
        return once(self._known, "bessel", lambda: BesselRows(self.law.order, self._argument))

    def _argument(self) -> FloatArray:
        return np.asarray(np.sqrt(self.start) * np.sqrt(self.end) * self.argument_scale)

    @property
    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        """The arguments lambda and y."""
        scale = self.law.scale(self.steps)
        return self.start * (np.exp(-self.law.mean_reversion * self.steps) / scale), self.end / scale

    def _log_half(self, y: FloatArray) -> FloatArray:
        """The logarithm of y / 2, of an end that was lifted as well."""
        depth = np.where(self.end < LIFTED, np.minimum(self.log_gamma - np.log(FLOOR), 0.0), 0.0)
        return np.asarray(np.log(0.5 * y) + depth)

    def log_density(self) -> FloatArray:
        r"""Log-density of the end of every step given its start, shape (n_steps, n_paths).

        With :math:`L(z) = \log\{I_\nu(z)(z/2)^{-\nu}\} - z` no logarithm of :math:`\lambda` is left to cancel:

        .. math:: \log p = -\log 2c - \tfrac12(\sqrt{y} - \sqrt{\lambda})^2 + \nu \log\tfrac{y}{2} + L(z) .
        """
        noncentrality, y = self._scaled
        gap = np.sqrt(y) - np.sqrt(noncentrality)
        density = -np.log(2.0 * self.law.scale(self.steps)) - 0.5 * gap**2
        return density + self.law.order * self._log_half(y) + self.bessel.log

    def score(self, along: Direction) -> FloatArray:
        r"""Derivative of `log_density` along a direction, shape (n_steps, n_paths).

        .. math:: -\dot{\log c} - \tfrac12(y\,\dot{\log y} + \lambda\,\dot{\log\lambda}) + \nu\,\dot{\log y}
                  + \tfrac12 z r\,(\dot{\log y} + \dot{\log \lambda})
                  + \dot\nu\,\bigl(\log\tfrac{y}{2} + \partial_\nu L\bigr)
        """
        noncentrality, y = self._scaled
        log_scale, log_decay = self.log_scale(along)
        log_y, log_noncentrality = along.log_end - log_scale, along.log_start + log_decay - log_scale
        score = 0.5 * ((self.bessel.excess - y) * log_y + (self.bessel.excess - noncentrality) * log_noncentrality)
        score += self.law.order * log_y - log_scale
        return score + along.order * (self._log_half(y) + self.bessel.log_order) if along.order else score

    @property
    def passed_on(self) -> FloatArray:
        r"""Share of a change of the start that arrives at the end, both of logarithms; shape (n_steps, n_paths).

        By the transport of the noncentral chi-square in its noncentrality, :math:`zr/y`.
        """
        return np.asarray(self.bessel.excess / self._scaled[1])

    def pushed(self, along: Direction) -> FloatArray:
        r"""Motion of the logarithm of the end along a direction, its start and the order held fixed.

        .. math:: \dot{\log c} + \frac{zr}{y}\,(\dot{\log e} - \dot{\log c})
        """
        log_scale, log_decay = self.log_scale(along)
        return np.asarray(log_scale + self.passed_on * (log_decay - log_scale))

    def order_motion(self, log_gamma: FloatArray) -> FloatArray:
        """Motion of the logarithm of the end per unit of the order, from the gammas in it: 2 G R / y."""
        relative = gamma_shape(self.law.gamma_shape, log_gamma)
        return np.asarray(2.0 * lifted(log_gamma) * relative / self._scaled[1])

    def log_scale(self, along: Direction) -> tuple[FloatArray, FloatArray]:
        """Derivatives of log c and log e, shape (n_steps, 1)."""
        kappa, steps = self.law.mean_reversion, self.steps
        phi = kappa * steps
        series = -0.5 + phi / 12.0 - phi**3 / 720.0  # of 1 / (e**phi - 1) - 1 / phi, error phi**5 / 30240
        slope = np.where(phi < 0.01, series, 1.0 / np.expm1(phi) - 1.0 / phi)
        log_scale = 2.0 * along.vol_of_vol / self.law.vol_of_vol + steps * slope * along.mean_reversion
        log_scale += kappa / np.expm1(phi) * along.step
        return log_scale, -steps * along.mean_reversion - kappa * along.step
