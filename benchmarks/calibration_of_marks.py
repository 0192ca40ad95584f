"""What a mark is worth: unmarked intervals should hold the truth 95 % of the time, marked ones less often.

``python -m benchmarks.calibration_of_marks --seeds 200`` adds what is lacking to ``calibration_of_marks.csv`` (see
`tallies`): contracts from common to rare, without controls, with those of the law and with all, eight Greeks each.
``--fresh`` does so with ``calibration_of_marks_fresh.csv``: contracts of another law, other products, levels and dates,
on which no rule of marks has been tried while it was made.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation.quadrature import AsianDigital

from .coverage_of_kinds import LAW, QUARTERLY, by_quadrature, estimated, in_closed_form
from .tallies import ALL, Run, effective, in_rounds, verdict

GREEKS = ("price", "delta", "gamma", "vega", "rho", "theta", "vanna", "volga")
CALL, PUT = lg.Call(100.0, 1.0), lg.Put(100.0, 1.0)
EUROPEANS: dict[str, Any] = {
    "digital call 105": lg.DigitalCall(105.0, 1.0),
    "digital call 150": lg.DigitalCall(150.0, 1.0),
    "digital call 175": lg.DigitalCall(175.0, 1.0),
    "digital put 60": lg.DigitalPut(60.0, 1.0),
    "call 160": lg.Call(160.0, 1.0),
}
ON_PATHS: dict[str, Any] = {
    "down-and-out call 85": lg.Barrier(CALL, 85.0, "down", "out", QUARTERLY),
    "up-and-out call 120": lg.Barrier(CALL, 120.0, "up", "out", QUARTERLY),
    "up-and-in call 160": lg.Barrier(CALL, 160.0, "up", "in", QUARTERLY),
    "down-and-in put 65": lg.Barrier(PUT, 65.0, "down", "in", QUARTERLY),
    "up-and-out digital 125": lg.Barrier(lg.DigitalCall(100.0, 1.0), 125.0, "up", "out", QUARTERLY),
    "call in the corridor 80 to 130": lg.DoubleBarrier(CALL, 80.0, 130.0, "out", QUARTERLY),
    "put in the corridor 92 to 108": lg.DoubleBarrier(PUT, 92.0, 108.0, "out", QUARTERLY),
    "average of 100": lg.Asian(100.0, QUARTERLY),
    "average of 130": lg.Asian(130.0, QUARTERLY),
    "digital on an average of 125": AsianDigital(125.0, QUARTERLY),
    "lookback call 140": lg.Lookback(QUARTERLY, "call", strike=140.0),
}


OTHER = lg.GBM(spot=50.0, volatility=0.32, rate=0.01, dividend_yield=0.03)
DATES = (0.1, 0.25, 0.45, 0.6)
FRESH_EUROPEANS: dict[str, Any] = {
    "digital call 80": lg.DigitalCall(80.0, 0.6),
    "digital put 27": lg.DigitalPut(27.0, 0.6),
    "call 88": lg.Call(88.0, 0.6),
}
FRESH: dict[str, Any] = {
    "down-and-in put 38": lg.Barrier(lg.Put(52.0, 0.6), 38.0, "down", "in", DATES),
    "up-and-out call 66": lg.Barrier(lg.Call(45.0, 0.6), 66.0, "up", "out", DATES),
    "down-and-out put 36": lg.Barrier(lg.Put(50.0, 0.6), 36.0, "down", "out", DATES),
    "up-and-in digital put 72": lg.Barrier(lg.DigitalPut(68.0, 0.6), 72.0, "up", "in", DATES),
    "call in the corridor 40 to 64": lg.DoubleBarrier(lg.Call(46.0, 0.6), 40.0, 64.0, "out", DATES),
    "put out of the corridor 31 to 78": lg.DoubleBarrier(lg.Put(55.0, 0.6), 31.0, 78.0, "in", DATES),
    "average of 62": lg.Asian(62.0, DATES),
    "digital on an average of 41": AsianDigital(41.0, DATES),
    "lookback call 70": lg.Lookback(DATES, "call", strike=70.0),
    "lookback put 34": lg.Lookback(DATES, "put", strike=34.0),
}


def runs(*, fresh: bool = False) -> Mapping[str, Run]:
    """By name, what gives the numbers of one run of a seed and paths: of Europeans all controls know the price."""
    found: dict[str, Run] = {}
    law, dates = (OTHER, DATES) if fresh else (LAW, QUARTERLY)
    for controls in ("none", "scores", "auto"):
        for name, option in (FRESH_EUROPEANS if fresh else EUROPEANS).items() if controls != "auto" else ():
            on_dates, exact = lg.Payoff(partial(at_the_end, option), dates), partial(in_closed_form, law, option)
            found[f"{name}, {controls}"] = partial(estimated, law, on_dates, exact, GREEKS, controls=controls)
        for name, payoff in (FRESH if fresh else ON_PATHS).items():
            exact = partial(by_quadrature, payoff, law=law)
            found[f"{name}, {controls}"] = partial(estimated, law, payoff, exact, GREEKS, controls=controls)
    return found


def at_the_end(option: Any, spot: Any) -> Any:
    """A European on the dates of a path."""
    return option(spot[-1:])


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Cells, numbers and shares held, of unmarked numbers and of marked ones, by controls and in all."""
    table = table.assign(controls=table["kind"].str.rsplit(", ", n=1).str[-1])
    rows = []
    for controls in ("none", "scores", "auto", ALL):
        own = table if controls == ALL else table[table["controls"] == controls]
        if own.empty:
            continue
        cells, whole = own[own["greek"] != ALL], own[own["greek"] == ALL].sum(numeric_only=True)
        free, marked = cells[cells["free"] >= cells["seeds"] / 2], cells["marked"].sum()
        rows.append(
            {
                "controls": controls, "cells": len(cells), "seeds": int(own["seeds"].min()),
                "unmarked": int(cells["free"].sum()), "covered": cells["held"].sum() / cells["free"].sum(),
                "least cell": (free["held"] / free["free"]).min(),
                "verdict": verdict(cells["held"].sum() / cells["free"].sum(), effective(whole)),
                "marked": int(marked), "covered if marked": cells["marked held"].sum() / marked if marked else np.nan,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    """Grow the tally, print the summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--step", type=int, default=25)
    parser.add_argument("--paths", type=int, default=4096)
    parser.add_argument("--fresh", action="store_true", help="contracts that no rule was tried on")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    name = "calibration_of_marks_fresh.csv" if arguments.fresh else "calibration_of_marks.csv"
    output = arguments.output or Path(__file__).with_name(name)
    in_rounds(output, runs(fresh=arguments.fresh), [arguments.paths], arguments.seeds, arguments.step)
    print(summary(pd.read_csv(output)).to_string(index=False))


if __name__ == "__main__":
    main()
