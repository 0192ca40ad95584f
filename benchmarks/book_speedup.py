"""Books of growing size: time against number of trades, here and by a loop of bumps over QuantLib's engines.

``python -m benchmarks.book_speedup [TRADES ...]`` (default 10 100 1000) writes ``benchmarks/book_speedup.csv``: a row
per book and Greek. CPU seconds of one thread. QuantLib's are measured on a random sample of the largest book's trades
(`quantlib_bumps`, the best setting of each) and scaled to the number of trades: for each trade, the time it needs to
the standard error that the trade has here. ``all four`` is the time until every Greek of a trade is there.
``BENCH_PATHS`` (default 100000): paths of a book. Under the model of this package's flat curves; dates evenly spaced.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse

from .bumps import GREEKS
from .quantlib_bumps import quantlib_bumps
from .small_book import book, market

PATHS, SEED = int(os.environ.get("BENCH_PATHS", "100000")), 20020705
SAMPLE, BATCHES, WORK = 32, 24, 20_000  # trades; batches of so many path-steps


def run(trades: int) -> tuple[pd.DataFrame, float]:
    """Standard errors, a row per trade and a column per Greek, and CPU seconds."""
    table, quotes = book(trades), market()
    with ThreadPoolExecutor(1) as one:
        start = time.process_time()
        frame = lg.risk(table, quotes, GREEKS, paths=PATHS, seed=SEED, closed_form=False, executor=one)
        seconds = time.process_time() - start
    own = frame[frame["trade_id"] != "net"]
    return own.pivot_table(index="trade_id", columns="greek", values="standard_error"), seconds


def as_case(trade) -> SimpleNamespace:
    """What `quantlib_bumps` needs to know of a trade."""
    payoff = trade.payoff
    plain = isinstance(payoff, lg.Barrier) and isinstance(payoff.option, (lg.Call, lg.Put))
    average = isinstance(payoff, lg.Asian) and payoff.strike is not None and payoff.average == "arithmetic"
    grid = np.array(payoff.times)
    return SimpleNamespace(
        model=trade.model, payoff=payoff, function=lambda _, spot: payoff(spot), grid=grid, has_engine=plain or average
    )


def quantlib_seconds(errors: pd.DataFrame, trades: int) -> pd.DataFrame:
    """CPU seconds that QuantLib needs to the errors, a row per trade of the sample and a column per Greek."""
    parsed, _ = parse(book(trades), market())
    chosen = np.random.default_rng(SEED).permutation(len(parsed))[:SAMPLE]
    rows = {}
    for trade in (parsed[k] for k in chosen):
        settings = quantlib_bumps(as_case(trade), WORK, SEED, BATCHES)
        work = np.min([bumps.deviation**2 * bumps.seconds for bumps in settings], axis=0)
        rows[trade.trade_id] = work / errors.loc[trade.trade_id, list(GREEKS)] ** 2
    return pd.DataFrame(rows).T


def main(sizes: list[int]) -> None:
    """Run the books from small to large, then QuantLib."""
    lg.risk(book(8), market(), GREEKS, paths=4096, seed=1)  # compiled, tables made
    runs = {size: run(size) for size in sorted(sizes)}
    errors = runs[max(sizes)][0]
    theirs = quantlib_seconds(errors, max(sizes))
    theirs["all four"] = theirs.max(axis=1)
    rows = []
    for size, (_, seconds) in runs.items():
        for greek, mean in theirs.mean().items():
            total = size * mean
            rows.append((size, greek, PATHS, seconds, total, total / seconds, 100.0 * theirs[greek].sem() / mean))
    columns = ["trades", "greek", "paths", "seconds", "QuantLib seconds", "ratio", "error of sample (%)"]
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(Path(__file__).with_name("book_speedup.csv"), index=False, float_format="%.5g")
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    print(theirs.to_string(float_format=lambda x: f"{x:.4g}"))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 100, 1000])
