"""A book's own columns (trader, counterparty, ...) in the frame of its risk: no value depends on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .cells import text_of
from .columns import COLUMNS as BOOK
from .currencies import REPORTING
from .frame import COLUMNS
from .reading import own_columns
from .sheets import blank

OF_THE_BOOK = " (book)"
"""What is put behind the name of an own column where the library has a column of that name."""

DERIVED = ("asset", "bucket", "cash", "cash_standard_error", "doubtful", "error", "trades", "unit")
"""Columns of tables made of a frame."""

AHEAD = ("maturity_date", "fixings_left", "next_fixing", "state")
"""Columns of a frame that say how far a trade has come."""

LIBRARY = frozenset([*COLUMNS, *REPORTING, *DERIVED, *AHEAD])
"""The names that an own column does not take in a frame."""

TERMS_APART = frozenset(f"{name}{OF_THE_BOOK}" for name in BOOK if name in DERIVED)
"""What terms are called in a frame that are called as columns of tables made of it."""

EXACT = 2**53
"""Whole numbers beyond it, such as accounts, are kept as text: floats would round them."""


def names_apart(own: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """What own columns are called in a frame with the columns `taken`, by their names in the book.

    >>> names_apart(["trader", "note"], ["greek", "note"])
    {'trader': 'trader', 'note': 'note (book)'}
    """
    found: dict[str, str] = {}
    for name in own:
        shown = name
        while shown in taken or shown in found.values():
            shown += OF_THE_BOOK
        found[name] = shown
    return found


def names_in_frame(book: pd.DataFrame) -> dict[str, str]:
    """The own columns of a book that `read_book` returned, and what they are called in a frame."""
    return names_apart(own_columns(book), LIBRARY)


def clashes(book: pd.DataFrame) -> list[str]:
    """What someone should know of own columns that are called otherwise in a frame."""
    return [
        f"column {name!r} of the book is {shown!r} in the frame, where {name!r} is the library's"
        for name, shown in names_in_frame(book).items()
        if name != shown
    ]


def own_of(frame: pd.DataFrame) -> list[str]:
    """The own columns in a frame of `risk`, or in a file of one."""
    terms = {*terms_of(frame)}
    return [str(name) for name in frame.columns if name not in LIBRARY and name not in terms]


def terms_of(frame: pd.DataFrame) -> list[str]:
    """The terms of trades in a frame of `risk`, or in a file of one: columns that the library knows from books."""
    return [str(name) for name in frame.columns if name not in LIBRARY and _of_a_book(str(name))]


def _of_a_book(name: str) -> bool:
    """Whether a column of a frame is the library's in books."""
    return name in BOOK or name in TERMS_APART


def attached(table: pd.DataFrame, book: pd.DataFrame, rows: Mapping[str, int]) -> pd.DataFrame:
    """`table` with the own columns of `book` behind its own, blank where no trade is meant.

    Parameters
    ----------
    table : pandas.DataFrame
        With a column ``trade_id``.
    book : pandas.DataFrame
        As `read_book` returns it.
    rows : mapping of str to int
        Which row of `book` a trade is.
    """
    names = names_in_frame(book)
    if not names:
        return table
    taken = attached_columns(table, book, rows, names)
    whole = pd.concat([table, pd.DataFrame(taken, index=table.index)], axis="columns")
    whole.attrs = table.attrs
    return whole


def attached_by_name(table: pd.DataFrame, *books: pd.DataFrame, ending: str = "") -> pd.DataFrame:
    """`table` with the own columns of books in which its trades stand by name, each as the last that has it says.

    A trade that is not there is looked for without the `ending` of its name.
    """
    own = dict.fromkeys(name for book in books for name in own_columns(book))
    rows = [dict(zip(map(text_of, book["trade_id"]), range(len(book)), strict=True)) for book in books]
    taken = dict[str, pd.Series]()
    for name, shown in names_apart(own, {*LIBRARY, *table.columns}).items():
        cells = []
        for trade_id in map(str, table["trade_id"]):
            names = (trade_id, trade_id.removesuffix(ending))
            places = [
                (book[name].iloc[at[each]])
                for book, at in zip(books, rows, strict=True)
                for each in names
                if each in at and name in book.columns
            ]
            cells.append(places[-1] if places else None)
        taken[shown] = column_of(cells).set_axis(table.index)
    if not taken:
        return table
    whole = pd.concat([table, pd.DataFrame(taken)], axis="columns")
    whole.attrs = table.attrs
    return whole


def attached_columns(
    table: pd.DataFrame, book: pd.DataFrame, rows: Mapping[str, int], names: Mapping[str, str]
) -> dict[str, pd.Series]:
    """Columns of a book as those of a table of trades, by the names that they have there."""
    trade, trade_ids = pd.factorize(table["trade_id"])
    places = np.array([rows.get(str(trade_id), -1) for trade_id in trade_ids], dtype=int)[trade]
    taken = dict[str, pd.Series]()
    for name, shown in names.items():
        column = column_of([*book[name].tolist(), None])  # the last one is what a place of -1 takes
        taken[shown] = column.iloc[places].set_axis(table.index)
    return taken


def column_of(cells: Sequence[Any]) -> pd.Series:
    """Cells as a column of one kind, which any file can hold: numbers, truth values, dates, or else text.

    Blanks are missing values; in text they are empty. Whole numbers that a spreadsheet made floats are whole again.
    """
    held = [None if blank(cell) else cell for cell in cells]
    match pd.api.types.infer_dtype(held, skipna=True):
        case "boolean":
            return pd.Series(held, dtype="boolean")
        case "integer" | "floating" | "mixed-integer-float" if all(map(_exact, held)):
            return pd.Series(held, dtype="Int64" if all(map(_whole, held)) else float)
        case "datetime" | "datetime64" | "date" if not any(getattr(cell, "tzinfo", None) for cell in held):
            days = pd.to_datetime(pd.Series(held, dtype=object), errors="coerce")
            if days.notna().sum() == sum(cell is not None for cell in held):
                return days
    return pd.Series(["" if cell is None else text_of(cell) for cell in held])


def _exact(cell: Any) -> bool:
    """Whether a number is kept as it is by a float."""
    return cell is None or not isinstance(cell, (int, np.integer)) or abs(int(cell)) <= EXACT


def _whole(cell: Any) -> bool:
    """Whether a number is a whole one that floats tell from its neighbours, or missing."""
    return cell is None or (float(cell).is_integer() and abs(cell) <= EXACT)
