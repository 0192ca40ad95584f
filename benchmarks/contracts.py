"""The contracts the studies run on."""

import numpy as np

import likelihood_greeks as lg

MARKET = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
DAILY, WEEKLY, MONTHLY = (lg.schedule(1.0, per_year=n) for n in (252, 52, 12))


def asian_digital(spot):
    """1 if the average ends above 100."""
    return 1.0 * (spot.mean(axis=0) > 100.0)


def cliquet(spot):
    """The sum of monthly returns, each between -2 % and 3 %, if positive."""
    returns = np.concatenate([spot[:1] / 100.0 - 1.0, spot[1:] / spot[:-1] - 1.0])
    return np.maximum(np.clip(returns, -0.02, 0.03).sum(axis=0), 0.0)


def autocallable(spot):
    """Par and 2 % a quarter at the first quarter that ends above 100; else par, less the loss if ever below 70."""
    alive, paid = 1.0, []
    for number, level in enumerate(spot, start=1):
        called = level >= 100.0
        paid.append(alive * called * (1.0 + 0.02 * number))
        alive = alive * ~called
    paid[-1] = paid[-1] + alive * np.where(spot.min(axis=0) < 70.0, spot[-1] / 100.0, 1.0)
    return np.stack(paid)


def barrier(level, direction, times, option=None):
    """A knock-out of a call struck at 100."""
    return lg.Barrier(option or lg.Call(100.0, 1.0), level, direction, "out", times)


CONTRACTS = {
    "down-and-out call 85, 252 dates": (MARKET, barrier(85.0, "down", DAILY)),
    "down-and-out call 85, 12 dates": (MARKET, barrier(85.0, "down", MONTHLY)),
    "down-and-out call 90, r 5 %, 252 dates": (
        lg.GBM(spot=100.0, volatility=0.2, rate=0.05),
        barrier(90.0, "down", DAILY),
    ),
    "up-and-out call 120, 252 dates": (MARKET, barrier(120.0, "up", DAILY)),
    "up-and-out digital 120, 252 dates": (MARKET, barrier(120.0, "up", DAILY, lg.DigitalCall(100.0, 1.0))),
    "double knock-out call 80-130, 52 dates": (
        MARKET,
        lg.DoubleBarrier(lg.Call(100.0, 1.0), 80.0, 130.0, "out", WEEKLY),
    ),
    "Asian call, 252 dates": (MARKET, lg.Asian(100.0, DAILY)),
    "Asian call, 12 dates": (MARKET, lg.Asian(100.0, MONTHLY)),
    "Asian digital, 12 dates": (MARKET, lg.Payoff(asian_digital, MONTHLY)),
    "lookback call 100, 52 dates": (MARKET, lg.Lookback(WEEKLY, "call", strike=100.0)),
    "cliquet, 12 dates": (MARKET, lg.Payoff(cliquet, MONTHLY)),
    "autocallable, 12 dates": (MARKET, lg.Payoff(autocallable, lg.schedule(3.0, per_year=4))),
    "European call": (MARKET, lg.Call(100.0, 1.0)),
    "European digital": (MARKET, lg.DigitalCall(100.0, 1.0)),
}
