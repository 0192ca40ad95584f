"""Sums over dates compiled: `moves.diffused` and `moves.weighted_squares`, a row at a time in cache."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _moved(before, row, scale, mean, after):
    for j in range(row.size):
        noise = scale * row[j]
        row[j] = noise
        after[j] = before[j] + (noise + mean)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def diffuse(normals, scale, mean, found):
    """Noise in place of normals, and the running sums of noise and means."""
    found[0] = 0.0
    _moved(found[0], normals[0], scale[0], mean[0], found[0])
    for k in range(1, len(normals)):
        _moved(found[k - 1], normals[k], scale[k], mean[k], found[k])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def squares(coefficients, rows):
    """Sum of coefficients, a number a row, times squares."""
    total = np.zeros(rows.shape[1])
    for k in range(len(rows)):
        coefficient, row = coefficients[k], rows[k]
        for j in range(row.size):
            total[j] += coefficient * (row[j] * row[j])
    return total
