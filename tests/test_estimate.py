"""Moments and estimates: merging, intervals, and when an error is called unreliable."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from likelihood_greeks.estimate import Estimate, Moments, doubt, rarity
from likelihood_greeks.scouted import CERTAIN, Scouted


def test_merged_moments_are_the_moments_of_all_samples():
    rng = np.random.default_rng(3)
    samples = rng.exponential(size=(4, 1000)) ** 2 + 1e3
    parts = [Moments.of(samples[:, a:b]) for a, b in [(0, 1), (1, 130), (130, 600), (600, 1000)]]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    whole = Moments.of(samples)
    for field in ("mean", "m2", "m3", "m4"):
        np.testing.assert_allclose(getattr(merged, field), getattr(whole, field), rtol=1e-9)
    np.testing.assert_allclose(whole.variance, samples.var(axis=1, ddof=1), rtol=1e-9)
    kurtosis = stats.kurtosis(samples, axis=1, fisher=False)
    np.testing.assert_allclose(whole.carriers, 1000 / kurtosis, rtol=1e-6)


def test_interval_is_wider_for_few_samples():
    few = Estimate(1.0, 0.1, n_paths=16_000, samples=16)
    many = Estimate(1.0, 0.1, n_paths=16_000, samples=16_000)
    assert many.high - 1.0 == pytest.approx(0.196, rel=1e-3)
    assert few.high - 1.0 == pytest.approx(0.1 * stats.t.ppf(0.975, 15))
    assert few.low == pytest.approx(2.0 - few.high)


def test_rare_hits_and_constants_are_doubted():
    hits = np.zeros((1, 100_000))
    hits[0, :20] = 7.0
    assert "about 20 samples carry the variance" in doubt(Moments.of(hits), 0)
    hits[0, :24] = 7.0  # of 25
    assert "(needs 25, 1.1 times the paths)" in doubt(Moments.of(hits), 0)
    hits[0, :60] = 7.0
    assert doubt(Moments.of(hits), 0) == ""
    assert "about 60 of 100000 samples decide the payoff" in rarity(Moments.of(hits), 0)
    hits[0, :150] = 7.0
    assert rarity(Moments.of(hits), 0) == ""
    assert "no variation" in doubt(Moments.of(np.full((1, 500), 3.0)), 0)
    assert doubt(Moments.of(np.array([[1.0, np.nan]])), 0) == "not finite"
    assert doubt(Moments.of(np.random.default_rng(1).standard_normal((1, 500))), 0) == ""


def test_rounding_that_few_samples_carry_is_not_doubted_where_nothing_else_varies():
    rounded = np.ones((1, 4096))
    rounded[0, :3] += 1e-13
    known = replace(Scouted.nothing((1,)), rounding=np.array([1e-14]))
    certain = replace(known, carriers=np.array([CERTAIN]))
    assert doubt(Moments.of(rounded).knowing(certain), 0) == ""
    assert "samples carry the variance" in doubt(Moments.of(rounded).knowing(known), 0)
    rounded[0, :3] += 1e-6
    assert "samples carry the variance" in doubt(Moments.of(rounded).knowing(certain), 0)
