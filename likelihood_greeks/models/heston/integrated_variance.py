r"""Integrated variance over a step, given the variances at its ends.

Its Laplace transform is explicit [1]_. With :math:`X = (\kappa\Delta/2)^2` moved to
:math:`X + \tfrac12 \xi^2\Delta^2 s`, and with

.. math:: \ell(X) = \log\frac{\sqrt{X}}{\sinh\sqrt{X}}, \quad C(X) = \sqrt{X}\coth\sqrt{X}, \quad
          w = \frac{2(v + v')}{\Delta\,\xi^2}, \quad z = \frac{4\sqrt{v v'}}{\Delta\,\xi^2}\,e^{\ell},

its logarithm in *s* is that of :math:`e^{\ell}\, I_\nu(z)\, e^{-wC}` up to a constant. Mean and variance are its
derivatives, with :math:`\beta = -\tfrac12\xi^2\Delta^2`, :math:`h = zI_\nu'/I_\nu` and :math:`q = z\,dh/dz`:

.. math::
    c_1 = \beta\,[(1 + h)\ell' - wC'], \qquad c_2 = \beta^2\,[(1 + h)\ell'' - wC'' + q\,\ell'^2] .

Nothing divides by :math:`\kappa`, and all terms of :math:`c_1` have one sign. The law used is inverse Gaussian with
this mean and variance [2]_: its density is explicit, and its bias falls at least with the third power of the step.

References
----------
.. [1] M. Broadie and Ö. Kaya, "Exact simulation of stochastic volatility and other affine jump diffusion processes",
   *Operations Research* 54 (2006), 217-231.
.. [2] S. T. Tse and J. W. L. Wan, "Low-bias simulation scheme for the Heston model by inverse Gaussian approximation",
   *Quantitative Finance* 13 (2013), 919-937.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, final

import numpy as np
from numpy.polynomial import polynomial
from scipy import special

from ..._compiled import kernels
from ..._typing import FloatArray
from ...numerics.arrays import once
from .bessel_table import LOWEST_ORDER, tabulated
from .variance import Direction, Rate, Transitions

SERIES_LIMIT, SERIES_TERMS = 1.0, 24  # of ell, whose radius of convergence is pi**2
_N = np.arange(1.0, SERIES_TERMS + 1.0)
_ELL = np.concatenate([[0.0], (-1.0) ** _N * special.zeta(2.0 * _N) / (_N * np.pi ** (2.0 * _N))])
_ELL_SLOPES = [polynomial.polyder(_ELL, k) for k in (1, 2, 3, 4)]


def hyperbolic(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Derivatives of :math:`\ell` and :math:`C` of order 1, 2 and 3 at X > 0, each of shape (3, ...).

    Below one :math:`\ell = \sum_n (-1)^n \zeta(2n) X^n / (n \pi^{2n})` and :math:`C = 1 - 2X\ell'`; above, derivatives
    of :math:`2XC' = C + X - C^2`.
    """
    ell = np.stack([polynomial.polyval(x, slope) for slope in _ELL_SLOPES])
    coth = np.stack([-2.0 * k * ell[k - 1] - 2.0 * x * ell[k] for k in (1, 2, 3)])
    large = x > SERIES_LIMIT
    if large.any():
        s = x[large]
        c = np.sqrt(s) / np.tanh(np.sqrt(s))
        c1 = (c + s - c**2) / (2.0 * s)
        c2 = (1.0 - c1 - 2.0 * c * c1) / (2.0 * s)
        c3 = -(3.0 * c2 + 2.0 * c1**2 + 2.0 * c * c2) / (2.0 * s)
        l1 = (1.0 - c) / (2.0 * s)
        l2 = -(c1 + 2.0 * l1) / (2.0 * s)
        coth[:, large], ell[:3, large] = (c1, c2, c3), (l1, l2, -(c2 + 4.0 * l2) / (2.0 * s))
    return np.asarray(ell[:3]), np.asarray(coth)


