"""A call that is knocked out at any time at or below a level under a local volatility, by finite differences."""

import numpy as np
from scipy.linalg import solve_banded

POINTS, STEPS = 800, 400


def down_and_out_call(spot, strike, level, maturity, rate, dividend_yield, volatility):
    """The value; `volatility` is a function of spots. Crank and Nicolson on log-spots, after four implicit steps."""
    x = np.linspace(np.log(level), np.log(level) + 1.8, POINTS + 1)
    h, dt, s = x[1] - x[0], maturity / STEPS, np.exp(x)
    value = np.maximum(s - strike, 0.0)
    half = 0.5 * volatility(s) ** 2
    drift = rate - dividend_yield - half
    below, above = half / h**2 - 0.5 * drift / h, half / h**2 + 0.5 * drift / h
    middle = -2.0 * half / h**2 - rate

    def step(value, time, length, weight):
        far = s[-1] * np.exp(-dividend_yield * time) - strike * np.exp(-rate * time)
        right = value.copy()
        moved = below[1:-1] * value[:-2] + middle[1:-1] * value[1:-1] + above[1:-1] * value[2:]
        right[1:-1] += (1.0 - weight) * length * moved
        right[0], right[-1] = 0.0, far
        bands = np.zeros((3, POINTS + 1))
        bands[1] = 1.0
        bands[1, 1:-1] -= weight * length * middle[1:-1]
        bands[0, 2:] = -weight * length * above[1:-1]
        bands[2, :-2] = -weight * length * below[1:-1]
        return solve_banded((1, 1), bands, right)

    time = 0.0
    for k in range(STEPS + 2):
        length, weight = (0.5 * dt, 1.0) if k < 4 else (dt, 0.5)
        time += length
        value = step(value, time, length, weight)
    return float(np.interp(np.log(spot), x, value)) if spot > level else 0.0
