"""What a payoff computes with, along a line: sums of monomials of the spots, each on an interval.

A condition is such a sum as well, of ones: products are conditions that both hold. Plain numbers stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from itertools import product as combinations
from typing import Any, TypeAlias, final

import numpy as np

from .points import ENDLESS, Crossed, Hull, Monomial, NotPlacedError, Points, Risen, Summed, product

MOST_TERMS = 4000
FEW = 3  # values of which each is compared with every other
MOST_CASES = 4  # points at which an amount may change before it is compared
CLOSE = 1e-12  # of amounts that cancel, a share of the largest that is no more than rounding
Box: TypeAlias = tuple[int, int]
Term: TypeAlias = tuple[int, int, Monomial]
WHOLE: Box = (ENDLESS, ENDLESS)
Value: TypeAlias = Any
"""A plain number, or an `Amount`, `Largest` or `Logarithm`."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Amount:
    """A sum of coefficients times monomials on intervals.

    Parameters
    ----------
    points : Points
        Of the payoff.
    terms : dict of (int, int, Monomial) to float
        From the numbers of both ends and the monomial to its coefficient.
    truth : bool
        Whether it is a condition: one where it holds, else zero.
    course : int
        1 (-1) if it is known to increase (decrease) along the line without a jump, else 0.
    """

    points: Points
    terms: dict[Term, float]
    truth: bool = False
    course: int = 0

    @property
    def single(self) -> tuple[Monomial, float]:
        """Monomial and coefficient of what is but one along the whole line."""
        if len(self.terms) == 1:
            ((low, high, monomial), coefficient) = next(iter(self.terms.items()))
            if (low, high) == WHOLE:
                return monomial, coefficient
        raise NotPlacedError("a function of a sum of spots")

    @property
    def half(self) -> tuple[bool, int] | None:
        """Of a condition that holds from a point on, or up to one: which, and the point; else None."""
        if not self.truth or len(self.terms) != 1:
            return None
        (low, high, _), coefficient = next(iter(self.terms.items()))
        if coefficient != 1.0 or (low == ENDLESS) == (high == ENDLESS):
            return None
        return high == ENDLESS, max(low, high)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Largest:
    """The largest (smallest) of several values, not told apart until it must be."""

    values: tuple[Value, ...]
    sign: float  # 1: largest


@final
@dataclass(frozen=True, slots=True, eq=False)
class Logarithm:
    """A number plus the logarithm of a monomial."""

    points: Points
    number: float
    monomial: Monomial


def course(*values: Value) -> int:
    """1 (-1) if all of some values increase (decrease) along the line without a jump, or are numbers; else 0."""
    found = {_course(x) for x in values if not plain(x)}
    return found.pop() if len(found) == 1 else 0


def _course(x: Value) -> int:
    if isinstance(x, Largest):
        return course(*x.values)
    if not isinstance(x, Amount) or x.truth:
        return 0
    if x.course or any((low, high) != WHOLE for low, high, _ in x.terms):
        return x.course
    ways = {
        (x.points.increasing(monomial), coefficient > 0.0)
        for (*_, monomial), coefficient in x.terms.items()
        if monomial
    }
    ups = {None if up is None else up is positive for up, positive in ways}
    return 0 if len(ups) != 1 or None in ups else 1 if ups == {True} else -1


def _running(x: Value, way: int) -> Value:
    """The value, known to increase or decrease along the line."""
    return replace(x, course=way) if way and isinstance(x, Amount) and not x.truth else x


def plain(x: Value) -> bool:
    """Whether a value is a number, or a plain condition."""
    return isinstance(x, (bool, int, float, np.number, np.bool_))


def is_truth(x: Value) -> bool:
    """Whether a value is a condition."""
    return isinstance(x, (bool, np.bool_)) or (isinstance(x, Amount) and x.truth)


def _made(points: Points, terms: dict[Term, float], truth: bool = False) -> Value:
    """An amount, or the number that it is."""
    kept = {term: c for term, c in terms.items() if c != 0.0}
    if len(kept) > MOST_TERMS:
        raise NotPlacedError("more intervals than it pays to tell apart")
    if not kept:
        return False if truth else 0.0
    if len(kept) == 1 and (*WHOLE, ()) in kept:
        return bool(kept[*WHOLE, ()]) if truth else kept[*WHOLE, ()]
    return Amount(points, kept, truth)


