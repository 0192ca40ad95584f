"""Standard deviation of one path and the work an error costs, by contract, Greek and method.

``python -m benchmarks.variance`` writes ``benchmarks/variance.csv`` and prints it. All goes through `lg.compare`:
times include the pilot, and all methods run in one process, one after the other, on the same draws. A small run before
the first contract loads what is compiled.
"""

from pathlib import Path

import pandas as pd

import likelihood_greeks as lg

from .contracts import CONTRACTS

PATHS, SEED = 100_000, 20020705
GREEKS = ("delta", "gamma", "vega", "rho", "theta")
PLAIN, AUTO, BUMP = "likelihood ratio", "likelihood ratio + controls", "finite difference 0.01"


def table() -> pd.DataFrame:
    """A row per contract and Greek."""
    rows = []
    lg.compare(*next(iter(CONTRACTS.values())), GREEKS, paths=10_000, seed=SEED)
    for model, payoff in CONTRACTS.values():
        frame = lg.compare(model, payoff, GREEKS, paths=PATHS, seed=SEED)
        error, work = (frame[column].unstack() for column in ("standard_error", "work_normalised_variance"))
        spread, seconds = error * PATHS**0.5, frame["seconds"].unstack()
        rows.append(
            pd.DataFrame(
                {
                    "sd plain": spread[PLAIN],
                    "sd auto": spread[AUTO],
                    "sd bump 1 %": spread[BUMP],
                    "variance ratio": (spread[PLAIN] / spread[AUTO]) ** 2,
                    "cost in plain runs": seconds[AUTO] / seconds[PLAIN],
                    "work gain over plain": work[PLAIN] / work[AUTO],
                    "work gain over bump 1 %": work[BUMP] / work[AUTO],
                    "note": frame["note"].unstack()[AUTO],
                }
            ).reindex(["price", *GREEKS])
        )
    return pd.concat(dict(zip(CONTRACTS, rows, strict=True)), names=["contract", "greek"])


if __name__ == "__main__":
    found = table()
    found.to_csv(Path(__file__).with_name("variance.csv"), float_format="%.5g")
    print(found.to_string(float_format=lambda x: f"{x:.4g}"))
