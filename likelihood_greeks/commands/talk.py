"""What commands say and write: tables, lines, errors, and which files they may write to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from .._checks import InvalidValueError, refuse, writable
from .._neutral import printable
from .._outputs import apart
from ..book.files import SUFFIXES
from ..book.interruption import Interrupted, WorkersLostError
from ..reports import files as report_file
from ..reports.showing import show

WRITTEN = ("output", "report", "crif")
"""The options whose files a command writes."""

errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def stoppable() -> Iterator[None]:
    """Ends with what a stopped run has to say, and exit code 130."""
    try:
        yield
    except (Interrupted, WorkersLostError) as stopped:
        errors.print(printable(str(stopped)))
        raise typer.Exit(130) from None


@contextmanager
def old_files_named(paths: Iterable[Path]) -> Iterator[None]:
    """Says, if a run fails, which of the files that it was to write are still those of an earlier one."""
    before = {path: path.stat().st_mtime_ns for path in paths if path.is_file()}
    try:
        yield
    except BaseException as error:
        if isinstance(error, typer.Exit) and error.exit_code in (0, 1):  # it went to its end
            raise
        if isinstance(error, InvalidValueError) and error.name in WRITTEN:  # it says itself what the file is
            raise
        for path, written in before.items():
            if path.is_file() and path.stat().st_mtime_ns == written:
                errors.print(printable(f"{path} is still that of an earlier run"))
        raise


def naming_old_files(command: Callable[..., None]) -> Callable[..., None]:
    """A command that does so of the files that its options name."""

    @wraps(command)
    def run(**given: Any) -> None:
        options = [given.get(name) for name in WRITTEN]
        paths = [path for own in options for path in (own if isinstance(own, list) else [own])]
        with old_files_named(path for path in paths if path is not None):
            command(**given)

    return run


@dataclass(frozen=True)
class Talk:
    """What is printed on standard output: nothing, the usual, or all of it.

    The `options` are those of a command that show more of a table which does not fit.
    """

    quiet: bool
    verbose: bool
    wide: bool = False
    options: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            refuse("quiet", "not go with verbose", "both")

    @property
    def progress(self) -> bool:
        """Whether to draw bars: only on a terminal."""
        return not self.quiet and sys.stderr.isatty()

    def say(self, *lines: str, mark: str = "", most: int | None = None) -> None:
        """Print lines; beyond the first `most` only with --verbose."""
        shown = lines if self.verbose or most is None else lines[:most]
        more = [f"and {len(lines) - len(shown):,} more (--verbose shows them)"] if len(shown) < len(lines) else []
        for line in [] if self.quiet else [*shown, *more]:
            typer.echo(printable(f"{mark}{line}"))

    def show(self, *tables: Table) -> None:
        """Print tables."""
        if not self.quiet:
            show(*tables, wide=self.wide, options=self.options)


def check_outputs(
    output: Path | None, reports: Sequence[Path], read: Mapping[str, Path | None], name: str = "output"
) -> None:
    """Refuse files to write that cannot be written, are read, or are to be written twice; `name` is the output's."""
    taken: dict[str, Path | None] = dict(read)
    if output is not None:
        writable(name, output, SUFFIXES)
        apart(name, output, taken)
        taken[name] = output
    for path in reports:
        report_file.check_writable(path)
        apart("report", path, taken)
        taken["other report"] = path


def numbered(reports: Sequence[Path]) -> dict[str, Path]:
    """Reports by what they are called in a refusal."""
    return {f"report {place}": path for place, path in enumerate(reports, 1)}
