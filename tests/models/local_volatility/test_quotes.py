"""Vega by strike and maturity of the quotes: against fits of moved quotes and quadrature of the chain."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.models.heston.smile import black
from likelihood_greeks.models.local_volatility.construction import Construction
from tests.support.chain_quadrature import Chain
from tests.support.gates import draw

STRIKES, MATURITIES = (85.0, 93.0, 100.0, 107.0, 118.0), (0.25, 1.0)
STEPS = tuple((np.arange(1, 13) / 12).tolist())
BARRIER = lg.Barrier(lg.Call(95.0, 1.0), 85.0, "down", "out", STEPS)


def quotes(rough=0.0):
    k, t = np.log(np.array(STRIKES) / 100.0)[:, None], np.array(MATURITIES)
    bumps = rough * np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -0.5], [-1.0, 1.0], [0.5, -1.0]])
    return pd.DataFrame(0.22 - 0.12 * k / (0.5 + t) + 0.2 * k * k + bumps, STRIKES, MATURITIES)


@lru_cache
def law(rough=0.0, bump=(0.0, 0.0, 0.0)):
    size, strike, maturity = bump
    moved = quotes(rough)
    if strike:
        moved.loc[strike, maturity] += size
    else:
        moved += size
    return lg.LocalVolatility.from_implied(moved, 0.03, spot=97.0, dividend_yield=0.01, steps=STEPS)


def price(grid, alive=((85.0, np.inf),) * 12, ends=STEPS, strike=95.0):
    own = law()
    return Chain(
        grid, ends, own.spot, own.rate, own.dividend_yield, lambda s: s - strike, low=strike, alive=alive
    ).price()


def along(direction, valued, grid=None, size=1e-3):
    """The derivative of a value as the nodes of a grid move in a direction."""
    grid = grid or law().volatility
    up, down = (valued(replace(grid, volatilities=grid.volatilities + h * direction)) for h in (size, -size))
    return (up - down) / (2.0 * size)


@pytest.mark.parametrize("rough", [0.0, 0.004])
def test_nodes_follow_a_quote_as_fits_of_moved_quotes_do(rough):
    made: Construction = law(rough).fit.construction
    slopes = made.slopes(2)
    np.testing.assert_allclose(slopes.sum(axis=2), made.parallel, atol=1e-9)
    assert [(cell.strike, cell.maturity) for cell in made.cells] == [(k, t) for t in MATURITIES for k in STRIKES]
    for column, strike, maturity in ((2, 100.0, 0.25), (8, 107.0, 1.0)):
        up, down = (law(rough, (h, strike, maturity)).volatility.volatilities for h in (3e-4, -3e-4))
        exact = (up - down) / 6e-4
        assert np.linalg.norm(slopes[:, :, column] - exact) < 0.01 * np.linalg.norm(exact)
        assert np.linalg.norm(slopes[:, :, column - 1] - exact) > 0.5 * np.linalg.norm(exact)  # what would be seen


def test_scores_are_derivatives_of_the_density_in_the_shift_of_quotes_and_kernels_do_as_formulas():
    own, names = replace(law(), steps=STEPS[2::3]), ("spot", "volatility", "rate")
    paths = draw(own, np.asarray(STEPS[2::3]), n_paths=40)
    state, h = replace(paths, memo=None), 1e-4

    def density(shift, spot=97.0):
        return replace(own, volatility_shift=shift, spot=spot).log_density(state)

    first = (density(h) - density(-h)) / (2.0 * h)
    second = (density(h) - 2.0 * density(0.0) + density(-h)) / h**2
    mixed = (density(h, 97.01) - density(-h, 97.01) - density(h, 96.99) + density(-h, 96.99)) / (0.04 * h)
    for row, exact in zip(
        (own.score(paths, ["volatility"])[0], *own.hessian(state, [("volatility",) * 2, ("spot", "volatility")])),
        (first, second, mixed),
        strict=True,
    ):
        np.testing.assert_allclose(row, exact, atol=1e-4 * np.abs(exact).max())
    with formulas_only():
        drawn = draw(own, np.asarray(STEPS[2::3]), n_paths=40)
        np.testing.assert_allclose(own.score(drawn, names), own.score(paths, names), rtol=1e-9, atol=1e-9)


def test_buckets_of_pushes_are_those_of_the_nodes_through_the_construction():
    own, pushes = law(), np.random.default_rng(1).normal(size=(2, 12, 300))
    paths = draw(own, np.asarray(STEPS), n_paths=300)
    moves, every = own.moves(paths), tuple(f"volatility[{k}]" for k in range(10))
    found, whole = moves.law.by_node(every, *pushes), moves.slope("volatility", np.inf)
    np.testing.assert_allclose(found.sum(axis=0), (pushes[0] * whole.mean + pushes[1] * whole.variance).sum(axis=0))
    nodes = replace(own, fit=None)
    by_node = nodes.moves(paths).law.by_node(
        tuple(f"volatility[{k}]" for k in range(own.volatility.volatilities.size)), *pushes
    )
    np.testing.assert_allclose(found, own.fit.construction.slopes(2).reshape(len(by_node), -1).T @ by_node, atol=1e-9)
    one = moves.law.travelled_by_node(every, [pushes[0]], moves.noise)[0]
    two = moves.law.by_node(every, pushes[0], 0.5 * pushes[0] * moves.noise / moves.variance)
    np.testing.assert_allclose(one, two, atol=1e-9)
    scored = moves.law.scored_by_node(every, moves.noise)  # of the same pass
    fresh = own.moves(paths).law
    np.testing.assert_allclose(scored.sum(axis=0), own.score(paths, ["volatility"])[0], atol=1e-8)
    with formulas_only():
        np.testing.assert_allclose(fresh.scored_by_node(every, moves.noise), scored, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(fresh.travelled_by_node(every, [pushes[0]], moves.noise)[0], one, atol=1e-9)
    early = own.moves(draw(own, np.asarray(STEPS[:3]), n_paths=20))
    assert not early.law.by_node(every, *pushes[:, :3, :20])[5:].any()  # the later quotes


@pytest.mark.slow
def test_buckets_are_derivatives_in_quotes_and_sum_to_vega():
    own = law()
    made = own.fit.construction
    found = lg.greeks(own, BARRIER, ["vega", "volga"], paths=40_000, seed=1, buckets=["vega"])
    rows = [found[f"vega[{k}]"] for k in range(10)]
    exact = [along(made.slopes(2)[:, :, k], price) for k in range(10)]
    z = np.array([row.z_score(value) for row, value in zip(rows, exact, strict=True)])
    assert max(row.standard_error for row in rows) < 2.0
    assert np.abs(z).max() < 4.0, (z, exact)
    assert np.mean(z**2) < 2.5
    assert sum(row.value for row in rows) == pytest.approx(found["vega"].value, rel=1e-9)
    assert abs(found["vega"].z_score(along(made.parallel, price))) < 4.0
    turned = [row.z_score(value) for row, value in zip(rows, exact[::-1], strict=True)]
    assert np.abs(turned).max() > 10.0  # what would be seen
    assert found.to_frame().bucket.tolist()[2:4] == ["85 x 0.25", "93 x 0.25"]


@pytest.mark.slow
def test_the_vega_of_a_quoted_call_is_in_its_own_cell():
    own = lg.LocalVolatility.from_implied(quotes()[[0.25]], 0.03, spot=97.0, dividend_yield=0.01)
    ends, slopes, forward = tuple((np.arange(1, 25) / 96).tolist()), own.fit.construction.slopes(1), own.forward(0.25)

    def call(grid):
        return price(grid, (), ends, 93.0)

    found = np.array([along(slopes[:, :, k], call, own.volatility) for k in (0, 1, 2)])
    vega = black(np.log(93.0 / forward), quotes().loc[93.0, 0.25] * 0.5)[1] * 0.5 * forward * np.exp(-0.03 * 0.25)
    np.testing.assert_allclose(found / vega, (0.0, 1.0, 0.0), atol=0.12)
