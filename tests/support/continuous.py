"""Closed forms of continuously watched options: QuantLib's, and reflected densities on curves of two pieces."""

from functools import cache

import numpy as np
import QuantLib as ql
from scipy.stats import norm

TODAY, DAYS = ql.Date(15, 1, 2024), ql.Actual360()
BUMPS = {"spot": 0.05, "volatility": 1e-3, "rate": 1e-4, "dividend_yield": 1e-4}


def process(spot, volatility, rate, dividend_yield):
    ql.Settings.instance().evaluationDate = TODAY
    curves = (ql.YieldTermStructureHandle(ql.FlatForward(TODAY, x, DAYS)) for x in (dividend_yield, rate))
    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS))
    return ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), *curves, surface)


def _exercise(maturity):
    return ql.EuropeanExercise(TODAY + round(360 * maturity))


def single(kind, payoff, level, maturity, rebate=0.0):
    """QuantLib's value of a barrier option, of spot, volatility, rate and yield; a rebate is paid when it is hit."""

    def value(*where):
        option = ql.BarrierOption(getattr(ql.Barrier, kind), level, rebate, payoff, _exercise(maturity))
        option.setPricingEngine(ql.AnalyticBarrierEngine(process(*where)))
        return option.NPV()

    return value


def hit_touch(payoff, maturity, late):
    """QuantLib's value of cash that is paid when a level is touched, or at the end."""

    def value(*where):
        option = ql.VanillaOption(payoff, ql.AmericanExercise(TODAY, TODAY + round(360 * maturity), late))
        option.setPricingEngine(ql.AnalyticDigitalAmericanEngine(process(*where)))
        return option.NPV()

    return value


def double(kind, payoff, lower, upper, maturity):
    """QuantLib's value of a double barrier option; of one that pays cash by its own series."""
    binary = isinstance(payoff, ql.CashOrNothingPayoff)

    def value(*where):
        kind_ = getattr(ql.DoubleBarrier, kind)
        option = ql.DoubleBarrierOption(kind_, lower, upper, 0.0, payoff, _exercise(maturity))
        engine = (
            ql.AnalyticDoubleBarrierBinaryEngine(process(*where))
            if binary
            else ql.AnalyticDoubleBarrierEngine(process(*where), 10)
        )
        option.setPricingEngine(engine)
        return option.NPV()

    return value


def no_touch(level, maturity, cash=1.0):
    """Value of cash that is paid unless a lower level is hit, by reflection."""

    def value(spot, volatility, rate, dividend_yield):
        h, drift = np.log(level / spot), rate - dividend_yield - 0.5 * volatility**2
        root = volatility * np.sqrt(maturity)
        image = np.exp(2.0 * drift * h / volatility**2) * norm.cdf((h + drift * maturity) / root)
        return cash * np.exp(-rate * maturity) * (norm.cdf((drift * maturity - h) / root) - image)

    return value


def fixed_lookback(kind, strike, maturity):
    """QuantLib's value of an option on the extreme from now on."""

    def value(*where):
        payoff = ql.PlainVanillaPayoff(kind, strike)
        option = ql.ContinuousFixedLookbackOption(where[0], payoff, _exercise(maturity))
        option.setPricingEngine(ql.AnalyticContinuousFixedLookbackEngine(process(*where)))
        return option.NPV()

    return value


def floating_lookback(kind, maturity):
    """QuantLib's value of an option whose strike is the extreme from now on."""

    def value(*where):
        option = ql.ContinuousFloatingLookbackOption(where[0], ql.FloatingTypePayoff(kind), _exercise(maturity))
        option.setPricingEngine(ql.AnalyticContinuousFloatingLookbackEngine(process(*where)))
        return option.NPV()

    return value


def greeks(value, spot, volatility, rate, dividend_yield):
    """Price and Greeks of a closed form, by central differences; theta by the Black-Scholes equation."""
    base = {"spot": spot, "volatility": volatility, "rate": rate, "dividend_yield": dividend_yield}

    @cache
    def at(**moved):
        return value(*(base[name] + moved.get(name, 0) * BUMPS[name] for name in base))

    def first(name):
        return (at(**{name: 1}) - at(**{name: -1})) / (2.0 * BUMPS[name])

    def second(name):
        return (at(**{name: 1}) - 2.0 * at() + at(**{name: -1})) / BUMPS[name] ** 2

    cross = at(spot=1, volatility=1) - at(spot=1, volatility=-1) - at(spot=-1, volatility=1)
    found = {"price": at(), "delta": first("spot"), "gamma": second("spot"), "vega": first("volatility")}
    found |= {"rho": first("rate"), "dividend_rho": first("dividend_yield"), "volga": second("volatility")}
    found["vanna"] = (cross + at(spot=-1, volatility=-1)) / (4.0 * BUMPS["spot"] * BUMPS["volatility"])
    carried = (rate - dividend_yield) * spot * found["delta"] + 0.5 * (volatility * spot) ** 2 * found["gamma"]
    return found | {"theta": rate * found["price"] - carried}


