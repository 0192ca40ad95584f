"""Is there a bias? z-scores over many seeds, and of their pooled mean, against references without Monte Carlo.

``python -m benchmarks.bias [SEEDS]`` runs every barrier, digital and Asian of the validation grid's first two
path-dependent markets with all controls, long enough that the pooled standard error is far below a Greek's scale.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation.cases import GREEKS, MODELS, Case, grid

PATHS = 65_536
KINDS = ("Barrier", "DoubleBarrier", "DigitalCall", "DigitalPut", "Asian", "AsianDigital", "Lookback")


def cases() -> list[Case]:
    """Contracts that jump, or average."""
    return [c for c in grid() if type(c.payoff).__name__ in KINDS and c.model in MODELS[:2]]


def study(job: tuple[int, int]) -> pd.DataFrame:
    """z-scores of one case over the seeds, and of the pooled estimate in the last columns."""
    number, seeds = job
    case = cases()[number]
    own = [1000 * number + seed for seed in range(seeds)]  # no draws in common with another case
    runs = [lg.greeks(case.model, case.payoff, GREEKS[1:], paths=PATHS, seed=seed) for seed in own]
    rows = []
    for greek in GREEKS:
        known, scale = case.reference(greek), case.scale(greek)
        off = np.array([run[greek].value for run in runs]) - known.value
        error = np.array([run[greek].standard_error for run in runs])
        z = off / np.hypot(error, known.error)  # the reference's own counts where a Greek is zero but for rounding
        pooled = np.hypot(np.sqrt((error**2).sum()) / seeds, known.error)
        rows.append(
            {
                "case": case.name,
                "greek": greek,
                "mean z2": (z**2).mean(),
                "largest z": np.abs(z).max(),
                "covered": (np.abs(z) < 1.959964).mean(),
                "pooled error / scale": pooled / scale,
                "pooled z": off.mean() / pooled,
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with ProcessPoolExecutor(2) as pool:
        found = pd.concat(pool.map(study, [(k, seeds) for k in range(len(cases()))]))
    found.to_csv(Path(__file__).with_name("bias.csv"), index=False, float_format="%.5g")
    print(found.groupby("case", sort=False)[["mean z2", "pooled error / scale"]].max())
    print(f"{len(found)} case-Greeks x {seeds} seeds: mean z2 {found['mean z2'].mean():.3f},", end=" ")
    print(f"covered {found['covered'].mean():.4f}; pooled: mean z2 {(found['pooled z'] ** 2).mean():.3f},", end=" ")
    print(f"largest {found['pooled z'].abs().max():.2f}, error / scale {found['pooled error / scale'].max():.2e}")
