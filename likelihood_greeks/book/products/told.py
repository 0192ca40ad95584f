"""What a trade that is watched at all times tells of its past, held against what the market shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import inf
from typing import Any

from ..._checks import refuse
from ..market import ROUNDING, Market
from ..schedule import Span
from ..underlying import Underlying


def verify_told(underlying: Underlying, market: Market, own: Span, terms: Mapping[str, Any]) -> None:
    """Refuse what a trade or the market tells of the past where the market, or its spot, contradicts it.

    A low, high or fixing says that a level was touched, or an extreme passed; lows and highs that none was. What it has
    of the first day may be of before the trade began.

    Raises
    ------
    ValueError
        Naming the column, the day, and what the market has.
    """
    _verify_today(underlying, market)
    if "so_far" in terms and own.start is not None and own.watched_to is not None:
        _verify_extreme(underlying.name, market, own, terms)
    levels, end, name = _levels(terms), min(own.today, own.last_watched), underlying.name
    hit, known = own.touched_on, own.watched_to
    days = {day for table in (market.lows, market.highs, market.fixings) for day in table.get(name, {})}
    opened = [day for day in (own.start, own.watched_from) if day is not None]
    since = max(opened) if opened else end
    touches = ((day, _touch(name, market, day, levels)) for day in sorted(days) if since < day <= end)
    first, shown = next(((day, what) for day, what in touches if what), (None, ""))
    if first is not None and known is not None and first <= known and (hit is None or hit > known):
        refuse("watched_to", f"be before {first}, when the market shows a touch ({shown})", known.isoformat())
    if hit is None or hit > end:
        return
    if first is not None and first < hit:
        refuse("touched_on", f"not be after {first}, when the market shows a touch ({shown})", hit.isoformat())
    if inside := _inside(name, market, hit, levels):
        refuse("touched_on", f"be a day on which the market shows a touch ({inside} on {hit})", hit.isoformat())


def _levels(terms: Mapping[str, Any]) -> tuple[float, float]:
    """Between which levels nothing happens; zero and infinity for none."""
    if "level" not in terms:
        return terms.get("lower", 0.0), terms.get("upper", inf)
    return (0.0, terms["level"]) if terms.get("direction") == "up" else (terms["level"], inf)


def _touch(name: str, market: Market, day: date, levels: tuple[float, float]) -> str:
    """What says that a level was touched on a day, in words; empty if nothing does."""
    close = market.fixings.get(name, {}).get(day)
    lows = {"low": market.lows.get(name, {}).get(day), "fixing": close}
    highs = {"high": market.highs.get(name, {}).get(day), "fixing": close}
    below = [f"{what} {x:g}, level {levels[0]:g}" for what, x in lows.items() if x is not None and x <= levels[0]]
    above = [f"{what} {x:g}, level {levels[1]:g}" for what, x in highs.items() if x is not None and x >= levels[1]]
    return next(iter([*below, *above]), "")


def _inside(name: str, market: Market, day: date, levels: tuple[float, float]) -> str:
    """What says that no level was touched on a day, in words; empty if one may have been."""
    low, high = market.lows.get(name, {}).get(day), market.highs.get(name, {}).get(day)
    low, high = low if levels[0] > 0.0 else inf, high if levels[1] < inf else 0.0
    if low is None or high is None or low <= levels[0] or high >= levels[1]:
        return ""
    return ", ".join(f"{what} {x:g}" for what, x in (("low", low), ("high", high)) if 0.0 < x < inf)


def _verify_extreme(name: str, market: Market, own: Span, terms: Mapping[str, Any]) -> None:
    """Refuse an extreme of a lookback that a day between its start and `watched_to` went beyond."""
    highest = (terms.get("option") == "call") == ("strike" in terms)
    stated, sign, what = terms["so_far"], 1.0 if highest else -1.0, "highs" if highest else "lows"
    seen = [
        (sign * x, day) for table in (getattr(market, what), market.fixings) for day, x in table.get(name, {}).items()
    ]
    known = [(x, day) for x, day in seen if (own.start or own.today) < day <= (own.watched_to or own.today)]
    most, day = max(known, default=(-inf, own.today))
    if most > sign * stated + ROUNDING * abs(stated):
        side = "at least" if highest else "at most"
        refuse("so_far", f"be {side} {sign * most:g}, which the market shows on {day}", stated)


def _verify_today(underlying: Underlying, market: Market) -> None:
    """Refuse a low of the valuation date above the spot, and a high below it."""
    name, spot, today = underlying.name, underlying.spot, market.valuation_date
    low, high = (table.get(name, {}).get(today, spot) for table in (market.lows, market.highs))
    if low > spot * (1.0 + ROUNDING):
        refuse(f"lows.{name}.{today}", f"not be above the spot of that day, {spot:g}", low)
    if high < spot * (1.0 - ROUNDING):
        refuse(f"highs.{name}.{today}", f"not be below the spot of that day, {spot:g}", high)
