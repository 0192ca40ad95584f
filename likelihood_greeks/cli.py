"""The command line: ``likelihood-greeks risk | diff | explain | scenarios | compare | validate | example``.

Exit codes: 0 all is well, 1 some trades could not be priced, numbers have changed or a check failed, 2 the input could
not be used, 130 a run was stopped (Ctrl-C).
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ._neutral import printable
from ._versions import VERSION
from .commands.compare import compare_command
from .commands.diff import diff_command
from .commands.example import example_command
from .commands.explain import explain_command
from .commands.risk import risk_command
from .commands.scenarios import scenarios_command
from .commands.talk import errors, naming_old_files
from .commands.validate import validate_command

app = typer.Typer(
    rich_markup_mode=None,
    help="Greeks of option books by the likelihood-ratio method, each with its standard error.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
COMMANDS: Mapping[Callable[..., None], str] = {
    risk_command: "Greeks of a book.",
    diff_command: "What has changed between two runs, and what is noise.",
    explain_command: "The profit or loss of a book between two markets.",
    scenarios_command: "What a book gains on a grid, or under stresses.",
    compare_command: "Every method on one trade of a book.",
    validate_command: "Every Greek of the reference grid against references.",
    example_command: "A small book and its markets, to try the commands with.",
}


def _version(wanted: bool) -> None:
    """Print the version, and nothing else."""
    if wanted:
        typer.echo(f"likelihood-greeks {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Greeks of option books by the likelihood-ratio method, each with its standard error."""


for _command, _short in COMMANDS.items():
    app.command(_command.__name__.removesuffix("_command"), short_help=_short)(naming_old_files(_command))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; input that cannot be used ends with a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without a character shows another one
            stream.reconfigure(errors="replace")
    try:
        app(args=None if arguments is None else list(arguments), prog_name="likelihood-greeks")
    except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        errors.print(printable(f"error: {_advice(error)}"), style="red")
        sys.exit(2)


def _advice(error: Exception) -> str:
    """What went wrong and, where the system's message does not say it, what to do next."""
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} is not there: check the path (from {Path.cwd()})"
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename} cannot be read or written: check its permissions"
    if isinstance(error, IsADirectoryError) and error.filename:
        return f"{error.filename} is a folder: give a file in it"
    return str(error)
