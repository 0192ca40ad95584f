"""Several assets: Greeks against quadrature and published numbers, coverage, time, memory and variance ratios.

``python -m benchmarks.several_assets [references] [coverage] [large] [kernels]``: default all. References are those of
``tests/support``; a row of ``several_assets.csv`` is a number by what it is of. An hour of one core, most of it for the
coverage.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.parameters import requested
from likelihood_greeks.streams.chunks import Chunk
from tests.support import three_assets, two_assets

from .tallies import Number, in_rounds, judged, read

PATHS, SEEDS = 4096, 1000
ALL = ["delta", "gamma", "cross_gamma", "vega", "correlation", "rho", "dividend_rho", "vanna"]
COVERED = ("worst-of digital put, three, middle", "worst-of put, three, low", "worst-of put, three, high",
           "note on two dates, two, 0.5", "outside barrier, two", "worst-of call, two")  # fmt: skip
Row = dict[str, Any]
Case = tuple[Any, Any, Callable[[Any], float]]
"""A law, a contract and its price as a function of the law."""


def cases() -> dict[str, Case]:
    """Contracts of which all Greeks are known without simulation."""
    found: dict[str, Case] = {}
    reference = dict(zip("ABC", three_assets.REFERENCE, strict=True))
    for name in three_assets.LAWS:
        law = three_assets.three(name)
        digital, put = lg.DigitalPut(0.9, 1.5), lg.Put(0.95, 1.5)
        found[f"worst-of digital put, three, {name}"] = (
            law, lg.WorstOf(digital, reference), lambda own: float(three_assets.digital_put(own, 0.9, 1.5))
        )  # fmt: skip
        found[f"worst-of put, three, {name}"] = (
            law, lg.WorstOf(put, reference), lambda own: three_assets.put(own, 0.95, 1.5)
        )  # fmt: skip
    both = lambda spot: np.stack(  # noqa: E731
        [np.where(high := (spot[0, 0] >= 98.0) & (spot[1, 0] >= 97.0), 3.0, 0.0),
         np.where(~high & (spot[0, 1] >= 98.0) & (spot[1, 1] >= 97.0), 7.0, 0.0)]
    )  # fmt: skip
    note = lambda own: two_assets.note_of_two_dates(own, 0.4, 1.0, (98.0, 97.0), (3.0, 7.0))  # noqa: E731
    for rho in (-0.5, 0.5, 0.95):
        found[f"note on two dates, two, {rho}"] = two_assets.two(rho), lg.Payoff(both, [0.4, 1.0]), note
    barrier = lg.OutsideBarrier(lg.Barrier(lg.Call(96.0, 1.0), 93.0, "down", "out", [0.4]), watched="A", paid="B")
    found["outside barrier, two"] = (
        two_assets.two(-0.3), barrier, lambda own: two_assets.outside_call(own, 93.0, 0.4, 96.0, 1.0)
    )  # fmt: skip
    found["worst-of call, two"] = (
        two_assets.two(0.6), lg.WorstOf(lg.Call(90.0, 1.0)), lambda own: two_assets.call_on_worst(own, 90.0, 1.0)
    )  # fmt: skip
    return found


def exact(case: Case, greeks: list[str]) -> dict[str, float]:
    """All Greeks of a case, by label."""
    law, _, price = case
    wanted = requested(greeks, law)
    return {label: two_assets.derivative(law, price, next(iter(terms))) for label, terms in wanted.items()}


def scores(case: Case, known: dict[str, float], seeds: int, paths: int = PATHS) -> pd.DataFrame:
    """z-scores by seed and Greek."""
    law, payoff, _ = case
    rounding = 1e-9 * abs(known["price"])
    greeks = [name for name in known if name != "price"]
    runs = [lg.greeks(law, payoff, greeks, paths=paths, seed=seed) for seed in range(seeds)]
    table = [
        {name: (run[name].value - x) / (run[name].standard_error + rounding) for name, x in known.items()}
        for run in runs
    ]
    return pd.DataFrame(table)


def references() -> Iterator[Row]:
    """Mean squares of z-scores of all Greeks of all cases, 40 seeds on 16,384 paths."""
    pooled = list[np.ndarray]()
    for name, case in cases().items():
        z = scores(case, exact(case, ALL), 40, 16_384).to_numpy()
        pooled.append(z.ravel())
        yield {"study": "references", "of": name, "what": "mean z squared", "value": float((z**2).mean())}
        yield {"study": "references", "of": name, "what": "largest |z|", "value": float(np.abs(z).max())}
    every = np.concatenate(pooled)
    yield {"study": "references", "of": "all", "what": "mean z squared", "value": float((every**2).mean())}
    yield {"study": "references", "of": "all", "what": "numbers", "value": float(len(every))}


def counted(case: Case, known: dict[str, float], seed: int, paths: int) -> Iterator[Number]:
    """Price and first-order Greeks of a case beside the exact ones."""
    law, payoff, _ = case
    found = lg.greeks(law, payoff, [of for of in known if of != "price"], paths=paths, seed=seed, executor="serial")
    for of, exact_value in known.items():
        own = found[of]
        yield of, own.value, own.standard_error, own.samples, own.note, exact_value


def coverage() -> Iterator[Row]:
    """Shares of 95 % intervals that cover, `SEEDS` seeds on `PATHS` paths, price and all first-order Greeks.

    Counted in ``several_assets_coverage.csv``; a study that is stopped goes on where it was.
    """
    every = cases()
    asked = ["delta", "vega", "cross_gamma", "correlation", "rho"]
    runs = {name: partial(counted, every[name], exact(every[name], asked)) for name in COVERED}
    tally = Path(__file__).with_name("several_assets_coverage.csv")
    in_rounds(tally, runs, [PATHS], SEEDS, 50)
    for row in judged(read(tally)).to_dict("records"):
        for what in ("covered", "mean z2", "seeds", "numbers", "marked"):
            yield {"study": "coverage", "of": row["kind"], "what": what, "value": float(row[what])}


def many(count: int) -> lg.CorrelatedGBM:
    """A law of many unequal assets."""
    names = [f"A{k}" for k in range(count)]
    members = {
        name: lg.GBM(spot=100.0, volatility=0.18 + 0.2 * k / count, rate=0.03, dividend_yield=0.002 * (k % 5))
        for k, name in enumerate(names)
    }
    loads = dict(zip(names, np.linspace(0.5, 0.85, count), strict=True))
    return lg.CorrelatedGBM(members, {(a, b): loads[a] * loads[b] for a, b in combinations(names, 2)})


def large() -> Iterator[Row]:
    """A worst-of autocall on ten assets and a call on a basket of thirty: time, memory, variance ratios."""
    quarters = [0.25 * k for k in range(1, 9)]
    call = lg.Autocallable(1.0, quarters, coupon=0.02, knock_in=0.6, knock_in_times=quarters, notional=100.0)
    asked = {"worst-of autocall, ten assets": (many(10), lg.WorstOf(call, [100.0] * 10)),
             "basket call, thirty assets": (many(30), lg.Basket(lg.Call(100.0, 1.0))),
             "basket, thirty assets, monthly average": (many(30), lg.Basket(lg.Asian(100.0, lg.schedule(1.0, 12)))),
             }  # fmt: skip
    for name, (law, payoff) in asked.items():
        lg.greeks(law, payoff, ["delta"], paths=1024, seed=1)
        start = time.process_time()
        result = lg.greeks(law, payoff, ["delta", "vega", "rho"], paths=100_000, seed=1, executor="serial")
        yield {"study": "large", "of": name, "what": "CPU seconds, 100,000 paths",
               "value": time.process_time() - start}  # fmt: skip
        for greek in ("delta", "vega"):
            own = [found.variance_ratio for label, found in result.estimates.items() if label.startswith(greek)]
            yield {"study": "large", "of": name, "what": f"variance ratio of {greek}, median",
                   "value": float(np.median(own))}  # fmt: skip
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        yield {"study": "large", "of": name, "what": "peak memory so far, MiB", "value": peak}


def kernels() -> Iterator[Row]:
    """Nanoseconds a date, asset and path of three assets, one core: paths, and with all first-order weights."""
    law, times = three_assets.three("middle"), np.arange(1, 65) / 52
    names, chunk = law.parameters, Chunk(1, 0, 4096, "pseudo")
    size = 3 * len(times) * chunk.n_paths
    for what in ("paths", "paths and all scores"):
        spent = []
        for _ in range(15):
            start = time.process_time()
            paths = law.simulate(times, chunk.stream())
            if what != "paths":
                law.moves(paths).weights([(name,) for name in names], np.inf)
            spent.append(time.process_time() - start)
        yield {"study": "kernels", "of": f"three assets, 64 dates, {len(names)} parameters", "what": f"ns, {what}",
               "value": 1e9 * float(np.median(spent)) / size}  # fmt: skip


STUDIES: dict[str, Callable[[], Iterator[Row]]] = {
    "kernels": kernels, "large": large, "references": references, "coverage": coverage,
}  # fmt: skip


def main(*names: str) -> None:
    """The studies; rows of others that were stored stay."""
    where = Path(__file__).with_suffix(".csv")
    for name in names or STUDIES:
        rows = []
        for row in STUDIES[name]():
            print({**row, "value": round(row["value"], 4)}, flush=True)
            rows.append(row)
        known = pd.read_csv(where) if where.exists() else pd.DataFrame(columns=["study"])
        kept = [known[known["study"] != name], pd.DataFrame(rows)]
        pd.concat([part for part in kept if len(part)]).to_csv(where, index=False, float_format="%.4g")


if __name__ == "__main__":
    main(*sys.argv[1:])
