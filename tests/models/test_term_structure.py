"""The law on curves: its flat limit, its closed forms, what it refuses; the rest is `test_contract`."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME
from likelihood_greeks.validation import closed_form
from tests.support.gates import assert_estimates, draw
from tests.support.laws import CURVES as MODEL
from tests.support.laws import NODES

DATES = (0.07, 0.13, 0.4, 0.8, 1.1)  # between nodes as well
FLAT = lg.GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017)
FLAT_CURVES = lg.TermStructureGBM(
    spot=93.0, times=NODES, zero_rates=(0.043,) * 4, dividend_yields=(0.017,) * 4, volatilities=(0.27,) * 4
)


def test_flat_curves_are_the_flat_law():
    paths, plain = (draw(model, NODES, n_paths=200) for model in (FLAT_CURVES, FLAT))
    np.testing.assert_allclose(paths.spot, plain.spot, rtol=1e-13)
    np.testing.assert_allclose(FLAT_CURVES.score(paths), FLAT.score(paths), rtol=1e-9, atol=1e-9)
    for curved, flat in zip(FLAT_CURVES.vanilla_jets(97.0, 0.9), FLAT.vanilla_jets(97.0, 0.9), strict=True):
        np.testing.assert_allclose(curved.gradient, flat.gradient, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(curved.hessian, flat.hessian, rtol=1e-9, atol=1e-9)


def test_greeks_agree_with_the_closed_form_at_the_last_date_and_would_notice_another_volatility():
    call = lg.Payoff(lambda spot: np.where(spot[-1] > 97.0, spot[-1] - 97.0, 0.0), times=DATES)
    result = lg.greeks(MODEL, call, paths=40_000, seed=3)
    for greek, share in {"delta": 0.02, "gamma": 0.05, "rho": 0.02, "dividend_rho": 0.02}.items():
        exact = closed_form.greek(FLAT, lg.Call(97.0, 1.1), greek)
        assert_estimates(result[greek], exact, abs(share * exact))
    exact = float(MODEL.discount(1.1) * MODEL.vanilla_jets(97.0, 1.1)[1].derivative("volatility"))
    assert_estimates(result["vega"], exact, 0.02 * exact)
    with pytest.raises(AssertionError):
        assert_estimates(result["vega"], 1.1 * exact, 0.02 * exact)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zero_rates": (0.01,)}, "zero_rates must hold one number for each of the 4 times"),
        ({"volatilities": (0.5, 0.2, 0.2, 0.2)}, "volatilities must be positive and make total variance increase"),
        ({"volatility": -0.3}, "volatilities must be positive and make total variance increase"),
        ({"volatilities": (0.2, 0.2, float("nan"), 0.2)}, r"volatilities\[2\] must be positive"),
        ({"times": (0.4, 0.13, 0.55, 1.1)}, "times must be strictly increasing"),
        ({"rate": float("inf")}, "rate must be finite"),
        ({"by_node": ("bogus",)}, "by_node must be one of 'rate', 'dividend_yield', 'volatility'"),
        ({"by_node": "rate"}, "by_node must be a sequence of names"),
        ({"smile": ((0.0, 0.0),), "smile_spot": 100.0}, "smile must hold a pair for each of 4 volatilities"),
        ({"smile": (1.0, 0.0, 0.0, 0.0), "smile_spot": 100.0}, r"smile\[0\] must be a first and a second derivative"),
        ({"smile": ((0.0, 0.0),) * 4}, "smile_spot must be positive"),
        ({"smile_spot": -3.0}, "smile_spot must be non-negative"),
    ],
)
def test_bad_curves_are_refused(change, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        replace(MODEL, **change)


def test_bumps_of_time_leave_the_curves_where_they_are():
    call = lg.Payoff(lambda spot: np.maximum(spot.mean(axis=0) - 97.0, 0.0), times=NODES)
    exact = lg.greeks(MODEL, call, ["theta"], paths=20_000, seed=5)["theta"]
    found = lg.finite_difference(MODEL, call, ["theta"], paths=20_000, seed=5)["theta"]
    assert_estimates(found, exact.value, 0.03 * abs(exact.value))


def test_nothing_is_known_beyond_the_curves():
    with pytest.raises(ValueError, match=r"times must lie on the curves, which end at 1.1 years, got 1.2"):
        draw(MODEL, (0.5, 1.2))


def test_time_elapses_up_to_the_first_node_along_the_forward_rate():
    slope = five_point(lambda shifts: MODEL.later(shifts[TIME]).discount(1.1 - shifts[TIME]), (TIME,), {TIME: 1e-3})
    assert float(MODEL.discount_jet(np.asarray(1.1)).derivative(TIME)) == pytest.approx(slope, rel=1e-9)
    with pytest.raises(ValueError, match="elapsed must be before the first node"):
        MODEL.later(0.13)
