"""Laws as a user writes them, and every law that must keep the contract of `tests/models/test_contract.py`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from likelihood_greeks import (
    GBM,
    Bates,
    CorrelatedGBM,
    CorrelatedHeston,
    CorrelatedLocalVolatility,
    Curves,
    LocalVolatility,
    LocalVolatilityGrid,
    Merton,
    Paths,
    TermStructureGBM,
)
from likelihood_greeks.models.adaptor import as_path_model
from likelihood_greeks.models.tilted import TiltedCurves
from tests.support.gates import MODEL, UNEVEN, draw
from tests.support.heston_reference import BK1, DESK, FV1, FV5
from tests.support.state_law import Skewed, UsersGBM
from tests.support.surfaces import smooth_skew, smooth_slope, steep_smile
from tests.support.two_assets import two


@dataclass(frozen=True)
class Normal:
    mean: float
    deviation: float

    def simulate(self, times, stream):
        return self.mean + self.deviation * stream.normals(len(times))

    def log_density(self, x):
        return (-0.5 * ((x - self.mean) / self.deviation) ** 2 - np.log(self.deviation)).sum(axis=0)


@dataclass(frozen=True)
class Bernoulli:
    probability: float

    def simulate(self, times, stream):
        return (stream.uniforms(len(times)) < self.probability).astype(float)

    def log_density(self, x):
        return (x * np.log(self.probability) + (1.0 - x) * np.log1p(-self.probability)).sum(axis=0)


@dataclass(frozen=True)
class Poisson:
    rate: float

    def simulate(self, times, stream):
        return stream.generator.poisson(self.rate, (len(times), stream.n_paths)).astype(float)

    def log_density(self, x):
        return (x * np.log(self.rate) - self.rate - special.gammaln(x + 1.0)).sum(axis=0)


class PlainLognormal:
    """An asset model with nothing but the two methods, its parameters, and discounting."""

    parameters = ("spot", "volatility", "rate")

    def __init__(self, spot, volatility, rate):
        self.spot, self.volatility, self.rate = spot, volatility, rate

    def _law(self, times):
        steps = np.diff(np.asarray(times), prepend=0.0)[:, None]
        return (self.rate - 0.5 * self.volatility**2) * steps, self.volatility * np.sqrt(steps)

    def simulate(self, times, stream):
        mean, deviation = self._law(times)
        return Paths(times, self.spot * np.exp(np.cumsum(mean + deviation * stream.normals(len(times)), axis=0)))

    def log_density(self, paths):
        mean, deviation = self._law(paths.times)
        steps = np.diff(np.log(paths.spot), prepend=np.log(self.spot), axis=0)
        return (stats.norm.logpdf(steps, mean, deviation)).sum(axis=0)

    def discount(self, time):
        return np.exp(-self.rate * time)


# -- every law -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A law, dates at which it is drawn, and how many paths its means take.

    `awkward` gives paths on which it is differentiated, in place of some that it draws; `accuracy` is that of a
    difference of its log-density, `bent` that of a difference of paths, less where slopes have kinks.
    """

    law: Any
    times: tuple[float, ...] = UNEVEN
    means: int = 400_000
    accuracy: float = 1e-6
    awkward: Callable[[Any], Paths] | None = None
    bent: float = 1e-6

    def paths(self) -> Any:
        """Some paths on which it is differentiated."""
        return self.awkward(self.law) if self.awkward else draw(self.law, np.asarray(self.times), n_paths=200)


def tails(law):
    """Spots at the one date of a law, deep into both tails."""
    levels = np.array([1e-9, 1e-4, 0.02, 0.3, 0.5, 0.52, 0.8, 0.99, 1.0 - 1e-7])
    return Paths(np.array([law.maturity]), law.quantile(levels)[None])


NODES = (0.13, 0.4, 0.55, 1.1)
CURVES = TermStructureGBM(
    spot=93.0, times=NODES, zero_rates=(0.01, 0.025, 0.02, 0.043), dividend_yields=(0.05, 0.03, 0.034, 0.017),
    volatilities=(0.42, 0.33, 0.35, 0.27),
)  # fmt: skip
FLAT_CURVE = replace(CURVES, zero_rates=(0.03,) * len(NODES))
BETWEEN = (0.07, 0.13, 0.4, 0.8, 1.1)  # dates between nodes as well
INDEX = replace(
    DESK, initial_variance=0.19, mean_reversion=15.6, long_run_variance=0.075, vol_of_vol=3.3, correlation=-0.51
)
THREE = (0.13, 0.4, 1.1)

CARRY = Curves(times=(0.5, 2.0), zero_rates=(0.01, 0.03), dividend_yields=(0.02, 0.01))
LOCAL = LocalVolatility(spot=97.0, volatility=smooth_skew, rate=0.03, dividend_yield=0.011, steps=10)
JUMPS = Merton(
    spot=97.0, volatility=0.16, intensity=3.0, jump_mean=-0.06, jump_volatility=0.09, rate=0.03, dividend_yield=0.011
)
BATES = Bates(
    **{name: getattr(DESK, name) for name in DESK.parameters}, intensity=2.0, jump_mean=-0.05, jump_volatility=0.08
)
GRID = replace(
    LOCAL,
    volatility=LocalVolatilityGrid.of(smooth_skew, (0.0, 0.3, 1.0), 97.0 * np.exp([-0.9, -0.4, -0.06, 0.13, 0.5])),
)

