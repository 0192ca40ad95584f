"""Cash dividends of an underlying as a market states them: ex-dates and amounts, of which the past are in the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from .._checks import non_negative, refuse, within
from ..models.cash_dividends import Dividends
from . import market_keys
from .calendars import DAYS_PER_YEAR, iso_date


def read(entries: object, today: date) -> Dividends:
    """Ex-dates after today in years, and amounts: what goes ex on one day is one dividend.

    A spot that is quoted on an ex-date is without the dividend: today's is as past as those before.

    Raises
    ------
    ValueError
        If a key is unknown or missing, a date is none, or an amount is negative.
    TypeError
        If they are no tables, or an amount is no number.
    """
    if isinstance(entries, (str, Mapping)) or not isinstance(entries, Sequence):
        raise TypeError(f"dividends must be a list of tables of ex_date and amount, got {entries!r}")
    paid: dict[date, float] = {}
    for number, entry in enumerate(entries):
        with within(f"dividends[{number}]"):
            table = market_keys.checked(market_keys.DIVIDEND, entry)
            day, amount = iso_date("ex_date", table["ex_date"]), non_negative("amount", table["amount"])
        if day > today:
            paid[day] = paid.get(day, 0.0) + amount
    return tuple(((day - today).days / DAYS_PER_YEAR, paid[day]) for day in sorted(paid))


def forward(growing: Callable[[float], float], dividends: Dividends, maturity: float) -> float:
    """The forward to a maturity (years) from that without dividends, those by the maturity taken off.

    Raises
    ------
    ValueError
        If they are more than the spot is worth.
    """
    share = 1.0 - sum(amount / growing(time) for time, amount in dividends if time <= maturity)
    if not share > 0.0:
        refuse("dividends", f"be worth less than the spot by {maturity:.4g} years", dividends)
    return growing(maturity) * share
