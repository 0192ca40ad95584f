"""Rows of fixings (date, underlying, value) in a file or a frame, read as books are.

A row without a value is a missing fixing and passed over. Of a time with an hour the date is used.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from .._checks import InvalidValueError, positive, refuse, within
from . import sheets
from .calendars import iso_date
from .cells import as_written, clear, key_of, text_of
from .dialect import date_way, number_way, settled
from .sheets import blank

COLUMNS = ("date", "underlying", "value")
"""The columns of a table of fixings."""
OTHERS = {"lows": "low", "highs": "high"}
"""What the last of them is called in a table of lows or highs, which may stand in one of fixings."""
ROUNDING = 1e-9  # relative
TOTALS = ("total", "totals", "sum", "summe", "gesamt", "average", "mean", "mittelwert", "durchschnitt", "minimum",
          "maximum", "min", "max")  # fmt: skip
"""What rows below a table are called by spreadsheets."""

Values: TypeAlias = dict[str, dict[date, float]]
"""Fixings by underlying and date, in currency."""

_HOUR = re.compile(
    r"(?<=\d)([ ]+|T)\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[ap]\.?m\.?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?$", re.IGNORECASE
)


def of_file(path: Path, what: str = "fixings") -> Values:
    """The fixings, or the lows or highs, in a .csv, .xlsx or .parquet file.

    Raises
    ------
    ValueError
        If a row is unusable, naming the file, the line and the column, or a date has two values.
    FileNotFoundError
        If there is no such file.
    """
    with within(path.name, ": "):
        table, plain = sheets.read(path, lambda name: key_of(name) in (*COLUMNS, *OTHERS, *OTHERS.values()), what)
        return _ordered(table, what, plain, "line")


def of_frame(frame: pd.DataFrame, what: str = "fixings") -> Values:
    """The fixings, or the lows or highs, in a frame.

    Raises
    ------
    ValueError
        As for `of_file`, naming the row.
    """
    return _ordered(frame.reset_index(drop=True), what, plain=True, noun="row")


def _ordered(table: pd.DataFrame, what: str, plain: bool, noun: str) -> Values:
    """The values of a table; refused where a low in it is above the high beside it."""
    found = _joined(_settled(_named(table, what), plain), noun)
    names = {OTHERS.get(key, key) for key in map(key_of, table.columns)}
    if what not in OTHERS or not names.issuperset(OTHERS.values()):
        return found
    (other,) = OTHERS.keys() - {what}
    both = {what: found, other: _joined(_settled(_named(table, other), plain), noun)}
    for name, lows in both["lows"].items():
        highs = both["highs"].get(name, {})
        for day in lows.keys() & highs.keys():
            if lows[day] > highs[day] * (1.0 + ROUNDING):
                refuse("low", f"not be above the high of {name} on {day}, {highs[day]:g}", lows[day])
    return found


def _named(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """The three columns of a table; that of lows may be called ``low`` or ``lows``, and of highs likewise."""
    names = [OTHERS.get(key, key) for key in map(key_of, table.columns)]
    columns = (*COLUMNS[:2], OTHERS.get(what, COLUMNS[2]))
    for column in columns:
        if names.count(column) != 1:
            refuse("columns", f"include {', '.join(columns)}, once each", [str(name) for name in table.columns])
    return table.iloc[:, [names.index(column) for column in columns]].set_axis(COLUMNS, axis="columns")


def _settled(table: pd.DataFrame, plain: bool) -> pd.DataFrame:
    """A table with numbers and dates in text as Python writes them."""
    days = pd.Series([_day(cell) for cell in table["date"].tolist()], table.index, object, "date")
    found = table.assign(date=settled([days], date_way)[0])
    if table["value"].dtype.kind not in "ifb":
        found["value"] = settled([table["value"]], partial(number_way, plain=plain))[0]
    return found


def _day(cell: Any) -> Any:
    """A cell without the hour."""
    if isinstance(cell, datetime) and not pd.isna(cell):
        return cell.date()
    return _HOUR.sub("", cell.strip()) if isinstance(cell, str) else cell


def _joined(table: pd.DataFrame, noun: str) -> Values:
    """Rows as a table by underlying and date."""
    found: Values = {}
    observed = {text_of(name) for day, name in zip(table["date"], table["underlying"], strict=True) if not blank(day)}
    for label, day, name, value in table.itertuples():
        if blank(value) or _of_totals(day, name, observed):
            continue
        with within(f"{noun} {label}", ": "):
            for column, cell in zip(COLUMNS, (day, name), strict=False):
                if blank(cell):
                    refuse(column, "be given", None)
            when, amount = iso_date("date", clear("date", day)), _amount(value)
            own = found.setdefault(text_of(name).strip(), {})
            if own.setdefault(when, amount) != amount:
                refuse("value", f"be the only one of {name} on {when}, which has {own[when]:g}", amount)
    return found


def _of_totals(day: object, name: object, observed: Collection[str]) -> bool:
    """Whether a row is a sum or a mean below a table: it has no underlying, or no day, and says what it is.

    `observed` are the underlyings that other rows have: no such words.
    """
    label = name if blank(day) else day
    totals = blank(day) != blank(name) and isinstance(label, str) and key_of(label) in TOTALS
    return totals and text_of(label) not in observed


def _amount(cell: object) -> float:
    """A cell as a positive number."""
    try:
        return positive("value", float(as_written(clear("value", cell))))
    except InvalidValueError:
        raise
    except (TypeError, ValueError):
        refuse("value", "be a number", cell)
