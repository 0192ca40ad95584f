"""The log-spot given its variance path: see `models.heston.spot`."""

from math import sqrt

import numpy as np

from ..jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def paths(start, linear, clock, path, ends, normals):
    """Log-spots driven by given normals, of their shape."""
    constants, of_clock, of_rise, of_variance = linear
    found = np.empty(normals.shape)
    for i in range(len(normals)):
        before, after = path[ends[i]], path[ends[i + 1]]
        for j in range(normals.shape[1]):
            last = start if i == 0 else found[i - 1, j]
            mean = constants[i] + of_clock * clock[i, j] + of_rise * (after[j] - before[j])
            found[i, j] = last + mean + sqrt(of_variance * clock[i, j]) * normals[i, j]
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def noise(start, linear, clock, path, ends, log_spot):
    """Moves of given log-spots less their means, of their shape."""
    constants, of_clock, of_rise, _ = linear
    found = np.empty(log_spot.shape)
    for i in range(len(log_spot)):
        before, after = path[ends[i]], path[ends[i + 1]]
        for j in range(log_spot.shape[1]):
            last = start if i == 0 else log_spot[i - 1, j]
            mean = constants[i] + of_clock * clock[i, j] + of_rise * (after[j] - before[j])
            found[i, j] = log_spot[i, j] - last - mean
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def slope(constants, coefficients, rise, moved_clock, clock, path, ends):
    """Derivatives of means and variances of the moves, shape (2, n_times, n_paths).

    The coefficients are, of the means, those of the moved rise and clock, of the clock and of the variance's rise; and
    of the variances that of the moved clock.
    """
    times, paths = clock.shape
    found = np.empty((2, times, paths))
    of_moved_rise, of_moved_clock, of_clock, of_rise, of_variance = coefficients
    for i in range(times):
        before, after = path[ends[i]], path[ends[i + 1]]
        for j in range(paths):
            mean = constants[i] + of_moved_rise * rise[i, j] + of_moved_clock * moved_clock[i, j]
            found[0, i, j] = mean + of_clock * clock[i, j] + of_rise * (after[j] - before[j])
            found[1, i, j] = of_variance * moved_clock[i, j]
    return found
