"""Time to a given standard error on delta, gamma, vega and rho, against bump and reprice.

``python -m benchmarks.time_to_error [CASE ...]`` writes ``benchmarks/time_to_error.csv``: a row per case, method and
Greek. ``work`` is the variance of one sample times the CPU seconds of one sample, for all four Greeks together, so the
ratio of two works is the ratio of the times to one standard error. CPU time of one thread, in one process, the methods
of a case one after the other. The time of a run here holds its pilot, which weighs less in longer runs: rows per
number of paths. The bumps cost seven runs (`bumps`); ``own runs`` counts only those that the Greek itself needs.
``BENCH_PATHS`` (default 100000) sets the size of everything.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.streams.chunks import SAMPLINGS

from .bumps import GREEKS, RUNS, exact
from .contracts import DAILY, MARKET, MONTHLY, WEEKLY, barrier
from .desk_bumps import jax_bumps, numpy_bumps
from .heston_reference import DESK
from .quantlib_bumps import quantlib_bumps

PATHS, SEED, REPEATS = int(os.environ.get("BENCH_PATHS", "100000")), 20020705, 3
MONTH_ENDS = tuple(round(365 * k / 12) / 365 for k in range(1, 13))
"""Months in whole days: QuantLib's averages are over dates."""
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """A contract as this package knows it, and as a function of arrays of any library.

    Parameters
    ----------
    grid : ndarray
        Dates that a simulation needs to step through, years.
    has_engine : bool
        Whether QuantLib has a Monte Carlo engine for it in Python.
    smooth : bool
        Whether a desk would take pathwise derivatives.
    """

    name: str
    model: Any
    payoff: Any
    function: Callable
    grid: np.ndarray
    has_engine: bool = False
    smooth: bool = False


def digital(xp, spot):
    """1 above 100 at the end."""
    return 1.0 * (spot[-1] > 100.0)


def down_and_out_call(xp, spot):
    """Call struck at 100, alive above 85."""
    return xp.where(spot.min(axis=0) > 85.0, xp.maximum(spot[-1] - 100.0, 0.0), 0.0)


def up_and_out_call(xp, spot):
    """Call struck at 100, alive below 120."""
    return xp.where(spot.max(axis=0) < 120.0, xp.maximum(spot[-1] - 100.0, 0.0), 0.0)


def up_and_out_digital(xp, spot):
    """1 above 100 at the end, alive below 120."""
    return 1.0 * ((spot.max(axis=0) < 120.0) & (spot[-1] > 100.0))


def asian_call(xp, spot):
    """Call on the average."""
    return xp.maximum(spot.mean(axis=0) - 100.0, 0.0)


def cases() -> list[Case]:
    """Digital, barriers and average under GBM; digital and barriers under Heston."""
    down, up = barrier(85.0, "down", WEEKLY), barrier(120.0, "up", WEEKLY)
    daily = barrier(85.0, "down", DAILY), barrier(120.0, "up", DAILY)
    knocked = barrier(120.0, "up", MONTHLY, lg.DigitalCall(100.0, 1.0))
    rows = [
        ("digital", MARKET, lg.DigitalCall(100.0, 1.0), digital, (1.0,), {}),
        ("down-and-out call, weekly", MARKET, down, down_and_out_call, WEEKLY, {"has_engine": True}),
        ("down-and-out call, daily", MARKET, daily[0], down_and_out_call, DAILY, {"has_engine": True}),
        ("up-and-out call, weekly", MARKET, up, up_and_out_call, WEEKLY, {"has_engine": True}),
        ("up-and-out call, daily", MARKET, daily[1], up_and_out_call, DAILY, {"has_engine": True}),
        ("Asian call, monthly", MARKET, lg.Asian(100.0, MONTH_ENDS), asian_call, MONTH_ENDS,
         {"has_engine": True, "smooth": True}),
        ("Heston digital", DESK, lg.DigitalCall(100.0, 1.0), digital, MONTHLY, {}),
        ("Heston down-and-out call, monthly", DESK, barrier(85.0, "down", MONTHLY), down_and_out_call, MONTHLY, {}),
        ("Heston down-and-out call, weekly", DESK, down, down_and_out_call, WEEKLY, {}),
        ("Heston down-and-out call, daily", DESK, daily[0], down_and_out_call, DAILY, {}),
        ("Heston up-and-out call, daily", DESK, daily[1], up_and_out_call, DAILY, {}),
        ("Heston up-and-out digital, monthly", DESK, knocked, up_and_out_digital, MONTHLY, {}),
    ]  # fmt: skip
    return [Case(*row[:4], np.array(row[4]), **row[5]) for row in rows]


def references(case: Case) -> dict[str, tuple[float, float]]:
    """By Greek: the exact value and that of exact bumps, NaN where unknown."""
    if found := exact(case.model, case.payoff):
        return found
    table = pd.read_csv(FOLDER / "heston_reference.csv")
    contract = case.name.removeprefix("Heston ").split(",")[0]
    rows = table[(table["case"] == f"desk, {len(case.grid)} dates") & (table["contract"] == contract)]
    values = rows.set_index("greek")["value"]
    return {greek: (float(values.get(greek, np.nan)), np.nan) for greek in GREEKS}


