r"""Samples summed in batches: little enough to keep of every payoff, and enough for the error of any sum of payoffs.

Payoffs on the same draws have joint samples, so the variance of a sum of their means is not the sum of variances. With
the samples in disjoint batches b, each payoff's mean deviates by

.. math:: d_b = \frac{1}{n} \sum_{j \in b} (y_j - \bar y),

these are independent (up to the common mean), and those of a sum of payoffs are the sums of theirs: its squared
standard error is :math:`\tfrac{B}{B-1} \sum_b d_b^2`, known to a share :math:`1/\sqrt{2B}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from ..estimate import Replicated, Statistics
from ..streams.chunks import Chunk

BATCHES = 1024
"""Batches: what they say of an error is right to two per cent."""

KEPT = 64_000_000
"""Bytes of batches, for all trades on an underlying."""


def batches_of(numbers: int) -> int:
    """How many batches of samples are kept of so many numbers: fewer of many."""
    return next((n for n in (BATCHES, BATCHES // 2, BATCHES // 4) if 8 * n * numbers <= KEPT), BATCHES // 8)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Sums of samples by batch.

    Which batch a sample is in depends on the draws alone, so that runs on common draws have common batches.

    Parameters
    ----------
    sums : ndarray, shape (..., BATCHES)
        One entry an estimated quantity.
    counts : ndarray, shape (BATCHES,)
        Samples in each.
    """

    sums: FloatArray
    counts: FloatArray

    @classmethod
    def of(cls, samples: FloatArray, chunk: Chunk) -> Batches:
        """The batches of a chunk's samples, shape (..., n_samples): all points of a scramble are in one."""
        n = samples.shape[-1]
        counts = np.zeros(BATCHES)
        if chunk.sampling == "sobol":
            place = chunk.scramble % BATCHES
            sums = np.zeros((*samples.shape[:-1], BATCHES))
            sums[..., place], counts[place] = samples.sum(axis=-1), n
            return cls(sums, counts)
        rows, first = -(-n // BATCHES), chunk.index * n
        if n % BATCHES == 0:
            sums = samples.reshape(*samples.shape[:-1], rows, BATCHES).sum(axis=-2)
            return cls(sums, counts + rows)
        padded = np.zeros((*samples.shape[:-1], rows * BATCHES))
        padded[..., :n] = samples
        sums = padded.reshape(*samples.shape[:-1], rows, BATCHES).sum(axis=-2)
        counts += np.bincount(np.arange(n) % BATCHES, minlength=BATCHES)
        at = first % BATCHES  # of chunks smaller than all batches together
        return cls(np.roll(sums, at, axis=-1), np.roll(counts, at)) if at else cls(sums, counts)

    @classmethod
    def stacked(cls, parts: Sequence[Batches]) -> Batches:
        """The batches of several quantities on the same samples, a new first axis."""
        return cls(np.stack([part.sums for part in parts]), parts[0].counts)

    def folded(self, number: int) -> Batches:
        """The same in so few batches, a power of two."""
        shape = (*self.sums.shape[:-1], -1, number)
        return Batches(self.sums.reshape(shape).sum(axis=-2), self.counts.reshape(-1, number).sum(axis=0))

    def merge(self, other: Batches) -> Batches:
        """The batches of both sets of samples together."""
        return Batches(self.sums + other.sums, self.counts + other.counts)

    def deviations(self, means: FloatArray) -> FloatArray:
        """By how much each batch moves the means of all samples, shape (..., BATCHES)."""
        return np.asarray((self.sums - means[..., None] * self.counts) / self.counts.sum())

    def shares(self, found: Statistics) -> FloatArray:
        """The deviations, of a length that is the standard error which the moments of the same samples show.

        So sums of payoffs have the squared length of the sum of theirs as their variance: scaled like this, batches
        tell only how payoffs go together, and the error of one alone is exact.
        """
        own = self.deviations(found.mean)
        filled = max(int((self.counts > 0.0).sum()), 2)
        length = np.sqrt((own**2).sum(axis=-1))
        seen = length * np.sqrt(filled / (filled - 1.0)) if isinstance(found, Replicated) else _seen(found)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(own * np.where(length > 0.0, seen / length, 0.0)[..., None])


def _seen(found: Statistics) -> FloatArray:
    """The standard error that independent samples show."""
    moments = found.pooled
    return np.sqrt(moments.seen / moments.count)
