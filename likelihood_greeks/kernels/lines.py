"""Where on a line a spot is first at a level, compiled, for `controls.lines`, a row at a time in cache."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _walk(noise, gap, scale, k, reached, away, row, noise_there):
    for j in range(noise.size):
        here = reached[j] + noise[j]
        reached[j] = here
        distance = (gap - here) * scale
        nearer = distance < away[j]
        away[j] = distance if nearer else away[j]
        row[j] = k if nearer else row[j]
        noise_there[j] = here if nearer else noise_there[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _reach(noise, reached):
    for j in range(noise.size):
        reached[j] += noise[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def nearest(noise, gaps, scales, watched):
    """The least of (gap - noise so far) * scale over the watched rows; its row and the noise up to there."""
    count = noise.shape[1]
    reached, away, row, there = np.zeros(count), np.full(count, np.inf), np.zeros(count, np.int64), np.zeros(count)
    for k in range(len(noise)):
        if watched[k]:
            _walk(noise[k], gaps[k], scales[k], k, reached, away, row, there)
        else:
            _reach(noise[k], reached)
    return away, row, there


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_crossings(here, stretch, row, noise, ends, lengths, shares, starts, mean, variance):
    """Add what motions gain up to a date of each path's own to sums by run: see `controls.line_intervals`."""
    for k in range(len(starts)):
        first = starts[k]
        last = (starts[k + 1] if k + 1 < len(starts) else len(lengths) - 1) - 1
        for j in range(here.size):
            if row[j] >= first:
                end = min(row[j], last)
                reached = ends[k, j] if row[j] >= last else noise[j]
                begun = ends[k - 1, j] if k else 0.0
                mean[k, j] += here[j] * (lengths[end + 1] - lengths[first])
                variance[k, j] += here[j] * (reached - begun) + stretch[j] * (shares[end + 1] - shares[first])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_dates(places, still, along, noise, ends, lengths, shares, starts, mean, variance):
    """Add what motions gain up to some dates to sums by run; `places` has each move's row in `still`, or -1."""
    count = still.shape[1]
    later, later_along = np.zeros(count), np.zeros(count)
    for k in range(len(starts) - 1, -1, -1):
        first, stop = starts[k], starts[k + 1] if k + 1 < len(starts) else len(places)
        if places[stop - 1] >= 0:
            later += still[places[stop - 1]]
            later_along += along[places[stop - 1]]
        length, share = lengths[stop] - lengths[first], shares[stop] - shares[first]
        for j in range(count):
            moved = ends[k, j] - ends[k - 1, j] if k else ends[k, j]
            mean[k, j] += later[j] * length
            variance[k, j] += later[j] * moved + later_along[j] * share
        last = stop - 2
        while last >= first and places[last] < 0:
            last -= 1
        reached = np.zeros(count)
        for i in range(first, last + 1):
            reached += noise[i]
            if places[i] >= 0:
                here, stretch = still[places[i]], along[places[i]]
                length, share = lengths[i + 1] - lengths[first], shares[i + 1] - shares[first]
                for j in range(count):
                    mean[k, j] += here[j] * length
                    variance[k, j] += here[j] * reached[j] + stretch[j] * share
                later += here
                later_along += stretch
