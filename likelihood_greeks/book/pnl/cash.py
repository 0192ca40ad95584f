"""What a trade has paid between two days, and contracts of the user's own whose dates have come nearer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, final

import numpy as np
import pandas as pd

from ..._typing import AnyArray
from ...payoffs.protocol import Contract, cash_flows, payment_times, stated_payments
from ...payoffs.seasoned import KnownCashFlow, Seasoned
from ..calendars import DAYS_PER_YEAR
from ..fixings import Fixings, known
from ..market import Market
from ..products.early import redemption
from ..products.history import History
from ..products.watching import Watch, shown

NEAR = 1e-9  # years by which two dates may differ and be the same


def paid_between(trade: History, name: str, market: Market, first: date, last: date) -> float:
    """What a trade pays a unit from the day `first` on and before the day `last`, undiscounted.

    A value counts what is paid on its own day; so a payment of `last` is in the value there.

    Raises
    ------
    ValueError
        If a fixing is missing that decides it.
    """
    trade = trade.product.conduct.as_paid(replace(trade, span=replace(trade.span, today=last)))
    if trade.span.paid < first or first == last:
        return 0.0
    today = min(last, trade.span.paid)
    own = replace(trade.span, today=today)
    if trade.watch is not None and not (own.start or own.watched_to or own.touched_on):
        own = replace(own, start=first)  # it was new
    watch = None if trade.watch is None else Watch.of(name, market, own)
    asked = replace(trade, span=own, observed={}, is_open=False, watch=watch)
    then = asked.informed(name, market.fixings)
    made = [day for day in then.days if day <= today]
    if then.is_open and today in then.product.conduct.needed(then, made):
        known(market.fixings, name, [today])
    if watch is not None and (at_once := watch.paid_when_touched(then.whole)) is not None:
        hit, cash = at_once
        return cash if hit is not None and first <= hit < last else 0.0
    if trade.days[0] > today:
        return 0.0
    stated = {day: x for day, x in market.fixings.get(name, {}).items() if day <= today} | dict(then.observed)
    # when it ended is read off days, too, that no longer decide whether it did
    seen = pd.Series([stated.get(day, np.nan) for day in trade.days], dtype=float).ffill().bfill().fillna(1.0)
    flows = cash_flows(shown(then.whole, watch), np.array(seen.tolist())[:, None])[:, 0]
    # what is not known decides nothing
    ended = then.span.ended_on
    due = [
        (flow, day)
        for flow, day in zip(flows, _days(then, len(flows)), strict=True)
        if ended is None or ended >= last or day <= ended
    ]
    if ended is not None and "early" in then.terms:
        due.append((redemption(then), ended))
    return float(sum(flow for flow, day in due if first <= day < last))


def _days(trade: History, n_flows: int) -> list[date]:
    """When the cash flows of a whole contract, whose dates are numbered, are paid."""
    whole = trade.whole
    stated = stated_payments(whole)
    numbers = stated if stated is not None else whole.times[-1:] if n_flows == 1 else whole.times
    days = [trade.days[int(number) - 1] for number in numbers]
    return [*days[:-1], trade.span.paid]


@final
@dataclass(frozen=True, slots=True)
class Nearer:
    """A contract whose dates have all come nearer by some years; those that are past are not positive."""

    payoff: Contract
    elapsed: float

    @property
    def times(self) -> tuple[float, ...]:
        """The dates."""
        return tuple(0.0 if abs(t - self.elapsed) < NEAR else t - self.elapsed for t in self.payoff.times)

    @property
    def payments(self) -> tuple[float, ...] | None:
        """The payments, if the contract states them."""
        stated = stated_payments(self.payoff)
        return (
            None if stated is None else tuple(0.0 if abs(t - self.elapsed) < NEAR else t - self.elapsed for t in stated)
        )

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The cash flows of the contract."""
        return self.payoff(spot)


def own_later(
    payoff: Contract, elapsed: float, today: date, seen: Callable[[Sequence[date]], Sequence[float]]
) -> tuple[Contract, float]:
    """What is left of a contract of the user's own after some years, and what it has paid since `today`.

    Parameters
    ----------
    payoff : Contract
    elapsed : float
        Years.
    today : datetime.date
        The day that its dates count from.
    seen : callable
        From days to the spots observed on them.
    """
    gone = [time for time in payoff.times if time <= elapsed + NEAR]
    fixings = [*seen([today + timedelta(days=round(time * DAYS_PER_YEAR)) for time in gone])]
    last = max((*(stated_payments(payoff) or ()), *payoff.times[-1:]), default=0.0)
    path = [*fixings, *[fixings[-1] if fixings else 1.0] * (len(payoff.times) - len(gone))]
    cash = 0.0
    if fixings or not payoff.times:
        flows = cash_flows(payoff, np.array(path, dtype=float).reshape(-1, 1))
        due = payment_times(payoff, flows) if len(flows) else np.zeros(0)
        cash = float(flows[due < elapsed - NEAR, 0].sum())
    if last < elapsed - NEAR:
        return KnownCashFlow(0.0, 0.0), cash
    near: Any = Nearer(payoff, elapsed)
    return Seasoned(near, tuple(fixings)), cash


def merged(*tables: Mapping[str, Mapping[date, float]], what: str = "fixings") -> Fixings:
    """Fixings, lows or highs of several tables; the last one that states a value has it."""
    found: dict[str, dict[date, float]] = {}
    for table in tables:
        for name, own in table.items():
            found.setdefault(name, {}).update(own)
    return Fixings(found, what)
