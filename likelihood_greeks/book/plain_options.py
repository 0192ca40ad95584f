"""Rows of a book that are new European options and nothing else, read column by column: a hundred thousand in seconds.

A row is here only if every filled cell of it is understood; all others are left to `trades.parse`, which says what is
wrong with them. Cells are read by the same readers, each distinct one once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import InvalidValueError
from .._typing import AnyArray, FloatArray
from .cells import text_of
from .columns import COLUMNS, IDENTITY, READERS
from .currencies import UNKNOWN
from .levels import Percent
from .market import Market
from .products.table import EUROPEAN
from .sheets import blank
from .trade import OF_TOTALS
from .trades import currencies_of

TERMS = {"strike": 0.0, "trigger": 0.0, "cash": 1.0}
"""The terms that a European may have, and what they are where its cell is blank."""
READ = (*IDENTITY, *TERMS, "side", "multiplier", "currency")
"""The columns that such a row may have filled."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class PlainOptions:
    """European options that start today and pay at their maturity, an entry of every column an option.

    Parameters
    ----------
    row : ndarray of int
        Position in the table, from 0, increasing.
    trade_id, underlying, product, currency : ndarray of object
    quantity : ndarray
        Units held, negative if short.
    maturity : ndarray
        Years.
    strike, trigger, cash : ndarray
        Terms, in currency; of no meaning where a product has none.
    """

    row: AnyArray
    trade_id: AnyArray
    underlying: AnyArray
    product: AnyArray
    currency: AnyArray
    quantity: FloatArray
    maturity: FloatArray
    strike: FloatArray
    trigger: FloatArray
    cash: FloatArray

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, places: AnyArray) -> PlainOptions:
        """Some of them."""
        return PlainOptions(**{own.name: getattr(self, own.name)[places] for own in fields(self)})


def plain_options(book: pd.DataFrame, market: Market) -> PlainOptions:
    """The plain options in a table that `read_book` returned."""
    cells = _Cells(book)
    texts = {name: cells.read(name, lambda _, cell: text_of(cell)) for name in ("trade_id", "underlying")}
    product, day, currency = (cells.read(name, READERS[name]) for name in ("product", "maturity", "currency"))
    numbers = {name: cells.numbers(name, 1.0) for name in ("quantity", "side", "multiplier")}
    terms = {name: cells.numbers(name, value) for name, value in TERMS.items()}
    for name in COLUMNS:
        if name not in READ:
            cells.keep(~cells.filled(name))
    for name in IDENTITY:
        cells.keep(cells.filled(name))
    for name in TERMS:
        used = _any_of(product, [kind for kind, own in EUROPEAN.items() if name in own.columns])
        needed = _any_of(product, [kind for kind, own in EUROPEAN.items() if name in own.required])
        cells.keep(np.where(cells.filled(name), used, ~needed))
    cells.keep(~(cells.filled("side") & (numbers["quantity"] < 0.0)))
    counts = Counter(texts["trade_id"].tolist())
    cells.keep(
        np.array([counts[name] == 1 and str(name).lower() not in OF_TOTALS for name in texts["trade_id"]], dtype=bool)
    )
    cells.keep(_any_of(product, EUROPEAN) & _any_of(texts["underlying"], market.underlyings))
    cells.keep(np.array([date is not None and date > market.valuation_date for date in day], dtype=bool))
    agreed = currencies_of(book, market)
    own = np.array([agreed.get(name, UNKNOWN) for name in texts["underlying"]], dtype=object)
    cells.keep(~cells.filled("currency") | ((currency == own) & (own != UNKNOWN)))
    places = np.flatnonzero(cells.fine)
    years = {date: market.years(date) for date in set(day[places])}
    quantity = numbers["quantity"] * numbers["side"] * numbers["multiplier"]
    maturity = np.array([years[date] for date in day[places]], dtype=float)
    return PlainOptions(
        row=places,
        trade_id=texts["trade_id"][places],
        underlying=texts["underlying"][places],
        product=product[places],
        currency=own[places],
        quantity=quantity[places],
        maturity=maturity,
        **{name: column[places] for name, column in terms.items()},
    )


def _any_of(values: AnyArray, names: Any) -> AnyArray:
    """Which values are among some names."""
    known = set(names)
    return np.array([value in known for value in values], dtype=bool)


class _Cells:
    """The cells of a table, and which rows are understood so far."""

    def __init__(self, book: pd.DataFrame) -> None:
        self.fine = np.ones(len(book), dtype=bool)
        self._columns = {name: book[name].tolist() for name in COLUMNS if name in book.columns}
        self._filled = {name: _filled(book[name]) for name in self._columns}

    def keep(self, rows: AnyArray) -> None:
        """Leave out all other rows."""
        self.fine &= rows

    def filled(self, name: str) -> AnyArray:
        """Where a column holds something."""
        return self._filled[name] if name in self._filled else np.zeros(len(self.fine), dtype=bool)

    def read(self, name: str, reader: Callable[[str, Any], Any]) -> AnyArray:
        """What a reader makes of the cells of a column; None where they are blank or refused, which leaves rows out."""
        if name not in self._columns:
            return np.full(len(self.fine), None, dtype=object)
        known: dict[Any, Any] = {}
        found = np.empty(len(self.fine), dtype=object)
        for place in np.flatnonzero(self._filled[name]).tolist():
            cell = self._columns[name][place]
            key = cell.__class__, cell if isinstance(cell, (str, int, float)) else id(cell)
            if key not in known:
                known[key] = _attempt(reader, name, cell)
            found[place] = known[key]
        self.keep(~self._filled[name] | (found != None))  # noqa: E711 - by element
        return found

    def numbers(self, name: str, default: float) -> FloatArray:
        """The numbers in a column, a default where there is none."""
        read = self.read(name, READERS[name])
        self.keep(np.array([not isinstance(value, Percent) for value in read], dtype=bool))
        read = np.array([None if isinstance(value, Percent) else value for value in read], dtype=object)
        return np.array([default if value is None else value for value in read], dtype=float)


def _attempt(reader: Callable[[str, Any], Any], name: str, cell: Any) -> Any:
    """What a reader makes of a cell; None if it refuses."""
    try:
        return reader(name, cell)
    except InvalidValueError:
        return None


def _filled(column: pd.Series) -> AnyArray:
    """Where a column holds something."""
    if column.dtype.kind in "iufb":
        return np.asarray(column.notna().to_numpy())
    return np.array([not blank(cell) for cell in column.tolist()], dtype=bool)
