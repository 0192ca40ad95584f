"""Compiled sums against their formulas, and whole results with and without kernels."""

from contextlib import nullcontext

import numpy as np
import pytest
from scipy import special

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only, kernels
from likelihood_greeks.controls.moved_payoff import carried
from likelihood_greeks.estimate import Moments
from likelihood_greeks.models.moves import diffused, weighted_squares
from likelihood_greeks.payoffs.relaxed.array import relax
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.streams.chunks import Chunk
from tests.support.gates import MODEL, UNEVEN

WAYS = pytest.mark.parametrize("way", [nullcontext, formulas_only], ids=["compiled", "formula"])
ROWS = np.random.default_rng(1).standard_normal((7, 33))
NUMBERS = np.linspace(-0.4, 2.1, 7)


@WAYS
def test_diffused_is_noise_and_its_running_sum_with_the_means(way):
    with way():
        noise, reached = diffused(ROWS.copy(), NUMBERS, NUMBERS[::-1])
    np.testing.assert_allclose(noise, NUMBERS[:, None] * ROWS, rtol=1e-14)
    np.testing.assert_allclose(reached, np.cumsum(noise + NUMBERS[::-1, None], axis=0), atol=1e-14)


@WAYS
@pytest.mark.parametrize(
    "coefficients",
    [NUMBERS[:, None], NUMBERS[:1, None], np.eye(7, 1), ROWS + 1.0],
    ids=["dates", "one", "first", "all"],
)
def test_weighted_squares_sums_over_the_dates(way, coefficients):
    with way():
        np.testing.assert_allclose(
            weighted_squares(coefficients, ROWS), (coefficients * ROWS**2).sum(axis=0), atol=1e-13
        )


@WAYS
def test_carried_is_the_gradient_times_the_noise_so_far(way):
    with way():
        found = carried(ROWS, np.cos(ROWS))
    np.testing.assert_allclose(found, (np.cos(ROWS) * ROWS.cumsum(axis=0)).sum(axis=0), atol=1e-13)


def test_tails_and_exponentials_in_loops_without_branches_are_those_of_scipy():
    if (compiled := kernels("tails")) is None:
        pytest.skip("nothing is compiled")
    v = np.array([*np.linspace(-37.3, 37.3, 1000), 0.0, -40.0, 40.0, -1e9, 1e9, -np.inf, np.inf])
    bell, beyond, found = np.empty(len(v)), np.empty(len(v)), np.empty(256)
    compiled.tails(v, bell, beyond)
    np.testing.assert_allclose(bell, np.exp(-0.5 * v**2), rtol=1e-14, atol=1e-304)
    right, near = np.where(v < 0.0, -1.0, 1.0) * special.ndtr(-np.abs(v)), np.abs(v) < 8.0
    np.testing.assert_allclose(beyond[near], right[near], rtol=2e-14)
    np.testing.assert_allclose(beyond, right, rtol=1e-12, atol=1e-306)
    for x in (np.linspace(-690.0, 690.0, 256), np.linspace(-705.0, 0.0, 256)):
        compiled.exponentials(x, found)
        np.testing.assert_allclose(found, np.exp(x), rtol=1e-14)


@WAYS
def test_moments_are_central_power_sums(way):
    samples = 1e3 + ROWS
    with way():
        found = Moments.of(samples)
    centred = ROWS - ROWS.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(found.mean, samples.mean(axis=1), rtol=1e-14)
    for power, sums in ((2, found.m2), (3, found.m3), (4, found.m4)):
        np.testing.assert_allclose(sums, (centred**power).sum(axis=1), rtol=1e-10, atol=1e-9)


@WAYS
def test_constants_have_no_variance_at_all(way):
    with way():
        found = Moments.of(np.full((2, 4097), 0.1))
    assert not found.m2.any()
    np.testing.assert_array_equal(found.mean, 0.1)


@WAYS
def test_the_gradient_of_an_extreme_goes_to_the_first_row_that_attains_it(way):
    spot = np.array([[1.0, 3.0, 2.0], [4.0, 3.0, 1.0], [4.0, 2.0, 5.0]])
    with way():
        _, gradient = relax(lambda x: x.max(axis=0), spot, Tape(lambda *_: 0.0))
        found = gradient(np.ones((1, 1)))
    np.testing.assert_array_equal(found, [[0, 1, 0], [1, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("controls", ["none", "auto"])
@pytest.mark.parametrize(
    "payoff",
    [
        lg.Barrier(lg.Call(95.0, 1.1), 80.0, "down", "out", UNEVEN),
        lg.Asian(93.0, tuple(np.linspace(0.05, 1.1, 20).tolist())),
    ],
    ids=["barrier", "asian"],
)
def test_kernels_and_formulas_give_the_same_greeks(payoff, controls):
    names = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta"]
    fast = lg.greeks(MODEL, payoff, names, paths=12_000, seed=5, controls=controls)
    with formulas_only():
        slow = lg.greeks(MODEL, payoff, names, paths=12_000, seed=5, controls=controls)
    np.testing.assert_allclose(fast.to_frame()["value"], slow.to_frame()["value"], rtol=1e-7)
    np.testing.assert_allclose(fast.to_frame()["standard_error"], slow.to_frame()["standard_error"], rtol=1e-7)


def test_noise_is_remembered_only_for_the_law_dates_and_spots_it_was_drawn_with():
    paths = MODEL.simulate(UNEVEN, Chunk(1, 0, 200).stream())
    known = MODEL.moves(paths).noise
    assert known is paths.memo.noise
    for other in (
        lg.Paths(paths.times, paths.spot),
        lg.Paths(paths.times, paths.spot.copy(), memo=paths.memo),
        lg.Paths(paths.times.copy(), paths.spot, memo=paths.memo),
    ):
        again = MODEL.moves(other).noise
        assert again is not known
        np.testing.assert_allclose(again, known, atol=1e-14)
    moved = lg.GBM(spot=93.0, volatility=0.3, rate=0.043, dividend_yield=0.017)
    assert moved.moves(paths).noise is not known
