"""``diff``: what has changed between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..book.difference import diff
from ..book.files import write
from ..reports import differences
from ..reports.terminal import notes
from .options import (
    NOTES,
    SHOWN,
    Quiet,
    Verbose,
    Wide,
)
from .talk import Talk, check_outputs


def diff_command(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="A run: .parquet, .csv or .xlsx from risk.", show_default=False)
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another.", show_default=False)],
    of: Annotated[
        str, typer.Option("--of", metavar="WORD", help="position or unit: values times quantity, or not.")
    ] = "position",
    level: Annotated[
        float,
        typer.Option(
            "--level", metavar="CHANCE", help="Chance of calling any number changed where nothing has changed."
        ),
    ] = 0.01,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write every number here.")] = None,
    wide: Wide = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """What has changed between two runs of risk, and what is noise.

    Runs with different seeds are independent. With the same seed they share draws: the errors of differences are exact
    where both are Parquet files, which keep what is common, and upper bounds where not.

    Exit codes: 0 nothing has changed beyond noise, 1 something has, 2 the input could not be used.

    Example: likelihood-greeks diff monday.parquet tuesday.parquet --output changes.csv
    """
    talk = Talk(quiet, verbose, wide, ("--wide", "--output"))
    check_outputs(output, [], {"run before": before, "run after": after})
    table = diff(before, after, of=of, level=level)
    if output is not None:
        write(table, output)
    talk.say(*differences.reasons(table), most=NOTES)
    changed = differences.by_weight(table)
    if len(changed):
        shown = changed if verbose else changed.head(SHOWN)
        talk.show(differences.diff_table(shown))
        if len(shown) < len(changed):
            talk.say(f"and {len(changed) - len(shown):,} more (--verbose shows them)")
        talk.say(*notes(shown), mark="! ", most=NOTES)
    talk.say(differences.diff_summary(table))
    if (table["verdict"] != "noise").any():
        raise typer.Exit(1)
