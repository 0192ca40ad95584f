"""``explain``: the profit between two markets."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .._checks import InvalidValueError
from .._neutral import printable
from ..book.explain_book import explain_book
from ..book.reading import BookWarning
from ..reports import explained as explained_report
from .options import (
    CORES,
    NOTES,
    SHOWN,
    Book,
    MarketFile,
    Paths,
    Quiet,
    Sampling,
    Seed,
    Verbose,
    Wide,
    Workers,
)
from .talk import Talk, errors


@contextmanager
def _named_as_given(market: Path, to: Path) -> Iterator[None]:
    """Puts options and files for what `explain_book` calls the markets in refusals."""
    try:
        yield
    except InvalidValueError as error:
        if error.name.split(" of ")[-1] != "tuesday":
            raise
        name = f"{error.name.removesuffix('tuesday')}--to {to}"
        requirement = error.requirement.replace("that of monday", f"that of --market {market}")
        raise InvalidValueError(name, requirement, error.value) from error


def explain_command(
    book: Book,
    market: MarketFile,
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE", help="The market of the later day, a TOML file.", show_default=False)
    ],
    book_after: Annotated[
        Path | None, typer.Option("--book-after", metavar="FILE", help="The book of the later day, if it is another.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write here: .csv, .parquet or .xlsx.")
    ] = None,
    paths: Paths = 100_000,
    seed: Seed = None,
    controls: Annotated[str, typer.Option("--controls", metavar="WORD", help="auto, scores or none.")] = "auto",
    sampling: Sampling = "pseudo",
    buckets: Annotated[
        str | None,
        typer.Option("--buckets", metavar="NAMES", help="Terms by pillar too: of vega,rho,dividend_rho,correlation."),
    ] = None,
    workers: Workers = CORES,
    wide: Wide = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """The profit or loss of a book between two markets: carry, Greeks, and what they leave unexplained.

    Exit codes: 0 all trades are explained, 1 some could not be, 2 the input could not be used.

    Example: likelihood-greeks explain book.csv --market monday.toml --to tuesday.toml --output explained.xlsx
    """
    talk, start = Talk(quiet, verbose, wide, ("--wide", "--output")), time.perf_counter()
    named = _named_as_given(market, to)
    with ThreadPoolExecutor(workers) as executor, warnings.catch_warnings(record=True) as caught, named:
        warnings.simplefilter("always", BookWarning)
        frame = explain_book(
            book, market, to, book_after=book_after, paths=paths, seed=seed, controls=controls, sampling=sampling,
            buckets=[name.strip() for name in buckets.split(",")] if buckets else (),
            executor=executor, progress=talk.progress, output=output,
        )  # fmt: skip
    talk.show(*explained_report.explained_tables(frame, len(frame) if verbose else SHOWN))
    talk.say(*explained_report.states(frame), most=NOTES)
    talk.say(*explained_report.notes(frame), mark="! ", most=NOTES)
    for warning in caught:
        errors.print(printable(str(warning.message)))
    talk.say(
        f"seed {frame.attrs['seed']}, {time.perf_counter() - start:.1f} s" + f", written to {output}" * bool(output)
    )
    if frame.attrs["problems"]:
        raise typer.Exit(1)
