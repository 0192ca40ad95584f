"""Scrambled Sobol points against pseudo-random draws, all controls: variance times time, and do 95 % intervals cover?

``python -m benchmarks.sobol [SEEDS [RUNS]]`` writes ``benchmarks/sobol.csv``, a row per case and Greek, and prints it.

* ``variance ratio``: mean of the squared standard errors of RUNS pseudo-random runs, over that of as many Sobol runs,
  both times their paths; ``its error`` is its relative standard deviation. ``time ratio``: processor time a path of
  Sobol runs over that of pseudo-random ones, pilots included, the quicker half of each. ``gain``: the former over the
  latter, how many times longer the same error takes with pseudo-random draws.
* ``covered``: the share of small Sobol runs, ``of`` so many seeds, whose interval holds the exact value (closed form,
  Fourier, quadrature); ``points covered`` that of intervals which take the points for independent draws, and must be
  wrong where Sobol points pay. Where there is no exact value the mean of the large runs stands in for it, if its error
  is below a tenth of that of the small ones.
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form, quadrature

GBM = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=2.0, long_run_variance=0.04, vol_of_vol=0.3, correlation=-0.7,
    rate=0.05, dividend_yield=0.02,
)  # fmt: skip
WILD = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=1.0, correlation=-0.9,
    rate=0.03,
)  # fmt: skip


def barrier(per_year: int) -> lg.Barrier:
    """A down-and-out call."""
    return lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", lg.schedule(1.0, per_year=per_year))


MONTHLY = lg.schedule(1.0, per_year=12)
CASES = {
    "European digital": (GBM, lg.DigitalCall(105.0, 1.0)),
    "geometric Asian, monthly": (GBM, lg.Asian(100.0, MONTHLY, average="geometric")),
    "Asian, monthly": (GBM, lg.Asian(100.0, MONTHLY)),
    "barrier, monthly": (GBM, barrier(12)),
    "barrier, weekly": (GBM, barrier(52)),
    "barrier, daily": (GBM, barrier(252)),
    "Heston digital": (HESTON, lg.DigitalCall(105.0, 1.0)),
    "Heston barrier, monthly": (HESTON, barrier(12)),
    "Heston barrier, Feller violated": (WILD, barrier(12)),
}
GREEKS = ["price", "delta", "gamma", "vega", "rho"]
PATHS, SMALL = 131_072, 4_096
FEWER = {
    "barrier, weekly": 200,
    "barrier, daily": 0,
    "Heston barrier, monthly": 0,
    "Heston barrier, Feller violated": 0,
}  # seeds for coverage


def runs(name: str, sampling: str, paths: int, seeds: range) -> Iterator[tuple[lg.Result, float]]:
    """Results, and processor seconds of each."""
    model, payoff = CASES[name]
    for seed in seeds:
        start = time.process_time()
        result = lg.greeks(model, payoff, GREEKS[1:], paths=paths, seed=seed, sampling=sampling)
        yield result, time.process_time() - start


def values(results: list[lg.Result], field: str) -> np.ndarray:
    """A field of all estimates, shape (n_results, n_greeks)."""
    return np.array([[getattr(result[greek], field) for greek in GREEKS] for result in results])


def compared(name: str, count: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Variance and time of both kinds of run; the mean of all their values, and its error."""
    pseudo, pseudo_seconds = zip(*runs(name, "pseudo", PATHS, range(count)), strict=True)
    sobol, sobol_seconds = zip(*runs(name, "sobol", PATHS, range(count)), strict=True)
    work = [values(list(found), "standard_error") ** 2 * values(list(found), "n_paths") for found in (pseudo, sobol)]
    ratio = work[0].mean(axis=0) / work[1].mean(axis=0)
    quick = [np.sort(seconds)[: max(count // 2, 1)].mean() for seconds in (pseudo_seconds, sobol_seconds)]
    per_path = [seconds / found[0]["price"].n_paths for seconds, found in zip(quick, (pseudo, sobol), strict=True)]
    table = pd.DataFrame({"case": name, "greek": GREEKS, "variance ratio": ratio})
    table["its error"] = np.sqrt(2.0 / (count * (sobol[0]["price"].samples - 1.0)))
    table["time ratio"] = per_path[1] / per_path[0]
    table["gain"] = table["variance ratio"] / table["time ratio"]
    table["pseudo error"], table["Sobol error"] = (
        np.sqrt((values(list(found), "standard_error") ** 2).mean(axis=0)) for found in (pseudo, sobol)
    )
    table["paths"] = PATHS
    error = table["Sobol error"].to_numpy() / np.sqrt(count)
    return table, values(list(sobol), "value").mean(axis=0), error


def exact(name: str) -> np.ndarray | None:
    """Exact values; None where there are none."""
    model, payoff = CASES[name]
    for reference in (closed_form.greek, lambda *arguments: quadrature.greek(*arguments).value):
        try:
            return np.array([reference(model, payoff, greek) for greek in GREEKS])
        except (TypeError, AttributeError):
            continue
    return None


def study(job: tuple[str, int, int]) -> pd.DataFrame:
    """All rows of a case."""
    name, seeds, count = job
    table, mean, error = compared(name, count)
    known, seeds = exact(name), FEWER.get(name, seeds)
    table["of"] = seeds
    if not seeds:
        return table
    small = [result for result, _ in runs(name, "sobol", SMALL, range(10_000, 10_000 + seeds))]
    low, high, own = (values(small, field) for field in ("low", "high", "standard_error"))
    value = values(small, "value")
    if known is None:
        known = np.where(error < 0.1 * np.sqrt((own**2).mean(axis=0)), mean, np.nan)
    gains = np.array([[result.diagnostics.sobol_gain[greek] for greek in GREEKS] for result in small])
    inside = (low <= known) & (known <= high)
    table["covered"] = np.where(np.isnan(known), np.nan, inside.mean(axis=0))
    table["points covered"] = (np.abs(value - known) <= 1.959964 * own * np.sqrt(gains)).mean(axis=0)
    table["noted"] = np.array([[bool(result[greek].note) for greek in GREEKS] for result in small]).mean(axis=0)
    return table


if __name__ == "__main__":
    seeds, count = (int(number) for number in (sys.argv[1:] + ["1000", "12"][len(sys.argv) - 1 :])[:2])
    with ProcessPoolExecutor(2) as pool:
        found = pd.DataFrame()
        for table in pool.map(study, [(name, seeds, count) for name in CASES]):
            found = pd.concat([found, table])
            found.to_csv(Path(__file__).with_name("sobol.csv"), index=False, float_format="%.5g")
    print(found.to_string(index=False, float_format=lambda x: f"{x:.3g}"))
