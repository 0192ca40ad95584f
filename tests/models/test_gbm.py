"""The GBM law: its density, scores and Bartlett identities."""

import numpy as np
import pytest
from scipy import integrate, stats

from likelihood_greeks import GBM, Paths
from likelihood_greeks.models.adaptor import Adapted
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.streams.chunks import Chunk, GivenNormals
from tests.support.gates import MODEL, UNEVEN, draw

MODELS = [MODEL, GBM(spot=4468.17, volatility=0.61, rate=-0.012, dividend_yield=0.034)]
NAMES = coordinates(MODEL)
PAIRS = [(a, b) for i, a in enumerate(NAMES) for b in NAMES[i:]]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", NAMES)
def test_score_is_the_derivative_of_log_density(model, name):
    paths = draw(model, n_paths=200)
    score = model.score(paths, [name])[0]
    expected = Adapted(model).differentiate(paths, (name,))
    np.testing.assert_allclose(score, expected, rtol=1e-6, atol=1e-6 * score.std())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("pair", PAIRS)
def test_hessian_is_the_second_derivative_of_log_density(model, pair):
    paths = draw(model, n_paths=200)
    hessian = model.hessian(paths, [pair])[0]
    expected = Adapted(model).differentiate(paths, pair)
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-6 * np.abs(hessian).max())
    np.testing.assert_array_equal(hessian, model.hessian(paths, [pair[::-1]])[0])


@pytest.mark.parametrize("model", MODELS)
def test_scores_have_mean_zero_and_the_second_bartlett_identity_holds(model):
    paths = draw(model, n_paths=400_000, seed=11)
    scores, hessian = model.score(paths, NAMES), model.hessian(paths, PAIRS)
    products = np.stack([scores[NAMES.index(a)] * scores[NAMES.index(b)] for a, b in PAIRS])
    for rows in (scores, products + hessian):
        z = rows.mean(axis=1) / (rows.std(axis=1) / np.sqrt(rows.shape[1]))
        assert np.abs(z).max() < 4.0
    without_hessian = products.mean(axis=1) / (products.std(axis=1) / np.sqrt(products.shape[1]))
    assert np.abs(without_hessian).max() > 50.0  # negative control: a weight with its second term missing


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


def test_discount_and_forward_jets_are_the_derivatives_of_their_values():
    numeric, times = Adapted(MODEL), np.array([0.4, 1.3])
    for exact, differenced in (
        (MODEL.discount_jet(times), numeric.discount_jet(times)),
        (MODEL.forward_jet(times), numeric.forward_jet(times)),
    ):
        np.testing.assert_allclose(exact.value, differenced.value, rtol=1e-14)
        np.testing.assert_allclose(exact.gradient, differenced.gradient, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(exact.hessian, differenced.hessian, rtol=1e-4, atol=1e-5)
    assert MODEL.forward(1.3) == pytest.approx(93.0 * np.exp(0.026 * 1.3), rel=1e-14)
    assert float(MODEL.discount_jet(np.asarray(1.3)).derivative(TIME)) == pytest.approx(0.043 * MODEL.discount(1.3))


def test_unknown_coordinates_are_refused():
    paths = draw(MODEL, n_paths=3)
    with pytest.raises(ValueError, match="'skew'"):
        MODEL.score(paths, ["skew"])
    with pytest.raises(ValueError, match="skew"):
        MODEL.hessian(paths, [("skew", "spot")])


def test_streams_with_the_same_seed_give_the_same_paths():
    a, b, other = (MODEL.simulate(UNEVEN, Chunk(5, k, 16).stream()).spot for k in (2, 2, 3))
    np.testing.assert_array_equal(a, b)
    assert not np.any(a == other)
