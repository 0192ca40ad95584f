"""One book under a flat volatility, the curves of its quotes, Heston and local volatility: values, deltas, vegas, time.

Flat is the volatility at the money at one year or the last maturity before it; Heston is fitted to the quotes; vegas of
the first two are shifts of the trade's own volatilities, of local volatility of all quotes; Heston has none alike, so
that its delta alone is shown. Cash dividends are left out under the last two, which do not know them.

    python -m benchmarks.laws_side_by_side data/book.csv data/market.toml --paths 32768
"""

from __future__ import annotations

import argparse
import copy
import time
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import likelihood_greeks as lg

LAWS = "flat", "curves", "heston", "local_volatility"
COLUMNS = ["trade_id", "product", "greek", "position_value", "position_standard_error"]


def markets(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The market of a file under each of the laws."""
    with path.open("rb") as file:
        given = tomllib.load(file)
    read = lg.Market.read(str(path))
    for law in LAWS:
        market = copy.deepcopy(given)
        for name, own in market["underlyings"].items():
            surface = read.underlyings[name].implied_volatility
            own.pop("heston", None)
            own.pop("model", None)
            if isinstance(own.get("implied_volatility"), str):
                own["implied_volatility"] = str(path.parent / own["implied_volatility"])
            if not hasattr(surface, "maturities"):
                continue
            if law == "flat":
                last = max((t for t in surface.maturities if t <= 1.0), default=surface.maturities[0])
                own["implied_volatility"] = read.underlyings[name].quotes(read.underlyings[name].spot, last)[1][-1]
            if law in ("heston", "local_volatility"):
                own.pop("dividends", None)
            if law == "heston":
                own |= {"model": law, "heston": {"calibrate": True}}
            if law == "local_volatility":
                own["model"] = law
        yield law, market


def compared(book: str, market: Path, paths: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values and Greeks by trade, Greek and law, and the processor seconds and trades of every law."""
    rows, times = [], []
    for law, own in markets(market):
        greeks = ["delta"] if law == "heston" else ["delta", "vega"]
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = lg.risk(book, own, greeks, paths=paths, seed=seed)
        kept = frame[frame["trade_id"] != "net"]
        times.append(
            {
                "law": law,
                "cpu_seconds": round(time.process_time() - start, 1),
                "trades": kept["trade_id"].nunique(),
                "refused": len(frame.attrs["problems"]),
            }
        )
        rows.append(kept[COLUMNS].assign(law=law))
    return pd.concat(rows), pd.DataFrame(times)


def main() -> None:
    """Print the sums by product, and store the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book")
    parser.add_argument("market", type=Path)
    parser.add_argument("--paths", type=int, default=32_768)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    rows, times = compared(given.book, given.market, given.paths, given.seed)
    wide = rows.pivot_table(
        index=["trade_id", "product"], columns=["greek", "law"], values="position_value", sort=False
    ).reindex(columns=[(greek, law) for greek in ("price", "delta", "vega") for law in LAWS])
    print(wide.dropna(axis=1, how="all").round(0).to_string())
    print(times.to_string(index=False))
    worst = rows.assign(size=np.abs(rows["position_standard_error"])).groupby(["law", "greek"])["size"].max()
    print(worst.round(2).to_string())
    if given.output:
        rows.to_csv(given.output, index=False)


if __name__ == "__main__":
    main()
