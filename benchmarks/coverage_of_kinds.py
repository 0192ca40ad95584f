"""Do 95 % intervals cover? By kind of estimate: controls, sampling, laws, scenarios, explained moves, targets, nets.

``python -m benchmarks.coverage_of_kinds --seeds 1000`` adds what is lacking to ``coverage_of_kinds.csv`` (see
`tallies`) and prints by kind and number of paths the share of unmarked intervals that hold the exact value, and a
verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import likelihood_greeks as lg
from likelihood_greeks.validation.quadrature import AsianDigital, greek, price

from .tallies import Number, Run, grow, grown, judged

LAW = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
CURVES = lg.TermStructureGBM(
    spot=100.0, times=(0.5, 1.0), zero_rates=(0.03, 0.03), dividend_yields=(0.0, 0.0), volatilities=(0.2, 0.2)
)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5, correlation=-0.7,
    rate=0.03,
)  # fmt: skip
FEW_DEGREES = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=0.3, long_run_variance=0.04, vol_of_vol=0.9, correlation=-0.5
)
"""Of 0.059 degrees of freedom."""
MONTHLY, QUARTERLY = lg.schedule(1.0, 12), lg.schedule(1.0, 4)
BARRIER = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", times=QUARTERLY)
CORRIDOR = lg.DoubleBarrier(lg.Call(100.0, 1.0), 80.0, 130.0, "out", QUARTERLY)
ASIAN, DIGITAL_OF_MEAN = lg.Asian(100.0, QUARTERLY), AsianDigital(100.0, QUARTERLY)
GREEKS, FIRST, MOVED = ("price", "delta", "gamma", "vega", "rho", "theta"), ("price", "delta", "vega"), {"spot": 103.0}
BENEATH = ("price", "delta", "gamma", "initial_variance")
BESIDE = {
    "valuation_date": "2025-01-01",
    "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}},
}


@cache
def by_quadrature(payoff: Any, of: str, law: lg.GBM = LAW) -> float:
    """A number of a payoff under a law."""
    return price(law, payoff) if of == "price" else float(greek(law, payoff, of).value)


@cache
def in_closed_form(law: Any, option: Any, of: str) -> float:
    """A number of a European."""
    return lg.greeks(law, option, [] if of == "price" else [of], closed_form=True)[of].value


def opaque(spot: Any) -> Any:
    """`BARRIER`, written so that no line follows it: relaxed steps are its controls."""
    alive = np.where(spot.min(axis=0) > 85.0, 1.0, 0.0)
    return alive * (np.exp(np.log(1.0 + np.maximum(spot[-1] - 100.0, 0.0))) - 1.0)


def delivered(spot: Any) -> Any:
    """A share at the end if it is above 100 at half-time: worth what it is worth to be given it then."""
    return np.where(spot[1] > 100.0, spot[-1], 0.0)


def estimated(
    law: Any, payoff: Any, exact: Callable[[str], float], greeks: tuple[str, ...], *run: int, **settings: Any
) -> Iterator[Number]:
    """Price and Greeks of a payoff; `run` are seed and paths."""
    seed, paths = run
    found = lg.greeks(law, payoff, greeks[1:], paths=paths, seed=seed, executor="serial", **settings)
    for of in greeks:
        own = found[of]
        yield of, own.value, own.standard_error, own.samples, own.note, exact(of)


def to_a_target(seed: int, paths: int) -> Iterator[Number]:
    """A run that stops by the error of its delta."""
    aim, exact = {"delta": 0.6 / np.sqrt(paths)}, partial(by_quadrature, BARRIER)
    yield from estimated(LAW, BARRIER, exact, GREEKS, seed, 1024, target_error=aim, max_paths=8 * paths)


def revalued(controls: str, seed: int, paths: int) -> Iterator[Number]:
    """A call at other spots, by reweighting."""
    call, spots = lg.Call(105.0, 1.0), {"spot": [96.0, 103.0]}
    settings = {"controls": controls, "executor": "serial"}
    frame = lg.scenarios(LAW, call, spots, greeks=["delta"], paths=paths, seed=seed, **settings).frame
    for row in frame.reset_index().to_dict("records"):
        law = lg.GBM(spot=row["spot"], volatility=0.2, rate=0.03)
        for of in ("price", "delta"):
            exact = in_closed_form(law, call, of)
            yield f"{of} at {row['spot']:g}", row[of], row[f"{of}_standard_error"], paths, row["note"], exact


def explained(controls: str, seed: int, paths: int) -> Iterator[Number]:
    """What a move of the spot gains, by Greeks and in all."""
    call = lg.Call(105.0, 1.0)
    frame = lg.explain(LAW, MOVED, call, paths=paths, seed=seed, controls=controls, executor="serial")
    there = lg.GBM(spot=103.0, volatility=0.2, rate=0.03)
    terms = 3.0 * in_closed_form(LAW, call, "delta"), 4.5 * in_closed_form(LAW, call, "gamma")
    total = in_closed_form(there, call, "price") - in_closed_form(LAW, call, "price")
    exact = [*terms, sum(terms), total - sum(terms), total]
    for of, row, value in zip(
        ("delta", "gamma", "Greeks", "rest", "all"), frame.to_dict("records"), exact, strict=True
    ):
        yield of, row["value"], row["standard_error"], paths, row["note"], value


def netted(seed: int, paths: int) -> Iterator[Number]:
    """The net of a book of two barriers on common draws."""
    option = {"underlying": "X", "product": "barrier", "option": "call", "maturity": "2026-01-01", "strike": 100}
    dates = {"direction": "down", "knock": "out", "frequency": "2025-07-02; 2026-01-01"}
    book = pd.DataFrame([
        option | dates | {"trade_id": "A", "quantity": 3.0, "level": 85},
        option | dates | {"trade_id": "B", "quantity": -2.0, "level": 90},
    ])  # fmt: skip
    frame = lg.risk(book, BESIDE, FIRST[1:], paths=paths, seed=seed, executor="serial")
    times = (182 / 365, 1.0)
    legs = [
        (q, lg.Barrier(lg.Call(100.0, 1.0), level, "down", "out", times)) for q, level in ((3.0, 85.0), (-2.0, 90.0))
    ]
    nets = frame[frame["trade_id"] == "net"].set_index("greek")
    for of in FIRST:
        exact = sum(q * by_quadrature(payoff, of) for q, payoff in legs)
        row = nets.loc[of]
        yield of, row["position_value"], row["position_standard_error"], paths, row["note"], exact


def kinds() -> Mapping[str, Run]:
    """By name, what gives the numbers of one run of a seed and paths."""
    barrier, asian = partial(by_quadrature, BARRIER), partial(by_quadrature, ASIAN)
    of_mean, digital = partial(by_quadrature, DIGITAL_OF_MEAN), lg.DigitalCall(105.0, 1.0)
    found: dict[str, Run] = {}

    def add(name: str, law: Any, payoff: Any, exact: Any, greeks: tuple[str, ...] = GREEKS, **settings: Any) -> None:
        found[name] = partial(estimated, law, payoff, exact, greeks, **settings)

    for name in ("none", "scores", "auto"):
        add(f"barrier, {name}", LAW, BARRIER, barrier, controls=name)
    for name in ("antithetic", "sobol"):
        add(f"barrier, {name}", LAW, BARRIER, barrier, sampling=name)
    add("barrier on curves, line", CURVES, BARRIER, barrier, FIRST)
    add("corridor, line", LAW, CORRIDOR, partial(by_quadrature, CORRIDOR))
    add("barrier, relaxed steps", LAW, lg.Payoff(opaque, QUARTERLY), barrier)
    add("average, twins", LAW, ASIAN, asian)
    add("average, antithetic", LAW, ASIAN, asian, sampling="antithetic")
    add("digital of an average, twins", LAW, DIGITAL_OF_MEAN, of_mean)
    for name, law in (("Heston", HESTON), ("Heston of 0.06 degrees of freedom", FEW_DEGREES)):
        share, later = partial(in_closed_form, law, lg.AssetOrNothingCall(100.0, 0.5)), lg.Payoff(delivered, QUARTERLY)
        add(f"{name}, its date alone", law, digital, partial(in_closed_form, law, digital), BENEATH)
        add(f"{name}, plain", law, later, share, BENEATH, controls="none")
        add(f"{name}, given what is beneath", law, later, share, BENEATH)
    found["target error"] = to_a_target
    for name in ("none", "scores", "auto"):
        found[f"explain, {name}"] = partial(explained, name)
    for name in ("none", "scores"):
        found[f"scenarios, {name}"] = partial(revalued, name)
    found["net of a book"] = netted
    return found


def measured(name: str, seeds: int, paths: int, folder: Path) -> dict[str, Any]:
    """A row of the table, from runs of their own."""
    return judged(grown(folder / "tally.csv", kinds(), name, paths, seeds)).to_dict("records")[0]


if __name__ == "__main__":
    grow(__doc__, kinds(), Path(__file__).with_name("coverage_of_kinds.csv"), seeds=1000, paths=[4096, 65_536])
