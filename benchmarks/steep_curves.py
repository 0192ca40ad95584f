"""Books on steep curves: are values and parallel Greeks those of quadrature on the curve? z-scores over seeds.

``python -m benchmarks.steep_curves [SEEDS]``. Each contract is valued by the law that a book gives it. Given the means
and variances of the log-spot at its dates, the references are repeated integrals in one variable, with no code of
the package; their Greeks are differences of them, under a shift of every node of a curve.
"""

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

import likelihood_greeks as lg

PATHS = 8192
GREEKS = ("delta", "vega", "rho", "dividend_rho")
SPOT, MATURITY = 100.0, 1.0
MONTHS, WEEKS = np.arange(1, 13) / 12.0, np.arange(1, 53) / 52.0
MARKETS = {
    "falling": {
        "zero_curve": {"times": ["1M", "3M", "6M", "1Y"], "rates": [0.10, 0.09, 0.06, 0.03]},
        "dividend_curve": {"times": ["6M", "1Y"], "yields": [0.00, 0.03]},
        "volatility": ([0.25, 0.5, 1.0], [0.35, 0.26, 0.22]),
    },
    "rising": {
        "zero_curve": {"times": ["1W", "4M", "1Y"], "rates": [-0.01, 0.01, 0.08]},
        "dividend_curve": {"times": ["2M", "1Y"], "yields": [0.12, 0.02]},
        "volatility": ([0.1, 0.6, 1.0], [0.12, 0.20, 0.27]),
    },
}
DAYS = {"1W": 7, "1M": 31, "2M": 62, "3M": 90, "4M": 121, "6M": 182, "1Y": 365}
"""From 1 December 2026, on the calendar."""

Steps = tuple[float, np.ndarray, np.ndarray, float]
"""Spot; means and variances of the steps of the log-spot; discount factor."""


def steps(name: str, times: np.ndarray, shift: dict[str, float]) -> Steps:
    """The law of the log-spot at dates, from the statement of the rule: what has accrued is linear between nodes."""
    own = MARKETS[name]

    def accrued(nodes: list[float], means: np.ndarray, at: np.ndarray) -> np.ndarray:
        return np.interp(at, [0.0, *nodes], [0.0, *(means * nodes)])

    def curve(key: str, values: str, greek: str) -> np.ndarray:
        nodes = [DAYS[tenor] / 365.0 for tenor in own[key]["times"]]
        return accrued(nodes, np.array(own[key][values]) + shift.get(greek, 0.0), times)

    rates, yields = curve("zero_curve", "rates", "rho"), curve("dividend_curve", "yields", "dividend_rho")
    nodes, quotes = own["volatility"]
    variance = accrued(nodes, (np.array(quotes) + shift.get("vega", 0.0)) ** 2, times)
    mean = rates - yields - 0.5 * variance
    return (
        SPOT + shift.get("delta", 0.0),
        np.diff(mean, prepend=0.0),
        np.diff(variance, prepend=0.0),
        float(np.exp(-rates[-1])),
    )


def call(mean: np.ndarray, deviation: float, strike: float) -> np.ndarray:
    """Undiscounted call on a lognormal variable."""
    d = (mean - np.log(strike)) / deviation
    return np.exp(mean + 0.5 * deviation**2) * special.ndtr(d + deviation) - strike * special.ndtr(d)


def asian(law: Steps, strike: float) -> float:
    """Arithmetic average: the sum of spots is the first one times 1 + e^(x + ...), from the last step inwards."""
    spot, means, variances, discount = law
    grid = np.arange(-0.8, np.log(len(means)) + 1.5, 0.4 * np.sqrt(variances.min()))
    sums, spacing = np.logaddexp(0.0, grid), grid[1] - grid[0]
    values = call(np.log(spot / len(means)) + means[0] + sums, np.sqrt(variances[0]), strike)
    for mean, variance in zip(means[1:-1], variances[1:-1], strict=True):
        z = (grid - sums[:, None] - mean) / np.sqrt(variance)
        values = (np.exp(-0.5 * z * z) * spacing / np.sqrt(2.0 * np.pi * variance)) @ values
    z = (grid - means[-1]) / np.sqrt(variances[-1])
    return discount * float((np.exp(-0.5 * z * z) * spacing / np.sqrt(2.0 * np.pi * variances[-1])) @ values)


def knocked_out(law: Steps, strike: float, lower: float, upper: float) -> float:
    """A call that lives while the spot is between two levels at every date."""
    spot, means, variances, discount = law
    ends = [max(np.log(lower), np.log(spot) - 1.7), np.log(strike), min(np.log(upper), np.log(spot) + 1.7)]
    x, w = np.polynomial.legendre.leggauss(200)
    halves = [(0.5 * (a + b), 0.5 * (b - a)) for a, b in pairwise(ends) if b > a]
    grid = np.concatenate([centre + half * x for centre, half in halves])
    weights = np.concatenate([half * w for _, half in halves])
    values = np.maximum(np.exp(grid) - strike, 0.0)
    for i in range(len(means) - 1, -1, -1):
        start = grid if i else np.array([np.log(spot)])
        z = (grid - start[:, None] - means[i]) / np.sqrt(variances[i])
        values = (np.exp(-0.5 * z * z) * weights / np.sqrt(2.0 * np.pi * variances[i])) @ values
    return discount * float(values[0])


