"""Cash dividends as QuantLib states them, which its engines do not show: dates and amounts for a law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import QuantLib as ql  # noqa: N813

from .._checks import non_negative, refuse
from ..models.cash_dividends import Dividends

FORMS = "a list of QuantLib.FixedDividend or of pairs (QuantLib.Date, amount)"


@final
@dataclass(frozen=True, slots=True)
class Paid:
    """Cash dividends after the reference date of a curve.

    Attributes
    ----------
    dates : tuple of QuantLib.Date
        Ex-dates, increasing.
    dividends : tuple of (float, float)
        The same in years by the curve's clock, and the amounts.
    past : int
        How many dividends went ex by the reference date: the spot is without them.
    """

    dates: tuple[Any, ...]
    dividends: Dividends
    past: int = 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was done with them, in words."""
        if not (self.dividends or self.past):
            return ()
        words = f"{len(self.dividends)} cash dividends: the spot is lognormal between ex-dates (model Spot)"
        return (words, *([f"{self.past} went ex by the reference date: they are in the spot"] if self.past else []))


def paid(dividends: Iterable[Any] | None, curve: Any) -> Paid:
    """Dividends by the clock of a curve; those of one day are one.

    Parameters
    ----------
    dividends : DividendSchedule, DividendVector, or list of Dividend or of (Date, amount); None for none
    curve : QuantLib.YieldTermStructure

    Raises
    ------
    TypeError
        If they are none of these.
    ValueError
        If an amount is negative, or a dividend is a share of the spot.
    """
    if dividends is None:
        return Paid((), ())
    if isinstance(dividends, (str, ql.Dividend)) or not isinstance(dividends, Iterable):
        raise TypeError(f"dividends must be {FORMS}, got {dividends!r}")
    known = [_dividend(number, entry) for number, entry in enumerate(dividends)]
    today, amounts = curve.referenceDate(), dict[int, float]()
    for day, amount in known:
        if day > today:
            amounts[day.serialNumber()] = amounts.get(day.serialNumber(), 0.0) + amount
    days = tuple(ql.Date(serial) for serial in sorted(amounts))
    pairs = tuple((curve.timeFromReference(day), amounts[day.serialNumber()]) for day in days)
    return Paid(days, pairs, sum(day <= today for day, _ in known))


def _dividend(number: int, entry: Any) -> tuple[Any, float]:
    """The date and the amount of one."""
    name = f"dividends[{number}]"
    if isinstance(entry, ql.Dividend):
        try:
            amount = None if isinstance(entry, ql.FractionalDividend) else entry.amount()
        except RuntimeError:  # a share of the spot, behind the interface of all dividends
            amount = None
        if amount is None:
            why = "be a fixed amount: one that is a share of the spot is no cash, put it into the dividend curve"
            refuse(name, why, type(entry).__name__)
        return entry.date(), non_negative(f"{name} amount", amount)
    if isinstance(entry, Sequence) and len(entry) == 2 and isinstance(entry[0], ql.Date):
        return entry[0], non_negative(f"{name} amount", entry[1])
    raise TypeError(f"dividends must be {FORMS}, got {entry!r}")
