"""Bates' law against QuantLib's engine, its own Fourier transforms, and surfaces that it made."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.models.heston.smile import implied_volatilities
from likelihood_greeks.validation import closed_form
from tests.support.gates import assert_estimates

LAW = lg.Bates(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05, vol_of_vol=0.5, correlation=-0.7,
    intensity=0.5, jump_mean=-0.1, jump_volatility=0.12, rate=0.02, dividend_yield=0.01,
)  # fmt: skip
OF_VARIANCE = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation")
OF_JUMPS = ("intensity", "jump_mean", "jump_volatility")


def quantlibs(law, strike, kind):
    """Price of a European of one year by QuantLib's engine."""
    today = ql.Date(27, 11, 2025)
    ql.Settings.instance().evaluationDate = today
    flat = (ql.FlatForward(today, r, ql.Actual365Fixed()) for r in (law.rate, law.dividend_yield))
    numbers = (getattr(law, name) for name in (*OF_VARIANCE, *OF_JUMPS))
    process = ql.BatesProcess(
        *map(ql.YieldTermStructureHandle, flat), ql.QuoteHandle(ql.SimpleQuote(law.spot)), *numbers
    )
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), ql.EuropeanExercise(today + 365))
    option.setPricingEngine(ql.BatesEngine(ql.BatesModel(process), 192))
    return option.NPV()


@pytest.mark.parametrize("changes", [{}, {"intensity": 8.0, "jump_mean": 0.03, "jump_volatility": 0.04}])
def test_europeans_are_those_of_quantlib(changes):
    law = replace(LAW, **changes)
    for strike in (80.0, 100.0, 125.0):
        for kind, payoff in ((ql.Option.Call, lg.Call), (ql.Option.Put, lg.Put)):
            found = closed_form.price(law, payoff(strike, 1.0)).value
            np.testing.assert_allclose(found, quantlibs(law, strike, kind), rtol=0.0, atol=1e-9)


def test_many_europeans_are_those_of_one_at_a_time():
    strikes, flat, names = np.array([85.0, 100.0, 120.0]), np.zeros(3), ("spot", "intensity", "jump_mean", "time")
    calls = LAW.european_jets(strikes, (flat, flat), (-strikes, flat + 1.0), flat + 0.7, names)
    for row, strike in enumerate(strikes):
        one = closed_form.price(replace(LAW, rate=0.0, dividend_yield=-0.01), lg.Call(strike, 0.7))
        np.testing.assert_allclose(calls.value[row], one.value, rtol=1e-9)
        np.testing.assert_allclose(calls.gradient[:3, row], [one.derivative(name) for name in names[:3]], rtol=1e-7)


@pytest.mark.slow
def test_greeks_on_paths_are_those_of_fourier_transforms():
    call = lg.Call(100.0, 1.0)
    found = lg.greeks(LAW, call, ["delta", "gamma", "vega", *OF_JUMPS], paths=16_384, seed=3)
    largest = {"price": 0.05, "delta": 3e-3, "gamma": 3e-4, "vega": 0.4, "intensity": 0.1, "jump_mean": 0.3}
    for name, size in {**largest, "jump_volatility": 0.3}.items():
        assert_estimates(found[name], closed_form.greek(LAW, call, name), size)
    other = closed_form.greek(replace(LAW, jump_mean=-0.13), call, "jump_mean")
    assert abs(found["jump_mean"].z_score(other)) > 6.0  # what would be seen


def surface(law):
    """Implied volatilities of a law, eight strikes by four maturities."""
    strikes, years = np.array([70.0, 80.0, 90.0, 95.0, 100.0, 105.0, 110.0, 120.0]), np.array([0.08, 0.25, 0.5, 1.0])
    forwards = law.spot * np.exp((law.rate - law.dividend_yield) * years)
    values = {name: getattr(law, name) for name in (*OF_VARIANCE, *OF_JUMPS)}
    grid = np.broadcast_to(years, (len(strikes), len(years)))
    found, _ = implied_volatilities(values, np.log(strikes[:, None] / forwards), grid)
    return pd.DataFrame(found, strikes, years)


@pytest.mark.slow
def test_a_surface_of_its_own_is_fitted_and_heston_does_not_fit_it():
    quotes = surface(LAW)
    fit = lg.Bates.calibrate(quotes, 0.02, spot=100.0, dividend_yield=0.01)
    assert fit.rms_error < 1e-6
    assert fit.parameters == pytest.approx({name: getattr(LAW, name) for name in fit.parameters}, rel=1e-3)
    assert str(fit).startswith("Bates: initial_variance 0.04")
    assert lg.Heston.calibrate(quotes, 0.02, spot=100.0, dividend_yield=0.01).rms_error > 3e-3
    held = lg.Bates.calibrate(quotes, 0.02, spot=100.0, dividend_yield=0.01, fixed={"intensity": 1.0})
    assert held.model.intensity == 1.0
    assert 1e-6 < held.rms_error < 3e-3


def test_slopes_of_volatilities_are_their_differences():
    base, step = {name: getattr(LAW, name) for name in (*OF_VARIANCE, *OF_JUMPS)}, 1e-5
    places = np.array([-0.2, 0.0, 0.15]), np.array([0.3, 0.3, 0.3])
    _, slopes = implied_volatilities(base, *places)
    for row, name in enumerate(base):
        up, down = (implied_volatilities(base | {name: base[name] + s * step}, *places)[0] for s in (1.0, -1.0))
        np.testing.assert_allclose(slopes[row], (up - down) / (2.0 * step), rtol=1e-4, atol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vol_of_vol": -0.5}, "vol_of_vol must be positive"),
        ({"correlation": 1.0}, "correlation must be strictly between"),
        ({"intensity": -1.0}, "intensity must be positive"),
        ({"jump_mean": -10.0}, "jump_mean must lie between -2 and 2"),
        ({"bias_tolerance": 0.5}, "bias_tolerance must be at most"),
    ],
)
def test_parameters_out_of_range_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(LAW, **changes)


def test_unknown_parameters_cannot_be_fixed():
    with pytest.raises(ValueError, match=r"fixed must be one of .*jump_mean"):
        lg.Bates.calibrate(surface(LAW), 0.02, spot=100.0, fixed={"volatility": 0.2})
