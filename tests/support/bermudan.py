"""Bermudan puts under geometric Brownian motion by quadrature on log-spots, for the best rule or a given one."""

import numpy as np
from scipy.signal import fftconvolve

GRID = 1 << 13


def put(spot, strike, rate, volatility, maturity, dates, levels=None):
    """(Value, levels): by the best levels, or by `levels` (one for each date but the last).

    Rates and volatilities may be those of every step between two dates.
    """
    step = maturity / dates
    rates, variances = np.broadcast_to(rate, dates), np.broadcast_to(volatility, dates) ** 2 * step
    x, h = np.linspace(-8.0, 8.0, GRID + 1, retstep=True)
    size = np.sqrt(variances.sum())
    x, h = np.log(spot) + size * x, size * h
    pays = np.maximum(strike - np.exp(x), 0.0)
    value, kept = pays.copy(), []
    for date in range(dates - 1, -1, -1):
        mean, deviation = rates[date] * step - 0.5 * variances[date], np.sqrt(variances[date])
        reach = int(np.ceil((8.0 * deviation + abs(mean)) / h))
        offsets = np.arange(-reach, reach + 1) * h
        weights = np.exp(-0.5 * ((offsets - mean) / deviation) ** 2)
        weights /= weights.sum()
        low = strike - np.exp(x[0] + offsets[:reach])
        padded = np.concatenate([low, value, np.zeros(reach)])
        going_on = np.exp(-rates[date] * step) * fftconvolve(padded, weights[::-1], mode="valid")
        if date == 0:
            return going_on[GRID // 2], tuple(kept[::-1])
        if levels is None:
            better = np.flatnonzero((pays > going_on) & (pays > 0.0))
            last = better[-1]
            gain = (pays - going_on)[last : last + 2]
            kept.append(float(np.exp(x[last] + h * gain[0] / (gain[0] - gain[1]))))
        else:
            kept.append(levels[date - 1])
        value = _decided(x, h, pays, going_on, np.log(max(kept[-1], np.exp(x[0]))))


def _decided(x, h, pays, going_on, level):
    """The value at a date; the cell in which it jumps has the integral that it should have."""
    value = np.where(x <= level, pays, going_on)
    cell = min(int((level - x[0]) / h), len(x) - 2)
    jump = np.interp(level, x, pays) - np.interp(level, x, going_on)
    value[cell : cell + 2] += 0.5 * ((level - x[cell]) / h - 0.5) * jump
    return value


def greeks(spot, strike, rate, volatility, maturity, dates, levels=None):
    """Value, vega and rho with the levels held fixed: those given, or the best ones."""
    best = put(spot, strike, rate, volatility, maturity, dates)[1] if levels is None else levels

    def value(**moved):
        terms = {"spot": spot, "rate": rate, "volatility": volatility} | moved
        return put(strike=strike, maturity=maturity, dates=dates, levels=best, **terms)[0]

    h = 1e-3
    vega = (value(volatility=volatility + h) - value(volatility=volatility - h)) / (2 * h)
    rho = (value(rate=rate + h) - value(rate=rate - h)) / (2 * h)
    return {"price": value(), "vega": vega, "rho": rho}
