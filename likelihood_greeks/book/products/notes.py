"""Notes: autocallables, snowball and phoenix, and reverse convertibles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from math import inf, nan
from typing import Any

from ..._checks import refuse
from ...payoffs.autocallable import Autocallable
from ...payoffs.protocol import Contract
from ..cells import (
    ANYTHING,
    DATES,
    LEVELS,
    NO_AMOUNT,
    NUMBER,
    NUMBERS,
    TERM,
    WORD,
    Column,
    key_of,
    levels,
    share,
    shares,
    yes,
)
from ..schedule import FINAL, observations, watched_at_all_times
from . import early, past_of_notes
from .barriers import already_beyond
from .history import History, Terms
from .product import ALL_TIMES, Conduct, Entry, Observations, Product, on_frequency

NO_COUPON = "states no coupon: it pays none"
COLUMNS = (
    *early.COLUMNS,
    Column("autocall_level", TERM, NUMBERS, f"{LEVELS}; for each date, separated by `;`, or none",
           "spot from which a note is redeemed; the strike if blank; percentages are of the strike", levels),
    Column("coupon", TERM, NUMBERS, "a share, 0.02 or 2%; for each date, separated by `;`",
           "coupon of a date of a note; none if blank. Of no other product", partial(shares, below=1.0),
           ("coupon_per_period", "period_coupon"), ANYTHING),
    Column("coupon_barrier", TERM, NUMBERS, f"{LEVELS}; for each date, separated by `;`, or none",
           "spot from which the coupon is paid; the level if blank", levels),
    Column("memory", TERM, WORD, "yes, no", "whether missed coupons are paid with the next; no if blank", yes,
           harmless=("no", "false")),
    Column("knock_in_frequency", TERM, DATES,
           "final, daily, weekly, monthly, quarterly, continuous, or dates separated by `;`",
           "when a note is compared with its level; final, at the maturity, if blank", harmless=("final",)),
    Column("protection", TERM, NUMBER, "a share, 0.9 or 90%", "least redemption once knocked in; 0 if blank", share,
           harmless=NO_AMOUNT),
    Column("redemption", TERM, NUMBER, "a share, 1 or 100%", "what a note redeems if it is neither called nor knocked "
           "in; 1 if blank", share, harmless=("1", "1.0", "100%")),
)  # fmt: skip


def _note(strike: float, times: tuple[float, ...], **terms: Any) -> Autocallable:
    """A note from the columns of a book: a snowball."""
    return Autocallable(strike, times, **terms)


def _phoenix(strike: float, times: tuple[float, ...], **terms: Any) -> Autocallable:
    """A note whose coupons have a barrier, by default the level of the knock-in, and no memory unless it is stated."""
    if (barrier := terms.get("coupon_barrier", terms.get("knock_in"))) is None:
        refuse("coupon_barrier", "be given, or the level of the knock-in", None)
    return _note(strike, times, **{"memory": False, **terms, "coupon_barrier": barrier})


def _reverse(strike: float, times: tuple[float, ...], **terms: Any) -> Autocallable:
    """A reverse convertible: a note that is never called, with sure coupons; without a level it was knocked in."""
    return _note(
        strike, times, call_level=inf, coupon_barrier=0.0, memory=False, knocked_in="knock_in" not in terms, **terms
    )


def _dates(entry: Entry, terms: Terms) -> Observations | None:
    """The call dates, which are watched by `whole`, and those of the knock-in, kept among the terms."""
    found, cell = on_frequency(entry, terms), entry.row.cells.get("knock_in_frequency")
    early.read(entry, terms, early.CALLED)
    if found is None or cell is None or key_of(cell) == FINAL:
        return found
    if "level" not in terms and not any(problem.field == "level" for problem in entry.row.problems):
        refuse("level", "be given: knock_in_frequency says when it counts", None)
    if watched_at_all_times(cell):
        if "early" in terms:
            entry.row.attempt(refuse, "knock_in_frequency", "hold dates where the note may be called early", cell)
        terms["continuous"] = True
        return found
    reader = partial(observations, more=(FINAL, *ALL_TIMES))
    days = entry.row.read("knock_in_frequency", reader, "", entry.underlying.calendar, entry.span)
    if days is None:
        return None
    terms["knock_in_frequency"] = days
    return Observations(tuple(sorted({*days, *found.days})), found.days)


def _needed(history: History, made: Sequence[date]) -> list[date]:
    """The observations that decide what is left."""
    return past_of_notes.needed(_seen_on_dates(history), history.days, history.observed, made)


def _seen_on_dates(history: History) -> Autocallable:
    """The whole note; one that is watched at all times as what is known of it leaves it: knocked in, or not so far."""
    whole = history.whole
    assert isinstance(whole, Autocallable)
    return whole if history.watch is None else whole.without_knock_in(_knocked_in(history, nan) is not None)


def _knocked_in(history: History, spot: float) -> date | None:
    """When a note that is watched at all times was knocked in; None if it was not."""
    assert history.watch is not None
    return history.watch.touched(history.terms["level"], inf, spot)


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """What is left of a note that may have been redeemed."""
    if (gone := early.called(history, spot)) is not None:
        return gone
    whole, today = _seen_on_dates(history), history.span.today
    seen = past_of_notes.joined(history.days, history.seen(spot), today)
    if history.is_open and spot in past_of_notes.levels(whole, history.days.index(today)):
        refuse("fixings", f"hold today's, {today}: with it open, the spot, {spot:g}, is at a level", None)
    past = whole.past(seen)
    if past.called is not None:
        return past_of_notes.redeemed(whole, seen, past.called, history)
    if history.watch is not None:
        history.watch.verify(history.terms["level"], inf)
    if not history.ahead:
        return history.settled(spot)
    years = [*map(history.years, history.days)]
    line, knocked = history.progress(spot), None
    if history.watch is not None and (knocked := _knocked_in(history, spot)) is None:
        whole = replace(whole, knock_in=history.terms["level"], continuous=True)
    if knocked is not None:
        line = "; ".join(filter(None, (line, f"knocked in on {knocked}")))
        whole = whole.without_knock_in(True)
    left = past_of_notes.rest(whole, past, seen, years, history.years(history.span.paid))
    return early.ended(history, (left, past_of_notes.progress(line, past, history.days)))


def _remark(history: History, spot: float) -> str:
    """That no coupon is stated, and that the spot is beyond the level before the note has been compared with it."""
    return "; ".join(filter(None, ("" if "coupon" in history.terms else NO_COUPON, _beyond(history, spot))))


def _beyond(history: History, spot: float) -> str:
    """That the next comparison before the maturity knocks it in if nothing moves, in words; empty if it does not."""
    days, level, today = (
        history.terms.get("knock_in_frequency", ()),
        history.terms.get("level", 0.0),
        history.span.today,
    )
    ahead = [day for day in days if today < day < history.span.maturity]
    if spot > level or not ahead or early.called(history, spot) is not None:
        return ""
    whole = _seen_on_dates(history)
    past = whole.past(past_of_notes.joined(history.days, history.seen(spot), today))
    return already_beyond(spot, level) if past.called is None and past.knocked_in is None else ""


_CONDUCT = Conduct(dates=_dates, left=_left, needed=_needed, remark=_remark)
_NAMES = {"level": "knock_in", "autocall_level": "call_level", "knock_in_frequency": "knock_in_times"}
_TERMS = ("autocall_level", "coupon", "level", "knock_in_frequency", "protection", "redemption")
_BASE = ("frequency", "strike")
PRODUCTS = {
    "autocallable": Product(
        _note, _BASE, _TERMS, "a note redeemed early, with all coupons so far: a snowball", names=_NAMES,
        conduct=_CONDUCT,
    ),
    "phoenix": Product(
        _phoenix, _BASE, (*_TERMS, "coupon_barrier", "memory"), "a note redeemed early, whose coupons have a barrier",
        names=_NAMES, conduct=_CONDUCT,
    ),
    "reverse_convertible": Product(
        _reverse, _BASE, ("coupon", "protection", *early.NOTES), "coupons, and a redemption that falls with the spot",
        names=_NAMES, conduct=_CONDUCT,
    ),
    "barrier_reverse_convertible": Product(
        _reverse, (*_BASE, "level"), ("coupon", "protection", "knock_in_frequency", *early.NOTES),
        "the same, in full unless the spot was at or below a level", names=_NAMES, conduct=_CONDUCT,
    ),
}  # fmt: skip
