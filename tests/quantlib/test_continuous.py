"""Barriers, touches and lookbacks as QuantLib means them: observed at all times, against its analytic engines."""

import pytest
import QuantLib as ql

import likelihood_greeks as lg
from tests.support.continuous import TODAY, greeks, hit_touch, process, single
from tests.support.gates import assert_estimates

WHERE = {"spot": 100.0, "volatility": 0.25, "rate": 0.08, "dividend_yield": 0.04}
EXPIRY, CALL = ql.EuropeanExercise(TODAY + 180), ql.PlainVanillaPayoff(ql.Option.Call, 100.0)
LOOKBACK = (108.0, ql.PlainVanillaPayoff(ql.Option.Call, 105.0), EXPIRY)
CASH = ql.CashOrNothingPayoff(ql.Option.Call, 115.0, 10.0)


def _run(instrument, wanted, **settings):
    return lg.quantlib.greeks(instrument, process(*WHERE.values()), wanted, paths=8192, seed=5, **settings)


@pytest.mark.parametrize("rebate", [0.0, 3.0])
def test_barriers_have_the_greeks_of_the_analytic_engine(rebate):
    terms = (ql.Barrier.DownOut, 92.0, rebate, CALL, EXPIRY)
    exact = greeks(single("DownOut", CALL, 92.0, 0.5, rebate), **WHERE)
    option = ql.BarrierOption(*terms)
    option.setPricingEngine(ql.AnalyticBarrierEngine(process(*WHERE.values())))
    found = _run(option, ["delta", "gamma", "vega"], terms=terms)
    for name, error in (("price", 0.02), ("delta", 2e-3), ("gamma", 2e-2 if rebate else 1e-3), ("vega", 0.3)):
        assert_estimates(found[name], exact[name], error)
    assert found.diagnostics.remarks[0] == "observed continuously, as in QuantLib"  # the engine agrees


@pytest.mark.parametrize("late", [False, True])
def test_touches_are_paid_when_quantlib_pays_them(late):
    exact = greeks(hit_touch(CASH, 0.5, late), **WHERE)
    found = _run(
        ql.VanillaOption(CASH, ql.AmericanExercise(TODAY, TODAY + 180, late)), ["delta", "vega"],
        terms={"payoffAtExpiry": late},
    )  # fmt: skip
    for name, error in (("price", 0.02), ("delta", 1e-3), ("vega", 0.15)):
        assert_estimates(found[name], exact[name], error)


def test_a_lookback_remembers_its_extreme_so_far():
    option = ql.ContinuousFixedLookbackOption(*LOOKBACK)
    option.setPricingEngine(ql.AnalyticContinuousFixedLookbackEngine(process(*WHERE.values())))
    found = _run(option, ["delta"], terms=LOOKBACK)
    assert_estimates(found["price"], option.NPV(), 0.02)
    assert found.diagnostics.remarks[0] == "observed continuously, as in QuantLib"


def test_where_the_spot_is_no_bridge_between_dates_monitoring_is_needed():
    rates = (ql.YieldTermStructureHandle(ql.FlatForward(TODAY, x, ql.Actual360())) for x in (0.03, 0.0))
    heston = ql.HestonProcess(*rates, ql.QuoteHandle(ql.SimpleQuote(100.0)), 0.04, 1.5, 0.04, 0.5, -0.5)
    terms = (ql.Barrier.DownOut, 92.0, 0.0, CALL, EXPIRY)
    with pytest.raises(ValueError, match=r"monitoring must be given.*no Brownian bridge"):
        lg.quantlib.greeks(ql.BarrierOption(*terms), heston, terms=terms)
