"""Vega by node of the grid: against quadrature of the chain with one node moved, and sums."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only
from tests.support.chain_quadrature import Chain
from tests.support.gates import draw
from tests.support.surfaces import smooth_skew

STEPS = tuple((np.arange(1, 13) / 12).tolist())
GRID = lg.LocalVolatilityGrid.of(smooth_skew, (0.0, 0.5), (70.0, 90.0, 105.0, 140.0))
LAW = lg.LocalVolatility(spot=97.0, volatility=GRID, rate=0.03, dividend_yield=0.01, steps=STEPS)
BARRIER = lg.Barrier(lg.Call(95.0, 1.0), 85.0, "down", "out", STEPS)


def reference(node, size=1e-3, law=LAW):
    """The derivative of the price in one node, by quadrature."""
    prices = []
    for sign in (1.0, -1.0):
        values = law.volatility.volatilities.copy()
        values.flat[node] += sign * size
        grid = lg.LocalVolatilityGrid(law.volatility.times, law.volatility.spots, values, law.volatility.constant)
        chain = Chain(
            grid, STEPS, law.spot, law.rate, law.dividend_yield, lambda s: s - 95.0, low=95.0,
            alive=((85.0, np.inf),) * 12,
        )  # fmt: skip
        prices.append(chain.price())
    return (prices[0] - prices[1]) / (2.0 * size)


@pytest.mark.slow
@pytest.mark.parametrize(
    "law", [LAW, replace(LAW, volatility=replace(GRID, constant=True))], ids=["linear", "constant"]
)
def test_buckets_are_derivatives_in_the_nodes_and_sum_to_vega(law):
    found = lg.greeks(law, BARRIER, [], paths=20_000, seed=1, buckets=["vega"])
    rows = [found[f"vega[{k}]"] for k in range(8)]
    exact = [reference(k, law=law) for k in range(8)]
    z = [row.z_score(value) for row, value in zip(rows, exact, strict=True)]
    assert max(row.standard_error for row in rows) < 0.42
    assert np.abs(z).max() < 4.0, (z, exact)
    assert sum(row.value for row in rows) == pytest.approx(found["vega"].value, rel=1e-9)
    turned = [row.z_score(value) for row, value in zip(rows, exact[::-1], strict=True)]
    assert np.abs(turned).max() > 8.0  # what would be seen


@pytest.mark.slow
def test_they_are_named_by_time_and_spot_and_less_noisy_than_plain_ones():
    fine = lg.greeks(LAW, BARRIER, ["delta"], paths=8192, seed=1, buckets=["vega"])
    plain = lg.greeks(LAW, BARRIER, ["delta"], paths=8192, seed=1, buckets=["vega"], controls="none")
    frame = fine.to_frame()
    assert frame[frame.bucket != ""].bucket.tolist()[:5] == ["70 x 0", "90 x 0", "105 x 0", "140 x 0", "70 x 0.5"]
    for k in (1, 2, 5, 6):
        assert fine[f"vega[{k}]"].standard_error < 0.5 * plain[f"vega[{k}]"].standard_error


def test_kernels_split_as_the_formulas_do():
    names = tuple(f"volatility[{k}]" for k in range(8))
    paths = draw(LAW, np.asarray(STEPS), n_paths=300)
    pushes = np.random.default_rng(1).normal(size=(2, 12, 300))
    found = LAW.moves(paths).law.by_node(names, *pushes)
    slope = LAW.moves(paths).slope("volatility", np.inf)
    np.testing.assert_allclose(found.sum(axis=0), (pushes[0] * slope.mean + pushes[1] * slope.variance).sum(axis=0))
    with formulas_only():
        np.testing.assert_allclose(LAW.moves(paths).law.by_node(names, *pushes), found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("law", "greek"), [(LAW, "rho"), (replace(LAW, volatility=smooth_skew), "vega")])
def test_what_has_no_nodes_has_no_buckets(law, greek):
    with pytest.raises(ValueError, match="buckets must hold Greeks of curves"):
        lg.greeks(law, BARRIER, [], paths=64, buckets=[greek])
