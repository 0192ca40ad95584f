"""Steps of several log-spots compiled, `joint_moves.grown` and `joint_moves.scaled`: blocks of paths in cache.

The exponential is FreeBSD's ``e_exp.c`` (Sun Microsystems, 2004): a rational function to less than one unit in the last
place, in a loop without branches, so that it runs on vectors.
"""

import numpy as np

from .jit import njit
from .normals import _as_bits, _as_float

BLOCK = 512  # paths at a time
FAR = 700.0  # of a logarithm, beyond which its exponential is left to the general function
MAGIC = 1.5 * 2.0**52  # added to a number it leaves the nearest integer in the lowest bits
PER_LOG_2, LOG_2, REST_OF_LOG_2 = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
EXPONENT = np.uint64(52)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _add(factor, row, total):
    for j in range(row.size):
        total[j] += factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _first(factor, row, total):
    for j in range(row.size):
        total[j] = factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _moved(noise, mean, log):
    """Add noise and mean to the logarithms; whether some are far from zero."""
    largest = 0.0
    for j in range(noise.size):
        log[j] += noise[j] + mean
        largest = max(largest, abs(log[j]))
    return not largest < FAR


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def exponentials(log, found):
    """Exponentials of numbers between -700 and 700."""
    for j in range(log.size):
        x = log[j]
        shifted = x * PER_LOG_2 + MAGIC
        whole = shifted - MAGIC
        high, low = x - whole * LOG_2, whole * REST_OF_LOG_2
        r = high - low
        z = r * r
        tail = 6.61375632143793436117e-05 + z * (-1.65339022054652515390e-06 + z * 4.13813679705723846039e-08)
        c = r - z * (1.66666666666666019037e-01 + z * (-2.77777777770155933842e-03 + z * tail))
        y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
        found[j] = _as_float(_as_bits(y) + (_as_bits(shifted) << EXPONENT))


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def grow(normals, roots, mean, noise, found):
    """Noise, lower triangular roots times normals, and spots, exponentials of running sums of noise and means."""
    assets, dates, paths = normals.shape
    logs = np.empty((assets, min(paths, BLOCK)))
    for start in range(0, paths, BLOCK):
        end = min(paths, start + BLOCK)
        logs[:] = 0.0
        for k in range(dates):
            for a in range(assets):
                row, log = noise[a, k, start:end], logs[a, : end - start]
                _first(roots[k, a, 0], normals[0, k, start:end], row)
                for b in range(1, a + 1):
                    _add(roots[k, a, b], normals[b, k, start:end], row)
                if _moved(row, mean[a, k], log):
                    found[a, k, start:end] = np.exp(log)
                else:
                    exponentials(log, found[a, k, start:end])


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def scale(precision, noise, found):
    """Symmetric matrices, date by date, times noise."""
    assets, dates, paths = noise.shape
    for start in range(0, paths, BLOCK):
        end = min(paths, start + BLOCK)
        for k in range(dates):
            for a in range(assets):
                row = found[a, k, start:end]
                _first(precision[k, a, 0], noise[0, k, start:end], row)
                for b in range(1, assets):
                    _add(precision[k, a, b], noise[b, k, start:end], row)
