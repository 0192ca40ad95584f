"""Options on two correlated lognormal assets without Monte Carlo: closed forms, quadrature, and their differences."""

import numpy as np
from scipy import special, stats

from likelihood_greeks import GBM, CorrelatedGBM
from likelihood_greeks.models.adaptor import moved
from likelihood_greeks.models.correlated.by_pillar import at
from likelihood_greeks.numerics.differences import five_point

NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)


def both_above(a, b, rho):
    """Probability that two standard normals of correlation rho are below a and b, by Plackett's integral."""
    a, b = np.broadcast_arrays(a, b)
    angle = 0.5 * np.arcsin(rho) * (NODES + 1.0)
    flat = (a**2 + b**2)[..., None] - 2.0 * (a * b)[..., None] * np.sin(angle)
    density = np.exp(-0.5 * flat / np.cos(angle) ** 2) / (2.0 * np.pi)
    return special.ndtr(a) * special.ndtr(b) + 0.5 * np.arcsin(rho) * density @ WEIGHTS


def terms(law, time):
    """Forwards, deviations, correlation and discount factor of two assets at a date."""
    a, b = law.laws
    forwards = law.forward(time)
    deviations = np.sqrt(time) * np.array([a.volatility, b.volatility])
    return forwards, deviations, law.correlation[0][1], law.discount(time)


def call_on_worst(law, strike, time):
    """Stulz's price of a call on the lower of two spots: E[S_j; j is the lower, S_j > K] for both, and the strike."""
    forwards, s, rho, discount = terms(law, time)
    spread = np.sqrt(s[0] ** 2 + s[1] ** 2 - 2.0 * rho * s[0] * s[1])
    total = 0.0
    for j, k in ((0, 1), (1, 0)):
        d = np.log(forwards[j] / strike) / s[j] + 0.5 * s[j]
        lower = np.log(forwards[k] / forwards[j]) / spread - 0.5 * spread
        total += forwards[j] * both_above(d, lower, (rho * s[k] - s[j]) / spread)
    d2 = np.log(forwards / strike) / s - 0.5 * s
    return discount * (total - strike * both_above(*d2, rho))


def exchange(law, time):
    """Margrabe's price of the right to give the second spot for the first."""
    forwards, s, rho, discount = terms(law, time)
    spread = np.sqrt(s[0] ** 2 + s[1] ** 2 - 2.0 * rho * s[0] * s[1])
    d = np.log(forwards[0] / forwards[1]) / spread + 0.5 * spread
    return discount * (forwards[0] * stats.norm.cdf(d) - forwards[1] * stats.norm.cdf(d - spread))


def outperformance(law, time):
    """A unit if the first spot is above the second."""
    forwards, s, rho, discount = terms(law, time)
    spread = np.sqrt(s[0] ** 2 + s[1] ** 2 - 2.0 * rho * s[0] * s[1])
    return discount * special.ndtr(np.log(forwards[0] / forwards[1]) / spread - 0.5 * (s[0] ** 2 - s[1] ** 2) / spread)


def outside_call(law, level, first, strike, last):
    """A call on the second spot that dies if the first one is at or below a level at an earlier date."""
    forwards, s, rho, _ = terms(law, first)
    (_, forward), (_, r), _, discount = terms(law, last)
    alive, shared = (np.log(forwards[0] / level) - 0.5 * s[0] ** 2) / s[0], rho * np.sqrt(first / last)
    d2 = np.log(forward / strike) / r - 0.5 * r
    paid = both_above(alive + shared * r, d2 + r, shared)
    return discount * (forward * paid - strike * both_above(alive, d2, shared))


def note_of_two_dates(law, first, last, called, paid, order=32):
    """Pays `paid[0]` at the first date if both spots are above their call levels there, else `paid[1]` at the last if
    both are there; else nothing. A correlation by pillar may change at the first date.
    """
    at_first, at_last = terms(law, first), terms(law, last)
    rho, between = at(at_first[2], np.array([first, last]))
    s, levels = at_first[1], np.array(called)
    gap = last - first
    rest = np.sqrt(gap) * s / np.sqrt(first)
    growth = at_last[0] / at_first[0]
    bounds = (np.log(levels / at_first[0]) + 0.5 * s**2) / s  # in standard normals
    early = at_first[3] * paid[0] * both_above(*(-bounds), rho)
    nodes, weights = np.polynomial.legendre.leggauss(order)

    def scaled(low, high):
        return 0.5 * (high - low) * nodes + 0.5 * (high + low), 0.5 * (high - low) * weights

    low, high, late = -8.5, 8.5, 0.0
    pieces = [((low, bounds[0]), (low, bounds[1])), ((low, bounds[0]), (bounds[1], high)),
              ((bounds[0], high), (low, bounds[1]))]  # fmt: skip
    for x_range, y_range in pieces:
        (x, wx), (y, wy) = scaled(*x_range), scaled(*y_range)
        density = np.exp(-(x[:, None] ** 2 - 2 * rho * x[:, None] * y + y**2) / (2 * (1 - rho**2)))
        density /= 2.0 * np.pi * np.sqrt(1.0 - rho**2)
        ends = [
            (np.log(f * np.exp(v * z - 0.5 * v**2) * g / level) - 0.5 * r**2) / r
            for f, v, z, g, r, level in zip(at_first[0], s, (x, y), growth, rest, levels, strict=True)
        ]
        above = both_above(ends[0][:, None], ends[1], between)
        late += wx @ (density * above) @ wy
    return early + at_last[3] * paid[1] * late


def steps_of(law):
    """Steps of differences in every parameter."""
    return {
        name: 3e-3 * (1.0 - abs(getattr(law, name)) if "correlation" in name else max(abs(getattr(law, name)), 0.1))
        for name in law.parameters
    }


def derivative(law, price, names):
    """A derivative of a price as a function of the law."""
    return float(five_point(lambda shifts: price(moved(law, shifts)), names, steps_of(law))) if names else price(law)


def two(correlation, spots=(100.0, 95.0)):
    """Two unequal assets."""
    return CorrelatedGBM(
        {"A": GBM(spot=spots[0], volatility=0.25, rate=0.03, dividend_yield=0.02),
         "B": GBM(spot=spots[1], volatility=0.35, rate=0.03, dividend_yield=0.01)},
        correlation={("A", "B"): correlation},
    )  # fmt: skip
