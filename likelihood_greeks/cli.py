"""The command line: ``likelihood-greeks risk | diff | explain | scenarios | compare | validate``.

Exit codes: 0 all is well, 1 some trades could not be priced, numbers have changed or a check failed, 2 the input could
not be used, 130 a run was stopped (Ctrl-C).
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from . import parameters
from ._checks import one_of, refuse
from ._neutral import printable
from ._outputs import apart
from .book.crif import bucket_words, to_crif
from .book.difference import diff
from .book.explain_book import explain_book
from .book.files import check_writable, read, write
from .book.interruption import Interrupted, WorkersLostError
from .book.ladder import ladder
from .book.limits import check_limits
from .book.market import Market
from .book.own_columns import names_in_frame
from .book.reading import BookWarning, read_book
from .book.risk import risk
from .book.scenario_grid import scenario_grid, stress
from .book.trades import NET, parse
from .comparison import compare
from .engine import cluster
from .engine.stopping import MAX_PATHS
from .pictures import comparison as pictures
from .reports import explained as explained_report
from .reports import files as report_file
from .reports import shocked as shocked_report
from .reports import terminal
from .validation.report import PRECISION, summary, validate, verdict

app = typer.Typer(
    help="Greeks of option books by the likelihood-ratio method, each with its standard error.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def _count(given: str | int) -> int:
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


Book = Annotated[Path, typer.Argument(help="Trades: .csv, .parquet or .xlsx, one a row.", show_default=False)]
MarketFile = Annotated[Path, typer.Option("--market", help="Market data and models, a TOML file.", show_default=False)]
Paths = Annotated[int, typer.Option("--paths", help="Simulated paths.", parser=_count, metavar="NUMBER")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed; drawn and reported if not given.", min=0)]
Greeks = Annotated[
    str | None,
    typer.Option("--greeks", help="Comma-separated, e.g. delta,gamma,vanna,spot:rate. Default: first order."),
]
Workers = Annotated[int, typer.Option("--workers", help="Threads; results do not depend on it.", min=1)]
Sampling = Annotated[str, typer.Option("--sampling", help="pseudo, antithetic or sobol.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but warnings and errors.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print every trade and note.")]
CORES = os.cpu_count() or 1
SHOWN, NOTES = 200, 20  # rows and notes printed without --verbose
GRID = {"spot": "-10%,-5%,-2%,0,2%,5%,10%", "volatility": "-5%,0,5%", "rate": "0"}  # moves of `scenarios`
LADDER_PATHS = 16_384  # for each trade


def _greeks(text: str | None) -> list[parameters.Greek] | None:
    return [parameters.parse(word) for word in text.split(",") if word.strip()] if text else None


def _targets(text: str | None) -> dict[parameters.Greek, float | str] | None:
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


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ends with what a stopped run has to say, and exit code 130."""
    try:
        yield
    except (Interrupted, WorkersLostError) as stopped:
        errors.print(printable(str(stopped)))
        raise typer.Exit(130) from None


@contextmanager
def _old_files_named(paths: Iterable[Path]) -> Iterator[None]:
    """Says, if a run fails, which of the files that it was to write are still those of an earlier one."""
    before = {path: path.stat().st_mtime_ns for path in paths if path.is_file()}
    try:
        yield
    except BaseException:
        for path, written in before.items():
            if path.is_file() and path.stat().st_mtime_ns == written:
                errors.print(printable(f"{path} is still that of an earlier run"))
        raise


@dataclass(frozen=True)
class _Talk:
    """What is printed on standard output: nothing, the usual, or all of it."""

    quiet: bool
    verbose: bool

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
            terminal.show(*tables)


