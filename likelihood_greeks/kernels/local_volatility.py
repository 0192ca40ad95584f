"""Steps of a local volatility on a grid compiled: see `models.local_volatility.grid` and `walk`."""

import numpy as np

from .jit import njit


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def step(
    before, normals, grid, table, shift, growth, length, state, noise, variance, level, slope, weights, along, lever
):
    """One step of all paths: the smallest volatility. `grid` has cubics, bases and bounds: see `Lookup`.

    To `weights` the step's part of the scores in the volatility and in the rate is added. `along` has the cubics of the
    derivative of the volatility in its parameter, which `lever` gets; if it is empty, that is one.
    """
    cubics, bases, bounds, (origin, scale) = grid
    root, last, levered = np.sqrt(length), len(table) - 1.0, len(along) > 0
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
        score = (normal * normal - 1.0) * inverse - root * normal
        if levered:
            lever[j] = along[k, 0] + away * (along[k, 1] + away * (along[k, 2] + away * along[k, 3]))
            score *= lever[j]
        weights[0, j] += score
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
def split(before, parts, moved, rows, shares, firsts, cubics, grid, table, found):
    """Parts of all steps by the nodes that these read, summed.

    Shapes (n_parts, n_steps, n_paths) and (n_parts, n_rows, n_spots, n_paths). A step reads the row of the grid that
    `rows` says, and the next one with the share that is left. `moved` has volatilities, noises and lengths of the
    steps: if it has any, the parts are what the paths are sensitive to, and are multiplied by what a shift of the
    volatility moves them by; and one row more of `found` gets the scores of the steps in it.
    """
    n_paths, (n_parts, n_rows, n_spots) = before.shape[1], found.shape[:3]
    block = np.empty((64, n_parts, n_rows * n_spots + 4))
    for start in range(0, n_paths, 64):
        width = min(64, n_paths - start)
        block[:] = 0.0
        for i in range(before.shape[0]):
            at = rows[i] * n_spots
            _split(before, parts, moved, i, start, width, (at, shares[i]), firsts, cubics, grid, table, block)
            if shares[i] != 1.0:
                at += n_spots
                _split(before, parts, moved, i, start, width, (at, 1.0 - shares[i]), firsts, cubics, grid, table, block)
        for p in range(n_parts):
            for k in range(n_rows * n_spots):
                for j in range(width):
                    found[p, k // n_spots, k % n_spots, start + j] = block[j, p, k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _split(before, parts, moved, i, start, width, read, firsts, cubics, grid, table, block):
    """The same of one step and some paths, for one row of the grid."""
    bases, bounds, (origin, scale) = grid
    (level, noise, lengths), (row, share), last = moved, read, len(table) - 1.0
    travelled = len(level) > 0
    for j in range(width):
        x, factor, score = before[i, start + j], share, 0.0
        if travelled:
            spread = level[i, start + j]
            relative = noise[i, start + j] / spread
            factor *= relative - spread * lengths[i]
            score = share * ((relative * relative / lengths[i] - 1.0) / spread - relative)
        k = table[int(min(max((x - origin) * scale, 0.0), last))]
        k += x >= bounds[k]
        away, first, c = x - bases[k], row + firsts[k], cubics[k]
        r0 = c[0, 0] + away * (c[1, 0] + away * (c[2, 0] + away * c[3, 0]))
        r1 = c[0, 1] + away * (c[1, 1] + away * (c[2, 1] + away * c[3, 1]))
        r2 = c[0, 2] + away * (c[1, 2] + away * (c[2, 2] + away * c[3, 2]))
        r3 = c[0, 3] + away * (c[1, 3] + away * (c[2, 3] + away * c[3, 3]))
        for p in range(block.shape[1]):
            part = score if p == parts.shape[0] else factor * parts[p, i, start + j]
            block[j, p, first] += part * r0
            block[j, p, first + 1] += part * r1
            block[j, p, first + 2] += part * r2
            block[j, p, first + 3] += part * r3
