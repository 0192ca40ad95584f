"""Vega of several local volatilities by node: against products of chains, Margrabe by time, and sums."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from tests.support.chain_quadrature import Chain
from tests.support.surfaces import smooth_skew

STEPS = (0.25, 0.5, 0.75, 1.0)
GRID = lg.LocalVolatilityGrid.of(smooth_skew, (0.0, 0.5), (80.0, 100.0, 125.0))
A = lg.LocalVolatility(spot=97.0, volatility=GRID, rate=0.03, dividend_yield=0.01, steps=STEPS)
B = replace(A, spot=104.0, dividend_yield=0.02)


def moved(node, size):
    values = GRID.volatilities.copy()
    values.flat[node] += size
    return lg.LocalVolatilityGrid(GRID.times, GRID.spots, values)


def digital(grid):
    return Chain(grid, STEPS, A.spot, 0.03, 0.01, np.ones_like, low=95.0).price()


@pytest.mark.slow
def test_of_independent_assets_they_are_those_of_products_of_chains():
    def payoff(spot):
        return (spot[0, -1] > 95.0) * np.maximum(spot[1, -1] - 100.0, 0.0)

    law = lg.CorrelatedLocalVolatility({"A": A, "B": B}, {("A", "B"): 0.0})
    found = lg.greeks(law, lg.Payoff(payoff, STEPS), [], paths=8192, seed=5, buckets=["vega"])
    call = Chain(GRID, STEPS, B.spot, 0.03, 0.02, lambda s: s - 100.0, low=100.0).price() * np.exp(0.03)
    slopes = [(digital(moved(k, 1e-3)) - digital(moved(k, -1e-3))) / 2e-3 for k in range(6)]
    rows = [found[f"vega[A][{k}]"] for k in range(6)]
    z = [row.z_score(slope * call) for row, slope in zip(rows, slopes, strict=True)]
    assert max(row.standard_error for row in rows) < 0.5
    assert np.abs(z).max() < 4.0, z
    turned = [row.z_score(slope * call) for row, slope in zip(rows, slopes[::-1], strict=True)]
    assert np.abs(turned).max() > 8.0  # what would be seen
    for asset in "AB":
        parts = [found[name].value for name in found if name.startswith(f"vega[{asset}][")]
        assert sum(parts) == pytest.approx(found[f"vega[{asset}]"].value, rel=1e-9)


@pytest.mark.slow
def test_by_time_those_of_an_exchange_are_margrabes():
    flat = {"A": 0.2, "B": 0.3}
    grids = {
        name: lg.LocalVolatilityGrid((0.0, 0.5), (80.0, 125.0), np.full((2, 2), level), constant=True)
        for name, level in flat.items()
    }
    members = {"A": replace(A, volatility=grids["A"]), "B": replace(B, volatility=grids["B"])}
    law = lg.CorrelatedLocalVolatility(members, {("A", "B"): 0.6})
    exchange = lg.Payoff(lambda spot: np.maximum(spot[0, -1] - spot[1, -1], 0.0), (1.0,))
    found = lg.greeks(law, exchange, [], paths=4096, seed=5, buckets=["vega"])
    variance = 0.2**2 + 0.3**2 - 2.0 * 0.6 * 0.2 * 0.3
    x, y, root = 97.0 * np.exp(-0.01), 104.0 * np.exp(-0.02), np.sqrt(variance)
    pace = x * np.exp(-0.5 * (np.log(x / y) / root + 0.5 * root) ** 2) / np.sqrt(2.0 * np.pi) / root
    for asset, other in ("AB", "BA"):
        half = 0.5 * pace * (flat[asset] - 0.6 * flat[other])  # of each half of the year
        for row in (0, 1):
            parts = [found[f"vega[{asset}][{2 * row + k}]"] for k in (0, 1)]
            error = sum(part.standard_error for part in parts)
            assert 0.0 < error < 1.0
            assert abs(sum(part.value for part in parts) - half) < 4.0 * error
            alone = 0.5 * pace * flat[asset]  # as if they were not correlated: what would be seen
            assert abs(sum(part.value for part in parts) - alone) > 8.0 * error
    frame = found.to_frame()
    assert frame[frame["asset"] == "B"]["bucket"].tolist() == ["", "80 x 0", "125 x 0", "80 x 0.5", "125 x 0.5"]


def test_members_without_a_grid_have_no_buckets():
    law = lg.CorrelatedLocalVolatility({"A": A, "B": replace(B, volatility=smooth_skew)}, {("A", "B"): 0.6})
    exchange = lg.Payoff(lambda spot: np.maximum(spot[0, -1] - spot[1, -1], 0.0), (1.0,))
    for greek, what in (("vega[B]", r"volatility\[B\]"), ("rho", "rate")):
        with pytest.raises(ValueError, match=f"of a grid of local volatilities: vega; {what} has no nodes"):
            lg.greeks(law, exchange, [], paths=64, buckets=[greek])
