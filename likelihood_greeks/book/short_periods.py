"""Notes whose first coupon falls within days of their start: regular dates lie whole periods before the maturity.

A maturity that was moved to a business day moves them all, and can bring one to just after the start, with a coupon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pandas as pd

from .assets.names import names_of
from .calendars import PERIODS, regular
from .cells import day, key_of, text_of
from .market import Market
from .sheets import blank

SHORT = timedelta(days=7)
"""A first period of at most so long is odd where others are months."""

COLUMNS = ("coupon", "frequency", "maturity")
NAMED = 3
"""Trades that a remark names."""


def remarks(book: pd.DataFrame, market: Market) -> list[str]:
    """A line for each date to come that is the first of some notes of a book, and days after their start."""
    if not set(COLUMNS) <= set(book.columns):
        return []
    odd = dict[tuple[date, int], list[str]]()
    with_coupon = book[~book["coupon"].map(blank)]
    for row in with_coupon.to_dict("records"):
        for first, days in _short(row, market):
            odd.setdefault((first, days), []).append(text_of(row["trade_id"]))
    why = "dates lie whole periods before the maturity: if that was moved to a business day, state the dates"
    return [f"{_named(own)}: the first coupon is on {first}, {days} days after the start; {why}"
            for (first, days), own in odd.items()]  # fmt: skip


def _short(row: Mapping[Any, Any], market: Market) -> Iterator[tuple[date, int]]:
    """The first date of a note that is to come, and days after the start, where these are few."""
    frequency = key_of(row["frequency"])
    if frequency not in PERIODS or frequency == "weekly":
        return
    with suppress(ValueError, TypeError, KeyError):  # bad cells are problems of their trades
        start = market.valuation_date if blank(row.get("start")) else day("start", row["start"])
        asset = market.underlying(names_of(row["underlying"])[0])
        first = regular(frequency, asset.calendar, start, day("maturity", row["maturity"]))[0]
        if market.valuation_date <= first <= start + SHORT:
            yield first, (first - start).days


def _named(trades: list[str]) -> str:
    """The first of some trades, and how many more there are."""
    return ", ".join(trades[:NAMED]) + (f" and {len(trades) - NAMED} more" if len(trades) > NAMED else "")
