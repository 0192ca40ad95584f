"""Mixtures of pushes: their density is that of their draws, and they learn where to go."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.engine.levels import ways
from likelihood_greeks.engine.pushes import Pushes, Way

N_TIMES, N_PATHS = 5, 40_000
VARIANCE = np.broadcast_to(np.array([0.01, 0.02, 0.005, 0.03, 0.01])[:, None], (N_TIMES, N_PATHS))


def drawn(pushes, seed=1):
    generator = np.random.default_rng(seed)
    noise = np.sqrt(VARIANCE) * generator.standard_normal(VARIANCE.shape)
    noise += pushes.drawn(VARIANCE, N_PATHS, generator)
    return noise, 1.0 / pushes.ratio(noise, VARIANCE)


@pytest.mark.parametrize(
    "pushes",
    [
        Pushes.everywhere(N_TIMES),
        Pushes.everywhere(N_TIMES).aimed([Way(1, 3, -5.0), Way(2, 2, 3.0, 2.5)]),
    ],
)
def test_weighted_draws_have_the_law(pushes):
    noise, weight = drawn(pushes)
    assert weight.max() <= 1.0 / pushes.still
    scaled = noise / np.sqrt(VARIANCE)
    for samples, exact in ((weight, 1.0), *((weight * row, 0.0) for row in scaled), (weight * scaled[2] ** 2, 1.0)):
        error = samples.std() / np.sqrt(N_PATHS)
        assert error < 0.02
        assert abs(samples.mean() - exact) < 4.0 * error
    assert abs((1.1 * weight).mean() - 1.0) > 4.0 * weight.std() / np.sqrt(N_PATHS)


@pytest.mark.parametrize("antithetic", [False, True])
def test_paths_with_variances_of_their_own_go_as_far_as_each_needs(antithetic):
    generator = np.random.default_rng(7)
    variance, samples = VARIANCE * generator.uniform(0.2, 4.0, VARIANCE.shape), N_PATHS // (2 if antithetic else 1)
    noise = np.sqrt(variance) * generator.standard_normal(VARIANCE.shape)
    if antithetic:
        noise, variance = (np.tile(rows[:, :samples], 2) for rows in (noise, variance))
        noise[:, samples:] *= -1.0
    centre = np.cumsum(-0.5 * variance, axis=0)
    pushes = Pushes.everywhere(N_TIMES).aimed([Way(1, 3, -5.0, level=-0.9), Way(0, 2, -4.0, 2.5, level=-1.0)], 0.6)
    push = pushes.drawn(variance, samples, generator, centre)
    moved = (noise + push)[:, :samples]
    weight = 1.0 / pushes.ratio(moved, variance[:, :samples], centre[:, :samples])
    scaled = moved / np.sqrt(variance[:, :samples])
    for rows, exact in ((weight, 1.0), *((weight * row, 0.0) for row in scaled), (weight * scaled[2] ** 2, 1.0)):
        error = rows.std() / np.sqrt(samples)
        assert error < 0.02
        assert abs(rows.mean() - exact) < 4.0 * error
    typical = 1.0 / pushes.ratio(moved, variance[:, :samples])  # as if all needed the same
    assert abs(typical.mean() - 1.0) > 4.0 * typical.std() / np.sqrt(samples)
    log_spot = centre[:, :samples] + np.cumsum(moved, axis=0)
    assert np.mean(np.abs(log_spot[2] + 1.0) < 0.4) > 0.1
    if antithetic:
        np.testing.assert_array_equal(push[:, :samples], -push[:, samples:])


def test_pushes_learn_where_samples_are_wanted():
    pushes = Pushes.everywhere(N_TIMES)
    for seed in (1, 2):
        noise, weight = drawn(pushes, seed)
        pushes = pushes.learnt(noise, VARIANCE, weight * (noise[2] < -4.0 * np.sqrt(VARIANCE[2])))
    best = np.unravel_index(pushes.shares.argmax(), pushes.shares.shape)
    assert (pushes.first[best[0]], pushes.last[best[0]], best[1]) == (2, 2, 1)
    assert pushes.shares[best] > 0.4
    noise, weight = drawn(pushes, 3)
    samples = weight * (noise[2] < -4.0 * np.sqrt(VARIANCE[2]))
    assert samples.std() / np.sqrt(N_PATHS) < 0.02 * 3.167e-5
    assert samples.mean() == pytest.approx(3.16712e-5, rel=0.08)
    assert pushes.shares.sum() + pushes.still == pytest.approx(1.0)


def test_nothing_wanted_teaches_nothing():
    pushes = Pushes.everywhere(N_TIMES)
    noise, _ = drawn(pushes)
    assert pushes.learnt(noise, VARIANCE, np.zeros(N_PATHS)) is pushes


def test_levels_of_spots_and_returns_are_aimed_at():
    times = lg.schedule(1.0, 5)
    law = lg.GBM(spot=100.0, volatility=0.2)
    spot = law.simulate(times, lg.streams.chunks.Chunk(1, 0, 4096).stream()).spot
    payoff = lg.Payoff(lambda s: np.where((s[3] < 0.7 * s[1]) | (s[2] > 150.0), 1.0, 0.0), times)
    found = {(first, last): distance for first, last, distance, *_ in ways(payoff, spot)}
    assert found[2, 3] == pytest.approx((np.log(0.7) + 0.02 * 0.4) / (0.2 * np.sqrt(0.4)), rel=0.05)
    assert found[0, 2] == pytest.approx((np.log(1.5) + 0.02 * 0.6) / (0.2 * np.sqrt(0.6)), rel=0.05)
    assert ways(lg.Payoff(lambda s: np.sin(s[-1]), times), spot) == []


def test_moves_of_paths_that_end_at_zero_are_not_aimed_along():
    times = [0.5, 1.0]
    spot = lg.GBM(spot=100.0, volatility=0.2).simulate(times, lg.streams.chunks.Chunk(1, 0, 64).stream()).spot
    payoff = lg.Payoff(lambda s: 1.0 * (s[0] > 110.0) * (s[1] > 120.0), times)
    assert {way.last for way in ways(payoff, spot)} == {0, 1}
    spot[1, 7] = 0.0
    found = ways(payoff, spot)
    assert {way.last for way in found} == {0}
    assert np.isfinite([way.size for way in found]).all()
