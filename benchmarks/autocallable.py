"""Autocallables whose knock-in is watched every day: variance and work against central 1 % bumps.

``python -m benchmarks.autocallable`` writes ``benchmarks/autocallable.csv``: a row a note and Greek. Both sides see the
same notes on the same dates under geometric Brownian motion; the bumps are those of `bumps`, seven models played on the
same normals in batches that stay in the cache, in NumPy. Time is CPU time of one thread. What counts is variance times
time: how much longer the bumps take to the same error.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg

from .bumps import GREEKS, differences, shifted

HERE = Path(__file__).parent
LAW = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.02)
CALLS = tuple(0.25 * k for k in range(1, 9))
DAYS = tuple(k / 252 for k in range(1, 505))
TERMS = {"call_level": 103.0, "coupon": 0.02, "knock_in": 70.0, "knock_in_times": DAYS, "notional": 1000.0}
NOTES = {
    "snowball": lg.Autocallable(100.0, CALLS, **TERMS),
    "phoenix": lg.Autocallable(100.0, CALLS, coupon_barrier=85.0, memory=True, **TERMS),
}
PATHS, BATCH, SEED = 65_536, 1024, 20261129


def bumped(note: lg.Autocallable, paths: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances per path of the four Greeks, from seven models on the same normals."""
    models, times = shifted(LAW), np.array(note.times)
    steps = np.sqrt(np.diff(times, prepend=0.0))[:, None]
    paid = np.array(note.payments)
    rng, found = np.random.default_rng(SEED), []
    for _ in range(paths // BATCH):
        motion = np.cumsum(steps * rng.standard_normal((len(times), BATCH)), axis=0)
        prices = []
        for own in models:
            drift = (own.rate - own.dividend_yield - 0.5 * own.volatility**2) * times[:, None]
            spots = own.spot * np.exp(drift + own.volatility * motion)
            prices.append(np.exp(-own.rate * paid) @ note(spots))
        found.append(differences(np.array(prices), LAW.spot))
    samples = np.concatenate(found, axis=1)
    return samples.mean(axis=1), samples.var(axis=1, ddof=1)


def compared(name: str, paths: int = PATHS) -> pd.DataFrame:
    """Both sides of one note."""
    note = NOTES[name]
    lg.greeks(LAW, note, GREEKS, paths=4096, seed=1, executor="serial")  # compiles
    start = time.process_time()
    result = lg.greeks(LAW, note, GREEKS, paths=paths, seed=SEED, executor="serial")
    ours = time.process_time() - start
    start = time.process_time()
    means, variances = bumped(note, paths)
    theirs = time.process_time() - start
    rows = []
    for row, greek in enumerate(GREEKS):
        own, error = result[greek], float(np.sqrt(variances[row] / paths))
        rows.append(
            {
                "note": name, "greek": greek, "value": own.value, "standard_error": own.standard_error,
                "bumped": means[row], "bumped_standard_error": error, "paths": paths, "seconds": ours,
                "bumped_seconds": theirs, "variance_ratio": (error / own.standard_error) ** 2,
                "work_ratio": (error / own.standard_error) ** 2 * theirs / ours,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def main(paths: int = PATHS) -> None:
    """Both notes, written and printed."""
    table = pd.concat([compared(name, paths) for name in NOTES], ignore_index=True)
    table.to_csv(HERE / "autocallable.csv", index=False, float_format="%.6g")
    print(table.to_string(float_format="{:.4g}".format))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
