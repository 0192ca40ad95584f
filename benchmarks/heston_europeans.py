"""European Greeks under Heston by Monte Carlo against the exact ones: eight parameter sets, 0.1 to 15 years.

``python -m benchmarks.heston_europeans [SET ...]`` writes ``benchmarks/heston_europeans.csv``: a row per set, maturity,
strike, contract, law and Greek, with the exact value (Fourier inversion: ``vanilla_jets``), the Greek's scale (its
largest size at strikes from 70 to 140 % of the spot), the z-score and the error. *Exact* is ``lg.greeks`` as it is,
which draws from the exact law of the date; *steps* draws the variance step by step (``handover="flow"``) with no
control that has an exact mean of the option (``controls="scores"``), so that a bias of the steps would show.
Seeds differ from case to case; z-scores of one case share their paths and are strongly correlated.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.parameters import resolve
from tests.support.heston_reference import model as heston
from tests.support.heston_steps_law import GREEKS as SCALED
from tests.support.heston_steps_law import exact_greeks, scales

from . import heston_bias

SETS = {
    **{name: heston_bias.SETS[name] for name in ("desk", "BK1", "BK2")},
    "Andersen I": heston_bias.SETS["A1"],
    "Andersen II": (heston(0.04, 0.3, 0.04, 0.9, -0.5, 0.0), 15.0),
    "Andersen III": (heston(0.09, 1.0, 0.09, 1.0, -0.3, 0.0), 5.0),
    "positive": (heston_bias.SETS["positive"][0], 1.0),
    "DAX": heston_bias.SETS["DAX"],
}
"""Model and own maturity in years."""
MATURITIES = (0.1, 0.5, 1.0, 3.0, 10.0)
GREEKS = (
    "price", "delta", "gamma", "vega", "vanna", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation",
    "rho", "dividend_rho", "theta",
)  # fmt: skip
RUNS = {"exact": 3, "steps": 1}  # with other seeds
PATHS, STEPS, FEWEST, MOST = 400_000, 1_600_000, 10_000, 200_000
"""Paths by the exact law; path-steps a case by the stepwise law, and the bounds of its paths."""


def strikes(model: lg.Heston, maturity: float) -> tuple[float, ...]:
    """90, 100 and 120, nearer where they are more than 1.25 standard deviations away."""
    speed = model.mean_reversion * maturity
    mean = model.long_run_variance - (model.initial_variance - model.long_run_variance) * np.expm1(-speed) / speed
    reach = np.exp(1.25 * np.sqrt(mean * maturity))
    return round(max(90.0, float(100.0 / reach)), 2), 100.0, round(min(120.0, float(100.0 * reach)), 2)


def jobs(names) -> list[tuple]:
    """(set, maturity, strike, contract), all."""
    return [
        (name, maturity, strike, contract)
        for name in names
        for maturity in sorted({*MATURITIES, SETS[name][1]})
        for strike in strikes(SETS[name][0], maturity)
        for contract in ("digital", "call")
    ]


def study(seed: int, job: tuple, law: str, known: dict) -> pd.DataFrame:
    """Rows of one case."""
    name, maturity, strike, contract = job
    model = SETS[name][0]
    payoff = lg.DigitalCall(strike, maturity) if contract == "digital" else lg.Call(strike, maturity)
    steps = model.substeps([maturity])[0] if law == "steps" else 0
    paths = int(np.clip(STEPS // steps, FEWEST, MOST)) if steps else PATHS
    how = {"handover": "flow", "controls": "scores"} if steps else {}
    result = lg.greeks(model, payoff, GREEKS[1:], paths=paths, seed=seed, **how)
    jet = model.discount_jet(np.asarray(maturity)) * model.vanilla_jets(strike, maturity)[contract == "call"]
    if (name, maturity) not in known:
        known[name, maturity] = {kind: scales(table) for kind, table in exact_greeks(model, maturity).items()}
    rows = []
    for greek in GREEKS:
        exact = sum(factor * float(jet.derivative(*by)) for by, factor in resolve(greek, model).items())
        scale = float(known[name, maturity][contract][SCALED.index(greek)])
        own = result[greek]
        numbers = (own.value, exact, own.standard_error, scale, own.z_score(exact), (own.value - exact) / scale)
        rows.append((*job, law, steps, paths, seed, greek, *numbers, own.note, result.seconds))
    columns = ["set", "maturity", "strike", "contract", "law", "steps", "paths", "seed", "greek", "value", "exact",
               "standard error", "scale", "z", "error / scale", "note", "seconds"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def summary(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """How well a group's z-scores behave, its errors in per cent of scale, and how many numbers are noted.

    The largest errors are those of *sharp* numbers, whose standard error is below 0.5 % of the scale.
    """
    noted, second = table["note"].fillna("") != "", table["greek"].isin(["gamma", "vanna"])
    sharp = table["standard error"] < 0.005 * table["scale"]
    z, error = table["z"], 100.0 * table["error / scale"].abs().where(sharp)
    columns = {
        "numbers": 1.0, "mean z2": z**2, "unnoted z2": (z**2).where(~noted), "worst z": z.abs(),
        "beyond 4": 1.0 * (z.abs() > 4.0), "worst error": error, "of first order": error.where(~second),
        "median SE": 100.0 * table["standard error"] / table["scale"],
        "sharp %": 100.0 * sharp, "noted %": 100.0 * noted,
    }  # fmt: skip
    means = dict.fromkeys(columns, "mean") | dict.fromkeys(("numbers", "beyond 4"), "sum")
    means |= dict.fromkeys(("worst z", "worst error", "of first order"), "max") | {"median SE": "median"}
    return table[by].assign(**columns).groupby(by, sort=False).agg(means)


def report(table: pd.DataFrame) -> None:
    """Print the summaries and the largest z-scores."""
    for by in (["law", "set"], ["law", "greek"], ["law", "maturity"], ["law"]):
        print(summary(table, by).to_string(float_format=lambda x: f"{x:.3g}"))
    worst = table.reindex(table["z"].abs().sort_values(ascending=False).index)
    print(worst.head(25).drop(columns=["note", "seconds"]).to_string())


def main(names: list[str]) -> None:
    """Run and report, the exact law first; what is done is saved after every run over the cases."""
    known: dict = {}
    done: list[pd.DataFrame] = []
    for law, runs in RUNS.items():
        for run in range(runs):
            for number, job in enumerate(jobs(SETS)):
                if job[0] in names:
                    done.append(study(2 * (number + 1000 * run) + (law == "steps"), job, law, known))
            table = pd.concat(done, ignore_index=True)
            table.to_csv(Path(__file__).with_name("heston_europeans.csv"), index=False, float_format="%.6g")
            print(law, run, flush=True)
    report(table)


if __name__ == "__main__":
    main(sys.argv[1:] or list(SETS))