def told_apart(x: Value) -> Value:
    """The value, a largest one as an amount."""
    if not isinstance(x, Largest):
        return x
    if (hull := _hull(x)) is not None:
        return _running(hull, course(x))
    found: Value = 0.0
    for k, value in enumerate(x.values):
        one = times(value, x.sign)  # of equal ones the first
        others = [greater(one, times(y, x.sign), k < j) for j, y in enumerate(x.values) if j != k]
        found = plus(found, times(every(others), told_apart(value)))
    return _running(found, course(x))


def _hull(x: Largest) -> Value | None:
    """The value by the hull of all values, if but for what they share each is one monomial."""
    live = [v for v in x.values if not plain(v)]
    if len(x.values) <= FEW or not all(isinstance(v, Amount) for v in live):
        return None
    points, first = live[0].points, live[0].terms
    shared = {term: c for term, c in first.items() if all(v.terms.get(term) == c for v in live)}
    shift = _made(points, shared)
    values = [plus(v, times(shift, -1.0)) for v in x.values]
    try:
        singles = [((), float(v)) if plain(v) else v.single for v in values]
    except NotPlacedError:
        return None
    if all(c < 0.0 for _, c in singles):  # the largest of losses is the smallest amount lost
        found = _hull(Largest(tuple(times(v, -1.0) for v in values), -x.sign))
        return None if found is None else plus(times(found, -1.0), shift)
    if any(c <= 0.0 for _, c in singles) or len({m for m, _ in singles}) < len(singles):
        return None
    singles.sort(key=lambda term: points.order(term[0]))
    if not all(points.increasing(product(b, a, -1.0)) for (a, _), (b, _) in pairwise(singles)):
        return None
    terms, members = {}, tuple(singles)
    for k, (monomial, coefficient) in enumerate(members):
        ends = (points.number(Hull(members, x.sign, k, last)) for last in (False, True))
        terms[(*ends, monomial)] = coefficient
    return plus(_made(points, terms), shift)


# -- arithmetic --------------------------------------------------------------------------------------------------------


def plus(x: Value, y: Value) -> Value:
    """The sum x + y; conditions count as one where they hold."""
    for one, other in ((x, y), (y, x)):
        if isinstance(one, Largest):
            if isinstance(other, Largest):
                return plus(told_apart(one), told_apart(other))
            return Largest(tuple(plus(value, other) for value in one.values), one.sign)
        if isinstance(one, Logarithm):
            if isinstance(other, Logarithm):
                return _logarithm(one.points, one.number + other.number, product(one.monomial, other.monomial))
            if not plain(other):
                raise NotPlacedError("a sum of spots and their logarithms")
            return Logarithm(one.points, one.number + float(other), one.monomial)
    if plain(x) and plain(y):
        return float(x) + float(y)
    points, terms = _points(x, y), dict(_terms(x))
    for term, coefficient in _terms(y).items():
        terms[term] = terms.get(term, 0.0) + coefficient
    return _running(_made(points, terms), course(x, y))


def _logarithm(points: Points, number: float, monomial: Monomial) -> Value:
    return Logarithm(points, number, monomial) if monomial else number


def times(x: Value, y: Value) -> Value:
    """The product x * y; of two conditions, both."""
    for one, other in ((x, y), (y, x)):
        if isinstance(one, Largest):
            if plain(other):
                factor = float(other)
                return Largest(tuple(times(v, factor) for v in one.values), math.copysign(one.sign, one.sign * factor))
            return times(told_apart(one), told_apart(other))
        if isinstance(one, Logarithm):
            if not plain(other):
                raise NotPlacedError("a product with a logarithm")
            return _logarithm(one.points, float(other) * one.number, product((), one.monomial, float(other)))
    truth = is_truth(x) and is_truth(y)
    if plain(x) and plain(y):
        return bool(x and y) if truth else float(x) * float(y)
    points, terms, seen = _points(x, y), dict[Term, float](), dict[tuple[Box, Box], Box | None]()
    first, second = _terms(x), _terms(y)
    if len(first) * len(second) > 50 * MOST_TERMS:
        raise NotPlacedError("more intervals than it pays to tell apart")
    for (a, b, monomial), coefficient in first.items():
        for (c, d, other), factor in second.items():
            key = (a, b), (c, d)
            if key not in seen:
                seen[key] = points.common(*key)
            if (box := seen[key]) is not None:
                term = (*box, product(monomial, other))
                terms[term] = terms.get(term, 0.0) + coefficient * factor
    way = course(x) * _sign(y) if plain(y) else course(y) * _sign(x) if plain(x) else 0
    return _running(_made(points, terms, truth), way)


def _sign(x: Value) -> int:
    return int(x > 0) - int(x < 0)


