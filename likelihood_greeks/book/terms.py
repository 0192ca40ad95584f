"""The terms of trades in the frame of a run: what the book says of them, and how far they have come."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from .calendars import DAYS_PER_YEAR
from .cells import DATE, DATED, NUMBER, NUMBERS, OBJECT, POSITION, TERM, TEXT, as_written
from .columns import TABLE
from .own_columns import DERIVED, OF_THE_BOOK, attached_columns, names_apart
from .trades import Trade

VALUED = "valuation_date"
"""The attribute of a frame with the day of the market, as ``2025-01-31``."""

_SAID = tuple(column.name for column in TABLE if column.use in (TERM, DATED, POSITION) and column.kind != OBJECT)


def with_terms(
    table: pd.DataFrame, book: pd.DataFrame, rows: Mapping[str, int], trades: Sequence[Trade], today: date
) -> pd.DataFrame:
    """The frame of a run with the terms of its trades behind its own columns, blank in net rows.

    Parameters
    ----------
    table : pandas.DataFrame
        With columns ``trade_id`` and ``maturity`` (years from `today`).
    book : pandas.DataFrame
        As `read_book` returns it.
    rows : mapping of str to int
        Which row of `book` a trade is.
    trades : sequence of Trade
        Those that were read one by one; each other one is observed at its maturity alone.
    today : datetime.date
        The valuation date.
    """
    days = np.round(table["maturity"].to_numpy(dtype=float) * DAYS_PER_YEAR)
    ends = pd.Series(pd.Timestamp(today) + pd.to_timedelta(days, unit="D"), index=table.index)
    said = attached_columns(table, book, rows, names_apart([n for n in _SAID if n in book.columns], DERIVED))
    said = {name: _typed(name, column) for name, column in said.items() if _filled(column).any()}
    ahead = {trade.trade_id: _ahead(trade, today) for trade in trades}
    plain = [(1, day) if years > 0.0 else (0, None) for years, day in zip(table["maturity"], ends, strict=True)]
    left = [
        ahead.get(str(name), alone) if str(name) in rows else (None, None)
        for name, alone in zip(table["trade_id"], plain, strict=True)
    ]
    states = {trade.trade_id: trade.state for trade in trades}
    known = {
        "maturity_date": ends.astype("datetime64[ns]"),
        **said,
        "fixings_left": pd.Series([count for count, _ in left], index=table.index, dtype="Int64"),
        "next_fixing": pd.to_datetime(pd.Series([day for _, day in left], index=table.index, dtype=object)).astype(
            "datetime64[ns]"
        ),
    }
    known["state"] = pd.Series([states.get(str(name), "") for name in table["trade_id"]], index=table.index)
    whole = pd.concat([table, pd.DataFrame(known, index=table.index)], axis="columns")
    whole.attrs = {**table.attrs, VALUED: today.isoformat()}
    return whole


def with_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame in which numbers are numbers among the words of a term (a strike of ``floating``, a level of ``70%``).

    For workbooks, whose cells are each of their own kind; columns of other files, and of frames, are of one.
    """
    found = frame.copy(deep=False)
    for place, name in enumerate(map(str, frame.columns)):
        column = frame.iloc[:, place]
        if _kind(name) in (NUMBER, NUMBERS) and (pd.api.types.is_object_dtype(column) or _is_text(column)):
            found.isetitem(place, column.astype(object).map(_number).array)
    return found


def _number(cell: object) -> object:
    """A text as a finite number where it is one, else as it is."""
    try:
        number = float(as_written(cell)) if isinstance(cell, str) else math.nan
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell


def _is_text(column: pd.Series) -> bool:
    return bool(pd.api.types.is_string_dtype(column))


def _kind(name: str) -> str:
    """What the cells of a term hold; text of another column."""
    return next((own.kind for own in TABLE if own.name == name.removesuffix(OF_THE_BOOK)), TEXT)


def _typed(name: str, column: pd.Series) -> pd.Series:
    """A term's cells as numbers or dates, if all that are filled are such: files hold them as text."""
    kind, filled = _kind(name), _filled(column)
    if kind in (NUMBER, NUMBERS):
        numbers = pd.to_numeric(column.where(filled), errors="coerce")
        return numbers.astype(float) if numbers.notna().equals(filled) else column
    if kind == DATE:
        days = pd.to_datetime(column.where(filled), errors="coerce", format="ISO8601")
        return days.astype("datetime64[ns]") if days.notna().equals(filled) else column
    return column


def _filled(column: pd.Series) -> pd.Series:
    return column.notna() & column.astype(object).ne("")


def _ahead(trade: Trade, today: date) -> tuple[int, date | None]:
    """How many observations are to come of what is left of a trade, and when the next is."""
    times = trade.payoff.times
    if not times:
        return 0, None
    return len(times), today + timedelta(days=round(times[0] * DAYS_PER_YEAR))
