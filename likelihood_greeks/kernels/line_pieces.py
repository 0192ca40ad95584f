"""Exponentials between points of a line, integrated and moved, compiled, for `controls.line_integral`.

What a payoff's pieces are comes as arrays: of the monomials the rows and exponents from `starts` on; of the points the
kind (0: a monomial is at a level, 1: found before, 2: first, 3: last of members, 4: a sum of monomials is one), its
subject, the logarithm of the level, and members with the logarithms of coefficients; of the terms the pairs (or -1) at
both ends and the monomial. Paths go block by block, so that a row of a block stays in cache.
"""

import math

import numpy as np

from .jit import njit

ROOT = math.sqrt(2.0 * math.pi)
FAR = 8.5  # deviations beyond which nothing is left of a normal
BLOCK = 64
AWAY = 1e9
REACH = 40.0  # deviations within which it is looked for where an amount is zero
CLOSE = 1e-8


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _tail(v, bell):
    """Chance that a normal is beyond v, given exp(-v²/2).

    Hart's rational approximation no. 5666, as in G. West, "Better approximations to cumulative normal functions",
    *Wilmott* (2005).
    """
    x = abs(v)
    if x < 7.07106781186547:
        top = 3.52624965998911e-02 * x + 0.700383064443688
        top = ((top * x + 6.37396220353165) * x + 33.912866078383) * x + 112.079291497871
        top = (top * x + 221.213596169931) * x + 220.206867912376
        bottom = (8.83883476483184e-02 * x + 1.75566716318264) * x + 16.064177579207
        bottom = ((bottom * x + 86.7807322029461) * x + 296.564248779674) * x + 637.333633378831
        bottom = (bottom * x + 793.826512519948) * x + 440.413735824752
        found = bell * top / bottom
    else:
        found = bell / (x + 1.0 / (x + 2.0 / (x + 3.0 / (x + 4.0 / (x + 0.65))))) / ROOT
    return found if v > 0.0 else 1.0 - found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _monomials(rows, starts, places, exponents, first, size, found):
    """Those of a block of paths; of rows that all paths share, one path."""
    for m in range(len(starts) - 1):
        found[m, :size] = 0.0
        for r in range(starts[m], starts[m + 1]):
            row, exponent = places[r], exponents[r]
            for j in range(size):
                found[m, j] += exponent * rows[row, first + j]


@njit(cache=True, nogil=True, error_model="numpy")
def _root(here, length, wide, which, coefficients, j):
    """How far along the line a sum of monomials is one: Newton's method on its logarithm, which is convex."""
    i, t = j if wide else 0, 0.0
    for _ in range(60):
        top = -np.inf
        for r in range(len(which)):
            top = max(top, coefficients[r] + here[which[r], j] + length[which[r], i] * t)
        total, slope = 0.0, 0.0
        for r in range(len(which)):
            m = which[r]
            part = math.exp(coefficients[r] + here[m, j] + length[m, i] * t - top)
            total += part
            slope += part * length[m, i]
        step = (math.log(total) + top) * total / slope
        t -= step
        if abs(step) <= CLOSE * (1.0 + abs(t)):  # what is left is about its square
            break
    return t


@njit(cache=True, nogil=True, error_model="numpy")
def _amount(here, length, wide, place, points, k, z, path, j, t):
    """An amount at a place on the line, the path's being zero, and its slope; `path` is the column of the points."""
    starts, members, coefficients, lows, highs = points[3], points[4], points[5], points[6], points[7]
    i, value, slope = j if wide else 0, 0.0, 0.0
    for r in range(starts[k], starts[k + 1]):
        if lows[r] >= 0 and z[lows[r], path] >= place + t:
            continue
        if highs[r] >= 0 and z[highs[r], path] <= place + t:
            continue
        m = members[r]
        part = coefficients[r] * math.exp(here[m, j] + length[m, i] * t)
        value += part
        slope += part * length[m, i]
    return value, slope


