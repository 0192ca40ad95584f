"""A book as a table: read from a file, and the names of its columns checked."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from .._checks import InvalidValueError, refuse, within
from .calendars import closest, nearest
from .columns import COLUMNS, IDENTITY, key_of


class BookWarning(UserWarning):
    """Some of a book was left out; the rest was priced."""


def read_book(book: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    """A table of trades, with the names of its columns checked and written as `COLUMNS` has them.

    Columns that no product uses are left out, with a `BookWarning`; one that looks like a misspelt name is refused.

    Parameters
    ----------
    book : path or pandas.DataFrame
        A path ends in .csv, .parquet or .xlsx (the first sheet). The cells of a CSV file stay text until `parse`.

    Raises
    ------
    ValueError
        If a column is misspelt, absent or there twice, or the file is not of a known kind.
    """
    if isinstance(book, pd.DataFrame):
        return _named(book)
    path = Path(book)
    with within(path.name, ": "):
        return _named(_read_file(path))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with the names of its columns checked."""
    names = [key_of(name) for name in frame.columns]
    for name, original in zip(names, frame.columns, strict=True):
        if name not in COLUMNS and nearest(name, COLUMNS) not in (None, *names):
            refuse("column", f"be one of {', '.join(COLUMNS)}{closest(name, COLUMNS)}", original)
    if repeated := [name for name in COLUMNS if names.count(name) > 1]:
        refuse("columns", "be there once each", repeated)
    if absent := [name for name in IDENTITY if name not in names]:
        refuse("columns", f"include {', '.join(absent)}", names)
    if others := [str(name) for name in frame.columns if key_of(name) not in COLUMNS]:
        warnings.warn(
            f"columns of the book that no product uses are ignored: {', '.join(others)}", BookWarning, stacklevel=3
        )
    return frame.set_axis(names, axis="columns")[[name for name in names if name in COLUMNS]]


def _read_file(path: Path) -> pd.DataFrame:
    blanks: dict[str, Any] = {"keep_default_na": False, "na_values": [""]}
    try:
        match suffix := path.suffix.lower():
            case ".csv":
                frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig", skipinitialspace=True, **blanks)
            case ".xlsx":
                return pd.read_excel(path, dtype=object, **blanks)
            case ".parquet":
                return pd.read_parquet(path)
            case _:
                refuse("book", "be a .csv, .parquet or .xlsx file", str(path))
    except InvalidValueError:
        raise
    except (ValueError, zipfile.BadZipFile) as error:
        refuse("book", f"be a table that can be read as {suffix}", str(error))
    if not isinstance(frame.index, pd.RangeIndex):
        refuse("book", "have as many cells in a row as columns", path.name)
    return frame


def blank(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return not value.strip() if isinstance(value, str) else bool(pd.api.types.is_scalar(value) and pd.isna(value))
