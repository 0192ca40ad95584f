"""Columns of a book that are one by other names, as `exercised_on` and `called_on` are: each row fills one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from .._checks import InvalidValueError, refuse
from .cells import NEEDED, POSITION, key_of, text_of
from .columns import BY_NAME, COLUMNS, IDENTITY, READERS
from .dialect import Unclear
from .sheets import blank

NOTHING = ("none", "n/a", "na", "n.a.", "_", "nan", "null")
"""Words for nothing, as `key_of` makes them, that an export writes into columns where others hold a term."""


def without_words_for_nothing(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """A table whose columns by other names than the first are blank where they say so in words, but for positions."""
    found = table.copy(deep=False)
    for k, (spelt, name) in enumerate(zip(table.columns, names, strict=True)):
        if name in COLUMNS and key_of(spelt) != name and BY_NAME[name].use not in (NEEDED, POSITION):
            cells = table.iloc[:, k].tolist()
            if any(isinstance(cell, str) and key_of(cell) in NOTHING for cell in cells):
                held = [None if isinstance(cell, str) and key_of(cell) in NOTHING else cell for cell in cells]
                found.isetitem(k, pd.Series(held, table.index, dtype=object).array)
    return found


def merged(table: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """A table in which columns that go by one of these names are one, and the names of what it has then.

    A row in which they hold different things has a cell that cannot be read and says why.

    Raises
    ------
    ValueError
        If there are several of one that every trade needs.
    """
    repeated = [name for name in COLUMNS if names.count(name) > 1]
    if any(name in IDENTITY for name in repeated):
        again = [str(name) for name, own in zip(table.columns, names, strict=True) if own in repeated]
        refuse("columns", "be there once each", repeated if len(set(again)) == len(repeated) else again)
    if not repeated:
        return table, [*names]
    kept = [k for k, name in enumerate(names) if name not in repeated or names.index(name) == k]
    found = table.iloc[:, kept].copy(deep=False)
    for name in repeated:
        places = [k for k, own in enumerate(names) if own == name]
        spelt = [str(table.columns[k]).strip() for k in places]
        rows = zip(*(table.iloc[:, k].tolist() for k in places), strict=True)
        cells = pd.Series([_one(name, spelt, row) for row in rows], table.index, dtype=object)
        found.isetitem(kept.index(places[0]), cells.infer_objects().array)
    return found, [names[k] for k in kept]


def _one(name: str, spelt: Sequence[str], cells: Sequence[Any]) -> Any:
    """What a row holds in several columns that are one; unclear if they differ."""
    told = [(column, cell) for column, cell in zip(spelt, cells, strict=True) if not blank(cell)]
    if not told:
        return None
    first, cell = told[0]
    for column, other in told[1:]:
        if not _alike(name, cell, other):
            both = f"{text_of(cell)} and {text_of(other)}"
            return Unclear(both, f"be the same in the columns {first!r} and {column!r}, or in one of them")
    return cell


def _alike(name: str, cell: Any, other: Any) -> bool:
    """Whether two cells say the same, as they are read or as they are written."""
    if text_of(cell) == text_of(other):
        return True
    try:
        return name in READERS and bool(READERS[name](name, cell) == READERS[name](name, other))
    except InvalidValueError:
        return False
