"""The past of trades as two books tell it: what the second alone says came to be known, and amends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ..._checks import refuse
from ..cells import text_of
from ..columns import PAST
from ..sheets import blank
from ..trades import Trade

TOGETHER = ("watched_to", "so_far")
"""Up to when an extreme is known, and the extreme: of one book, not of two."""
SAYS_BY_BLANK = "ended_on"
"""What says that something has not happened where it is blank; of the others the market then shows it."""


def told(book: pd.DataFrame, later: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two books for the second day: both with the past that the second tells, or the first where that is silent.

    Parameters
    ----------
    book, later : pandas.DataFrame
        As `read_book` returned them.
    """
    names = [name for name in PAST if name in book.columns or name in later.columns]
    if not names:
        return book, later
    rows = {text_of(cell): row for row, cell in enumerate(later["trade_id"].tolist())}
    old, new = ({name: _cells(table, name) for name in names} for table in (book, later))
    for row, cell in enumerate(book["trade_id"].tolist()):
        if (other := rows.get(text_of(cell))) is None:
            continue
        first = {name: cells[row] for name, cells in old.items()}
        second = {name: cells[other] for name, cells in new.items()}
        for name, known in _known(first, second, SAYS_BY_BLANK in later.columns).items():
            old[name][row] = new[name][other] = known
    return _with(book, old), _with(later, new)


def _cells(table: pd.DataFrame, name: str) -> list[Any]:
    """The cells of a column, or as many blank ones."""
    return table[name].tolist() if name in table.columns else [None] * len(table)


def _known(first: Mapping[str, Any], second: Mapping[str, Any], says_ended: bool) -> dict[str, Any]:
    """What is known of a trade on the second day, by column, from what the two books say of it."""
    silent = {name: blank(cell) for name, cell in second.items()}
    paired = all(silent.get(name, True) for name in TOGETHER)
    silent |= {name: paired for name in TOGETHER if name in silent}
    if says_ended:
        silent[SAYS_BY_BLANK] = False
    return {name: first[name] if silent[name] else cell for name, cell in second.items()}


def _with(table: pd.DataFrame, columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """A table with other cells in some columns."""
    return table.assign(**{name: pd.Series(cells, table.index, dtype=object) for name, cells in columns.items()})


def verify_agreed(before: Trade, now: Trade | None) -> None:
    """Refuse a trade of which the later book takes back, or dates anew, what had happened by the first day.

    Raises
    ------
    ValueError
        Naming the column.
    """
    if now is None or before.history is None or now.history is None:
        return
    then, since = before.history.span, now.history.span
    for name in ("touched_on", "ended_on"):
        day, said = getattr(then, name), getattr(since, name)
        if day is not None and day <= then.today and said != day:
            why = f"be {day} in the second book too, as the first has it: it was before the two days"
            refuse(name, why, None if said is None else said.isoformat())


def with_past(before: Trade, after: Trade) -> Trade:
    """A trade of the first day with what is known of its past on the second."""
    then, now = before.history, after.history
    if then is None or now is None:
        return before
    dates = {name: getattr(now.span, name) for name in PAST if hasattr(now.span, name)}
    terms = {**then.terms, **{name: now.terms[name] for name in PAST if name in now.terms}}
    return replace(before, history=replace(then, span=replace(then.span, **dates), terms=terms))
