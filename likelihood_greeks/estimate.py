r"""Estimates, and the mergeable moments they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from ._compiled import kernels
from ._typing import FloatArray

CARRIERS = 25
"""Samples that must carry the variance: with 25 the standard error itself is known to about ten per cent."""

HITS = 100
"""Samples that must differ from what most samples pay before rare payments are called counted well enough."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    r"""Count, mean and central power sums :math:`M_k = \sum (y - \bar y)^k` of samples, mergeable in any grouping.

    Parameters
    ----------
    count : int
        Number of independent samples.
    mean, m2, m3, m4 : ndarray, shape (...)
        One entry an estimated quantity.

    References
    ----------
    .. [1] P. Pébay, *Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
       statistical moments*, Sandia report SAND2008-6212, 2008, equations 2.1-2.8 and 3.1.
    """

    count: int
    mean: FloatArray
    m2: FloatArray
    m3: FloatArray
    m4: FloatArray

    @classmethod
    def of(cls, samples: FloatArray) -> Moments:
        """Moments over the last axis of `samples`, shape (..., n)."""
        if (compiled := kernels("moments")) and samples.ndim == 2:
            return cls(samples.shape[1], *compiled.moments(np.ascontiguousarray(samples, dtype=float)))
        first = samples[..., :1]  # exactly the mean of constants
        mean = first[..., 0] + (samples - first).mean(axis=-1)
        centred = samples - mean[..., None]
        square = centred * centred
        return cls(
            samples.shape[-1],
            mean,
            square.sum(axis=-1),
            np.einsum("...i,...i->...", square, centred),
            np.einsum("...i,...i->...", square, square),
        )

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets of samples together."""
        a, b, n = self.count, other.count, self.count + other.count
        step = (other.mean - self.mean) / n
        m2 = self.m2 + other.m2 + a * b * n * step**2
        m3 = self.m3 + other.m3 + a * b * (a - b) * n * step**3 + 3.0 * step * (a * other.m2 - b * self.m2)
        m4 = (
            self.m4
            + other.m4
            + a * b * (a * a - a * b + b * b) * n * step**4
            + 6.0 * step**2 * (a * a * other.m2 + b * b * self.m2)
            + 4.0 * step * (a * other.m3 - b * self.m3)
        )
        return Moments(n, self.mean + b * step, m2, m3, m4)

    @property
    def variance(self) -> FloatArray:
        """Unbiased variance of one sample."""
        return np.asarray(self.m2 / (self.count - 1.0)) if self.count > 1 else np.full_like(self.m2, np.nan)

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of the mean."""
        return np.sqrt(self.variance / self.count)

    @property
    def carriers(self) -> FloatArray:
        """How many samples carry the variance: count / kurtosis (k rare hits in n samples give about k)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(self.m4 > 0.0, self.m2**2 / self.m4, 0.0))


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its error.

    Attributes
    ----------
    value, standard_error : float
        The estimate and the standard deviation of its sampling error.
    n_paths : int
        Paths behind it (the pilot's not counted).
    samples : int
        Independent samples they form (an antithetic pair is one).
    variance_ratio : float
        Variance of the plain likelihood-ratio estimator over this one's, at equal paths; 1 without controls.
    note : str
        Why the number or its error should not be trusted; empty if there is no reason.
    """

    value: float
    standard_error: float
    n_paths: int
    samples: int
    variance_ratio: float = 1.0
    note: str = ""

    @property
    def _half_width(self) -> float:
        return float(special.stdtrit(max(self.samples - 1, 1), 0.975)) * self.standard_error

    @property
    def low(self) -> float:
        """Lower end of the 95 % confidence interval."""
        return self.value - self._half_width

    @property
    def high(self) -> float:
        """Upper end of the 95 % confidence interval."""
        return self.value + self._half_width

    @property
    def reliable(self) -> bool:
        """Whether there is nothing to hold against the estimate (`note` is empty)."""
        return not self.note

    def z_score(self, reference: float) -> float:
        """(value - reference) / standard_error; without an error, 0 if they are equal and infinite if not."""
        gap = self.value - reference
        return gap / self.standard_error if self.standard_error else float(np.copysign(np.inf, gap) if gap else 0.0)

    def __str__(self) -> str:
        return f"{self.value:.6g} ± {self.standard_error:.2g}" + (f"  ({self.note})" if self.note else "")


def doubt(moments: Moments, entry: int) -> str:
    """Why the standard error of ``moments.mean[entry]`` should not be trusted, or an empty string.

    A variance carried by k of many samples is known to about ``1/sqrt(k)``, its square root to half of that.
    """
    if not np.isfinite(moments.mean[entry]):
        return "not finite"
    if moments.m2[entry] == 0.0:
        return f"no variation in {moments.count} samples: the error is unknown"
    carriers = float(moments.carriers[entry])
    if carriers < CARRIERS:
        return f"about {carriers:.0f} samples carry the variance (needs {CARRIERS}): the error is unreliable"
    return ""


def rarity(payments: Moments, entry: int) -> str:
    """Why a payoff is too rarely hit (or missed) to be estimated from these samples, or an empty string."""
    carriers = float(payments.carriers[entry])
    if carriers < HITS:
        return f"about {carriers:.0f} of {payments.count} samples decide the payoff (needs {HITS})"
    return ""
