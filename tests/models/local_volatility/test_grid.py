"""Local volatilities on a grid: interpolation, kernels beside formulas, and what is refused."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME
from tests.support.gates import draw
from tests.support.laws import GRID
from tests.support.surfaces import smooth_skew

NODES = 97.0 * np.exp(np.array([-0.8, -0.3, -0.05, 0.1, 0.16, 0.9]))
TIMES = (0.1, 0.4, 1.5)


def grid(values=None):
    rng = np.random.default_rng(3)
    return lg.LocalVolatilityGrid(TIMES, NODES, rng.uniform(0.18, 0.25, (3, 6)) if values is None else values)


def test_it_has_the_nodes_and_is_constant_beyond_them():
    known = grid()
    for time, row in zip(TIMES, known.volatilities, strict=True):
        np.testing.assert_allclose(known(time, NODES), row, rtol=1e-13)
    np.testing.assert_array_equal(known(0.0, NODES), known(0.1, NODES))
    np.testing.assert_array_equal(known(9.0, NODES), known(1.5, NODES))
    np.testing.assert_allclose(known(0.25, np.array([1.0, 1e5])), known(0.25, NODES[[0, -1]]), rtol=1e-13)
    np.testing.assert_allclose(known(0.25, NODES), 0.5 * (known.volatilities[0] + known.volatilities[1]), rtol=1e-13)


def test_it_is_a_sum_over_its_nodes():
    rng = np.random.default_rng(5)
    a, b, spot = rng.uniform(0.18, 0.25, (3, 6)), rng.uniform(0.18, 0.25, (3, 6)), rng.uniform(40.0, 240.0, 100)
    np.testing.assert_allclose(grid(a + b)(0.3, spot), grid(a)(0.3, spot) + grid(b)(0.3, spot), rtol=1e-12)


def test_slopes_and_bends_are_derivatives_and_slopes_are_continuous():
    known, x = grid(), np.log(NODES[0]) + np.linspace(-0.213, 2.0, 57)
    value, slope = known.levels(0.7, x)
    np.testing.assert_allclose(value, known(0.7, np.exp(x)), rtol=1e-13)
    differences = five_point(lambda h: known.levels(0.7, x + h["x"])[0], ("x",), {"x": 1e-5})
    np.testing.assert_allclose(slope, differences, atol=1e-8)
    around = [known.levels(0.7, np.log(NODES) + h)[1] for h in (-1e-9, 1e-9)]
    np.testing.assert_allclose(*around, atol=1e-6)
    bend = five_point(lambda h: known.levels(0.7, np.array([x[20] + h["x"]]))[1][0], ("x",), {"x": 1e-5})
    assert float(known.bends(0.7, x[20])) == pytest.approx(float(bend), rel=1e-6)


def test_a_fine_grid_of_a_function_is_the_function():
    fine = lg.LocalVolatilityGrid.of(smooth_skew, np.linspace(0.0, 1.0, 41), 97.0 * np.exp(np.linspace(-2.0, 2.0, 201)))
    spot = 97.0 * np.exp(np.linspace(-1.5, 1.5, 400))
    assert np.abs(fine(0.33, spot) - smooth_skew(0.33, spot)).max() < 1e-4


def test_kernels_give_the_numbers_of_the_formulas():
    names = [*GRID.parameters, TIME]
    pairs = [(a, b) for a in names for b in names]
    compiled = draw(GRID, n_paths=300)
    found = compiled, GRID.score(compiled, names), GRID.hessian(compiled, pairs), GRID.moves(compiled).path.carried()
    with formulas_only():
        plain = draw(GRID, n_paths=300)
        expected = plain, GRID.score(plain, names), GRID.hessian(plain, pairs), GRID.moves(plain).path.carried()
    np.testing.assert_allclose(compiled.spot, plain.spot, rtol=1e-12)
    for own, other in zip(found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.1, 0.1), NODES, np.full((2, 6), 0.2)), "times must be strictly increasing"),
        (((0.1,), NODES, np.full((2, 6), 0.2)), r"volatilities must have shape \(1, 6\)"),
        (((0.1,), NODES[:1], np.full((1, 1), 0.2)), "spots must hold at least two"),
        (((0.1,), (100.0, 100.0001, 900.0), np.full((1, 3), 0.2)), "spots must not be as near"),
        (((0.1,), NODES, np.array([[0.2, 0.2, 0.0, 0.2, 0.2, 0.2]])), "volatilities must be positive on the grid"),
        (((0.1,), NODES, np.array([[0.2, 0.2, np.nan, 0.2, 0.2, 0.2]])), "volatilities must be finite"),
        (((-0.1,), NODES, np.full((1, 6), 0.2)), r"times\[0\] must be non-negative"),
    ],
)
def test_bad_grids_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        lg.LocalVolatilityGrid(*arguments)


def test_a_shift_that_takes_it_below_zero_says_where():
    law = lg.LocalVolatility(spot=97.0, volatility=grid(), steps=10, volatility_shift=-0.2)
    with pytest.raises(ValueError, match="volatility must be positive"):
        draw(law)


def test_a_slope_beside_a_grid_is_refused():
    with pytest.raises(TypeError, match="slope must be left out of a grid"):
        lg.LocalVolatility(spot=97.0, volatility=grid(), steps=10, slope=smooth_skew)
