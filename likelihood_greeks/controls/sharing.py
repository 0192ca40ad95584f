"""How the buckets of a payoff are controlled: by coefficients of their own, and shares of what they lack together."""

from __future__ import annotations

from dataclasses import dataclass
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
        for greek in np.unique(greeks):
            mine = greeks == greek
            rows[mine] += np.outer(self.shares[mine], whole[greek] - rows[mine].sum(axis=0))
        return rows
