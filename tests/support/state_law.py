"""A law whose steps depend on the spot they start from, and a geometric Brownian motion as a user would write it."""

from dataclasses import dataclass, replace

import numpy as np

import likelihood_greeks as lg
from likelihood_greeks.models import carry, lognormal
from likelihood_greeks.models.lognormal import Terms
from likelihood_greeks.models.moves import IndependentSteps, Moves, StateSteps
from likelihood_greeks.numerics import jets
from likelihood_greeks.parameters import TIME


@dataclass(frozen=True)
class Skewed:
    """Log-Euler steps with the volatility at their start, which falls as the spot rises: a local volatility."""

    parameters = ("spot", "volatility", "rate")
    spot: float
    volatility: float
    rate: float
    skew: int = 1  # of no consequence as a parameter
    claims_independence: bool = False

    def _terms(self, times, before):
        x, first = carry.coordinates(self), np.eye(len(times), 1)
        length = np.diff(times, prepend=0.0)[:, None] - first * x[TIME]
        start = before + first * jets.log(x["spot"])
        variance = x["volatility"] * x["volatility"] * jets.exp((start - np.log(100.0)) * (-2.0 * self.skew))
        return Terms((x["rate"] - 0.5 * variance) * length + first * jets.log(x["spot"]), variance * length)

    def simulate(self, times, stream):
        normals, log_spot = stream.normals(len(times)), []
        steps, x = np.diff(times, prepend=0.0), np.full(stream.n_paths, np.log(self.spot))
        for step, z in zip(steps, normals, strict=True):
            v = self.volatility**2 * np.exp(-2.0 * self.skew * (x - np.log(100.0)))
            x = x + (self.rate - 0.5 * v) * step + np.sqrt(v * step) * z
            log_spot.append(x)
        return lg.Paths(np.asarray(times), np.exp(log_spot))

    def moves(self, paths):
        log_spot = np.log(paths.spot)
        before = np.concatenate([np.zeros((1, paths.n_paths)), log_spot[:-1]])
        terms = self._terms(paths.times, before)
        variance = np.asarray(terms.variance.value)
        noise = log_spot - before - terms.mean.value
        state = StateSteps(self.skew * variance, -2.0 * self.skew * variance)
        return Moves(noise, variance, terms, IndependentSteps() if self.claims_independence else state)

    def discount(self, time):
        return np.exp(-self.rate * time)


@dataclass(frozen=True)
class UsersGBM:
    """No density and no score: they follow from the moves."""

    spot: float
    volatility: float
    rate: float
    dividend_yield: float

    def _gbm(self):
        return lg.GBM(**{name: getattr(self, name) for name in ("spot", "volatility", "rate", "dividend_yield")})

    def _terms(self, times):
        x, first = carry.coordinates(self._gbm()), np.eye(len(times), 1)
        length, square = np.diff(times, prepend=0.0)[:, None] - first * x[TIME], x["volatility"] * x["volatility"]
        drift = x["rate"] - x["dividend_yield"] - 0.5 * square
        return Terms(drift * length + first * jets.log(x["spot"]), square * length)

    def simulate(self, times, stream):
        return lognormal.drawn(self, np.asarray(times), self._terms(times), stream.brownian(times))

    def moves(self, paths):
        return lognormal.moves(self, self._terms(paths.times), paths)

    def discount(self, time):
        return np.exp(-self.rate * time)

    def forward(self, time):
        return self.spot * np.exp((self.rate - self.dividend_yield) * time)

    def vanilla_jets(self, strike, time):
        return self._gbm().vanilla_jets(strike, time)

    def average_jets(self, level, times):
        return self._gbm().average_jets(level, times)


@dataclass(frozen=True)
class Pretending:
    """A local volatility of the package, with a word that is not true."""

    law: lg.LocalVolatility
    parameters = ("spot", "volatility", "rate")
    spot, volatility, rate = 97.0, 0.0, 0.03

    def simulate(self, times, stream):
        return self.law.simulate(times, stream)

    def moves(self, paths):
        return replace(self.law.moves(paths), path=IndependentSteps())

    def discount_jet(self, times):
        return self.law.discount_jet(times)


def as_independent(law):
    """The same law, with a word that is not true."""
    return replace(law, claims_independence=True)
