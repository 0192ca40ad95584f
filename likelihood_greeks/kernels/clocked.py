"""Weights and handing over on clocks that run differently on every path: see `models.moves`, `controls.handover`."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def weight(mean, spread, noise, variance):
    """Sum over the dates of the weight of moves, shape (n_paths,); `spread` has no rows if the clock does not move."""
    times, paths = noise.shape
    found = np.zeros(paths)
    for i in range(times):
        if len(spread):
            for j in range(paths):
                score = noise[i, j] / variance[i, j]
                found[j] += score * mean[i, j] + 0.5 * (score * score - 1.0 / variance[i, j]) * spread[i, j]
        else:
            for j in range(paths):
                found[j] += noise[i, j] / variance[i, j] * mean[i, j]
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def handed(gradient, shares, starts):
    """What scored dates get of a gradient, shape (n_scored, n_paths): see `Motion.handed`."""
    times, paths = gradient.shape
    blocks, inner = len(starts), len(shares)
    found = np.zeros((blocks, paths))
    for b in range(blocks):
        end = starts[b + 1] if b + 1 < blocks else inner
        for i in range(starts[b], end):
            for j in range(paths):
                part = gradient[i, j] * shares[i, j]
                found[b, j] += part
                if b:
                    found[b - 1, j] += gradient[i, j] - part
    for i in range(inner, times):
        for j in range(paths):
            found[blocks - 1, j] += gradient[i, j]
    return found
