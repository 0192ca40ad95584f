"""How a table writes numbers and dates: decided from all of its cells, and never guessed.

``1,234`` is a thousand or a little more than one, ``3/4/2026`` a day in April or in March. Some cells can be read in
one way only (``1.234,5``, ``31/12/2026``); if those agree, they decide for the others. What remains unclear is marked,
and refused where it is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, final

import pandas as pd

Pair: TypeAlias = tuple[str | None, str | None]
"""A text read in the first way and in the second; None where it cannot be."""

Reader: TypeAlias = "Callable[[str], str | Unclear]"


@final
@dataclass(frozen=True, slots=True)
class Unclear:
    """A cell that cannot be read: its text, and what it must be and is not."""

    text: str
    why: str

    def __str__(self) -> str:
        return self.text


# -- numbers: a decimal point, or a decimal comma -------------------------------------------------------------------

_SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f'\u2019](?=\d{3}(?:\D|$))")
_POINT, _COMMA = (
    re.compile(
        rf"(?P<sign>[+-]?)(?:(?P<grouped>[1-9]\d{{0,2}}(?:{group}\d{{3}})+)|(?P<whole>\d*))"
        rf"(?:{mark}(?P<part>\d*))?(?P<power>[eE][+-]?\d+)?"
    )
    for mark, group in ((r"\.", ","), (",", r"\."))
)


def _number(pattern: re.Pattern[str], text: str) -> str | None:
    """A text as Python writes numbers, if it is one by this pattern."""
    match = pattern.fullmatch(text)
    if not match or not re.search(r"\d", text):
        return None
    whole = re.sub("[.,]", "", match["grouped"] or match["whole"])
    part = "" if match["part"] is None else f".{match['part']}"
    return f"{match['sign']}{whole}{part}{match['power'] or ''}"


def numbers(text: str, plain: bool = False) -> Pair:
    """A text with a decimal point and with a decimal comma.

    Thousands are separated by the other of the two, by spaces or by apostrophes. In a `plain` table a point without
    a comma is a decimal point: a table that a program wrote.

    >>> numbers("1.234,5"), numbers("1,234"), numbers("6 000")
    ((None, '1234.5'), ('1234', '1.234'), ('6000', '6000'))
    """
    found = _SPACES.sub("", text.strip().replace("\u2212", "-"))
    point, comma = _number(_POINT, found), _number(_COMMA, found)
    return point, None if plain and point and "," not in found and "." in found else comma


# -- dates: the day first, or the month -----------------------------------------------------------------------------

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MIDNIGHT = re.compile(r"[ T]0?0:00(:00(\.0+)?)?$")
_SLASHED = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})([/.-])(\d{1,2})\2(\d{1,2})")
_NAMED = re.compile(r"(?P<day>\d{1,2})\.?[ -]*(?P<month>[a-z]{3,9})\.?[ -]*(?P<year>\d{4})", re.IGNORECASE)
_NAMED_FIRST = re.compile(r"(?P<month>[a-z]{3,9})\.? *(?P<day>\d{1,2}),? +(?P<year>\d{4})", re.IGNORECASE)


def _iso(year: str, month: int | str, day: str) -> str | None:
    """ISO text, if there is such a day."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def dates(text: str) -> Pair:
    """A text as ISO dates with the day first and with the month first; with points the day is first.

    >>> dates("3/4/2026"), dates("19.12.2025"), dates("2026/4/3"), dates("19-Dec-2025")
    (('2026-04-03', '2026-03-04'), ('2025-12-19', None), ('2026-04-03', '2026-04-03'), ('2025-12-19', '2025-12-19'))
    """
    found = _MIDNIGHT.sub("", text.strip())
    if match := _SLASHED.fullmatch(found):
        first, mark, second, year = match.groups()
        return _iso(year, second, first), None if mark == "." else _iso(year, first, second)
    if match := _YEAR_FIRST.fullmatch(found):
        only = _iso(match[1], match[3], match[4])
        return only, only
    match = _NAMED.fullmatch(found) or _NAMED_FIRST.fullmatch(found)
    if match and (month := _MONTHS.index(match["month"][:3].lower()) + 1 if _is_month(match["month"]) else 0):
        only = _iso(match["year"], month, match["day"])
        return only, only
    return None, None


def _is_month(name: str) -> bool:
    """Whether a word is an English month or its first letters."""
    full = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december")  # fmt: skip
    return any(month.startswith(name.lower()) for month in full) or name.lower() == "sept"


