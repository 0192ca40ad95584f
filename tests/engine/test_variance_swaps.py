"""Variance swaps in closed form, where log returns are independent normals."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.validation import quadrature
from tests.support.awkward import CONTRACTS, DATES, WORLD, law
from tests.support.gates import MODEL, UNEVEN, assert_estimates

GREEKS = ("delta", "gamma", "vega", "rho", "dividend_rho", "theta")
SWAP = lg.VarianceSwap(0.2, UNEVEN, 95.0, 3.0)


def test_it_is_what_quadrature_gives_under_constant_parameters():
    found = lg.greeks(MODEL, SWAP, GREEKS, closed_form=True, seed=1)
    assert found.method == "closed form"
    for name in GREEKS:
        exact = quadrature.greek(MODEL, SWAP, name)
        assert abs(found[name].value - exact.value) < 1e-7 * max(1.0, abs(exact.value)) + 10.0 * exact.error


@pytest.mark.slow
@pytest.mark.parametrize("name", ["variance swap", "variance swap, seasoned"])
def test_it_is_what_nested_quadrature_gives_under_steep_curves(name):
    contract, breaks = CONTRACTS[name]
    found = lg.greeks(law(WORLD), contract, GREEKS, closed_form=True, seed=1)
    for greek, exact in WORLD.greeks(contract, breaks, ("vega", "theta")).items():
        assert found[greek].value == pytest.approx(exact, rel=1e-7)
        assert found[greek].standard_error == 0.0


@pytest.mark.slow
def test_simulated_it_agrees():
    exact = lg.greeks(law(WORLD), CONTRACTS["variance swap"][0], ["vega"], closed_form=True, seed=1)
    found = lg.greeks(law(WORLD), CONTRACTS["variance swap"][0], ["vega"], paths=4096, seed=2)
    assert_estimates(found["vega"], exact["vega"].value, 1.0)
    with pytest.raises(AssertionError):
        assert_estimates(found["vega"], 1.2 * exact["vega"].value, 1.0)


@pytest.mark.slow
def test_a_volatility_swap_cash_dividends_and_heston_have_none():
    swap = lg.VarianceSwap(0.2, DATES, 95.0)
    dividends = lg.GBM(spot=100.0, volatility=0.2, dividends=((0.5, 3.0),))
    heston = lg.Heston(
        spot=100.0, initial_variance=0.04, long_run_variance=0.04, mean_reversion=2.0, vol_of_vol=0.3,
        correlation=-0.5,
    )  # fmt: skip
    for model, payoff in ((dividends, swap), (heston, swap), (MODEL, lg.VolatilitySwap(0.2, DATES, 95.0))):
        assert lg.greeks(model, payoff, [], paths=512, closed_form=True, seed=1).method != "closed form"
    before = lg.VarianceSwap(0.2, (0.1, 0.4), 95.0)
    assert lg.greeks(dividends, before, [], closed_form=True, seed=1).method == "closed form"


def test_what_is_no_such_sum_is_refused():
    class Wrong:
        times = (0.5, 1.0)

        def squared_returns(self, past=()):
            return lg.VarianceSwap(0.2, self.times).squared_returns(past)

        def __call__(self, spot):
            return np.log(spot[1] / spot[0]) ** 2

    with pytest.raises(ValueError, match="squared_returns must be the payoff's cash flows"):
        lg.greeks(MODEL, Wrong(), [], closed_form=True, seed=1)


@pytest.mark.slow
def test_realised_variance_is_a_control_of_realised_volatility():
    contract, breaks = CONTRACTS["volatility swap"]
    found = lg.greeks(law(WORLD), contract, ["delta", "vega"], paths=2**13, seed=2)
    for greek, exact in WORLD.greeks(contract, breaks, ("delta", "vega")).items():
        assert found[greek].variance_ratio > (30.0 if greek != "price" else 8.0)
        assert abs(found[greek].value - exact) < 4.0 * found[greek].standard_error
        assert abs(found[greek].value - 1.1 * exact) > 4.0 * found[greek].standard_error
    seasoned = lg.Seasoned(lg.VolatilitySwap(0.25, DATES, None, 3000.0), (91.0, 99.0))
    assert lg.greeks(law(WORLD), seasoned, ["vega"], paths=2**13, seed=2)["vega"].variance_ratio > 30.0
