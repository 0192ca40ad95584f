"""Trades that were ended early, exercised, called or put, on a day that the book states in `ended_on`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ..._checks import refuse
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow
from .history import History

ENDED = "ended_on"


def ended_on(history: History) -> date | None:
    """The day on which a trade was ended; None if it was not, or not by today."""
    day = history.span.ended_on
    return day if day is not None and day <= history.span.today else None


def verify_day(history: History, days: Sequence[date]) -> None:
    """Refuse a day on which a trade could not be ended.

    Raises
    ------
    ValueError
        If the one that is stated is none of some days.
    """
    day = history.span.ended_on
    if day is not None and day not in days:
        refuse(ENDED, "be one of the days on which the trade may be ended", day.isoformat())


def up_to(history: History, day: date, product: Any = None) -> History:
    """A trade that ends on a day with what its observations so far say then; of another product, by that day alone."""
    days = (day,) if product is not None else tuple(own for own in history.days if own <= day)
    terms = {name: term for name, term in history.terms.items() if name != "early"}
    span = replace(history.span, maturity=day, paid=day, ended_on=None)
    observed = {own: value for own, value in history.observed.items() if own in days}
    own = history.product if product is None else product
    is_open = history.is_open and day == history.span.today
    return replace(
        history, product=own, terms=terms, span=span, days=days, watched=days, observed=observed, is_open=is_open
    )


def over(history: History, day: date) -> tuple[Contract, str]:
    """What is left of a trade that was ended before today."""
    return KnownCashFlow(0.0, 0.0), f"ended on {day}: worth nothing"


def settled(history: History, day: date, spot: float, product: Any = None) -> tuple[Contract, str]:
    """What is left of a trade that was ended on a day, for what its observations said then."""
    if day < history.span.today:
        return over(history, day)
    found, line = up_to(history, day, product).settled(spot)
    return found, f"ended on {day}; {line}"
