"""``risk``: the Greeks of a book."""

from __future__ import annotations

import errno
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from .._checks import one_of, refuse
from .._neutral import printable
from ..book.assets.names import OF_PAIRS
from ..book.buckets import asked as split
from ..book.crif import bucket_words, to_crif
from ..book.files import read, write
from ..book.ladder import ladder
from ..book.limit_reading import Known, Limits, read_limits
from ..book.limits import judged
from ..book.market import Market
from ..book.own_columns import names_in_frame
from ..book.pnl.as_written import as_explained
from ..book.reading import BookWarning, read_book
from ..book.risk import computed, risk
from ..book.scenario_grid import scenario_grid
from ..book.trades import NET
from ..engine import cluster
from ..engine.stopping import MAX_PATHS
from ..parameters import label
from ..reports import book_tables, terminal
from ..reports import files as report_file
from .options import (
    CORES,
    LADDER_PATHS,
    NOTES,
    SHOWN,
    Book,
    Greeks,
    MarketFile,
    Paths,
    Quiet,
    Sampling,
    Seed,
    Verbose,
    Wide,
    Workers,
    count_of,
    greeks_of,
    targets_of,
)
from .talk import Talk, check_outputs, errors, numbered, stoppable


def risk_command(
    book: Book,
    market: MarketFile,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write here: .csv, .parquet or .xlsx.")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option("--report", metavar="FILE", help="Report for people: .html or .xlsx; may be given twice."),
    ] = None,
    with_ladder: Annotated[
        bool, typer.Option("--ladder", help="Spot ladders in the reports: every trade revalued at six spots.")
    ] = False,
    with_grid: Annotated[
        bool, typer.Option("--grid", help="Spot by volatility in the reports, and a ladder of each trade.")
    ] = False,
    explained: Annotated[
        Path | None, typer.Option("--explained", metavar="FILE", help="What explain --output wrote, for the reports.")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option("--limits", metavar="FILE", help="Limits of Greeks by group, a TOML file.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMNS", help="Totals by columns of the book's own, e.g. book,counterparty."),
    ] = None,
    crif: Annotated[
        Path | None, typer.Option("--crif", metavar="FILE", help="Sensitivities in the columns of the CRIF (FRTB).")
    ] = None,
    crif_buckets: Annotated[
        str, typer.Option("--crif-buckets", metavar="NAMES", help="Regulatory buckets of equities, e.g. SX5E=12,SAP=5.")
    ] = "",
    paths: Paths = 100_000,
    seed: Seed = None,
    greeks: Greeks = None,
    controls: Annotated[str, typer.Option("--controls", metavar="WORD", help="auto, scores or none.")] = "auto",
    sampling: Sampling = "pseudo",
    closed_form: Annotated[
        bool, typer.Option("--closed-form/--simulate", help="Europeans exact where the law has a closed form, or not.")
    ] = True,
    target_error: Annotated[
        str | None,
        typer.Option(
            "--target-error", metavar="NAMES", help="Errors to reach by adding paths, e.g. delta=0.001,vega=1%."
        ),
    ] = None,
    target_of: Annotated[
        str, typer.Option("--target-of", metavar="WORD", help="trade (every one, a unit) or net.")
    ] = "trade",
    max_paths: Annotated[
        int, typer.Option("--max-paths", metavar="N", help="Paths that targets may take.", parser=count_of)
    ] = MAX_PATHS,
    workers: Workers = CORES,
    dask: Annotated[
        str | None,
        typer.Option("--dask", metavar="ADDRESS", help="Run on a Dask cluster: its scheduler's address, or local."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from what a stopped run with this output left.")
    ] = False,
    buckets: Annotated[
        str | None,
        typer.Option("--buckets", metavar="NAMES", help="Greeks by node too: of vega,rho,dividend_rho,correlation."),
    ] = None,
    smile: Annotated[
        str,
        typer.Option(
            "--smile", metavar="WORD", help="What stays as the spot moves: sticky_strike or sticky_moneyness."
        ),
    ] = "sticky_strike",
    wide: Wide = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Greeks of a book, each underlying under the model of the market file: black-scholes, local_volatility or heston.

    Ctrl-C stops a run; with --output, what is finished stays, and --resume computes the rest.

    Exit codes: 0 all trades are priced, 1 some could not be, 2 the input could not be used, 130 stopped.

    Example: likelihood-greeks risk data/book.csv --market data/market.toml --paths 100000 --output risk.csv

    Example: likelihood-greeks risk data/book.csv --market data/market.toml --target-error delta=1% --report risk.html
    """
    talk, start = Talk(quiet, verbose, wide, ("--wide", "--greeks", "--output")), time.perf_counter()
    regulatory = bucket_words([word for word in crif_buckets.split(",") if word.strip()])
    for name, wanted in {"ladder": with_ladder, "grid": with_grid, "explained": explained}.items():
        if wanted and not report:
            refuse(name, "go with --report, where it is drawn", "no report")
    told = None if explained is None else as_explained(read(explained), str(explained))
    if limits is not None and not limits.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(limits))
    data, rungs, grid, keys = Market.read(market), None, None, _own_columns(book, by)
    given = {"book": book, **data.files, "limits": limits, "explained": explained}
    check_outputs(output, report or [], given)
    check_outputs(crif, [], {**given, "output": output, **numbered(report or [])}, "crif")
    parts = [name.strip() for name in buckets.split(",")] if buckets else []
    bounds = None if limits is None else _limits(limits, book, greeks, parts)
    pool = ThreadPoolExecutor(workers) if dask is None else cluster.connected(dask)
    with pool as executor, warnings.catch_warnings(record=True) as caught, stoppable():
        warnings.simplefilter("always", BookWarning)
        frame = risk(
            book, data, greeks_of(greeks), paths=paths, seed=seed, controls=controls, sampling=sampling,
            target_error=targets_of(target_error), target_of=target_of, max_paths=max_paths, closed_form=closed_form,
            executor=executor, progress=talk.progress, output=output, resume=resume,
            buckets=parts, smile=smile,
        )  # fmt: skip
    settings = {
        "book": book, "market": market, "valuation date": data.valuation_date, "controls": controls,
        "sampling": sampling, "target errors": target_error or "none",
    }  # fmt: skip
    written = [*filter(None, [output])]
    with warnings.catch_warnings(record=True) as of_limits:
        warnings.simplefilter("always", BookWarning)
        held = judged(frame, bounds) if bounds is not None and len(frame) else None
    try:
        if with_ladder and len(frame):
            with ThreadPoolExecutor(workers) as executor, warnings.catch_warnings(action="ignore"):
                rungs = ladder(
                    book, data, paths=min(paths, LADDER_PATHS), seed=frame.attrs["seed"], closed_form=closed_form,
                    executor=executor, smile=smile,
                )  # fmt: skip
        if with_grid and len(frame):
            with ThreadPoolExecutor(workers) as executor, warnings.catch_warnings(action="ignore"):
                grid = scenario_grid(
                    book, data, paths=min(paths, LADDER_PATHS), seed=frame.attrs["seed"], closed_form=closed_form,
                    executor=executor, progress=talk.progress,
                )  # fmt: skip
        settings["seconds"] = f"{time.perf_counter() - start:.1f}"
        written += _write_reports(
            frame, report or [], ladder=rungs, settings=settings, by=keys, scenarios=grid,
            explained=told, limits=held,
        )  # fmt: skip
        if crif is not None:
            write(to_crif(frame, buckets=regulatory), crif)
            written.append(crif)
    finally:  # files first: whoever reads what is printed may not listen to the end, or not know all characters
        for warning in [*caught, *of_limits]:
            errors.print(printable(str(warning.message)))
        _print_risk(frame, talk, [*map(label, greeks_of(greeks) or [])])
        talk.show(*(book_tables.totals_table(frame, key) for key in keys if len(frame)))
        if held is not None:
            talk.show(terminal.limits_table(held, whole=verbose))
        talk.say(_summary(frame, time.perf_counter() - start, written))
    if frame.attrs["problems"]:
        raise typer.Exit(1)


def _write_reports(frame: pd.DataFrame, paths: Sequence[Path], **content: Any) -> list[Path]:
    """Write the reports, and give their paths back; there are none without a trade, which is said."""
    for path in paths:
        if len(frame):
            report_file.report(frame, path, **content)
        else:
            old = "that of an earlier run" if path.exists() else "not written"
            errors.print(printable(f"{path} is {old}: this one has no trade to report"))
    return [*paths] if len(frame) else []


def _own_columns(book: Path, by: str | None) -> list[str]:
    """The names in a frame of the own columns of a book in ``column,...``, refused before anything is computed."""
    names = [word.strip() for word in (by or "").split(",") if word.strip()]
    known = names_in_frame(read_book(book)) if names else {}
    return [known[one_of("by", name, list(known))] for name in names]


def _limits(path: Path, book: Path, greeks: str | None, buckets: list[str]) -> Limits:
    """The limits of a file, refused before anything is computed."""
    with warnings.catch_warnings(action="ignore"):
        frame = read_book(book)
    parts = split(buckets)
    known = ["price", *map(label, computed(greeks_of(greeks), parts, frame))]
    return read_limits(path, Known(known, parts, [*names_in_frame(frame).values()]))


def _print_risk(frame: pd.DataFrame, talk: Talk, asked: Sequence[str]) -> None:
    """The tables of a run and what is held against its numbers."""
    first = frame["trade_id"].drop_duplicates()
    first = first if talk.verbose else first.head(SHOWN)
    pairs = talk.wide or not {*asked}.isdisjoint(OF_PAIRS)
    talk.show(book_tables.book_table(frame[frame["trade_id"].isin(first)], asked=asked, pairs=pairs))
    trades = frame.loc[frame["trade_id"] != NET, "trade_id"].nunique()
    if trades > len(first):
        talk.say(f"and {trades - len(first):,} more trades (--verbose shows them)")
    talk.show(book_tables.net_table(frame, pairs=pairs))
    if book_tables.are_pairs(frame).any() and not pairs:
        talk.say("Greeks of pairs of assets: --wide shows them, --greeks chooses, --output writes a file")
    talk.say(*map(": ".join, terminal.states_of(frame)), most=NOTES)
    talk.say(*terminal.notes(frame), mark="! ", most=NOTES)
    talk.say(*(f"{name}: {fit['summary']}" for name, fit in frame.attrs["calibrations"].items()))


def _summary(frame: pd.DataFrame, seconds: float, written: Sequence[Path]) -> str:
    trades = frame.loc[frame["trade_id"] != NET, "trade_id"].nunique()
    files = f", written to {', '.join(map(str, written))}" if written else ""
    return f"{trades} trades, {terminal.paths_of(frame)} paths, seed {frame.attrs['seed']}, {seconds:.1f} s{files}"
