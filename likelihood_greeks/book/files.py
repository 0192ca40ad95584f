"""Frames as files: .csv, .parquet or .xlsx."""

from __future__ import annotations

import errno
import zipfile
from pathlib import Path

import pandas as pd

from .._checks import one_of, writable
from .currencies import REPORTING
from .frame import COLUMNS

SUFFIXES = (".csv", ".parquet", ".xlsx")
TEXT = ("trade_id", "underlying", "product", "greek", "method", "model", "currency", "reporting_currency", "note")
"""The columns of a risk frame that are text, even where they look like numbers or nothing."""


def check_writable(path: Path) -> None:
    """Refuse a path of another kind of file than `write` knows, or where nothing can be written."""
    writable("output", path, SUFFIXES)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as .csv, .parquet or .xlsx, by the suffix of `path`.

    Raises
    ------
    ValueError
        If the suffix is another one.
    """
    match one_of("output", path.suffix.lower(), SUFFIXES):
        case ".csv":
            frame.to_csv(path, index=False)
        case ".parquet":
            frame.to_parquet(path, index=False)
        case ".xlsx":
            _write_workbook(frame, path)


def _write_workbook(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as a workbook in which text is text: no formulas, no characters that it cannot hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = frame.select_dtypes(["object", "string"]).columns
    frame = frame.assign(**{name: frame[name].str.replace(ILLEGAL_CHARACTERS_RE, "", regex=True) for name in text})
    with pd.ExcelWriter(path, engine="openpyxl") as file:
        frame.to_excel(file, index=False, sheet_name="risk", freeze_panes=(1, 1))
        for row in file.sheets["risk"].iter_rows(2) if len(text) else ():
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
                return _typed(pd.read_csv(path, dtype=str, keep_default_na=False))
            case ".xlsx":
                return _typed(pd.read_excel(path, dtype=str, keep_default_na=False))
        return pd.read_parquet(path)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} must be a {suffix} file as risk writes it: {error}") from error


def _typed(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells of text as a risk frame has them, if it is one: blanks are no numbers."""
    if "greek" not in cells.columns:
        return cells
    numbers = [name for name in cells.columns if name in (*COLUMNS, *REPORTING) and name not in TEXT]
    return cells.assign(**{name: pd.to_numeric(cells[name].where(cells[name] != "")) for name in numbers})
