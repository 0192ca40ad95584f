"""The correlations of a market: a number for each pair of its underlyings that somebody states."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias, final

import pandas as pd

from ..._checks import number, refuse, within
from ..calendars import closest
from ..cells import number as number_of_cell
from ..dialect import as_shares, number_way, settled, without_percent
from ..sheets import SEPARATORS, blank
from .names import joined

Pair: TypeAlias = tuple[str, str]

MARKS = "|;,"
"""What may stand between the two names of a key."""
ALIKE = 1e-9  # difference of numbers of a table that are the same
HOLDS = "hold two names and their correlation on each row, under a header, or a matrix with names on both axes"
"""What a table of correlations is."""


@final
@dataclass(frozen=True)
class Correlations:
    """Numbers by the two names of a pair, in any order."""

    values: Mapping[frozenset[str], float]

    def between(self, names: Sequence[str]) -> dict[Pair, float]:
        """The correlations of some assets, by pair in their order.

        Raises
        ------
        ValueError
            If one of them is not stated, naming the pairs.
        """
        pairs = [*combinations(names, 2)]
        if missing := [joined(pair) for pair in pairs if frozenset(pair) not in self.values]:
            refuse("correlation", f"be given in the market for {', '.join(missing)}", None)
        return {pair: self.values[frozenset(pair)] for pair in pairs}


def read(value: Any, folder: Path, underlyings: Sequence[str]) -> Correlations:
    """The correlations that a market states.

    Parameters
    ----------
    value : mapping, path or pandas.DataFrame
        A number by pair, ``"A|B"``, or tables by the first name and the second; a table with the names on both axes, or
        one of three columns, two names and the number; or the CSV file of either.
    folder : pathlib.Path
        Where a file named by a relative path is.
    underlyings : sequence of str
        Those of the market.

    Raises
    ------
    ValueError
        If a name is not the market's, a number not between -1 and 1, or a pair has two numbers; or if a table is none.
    TypeError
        If it is no such table.
    """
    if isinstance(value, (str, Path)):
        path = folder / value
        with within(path.name, ": "):
            return checked(_of_table(*_of_file(path)), underlyings)
    with within("correlation"):
        if isinstance(value, pd.DataFrame):
            return checked(_of_frame(value), underlyings)
        if not isinstance(value, Mapping):
            raise TypeError(f"value must be a table of numbers by pair, or the name of a file, got {value!r}")
        return checked(_of_mapping(value, underlyings), underlyings)


def _of_file(path: Path) -> tuple[pd.DataFrame, bool]:
    """The cells of a CSV file as text, and whether it is plain: separated by commas, so that the point is decimal."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        refuse("table", "be text in UTF-8", str(error))
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        refuse("table", HOLDS, f"only the line {lines[0]}" if lines else "an empty file")
    separator = max(SEPARATORS, key=lines[0].count)
    separator = separator if separator in lines[0] else r"\s+"
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, engine="python", dtype=str, skipinitialspace=True)
    except (csv.Error, pd.errors.ParserError) as error:
        refuse("table", HOLDS, str(error))
    return table, separator == ","


def checked(entries: Iterator[tuple[Pair, float]], underlyings: Sequence[str]) -> Correlations:
    """Numbers by pair, each once."""
    found: dict[frozenset[str], float] = {}
    for pair, value in entries:
        key = joined(pair)
        for name in pair:
            if name not in underlyings:
                refuse(key, f"be of underlyings of the market{closest(name, underlyings)}", name)
        if pair[0] == pair[1]:
            if abs(value - 1.0) > ALIKE:
                refuse(key, "be 1, as of an underlying with itself", value)
            continue
        if not -1.0 < value < 1.0:
            refuse(key, "be between -1 and 1", value)
        if abs(found.setdefault(frozenset(pair), value) - value) > ALIKE:
            refuse(key, f"be given once, or twice the same ({found[frozenset(pair)]:g})", value)
    return Correlations(found)


def _of_mapping(value: Mapping[Any, Any], underlyings: Sequence[str]) -> Iterator[tuple[Pair, float]]:
    """Pairs of a table: keys of two names, or tables of tables."""
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            for other, own in entry.items():
                yield (str(key), str(other)), number(f"{key}|{other}", own)
        else:
            pair = key if isinstance(key, tuple) else _split(str(key), underlyings)
            if len(pair) != 2:
                refuse(str(key), "name two underlyings, as in 'A|B'", key)
            yield (str(pair[0]), str(pair[1])), number(joined(map(str, pair)), entry)


def _split(key: str, underlyings: Sequence[str]) -> tuple[str, ...]:
    """The names in a key; a name of the market may hold one of the marks itself."""
    for mark in MARKS:
        if mark in key:
            return tuple(part.strip() for part in key.split(mark))
    return next(((a, b) for a, b in combinations(underlyings, 2) if key in (f"{a}-{b}", f"{b}-{a}")), (key,))


def _of_frame(table: pd.DataFrame) -> Iterator[tuple[Pair, float]]:
    """Pairs of a frame: a square one with names on both axes, or one of three columns."""
    square = len(table) == len(table.columns) and {*map(str, table.index)} == {*map(str, table.columns)}
    yield from _of_table(table.rename_axis("").reset_index() if square else table)


def _numbers(columns: Sequence[pd.Series], plain: bool) -> list[pd.Series]:
    """Columns of numbers as Python writes them: decimal commas, and signs of per cent, are read as in books."""
    bare = [without_percent(column) for column in columns]
    found = settled([column for column, _ in bare], partial(number_way, plain=plain))
    return [as_shares(column, shares) for column, (_, shares) in zip(found, bare, strict=True)]


def _of_table(table: pd.DataFrame, plain: bool = True) -> Iterator[tuple[Pair, float]]:
    """Pairs of a table: names in the first column and in the header, or two columns of names and one of numbers."""
    header = [str(name).strip() for name in table.columns]
    if not len(table) or len(header) < 2:
        refuse("table", HOLDS, f"{len(table)} rows under the header {', '.join(header)}" if header else "nothing")
    names = [str(name).strip() for name in table.iloc[:, 0]]
    if len(header) > 1 and set(names) == set(header[1:]):
        rows = _numbers([table.iloc[:, place] for place in range(1, len(header))], plain)
        for row, name in enumerate(names):
            for place, other in enumerate(header[1:]):
                cell: Any = rows[place].iat[row]
                if not blank(cell):
                    yield (name, other), number_of_cell(number, f"{name}|{other}", cell)
        return
    if len(header) != 3:
        refuse("columns", "be two names and their correlation, or a matrix with names on both axes", header)
    (values,) = _numbers([table.iloc[:, 2]], plain)
    for row, name in enumerate(names):
        other = str(table.iat[row, 1]).strip()
        yield (name, other), number_of_cell(number, f"{name}|{other}", values.iat[row])
