"""What someone should know of a book before its trades are read: columns that are not used, levels that look odd."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import pandas as pd

from . import off_scale, short_periods
from .market import Market
from .reading import BookWarning, remarks


def remarked(
    book: pd.DataFrame, market: Market, books: Iterable[pd.DataFrame] = (), markets: Iterable[Market] = ()
) -> list[str]:
    """The remarks on a book, as `read_book` returns it, and its market, and on those of other days: each once."""
    today = max(own.valuation_date for own in (market, *markets))
    found = [remark for own in (market, *markets) for remark in own.remarks]
    found += [remark for own in (book, *books) for remark in remarks(own, today)]
    return [*dict.fromkeys([*found, *off_scale.remarks(book, market), *short_periods.remarks(book, market)])]


def warn(lines: Iterable[str], stacklevel: int = 3) -> None:
    """Warn of them in the name of whoever called the caller."""
    for line in lines:
        warnings.warn(line, BookWarning, stacklevel=stacklevel)
