"""Do 95 % intervals cover? By kind of estimate: controls, sampling, laws, scenarios, explained moves, target errors.

``python -m benchmarks.coverage_of_kinds --seeds 200`` writes ``coverage_of_kinds.csv``: by kind and number of paths the
share of unmarked intervals that hold the exact value, the mean squared z-score, how many numbers were marked, and a
verdict. Its numbers of one run are not independent, so that power is counted in runs: a verdict is *inconclusive* while
the share over so many runs could lie on either side of 93 to 97 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

import likelihood_greeks as lg
from likelihood_greeks.validation.quadrature import greek, price

LAW = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5, correlation=-0.7,
    rate=0.03,
)  # fmt: skip
WEEKLY, MONTHLY = lg.schedule(1.0, 52), lg.schedule(1.0, 12)
BARRIER = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", times=WEEKLY)
ASIAN = lg.Asian(100.0, MONTHLY)
GREEKS, MOVED = ("price", "delta", "gamma", "vega"), {"spot": 103.0}
INSIDE = (0.93, 0.97)

Numbers = Iterator[tuple[float, float, int, str, float]]
"""Value, standard error, samples, note and exact value."""


@cache
def by_quadrature(payoff: Any, of: str) -> float:
    """A number of a payoff under `LAW`."""
    return price(LAW, payoff) if of == "price" else float(greek(LAW, payoff, of).value)


@cache
def in_closed_form(law: Any, option: Any, of: str) -> float:
    """A number of a European."""
    return lg.greeks(law, option, [] if of == "price" else [of], closed_form=True)[of].value


def estimated(
    law: Any, payoff: Any, exact: Callable[[str], float], *, seed: int, paths: int, **settings: Any
) -> Numbers:
    """Price and Greeks of a payoff."""
    found = lg.greeks(law, payoff, GREEKS[1:], paths=paths, seed=seed, **settings)
    for of in GREEKS:
        own = found[of]
        yield own.value, own.standard_error, own.samples, own.note, exact(of)


def to_a_target(*, seed: int, paths: int) -> Numbers:
    """A run that stops by the error of its delta."""
    aim = {"delta": 0.6 / np.sqrt(paths)}
    yield from estimated(
        LAW, BARRIER, partial(by_quadrature, BARRIER), seed=seed, paths=1024, target_error=aim, max_paths=8 * paths
    )


def revalued(controls: str, *, seed: int, paths: int) -> Numbers:
    """A call at other spots, by reweighting."""
    call = lg.Call(105.0, 1.0)
    frame = lg.scenarios(LAW, call, {"spot": [96.0, 103.0]}, greeks=[], paths=paths, seed=seed, controls=controls).frame
    for row in frame.reset_index().to_dict("records"):
        law = lg.GBM(spot=row["spot"], volatility=0.2, rate=0.03)
        yield row["price"], row["price_standard_error"], paths, row["note"], in_closed_form(law, call, "price")


def explained(controls: str, *, seed: int, paths: int) -> Numbers:
    """What a move of the spot gains, by Greeks and in all."""
    call = lg.Call(105.0, 1.0)
    frame = lg.explain(LAW, MOVED, call, paths=paths, seed=seed, controls=controls)
    there = lg.GBM(spot=103.0, volatility=0.2, rate=0.03)
    terms = 3.0 * in_closed_form(LAW, call, "delta"), 4.5 * in_closed_form(LAW, call, "gamma")
    total = in_closed_form(there, call, "price") - in_closed_form(LAW, call, "price")
    exact = [*terms, sum(terms), total - sum(terms), total]
    for row, value in zip(frame.to_dict("records"), exact, strict=True):
        yield row["value"], row["standard_error"], paths, row["note"], value


def kinds() -> Mapping[str, Callable[..., Numbers]]:
    """By name, what gives the numbers of one run of a seed and paths."""
    barrier, digital = partial(by_quadrature, BARRIER), lg.DigitalCall(105.0, 1.0)
    found: dict[str, Callable[..., Numbers]] = {
        f"barrier, {name}": partial(estimated, LAW, BARRIER, barrier, controls=name)
        for name in ("none", "scores", "auto")
    }
    found |= {
        f"barrier, {name}": partial(estimated, LAW, BARRIER, barrier, sampling=name) for name in ("antithetic", "sobol")
    }
    found["Asian, auto"] = partial(estimated, LAW, ASIAN, partial(by_quadrature, ASIAN))
    found["Heston digital, auto"] = partial(estimated, HESTON, digital, partial(in_closed_form, HESTON, digital))
    found["target error"] = to_a_target
    for name in ("scores", "auto"):
        found[f"explain, {name}"] = partial(explained, name)
    found["scenarios, scores"] = partial(revalued, "scores")
    return found


def measured(name: str, seeds: int, paths: int) -> dict[str, Any]:
    """The numbers of many runs of a kind against the exact ones."""
    rows = [
        (abs(value - exact) <= special.stdtrit(max(samples - 1, 1), 0.975) * error, (value - exact) / error, bool(note))
        for seed in range(seeds) for value, error, samples, note, exact in kinds()[name](seed=seed, paths=paths)
    ]  # fmt: skip
    held, z, marked = (np.array(column) for column in zip(*rows, strict=True))
    share = float(held[~marked].mean()) if (~marked).any() else np.nan
    return {
        "kind": name, "paths": paths, "seeds": seeds, "numbers": len(rows), "covered": share,
        "mean z2": float((z[~marked] ** 2).mean()), "marked": float(marked.mean()), "verdict": verdict(share, seeds),
    }  # fmt: skip


def verdict(share: float, runs: int) -> str:
    """Whether a share of `runs` runs lies in `INSIDE` (pass), outside (fail), or either is possible (inconclusive).

    By Jeffreys' interval of 95 %.
    """
    hits = share * runs
    low, high = stats.beta.ppf([0.025, 0.975], hits + 0.5, runs - hits + 0.5)
    if low >= INSIDE[0] and high <= INSIDE[1]:
        return "pass"
    return "fail" if high < INSIDE[0] or low > INSIDE[1] else "inconclusive"


def main() -> None:
    """Measure all kinds, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--paths", type=int, nargs="*", default=[4096, 65_536])
    arguments = parser.parse_args()
    table = pd.DataFrame([measured(name, arguments.seeds, paths) for name in kinds() for paths in arguments.paths])
    table.to_csv(Path(__file__).with_name("coverage_of_kinds.csv"), index=False, float_format="%.5g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
