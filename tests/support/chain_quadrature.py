"""Prices and Greeks of exactly a log-Euler chain of local volatility, by quadrature from step to step; no Monte Carlo.

Nothing of the law under test is used. The value after a step is integrated over the spots that are alive there, by
Gauss and Legendre on panels of about a step's deviation; what is integrated is analytic, so that only rounding is left.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import special

from likelihood_greeks.numerics.differences import seven_point

INF = np.inf
POINTS, WEIGHTS = special.roots_legendre(8)
DERIVATIVES = {
    "price": (), "delta": ("spot",), "gamma": ("spot", "spot"), "vega": ("volatility",), "rho": ("rate",),
    "dividend_rho": ("dividend_yield",), "theta": ("time",), "vanna": ("spot", "volatility"),
    "volga": ("volatility", "volatility"), "charm": ("spot", "time"),
}  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """A chain, and a payoff that is analytic where it is alive.

    `alive` gives, one a step, the spots (low, high) that stay alive after it; `pays` what the last spot pays where it
    is between `low` and `high` and alive.
    """

    volatility: object
    ends: tuple
    spot: float
    rate: float
    dividend_yield: float
    pays: object
    low: float = 0.0
    high: float = INF
    alive: tuple = ()
    shift: float = 0.0
    gone: float = 0.0
    centre: float = 100.0

    def price(self):
        nodes, weighted = _after_first_step(replace(self, spot=1.0, gone=0.0))
        density = self._density(0, np.array([self.spot]), self.ends[0] - self.gone, nodes)
        return float((density @ weighted)[0]) * np.exp(-self.rate * (self.ends[-1] - self.gone))

    def _level(self, time, spot):
        return self.volatility(time, spot) + self.shift

    def _density(self, step, before, length, nodes):
        """Of log-spots after a step, from some spots before it; shape (n_before, n_nodes)."""
        level = self._level(self.ends[step - 1] if step else 0.0, before)
        deviation = (level * np.sqrt(length))[:, None]
        mean = np.log(before) + (self.rate - self.dividend_yield - 0.5 * level**2) * length
        z = (nodes - mean[:, None]) / deviation
        return np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * deviation)

    def nodes(self, low, high, length):
        """Log-spots and weights on panels of little more than a step's deviation, between two spots."""
        reach = 11.0 * float(self.volatility(0.0, np.array([self.centre]))[0]) * np.sqrt(self.ends[-1])
        a = max(np.log(self.centre) - reach, np.log(low) if low else -INF)
        b = min(np.log(self.centre) + reach, np.log(high))
        edges = np.linspace(a, b, int(np.ceil((b - a) / (0.25 * np.sqrt(length)))) + 2)
        half = 0.5 * np.diff(edges)[:, None]
        return (edges[:-1, None] + half * (POINTS + 1.0)).ravel(), (half * WEIGHTS).ravel()

    def greek(self, name):
        fields = {"volatility": "shift", "time": "gone"}
        first = 0.2 * np.sqrt(self.ends[0])
        steps = {
            "spot": 0.05 * self.spot * first, "volatility": 0.003, "rate": 0.005, "dividend_yield": 0.005,
            "time": 0.03 * self.ends[0],
        }  # fmt: skip

        def at(shifts):
            moved = {fields.get(k, k): getattr(self, fields.get(k, k)) + h for k, h in shifts.items()}
            return replace(self, **moved).price()

        return float(seven_point(at, DERIVATIVES[name], steps))


@lru_cache(maxsize=64)
def _after_first_step(chain):
    """Log-spots after the first step, and the undiscounted values there times the weights of the integral."""
    lengths = np.diff(chain.ends, prepend=0.0)
    alive = chain.alive or ((0.0, INF),) * len(lengths)
    low, high = alive[-1]
    nodes, weights = chain.nodes(max(low, chain.low), min(high, chain.high), lengths[-1])
    weighted = weights * chain.pays(np.exp(nodes))
    for step in range(len(lengths) - 1, 0, -1):
        before, weights = chain.nodes(*alive[step - 1], lengths[step - 1])
        weighted = weights * (chain._density(step, np.exp(before), lengths[step], nodes) @ weighted)
        nodes = before
    return nodes, weighted
