"""The right to end a trade early: notes that are called by their issuer or put by their holder, Asians exercised early.

Their rule is fitted when the law is known, see `book.early_exercise`.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import numpy as np

from ..._checks import refuse
from ...payoffs.protocol import Contract, cash_flows, payment_times
from ...payoffs.redeemable import Redeemable
from ...payoffs.seasoned import KnownCashFlow
from ..cells import DATES, NUMBER, TERM, WORD, Column, share, word
from ..schedule import observations
from . import ended as stated
from .history import History, Terms
from .product import Entry

NOT_ENDED = "taken not to have been ended so far"
CALLED, EXERCISED = "call_frequency", "exercise_frequency"
_SIDES = ("issuer", "holder")
_DATES = "monthly, quarterly, or dates separated by `;`"
NOTES = (CALLED, "call_price", "called_by")
"""The columns of notes that may be ended early."""
COLUMNS = (
    Column(CALLED, TERM, DATES, _DATES, "when a reverse convertible may be called, before its maturity; never "
           "if blank"),
    Column("call_price", TERM, NUMBER, "a share, 1 or 100%", "what a note that is called pays, of its notional; 1 if "
           "blank", share),
    Column("called_by", TERM, WORD, ", ".join(_SIDES), "who may call a note, or put it; the issuer if blank",
           partial(word, _SIDES)),
    Column(EXERCISED, TERM, DATES, _DATES, "when the holder of an Asian may exercise it for what the average so far "
           "pays, observations before its maturity; never if blank"),
)  # fmt: skip


def read(entry: Entry, terms: Terms, column: str) -> None:
    """Put the dates on which a trade may be ended among its terms; what is wrong with them is noted."""
    price, side = terms.pop("call_price", None), terms.pop("called_by", None)
    if column not in entry.row.cells:
        for name, value in (("call_price", price), ("called_by", side)):
            if value is not None:
                entry.row.attempt(refuse, name, f"be blank where {column} is", entry.row.cells[name])
        return
    own = entry.span
    days = entry.row.read(column, observations, "", entry.underlying.calendar, own)
    if days is None:
        return
    days = tuple(day for day in days if day < own.maturity)
    if not days:
        entry.row.attempt(refuse, column, f"hold a date before the maturity {own.maturity}", entry.row.cells[column])
    if own.paid != own.maturity:
        entry.row.attempt(refuse, "payment_date", "be blank: ending it early pays at once", own.paid.isoformat())
    terms["early"] = (days, 1.0 if price is None else price, side or _SIDES[0])


def ended(history: History, left: tuple[Contract, str]) -> tuple[Contract, str]:
    """What is left of a trade, with the right to end it on the dates to come.

    Raises
    ------
    ValueError
        If its average may be exercised on a date that is no observation.
    """
    contract, line = left
    if "early" not in history.terms or not contract.times:
        return left
    days, price, side = history.terms["early"]
    stated.verify_day(history, days)
    ahead = tuple(day for day in days if day > history.span.today)
    gone = len(days) - len(ahead)
    words = f"{gone} of {len(days)} dates to end it are gone: {NOT_ENDED}" if gone else ""
    line = "; ".join(filter(None, (line, words)))
    if not ahead:
        return contract, line
    notional = getattr(_inner(contract), "notional", None)
    if notional is not None:
        return Redeemable(contract, tuple(map(history.years, ahead)), price * notional, side), line
    strange = [day for day in ahead if day not in history.days]
    if strange:
        refuse(EXERCISED, "hold observations of the average", strange[0].isoformat())
    return Redeemable(contract, tuple(map(history.years, ahead)), contract, "holder"), line


def called(history: History, spot: float) -> tuple[Contract, str] | None:
    """What is left of a note that was called or put; None if it was not."""
    day = stated.ended_on(history)
    if day is None or "early" not in history.terms:
        return None
    stated.verify_day(history, history.terms["early"][0])
    if day < history.span.today:
        return stated.over(history, day)
    amount = redemption(history) + coupon(history, day)
    return KnownCashFlow(amount, 0.0), f"ended on {day}: pays {amount:g}"


def exercised(history: History, spot: float) -> tuple[Contract, str] | None:
    """What is left of an average that was exercised; None if it was not."""
    day = stated.ended_on(history)
    if day is None or "early" not in history.terms:
        return None
    stated.verify_day(history, history.terms["early"][0])
    return stated.settled(history, day, spot)


def redemption(history: History) -> float:
    """What a note pays when it is called or put, besides its coupon."""
    price: float = history.terms["early"][1]
    return price * float(_inner(history.whole).notional)


def coupon(history: History, day: date) -> float:
    """What a note pays on a day by its own terms, where that is not its last."""
    whole = history.whole
    flows = cash_flows(whole, np.ones((len(whole.times), 1)))
    due = payment_times(whole, flows)
    number = history.days.index(day) + 1.0 if day in history.days else -1.0
    return float(sum(flow for flow, time in zip(flows[:, 0], due, strict=True) if time == number))


def as_paid(history: History) -> History:
    """An average as one that ended on the day of its exercise."""
    day = stated.ended_on(history)
    return history if day is None or "early" not in history.terms else stated.up_to(history, day)


def _inner(contract: Any) -> Any:
    """A note within what it pays besides."""
    return contract.payoff if not hasattr(contract, "notional") and hasattr(contract, "payoff") else contract
