"""Exponentials between points of a line, integrated and moved, compiled, for `controls.line_integral`.

What a payoff's pieces are comes as arrays: of the monomials the rows and exponents from `starts` on; of the points the
kind (0: a monomial is at a level, 1: found before, 2: first, 3: last of members, 4: a sum of monomials is one), its
subject, the logarithm of the level, and members with the logarithms of coefficients; of the terms the pairs (or -1) at
both ends and the monomial. Paths go block by block, so that a row of a block stays in cache.
"""

import math

import numpy as np

from .jit import njit
from .tails import ROOT, exponentials, tails

BLOCK = 256
AWAY = 1e9
REACH = 40.0  # deviations within which it is looked for where an amount is zero
CLOSE = 1e-8


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _monomials(rows, starts, places, exponents, first, size, found):
    """Those of a block of paths; of rows that all paths share, the same for all."""
    wide = rows.shape[1] > 1
    for m in range(len(starts) - 1):
        into = found[m, :size]
        into[:] = 0.0
        for r in range(starts[m], starts[m + 1]):
            row, exponent = rows[places[r]], exponents[r]
            if wide:
                row = row[first : first + size]
                for j in range(size):
                    into[j] += exponent * row[j]
            else:
                into += exponent * row[0]


@njit(cache=True, nogil=True, error_model="numpy")
def _root(here, length, which, coefficients, j):
    """How far along the line a sum of monomials is one: Newton's method on its logarithm, which is convex."""
    t = 0.0
    for _ in range(60):
        top = -np.inf
        for r in range(len(which)):
            top = max(top, coefficients[r] + here[which[r], j] + length[which[r], j] * t)
        total, slope = 0.0, 0.0
        for r in range(len(which)):
            m = which[r]
            part = math.exp(coefficients[r] + here[m, j] + length[m, j] * t - top)
            total += part
            slope += part * length[m, j]
        step = (math.log(total) + top) * total / slope
        t -= step
        if abs(step) <= CLOSE * (1.0 + abs(t)):  # what is left is about its square
            break
    return t


@njit(cache=True, nogil=True, error_model="numpy")
def _amount(here, length, place, points, k, z, path, j, t):
    """An amount at a place on the line, the path's being zero, and its slope; `path` is the column of the points."""
    starts, members, coefficients, lows, highs = points[3], points[4], points[5], points[6], points[7]
    value, slope = 0.0, 0.0
    for r in range(starts[k], starts[k + 1]):
        if lows[r] >= 0 and z[lows[r], path] >= place + t:
            continue
        if highs[r] >= 0 and z[highs[r], path] <= place + t:
            continue
        m = members[r]
        part = coefficients[r] * math.exp(here[m, j] + length[m, j] * t)
        value += part
        slope += part * length[m, j]
    return value, slope


@njit(cache=True, nogil=True, error_model="numpy")
def _risen(here, length, place, points, k, z, path, j):
    """Where an amount that rises is zero: Newton's method within a bracket; far away if it never is."""
    low, high, t = -REACH - place, REACH - place, 0.0
    if _amount(here, length, place, points, k, z, path, j, high)[0] <= 0.0:
        return AWAY
    if _amount(here, length, place, points, k, z, path, j, low)[0] > 0.0:
        return -AWAY
    slope = 0.0
    for _ in range(200):
        value, slope = _amount(here, length, place, points, k, z, path, j, t)
        if value > 0.0:
            high = t
        else:
            low = t
        new = t - value / slope if slope > 0.0 else low
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - t) <= CLOSE * (1.0 + abs(t)):
            t = new
            break
        t = new
    if _amount(here, length, place, points, k, z, path, j, t)[1] <= 0.0:
        t = high
    return place + t


