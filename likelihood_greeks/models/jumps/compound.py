r"""What jumps add to the moves of a log-spot: given their numbers, means and variances, and the numbers' own scores.

Over an interval of length :math:`\Delta` there are n jumps, Poisson with mean :math:`\lambda\Delta`, each normal with
mean :math:`\mu` and deviation :math:`\delta`. Given n, whatever else the log-spot does by a normal, it moves by

.. math:: n\mu - \lambda k\Delta \quad\text{in the mean, and}\quad n\delta^2 \quad\text{in the variance more,}
          \qquad k = e^{\mu + \delta^2/2} - 1,

where k keeps the forward where it is. A change of :math:`\mu` or :math:`\delta` so travels with the path; one of the
intensity has its drift on the path and its numbers on the measure, with the weight :math:`\sum n/\lambda - T`.

References
----------
.. [1] R. C. Merton, "Option pricing when underlying stock returns are discontinuous", *Journal of Financial Economics*
   3 (1976), 125-144.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from scipy import special

from ..._typing import FloatArray
from ...parameters import TIME, Derivative
from ..moves import NONE, Perturbed, Slope
from .parameters import JUMPS, mean_factor


@final
@dataclass(frozen=True, slots=True, eq=False)
class Jumps:
    """Numbers of jumps on paths, seen by a law that need not be the one that drew them.

    Parameters
    ----------
    law : object
        With ``intensity``, ``jump_mean`` and ``jump_volatility``.
    counts : ndarray, shape (n_times, n_paths)
        Over every interval between dates.
    steps : ndarray, shape (n_times, 1)
        Lengths of the intervals, years.
    carry : ndarray, shape (n_times,)
        What accrues by the dates that the law beneath the jumps does not know.
    """

    law: Any
    counts: FloatArray
    steps: FloatArray
    carry: FloatArray

    @property
    def mean(self) -> FloatArray:
        """What they add to the means of the moves, shape (n_times, n_paths)."""
        drift = self.law.intensity * (mean_factor(self.law) - 1.0)
        return np.asarray(
            self.counts * self.law.jump_mean + (np.diff(self.carry, prepend=0.0)[:, None] - drift * self.steps)
        )

    @property
    def variance(self) -> FloatArray:
        """What they add to the variances, shape (n_times, n_paths)."""
        return np.asarray(self.counts * self.law.jump_volatility**2)

    def log_probability(self) -> FloatArray:
        """Logarithm of the probability of the numbers, shape (n_paths,)."""
        expected = self.law.intensity * self.steps
        rows = self.counts * np.log(expected) - expected - special.gammaln(self.counts + 1.0)
        return np.asarray(rows.sum(axis=0))

    # -- derivatives -------------------------------------------------------------------------------------------

    def mean_slope(self, *names: str) -> FloatArray:
        """A first or second derivative of `mean`; broadcasts to (n_times, n_paths)."""
        law, factor, steps = self.law, mean_factor(self.law), self.steps
        rate, spread, first = law.intensity, law.jump_volatility, np.eye(len(self.steps), 1)
        match sorted(names):
            case ["intensity"]:
                return -(factor - 1.0) * steps
            case ["jump_mean"]:
                return np.asarray(self.counts - rate * factor * steps)
            case ["jump_volatility"]:
                return -rate * factor * spread * steps
            case ["time"]:
                return rate * (factor - 1.0) * first
            case ["intensity", "jump_mean"]:
                return -factor * steps
            case ["intensity", "jump_volatility"]:
                return -factor * spread * steps
            case ["intensity", "time"]:
                return (factor - 1.0) * first
            case ["jump_mean", "jump_mean"]:
                return -rate * factor * steps
            case ["jump_mean", "jump_volatility"]:
                return -rate * factor * spread * steps
            case ["jump_mean", "time"]:
                return rate * factor * first
            case ["jump_volatility", "jump_volatility"]:
                return -rate * factor * (1.0 + spread**2) * steps
            case ["jump_volatility", "time"]:
                return rate * factor * spread * first
        return NONE

    def variance_slope(self, *names: str) -> FloatArray:
        """A first or second derivative of `variance`; broadcasts to (n_times, n_paths)."""
        match names:
            case ["jump_volatility"]:
                return np.asarray(2.0 * self.law.jump_volatility * self.counts)
            case ["jump_volatility", "jump_volatility"]:
                return 2.0 * self.counts
        return NONE

    def handed(self, *names: str) -> FloatArray:
        """A first or second derivative of `log_probability`; broadcasts to (n_paths,)."""
        rate, first = self.law.intensity, self.steps[0, 0]
        match sorted(names):
            case ["intensity"]:
                return np.asarray(self.counts.sum(axis=0) / rate - self.steps.sum())
            case ["time"]:
                return np.asarray(rate - self.counts[0] / first)
            case ["intensity", "intensity"]:
                return np.asarray(-self.counts.sum(axis=0) / rate**2)
            case ["intensity", "time"]:
                return np.ones(1)
            case ["time", "time"]:
                return np.asarray(-self.counts[0] / first**2)
        return NONE[0]


@final
@dataclass(frozen=True, slots=True, eq=False)
class WithJumps:
    """Derivatives of the moves of a law that jumps: those of the law beneath, and those of the jumps.

    Parameters
    ----------
    beneath : Perturbed
        The moves without jumps, given what else was drawn.
    jumps : Jumps
    """

    beneath: Perturbed
    jumps: Jumps

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives; a clock that runs faster beside the jumps turns."""
        own = self.jumps
        mean, spread, handed = own.mean_slope(name), own.variance_slope(name), own.handed(name)
        if name in JUMPS:
            return Slope(mean, spread, handed, turns=spread is not NONE)
        found = self.beneath.slope(name, rate)
        if name != TIME:
            return Slope(found.mean, found.variance, found.handed, turns=found.variance is not NONE)
        return Slope(found.mean + mean, found.variance, found.handed + handed, turns=True)

    def bend(self, pair: Derivative, rate: float) -> Slope | None:
        """Second derivatives; None where those beneath are unknown."""
        mean, spread, handed = (
            of(*pair) for of in (self.jumps.mean_slope, self.jumps.variance_slope, self.jumps.handed)
        )
        if set(pair) & set(JUMPS):  # without jumps nothing depends on them
            return Slope(mean, spread, handed)
        found = self.beneath.bend(pair, rate)
        return found and Slope(found.mean + mean, found.variance, found.handed + handed)

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> None:
        """Not known where `bend` is not: the noise has jumps in it."""
