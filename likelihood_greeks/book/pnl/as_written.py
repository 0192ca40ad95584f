"""A frame of `explain_book` again from what it was written to: numbers as numbers, or refused as something else."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..._checks import refuse
from .positions import ROWS
from .table import IDENTITY, columns_of

SIGN = ("pnl", "explained", "unexplained")
"""Columns that nothing but an explained book has."""
TEXT = (*(name for name in IDENTITY if name not in ("quantity", "maturity")), "method", "state", "note")


def as_explained(frame: Any, given: object = None) -> pd.DataFrame:
    """The frame with the types that `explain_book` gives its columns, whatever file it has been in.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `explain_book`, or read from a file that it was written to.
    given : object, optional
        What people know it by in refusals; by default its columns.

    Raises
    ------
    TypeError
        If it is no frame.
    ValueError
        If it is not from `explain_book`, or a number of it is none.
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"explained must be a DataFrame from explain_book(), got {type(frame).__name__}")
    known = columns_of(ROWS)
    if lacking := [name for name in (*SIGN, *known) if name not in frame.columns]:
        shown = given if given is not None else [*map(str, frame.columns)]
        refuse("explained", f"come from explain_book: it has no column {lacking[0]}", shown)
    pillars = [name for name in map(str, frame.columns) if name.endswith("]") and f"{name}_standard_error" in frame]
    names = [*known, *pillars, *(f"{name}_standard_error" for name in pillars)]
    found = {name: _texts(frame[name]) if name in TEXT else _numbers(frame, name) for name in names}
    told = frame.assign(**found)
    told.attrs = frame.attrs
    return told


def _texts(own: pd.Series) -> pd.Series:
    """A column of text, of which what is missing is blank."""
    return own.astype(object).where(own.notna(), "").map(str)


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column of numbers, blanks among them missing."""
    own = frame[name]
    if pd.api.types.is_numeric_dtype(own):
        return own
    filled = own.where(own.astype(str).str.strip() != "")
    numbers = pd.to_numeric(filled, errors="coerce")
    if (bad := filled.notna() & numbers.isna()).any():
        refuse("explained", f"have numbers in column {name}", filled[bad].iloc[0])
    return numbers
