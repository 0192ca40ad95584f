"""Steps of a local volatility on a grid compiled: see `models.local_volatility.grid` and `walk`."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def step(before, normals, grid, table, shift, growth, length, state, noise, variance, level, slope, weights):
    """One step of all paths: the smallest volatility. `grid` has cubics, bases and bounds: see `Lookup`.

    To `weights` the step's part of the scores in the volatility and in the rate is added.
    """
    cubics, bases, bounds, (origin, scale) = grid
    root, last = np.sqrt(length), len(table) - 1.0
    for j in range(before.size):
        x = before[j]
        k = table[int(min(max((x - origin) * scale, 0.0), last))]
        k += x >= bounds[k]
        away = x - bases[k]
        a, b, c, d = cubics[k, 0], cubics[k, 1], cubics[k, 2], cubics[k, 3]
        here = shift + a + away * (b + away * (c + away * d))
        slope[j] = b + away * (2.0 * c + away * (3.0 * d))
        level[j] = here
        spread = here * here * length
        variance[j] = spread
        normal, inverse = normals[j], 1.0 / here
        moved = here * (root * normal)
        weights[0, j] += (normal * normal - 1.0) * inverse - root * normal
        weights[1, j] += root * normal * inverse
        noise[j] = moved
        state[j] = x + (growth - 0.5 * spread + moved)
    return level.min()


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def carried(level, slope, noise, lengths):
    """The factors by which a motion before a step is carried on, 1 + slope (noise / level - level length)."""
    found = np.empty_like(noise)
    for i in range(noise.shape[0]):
        for j in range(noise.shape[1]):
            found[i, j] = 1.0 + slope[i, j] * (noise[i, j] / level[i, j] - level[i, j] * lengths[i])
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def paces(level, lengths):
    """Derivatives of means and variances in the volatility."""
    mean, variance = np.empty_like(level), np.empty_like(level)
    for i in range(level.shape[0]):
        for j in range(level.shape[1]):
            mean[i, j] = -level[i, j] * lengths[i]
            variance[i, j] = 2.0 * level[i, j] * lengths[i]
    return mean, variance


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def split(before, parts, rows, shares, firsts, cubics, grid, table, found):
    """Parts of one step by the nodes that it read, added to `found`, (n_times, n_spots, n_paths)."""
    bases, bounds, (origin, scale) = grid
    last = len(table) - 1.0
    for j in range(before.size):
        x = before[j]
        k = table[int(min(max((x - origin) * scale, 0.0), last))]
        k += x >= bounds[k]
        away = x - bases[k]
        for m in range(cubics.shape[2]):
            weight = cubics[k, 0, m] + away * (cubics[k, 1, m] + away * (cubics[k, 2, m] + away * cubics[k, 3, m]))
            weight *= parts[j]
            for r in range(len(rows)):
                found[rows[r], firsts[k] + m, j] += shares[r] * weight
