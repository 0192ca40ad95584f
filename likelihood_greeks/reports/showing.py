"""Tables on a terminal, in the columns that it has."""

from __future__ import annotations

import os
from collections.abc import Container

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

REDIRECTED = 240  # columns of a pipe or a file, unless COLUMNS says another number
ALL = 10_000
LEAST = "quantity"  # the column that is missed least
HINTS = {"--wide": "shows all", "--greeks": "chooses", "--output": "writes a file"}


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
    """Columns taken off a table until it fits and is printed whole: `LEAST`, then the last; their names."""
    wide, every = out.options.update(max_width=ALL), [str(column.header) for column in table.columns]
    while len(table.columns) > 2 and Measurement.get(out, wide, table).maximum > out.width:
        names = [str(column.header) for column in table.columns]
        place = names.index(LEAST) if LEAST in names else len(names) - 1
        del table.columns[place]
    return [name for name in every if name not in [str(column.header) for column in table.columns]]