@njit(cache=True, nogil=True, error_model="numpy")
def envelope(logs, lengths, place, monomials, which, coefficients, sign):
    """Between which points each of some monomials is the largest (smallest, if the sign is -1), of shape
    (2, n, n_paths): for one that never is they are far away, the first beyond the second. The monomials are in the
    order of their lengths.
    """  # fmt: skip
    starts, rows, exponents = monomials
    count, n_paths = len(which), len(place)
    found = np.empty((2, count, n_paths))
    here, length = np.empty((len(starts) - 1, BLOCK)), np.empty((len(starts) - 1, BLOCK))
    kept, begins, block = np.empty(count, np.int64), np.empty(count), np.empty((2, count, BLOCK))
    for first in range(0, n_paths, BLOCK):
        size = min(BLOCK, n_paths - first)
        _monomials(logs, starts, rows, exponents, first, size, here)
        if not first or lengths.shape[1] > 1:
            _monomials(lengths, starts, rows, exponents, first, size, length)
        for j in range(size):
            n = 0
            for step in range(count):
                k = step if sign > 0.0 else count - 1 - step
                m, begin = which[k], -AWAY
                while n > 0:
                    p = which[kept[n - 1]]
                    gap = coefficients[kept[n - 1]] + here[p, j] - coefficients[k] - here[m, j]
                    begin = gap / (length[m, j] - length[p, j])
                    if begin > begins[n - 1]:
                        break
                    n -= 1
                    begin = -AWAY
                kept[n], begins[n] = k, begin
                n += 1
                block[0, k, j], block[1, k, j] = AWAY, -AWAY
            for r in range(n):
                end = begins[r + 1] if r + 1 < n else AWAY
                block[0, kept[r], j] = place[first + j] + begins[r]
                block[1, kept[r], j] = place[first + j] + end
        found[:, :, first : first + size] = block[:, :, :size]
    return found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _points(here, length, place, before, points, first, size, z):
    kinds, subjects, levels, starts, members, coefficients, _, _ = points
    where = place[first : first + size]
    for k in range(len(kinds)):
        m, row = subjects[k], z[k, :size]
        if kinds[k] == 0:
            level, at, stretch = levels[k], here[m], length[m]
            for j in range(size):
                row[j] = where[j] + (level - at[j]) / stretch[j]
        elif kinds[k] == 4:
            few = members[starts[k] : starts[k + 1]]
            for j in range(size):
                row[j] = where[j] + _root(here, length, few, coefficients[starts[k] : starts[k + 1]], j)
        elif kinds[k] == 5:
            for j in range(size):
                row[j] = _risen(here, length, where[j], points, k, z, j, j)
        elif kinds[k] == 1:
            row[:] = before[m, first : first + size]
        else:
            row[:] = z[members[starts[k]], :size]
            for r in range(starts[k] + 1, starts[k + 1]):
                other = z[members[r]]
                for j in range(size):
                    a, b = row[j], other[j]
                    row[j] = max(a, b) if kinds[k] == 3 else min(a, b)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _changes(z, length, means, terms, pair_points, amounts, size, change, held):
    """Changes of coefficients at the pairs, and what is paid at the middle of each monomial's own bell."""
    lows, highs, paid = terms
    change[:] = 0.0
    held[:] = 0.0
    for t in range(len(paid)):
        low, high, m, amount = lows[t], highs[t], paid[t], amounts[t]
        if low < 0 and high < 0:
            for j in range(size):
                held[m, j] += amount * means[m, j]
        elif low < 0:
            n = pair_points[high]
            for j in range(size):
                change[high, j] -= amount
                middle = amount if z[n, j] >= length[m, j] else 0.0
                held[m, j] += middle * means[m, j]
        elif high < 0:
            k = pair_points[low]
            for j in range(size):
                change[low, j] += amount
                middle = amount if z[k, j] < length[m, j] else 0.0
                held[m, j] += middle * means[m, j]
        else:
            k, n = pair_points[low], pair_points[high]
            for j in range(size):
                there = amount if z[k, j] < z[n, j] else 0.0
                change[low, j] += there
                change[high, j] -= there
                middle = there if z[k, j] < length[m, j] <= z[n, j] else 0.0
                held[m, j] += middle * means[m, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _to_end(v, bell, tail, amounts, held, density, ends):
    """Add what is paid between a point and the end of the line on its side, the density there, and its moments."""
    zero, one, two = ends
    for j in range(v.size):
        amount = amounts[j]
        q, x = amount * bell[j] / ROOT, v[j] if bell[j] != 0.0 else 0.0
        held[j] += amount * tail[j]
        density[j] += q
        zero[j] += q
        one[j] += q * x
        two[j] += q * x * x


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def integrate(logs, lengths, place, before, monomials, points, terms, pairs, amounts, n_paid):
    """Where the points are, and there the densities of what is paid; what every monomial pays, and moments at its ends.

    Returns arrays of shapes (n_points, n_paths) twice, (n_paid, n_paths) and (3, n_paid, n_paths).
    """
    starts, rows, exponents = monomials
    pair_points, pair_monomials = pairs
    n_points, n_paths, n_monomials = len(points[0]), len(place), len(starts) - 1
    where, density = np.empty((n_points, n_paths)), np.zeros((n_points, n_paths))
    held_all, ends = np.empty((n_paid, n_paths)), np.zeros((3, n_paid, n_paths))
    here, length = np.empty((n_monomials, BLOCK)), np.empty((n_monomials, BLOCK))
    z, means, held = np.empty((n_points, BLOCK)), np.empty((n_paid, BLOCK)), np.empty((n_paid, BLOCK))
    change, rooms = np.empty((len(pair_points), BLOCK)), np.empty((4, BLOCK))
    for first in range(0, n_paths, BLOCK):
        last = min(first + BLOCK, n_paths)
        size, at = last - first, place[first:last]
        v, bell, tail, there = rooms[0, :size], rooms[1, :size], rooms[2, :size], rooms[3, :size]
        _monomials(logs, starts, rows, exponents, first, size, here)
        if not first or lengths.shape[1] > 1:
            _monomials(lengths, starts, rows, exponents, first, size, length)
        _points(here, length, place, before, points, first, size, z)
        where[:, first:last] = z[:, :size]
        for m in range(n_paid):
            for j in range(size):
                v[j] = here[m, j] + length[m, j] * (0.5 * length[m, j] - at[j])
            exponentials(v, means[m, :size])
        _changes(z, length, means, terms, pair_points, amounts, size, change, held)
        for p in range(len(pair_points)):
            m, k = pair_monomials[p], pair_points[p]
            for j in range(size):
                v[j], there[j] = z[k, j] - length[m, j], change[p, j] * means[m, j]
            tails(v, bell, tail)
            own = ends[0, m, first:last], ends[1, m, first:last], ends[2, m, first:last]
            _to_end(v, bell, tail, there, held[m], density[k, first:last], own)
        held_all[:, first:last] = held[:, :size]
    return where, density, held_all, ends


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _weights(weights, first, size, found):
    """Coefficients of a polynomial on the paths of a block: the same on all, or their own."""
    for power in range(len(weights)):
        if weights.shape[1] > 1:
            found[power, :size] = weights[power, first : first + size]
        else:
            found[power, :size] = weights[power, 0]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _moments(h, e, f, g, place, x, weights, degree, inside, along):
    """Of one monomial: integrals of weights, and of weights times z less the place."""
    for j in range(h.size):
        one = x[j] * h[j] + e[j]
        inside[j], along[j] = weights[0, j] * h[j], weights[0, j] * one
    if degree > 0:
        for j in range(h.size):
            one, two = x[j] * h[j] + e[j], (1.0 + x[j] * x[j]) * h[j] + 2.0 * x[j] * e[j] + f[j]
            inside[j] += weights[1, j] * one
            along[j] += weights[1, j] * two
    if degree > 1:
        for j in range(h.size):
            y = x[j] * x[j]
            two = (1.0 + y) * h[j] + 2.0 * x[j] * e[j] + f[j]
            three = x[j] * (y + 3.0) * h[j] + (3.0 * y + 2.0) * e[j] + 3.0 * x[j] * f[j] + g[j]
            inside[j] += weights[2, j] * two
            along[j] += weights[2, j] * three
    for j in range(h.size):
        along[j] -= place[j] * inside[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _at_point(where, density, weights, degree, sent):
    for j in range(where.size):
        factor = weights[degree, j]
        for power in range(degree - 1, -1, -1):
            factor = weights[power, j] + where[j] * factor
        sent[j] = density[j] * factor if density[j] != 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _to_members(where, points, k, first, size, sent):
    """What is at an extreme, to the member that it is."""
    starts, members = points[3], points[4]
    for j in range(size):
        if sent[k, j] == 0.0:
            continue
        for r in range(starts[k], starts[k + 1]):
            if where[members[r], first + j] == where[k, first + j]:
                sent[members[r], j] += sent[k, j]
                break


@njit(cache=True, nogil=True, error_model="numpy")
def _over_slope(where, place, points, k, here, length, first, size, sent):
    """What is at a point where a sum is one, or an amount zero, over the slope there."""
    kinds, starts, members, coefficients = points[0], points[3], points[4], points[5]
    for j in range(size):
        if sent[k, j] == 0.0:
            continue
        path, slope = first + j, 0.0
        t = where[k, path] - place[path]
        if kinds[k] == 5:
            slope = _amount(here, length, place[path], points, k, where, path, j, t)[1]
        else:
            for r in range(starts[k], starts[k + 1]):
                m = members[r]
                slope += length[m, j] * math.exp(coefficients[r] + here[m, j] + length[m, j] * t)
        sent[k, j] = sent[k, j] / slope if kinds[k] == 4 or slope > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _share(where, place, points, r, k, here, length, first, size, sent, a, b):
    """Of that, what one monomial moves."""
    m, coefficient, low, high = points[4][r], points[5][r], points[6][r], points[7][r]
    rises = points[0][k] == 5
    for j in range(size):
        a[j], b[j], at = 0.0, 0.0, where[k, first + j]
        if sent[k, j] == 0.0 or (low >= 0 and where[low, first + j] >= at):
            continue
        if high >= 0 and where[high, first + j] <= at:
            continue
        t = at - place[first + j]
        part = here[m, j] + length[m, j] * t
        a[j] = sent[k, j] * (coefficient * math.exp(part) if rises else math.exp(coefficient + part))
        b[j] = a[j] * t


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _to_rows(starts, rows, exponents, m, a, b, at, size, still, along):
    for r in range(starts[m], starts[m + 1]):
        exponent, here, stretch = exponents[r], still[rows[r], at : at + size], along[rows[r], at : at + size]
        for j in range(size):
            here[j] += exponent * a[j]
            stretch[j] += exponent * b[j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def pull_block(integrated, place, monomials, points, weights, known, first, size, rooms, to, at):
    """Add what `pull` finds on the paths of a block to arrays in which they begin `at`; `known` are the monomials and
    their lengths, `rooms` for four results.
    """  # fmt: skip
    where, density, held, ends = integrated
    starts, rows, exponents = monomials
    (still, along, found), (sent, a, b, own), (here, length) = to, rooms, known
    kinds, subjects, degree, last = points[0], points[1], len(weights) - 1, first + size
    _weights(weights, first, size, own)
    for m in range(len(held)):
        e, f, g = ends[0, m, first:last], ends[1, m, first:last], ends[2, m, first:last]
        _moments(held[m, first:last], e, f, g, place[first:last], length[m], own, degree, a, b)
        _to_rows(starts, rows, exponents, m, a, b, at, size, still, along)
    for k in range(len(kinds)):
        _at_point(where[k, first:last], density[k, first:last], own, degree, sent[k])
    for k in range(len(kinds) - 1, -1, -1):
        m = subjects[k]
        if kinds[k] == 1:
            found[m, at : at + size] += sent[k, :size]
        elif kinds[k] == 0:
            away, here_sent, stretch = where[k, first:last] - place[first:last], sent[k], length[m]
            for j in range(size):
                a[j] = here_sent[j] / stretch[j]
                b[j] = a[j] * away[j] if a[j] != 0.0 else 0.0
            _to_rows(starts, rows, exponents, m, a, b, at, size, still, along)
        elif kinds[k] >= 4:
            _over_slope(where, place, points, k, here, length, first, size, sent)
            for r in range(points[3][k], points[3][k + 1]):
                _share(where, place, points, r, k, here, length, first, size, sent, a, b)
                _to_rows(starts, rows, exponents, points[4][r], a, b, at, size, still, along)
        else:
            _to_members(where, points, k, first, size, sent)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def pull(where, density, held, ends, logs, lengths, place, monomials, points, weights, n_rows, n_before):
    """Derivatives of an integral in log-spots where the paths are and in their lengths, and in minus the points found
    before; `weights`, shape (degree + 1, n_paths or 1), are coefficients of the powers of z, up to its square.

    Returns arrays of shapes (n_rows, n_paths) twice and (n_before, n_paths).
    """  # fmt: skip
    starts, rows, exponents = monomials
    n_paths, sums = len(place), (points[0] >= 4).any()
    still, along, found = np.zeros((n_rows, n_paths)), np.zeros((n_rows, n_paths)), np.zeros((n_before, n_paths))
    here, length = np.empty((len(starts) - 1, BLOCK)), np.empty((len(starts) - 1, BLOCK))
    rooms = np.empty((len(points[0]), BLOCK)), np.empty(BLOCK), np.empty(BLOCK), np.empty((3, BLOCK))
    integrated, to, known = (where, density, held, ends), (still, along, found), (here, length)
    for first in range(0, n_paths, BLOCK):
        size = min(BLOCK, n_paths - first)
        if not first or lengths.shape[1] > 1:
            _monomials(lengths, starts, rows, exponents, first, size, length)
        if sums:
            _monomials(logs, starts, rows, exponents, first, size, here)
        pull_block(integrated, place, monomials, points, weights, known, first, size, rooms, to, first)
    return still, along, found
