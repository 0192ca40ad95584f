"""Fixings: what underlyings were observed at on past dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, final

import pandas as pd

from .._checks import positive, refuse, within
from . import fixing_reading
from .calendars import iso_date

NAMED = 12  # missing dates that a refusal lists


@final
class Fixings(Mapping[str, Mapping[date, float]]):
    """Observed values by underlying and date.

    Parameters
    ----------
    values : mapping of str to mapping of datetime.date to float
        Dates may be ISO text; values are in currency, > 0.
    what : str
        What a refusal calls them.

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

    def __init__(self, values: Mapping[str, Mapping[Any, Any]] | None = None, what: str = "fixings") -> None:
        if not isinstance(values, (Mapping, type(None))):
            raise TypeError(f"{what} must be a table by underlying, or the name of a file, got {values!r}")
        self._values = {str(name): _dated(f"{what}.{name}", own) for name, own in (values or {}).items()}

    def __getitem__(self, name: str) -> Mapping[date, float]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Fixings({self._values!r})"

    @classmethod
    def read(cls, value: Any, folder: Path, what: str = "fixings") -> Fixings:
        """The fixings that a market states, or its lows or highs.

        Parameters
        ----------
        value : mapping, path or pandas.DataFrame
            A table by underlying and date; a file, or a frame, with the columns date, underlying and value: see
            `fixing_reading`.
        folder : pathlib.Path
            Where a file named by a relative path is.
        what : {"fixings", "lows", "highs"}
            The column of the last two is ``low`` or ``high``.

        Raises
        ------
        ValueError
            If a row is unusable, naming the file, the line and the column, or a date has two values.
        FileNotFoundError
            If there is no such file.
        """
        if isinstance(value, (str, Path)):
            return cls(fixing_reading.of_file(folder / value, what), what)
        if isinstance(value, pd.DataFrame):
            return cls(fixing_reading.of_frame(value, what), what)
        return cls(value, what)


def known(fixings: Mapping[str, Mapping[date, float]], name: str, days: Iterable[date]) -> list[float]:
    """The fixings of the underlying `name` on some days, in their order.

    Raises
    ------
    ValueError
        If some are missing, naming the dates.
    """
    own, wanted = fixings.get(name, {}), list(days)
    if missing := [day for day in wanted if day not in own]:
        refuse("fixings", f"hold {name} on {listed(missing)}: past observations of the trade", None)
    return [own[day] for day in wanted]


def listed(missing: Sequence[date]) -> str:
    """Some dates for a refusal."""
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return ", ".join(day.isoformat() for day in missing[:NAMED]) + more


def _dated(name: str, values: object) -> dict[date, float]:
    """The values of one underlying, checked."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} must be a table of values by date, got {values!r}")
    with within(name):
        return {iso_date("date", day): positive(str(day), value) for day, value in values.items()}
