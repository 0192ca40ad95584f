"""What a trade has become: its observations so far, and the contract that is left of it.

Observations before the valuation date are fixings. One on the valuation date is a fixing where the market states it;
else it is open, equals today's spot and moves with it (`open_fixing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from ..._checks import refuse
from ...engine.open_fixing import Moving
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow, PaidLater
from ..calendars import DAYS_PER_YEAR
from ..fixings import known
from ..schedule import Span
from .watching import Watch, shown

Terms: TypeAlias = dict[str, Any]
"""Terms by column, read."""
STEP = 2.0**-20
"""Share of the spot over which a payment must be straight in it to have a slope."""
STRAIGHT = 1e-7
"""Relative gap of the slopes on both sides of the spot up to which it is."""


class Ageing(Protocol):
    """What a trade asks of its product as time passes: see `product.Conduct`."""

    @property
    def left(self) -> Callable[[History, float], tuple[Contract, str]]:
        """From a history and today's spot to the contract that is left, and what the trade has become, in words."""
        ...

    @property
    def needed(self) -> Callable[[History, Sequence[date]], list[date]]:
        """From a history of what is known and the dates of observations made to those dates that decide something."""
        ...

    @property
    def decided(self) -> Callable[[History], bool]:
        """Whether today's spot changes nothing, though its fixing is open."""
        ...

    @property
    def moving(self) -> Callable[[History, float, Sequence[float]], Moving]:
        """From a history, today's spot and the observations up to today to how Greeks in the spot follow."""
        ...

    @property
    def as_paid(self) -> Callable[[History], History]:
        """From a history to that of a trade which has paid the same so far, and pays by itself."""
        ...


class Kind(Protocol):
    """A product, as its trades know it."""

    @property
    def conduct(self) -> Ageing:
        """How trades age."""
        ...

    def of(self, terms: Mapping[str, Any]) -> Contract:
        """The contract, from terms by column."""
        ...


@final
@dataclass(frozen=True)
class History:
    """A trade with its observations, made and to come.

    Parameters
    ----------
    name : str
        Of the product.
    product : Kind
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
    watch : Watch, optional
        What is known besides of one that is watched at all times.
    """

    name: str
    product: Kind
    terms: Mapping[str, Any]
    span: Span
    days: tuple[date, ...]
    watched: tuple[date, ...]
    observed: Mapping[date, float] = field(default_factory=dict)
    is_open: bool = False
    watch: Watch | None = None

    def informed(self, name: str, fixings: Mapping[str, Mapping[date, float]]) -> History:
        """The same with the fixings that it needs, which are those of the underlying `name`.

        Raises
        ------
        ValueError
            If a fixing is missing, naming the dates; not one that no longer decides anything.
        """
        if self.span.expired:
            return self
        stated, today = fixings.get(name, {}), self.span.today
        is_open = today in self.days and today not in stated
        made = [day for day in self.days if day < today or (day == today and not is_open)]
        partly = replace(self, observed={day: stated[day] for day in made if day in stated})
        needed = self.product.conduct.needed(partly, made)
        observed = dict(zip(needed, known(fixings, name, needed), strict=True))
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

    def still_open(self, day: date) -> str:
        """What is said behind an event of this day where it is today and the spot stands in for its fixing."""
        return ", the fixing still open" if self.is_open and day == self.span.today else ""

    @property
    def decided(self) -> bool:
        """Whether today's spot changes nothing: no fixing of today is open, or what was observed before decides."""
        return not self.is_open or self.product.conduct.decided(self)

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
        return self.product.conduct.left(self, spot)

    def progress(self, spot: float, what: str = "past") -> str:
        """How many observations are made, in words."""
        if not (seen := len(self.seen(spot))):
            return ""
        moving = "; today's fixing is open and moves with the spot" if self.is_open else ""
        return f"{seen} of {len(self.days)} observations are {what}{moving}"

    def dated(self, days: Sequence[date]) -> Terms:
        """The terms with the maturity and these observation dates, in years."""
        years = tuple(map(self.years, days))
        window: Terms = {"window": self._window} if self.span.has_window and self.watch is not None else {}
        return {**self.terms, "maturity": self.years(self.days[-1]), "frequency": years, "start": years[0]} | window

    @property
    def _window(self) -> tuple[float, float]:
        """From when to when it is watched at all times, in years from now."""
        opens = self.span.watched_from
        return max(0.0 if opens is None else self.years(opens), 0.0), self.years(self.span.last_watched)

    def paid_then(self, contract: Contract) -> Contract:
        """The contract, paying on the payment date."""
        if self.span.paid == self.span.maturity:
            return contract
        return PaidLater(contract, self.years(self.span.paid))

    @property
    def whole(self) -> Contract:
        """The contract on all observations, made and to come; its dates are numbered."""
        number = {day: float(k + 1) for k, day in enumerate(self.days)}
        dates = {name: term for name, term in self.terms.items() if isinstance(term, tuple) and term[0] in number}
        terms = {
            **self.terms,
            **{name: tuple(number[day] for day in term) for name, term in dates.items()},
            "maturity": float(len(self.days)),
            "frequency": tuple(number[day] for day in self.days if day in self.watched),
            "start": 1.0,
        }
        return self.product.of(terms)

    def settled(self, spot: float) -> tuple[Contract, str]:
        """The known cash flow, when all observations are made."""
        contract = shown(self.whole, self.watch)
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


def _paid(contract: Contract, observed: Sequence[float]) -> float:
    """What a contract pays on one path, at its end."""
    return float(np.ravel(contract(np.array(observed)[:, None]))[-1])  # what it paid before is paid
