"""Scenario ladders against a simulation of every grid point: z-scores, effective samples, errors and time.

``python -m benchmarks.scenarios`` writes ``benchmarks/scenarios.csv`` (a row a contract) and prints it. The grid is
spot +-10 % by volatility +-5 points, 9 by 5 (under Heston the initial volatility). z-scores of price, change and delta
are against closed forms or quadrature, and for the Heston barrier against the simulations with other draws, both errors
counted. The change by simulation is the difference of two estimates on the same draws. Times are CPU seconds of one
process; the ladder's include its pilot. Both sides use the free controls only.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form, quadrature

PATHS, SEEDS = 100_000, (20020705, 20020706, 20020707)
SPOTS, VOLATILITIES = np.linspace(90.0, 110.0, 9).tolist(), np.linspace(0.15, 0.25, 5).tolist()
VARIANCES = [volatility**2 for volatility in VOLATILITIES]
MONTHLY = lg.schedule(1.0, per_year=12)
BARRIER = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", MONTHLY)
BLACK = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=2.0, long_run_variance=0.04, vol_of_vol=0.3, correlation=-0.7,
    rate=0.03, dividend_yield=0.01,
)  # fmt: skip

CASES = {
    "GBM, digital": (BLACK, lg.DigitalCall(105.0, 1.0), PATHS, closed_form.greek),
    "GBM, down-and-out call 85, 12 dates": (BLACK, BARRIER, PATHS, quadrature.greek),
    "GBM, Asian call, 12 dates": (BLACK, lg.Asian(100.0, MONTHLY), PATHS, quadrature.greek),
    "GBM, Asian call, 252 dates": (BLACK, lg.Asian(100.0, lg.schedule(1.0, per_year=252)), PATHS // 4, None),
    "Heston, digital": (HESTON, lg.DigitalCall(105.0, 1.0), PATHS, closed_form.greek),
    "Heston, down-and-out call 85, 12 dates": (HESTON, BARRIER, PATHS // 4, None),
}


def exact(model: lg.PathModel, payoff: lg.Payoff, reference: Callable, places: list[dict]) -> pd.DataFrame:
    """Price, change and delta at every place."""
    rows = []
    for place in [{}, *places]:
        found = [reference(replace(model, **place), payoff, greek) for greek in ("price", "delta")]
        rows.append([getattr(x, "value", x) for x in found])
    table = pd.DataFrame(rows, columns=["price", "delta"])
    return table.assign(change=table["price"] - table["price"][0])[1:].reset_index(drop=True)


def simulated(model: lg.PathModel, payoff: lg.Payoff, paths: int, seed: int, places: list[dict]) -> pd.DataFrame:
    """Price and delta at every place by a simulation of its own, and the seconds of all."""
    rows, start = [], time.process_time()
    for place in places:
        found = lg.greeks(replace(model, **place), payoff, ["delta"], paths=paths, seed=seed, controls="scores")
        rows.append([x for greek in ("price", "delta") for x in (found[greek].value, found[greek].standard_error)])
    table = pd.DataFrame(rows, columns=["price", "price_standard_error", "delta", "delta_standard_error"])
    table.attrs["seconds"] = time.process_time() - start
    return table


def study(model: lg.PathModel, payoff: lg.Payoff, paths: int, reference: Callable | None) -> dict[str, object]:
    """A row of the table."""
    second = "volatility" if isinstance(model, lg.GBM) else "initial_variance"
    axes = {"spot": SPOTS, second: VOLATILITIES if second == "volatility" else VARIANCES}
    places = [{"spot": s, second: v} for s in axes["spot"] for v in axes[second]]
    other = simulated(model, payoff, paths, SEEDS[0] + 100, places)
    truth = other if reference is None else exact(model, payoff, reference, places)
    ladders, seconds = [], []
    for seed in SEEDS:
        start = time.process_time()
        ladders.append(lg.scenarios(model, payoff, axes, paths=paths, seed=seed).frame)
        seconds.append(time.process_time() - start)
    row: dict[str, object] = {"paths": paths}
    for quantity in ("price", "change", "delta"):
        if quantity not in truth:
            continue
        error = np.zeros(len(places)) if reference else truth[f"{quantity}_standard_error"].to_numpy()
        z = np.concatenate([
            (f[quantity].to_numpy() - truth[quantity].to_numpy())
            / np.maximum(np.hypot(f[f"{quantity}_standard_error"].to_numpy(), error), 1e-12)
            for f in ladders
        ])  # fmt: skip
        row |= {f"mean z² {quantity}": np.mean(z**2), f"max |z| {quantity}": np.abs(z).max()}
    frame = ladders[0]
    for quantity in ("price", "delta"):
        ratio = (frame[f"{quantity}_standard_error"].to_numpy() / other[f"{quantity}_standard_error"].to_numpy()) ** 2
        row[f"variance over resimulated, {quantity}"] = np.exp(np.log(ratio).mean())
    share = frame["effective_samples"] / paths
    again = int((frame["method"] == "resimulated").sum())
    gain = other.attrs["seconds"] / min(seconds)
    return row | {
        "resimulated of 45": again, "least effective": share.min(), "median effective": share.median(),
        "doubted": int((frame["note"] != "").sum()), "seconds": min(seconds), "time ratio": gain,
        "work gain, price": gain / row["variance over resimulated, price"],
        "work gain, delta": gain / row["variance over resimulated, delta"],
    }  # fmt: skip


if __name__ == "__main__":
    found = pd.DataFrame.from_dict({name: study(*case) for name, case in CASES.items()}, orient="index")
    found.rename_axis("contract").to_csv(Path(__file__).with_name("scenarios.csv"), float_format="%.4g")
    print(found.T.to_string(float_format=lambda x: f"{x:.4g}"))
