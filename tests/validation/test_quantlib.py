"""Closed forms against QuantLib's analytic engines, and how the comparison treats dates."""

import math
from dataclasses import replace

import pytest
import QuantLib as ql

from likelihood_greeks.models.gbm import GBM
from likelihood_greeks.payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from likelihood_greeks.payoffs.path import Asian
from likelihood_greeks.validation import closed_form, quadrature, quantlib

MODELS = [
    GBM(spot=97.3, volatility=0.23, rate=0.037, dividend_yield=0.019),
    GBM(spot=1.17, volatility=0.09, rate=-0.004, dividend_yield=0.021),
    GBM(spot=250.0, volatility=0.61, rate=0.081, dividend_yield=-0.01),
]
MATURITY = 401 / 365
FIXINGS = (31 / 365, 77 / 365, 200 / 365, MATURITY)
ENGINE = ["price", "delta", "gamma", "vega", "rho", "dividend_rho", "theta"]
DIFFERENCED = ["vanna", "volga", "charm", ("rate", "rate"), ("volatility", "rate"), ("time", "dividend_yield")]


def contracts(spot):
    return [
        Call(1.06 * spot, MATURITY),
        Put(1.06 * spot, MATURITY),
        DigitalCall(0.9 * spot, MATURITY, cash=3.5),
        DigitalPut(0.9 * spot, MATURITY, cash=3.5),
        AssetOrNothingCall(1.04 * spot, MATURITY),
        AssetOrNothingPut(1.04 * spot, MATURITY),
        GapCall(strike=0.98 * spot, trigger=1.07 * spot, maturity=MATURITY),
        GapPut(strike=0.98 * spot, trigger=1.07 * spot, maturity=MATURITY),
        Asian(1.02 * spot, FIXINGS, "call", "geometric"),
        Asian(1.02 * spot, FIXINGS, "put", "geometric"),
    ]


CASES = [(model, payoff) for model in MODELS for payoff in contracts(model.spot)]
IDS = [f"{type(payoff).__name__}-{model.spot}" for model, payoff in CASES]


def currency(model, payoff, greek):
    """What a Greek is measured in: the spot (or cash) over the parameter's own size."""
    size = {"delta": model.spot, "gamma": model.spot**2}.get(greek, 1.0)
    return max(model.spot, getattr(payoff, "cash", 0.0)) / size


@pytest.mark.parametrize(("model", "payoff"), CASES, ids=IDS)
@pytest.mark.parametrize("greek", ENGINE)
def test_closed_forms_agree_with_the_engines_own_greeks(model, payoff, greek):
    reference = quantlib.greek(model, payoff, greek)
    tolerance = {"rel": 1e-9, "abs": 1e-12 * currency(model, payoff, greek)}
    assert closed_form.greek(model, payoff, greek) == pytest.approx(reference, **tolerance)
    assert 1.05 * closed_form.greek(model, payoff, greek) != pytest.approx(reference, **tolerance)


@pytest.mark.parametrize(("model", "payoff"), CASES, ids=IDS)
@pytest.mark.parametrize("greek", DIFFERENCED, ids=str)
def test_closed_forms_agree_with_differences_of_the_engines_greeks(model, payoff, greek):
    exact = closed_form.greek(model, payoff, greek)
    assert exact == pytest.approx(quantlib.greek(model, payoff, greek), rel=1e-6, abs=1e-7)


def average_strike(model, side):
    """QuantLib's price of an average-strike option on `FIXINGS`, without dividends."""
    today, counter = ql.Date(15, 6, 2023), ql.Actual365Fixed()
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = today
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(model.spot)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, counter)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, model.rate, counter)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), model.volatility, counter)),
        )
        dates, line = [today + round(365 * t) for t in FIXINGS], ql.PlainVanillaPayoff(side, model.spot)
        option = ql.DiscreteAveragingAsianOption(
            ql.Average.Geometric, 1.0, 0, dates, line, ql.EuropeanExercise(dates[-1])
        )
        option.setPricingEngine(ql.AnalyticDiscreteGeometricAverageStrikeAsianEngine(process))
        return option.NPV()


