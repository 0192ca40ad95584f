"""Barriers and touches that are watched at all times under a local volatility: bridges within its steps."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.estimators.watched import given_dates
from likelihood_greeks.estimators.watched.steps import CorridorGivenSteps
from likelihood_greeks.parameters import TIME
from tests.support.continuous import double, greeks, single, window_call
from tests.support.gates import assert_estimates
from tests.support.killed_pde import down_and_out_call

CARRY = {"rate": 0.08, "dividend_yield": 0.04}
FLAT = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.25 + 0.0 * s, steps=12, **CARRY)
STEEP = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 25.0 / np.maximum(s, 30.0), steps=24, **CARRY)
CALL = ql.PlainVanillaPayoff(ql.Option.Call, 100.0)
OUT = lg.Barrier(lg.Call(100.0, 0.5), 95.0, "down", "out", "continuous")
CASES = {
    "single": (OUT, single("DownOut", CALL, 95.0, 0.5)),
    "double": (
        lg.DoubleBarrier(lg.Call(100.0, 0.5), 80.0, 130.0, "out", "continuous"),
        double("KnockOut", CALL, 80.0, 130.0, 0.5),
    ),
    "watched at last": (replace(OUT, window=(0.25, 0.5)), window_call(95.0, 100.0, (0.25, 0.5), late=True)),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_flat_surface_has_the_closed_forms(case):
    payoff, value = CASES[case]
    exact = greeks(value, 100.0, 0.25, **CARRY)
    found = lg.greeks(FLAT, payoff, ["delta", "gamma", "vega", "rho", "theta"], paths=16_384, seed=3)
    sizes = {"price": 0.1, "delta": 0.01, "gamma": 3e-3, "vega": 1.2, "rho": 0.4, "theta": 1.0}
    for name, size in sizes.items():
        assert_estimates(found[name], exact[name], size)


@pytest.mark.slow
def test_a_steep_surface_has_the_values_of_finite_differences_and_would_not_with_one_variance(monkeypatch):
    level, moves = 90.0, {"delta": ("spot", 1.0), "vega": ("x", 5e-3), "rho": ("rate", 1e-3)}

    def value(spot=100.0, x=0.0, rate=0.08):
        return down_and_out_call(spot, 100.0, level, 0.5, rate, 0.04, lambda s: 25.0 / s + x)

    base = {"spot": 100.0, "x": 0.0, "rate": 0.08}
    exact = {"price": value()}
    for greek, (name, h) in moves.items():
        up, down = (value(**{name: base[name] + s * h}) for s in (1, -1))
        exact[greek] = (up - down) / (2.0 * h)
    payoff = replace(OUT, level=level)
    found = lg.greeks(STEEP, payoff, [*moves], paths=65_536, seed=3)
    for name, size in (("price", 0.03), ("delta", 6e-3), ("vega", 0.8), ("rho", 0.2)):
        assert_estimates(found[name], exact[name], size)
    monkeypatch.setattr(CorridorGivenSteps, "moving", lambda *_: {})
    wrong = lg.greeks(STEEP, payoff, ["vega"], paths=65_536, seed=3)
    assert abs(wrong["vega"].z_score(exact["vega"])) > 5.0


@pytest.mark.parametrize("window", [None, (0.25, 0.5)])
def test_what_moves_with_the_law_is_the_derivative_of_the_cash_flows(window):
    given = given_dates(replace(OUT, level=92.0, window=window), STEEP)
    rng, steps = np.random.default_rng(1), {"spot": 1e-2, "volatility_shift": 1e-4, TIME: 1e-5}
    spot = np.exp(np.log(100.0) + np.cumsum(rng.normal(0.0, 0.05, (len(given.times), 30)), axis=0))
    names = {"spot": "spot", "volatility": "volatility_shift", TIME: TIME}
    found = given.moving(spot, [*((n,) for n in names), *((a, b) for a in names for b in names)])

    def flows(**shift):
        moved = replace(STEEP, **{n: getattr(STEEP, n) + x for n, x in shift.items() if n != TIME})
        if elapsed := shift.get(TIME, 0.0):
            moved = moved.later(elapsed)
        return np.atleast_2d(given.under(moved, shift.get(TIME, 0.0))(spot))

    for name, own in names.items():
        h = steps[own]
        slope = (flows(**{own: h}) - flows(**{own: -h})) / (2.0 * h)
        scale = np.abs(slope).max() + 1e-6
        np.testing.assert_allclose(found.get((name,), np.zeros_like(slope)), slope, atol=1e-4 * scale)
        for other, second in names.items():
            k = steps[second]
            corners = [
                (s * t, flows(**({own: (s + t) * h} if own == second else {own: s * h, second: t * k})))
                for s in (1, -1)
                for t in (1, -1)
            ]
            bend = sum(sign * flow for sign, flow in corners) / (4.0 * h * k)
            scale = np.abs(bend).max() + 1e-3
            np.testing.assert_allclose(found.get((name, other), np.zeros_like(bend)), bend, atol=5e-3 * scale)


def test_what_has_no_bridge_in_steps_is_refused():
    touch = lg.OneTouch(90.0, "down", 0.5, 1.0, "continuous", paid="hit")
    with pytest.raises(ValueError, match="paid must be 'end' under LocalVolatility"):
        lg.greeks(FLAT, touch, [], paths=1024, seed=1)
    with pytest.raises(ValueError, match="dividends must come after"):
        lg.greeks(replace(FLAT, dividends=((0.1, 1.0),)), OUT, [], paths=1024, seed=1)
    with pytest.raises(ValueError, match="smile_spot must be 0"):
        lg.greeks(replace(FLAT, smile_spot=100.0), OUT, [], paths=1024, seed=1)
    with pytest.raises(TypeError, match="no Brownian bridge"):
        lg.greeks(FLAT, lg.Lookback("continuous", "put", maturity=0.5), [], paths=1024, seed=1)


def test_a_contract_of_a_single_step_is_valued_by_its_bridge():
    maturity, sigma = 14.0 / 365.0, 0.2
    law = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: sigma + 0.0 * s, rate=sigma**2 / 2.0, steps=1)
    touch = lg.NoTouch(100.0 * np.exp(-sigma * np.sqrt(maturity)), "down", maturity, 1.0, "continuous")
    found = lg.greeks(law, touch, ["delta"], paths=2048, seed=1)
    discount = np.exp(-law.rate * maturity)  # the log-spot has no drift: reflection at one deviation
    slope = discount * 2.0 * np.exp(-0.5) / np.sqrt(2.0 * np.pi) / (100.0 * sigma * np.sqrt(maturity))
    assert_estimates(found["price"], discount * 0.6826894921370859, 0.01)
    assert_estimates(found["delta"], slope, 0.05 * slope)
