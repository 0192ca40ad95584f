"""Options that are knocked in or out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from math import inf, log, nan, sqrt
from typing import Any

from ..._checks import refuse
from ...payoffs.barrier import Barrier, DoubleBarrier
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow
from ..cells import AMOUNT, NO_AMOUNT, NUMBER, TERM, WORD, Column, word
from ..underlying import Underlying, quoted_volatility
from . import europeans
from .history import History, Terms
from .product import ALL_TIMES, Conduct, Product, strike_or_spot, watched_on_frequency

IDLE = 8.0
"""Deviations of the final spot between a strike and the forward beyond which the strike decides nothing (1e-15)."""
_IN_OUT = ("in", "out")

COLUMNS = (
    Column("rebate", TERM, NUMBER, "finite, in currency", "paid at maturity in place of the option; 0 if blank",
           AMOUNT, harmless=NO_AMOUNT),
    Column("knock", TERM, WORD, ", ".join(_IN_OUT), "what touching it does", partial(word, _IN_OUT)),
)  # fmt: skip


def bounds(terms: Mapping[str, Any]) -> tuple[float, float]:
    """Between which levels a barrier is not touched."""
    if "level" not in terms:
        return terms["lower"], terms["upper"]
    return (terms["level"], inf) if terms["direction"] == "down" else (-inf, terms["level"])


def nearest(terms: Mapping[str, Any], spot: float) -> float:
    """The barrier that is nearest to the spot; the spot where a term is missing, for which the trade is refused."""
    if not terms.keys() >= {"level", "direction"} and not terms.keys() >= {"lower", "upper"}:
        return spot
    return min((x for x in bounds(terms) if 0.0 < x < inf), key=lambda x: abs(log(x / spot)))


def touch(history: History, spot: float) -> date | None:
    """The first day on which a barrier was touched; None if none was."""
    low, high = bounds(history.terms)
    if history.watch is not None:
        return history.watch.touched(low, high, spot)
    seen = history.seen(spot).items()
    return next((day for day, x in seen if day in history.watched and (x <= low or x >= high)), None)


def touched(history: History) -> bool:
    """Whether a barrier was touched before an open fixing of today."""
    return touch(history, nan) is not None


def verify_known(history: History) -> None:
    """Refuse a past of which it is not known whether a barrier was touched."""
    if history.watch is not None:
        history.watch.verify(*bounds(history.terms))


def where(history: History, hit: date, spot: float) -> str:
    """Where a barrier was touched, in words."""
    if history.watch is not None:
        return history.watch.at(hit, bounds(history.terms)[0], spot)
    return f" at {history.seen(spot).get(hit, spot):g}{history.still_open(hit)}"


def until_touched(history: History, made: Sequence[date]) -> list[date]:
    """The observations up to a touch decide; after it only that of the maturity."""
    hit = touch(history, nan)
    return [day for day in made if hit is None or day in (hit, history.span.maturity)]


def to_be_watched(history: History) -> list[date]:
    """The observations after today; none where the window in which a trade is watched at all times has closed."""
    if history.watch is not None and history.span.last_watched <= history.span.today:
        return []
    return [day for day in history.watched if day > history.span.today]


def verify_off_barrier(history: History, hit: date | None, spot: float) -> None:
    """Refuse a spot at a barrier while today's fixing is open."""
    if history.is_open and hit == history.span.today and spot in bounds(history.terms):
        refuse("fixings", f"hold today's, {hit}: with it open, the spot, {spot:g}, is at the barrier", None)


def _read_at(terms: Mapping[str, Any], underlying: Underlying, years: float) -> float:
    """The strike; of a digital whose strike decides nothing, so that the barrier alone does, the barrier."""
    strike = strike_or_spot(terms, underlying, years)
    if not str(terms.get("option")).startswith("digital"):
        return strike
    barrier = nearest(terms, underlying.spot)
    deviation = quoted_volatility(underlying.model(barrier, years), years) * sqrt(years)
    return barrier if abs(log(strike / underlying.forward(years))) > IDLE * deviation else strike


