"""`report`: a book's risk as a file for people."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .._checks import list_of, path_of, refuse, writable
from .._outputs import beside
from ..book.limits import COLUMNS as LIMITS
from ..book.limits import check_limits
from ..book.pnl.as_written import as_explained
from . import html, workbook
from .content import Content

SUFFIXES = (".html", ".xlsx")


def check_writable(path: Path) -> None:
    """Refuse a path of another kind of file than `report` writes, or where nothing can be written."""
    writable("report", path, SUFFIXES)


def report(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    ladder: pd.DataFrame | None = None,
    settings: Mapping[str, object] | None = None,
    by: str | Sequence[str] = (),
    scenarios: pd.DataFrame | None = None,
    explained: pd.DataFrame | None = None,
    limits: Mapping[str, Any] | str | os.PathLike[str] | pd.DataFrame | None = None,
) -> None:
    """Write a book's risk for people: totals, trades, limits, scenarios, warnings, and what makes it again.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to (only Parquet keeps the seed, the calibrations and
        the trades that could not be priced).
    path : path
        Ends in .html (one file that needs nothing else, whose trades a browser sorts, filters and groups) or .xlsx (a
        workbook of numbers).
    ladder : pandas.DataFrame, optional
        From `ladder`.
    settings : mapping of str to object, optional
        What else should be on record: file names, options, seconds.
    by : str or sequence of str, optional
        The book's own columns (trader, counterparty, ...) to have totals by.
    scenarios : pandas.DataFrame, optional
        From `scenario_grid`, or `stress`: gains by spot and volatility, of positions and of each trade.
    explained : pandas.DataFrame, optional
        From `explain_book`, or read from a file that it was written to: the profit since the last run.
    limits : mapping, path or pandas.DataFrame, optional
        As for `check_limits`, or what it returned.

    Raises
    ------
    TypeError, ValueError
        If `frame` is not from `risk`, has no trades or no such columns, `explained` is not from `explain_book`, or the
        suffix is another one.
    FileNotFoundError
        If the folder is not there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> with TemporaryDirectory() as folder:
    ...     lg.report(lg.risk(book, market, ["delta"], seed=1), Path(folder, "monday.html"))
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['monday.html']
    """
    target = path_of("path", path)
    check_writable(target)
    judged = limits if limits is None or isinstance(limits, pd.DataFrame) else check_limits(frame, limits)
    if judged is not None and (missing := [name for name in LIMITS if name not in judged.columns]):
        refuse("limits", f"come from check_limits: it lacks {', '.join(missing)}", [*map(str, judged.columns)])
    told = None if explained is None else as_explained(explained)
    content = Content(frame, ladder, settings or {}, _columns(by), scenarios, told, judged)
    with beside(target) as file:
        if target.suffix.lower() == ".html":
            file.write_text(html.render(content), encoding="utf-8")
        else:
            workbook.write(content, file)


def _columns(by: str | Sequence[str]) -> tuple[str, ...]:
    """The columns to total by: one, or a list of them."""
    return (by,) if isinstance(by, str) else tuple(list_of("by", by, "columns"))
