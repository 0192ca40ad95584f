"""How biased is the Heston law at its steps? European Greeks of calls and digital calls, without Monte Carlo.

``python -m benchmarks.heston_bias [SET ...]`` writes ``benchmarks/heston_bias.csv``: a row per parameter set, maturity,
number of equal steps, contract and Greek, with the exact value at the strike of the spot, the bias there relative to
that value, and relative to the Greek's scale: its largest size at strikes from 70 to 140 % of the spot. ``worst`` is
the largest bias at any of these strikes in units of the scale, and ``at`` the strike where it occurs. The steps are
fixed lengths at each set's own maturity and, at maturities from 0.1 to 10 years, those of `Heston.substeps` (column
``rule``). The method is in ``tests/support/heston_steps_law.py``.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.heston_reference import model as heston
from tests.support.heston_steps_law import GREEKS, STRIKES, biases, exact_greeks, scales

SETS = {
    "desk": (heston(0.04, 2.0, 0.04, 0.3, -0.7, 0.05, 0.02), 1.0),
    "BK1": (heston(0.010201, 6.21, 0.019, 0.61, -0.7, 0.0319), 1.0),
    "BK2": (heston(0.09, 2.0, 0.09, 1.0, -0.3, 0.05), 5.0),
    "FV1": (heston(0.04, 1.5, 0.04, 1.0, -0.9, 0.03), 1.0),
    "FV5": (heston(0.04, 0.5, 0.04, 1.0, -0.9, 0.03), 5.0),
    "A1": (heston(0.04, 0.5, 0.04, 1.0, -0.9, 0.0), 10.0),
    "DAX": (heston(0.19, 15.6, 0.075, 3.3, -0.51, 0.035), 1.0),
    "positive": (heston(0.04, 1.2, 0.06, 0.4, 0.5, 0.02, 0.03), 2.0),
    "calm": (heston(0.04, 0.3, 0.04, 0.1, -0.5, 0.03), 5.0),
}
"""Model and own maturity in years."""
LENGTHS = (1.0, 0.5, 0.25, 1.0 / 12.0)
MATURITIES = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
CENTRE = int(np.flatnonzero(STRIKES == 1.0)[0])


def jobs(names) -> list[tuple[str, float, int, str]]:
    """(set, maturity, steps, where they come from), all."""
    found = []
    for name in names:
        model, own = SETS[name]
        found += [(name, own, round(own / length), "length") for length in LENGTHS]
        for maturity in sorted({*MATURITIES, own}):
            found.append((name, maturity, *model.substeps([maturity]), "substeps"))
    return found


def study(name: str, maturity: float, steps: int, rule: str) -> pd.DataFrame:
    """Rows of one law."""
    model, _ = SETS[name]
    bias, exact = biases(model, maturity, steps), exact_greeks(model, maturity)
    rows = []
    for contract, found in bias.items():
        scaled = found / scales(exact[contract])[:, None]
        for row, greek in enumerate(GREEKS):
            value, worst = exact[contract][row, CENTRE], int(np.abs(scaled[row]).argmax())
            numbers = (value, found[row, CENTRE] / value, scaled[row, CENTRE], scaled[row, worst])
            where = 100.0 * STRIKES[worst]
            rows.append((name, maturity, steps, maturity / steps, rule, contract, greek, *numbers, where))
    columns = ["set", "maturity", "steps", "step", "rule", "contract", "greek", "exact", "relative bias",
               "bias / scale", "worst", "at"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """The largest biases in per cent of scale: at the strike of the spot, at any strike, and there of first order."""
    ruled = table[table["rule"] != "length"]
    worst, first = ruled["worst"].abs(), ~ruled["greek"].isin(["gamma", "vanna", "volga"])
    largest = ruled.assign(centre=ruled["bias / scale"].abs(), worst=worst, first=worst.where(first))
    groups = largest.groupby(["set", "maturity", "rule", "steps"], sort=False)
    return 100.0 * groups[["centre", "first", "worst"]].max()


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(SETS)
    done = []
    for job in jobs(wanted):
        done.append(study(*job))
        print(*job, f"{100.0 * done[-1]['worst'].abs().max():.3f} %", flush=True)
    found = pd.concat(done)
    found.to_csv(Path(__file__).with_name("heston_bias.csv"), index=False, float_format="%.6g")
    print(summary(found).to_string())
