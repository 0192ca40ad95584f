"""Barriers that are watched at all times beside the same watched daily: spread of a sample, CPU time, work.

``python -m benchmarks.continuous``. Both on the same number of paths with all controls; the contracts differ, and so do
their values. Work is variance times CPU seconds.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg

PATHS, REPEATS = 20_000, 3
GREEKS = ("delta", "gamma", "vega")
MODEL = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
CASES = {
    "down-and-out call 90, one year": (100.0, 1.0, 90.0, "down"),
    "down-and-out call 99, one year": (100.0, 1.0, 99.0, "down"),
    "up-and-out call 120, one year": (100.0, 1.0, 120.0, "up"),
    "down-and-out call 98, ten days": (100.0, 10 / 252, 98.0, "down"),
    "down-and-out call 99.8, ten days": (100.0, 10 / 252, 99.8, "down"),
}


def table() -> pd.DataFrame:
    """A row per contract and way of watching."""
    rows = []
    for name, (strike, maturity, level, direction) in CASES.items():
        call = lg.Call(strike, maturity)
        for watched in ("at all times", "daily"):
            daily = lg.schedule(maturity, per_year=252)
            times = "continuous" if watched == "at all times" else daily
            payoff = lg.Barrier(call, level, direction, "out", times)
            lg.greeks(MODEL, payoff, GREEKS, paths=2048, seed=1)  # kernels are compiled
            seconds = []
            for _ in range(REPEATS):
                start = time.process_time()
                result = lg.greeks(MODEL, payoff, GREEKS, paths=PATHS, seed=1)
                seconds.append(time.process_time() - start)
            spread = {greek: result[greek].standard_error * np.sqrt(PATHS) for greek in ("price", *GREEKS)}
            rows.append({"contract": name, "watched": watched, **spread, "CPU µs a path": 1e6 * min(seconds) / PATHS})
    found = pd.DataFrame(rows)
    for row in range(0, len(found), 2):
        times = [found.loc[k, [*GREEKS]].astype(float) ** 2 * found.loc[k, "CPU µs a path"] for k in (row, row + 1)]
        found.loc[row, "gain in work, least"] = float((times[1] / times[0]).min())
    return found


if __name__ == "__main__":
    result = table()
    result.to_csv(Path(__file__).with_name("continuous.csv"), index=False, float_format="%.4g")
    print(result.to_string(index=False))
