"""A month of a book explained day by day: what Greeks leave unexplained, against its noise.

``python -m benchmarks.explain_month`` writes ``benchmarks/explain_month.csv`` (a row a day, trade and size of moves)
and prints a summary. The book is some trades of ``data/book.csv``, begun on the first day; its market is
``data/market.toml`` moved every business day: the spot by normal returns, volatilities and rates by normal shifts with
a tilt over maturities (the dates of their nodes stay). Fixings are the spots of the days. Small moves have daily
deviations of 0.2 % of the spot, 0.1 points of volatility and one basis point; large ones ten times as much.
"""

import sys
import time
import tomllib
import warnings
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import likelihood_greeks as lg

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
TRADES = [f"DAX-{number:03d}" for number in (1, 8, 24, 30, 33, 39, 41, 46)]
PATHS, SEED = 8192, 20020705
SIZES = {"small": 1.0, "large": 10.0}
SPOT, VOLATILITY, RATE = 0.002, 0.001, 0.0001  # daily deviations of the small moves


def markets(days: list[date], size: float, seed: int) -> Iterator[dict[str, Any]]:
    """The market of each day, with the fixings so far."""
    first = tomllib.loads((DATA / "market.toml").read_text())
    rng, own = np.random.default_rng(seed), first["underlyings"]["DAX"]
    spot, rates = own["spot"], np.array(own["zero_curve"]["rates"])
    volatilities, fixings = np.array(own["implied_volatility"]["volatilities"]), dict[str, float]()
    for k, day in enumerate(days):
        if k:
            spot *= float(np.exp(size * SPOT * rng.standard_normal()))
            rates = rates + size * RATE * _tilted(rng, len(rates))
            moved = size * VOLATILITY * _tilted(rng, volatilities.shape[1])
            volatilities = np.maximum(volatilities + np.clip(moved, -0.01, 0.01), 0.1)
        fixings[day.isoformat()] = spot
        yield _market(first, day, spot, rates, volatilities) | {"fixings": {"DAX": dict(fixings)}}


def _tilted(rng: np.random.Generator, count: int) -> np.ndarray:
    """A shift that differs from the first node to the last."""
    level, tilt = rng.standard_normal(2)
    return level + 0.5 * tilt * np.linspace(-1.0, 1.0, count)


def _market(first: Any, day: date, spot: float, rates: np.ndarray, volatilities: np.ndarray) -> dict[str, Any]:
    """The first market on another day: nodes that have gone by are dropped."""
    own = first["underlyings"]["DAX"]
    curve, surface = own["zero_curve"], own["implied_volatility"]
    left = [k for k, node in enumerate(curve["times"]) if node > day]
    there = [k for k, node in enumerate(surface["maturities"]) if node > day]
    quotes = {
        "strikes": surface["strikes"],
        "maturities": [surface["maturities"][k] for k in there],
        "volatilities": volatilities[:, there].tolist(),
    }
    zeros = {"times": [curve["times"][k] for k in left], "rates": rates[left].tolist()}
    moved = {**own, "spot": spot, "zero_curve": zeros, "implied_volatility": quotes}
    return {"valuation_date": day, "underlyings": {"DAX": moved}}


def explained(trades: list[str], n_days: int, size: str, paths: int = PATHS) -> pd.DataFrame:
    """The rows of every day's explained book, with the day."""
    days = [day.date() for day in pd.bdate_range("2002-07-05", periods=n_days + 1)]
    book = pd.read_csv(DATA / "book.csv", dtype=str).set_index("trade_id").loc[trades].reset_index()
    book["start"] = np.where(book["product"].isin(["call", "put", "digital_call", "digital_put"]), "", "2002-07-05")
    every, found = [*markets(days, SIZES[size], SEED)], []
    for k, (before, after) in enumerate(pairwise(every)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lg.BookWarning)
            frame = lg.explain_book(book, before, after, paths=paths, seed=SEED + k)
        found.append(frame.assign(day=days[k + 1].isoformat(), moves=size))
    return pd.concat(found, ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Of each size of moves and kind of row: how often the unexplained is within its noise, and how large it is."""
    noisy = table[(table["unexplained_standard_error"] > 0.0) & (table["trade_id"] != "total")]
    z = noisy["unexplained"] / noisy["unexplained_standard_error"]
    kind = np.where(noisy["trade_id"] == "net", "net", "trades")
    named = noisy.assign(within=z.abs() < 1.96, gross=noisy[["delta", "vega", "theta"]].abs().sum(axis=1), kind=kind)
    named["share"] = named["unexplained"].abs() / named["gross"]
    return named.groupby(["moves", "kind"]).agg(
        rows=("within", "size"), within_noise=("within", "mean"), median_share=("share", "median")
    )


def main(n_days: int = 21) -> None:
    """Both months, written and summed up."""
    start = time.process_time()
    table = pd.concat([explained(TRADES, n_days, size) for size in SIZES], ignore_index=True)
    columns = ["moves", "day", "trade_id", "product", "spot_move", "pnl", "theta", "fixings", "delta", "gamma", "vega"]
    columns += ["rho", "unexplained", "unexplained_standard_error", "state"]
    table[columns].round(6).to_csv(HERE / "explain_month.csv", index=False)
    print(summary(table).round(3), f"{time.process_time() - start:.0f} CPU s", sep="\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
