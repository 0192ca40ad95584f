"""The Greeks of a book: trades on one underlying run on the same draws, so that their errors net as they should."""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from .._checks import flags, one_of, refuse
from ..engine import cluster
from ..engine.execution import Workers, one_thread_each, workers
from ..engine.payoff_group import CONTROLS
from ..engine.stopping import MAX_PATHS, TargetError, goal
from ..estimate import Statistics
from ..parameters import OF_SEVERAL, STANDARD, Greek, label, listed, offered_by
from ..streams.chunks import Draws, checked
from . import odd_fixings, off_scale, short_periods, unused_quotes
from .account import Account, Advanced, Main, Pool, Workshop, upcoming
from .assembly import assembled
from .assets.names import are_several
from .assets.rows import with_assets
from .blocks import blocks
from .bucket_rows import with_buckets, with_parts
from .bucket_split import Split, splits, whole_of_sets
from .buckets import asked, unsplit
from .currencies import reported, unconverted
from .exact_buckets import nodes_by_name
from .files import check_rows, output_path, write
from .frame import describe
from .interruption import stopped
from .left_out import ATTRIBUTE as LEFT_OUT
from .left_out import in_records, noted, without_value
from .market import Market
from .own_columns import attached, clashes
from .parts import Parts, earlier_seed, fingerprint, folder
from .reading import BookWarning, read_book, remarks
from .tally import Nowhere, Store
from .terms import with_terms
from .trades import Trade, without_past
from .uncopied import UncopiedDict, UncopiedList
from .valued import on_pairs, read_and_valued

TARGETS = ("trade", "net")


