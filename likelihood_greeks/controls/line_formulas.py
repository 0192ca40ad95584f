"""The integral of pieces along a line, and how it moves, in NumPy: what ``kernels.line_pieces`` does path by path."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import special

from .._typing import FloatArray
from .line_layout import CROSSED, FOUND, LAST, Layout, Monomials

ROOT = np.sqrt(2.0 * np.pi)


def of_monomials(rows: FloatArray, monomials: Monomials) -> FloatArray:
    """Sums of exponents times rows, shape (n_monomials, n_paths or 1)."""
    starts, which, exponents = monomials
    parts = [exponents[a:b, None] * rows[which[a:b]] for a, b in pairwise(starts.tolist())]
    return np.array([part.sum(axis=0) for part in parts]).reshape(len(parts), rows.shape[1])


class Paths(NamedTuple):
    """What is known of the paths: log-spots of the dates used and their lengths, places, and points found before."""

    logs: FloatArray
    lengths: FloatArray
    place: FloatArray
    before: FloatArray


def integrate(
    layout: Layout, paths: Paths, amounts: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Points, densities there, what every monomial pays, and moments at its ends: see the kernel."""
    logs, lengths, place, before = paths
    here, length = of_monomials(logs, layout.monomials), of_monomials(lengths, layout.monomials)
    where = _points(layout, here, length, place, before)
    paid = slice(layout.n_paid)
    means = np.exp(here[paid] + length[paid] * (0.5 * length[paid] - place))
    held, ends, density = np.zeros_like(means), np.zeros((3, *means.shape)), np.zeros_like(where)
    change = np.zeros((len(layout.pairs.points), len(place)))
    for low, high, m, amount in zip(*layout.terms, amounts, strict=True):
        still = amount * np.ones_like(place)
        if low >= 0 and high >= 0:
            still = np.where(where[layout.pairs.points[low]] < where[layout.pairs.points[high]], still, 0.0)
        if low >= 0:
            change[low] += still
        else:
            held[m] += still * means[m]
        if high >= 0:
            change[high] -= still
    for changed, k, m in zip(change, *layout.pairs, strict=True):
        v, amount = where[k] - length[m], changed * means[m]
        held[m] += amount * special.ndtr(-v)
        q = amount * np.exp(-0.5 * v * v) / ROOT
        density[k] += q
        ends[:, m] += q * np.array([v**0, v, v * v])
    return where, density, held, ends


def _points(layout: Layout, here: FloatArray, length: FloatArray, place: FloatArray, before: FloatArray) -> FloatArray:
    kinds, subjects, levels, starts, members = layout.points
    where = np.zeros((len(kinds), len(place)))
    for k, (kind, subject) in enumerate(zip(kinds, subjects, strict=True)):
        if kind == CROSSED:
            where[k] = place + (levels[k] - here[subject]) / length[subject]
        elif kind == FOUND:
            where[k] = before[subject]
        else:
            several = where[members[starts[k] : starts[k + 1]]]
            where[k] = several.max(axis=0) if kind == LAST else several.min(axis=0)
    return where


def pull(
    layout: Layout,
    integrated: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    lengths: FloatArray,
    place: FloatArray,
    weights: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives in the log-spots where the paths are, in their lengths, and in minus the points found before."""
    where, density, held, ends = integrated
    monomials, length = layout.monomials, of_monomials(lengths, layout.monomials)
    still, along = np.zeros((2, len(length), len(place)))
    for power, weight in enumerate(weights):
        for found, degree in ((still, power), (along, power + 1)):
            found[: len(held)] += weight * moment(degree, length[: len(held)], held, ends)
    along -= place * still
    sent = density * sum(weight * where**power for power, weight in enumerate(weights))
    kinds, subjects, _, starts, members = layout.points
    before = np.zeros((len(layout.watched), len(place)))
    for k in reversed(range(len(kinds))):
        if kinds[k] == FOUND:
            before[subjects[k]] += sent[k]
        elif kinds[k] == CROSSED:
            pulled = sent[k] / length[subjects[k]]
            still[subjects[k]] += pulled
            along[subjects[k]] += pulled * (where[k] - place)
        else:
            left = sent[k]
            for member in members[starts[k] : starts[k + 1]]:
                at = where[member] == where[k]
                sent[member] += np.where(at, left, 0.0)
                left = np.where(at, 0.0, left)
    rows = np.zeros((2, len(layout.rows), len(place)))
    for m, (a, b) in enumerate(pairwise(monomials.starts.tolist())):
        for row, exponent in zip(monomials.rows[a:b], monomials.exponents[a:b], strict=True):
            rows[0, row] += exponent * still[m]
            rows[1, row] += exponent * along[m]
    return rows[0], rows[1], before


def moment(power: int, length: FloatArray, held: FloatArray, ends: FloatArray) -> FloatArray:
    """Integrals of every monomial times a power of z up to the third, shape (n_paid, n_paths).

    With v = z - length it is a mean of (length + v) to that power, of a normal v beyond the points.
    """
    if power == 0:
        return held
    if power == 1:
        return np.asarray(length * held + ends[0])
    if power == 2:
        return np.asarray((1.0 + length**2) * held + 2.0 * length * ends[0] + ends[1])
    linear = (3.0 * length**2 + 2.0) * ends[0] + 3.0 * length * ends[1] + ends[2]
    return np.asarray(length * (length**2 + 3.0) * held + linear)
