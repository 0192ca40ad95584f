r"""Ways to draw the variance from where it seldom is up to a date, with densities that cost next to nothing.

Every step's end is drawn with its density multiplied by :math:`e^{a v'}`. Of a noncentral chi-square with d degrees of
freedom that is another one: with :math:`\ell = 1/(1 - 2ca)` its scale and its noncentrality are :math:`\ell` times
what they were, and with :math:`\lambda c = v e` the density over that of the law is

.. math:: \exp(a v' - \ell a e v)\,\ell^{-d/2} .

Integrated variances are drawn as the law draws them, given the variances. In short steps the variance drifts up by
:math:`\xi^2 A v` more for an exponent A (Girsanov), so that the mean of its paths moves with
:math:`\kappa' = \kappa - \xi^2 A`, and their relative entropy is :math:`\tfrac12 \xi^2 A^2\,E'\!\int v\,dt`.

References
----------
.. [1] N. L. Johnson, S. Kotz and N. Balakrishnan, *Continuous Univariate Distributions*, vol. 2, 2nd ed., Wiley, 1995,
   section 29.3 (the moment generating function of the noncentral chi-square).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import optimize

from ..._typing import FloatArray
from .variance import SquareRoot

SIZES = (1.5, 3.0)  # square roots of twice the relative entropies
SMALLEST = 1e-3  # of a mean reversion times a time: below, its series
MOST = 0.4  # of c a, which must stay below a half


@final
@dataclass(frozen=True, slots=True, eq=False)
class Tilt:
    """Exponents by which the ends of all steps are multiplied.

    Parameters
    ----------
    exponents : ndarray, shape (n_steps,)
        a; zero where a step is the law's.
    lifts : ndarray, shape (n_steps,)
        1 / (1 - 2 c a).
    """

    exponents: FloatArray
    lifts: FloatArray

    @classmethod
    def until(cls, law: SquareRoot, steps: FloatArray, end: float, exponent: float) -> Tilt:
        """The same exponent in all steps that end by a date (years)."""
        scale = law.scale(steps)
        earlier = np.cumsum(steps) <= end * (1.0 + 1e-9)
        exponents = np.where(earlier, np.minimum(exponent, MOST / scale), 0.0)
        return cls(exponents, 1.0 / (1.0 - 2.0 * scale * exponents))


def risen(law: SquareRoot, start: float, steps: FloatArray, ends: Sequence[float] | FloatArray) -> list[Tilt]:
    """High variances up to each of some dates (years), seldom and very seldom met."""
    return [Tilt.until(law, steps, end, _exponent(law, start, end, size)) for end in ends for size in SIZES]


def log_ratios(law: SquareRoot, steps: FloatArray, path: FloatArray, tilts: Sequence[Tilt]) -> FloatArray:
    """Log-densities of tilted variances over those of the law, shape (n_tilts, n_paths).

    `path`, shape (n_steps + 1, n_paths), are variances from time 0 on.
    """
    exponents, lifts = (np.array(rows) for rows in ([t.exponents for t in tilts], [t.lifts for t in tilts]))
    weights = np.zeros((len(tilts), len(path)))
    weights[:, 1:] = exponents
    weights[:, :-1] -= lifts * exponents * np.exp(-law.mean_reversion * steps)
    freedom = 2.0 * law.order + 2.0
    return np.asarray(weights @ path - 0.5 * freedom * np.log(lifts).sum(axis=1, keepdims=True))


def _exponent(law: SquareRoot, start: float, end: float, size: float) -> float:
    """The exponent that moves the variance by so many standard deviations of its drift up to a date (years)."""

    def missing(exponent: float) -> float:
        mean = _mean(law, start, end, law.mean_reversion - law.vol_of_vol**2 * exponent)
        return law.vol_of_vol * exponent * float(np.sqrt(end * mean)) - size

    most = size / (law.vol_of_vol * np.sqrt(end * _mean(law, start, end, law.mean_reversion)))
    return float(optimize.brentq(missing, 0.0, most))


def _mean(law: SquareRoot, start: float, end: float, reversion: float) -> float:
    """The mean of the expected variance up to a date (years), reverting at another rate with the same pull."""
    x = -reversion * end
    first, second = 1.0 + x / 2.0, 0.5 + x / 6.0
    if abs(x) > SMALLEST:
        first = float(np.expm1(x)) / x
        second = (first - 1.0) / x
    return start * first + law.mean_reversion * law.long_run_variance * end * second