def risk(
    book: pd.DataFrame | str | os.PathLike[str],
    market: Market | Mapping[str, Any] | str | os.PathLike[str],
    greeks: Iterable[Greek] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    sampling: str = "pseudo",
    target_error: TargetError | None = None,
    target_of: str = "trade",
    max_paths: int = MAX_PATHS,
    closed_form: bool = True,
    executor: Workers = None,
    progress: bool = False,
    output: str | os.PathLike[str] | None = None,
    resume: bool = False,
    buckets: Iterable[str] = (),
    smile: str = "sticky_strike",
) -> pd.DataFrame:
    """Price and Greeks of every trade of a book, and of the net position in every underlying.

    Trades on one underlying with the same dates and volatility share a simulation: the weights are computed once
    and multiplied into all payoffs. All trades on an underlying run on the same random numbers, so the standard
    error of the net position accounts for what they have in common (with Sobol points it is that of the net's own
    means by scramble). Different underlyings run on independent ones.

    Parameters
    ----------
    book : pandas.DataFrame or path
        One trade a row; the columns are described in `book.trades`. A path may end in .csv, .parquet or .xlsx.
    market : Market, mapping or path
        Valuation date and what is known of each underlying; a path names a TOML file.
    greeks : iterable of str or pair of str, optional
        As for `greeks`; default: delta, gamma, vega, rho, dividend_rho and theta, and with trades on several assets
        cross_gamma and correlation. An underlying whose law lacks the
        coordinates of one (a cash dividend, a parameter of Heston's) has no rows for it, and no target error.
    paths, seed, controls, sampling, target_error, max_paths, executor, progress
        As for `greeks`.
    target_of : {"trade", "net"}
        Whose errors the targets are: of every trade, per unit, or of the net position of every underlying. Trades on
        one underlying share their draws, so that the net stays what it is: all go on until the last one is there, and
        what is out of reach (a share of a Greek that is zero, say) takes them all to `max_paths`. Underlyings stop one
        by one; ``n_paths`` says where.
    closed_form : bool
        Whether Europeans get their closed form where the law of their underlying knows it: exact, without a path, their
        share of the net position without an error. False: they are simulated like all others.
    output : path, optional
        The frame is written here as well (.csv, .parquet or .xlsx). While the run is under way its finished trades
        stand in a folder beside it (``<output>.parts``, Parquet files with the library's columns of the frame).
    resume : bool
        Go on from the parts that a stopped run with this output left: what they hold is not computed again, and the
        numbers are the same, bit for bit. Parts of an underlying serve if version, trades, market, settings and seed
        are the same; without a `seed`, the stopped run's is taken.
    buckets : iterable of {"vega", "rho", "dividend_rho", "correlation"}, optional
        Greeks that are split by the nodes of the market too: rates and yields by those of their curves, vega by the
        quotes of the surface, strike by maturity, correlations by their pillars. The frame then has columns ``asset``
        and ``bucket`` behind ``greek``, ``bucket`` empty but for rows of buckets, which follow their Greek's and sum to
        it. ``bucket`` is the node in years, for vega ``"strike x years"``; ``"flat"`` of a number without nodes;
        ``"between quotes"`` is what a shift of a trade's own volatilities is more than one of all quotes. A trade has
        no row for a node that it does not depend on.
    smile : {"sticky_strike", "sticky_moneyness"}
        What stays as the spot moves, for every Greek in the spot: the volatilities of strikes, or those of strikes over
        the spot, delta being delta + vega dσ/dS, gamma its derivative. Under
        Heston and local volatilities the model says that itself.

    Returns
    -------
    pandas.DataFrame
        A row per trade and Greek (the price is one): ``trade_id, underlying, product, quantity, greek, value,
        standard_error`` (per unit), ``position_value, position_standard_error`` (times quantity),
        ``variance_ratio, n_paths, samples, seed, method, model, maturity, spot, volatility, rate, currency, note``;
        then net rows per underlying (``trade_id`` is ``"net"``). ``method`` is "closed form" or "known" of trades that
        are exact, with no error and no paths; of a net row it is empty if there were several. Raw units: per 1.00 of
        each parameter, theta per year (`desk_units` has others). ``samples`` counts independent ones: a pair is one,
        and so is a scramble. ``volatility`` is what vega is the derivative in: Black–Scholes' volatility, or Heston's
        initial one, the root of the initial variance. All amounts are in ``currency`` (empty if neither market nor book
        says it). Where the market has a reporting currency, ``fx, reporting_currency, reporting_value,
        reporting_standard_error`` have the positions in it (missing where there is no rate). Then the terms of trades,
        blank in net rows: ``maturity_date``, the columns of the book that are filled (``strike``, ``level``, ...;
        ``cash`` is called ``"cash (book)"``), ``fixings_left`` and ``next_fixing`` (observations after the valuation
        date) and ``state`` (what has become of a trade with a past). The book's own columns
        (trader, counterparty, ...) come last, blank in net rows; one with a name of the library's is called
        ``"... (book)"``.
        ``frame.lg`` (`RiskFrame`) has trades and nets apart, and a row a trade.
        ``frame.attrs["problems"]`` lists what is wrong with the trades that could not be priced, as dictionaries
        with keys ``trade_id, row, field, requirement, value``, the last the traceback of an error of the library
        itself; ``frame.attrs["left_out"]`` says where these trades would be, ``frame.attrs["calibrations"]`` for each
        underlying whose Heston model was fitted how well it fits (``rms_error`` and ``max_error`` in implied
        volatility, ``converged``, ``summary``, ``parameters``); ``frame.attrs["states"]`` by
        trade_id, in words, what has become of trades with a past; ``frame.attrs["valuation_date"]``.

    Raises
    ------
    ValueError, TypeError
        If the market, the columns of the book or an argument is unusable, or no underlying of the book has a Greek; a
        bad trade does not raise.

    Interrupted
        A ``KeyboardInterrupt`` with what is finished (``frame``) and which trades are not (``missing``), if the run is
        stopped.
    ConnectionError
        With the same, if workers of the executor, or their scheduler, are lost.

    Warns
    -----
    BookWarning
        If some trades could not be priced, a column may be a misspelt one, something in the market looks wrong (see
        `Market.remarks`) or cannot be used, or parts could not be used again.

    Examples
    --------
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> frame = lg.risk(book, market, ["delta"], seed=1)
    >>> frame[["trade_id", "greek", "position_value"]].round(3).values.tolist()
    [['A', 'price', 63.419], ['A', 'delta', 5.699], ['net', 'price', 63.419], ['net', 'delta', 5.699]]
    """
    found_market = (market if isinstance(market, Market) else Market.read(market)).with_smile(smile)
    frame = read_book(book)
    target = _target(output, resume, {"book": book, **found_market.files})
    if resume and seed is None and target:
        seed = _earlier(target)
    count, seed, kind = checked(paths, seed, sampling)
    parts = asked(buckets)
    wanted = computed(greeks, parts, frame)
    check_rows(target, len(frame) * (1 + len(wanted)))
    one_of("controls", controls, [*CONTROLS])
    flags(closed_form=closed_form, progress=progress, resume=resume)
    aim = goal(["price", *map(label, wanted)], count, target_error, max_paths, kind)
    of_net = one_of("target_of", target_of, TARGETS) == "net"

    valued = read_and_valued(frame, found_market, wanted, closed_form, parts, named=greeks is not None)
    exact, drawn, problems = valued.exact, valued.drawn, valued.problems
    converted = found_market.reporting_currency, found_market.fx
    said = [
        *found_market.remarks,
        *remarks(frame, found_market.valuation_date),
        *clashes(frame),
        *without_past(valued.trades, found_market),
    ]
    said += unsplit(parts, found_market.underlyings, frame["underlying"].unique()) + unconverted(
        {*exact.own["currency"], *(trade.currency for trade in drawn)}, *converted
    )
    for remark in [
        *said,
        *whole_of_sets(drawn, parts),
        *off_scale.remarks(frame, found_market),
        *short_periods.remarks(frame, found_market),
        *odd_fixings.remarks(valued.trades, found_market),
        *_same_draws(trade.underlying for trade in drawn),
        *unused_quotes.remarks(drawn, found_market),
    ]:
        warnings.warn(remark, BookWarning, stacklevel=2)
    by_name = splits(drawn, found_market, parts, nodes_by_name(valued.buckets)) if parts else {}
    accounts = _accounts(
        drawn, wanted, controls, lambda name, n: Main(Draws(underlying_seed(seed, name), n, kind), aim, of_net),
        by_name, labels=valued.labels(wanted), exact=with_parts(exact.nets(), valued.buckets),
    )  # fmt: skip
    nets: dict[str, Statistics | None] = {}
    rows = dict(zip(exact.own["trade_id"], exact.own["row"], strict=True)) | {t.trade_id: t.row for t in drawn}

    def table() -> pd.DataFrame:
        whole = assembled(accounts, nets, exact, problems, seed_of=lambda name: underlying_seed(seed, name))
        absent = without_value((problem["row"] for problem in whole.attrs["problems"]), frame, found_market)
        found = with_assets(with_buckets(whole, valued.buckets, [*by_name]) if parts else whole, found_market)
        told = reported(noted(found, absent), *converted)
        found = attached(with_terms(told, frame, rows, valued.trades, found_market.valuation_date), frame, rows)
        found.attrs |= {
            "seed": seed,
            LEFT_OUT: UncopiedList(in_records(absent, frame)),
            "states": UncopiedDict((trade.trade_id, trade.state) for trade in valued.trades if trade.state),
            "calibrations": _calibrations(found_market, {*whole["underlying"]}),
        }
        return found

    store = Nowhere() if target is None else _store(target, resume, seed, (accounts, controls))
    try:
        with one_thread_each(), workers(executor) as pool, _bar(len(rows), progress) as advanced:
            advanced(len(exact))
            _run(accounts, store, nets, pool, advanced)
        result = table()
        if target is not None:
            write(result, target)
            store.done()
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt) and not cluster.lost(error):
            raise
        raise stopped(error, table(), _unfinished(accounts), len(rows), target and folder(target)) from error
    finally:
        store.close()
    if result.attrs["problems"]:
        warnings.warn(describe(result.attrs["problems"]), BookWarning, stacklevel=2)
    return result