LAWS = {
    "GBM": Case(MODEL),
    "GBM, an index": Case(GBM(spot=4468.17, volatility=0.61, rate=-0.012, dividend_yield=0.034)),
    "curves": Case(CURVES, BETWEEN, 200_000),
    "curves, a smile that goes along": Case(
        replace(CURVES, smile=((-2e-3, 1e-5), (-1e-3, 0.0), (1e-3, 1e-5), (5e-4, 0.0)), smile_spot=92.0),
        BETWEEN,
        200_000,
    ),
    "curves, shifted": Case(replace(CURVES, rate=0.01, dividend_yield=-0.02, volatility=0.05), (0.07, *NODES), 200_000),
    "cash dividends": Case(replace(MODEL, dividends=((0.2, 3.0), (THREE[1], 2.0))), THREE, 200_000),
    "cash dividends, after the last date": Case(replace(MODEL, dividends=((1.2, 3.0),)), THREE, 200_000),
    "cash dividends that may take all": Case(
        replace(MODEL, volatility=0.7, dividends=((0.3, 55.0), (0.7, 20.0))), THREE
    ),
    "curves with cash dividends": Case(replace(CURVES, dividends=((0.3, 2.5), (1.1, 4.0))), BETWEEN, 200_000),
    "curves that twist": Case(
        TiltedCurves(
            curves=CURVES,
            spot=93.0,
            rate_tilt=(1.0, -0.5, 0.3, 0.8),
            yield_tilt=(1.0, 1.0, 0.2, -0.4),
            volatility_tilt=(1.0, 0.4, -0.2, 0.6),
            volatility=0.03,
            rate=0.01,
            dividends=((0.3, 2.5),),
        ),
        BETWEEN,
        200_000,
    ),
    "local volatility": Case(LOCAL, THREE, 100_000),
    "local volatility, given steps and slope": Case(
        replace(LOCAL, slope=smooth_slope, steps=(0.05, 0.13, 0.2, 0.6, 1.1, 2.0), curves=CARRY, volatility_shift=0.01),
        THREE,
        100_000,
    ),
    "local volatility on a grid": Case(GRID, THREE, 100_000, bent=2e-4),
    "local volatility that goes along": Case(
        replace(LOCAL, slope=smooth_slope, volatility_shift=0.01, smile_spot=103.0), THREE, 100_000
    ),
    "local volatility, steep": Case(replace(LOCAL, spot=88.0, volatility=steep_smile, steps=THREE), THREE, 100_000),
    "local volatility with cash dividends": Case(
        replace(LOCAL, slope=smooth_slope, dividends=((0.2, 3.0), (THREE[1], 2.0), (1.5, 9.0))), THREE, 100_000
    ),
    "two assets": Case(two(0.55), THREE, 200_000),
    "three assets, curves among them": Case(
        CorrelatedGBM(
            {"A": replace(MODEL, rate=0.03), "B": FLAT_CURVE, "C": GBM(spot=12.0, volatility=0.5, rate=0.03)},
            correlation={("A", "B"): -0.4, ("A", "C"): 0.7, ("B", "C"): 0.1},
        ),
        BETWEEN,
        200_000,
    ),
    "two assets under local volatilities": Case(
        CorrelatedLocalVolatility(
            {"A": replace(LOCAL, slope=smooth_slope), "B": replace(LOCAL, spot=88.0, smile_spot=97.0)},
            correlation={("A", "B"): 0.6},
        ),
        THREE,
        50_000,
    ),
    "two assets, each with a variance": Case(
        CorrelatedHeston({"A": DESK, "B": replace(BK1, rate=DESK.rate, spot=88.0)}, {("A", "B"): 0.6}, steps=8),
        THREE[:2],
        10_000,
    ),
    "two assets, a correlation by pillar": Case(
        replace(two(0.55), correlation={two(0.55).assets: {0.2: -0.3, 0.4: 0.6, 2.0: 0.1}}), THREE, 200_000
    ),
    "two assets, a quanto": Case(replace(two(0.55), quanto={two(0.55).assets[1]: (-0.3, 0.11)}), THREE, 200_000),
    "Heston, a desk's": Case(DESK, THREE, 25_000),
    "Heston, Broadie and Kaya's": Case(BK1, THREE, 10_000),
    "Heston, Feller violated": Case(FV1, THREE, 25_000),
    "Heston, hardly any freedom": Case(FV5, THREE, 10_000),
    "Merton": Case(JUMPS, THREE, 50_000),
    "Merton, rare large jumps, curves": Case(
        replace(JUMPS, intensity=0.3, jump_mean=0.25, jump_volatility=0.4, curves=CARRY), BETWEEN, 100_000
    ),
    "Bates": Case(BATES, THREE, 10_000),
    "Heston at one date": Case(DESK.terminal(1.0), (1.0,), 100_000, 1e-5, tails),
    "Heston at one date, hardly any freedom": Case(FV5.terminal(5.0), (5.0,), 100_000, 1e-5, tails),
    "Heston at one date, an index": Case(INDEX.terminal(0.1), (0.1,), 100_000, 1e-5, tails),
    "a user's asset": Case(as_path_model(PlainLognormal(93.0, 0.27, 0.043)), THREE, 20_000),
    "a user's geometric Brownian motion": Case(as_path_model(UsersGBM(93.0, 0.27, 0.043, 0.017)), THREE, 20_000),
    "a user's local volatility": Case(as_path_model(Skewed(97.0, 0.22, 0.03)), THREE, 20_000),
    "a user's normal": Case(as_path_model(Normal(0.7, 1.3)), (1.0,), 20_000),
    "a user's counts": Case(as_path_model(Poisson(3.7)), (1.0,), 20_000),
}
QUICK = {
    "GBM",
    "curves",
    "cash dividends",
    "local volatility",
    "Merton",
    "Heston, a desk's",
    "a user's asset",
    "a user's local volatility",
}


def slow_unless_quick(key: str) -> Any:
    """What a test of one of the laws is marked with: a few stand for all in `make quick`."""
    return () if key in QUICK else pytest.mark.slow
