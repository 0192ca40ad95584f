"""The command line: ``likelihood-greeks risk | compare | validate``.

Exit codes: 0 all is well, 1 some trades could not be priced or a check failed, 2 the input could not be used, 130 a run
was stopped (Ctrl-C).
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from . import cluster, parameters, plotting, reporting
from ._checks import refuse
from .book.interruption import Interrupted
from .book.market import Market
from .book.risk import risk
from .book.trades import NET, BookWarning, parse, read_book
from .comparison import compare
from .stopping import MAX_PATHS
from .validation.report import PRECISION, summary, validate, verdict

app = typer.Typer(
    help="Greeks of option books by the likelihood-ratio method, each with its standard error.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

Book = Annotated[Path, typer.Argument(help="Trades: .csv, .parquet or .xlsx, one a row.", show_default=False)]
MarketFile = Annotated[Path, typer.Option("--market", help="Market data and models, a TOML file.", show_default=False)]
Paths = Annotated[int, typer.Option("--paths", help="Simulated paths.", min=2)]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed; drawn and reported if not given.", min=0)]
Greeks = Annotated[
    str | None,
    typer.Option("--greeks", help="Comma-separated, e.g. delta,gamma,vanna,spot:rate. Default: first order."),
]
Workers = Annotated[int, typer.Option("--workers", help="Threads; results do not depend on it.", min=1)]
Sampling = Annotated[str, typer.Option("--sampling", help="pseudo, antithetic or sobol.")]
CORES = os.cpu_count() or 1


def _greeks(text: str | None) -> list[parameters.Greek] | None:
    return [parameters.parse(word) for word in text.split(",") if word.strip()] if text else None


def _targets(text: str | None) -> dict[parameters.Greek, float | str] | None:
    """Targets from ``greek=error,...``; what is no number is left for `risk` to read or refuse."""
    if text is None:
        return None
    words = [word.partition("=") for word in text.split(",") if word.strip()]
    return {parameters.parse(greek): _number(error) for greek, _, error in words}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ends with what a stopped run has to say, and exit code 130."""
    try:
        yield
    except Interrupted as stopped:
        errors.print(str(stopped))
        raise typer.Exit(130) from None


@app.command("risk")
def risk_command(
    book: Book,
    market: MarketFile,
    output: Annotated[Path | None, typer.Option("--output", help="Write here: .csv, .parquet or .xlsx.")] = None,
    paths: Paths = 100_000,
    seed: Seed = None,
    greeks: Greeks = None,
    controls: Annotated[str, typer.Option("--controls", help="auto, scores or none.")] = "auto",
    sampling: Sampling = "pseudo",
    target_error: Annotated[
        str | None,
        typer.Option("--target-error", help="Errors to reach by adding paths, e.g. delta=0.001,vega=1%."),
    ] = None,
    target_of: Annotated[str, typer.Option("--target-of", help="trade (every one, a unit) or net.")] = "trade",
    max_paths: Annotated[int, typer.Option("--max-paths", help="Paths that targets may take.", min=2)] = MAX_PATHS,
    workers: Workers = CORES,
    dask: Annotated[
        str | None, typer.Option("--dask", help="Run on a Dask cluster: its scheduler's address, or local.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from what a stopped run with this output left.")
    ] = False,
) -> None:
    """Greeks of a book, each underlying under the model that the market file names (black-scholes or heston).

    Ctrl-C stops a run; with --output, what is finished stays, and --resume computes the rest.

    Example: likelihood-greeks risk data/book.csv --market data/market.toml --paths 100000 --output risk.csv
    """
    start = time.perf_counter()
    pool = ThreadPoolExecutor(workers) if dask is None else cluster.connected(dask)
    with pool as executor, warnings.catch_warnings(record=True) as caught, _stoppable():
        warnings.simplefilter("always", BookWarning)
        frame = risk(
            book, market, _greeks(greeks), paths=paths, seed=seed, controls=controls, sampling=sampling,
            target_error=_targets(target_error), target_of=target_of, max_paths=max_paths,
            executor=executor, progress=sys.stderr.isatty(), output=output, resume=resume,
        )  # fmt: skip
    reporting.show(reporting.book_table(frame), reporting.net_table(frame))
    for note in reporting.notes(frame):
        typer.echo(f"! {note}")
    for name, fit in frame.attrs["calibrations"].items():
        typer.echo(f"{name}: {fit['summary']}")
    trades = frame.loc[frame["trade_id"] != NET, "trade_id"].nunique()
    written = f", written to {output}" if output else ""
    lengths = {frame["n_paths"].min(), frame["n_paths"].max()} if trades else {paths}
    count = " to ".join(f"{n:,}" for n in sorted(lengths))
    typer.echo(
        f"{trades} trades, {count} paths, seed {frame.attrs['seed']}, {time.perf_counter() - start:.1f} s{written}"
    )
    for warning in caught:
        errors.print(str(warning.message))
    if frame.attrs["problems"]:
        raise typer.Exit(1)