def _earlier(target: Path) -> int | None:
    """The seed of the run that is to go on; none, with a warning, if there is none."""
    seed = earlier_seed(target)
    if seed is None:
        warnings.warn(f"nothing to resume in {folder(target)}: a new run", BookWarning, stacklevel=3)
    return seed


def computed(greeks: Iterable[Greek] | None, parts: Sequence[str], book: pd.DataFrame) -> list[Greek]:
    """The Greeks that are computed, those that are split among them; by default those of several assets too."""
    several = any(map(are_several, book["underlying"].unique())) or len(on_pairs(book)) > 0
    usual = [*STANDARD, *(greek for greek in OF_SEVERAL if greek not in STANDARD)] if several else [*STANDARD]
    wanted: list[Greek] = [*usual] if greeks is None else listed(greeks)
    return [*wanted, *(greek for greek in parts if greek not in wanted)]


def underlying_seed(seed: int, name: str) -> int:
    """The seed of an underlying's draws: independent of what else is in the book.

    With it `greeks` alone gives a trade's numbers, unless there are target errors, or the book has a trade on more than
    512 dates, which makes the chunks of its underlying smaller.
    """
    words = np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(2)
    return (int(words[0]) << 16 | int(words[1]) & 0xFFFF) & 0xFFFF_FFFF_FFFF


