"""Sums over all observations: swaps on realised variance and volatility, range accruals, cliquets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from ..._checks import refuse
from ...engine.open_fixing import STILL, Moving
from ...payoffs.path import Cliquet
from ...payoffs.protocol import Contract
from ...payoffs.realised import RangeAccrual, VarianceSwap, VolatilitySwap
from ..cells import NUMBER, PRICE, TERM, Column, bound, key_of
from ..fixings import known
from ..levels import Percent
from ..underlying import Underlying
from .history import History, Terms
from .product import Conduct, Entry, Observations, Product, give, levels_in_currency, needs_it, on_frequency

A_YEAR = {"daily": 252.0, "weekly": 52.0, "monthly": 12.0, "quarterly": 4.0}
"""Returns a year, by frequency."""
MOST_VOLATILE = 5.0
_BOUND = "0.05 is 5 %, or none"

COLUMNS = (
    Column("local_floor", TERM, NUMBER, _BOUND, "least return of a period", bound),
    Column("local_cap", TERM, NUMBER, _BOUND, "greatest return of a period", bound),
    Column("global_floor", TERM, NUMBER, _BOUND, "least sum of returns", bound),
    Column("global_cap", TERM, NUMBER, _BOUND, "greatest sum of returns", bound),
    Column("annualisation", TERM, NUMBER, "> 0", "returns a year of a variance or volatility swap; 252, 52, 12 or 4 "
           "by its frequency if blank", PRICE),
)  # fmt: skip


# -- the spot that the first return is of ------------------------------------------------------------------------------


def _from_a_reference(entry: Entry, terms: Terms) -> Observations | None:
    """The dates, with that of the spot which the first return is of before them where it is to come."""
    if (found := on_frequency(entry, terms)) is None or "reference" in terms:
        return found
    terms["reference"] = reference(entry, found.days)
    if entry.span.start is None or terms["reference"] is not None:
        return found
    days = (entry.span.start, *found.days)
    return Observations(days, days)


def reference(entry: Entry, days: Sequence[date] = ()) -> float | None:
    """The spot that the first return of a trade with these observations is of, where its terms do not say it.

    None if it is to come: on a later start, or today's, which is open and moves with the spot.
    """
    own, underlying = entry.span, entry.underlying
    if own.expired:
        return underlying.spot
    if own.start is None:
        if days and days[0] <= own.today:
            why = f"be given, or the reference: the return to {days[0]} is of the spot at the start"
            refuse("start", why, None)
        return underlying.spot
    if own.start < own.today:
        past = [day for day in days if day < own.today]
        return known(entry.market.fixings, underlying.name, [own.start, *past])[0]
    return entry.market.fixings.get(underlying.name, {}).get(own.start) if own.start == own.today else None


# -- swaps -------------------------------------------------------------------------------------------------------------


def _of_volatility(entry: Entry, terms: Terms) -> Terms:
    """The terms, the strike as a volatility, with how many returns are counted a year."""
    strike = terms.pop("strike", None)
    found = levels_in_currency(entry, terms)
    if strike is None:  # its own problem is noted
        return found
    cells = entry.row.cells
    found["volatility_strike"] = strike.share if isinstance(strike, Percent) else strike
    if found["volatility_strike"] > MOST_VOLATILE:
        refuse("strike", "be a volatility such as 0.2 or 20%", cells["strike"])
    frequency = key_of(cells.get("frequency", entry.product.frequency))
    if "annualisation" not in found:
        if frequency not in A_YEAR:
            refuse("annualisation", "be given: the returns a year of the dates listed", None)
        found["annualisation"] = A_YEAR[frequency]
    return found


def _at_spot(terms: Mapping[str, Any], underlying: Underlying, years: float) -> float:
    """The spot: the strike is none."""
    return underlying.spot


def _swap(made: Callable[..., Contract], meaning: str) -> Product:
    """A swap with a volatility for its strike."""
    return Product(
        made, ("frequency", "strike"), ("reference", "annualisation"), meaning,
        names={"volatility_strike": "strike"}, also=("volatility_strike",), spotless=True, frequency="daily",
        conduct=Conduct(
            settled=_of_volatility, dates=_from_a_reference, read_at=_at_spot,
            moving=needs_it("the return up to today is realised"),
        ),
    )  # fmt: skip


# -- range accruals ----------------------------------------------------------------------------------------------------


def _within(history: History, spot: float, seen: Sequence[float]) -> Moving:
    """Away from the ends of the range nothing depends on today's fixing."""
    if spot in (history.terms["lower"], history.terms["upper"]):
        give(history, "the spot is at the end of the range")
    return STILL


# -- cliquets ----------------------------------------------------------------------------------------------------------


def _reset(history: History, spot: float, seen: Sequence[float]) -> Moving:
    """Where the return up to today is beyond its local bound nothing depends on the spot."""
    terms = history.terms
    before = seen[-2] if len(seen) > 1 else terms["reference"]
    if before is not None and terms["local_floor"] <= spot / before - 1.0 <= terms["local_cap"]:
        give(history, "the return up to today is within its local bounds")
    return Moving((0.0, 0.0), (0.0, 0.0, 0.0))


_RETURN_BOUNDS = ("local_floor", "local_cap", "global_floor", "global_cap")
PRODUCTS = {
    "range_accrual": Product(
        RangeAccrual, ("frequency", "lower", "upper"), ("cash",), "cash times the share of dates within a range",
        conduct=Conduct(moving=_within),
    ),
    "variance_swap": _swap(VarianceSwap, "realised variance less the square of the strike"),
    "volatility_swap": _swap(VolatilitySwap, "realised volatility less the strike"),
    "cliquet": Product(
        Cliquet, ("frequency", *_RETURN_BOUNDS), ("reference",), "the bounded sum of bounded returns",
        conduct=Conduct(dates=_from_a_reference, moving=_reset),
    ),
}  # fmt: skip