@app.command("compare")
def compare_command(
    book: Book,
    market: MarketFile,
    trade: Annotated[str, typer.Option("--trade", help="trade_id of the trade to look at.", show_default=False)],
    paths: Paths = 100_000,
    seed: Seed = None,
    greeks: Greeks = None,
    sampling: Sampling = "pseudo",
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the costs here: .png, .pdf or .svg.")] = None,
) -> None:
    """Every method on one trade of a book: value, error, time, and where a method is wrong.

    Example: likelihood-greeks compare data/book.csv --market data/market.toml --trade DAX-021 --plot methods.png
    """
    if plot is not None:
        plotting.check_writable(plot)
    trades, problems = parse(read_book(book), Market.read(market))
    chosen = [t for t in trades if t.trade_id == trade]
    if not chosen:
        own = next((p for p in problems if p.trade_id == trade), None)
        if own is not None:
            refuse(f"{trade}: {own.field}", own.requirement, own.value)
        known = ", ".join(t.trade_id for t in trades[:5])
        refuse("trade", f"be a trade_id of {book} ({known}, ...)", trade)
    frame = compare(chosen[0].model, chosen[0].payoff, _greeks(greeks), paths=paths, seed=seed, sampling=sampling)
    title = f"{trade}: {chosen[0].product}, {paths:,} paths, seed {frame.attrs['seed']}"
    reporting.show(plotting.table(frame, title))
    for remark in plotting.remarks(frame):
        typer.echo(f"! {remark}")
    if plot is not None:
        plotting.write(frame, plot, title)
        typer.echo(f"written to {plot}")


@app.command("validate")
def validate_command(
    precision: Annotated[float, typer.Option("--precision", help="Standard error as a share of scale.")] = PRECISION,
    seed: Annotated[int, typer.Option("--seed", help="First seed.", min=0)] = 1,
    output: Annotated[Path | None, typer.Option("--output", help="Write every z-score here.")] = None,
    workers: Workers = CORES,
) -> None:
    """Every Greek of the reference grid against closed forms, quadrature and QuantLib: a table of z-scores."""
    if output is not None:
        reporting.check_writable(output)
    with ThreadPoolExecutor(workers) as executor:
        table = validate(precision=precision, seed=seed, executor=executor, progress=sys.stderr.isatty())
    if output is not None:
        reporting.write(table.reset_index(), output)
    reporting.show(reporting.frame_table(summary(table), "z-scores by case"))
    judged = verdict(table, precision)
    typer.echo(
        f"{judged.checks} checks: mean z² {judged.mean_square:.3f} (0.8 to 1.25), {judged.beyond_three} beyond 3, "
        f"worst {judged.worst:.2f}; largest standard error {judged.largest_error:.2%} of scale; "
        f"QuantLib within {judged.quantlib:.1e} of scale: {'passed' if judged.passed else 'FAILED'}"
    )
    if not judged.passed:
        raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; input that cannot be used ends with a message and exit code 2."""
    try:
        app(args=None if arguments is None else list(arguments))
    except (ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        errors.print(f"error: {error}", style="red")
        sys.exit(2)
