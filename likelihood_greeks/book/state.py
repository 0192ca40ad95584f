"""What a trade has become: its observations so far, and the contract that is left of it.

Observations before the valuation date are fixings. One on the valuation date is a fixing where the market states it;
else it is open, equals today's spot and moves with it (`open_today`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, final

import numpy as np

from .._checks import refuse
from ..payoffs.autocallable import Autocallable
from ..payoffs.european import Call, Put
from ..payoffs.forward_start import ForwardStart
from ..payoffs.protocol import Contract
from ..payoffs.seasoned import KnownCashFlow, OnDates, PaidLater, Seasoned
from . import notes
from .calendars import DAYS_PER_YEAR
from .fixings import Fixings
from .products import EUROPEAN, PRODUCTS, contract_of
from .schedule import Span

STEP = 2.0**-20
"""Share of the spot over which a payment must be straight in it to have a slope."""
STRAIGHT = 1e-7
"""Relative gap of the slopes on both sides of the spot up to which it is."""


@final
@dataclass(frozen=True)
class History:
    """A trade with its observations, made and to come.

    Parameters
    ----------
    product : str
    terms : mapping of str to Any
        By column, but for the maturity and the dates.
    span : Span
    days : tuple of datetime.date
        All observations; the maturity is the last.
    watched : tuple of datetime.date
        Those that are compared with barriers.
    observed : mapping of datetime.date to float
        What is known of them.
    is_open : bool
        Whether there is one today that is not known.
    """

    product: str
    terms: Mapping[str, Any]
    span: Span
    days: tuple[date, ...]
    watched: tuple[date, ...]
    observed: Mapping[date, float] = field(default_factory=dict)
    is_open: bool = False

    def informed(self, name: str, fixings: Fixings) -> History:
        """The same with the fixings that it needs, which are those of the underlying `name`.

        Raises
        ------
        ValueError
            If a fixing is missing, naming the dates. A barrier that a known one touched needs no others.
        """
        if self.span.expired:
            return self
        stated, today = fixings.get(name, {}), self.span.today
        is_open = today in self.days and today not in stated
        needed = [day for day in self.days if day < today or (day == today and not is_open)]
        partly = replace(self, observed={day: stated[day] for day in needed if day in stated})
        if self._knocks and (hit := partly.touch(np.nan)) is not None:
            needed = [day for day in needed if day in (hit, self.span.maturity)]
        if PRODUCTS[self.product].calls:
            needed = notes.needed(self.whole, self.days, partly.observed, needed)
        observed = dict(zip(needed, fixings.known(name, needed), strict=True))
        return replace(self, observed=observed, is_open=is_open)

    def years(self, day: date) -> float:
        """Year fraction from the valuation date."""
        return (day - self.span.today).days / DAYS_PER_YEAR

    @property
    def ahead(self) -> tuple[date, ...]:
        """The observations after today."""
        return tuple(day for day in self.days if day > self.span.today)

    def seen(self, spot: float) -> dict[date, float]:
        """The observations up to today, an open one at the spot."""
        return {**self.observed, self.span.today: spot} if self.is_open else dict(self.observed)

    @property
    def decided(self) -> bool:
        """Whether today's spot changes nothing: no fixing of today is open, or a barrier was touched before."""
        return not self.is_open or (self._knocks and self.touch(np.nan) is not None)

    def left(self, spot: float) -> tuple[Contract, str]:
        """The contract that is left with today's spot, and in words what the trade has become; empty if it is new.

        Raises
        ------
        ValueError
            If today's fixing is open and the spot stands where it cannot be: at a barrier, or where the payment, all of
            whose other observations are made, is not straight in it.
        """
        if self.span.expired:
            return KnownCashFlow(0.0, 0.0), f"expired: paid on {self.span.paid}, worth nothing"
        if PRODUCTS[self.product].touches:
            return self._touch(spot)
        if "knock" in self.terms:
            return self._barrier(spot)
        if PRODUCTS[self.product].calls:
            return self._note(spot)
        if not self.ahead:
            return self._settled(spot)
        if PRODUCTS[self.product].struck_at_start and self.days[0] not in self.ahead:
            return self._struck(spot)
        whole, seen = contract_of(self.product, self._dated(self.ahead)), self._remembered(spot)
        left = self._paid_then(whole)
        return Seasoned(left, seen) if seen else left, self._progress(spot)

    @property
    def _knocks(self) -> bool:
        """Whether reaching a level decides it."""
        return "knock" in self.terms or PRODUCTS[self.product].touches

    def touch(self, spot: float) -> date | None:
        """The first day on which a barrier was touched; None if none was."""
        low, high = bounds(self.terms)
        return next(
            (day for day, x in self.seen(spot).items() if day in self.watched and (x <= low or x >= high)), None
        )

    def _remembered(self, spot: float) -> tuple[float, ...]:
        """The observations that the contract must still see; of extremes the one that counts."""
        seen = tuple(self.seen(spot).values())
        if self.product != "lookback" or not seen:
            return seen
        highest = (self.terms["option"] == "call") == ("strike" in self.terms)
        return (max(seen) if highest else min(seen),)

    def _progress(self, spot: float, what: str = "past") -> str:
        """How many observations are made, in words."""
        if not (seen := len(self.seen(spot))):
            return ""
        moving = "; today's fixing is open and moves with the spot" if self.is_open else ""
        return f"{seen} of {len(self.days)} observations are {what}{moving}"

    def _dated(self, days: Sequence[date]) -> dict[str, Any]:
        """The terms with the maturity and these observation dates, in years."""
        start = {"start": self.years(days[0])} if PRODUCTS[self.product].struck_at_start else {}
        return {**self.terms, "maturity": self.years(self.days[-1]), "frequency": tuple(map(self.years, days)), **start}

    def _struck(self, spot: float) -> tuple[Contract, str]:
        """What is left of an option whose strike is set."""
        at, end = self.seen(spot)[self.days[0]], self.days[-1]
        whole = self.whole
        line = f"struck on {self.days[0]} at {at:g}" + "; today's fixing is open and moves with the spot" * self.is_open
        if isinstance(whole, ForwardStart) and not whole.performance:
            made = Call if whole.kind == "call" else Put
            return self._paid_then(made(whole.moneyness * at, self.years(end))), line
        return self._paid_then(Seasoned(OnDates(whole, tuple(map(self.years, self.days))), (at,))), line

    def _paid_then(self, contract: Contract) -> Contract:
        """The contract, paying on the payment date."""
        if self.span.paid == self.span.maturity:
            return contract
        return PaidLater(contract, self.years(self.span.paid))

    def _note(self, spot: float) -> tuple[Contract, str]:
        """What is left of a note that may have been redeemed."""
        whole, seen = self.whole, notes.joined(self.days, self.seen(spot), self.span.today)
        assert isinstance(whole, Autocallable)
        if self.is_open and spot in notes.levels(whole, self.days.index(self.span.today)):
            refuse("fixings", f"hold today's, {self.span.today}: with it open, the spot, {spot:g}, is at a level", None)
        past = whole.past(seen)
        if past.called is None and not self.ahead:
            return self._settled(spot)
        if past.called is not None:
            return notes.redeemed(whole, seen, past.called, (self.days, self.span))
        left = notes.rest(whole, past, seen, [*map(self.years, self.days)], self.years(self.span.paid))
        return left, notes.progress(self._progress(spot), past, self.days)

    def _touch(self, spot: float) -> tuple[Contract, str]:
        """What is left of cash for a touch, or for none."""
        hit, live = self.touch(spot), [day for day in self.watched if day > self.span.today]
        self._verify_off_barrier(hit, spot)
        if hit is None and live:
            terms = {**self._dated(live), "maturity": self.years(self.span.paid)}
            return contract_of(self.product, terms), self._progress(spot, "past, none at a barrier")
        event = "never at a barrier" if hit is None else f"touched on {hit} at {self.seen(spot)[hit]:g}"
        paid = hit if hit is not None and self.terms.get("pays_at") == "hit" else self.span.paid
        if (self.product == "one_touch") != (hit is not None) or paid < self.span.today:
            return KnownCashFlow(0.0, self.years(self.span.paid)), f"{event}: worth nothing"
        cash = self.terms.get("cash", 1.0)
        return KnownCashFlow(cash, self.years(paid)), f"{event}: pays {cash:g} on {paid}"

    def _verify_off_barrier(self, hit: date | None, spot: float) -> None:
        """Refuse a spot at a barrier while today's fixing is open."""
        if self.is_open and hit == self.span.today and spot in bounds(self.terms):
            refuse("fixings", f"hold today's, {hit}: with it open, the spot, {spot:g}, is at the barrier", None)

    def _barrier(self, spot: float) -> tuple[Contract, str]:
        """What is left of a product with a barrier."""
        hit, live = self.touch(spot), [day for day in self.watched if day > self.span.today]
        self._verify_off_barrier(hit, spot)
        if hit is None and live:
            contract = contract_of(self.product, self._dated(live))
            return self._paid_then(contract), self._progress(spot, "past, none at a barrier")
        knock, option = self.terms["knock"], self.terms["option"]
        event = "never at a barrier" if hit is None else f"knocked {knock} on {hit} at {self.seen(spot)[hit]:g}"
        if (knock == "out") == (hit is None):
            terms = {name: self.terms[name] for name in EUROPEAN[option].columns if name in self.terms}
            end = self.days[-1]
            last = {end: self.observed[end]} if end in self.observed else {}
            inner = History(option, terms, self.span, (end,), (), last, self.is_open and end == self.span.today)
            contract, line = inner.left(spot)
            return contract, f"{event}: {line or option.replace('_', ' ')}"
        rebate = self.terms.get("rebate", 0.0)
        pays = f"pays its rebate, {rebate:g}, on {self.span.paid}" if rebate else "worth nothing"
        return KnownCashFlow(rebate, self.years(self.span.paid)), f"{event}: {pays}"

    @property
    def whole(self) -> Contract:
        """The contract on all observations, made and to come; its dates are numbered."""
        numbers = tuple(float(k + 1) for k in range(len(self.days)))
        watched = tuple(x for x, day in zip(numbers, self.days, strict=True) if day in self.watched)
        terms = {**self.terms, "maturity": numbers[-1], "frequency": watched, "start": numbers[0]}
        if "knock_in_frequency" in terms:
            terms["knock_in_frequency"] = tuple(numbers[self.days.index(day)] for day in terms["knock_in_frequency"])
        return contract_of(self.product, terms)

    def _settled(self, spot: float) -> tuple[Contract, str]:
        """The known cash flow, when all observations are made."""
        contract = self.whole
        seen, when = [*self.seen(spot).values()], self.years(self.span.paid)
        amount = _paid(contract, seen)
        pays = f"pays {amount:g} on {self.span.paid}"
        if not self.is_open:
            return KnownCashFlow(amount, when), f"all observations are made: {pays}"
        up, down = ((_paid(contract, [*seen[:-1], spot * (1.0 + h)]) - amount) / (h * spot) for h in (STEP, -STEP))
        if abs(up - down) > STRAIGHT * max(abs(up), abs(down), abs(amount) / spot):
            why = "with it open, the payment is not straight in today's spot"
            refuse("fixings", f"hold today's, {self.span.today}: {why}", None)
        return KnownCashFlow(amount, when, 0.5 * (up + down)), f"last observed today, the fixing still open: {pays}"


def bounds(terms: Mapping[str, Any]) -> tuple[float, float]:
    """Between which levels a barrier is not touched."""
    if "level" not in terms:
        return terms["lower"], terms["upper"]
    return (terms["level"], np.inf) if terms["direction"] == "down" else (-np.inf, terms["level"])


def _paid(contract: Contract, observed: Sequence[float]) -> float:
    """What a contract pays on one path, at its end."""
    return float(np.ravel(contract(np.array(observed)[:, None]))[-1])  # what it paid before is paid
