"""What runs add up, by name: statistics of every payoff with and without controls, and of the law's scores."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar, final

import numpy as np

from .._typing import FloatArray
from ..estimate import Moments, Replicated, Statistics
from ..scouted import LEAST, ROUNDING, Scouted
from ..streams.chunks import Chunk

PAYOFFS, SCORES = "payoffs", "scores"
"""The keys of a run's moments: of all payoffs, a `Pair` each, and of what must have mean zero."""

MORE = 4.0  # times the rounding error of samples: scouts that know of less than that say nothing new

K = TypeVar("K", bound=Hashable)


class Mergeable(Protocol):
    """Statistics of some samples that can be joined with those of others."""

    def merge(self, other: Self, /) -> Self:
        """Statistics of both sets of samples."""
        ...


M = TypeVar("M", bound=Mergeable)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The statistics of one payoff's Greeks, with controls and without.

    Attributes
    ----------
    controlled, plain : Moments or Replicated
        One entry a Greek.
    """

    controlled: Statistics
    plain: Statistics

    @staticmethod
    def summed(
        controlled: FloatArray,
        plain: FloatArray,
        scouted: Scouted | None = None,
        largest: FloatArray | float = 0.0,
    ) -> Moments:
        """Moments of both in one, from samples of shape (n_greeks, n_samples); without controls they are the same.

        `scouted` is what is known of the controlled ones besides; both have the rounding error of the plain ones, which
        is not below that of the `largest` number in them, or that of scouts where these have met what is hardly paid.
        """
        count = len(plain)
        if controlled is plain:
            once = Moments.of(plain)
            found = Moments(once.count, *(np.tile(getattr(once, f), 2) for f in ("mean", "m2", "m3", "m4")))
        else:
            both = Moments.of(controlled), Moments.of(plain)
            sums = (np.concatenate([getattr(part, f) for part in both]) for f in ("mean", "m2", "m3", "m4"))
            found = Moments(both[0].count, *sums)
        mean, square = found.mean[count:], found.m2[count:] / found.count
        size = np.maximum(np.sqrt(square + mean * mean), np.abs(found.mean[:count]))  # what no path met has one too
        rounding = np.maximum(ROUNDING * size, LEAST * largest)
        nothing = replace(Scouted.nothing((count,)), rounding=rounding)
        known = nothing if scouted is None else replace(scouted, rounding=_rounded(rounding, scouted.rounding))
        return found.knowing(Scouted.joined([known, nothing]))

    @classmethod
    def of(cls, both: Statistics) -> Pair:
        """The two, from what `summed` makes of them.

        A price, the first number, whose plain samples differ by no more than they are rounded by does not vary.
        Controlled ones may a little, if the controls were fitted to rounding: their mean must not.
        """
        middle = len(both.mean) // 2
        found = cls(both[:middle], both[middle:])
        if _varies(found.plain, 1):
            return found
        steady = not _varies(found.controlled, found.controlled.pooled.count)
        return cls(found.controlled.still(0) if steady else found.controlled, found.plain.still(0))


def _rounded(seen: FloatArray, scouted: FloatArray) -> FloatArray:
    """The rounding error of samples, or that of scouts which have met much more."""
    return np.where(scouted > MORE * seen, scouted, seen)


def _varies(found: Statistics, together: int) -> bool:
    """Whether means of so many samples of the first number differ by more than these are rounded by."""
    own = found.pooled[:1]
    return not bool(np.all(own.m2 <= own.count * together * np.square(own.known.rounding)))


def replicated(parts: Iterable[Mapping[K, Moments]], pieces: Sequence[Chunk]) -> Iterator[Mapping[K, Statistics]]:
    """The moments of each chunk, those of Sobol points as a part of their scramble's; other sums as they are."""
    for part, chunk in zip(parts, pieces, strict=True):
        if chunk.sampling == "sobol":
            yield {
                key: Replicated({chunk.scramble: found}) if isinstance(found, Moments) else found
                for key, found in part.items()
            }
        else:
            yield part


def accumulate(parts: Iterable[Mapping[K, M]], start: Mapping[K, M] | None = None) -> dict[K, M]:
    """Merge statistics key by key, in the order given, after those of `start`."""
    total: dict[K, M] = dict(start or {})
    for part in parts:
        total = {key: total[key].merge(m) if key in total else m for key, m in part.items()}
    return total
