r"""Estimates, and the mergeable moments they are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from html import escape
from typing import Any, TypeAlias, final

import numpy as np
from scipy import special

from ._compiled import kernels
from ._typing import FloatArray
from .scouted import CERTAIN, Scouted

CARRIERS = 25
"""Samples that must carry the variance: with 25 the standard error itself is known to about ten per cent."""

CORROBORATED = 10
"""The same where scouts have looked for rare samples and found no more variance: intervals still cover 94 % then."""

UNRELIABLE = "the error is unreliable"
"""The end of a note that holds nothing against a number but that its error is roughly known."""

RARE = "samples decide the payoff"
"""In a note that says so of few."""

HITS = 100
"""Samples that must differ from what most samples pay before rare payments are called counted well enough."""


FEWEST, SAME = 2.0, 1e12
"""Scrambles that must carry the variance of their means (of 32 normal ones about twelve do), and a gain over
independent samples that is no longer one: all scrambles gave the same."""


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
    scouted : Scouted, optional
        What is known of their variance besides.

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
    scouted: Scouted | None = field(default=None, kw_only=True)

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

    @classmethod
    def stacked(cls, parts: Sequence[Moments]) -> Moments:
        """Moments of several quantities on the same samples, a new first axis."""
        fields = ("mean", "m2", "m3", "m4")
        known = [part.known for part in parts]
        sums = (np.stack([getattr(part, field) for part in parts]) for field in fields)
        return cls(parts[0].count, *sums, scouted=Scouted.joined(known, stacked=True))

    @property
    def known(self) -> Scouted:
        """What is known besides the samples."""
        return self.scouted or Scouted.nothing(self.mean.shape)

    def knowing(self, scouted: Scouted) -> Moments:
        """The moments of the same samples, more being known besides."""
        return replace(self, scouted=scouted)

    def shifted(self, by: FloatArray | float) -> Moments:
        """The moments of the samples with something added that is the same in all, shape of `mean`."""
        return replace(self, mean=self.mean + by)

    def still(self, entry: int) -> Moments:
        """The moments, one quantity taken not to vary: what its samples do is rounding."""
        sums = (np.where(np.arange(len(self.m2)) == entry, 0.0, getattr(self, name)) for name in ("m2", "m3", "m4"))
        return Moments(self.count, self.mean, *sums, scouted=self.scouted)

    def __getitem__(self, entries: Any) -> Moments:
        """The moments of some of the quantities."""
        sums = (self.mean[entries], self.m2[entries], self.m3[entries], self.m4[entries])
        return Moments(self.count, *sums, scouted=self.scouted and self.scouted[entries])

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
        known = self.known.merge(other.known) if self.scouted or other.scouted else None
        return Moments(n, self.mean + b * step, m2, m3, m4, scouted=known)

    @property
    def pooled(self) -> Moments:
        """Themselves: the samples are independent."""
        return self

    @property
    def seen(self) -> FloatArray:
        """Unbiased variance of one sample, as the samples show it."""
        return np.asarray(self.m2 / (self.count - 1.0)) if self.count > 1 else np.full_like(self.m2, np.nan)

    @property
    def missed(self) -> FloatArray:
        """Variance of one sample that the samples have missed, as scouts know."""
        return self.scouted.missed(self.seen) if self.scouted else np.zeros_like(self.m2)

    @property
    def variance(self) -> FloatArray:
        """Variance of one sample, with what the samples have missed of it."""
        return self.seen + self.missed if self.scouted else self.seen

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of the mean, not below its rounding error."""
        found = np.sqrt(self.variance / self.count)
        return np.maximum(found, self.scouted.rounding) if self.scouted else found

    @property
    def confirmed(self) -> FloatArray:
        """Whether scouts confirm a variance that few samples carry, bool."""
        return self.known.confirms(self.seen)

    @property
    def sure(self) -> FloatArray:
        """Whether samples are known to be the same but for rounding, and show no more than that, bool."""
        return np.asarray((self.known.carriers == CERTAIN) & (self.standard_error <= self.known.rounding))

    @property
    def carriers(self) -> FloatArray:
        """How many samples carry the variance: count / kurtosis (k rare hits in n samples give about k)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(self.m4 > 0.0, self.m2**2 / self.m4, 0.0))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Replicated:
    r"""Moments of samples that depend on each other within a replicate, the replicates being independent.

    Points of one scramble are such a replicate. Only the means :math:`\bar y_r` of the R replicates, of shares
    :math:`p_r` in the samples, tell the error of :math:`\bar y = \sum p_r \bar y_r`:

    .. math:: \frac{R}{R - 1} \sum_r p_r^2\,(\bar y_r - \bar y)^2

    is its squared standard error, without bias where all shares are equal.

    Parameters
    ----------
    parts : mapping of int to Moments
        By replicate.
    """

    parts: Mapping[int, Moments]
    _pooled: list[Moments] = field(default_factory=list)

    def merge(self, other: Replicated) -> Replicated:
        """Moments of both sets of samples together, replicate by replicate."""
        parts = dict(self.parts)
        for key, part in other.parts.items():
            parts[key] = parts[key].merge(part) if key in parts else part
        return Replicated(parts)

    def knowing(self, scouted: Scouted) -> Replicated:
        """The moments of the same samples, more being known besides."""
        return Replicated({key: part.knowing(scouted) for key, part in self.parts.items()})

    def shifted(self, by: FloatArray | float) -> Replicated:
        """The moments of the samples with something added that is the same in all, shape of `mean`."""
        return Replicated({key: part.shifted(by) for key, part in self.parts.items()})

    def still(self, entry: int) -> Replicated:
        """The moments, one quantity taken not to vary: what its samples do is rounding."""
        common = np.arange(len(self.mean)) == entry
        parts = {
            key: replace(part, mean=np.where(common, self.mean, part.mean)).still(entry)
            for key, part in self.parts.items()
        }
        return Replicated(parts)

    def __getitem__(self, entries: Any) -> Replicated:
        """The moments of some of the quantities."""
        return Replicated({key: part[entries] for key, part in self.parts.items()})

    @property
    def pooled(self) -> Moments:
        """Moments of all samples as if they were independent: what they are like, not what their mean's error is."""
        if not self._pooled:
            self._pooled.append(reduce(Moments.merge, self.parts.values()))
        return self._pooled[0]

    @property
    def count(self) -> int:
        """Number of independent replicates."""
        return len(self.parts)

    @property
    def _shares(self) -> FloatArray:
        counts = np.array([part.count for part in self.parts.values()], dtype=float)
        return np.asarray(counts / counts.sum())

    @property
    def means(self) -> FloatArray:
        """Mean of each replicate, shape (..., n_replicates)."""
        return np.stack([part.mean for part in self.parts.values()], axis=-1)

    @property
    def mean(self) -> FloatArray:
        """Mean of all samples."""
        return np.asarray(self.means @ self._shares)

    @property
    def variance(self) -> FloatArray:
        """Variance of the mean of one replicate (of average size)."""
        if self.count < 2:
            return np.full_like(self.mean, np.nan)
        gaps = (self.means - self.mean[..., None]) ** 2
        seen = np.asarray(gaps @ self._shares**2 * (self.count**2 / (self.count - 1.0)))
        return np.asarray(seen + self.pooled.missed * (self.count / self.pooled.count))  # however evenly points lie

    @property
    def standard_error(self) -> FloatArray:
        """Standard error of the mean, not below its rounding error."""
        found = np.sqrt(self.variance / self.count)
        return np.maximum(found, self.pooled.known.rounding)

    @property
    def gain(self) -> FloatArray:
        """Variance that the mean of as many independent samples would have, over this one's."""
        pooled = self.pooled
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((pooled.standard_error / self.standard_error) ** 2)


