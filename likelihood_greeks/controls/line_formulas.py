"""The integral of pieces along a line, and how it moves, in NumPy: what ``kernels.line_pieces`` does path by path."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import special

from .._typing import FloatArray
from .line_layout import CROSSED, FOUND, LAST, RISEN, SUMMED, Layout, Monomials, PointArrays

ROOT = np.sqrt(2.0 * np.pi)
AWAY = 1e9
REACH = 40.0  # deviations within which it is looked for where an amount is zero
CLOSE = 1e-8  # a step of Newton's method after which about its square is left


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
        start = where[layout.pairs.points[low]] if low >= 0 else -np.inf
        end = where[layout.pairs.points[high]] if high >= 0 else np.inf
        still = np.where(start < end, amount, 0.0) * np.ones_like(place)
        held[m] += np.where((start < length[m]) & (length[m] <= end), still * means[m], 0.0)
        if low >= 0:
            change[low] += still
        if high >= 0:
            change[high] -= still
    for changed, k, m in zip(change, *layout.pairs, strict=True):
        v, amount = where[k] - length[m], changed * means[m]
        held[m] += np.where(v < 0.0, -amount, amount) * special.ndtr(-np.abs(v))
        q = amount * np.exp(-0.5 * v * v) / ROOT
        density[k] += q
        ends[:, m] += q * np.array([v**0, v, v * v])
    return where, density, held, ends


def _points(layout: Layout, here: FloatArray, length: FloatArray, place: FloatArray, before: FloatArray) -> FloatArray:
    kinds, subjects, levels, starts, members, coefficients, *_ = layout.points
    where = np.zeros((len(kinds), len(place)))
    for k, (kind, subject) in enumerate(zip(kinds, subjects, strict=True)):
        if kind == CROSSED:
            where[k] = place + (levels[k] - here[subject]) / length[subject]
        elif kind == FOUND:
            where[k] = before[subject]
        elif kind == SUMMED:
            part = slice(starts[k], starts[k + 1])
            which = members[part]
            where[k] = place + _root(coefficients[part, None] + here[which], length[which])
        elif kind == RISEN:
            where[k] = Rising(layout.points, k, here, length, place).zero(where)
        else:
            several = where[members[starts[k] : starts[k + 1]]]
            where[k] = several.max(axis=0) if kind == LAST else several.min(axis=0)
    return where


def _root(logs: FloatArray, lengths: FloatArray) -> FloatArray:
    """How far along the line sums of monomials are one: Newton's method on the logarithm, which is convex."""
    t = np.zeros(logs.shape[1])
    for _ in range(60):
        parts = logs + lengths * t
        top = parts.max(axis=0)
        shares = np.exp(parts - top)
        total = shares.sum(axis=0)
        step = (np.log(total) + top) * total / (shares * lengths).sum(axis=0)
        t = t - step
        if (np.abs(step) <= CLOSE * (1.0 + np.abs(t))).all():
            break
    return t


class Rising(NamedTuple):
    """An amount that increases along the line: the point where it is zero, and what is known of the monomials."""

    points: PointArrays
    number: int
    here: FloatArray
    length: FloatArray
    place: FloatArray

    @property
    def part(self) -> slice:
        """Where its parts are among the members."""
        return slice(*self.points.member_starts[self.number : self.number + 2])

    def parts(self, where: FloatArray, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Its parts at places on the line, shape (n_parts, n_paths), and the slope of their sum."""
        which, at = self.points.members[self.part], self.place + t
        found = self.points.coefficients[self.part, None] * np.exp(self.here[which] + self.length[which] * t)
        ends = self.points.lows[self.part], self.points.highs[self.part]
        for row, low, high in zip(found, *ends, strict=True):
            row[((where[low] >= at) if low >= 0 else False) | ((where[high] <= at) if high >= 0 else False)] = 0.0
        return found, (found * self.length[which]).sum(axis=0)

    def zero(self, where: FloatArray) -> FloatArray:
        """Where it is zero: Newton's method within a bracket; far away if it never is."""
        low, high, t = -REACH - self.place, REACH - self.place, np.zeros_like(self.place)
        never = self.parts(where, high)[0].sum(axis=0) <= 0.0
        always = self.parts(where, low)[0].sum(axis=0) > 0.0
        for _ in range(200):
            parts, slope = self.parts(where, t)
            value = parts.sum(axis=0)
            low, high = np.where(value > 0.0, low, t), np.where(value > 0.0, t, high)
            new = t - np.divide(value, slope, out=np.full_like(value, np.inf), where=slope > 0.0)
            new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
            done, t = np.abs(new - t) <= CLOSE * (1.0 + np.abs(t)), new
            if (done | never | always).all():
                break
        found = np.where(self.parts(where, t)[1] > 0.0, t, high)
        return np.where(always, -AWAY, np.where(never, AWAY, self.place + found))


def envelope(logs: FloatArray, lengths: FloatArray, place: FloatArray, sign: float) -> FloatArray:
    """Between which points each of some monomials is the largest (smallest), shape (2, n, n_paths)."""
    count, n_paths = logs.shape
    found = np.stack([np.full((count, n_paths), -AWAY), np.full((count, n_paths), AWAY)])
    for k in range(count):
        for other in range(count):
            if other != k:
                meet = place + (logs[other] - logs[k]) / (lengths[k] - lengths[other])
                ahead = (other < k) == (sign > 0.0)
                found[1 - ahead, k] = (np.maximum if ahead else np.minimum)(found[1 - ahead, k], meet)
    empty = found[0] >= found[1]
    return np.where(empty, np.array([AWAY, -AWAY])[:, None, None], found)


def pull(
    layout: Layout, integrated: tuple[FloatArray, FloatArray, FloatArray, FloatArray], paths: Paths, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives in the log-spots where the paths are, in their lengths, and in minus the points found before."""
    where, density, held, ends = integrated
    logs, lengths, place, found_before = paths
    monomials, length = layout.monomials, of_monomials(lengths, layout.monomials)
    here = of_monomials(logs, monomials)
    still, along = np.zeros((2, len(length), len(place)))
    for power, weight in enumerate(weights):
        for found, degree in ((still, power), (along, power + 1)):
            found[: len(held)] += weight * moment(degree, length[: len(held)], held, ends)
    along -= place * still
    sent = density * sum(weight * where**power for power, weight in enumerate(weights))
    kinds, subjects, _, starts, members, coefficients, *_ = layout.points
    before = np.zeros_like(found_before)
    for k in reversed(range(len(kinds))):
        if kinds[k] == FOUND:
            before[subjects[k]] += sent[k]
        elif kinds[k] == CROSSED:
            pulled = sent[k] / length[subjects[k]]
            still[subjects[k]] += pulled
            along[subjects[k]] += pulled * (where[k] - place)
        elif kinds[k] == SUMMED:
            part, t = slice(starts[k], starts[k + 1]), where[k] - place
            which = members[part]
            shares = np.exp(coefficients[part, None] + here[which] + length[which] * t)
            pulled = sent[k] * shares / (shares * length[which]).sum(axis=0)
            still[which] += pulled
            along[which] += pulled * t
        elif kinds[k] == RISEN:
            which, t = members[starts[k] : starts[k + 1]], np.where(sent[k] == 0.0, 0.0, where[k] - place)
            parts, slope = Rising(layout.points, k, here, length, place).parts(where, t)
            pulled = np.divide(sent[k], slope, out=np.zeros_like(slope), where=slope > 0.0) * parts
            np.add.at(still, which, pulled)
            np.add.at(along, which, pulled * t)
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
