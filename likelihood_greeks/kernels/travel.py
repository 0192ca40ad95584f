"""Sums of gradients over dates compiled, for `controls.handover` and `payoffs.relaxed.reductions`, a row at a time."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _carry(noise, gradient, reached, total):
    for j in range(noise.size):
        reached[j] += noise[j]
        total[j] += gradient[j] * reached[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def carried(noise, gradient):
    """Sum over the dates of the gradient times the sum of the noise so far."""
    reached, total = np.zeros(noise.shape[1]), np.zeros(noise.shape[1])
    for k in range(len(noise)):
        _carry(noise[k], gradient[k], reached, total)
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _share(gradient, factor, total):
    for j in range(gradient.size):
        total[j] += factor * gradient[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def shared(matrix, gradient):
    """Transposed matrix, most of it zero, times the gradient."""
    found = np.zeros((matrix.shape[1], gradient.shape[1]))
    for k in range(len(gradient)):
        for i in range(matrix.shape[1]):
            if matrix[k, i] != 0.0:
                _share(gradient[k], matrix[k, i], found[i])
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _attained(row, value, k, found):
    for j in range(row.size):
        found[j] = k if row[j] == value[j] else found[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def first_attained(rows, value):
    """The first row that has a value, column by column."""
    found = np.zeros(rows.shape[1], np.int64)
    for k in range(len(rows) - 1, -1, -1):
        _attained(rows[k], value, k, found)
    return found
