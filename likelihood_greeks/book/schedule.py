"""The dates of a trade: when it began, when the spot is observed, when it ends and when it pays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import final

from .._checks import InvalidValueError, refuse
from .calendars import PERIODS, closest, iso_date, regular
from .cells import clear, day, key_of
from .rows import Row

REGULAR = ("daily", *PERIODS)
"""What the column frequency may hold instead of dates."""
CONTINUOUS = ("continuous", "continuously", "cont", "american")
"""What it holds of a trade that is watched at all times."""
FINAL = "final"
"""What the column knock_in_frequency may hold instead: the maturity."""


@final
@dataclass(frozen=True)
class Span:
    """From where to where a trade runs.

    Parameters
    ----------
    today : datetime.date
        The valuation date.
    start : datetime.date, optional
        The date of the trade; None: it has no past.
    maturity, paid : datetime.date
        The last observation, and the payment.
    watched_to, touched_on : datetime.date, optional
        Of a trade that is watched at all times: up to when all is known of it, and when it was touched.
    ended_on : datetime.date, optional
        When a trade that may be ended early was ended.
    watched_from, watched_until : datetime.date, optional
        Of such a trade: from when to when it is watched; None: from its start, up to its maturity.
    """

    today: date
    start: date | None
    maturity: date
    paid: date
    watched_to: date | None = None
    touched_on: date | None = None
    watched_from: date | None = None
    watched_until: date | None = None
    ended_on: date | None = None

    @property
    def expired(self) -> bool:
        """Whether all has been paid."""
        return self.paid < self.today

    @property
    def has_window(self) -> bool:
        """Whether it is watched in a window alone."""
        return self.watched_from is not None or self.watched_until is not None

    @property
    def last_watched(self) -> date:
        """The last day on which it is watched."""
        return self.maturity if self.watched_until is None else self.watched_until

    @property
    def first(self) -> date:
        """The date that observations follow."""
        return self.today if self.start is None else self.start


def span(row: Row, today: date) -> Span | None:
    """The span of a trade, from its columns; what is wrong with them is noted."""
    end = row.read("maturity", day)
    names = ("start", "payment_date", "watched_to", "touched_on", "watched_from", "watched_until", "ended_on")
    read = [row.read(name, day) if name in row.cells else None for name in names]
    (start, paid, known, hit, opens, closes, ended), stated = read, zip(names, read, strict=True)
    if end is None or any(name in row.cells and value is None for name, value in stated):
        return None
    if start is not None and start >= end:
        return row.attempt(refuse, "start", f"be before the maturity {end}", start.isoformat())
    if paid is not None and paid < end:
        return row.attempt(refuse, "payment_date", f"not be before the maturity {end}", paid.isoformat())
    for name, value in (("watched_to", known), ("touched_on", hit), ("ended_on", ended)):
        if value is not None and not (start or value) <= value <= end:
            since = "" if start is None else f"be between the start {start} and the maturity {end}"
            return row.attempt(refuse, name, since or f"not be after the maturity {end}", value.isoformat())
        if value is not None and value > today and not row.supposed:
            return row.attempt(refuse, name, f"not be after the valuation date {today}", value.isoformat())
    if opens is not None and opens >= (closes or end):
        return row.attempt(refuse, "watched_from", f"be before {closes or end}", opens.isoformat())
    if closes is not None and (closes > end or (start is not None and closes <= start)):
        since = "" if start is None else f"be after the start {start}, and "
        return row.attempt(refuse, "watched_until", f"{since}not be after the maturity {end}", closes.isoformat())
    if hit is not None and ((opens is not None and hit < opens) or (closes is not None and hit > closes)):
        return row.attempt(refuse, "touched_on", "be a day on which the trade is watched", hit.isoformat())
    return Span(today, start, end, paid or end, known, hit, opens, closes, ended)


def watched_at_all_times(value: object) -> bool:
    """Whether a cell of the column frequency says that a trade is watched at all times."""
    return key_of(value) in CONTINUOUS


def verify_watched(own: Span, continuous: bool, windows: bool = False) -> None:
    """Refuse what is said of trades that are watched at all times of one that is not, and windows where there are none.

    Raises
    ------
    ValueError
        Naming the column.
    """
    for name, value in (("watched_to", own.watched_to), ("touched_on", own.touched_on)):
        if value is not None and not continuous:
            refuse(name, "be blank: fixings say it of a trade that is watched on dates", value.isoformat())
    for name, value in (("watched_from", own.watched_from), ("watched_until", own.watched_until)):
        if value is not None and not (continuous and windows):
            why = (
                "of barriers and touches that are watched at all times alone" if not windows else "frequency says when"
            )
            refuse(name, f"be blank: {why}", value.isoformat())


def verify_ended(own: Span, may_be: bool) -> None:
    """Refuse the day on which a trade was ended of one that cannot be ended early.

    Raises
    ------
    ValueError
        Naming the column.
    """
    if own.ended_on is not None and not may_be:
        refuse("ended_on", "be blank: the trade may not be ended early", own.ended_on.isoformat())


def observations(
    name: str, value: object, ending: str, calendar_name: str, own: Span, *, more: Sequence[str] = ()
) -> tuple[date, ...]:
    """The dates in a cell of the column frequency: regular ones, or a list some of which may be past.

    `more` are words that the column may hold besides, for a refusal.

    Raises
    ------
    ValueError
        If it is neither, or the dates do not increase from the start to the maturity.
    """
    words, end = REGULAR, own.maturity
    if key_of(value) in words:
        if own.start is None and end <= own.today <= own.paid:
            refuse("start", f"be given: the {key_of(value)} dates up to {end} are past", None)
        return regular(key_of(value), calendar_name, own.first, end)
    parts = value.split(";") if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    clear(name, value)
    if key_of(value) in CONTINUOUS:
        refuse(name, "be dates or daily: this product is not watched at all times", value)
    try:
        days = tuple(iso_date(name, part) for part in parts)
    except InvalidValueError:
        refuse(
            name,
            f"be one of {', '.join((*words, *more))}{closest(value, (*words, *more))}, or ISO dates separated by ';'",
            value,
        )
    if not all(a < b for a, b in pairwise(days)):
        refuse(name, "hold increasing dates", value)
    if days[-1] > end or (own.start is not None and days[0] <= own.start):
        since = "" if own.start is None else f"after the start {own.start} and "
        refuse(name, f"hold dates {since}not after {end}", value)
    if ending and days[-1] != end:
        refuse(name, f"end at the maturity {end}: {ending} knows its payment then (payment_date may be later)", value)
    return days