def cliquet(law: Steps, local: tuple[float, float], whole: tuple[float, float]) -> float:
    """The sum of returns, each within bounds, within bounds: backwards over the sum so far."""
    spot, means, variances, discount = law
    means = means + np.log(spot / SPOT) * (np.arange(len(means)) == 0)  # the first return is on a level that is given
    sums = np.linspace(len(means) * local[0], len(means) * local[1], 6001)
    values = np.clip(sums, *whole)
    x, w = np.polynomial.legendre.leggauss(60)
    returns = 0.5 * (local[0] + local[1]) + 0.5 * (local[1] - local[0]) * x
    for mean, variance in zip(means[::-1], variances[::-1], strict=True):
        z = (np.log1p(returns) - mean) / np.sqrt(variance)
        inside = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi * variance) / (1.0 + returns) * w * 0.5 * np.ptp(local)
        floor, cap = ((np.log1p(end) - mean) / np.sqrt(variance) for end in local)
        at = [*returns, *local]
        chances = [*inside, special.ndtr(floor), special.ndtr(-cap)]
        values = sum(p * np.interp(sums + r, sums, values) for r, p in zip(at, chances, strict=True))
    return discount * float(np.interp(0.0, sums, values))


def forward_start(law: Steps) -> float:
    """A call on the performance from the first date to the second, struck at one."""
    _, means, variances, discount = law
    return 100.0 * discount * float(call(means[1], np.sqrt(variances[1]), 1.0))


HALF = np.array([0.4, MATURITY])
CONTRACTS: dict[str, tuple[object, np.ndarray, Callable[[Steps], float]]] = {
    "asian monthly": (lg.Asian(strike=100.0, times=MONTHS), MONTHS, lambda law: asian(law, 100.0)),
    "asian weekly": (lg.Asian(strike=104.0, times=WEEKS), WEEKS, lambda law: asian(law, 104.0)),
    "down-and-out call": (
        lg.Barrier(lg.Call(strike=100.0, maturity=1.0), level=85.0, direction="down", knock="out", times=MONTHS),
        MONTHS,
        lambda law: knocked_out(law, 100.0, 85.0, np.inf),
    ),
    "up-and-out call": (
        lg.Barrier(lg.Call(strike=100.0, maturity=1.0), level=125.0, direction="up", knock="out", times=WEEKS),
        WEEKS,
        lambda law: knocked_out(law, 100.0, 1e-9, 125.0),
    ),
    "cliquet": (
        lg.Cliquet(MONTHS, SPOT, local_floor=-0.03, local_cap=0.04, global_floor=0.0, global_cap=0.2),
        MONTHS,
        lambda law: cliquet(law, (-0.03, 0.04), (0.0, 0.2)),
    ),
    "forward start": (
        lg.Payoff(lambda spot: 100.0 * np.maximum(spot[1] / spot[0] - 1.0, 0.0), times=HALF),
        HALF,
        forward_start,
    ),
}
BUMPS = {"delta": 0.05, "vega": 2e-4, "rho": 2e-4, "dividend_rho": 2e-4}


def law_of(name: str) -> object:
    """The law that a book gives a trade in a market."""
    own = {key: entry for key, entry in MARKETS[name].items() if key != "volatility"}
    times, quotes = MARKETS[name]["volatility"]
    surface = {"strikes": [1.0, 1e4], "maturities": times, "volatilities": [quotes, quotes]}
    section = {"spot": SPOT, "implied_volatility": surface, **own}
    return lg.Market.read({"valuation_date": "2026-12-01", "underlyings": {"X": section}}).model("X", SPOT, MATURITY)


def reference(name: str, contract: str, greek: str) -> float:
    """The value, or a Greek by differences of fourth order."""
    _, times, value = CONTRACTS[contract]
    if greek == "price":
        return value(steps(name, times, {}))
    at = {k: value(steps(name, times, {greek: k * BUMPS[greek]})) for k in (-2, -1, 1, 2)}
    return (at[-2] - 8.0 * at[-1] + 8.0 * at[1] - at[2]) / (12.0 * BUMPS[greek])


def study(seeds: int) -> pd.DataFrame:
    """z-scores of every contract on every curve."""
    rows = []
    for name in MARKETS:
        for contract, (payoff, _, _) in CONTRACTS.items():
            exact = {greek: reference(name, contract, greek) for greek in ("price", *GREEKS)}
            for seed in range(seeds):
                found = lg.greeks(law_of(name), payoff, GREEKS, paths=PATHS, seed=1000 + seed)
                for greek, value in exact.items():
                    own, error = found[greek].value, found[greek].standard_error
                    known = error < 1e-7 and np.isclose(own, value, rtol=1e-6, atol=1e-7)
                    z = 0.0 if known else (own - value) / error
                    rows.append(
                        {"curve": name, "contract": contract, "greek": greek, "seed": seed, "reference": value,
                         "value": own, "standard error": error, "z": z, "known": known}
                    )  # fmt: skip
    return pd.DataFrame(rows)


if __name__ == "__main__":
    found = study(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    found.to_csv(Path(__file__).with_name("steep_curves.csv"), index=False, float_format="%.6g")
    drawn = found[~found["known"]]
    print(drawn.assign(z2=drawn["z"] ** 2).groupby(["curve", "contract"])["z2"].agg(["mean", "max"]).round(2))
    print(f"{len(drawn)} numbers: mean z2 {(drawn['z'] ** 2).mean():.3f}, largest {drawn['z'].abs().max():.2f}")
