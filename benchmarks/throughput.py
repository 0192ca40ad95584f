"""Nanoseconds a path-step on one core: plain likelihood ratio, bare generators, QuantLib.

``python -m benchmarks.throughput`` writes ``benchmarks/throughput.csv``. An average and a barrier on 64 dates, the
price and every first-order Greek (under Heston of every parameter); all that `greeks` does is in the time. A path-step
is a path times a date (under Heston times a sub-step of the variance: the column ``steps``). Generators give a normal
a path-step. QuantLib prices, without a Greek; under Heston a European on as many steps, quadratic exponential with
martingale correction. CPU time, medians of repeats in turns; ``ratio`` is the median over repeats of the time over
that of the generator in the same repeat.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import QuantLib as ql  # noqa: N813

import likelihood_greeks as lg
from likelihood_greeks.streams.chunks import Chunk

from .contracts import MARKET
from .heston_reference import DESK
from .quantlib_book import instrument, process
from .quantlib_bumps import TODAY, heston_process

PATHS, REPEATS, SEED, DATES = int(os.environ.get("BENCH_PATHS", "100000")), 7, 20020705, 64
FIRST = ["delta", "vega", "rho", "dividend_rho", "theta"]
HESTON = [*FIRST, "mean_reversion", "long_run_variance", "vol_of_vol", "correlation"]
TIMES = tuple(round(4 * k) / 365 for k in range(1, DATES + 1))
"""Every four days: QuantLib's averages are over dates."""
GENERATOR = "NumPy SFC64 normals"


def plain(model, payoff, greeks, paths: int):
    """A run of this package without controls."""

    def run():
        with ThreadPoolExecutor(1) as one:
            lg.greeks(model, payoff, greeks, paths=paths, seed=SEED, controls="none", executor=one)

    return run


def quantlib(payoff, paths: int):
    """QuantLib's price of a contract it has an engine for."""

    def run():
        option, engine, _ = instrument(payoff, TODAY, seed=SEED, requiredSamples=paths)
        option.setPricingEngine(engine(process(MARKET, TODAY)))
        option.NPV()

    return run


def quantlib_heston(paths: int):
    """QuantLib's price of a European under Heston on as many steps."""

    def run():
        exercise = ql.EuropeanExercise(TODAY + round(365 * TIMES[-1]))
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 100.0), exercise)
        settings = {"timeSteps": DATES, "requiredSamples": paths, "seed": SEED}
        option.setPricingEngine(ql.MCEuropeanHestonEngine(heston_process(DESK), "pseudorandom", **settings))
        option.NPV()

    return run


def numpy_normals(paths: int):
    """Normals of NumPy's fastest generator, in pieces that stay in the cache."""
    generator = np.random.Generator(np.random.SFC64(SEED))

    def run():
        for _ in range(paths // 1000):
            generator.standard_normal((DATES, 1000))

    return run


def own_normals(paths: int):
    """Normals of this package's streams."""

    def run():
        for number in range(paths // 1000):
            Chunk(SEED, number, 1000).stream().normals(DATES)

    return run


def jobs() -> dict[str, tuple]:
    """Run, paths and path-steps a path, by name."""
    average, end = lg.Asian(100.0, TIMES), TIMES[-1]
    knocked = lg.Barrier(lg.Call(100.0, end), 85.0, "down", "out", TIMES)
    few, steps = PATHS // 5, sum(DESK.substeps(TIMES))
    return {
        GENERATOR: (numpy_normals(PATHS), PATHS, DATES),
        "normals of a stream": (own_normals(PATHS), PATHS, DATES),
        "GBM, average": (plain(MARKET, average, FIRST, PATHS), PATHS, DATES),
        "GBM, barrier": (plain(MARKET, knocked, FIRST, PATHS), PATHS, DATES),
        "QuantLib GBM, average": (quantlib(average, few), few, DATES),
        "QuantLib GBM, barrier": (quantlib(knocked, few), few, DATES),
        "Heston, average": (plain(DESK, average, HESTON, few), few, steps),
        "Heston, barrier": (plain(DESK, knocked, HESTON, few), few, steps),
        "QuantLib Heston": (quantlib_heston(few), few, DATES),
    }


def table() -> pd.DataFrame:
    """A row per job."""
    ql.Settings.instance().evaluationDate = TODAY
    todo, found = jobs(), {name: [] for name in jobs()}
    for repeat in range(REPEATS + 1):  # the first compiles and fills tables
        for name, (run, paths, steps) in todo.items():
            start = time.process_time()
            run()
            if repeat:
                found[name].append((time.process_time() - start) / (paths * steps) * 1e9)
    frame = pd.DataFrame(found)
    return pd.DataFrame({
        "ns a path-step": frame.median(),
        "fastest": frame.min(),
        "ratio": frame.div(frame[GENERATOR], axis=0).median(),
        "steps": {name: steps for name, (_, _, steps) in todo.items()},
    }).rename_axis("job")  # fmt: skip


if __name__ == "__main__":
    result = table()
    result.to_csv(Path(__file__).with_name("throughput.csv"), float_format="%.4g")
    print(result.to_string(float_format=lambda x: f"{x:.4g}"))
