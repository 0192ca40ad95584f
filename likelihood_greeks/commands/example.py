"""``example``: a small book with its markets, to try the other commands with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import examples
from .._checks import refuse
from .options import Quiet
from .talk import Talk

TRY = (
    "likelihood-greeks risk book.csv --market monday.toml --output monday.parquet --report monday.html",
    "likelihood-greeks explain book.csv --market monday.toml --to tuesday.toml",
    "likelihood-greeks scenarios book.csv --market monday.toml --stress stress.toml",
    "likelihood-greeks risk book.csv --market tuesday.toml --output tuesday.parquet",
    "likelihood-greeks diff monday.parquet tuesday.parquet",
)
"""What the files are for."""


def example_command(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where to write; made if it is not there.", show_default=False)
    ],
    quiet: Quiet = False,
) -> None:
    """Write a book of twelve trades, its market of a Monday and of the Tuesday after, and stresses.

    Nothing is written over.

    Exit codes: 0 done, 2 a file is there or cannot be written, or the folder has no name.

    Example: likelihood-greeks example greeks
    """
    talk = Talk(quiet, verbose=False)
    if not folder.strip():
        refuse("folder", "be a name: . is the current folder", folder)
    paths = examples.write(Path(folder))
    talk.say(f"written to {folder}: {', '.join(path.name for path in paths)}; there, try", "", *TRY)
