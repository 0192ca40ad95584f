"""Spots that know the extremes between their dates: what a payoff of the user's own may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from .._typing import AnyArray


@final
class Spots(np.ndarray):
    """Spots on dates, with the lowest or highest of the interval that ends at each, or both.

    Attributes
    ----------
    low, high : ndarray, shape (n_times, n_paths)
        One of them, or both.
    """

    low: AnyArray
    high: AnyArray

    def __array_finalize__(self, other: Any) -> None:
        """Parts and results of operations are plain spots: they know no extremes."""


def observed(spot: Any, extremes: Mapping[str, Any]) -> Any:
    """Spots, plain or relaxed, that have extremes as attributes."""
    found = spot.view(Spots) if isinstance(spot, np.ndarray) else spot.beside(extremes)
    if isinstance(spot, np.ndarray):
        for name, rows in extremes.items():
            setattr(found, name, rows)
    return found
