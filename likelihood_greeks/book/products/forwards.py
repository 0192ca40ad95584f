"""Series of forwards that end early: accumulators, and target redemption forwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import takewhile
from math import inf
from typing import Any

import numpy as np

from ..._checks import refuse
from ...payoffs.accumulator import TARF, Accumulator
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow, OnDates, Seasoned
from ..cells import LEVELS, NUMBER, NUMBERS, TERM, WORD, Column, level, shares, sign, word
from .barriers import already_beyond
from .history import History, Terms
from .product import Conduct, Entry, Product, give, levels_in_currency, needs_it

_SIDES, _LAST, _SETTLED = ("buy", "sell"), ("exact", "full", "none"), ("fixing", "end", "delivery")
COLUMNS = (
    Column("target", TERM, NUMBER, LEVELS, "gain of a unit that ends a target redemption forward", level),
    Column("gearing", TERM, NUMBERS, "2 or 200%; for each date, separated by `;`", "units where a fixing of an "
           "accumulator or target redemption forward is a loss, per unit where it is a gain; 1 if blank", shares,
           harmless=("1", "1.0", "100%")),
    Column("forward", TERM, WORD, "buy, sell", "what an accumulator or target redemption forward does at its strike, "
           "whoever holds it (`side` says that); buy if blank, which it may not be where the side is sell",
           partial(word, _SIDES)),
    Column("last_fixing", TERM, WORD, ", ".join(_LAST), "what the fixing that ends it pays; if blank none of an "
           "accumulator, which has no exact, and what is missing to the target of a target redemption forward",
           partial(word, _LAST)),
    Column("settlement", TERM, WORD, ", ".join(_SETTLED), "fixings are paid on their dates, or together at the end, "
           "or the units of an accumulator are delivered at the end; fixing if blank", partial(word, _SETTLED)),
)  # fmt: skip


def _settled(entry: Entry, terms: Terms) -> Terms:
    """The terms, levels in currency; refused where it is not told what is sold, the series or the underlying."""
    cells = entry.row.cells
    if "forward" not in terms and "side" in cells and sign("side", cells["side"]) < 0.0:
        why = "be given where the side is sell, which sells the series: it buys or sells the underlying at its strike"
        refuse("forward", why, None)
    return levels_in_currency(entry, terms)


def _accumulator(**terms: Any) -> Accumulator:
    """An accumulator from the columns of a book, ``none`` being where the level is not watched."""
    if terms.get("side") == "sell" and "level" in terms:
        given = terms["level"] if isinstance(terms["level"], tuple) else (terms["level"],)
        each = tuple(0.0 if x == inf else x for x in given)
        terms["level"] = each if len(each) > 1 else each[0]
    return Accumulator(**terms)


def _whole(history: History) -> Accumulator | TARF:
    whole = history.whole
    assert isinstance(whole, (Accumulator, TARF))
    return whole


def _needed(history: History, made: Sequence[date]) -> list[date]:
    """The observations up to the end of the series."""
    whole = _whole(history)
    known = [history.observed[day] for day in takewhile(history.observed.__contains__, made)]
    if (ended := whole.ended(known)) is None:
        return [*made]
    delivered = whole.settlement == "delivery" and made[-1] == history.days[-1]
    return [*made[: ended + 1], *([made[-1]] if delivered and ended + 1 < len(made) else [])]


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """What is left of a series of forwards that may have ended."""
    whole, seen, span = _whole(history), history.seen(spot), history.span
    made = [*seen.values()]
    ended = whole.ended(made)
    years = tuple(map(history.years, history.days))
    by_today = history.is_open and ended == len(made) - 1
    if not history.ahead and (ended is None or by_today):
        return history.settled(spot)
    if by_today:
        give(history, "the series ends at today's spot, or just does not")
    if ended is not None and (whole.settlement != "delivery" or not history.ahead):
        return _over(history, whole, made, ended)
    if not made and span.paid == span.maturity:
        return history.product.of(history.dated(history.days)), ""
    later = None if span.paid == span.maturity else history.years(span.paid)
    payments = None if later is None else (later,) if whole.settlement != "fixing" else (*years[:-1], later)
    event = (
        f"; ended on {history.days[ended]} at {made[ended]:g}, its units to be delivered" if ended is not None else ""
    )
    gained = f"; {whole.gained(made)[-1]:g} of {whole.target:g} gained" if isinstance(whole, TARF) and made else ""
    return Seasoned(OnDates(whole, years, payments), tuple(made)), history.progress(spot) + event + gained


def _ended(history: History) -> bool:
    """Whether it ended before an open fixing of today."""
    return _whole(history).ended([*history.observed.values()]) is not None


def _beyond(history: History, spot: float) -> str:
    """That the next fixing ends an accumulator if it is at today's spot, in words; empty if it does not."""
    whole, made = _whole(history), [*history.seen(spot).values()]
    if history.span.expired or not history.ahead or not isinstance(whole, Accumulator):
        return ""
    if whole.ended(made) is not None or whole.ended([*made, spot]) is None:
        return ""
    return already_beyond(spot, whole.level[len(made)] if isinstance(whole.level, tuple) else whole.level)


def _over(history: History, whole: Accumulator | TARF, made: Sequence[float], ended: int) -> tuple[Contract, str]:
    """What is due of a series that has ended, on the fixing of this number."""
    span, day = history.span, history.days[ended]
    last = ended == len(history.days) - 1
    paid = day if whole.settlement == "fixing" and not last else span.paid
    event = f"ended on {day} at {made[ended]:g}"
    if paid < span.today:
        return KnownCashFlow(0.0, 0.0), f"{event}: worth nothing"
    path = [*made, *[made[-1]] * (len(history.days) - len(made))]
    flows = np.ravel(whole(np.array(path)[:, None]))
    amount = float(flows[ended] if whole.settlement == "fixing" else flows[-1])
    return KnownCashFlow(amount, history.years(paid)), f"{event}: pays {amount:g} on {paid}"


_CONDUCT = Conduct(
    settled=_settled, left=_left, needed=_needed, decided=_ended,
    moving=needs_it("what the fixing pays depends on it"), remark=_beyond,
)  # fmt: skip
_NAMES, _BY_DATE = {"forward": "side"}, ("strike", "level")
_TERMS = ("gearing", "forward", "last_fixing", "settlement")
PRODUCTS = {
    "accumulator": Product(
        _accumulator, ("frequency", "strike"), ("level", *_TERMS),
        "a unit bought (sold) at the strike on each date, more where that is a loss, until the spot is at a level",
        names=_NAMES, lists=_BY_DATE, conduct=_CONDUCT,
    ),
    "tarf": Product(
        TARF, ("frequency", "strike", "target"), _TERMS,
        "a target redemption forward: the same, until the gains have reached a target", names=_NAMES, lists=_BY_DATE,
        conduct=_CONDUCT,
    ),
}  # fmt: skip
