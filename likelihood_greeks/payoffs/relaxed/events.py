"""What a condition says of spots and levels: that some spot, or every one, is above a level, or below it.

A payoff that is *told* whether its events happen is smooth: nothing is left to compare. `Tape.told` says which do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from .marks import Mark


@final
@dataclass(frozen=True, slots=True)
class Event:
    """That the spot is above (below) a level on some date among `rows`, or on every one.

    Parameters
    ----------
    rows : tuple of int
        The dates. None: it never happens (some), or always (every).
    level : float
        Currency.
    above : bool
        Whether the spot is above the level.
    every : bool
        Whether on every date.
    by_date : bool
        Whether these are several conditions still, one a date; then `every` says nothing.
    known : tuple of bool
        Conditions of past dates, which stand before the others if `by_date`.
    """

    rows: tuple[int, ...]
    level: float
    above: bool
    every: bool = False
    by_date: bool = False
    known: tuple[bool, ...] = ()

    @classmethod
    def positive(cls, mark: Mark | None, length: int) -> Event | None:
        """That what is marked is positive; None if that is no such event. A value by date has a `length`, others 0."""
        if mark is None or mark.averaged or not mark.slope or not mark.rows or mark.extreme == "mixed":
            return None
        stands = len(mark.known) + len(mark.rows) if not mark.extreme else 0
        if stands != (length or not mark.extreme):
            return None
        level, known = -mark.intercept / mark.slope, tuple(number > 0.0 for number in mark.known)
        found = cls(mark.rows, level, mark.slope > 0.0, by_date=True, known=known)
        if level <= 0.0:  # spots are positive
            found = replace(found, rows=(), known=(*known, *(found.above for _ in mark.rows)))
        if length:
            return found
        return found.on_every_date() if mark.extreme == "min" else found.on_some_date()

    def opposite(self) -> Event:
        """That it does not happen."""
        return replace(self, above=not self.above, every=not self.every, known=tuple(not k for k in self.known))

    def on_every_date(self) -> Event:
        """That all of several conditions hold."""
        possible = all(self.known)
        return Event(self.rows if possible else (), self.level, self.above, every=possible)

    def on_some_date(self) -> Event:
        """That one of several conditions holds."""
        return self.opposite().on_every_date().opposite()

    def and_also(self, other: Event) -> Event | None:
        """That both happen, if that is an event of this kind."""
        if self.by_date or other.by_date:
            return None
        for one, two in ((self, other), (other, self)):
            if not one.rows:
                return two if one.every else one
        alike = (self.level, self.above) == (other.level, other.above)
        return replace(self, rows=tuple(sorted({*self.rows, *other.rows})), every=True) if alike and all(
            event.every or len(event.rows) == 1 for event in (self, other)
        ) else None  # fmt: skip

    @property
    def key(self) -> tuple[Event, bool]:
        """The event as one that happens on some date, and whether it is that or its opposite."""
        if len(self.rows) == 1:
            return replace(self, above=True, every=False), self.above
        return (self.opposite(), False) if self.every else (self, True)