Statistics: TypeAlias = Moments | Replicated


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
        Independent samples they form (an antithetic pair is one, and so are all Sobol points of one scramble).
    variance_ratio : float
        Variance of the plain likelihood-ratio estimator over this one's, at equal paths; 1 without controls.
    note : str
        Why the number or its error should not be trusted; empty if there is no reason.
    bias : float
        Size of a systematic error beside it, as far as it is known: what an exercise rule leaves, see `Bermudan`. Zero
        where the estimator has none.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> delta = lg.Estimate(0.57, 0.004, n_paths=1000, samples=1000)
    >>> format(delta, ".3f")
    '0.570 ± 0.004'
    """

    value: float
    standard_error: float
    n_paths: int
    samples: int
    variance_ratio: float = 1.0
    note: str = ""
    bias: float = 0.0

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

    def __format__(self, form: str) -> str:
        """The value and its error in a format of numbers, ``f"{estimate:.3f}"``; without one as `str`.

        >>> f"{Estimate(value=0.51234, standard_error=0.0021, n_paths=100, samples=100):.3f}"
        '0.512 ± 0.002'
        """
        return f"{self.value:{form}} ± {self.standard_error:{form}}" if form else str(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        note = f" <small>{escape(self.note)}</small>" if self.note else ""
        return f"<b>{self.value:.6g}</b> ± {self.standard_error:.2g}{note}"

    def __str__(self) -> str:
        beside = f" and a bias of about {self.bias:.2g}" if self.bias else ""
        return f"{self.value:.6g} ± {self.standard_error:.2g}{beside}" + (f"  ({self.note})" if self.note else "")


def doubt(found: Statistics, entry: int) -> str:
    """Why the standard error of ``found.mean[entry]`` should not be trusted, or an empty string.

    A variance carried by k of many samples is known to about ``1/sqrt(k)``, its square root to half of that.
    """
    moments = found.pooled
    if not np.isfinite(moments.mean[entry]):
        return "not finite"
    if moments.m2[entry] == 0.0:
        if moments.known.tells[entry]:
            return ""
        return f"no variation in {moments.count} samples: the error is unknown"
    if moments.sure[entry]:
        return ""
    carriers = float(moments.carriers[entry])
    needed = CORROBORATED if moments.known.carriers[entry] > 0.0 else CARRIERS
    if carriers < needed and not moments.confirmed[entry]:
        more = f", {max(needed / carriers, 1.1):.2g} times the paths" if carriers > 0.0 else ""
        return f"about {carriers:.0f} samples carry the variance (needs {needed}{more}): {UNRELIABLE}"
    return _doubt_of_replicates(found, entry) if isinstance(found, Replicated) else ""


def _doubt_of_replicates(found: Replicated, entry: int) -> str:
    """Why the means of the replicates do not tell the error of theirs."""
    if not found.gain[entry] < SAME:
        return f"no variation among {found.count} scrambles: the error is unknown"
    carriers = float(Moments.of(found.means).carriers[entry])
    if carriers < FEWEST:
        return f"about {carriers:.0f} of {found.count} scrambles carries the variance: {UNRELIABLE}"
    return ""


def roughly_known(note: str) -> bool:
    """Whether a note holds nothing against a number but that its error is roughly known."""
    parts = note.split("; ")
    return all(part.endswith(UNRELIABLE) or (RARE in part and not part.startswith("about 0 ")) for part in parts)


def rarity(found: Statistics, entry: int, needed: int = HITS) -> str:
    """Why a payoff is too rarely hit (or missed) to be estimated from these samples, or an empty string."""
    payments = found.pooled
    carriers = float(payments.carriers[entry])
    if carriers < needed:
        return f"about {carriers:.0f} of {payments.count} {RARE} (needs {needed})"
    return ""
