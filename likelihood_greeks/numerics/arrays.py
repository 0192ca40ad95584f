"""Arrays of one row a date: what is computed once and remembered, and running sums."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from itertools import pairwise
from typing import Any, TypeVar

from .._typing import FloatArray

T = TypeVar("T")


def once(known: dict[Any, Any], key: Hashable, compute: Callable[[], T]) -> T:
    """What is known under a key; computed when it is first asked for."""
    if key not in known:
        known[key] = compute()
    found: T = known[key]
    return found


def cumulated(rows: FloatArray, backwards: bool = False) -> FloatArray:
    """Running sums over the dates, in place: a row at a time stays in cache, as NumPy's own do not."""
    order = range(len(rows) - 1, -1, -1) if backwards else range(len(rows))
    for before, k in pairwise(order):
        rows[k] += rows[before]
    return rows
