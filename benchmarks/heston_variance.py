"""Standard deviation of one Heston path, and the cost of a run, beside what a prototype reached.

``python -m benchmarks.heston_variance [RUNS]`` writes ``benchmarks/heston_variance.csv``: a row per table, set,
contract, method and Greek. The standard deviation is the root mean square over the runs (other seeds) of the standard
error times the root of the number of paths; the cost is the shortest wall time, pilot included, over that of the plain
likelihood ratio with as many paths, in the same process. Spot 100. ``target`` is the figure of a stand-alone prototype.
It had coarser steps (a plain likelihood ratio with finer steps is noisier), chose its controls by hand for one Greek at
a time, and fitted their coefficients on the sample itself.

*European*: a call and a digital at 100 at the set's maturity. *Opaque*: a payoff nothing is known about but its values.
*Known*: one that can be followed and relaxed.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import likelihood_greeks as lg

from .heston_bias import SETS

FIRST = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation", "rho")
GREEKS = ("delta", "gamma", *FIRST)
SHORT = {"v0": "initial_variance", "kappa": "mean_reversion", "theta": "long_run_variance", "xi": "vol_of_vol",
         "rho": "correlation", "S0": "delta", "gamma": "gamma"}  # fmt: skip
PLAIN = "plain LR"
VARIANCE = "flow + auto, no variance controls"  # the run "flow + auto" beside the prototype without these
EUROPEAN = {
    PLAIN: {"handover": "score", "controls": "none"},
    "flow + scores": {"handover": "flow", "controls": "scores"},
    "flow + auto": {"handover": "flow", "controls": "auto"},
    "default": {},
}
PATHWISE = {PLAIN: {"controls": "none"}, "auto": {}}

# The prototype's standard deviations: columns as in EUROPEAN (LR, flow + score controls, conditional price along the
# flow with variance controls, exact law of the date with score controls).
EUROPEAN_TARGETS = """
desk call delta      1.72  .186 .037 .035
desk call v0         1031  69.8 12.7 6.5
desk call kappa      12.3  1.18 .41  -
desk call theta      994   95   20.8 -
desk call xi         212   14.4 4.0  -
desk call rho        50.9  16   1.5  1.6
desk digital delta   .0547 .0192 .0054 .0053
desk digital v0      50.7  1.99 .31  1.04
desk digital kappa   .555  .034 .013 -
desk digital theta   46.5  2.87 .57  -
desk digital xi      10.5  .39  .13  .078
desk digital rho     1.66  .67  .22  -
BK1 digital v0       79.6  2.95 .95  .83
BK1 digital xi       8.07  .300 .098 .085
BK2 digital v0       8.73  .293 .063 .104
BK2 digital xi       5.19  .148 .037 .049
FV1 digital v0       40.3  5.88 2.2  .72
FV1 digital xi       5.98  .72  .29  .049
FV5 digital v0       31.9  9.6  2.9  .33
FV5 digital xi       8.69  1.70 .52  .085
BK1 digital delta    - - - .014
BK2 digital delta    - - - .0015
FV1 digital delta    - - - .020
FV5 digital delta    - - - .0079
BK1 call v0          - - - 7.2
BK2 call v0          - - - 3.4
FV1 call v0          - - - 5.2
FV5 call v0          - - - 15
BK1 call rho         - - - 2.4
BK2 call rho         - - - 7.5
FV1 call rho         - - - 14.9
FV5 call rho         - - - 38
"""
# The conditional price along the flow without the four controls of the variance path.
CONDITIONAL_TARGETS = {
    ("desk", "call"): {"S0": 0.339, "v0": 47.3, "kappa": 1.06, "theta": 77.6, "xi": 12.7, "rho": 12.5},
    ("desk", "digital"): {"S0": 0.0078, "v0": 1.00, "kappa": 0.030, "theta": 1.60, "xi": 0.32, "rho": 0.44},
    ("BK1", "digital"): {"v0": 2.50, "xi": 0.257},
    ("BK2", "digital"): {"v0": 0.204, "xi": 0.103},
    ("FV1", "digital"): {"v0": 3.48, "xi": 0.49},
    ("FV5", "digital"): {"v0": 6.2, "xi": 1.09},
}
# Up-out digital 120, down-out call 85, Asian call 100: LR raw and the mixture of hand-overs.
OPAQUE_TARGETS = """
desk uod 12 v0       68.5 15.6
desk uod 12 kappa    .467 .253
desk uod 12 theta    35.9 21.3
desk uod 12 xi       13.8 4.04
desk doc 12 v0       1869 236
desk doc 12 xi       383  48.7
desk uod 52 v0       139  27.5
desk uod 52 theta    35.6 26.3
desk uod 52 xi       28.0 7.48
FV1  uod 12 v0       56.9 16.9
FV1  uod 12 theta    151  42.3
FV1  uod 12 xi       9.18 3.20
BK1  uod 12 v0       103  31.3
BK1  uod 12 xi       9.96 3.09
"""
# LR and light controls with European prices (doc and Asian at 52 dates: all skeletons; BK1: all); S0 v0 kappa theta xi
# rho gamma, LR first.
KNOWN_TARGETS = """
desk uod   12  .128 68.5 .467 35.9 13.8 4.33 .046    .040 6.9 .105 9.5 1.51 1.24 .0114
desk doc   12  3.79 1869 15.2 1091 383 124 1.49      .214 43 .53 54 8.1 8.4 .069
desk asian 12  2.43 1134 9.49 674 232 74.9 -         .279 38 .36 30 6.2 8.6 -
FV1  uod   12  .479 56.9 4.01 151 9.18 20.0 .557     .061 7.7 .43 16.9 1.23 2.8 .067
FV1  doc   12  5.76 670 46.7 1767 106 241 6.62       .266 55 1.87 78 6.7 23.5 .151
FV1  asian 12  - - - - - - -                         .264 44 1.05 44 4.7 12.4 -
desk uod   52  .261 139 .480 35.6 28.0 8.9 .178      .066 9.7 .158 13.2 2.46 2.2 .038
desk doc   52  - - - - - - 5.19                      .341 66 .67 76 10.1 12.3 .21
desk asian 52  - - - - - - -                         .283 32.5 .32 29.6 6.0 8.4 -
FV1  uod   52  - - - - - - -                         - - - - - - -
FV1  doc   52  - - - - - - -                         - - - - - - -
FV1  asian 52  - - - - - - -                         - - - - - - -
BK1  uod   12  - - - - - - -                         .069 8.2 .058 24.9 .90 1.07 -
"""


def number(text: str) -> float:
    """A cell; a dash is missing."""
    return np.nan if text == "-" else float(text)


def european_targets() -> dict:
    """By (set, contract): method and Greek to number."""
    found: dict = {}
    for line in EUROPEAN_TARGETS.strip().splitlines():
        name, contract, greek, *cells = line.split()
        greek = "delta" if greek == "delta" else SHORT[greek]
        for method, cell in zip(EUROPEAN, cells, strict=True):
            found.setdefault((name, contract), {})[method, greek] = number(cell)
    for case, cells in CONDITIONAL_TARGETS.items():
        found[case] |= {(VARIANCE, SHORT[greek]): value for greek, value in cells.items()}
    return found


def opaque_targets() -> dict:
    """By (set, contract, dates): method and Greek to number."""
    found: dict = {}
    for line in OPAQUE_TARGETS.strip().splitlines():
        name, contract, dates, greek, *cells = line.split()
        for method, cell in zip(PATHWISE, cells, strict=True):
            found.setdefault((name, contract, int(dates)), {})[method, SHORT[greek]] = number(cell)
    return found


def known_targets() -> dict:
    """By (set, contract, dates): method and Greek to number."""
    order = [SHORT[greek] for greek in ("S0", "v0", "kappa", "theta", "xi", "rho", "gamma")]
    found: dict = {}
    for line in KNOWN_TARGETS.strip().splitlines():
        name, contract, dates, *cells = line.split()
        values = [number(cell) for cell in cells]
        own = {(PLAIN, greek): value for greek, value in zip(order, values[:7], strict=True)}
        own |= {("auto", greek): value for greek, value in zip(order, values[7:], strict=True)}
        found[name, contract, int(dates)] = own
    return found


def opaque(function):
    """The same cash flows by a way that is not followed."""
    return lambda spot: function(np.array(memoryview(np.ascontiguousarray(spot))))


def uod(spot):
    """Up-out digital."""
    return 1.0 * ((spot.max(axis=0) < 120.0) & (spot[-1] > 100.0))


def doc(spot):
    """Down-out call."""
    return np.where(spot.min(axis=0) > 85.0, np.maximum(spot[-1] - 100.0, 0.0), 0.0)


def payoff(contract: str, dates: int):
    """A contract the library knows, one year."""
    times = lg.schedule(1.0, per_year=dates)
    return {
        "uod": lambda: lg.Barrier(lg.DigitalCall(100.0, 1.0), 120.0, "up", "out", times),
        "doc": lambda: lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", times),
        "asian": lambda: lg.Asian(100.0, times),
    }[contract]()


def measured(model, contract, methods: dict, paths: int, runs: int, seed: int) -> pd.DataFrame:
    """Standard deviation by Greek, cost and share of noted numbers, a row per method and Greek."""
    results = {method: [] for method in methods}
    for run in range(runs):
        for method, how in methods.items():
            results[method].append(lg.greeks(model, contract, GREEKS, paths=paths, seed=seed + run, **how))
    plain = min(one.seconds for one in results[PLAIN])
    rows = []
    for method, found in results.items():
        cost = min(one.seconds for one in found) / plain
        for greek in GREEKS:
            spread = (np.mean([one[greek].standard_error ** 2 for one in found]) * paths) ** 0.5
            noted = sum(one[greek].note != "" for one in found)
            rows.append((method, greek, spread, cost, noted, "; ".join(found[0].diagnostics.remarks)))
    return pd.DataFrame(rows, columns=["method", "greek", "sd", "cost", "noted runs", "remark"])


def jobs():
    """(table, set, contract, dates, model, payoff, methods, targets, paths), all."""
    for (name, contract), targets in european_targets().items():
        model, maturity = SETS[name]
        option = (lg.Call if contract == "call" else lg.DigitalCall)(100.0, maturity)
        yield "European", name, contract, 1, model, option, EUROPEAN, targets, 100_000
    for (name, contract, dates), targets in opaque_targets().items():
        own = lg.Payoff(opaque({"uod": uod, "doc": doc}[contract]), lg.schedule(1.0, per_year=dates))
        yield "opaque", name, contract, dates, SETS[name][0], own, PATHWISE, targets, {12: 60_000, 52: 20_000}[dates]
    for (name, contract, dates), targets in known_targets().items():
        own = payoff(contract, dates)
        yield "known", name, contract, dates, SETS[name][0], own, PATHWISE, targets, {12: 60_000, 52: 20_000}[dates]


def study(place: int, job: tuple, runs: int) -> pd.DataFrame:
    """Rows of one case."""
    table, name, contract, dates, model, option, methods, targets, paths = job
    found = measured(model, option, methods, paths, runs, 100 * place)
    again = found[found["method"] == "flow + auto"].assign(method=VARIANCE)
    pairs = {method for method, _ in targets}
    found = pd.concat([found, again[again["method"].isin(pairs)]])
    target = [targets.get((row.method, row.greek), np.nan) for row in found.itertuples()]
    plain = found[found["method"] == PLAIN].set_index("greek")["sd"]
    gain = (found["greek"].map(plain) / found["sd"]) ** 2
    found = found.assign(**{"variance ratio": gain, "target": target, "sd / target": found["sd"] / target})
    for at, (column, value) in enumerate((("table", table), ("set", name), ("contract", contract), ("dates", dates))):
        found.insert(at, column, value)
    return found


def main(runs: int) -> None:
    """Run and report."""
    done = []
    for place, job in enumerate(jobs()):
        done.append(study(place, job, runs))
        print(done[-1].drop(columns="remark").to_string(header=False, index=False), flush=True)
        print(set(done[-1]["remark"]), flush=True)
        table = pd.concat(done, ignore_index=True)
        table.to_csv(Path(__file__).with_name("heston_variance.csv"), index=False, float_format="%.5g")
    targets = table[table["target"].notna()]
    print(targets.groupby(["table", "method"])["sd / target"].describe(percentiles=[0.5]).to_string())
    print(table.groupby(["table", "set", "contract", "dates", "method"], sort=False)["cost"].first().to_string())
    worse = targets[(targets["sd / target"] > 1.1) & (targets["method"] != PLAIN)]
    print("more than 10 % above target:")
    print(worse.drop(columns="remark").to_string(index=False, float_format=lambda x: f"{x:.3g}"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
