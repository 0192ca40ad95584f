"""Variances drawn from where they seldom are: their density is that of the draws, and how far they rise."""

import numpy as np
import pytest
from scipy import stats

from likelihood_greeks.models.heston import tilts
from likelihood_greeks.models.heston.variance import SquareRoot

STEPS = np.array([0.05, 0.1, 0.1, 0.15, 0.1])
LAWS = {"split": SquareRoot(1.5, 0.05, 0.5), "few degrees of freedom": SquareRoot(0.3, 0.04, 0.9)}
START, END, N_PATHS = 0.04, 0.25, 40_000


def log_density(law, path, lifts):
    """Log-density of a step's ends, of noncentral chi-squares of SciPy, shape (n_steps, n_paths)."""
    scale, freedom = law.scale(STEPS)[:, None], 2.0 * law.order + 2.0
    noncentrality = path[:-1] * np.exp(-law.mean_reversion * STEPS)[:, None] / scale
    lift = lifts[:, None]
    return stats.ncx2.logpdf(path[1:] / (lift * scale), freedom, lift * noncentrality) - np.log(lift * scale)


@pytest.mark.parametrize("name", LAWS)
def test_the_ratio_of_densities_is_that_of_noncentral_chi_squares(name):
    law = LAWS[name]
    ways = tilts.risen(law, START, STEPS, (0.25, 0.5))
    assert len(ways) == 2 * len(tilts.SIZES)
    path = np.array([[0.04, 0.04], [0.05, 0.02], [0.09, 0.03], [0.2, 0.06], [0.15, 0.01], [0.1, 0.05]])
    for way, found in zip(ways, tilts.log_ratios(law, STEPS, path, ways), strict=True):
        exact = (log_density(law, path, way.lifts) - log_density(law, path, np.ones(5))).sum(axis=0)
        np.testing.assert_allclose(found, exact, rtol=1e-8, atol=1e-8)
        assert np.abs(exact).max() > 0.1


@pytest.mark.parametrize("name", LAWS)
def test_weighted_draws_have_the_law(name):
    law, start = LAWS[name], np.random.default_rng(3)
    way = tilts.Tilt.until(law, STEPS, END, tilts._exponent(law, START, END, tilts.SIZES[0]))
    path, log_gamma = law.draw(START, STEPS, N_PATHS, start, way.lifts)
    weight = np.exp(-tilts.log_ratios(law, STEPS, path, [way])[0])
    decay = np.exp(-law.mean_reversion * np.cumsum(STEPS))
    mean = law.long_run_variance + (START - law.long_run_variance) * decay
    for samples, exact in ((weight, 1.0), *((weight * row / m, 1.0) for row, m in zip(path[1:], mean, strict=True))):
        error = samples.std() / np.sqrt(N_PATHS)
        assert error < 0.05
        assert abs(samples.mean() - exact) < 4.0 * error
    gamma = weight * np.exp(log_gamma)  # what is in the ends of all steps alike
    errors = gamma.std(axis=1) / np.sqrt(N_PATHS)
    assert np.abs((gamma.mean(axis=1) - law.gamma_shape) / errors).max() < 4.0
    assert abs(path[2].mean() / mean[1] - 1.0) > 0.5, "without weights they are far out"


def test_exponents_have_the_relative_entropy_that_was_asked_for():
    law, size, short = LAWS["split"], 2.0, np.full(60, 0.005)
    way = tilts.Tilt.until(law, short, END, tilts._exponent(law, START, END, size))
    path, _ = law.draw(START, short, 10_000, np.random.default_rng(1), way.lifts)
    assert tilts.log_ratios(law, short, path, [way])[0].mean() == pytest.approx(0.5 * size**2, rel=0.06)
    assert (way.lifts > 1.0).tolist() == [True] * 50 + [False] * 10


def test_no_exponent_is_more_than_a_step_bears():
    way = tilts.Tilt.until(LAWS["split"], np.full(4, 0.25), 1.0, 1e6)
    assert way.lifts.max() == pytest.approx(1.0 / (1.0 - 2.0 * tilts.MOST))
