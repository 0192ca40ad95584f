"""The correlations of a market: of each pair of its underlyings that somebody states, a number or numbers by pillar."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias, final

import pandas as pd

from ..._checks import number, refuse, within
from ...models.correlated import by_pillar
from ...models.correlated.by_pillar import ByPillar, Correlation
from .. import tenors
from ..calendars import closest
from ..cells import number as number_of_cell
from ..dialect import as_shares, number_way, settled, without_percent
from ..levels import percent_of
from ..sheets import SEPARATORS, blank
from .names import joined

Pair: TypeAlias = tuple[str, str]
Entry: TypeAlias = tuple[Pair, Correlation]

MARKS = "|;,"
"""What may stand between the two names of a key."""
ALIKE = 1e-9  # difference of numbers of a table that are the same
HOLDS = "hold two names and their correlation on each row, under a header, or a matrix with names on both axes"
WAYS = "be two names and their correlation, with a pillar before it or not, or a matrix with names on both axes"
"""What a table of correlations is."""


@final
@dataclass(frozen=True)
class Correlations:
    """Numbers, or numbers by pillar, by the two names of a pair, in any order."""

    values: Mapping[frozenset[str], Correlation]

    def between(self, names: Sequence[str]) -> dict[Pair, Correlation]:
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


def read(value: Any, folder: Path, underlyings: Sequence[str], today: date, name: str = "correlation") -> Correlations:
    """The correlations that a market states.

    Parameters
    ----------
    value : mapping, path or pandas.DataFrame
        A number by pair, ``"A|B"``, or tables by the first name and the second; a table with the names on both axes, or
        one of three columns, two names and the number; or the CSV file of either. In place of a number there may be
        numbers by pillar (date, tenor or years): a mapping, or a column of pillars before that of the numbers.
    folder : pathlib.Path
        Where a file named by a relative path is.
    underlyings : sequence of str
        Those of the market.
    today : datetime.date
        From which pillars are counted.
    name : str
        What refusals call them.

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
            return checked(_of_table(*_of_file(path), today=today), underlyings)
    with within(name):
        if isinstance(value, pd.DataFrame):
            return checked(_of_frame(value, today), underlyings)
        if not isinstance(value, Mapping):
            raise TypeError(f"value must be a table of numbers by pair, or the name of a file, got {value!r}")
        return checked(_of_mapping(value, underlyings, today), underlyings)


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


def checked(entries: Iterator[tuple[Pair, Correlation]], underlyings: Sequence[str]) -> Correlations:
    """Numbers by pair, each once."""
    found: dict[frozenset[str], Correlation] = {}
    for pair, value in entries:
        key = joined(pair)
        for name in pair:
            if name not in underlyings:
                refuse(key, f"be of underlyings of the market{closest(name, underlyings)}", name)
        if pair[0] == pair[1]:
            if isinstance(value, ByPillar) or abs(value - 1.0) > ALIKE:
                refuse(key, "be 1, as of an underlying with itself", value)
            continue
        own = by_pillar.read(key, value)
        if not by_pillar.alike(before := found.setdefault(frozenset(pair), own), own, ALIKE):
            refuse(key, f"be given once, or twice the same ({before})", value)
    return Correlations(found)


def _of_mapping(value: Mapping[Any, Any], underlyings: Sequence[str], today: date) -> Iterator[Entry]:
    """Pairs of a table: keys of two names, or tables of tables."""
    for key, entry in value.items():
        pair = key if isinstance(key, tuple) else _split(str(key), underlyings)
        if isinstance(entry, Mapping) and len(pair) == 1:
            for other, own in entry.items():
                yield (str(key), str(other)), _stated(f"{key}|{other}", own, today)
        else:
            if len(pair) != 2:
                refuse(str(key), "name two underlyings, as in 'A|B'", key)
            yield (str(pair[0]), str(pair[1])), _stated(joined(map(str, pair)), entry, today)


