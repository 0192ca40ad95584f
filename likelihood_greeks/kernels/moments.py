"""`estimate.Moments.of` compiled: a row of samples at a time, which stays in cache for the second pass."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True)
def _less(x, first):
    return x - first  # not to be taken apart: exactly zero of constants


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def moments(samples):
    """Mean and central power sums of every row, shape (4, n_rows)."""
    found = np.zeros((4, samples.shape[0]))
    for i in range(samples.shape[0]):
        row, first, total = samples[i], samples[i, 0], 0.0
        for j in range(row.size):
            total += _less(row[j], first)
        mean, m2, m3, m4 = first + total / row.size, 0.0, 0.0, 0.0
        for j in range(row.size):
            centred = _less(row[j], mean)
            square = centred * centred
            m2 += square
            m3 += square * centred
            m4 += square * square
        found[0, i], found[1, i], found[2, i], found[3, i] = mean, m2, m3, m4
    return found
