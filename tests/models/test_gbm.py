"""The GBM law: its density and draws against formulas written out again; the rest is `test_contract`."""

import numpy as np
import pytest
from scipy import integrate, stats

from likelihood_greeks import GBM, Paths
from likelihood_greeks.parameters import TIME
from likelihood_greeks.streams.chunks import GivenNormals
from tests.support.gates import MODEL, draw

MODELS = [MODEL, GBM(spot=4468.17, volatility=0.61, rate=-0.012, dividend_yield=0.034)]


@pytest.mark.parametrize("model", MODELS)
def test_terminal_density_integrates_to_one_and_matches_the_lognormal(model):
    time = 0.73
    deviation = model.volatility * np.sqrt(time)
    law = stats.lognorm(
        deviation, scale=model.spot * np.exp((model.rate - model.dividend_yield) * time - deviation**2 / 2)
    )
    grid = law.ppf([0.001, 0.2, 0.5, 0.8, 0.999])
    np.testing.assert_allclose(model.terminal_log_density(grid, time), law.logpdf(grid), rtol=1e-12)
    np.testing.assert_allclose(model.distribution(grid, time), law.cdf(grid), rtol=1e-12)
    total, _ = integrate.quad(
        lambda x: float(np.exp(model.terminal_log_density(np.array(np.exp(x)), time) + x)),
        np.log(law.ppf(1e-14)), np.log(law.isf(1e-14)), epsabs=1e-12,
    )  # fmt: skip
    assert total == pytest.approx(1.0, abs=1e-10)


def test_path_density_integrates_to_one_over_two_dates():
    x = np.linspace(np.log(93.0) - 3.0, np.log(93.0) + 3.0, 801)
    first, second = np.meshgrid(x, x, indexing="ij")
    paths = Paths(np.array([0.3, 1.1]), np.exp(np.stack([first.ravel(), second.ravel()])))
    density = np.exp(MODEL.log_density(paths) + first.ravel() + second.ravel()).reshape(first.shape)
    assert np.trapezoid(np.trapezoid(density, x, axis=1), x) == pytest.approx(1.0, abs=1e-9)


def test_log_density_does_not_depend_on_what_simulate_kept():
    paths = draw(MODEL)
    np.testing.assert_allclose(MODEL.log_density(paths), MODEL.log_density(Paths(paths.times, paths.spot)), rtol=1e-12)


def test_simulation_is_the_exact_solution_at_given_normals():
    normals = np.array([[0.3, -1.2], [0.7, 0.1]])
    paths = MODEL.simulate([0.5, 0.8], GivenNormals(normals))
    brownian = np.cumsum(normals * np.sqrt([[0.5], [0.3]]), axis=0)
    drift = 0.043 - 0.017 - 0.27**2 / 2
    np.testing.assert_allclose(
        paths.spot, 93.0 * np.exp(drift * np.array([[0.5], [0.8]]) + 0.27 * brownian), rtol=1e-13
    )


def test_discounts_and_forwards_are_exponentials():
    assert MODEL.forward(1.3) == pytest.approx(93.0 * np.exp(0.026 * 1.3), rel=1e-14)
    assert MODEL.discount(1.3) == pytest.approx(np.exp(-0.043 * 1.3), rel=1e-14)
    assert float(MODEL.discount_jet(np.asarray(1.3)).derivative(TIME)) == pytest.approx(0.043 * MODEL.discount(1.3))
