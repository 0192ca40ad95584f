"""Dates: reading them, QuantLib's calendars, and regular observation dates. Year fractions are Actual/365 Fixed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import lru_cache, reduce
from itertools import count, takewhile
from typing import Any

from .._checks import refuse

DAYS_PER_YEAR = 365.0
FIRST_DATE, LAST_DATE = date(1901, 1, 1), date(2198, 12, 31)
"""Dates accepted: QuantLib's calendars hold the years 1901 to 2199."""

FIRST_COUNTED = date(1899, 12, 30)
"""The day from which spreadsheets count days; right of all after February 1900, which they give a 29th."""
SERIALS = (36_526, 73_050)
"""Counts of days that are taken for dates: those of the years 2000 to 2099."""

_COUNTED = re.compile(r"\d{5}(\.0*)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[-./ ]*(\d{1,2}[-./]|[a-z]{3,9}\.?[-./ ]*)'?\d{2}", re.IGNORECASE)


def nearest(value: object, allowed: Collection[str], ratio: float = 0.6) -> str | None:
    """The name in `allowed` most like `value`; None if no resemblance (`difflib`'s) reaches `ratio`."""
    names = {name.casefold(): name for name in allowed}
    match = difflib.get_close_matches(str(value).casefold(), names, n=1, cutoff=ratio)
    return names[match[0]] if match else None


def closest(value: object, allowed: Collection[str]) -> str:
    """`` (did you mean '...'?)`` for the `nearest` name in `allowed`, or nothing."""
    name = nearest(value, allowed)
    return f" (did you mean {name!r}?)" if name else ""


def iso_date(name: str, value: object) -> date:
    """`value`, a date or ISO text, as a date; refused if it is neither, or has a time of day."""
    try:
        weeks = isinstance(value, str) and "W" in value.upper()  # of which ISO dates may be made too
        moment = None if weeks else datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if isinstance(moment, datetime) and moment.time() == time():
        moment = moment.date()
    if not isinstance(moment, date) or isinstance(moment, datetime):
        if isinstance(value, str) and _SHORT_YEAR.fullmatch(value.strip()):
            refuse(name, "be a date with four digits for the year, such as 2002-12-20", value)
        refuse(name, f"be an ISO date such as 2002-12-20{_serial(value)}", value)
    if not FIRST_DATE <= moment <= LAST_DATE:
        refuse(name, f"lie between {FIRST_DATE} and {LAST_DATE}", value)
    return moment


def _serial(value: object) -> str:
    """What day a number in place of a date is where spreadsheets count days, in words; empty if it looks like none."""
    text = str(value).strip()
    if not _COUNTED.fullmatch(text) or not SERIALS[0] <= (days := int(text.partition(".")[0])) <= SERIALS[1]:
        return ""
    return f" (in a spreadsheet {days} is the day {FIRST_COUNTED + timedelta(days)}: format the cell as a date)"


def day_words(today: date, maturity: float) -> str:
    """A time in years from `today` for people: the date, if it is one."""
    days = maturity * DAYS_PER_YEAR
    whole = round(days)
    return str(today + timedelta(whole)) if abs(days - whole) < 1e-6 else f"{maturity:.4g} years"


def calendar(name: str) -> Any:
    """The QuantLib calendar called `name`: its class, and after a slash its market if it has several.

    ``"TARGET"``, ``"Germany/Eurex"``, ``"UnitedStates/NYSE"`` and ``"NullCalendar"`` are examples. Of several with
    plus signs between them, as in ``"TARGET+Japan"``, the business days are those of all.

    Raises
    ------
    ValueError
        If QuantLib has no such calendar, or the market is missing or unknown.
    """
    import QuantLib as ql  # noqa: N813 - here: it is a quarter of the time that the package takes to import

    if "+" in name:
        return reduce(ql.JointCalendar, map(calendar, name.split("+")))
    abstract = {"Calendar", "BespokeCalendar", "JointCalendar"}
    classes = {key: value for key, value in vars(ql).items() if isinstance(value, type)}
    calendars = {key: value for key, value in classes.items() if issubclass(value, ql.Calendar) and key not in abstract}
    country, slash, market = name.partition("/")
    if country not in calendars:
        refuse("calendar", f"be one of QuantLib's, such as 'Germany/Eurex'{closest(country, calendars)}", name)
    own = vars(calendars[country]).items()
    markets = {key: value for key, value in own if isinstance(value, int) and not key.startswith("_")}
    if slash and market not in markets:
        refuse("calendar", f"name a market of {country}: {', '.join(markets) or 'it has none'}", name)
    try:
        return calendars[country](markets[market]) if slash else calendars[country]()
    except TypeError:
        refuse("calendar", f"name a market, one of {', '.join(f'{country}/{key}' for key in markets)}", name)


@lru_cache(maxsize=1024)
def business_days(calendar_name: str, start: date, end: date) -> tuple[date, ...]:
    """The business days after `start`, up to and including `end`."""
    if end <= start:
        return ()
    import QuantLib as ql  # noqa: N813

    first, last = ql.Date(start.day, start.month, start.year), ql.Date(end.day, end.month, end.year)
    return tuple(day.to_date() for day in calendar(calendar_name).businessDayList(first + 1, last))


PERIODS = {"weekly": (1, "Weeks"), "monthly": (1, "Months"), "quarterly": (3, "Months")}


@lru_cache(maxsize=4096)
def regular(frequency: str, calendar_name: str, start: date, end: date) -> tuple[date, ...]:
    """The observation dates after `start`, up to and including `end`.

    Daily dates are the business days. The others lie whole periods before `end`, moved to the next business day.
    `end` is the last of them, a business day or not.
    """
    if end <= start:
        return (end,)
    import QuantLib as ql  # noqa: N813

    first, last = ql.Date(start.day, start.month, start.year), ql.Date(end.day, end.month, end.year)
    days = calendar(calendar_name)
    if frequency == "daily":
        found = days.businessDayList(first + 1, last)
    else:
        length, unit = PERIODS[frequency]
        nominal = takewhile(lambda day: day > first, (last - ql.Period(i * length, getattr(ql, unit)) for i in count()))
        found = [days.adjust(day, ql.Following) for day in nominal]
    between = {day.to_date() for day in found if first < day < last}
    return (*sorted(between), end)
