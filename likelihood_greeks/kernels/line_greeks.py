"""Greeks along a line compiled, for `controls.line_greeks`, a block of paths at a time: what an integral gains as
log-spots move, in all coordinates at once, and what is left of the estimate's samples.

What the paths are comes in tuples: their log-spots at the dates used, the dates' lengths, their place on the line, and
points found before; of crossings the date and the noise up to there; of the line its drifts and lengths by date, the
first move's noise and share; of the motions what means bring by date, and what is brought per unit of all noise and of
the first; of second derivatives which coordinate travels, and the polynomials of the weight and of its own motion.

Products and sums are not contracted here: of a b + c d either product may be rounded, and which one depended on whether
the code came from a cache, so that processes differed in the last bit.
"""

import numpy as np

from .jit import njit
from .line_pieces import BLOCK, _monomials, pull_block


@njit(cache=True, nogil=True, error_model="numpy")
def _noisy(pushed, paths, used, crossings, line, first, size, sums, rates):
    """What is gained per unit of all noise and of the first, and at crossings per unit of the log-spot there."""
    (still, along, sent), (logs, _, place, before), last = pushed, paths, first + size
    (dates, noise), (drifts, lengths, first_noise, first_share) = crossings, line
    place, first_noise, every, begun = place[first:last], first_noise[first:last], sums[0], sums[1]
    sums[:] = 0.0
    for r in range(len(used)):
        drift, length, row, here, stretch = drifts[used[r]], lengths[used[r]], logs[r, first:last], still[r], along[r]
        for j in range(size):
            every[j] += (row[j] - drift) * here[j] + length * stretch[j]
            begun[j] += first_noise[j] * here[j] + first_share * stretch[j]
    for w in range(len(dates)):
        date, reached, point, given, rate = (
            dates[w, first:last],
            noise[w, first:last],
            before[w, first:last],
            sent[w],
            rates[w],
        )
        for j in range(size):
            length, away = lengths[date[j]], point[j] - place[j]
            rate[j] = given[j] / length
            every[j] += rate[j] * (reached[j] + length * away)
            begun[j] += rate[j] * (first_noise[j] + first_share * away)


@njit(cache=True, nogil=True, error_model="numpy")
def _add(factor, row, found):
    for j in range(found.size):
        found[j] += factor * row[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _moved(motion, n, still, used, dates, first, sums, rates, found):
    """Add what is gained in one coordinate."""
    total, every, begun = motion
    for r in range(len(used)):
        _add(total[n, used[r]], still[r], found)
    for w in range(len(dates)):
        date, rate = dates[w, first : first + found.size], rates[w]
        for j in range(found.size):
            found[j] += total[n, date[j]] * rate[j]
    if every[n] != 0.0:
        _add(every[n], sums[0], found)
    if begun[n] != 0.0:
        _add(begun[n], sums[1], found)


@njit(cache=True, nogil=True, error_model="numpy")
def _weighed(h, e, f, x, zero, one, two, found):
    """Add the integral of a monomial times a polynomial of the second degree."""
    for j in range(found.size):
        found[j] += zero[j] * h[j] + one[j] * (x * h[j] + e[j])
        found[j] += two[j] * ((1.0 + x * x) * h[j] + 2.0 * x * e[j] + f[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _left(matrix, factors, value, gained, first, size, found):
    """Factors times values, less a matrix times what was gained."""
    worth = value[first : first + size]
    for g in range(len(matrix)):
        into, factor = found[g, first : first + size], factors[g, first : first + size]
        for j in range(size):
            into[j] = factor[j] * worth[j]
        for n in range(len(gained)):
            if matrix[g, n] != 0.0:
                _add(-matrix[g, n], gained[n], into)


@njit(cache=True, nogil=True, error_model="numpy")
def left(integrated, paths, monomials, points, used, crossings, line, motion, scored, matrix, factors, value):
    """Factors times values less a matrix times what an integral gains: itself, in every coordinate, and twice.

    Returns an array of the shape of the factors, (n_greeks, n_paths).
    """
    (held, ends), (logs, lengths, place, before) = integrated[2:], paths
    starts, rows, exponents = monomials
    travels, weights, weights_moved = scored
    n_paths, n_names, sums_met = len(place), len(motion[0]), (points[0] >= 4).any()
    found, gained, one = np.empty(factors.shape), np.empty((matrix.shape[1], BLOCK)), np.ones((1, 1))
    here, length = np.empty((len(starts) - 1, BLOCK)), np.empty((len(starts) - 1, BLOCK))
    rooms = np.empty((len(points[0]), BLOCK)), np.empty(BLOCK), np.empty(BLOCK), np.empty((3, BLOCK))
    still, along = np.empty((len(used), BLOCK)), np.empty((len(used), BLOCK))
    sent, sums, rates = np.empty((len(before), BLOCK)), np.empty((2, BLOCK)), np.empty((len(crossings[0]), BLOCK))
    pushed, known = (still, along, sent), (here, length)
    _monomials(lengths, starts, rows, exponents, 0, BLOCK, length)
    for first in range(0, n_paths, BLOCK):
        size = min(BLOCK, n_paths - first)
        last = first + size
        if sums_met:
            _monomials(logs, starts, rows, exponents, first, size, here)
        gained[:] = 0.0
        for m in range(len(held)):
            _add(1.0, held[m, first:last], gained[0, :size])
        for s in range(len(travels) + 1):
            still[:], along[:], sent[:] = 0.0, 0.0, 0.0
            weight = weights[s - 1] if s else one
            pull_block(integrated, place, monomials, points, weight, known, first, size, rooms, pushed, 0)
            _noisy(pushed, paths, used, crossings, line, first, size, sums, rates)
            if s:
                into, own = gained[n_names + s, :size], weights_moved[s - 1]
                _moved(motion, travels[s - 1], still, used, crossings[0], first, sums, rates, into)
                for m in range(len(held)):
                    h, e, f = held[m, first:last], ends[0, m, first:last], ends[1, m, first:last]
                    _weighed(h, e, f, length[m, 0], own[0, first:last], own[1, first:last], own[2, first:last], into)
            else:
                for n in range(n_names):
                    _moved(motion, n, still, used, crossings[0], first, sums, rates, gained[1 + n, :size])
        _left(matrix, factors, value, gained, first, size, found)
    return found
