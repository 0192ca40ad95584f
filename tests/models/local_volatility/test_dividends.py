"""Cash dividends under a local volatility: the law of a constant one, those that are cut, forwards and refusals."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.models.adaptor import moved
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.streams.chunks import GivenNormals
from tests.support.gates import assert_estimates, draw
from tests.support.surfaces import smooth_skew

DIVIDENDS = ((0.2, 3.0), (0.55, 2.0), (1.5, 4.0))
TIMES = (0.1, 0.4, 0.55, 1.1)
GBM = lg.GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017, dividends=DIVIDENDS)
FLAT = lg.LocalVolatility(
    spot=93.0, volatility=lambda time, spot: np.full(np.shape(spot), 0.27), rate=0.043, dividend_yield=0.017,
    dividends=DIVIDENDS, steps=TIMES,
)  # fmt: skip
NAMES = ("spot", "volatility", "rate", "dividend_yield", "time")


def test_a_constant_volatility_is_black_scholes_with_dividends():
    normals = np.random.default_rng(3).standard_normal((5, 500))
    own, other = (law.simulate(TIMES, GivenNormals(normals)) for law in (FLAT, GBM))
    np.testing.assert_allclose(own.spot, other.spot, rtol=1e-12)
    np.testing.assert_allclose(FLAT.log_density(own), GBM.log_density(other), rtol=1e-12)
    for kept, alike in ((own, other), (replace(own, memo=None), replace(other, memo=None))):
        np.testing.assert_allclose(FLAT.score(kept, NAMES), GBM.score(alike, NAMES), rtol=1e-9, atol=1e-9)
    pairs = [("spot", "spot"), ("spot", "volatility"), ("volatility", "volatility"), ("spot", "time")]
    np.testing.assert_allclose(FLAT.hessian(own, pairs), GBM.hessian(other, pairs), rtol=1e-8, atol=1e-8)


def test_the_grid_walks_as_its_function_does():
    grid = lg.LocalVolatilityGrid.of(smooth_skew, (0.0, 1.0), 97.0 * np.exp(np.linspace(-1.0, 1.0, 9)))
    law = lg.LocalVolatility(spot=97.0, volatility=grid, dividends=DIVIDENDS, steps=20)
    read = lg.LocalVolatility(
        spot=97.0,
        volatility=lambda time, spot: grid.levels(time, np.log(spot))[0],
        dividends=DIVIDENDS,
        steps=20,
    )
    normals = np.random.default_rng(3).standard_normal((len(law.chain(TIMES).times), 100))
    one, other = (each.simulate(TIMES, GivenNormals(normals)).spot for each in (law, read))
    np.testing.assert_allclose(one, other, rtol=1e-10)
    with_none = replace(law, dividends=()).simulate(TIMES, GivenNormals(normals[: len(law.chain(TIMES).times)]))
    assert np.abs(one[-1] / with_none.spot[-1] - 1.0).max() > 0.03  # what would be seen


def test_a_dividend_that_is_cut_leaves_a_law_with_its_own_scores():
    law = replace(FLAT, dividends=((0.3, 80.0),))
    paths = draw(law, TIMES, n_paths=400)
    fallen = np.exp(law.dynamics(law.chain(TIMES)).falls.ends(paths.latent["log_state"])[1]) < 80.0 / 0.9
    assert 0.1 < fallen.mean() < 0.9
    assert paths.spot.min() > 1.0
    steps = {"spot": 0.1, "volatility": 1e-3, "rate": 1e-3}
    for name, own in zip(steps, law.score(paths, list(steps)), strict=True):
        found = five_point(lambda shifts: moved(law, shifts).log_density(paths), (name,), steps)
        np.testing.assert_allclose(own, found, rtol=1e-6, atol=1e-6 * np.abs(own).max())


@pytest.mark.slow
def test_greeks_of_a_barrier_are_those_of_black_scholes():
    barrier = lg.Barrier(lg.Call(95.0, 1.1), 80.0, "down", "out", TIMES)
    exact = lg.greeks(GBM, barrier, ["delta", "vega", "gamma"], paths=200_000, seed=2)
    found = lg.greeks(FLAT, barrier, ["delta", "vega", "gamma"], paths=32_768, seed=1)
    for name, size in (("price", 0.1), ("delta", 4e-3), ("vega", 1.0), ("gamma", 9e-4)):
        assert exact[name].standard_error < 0.4 * size
        assert_estimates(found[name], exact[name].value, size)


def test_forwards_end_before_the_first_dividend():
    assert FLAT.forward(0.1) == pytest.approx(93.0 * np.exp(0.026 * 0.1))
    assert FLAT.forward_jet(np.array([0.1, 0.3])) is None
    with pytest.raises(ValueError, match="time must be before the first ex-date for a forward, got"):
        FLAT.forward(0.3)


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ValueError, match="dividends must have increasing ex-dates"):
        replace(FLAT, dividends=((0.5, 1.0), (0.2, 1.0)))
    with pytest.raises(ValueError, match="dividends must be pairs"):
        replace(FLAT, dividends=(0.5, 1.0))
    with pytest.raises(ValueError, match=r"dividends\[1\] amount must be below the forward of its ex-date, "):
        replace(FLAT, dividends=((0.2, 50.0), (0.5, 45.0)))
    with pytest.raises(ValueError, match="pay no cash dividends: give a dividend yield"):
        lg.CorrelatedLocalVolatility({"A": FLAT, "B": FLAT}, correlation={("A", "B"): 0.5})
    with pytest.raises(ValueError, match="elapsed"):
        FLAT.later(0.3)
