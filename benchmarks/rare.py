"""Rare payoffs: are their stated errors true, what do they cost, are the numbers that are not marked right?

Contracts whose value hangs on events that a run of ordinary paths has few of or none: far digitals and knock-ins, crash
clauses, corridors that hardly any path stays in. References are closed forms and quadrature. What a price costs is
compared with plain Monte Carlo, which needs no run: with X the rare part, paid with a known chance p, the variance of a
path is at least :math:`E[X]^2 (1 - p)/p`, and just that for digitals. Writes ``rare.csv``:

    python -m benchmarks.rare --seeds 20
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, final

import numpy as np
import pandas as pd
from scipy.stats import norm

import likelihood_greeks as lg
from likelihood_greeks.validation.quadrature import greek, price

LAW = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
CURVE = lg.TermStructureGBM(
    spot=100.0, times=(0.25, 1.0), zero_rates=(0.02, 0.03), dividend_yields=(0.0, 0.01), volatilities=(0.18, 0.22)
)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.3, correlation=-0.5,
    rate=0.03,
)  # fmt: skip
STEEP = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05, vol_of_vol=0.5, correlation=-0.7,
    rate=0.02,
)  # fmt: skip
QUARTER, YEAR = lg.schedule(0.25, 52), lg.schedule(1.0, 52)
CALL, PUT, FORFEIT = lg.Call(100.0, 0.25), lg.Put(100.0, 1.0), 500.0
GREEKS = ("price", "delta", "vega")


@final
@dataclass(frozen=True, slots=True)
class Case:
    """A payoff whose numbers are known.

    Parameters
    ----------
    name : str
    law, payoff : object
    exact : callable
        From the name of a number to it.
    """

    name: str
    law: Any
    payoff: Any
    exact: Callable[[str], float]


@cache
def by_quadrature(payoff: Any, of: str) -> float:
    """A number of a contract that `validation.quadrature` knows."""
    return price(LAW, payoff) if of == "price" else float(greek(LAW, payoff, of).value)


def in_closed_form(law: Any, payoff: Any, of: str) -> float:
    """A number of a European."""
    return lg.greeks(law, payoff, [] if of == "price" else [of], closed_form=True)[of].value


def less_forfeit(taken: Callable[[str], float], of: str) -> float:
    """A call less what is forfeited."""
    return in_closed_form(LAW, CALL, of) - taken(of)


def chance_of(below: Callable[[float, float], float], of: str) -> float:
    """What is forfeited in an event of known chance, given spot and volatility; Greeks by central differences."""
    worth = lambda spot, volatility: FORFEIT * np.exp(-0.03 * 0.25) * below(spot, volatility)  # noqa: E731
    if of == "price":
        return float(worth(100.0, 0.2))
    step = np.array([1e-2, 0.0] if of == "delta" else [0.0, 1e-5])
    up, down = (worth(*(np.array([100.0, 0.2]) + sign * step)) for sign in (1.0, -1.0))
    return float((up - down) / (2.0 * step.max()))


def early(spot: float, volatility: float) -> float:
    """The chance of a spot below 81 on the third date."""
    time_ = QUARTER[2]
    return float(norm.cdf((np.log(81.0 / spot) - (0.03 - volatility**2 / 2) * time_) / (volatility * np.sqrt(time_))))


def fall(spot: float, volatility: float) -> float:
    """The chance that the spot falls by 11.5 % from one date to the next."""
    step = QUARTER[6] - QUARTER[5]
    return float(norm.cdf((np.log(0.885) - (0.03 - volatility**2 / 2) * step) / (volatility * np.sqrt(step))))


def month(spot: float, volatility: float) -> float:
    """The chance that the spot falls by 22 % in four weeks."""
    length = QUARTER[6] - QUARTER[2]
    return float(norm.cdf((np.log(0.78) - (0.03 - volatility**2 / 2) * length) / (volatility * np.sqrt(length))))


def average(spot: float, volatility: float) -> float:
    """The chance of a geometric average below 77."""
    times = np.array(QUARTER)
    spread = volatility * np.sqrt(np.minimum.outer(times, times).mean())
    return float(norm.cdf((np.log(77.0 / spot) - (0.03 - volatility**2 / 2) * times.mean()) / spread))


def twice(early: tuple[int, float], late: tuple[int, float], above: bool, spot: float, volatility: float) -> float:
    """The chance of a spot below a level on one date, and below or above one on a later date: by quadrature."""
    (row, level), (then, last) = early, late
    first, rest, drift = QUARTER[row], QUARTER[then] - QUARTER[row], 0.03 - volatility**2 / 2
    end = (np.log(level / spot) - drift * first) / (volatility * np.sqrt(first))
    nodes, weights = np.polynomial.legendre.leggauss(96)
    z = end - 5.0 * (1.0 - nodes)
    reached = np.log(spot) + drift * first + volatility * np.sqrt(first) * z
    far = (np.log(last) - reached - drift * rest) / (volatility * np.sqrt(rest))
    return float(5.0 * weights @ (norm.pdf(z) * norm.cdf(-far if above else far)))


def clause(taken: Callable[[Any], Any]) -> lg.Payoff:
    """A call less what is forfeited on some paths."""
    return lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) - np.where(taken(s), FORFEIT, 0.0), times=QUARTER)


def on_dates(option: Any) -> lg.Payoff:
    """A European that is simulated on all dates of its life."""
    return lg.Payoff(lambda s: option(s[-1:]), times=lg.schedule(option.maturity, 12 / option.maturity))


@final
@dataclass(frozen=True, slots=True)
class Fall:
    """A call of a year less what is forfeited if the spot is below a level after a quarter.

    Parameters
    ----------
    level, forfeit : float
    """

    level: float
    forfeit: float

    @property
    def times(self) -> tuple[float, ...]:
        """The dates that are seen."""
        return lg.schedule(1.0, 4)

    def __call__(self, spot: Any) -> Any:
        """Cash flow at the last date, shape (n_paths,)."""
        return np.maximum(spot[-1] - 100.0, 0.0) - np.where(spot[0] < self.level, self.forfeit, 0.0)

    def rare_part(self, of: str) -> float:
        """A number of what is forfeited, by Fourier inversion."""
        waits = float(np.exp(-STEEP.rate * 0.75))
        return -self.forfeit * waits * in_closed_form(STEEP, lg.DigitalPut(self.level, 0.25), of)

    def exact(self, of: str) -> float:
        """A number of the whole."""
        return in_closed_form(STEEP, lg.Call(100.0, 1.0), of) + self.rare_part(of)


def cases() -> Iterator[Case]:
    """All of them."""
    forfeited = lg.Barrier(lg.DigitalCall(0.01, 0.25, FORFEIT), 66.0, "down", "in", times=QUARTER)
    crash = partial(less_forfeit, partial(by_quadrature, forfeited))
    yield Case("call less 500 once below 66", LAW, clause(lambda s: s.min(axis=0) < 66.0), crash)
    for name, payoff in {
        "up-and-out call 150, rebate 200": lg.Barrier(CALL, 150.0, "up", "out", times=QUARTER, rebate=200.0),
        "up-and-in call 145": lg.Barrier(CALL, 145.0, "up", "in", times=QUARTER),
        "down-and-in put 70": lg.Barrier(lg.Put(100.0, 0.25), 70.0, "down", "in", times=QUARTER),
        "put in the corridor 92 to 108": lg.DoubleBarrier(PUT, 92.0, 108.0, "out", times=YEAR),
        "put in the corridor 94 to 106": lg.DoubleBarrier(PUT, 94.0, 106.0, "out", times=YEAR),
        "put in the corridor 95.5 to 104.5": lg.DoubleBarrier(PUT, 95.5, 104.5, "out", times=YEAR),
        "corridor 93 to 107, rebate 20": lg.DoubleBarrier(PUT, 93.0, 107.0, "out", times=YEAR, rebate=20.0),
    }.items():
        yield Case(name, LAW, payoff, partial(by_quadrature, payoff))
    yield Case(
        "call less 500 below 81 early", LAW, clause(lambda s: s[2] < 81.0),
        partial(less_forfeit, partial(chance_of, early)),
    )  # fmt: skip
    yield Case(
        "call less 500 for one bad return", LAW, clause(lambda s: s[6] < 0.885 * s[5]),
        partial(less_forfeit, partial(chance_of, fall)),
    )  # fmt: skip
    low, back = partial(twice, (3, 88.0), (9, 70.0), False), partial(twice, (5, 83.0), (12, 103.0), True)
    for name, taken, chance in (
        ("call less 500 for a bad month", lambda s: s[6] < 0.78 * s[2], month),
        ("call less 500 for a low average", lambda s: np.log(s).mean(axis=0) < np.log(77.0), average),
        ("call less 500 below 88, then 70", lambda s: (s[3] < 88.0) & (s[9] < 70.0), low),
        ("call less 500 below 83, then above 103", lambda s: (s[5] < 83.0) & (s[12] > 103.0), back),
    ):
        yield Case(name, LAW, clause(taken), partial(less_forfeit, partial(chance_of, chance)))
    for name, law, option in (
        ("digital call 150", LAW, lg.DigitalCall(150.0, 0.25)),
        ("digital call 170", LAW, lg.DigitalCall(170.0, 0.25)),
        ("digital put 40, curve", CURVE, lg.DigitalPut(40.0, 1.0)),
        ("digital put 50, Heston", HESTON, lg.DigitalPut(50.0, 1.0)),
    ):
        payoff = on_dates(option) if law is CURVE else option
        yield Case(name, law, payoff, partial(in_closed_form, law, option))
    for level, times in ((60.323, 1e3), (43.282, 1e5), (31.535, 1e7)):
        whole = Fall(level, 0.5 * times)
        name = f"call less a loss once in {times:,.0f} early, Heston"
        yield Case(name, STEEP, lg.Payoff(whole, whole.times), whole.exact)


def chance(case: Case) -> float:
    """The chance of the rare event."""
    payoff, discount = case.payoff, float(np.exp(-0.03 * case.payoff.times[-1]))
    if isinstance(whole := getattr(payoff, "function", None), Fall):
        return -whole.rare_part("price") / whole.forfeit / float(np.exp(-STEEP.rate))
    match payoff:
        case lg.Barrier() | lg.DoubleBarrier():
            sure = lg.DigitalCall(0.01, payoff.times[-1])
            rare = {"rebate": 0.0} | ({"knock": "in"} if isinstance(payoff, lg.Barrier) else {})
            return by_quadrature(replace(payoff, option=sure, **rare), "price") / discount
        case lg.DigitalCall() | lg.DigitalPut():
            return case.exact("price") / discount
    if "digital" in case.name:
        return case.exact("price") / discount
    return (in_closed_form(LAW, CALL, "price") - case.exact("price")) / FORFEIT / discount


def rare_part(case: Case) -> float:
    """What the price has of the rare event."""
    if isinstance(whole := getattr(case.payoff, "function", None), Fall):
        return whole.rare_part("price")
    if "call less 500" in case.name:
        return in_closed_form(LAW, CALL, "price") - case.exact("price")
    if "rebate 200" in case.name:
        return 200.0 * chance(case) * float(np.exp(-0.03 * 0.25))
    if "rebate 20" in case.name:  # a path that stays pays the put in its place
        return case.exact("price") - 20.0 * float(np.exp(-0.03))
    return case.exact("price")


def work_of_plain(case: Case, paths: int = 16_384, repeats: int = 5) -> float:
    """Variance of a plain path, at least, times its seconds."""
    seconds = []
    for seed in range(repeats + 1):  # the first one compiles
        start = time.process_time()
        lg.greeks(case.law, case.payoff, GREEKS[1:], paths=paths, seed=seed, controls="none", executor="serial")
        seconds.append(time.process_time() - start)
    p = chance(case)
    return rare_part(case) ** 2 * (1.0 - p) / p * float(np.median(seconds[1:])) / paths


def measured(case: Case, seed: int, paths: int) -> Iterator[dict[str, Any]]:
    """The numbers of one run beside the exact ones."""
    start = time.process_time()
    found = lg.greeks(case.law, case.payoff, GREEKS[1:], paths=paths, seed=seed, executor="serial")
    seconds = time.process_time() - start
    for of in GREEKS:
        own, exact = found[of], case.exact(of)
        yield {
            "case": case.name, "greek": of, "seed": seed, "exact": exact, "value": own.value,
            "standard_error": own.standard_error, "z": own.z_score(exact), "n_paths": own.n_paths, "note": own.note,
            "seconds": seconds,
        }  # fmt: skip


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """By case and Greek: relative error, mean squared z, the largest unmarked one, how many were marked."""
    free = rows["z"].where(rows["note"] == "")
    grouped = rows.assign(square=free**2, size=free.abs(), marked=rows["note"] != "").groupby(
        ["case", "greek"], sort=False
    )
    table = grouped.agg(
        exact=("exact", "first"), standard_error=("standard_error", "median"), mean_z2=("square", "mean"),
        largest_z=("size", "max"), marked=("marked", "mean"), n_paths=("n_paths", "median"),
        seconds=("seconds", "median"),
    )  # fmt: skip
    return table.reset_index()


def main() -> None:
    """Measure all cases, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--paths", type=int, default=16_384)
    arguments = parser.parse_args()
    rows = [row for case in cases() for seed in range(arguments.seeds) for row in measured(case, seed, arguments.paths)]
    table = summary(pd.DataFrame(rows)).assign(seeds=arguments.seeds, paths=arguments.paths)
    by_name = {case.name: case for case in cases()}
    own = table["greek"] == "price"
    table.loc[own, "chance"] = [chance(by_name[name]) for name in table.loc[own, "case"]]
    plain = np.array([work_of_plain(by_name[name]) for name in table.loc[own, "case"]])
    table.loc[own, "work_gain"] = plain / (table["standard_error"] ** 2 * table["seconds"])[own]
    table.loc[table["standard_error"] < 1e-9 * table["exact"].abs(), "work_gain"] = np.nan  # exact
    table.to_csv(Path(__file__).with_name("rare.csv"), index=False, float_format="%.6g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
