"""Closed forms against QuantLib's analytic engines, and how the comparison treats dates."""

from dataclasses import replace

import pytest
import QuantLib as ql

from likelihood_greeks.models.gbm import GBM
from likelihood_greeks.payoffs.path import Asian
from likelihood_greeks.payoffs.vanilla import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from likelihood_greeks.validation import closed_form, quantlib

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
    """Scale of a Greek: a millionth of the largest price over the parameter's own size."""
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


def test_average_strike_agrees_with_its_own_engine():
    model, today = MODELS[0], ql.Date(15, 6, 2023)
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = today
        counter = ql.Actual365Fixed()
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(model.spot)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, model.dividend_yield, counter)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, model.rate, counter)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), model.volatility, counter)),
        )
        dates = [today + round(365 * t) for t in FIXINGS]
        for kind, side in (("call", ql.Option.Call), ("put", ql.Option.Put)):
            option = ql.DiscreteAveragingAsianOption(
                ql.Average.Geometric,
                1.0,
                0,
                dates,
                ql.PlainVanillaPayoff(side, model.spot),
                ql.EuropeanExercise(dates[-1]),
            )
            option.setPricingEngine(ql.AnalyticDiscreteGeometricAverageStrikeAsianEngine(process))
            ours = closed_form.price(model, Asian(None, FIXINGS, kind, "geometric")).value
            assert float(ours) == pytest.approx(option.NPV(), rel=1e-9)


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
