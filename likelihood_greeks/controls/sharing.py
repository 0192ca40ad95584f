"""How the buckets of a payoff are controlled: by coefficients of their own, and shares of what they lack together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np

from .._typing import AnyArray, FloatArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """How the buckets of one payoff are controlled.

    Attributes
    ----------
    coefficients : ndarray, shape (n_buckets, n_controls)
        Of the free controls, then of the payoff's own.
    shares : ndarray, shape (n_buckets,)
        Of what the buckets of a Greek lack of it together.
    """

    coefficients: FloatArray
    shares: FloatArray

    def completed(self, rows: FloatArray, greeks: AnyArray, whole: FloatArray) -> FloatArray:
        """Rows of buckets that sum to those of their Greeks, (n_greeks, n_samples); in place."""
        for greek, mine in ranges(greeks):
            rows[mine] += np.outer(self.shares[mine], whole[greek] - rows[mine].sum(axis=0))
        return rows


def ranges(greeks: AnyArray) -> Iterator[tuple[int, slice]]:
    """The buckets of every Greek, which stand together."""
    starts = [0, *(np.flatnonzero(np.diff(greeks)) + 1).tolist(), len(greeks)]
    yield from ((int(greeks[start]), slice(start, end)) for start, end in pairwise(starts))
