"""Path-dependent Heston Greeks by ``lg.greeks`` against ``heston_reference.csv``, which knows nothing of its law.

``python -m benchmarks.heston_paths [SEEDS]`` writes ``benchmarks/heston_paths.csv``: a row per case, contract, Greek
and seed, with the z-score of the difference, whose error is that of both. Seeds share the reference: where its error
matters, theirs are not independent. All controls, 100,000 paths (12 dates) or 50,000 (52 dates).
"""

import sys
from pathlib import Path

import pandas as pd

import likelihood_greeks as lg

from .heston_contracts import CONTRACTS, LOWER, STRIKE, UPPER
from .heston_reference import CASES, NAMES, Case

VANNA = ("spot", "initial_variance")
PATHS = {12: 100_000, 52: 50_000}


def payoff(contract: str, dates: int):
    """The contract of that name."""
    times = lg.schedule(1.0, per_year=dates)
    return {
        "down-and-out call": lg.Barrier(lg.Call(STRIKE, 1.0), LOWER, "down", "out", times),
        "up-and-out digital": lg.Barrier(lg.DigitalCall(STRIKE, 1.0), UPPER, "up", "out", times),
        "Asian call": lg.Asian(STRIKE, times),
        "lookback call": lg.Lookback(times, "call"),
    }[contract]


def study(case: Case, contract: str, reference: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows of one run."""
    greeks = [VANNA if name == "vanna" else name for name in NAMES]
    paths = PATHS[case.dates]
    result = lg.greeks(case.model, payoff(contract, case.dates), greeks[1:], paths=paths, seed=seed)
    rows = []
    for name, greek in zip(NAMES, greeks, strict=True):
        own, known = result[greek], reference.loc[(case.name, contract, name)]
        error = (own.standard_error**2 + known["standard error"] ** 2) ** 0.5
        difference = own.value - known["value"]
        rows.append((case.name, contract, name, seed, paths, own.value, own.standard_error, known["value"],
                     known["standard error"], difference / error, difference / known["value"], own.note,
                     result.seconds))  # fmt: skip
    columns = ["case", "contract", "greek", "seed", "paths", "value", "standard error", "reference", "its error", "z",
               "relative difference", "note", "seconds"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def summary(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean square and largest size of the z-scores, of a run and of the mean over the seeds, and share with a note."""
    one = table.assign(z2=table["z"] ** 2, worst=table["z"].abs(), noted=100.0 * (table["note"].fillna("") != ""))
    found = one.groupby(by, sort=False).agg(numbers=("z", "size"), mean=("z2", "mean"), worst=("worst", "max"),
                                            noted=("noted", "mean"))  # fmt: skip
    mean = pooled(table)
    mean = mean.assign(z2=mean["z"] ** 2, worst=mean["z"].abs()).groupby(by, sort=False)
    return found.assign(**{"pooled mean": mean["z2"].mean(), "pooled worst": mean["worst"].max()})


def pooled(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over the seeds of every number, with its z-score."""
    groups = table.groupby(["case", "contract", "greek"], sort=False)
    found = groups[["value", "reference", "its error"]].mean()
    squares = table.assign(square=table["standard error"] ** 2).groupby(groups.keys, sort=False)["square"].sum()
    found["standard error"] = squares**0.5 / groups.size()
    error = (found["standard error"] ** 2 + found["its error"] ** 2) ** 0.5
    return found.assign(z=(found["value"] - found["reference"]) / error).reset_index()


def main(seeds: int) -> None:
    """Run and report."""
    here = Path(__file__)
    reference = pd.read_csv(here.with_name("heston_reference.csv")).set_index(["case", "contract", "greek"])
    done = []
    for number, case in enumerate(CASES):
        for place, contract in enumerate(CONTRACTS):
            first = 1000 * number + 100 * place
            done += [study(case, contract, reference, first + seed) for seed in range(seeds)]
            table = pd.concat(done, ignore_index=True)
            table.to_csv(here.with_name("heston_paths.csv"), index=False, float_format="%.6g")
            print(case.name, contract, f"{sum(part['seconds'].iloc[0] for part in done[-seeds:]):.0f} s", flush=True)
    for by in (["case"], ["contract"], ["case", "contract"], ["greek"]):
        print(summary(table, by).to_string(float_format=lambda x: f"{x:.3g}"))
    print(f"all: mean z2 {(table['z'] ** 2).mean():.3f}, largest {table['z'].abs().max():.2f}")
    for rows in (table, pooled(table)):
        print(rows.reindex(rows["z"].abs().sort_values(ascending=False).index).head(12).to_string())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
