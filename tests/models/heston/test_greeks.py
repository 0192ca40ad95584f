"""Greeks under Heston, end to end, against QuantLib's semi-analytic engine; and wrong weights that must be noticed."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form
from tests.support.gates import assert_estimates, draw
from tests.support.heston_reference import (
    BK1,
    DESK,
    FV1,
    LEWIS,
    call_price,
    conditional_spot,
    greek,
    price,
    scores_beneath,
)

CALL, DIGITAL = lg.Call(100.0, 1.0), lg.DigitalCall(100.0, 1.0)
CASES = {"desk": DESK, "BK1": BK1, "FV1": FV1}
GREEKS = (
    "delta", "gamma", "vega", "rho", "dividend_rho", "theta", "correlation", "mean_reversion", "long_run_variance",
    "vol_of_vol",
)  # fmt: skip
BARRIER = lg.Barrier(CALL, 85.0, "down", "out", times=lg.schedule(1.0, per_year=12))


def test_references_are_the_published_prices():
    assert call_price(BK1, 100.0, 365) == pytest.approx(6.80611331, abs=1e-8)
    assert call_price(LEWIS, 100.0, 365) == pytest.approx(16.070154917, abs=1e-8)


def test_references_in_variance_are_those_of_nag():
    # NAG Library Manual, s30nbc, example: vega and vomma in the initial variance
    law = lg.Heston(
        spot=100.0, initial_variance=0.0175, mean_reversion=1.5768, long_run_variance=0.0398, vol_of_vol=0.5751,
        correlation=-0.5711, rate=0.025,
    )  # fmt: skip
    v = "initial_variance"
    for name, exact in (("delta", 0.6945), (v, 52.5461), ("theta", -4.9969), ("rho", 62.1735), (("spot", v), -0.5643)):
        assert greek(law, CALL, name) == pytest.approx(exact, rel=2e-4), name
    assert greek(law, CALL, "volga") == pytest.approx(4.0 * 0.0175 * -321.0780 + 2.0 * 52.5461, rel=2e-4)


# Largest standard errors, as shares of the exact value: call, digital. Absolute where that is nearly zero: the
# derivative of a call in the correlation, and of a digital in time.
GATES = {
    "price": (0.001, 0.001), "delta": (0.001, 0.006), "gamma": (0.013, 0.02), "vega": (0.05, 0.12),
    "rho": (0.0015, 0.011), "dividend_rho": (0.0015, 0.006), "theta": (0.025, 0.01), "correlation": (0.1, 0.02),
    "mean_reversion": (0.1, 0.03), "long_run_variance": (0.015, 0.03), "vol_of_vol": (0.2, 0.07),
}  # fmt: skip
ABSOLUTE = {("correlation", 0), ("theta", 1)}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("which", [0, 1], ids=["call", "digital"])
def test_greeks_agree_with_quantlib(case, which):
    law, payoff = CASES[case], (CALL, DIGITAL)[which]
    result = lg.greeks(law, payoff, GREEKS, paths=250_000, seed=17)
    for name, gates in GATES.items():
        exact = greek(law, payoff, name)
        scale = 1.0 if (name, which) in ABSOLUTE else abs(exact)
        print(case, which, name, f"z {result[name].z_score(exact):.2f} error {result[name].standard_error / scale:.4f}")
        assert result[name].note == ""
        assert_estimates(result[name], exact, max_standard_error=gates[which] * scale)


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_law_itself_prices_without_controls(sampling):
    # controls are centred at exact values, and would hide a bias that the law and they share
    greeks = ["delta", "initial_variance", "correlation", "vol_of_vol"]
    result = lg.greeks(DESK, DIGITAL, greeks, paths=100_000, seed=4, controls="none", sampling=sampling)
    gates = {"price": 0.004, "delta": 0.01, "initial_variance": 0.35, "correlation": 0.09, "vol_of_vol": 0.25}
    for name, gate in gates.items():
        exact = greek(DESK, DIGITAL, name)
        assert_estimates(result[name], exact, max_standard_error=gate * abs(exact))


# -- wrong weights -------------------------------------------------------------------------------------------------


def estimate(law, payoff, paths, weight):
    values = law.discount(payoff.maturity) * payoff(paths.spot) * weight
    return values.mean(), values.std() / np.sqrt(values.size)


def layers(law, paths, name):
    """The three parts of a score: of the variance, of the integrated variance and of the spot."""
    whole = law.score(paths, [name])[0]
    beneath = scores_beneath(law, paths, name)
    return (*beneath, whole - sum(beneath))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seen"), [("initial_variance", [0, 1, 2]), ("vol_of_vol", [0, 2])])
def test_each_layer_of_the_score_is_needed(name, seen):
    paths = draw(DESK, (1.0,), n_paths=200_000, seed=8)
    exact = greek(DESK, CALL, name)
    parts = layers(DESK, paths, name)
    value, error = estimate(DESK, CALL, paths, sum(parts))
    assert abs(value - exact) < 4.0 * error
    missing = [abs(estimate(DESK, CALL, paths, sum(parts) - parts[k])[0] - exact) / error for k in seen]
    assert min(missing) > 8.0, missing  # of the variance; a frozen clock; of the spot


def test_weight_of_the_spot_step_alone_is_biased_when_correlation_is_not_zero():
    paths = draw(DESK, (1.0,), n_paths=200_000, seed=8)
    exact = greek(DESK, CALL, "delta")
    value, error = estimate(DESK, CALL, paths, DESK.score(paths, ["spot"])[0])
    assert error < 0.01 * exact
    assert abs(value - exact) < 4.0 * error
    clock = paths.latent["integrated_variance"].sum(axis=0)  # as if the spot's noise did not know the variance's
    gap = paths.latent["log_spot"][0] - np.log(100.0) - (DESK.rate - DESK.dividend_yield) + 0.5 * clock
    alone, error = estimate(DESK, CALL, paths, gap / (100.0 * clock))
    assert abs(alone - exact) > 10.0 * error


def test_correlation_moves_the_variance_of_the_spot_as_well():
    paths = draw(DESK, (1.0,), n_paths=200_000, seed=8)
    exact = greek(DESK, DIGITAL, "correlation")
    value, error = estimate(DESK, DIGITAL, paths, DESK.score(paths, ["correlation"])[0])
    assert error < 0.06 * abs(exact)
    assert abs(value - exact) < 4.0 * error
    layer = conditional_spot(DESK, paths)
    mean_only = layer.moves(paths.latent["log_spot"]).noise / layer.variance * layer.drive / DESK.vol_of_vol
    value, error = estimate(DESK, DIGITAL, paths, mean_only[0])
    assert abs(value - exact) > 8.0 * error


# -- the engine ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_executor_gives_the_same_bits():
    payoff = lg.Payoff(lambda s: np.where(s.min(axis=0) < 80.0, 0.0, s[-1] > 100.0), times=[0.25, 0.5, 0.75, 1.0])
    serial = lg.greeks(DESK, payoff, paths=10_000, seed=1).to_frame()
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (threads, processes):
            assert lg.greeks(DESK, payoff, paths=10_000, seed=1, executor=executor).to_frame().equals(serial)


@pytest.mark.slow
@pytest.mark.parametrize("law", [DESK, FV1], ids=["desk", "FV1"])
def test_a_barrier_far_away_leaves_the_european_greeks(law):
    far = replace(BARRIER, level=1e-3)
    result = lg.greeks(law, far, ["delta", "rho"], paths=50_000, seed=5)
    for name, gate in (("price", 0.005), ("delta", 0.05), ("rho", 0.03)):
        exact = greek(law, CALL, name) if name != "price" else price(law, CALL, 365)
        assert result[name].standard_error < gate * exact
        error = np.hypot(result[name].standard_error, 2e-6 * exact)  # of the estimate, and of the differences
        assert abs(result[name].value - exact) < 4.0 * error


def test_little_vol_of_vol_is_black_scholes():
    law = replace(DESK, vol_of_vol=0.001)  # an order of 159,999
    flat = lg.GBM(spot=100.0, volatility=0.2, rate=0.05, dividend_yield=0.02)
    result = lg.greeks(law, DIGITAL, ["delta", "gamma", "rho", "correlation"], paths=50_000, seed=3)
    for name, gate in (("price", 0.003), ("delta", 0.01), ("gamma", 0.05), ("rho", 0.015)):
        exact = closed_form.greek(flat, DIGITAL, name)
        assert_estimates(result[name], exact, max_standard_error=gate * abs(exact))
    assert abs(result["correlation"].value) < 0.005


def test_second_order_greeks_agree_with_quantlib():
    result = lg.greeks(DESK, CALL, ["vanna", "charm", ("spot", "correlation")], paths=100_000, seed=12)
    for name, gate in (("vanna", 0.06), (("spot", "correlation"), 0.02)):
        label = name if isinstance(name, str) else ":".join(name)
        assert_estimates(result[label], greek(DESK, CALL, name), max_standard_error=gate)


def test_unknown_greeks_are_refused_with_those_that_exist():
    with pytest.raises(ValueError, match=r"greek must be one of price, delta.*vega.*vanna.*got 'zomma'"):
        lg.greeks(DESK, CALL, ["zomma"])
