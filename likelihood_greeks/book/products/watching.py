"""What is known of a trade that is watched at all times and has a past: the lows and highs of the days since.

Fixings do not show what happened between them. So the market states the lowest and highest spot of days (`lows`,
`highs`), or the trade says up to when all is known of it (`watched_to`), or when it was touched (`touched_on`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import inf
from typing import Any, final

import numpy as np

from ..._checks import refuse
from ..._typing import AnyArray
from ...payoffs.continuous import PaysByExtreme, Watched
from ...payoffs.protocol import Contract, stated_payments
from ..calendars import business_days
from ..fixings import listed
from ..market import Market
from ..schedule import Span


@final
@dataclass(frozen=True, slots=True)
class Watch:
    """The extremes of the days that have gone by since all was known of a trade.

    Parameters
    ----------
    name : str
        Of the underlying.
    span : Span
    since : datetime.date, optional
        Up to when all is known of the trade itself; None: nothing is, and it has a past.
    days : tuple of datetime.date
        The business days after that, up to today or the maturity.
    lows, highs : mapping of datetime.date to float
        Of these days, and of others between them that are stated.
    begun : float, optional
        The fixing of the day on which it began, if that is when all was known.
    opening : tuple of float, optional
        Of a window that has opened since, on a day without a fixing: between what the spot was on that day.
    """

    name: str
    span: Span
    since: date | None
    days: tuple[date, ...] = ()
    lows: Mapping[date, float] = field(default_factory=dict)
    highs: Mapping[date, float] = field(default_factory=dict)
    begun: float | None = None
    opening: tuple[float, float] | None = None

    @classmethod
    def of(cls, name: str, market: Market, own: Span) -> Watch:
        """What a market shows of a trade on the underlying `name`."""
        end = min(own.today, own.last_watched)
        known = [day for day in (own.start, own.watched_to, own.watched_from) if day is not None]
        if own.touched_on is not None and own.touched_on > own.today:
            known.append(own.today)  # by then it was not
        if not known:
            return cls(name, own, own.today if own.today < own.last_watched else None)
        since = min(max(known), end)
        days = business_days(market.underlying(name).calendar, since, end)
        lows, highs = (
            {day: x for day, x in sorted(table.get(name, {}).items()) if since < day <= end}
            for table in (market.lows, market.highs)
        )
        began = since in (own.start, own.watched_from) and since < own.today
        begun = market.fixings.get(name, {}).get(since) if began else None
        opening = None
        if began and begun is None and since == own.watched_from and since != own.watched_to:
            opening = market.lows.get(name, {}).get(since, -inf), market.highs.get(name, {}).get(since, inf)
        return cls(name, own, since, days, lows, highs, begun, opening)

    def touched(self, low: float, high: float, spot: float) -> date | None:
        """The first day on which the spot is known to have been at or beyond two levels; None if it was not."""
        own = self.span
        if own.touched_on is not None and own.touched_on <= own.today:
            return own.touched_on
        if self.begun is not None and not low < self.begun < high:
            return self.since
        days = sorted({*self.lows, *self.highs})
        hit = next((day for day in days if self.lows.get(day, inf) <= low or self.highs.get(day, -inf) >= high), None)
        watched = (own.watched_from or own.today) <= own.today <= own.last_watched
        if hit is None and watched and (spot <= low or spot >= high):
            return own.today
        return hit

    def at(self, hit: date, low: float, spot: float) -> str:
        """Where the spot was when it was at or beyond two levels, in words; empty where that is not known."""
        if self.span.touched_on is not None:
            return ""
        found = self.lows.get(hit, inf) if self.lows.get(hit, inf) <= low else self.highs.get(hit)
        if hit == self.since and self.begun is not None:
            found = self.begun
        return f" at {spot if found is None else found:g}"

    def paid_when_touched(self, whole: Contract) -> tuple[date | None, float] | None:
        """When a contract that pays at a touch was touched, and what it paid; None if it pays otherwise."""
        corridor = whole.corridor if isinstance(whole, Watched) else None
        if corridor is None or not corridor.on_exit:
            return None
        return self.touched(corridor.lower, corridor.upper, np.nan), corridor.on_exit

    def verify(self, low: float, high: float) -> None:
        """Refuse a past of which it is not known whether the spot was at or beyond two levels.

        Raises
        ------
        ValueError
            Naming the days whose lows or highs are missing, up to the first known touch.
        """
        hit = self.touched(low, high, np.nan)
        if hit is not None and hit == self.span.touched_on:
            return
        self._verify_since()
        if self.opening is not None and not low < self.opening[0] <= self.opening[1] < high:
            sides = [(low > 0.0, self.opening[0] <= low), (high < inf, self.opening[1] >= high)]
            if any(watched and beyond for watched, beyond in sides):
                why = "a spot that is beyond the level when the window opens has reached it"
                refuse("fixings", f"hold {self.name} on {self.since}: {why}", None)
        for name, table, needed in (("lows", self.lows, low > 0.0), ("highs", self.highs, high < inf)):
            missing = [day for day in self.days if day not in table and (hit is None or day < hit)]
            if needed and missing:
                self._ask(name, missing)

    def so_far(self, highest: bool, stated: float | None) -> float | None:
        """The highest or lowest spot up to now, without today's own; None if nothing is past.

        Raises
        ------
        ValueError
            If it is not known.
        """
        self._verify_since()
        own, table = self.span, self.highs if highest else self.lows
        if (stated is None) != (own.watched_to is None):
            refuse("so_far" if stated is None else "watched_to", "be given: up to then so_far is the extreme", None)
        if own.watched_to is not None and own.watched_to > own.today:
            refuse("watched_to", f"not be after {own.today}: so_far is the extreme up to then", str(own.watched_to))
        if missing := [day for day in self.days if day not in table]:
            self._ask("highs" if highest else "lows", missing)
        if stated is None and self.since is not None and self.since < own.today and self.begun is None:
            refuse("fixings", f"hold {self.name} on {self.since}, when the trade began", None)
        seen = [x for x in (stated, self.begun, *table.values()) if x is not None]
        return (max if highest else min)(seen) if seen else None

    def _verify_since(self) -> None:
        if self.since is None:
            why = f"be given: whether anything was touched up to {self.span.maturity} depends on it"
            refuse("start", why, None)

    def _ask(self, name: str, missing: list[date]) -> None:
        why = "the trade is watched at all times (watched_to says up to when all is known of it)"
        refuse(name, f"hold {self.name} on {listed(missing)}: {why}", None)


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """A contract that is watched at all times, of which it is known what happened between its observations."""

    whole: Contract
    watch: Watch

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract."""
        return self.whole.times

    @property
    def payments(self) -> tuple[float, ...]:
        """When it pays."""
        stated = stated_payments(self.whole)
        return self.whole.times[-1:] if stated is None else stated

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Its cash flows on the observations, shape (n_observations, 1)."""
        watch = self.watch
        if isinstance(self.whole, Watched) and (corridor := self.whole.corridor) is not None:
            stays, leaves = self.whole.outcomes(spot)
            return stays if watch.touched(corridor.lower, corridor.upper, np.nan) is None else leaves
        if isinstance(self.whole, PaysByExtreme) and (extreme := self.whole.extreme) is not None:
            besides, factor = self.whole.parts(spot)
            best: Any = max if extreme.highest else min
            table = watch.highs if extreme.highest else watch.lows
            seen = [x for x in (extreme.bound, watch.begun, *table.values()) if x is not None]
            return besides + factor * np.array([best(spot[-1, 0], *seen)])
        return self.whole(spot)


def shown(whole: Contract, watch: Watch | None) -> Contract:
    """A whole contract as a function of its observations, given what was seen between them."""
    return whole if watch is None else Shown(whole, watch)
