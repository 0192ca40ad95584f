"""Nodes in time as people write them: dates, tenors such as 3M, and years from a valuation date."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np

from .._checks import number, refuse
from .calendars import DAYS_PER_YEAR, iso_date
from .curves import HORIZON

_PART = re.compile(r"(\d{1,5})([DWMY])")
_OVERNIGHT = ("ON", "O/N")


def is_tenor(text: str) -> bool:
    """Whether `text` is a tenor: numbers of days, weeks, months and years, or ON.

    >>> is_tenor("18M"), is_tenor("1Y6M"), is_tenor("2027-03-19")
    (True, True, False)
    """
    bare = text.strip().upper()
    return bare in _OVERNIGHT or bool(re.fullmatch(rf"({_PART.pattern})+", bare))


def after(day: date, tenor: str) -> date:
    """The day that lies a tenor after `day` on the calendar, a business day or not.

    Months end where they end: one month after 31 January is the last day of February.

    >>> after(date(2027, 1, 31), "1M"), after(date(2027, 1, 31), "1W")
    (datetime.date(2027, 2, 28), datetime.date(2027, 2, 7))
    """
    bare = tenor.strip().upper()
    days, months = int(bare in _OVERNIGHT), 0
    for count, unit in _PART.findall(bare):
        days += int(count) * {"D": 1, "W": 7}.get(unit, 0)
        months += int(count) * {"M": 1, "Y": 12}.get(unit, 0)
    if not max(months / 12.0, days / DAYS_PER_YEAR) <= HORIZON:
        refuse("tenor", f"be at most {HORIZON:g} years", tenor)
    whole = day.month - 1 + months
    year, month = day.year + whole // 12, whole % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1])) + timedelta(days)


def years(name: str, nodes: Iterable[Any], today: date) -> tuple[float, ...]:
    """Nodes in years from `today`, Actual/365 Fixed.

    Parameters
    ----------
    name : str
        What they are called in refusals.
    nodes : iterable
        Dates (or ISO text), tenors, or years; they may be mixed.
    today : datetime.date

    Raises
    ------
    TypeError
        If they are no list, or one is none of these.
    ValueError
        If one is before `today`, or they do not increase.
    """
    if isinstance(nodes, (str, date)) or np.ndim(nodes) != 1:  # type: ignore[arg-type]
        raise TypeError(f"{name} must be a list of dates, tenors or years, got {nodes!r}")
    listed, found = list(nodes), list[float]()
    for i, node in enumerate(listed):
        found.append(_years(f"{name}[{i}]", node, today))
        if i and not found[i - 1] < found[i]:
            refuse(name, "increase from node to node", f"{_words(listed[i - 1])}, then {_words(node)}")
    return tuple(found)


def _years(name: str, node: Any, today: date) -> float:
    """One node in years."""
    if not isinstance(node, (date, str)):
        return number(name, node)
    if isinstance(node, str) and is_tenor(node):
        return (after(today, node) - today).days / DAYS_PER_YEAR
    if isinstance(node, str) and not re.match(r"\s*\d{4}-", node):
        refuse(name, "be an ISO date such as 2027-03-19, a tenor such as 3M, or years as a number", node)
    if (day := iso_date(name, node)) < today:
        refuse(name, f"not be before the valuation date {today}", node)
    return (day - today).days / DAYS_PER_YEAR


def _words(node: Any) -> str:
    """A node as its owner wrote it."""
    return str(node)