def over(x: Value, y: Value) -> Value:
    """The quotient x / y."""
    if plain(y):
        if not y:
            raise NotPlacedError("division by zero")
        return times(x, 1.0 / float(y))
    return times(x, power(y, -1.0))


def power(x: Value, exponent: Value) -> Value:
    """The power of a monomial, or a small whole one of any amount."""
    if not plain(exponent):
        raise NotPlacedError("an exponent that depends on spots")
    n = float(exponent)
    if plain(x):
        return float(np.float64(x) ** n)
    if n in (2.0, 3.0):
        return reduce(times, [told_apart(x)] * int(n))
    if not isinstance(x, Amount):
        raise NotPlacedError("a power of what is no product of spots")
    monomial, coefficient = x.single
    if coefficient < 0.0:
        raise NotPlacedError("a power of a negative amount")
    return _made(x.points, {(*WHOLE, product((), monomial, n)): coefficient**n})


def logarithm(x: Value) -> Value:
    """The natural logarithm of a monomial."""
    if plain(x):
        return float(np.log(x))
    if not isinstance(x, Amount):
        raise NotPlacedError("a logarithm of what is no product of spots")
    monomial, coefficient = x.single
    if coefficient <= 0.0:
        raise NotPlacedError("the logarithm of a negative amount")
    return Logarithm(x.points, math.log(coefficient), monomial)


def exponential(x: Value) -> Value:
    """The exponential of a logarithm."""
    if plain(x):
        return float(np.exp(x))
    if not isinstance(x, Logarithm):
        raise NotPlacedError("an exponential of spots")
    return _made(x.points, {(*WHOLE, x.monomial): math.exp(x.number)})


def _terms(x: Value) -> dict[Term, float]:
    return x.terms if isinstance(x, Amount) else {(*WHOLE, ()): float(x)}


def _points(*values: Value) -> Points:
    return next(x.points for x in values if not plain(x))


# -- comparisons and choices -------------------------------------------------------------------------------------------


def greater(x: Value, y: Value, equal: bool = False) -> Value:
    """The condition x > y, or x >= y: the same but where both stand still, as what is capped does at its cap."""
    for one, other, sign in ((x, y, 1.0), (y, x, -1.0)):
        if isinstance(one, Largest):
            conditions = [greater(v, other, equal) if sign > 0.0 else greater(other, v, equal) for v in one.values]
            return some(conditions) if sign * one.sign > 0.0 else every(conditions)
    if isinstance(x, Amount) and plain(y) and len(x.terms) == 1 and (*WHOLE, ()) not in x.terms:
        (low, high, monomial), coefficient = next(iter(x.terms.items()))
        if (low, high) == WHOLE:
            return _positive(x.points, {monomial: coefficient, (): -float(y)}, equal)
    difference = plus(x, times(y, -1.0))
    if plain(difference):
        return bool(difference > 0.0 or (equal and difference == 0.0))
    if isinstance(difference, Logarithm):
        return greater(exponential(difference), 1.0, equal)
    try:
        return _positive_by_cases(difference, equal)
    except NotPlacedError:
        if not (way := course(difference)):
            raise
    terms = tuple((*term, way * coefficient) for term, coefficient in difference.terms.items())
    return _half(difference.points, way > 0, difference.points.number(Risen(terms)))


def _positive_by_cases(difference: Amount, equal: bool) -> Value:
    """The condition that an amount is positive (or zero), from what it is on each side of the points where it changes.

    Raises
    ------
    NotPlacedError
        If there are many, or it stands still so near to zero that rounding decides.
    """
    cases = sorted({end for low, high, _ in difference.terms for end in (low, high)} - {ENDLESS})
    if len(cases) > MOST_CASES:
        raise NotPlacedError("a comparison of an amount that changes at many points")
    found: Value = False
    for beyond in combinations((False, True), repeat=len(cases)):
        past, size = dict(zip(cases, beyond, strict=True)), 0.0
        held: dict[Monomial, float] = {}
        for (low, high, monomial), coefficient in difference.terms.items():
            if (low == ENDLESS or past[low]) and (high == ENDLESS or not past[high]):
                held[monomial] = held.get(monomial, 0.0) + coefficient
                size = max(size, abs(coefficient))
        if [*held] == [()] and 0.0 < abs(held[()]) <= CLOSE * size:
            raise NotPlacedError("a comparison of amounts that are equal but for rounding")
        here = every([_half(difference.points, up, point) for point, up in past.items()])
        found = either(found, times(here, _positive(difference.points, held, equal)))
    return found


