"""Steps of several log-spots compiled: `joint_moves.diffused`, a block of paths at a time in cache."""

import numpy as np

from .jit import njit

BLOCK = 512  # paths at a time


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _add(factor, row, total):
    for j in range(row.size):
        total[j] += factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _first(factor, row, total):
    for j in range(row.size):
        total[j] = factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _moved(noise, mean, before, after):
    for j in range(noise.size):
        after[j] = before[j] + (noise[j] + mean)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def diffuse(normals, roots, mean, noise, found):
    """Noise, lower triangular roots times normals, and running sums of noise and means."""
    assets, dates, paths = normals.shape
    nothing = np.zeros(min(paths, BLOCK))
    for start in range(0, paths, BLOCK):
        end = min(paths, start + BLOCK)
        for k in range(dates):
            for a in range(assets):
                row = noise[a, k, start:end]
                _first(roots[k, a, 0], normals[0, k, start:end], row)
                for b in range(1, a + 1):
                    _add(roots[k, a, b], normals[b, k, start:end], row)
                before = found[a, k - 1, start:end] if k else nothing[: end - start]
                _moved(row, mean[a, k], before, found[a, k, start:end])
