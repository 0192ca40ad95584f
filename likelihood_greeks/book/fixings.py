"""Fixings: what underlyings were observed at on past dates."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, final

import pandas as pd

from .._checks import InvalidValueError, positive, refuse, within
from .calendars import iso_date

COLUMNS = ("date", "underlying", "value")
"""The columns of a file of fixings."""
NAMED = 12  # missing dates that a refusal lists


@final
class Fixings(Mapping[str, Mapping[date, float]]):
    """Observed values by underlying and date.

    Parameters
    ----------
    values : mapping of str to mapping of datetime.date to float
        Dates may be ISO text; values are in currency, > 0.

    Raises
    ------
    ValueError
        If a date is none, or a value is not positive.
    TypeError
        If it is no such mapping.

    Examples
    --------
    >>> fixings = Fixings({"SX5E": {"2026-09-18": 5480.0}})
    >>> fixings["SX5E"][date(2026, 9, 18)]
    5480.0
    """

    def __init__(self, values: Mapping[str, Mapping[Any, Any]] | None = None) -> None:
        if not isinstance(values, (Mapping, type(None))):
            raise TypeError(f"fixings must be a table by underlying, or the name of a file, got {values!r}")
        self._values = {str(name): _dated(name, own) for name, own in (values or {}).items()}

    def __getitem__(self, name: str) -> Mapping[date, float]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Fixings({self._values!r})"

    @classmethod
    def read(cls, value: Any, folder: Path) -> Fixings:
        """The fixings that a market states.

        Parameters
        ----------
        value : mapping, path or pandas.DataFrame
            A table by underlying and date; a CSV file, or a frame, with the columns `COLUMNS`.
        folder : pathlib.Path
            Where a file named by a relative path is.

        Raises
        ------
        ValueError
            If a row is unusable, naming the file and the line, or a date has two values.
        FileNotFoundError
            If there is no such file.
        """
        if isinstance(value, (str, Path)):
            path = folder / value
            with within(path.name, ": "):
                return cls(_joined(_lines(path)))
        if isinstance(value, pd.DataFrame):
            records = value.rename(columns=lambda name: str(name).strip().lower()).to_dict("records")
            return cls(_joined((f"row {number}", record) for number, record in enumerate(records)))
        return cls(value)

    def known(self, name: str, days: Iterable[date]) -> list[float]:
        """The fixings of the underlying `name` on some days, in their order.

        Raises
        ------
        ValueError
            If some are missing, naming the dates.
        """
        own, wanted = self._values.get(name, {}), list(days)
        if missing := [day.isoformat() for day in wanted if day not in own]:
            more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
            refuse(
                "fixings", f"hold {name} on {', '.join(missing[:NAMED])}{more}: past observations of the trade", None
            )
        return [own[day] for day in wanted]


def _dated(name: object, values: object) -> dict[date, float]:
    """The fixings of one underlying, checked."""
    if not isinstance(values, Mapping):
        raise TypeError(f"fixings.{name} must be a table of values by date, got {values!r}")
    with within(f"fixings.{name}"):
        return {iso_date("date", day): positive(str(day), value) for day, value in values.items()}


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where each row of a file stands, and its cells by column."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file, skipinitialspace=True)
            reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
            for record in reader:
                yield f"line {reader.line_num}", record
        except UnicodeDecodeError as error:
            refuse("text", "be UTF-8", str(error))


def _joined(rows: Iterable[tuple[str, Mapping[Any, Any]]]) -> dict[str, dict[date, float]]:
    """Rows of date, underlying and value as a table by underlying and date."""
    found: dict[str, dict[date, float]] = {}
    for where, cells in rows:
        with within(where, ": "):
            if missing := [column for column in COLUMNS if cells.get(column) in (None, "")]:
                refuse("columns", f"be {', '.join(COLUMNS)}, all filled", {"without": missing})
            day, name = iso_date("date", cells["date"]), str(cells["underlying"]).strip()
            value, own = _amount(cells["value"]), found.setdefault(name, {})
            if own.setdefault(day, value) != value:
                refuse("value", f"be the only one of {name} on {day}, which has {own[day]:g}", value)
    return found


def _amount(cell: object) -> float:
    """A cell as a positive number."""
    try:
        return positive("value", float(cell))  # type: ignore[arg-type]
    except InvalidValueError:
        raise
    except (TypeError, ValueError):
        refuse("value", "be a number", cell)
