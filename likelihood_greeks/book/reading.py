"""A book as a table: the names of its columns checked, its numbers and dates as Python writes them."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from .._checks import refuse, within
from . import sheets, spellings
from .calendars import closest
from .cells import BOUGHT, DATE, DATES, NUMBER, NUMBERS, SOLD, key_of
from .columns import BY_NAME, COLUMNS, IDENTITY, TERMS, of_kind
from .dialect import date_way, number_way, settled
from .likely_columns import alike, meant, missed
from .products.table import ANY, EUROPEAN, PRODUCTS

SAYS_SIDE = ("position", "way", "action", "transaction", "transaction_type", "trade_type")
"""Names of columns that are the side if every cell in them is buy or sell."""

OF_THE_MARKET = ("rate", "zero_rate", "interest_rate", "dividend_yield", "dividend")
"""Names of columns that may be thought to be used, while the market's numbers are."""

OF_THE_PAST = ("accrued", "knocked_in", "unpaid")
"""Names of columns that may be thought to tell a trade's past, while its fixings do."""


class BookWarning(UserWarning):
    """Some of a book was left out; the rest was priced.

    Examples
    --------
    >>> import pandas as pd
    >>> import warnings
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     frame = lg.risk(pd.concat([book, book.assign(trade_id="B", strike=-1)]), market, ["delta"], seed=1)
    >>> [warning.category.__name__ for warning in said]
    ['BookWarning']
    """


