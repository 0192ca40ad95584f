"""Frames as files: .csv, .parquet or .xlsx."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .._checks import one_of

SUFFIXES = (".csv", ".parquet", ".xlsx")


def check_writable(path: Path) -> None:
    """Refuse a path of another kind of file than `write` knows, or in a folder that is not there."""
    one_of("output", path.suffix.lower(), SUFFIXES)
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"output must be in a folder that exists, got {path}")


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
            frame.to_excel(path, index=False, sheet_name="risk", freeze_panes=(1, 1))
