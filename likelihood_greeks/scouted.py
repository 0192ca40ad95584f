"""What is known of samples besides the samples: variance that they hardly show, and rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np

from ._typing import AnyArray, FloatArray

ROUNDING = 64.0 * float(np.finfo(float).eps)
"""Of the root mean square of plain samples: what is left of them after controls, sums and closed forms is not known to
less, and no number of paths averages it out."""

LEAST = 4.0 * float(np.finfo(float).eps)
"""The same of the largest of them."""

FAINT = 1e-7
"""Share of plain samples, or of their error, below which what is left is rounding."""

RESOLVED = 10.0
"""Scouts that must carry a variance before it is called known."""

CERTAIN = np.inf
"""In place of their number: that it is known without any."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Scouted:
    """What paths of their own, pushed to where the main run hardly looks, say of the variance of its samples.

    Parameters
    ----------
    rare : ndarray
        Variance from samples so rare that the run will have only a few; 0 where that is of no consequence.
    rest : ndarray
        Variance from all others.
    carriers : ndarray
        Scouts that carry the two; 0 where they have not looked everywhere.
    rounding : ndarray
        Rounding error of the mean.
    carried : ndarray
        Samples that carry the variance, as a share of all (one over the kurtosis); 0 where it is not known.
    paid : ndarray
        The same of what the payoff pays without controls: a run's payments are as many on average.
    """

    rare: FloatArray
    rest: FloatArray
    carriers: FloatArray
    rounding: FloatArray
    carried: FloatArray
    paid: FloatArray

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> Scouted:
        """Nothing is known."""
        return cls(*(np.zeros(shape) for _ in fields(cls)))

    @classmethod
    def joined(cls, parts: Sequence[Scouted], *, stacked: bool = False) -> Scouted:
        """The same of several quantities: end to end, or a new first axis."""
        join = np.stack if stacked else np.concatenate
        return cls(*(join([getattr(part, f.name) for part in parts]) for f in fields(cls)))

    def __getitem__(self, entries: Any) -> Scouted:
        """The same of some of the quantities."""
        return Scouted(*(getattr(self, f.name)[entries] for f in fields(self)))

    def merge(self, other: Scouted) -> Scouted:
        """The same of both sets of samples together: the more cautious of the two."""
        return Scouted(*(np.maximum(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))

    @property
    def tells(self) -> AnyArray:
        """Whether it is known what samples have missed that do not vary: nothing, or rare ones, bool."""
        return np.asarray((self.carriers == CERTAIN) | ((self.carriers >= RESOLVED) & (self.rare > 0.0)))

    def missed(self, seen: FloatArray) -> FloatArray:
        """Variance that samples have missed which show one of `seen`: none unless what is rare is more than that."""
        return np.where(self.rare > seen, self.rare - np.maximum(seen - self.rest, 0.0), 0.0)

    def confirms(self, seen: FloatArray) -> FloatArray:
        """Whether a variance that few samples carry is known from scouts all the same, bool.

        Also if it is more than they say, where rare samples matter: the run has had more of these than it should have,
        its intervals are wide, and hold what they should.
        """
        return np.asarray((self.carriers >= RESOLVED) & ((seen <= 2.0 * (self.rare + self.rest)) | (self.rare > 0.0)))
