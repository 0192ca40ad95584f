"""The variance and its integral as a parameter changes: see `models.heston.variance_path`.

Arrays are of shape (n_steps, n_paths). The rows of `numbers` hold, step by step, the scale of z, beta, the share in w,
the derivatives of ell and C, and what a variance at the start and at the end is multiplied by to make lambda and y. A
direction holds, step by step, the factors of beta, z, x, order and w, and the derivatives of log c and log e.
"""

from math import exp, log, sqrt

import numpy as np

from ..jit import njit
from .bessel import piece
from .variance import LOG_FLOOR

LIFTED = 1e-240  # see `models.heston.variance`


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _share(start, end, factor, scale):
    """The arguments z, and t of the tables."""
    z = sqrt(start) * sqrt(end) * factor
    return z, z / (z + scale)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _scored(integral, mean, variance):
    """Derivatives of the inverse Gaussian's log-density in log mean and log variance."""
    gap = integral / mean - 1.0
    pull = mean * mean * mean / (variance * integral) * gap
    return 1.5 + pull * (1.0 - 0.5 * gap), 0.5 * pull * gap - 0.5


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def ends(start, end, integral, mean, variance, scale, pieces, mills, numbers):
    """What changes of the logarithms of a step's ends do, shape (5, n_steps, n_paths).

    Motion of the integral with the start, with the end, and with the logarithm of its law's shape; score in the start;
    share that is passed on.
    """
    count, paths = start.shape
    found = np.empty((5, count, paths))
    cells = pieces.shape[1]
    for k in range(count):
        factor, beta, share, l1, l2, _, c1, c2, _, ratio, inverse = numbers[k]
        for j in range(paths):
            z, t = _share(start[k, j], end[k, j], factor, scale)
            near, place = z * t, t * cells
            slope, curvature = near * piece(pieces[1], place), near * piece(pieces[2], place)
            m, s, value = mean[k, j], variance[k, j], integral[k, j]
            of_mean, of_variance = beta / m, beta * beta / s
            mean_z, variance_z = 0.5 * l1 * slope, 0.5 * (l2 * slope + l1 * l1 * curvature)
            v, w = share * start[k, j], share * end[k, j]
            mean_start, variance_start = of_mean * (mean_z - c1 * v), of_variance * (variance_z - c2 * v)
            mean_end, variance_end = of_mean * (mean_z - c1 * w), of_variance * (variance_z - c2 * w)
            draw, shape = value / m, m * m / s
            small = 1.0 / (1.0 + sqrt(shape / draw) * (1.0 + draw))
            ratio_of_mills = small * piece(mills, small * len(mills))
            turned = m * draw * (1.0 - 2.0 * sqrt(shape * draw) * ratio_of_mills)
            found[0, k, j] = value * mean_start + turned * (2.0 * mean_start - variance_start)
            found[1, k, j] = value * mean_end + turned * (2.0 * mean_end - variance_end)
            found[2, k, j] = turned
            excess = near * piece(pieces[0], place)
            by_mean, by_variance = _scored(value, m, s)
            own = 0.5 * (excess - ratio * start[k, j])
            found[3, k, j] = own + by_mean * mean_start + by_variance * variance_start
            found[4, k, j] = excess / (inverse * end[k, j])
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _basis(v, w, mean, variance, by_mean, by_variance, scale, pieces, one, row):
    """Derivatives in the logarithm of beta, in z, x, order and w of what has given ones in log mean and log variance.

    And zr, z + c and the place in the tables.
    """
    factor, beta, share, l1, l2, l3, c1, c2, c3, _, _ = row
    z, t = _share(v, w, factor, scale)
    near, place = z * t, t * pieces.shape[1]
    excess, slope = near * piece(pieces[0], place), near * piece(pieces[1], place)
    curvature = near * piece(pieces[2], place)
    moved, slope_order = 1.0 + t * t * piece(pieces[4], place), t * t * piece(pieces[5], place)
    weight, whole = share * (v + w), one + excess
    a, b = by_mean * beta / mean, by_variance * beta * beta / variance
    of_z = a * l1 * slope + b * (l2 * slope + l1 * l1 * curvature)
    of_x = a * (whole * l2 - weight * c2) + b * (whole * l3 - weight * c3 + 2.0 * l1 * l2 * slope)
    of_order = a * l1 * moved + b * (l2 * moved + l1 * l1 * slope_order)
    of_w = -(a * c1 + b * c2) * weight
    return by_mean + 2.0 * by_variance, of_z, of_x, of_order, of_w, excess, z + scale, place


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def integrals(start, end, integral, mean, variance, turned, scale, pieces, one, numbers, directions):
    """Motions of the integrals along some directions, both ends held fixed; shape (n_directions, n_steps, n_paths)."""
    count, paths = start.shape
    found = np.empty((len(directions), count, paths))
    parts = np.empty((5, paths))
    for k in range(count):
        for j in range(paths):
            turn = turned[k, j]
            parts[0, j], parts[1, j], parts[2, j], parts[3, j], parts[4, j], _, _, _ = _basis(
                start[k, j], end[k, j], mean[k, j], variance[k, j], integral[k, j] + 2.0 * turn, -turn,
                scale, pieces, one, numbers[k],
            )  # fmt: skip
        for d in range(len(directions)):
            beta, z, x, order, w, _, _ = directions[d, k]
            for j in range(paths):
                found[d, k, j] = beta * parts[0, j] + z * parts[1, j] + x * parts[2, j]
                found[d, k, j] += order * parts[3, j] + w * parts[4, j]
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def scores(start, end, log_gamma, integral, mean, variance, scale, pieces, one, numbers, directions):
    """Derivatives of the log-density of all steps along some directions, shape (n_directions, n_paths)."""
    count, paths = start.shape
    found, parts = np.zeros((len(directions), paths)), np.empty((7, paths))
    for k in range(count):
        for j in range(paths):
            row = numbers[k]
            noncentrality, y = row[9] * start[k, j], row[10] * end[k, j]
            by_mean, by_variance = _scored(integral[k, j], mean[k, j], variance[k, j])
            parts[0, j], parts[1, j], parts[2, j], of_order, parts[4, j], excess, near, place = _basis(
                start[k, j], end[k, j], mean[k, j], variance[k, j], by_mean, by_variance, scale, pieces, one, row
            )
            depth = min(log_gamma[k, j] - LOG_FLOOR, 0.0) if end[k, j] < LIFTED else 0.0
            parts[3, j] = of_order + depth + log(0.5 * y / near) + piece(pieces[3], place)
            parts[6, j] = 0.5 * (excess - noncentrality)
            parts[5, j] = 0.5 * (y - excess) - one - parts[6, j]
        for d in range(len(directions)):
            beta, z, x, order, w, log_scale, log_decay = directions[d, k]
            for j in range(paths):
                found[d, j] += beta * parts[0, j] + z * parts[1, j] + x * parts[2, j] + order * parts[3, j]
                found[d, j] += w * parts[4, j] + log_scale * parts[5, j] + log_decay * parts[6, j]
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def gamma_motion(log_gamma, end, scales, low, step, spline, digamma, shape):
    """Motion of the logarithm of the end per unit of the order: see `Transitions.order_motion`."""
    count, paths = end.shape
    found = np.empty((count, paths))
    for k in range(count):
        for j in range(paths):
            given = log_gamma[k, j]
            place = min((given - low) / step, len(spline) - 0.0)
            cell = min(max(int(place), 0), len(spline) - 1)
            u, c = (place - cell) * step, spline[cell]
            relative = c[3] + u * (c[2] + u * (c[1] + u * c[0]))
            if given < low:
                relative = (digamma - given) / shape
            found[k, j] = 2.0 * exp(max(given, LOG_FLOOR)) * relative * scales[k] / end[k, j]
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def motions(first, keep, pull, push, by_order, of_start, of_end, direct):
    """Motions of the log-variances at the ends of all steps, and of the integrals; of these `direct` adds to some.

    The rows of `push` are what a step adds by itself, per unit of what is passed on, and per unit of `by_order`.
    """
    count, paths = pull.shape
    moving, clock = np.empty((count + 1, paths)), np.empty((count, paths))
    moving[0] = first
    for k in range(count):
        plain, passed, order = push[k]
        for j in range(paths):
            before = keep[k] * moving[k, j]
            after = pull[k, j] * (before + passed) + plain
            if order != 0.0:
                after += order * by_order[k, j]
            moving[k + 1, j] = after
            clock[k, j] = of_start[k, j] * before + of_end[k, j] * after
            if k < len(direct):
                clock[k, j] += direct[k, j]
    return moving, clock


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def arrived(keep, moving, start_score, path, ends):
    """What rises over every interval, (n_times, n_paths), and what is handed over, (n_paths,)."""
    times, paths = len(ends) - 1, path.shape[1]
    rise, handed = np.empty((times, paths)), np.zeros(paths)
    for i in range(times):
        first, last = ends[i], ends[i + 1]
        for j in range(paths):
            rise[i, j] = path[last, j] * moving[last, j] - path[first, j] * moving[first, j]
        for k in range(first, last):
            if keep[k] != 1.0:
                for j in range(paths):
                    handed[j] += (1.0 - keep[k]) * moving[k, j] * start_score[k, j]
    return rise, handed
