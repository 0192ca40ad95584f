"""Tables on a terminal, in the columns that it has."""

from __future__ import annotations

import os
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any, final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

REDIRECTED = 240  # columns of a pipe or a file, unless COLUMNS says another number
ALL = 10_000
LEAST = "quantity"  # the column that is missed least
HINTS = {"--wide": "shows all", "--greeks": "chooses", "--output": "writes a file"}


class RankedTable(Table):
    """A table that says which of its columns are wanted before which, where not all of them fit.

    Parameters
    ----------
    ranks : sequence of str
        Their headers, the most wanted first; the first two are there in any case.
    settings
        Of a table.
    """

    def __init__(self, ranks: Sequence[str], **settings: Any) -> None:
        super().__init__(**settings)
        self.ranks = [*ranks]


@final
@dataclass(frozen=True, slots=True)
class Words:
    """Text of a cell that may give way: as many of its first words as there is room for, whole ones."""

    text: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """From the first word to all of them."""
        return Measurement(cell_len(self.text.partition(" ")[0]), cell_len(self.text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The words for which there is room."""
        words = self.text.split(" ")
        while len(words) > 1 and cell_len(" ".join(words)) > options.max_width:
            words.pop()
        yield Text(" ".join(words), no_wrap=True, overflow="ellipsis")


def show(
    *tables: Table, console: Console | None = None, wide: bool = False, options: Container[str] = tuple(HINTS)
) -> None:
    """Print tables: a column that does not fit is left out, and named below; `wide` leaves out none.

    What is said below names only those of the `options` that a command has.

    A pipe or a file has as many columns as ``COLUMNS`` says, or else as most tables need.
    """
    out = console or Console()
    stated = os.environ.get("COLUMNS", "")
    if wide:
        out = Console(file=out.file, width=ALL, force_terminal=out.is_terminal)
    elif not out.is_terminal:
        out = Console(file=out.file, width=int(stated) if stated.isdigit() and int(stated) else REDIRECTED)
    for table in tables:
        left_out = _narrowed(table, out)
        out.print(table)
        if left_out:
            names = ", ".join(left_out)
            hint = ", ".join(f"{option} {what}" for option, what in HINTS.items() if option in options)
            out.print(f"{names}: not in {out.width} columns" + f"; {hint}" * bool(hint), highlight=False)


def _narrowed(table: Table, out: Console) -> list[str]:
    """Columns taken off a table until it fits and is printed whole; their names.

    They are those that are ranked last, or else `LEAST` and then the last.
    """
    every = _headers(table)
    if isinstance(table, RankedTable):
        _chosen(table, out)
    else:
        while len(table.columns) > 2 and _size(table, out) > out.width:
            names = _headers(table)
            del table.columns[names.index(LEAST) if LEAST in names else len(names) - 1]
    kept = _headers(table)
    short = isinstance(table, RankedTable) and _size(table, out) > out.width
    cut = [f"rest of {column.header}" for column in table.columns if short and not column.no_wrap]
    return cut + [name for name in every if name not in kept]


def _chosen(table: RankedTable, out: Console) -> None:
    """Leave the columns, by rank, that fit beside those before; one whose cells give way fits by its first words."""
    columns, taken = [*table.columns], list[str]()
    for rank, name in enumerate(table.ranks):
        table.columns = [column for column in columns if column.header in (*taken, name)]
        gives_way = any(own.header == name and not own.no_wrap for own in columns)
        room = out.width - _size(table, out)
        if rank < 2 or room >= 0 or (gives_way and room + _given_way(table, out) >= 0):
            taken.append(name)
    table.columns = [column for column in columns if column.header in taken]


def _headers(table: Table) -> list[str]:
    return [str(column.header) for column in table.columns]


def _size(table: Table, out: Console) -> int:
    """The columns of the terminal that a table takes as a whole."""
    return Measurement.get(out, out.options.update(max_width=ALL), table).maximum


def _given_way(table: Table, out: Console) -> int:
    """By how many columns of the terminal the cells that give way make a table narrower."""
    found = 0
    for column in table.columns:
        sizes = [Measurement.get(out, out.options, cell) for cell in (column.header, *column.cells)]
        if not column.no_wrap:
            found += max(size.maximum for size in sizes) - max(size.minimum for size in sizes)
    return found
