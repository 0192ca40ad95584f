"""One number of decimals a column: what makes numbers line up, whatever is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from statistics import median
from typing import final

MOST = 8
AT_MOST = "≤"
FEW = 50  # last places of a column, below which a number has lost its digits
DIGITS = 9  # of the largest number of a column


@final
@dataclass(frozen=True, slots=True)
class Decimals:
    """How the numbers of a column are written, and their errors.

    Parameters
    ----------
    places : int
        Behind the point, of every number of the column.
    """

    places: int

    @classmethod
    def of(cls, values: Iterable[float], errors: Iterable[float] = ()) -> Decimals:
        """Two digits of the median error, or, of exact numbers, four of the largest."""
        sizes = [abs(value) for value in values if isfinite(value) and value]
        known = [error for error in errors if isfinite(error) and error > 0.0]
        if not sizes and not known:
            return cls(0)
        top = floor(log10(max([*sizes, *known])))
        places = 1 - floor(log10(median(known))) if known else 3 - top
        return cls(max(0, min(places, DIGITS - 1 - max(top, 0), MOST)))

    def number(self, value: float) -> str:
        """A number with thousands apart; a dash for none; no minus before a zero."""
        if not isfinite(value):
            return "–"
        text = f"{value:,.{self.places}f}"
        return text if any(digit in text for digit in "123456789") else text.lstrip("-")

    def error(self, error: float) -> str:
        """A standard error; of one that is smaller than the last place, that it is below it; of exact ones nothing."""
        if error == 0.0:
            return ""
        least = 10.0**-self.places
        if 0.0 < error < 0.5 * least:
            return f"<{least:,.{self.places}f}"
        return self.number(error)


def aligned(cells: Sequence[tuple[float, float, str] | None]) -> list[str]:
    """The cells of a column: ``value ± error`` with points and signs below each other, empty for None.

    With each number and error comes what is held against it: anything is a mark, and `AT_MOST` a bound. A number that
    would be lost at the decimals of the column, the error smaller than its last place, is written with a power of ten.
    """
    there = [cell for cell in cells if cell is not None]
    form = Decimals.of([value for value, _, _ in there], [error for _, error, _ in there])
    least = 10.0**-form.places
    lost = [0.0 < error < 0.5 * least and abs(value) < FEW * least for value, error, _ in there]
    errors = [form.error(error) or "0" for _, error, _ in there]
    width = max((len(text) for text, own in zip(errors, lost, strict=True) if not own), default=0)
    marks = any(note.strip(AT_MOST) for _, _, note in there)
    written = []
    for (value, error, note), text, own in zip(there, errors, lost, strict=True):
        sign = AT_MOST if note.startswith(AT_MOST) else "±"
        found = f"{value:.1e} {sign} {error:.0e}" if own else f"{form.number(value)} {sign} {text:>{width}}"
        written.append(found + (" !" if note.strip(AT_MOST) else "  " * marks))
    by_place = iter(written)
    return ["" if cell is None else next(by_place) for cell in cells]


def negative(text: str) -> bool:
    """Whether a number as it is written is below zero."""
    return text.startswith("-")
