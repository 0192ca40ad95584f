"""Where the numbers of trades stand among all of an underlying: the Greeks of the law of each, and its buckets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..estimate import Moments
from ..scouted import Scouted


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the numbers of some runs.

    Parameters
    ----------
    numbers : int
        How many there are in all.
    places : tuple of tuple of int
        Run by run, those of its own.
    """

    numbers: int
    places: tuple[tuple[int, ...], ...]

    def added(self, run: int, samples: FloatArray, to: Any = 0.0) -> FloatArray:
        """A run's samples added in place `to` those of all numbers, shape (numbers, n); 0 stands for none yet."""
        found: FloatArray = to if np.ndim(to) else np.zeros((self.numbers, samples.shape[1]))
        found[[*self.places[run]]] += samples
        return found

    def placed(self, run: int, pair: Moments) -> Moments:
        """A run's moments, with controls and without, among all: see `Pair`."""
        rows = np.array(self.places[run])
        both = np.concatenate([rows, self.numbers + rows])

        def laid(values: FloatArray, empty: FloatArray) -> FloatArray:
            found = empty.copy()
            found[both] = values
            return found

        zero = np.zeros(2 * self.numbers)
        sums = (laid(getattr(pair, name), zero) for name in ("mean", "m2", "m3", "m4"))
        known, nothing = pair.known, Scouted.nothing(zero.shape)
        scouted = Scouted(*(laid(getattr(known, f.name), getattr(nothing, f.name)) for f in fields(Scouted)))
        return Moments(pair.count, *sums, scouted=scouted)
