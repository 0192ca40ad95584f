"""``scenarios``: gains on a grid, or under stresses."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from .._checks import refuse
from .._neutral import printable
from ..book.reading import BookWarning
from ..book.scenario_grid import scenario_grid, stress
from ..reports import shocked as shocked_report
from .options import (
    CORES,
    GRID,
    LADDER_PATHS,
    Book,
    MarketFile,
    Paths,
    Quiet,
    Seed,
    Wide,
    Workers,
)
from .talk import Talk, errors


def scenarios_command(
    book: Book,
    market: MarketFile,
    spot: Annotated[
        str | None,
        typer.Option("--spot", metavar="MOVES", help="Moves as shares of the spot.", show_default=GRID["spot"]),
    ] = None,
    volatility: Annotated[
        str | None,
        typer.Option("--volatility", metavar="MOVES", help="Added to volatilities.", show_default=GRID["volatility"]),
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="MOVES", help="Added to zero rates.", show_default=GRID["rate"])
    ] = None,
    stresses: Annotated[
        Path | None,
        typer.Option("--stress", metavar="FILE", help="Named stresses instead, a TOML file with a table for each."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write here: .csv, .parquet or .xlsx.")
    ] = None,
    paths: Paths = LADDER_PATHS,
    seed: Seed = None,
    workers: Workers = CORES,
    wide: Wide = False,
    quiet: Quiet = False,
) -> None:
    """What a book gains on a grid of spots, volatilities and rates, or under named stresses.

    Exit codes: 0 all trades are valued, 1 some could not be, 2 the input could not be used.

    Example: likelihood-greeks scenarios data/book.csv --market data/market.toml --spot=-10%,0,10% --output grid.csv
    """
    talk = Talk(quiet, verbose=False, wide=wide, options=("--wide", "--output"))
    with ThreadPoolExecutor(workers) as executor, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BookWarning)
        moves = {"spot": spot, "volatility": volatility, "rate": rate}
        if stresses is not None:
            if given := [name for name, own in moves.items() if own is not None]:
                refuse(given[0], "not be given with --stress, whose file has all moves", moves[given[0]])
            frame = stress(
                book, market, stresses, paths=paths, seed=seed, executor=executor, progress=talk.progress, output=output
            )
        else:
            frame = scenario_grid(
                book, market, *(_moves(GRID[name] if own is None else own) for name, own in moves.items()),
                paths=paths, seed=seed, executor=executor, progress=talk.progress, output=output,
            )  # fmt: skip
    talk.show(*shocked_report.shocked_tables(frame, named=stresses is not None))
    for warning in caught:
        errors.print(printable(str(warning.message)))
    talk.say(f"{paths:,} paths, seed {frame.attrs['seed']}" + f", written to {output}" * bool(output))
    if frame.attrs["problems"]:
        raise typer.Exit(1)


def _moves(text: str) -> list[float]:
    """Numbers from ``-5%,0,0.05``; what is none is left for `scenario_grid` to refuse."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    return [_share(word) for word in words]


def _share(word: str) -> float:
    number, percent, rest = word.partition("%")
    try:
        found = float(number) / (100.0 if percent and not rest else 1.0)
    except ValueError:
        refuse("move", "be a number, or a percentage such as -5%", word)
    if not percent and abs(found) >= 1.0:
        refuse("move", "be below 1 up and down, or written with a %: 5% is 0.05", word)
    return found
