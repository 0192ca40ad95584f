"""The Heston law against the model without Monte Carlo noise: what its steps leave, and what coarse steps would."""

import numpy as np
import pytest
from scipy.special import ndtr

from tests.support.heston_reference import BK1, DESK, FV1, model
from tests.support.heston_steps_law import (
    STRIKES,
    Kernel,
    biases,
    characteristic,
    exact_characteristic,
    exact_greeks,
    frequencies,
    nodes,
    scaled_biases,
)  # fmt: skip

BK2 = model(0.09, 2.0, 0.09, 1.0, -0.3, 0.05)  # Broadie and Kaya (2006), second set
CASES = {"desk": (DESK, 1.0), "desk, short": (DESK, 0.25), "BK1": (BK1, 1.0), "BK2, short": (BK2, 0.25)}
BOUND = 0.002  # of each Greek's largest size at the strikes
SPOT = STRIKES == 1.0


def worst(law, maturity, steps):
    return {contract: np.abs(found).max(axis=1) for contract, found in scaled_biases(law, maturity, steps).items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_steps_of_the_rule_leave_little_bias_and_four_times_longer_ones_do_not(case):
    law, maturity = CASES[case]
    (steps,) = law.substeps([maturity])
    for contract, found in worst(law, maturity, steps).items():
        assert (found < BOUND).all(), (contract, found)
    for contract, found in worst(law, maturity, max(1, steps // 4)).items():
        assert found.max() > 2.0 * BOUND, (contract, found)


@pytest.mark.slow
def test_bias_at_the_strike_of_the_spot_is_small_where_feller_is_violated():
    (steps,) = FV1.substeps([1.0])
    for found in scaled_biases(FV1, 1.0, steps).values():
        assert np.abs(found[:, SPOT]).max() < BOUND
    coarse = scaled_biases(FV1, 1.0, steps // 4)
    assert all(np.abs(found[:, SPOT]).max() > BOUND for found in coarse.values())


def one_step(law, maturity):
    """Price of a call and a digital call at the spot, by quadrature over the variance and its integral."""
    grid = nodes(law, maturity, 4)
    kernel = Kernel.between(law, maturity, np.array([law.initial_variance]), grid)
    mean, shape = kernel.mean[0][:, None], kernel.shape[0][:, None]
    spread = np.clip(shape**-0.5, 0.05, 3.0)
    t = np.linspace(-14.0, 14.0, 4001)  # of log(I / mean) in units of its deviation
    ratio = np.exp(np.clip(t * spread, -40.0, 40.0))
    density = np.sqrt(shape / (2.0 * np.pi * ratio)) * np.exp(-0.5 * shape * (ratio - 1.0) ** 2 / ratio) * spread
    weight = kernel.density[0][:, None] * density * (t[1] - t[0])
    clock = mean * ratio
    drive = (
        grid[0][:, None] ** 2 - law.initial_variance - law.mean_reversion * (law.long_run_variance * maturity - clock)
    )
    rho, total = law.correlation, (1.0 - law.correlation**2) * clock
    shift = (law.rate - law.dividend_yield) * maturity - 0.5 * clock + rho / law.vol_of_vol * drive
    d2 = shift / np.sqrt(total)
    call = law.spot * (np.exp(shift + 0.5 * total) * ndtr(d2 + np.sqrt(total)) - ndtr(d2))
    return law.discount(maturity) * np.array([(weight * call).sum(), (weight * ndtr(d2)).sum()])


@pytest.mark.parametrize("law", [DESK, FV1], ids=["desk", "FV1"])
def test_one_step_agrees_with_quadrature_over_the_integrated_variance(law):
    exact, found = exact_greeks(law, 1.0), biases(law, 1.0, 1)
    prices = [(exact[c][0, SPOT] + found[c][0, SPOT])[0] for c in ("call", "digital")]
    np.testing.assert_allclose(prices, one_step(law, 1.0), rtol=2e-5)
    assert abs(found["call"][0, SPOT][0]) > 1e-3 * exact["call"][0, SPOT][0]  # a bias that the tolerance would see


@pytest.mark.slow
def test_many_steps_are_the_exact_law():
    u = frequencies(DESK, 1.0)
    exact = exact_characteristic(DESK, 1.0, u)
    errors = [np.abs(characteristic(DESK, 1.0, steps, u) - exact).max() for steps in (4, 8, 16)]
    assert errors[0] > 8.0 * errors[1] > 64.0 * errors[2] > 0.0
    assert errors[2] < 1e-6


def test_the_law_is_a_law():
    for law in (DESK, FV1, BK2):
        for steps in (1, 12):
            assert characteristic(law, 1.0, steps, np.array([1e-9 + 0j]))[0] == pytest.approx(1.0, abs=1e-7)
