"""Fixings that jump as no market does, and fixings of a day that two markets state differently: said, not refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from math import exp, log, sqrt

from .assets.names import names_of
from .calendars import DAYS_PER_YEAR
from .market import Market
from .trade import Trade

LEAST, DEVIATIONS = log(1.5), 4.0
"""A jump of half as much again, and so many deviations of a spot with a volatility of 100 %, is odd."""
RESTATED = 1e-6
"""By what share of it a fixing may differ between two markets."""
NAMED = 3
"""Fixings that a remark names."""


def remarks(trades: Iterable[Trade], market: Market) -> list[str]:
    """A line for each underlying of trades with a past that has a fixing far from the one before, or from its spot."""
    lines = (_line(name, market) for name in _with_past(trades) if name in market.underlyings)
    return [line for line in lines if line]


def restated(trades: Iterable[Trade], first: Market, second: Market) -> list[str]:
    """A line for each underlying of which the second market states another past, or a spot that none goes to.

    The past of those of trades that have one, the spots of all.
    """
    own = [*trades]
    names, days = _with_past(own), (first.valuation_date, second.valuation_date)
    spots = {
        name: [day.underlyings[name].spot for day in (first, second)]
        for name in _names(own)
        if name in first.underlyings.keys() & second.underlyings.keys()
    }
    found = [
        f"the spot of {name} goes from {x:g} on {days[0]} to {y:g} on {days[1]}: a split, perhaps"
        for name, (x, y) in spots.items()
        if abs(log(y / x)) > _most(*days)
    ]
    for what in ("fixings", "lows", "highs"):
        for name in names:
            before, after = (getattr(own, what).get(name, {}) for own in (first, second))
            if changes := [*_changes(before, after, first.valuation_date)]:
                more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
                which = ", ".join(changes[:NAMED]) + more
                found.append(f"{what} of {name} are restated by the second market, which is in the profit: {which}")
    return found


def _with_past(trades: Iterable[Trade]) -> dict[str, None]:
    """The underlyings of trades of which something was observed."""
    return _names(
        trade
        for trade in trades
        if (history := trade.history) is not None and (history.observed or history.watch is not None)
    )


def _names(trades: Iterable[Trade]) -> dict[str, None]:
    """The underlyings of trades."""
    return dict.fromkeys(name for trade in trades for name in names_of(trade.underlying))


def _changes(before: Mapping[date, float], after: Mapping[date, float], end: date) -> Iterator[str]:
    """What two tables state differently of days before one, in words."""
    for day in sorted(before.keys() & after.keys()):
        if day < end and abs(after[day] - before[day]) > RESTATED * before[day]:
            yield f"{before[day]:g} to {after[day]:g} on {day}"


def _line(name: str, market: Market) -> str:
    """What is said of the worst jump of the fixings of an underlying; empty if all are as markets move."""
    today, spot = market.valuation_date, market.underlyings[name].spot
    known = [(day, x) for day, x in sorted(market.fixings.get(name, {}).items()) if day <= today]
    steps = pairwise([*known, (today, spot)])  # none, where the past is told by the trade itself
    odd = [(log(y / x), day, x, later, y) for (day, x), (later, y) in steps if abs(log(y / x)) > _most(day, later)]
    if not odd:
        return ""
    jump, day, x, later, y = max(odd, key=lambda step: abs(step[0]))
    end = f"the spot, {y:g}" if later == today and y == spot else f"{y:g} on {later}"
    times = exp(abs(jump))
    return (
        f"fixings of {name}: {x:g} on {day} and {end} are {times:.3g} times apart; a wrong fixing, or a split, perhaps"
    )


def _most(day: date, later: date) -> float:
    """How far apart in logarithms a spot may be on two days."""
    return LEAST + DEVIATIONS * sqrt((later - day).days / DAYS_PER_YEAR)