def _half(points: Points, up: bool, point: int) -> Amount:
    """The condition that holds from a point on, or up to it."""
    return Amount(points, {(point, ENDLESS, ()) if up else (ENDLESS, point, ()): 1.0}, truth=True)


def _positive(points: Points, terms: dict[Monomial, float], equal: bool = False) -> Value:
    """The condition that a sum of monomials is positive, or zero where there are none."""
    kept = {monomial: c for monomial, c in terms.items() if c != 0.0}
    gains = [monomial for monomial, c in kept.items() if c > 0.0]
    losses = [monomial for monomial, c in kept.items() if c < 0.0]
    if not gains or not losses:
        return bool(gains) or (equal and not losses)
    if len(gains) == 1 < len(losses):
        return opposite(_positive(points, {monomial: -c for monomial, c in kept.items()}))
    if len(losses) > 1:
        raise NotPlacedError("a comparison of sums of spots")
    ratios = {product(gain, losses[0], -1.0): -kept[gain] / kept[losses[0]] for gain in gains}
    ups = {points.increasing(ratio) for ratio in ratios}
    if len(ups) > 1 or None in ups:
        raise NotPlacedError("a comparison of spots that may not be monotone along a line")
    (up,) = ups
    if len(ratios) > 1:
        return _half(points, bool(up), points.number(Summed(tuple(ratios.items()), bool(up))))
    ((ratio, share),) = ratios.items()
    crossed = Crossed(ratio, 1.0 / share) if up else Crossed(product((), ratio, -1.0), share)
    return _half(points, bool(up), points.number(crossed))


def largest(values: Iterable[Value]) -> Value:
    """The largest of several values."""
    return _extreme(values, 1.0)


def smallest(values: Iterable[Value]) -> Value:
    """The smallest of several values."""
    return _extreme(values, -1.0)


def _extreme(values: Iterable[Value], sign: float) -> Value:
    flat = [v for x in values for v in (x.values if isinstance(x, Largest) and x.sign == sign else (x,))]
    if all(is_truth(x) for x in flat):
        return some(flat) if sign > 0.0 else every(flat)
    numbers, rest = [float(x) for x in flat if plain(x)], [x for x in flat if not plain(x)]
    kept = [*([max(numbers) if sign > 0.0 else min(numbers)] if numbers else []), *rest]
    if len(kept) == 2 and plain(kept[0]) and isinstance(kept[1], Amount):
        number, amount = kept
        found = where(greater(times(amount, sign), sign * number), amount, number)
        return _running(found, course(amount))
    return kept[0] if len(kept) == 1 else Largest(tuple(kept), sign)


def where(condition: Value, x: Value, y: Value) -> Value:
    """One value where a condition holds, the other where it does not."""
    if plain(condition):
        return x if condition else y
    found = plus(times(condition, told_apart(x)), times(opposite(condition), told_apart(y)))
    return _as_truth(found) if is_truth(x) and is_truth(y) else found


# -- logic -------------------------------------------------------------------------------------------------------------


def logical(x: Value) -> Value:
    """The value itself, if it is a condition."""
    if not is_truth(x):
        raise NotPlacedError("logic on amounts")
    return x


def opposite(x: Value) -> Value:
    """Not x."""
    if plain(logical(x)):
        return not x
    if half := x.half:
        return _half(x.points, not half[0], half[1])
    return _as_truth(plus(1.0, times(x, -1.0)))


def _as_truth(x: Value) -> Value:
    """A sum of conditions of which one holds at most, as a condition."""
    return bool(x) if plain(x) else Amount(x.points, x.terms, truth=True)


def every(conditions: Iterable[Value]) -> Value:
    """All of several conditions."""
    found: Value = True
    rest, halves, points = list[Value](), dict[bool, list[int]](), None
    for x in map(logical, conditions):
        if isinstance(x, Amount) and (half := x.half):
            halves.setdefault(half[0], []).append(half[1])
            points = x.points
        else:
            rest.append(x)
    for up, several in halves.items():
        assert points is not None
        found = times(found, _half(points, up, points.extreme(up, several)))
    return reduce(times, rest, found)


def some(conditions: Iterable[Value]) -> Value:
    """One of several conditions."""
    return opposite(every([opposite(x) for x in conditions]))


def either(x: Value, y: Value) -> Value:
    """The condition x or y."""
    return some([x, y])


def both(x: Value, y: Value) -> Value:
    """The condition x and y."""
    return times(logical(x), logical(y))


def one_of(x: Value, y: Value) -> Value:
    """Either x or y, and not both."""
    return where(x, opposite(y), y)
