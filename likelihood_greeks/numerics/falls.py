"""Spots of several assets that fall by cash on some dates, from those of assets that grow alike and do not fall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._typing import AnyArray, FloatArray

SAME_DATE = 1e-9  # years within which an ex-date and a date are one


def union(times: Sequence[float], more: Sequence[float]) -> tuple[float, ...]:
    """Dates and further ones, each once.

    >>> union((0.5, 1.0), [0.25, 0.5])
    (0.25, 0.5, 1.0)
    """
    new = [time for time in more if all(abs(time - known) > SAME_DATE for known in times)]
    return tuple(sorted({*times, *new}))


def spots_after(
    spot: AnyArray, times: Sequence[float], seen: Sequence[float], dividends: Sequence[Sequence[tuple[float, float]]]
) -> AnyArray:
    """Spots after dividends at some dates, from those of assets that pay none, (n_assets, n_times, n_paths).

    Parameters
    ----------
    spot : array, shape (n_assets, n_times, n_paths)
    times : sequence of float, shape (n_times,)
        Dates of the spots, the ex-dates among them.
    seen : sequence of float
        Dates that are wanted, among the times.
    dividends : sequence of sequence of (float, float)
        By asset.
    """
    grid: FloatArray = np.asarray(times)
    found = list[Any]()
    for asset, own in enumerate(dividends):
        rows, left, due = [], None, [*own]
        for time in seen:
            while due and due[0][0] <= time + SAME_DATE:
                ex_date, amount = due.pop(0)
                fall = amount / spot[asset, int(np.abs(grid - ex_date).argmin())]
                left = 1.0 - fall if left is None else left - fall
            here = spot[asset, int(np.abs(grid - time).argmin())]
            rows.append(here if left is None else here * np.maximum(left, 0.0))
        found.append(np.stack(rows))
    return np.stack(found)
