"""Points of a line: where a product of powers of spots is at a level, and extremes of such points.

Along the line every log-spot of an asset increases, a later one by no less than an earlier one; or it is known how far
each moves, as that of several assets. So a condition such as that a spot is above a level, or a later spot above a
share of an earlier one, holds from one point on; all of several such conditions hold from the last of their points on,
one of them from the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias, final

from ..._typing import FloatArray

Monomial: TypeAlias = tuple[tuple[int, float], ...]
"""A product of powers of spots: (row, exponent), by rows, no exponent zero; empty for a plain one.

Of several assets, rows are those of the dates of the first, then of the second, and so on.
"""

ENDLESS = -1
"""In place of a point: that there is none on this side."""


ALIKE, ROUNDING = 1e-3, 1e-9
"""Share of what its factors move by, below which a product of spots of several assets (of one) hardly moves."""


class NotPlacedError(TypeError):
    """A payoff does something that has no closed form along a line."""


@final
@dataclass(frozen=True, slots=True)
class Crossed:
    """Where a monomial that increases along the line is at a level > 0."""

    monomial: Monomial
    level: float


@final
@dataclass(frozen=True, slots=True)
class Summed:
    """Where a sum of monomials that all increase along the line, or all decrease, is one.

    Parameters
    ----------
    terms : tuple of (Monomial, float)
        With their coefficients > 0.
    rising : bool
        Whether they increase.
    """

    terms: tuple[tuple[Monomial, float], ...]
    rising: bool


@final
@dataclass(frozen=True, slots=True)
class Hull:
    """One of the two points between which one of several monomials is the largest (smallest); an empty interval if it
    never is.

    Parameters
    ----------
    terms : tuple of (Monomial, float)
        With their coefficients > 0.
    sign : float
        1: the largest.
    which : int
    last : bool
        Whether it is the second of the two points.
    """  # fmt: skip

    terms: tuple[tuple[Monomial, float], ...]
    sign: float
    which: int
    last: bool


@final
@dataclass(frozen=True, slots=True)
class Extreme:
    """The last or the first of several points.

    Parameters
    ----------
    last : bool
    members : tuple of int
        Numbers of the points.
    """

    last: bool
    members: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Risen:
    """Where an amount that increases along the line without a jump is zero: a sum of monomials between points.

    Parameters
    ----------
    terms : tuple of (int, int, Monomial, float)
        Numbers of the points between which each is part of the amount, `ENDLESS` for none; and its coefficient.
    """

    terms: tuple[tuple[int, int, Monomial, float], ...]


Point: TypeAlias = Crossed | Summed | Hull | Extreme | Risen


@final
@dataclass(slots=True)
class Points:
    """The points of one payoff by their numbers, each after its members; equal ones are one.

    Parameters
    ----------
    lengths : ndarray, shape (n_assets, n_times), optional
        How far the log-spots move along a unit of the line, where that is known.
    """

    lengths: FloatArray | None = None
    listed: list[Point] = field(default_factory=list)
    _numbers: dict[Point, int] = field(default_factory=dict)
    _flat: dict[tuple[bool, int], frozenset[int]] = field(default_factory=dict)

    def number(self, point: Point) -> int:
        """The number of a point, which is listed if it is new."""
        if point not in self._numbers:
            self._numbers[point] = len(self.listed)
            self.listed.append(point)
        return self._numbers[point]

    def extreme(self, last: bool, members: Iterable[int]) -> int:
        """The number of the last (first) of several points, none of them endless."""
        found = frozenset(members)
        if not any(isinstance(self.listed[m], Extreme) for m in found):
            needed = tuple(sorted(found))
            return needed[0] if len(needed) == 1 else self.number(Extreme(last, needed))
        flat = {m: self.flat(last, m) for m in found}
        idle = {m for m in found if any(flat[m] < flat[k] or (k != m and k in self.flat(not last, m)) for k in found)}
        needed = tuple(sorted(found - idle))
        return needed[0] if len(needed) == 1 else self.number(Extreme(last, needed))

    def flat(self, last: bool, number: int) -> frozenset[int]:
        """The points that one is the last (first) of."""
        point = self.listed[number]
        if not isinstance(point, Extreme) or point.last is not last:
            return frozenset((number,))
        if (last, number) not in self._flat:
            self._flat[last, number] = frozenset().union(*(self.flat(last, m) for m in point.members))
        return self._flat[last, number]

    def common(self, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int] | None:
        """The interval that two have in common; None if it is empty."""
        low, high = (
            b if a == ENDLESS else a if b in (ENDLESS, a) else self.extreme(last, (a, b))
            for last, a, b in zip((True, False), one, other, strict=True)
        )
        if ENDLESS in (low, high):
            return low, high
        return None if self.flat(True, low) & self.flat(False, high) else (low, high)

    def increasing(self, monomial: Monomial) -> bool | None:
        """Whether a monomial increases along the line; None if it does neither, or that is not known."""
        if self.lengths is None:
            return increasing(monomial)
        parts = [exponent * self.lengths.flat[row] for row, exponent in monomial]
        assets = {row // self.lengths.shape[1] for row, _ in monomial}
        length, least = sum(parts), (ALIKE if len(assets) > 1 else ROUNDING) * sum(map(abs, parts))
        return None if abs(length) <= least else bool(length > 0.0)

    def order(self, monomial: Monomial) -> tuple[float, Monomial]:
        """By which monomials are sorted, the one that increases most last."""
        if self.lengths is None:
            return 0.0, monomial[-1:]
        return float(sum(exponent * self.lengths.flat[row] for row, exponent in monomial)), monomial


def increasing(monomial: Monomial) -> bool | None:
    """Whether a monomial increases along any line; None if that depends on the line."""
    ahead = [*accumulate(exponent for _, exponent in reversed(monomial))]
    ahead = [0.0 if abs(x) < 1e-12 else x for x in ahead]  # but for rounding errors
    if not any(ahead):
        return None
    return True if min(ahead) >= 0.0 else False if max(ahead) <= 0.0 else None


def product(one: Monomial, other: Monomial, power: float = 1.0) -> Monomial:
    """A monomial times a power of another."""
    if not other:
        return one
    found = dict(one)
    for row, exponent in other:
        found[row] = found.get(row, 0.0) + power * exponent
    return tuple(sorted((row, x) for row, x in found.items() if abs(x) > 1e-14))
