"""Options that several commands have, and how their words are read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from .. import parameters
from .._checks import refuse


def count_of(given: str | int) -> int:
    """A whole number of at least 2 from ``100000``, ``100,000``, ``100_000`` or ``1e5``."""
    text = str(given)
    plain = text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+", text.strip()) else text
    try:
        found = float(plain) if "e" in plain.lower() else int(plain)
    except ValueError:
        found = 0
    if found < 2 or not float(found).is_integer():
        raise typer.BadParameter(f"must be a whole number of at least 2, such as 100000, got {text!r}")
    return int(found)


Book = Annotated[
    Path, typer.Argument(metavar="BOOK", help="Trades: .csv, .parquet or .xlsx, one a row.", show_default=False)
]
MarketFile = Annotated[
    Path, typer.Option("--market", metavar="FILE", help="Market data and models, a TOML file.", show_default=False)
]
Paths = Annotated[int, typer.Option("--paths", metavar="N", help="Simulated paths.", parser=count_of)]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed; drawn and reported if not given.", min=0)]
Greeks = Annotated[
    str | None,
    typer.Option(
        "--greeks", metavar="NAMES", help="Comma-separated, e.g. delta,gamma,vanna,spot:rate. Default: first order."
    ),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", help="Threads; results do not depend on it.", min=1)]
Sampling = Annotated[str, typer.Option("--sampling", metavar="WORD", help="pseudo, antithetic or sobol.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print every trade and note.")]
Wide = Annotated[bool, typer.Option("--wide", help="Print every column, wider than the window or not.")]
CORES = os.cpu_count() or 1
SHOWN, NOTES = 200, 20  # rows and notes printed without --verbose
GRID = {"spot": "-10%,-5%,-2%,0,2%,5%,10%", "volatility": "-5%,0,5%", "rate": "0"}  # moves of `scenarios`
LADDER_PATHS = 16_384  # for each trade


def greeks_of(text: str | None) -> list[parameters.Greek] | None:
    """Greeks from ``delta,spot:rate,...``; None of nothing."""
    return [parameters.parse(word) for word in text.split(",") if word.strip()] if text else None


def targets_of(text: str | None) -> dict[parameters.Greek, float | str] | None:
    """Targets from ``greek=error,...``; what is no number is left for `risk` to read or refuse."""
    if text is None:
        return None
    words = [word.partition("=") for word in text.split(",") if word.strip()]
    found: dict[parameters.Greek, float | str] = {}
    for greek, _, error in words:
        if parameters.parse(greek) in found:
            refuse("target-error", f"name a Greek once, not {greek.strip()} twice", text)
        found[parameters.parse(greek)] = _number(error)
    return found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
