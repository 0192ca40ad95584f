"""Frames as files: .csv, .parquet or .xlsx."""

from __future__ import annotations

import errno
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from .._checks import one_of, path_of, refuse, writable
from .._neutral import escaped, no_formula, unescaped, with_formula
from .._outputs import apart, beside
from .currencies import REPORTING
from .frame import COLUMNS
from .terms import with_numbers

SUFFIXES = (".csv", ".parquet", ".xlsx")
ROWS = 1_048_576  # of a sheet of a workbook, the header among them
TEXT = ("trade_id", "underlying", "product", "greek", "method", "model", "currency", "reporting_currency", "note")
"""The columns of a risk frame that are text, even where they look like numbers or nothing."""


def check_writable(path: Path) -> None:
    """Refuse a path of another kind of file than `write` knows, or where nothing can be written."""
    writable("output", path, SUFFIXES)


def output_path(output: str | os.PathLike[str] | None, read: Mapping[str, object]) -> Path | None:
    """Where a frame is to be written, if it is: over none of the files that are read, by what they hold.

    Raises
    ------
    TypeError, ValueError
        If it is no path, of another kind of file, or one of those that are read.
    OSError
        If nothing can be written there.
    """
    if output is None:
        return None
    path = path_of("output", output)
    check_writable(path)
    apart("output", path, read)
    return path


def check_rows(path: Path | None, rows: int) -> None:
    """Refuse a workbook for more rows than it can have."""
    if path is not None and path.suffix.lower() == ".xlsx" and rows >= ROWS:
        refuse("output", f"be .parquet or .csv: a workbook has {ROWS:,} rows", f"{rows + 1:,} rows for {path}")


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as .csv, .parquet or .xlsx, by the suffix of `path`: the whole of it, or nothing.

    In .csv and .xlsx control characters are escaped, and in .csv what would be a formula begins with an apostrophe, see
    `_neutral`; `read` undoes it.

    Raises
    ------
    ValueError
        If the suffix is another one, or there are more rows than a workbook has.
    OSError
        If it cannot be written, naming it.
    """
    kind = one_of("output", path.suffix.lower(), SUFFIXES)
    check_rows(path, len(frame))
    with beside(path) as file:
        match kind:
            case ".csv":
                _texts(frame, lambda text: no_formula(escaped(text))).to_csv(file, index=False)
            case ".parquet":
                frame.to_parquet(file, index=False)
            case ".xlsx":
                _write_workbook(with_numbers(_texts(frame, escaped)), file)


def _texts(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """The frame with its texts, and the names of its columns, changed."""
    found = frame.copy(deep=False)
    for place, kind in enumerate(frame.dtypes):
        if pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
            column = frame.iloc[:, place]
            values = {value: change(value) for value in column.unique() if isinstance(value, str)}
            if any(text != value for text, value in values.items()):
                found.isetitem(place, column.map(lambda value, by=values: by.get(value, value)).array)
    return found.set_axis([change(name) if isinstance(name, str) else name for name in frame.columns], axis="columns")


def _write_workbook(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as a workbook in which text is text: no formulas."""
    text = frame.select_dtypes(["object", "string"]).columns
    with pd.ExcelWriter(path, engine="openpyxl") as file:
        frame.to_excel(file, index=False, sheet_name="risk", freeze_panes=(1, 1))
        for row in file.sheets["risk"].iter_rows(1) if len(text) else ():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"


def read(path: Path) -> pd.DataFrame:
    """A frame that `write` wrote.

    Raises
    ------
    ValueError
        If the suffix is another one, or the file is not what it says.
    FileNotFoundError
        If it is not there.
    """
    suffix = one_of("file", path.suffix.lower(), SUFFIXES)
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    try:
        match suffix:
            case ".csv":
                return _typed(_as_written(pd.read_csv(path, dtype=str, keep_default_na=False), with_formula))
            case ".xlsx":
                return _typed(_as_written(pd.read_excel(path, dtype=str, keep_default_na=False), str))
        return pd.read_parquet(path)
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} must be a {suffix} file as risk writes it: {error}") from error


def _as_written(cells: pd.DataFrame, first: Callable[[str], str]) -> pd.DataFrame:
    return _texts(cells, lambda text: unescaped(first(text)))


def _typed(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of text as a risk frame has them, if it is one: blanks are no numbers."""
    if "greek" not in cells.columns:
        return cells
    numbers = [name for name in cells.columns if name in (*COLUMNS, *REPORTING) and name not in TEXT]
    return cells.assign(**{name: pd.to_numeric(cells[name].where(cells[name] != "")) for name in numbers})
