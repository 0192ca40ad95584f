"""``compare``: every method on one trade."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._checks import refuse
from .._outputs import apart
from ..book.market import Market
from ..book.reading import read_book
from ..book.trades import parse
from ..comparison import compare
from ..pictures import comparison as pictures
from .options import (
    Book,
    Greeks,
    MarketFile,
    Paths,
    Quiet,
    Sampling,
    Seed,
    greeks_of,
)
from .talk import Talk


def compare_command(
    book: Book,
    market: MarketFile,
    trade: Annotated[
        str, typer.Option("--trade", metavar="TRADE_ID", help="trade_id of the trade to look at.", show_default=False)
    ],
    paths: Paths = 100_000,
    seed: Seed = None,
    greeks: Greeks = None,
    sampling: Sampling = "pseudo",
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the costs here: .png, .pdf or .svg.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Every method on one trade of a book: value, error, time, and where a method is wrong.

    Exit codes: 0 done, 2 the input could not be used.

    Example: likelihood-greeks compare data/book.csv --market data/market.toml --trade DAX-021 --plot methods.png
    """
    talk = Talk(quiet, verbose=False, options=("--greeks",))
    data = Market.read(market)
    if plot is not None:
        pictures.check_writable(plot)
        apart("plot", plot, {"book": book, **data.files})
    trades, problems = parse(read_book(book), data)
    chosen = [t for t in trades if t.trade_id == trade]
    if not chosen:
        own = next((p for p in problems if p.trade_id == trade), None)
        if own is not None:
            refuse(f"{trade}: {own.field}", own.requirement, own.value)
        known = ", ".join(t.trade_id for t in trades[:5])
        refuse("trade", f"be a trade_id of {book} ({known}, ...)", trade)
    frame = compare(chosen[0].model, chosen[0].payoff, greeks_of(greeks), paths=paths, seed=seed, sampling=sampling)
    title = f"{trade}: {chosen[0].product}, {paths:,} paths, seed {frame.attrs['seed']}"
    if plot is not None:
        pictures.write(frame, plot, title)
    talk.show(pictures.table(frame, title))
    talk.say(*pictures.remarks(frame), mark="! ")
    if plot is not None:
        talk.say(f"written to {plot}")