# -- one way for the whole table ------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Way:
    """Which of two ways of writing a table has: how many of its cells can be read in the first, the second alone.

    Parameters
    ----------
    first, second : int
    names : tuple of str
        Of the two ways.
    """

    first: int
    second: int
    names: tuple[str, str]

    @classmethod
    def of(cls, pairs: Iterable[tuple[Pair, int]], names: tuple[str, str]) -> Way:
        """The way of a table whose cells have these readings, each so many times."""
        count = Counter[bool]()
        for (one, two), times in pairs:
            if (one is None) != (two is None):
                count[two is None] += times
        return cls(count[True], count[False], names)

    def read(self, text: str, pair: Pair, noun: str) -> str | Unclear:
        """A text that has two readings, by this way; text that has none stays what it is."""
        one, two = pair
        if one == two:
            return text if one is None else one
        if one is not None and two is not None:
            if self.first and self.second:
                return Unclear(text, f"be a {noun}: {one} or {two}? Other cells are written in both ways")
            if not (self.first or self.second):
                return Unclear(text, f"be a {noun}: {one} or {two}? No other cell decides")
            return one if self.first else two
        mine, others, which = (self.first, self.second, 0) if two is None else (self.second, self.first, 1)
        if mine > others:
            return one or two or text
        here, there = self.names[which], self.names[1 - which]
        return Unclear(text, f"be a {noun} written as elsewhere in the table: {here} is found here, {there} there")


def settled(columns: Sequence[pd.Series], way: Callable[[Counter[str]], Reader]) -> list[pd.Series]:
    """Columns with all texts in them read in one way, which is made from how often each text is there."""
    cells = [column.tolist() for column in columns]
    counts = Counter(text for column in cells for text in column if isinstance(text, str))
    read = way(counts)
    known = {text: read(text) for text in counts}
    return [
        pd.Series([known[x] if isinstance(x, str) else x for x in values], column.index, object, column.name)
        for column, values in zip(columns, cells, strict=True)
    ]


_MARKS = re.compile(r"(\s*(?:%\s*)?[;|]\s*|\s*%\s*$)")
"""What stands behind the numbers of a cell: a sign of per cent, a mark before the next."""


def number_way(counts: Counter[str], plain: bool = False) -> Reader:
    """How these texts are read as numbers, some in per cent, or lists of them separated by ``;`` or ``|``.

    >>> number_way(Counter(["2,5 %", "1,125|2"]))("1,125|2")
    '1.125|2'
    """
    names = "a decimal point", "a decimal comma"
    return _way(counts, _MARKS, lambda piece: numbers(piece, plain), names, "number")


def date_way(counts: Counter[str]) -> Reader:
    """How these texts are read as dates, or lists of dates separated by ``;``: each by those with its own mark.

    >>> str(date_way(Counter(["19/12/2025", "3/4/2026"]))("3/4/2026"))
    '2026-04-03'
    >>> date_way(Counter(["19.12.2025", "3/4/2026"]))("3/4/2026").why
    'be a date: 2026-04-03 or 2026-03-04? No other cell decides'
    """
    return _way(counts, re.compile("(;)"), dates, ("the day first", "the month first"), "date", kind=_mark)


def _mark(text: str) -> str:
    """What stands between the numbers of a date that has the day or the month first; empty if it has neither."""
    match = _SLASHED.fullmatch(_MIDNIGHT.sub("", text.strip()))
    return match[2] if match else ""


def _way(
    counts: Counter[str], marks: re.Pattern[str], pair: Callable[[str], Pair], names: tuple[str, str], noun: str,
    *, kind: Callable[[str], str] = lambda piece: "",
) -> Reader:  # fmt: skip
    """How texts are read piece by piece, by those of the same kind; the marks between them, each a group, stay."""
    pieces = {text: marks.split(text) for text in counts}
    pairs = {piece: pair(piece) for own in pieces.values() for piece in own[::2]}
    told = [(piece, counts[text]) for text, own in pieces.items() for piece in own[::2]]
    kinds = {piece: kind(piece) for piece in pairs}
    ways = {
        each: Way.of(((pairs[piece], times) for piece, times in told if kinds[piece] == each), names)
        for each in {*kinds.values()}
    }

    def read(text: str) -> str | Unclear:
        own = [
            ways[kinds[piece]].read(piece, pairs[piece], noun) if k % 2 == 0 else piece
            for k, piece in enumerate(pieces[text])
        ]
        unclear = next((piece for piece in own if isinstance(piece, Unclear)), None)
        return "".join(map(str, own)) if unclear is None else Unclear(text, unclear.why)

    return read


# -- per cent -------------------------------------------------------------------------------------------------------


def without_percent(column: pd.Series) -> tuple[pd.Series, list[bool]]:
    """A column without the signs of per cent after its numbers, and which cells had one."""
    cells = column.tolist()
    shares = [isinstance(cell, str) and bool(re.search(r"\d\s*%\s*$", cell)) for cell in cells]
    bare = [cell.rstrip()[:-1].rstrip() if share else cell for cell, share in zip(cells, shares, strict=True)]
    return pd.Series(bare, column.index, object, column.name), shares


def as_shares(column: pd.Series, shares: Sequence[bool]) -> pd.Series:
    """A column, already `settled`, with the numbers that were in per cent as decimals; what is no number as it was."""
    cells = [_share(cell) if share else cell for cell, share in zip(column.tolist(), shares, strict=True)]
    return pd.Series(cells, column.index, object, column.name)


def _share(cell: object) -> object:
    """A number in per cent as a decimal."""
    try:
        return float(cell) / 100.0 if isinstance(cell, str) else cell
    except ValueError:
        return f"{cell}%"
