"""How a payoff's pieces are laid out for their integral along a line: arrays that are made once for all paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..payoffs.along.pieces import Pieces
from ..payoffs.along.points import ENDLESS, Crossed, Extreme, Monomial

FEW = 3  # dates up to which an extreme is found point by point
CROSSED, FOUND, FIRST, LAST = range(4)

PAIR, POINT, ROW, WATCHED = 3.0, 1.2, 3.0, 0.2
"""Work of a pair of a point and a monomial, of a point and each of its members, of a date whose spot is used,
and of one at which an extreme may be, in dates of a plain run (measured at 12 to 252 dates, four Greeks)."""


@final
@dataclass(frozen=True, eq=False)
class Watched:
    """The first (last) point at which the spots of some dates are at their levels."""

    last: bool
    rows: AnyArray
    levels: FloatArray


class Monomials(NamedTuple):
    """Exponents of the rows used, one monomial after the other: of number k from ``starts[k]`` to ``starts[k + 1]``."""

    starts: AnyArray
    rows: AnyArray
    exponents: FloatArray


class PointArrays(NamedTuple):
    """Of every point: its kind, its monomial or what is watched, the logarithm of its level, and its members."""

    kinds: AnyArray
    subjects: AnyArray
    levels: FloatArray
    member_starts: AnyArray
    members: AnyArray


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
    listed: list[tuple[int, int, float, list[int]]] = field(default_factory=list)
    found: dict[int, int] = field(default_factory=dict)

    def add(self, number: int) -> int:
        """The place of a point of the pieces."""
        if number not in self.found:
            point = self.pieces.points[number]
            if isinstance(point, Crossed):
                subject = self.numbers.setdefault(point.monomial, len(self.numbers))
                self.listed.append((CROSSED, subject, float(np.log(point.level)), []))
            else:
                self._add_extreme(point)
            self.found[number] = len(self.listed) - 1
        return self.found[number]

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
            self.listed.append((FOUND, len(self.watched) - 1, 0.0, []))
            members.append(len(self.listed) - 1)
        if members != [len(self.listed) - 1]:
            self.listed.append((LAST if extreme.last else FIRST, 0, 0.0, members))


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
        members = np.array([m for *_, several in listed for m in several], dtype=np.intp)
        starts = np.cumsum([0, *(len(several) for *_, several in listed)])
        return PointArrays(kinds, subjects, np.array([p[2] for p in listed], dtype=float), starts, members)

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
        met = len(points.kinds) + len(points.members)
        return PAIR * len(self._pairs) + POINT * met + ROW * len(self.rows) + WATCHED * dates