def read_book(book: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    """A table of trades: the columns of `columns.TABLE` by their names there, then the book's own as they are.

    Numbers with decimal commas or separated thousands and dates with the day or the month first are written as Python
    has them, if the table tells which they are: see `dialect`.

    Parameters
    ----------
    book : path or pandas.DataFrame
        Or another frame that gives its columns as Arrow does: of polars, duckdb, pyarrow. A path ends in .csv, .parquet
        or .xlsx (one sheet of which has these columns). A CSV file may be separated by commas, semicolons, tabs or
        bars, in UTF-8 or UTF-16, with titles above its header. Cells of a CSV file stay text until `parse`.

    Returns
    -------
    pandas.DataFrame
        The index of what was read from a .csv or .xlsx file holds its lines.

    Raises
    ------
    ValueError
        If a column that is needed is absent or misspelt, one is there twice, or the file cannot be read.
    """
    if not isinstance(book, (pd.DataFrame, pd.Series)) and hasattr(book, "__arrow_c_stream__"):
        book = pa.table(book).to_pandas()
    if isinstance(book, pd.DataFrame):
        return _written(_named(book), plain=True)
    if not isinstance(book, (str, os.PathLike)):
        lazy = f" (a {type(book).__name__} has it after collect())" if callable(getattr(book, "collect", None)) else ""
        raise TypeError(
            f"book must be a pandas.DataFrame or a path, got {type(book).__name__} {reprlib.repr(book)}{lazy}"
        )
    path = Path(book)
    with within(path.name, ": "):
        table, plain = sheets.read(path, lambda name: key_of(name) in BY_NAME)
        return _written(_named(table), plain)


def remarks(book: pd.DataFrame, today: date | None = None) -> list[str]:
    """What someone should know of the own columns of a book that `read_book` returned, where it is valued today."""
    found, called = [], _called(book)
    for name in own_columns(book):
        if all(map(sheets.blank, book[name].tolist())):
            continue
        absent = [column for column in COLUMNS if column not in book.columns]
        likely = None if meant(name) else alike(name, absent)
        if key_of(name) in OF_THE_MARKET:
            found.append(f"column {name!r} of the book is not used: the market's is")
        elif key_of(name) in OF_THE_PAST:
            found.append(
                f"column {name!r} of the book is not used: the fixings since a trade's start say what has been"
            )
        elif (column := called.get(key_of(name))) and column not in book.columns:
            found.append(f"column {name!r} of the book is not used: a book has that in the column {column!r}")
        elif terms := missed(book, name, today) or ((likely,) if likely else ()):
            named = " or ".join(map(repr, terms))
            found.append(f"column {name!r} of the book is not used: did you mean {named}?")
    return found


def _called(book: pd.DataFrame) -> dict[str, str]:
    """Columns by the arguments of contracts that they are, where these have other names, of a book's products."""
    there = {key_of(name) for name in book["product"].dropna().astype(str)} if "product" in book.columns else set()
    names = [product.names for name, product in PRODUCTS.items() if name in there]
    return {argument: column for own in names for column, argument in own.items() if argument not in COLUMNS}


def own_columns(book: pd.DataFrame) -> list[str]:
    """The columns of a book that no value depends on."""
    return [str(name) for name in book.columns if name not in COLUMNS]


def filled(book: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    """The cells of each row that hold something, by column; the book's own columns are left out."""
    names = [name for name in book.columns if name in COLUMNS]
    columns = [[None if sheets.blank(cell) else cell for cell in book[name].tolist()] for name in names]
    for row in zip(*columns, strict=True) if names else ():
        yield {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the columns called as `columns.TABLE` has them, refused if some cannot be told."""
    names = [_name(name, table.iloc[:, k]) for k, name in enumerate(table.columns)]
    table, names = spellings.merged(spellings.without_words_for_nothing(table, names), names)
    if "payoff" in names:  # a contract has its own terms and dates
        table = table.assign(**{name: None for name in ("product", "maturity") if name not in names})
        names = [*names, *(name for name in ("product", "maturity") if name not in names)]
    others = [name for name in names if name not in COLUMNS]
    if absent := [name for name in IDENTITY if name not in names]:
        hints = "".join(closest(other, absent) and f", not {other!r}{closest(other, absent)}" for other in others)
        refuse("columns", f"include {', '.join(absent)}{hints}", names)
    table = table.set_axis(_once_each(names), axis="columns")
    for name in _missed(table, others):
        likely = alike(name, [term for term in TERMS if term not in names])
        refuse("columns", f"include {likely}, which a product of the book needs: did you mean it by {name!r}?", names)
    return table


def _name(name: object, cells: pd.Series) -> str:
    """What a column is called: its name in the table of columns, or its own."""
    key = key_of(name)
    if key in SAYS_SIDE:
        held = {key_of(cell) for cell in cells.tolist() if not sheets.blank(cell)}
        if held and held <= {*BOUGHT, *SOLD} - {"1", "+1", "_1"}:
            return "side"
    return BY_NAME[key].name if key in BY_NAME else str(name).strip()


def _once_each(names: Sequence[str]) -> list[str]:
    """The names, those there before with a number."""
    found = list[str]()
    for name in names:
        copies = sum(own == name for own in names[: len(found)])
        found.append(f"{name} ({copies + 1})" if copies else name)
    return found


def _missed(table: pd.DataFrame, others: Sequence[str]) -> list[str]:
    """The own columns that look like one which is absent, and which a product of the book needs."""
    needed = set[str]()
    for product in {key_of(cell) for cell in table["product"].tolist() if isinstance(cell, str)} & PRODUCTS.keys():
        own = PRODUCTS[product]
        needed |= set(own.required)
        if own.options == ANY:  # what every European that can be knocked needs
            needed |= set.intersection(*(set(each.required) for each in EUROPEAN.values()))
    absent = [name for name in TERMS if name in needed and name not in table.columns]
    return [name for name in others if alike(name, absent)]


def _written(table: pd.DataFrame, plain: bool) -> pd.DataFrame:
    """A table with its numbers and dates in text as Python writes them, where it tells what they are."""
    found = table.copy(deep=False)
    for names, way in (
        (of_kind(NUMBER, NUMBERS), partial(number_way, plain=plain)),
        (of_kind(DATE, DATES), date_way),
    ):
        columns = [table[name] for name in names if name in table.columns and table[name].dtype.kind not in "ifMb"]
        for column in settled(columns, way):
            found[column.name] = column
    return found
