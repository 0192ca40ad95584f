"""Do 95 % intervals cover? Over many seeds, for ten contracts, every Greek, each choice of controls, two path numbers.

``python -m benchmarks.coverage [SEEDS]`` writes ``benchmarks/coverage.csv`` and prints a table.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation.cases import GREEKS, Case, grid

PICKED = (0, 2, 15, 32, 50, 51, 53, 54, 56, 64)  # of the grid: a call, a digital, a gap put, barriers, Asians
RUNS = tuple(product(range(len(PICKED)), ("none", "scores", "auto"), (4_096, 65_536)))


def case(number: int) -> Case:
    """One of the ten."""
    return grid()[PICKED[number]]


def study(job: tuple[int, str, int, int]) -> pd.DataFrame:
    """Share of seeds whose interval holds the exact value, Greek by Greek."""
    number, controls, paths, seeds = job
    one = case(number)
    exact = np.array([one.reference(greek).value for greek in GREEKS])
    z, noted = np.empty((seeds, len(GREEKS))), np.empty((seeds, len(GREEKS)), dtype=bool)
    for seed in range(seeds):
        result = lg.greeks(one.model, one.payoff, GREEKS[1:], paths=paths, seed=seed, controls=controls)
        z[seed] = [result[greek].z_score(value) for greek, value in zip(GREEKS, exact, strict=True)]
        noted[seed] = [bool(result[greek].note) for greek in GREEKS]
    return pd.DataFrame(
        {
            "case": one.name,
            "controls": controls,
            "paths": paths,
            "greek": GREEKS,
            "covered": (np.abs(z) < 1.959964).mean(axis=0),
            "mean z2": (z**2).mean(axis=0),
            "noted": noted.mean(axis=0),
        }
    )


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with ProcessPoolExecutor(2) as pool:
        found = pd.concat(pool.map(study, [(*run, seeds) for run in RUNS]))
    found.to_csv(Path(__file__).with_name("coverage.csv"), index=False, float_format="%.5g")
    groups = found.groupby(["controls", "paths"])["covered"]
    inside = groups.apply(lambda share: share.between(0.93, 0.97).mean())
    print(groups.agg(["count", "min", "mean", "max"]).assign(inside=inside))
    outside = found[~found["covered"].between(0.93, 0.97)]
    print(outside.to_string() if len(outside) else "every interval covers 93 % to 97 %")
