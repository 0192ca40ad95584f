"""One number of decimals a column: what makes numbers line up, whatever is printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, isfinite, log10
from statistics import median
from typing import final

MOST = 8
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


def negative(text: str) -> bool:
    """Whether a number as it is written is below zero."""
    return text.startswith("-")
