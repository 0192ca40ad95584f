"""Products seasoned, on uneven dates, under steep curves, without and with a cash dividend: z-scores over seeds.

``python -m benchmarks.awkward_terms [SEEDS]``. The references are nested quadrature in the spots of all dates, under
curves written anew, with no law of the package; their Greeks are differences of them. Half an hour.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from tests.support.awkward import CONTRACTS, PAYS, WORLD, law
from tests.support.nested import World

PATHS = 8192
GREEKS = ("delta", "gamma", "vega", "rho", "dividend_rho", "theta")
EXACT = 1e-6
"""Error relative to the number below which a Greek is exact, and its reference is not good enough to tell."""


def rows(world: World, name: str, seeds: int) -> dict[str, object]:
    """The z-scores of all Greeks of a contract, summed up."""
    contract, breaks = CONTRACTS[name]
    exact, scores, ratios = world.greeks(contract, breaks, GREEKS), [], []
    for seed in range(seeds):
        found = lg.greeks(law(world), contract, GREEKS, paths=PATHS, seed=seed)
        for greek, value in exact.items():
            error = found[greek].standard_error
            if error > EXACT * max(abs(value), 1e-3):
                scores.append((found[greek].value - value) / error)
        ratios.append([found[greek].variance_ratio for greek in ("delta", "vega")])
    delta, vega = np.exp(np.log(ratios).mean(axis=0))
    z = np.array(scores or [0.0])  # none of one that is exact
    return {
        "contract": name, "dividends": len(world.dividends), "scores": len(scores), "mean_square": np.mean(z**2),
        "largest": np.abs(z).max(), "variance_ratio_delta": delta, "variance_ratio_vega": vega,
    }  # fmt: skip


def main(seeds: int = 16) -> None:
    """Every contract with and without the dividend; the table, and the mean square of all scores."""
    worlds = (WORLD, replace(WORLD, dividends=PAYS))
    table = pd.DataFrame([rows(world, name, seeds) for world in worlds for name in CONTRACTS])
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4g")
    weights = table["scores"] / table["scores"].sum()
    print(
        table.to_string(), f"\nmean square of all {table['scores'].sum()}: {(weights * table['mean_square']).sum():.3f}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
