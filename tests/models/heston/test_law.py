"""The Heston law, layer by layer: Bessel functions, variance, integrated variance, spot."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from likelihood_greeks import Heston
from likelihood_greeks.models.heston.bessel import HIGH_ORDER, bessel
from likelihood_greeks.models.heston.integrated_variance import IntegratedVariance, hyperbolic
from likelihood_greeks.models.heston.variance import SquareRoot
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME, coordinates, resolve, standard
from likelihood_greeks.streams.chunks import Chunk, GivenNormals
from tests.support.gates import draw
from tests.support.heston_reference import BK1, DESK, FV1, FV5, conditional_spot, scores_beneath

MODELS = {"desk": DESK, "BK1": BK1, "FV1": FV1, "FV5": FV5}
NAMES = coordinates(DESK)
PAIRS = [(a, b) for i, a in enumerate(NAMES) for b in NAMES[i:]]
UNEVEN = (0.13, 0.4, 1.1)
ORDERS = [-0.96, -0.4, 0.78, 7.3, 19.9, 20.1, 90.0]

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


# -- Bessel functions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nu", ORDERS)
def test_bessel_logarithm_and_ratio_are_scipys(nu):
    z = np.geomspace(0.5 if nu < HIGH_ORDER else 0.1 * nu, 5000.0 + 8.0 * nu**2, 400)
    terms, value = bessel(nu, z), special.ive(nu, z)
    np.testing.assert_allclose(terms.log, np.log(value) - nu * np.log(0.5 * z), rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(terms.excess, z * special.ive(nu + 1.0, z) / value, rtol=1e-11)


@pytest.mark.parametrize("nu", ORDERS)
def test_bessel_derivatives_are_differences_of_values(nu):
    log_z = np.linspace(np.log(1e-3), np.log(200.0 + 8.0 * nu**2), 300)
    terms = bessel(nu, np.exp(log_z))

    def moved(name):
        def at(shift):
            return getattr(bessel(nu + shift.get("nu", 0.0), np.exp(log_z + shift.get("z", 0.0))), name)

        return at

    h = {"nu": 1e-3 * (nu + 1.0), "z": 1e-3}
    for name, variable, exact in (
        ("log", "nu", terms.log_order), ("excess", "nu", terms.excess_order), ("slope", "nu", terms.slope_order),
        ("excess", "z", terms.slope), ("slope", "z", terms.curvature), ("log", "z", terms.excess - np.exp(log_z)),
    ):  # fmt: skip
        differenced = five_point(moved(name), (variable,), h)
        rounding = 1e-15 * (np.exp(2.0 * log_z) + np.abs(getattr(terms, name))) / h[variable]
        assert np.all(np.abs(differenced - exact) <= 1e-6 * np.abs(exact) + rounding), (name, variable)


@pytest.mark.parametrize("nu", [-0.96, 0.78, 50.0])
def test_bessel_is_exact_at_the_ends(nu):
    tiny = bessel(nu, np.array([0.0, 1e-200, 1e-30]))
    np.testing.assert_allclose(tiny.log, -special.gammaln(nu + 1.0), rtol=1e-14)
    np.testing.assert_allclose(tiny.log_order, -special.digamma(nu + 1.0), rtol=1e-12)
    np.testing.assert_allclose(tiny.excess[2], 0.5e-60 / (nu + 1.0), rtol=1e-12)
    z = 1e7
    huge = bessel(nu, np.array([z]))
    assert huge.excess[0] + nu == pytest.approx(z - 0.5 + (nu**2 / 2.0 - 0.125) / z, rel=1e-14)
    assert huge.slope[0] == pytest.approx(z - (nu**2 / 2.0 - 0.125) / z, rel=1e-14)  # h - h**2 would leave two digits


def test_orders_that_are_no_laws_are_refused():
    with pytest.raises(ValueError, match=r"nu must be above -1, got -1\.0"):
        bessel(-1.0, np.ones(2))


# -- the variance --------------------------------------------------------------------------------------------------


@each_model
def test_variance_is_noncentral_chi_square_however_many_steps_lead_there(model):
    times = (0.1, 0.5, 1.0)
    variance = draw(model, times, n_paths=4000, seed=3).latent["variance"][-1]
    kappa, xi = model.mean_reversion, model.vol_of_vol
    scale = xi**2 * (1.0 - np.exp(-kappa)) / (4.0 * kappa)
    degrees = 4.0 * kappa * model.long_run_variance / xi**2
    law = stats.ncx2(degrees, model.initial_variance * np.exp(-kappa) / scale, scale=scale)
    assert stats.kstest(variance, law.cdf).pvalue > 1e-3
    wrong = stats.ncx2(1.15 * degrees, model.initial_variance * np.exp(-kappa) / scale, scale=scale)
    assert stats.kstest(variance, wrong.cdf).pvalue < 1e-3


@each_model
def test_variance_density_is_scipys(model):
    law = SquareRoot(model.mean_reversion, model.long_run_variance, model.vol_of_vol)
    start, end = np.meshgrid([1e-3, 0.04, 0.3], [1e-3, 0.02, 0.25])
    step = np.array([0.2])
    transitions = law.transitions(np.stack([start.ravel(), end.ravel()]), step)
    scale = law.scale(step)
    law_end = stats.ncx2(2.0 * law.order + 2.0, start.ravel() * np.exp(-0.2 * law.mean_reversion) / scale, scale=scale)
    np.testing.assert_allclose(transitions.log_density()[0], law_end.logpdf(end.ravel()), rtol=1e-9)


# -- the integrated variance ---------------------------------------------------------------------------------------


def log_laplace(s, v, end, step, law):
    """As Broadie and Kaya (2006) write it, at real argument: independent of the form that the package uses."""
    kappa, xi, nu = law.mean_reversion, law.vol_of_vol, law.order

    def parts(g):
        decay = np.exp(-g * step)
        argument = np.sqrt(v * end) * 4.0 * g * np.exp(-0.5 * g * step) / (xi**2 * (1.0 - decay))
        log_bessel = np.log(special.ive(nu, argument)) + argument
        return (
            np.log(g)
            - 0.5 * g * step
            - np.log(1.0 - decay)
            - (v + end) / xi**2 * g * (1.0 + decay) / (1.0 - decay)
            + log_bessel
        )

    return parts(np.sqrt(kappa**2 + 2.0 * xi**2 * s)) - parts(kappa)


@each_model
@pytest.mark.parametrize("step", [0.02, 0.25, 1.0])
def test_conditional_moments_of_the_integral_are_those_of_its_laplace_transform(model, step):
    law = SquareRoot(model.mean_reversion, model.long_run_variance, model.vol_of_vol)
    v, end = np.array([0.01, 0.04, 0.15]), np.array([0.03, 0.01, 0.2])
    given = IntegratedVariance.given(law.transitions(np.stack([v, end]), np.array([step])))
    h = {"s": 0.02 / float(given.mean.max())}
    h["s"] = min(h["s"], 0.1 * law.mean_reversion**2 / law.vol_of_vol**2)  # the transform exists below zero as well

    def at(shift):
        return log_laplace(shift.get("s", 0.0), v, end, step, law)

    np.testing.assert_allclose(given.mean[0], -five_point(at, ("s",), h), rtol=1e-6)
    np.testing.assert_allclose(given.variance[0], five_point(at, ("s", "s"), h), rtol=2e-3)
    coarse = np.abs(given.variance[0] / (0.5 * (v + end) * law.vol_of_vol**2 * step**3 / 12.0) - 1.0)
    assert coarse.max() > 2e-3  # a leading-order variance would not pass


def test_hyperbolic_series_and_closed_forms_are_one_function():
    (series, closed) = (np.array([0.9999999]), np.array([1.0000001]))
    for below, above in zip(hyperbolic(series), hyperbolic(closed), strict=True):
        np.testing.assert_allclose(below, above, rtol=1e-6)
    x, h = np.array([0.4, 3.0]), 1e-3
    ell, coth = hyperbolic(x)

    def root_coth(shift):
        return np.sqrt(x + shift.get("x", 0.0)) / np.tanh(np.sqrt(x + shift.get("x", 0.0)))

    def log_ratio(shift):
        y = np.sqrt(x + shift.get("x", 0.0))
        return np.log(y / np.sinh(y))

    for exact, function in ((ell, log_ratio), (coth, root_coth)):
        np.testing.assert_allclose(exact[0], five_point(function, ("x",), {"x": h}), rtol=1e-8)
        np.testing.assert_allclose(exact[1], five_point(function, ("x", "x"), {"x": h}), rtol=1e-6)


def test_integral_is_drawn_from_its_density():
    law = SquareRoot(1.5, 0.04, 1.0)
    path = np.tile([[0.02], [0.005]], (1, 20_000))
    given = IntegratedVariance.given(law.transitions(path, np.array([0.25])))
    values = given.draw(np.random.default_rng(4))[0]
    mean, variance = given.mean[0, 0], given.variance[0, 0]
    exact = stats.invgauss(variance / mean**2, scale=mean**3 / variance)
    assert (exact.mean(), exact.var()) == pytest.approx((mean, variance))
    assert stats.kstest(values, exact.cdf).pvalue > 1e-3
    assert stats.kstest(1.1 * values, exact.cdf).pvalue < 1e-3
    np.testing.assert_allclose(given.log_density(values[None])[0], exact.logpdf(values), rtol=1e-10)


@each_model
def test_integral_and_spot_have_the_means_of_the_model(model):
    paths = draw(model, (1.0,), n_paths=40_000, seed=6)
    kappa, theta = model.mean_reversion, model.long_run_variance
    integral = paths.latent["integrated_variance"].sum(axis=0)
    exact = theta + (model.initial_variance - theta) * (1.0 - np.exp(-kappa)) / kappa
    for values, mean in ((integral, exact), (paths.spot[-1], model.forward(1.0))):
        error = values.std() / np.sqrt(values.size)
        assert error < 0.015 * mean
        assert abs(values.mean() - mean) < 4.0 * error


# -- the joint law -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", TIME])
def test_a_frozen_clock_would_not_be_the_derivative(name):
    paths = draw(DESK, UNEVEN, n_paths=300)
    clock = scores_beneath(DESK, paths, name)[1]
    assert clock.std() > 0.01 * DESK.score(paths, [name])[0].std()  # ten thousand times what the tests above allow


def test_grid_stays_with_the_paths_when_a_parameter_moves():
    paths = draw(DESK, (1.0,), n_paths=10)
    faster = replace(DESK, mean_reversion=8.0)
    assert paths.substeps == DESK.substeps((1.0,)) == (5,)
    assert faster.substeps((1.0,)) == (16,)
    assert np.all(np.isfinite(faster.log_density(paths)))


def test_substeps_follow_the_rule_and_the_tolerance():
    assert DESK.substeps((1 / 12, 2 / 12, 1.0)) == (1, 1, 4)  # 0.35 sqrt(theta) / xi = 0.233
    assert DESK.substeps((10.0,)) == (40,)  # 0.5 / kappa = 1/4
    assert BK1.substeps((1.0,)) == (14,)  # 0.35 sqrt(0.0176) / xi = 0.0761
    assert FV1.substeps((1.0,)) == (21,)  # 0.35 * 0.24**0.25 sqrt(theta) / xi = 0.0490
    assert FV5.substeps((5.0,)) == (61,)  # 0.35 * 0.08**0.25 sqrt(5 theta) / xi = 0.0832
    assert replace(DESK, bias_tolerance=0.002 / 64.0).substeps((1.0,)) == (18,)


@pytest.mark.slow
def test_variance_that_touches_zero_leaves_every_weight_finite():
    paths = draw(FV5, (5.0,), n_paths=5000, seed=2)
    assert np.min(paths.latent["variance"]) < 1e-30  # or this test shows nothing
    assert np.all(np.isfinite(FV5.log_density(paths)))
    assert np.all(np.isfinite(FV5.score(paths, NAMES)))
    assert np.all(np.isfinite(FV5.hessian(paths, PAIRS)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"vol_of_vol": 0.001}, {"vol_of_vol": 5.0}, {"mean_reversion": 1e-6}, {"mean_reversion": 60.0},
        {"initial_variance": 1e-8}, {"initial_variance": 4.0}, {"long_run_variance": 1e-6}, {"correlation": 0.9999},
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [(1.0,), (1 / 252, 2 / 252, 0.1)])
def test_extreme_parameters_leave_every_weight_finite_and_right(change, times):
    model = replace(DESK, **change)
    paths = draw(model, times, n_paths=200, seed=2)
    scores = model.score(paths, NAMES)
    assert np.all(np.isfinite(scores))
    assert np.all(np.isfinite(model.hessian(paths, PAIRS)))
    for name, score in zip(model.parameters, scores, strict=False):

        def moved(shifts):
            (given,) = shifts
            return replace(model, **{given: getattr(model, given) + shifts[given]}).log_density(paths)

        size = 1.0 - abs(model.correlation) if name == "correlation" else getattr(model, name)
        step = 1e-2 if size == 1e-6 else 1e-3
        differenced = five_point(moved, (name,), {name: step * size})
        rounding = 1e-12 / (step * size)
        np.testing.assert_allclose(score, differenced, rtol=0.0, atol=1e-3 * score.std() + rounding)


def test_an_antithetic_pair_shares_its_variance_and_has_opposite_normals():
    paths = DESK.simulate((0.5, 1.0), Chunk(1, 0, 8, "antithetic").stream())
    for rows in (paths.latent["variance"], paths.latent["integrated_variance"]):
        np.testing.assert_array_equal(rows[:, :4], rows[:, 4:])
    middle = 0.5 * (paths.latent["log_spot"][:, :4] + paths.latent["log_spot"][:, 4:])
    given = conditional_spot(DESK, paths).mean[:, :4]
    np.testing.assert_allclose(middle, np.log(100.0) + np.cumsum(given, axis=0), rtol=1e-12)


def test_paths_of_spots_alone_are_refused():
    paths = draw(DESK, (0.1, 0.2), n_paths=5)
    assert paths.substeps == (1, 1)
    bare = replace(paths, substeps=())  # one step an interval is what it means to have none
    np.testing.assert_array_equal(DESK.score(bare), DESK.score(paths))
    with pytest.raises(
        ValueError, match=r"drawn by Heston\.simulate: their latent lacks integrated_variance, log_gamma, variance"
    ):
        DESK.log_density(replace(paths, latent={"log_spot": paths.latent["log_spot"]}))


def test_a_stream_without_a_generator_is_refused():
    with pytest.raises(TypeError, match="no generator"):
        DESK.simulate((1.0,), GivenNormals(np.zeros((1, 4))))


def test_a_model_travels_and_compares():
    assert pickle.loads(pickle.dumps(DESK)) == DESK
    assert hash(DESK) == hash(replace(DESK))


# -- names ---------------------------------------------------------------------------------------------------------


def test_volatility_greeks_are_in_the_initial_volatility():
    root, v = np.sqrt(0.04), "initial_variance"
    assert resolve("vega", DESK) == {(v,): 2.0 * root}
    assert resolve("vanna", DESK) == {("spot", v): 2.0 * root}
    assert resolve("volga", DESK) == {(v, v): pytest.approx(0.16), (v,): 2.0}
    assert standard(DESK) == ["delta", "gamma", "vega", "rho", "dividend_rho", "theta"]
    with pytest.raises(ValueError, match=r"greek must be one of .*vega.*vol_of_vol.*, got 'volatility'"):
        resolve("volatility", DESK)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spot": -1.0}, "spot must be positive and finite, got -1.0"),
        ({"initial_variance": 0.0}, "initial_variance must be positive and finite, got 0.0"),
        ({"mean_reversion": np.inf}, "mean_reversion must be positive and finite, got inf"),
        ({"long_run_variance": -0.04}, "long_run_variance must be positive and finite, got -0.04"),
        ({"vol_of_vol": np.nan}, "vol_of_vol must be positive and finite, got nan"),
        ({"correlation": -1.0}, "correlation must be strictly between -1 and 1, got -1.0"),
        ({"correlation": np.nan}, "correlation must be finite, got nan"),
        ({"rate": np.nan}, "rate must be finite, got nan"),
        ({"bias_tolerance": 0.5}, "bias_tolerance must be at most 0.1, got 0.5"),
    ],
)
def test_bad_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(DESK, **change)


def test_bad_names_and_types_are_refused():
    with pytest.raises(TypeError, match="rate must be a real number, got '3%'"):
        replace(DESK, rate="3%")
    with pytest.raises(TypeError):
        Heston(100.0, 0.04, 2.0, 0.04, 0.3, -0.7)
    paths = draw(DESK, (1.0,), n_paths=3)
    with pytest.raises(ValueError, match="'volatility'"):
        DESK.score(paths, ["volatility"])
    with pytest.raises(ValueError, match="'skew'"):
        DESK.hessian(paths, [("skew", "spot")])


def test_closed_forms_of_the_model_are_the_published_prices():
    broadie_kaya = Heston(
        spot=100.0, initial_variance=0.010201, mean_reversion=6.21, long_run_variance=0.019, vol_of_vol=0.61,
        correlation=-0.7, rate=0.0319,
    )  # fmt: skip
    digital, call = broadie_kaya.vanilla_jets(100.0, 1.0)
    assert broadie_kaya.discount(1.0) * call.value == pytest.approx(6.80611331, abs=5e-9)  # Broadie and Kaya 2006
    assert call.derivative("spot") > digital.value > 0.0
