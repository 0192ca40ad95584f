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
