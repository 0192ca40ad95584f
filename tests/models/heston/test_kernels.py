"""Heston's kernels and tables: the same numbers as the readable formulas, and the same laws."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only, kernels
from likelihood_greeks.models.heston.bessel import bessel
from likelihood_greeks.models.heston.bessel_table import LOWEST_ORDER, ROWS, BesselRows
from likelihood_greeks.models.heston.gamma_quantile import log_gammas
from likelihood_greeks.models.heston.transport import inverse_gaussian_shape, mills_table
from likelihood_greeks.models.heston.variance import SquareRoot
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.parameters import coordinates
from tests.support.gates import draw
from tests.support.heston_reference import BK1, DESK, FV1, FV5

MODELS = {"desk": DESK, "BK1": BK1, "FV1": FV1, "FV5": FV5}
UNEVEN = (0.1, 0.25, 0.9)  # the last interval has sub-steps
WAYS = {"compiled": nullcontext, "formulas": formulas_only}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)

# Rows of `ROWS` by (order, argument): mpmath.besseli with 60 digits, derivatives in the order by central differences of
# 1e-15 (curvature and slope by Bessel's equation, exact at that precision).
EXACT = {
    (-0.92, 0.001): (
        6.2499819155636e-6, 1.2499927662363e-5, 2.4999710650104e-5,
        12.952760275619, -7.8124531144947e-5, -0.00015624812458402,
    ),
    (-0.92, 0.7): (
        1.3055251260906, 1.1877703771528, 0.064169351162955,
        5.192511834141, -6.3161671037363, 2.2590319859733,
    ),
    (-0.92, 30.0): (
        30.430287212157, 29.989348656022, 30.011415710597,
        -2.6768582319812, -1.031732034414, 0.032842898765475,
    ),
    (-0.92, 2e5): (
        200000.42000149, 199999.99999851, 200000.00000149,
        -11.512920864959, -1.000004600023, 4.6000460004146e-6,
    ),
    (-0.5, 0.001): (
        9.999996666668e-7, 1.9999986666675e-6, 3.9999946666715e-6,
        1.9635090260218, -1.9999984444454e-6, -3.9999937777834e-6,
    ),
    (-0.5, 0.7): (
        0.42305744398201, 0.73407984307342, 1.0929639588947,
        1.5514669512705, -0.69389692105886, -0.95289529340259,
    ),
    (-0.5, 30.0): (
        30.0, 30.0, 30.0,
        -2.6910960007074, -1.0172520236888, 0.017869397639035,
    ),
    (-0.5, 2e5): (
        200000.0, 200000.0, 200000.0,
        -11.512922964964, -1.0000025000125, 2.5000250002813e-6,
    ),
    (0.3, 0.001): (
        3.8461535245691e-7, 7.6923064059688e-7, 1.538461023926e-6,
        0.16919074093782, -2.9585792470917e-7, -5.9171572250532e-7,
    ),
    (0.3, 0.7): (
        0.18115647338956, 0.34848844811532, 0.64464505457566,
        0.10030347615674, -0.13097775802124, -0.23627135449518,
    ),
    (0.3, 30.0): (
        29.197239539773, 30.002859533272, 29.996930937853,
        -2.7182230503766, -0.98964776245567, -0.01072486123524,
    ),
    (0.3, 2e5): (
        199999.1999996, 200000.0000004, 199999.9999996,
        -11.512926964974, -0.9999984999925, -1.5000150001778e-6,
    ),
    (4.0, 0.001): (
        9.9999999166667e-8, 1.9999999666667e-7, 3.9999998666667e-7,
        -1.5061176784318, -1.9999999527778e-8, -3.9999998111111e-8,
    ),
    (4.0, 0.7): (
        0.048801306260047, 0.097207982426938, 0.19284838754182,
        -1.5109895339004, -0.0096878797109868, -0.019154012462626,
    ),
    (4.0, 30.0): (
        25.770410648772, 29.722649803492, 30.289019560794,
        -2.8432558157855, -0.86330668600712, -0.13883218101936,
    ),
    (4.0, 2e5): (
        199995.50003938, 199999.99996062, 200000.00003938,
        -11.51294546502, -0.9999799999, -2.0000199990437e-5,
    ),
    (60.0, 0.001): (
        8.1967213109336e-9, 1.6393442620784e-8, 3.2786885237232e-8,
        -4.1026547481174, -1.3437248048949e-10, -2.6874496092597e-10,
    ),
    (60.0, 0.7): (
        0.0040162633588491, 0.0080322665667354, 0.016063492595953,
        -4.1026876677172, -6.5836152553252e-5, -0.00013165958065364,
    ),
    (60.0, 30.0): (
        6.983151679582, 13.25739107011, 23.956326150629,
        -4.1583602548369, -0.10294097165936, -0.17568192175867,
    ),
    (60.0, 2e5): (
        199939.50899942, 199999.99100054, 200000.00899955,
        -11.513225465716, -0.99969999851349, -0.00030000295953549,
    ),
}  # fmt: skip


@each_way
@pytest.mark.parametrize(("nu", "z"), EXACT)
def test_bessel_rows_are_those_of_high_precision(nu, z, way):
    with way():
        rows = BesselRows(nu, lambda: np.array([z]))
        found = [getattr(rows, name)[0] for name in ROWS]
    # the formula's curvature and derivatives of the slope are differences of numbers of the size of z nu and nu**2
    size = np.array([0.0, 0.0, 1e-12 * max(z, 1.0), 0.0, 0.0, 1e-13 * max(nu, 1.0) ** 2])
    assert np.all(np.abs(np.array(found) - EXACT[nu, z]) <= 3e-11 * np.abs(EXACT[nu, z]) + size)


@pytest.mark.parametrize("nu", [-0.99, -0.92, -0.5, 0.3, 4.0, 60.0, 1e4])
def test_bessel_tables_are_the_formula(nu):
    z = np.concatenate([[0.0], np.geomspace(1e-9, 1e6, 20_000)])
    rows, exact = BesselRows(nu, lambda: z), bessel(nu, z)
    # of the formula's own rounding too, which grows with the order
    for name, rtol, atol in (
        ("excess", 1e-11, 0.0), ("slope", 1e-10, 0.0), ("curvature", 3e-10, 1e-9 * (nu + 1.0)),
        ("log_order", 1e-10, 1e-10), ("excess_order", 1e-10, 2e-10), ("slope_order", 1e-10, 2e-9),
    ):  # fmt: skip
        np.testing.assert_allclose(getattr(rows, name), getattr(exact, name), rtol=rtol, atol=atol, err_msg=name)


def test_a_table_of_another_order_would_be_seen():
    z = np.geomspace(0.1, 10.0, 50)
    assert np.abs(BesselRows(0.3, lambda: z).excess / bessel(0.3 + 1e-9, z).excess - 1.0).max() > 1e-10


def test_orders_without_a_table_go_by_the_formula():
    nu, z = LOWEST_ORDER - 1e-3, np.geomspace(1e-3, 10.0, 20)
    np.testing.assert_array_equal(BesselRows(nu, lambda: z).slope, bessel(nu, z, order=False).slope)


@each_way
@pytest.mark.parametrize("shape", [0.02, 0.3, 1.0, 7.5, 400.0])
def test_gammas_by_inversion_have_the_levels_of_their_normals(shape, way):
    normals = np.linspace(-7.0, 7.0, 501)
    with way():
        found = log_gammas(shape, normals)
    exact = stats.gamma(shape)
    middle = found > -600.0
    for level, function in ((special.log_ndtr(normals), exact.logcdf), (special.log_ndtr(-normals), exact.logsf)):
        rounding = 1e-10 + 1e-10 * np.abs(level[middle])  # of 1e-11 of the logarithm of a gamma
        assert np.all(np.abs(function(np.exp(found[middle])) - level[middle]) <= rounding)
    tiny = found < -60.0
    np.testing.assert_allclose(
        shape * found[tiny] - special.gammaln(shape + 1.0), special.log_ndtr(normals)[tiny], rtol=1e-10
    )
    assert np.all(np.diff(found) > 0.0)


def test_mills_ratio_is_tabulated():
    b = np.concatenate([[1e-12], np.geomspace(1e-3, 1e8, 5000)])
    small, table = 1.0 / (1.0 + b), mills_table()
    place = small * len(table)
    cell = np.minimum(place.astype(int), len(table) - 1)
    found = small * sum(table[cell, k] * (place - cell) ** k for k in range(table.shape[1]))
    np.testing.assert_allclose(found, special.erfcx(b * np.sqrt(0.5)) * np.sqrt(0.5 * np.pi), rtol=2e-13)
    assert np.isfinite(inverse_gaussian_shape(np.ones(1), np.ones(1))).all()


# -- the same numbers --------------------------------------------------------------------------------------------


@each_model
def test_draws_are_the_same_with_kernels_and_without(model):
    compiled = draw(model, UNEVEN, n_paths=500, seed=4)
    with formulas_only():
        plain = draw(model, UNEVEN, n_paths=500, seed=4)
    for name, rows in plain.latent.items():  # a gamma's table is exact to 1e-11 over its shape
        np.testing.assert_allclose(compiled.latent[name], rows, rtol=1e-9, atol=1e-8 if name == "log_gamma" else 0.0)


@each_model
@pytest.mark.parametrize("rate", [0.0, 4.0, LIKELIHOOD_RATIO], ids=str)
def test_weights_are_the_same_with_kernels_and_without(model, rate):
    paths = draw(model, UNEVEN, n_paths=300, seed=5)
    needed = [(name,) for name in coordinates(model)] + [("spot", "spot"), ("spot", "initial_variance")]
    bare = replace(paths, memo=None)
    found = model.moves(paths).weights(needed, rate)
    with formulas_only():
        exact = model.moves(bare).weights(needed, rate)
    for name, row in exact.items():
        np.testing.assert_allclose(found[name], row, rtol=1e-8, atol=1e-9 * row.std(), err_msg=str(name))


@pytest.mark.slow
@pytest.mark.parametrize(("controls", "near"), [("none", 1e-4), ("auto", 0.2)])  # a close choice of controls may flip
def test_estimates_are_the_same_with_kernels_and_without(controls, near):
    model = replace(FV1, dividend_yield=0.013)
    payoff = lg.Barrier(lg.Call(strike=101.0, maturity=0.9), level=84.0, direction="down", knock="out", times=UNEVEN)
    wanted = ["delta", "vega", "vol_of_vol", "theta"]
    found = lg.greeks(model, payoff, wanted, paths=6000, seed=8, controls=controls)
    with formulas_only():
        exact = lg.greeks(model, payoff, wanted, paths=6000, seed=8, controls=controls)
    for name in ("price", *wanted):
        error = exact[name].standard_error
        assert found[name].value == pytest.approx(exact[name].value, rel=1e-7, abs=near * error), name
        assert found[name].standard_error == pytest.approx(error, rel=max(1e-4, near)), name


def test_a_kernel_without_a_part_would_be_seen(monkeypatch):
    right = kernels("heston.flow").motions
    monkeypatch.setattr(kernels("heston.flow"), "motions", lambda *a: right(*a[:6], 0.999 * a[6], a[7]))
    with pytest.raises(AssertionError):
        test_weights_are_the_same_with_kernels_and_without(DESK, 4.0)


# -- the same laws -----------------------------------------------------------------------------------------------


class Methods:
    """A source of numbers that is no generator, but has its methods."""

    def __init__(self, seed):
        self.source = np.random.default_rng(seed)

    def standard_normal(self, size):
        return self.source.standard_normal(size)

    def standard_gamma(self, shape, size=None):
        return self.source.standard_gamma(shape, size)

    def poisson(self, mean, size=None):
        return self.source.poisson(mean, size)

    def random(self, size):
        return self.source.random(size)


@each_model
def test_anything_with_a_generators_methods_draws_the_same(model):
    law, steps = SquareRoot(model.mean_reversion, model.long_run_variance, model.vol_of_vol), np.array([0.1, 0.3])
    path, log_gamma = law.draw(0.05, steps, 300, np.random.default_rng(6))
    same, gammas = law.draw(0.05, steps, 300, Methods(6))
    np.testing.assert_allclose(same, path, rtol=1e-12)
    np.testing.assert_allclose(gammas, log_gamma, rtol=1e-12)


@each_way
@pytest.mark.parametrize("degrees", [0.08, 1.3, 1.6, 9.0])
def test_variances_have_their_law_with_kernels_and_without(degrees, way):
    kappa, xi, step = 1.3, 0.6, 0.4
    law = SquareRoot(kappa, 0.25 * degrees * xi**2 / kappa, xi)
    with way():
        path, log_gamma = law.draw(0.05, np.array([step]), 10_000, np.random.default_rng(11))
    scale = float(law.scale(np.array(step)))
    exact = stats.ncx2(degrees, 0.05 * np.exp(-kappa * step) / scale, scale=scale)
    assert stats.kstest(path[1], exact.cdf).pvalue > 1e-3
    assert stats.kstest(log_gamma[0] * law.gamma_shape, lambda x: stats.gamma(law.gamma_shape).cdf(
        np.exp(x / law.gamma_shape))).pvalue > 1e-3  # fmt: skip
    assert stats.kstest(path[1], stats.ncx2(1.05 * degrees, 0.056 / scale, scale=scale).cdf).pvalue < 1e-3
