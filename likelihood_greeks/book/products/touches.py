"""Cash for a touch of a level, or for none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from ..._checks import refuse
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow
from ...payoffs.touch import DoubleNoTouch, NoTouch, OneTouch
from ..cells import TERM, WORD, Column, word
from ..underlying import Underlying
from .barriers import (
    alive,
    beyond,
    nearest,
    to_be_watched,
    touch,
    touched,
    until_touched,
    verify_known,
    verify_off_barrier,
    where,
)
from .history import History, Terms
from .product import Conduct, Entry, Product, levels_in_currency

COLUMNS = (
    Column("pays_at", TERM, WORD, "end, hit", "when a one-touch pays: at its end, or when touched; end if blank",
           partial(word, ("end", "hit")), harmless=("end",)),
)  # fmt: skip


def _settled(entry: Entry, terms: Terms) -> Terms:
    """The terms; what is paid when touched has no other payment date."""
    if terms.get("pays_at") == "hit" and entry.span.paid != entry.span.maturity:
        refuse("payment_date", "be blank: it pays when touched", entry.span.paid.isoformat())
    opens = entry.span.watched_from
    if terms.get("pays_at") == "hit" and opens is not None and opens > entry.span.today:
        refuse("pays_at", f"be end where the trade is watched from {opens} on", "hit")
    return levels_in_currency(entry, terms)


def _read_at(terms: Mapping[str, Any], underlying: Underlying, years: float) -> float:
    """The nearest level."""
    return nearest(terms, underlying.spot)


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """What is left of cash for a touch, or for none."""
    verify_known(history)
    span, hit = history.span, touch(history, spot)
    live = to_be_watched(history)
    verify_off_barrier(history, hit, spot)
    if hit is None and live:
        terms = {**history.dated(live), "maturity": history.years(span.paid)}
        return history.product.of(terms), alive(history, spot)
    event = "never at a barrier" if hit is None else f"touched on {hit}{where(history, hit, spot)}"
    paid = hit if hit is not None and history.terms.get("pays_at") == "hit" else span.paid
    if (history.name == "one_touch") != (hit is not None) or paid < span.today:
        return KnownCashFlow(0.0, history.years(span.paid)), f"{event}: worth nothing"
    cash = history.terms.get("cash", 1.0)
    return KnownCashFlow(cash, history.years(paid)), f"{event}: pays {cash:g} on {paid}"


def _needed(history: History, made: Sequence[date]) -> list[date]:
    """The observations up to a touch; none of a trade that is watched at all times, whose lows and highs decide."""
    return [] if history.watch is not None else until_touched(history, made)


_CONDUCT = Conduct(settled=_settled, read_at=_read_at, left=_left, needed=_needed, decided=touched, remark=beyond)
_ONE, _TWO = ("maturity", "frequency", "level", "direction"), ("maturity", "frequency", "lower", "upper")
PRODUCTS = {
    "one_touch": Product(
        OneTouch, _ONE, ("cash", "pays_at"), "cash if the spot is at or beyond a level on a date",
        names={"pays_at": "paid"}, also=("window",), conduct=_CONDUCT, continuous=True,
    ),
    "no_touch": Product(NoTouch, _ONE, ("cash",), "cash if it is on none", also=("window",), conduct=_CONDUCT,
                        continuous=True),
    "double_no_touch": Product(
        DoubleNoTouch, _TWO, ("cash",), "cash if the spot is between two levels on all dates", also=("window",),
        conduct=_CONDUCT, continuous=True,
    ),
}  # fmt: skip
