"""Several assets between scored dates: one asset alone is the case of one asset, and controls of many assets pay."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls.handover import Handover
from likelihood_greeks.controls.joint_skeletons import JointSkeletons
from likelihood_greeks.controls.moved_payoff import MovedPayoff
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.adaptor import moved as at
from likelihood_greeks.models.joint_travel import scored
from tests.support.gates import MODEL, draw
from tests.support.laws import CURVES
from tests.support.two_assets import two

TIMES = (0.07, 0.13, 0.4, 0.8, 1.1)
NAMES = ("spot", "volatility", "dividend_yield", "rate", "time")


def moved(law, names, motion):
    pairs = [*combinations_with_replacement(names, 2)]
    drawn = weigh(law, draw(law, TIMES, n_paths=50), [*((name,) for name in names), *pairs])
    random = np.random.default_rng(2)
    gradient = random.standard_normal((*([1] if drawn.spot.ndim == 3 else []), len(TIMES), 50))
    return MovedPayoff(motion(drawn), random.standard_normal(50), gradient)


@pytest.mark.parametrize("law", [MODEL, CURVES])
@pytest.mark.parametrize("skeleton", [(), (4,), (1, 4), (0, 2, 3), (0, 1, 2, 3, 4)])
def test_one_asset_alone_moves_as_one_asset(law, skeleton):
    several = lg.CorrelatedGBM({"A": law}, correlation={})
    called = [f"{name}[A]" if name not in ("rate", "time") else name for name in NAMES]
    one, other = moved(law, NAMES, Skeletons), moved(several, called, JointSkeletons)
    way, theirs = Handover(skeleton), dict(zip(NAMES, called, strict=True))
    for name in NAMES:
        np.testing.assert_allclose(other.first(theirs[name], way), one.first(name, way), rtol=1e-9, atol=1e-9)
    for a, b in combinations_with_replacement(NAMES, 2):
        if len(skeleton) < len(TIMES) and one.motion.knows_slope((a, b), np.inf):
            expected = one.second((a, b), way)
            found = other.second((theirs[a], theirs[b]), way)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-8 * np.abs(expected).max(), err_msg=(a, b))


def test_shares_are_numbers_where_volatilities_are_constant_and_turn_with_each_clock_where_they_are_not():
    flat = two(0.6)
    curved = lg.CorrelatedGBM(
        {"A": lg.GBM(spot=90.0, volatility=0.3, rate=0.03),
         "B": lg.TermStructureGBM(spot=80.0, times=[0.3, 1.5], zero_rates=[0.03] * 2, dividend_yields=[0.0] * 2,
                                  volatilities=[0.5, 0.3])},
        correlation={("A", "B"): 0.6},
    )  # fmt: skip
    shares = [scored(law._steps(np.array(TIMES)), (2, 4)) for law in (flat, curved)]
    np.testing.assert_allclose(shares[0].share, [0.07 / 0.4, 0.13 / 0.4, 1.0, 0.4 / 0.7, 1.0])
    assert shares[1].share is None
    assert not shares[0].shares(("volatility[A]",)).any()
    assert not shares[0].shares(("correlation[A,B]",)).any()
    for name in ("volatility[B]", "correlation[A,B]"):
        h, step = 1e-5, {}
        for sign in (1, -1):
            step[sign] = scored(at(curved, {name: sign * h})._steps(np.array(TIMES)), (2, 4)).shares()
        expected = (step[1] - step[-1]) / (2.0 * h)
        np.testing.assert_allclose(shares[1].shares((name,)), expected, atol=1e-8)


@pytest.mark.slow
def test_controls_of_a_weekly_note_on_the_worst_of_three_pay_hundreds_of_times():
    names = "ABC"
    law = lg.CorrelatedGBM(
        {n: lg.GBM(spot=100.0, volatility=v, rate=0.03) for n, v in zip(names, (0.2, 0.25, 0.3), strict=True)},
        correlation={("A", "B"): 0.5, ("A", "C"): 0.6, ("B", "C"): 0.4},
    )
    calls, weeks = [0.25 * k for k in range(1, 7)], [k / 52 for k in range(1, 79)]
    note = lg.Autocallable(1.0, calls, coupon=0.02, knock_in=0.6, notional=100.0, knock_in_times=weeks)
    result = lg.greeks(law, lg.WorstOf(note, [100.0] * 3), ["delta", "correlation"], paths=8192, seed=1)
    for label, estimate in result.estimates.items():
        assert label == "price" or estimate.variance_ratio > 100.0, label
    assert result["delta[A]"].variance_ratio > 300.0