def down_and_out_call(spot, strike, level, time, drift, variance):
    """Undiscounted, with drift and variance of the log-spot per year, strike above the level; by reflection."""
    ratio = (level / spot) ** (2.0 * drift / variance)
    return _call(spot, strike, time, drift, variance) - ratio * _call(level**2 / spot, strike, time, drift, variance)


def _call(spot, strike, time, drift, variance):
    root, forward = np.sqrt(variance * time), spot * np.exp((drift + 0.5 * variance) * time)
    d = (np.log(spot / strike) + drift * time) / root
    return forward * norm.cdf(d + root) - strike * norm.cdf(d)


def two_piece_call(spot, strike, level, ends, drifts, variances):
    """Undiscounted value of a down-and-out call where drift and variance per year change once, by quadrature."""
    x, h, (first, last) = np.log(spot), np.log(level), ends
    nodes, weights = np.polynomial.legendre.leggauss(400)
    root = np.sqrt(variances[0] * first)
    top = x + drifts[0] * first + 9.0 * root
    y = h + (top - h) * 0.5 * (nodes + 1.0)
    reflected = np.exp(2.0 * drifts[0] * (h - x) / variances[0])
    density = norm.pdf(y, x + drifts[0] * first, root)
    density -= reflected * norm.pdf(y, 2.0 * h - x + drifts[0] * first, root)
    left = down_and_out_call(np.exp(y), strike, level, last - first, drifts[1], variances[1])
    return float(0.5 * (top - h) * weights @ (density * left))


def window_call(level, strike, ends, late):
    """Value of an out call watched up to the first of two dates, or after it (late; down, level at most the strike)."""
    first, last = ends
    nodes, weights = np.polynomial.legendre.leggauss(400)

    def value(spot, volatility, rate, dividend_yield):
        variance = volatility**2
        drift, root = rate - dividend_yield - 0.5 * variance, volatility * np.sqrt(first)
        x, h, mean = np.log(spot), np.log(level), np.log(spot) + drift * first
        low, high = (h, mean + 9.0 * root) if h < x else (mean - 9.0 * root, h)
        y = low + (high - low) * 0.5 * (nodes + 1.0)
        density = norm.pdf(y, mean, root)
        if not late:
            density -= np.exp(2.0 * drift * (h - x) / variance) * norm.pdf(y, mean + 2.0 * (h - x), root)
        rest = (last - first, drift, variance)
        left = down_and_out_call(np.exp(y), strike, level, *rest) if late else _call(np.exp(y), strike, *rest)
        return float(np.exp(-rate * last) * 0.5 * (high - low) * weights @ (density * left))

    return value


def outside_call(level, strike, maturity):
    """Value of a call on one asset that dies when another is at or below a level, by reflection of both."""
    nodes, weights = np.polynomial.legendre.leggauss(300)

    def value(spots, volatilities, rate, correlation):
        (a, b), (u, v) = np.log(spots), np.multiply(volatilities, np.sqrt(maturity))
        drifts = (rate - 0.5 * np.square(volatilities)) * maturity
        h = np.log(level)

        def part(a, b):
            top = max(a + drifts[0], h) + 9.0 * u
            y = h + (top - h) * 0.5 * (nodes + 1.0)
            z = (y - a - drifts[0]) / u
            mean, rest = b + drifts[1] + correlation * v * z, v * np.sqrt(1.0 - correlation**2)
            d = (mean - np.log(strike)) / rest
            paid = np.exp(mean + 0.5 * rest**2) * norm.cdf(d + rest) - strike * norm.cdf(d)
            return 0.5 * (top - h) * weights @ (paid * norm.pdf(z) / u)

        away = 2.0 * (h - a)
        image = np.exp(away * drifts[0] / u**2) * part(a + away, b + correlation * v / u * away)
        return float(np.exp(-rate * maturity) * (part(a, b) - image))

    return value
