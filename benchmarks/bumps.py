"""Central 1 % bumps: seven models, and the four Greeks that their prices give.

The bumps are one per cent of the spot, one volatility point (under Heston of the initial volatility) and one
percentage point of rate. Delta needs two prices, gamma three, vega and rho two each: seven runs for all four.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form, quadrature

GREEKS = ("delta", "gamma", "vega", "rho")
RUNS = {"delta": 2, "gamma": 3, "vega": 2, "rho": 2}
"""Prices that each Greek needs if no other is wanted."""
BUMP = 0.01


def shifted(model) -> list:
    """The model, then with spot, volatility and rate up and down."""
    up_and_down = (BUMP, -BUMP)
    spots = [replace(model, spot=model.spot * (1.0 + h)) for h in up_and_down]
    rates = [replace(model, rate=model.rate + h) for h in up_and_down]
    if isinstance(model, lg.Heston):
        start = model.initial_variance**0.5
        volatilities = [replace(model, initial_variance=(start + h) ** 2) for h in up_and_down]
    else:
        volatilities = [replace(model, volatility=model.volatility + h) for h in up_and_down]
    return [model, *spots, *volatilities, *rates]


def differences(prices: Any, spot: float, xp: Any = np) -> Any:
    """Delta, gamma, vega and rho, shape (4, ...), from the prices of `shifted`, shape (7, ...), arrays of `xp`."""
    h = BUMP * spot
    delta, vega, rho = (0.5 / size * (prices[a] - prices[a + 1]) for a, size in ((1, h), (3, BUMP), (5, BUMP)))
    return xp.stack([delta, (prices[1] - 2.0 * prices[0] + prices[2]) / h**2, vega, rho])


@cache
def exact(model, payoff) -> dict[str, tuple[float, float]]:
    """By Greek: its value, and what central bumps of exact prices give instead. Empty where no formula is known."""
    try:
        closed_form.price(model, payoff)
    except TypeError:
        if isinstance(model, lg.Heston):
            return {}
        values = [quadrature.greek(model, payoff, greek).value for greek in GREEKS]
        prices = [quadrature.price(one, payoff) for one in shifted(model)]
    else:
        values = [closed_form.greek(model, payoff, greek) for greek in GREEKS]
        prices = [float(closed_form.price(one, payoff).value) for one in shifted(model)]
    bumped = differences(np.array(prices), model.spot).tolist()
    return dict(zip(GREEKS, zip(values, bumped, strict=True), strict=True))