def own(case: Case, paths: int, sampling: str, repeats: int) -> dict[str, Any]:
    """One run of this package: shortest CPU time of the repeats, errors of all of them."""
    results, seconds = [], []
    with ThreadPoolExecutor(1) as one:
        for repeat in range(repeats):
            start = time.process_time()
            how = {"paths": paths, "seed": SEED + repeat, "sampling": sampling, "executor": one}
            results.append(lg.greeks(case.model, case.payoff, GREEKS, **how))
            seconds.append(time.process_time() - start)
    errors = np.array([[result[greek].standard_error for greek in GREEKS] for result in results])
    ratios = np.array([[result[greek].variance_ratio for greek in GREEKS] for result in results])
    deviation = np.sqrt(np.mean(errors**2, axis=0) * paths)
    return {
        "value": [results[0][greek].value for greek in GREEKS],
        "sd": deviation,
        "sd plain": deviation * np.sqrt(ratios.mean(axis=0)),
        "seconds a sample": min(seconds) / paths,
        "pilot seconds": min(result.diagnostics.pilot_seconds for result in results),
        "paths": paths,
        "setting": "; ".join(results[0].diagnostics.remarks),
    }


def measured(case: Case) -> pd.DataFrame:
    """Rows of one case."""
    lg.greeks(case.model, case.payoff, GREEKS, paths=8192, seed=1)  # compiled, tables made
    found = []
    for sampling in (name for name in ("pseudo", "antithetic", "sobol") if name in SAMPLINGS):
        found.append((f"auto, {sampling}", own(case, PATHS, sampling, REPEATS)))
        found.append((f"auto, {sampling}", own(case, 10 * PATHS, sampling, 1)))
    for bumps in quantlib_bumps(case, PATHS, SEED):
        numbers = {
            "value": bumps.mean,
            "sd": bumps.deviation,
            "paths": bumps.samples,
            "seconds a sample": bumps.seconds,
        }
        found.append(("QuantLib bumps", numbers | {"setting": bumps.setting}))
    scripts = {"NumPy script": numpy_bumps} | ({"JAX script": jax_bumps} if find_spec("jax") else {})
    for method, script in scripts.items():
        mean, deviation, samples, seconds, *compiling = script(case, PATHS, SEED)
        setting = f"{compiling[0]:.1f} s to compile" if compiling else ""
        numbers = {"value": mean, "sd": deviation, "paths": samples, "seconds a sample": seconds, "setting": setting}
        found.append((method, numbers))
    frames = [pd.DataFrame({"greek": GREEKS, "method": method, **numbers}) for method, numbers in found]
    return completed(case, pd.concat(frames, ignore_index=True))


def completed(case: Case, table: pd.DataFrame) -> pd.DataFrame:
    """Work, references and biases."""
    known = references(case)
    table.insert(0, "case", case.name)
    table["value error"] = table["sd"] / table["paths"] ** 0.5
    table["work"] = table["sd"] ** 2 * table["seconds a sample"]
    table["own runs"] = np.where(table["method"].str.contains("bumps"), table["greek"].map(RUNS) / 7.0, 1.0)
    table["reference"] = table["greek"].map({greek: pair[0] for greek, pair in known.items()})
    table["bias of bump"] = table["greek"].map({greek: pair[1] / pair[0] - 1.0 for greek, pair in known.items()})
    return table


def speedups(table: pd.DataFrame) -> pd.DataFrame:
    """How many times longer the others take to the same error: their best setting, a row per case, run and Greek."""
    keys = ["case", "greek"]
    ours = table[table["method"].str.startswith("auto")].set_index(keys)
    others = table[~table["method"].str.startswith("auto")]
    best = others.loc[others.groupby([*keys, "method"], sort=False)["work"].idxmin()].set_index([*keys, "method"])
    columns = ["method", "paths", "sd plain", "sd", "pilot seconds", "seconds a sample", "work", "bias of bump"]
    found = ours[columns].join(best["work"].unstack("method"))
    methods = list(others["method"].unique())
    theirs = best.xs("QuantLib bumps", level="method")
    found = found.join((theirs["work"] * theirs["own runs"]).rename("QuantLib bumps, own runs"))
    found[[*methods, "QuantLib bumps, own runs"]] = found[[*methods, "QuantLib bumps, own runs"]].div(
        found["work"], axis=0
    )
    return found.join(theirs[["sd", "setting"]].add_prefix("QuantLib ")).drop(columns="work").reset_index()


def main(names: list[str]) -> None:
    """Run the named cases (all, if none is named) and put their rows in the place of older ones."""
    path = FOLDER / "time_to_error.csv"
    old = pd.read_csv(path) if names and path.exists() else pd.DataFrame(columns=["case"])
    parts = dict(iter(old.groupby("case", sort=False)))
    for case in cases():
        if not names or case.name in names:
            parts[case.name] = measured(case)
            table = pd.concat([parts[one.name] for one in cases() if one.name in parts], ignore_index=True)
            table.to_csv(path, index=False, float_format="%.6g")
            summary = speedups(table)
            summary.to_csv(FOLDER / "speedups.csv", index=False, float_format="%.5g")
            print(summary[summary["case"] == case.name].to_string(float_format=lambda x: f"{x:.4g}"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
