"""Notes and baskets of 3 to 30 assets: deviations of one path, plain, by 1 % bumps and by this package, and its work.

``python -m benchmarks.notes_and_baskets`` writes ``benchmarks/notes_and_baskets.csv``, a process each contract. Bumps
are central, with common random numbers: 1 % of a spot, one volatility point, one point of a correlation. They are
charged what they cost at least: two plain runs a Greek asked for (four a cross gamma), each of drawing and
paying; this package all of its call, the pilot's work included, on 100,000 paths.
"""

import io
import os
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.models.adaptor import moved
from likelihood_greeks.payoffs.assets import of_assets
from likelihood_greeks.payoffs.protocol import cash_flows, payment_times
from likelihood_greeks.streams.chunks import Chunk

PATHS = int(os.environ.get("BENCH_PATHS", "100000"))
QUARTERS, WEEKS = lg.schedule(3.0, per_year=4), lg.schedule(3.0, per_year=52)
STEPS = {"volatility": 0.01, "correlation": 0.01}


def assets(volatilities, correlation):
    """A law of assets at 100, with one correlation or a list of them by pair."""
    names = [f"X{k + 1}" for k in range(len(volatilities))]
    pairs = [*combinations(names, 2)]
    values = [correlation] * len(pairs) if isinstance(correlation, float) else correlation
    members = {n: lg.GBM(spot=100.0, volatility=float(v), rate=0.03) for n, v in zip(names, volatilities, strict=True)}
    return lg.CorrelatedGBM(members, dict(zip(pairs, values, strict=True)))


def note(assets, watched):
    """A snowball on the worst of some assets."""
    inner = lg.Autocallable(1.0, QUARTERS, coupon=0.02, knock_in=0.6, knock_in_times=watched, notional=100.0)
    return lg.WorstOf(inner, [100.0] * assets)


THREE, TEN, THIRTY = (
    assets([0.2, 0.25, 0.3], [0.5, 0.6, 0.4]),
    assets(np.linspace(0.18, 0.36, 10), 0.5),
    assets(np.linspace(0.18, 0.36, 30), 0.5),
)
ALL, SPOTS = ["delta", "vega", "correlation", "cross_gamma"], ["delta", "vega"]
CONTRACTS = {
    "worst of 3, knock-in quarterly": (THREE, note(3, QUARTERS), ALL),
    "worst of 3, knock-in weekly": (THREE, note(3, WEEKS), ALL),
    "worst of 10, knock-in quarterly": (TEN, note(10, QUARTERS), SPOTS),
    "call on a basket of 30": (THIRTY, lg.Basket(lg.Call(100.0, 1.0)), SPOTS),
    "Asian on a basket of 30, quarterly": (THIRTY, lg.Basket(lg.Asian(100.0, QUARTERS[:4])), SPOTS),
}


def present_values(law, payoff):
    """Of the payoff on paths of one seed, shape (n_paths,)."""
    paths = law.simulate(payoff.times, Chunk(7, 0, 8192).stream())
    flows = cash_flows(payoff, paths.spot)
    return np.asarray(law.discount_jet(payment_times(payoff, flows)).value) @ flows


def bumped(law, payoff, derivative):
    """Deviation of one path of a difference, and plain runs that it takes."""
    steps = [0.01 * getattr(law, n) if n.startswith("spot") else STEPS[n.split("[")[0]] for n in derivative]
    total = 0.0
    for signs in np.ndindex(*(2,) * len(derivative)):
        move = {n: h * (1 - 2 * s) for n, h, s in zip(derivative, steps, signs, strict=True)}
        total = total + (-1.0) ** sum(signs) * present_values(moved(law, move), payoff)
    return float(np.std(total / np.prod([2.0 * h for h in steps]))), 2 ** len(derivative)


def derivatives(label):
    """The coordinates of a Greek by its label."""
    kind, inside = label.rstrip("]").split("[")
    if kind == "cross_gamma":
        return tuple(f"spot[{asset}]" for asset in inside.split(","))
    return (f"{ {'delta': 'spot', 'vega': 'volatility'}.get(kind, kind) }[{inside}]",)


def study(name):
    """The rows of a contract: by kind of Greek the best and the worst of its assets or pairs against bumps."""
    law, payoff, greeks = CONTRACTS[name]
    payoff = of_assets(payoff, law.assets)
    lg.greeks(law, payoff, greeks, paths=4096, seed=1)
    present_values(law, payoff)
    start = time.process_time()
    result = lg.greeks(law, payoff, greeks, paths=PATHS, seed=2)
    ours = (time.process_time() - start) / PATHS
    start = time.process_time()
    present_values(law, payoff)
    plain = (time.process_time() - start) / 8192
    rows = []
    found = {label: bumped(law, payoff, derivatives(label)) for label in result.estimates if label != "price"}
    runs = sum(n for _, n in found.values())
    for label, (deviation, own) in found.items():
        estimate = result[label]
        mine = estimate.standard_error * np.sqrt(PATHS)
        rows.append({
            "contract": name, "kind": label.split("[")[0], "greek": label, "value": estimate.value,
            "plain": mine * np.sqrt(estimate.variance_ratio), "bumps": deviation, "here": mine,
            "times ahead": (deviation / mine) ** 2 * runs * plain / ours,
            "own runs": (deviation / mine) ** 2 * own * plain / ours,
            "CPU s": ours * PATHS,
        })  # fmt: skip
    return pd.DataFrame(rows)


def main():
    """Every contract in a process of its own."""
    tables = []
    for name in CONTRACTS:
        code = f"from benchmarks.notes_and_baskets import study; print(study({name!r}).to_csv(index=False))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        tables.append(pd.read_csv(io.StringIO(done.stdout)))
    table = pd.concat(tables)
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False, float_format="%.4g")
    print(table.groupby(["contract", "kind"], sort=False).agg({"here": "max", "times ahead": "min", "own runs": "min"}))


if __name__ == "__main__":
    main()