@pytest.mark.parametrize(("kind", "side"), [("call", ql.Option.Call), ("put", ql.Option.Put)])
def test_average_strike_agrees_with_its_own_engine(kind, side):
    # The engine (1.44) is off by half a per cent where there are dividends, so they are moved into the rate:
    # exp(-rT) E[f] under the drift r - q is exp(-qT) times the price at rate r - q without dividends.
    model = MODELS[0]
    reference = average_strike(replace(model, rate=model.rate - model.dividend_yield, dividend_yield=0.0), side)
    ours = float(closed_form.price(model, Asian(None, FIXINGS, kind, "geometric")).value)
    assert ours == pytest.approx(math.exp(-model.dividend_yield * MATURITY) * reference, rel=1e-9)


def test_evaluation_date_is_put_back():
    settings = ql.Settings.instance()
    with ql.SavedSettings():
        settings.evaluationDate = ql.Date(29, 2, 2016)
        quantlib.price(MODELS[0], Call(100.0, MATURITY))
        assert settings.evaluationDate == ql.Date(29, 2, 2016)
        with pytest.raises(TypeError):
            quantlib.price(MODELS[0], Asian(100.0, FIXINGS))
        assert settings.evaluationDate == ql.Date(29, 2, 2016)


def test_price_does_not_depend_on_the_evaluation_date_in_force():
    prices = []
    for date in (ql.Date(29, 2, 2016), ql.Date(1, 1, 2031)):
        with ql.SavedSettings():
            ql.Settings.instance().evaluationDate = date
            prices.append(quantlib.price(MODELS[0], Call(100.0, MATURITY)))
    assert prices[0] == prices[1]


@pytest.mark.parametrize("maturity", [0.5, 1.0 + 1e-4, 0.2 / 365])
def test_maturities_between_days_are_refused(maturity):
    with pytest.raises(ValueError, match="time must be a whole number of days over 365"):
        quantlib.greek(MODELS[0], Call(100.0, maturity), "delta")


def test_fixings_between_days_are_refused():
    payoff = replace(contracts(97.3)[8], times=(0.1, 1.0))
    with pytest.raises(ValueError, match="whole number of days"):
        quantlib.price(MODELS[0], payoff)


@pytest.mark.parametrize("payoff", [Asian(100.0, FIXINGS), Asian(None, FIXINGS, "call", "geometric")], ids=repr)
def test_payoffs_without_an_engine_are_refused(payoff):
    with pytest.raises(TypeError, match="payoff must have an analytic engine"):
        quantlib.price(MODELS[0], payoff)


def test_second_derivative_in_time_is_refused():
    with pytest.raises(ValueError, match="must not be a second derivative in time"):
        quantlib.greek(MODELS[0], Call(100.0, MATURITY), ("time", "time"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["call", "put"])
def test_the_arithmetic_average_agrees_with_the_finite_difference_engine_as_its_grid_grows(kind):
    model, payoff = MODELS[0], Asian(101.0, FIXINGS, kind)
    exact = {name: quadrature.greek(model, payoff, name).value for name in ("price", "delta", "gamma")}
    with quantlib._evaluation_date() as today:
        dates = [quantlib._date(today, time) for time in FIXINGS]
        terms = ql.PlainVanillaPayoff(ql.Option.Call if kind == "call" else ql.Option.Put, payoff.strike)
        option = ql.DiscreteAveragingAsianOption(
            ql.Average.Arithmetic, 0.0, 0, dates, terms, ql.EuropeanExercise(dates[-1])
        )
        errors = []
        for grid in ((100, 100, 50), (200, 400, 100)):
            option.setPricingEngine(ql.FdBlackScholesAsianEngine(quantlib._process(model, today), *grid))
            found = {"price": option.NPV(), "delta": option.delta(), "gamma": option.gamma()}
            errors.append({name: abs(value / exact[name] - 1.0) for name, value in found.items()})
    assert max(errors[1].values()) < 4e-3
    assert errors[1]["price"] < 0.4 * errors[0]["price"]
    assert errors[1]["gamma"] < errors[0]["gamma"]