@njit(cache=True, nogil=True, error_model="numpy")
def _risen(here, length, wide, place, points, k, z, path, j):
    """Where an amount that rises is zero: Newton's method within a bracket; far away if it never is."""
    low, high, t = -REACH - place, REACH - place, 0.0
    if _amount(here, length, wide, place, points, k, z, path, j, high)[0] <= 0.0:
        return AWAY
    if _amount(here, length, wide, place, points, k, z, path, j, low)[0] > 0.0:
        return -AWAY
    slope = 0.0
    for _ in range(200):
        value, slope = _amount(here, length, wide, place, points, k, z, path, j, t)
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
    if _amount(here, length, wide, place, points, k, z, path, j, t)[1] <= 0.0:
        t = high
    return place + t


@njit(cache=True, nogil=True, error_model="numpy")
def envelope(logs, lengths, place, monomials, which, coefficients, sign):
    """Between which points each of some monomials is the largest (smallest, if the sign is -1), of shape
    (2, n, n_paths): for one that never is they are far away, the first beyond the second. The monomials are in the
    order of their lengths.
    """  # fmt: skip
    starts, rows, exponents = monomials
    count, n_paths, wide = len(which), len(place), lengths.shape[1] > 1
    found = np.empty((2, count, n_paths))
    here, length = np.empty((len(starts) - 1, BLOCK)), np.empty((len(starts) - 1, BLOCK))
    kept, begins, block = np.empty(count, np.int64), np.empty(count), np.empty((2, count, BLOCK))
    if not wide:
        _monomials(lengths, starts, rows, exponents, 0, 1, length)
    for first in range(0, n_paths, BLOCK):
        size = min(BLOCK, n_paths - first)
        _monomials(logs, starts, rows, exponents, first, size, here)
        if wide:
            _monomials(lengths, starts, rows, exponents, first, size, length)
        for j in range(size):
            i, n = j if wide else 0, 0
            for step in range(count):
                k = step if sign > 0.0 else count - 1 - step
                m, begin = which[k], -AWAY
                while n > 0:
                    p = which[kept[n - 1]]
                    gap = coefficients[kept[n - 1]] + here[p, j] - coefficients[k] - here[m, j]
                    begin = gap / (length[m, i] - length[p, i])
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
def _points(here, length, wide, place, before, points, first, size, z):
    kinds, subjects, levels, starts, members, coefficients, _, _ = points
    for k in range(len(kinds)):
        m = subjects[k]
        if kinds[k] == 0:
            for j in range(size):
                z[k, j] = place[first + j] + (levels[k] - here[m, j]) / length[m, j if wide else 0]
        elif kinds[k] == 4:
            few = members[starts[k] : starts[k + 1]]
            for j in range(size):
                z[k, j] = place[first + j] + _root(here, length, wide, few, coefficients[starts[k] : starts[k + 1]], j)
        elif kinds[k] == 5:
            for j in range(size):
                z[k, j] = _risen(here, length, wide, place[first + j], points, k, z, j, j)
        elif kinds[k] == 1:
            for j in range(size):
                z[k, j] = before[m, first + j]
        else:
            z[k, :size] = z[members[starts[k]], :size]
            for r in range(starts[k] + 1, starts[k + 1]):
                other = members[r]
                for j in range(size):
                    a, b = z[k, j], z[other, j]
                    z[k, j] = max(a, b) if kinds[k] == 3 else min(a, b)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _changes(z, means, terms, pair_points, amounts, size, change, held):
    """Changes of coefficients at the pairs, and what is paid from the start of the line on."""
    lows, highs, paid = terms
    change[:] = 0.0
    held[:] = 0.0
    for t in range(len(paid)):
        low, high, m, amount = lows[t], highs[t], paid[t], amounts[t]
        if low < 0:
            for j in range(size):
                held[m, j] += amount * means[m, j]
            if high >= 0:
                for j in range(size):
                    change[high, j] -= amount
        elif high < 0:
            for j in range(size):
                change[low, j] += amount
        else:
            k, n = pair_points[low], pair_points[high]
            for j in range(size):
                there = amount if z[k, j] < z[n, j] else 0.0
                change[low, j] += there
                change[high, j] -= there


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def integrate(logs, lengths, place, before, monomials, points, terms, pairs, amounts, n_paid):
    """Where the points are, and there the densities of what is paid; what every monomial pays, and moments at its ends.

    Returns arrays of shapes (n_points, n_paths) twice, (n_paid, n_paths) and (3, n_paid, n_paths).
    """
    starts, rows, exponents = monomials
    pair_points, pair_monomials = pairs
    n_points, n_paths, wide, n_monomials = len(points[0]), len(place), lengths.shape[1] > 1, len(starts) - 1
    where, density = np.empty((n_points, n_paths)), np.zeros((n_points, n_paths))
    held_all, ends = np.empty((n_paid, n_paths)), np.zeros((3, n_paid, n_paths))
    here, length = np.empty((n_monomials, BLOCK)), np.empty((n_monomials, BLOCK))
    z, means, held = np.empty((n_points, BLOCK)), np.empty((n_paid, BLOCK)), np.empty((n_paid, BLOCK))
    change = np.empty((len(pair_points), BLOCK))
    if not wide:
        _monomials(lengths, starts, rows, exponents, 0, 1, length)
    for first in range(0, n_paths, BLOCK):
        size = min(BLOCK, n_paths - first)
        _monomials(logs, starts, rows, exponents, first, size, here)
        if wide:
            _monomials(lengths, starts, rows, exponents, first, size, length)
        _points(here, length, wide, place, before, points, first, size, z)
        where[:, first : first + size] = z[:, :size]
        for m in range(n_paid):
            for j in range(size):
                reach = length[m, j if wide else 0]
                means[m, j] = math.exp(here[m, j] + reach * (0.5 * reach - place[first + j])) if reach else 1.0
        _changes(z, means, terms, pair_points, amounts, size, change, held)
        for p in range(len(pair_points)):
            m, k = pair_monomials[p], pair_points[p]
            for j in range(size):
                v, amount = z[k, j] - length[m, j if wide else 0], change[p, j] * means[m, j]
                if amount == 0.0 or v > FAR:
                    continue
                if v < -FAR:
                    held[m, j] += amount
                    continue
                bell = math.exp(-0.5 * v * v)
                held[m, j] += amount * _tail(v, bell)
                q = amount * bell / ROOT
                density[k, first + j] += q
                ends[0, m, first + j] += q
                ends[1, m, first + j] += q * v
                ends[2, m, first + j] += q * v * v
        held_all[:, first : first + size] = held[:, :size]
    return where, density, held_all, ends


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _moments(held, ends, length, wide, place, weights, first, size, m, inside, along):
    """Of one monomial: integrals of weights, and of weights times z less the place."""
    degree, varied = len(weights) - 1, weights.shape[1] > 1
    for j in range(size):
        path, x, h = first + j, length[m, j if wide else 0], held[m, first + j]
        e, f, g = ends[0, m, path], ends[1, m, path], ends[2, m, path]
        w, one = path if varied else 0, x * h + e
        two = (1.0 + x * x) * h + 2.0 * x * e + f
        a, b = weights[0, w] * h, weights[0, w] * one
        if degree > 0:
            a, b = a + weights[1, w] * one, b + weights[1, w] * two
        if degree > 1:
            three = x * (x * x + 3.0) * h + (3.0 * x * x + 2.0) * e + 3.0 * x * f + g
            a, b = a + weights[2, w] * two, b + weights[2, w] * three
        inside[j], along[j] = a, b - place[path] * a


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _at_points(where, density, weights, first, size, sent):
    degree, varied = len(weights) - 1, weights.shape[1] > 1
    for k in range(len(where)):
        for j in range(size):
            path = first + j
            w, z = path if varied else 0, where[k, path]
            factor = weights[degree, w]
            for power in range(degree - 1, -1, -1):
                factor = weights[power, w] + z * factor
            sent[k, j] = density[k, path] * factor if density[k, path] != 0.0 else 0.0


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
def _over_slope(where, place, points, k, here, length, wide, first, size, sent):
    """What is at a point where a sum is one, or an amount zero, over the slope there."""
    kinds, starts, members, coefficients = points[0], points[3], points[4], points[5]
    for j in range(size):
        if sent[k, j] == 0.0:
            continue
        path, i, slope = first + j, j if wide else 0, 0.0
        t = where[k, path] - place[path]
        if kinds[k] == 5:
            slope = _amount(here, length, wide, place[path], points, k, where, path, j, t)[1]
        else:
            for r in range(starts[k], starts[k + 1]):
                m = members[r]
                slope += length[m, i] * math.exp(coefficients[r] + here[m, j] + length[m, i] * t)
        sent[k, j] = sent[k, j] / slope if kinds[k] == 4 or slope > 0.0 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _share(where, place, points, r, k, here, length, wide, first, size, sent, a, b):
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
        part = here[m, j] + length[m, j if wide else 0] * t
        a[j] = sent[k, j] * (coefficient * math.exp(part) if rises else math.exp(coefficient + part))
        b[j] = a[j] * t


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def pull(where, density, held, ends, logs, lengths, place, monomials, points, weights, n_rows, n_before):
    """Derivatives of an integral in log-spots where the paths are and in their lengths, and in minus the points found
    before; `weights`, shape (degree + 1, n_paths or 1), are coefficients of the powers of z, up to its square.

    Returns arrays of shapes (n_rows, n_paths) twice and (n_before, n_paths).
    """  # fmt: skip
    starts, rows, exponents = monomials
    kinds, subjects = points[0], points[1]
    n_points, n_paths, n_paid, wide = len(kinds), len(place), len(held), lengths.shape[1] > 1
    still, along = np.zeros((n_rows, n_paths)), np.zeros((n_rows, n_paths))
    found, sent = np.zeros((n_before, n_paths)), np.empty((n_points, BLOCK))
    length, a, b = np.empty((len(starts) - 1, BLOCK)), np.empty(BLOCK), np.empty(BLOCK)
    here = np.empty((len(starts) - 1, BLOCK))
    sums = (kinds >= 4).any()
    if not wide:
        _monomials(lengths, starts, rows, exponents, 0, 1, length)
    for first in range(0, n_paths, BLOCK):
        size = min(BLOCK, n_paths - first)
        if wide:
            _monomials(lengths, starts, rows, exponents, first, size, length)
        if sums:
            _monomials(logs, starts, rows, exponents, first, size, here)
        for m in range(n_paid):
            _moments(held, ends, length, wide, place, weights, first, size, m, a, b)
            _to_rows(starts, rows, exponents, m, a, b, first, size, still, along)
        _at_points(where, density, weights, first, size, sent)
        for k in range(n_points - 1, -1, -1):
            m = subjects[k]
            if kinds[k] == 1:
                found[m, first : first + size] += sent[k, :size]
            elif kinds[k] == 0:
                for j in range(size):
                    a[j] = sent[k, j] / length[m, j if wide else 0]
                    b[j] = a[j] * (where[k, first + j] - place[first + j]) if a[j] != 0.0 else 0.0
                _to_rows(starts, rows, exponents, m, a, b, first, size, still, along)
            elif kinds[k] >= 4:
                _over_slope(where, place, points, k, here, length, wide, first, size, sent)
                for r in range(points[3][k], points[3][k + 1]):
                    _share(where, place, points, r, k, here, length, wide, first, size, sent, a, b)
                    _to_rows(starts, rows, exponents, points[4][r], a, b, first, size, still, along)
            else:
                _to_members(where, points, k, first, size, sent)
    return still, along, found


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _to_rows(starts, rows, exponents, m, a, b, first, size, still, along):
    for r in range(starts[m], starts[m + 1]):
        row, exponent = rows[r], exponents[r]
        for j in range(size):
            still[row, first + j] += exponent * a[j]
            along[row, first + j] += exponent * b[j]
