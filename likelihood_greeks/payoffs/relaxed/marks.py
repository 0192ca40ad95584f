"""What a value on a tape is of the spots: straight in them, date by date, or their extreme, or a sum over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

OTHER = {"": "", "max": "min", "min": "max", "mixed": "mixed"}


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """That a value is slope * spot + intercept at some dates: date by date, their extreme, or a sum over them.

    Parameters
    ----------
    rows : tuple of int
        Which dates; none for a plain number.
    slope, intercept : float
    averaged : bool
        Whether it is a sum over the dates. The spot that gives a certain value is then the typical one: if all were
        equal.
    known : tuple of float
        Numbers that stand before the dates, as past fixings do.
    extreme : {"", "max", "min", "mixed"}
        Which extreme over the dates, and the known numbers, it is; mixed: of extremes and more.
    """

    rows: tuple[int, ...]
    slope: float
    intercept: float
    averaged: bool = False
    known: tuple[float, ...] = ()
    extreme: str = ""

    def scaled(self, factor: float) -> Mark:
        """The mark of the value times a number."""
        known, turned = tuple(factor * number for number in self.known), self._turned(factor)
        return replace(turned, slope=factor * self.slope, intercept=factor * self.intercept, known=known)

    def over(self, divisor: float) -> Mark | None:
        """The mark of the value divided by a number."""
        if not divisor:
            return None
        known, turned = tuple(number / divisor for number in self.known), self._turned(divisor)
        return replace(turned, slope=self.slope / divisor, intercept=self.intercept / divisor, known=known)

    def _turned(self, factor: float) -> Mark:
        """The mark with the other extreme if the value changes its sign."""
        return replace(self, extreme=OTHER[self.extreme]) if factor < 0.0 else self

    def reduced(self, extreme: str) -> Mark:
        """The mark of an extreme of the value over its dates."""
        return replace(self, extreme="mixed" if self.extreme or self.averaged else extreme)

    def summed(self, length: int, weight: float) -> Mark | None:
        """The mark of a sum over the `length` rows of the value, with weights that add up to `weight`.

        The weights are equal where some rows are known numbers.
        """
        if not self._by_date(length):
            return None
        each = weight / length
        own, known = self.scaled(weight if not self.known else each * len(self.rows)), each * sum(self.known)
        return replace(own, intercept=own.intercept + known, averaged=True, known=())

    def after(self, known: tuple[float, ...], length: int) -> Mark | None:
        """The mark of the value, `length` dates long, with numbers joined before it."""
        return replace(self, known=(*known, *self.known)) if self._by_date(length) else None

    def plus(self, other: Mark) -> Mark | None:
        """The mark of the sum of two values; a spread of fixings has none."""
        if self.slope * other.slope < 0.0:
            return None
        rows = tuple(sorted({*self.rows, *other.rows}))
        averaged = self.averaged or other.averaged or bool(self.rows and other.rows and len(rows) > 1)
        shifted = [(self.known, other.intercept)] * (not other.rows) + [(other.known, self.intercept)] * (not self.rows)
        known = tuple(number + shift for numbers, shift in shifted for number in numbers)
        extremes = {mark.extreme for mark in (self, other) if mark.rows}
        extreme = "mixed" if self.rows and other.rows and extremes != {""} else max(extremes, default="")
        return Mark(rows, self.slope + other.slope, self.intercept + other.intercept, averaged, known, extreme)

    def taken(self, key: Any, length: int) -> Mark | None:
        """The mark of some of the dates of a value that has `length` of them."""
        if not self._by_date(length):
            return None
        every = np.arange(length)
        kept = np.ravel(every[key]) - len(self.known)
        known = tuple(self.known[k] for k in kept + len(self.known) if k < len(self.known))
        return replace(self, rows=tuple(self.rows[k] for k in kept if k >= 0), known=known)

    def _by_date(self, length: int) -> bool:
        return not self.averaged and not self.extreme and len(self.known) + len(self.rows) == length