def _same_draws(names: Iterable[str]) -> list[str]:
    """Underlyings whose names have one checksum (two of 65,000 names, by chance) would share their draws."""
    by_seed: dict[int, list[str]] = {}
    for name in dict.fromkeys(names):
        by_seed.setdefault(underlying_seed(0, name), []).append(name)
    return [
        f"{' and '.join(own)} share their draws, so that errors of totals over them are not exact: rename one"
        for own in by_seed.values()
        if len(own) > 1
    ]


def _accounts(
    trades: Sequence[Trade],
    greeks: Sequence[Greek],
    controls: str,
    main_of: Callable[[str, int], Main],
    splits: Mapping[str, Split] | None = None,
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    exact: Mapping[str, Mapping[str, float]] | None = None,
) -> list[Account]:
    """The trades by underlying; `main_of` gives the main run of one with so many dates at most.

    Each has some of the `labels` of its underlying; by default these are those of the trades. The nets have the
    positions in `exact` trades besides.
    """
    by_name: dict[str, list[Trade]] = {}
    for trade in sorted(trades, key=lambda trade: trade.underlying):
        by_name.setdefault(trade.underlying, []).append(trade)
    found = []
    for name, own in by_name.items():
        main = main_of(name, max(len(t.drawn.times) for t in own))
        among = (labels or {}).get(name) or offered_by(greeks, (trade.model for trade in own))
        main = replace(main, goal=main.goal.among(among))
        split = (splits or {}).get(name)
        made = blocks(own, greeks, controls, main.draws, main.goal, split=split, among=among)
        found.append(Account(made, main).with_exact((exact or {}).get(name, {})))
    return found


def _target(output: str | os.PathLike[str] | None, resume: bool, read: Mapping[str, object]) -> Path | None:
    """Where the frame is written; refused without an output if a run is to go on."""
    return refuse("output", "be given to resume", None) if resume and output is None else output_path(output, read)


def _store(target: Path, resume: bool, seed: int, run: tuple[Sequence[Account], str]) -> Store:
    """Where the state of a run of accounts with controls is kept."""
    accounts, controls = run
    prints = {account.name: fingerprint(account.blocks, account.main, controls, account.exact) for account in accounts}
    store = Parts.begun(target, resume, seed, prints)
    try:
        _say_what_serves(store)
    except BaseException:  # a warning may be made an error
        store.close()
        raise
    return store


def _say_what_serves(store: Parts) -> None:
    """Forget and warn of what cannot be used again."""
    why = "are not of this run (the trades, market, settings, seed or version differ)"
    for names, what in ((store.stale(), why), (store.damaged(), "are damaged")):
        for name in names:
            store.forget(name)
        if names:
            warnings.warn(f"parts of {', '.join(names)} {what}: computed again", BookWarning, stacklevel=4)
    if store.aside:
        line = f"an unfinished run with this output left parts, now in {store.aside}: resume would go on with them"
        warnings.warn(line, BookWarning, stacklevel=4)


def _run(
    accounts: Sequence[Account], store: Store, nets: dict[str, Statistics | None], pool: Pool, advanced: Advanced
) -> None:
    """Finish all accounts; their net positions go to `nets`, one after the other."""
    for account in accounts:
        account.recall(store)
        account.tell(advanced)
    with upcoming([block for account in accounts for block in account.behind()], pool) as ready:
        for account in accounts:
            nets[account.name] = account.run(store, Workshop(pool, ready, advanced))


def _unfinished(accounts: Sequence[Account]) -> dict[str, list[str]]:
    """The trades that are not finished, by underlying."""
    found = {a.name: [t.trade_id for block in a.behind() for own in block.trades for t in own] for a in accounts}
    return {name: trade_ids for name, trade_ids in found.items() if trade_ids}


@contextmanager
def _bar(trades: int, shown: bool) -> Iterator[Advanced]:
    """A progress bar over the whole book, in trades: a trade counts by the share of its paths."""
    layout = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total} trades, {elapsed}<{remaining}"
    with tqdm(total=trades, desc="risk", disable=not shown, bar_format=layout) as bar:
        yield bar.update


def _calibrations(market: Market, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """How well fitted models fit, as dictionaries that any file format can hold."""
    fits = {name: market.underlyings[name].calibration for name in market.underlyings if name in names}
    return {
        name: {
            "summary": str(fit),
            "rms_error": fit.rms_error,
            "max_error": fit.max_error,
            "converged": fit.converged,
            "parameters": fit.parameters,
        }
        for name, fit in fits.items()
        if fit is not None
    }
