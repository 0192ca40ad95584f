"""Notes that may be redeemed early: what their past leaves of them.

A whole note has all its observations, made and to come, on numbered dates: 1, 2, ....
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from ...payoffs.autocallable import Autocallable, Past
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import AlsoPays, KnownCashFlow
from ...payoffs.terms import rows_of
from ..calendars import DAYS_PER_YEAR
from .history import History


def needed(whole: Contract, days: Sequence[date], observed: Mapping[date, float], made: Sequence[date]) -> list[date]:
    """Which of the observations made decide what is left, given what is known of them."""
    assert isinstance(whole, Autocallable)
    past = whole.past([observed.get(day, np.nan) for day in made])
    calls = rows_of(whole.call_times, whole.times)
    last = len(days) if past.called is None else calls[past.called] + 1
    hit = past.called is not None or past.knocked_in is not None
    deciding = {row for k, row in enumerate(calls) if _decides(whole, k)}
    watched = set(rows_of(whole.knock_in_times or (), whole.times)) if not hit else {past.knocked_in}
    return [day for row, day in enumerate(made) if row < last and row in deciding | watched]


def _decides(whole: Autocallable, k: int) -> bool:
    """Whether a call date's observation changes anything."""
    sure = whole.coupon_barrier is not None and whole.coupon_barrier[k] in (0.0, np.inf)
    return k == len(whole.call_times) - 1 or whole.call_level[k] < np.inf or not sure


def joined(days: Sequence[date], seen: Mapping[date, float], today: date) -> list[float]:
    """The observations up to today; those that decide nothing repeat a neighbour, or are anything."""
    made = pd.Series([seen.get(day, np.nan) for day in days if day <= today], dtype=float)
    return [*made.ffill().bfill().fillna(1.0)]


def levels(whole: Autocallable, row: int) -> set[float]:
    """The spots at which an observation decides something."""
    found = {whole.knock_in or 0.0} if row in rows_of(whole.knock_in_times or (), whole.times) else set[float]()
    calls = rows_of(whole.call_times, whole.times)
    if row in calls:
        k = calls.index(row)
        found |= {whole.call_level[k], (whole.coupon_barrier or whole.call_level)[k]}
    return found


def redeemed(whole: Autocallable, seen: Sequence[float], called: int, history: History) -> tuple[Contract, str]:
    """What is due of a note that was called on the call date of this number."""
    days, own = history.days, history.span
    row = rows_of(whole.call_times, whole.times)[called]
    paid = own.paid if called == len(whole.call_times) - 1 else days[row]
    event = f"redeemed on {days[row]} at {seen[row]:g}{history.still_open(days[row])}"
    if paid < own.today:
        return KnownCashFlow(0.0, 0.0), f"{event}: worth nothing"
    path = [*seen[: row + 1], *[seen[row]] * (len(whole.times) - row - 1)]
    amount = float(whole(np.array(path)[:, None])[called, 0])
    return KnownCashFlow(amount, (paid - own.today).days / DAYS_PER_YEAR), f"{event}: pays {amount:g} on {paid}"


def rest(whole: Autocallable, past: Past, seen: Sequence[float], years: Sequence[float], paid: float) -> Contract:
    """The note on the dates to come, in years, its last payment at `paid`.

    A coupon that was decided before today is paid; one that today's observation decided is due today.
    """
    made = len(seen)
    time = {number: years[k] for k, number in enumerate(whole.times)}
    first = sum(row < made for row in rows_of(whole.call_times, whole.times))
    calls = tuple(time[number] for number in whole.call_times[first:])
    watched = tuple(time[number] for number in whole.knock_in_times or () if time[number] > years[made - 1] or not made)
    knocked = whole.knocked_in or past.knocked_in is not None
    left = replace(
        whole,
        call_times=calls,
        call_level=whole.call_level[first:],
        coupon=whole.coupon[first:],
        coupon_barrier=whole.coupon_barrier and whole.coupon_barrier[first:],
        knock_in=None if knocked or not watched else whole.knock_in,
        knock_in_times=None if knocked or not watched else watched,
        knocked_in=knocked,
        unpaid=past.unpaid,
        payment_times=None if paid == calls[-1] else (*calls[:-1], paid),
    )
    calls_made = rows_of(whole.call_times, whole.times)[:first]
    if not made or years[made - 1] < 0.0 or made - 1 not in calls_made:
        return left
    decided, path = whole.without_knock_in(knocked), np.array([*seen, *[seen[-1]] * (len(years) - made)])
    coupon = float(decided(path[rows_of(decided.times, whole.times)][:, None])[first - 1, 0])
    return AlsoPays(left, coupon, 0.0) if coupon else left


def progress(line: str, past: Past, days: Sequence[date]) -> str:
    """What has become of a note that lives, in words."""
    knocked = "" if past.knocked_in is None else f"knocked in on {days[past.knocked_in]}"
    missed = f"coupons of {100.0 * past.unpaid:g}% missed" if past.unpaid else ""
    return "; ".join(filter(None, (line, knocked, missed)))