@final
@dataclass(frozen=True, slots=True, eq=False)
class IntegratedVariance:
    """The inverse Gaussian law of the integrated variance over given steps of the variance.

    Attributes
    ----------
    steps : Transitions
    ell, coth : ndarray, shape (3, n_steps, 1)
        `hyperbolic` at X.
    mean, variance : ndarray, shape (n_steps, n_paths)
        The exact conditional mean and variance, c1 and c2.
    """

    steps: Transitions
    ell: FloatArray
    coth: FloatArray
    mean: FloatArray
    variance: FloatArray
    _known: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def given(cls, steps: Transitions) -> IntegratedVariance:
        """The law given the ends of every step."""
        ell, coth = hyperbolic((0.5 * steps.law.mean_reversion * steps.steps) ** 2)
        if (compiled := kernels("heston.variance")) and steps.law.order >= LOWEST_ORDER:
            table, order = tabulated(steps.law.order), steps.law.order
            ends = np.ascontiguousarray(steps.start), np.ascontiguousarray(steps.end)
            numbers = _numbers(steps, ell, coth)
            return cls(steps, ell, coth, *compiled.moments(*ends, table.scale, table.pieces[:2], 1.0 + order, numbers))
        beta, w, one = _beta(steps), _weight(steps), 1.0 + steps.law.order + steps.bessel.excess
        mean = beta * (one * ell[0] - w * coth[0])
        variance = beta**2 * (one * ell[1] - w * coth[1] + steps.bessel.slope * ell[0] ** 2)
        return cls(steps, ell, coth, mean, variance)

    def leading(self, count: int) -> IntegratedVariance:
        """The first `count` steps."""
        rows = (self.ell[:, :count], self.coth[:, :count], self.mean[:count], self.variance[:count])
        return IntegratedVariance(self.steps.leading(count), *rows)

    def draw(self, generator: np.random.Generator) -> FloatArray:
        r"""Integrated variances, shape (n_steps, n_paths).

        With mean one and shape :math:`\varphi`, and Y the square of a normal, the smaller root X of
        :math:`\varphi (X - 1)^2 = X Y` is taken with probability :math:`1/(1 + X)`, else :math:`1/X` ([1]_); written so
        that nothing cancels.

        References
        ----------
        .. [1] J. R. Michael, W. R. Schucany and R. W. Haas, "Generating random variates using transformations with
           multiple roots", *The American Statistician* 30 (1976), 88-90.
        """
        if (compiled := kernels("heston.variance")) and isinstance(generator, np.random.Generator):
            return np.asarray(compiled.inverse_gaussian(generator, self.mean, self.variance))
        half = generator.standard_normal(self.mean.shape) ** 2 * self.variance / (2.0 * self.mean**2)
        root = 1.0 / (1.0 + half + np.sqrt(half * (half + 2.0)))
        smaller = generator.random(self.mean.shape) * (1.0 + root) <= 1.0
        return np.asarray(self.mean * np.where(smaller, root, 1.0 / root))

    def log_density(self, value: FloatArray) -> FloatArray:
        """Log-density of integrated variances, shape (n_steps, n_paths)."""
        mean, variance = self.mean, self.variance
        norm = 0.5 * np.log(mean**3 / (2.0 * np.pi * variance * value**3))
        return np.asarray(norm - 0.5 * mean * (value - mean) ** 2 / (variance * value))

    def score(self, value: FloatArray, along: Direction) -> FloatArray:
        """Derivative of `log_density` along a direction, `value` held fixed; shape (n_steps, n_paths)."""
        mean, variance = self.moved(along)
        log_mean, log_variance, gap = mean / self.mean, variance / self.variance, value / self.mean - 1.0
        shape = self.mean**2 / self.variance * self.mean / value  # of the exponent shape * gap**2 / 2
        score = 1.5 * log_mean - 0.5 * log_variance
        return np.asarray(score + shape * gap * (log_mean - 0.5 * gap * (log_mean - log_variance)))

    @property
    def numbers(self) -> FloatArray:
        """What the kernels need of every step, shape (n_steps, 9)."""
        return _numbers(self.steps, self.ell, self.coth)

    def factors(self, along: Direction) -> dict[str, Rate]:
        """Derivatives, along a direction, of what mean and variance are made of; each broadcasts to (n_steps, n_paths).

        All but the order act through the logarithms of beta and z, through w and its parts, and through X.
        """
        steps, kappa, length = self.steps, self.steps.law.mean_reversion, self.steps.steps
        x = 0.5 * kappa * length * (length * along.mean_reversion + kappa * along.step)
        log_beta = 2.0 * (along.vol_of_vol / steps.law.vol_of_vol + along.step / length)
        log_scale = log_beta - along.step / length  # of length * xi**2
        log_z = 0.5 * (along.log_start + along.log_end) - log_scale + self.ell[0] * x
        share = _share(steps)
        return {
            "beta": log_beta, "z": log_z, "x": x, "order": along.order, "w": -log_scale,
            "start": share * along.log_start, "end": share * along.log_end,
        }  # fmt: skip

    def moved(self, along: Direction) -> tuple[FloatArray, FloatArray]:
        """Derivatives of `mean` and `variance` along a direction, each of shape (n_steps, n_paths)."""
        mean, variance = np.zeros_like(self.mean), np.zeros_like(self.variance)
        for name, factor in self.factors(along).items():
            if np.any(factor):
                of_mean, of_variance = once(self._known, name, partial(self._slope, name))
                mean += factor * of_mean
                variance += factor * of_variance
        return mean, variance

    def _slope(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Derivatives of mean and variance in one of the things that they are made of."""
        steps, terms, beta = self.steps, self.steps.bessel, _beta(self.steps)
        (l1, l2, l3), (c1, c2, c3) = self.ell, self.coth
        match name:
            case "beta":
                return self.mean, 2.0 * self.variance
            case "z":
                return beta * l1 * terms.slope, beta**2 * (l2 * terms.slope + l1**2 * terms.curvature)
            case "x":
                one, w = 1.0 + steps.law.order + terms.excess, _weight(steps)
                curved = one * l3 - w * c3 + 2.0 * l1 * l2 * terms.slope
                return beta * (one * l2 - w * c2), beta**2 * curved
            case "order":
                moved = 1.0 + terms.excess_order
                return beta * l1 * moved, beta**2 * (l2 * moved + l1**2 * terms.slope_order)
        w = {"start": steps.start, "end": steps.end, "w": _weight(steps)}[name]
        return -beta * c1 * w, -(beta**2) * c2 * w


def _beta(steps: Transitions) -> FloatArray:
    return np.asarray(-0.5 * (steps.law.vol_of_vol * steps.steps) ** 2)


def _weight(steps: Transitions) -> FloatArray:
    """The coefficient w of C."""
    return np.asarray((steps.start + steps.end) * _share(steps))


def _share(steps: Transitions) -> FloatArray:
    """What the variances at both ends are multiplied by in w."""
    return np.asarray(2.0 / (steps.steps * steps.law.vol_of_vol**2))


def _numbers(steps: Transitions, ell: FloatArray, coth: FloatArray) -> FloatArray:
    """The scale of z, beta, the share in w, and the derivatives of ell and C; shape (n_steps, 9)."""
    return np.concatenate([steps.argument_scale, _beta(steps), _share(steps), *ell, *coth], axis=1)
