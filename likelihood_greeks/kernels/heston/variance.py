"""The variance and its integral, drawn and moved: see `variance` and `integrated_variance` in `models.heston`."""

from math import exp, log, sqrt

import numpy as np

from ..jit import njit
from .bessel import piece

BLOCK = 1024  # numbers at a time, so that they stay in cache
LOG_FLOOR = log(1e-250)  # see `models.heston.variance.FLOOR`
REACH, CELLS_A_UNIT = 14.0, 16.0  # see `models.heston.gamma_quantile`


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def log_gammas(normals, table):
    """Logarithms of gammas made from some normals: see `models.heston.gamma_quantile`."""
    found = np.empty(len(normals))
    for j in range(len(normals)):
        found[j] = piece(table, (normals[j] + REACH) * CELLS_A_UNIT)
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def draw(generator, start, ratios, scales, count, table):
    """Variances, (n_steps + 1, count), and the logarithms of the gammas in them, where a normal is split off.

    See `models.heston.variance.SquareRoot.draw`.
    """
    path, log_gamma = np.empty((len(scales) + 1, count)), np.empty((len(scales), count))
    path[0] = start
    for k in range(len(scales)):
        gamma, before, after = log_gamma[k], path[k], path[k + 1]
        for j in range(count):
            gamma[j] = piece(table, (generator.standard_normal() + REACH) * CELLS_A_UNIT)
        for j in range(count):
            rest = (generator.standard_normal() + sqrt(ratios[k] * before[j])) ** 2
            after[j] = scales[k] * (2.0 * exp(max(gamma[j], LOG_FLOOR)) + rest)
    return path, log_gamma


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def moments(start, end, scale, pieces, one, steps):
    """Conditional mean and variance of the integrated variances, shape (2, n_steps, n_paths).

    `pieces` are the tables of excess and slope; the rows of `steps` are the scale of z, beta, the share in w, and the
    derivatives of ell and C, each of shape (n_steps,).
    """
    count, paths = start.shape
    found = np.empty((2, count, paths))
    cells = pieces.shape[1]
    for k in range(count):
        factor, beta, share, l1, l2, _, c1, c2, _ = steps[k]
        for j in range(paths):
            v, w = start[k, j], end[k, j]
            z = sqrt(v) * sqrt(w) * factor
            t = z / (z + scale)
            excess = z * t * piece(pieces[0], t * cells)
            slope = z * t * piece(pieces[1], t * cells)
            weight = share * (v + w)
            found[0, k, j] = beta * ((one + excess) * l1 - weight * c1)
            found[1, k, j] = beta * beta * ((one + excess) * l2 - weight * c2 + slope * l1 * l1)
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def inverse_gaussian(generator, mean, variance):
    """Inverse Gaussians of given means and variances, of their shape."""
    found, uniforms = np.empty(mean.shape), np.empty(BLOCK)
    flat, m, s = found.ravel(), mean.ravel(), variance.ravel()
    for j in range(len(flat)):
        flat[j] = generator.standard_normal()
    for begin in range(0, len(flat), BLOCK):
        end = min(begin + BLOCK, len(flat))
        for j in range(end - begin):
            uniforms[j] = generator.random()
        for j in range(begin, end):
            half = flat[j] * flat[j] * s[j] / (2.0 * m[j] * m[j])
            inverse = 1.0 + half + sqrt(half * (half + 2.0))
            root = 1.0 / inverse
            flat[j] = m[j] * (root if uniforms[j - begin] * (1.0 + root) <= 1.0 else inverse)
    return found
