"""How the buckets of a payoff are controlled: by coefficients of their own, and shares of what they lack together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np

from .._compiled import kernels
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
            if compiled := kernels("nodes"):
                compiled.share(rows[mine], self.shares[mine], whole[greek])
                continue
            lack = whole[greek] - rows[mine].sum(axis=0)
            for own, share in zip(rows[mine], self.shares[mine], strict=True):
                np.add(own, share * lack, out=own)
        return rows


def less(targets: FloatArray, coefficients: FloatArray, controls: FloatArray, out: FloatArray) -> None:
    """Targets less coefficients, (n_targets, n_controls), times controls, in `out`."""
    if (compiled := kernels("nodes")) and len(controls):
        compiled.less(targets, coefficients, controls, out)
    else:
        np.subtract(targets, coefficients @ controls, out=out)


def ranges(greeks: AnyArray) -> Iterator[tuple[int, slice]]:
    """The buckets of every Greek, which stand together."""
    starts = [0, *(np.flatnonzero(np.diff(greeks)) + 1).tolist(), len(greeks)]
    yield from ((int(greeks[start]), slice(start, end)) for start, end in pairwise(starts))
