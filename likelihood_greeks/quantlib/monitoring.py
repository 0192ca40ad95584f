"""Dates on which a contract is observed that QuantLib observes continuously."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import QuantLib as ql  # noqa: N813

from .._checks import one_of, refuse

PERIODS = {"weekly": (1, ql.Weeks), "monthly": (1, ql.Months)}


def observation_dates(monitoring: Any, calendar: Any, expiry: Any) -> tuple[list[Any], str]:
    """QuantLib dates after the evaluation date, up to the expiry, and in words what they are.

    Parameters
    ----------
    monitoring : {"daily", "weekly", "monthly"}, iterable of QuantLib.Date, or QuantLib.Schedule
        Daily: the business days; weekly and monthly: whole periods before the expiry, moved to the next business day;
        the expiry is the last of them. Dates of a list are taken as they are, but for those that are past.
    calendar : QuantLib.Calendar, optional
        For words only, and needed there.
    expiry : QuantLib.Date

    Raises
    ------
    ValueError
        If a word is unknown, a calendar is missing, or no date lies between now and the expiry.
    """
    today = ql.Settings.instance().evaluationDate
    if isinstance(monitoring, str):
        one_of("monitoring", monitoring, ("daily", *PERIODS))
        found = _regular(monitoring, calendar, today, expiry)
        return found, f"{len(found)} dates ({monitoring}, {calendar.name()})"
    if calendar is not None:
        refuse("calendar", "not be given beside a list of dates", calendar)
    stated = _listed(monitoring)
    found = sorted({day for day in stated if day > today})
    if not found or found[-1] > expiry:
        refuse("monitoring", f"hold dates after {today.ISO()}, none after {expiry.ISO()}", [d.ISO() for d in stated])
    past = len({day for day in stated if day <= today})
    return found, f"{len(found)} dates" + (f", {past} more being past" if past else "")


def _regular(frequency: str, calendar: Any, start: Any, end: Any) -> list[Any]:
    if not isinstance(calendar, ql.Calendar):
        refuse("calendar", f"be a QuantLib calendar where monitoring is {frequency!r}, such as TARGET()", calendar)
    if frequency == "daily":
        return sorted({*calendar.businessDayList(start + 1, end), end})
    backward = ql.DateGeneration.Backward
    period = ql.Period(*PERIODS[frequency])
    days = ql.Schedule(start, end, period, calendar, ql.Following, ql.Unadjusted, backward, False)
    return sorted({day for day in days if start < day < end} | {end})


def _listed(days: Any) -> list[Any]:
    found = list(days) if isinstance(days, (ql.Schedule, Iterable)) else [days]
    if not all(isinstance(day, ql.Date) for day in found):
        raise TypeError(f"monitoring must be a word, QuantLib dates or a Schedule, got {days!r}")
    return found
