"""Sums over dates compiled: `moves.diffused`, `moves.weighted_squares` and those by run, a row at a time in cache."""

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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def by_run(rows, coefficients, starts):
    """Sums of rows over each run of them, and of their squares times coefficients, a number a row."""
    found = np.zeros((2, len(starts), rows.shape[1]))
    for k in range(len(starts)):
        total, square = found[0, k], found[1, k]
        for i in range(starts[k], starts[k + 1] if k + 1 < len(starts) else len(rows)):
            coefficient, row = coefficients[i], rows[i]
            for j in range(row.size):
                total[j] += row[j]
                square[j] += coefficient * (row[j] * row[j])
    return found
