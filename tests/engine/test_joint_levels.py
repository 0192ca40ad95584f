"""Branches of payoffs on several assets that are taken only where conditions of several meet, however unlikely."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import likelihood_greeks as lg
from likelihood_greeks.engine import joint_levels, scouts
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.streams.chunks import Chunk

TIME, ALIKE, ABOVE, BELOW = 0.04, 0.85, 110.0, 62.0
VOLATILITY = np.array([0.18, 0.35])
LAW = lg.CorrelatedGBM(
    {"A": lg.GBM(spot=100.0, volatility=0.18), "B": lg.GBM(spot=60.0, volatility=0.35)},
    correlation={("A", "B"): ALIKE},
)


def chances():
    """That B ends below its level, and that A ends above its own besides."""
    ends = np.log([100.0 / ABOVE, BELOW / 60.0]) + np.array([-0.5, 0.5]) * VOLATILITY**2 * TIME
    a, b = ends / (VOLATILITY * np.sqrt(TIME))
    both = multivariate_normal.cdf([a, b], cov=[[1.0, -ALIKE], [-ALIKE, 1.0]], abseps=1e-13, releps=1e-8)
    return float(norm.cdf(b)), float(both)


ONE, BOTH = chances()
PAID = 0.04 / BOTH
PAYOFF = lg.Payoff(
    lambda s: np.where(s[1, -1] < BELOW, np.where(s[0, -1] > ABOVE, PAID, 1.0), 0.0), times=[0.5 * TIME, TIME]
)
EXACT = ONE - BOTH + 0.04


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_scouts_go_where_conditions_meet_and_have_the_law(sampling):
    group = Group(LAW, (PAYOFF,), ({(): 1.0},), CONTROLS["none"])
    chunk = Chunk(5, scouts.SCOUTS, 65_536, sampling, pilot=True)
    (found,) = scouts.weighted_draws(group, chunk)
    paid = found.drawn.spot[1, -1] < BELOW, found.drawn.spot[0, -1] > ABOVE
    rows = [np.ones(chunk.n_paths), *(found.drawn.spot[:, -1] / np.array([[100.0], [60.0]]))]
    rows = [(row, 1.0, 0.02) for row in rows] + [((paid[0] & paid[1]) / BOTH, 1.0, 0.12)]
    for row, exact, small in rows:
        samples = found.weight * chunk.fold(row)
        error = samples.std() / np.sqrt(samples.size)
        assert error < small
        assert abs(samples.mean() - exact) < 4.0 * error


def price(seed):
    return lg.greeks(LAW, PAYOFF, [], paths=8192, seed=seed)["price"]


def test_a_branch_that_two_assets_must_take_together_is_in_the_price():
    assert BOTH < 1e-6
    found = price(3)
    assert found.standard_error < 0.03
    assert abs(found.z_score(EXACT)) < 4.0


def test_without_their_meetings_it_is_missed(monkeypatch):
    monkeypatch.setattr(scouts, "meetings", lambda payoffs, spot, moves: np.zeros((0, *spot.shape[:2])))
    assert max(abs(price(seed).z_score(EXACT)) for seed in range(1, 4)) > 6.0


def test_so_is_one_that_a_basket_must_take_against_an_asset():
    z, step = np.linspace(-9.0, 9.0, 40_001, retstep=True)
    b = 60.0 * np.exp(-0.5 * 0.35**2 * TIME + 0.35 * np.sqrt(TIME) * z)
    needed = (np.log((170.0 - b[b < 61.0]) / 100.0) + 0.5 * 0.18**2 * TIME) / (0.18 * np.sqrt(TIME))
    density = norm.pdf(z[b < 61.0]) * step
    one, both = density.sum(), density @ norm.sf((needed - ALIKE * z[b < 61.0]) / np.sqrt(1.0 - ALIKE**2))
    assert both < 1e-6
    payoff = lg.Payoff(
        lambda s: np.where(s[1, -1] < 61.0, np.where(s[:, -1].sum(axis=0) > 170.0, 0.04 / both, 1.0), 0.0), times=[TIME]
    )
    found = lg.greeks(LAW, payoff, [], paths=8192, seed=1)["price"]
    assert found.standard_error < 0.01
    assert abs(found.z_score(one - both + 0.04)) < 4.0


def test_the_error_of_a_payoff_that_cannot_be_followed_has_it():
    def paid(s):
        return np.where(np.sin(s[0, -1] / 1000.0) > np.sin(ABOVE / 1000.0), PAID, 1.0)

    payoff = lg.Payoff(lambda s: np.where(s[1, -1] < BELOW, paid(s), 0.0), times=[TIME])
    found = lg.greeks(LAW, payoff, [], paths=8192, seed=1)["price"]
    assert 0.02 < found.standard_error < 2.0, "plain samples that pay one or nothing say 0.005"
    assert abs(found.z_score(EXACT)) < 4.0


FOUR = lg.CorrelatedGBM(
    {name: lg.GBM(spot=100.0, volatility=0.2) for name in "ABCD"},
    correlation=dict.fromkeys(combinations("ABCD", 2), 0.0),
)


def below_all(seed, controls="auto", far=2.6, gain=0.05):
    """The z-score of a digital of A that has another gain where all four end so many deviations below."""
    level = 100.0 * np.exp(-0.02 * 0.25 - 0.1 * far)
    size = gain / norm.cdf(-far) ** 4

    def paid(s):
        rare = np.where(s[0, -1] < level, size, 0.0)
        for asset in (1, 2, 3):
            rare = np.where(s[asset, -1] < level, rare, 0.0)
        return np.where(s[0, -1] > 100.0, 1.0, 0.0) + rare

    payoff = lg.Payoff(paid, times=[0.25])
    found = lg.greeks(FOUR, payoff, [], paths=8192, seed=seed, controls=controls, executor="serial")["price"]
    return found.z_score(norm.cdf(-0.05) + gain)


def test_errors_have_a_branch_of_four_conditions():
    assert all(abs(below_all(seed, controls)) < 4.0 for seed, controls in ((0, "auto"), (1, "scores")))


def test_they_do_not_if_only_three_are_looked_at_together(monkeypatch):
    def few(rows):
        return [list(some) for count in (1, 2, 3) for some in combinations(range(len(rows)), count)]

    monkeypatch.setattr(joint_levels, "_together", few)
    assert abs(below_all(1, "scores")) > 6.0