def alive(history: History, spot: float) -> str:
    """What is known of a trade none of whose barriers was touched, in words."""
    span = history.span
    if span.watched_from is not None and span.watched_from > span.today:
        return f"watched from {span.watched_from} until {span.last_watched}"
    closes = f"watched until {span.watched_until}" if span.watched_until is not None else ""
    if (watch := history.watch) is None or watch.since == span.today:
        return "; ".join(filter(None, (history.progress(spot, "past, none at a barrier"), closes)))
    return ", ".join(filter(None, (f"not touched up to {span.today}", closes)))


def already_beyond(spot: float, level: float) -> str:
    """That the next comparison finds the level reached if nothing moves, in words."""
    return f"the spot, {spot:g}, is already {'at' if spot == level else 'beyond'} the level, {level:g}"


def beyond(history: History, spot: float) -> str:
    """That the spot is beyond a level which no observation has found it at so far, in words; empty if it is not."""
    low, high = bounds(history.terms)
    if low < spot < high or history.span.expired or touch(history, spot) or not to_be_watched(history):
        return ""
    return already_beyond(spot, low if spot <= low else high)


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """What is left of a product with a barrier."""
    verify_known(history)
    hit, live = touch(history, spot), to_be_watched(history)
    verify_off_barrier(history, hit, spot)
    if hit is None and live:
        return history.paid_then(history.product.of(history.dated(live))), alive(history, spot)
    terms, end = history.terms, history.days[-1]
    knocked = "" if hit is None else f"knocked {terms['knock']} on {hit}{where(history, hit, spot)}"
    event = knocked or "never at a barrier"
    if (terms["knock"] == "out") == (hit is None):
        option = terms["option"]
        last = {end: history.observed[end]} if end in history.observed else {}
        at_end = {name: term for name, term in terms.items() if name not in ALL_TIMES}
        inner = replace(
            history, name=option, product=europeans.PRODUCTS[option], days=(end,), watched=(end,), observed=last,
            is_open=history.is_open and end == history.span.today, terms=at_end, watch=None,
        )  # fmt: skip
        contract, line = inner.left(spot)
        return contract, f"{event}: {line or option.replace('_', ' ')}"
    rebate = terms.get("rebate", 0.0)
    pays = f"pays its rebate, {rebate:g}, on {history.span.paid}" if rebate else "worth nothing"
    return KnownCashFlow(rebate, history.years(history.span.paid)), f"{event}: {pays}"


_CONDUCT = Conduct(
    dates=watched_on_frequency, read_at=_read_at, left=_left, needed=until_touched, decided=touched, remark=beyond
)


def _knocked(made: type[Barrier] | type[DoubleBarrier], **terms: Any) -> Contract:
    """A barrier around the European that its terms describe."""
    option = europeans.PRODUCTS[terms.pop("option")]
    inner: Terms = {name: terms.pop(name) for name in _TERMS if name in terms}
    european: Any = option.of(inner)
    return made(european, **terms)


_TERMS = ("maturity", "strike", "trigger", "cash")
PRODUCTS = {
    "barrier": Product(
        partial(_knocked, Barrier), ("option", "level", "direction", "knock", "frequency"), ("rebate",),
        "a European that begins or ends when the spot is at or beyond a level", tuple(europeans.PRODUCTS),
        also=(*_TERMS, "window"), conduct=_CONDUCT, continuous=True,
    ),
    "double_barrier": Product(
        partial(_knocked, DoubleBarrier), ("option", "lower", "upper", "knock", "frequency"), ("rebate",),
        "the same with two levels", tuple(europeans.PRODUCTS), also=(*_TERMS, "window"), conduct=_CONDUCT,
        continuous=True,
    ),
}  # fmt: skip