def _stated(key: str, entry: object, today: date) -> Correlation:
    """A number, or numbers by pillar."""
    return _curve(key, [*entry.items()], today) if isinstance(entry, Mapping) else number(key, _share(entry))


def _share(entry: object) -> object:
    """A text in per cent as a number, anything else as it is."""
    percent = percent_of(entry.strip()) if isinstance(entry, str) else None
    return entry if percent is None else percent.share


def _curve(key: str, entries: Sequence[tuple[Any, Any]], today: date) -> Correlation:
    """Numbers by pillar in years, the pillars being dates, tenors or years."""
    pillars = tenors.years(f"pillars of {key}", [_plain(pillar) for pillar, _ in entries], today)
    called = [f"{own} years" if isinstance(own, (int, float)) else str(own) for own in map(_plain, dict(entries))]
    return by_pillar.read(key, [*zip(pillars, [_share(own) for _, own in entries], strict=True)], called)


def _plain(pillar: Any) -> Any:
    """A pillar as it is, or as years if it is their text, as keys and cells of files are."""
    try:
        return float(pillar) if isinstance(pillar, str) else pillar
    except ValueError:
        return pillar


def _split(key: str, underlyings: Sequence[str]) -> tuple[str, ...]:
    """The names in a key; a name of the market may hold one of the marks itself."""
    for mark in MARKS:
        if mark in key:
            return tuple(part.strip() for part in key.split(mark))
    return next(((a, b) for a, b in combinations(underlyings, 2) if key in (f"{a}-{b}", f"{b}-{a}")), (key,))


def _of_frame(table: pd.DataFrame, today: date) -> Iterator[Entry]:
    """Pairs of a frame: a square one with names on both axes, or one of three columns, or four with pillars."""
    square = len(table) == len(table.columns) and {*map(str, table.index)} == {*map(str, table.columns)}
    yield from _of_table(table.rename_axis("").reset_index() if square else table, today=today)


def _numbers(columns: Sequence[pd.Series], plain: bool) -> list[pd.Series]:
    """Columns of numbers as Python writes them: decimal commas, and signs of per cent, are read as in books."""
    bare = [without_percent(column) for column in columns]
    found = settled([column for column, _ in bare], partial(number_way, plain=plain))
    return [as_shares(column, shares) for column, (_, shares) in zip(found, bare, strict=True)]


def _of_table(table: pd.DataFrame, plain: bool = True, *, today: date) -> Iterator[Entry]:
    """Pairs of a table: names in the first column and in the header, or columns of names, pillars and numbers."""
    header = [str(name).strip() for name in table.columns]
    if not len(table) or len(header) < 2:
        refuse("table", HOLDS, f"{len(table)} rows under the header {', '.join(header)}" if header else "nothing")
    names = [str(name).strip() for name in table.iloc[:, 0]]
    if set(names) == set(header[1:]):
        yield from _of_matrix(table, names, header[1:], plain)
        return
    if len(header) not in (3, 4):
        refuse("columns", WAYS, header)
    (values,) = _numbers([table.iloc[:, -1]], plain)
    curves = dict[Pair, list[tuple[Any, float]]]()
    for row, name in enumerate(names):
        pair = name, str(table.iat[row, 1]).strip()
        value = number_of_cell(number, joined(pair), values.iat[row])
        if len(header) == 3 or blank(table.iat[row, 2]):
            yield pair, value
        else:
            curves.setdefault(pair, []).append((table.iat[row, 2], value))
    for pair, entries in curves.items():
        yield pair, _curve(joined(pair), entries, today)


def _of_matrix(table: pd.DataFrame, names: Sequence[str], others: Sequence[str], plain: bool) -> Iterator[Entry]:
    """Pairs of a matrix with names in its first column and in its header; half of it may be blank."""
    rows = _numbers([table.iloc[:, 1 + place] for place in range(len(others))], plain)
    for row, name in enumerate(names):
        for place, other in enumerate(others):
            cell: Any = rows[place].iat[row]
            if not blank(cell):
                yield (name, other), number_of_cell(number, f"{name}|{other}", cell)
