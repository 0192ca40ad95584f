"""Local volatility against QuantLib's finite differences of the continuous law on the same surface."""

import numpy as np
import pytest

import likelihood_greeks as lg
from tests.support.chain_quadrature import Chain
from tests.support.gates import assert_estimates
from tests.support.surfaces import smooth_skew, steep_smile

ql = pytest.importorskip("QuantLib")
DAYS = 365


def process(spot, rate, dividend_yield, function=smooth_skew):
    """Of a function, on a grid so fine that its straight lines do not matter."""
    today = ql.Date(2, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    times = np.linspace(0.0, 1.1, 45)
    strikes = 97.0 * np.exp(np.linspace(-2.5, 2.5, 301))
    matrix = ql.Matrix(len(strikes), len(times))
    for j, time in enumerate(times):
        for i, level in enumerate(function(time, strikes)):
            matrix[i][j] = float(level)
    dates = [today + round(DAYS * time) for time in times]
    surface = ql.FixedLocalVolSurface(today, dates, [float(k) for k in strikes], matrix, count)
    surface.enableExtrapolation()
    flat = [ql.YieldTermStructureHandle(ql.FlatForward(today, x, count)) for x in (dividend_yield, rate)]
    black = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, count))
    return today, ql.GeneralizedBlackScholesProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)), *flat, black, ql.LocalVolTermStructureHandle(surface)
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["call", "digital"])
def test_values_are_those_of_finite_differences_of_the_continuous_law(kind):
    today, own = process(97.0, 0.03, 0.01)
    pays = ql.PlainVanillaPayoff(ql.Option.Call, 95.0)
    payoff = lg.Call(95.0, 1.0)
    if kind == "digital":
        pays, payoff = ql.CashOrNothingPayoff(ql.Option.Put, 100.0, 1.0), lg.DigitalPut(100.0, 1.0)
    option = ql.VanillaOption(pays, ql.EuropeanExercise(today + DAYS))
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(own, 400, 800, 0, ql.FdmSchemeDesc.Douglas(), True))
    law = lg.LocalVolatility(spot=97.0, volatility=smooth_skew, rate=0.03, dividend_yield=0.01, steps=200)
    found = lg.greeks(law, payoff, ["delta"], paths=16_384, seed=5)
    assert_estimates(found["price"], option.NPV(), 0.05 if kind == "call" else 0.004)
    assert_estimates(found["delta"], option.delta(), 0.004 if kind == "call" else 0.0007)
    assert abs(found["delta"].z_score(option.delta() + (0.03 if kind == "call" else 0.005))) > 6.0  # what would be seen


@pytest.mark.slow
@pytest.mark.parametrize("function", [smooth_skew, steep_smile])
def test_the_tolerance_bounds_the_bias_of_the_chain(function):
    """Of exactly the chain, by quadrature, against finite differences of the continuous law; scales are the largest."""
    tolerance, spots = 0.05, (85.0, 97.0, 110.0)
    law = lg.LocalVolatility(spot=97.0, volatility=function, bias_tolerance=tolerance)
    ends = tuple(law.chain((1.0,)).times.tolist())
    assert len(ends) == 32
    for digital in (False, True):
        rows = [_three(function, spot, digital, ends) for spot in spots]
        ours, exact = (np.array([row[k] for row in rows]) for k in (0, 1))
        error = np.abs(ours - exact).max(axis=0) / np.abs(exact).max(axis=0)
        assert error.max() < tolerance
        assert error.max() > 0.1 * tolerance  # it is no waste


def _three(function, spot, digital, ends):
    """Price, delta and gamma of a chain and of the continuous law."""
    today, own = process(spot, 0.03, 0.01, function)
    pays = (
        ql.CashOrNothingPayoff(ql.Option.Call, 100.0, 1.0) if digital else ql.PlainVanillaPayoff(ql.Option.Call, 100.0)
    )
    option = ql.VanillaOption(pays, ql.EuropeanExercise(today + DAYS))
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(own, 300, 600, 4, ql.FdmSchemeDesc.Douglas(), True))
    chain = Chain(
        function, ends, spot, 0.03, 0.01, (lambda s: 1.0 + 0.0 * s) if digital else (lambda s: s - 100.0), low=100.0
    )
    ours = [chain.greek(name) for name in ("price", "delta", "gamma")]
    return ours, (option.NPV(), option.delta(), option.gamma())