@app.command("risk")
def risk_command(
    book: Book,
    market: MarketFile,
    output: Annotated[Path | None, typer.Option("--output", help="Write here: .csv, .parquet or .xlsx.")] = None,
    report: Annotated[
        list[Path] | None, typer.Option("--report", help="Report for people: .html or .xlsx; may be given twice.")
    ] = None,
    with_ladder: Annotated[
        bool, typer.Option("--ladder", help="Spot ladders in the reports: every trade revalued at six spots.")
    ] = False,
    with_grid: Annotated[
        bool, typer.Option("--grid", help="Spot by volatility in the reports, and a ladder of each trade.")
    ] = False,
    explained: Annotated[
        Path | None, typer.Option("--explained", help="What explain --output wrote, for the reports.")
    ] = None,
    limits: Annotated[Path | None, typer.Option("--limits", help="Limits of Greeks by group, a TOML file.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Totals by columns of the book's own, e.g. book,counterparty.")
    ] = None,
    crif: Annotated[
        Path | None, typer.Option("--crif", help="Sensitivities in the columns of the CRIF (FRTB).")
    ] = None,
    crif_buckets: Annotated[
        str, typer.Option("--crif-buckets", help="Regulatory buckets of equities, e.g. SX5E=12,SAP=5.")
    ] = "",
    paths: Paths = 100_000,
    seed: Seed = None,
    greeks: Greeks = None,
    controls: Annotated[str, typer.Option("--controls", help="auto, scores or none.")] = "auto",
    sampling: Sampling = "pseudo",
    closed_form: Annotated[
        bool, typer.Option("--closed-form/--simulate", help="Europeans exact where the law has a closed form, or not.")
    ] = True,
    target_error: Annotated[
        str | None,
        typer.Option("--target-error", help="Errors to reach by adding paths, e.g. delta=0.001,vega=1%."),
    ] = None,
    target_of: Annotated[str, typer.Option("--target-of", help="trade (every one, a unit) or net.")] = "trade",
    max_paths: Annotated[
        int, typer.Option("--max-paths", help="Paths that targets may take.", parser=_count, metavar="NUMBER")
    ] = MAX_PATHS,
    workers: Workers = CORES,
    dask: Annotated[
        str | None, typer.Option("--dask", help="Run on a Dask cluster: its scheduler's address, or local.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from what a stopped run with this output left.")
    ] = False,
    buckets: Annotated[
        str | None,
        typer.Option("--buckets", help="Greeks by node of the market too: of vega,rho,dividend_rho."),
    ] = None,
    smile: Annotated[
        str, typer.Option("--smile", help="What stays as the spot moves: sticky_strike or sticky_moneyness.")
    ] = "sticky_strike",
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Greeks of a book, each underlying under the model that the market file names (black-scholes or heston).

    Ctrl-C stops a run; with --output, what is finished stays, and --resume computes the rest.

    Exit codes: 0 all trades are priced, 1 some could not be, 2 the input could not be used, 130 stopped.

    Example: likelihood-greeks risk data/book.csv --market data/market.toml --paths 100000 --output risk.csv

    Example: likelihood-greeks risk data/book.csv --market data/market.toml --target-error delta=1% --report risk.html
    """
    talk, start = _Talk(quiet, verbose), time.perf_counter()
    regulatory = bucket_words([word for word in crif_buckets.split(",") if word.strip()])
    for name, asked in {"ladder": with_ladder, "grid": with_grid, "explained": explained}.items():
        if asked and not report:
            refuse(name, "go with --report, where it is drawn", "no report")
    told = None if explained is None else read(explained)
    if limits is not None and not limits.is_file():
        raise FileNotFoundError(errno.ENOENT, "no such file", str(limits))
    data, rungs, grid, keys = Market.read(market), None, None, _own_columns(book, by)
    given = {"book": book, **data.files, "limits": limits, "explained": explained}
    _check_outputs(output, report or [], given)
    _check_outputs(crif, [], {**given, "output": output, **_numbered(report or [])})
    pool = ThreadPoolExecutor(workers) if dask is None else cluster.connected(dask)
    old = _old_files_named([*filter(None, [output]), *(report or [])])
    with pool as executor, warnings.catch_warnings(record=True) as caught, _stoppable(), old:
        warnings.simplefilter("always", BookWarning)
        frame = risk(
            book, data, _greeks(greeks), paths=paths, seed=seed, controls=controls, sampling=sampling,
            target_error=_targets(target_error), target_of=target_of, max_paths=max_paths, closed_form=closed_form,
            executor=executor, progress=talk.progress, output=output, resume=resume,
            buckets=[name.strip() for name in buckets.split(",")] if buckets else [], smile=smile,
        )  # fmt: skip
    settings = {
        "book": book, "market": market, "valuation date": data.valuation_date, "controls": controls,
        "sampling": sampling, "target errors": target_error or "none",
    }  # fmt: skip
    written = [*filter(None, [output])]
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
            explained=told, limits=limits,
        )  # fmt: skip
        if crif is not None:
            write(to_crif(frame, buckets=regulatory), crif)
            written.append(crif)
    finally:  # files first: whoever reads what is printed may not listen to the end, or not know all characters
        for warning in caught:
            errors.print(printable(str(warning.message)))
        _print_risk(frame, talk)
        talk.show(*(terminal.totals_table(frame, key) for key in keys if len(frame)))
        if limits is not None and len(frame):
            talk.show(terminal.limits_table(check_limits(frame, limits), whole=verbose))
        talk.say(_summary(frame, time.perf_counter() - start, written))
    if frame.attrs["problems"]:
        raise typer.Exit(1)


def _check_outputs(output: Path | None, reports: Sequence[Path], read: Mapping[str, Path | None]) -> None:
    """Refuse files to write that cannot be written, are read, or are to be written twice."""
    taken: dict[str, Path | None] = dict(read)
    if output is not None:
        check_writable(output)
        apart("output", output, taken)
        taken["output"] = output
    for path in reports:
        report_file.check_writable(path)
        apart("report", path, taken)
        taken["other report"] = path


def _numbered(reports: Sequence[Path]) -> dict[str, Path]:
    """Reports by what they are called in a refusal."""
    return {f"report {place}": path for place, path in enumerate(reports, 1)}


def _write_reports(frame: pd.DataFrame, paths: Sequence[Path], **content: Any) -> list[Path]:
    """Write the reports, and give their paths back; there are none without a trade, which is said of what stays."""
    for path in paths:
        if len(frame):
            report_file.report(frame, path, **content)
        elif path.exists():
            errors.print(printable(f"{path} is that of an earlier run: this one has no trade to report"))
    return [*paths] if len(frame) else []


def _own_columns(book: Path, by: str | None) -> list[str]:
    """The names in a frame of the own columns of a book in ``column,...``, refused before anything is computed."""
    names = [word.strip() for word in (by or "").split(",") if word.strip()]
    known = names_in_frame(read_book(book)) if names else {}
    return [known[one_of("by", name, list(known))] for name in names]


def _print_risk(frame: pd.DataFrame, talk: _Talk) -> None:
    """The tables of a run and what is held against its numbers."""
    first = frame["trade_id"].drop_duplicates()
    first = first if talk.verbose else first.head(SHOWN)
    talk.show(terminal.book_table(frame[frame["trade_id"].isin(first)]))
    trades = frame.loc[frame["trade_id"] != NET, "trade_id"].nunique()
    if trades > len(first):
        talk.say(f"and {trades - len(first):,} more trades (--verbose shows them)")
    talk.show(terminal.net_table(frame))
    talk.say(*map(": ".join, terminal.states_of(frame)), most=NOTES)
    talk.say(*terminal.notes(frame), mark="! ", most=NOTES)
    talk.say(*(f"{name}: {fit['summary']}" for name, fit in frame.attrs["calibrations"].items()))


def _summary(frame: pd.DataFrame, seconds: float, written: Sequence[Path]) -> str:
    trades = frame.loc[frame["trade_id"] != NET, "trade_id"].nunique()
    files = f", written to {', '.join(map(str, written))}" if written else ""
    return f"{trades} trades, {terminal.paths_of(frame)} paths, seed {frame.attrs['seed']}, {seconds:.1f} s{files}"


@app.command("diff")
def diff_command(
    before: Annotated[Path, typer.Argument(help="A run: .parquet, .csv or .xlsx from risk.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="Another.", show_default=False)],
    of: Annotated[str, typer.Option("--of", help="position or unit: values times quantity, or not.")] = "position",
    level: Annotated[
        float, typer.Option("--level", help="Chance of calling any number changed where nothing has changed.")
    ] = 0.01,
    output: Annotated[Path | None, typer.Option("--output", help="Write every number here.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """What has changed between two runs of risk, and what is noise.

    Runs with different seeds are independent. With the same seed they share draws: the errors of differences are exact
    where both are Parquet files, which keep what is common, and upper bounds where not.

    Exit codes: 0 nothing has changed beyond noise, 1 something has, 2 the input could not be used.

    Example: likelihood-greeks diff monday.parquet tuesday.parquet --output changes.csv
    """
    talk = _Talk(quiet, verbose)
    _check_outputs(output, [], {"run before": before, "run after": after})
    table = diff(before, after, of=of, level=level)
    if output is not None:
        write(table, output)
    talk.say(*terminal.reasons(table), most=NOTES)
    changed = table[table["verdict"] != "noise"]
    if len(changed):
        talk.show(terminal.diff_table(changed if verbose else changed.head(SHOWN)))
    talk.say(terminal.diff_summary(table))
    if len(changed):
        raise typer.Exit(1)


@app.command("explain")
def explain_command(
    book: Book,
    market: MarketFile,
    to: Annotated[Path, typer.Option("--to", help="The market of the later day, a TOML file.", show_default=False)],
    book_after: Annotated[
        Path | None, typer.Option("--book-after", help="The book of the later day, if it is another.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Write here: .csv, .parquet or .xlsx.")] = None,
    paths: Paths = 100_000,
    seed: Seed = None,
    controls: Annotated[str, typer.Option("--controls", help="auto, scores or none.")] = "auto",
    sampling: Sampling = "pseudo",
    workers: Workers = CORES,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """The profit or loss of a book between two markets: carry, Greeks, and what they leave unexplained.

    Exit codes: 0 all trades are explained, 1 some could not be, 2 the input could not be used.

    Example: likelihood-greeks explain book.csv --market monday.toml --to tuesday.toml --output explained.xlsx
    """
    talk, start = _Talk(quiet, verbose), time.perf_counter()
    with ThreadPoolExecutor(workers) as executor, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BookWarning)
        frame = explain_book(
            book, market, to, book_after=book_after, paths=paths, seed=seed, controls=controls, sampling=sampling,
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


@app.command("scenarios")
def scenarios_command(
    book: Book,
    market: MarketFile,
    spot: Annotated[
        str | None, typer.Option("--spot", help="Moves as shares of the spot.", show_default=GRID["spot"])
    ] = None,
    volatility: Annotated[
        str | None, typer.Option("--volatility", help="Added to volatilities.", show_default=GRID["volatility"])
    ] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Added to zero rates.", show_default=GRID["rate"])] = None,
    stresses: Annotated[
        Path | None, typer.Option("--stress", help="Named stresses instead, a TOML file with a table for each.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Write here: .csv, .parquet or .xlsx.")] = None,
    paths: Paths = LADDER_PATHS,
    seed: Seed = None,
    workers: Workers = CORES,
    quiet: Quiet = False,
) -> None:
    """What a book gains on a grid of spots, volatilities and rates, or under named stresses.

    Exit codes: 0 all trades are valued, 1 some could not be, 2 the input could not be used.

    Example: likelihood-greeks scenarios data/book.csv --market data/market.toml --spot=-10%,0,10% --output grid.csv
    """
    talk = _Talk(quiet, verbose=False)
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
    quiet: Quiet = False,
) -> None:
    """Every method on one trade of a book: value, error, time, and where a method is wrong.

    Exit codes: 0 done, 2 the input could not be used.

    Example: likelihood-greeks compare data/book.csv --market data/market.toml --trade DAX-021 --plot methods.png
    """
    talk = _Talk(quiet, verbose=False)
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
    frame = compare(chosen[0].model, chosen[0].payoff, _greeks(greeks), paths=paths, seed=seed, sampling=sampling)
    title = f"{trade}: {chosen[0].product}, {paths:,} paths, seed {frame.attrs['seed']}"
    if plot is not None:
        pictures.write(frame, plot, title)
    talk.show(pictures.table(frame, title))
    talk.say(*pictures.remarks(frame), mark="! ")
    if plot is not None:
        talk.say(f"written to {plot}")


@app.command("validate")
def validate_command(
    precision: Annotated[float, typer.Option("--precision", help="Standard error as a share of scale.")] = PRECISION,
    seed: Annotated[int, typer.Option("--seed", help="First seed.", min=0)] = 1,
    output: Annotated[Path | None, typer.Option("--output", help="Write every z-score here.")] = None,
    workers: Workers = CORES,
    quiet: Quiet = False,
) -> None:
    """Every Greek of the reference grid against closed forms, quadrature and QuantLib: a table of z-scores.

    Exit codes: 0 all checks passed, 1 one failed, 2 the input could not be used.

    Example: likelihood-greeks validate --precision 0.005 --output scores.csv
    """
    talk = _Talk(quiet, verbose=False)
    if output is not None:
        check_writable(output)
    with ThreadPoolExecutor(workers) as executor:
        table = validate(precision=precision, seed=seed, executor=executor, progress=talk.progress)
    if output is not None:
        write(table.reset_index(), output)
    talk.show(terminal.frame_table(summary(table), "z-scores by case"))
    judged = verdict(table, precision)
    talk.say(
        f"{judged.checks} checks: mean z² {judged.mean_square:.3f} (0.8 to 1.25), {judged.beyond_three} beyond 3, "
        f"worst {judged.worst:.2f}; largest standard error {judged.largest_error:.2%} of scale; "
        f"QuantLib within {judged.quantlib:.1e} of scale: {'passed' if judged.passed else 'FAILED'}"
    )
    if not judged.passed:
        raise typer.Exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; input that cannot be used ends with a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without a character shows another one
            stream.reconfigure(errors="replace")
    try:
        app(args=None if arguments is None else list(arguments))
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
