"""How a payoff's pieces are laid out for their integral along a line: arrays that are made once for all paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..payoffs.along.pieces import Pieces
from ..payoffs.along.points import ENDLESS, Crossed, Extreme, Hull, Monomial, Risen, Summed

FEW = 3  # dates up to which an extreme is found point by point
CROSSED, FOUND, FIRST, LAST, SUMMED, RISEN = range(6)

PAIR, POINT, MEMBER, ROW, WATCHED, ADDED, HULL, PART = 2.0, 1.2, 0.5, 0.6, 0.2, 7.0, 2.5, 4.0
"""Work of a pair of a point and a monomial, of a point, of a member of an extreme, of a date whose spot is used, of one
at which an extreme may be, of a monomial of a sum, of one of a hull and of a part of what
rises, in dates of a plain run (measured at 12 to 252
dates, four Greeks)."""


@final
@dataclass(frozen=True, eq=False)
class Watched:
    """The first (last) point at which the spots of some dates are at their levels."""

    last: bool
    rows: AnyArray
    levels: FloatArray


@final
@dataclass(frozen=True, eq=False)
class Envelope:
    """Several monomials, each further along the line the larger, of which the largest (smallest) is looked for."""

    sign: float
    monomials: AnyArray
    logarithms: FloatArray  # of their coefficients


class Monomials(NamedTuple):
    """Exponents of the rows used, one monomial after the other: of number k from ``starts[k]`` to ``starts[k + 1]``."""

    starts: AnyArray
    rows: AnyArray
    exponents: FloatArray


class PointArrays(NamedTuple):
    """Of every point: its kind, its monomial or what is found, the logarithm of its level, and its members; of a sum
    these are monomials, with the logarithms of their coefficients, and of what rises with the coefficients themselves
    and the points between which each is part of it, `ENDLESS` for none.
    """  # fmt: skip

    kinds: AnyArray
    subjects: AnyArray
    levels: FloatArray
    member_starts: AnyArray
    members: AnyArray
    coefficients: FloatArray
    lows: AnyArray
    highs: AnyArray


class Terms(NamedTuple):
    """Of every term the pairs at its ends, `ENDLESS` for none, and its monomial."""

    lows: AnyArray
    highs: AnyArray
    paid: AnyArray


class Pairs(NamedTuple):
    """Points at which a coefficient of a monomial changes."""

    points: AnyArray
    monomials: AnyArray


@final
@dataclass(slots=True)
class _Points:
    """The points that are found, one after the other: members before their extremes."""

    pieces: Pieces
    numbers: dict[Monomial, int]
    watched: list[Watched] = field(default_factory=list)
    hulls: dict[tuple[Any, float], tuple[int, Envelope]] = field(default_factory=dict)
    listed: list[tuple[int, int, float, list[int], list[float]]] = field(default_factory=list)
    found: dict[int, int] = field(default_factory=dict)
    ends: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # of what rises, by its place

    def add(self, number: int) -> int:
        """The place of a point of the pieces."""
        if number not in self.found:
            point = self.pieces.points[number]
            match point:
                case Crossed():
                    self.listed.append((CROSSED, self._monomial(point.monomial), float(np.log(point.level)), [], []))
                case Summed():
                    terms = [self._monomial(m) for m, _ in point.terms], [float(np.log(c)) for _, c in point.terms]
                    self.listed.append((SUMMED, 0, 0.0, *terms))
                case Risen():
                    ends = [(self._end(low), self._end(high)) for low, high, *_ in point.terms]
                    parts = [self._monomial(m) for *_, m, _ in point.terms], [c for *_, c in point.terms]
                    self.ends[len(self.listed)] = ends
                    self.listed.append((RISEN, 0, 0.0, *parts))
                case Hull():
                    first, hull = self._hull(point)
                    place = first + point.which + len(hull.monomials) * point.last
                    self.listed.append((FOUND, ~place, 0.0, [], []))
                case Extreme():
                    self._add_extreme(point)
            self.found[number] = len(self.listed) - 1
        return self.found[number]

    def _end(self, number: int) -> int:
        return ENDLESS if number == ENDLESS else self.add(number)

    def _monomial(self, monomial: Monomial) -> int:
        return self.numbers.setdefault(monomial, len(self.numbers))

    def _hull(self, point: Hull) -> tuple[int, Envelope]:
        """The envelope that a point belongs to, and the number of its first point among those of all envelopes."""
        key = point.terms, point.sign
        if key not in self.hulls:
            before = sum(2 * len(hull.monomials) for _, hull in self.hulls.values())
            which = np.array([self._monomial(m) for m, _ in point.terms], dtype=np.intp)
            self.hulls[key] = before, Envelope(point.sign, which, np.log([c for _, c in point.terms]))
        return self.hulls[key]

    def _add_extreme(self, extreme: Extreme) -> None:
        together: dict[int, tuple[int, float]] = {}
        for k in extreme.members:
            point = self.pieces.points[k]
            if isinstance(point, Crossed) and len(point.monomial) == 1 and point.monomial[0][1] == 1.0:
                together.setdefault(point.monomial[0][0], (k, point.level))
        if len(together) <= FEW:
            together = {}
        taken = {k for k, _ in together.values()}
        members = [self.add(k) for k in extreme.members if k not in taken]
        if together:
            rows = sorted(together)
            levels = np.array([together[row][1] for row in rows])
            self.watched.append(Watched(extreme.last, np.array(rows, dtype=np.intp), levels))
            self.listed.append((FOUND, len(self.watched) - 1, 0.0, [], []))
            members.append(len(self.listed) - 1)
        if members != [len(self.listed) - 1]:
            self.listed.append((LAST if extreme.last else FIRST, 0, 0.0, members, [0.0] * len(members)))


@final
@dataclass(frozen=True, eq=False)
class Layout:
    """The arrays of the integral of some pieces.

    Parameters
    ----------
    pieces : Pieces
    """

    pieces: Pieces

    @cached_property
    def _found(self) -> _Points:
        pieces = self.pieces
        made = _Points(pieces, {pieces.monomials[k]: n for n, k in enumerate(dict.fromkeys(pieces.paid.tolist()))})
        for ends in (pieces.low, pieces.high):
            for k in ends.tolist():
                if k != ENDLESS:
                    made.add(k)
        return made

    @cached_property
    def n_paid(self) -> int:
        """How many monomials are paid: the first ones."""
        return len(set(self.pieces.paid.tolist()))

    @property
    def watched(self) -> Sequence[Watched]:
        """What is found date by date in one go."""
        return self._found.watched

    @property
    def hulls(self) -> Sequence[Envelope]:
        """What is found monomial by monomial in one go, after what is watched."""
        return [hull for _, hull in self._found.hulls.values()]

    @cached_property
    def rows(self) -> AnyArray:
        """The dates whose spots the monomials are made of."""
        return np.array(sorted({row for m in self._found.numbers for row, _ in m}), dtype=np.intp)

    @cached_property
    def monomials(self) -> Monomials:
        """Those paid, then the others that cross levels."""
        listed, place = list(self._found.numbers), {row: k for k, row in enumerate(self.rows.tolist())}
        starts = np.cumsum([0, *map(len, listed)])
        rows = np.array([place[row] for m in listed for row, _ in m], dtype=np.intp)
        return Monomials(starts, rows, np.array([x for m in listed for _, x in m], dtype=float))

    @cached_property
    def points(self) -> PointArrays:
        """The points, members first."""
        listed = self._found.listed
        kinds, subjects = (np.array([p[k] for p in listed], dtype=np.intp) for k in (0, 1))
        subjects = np.where(subjects < 0, len(self.watched) + ~subjects, subjects)  # of hulls
        members = np.array([m for *_, several, _ in listed for m in several], dtype=np.intp)
        starts = np.cumsum([0, *(len(several) for *_, several, _ in listed)])
        levels, coefficients = [p[2] for p in listed], [c for *_, several in listed for c in several]
        several = [self._found.ends.get(k, [(ENDLESS, ENDLESS)] * len(p[3])) for k, p in enumerate(listed)]
        ends = np.array([end for each in several for end in each], dtype=np.intp).reshape(-1, 2).T.copy()
        each = np.array(coefficients, dtype=float)
        return PointArrays(kinds, subjects, np.array(levels), starts, members, each, ends[0], ends[1])

    @cached_property
    def _pairs(self) -> dict[tuple[int, int], int]:
        pieces, found = self.pieces, dict[tuple[int, int], int]()
        for ends in (pieces.low, pieces.high):
            for k, paid in zip(ends.tolist(), self.terms_paid, strict=True):
                if k != ENDLESS:
                    found.setdefault((self._found.found[k], int(paid)), len(found))
        return found

    @cached_property
    def pairs(self) -> Pairs:
        """Every pair once."""
        point, monomial = (np.array([pair[k] for pair in self._pairs], dtype=np.intp) for k in (0, 1))
        return Pairs(point, monomial)

    @cached_property
    def terms_paid(self) -> AnyArray:
        """The monomial of every term."""
        numbers = self._found.numbers
        return np.array([numbers[self.pieces.monomials[k]] for k in self.pieces.paid], dtype=np.intp)

    @cached_property
    def terms(self) -> Terms:
        """The terms in the order of the pieces."""

        def pairs(ends: AnyArray) -> AnyArray:
            both = zip(ends.tolist(), self.terms_paid.tolist(), strict=True)
            return np.array(
                [ENDLESS if k == ENDLESS else self._pairs[self._found.found[k], m] for k, m in both], dtype=np.intp
            )

        return Terms(pairs(self.pieces.low), pairs(self.pieces.high), self.terms_paid)

    @cached_property
    def work(self) -> float:
        """Of the integral of a path, in dates of a plain run."""
        dates, points = sum(len(w.rows) for w in self.watched), self.points
        added = sum(p[0] == SUMMED for p in self._found.listed for _ in p[3])
        added_parts = sum(p[0] == RISEN for p in self._found.listed for _ in p[3])
        hulls = ADDED * added + PART * added_parts + HULL * sum(len(h.monomials) for h in self.hulls)
        met = POINT * len(points.kinds) + MEMBER * len(points.members)
        return PAIR * len(self._pairs) + met + ROW * len(self.rows) + WATCHED * dates + hulls
