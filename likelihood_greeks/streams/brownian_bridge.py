r"""Brownian increments from normals in the order of their importance: the Brownian bridge.

The first normal gives the end of the motion; each further one splits an interval in two, where that tells most. With
the shares :math:`p + q = 1` of the two parts in its length, an interval whose standardised increment is Z has parts

.. math:: Z_l = \sqrt{p}\,Z + \sqrt{q}\,\varepsilon, \qquad Z_r = \sqrt{q}\,Z - \sqrt{p}\,\varepsilon .

This is a rotation, so that the increments are again independent standard normals, whatever the dates ([1]_, section
3.1; [2]_ for its use with low-discrepancy points).

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 3.1 (pages 82-86).
.. [2] R. E. Caflisch, W. Morokoff and A. B. Owen, "Valuation of mortgage-backed securities using Brownian bridges to
   reduce effective dimension", *Journal of Computational Finance* 1 (1997), 27-46.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from .._remembered import remembered
from .._typing import FloatArray


def bridged(times: Sequence[float] | FloatArray, normals: FloatArray) -> FloatArray:
    """Standardised increments of a Brownian motion up to each of `times`, the most important normals first.

    Parameters
    ----------
    times : sequence of float, shape (n_times,)
        Increasing, > 0.
    normals : ndarray, shape (n_times, n_paths)

    Returns
    -------
    ndarray, shape (n_times, n_paths)
        Independent standard normals, in the order of time.
    """
    found = np.empty_like(normals)
    found[:1] = normals[:1]
    for row, (start, middle, left, right) in enumerate(splits(tuple(float(t) for t in times)), 1):
        whole, split = found[start], normals[row]
        found[middle] = right * whole - left * split
        found[start] = left * whole + right * split
    return found


@remembered(256)
def splits(times: tuple[float, ...]) -> tuple[tuple[int, int, float, float], ...]:
    """Where intervals are split, the split with the largest variance first: (start, middle, roots of both shares)."""
    ends = (0.0, *times)

    def split(start: int, stop: int) -> tuple[float, int, int, int]:
        centre = 0.5 * (ends[start] + ends[stop])
        middle = min(range(start + 1, stop), key=lambda k: abs(ends[k] - centre))
        left, right = ends[middle] - ends[start], ends[stop] - ends[middle]
        return -left * right / (left + right), start, middle, stop

    waiting, found = ([split(0, len(times))] if len(times) > 1 else []), []
    while waiting:
        _, start, middle, stop = heapq.heappop(waiting)
        share = (ends[middle] - ends[start]) / (ends[stop] - ends[start])
        found.append((start, middle, float(np.sqrt(share)), float(np.sqrt(1.0 - share))))
        for a, b in ((start, middle), (middle, stop)):
            if b - a > 1:
                heapq.heappush(waiting, split(a, b))
    return tuple(found)
