"""Whether controls ever cost more than they save: every contract of the reference grid with them and without.

``python -m benchmarks.auto_against_none`` writes ``benchmarks/auto_against_none.csv``, a row a contract: the time to a
given error without controls over that with them (``work``: variance times CPU seconds), as the geometric mean over
the price and all Greeks of first order and gamma, and for the one that gains least. CPU time of one thread, pilot
included, in one process, both in turns, the least of several runs; variances are means over the runs' seeds.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation.cases import Case, grid

PATHS, SEEDS = 100_000, (10, 11, 12)
ROUNDING = 1e-12
"""Of the error without controls: what is known to less is exact, and its gain has no size."""


def measured(case: Case) -> dict[str, object]:
    """The row of a contract."""
    seconds, variances, pilot = {"none": [], "auto": []}, {"none": [], "auto": []}, []
    for controls in seconds:
        lg.greeks(case.model, case.payoff, paths=4096, seed=1, controls=controls, executor="serial")
    for seed in SEEDS:
        for controls, times in seconds.items():
            start = time.process_time()
            result = lg.greeks(case.model, case.payoff, paths=PATHS, seed=seed, controls=controls, executor="serial")
            times.append(time.process_time() - start)
            variances[controls].append([estimate.standard_error**2 for estimate in result.estimates.values()])
        pilot.append(
            result.diagnostics.pilot_seconds / (result.diagnostics.pilot_seconds + result.diagnostics.main_seconds)
        )
    greeks, cost = [*result.estimates], min(seconds["auto"]) / min(seconds["none"])
    plain, left = (np.mean(variances[controls], axis=0) for controls in ("none", "auto"))
    gain = np.where(left > ROUNDING**2 * plain, plain / np.maximum(left, 1e-300) / cost, np.inf)
    return {
        "contract": case.name,
        "dates": len(case.payoff.times),
        "cost in plain runs": cost,
        "of it the pilot": min(pilot),
        "gain": float(np.exp(np.log(gain).mean())),
        "least gain": float(gain.min()),
        "of": greeks[int(gain.argmin())],
        "beside the price": float(gain[1:].min()),
    }


if __name__ == "__main__":
    found = pd.DataFrame([measured(case) for case in grid()])
    found.to_csv(Path(__file__).with_name("auto_against_none.csv"), index=False, float_format="%.4g")
    print(found.sort_values("least gain").head(20).to_string(float_format=lambda x: f"{x:.4g}"))
