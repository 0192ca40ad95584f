"""The baselines: right where they apply, and saying so where they do not."""

import numpy as np
import pytest
from helpers import MODEL

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form

CALL, DIGITAL = lg.Call(101.0, 1.3), lg.DigitalCall(97.0, 0.7)
FIRST = ["delta", "vega", "rho", "dividend_rho", "theta"]


def test_pathwise_is_right_for_a_call():
    result = lg.pathwise(MODEL, CALL, FIRST, paths=200_000, seed=3)
    for greek in FIRST:
        assert abs(result[greek].z_score(closed_form.greek(MODEL, CALL, greek))) < 4.0, greek
        assert result[greek].reliable, result[greek].note


def test_pathwise_says_what_it_misses_of_a_digital():
    result = lg.pathwise(MODEL, DIGITAL, [*FIRST, "gamma"], paths=100_000, seed=3)
    for greek in FIRST:
        assert "biased: the payoff jumps" in result[greek].note
    assert result["delta"].value == 0.0
    assert np.isnan(result["gamma"].value)
    assert "not available" in result["gamma"].note


def test_finite_differences_are_close_and_carry_their_warning():
    for payoff in (CALL, DIGITAL):
        result = lg.finite_difference(MODEL, payoff, [*FIRST, "gamma", "vanna"], paths=200_000, seed=3)
        for greek in FIRST:
            exact = closed_form.greek(MODEL, payoff, greek)
            assert abs(result[greek].value - exact) < 4.0 * result[greek].standard_error + 0.02 * abs(exact), greek
            assert "biased" in result[greek].note
        assert result["price"].note == ""


def test_finite_difference_bias_is_seen_with_a_large_bump():
    delta = lg.finite_difference(MODEL, DIGITAL, ["delta"], bump=0.3, paths=400_000, seed=3)["delta"]
    assert abs(delta.z_score(closed_form.greek(MODEL, DIGITAL, "delta"))) > 8.0


def test_compare_puts_all_methods_side_by_side():
    frame = lg.compare(MODEL, DIGITAL, ["delta", "gamma"], paths=20_000, seed=3)
    methods = ["likelihood ratio", "likelihood ratio + score controls", "likelihood ratio + controls"]
    methods += ["pathwise", "finite difference 0.01", "finite difference 0.001"]
    assert list(frame.loc["delta"].index) == methods
    assert frame.loc[("delta", methods[0]), "unbiased"]
    assert not frame.loc[("delta", "pathwise"), "unbiased"]
    row = frame.loc[("delta", methods[1])]
    assert row["work_normalised_variance"] == pytest.approx(row["standard_error"] ** 2 * row["seconds"])


def test_every_greek_of_a_payoff_that_jumps_is_called_biased():
    gap = lg.GapCall(95.0, 101.0, 0.6)
    result = lg.pathwise(MODEL, gap, FIRST, paths=20_000, seed=3)
    assert all("biased" in result[greek].note for greek in FIRST)


def test_bumps_fit_small_parameters():
    penny = lg.GBM(spot=0.0067, volatility=0.008, rate=0.01)
    frame = lg.compare(penny, lg.Call(0.0067, 0.5), ["delta", "vega", "gamma"], paths=20_000, seed=3)
    exact = closed_form.greek(penny, lg.Call(0.0067, 0.5), "delta")
    assert abs(frame.loc[("delta", "finite difference 0.01"), "value"] / exact - 1.0) < 0.2
