"""Nodes of two days: the years to a date are fewer on the second, and it is the same node all the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pandas as pd

from .buckets import SEPARATOR
from .calendars import DAYS_PER_YEAR
from .terms import VALUED

OF_STRIKE = " x "
NEAR = 0.5 / DAYS_PER_YEAR


def from_first_day(one: pd.DataFrame, two: pd.DataFrame) -> pd.DataFrame:
    """The second of two runs, its nodes in years from the day of the first where more of them are the same that way.

    A market with quotes at dates has its nodes there on both days; one with tenors of so many years has them at those.

    Parameters
    ----------
    one, two : pandas.DataFrame
        By trade, underlying and Greek; Greeks of nodes are called by both.
    """
    days = [run.attrs.get(VALUED) or _told_by_maturities(run) for run in (one, two)]
    if not all(days) or days[0] == days[1]:
        return two
    first, second = (date.fromisoformat(str(day)[:10]) for day in days)
    elapsed = (second - first).days / DAYS_PER_YEAR
    names = {name: _moved_names(_of(one, name), _of(two, name), elapsed) for name in two.index.unique(1)}
    if not any(names.values()):
        return two
    index = [(trade, name, names[name].get(greek, greek)) for trade, name, greek in two.index]
    found = two.set_axis(pd.MultiIndex.from_tuples(index, names=two.index.names))
    found.attrs = two.attrs
    return two if found.index.has_duplicates else found


def _told_by_maturities(run: pd.DataFrame) -> str | None:
    """The day from which maturities are counted, which a CSV file does not say otherwise; None if that is not one."""
    if not {"maturity_date", "maturity"} <= {*run.columns}:
        return None
    days = pd.to_timedelta((pd.to_numeric(run["maturity"], errors="coerce") * DAYS_PER_YEAR).round(), unit="D")
    found = (pd.to_datetime(run["maturity_date"], errors="coerce") - days).dropna().unique()
    return str(found[0])[:10] if len(found) == 1 else None


def _of(run: pd.DataFrame, underlying: str) -> list[str]:
    """The Greeks of nodes of an underlying."""
    greeks = run.index[run.index.get_level_values(1) == underlying].unique(2)
    return [greek for greek in greeks if SEPARATOR in greek]


def _moved_names(before: Iterable[str], after: Iterable[str], elapsed: float) -> dict[str, str]:
    """What Greeks of nodes are called on the first day; none where as many are there as they are called now."""
    known, now = {*before}, [*after]
    times = [(greek, *split) for greek in known if (split := _split(greek))]
    found = dict[str, str]()
    for greek in now:
        if split := _split(greek):
            head, years = split[0], split[1] + elapsed
            same = (own for own, other, time in times if other == head and abs(time - years) < NEAR)
            found[greek] = next(same, f"{head}{years:.6g}")
    matched = sum(name in known for name in found.values())
    return found if matched > sum(greek in known for greek in found) else {}


def _split(greek: str) -> tuple[str, float] | None:
    """The Greek of a node and the years to it; None of one without a time."""
    what, _, node = greek.partition(SEPARATOR)
    strike, by, years = node.rpartition(OF_STRIKE)
    try:
        return what + SEPARATOR + strike + by, float(years)
    except ValueError:
        return None
