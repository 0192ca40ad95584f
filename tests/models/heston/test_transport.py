"""How draws travel when their law changes: fields against quantiles and distribution functions that are not ours."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from likelihood_greeks.models.heston.transport import gamma_shape, inverse_gaussian_shape
from likelihood_greeks.models.heston.variance import FLOOR, Direction, SquareRoot, Transitions
from likelihood_greeks.numerics.differences import five_point

SHAPES = [0.01, 0.04, 0.12, 0.31, 0.999, 1.0, 2.5, 17.0, 140.0, 2e4]
LEVELS = np.array([1e-14, 1e-9, 1e-4, 0.02, 0.3, 0.5])
DEGREES = {"Poisson": 0.24, "just not split": 1.399, "split": 1.401, "many": 60.0}


# -- gamma draws -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("quantile", [special.gammaincinv, special.gammainccinv], ids=["below", "above"])
def test_a_gamma_draw_follows_its_quantile(quantile, shape):
    levels = LEVELS[quantile(shape, LEVELS) > 1e-290]
    step = 1e-3 * min(shape, np.sqrt(shape))
    expected = five_point(lambda h: np.log(quantile(shape + h.get("a", 0.0), levels)), ("a",), {"a": step})
    found = gamma_shape(shape, np.log(quantile(shape, levels)))
    np.testing.assert_allclose(found, expected, rtol=2e-7)
    assert np.abs(found * shape - 1.0).max() > 2e-4  # a draw in proportion to its shape would not pass


@pytest.mark.parametrize("shape", [0.01, 0.04, 0.12, 0.31, 1.0, 2.5])
def test_tiny_gamma_draws_follow_the_leading_term_down_to_the_floor(shape):
    # P(a, g) = g**a / Gamma(a + 1) * (1 - a g / (a + 1) + ...): log g = (log p + log Gamma(a + 1)) / a
    draws = np.geomspace(FLOOR, 1e-10, 30)
    expected = (special.digamma(shape + 1.0) - np.log(draws)) / shape
    np.testing.assert_allclose(gamma_shape(shape, np.log(draws)), expected, rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_gamma_field_has_no_seam_and_no_negative_value(shape):
    draws = np.geomspace(max(1e-12, special.gammaincinv(shape, 1e-30)), special.gammainccinv(shape, 1e-30), 20_000)
    rows = gamma_shape(shape, np.log(draws))
    assert np.all(rows > 0.0)  # a larger shape means larger draws
    slope = np.diff(rows) / np.diff(np.log(draws))
    assert np.abs(np.diff(slope)).max() < 0.02 * np.abs(slope).max()


def test_gamma_draws_move_their_means_and_half_the_motion_would_be_seen():
    # E[G] = a and E[e^-sG] = (1 + s)^-a, here at s = 1/a
    for shape in (0.12, 0.9, 30.0):
        draws = np.maximum(np.random.default_rng(3).standard_gamma(shape, 400_000), FLOOR)
        motion = draws * gamma_shape(shape, np.log(draws))
        for samples, exact in (
            (motion, 1.0),
            (-np.exp(-draws / shape) * motion, -shape * np.log1p(1.0 / shape) * (1.0 + 1.0 / shape) ** -shape),
        ):
            error = samples.std() / np.sqrt(samples.size)
            assert abs(samples.mean() - exact) < 4.0 * error < 0.04 * abs(exact) + 1e-7
            assert abs(0.5 * samples.mean() - exact) > 10.0 * error


# -- inverse Gaussian draws ------------------------------------------------------------------------------------


def inverse_gaussian_tails(x, shape):
    """Distribution function of mean one and its complement, each free of cancellation where it is small."""
    a, b = np.sqrt(shape / x) * (x - 1.0), np.sqrt(shape / x) * (x + 1.0)
    reflected = 0.5 * np.exp(-0.5 * a**2) * special.erfcx(b / np.sqrt(2.0))  # exp(2 phi) Phi(-b)
    return special.ndtr(a) + reflected, special.ndtr(-a) - reflected


@pytest.mark.parametrize("shape", [1e-3, 0.05, 0.7, 4.0, 90.0, 3e4, 1e7])
def test_an_inverse_gaussian_draw_follows_its_distribution_function(shape):
    law = stats.invgauss(1.0 / shape, scale=shape)
    x = law.ppf([1e-5, 1e-3, 0.1, 0.4, 0.6, 0.95, 0.999])
    below, above = inverse_gaussian_tails(x, shape)
    np.testing.assert_allclose(below, law.cdf(x), rtol=1e-8)

    def moved(h):
        tails = inverse_gaussian_tails(x, shape * np.exp(h.get("log shape", 0.0)))
        return np.where(below < above, -tails[0], tails[1])

    expected = five_point(moved, ("log shape",), {"log shape": 1e-3}) / law.pdf(x)
    scale = np.sqrt(1.0 / shape) if shape > 1.0 else 1.0
    found = inverse_gaussian_shape(x, np.full_like(x, shape))
    np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-8 * scale)
    assert np.any(np.abs(expected) > 1e-3 * scale)


@pytest.mark.parametrize("shape", [0.05, 0.7, 90.0])
def test_inverse_gaussian_draws_move_their_laplace_transform(shape):
    # E[e^-sX] = exp(phi (1 - sqrt(1 + 2 s / phi)))
    s = 1.3

    def log_transform(h):
        phi = shape * np.exp(h.get("log shape", 0.0))
        return phi * (1.0 - np.sqrt(1.0 + 2.0 * s / phi))

    exact = np.exp(log_transform({})) * five_point(log_transform, ("log shape",), {"log shape": 1e-3})
    draws = np.random.default_rng(4).wald(1.0, shape, 400_000)
    samples = -s * np.exp(-s * draws) * inverse_gaussian_shape(draws, np.full_like(draws, shape))
    error = samples.std() / np.sqrt(samples.size)
    assert abs(samples.mean() - exact) < 4.0 * error < 0.08 * abs(exact)


# -- steps of the variance -------------------------------------------------------------------------------------


def law_of(degrees):
    """A square-root variance with as many degrees of freedom."""
    return SquareRoot(1.7, degrees * 0.5**2 / (4.0 * 1.7), 0.5)


def taken(law, start, step, n_paths, seed=5):
    """One step, and the gammas in it."""
    path, log_gamma = law.draw(start, np.array([step]), n_paths, np.random.default_rng(seed))
    return law.transitions(path, np.array([step]), log_gamma), log_gamma


@pytest.mark.parametrize("degrees", DEGREES.values(), ids=DEGREES)
@pytest.mark.parametrize("noncentrality", [0.01, 1.5, 80.0])
def test_what_is_passed_on_follows_the_noncentral_distribution_function(degrees, noncentrality):
    law, step = law_of(degrees), np.array([0.2])
    scale = law.scale(step)
    y = stats.ncx2(degrees, noncentrality).ppf([0.02, 0.2, 0.5, 0.9, 0.999])
    y = y[y > 1e-12]
    start = np.full((1, len(y)), noncentrality * scale / np.exp(-0.2 * law.mean_reversion))
    transitions = law.transitions(np.concatenate([start, (scale * y)[None]]), step)

    def negative(h):
        return -special.chndtr(y, degrees, noncentrality * np.exp(h.get("log start", 0.0)))

    density = stats.ncx2(degrees, noncentrality).pdf(y)
    expected = five_point(negative, ("log start",), {"log start": 3e-3}) / (density * y)
    np.testing.assert_allclose(transitions.passed_on[0], expected, rtol=1e-5, atol=1e-8)


COORDINATES = ("start", "mean_reversion", "long_run_variance", "vol_of_vol", "step")


def direction(law, name):
    """What a coordinate of a step moves."""
    kappa, theta, xi = law.mean_reversion, law.long_run_variance, law.vol_of_vol
    return {
        "start": Direction(), "step": Direction(step=1.0), "long_run_variance": Direction(order=2.0 * kappa / xi**2),
        "mean_reversion": Direction(mean_reversion=1.0, order=2.0 * theta / xi**2),
        "vol_of_vol": Direction(vol_of_vol=1.0, order=-4.0 * kappa * theta / xi**3),
    }[name]  # fmt: skip


def laplace(law, start, step, s):
    """E[exp(-s v')] of a step of the square-root variance: Cox, Ingersoll and Ross (1985)."""
    kappa, xi = law.mean_reversion, law.vol_of_vol
    scale = xi**2 * (1.0 - np.exp(-kappa * step)) / (4.0 * kappa)
    degrees = 4.0 * kappa * law.long_run_variance / xi**2
    return (1.0 + 2.0 * s * scale) ** (-0.5 * degrees) * np.exp(
        -s * start * np.exp(-kappa * step) / (1 + 2 * s * scale)
    )


def motions(law, start, step, n_paths):
    """Motion of the end along every coordinate, and the ends."""
    transitions, log_gamma = taken(law, start, step, n_paths)
    by_order = transitions.order_motion(log_gamma)[0]
    found = {}
    for name in COORDINATES:
        along = direction(law, name)
        log_end = transitions.pushed(along)[0] + along.order * by_order
        found[name] = log_end + (transitions.passed_on[0] / start if name == "start" else 0.0)
    return transitions.end[0], found


@pytest.mark.slow
@pytest.mark.parametrize("sharpness", [0.5, 20.0], ids=["bulk", "near zero"])
@pytest.mark.parametrize("degrees", DEGREES.values(), ids=DEGREES)
def test_ends_move_as_their_exact_laplace_transform(degrees, sharpness):
    law, start, step = law_of(degrees), 0.05, 0.3
    end, found = motions(law, start, step, 400_000)
    s = sharpness / end.mean()

    def transform(h):
        moved = {name: getattr(law, name) + x for name, x in h.items() if name not in ("start", "step")}
        return laplace(replace(law, **moved), start + h.get("start", 0.0), step + h.get("step", 0.0), s)

    values = np.exp(-s * end)
    assert abs(values.mean() - transform({})) < 4.0 * values.std() / np.sqrt(values.size)
    for name, motion in found.items():
        size = {"start": start, "step": step}.get(name) or getattr(law, name)
        exact = size * float(five_point(transform, (name,), {name: 1e-3 * size}))
        samples = -s * values * end * motion * size
        error = samples.std() / np.sqrt(samples.size)
        assert error < 0.005 * s * end.std(), name  # of the derivative of the argument's own width
        assert abs(samples.mean() - exact) < 4.0 * error + 1e-9, name


@pytest.mark.parametrize("degrees", DEGREES.values(), ids=DEGREES)
@pytest.mark.parametrize("name", ["mean_reversion", "long_run_variance", "vol_of_vol"])
def test_twice_the_motion_along_the_order_would_be_seen(name, degrees, monkeypatch):
    law, start, step = law_of(degrees), 0.05, 0.3

    def z_score():
        end, found = motions(law, start, step, 100_000)
        s = 0.5 / end.mean()

        def transform(h):
            return laplace(replace(law, **{name: getattr(law, name) + h.get(name, 0.0)}), start, step, s)

        exact = five_point(transform, (name,), {name: 1e-3 * getattr(law, name)})
        samples = -s * np.exp(-s * end) * end * found[name]
        return float((samples.mean() - exact) / (samples.std() / np.sqrt(samples.size)))

    assert abs(z_score()) < 4.0
    right = Transitions.order_motion
    monkeypatch.setattr(Transitions, "order_motion", lambda self, log_gamma: 2.0 * right(self, log_gamma))
    assert abs(z_score()) > 10.0


@pytest.mark.parametrize("degrees", DEGREES.values(), ids=DEGREES)
def test_the_mean_of_the_end_moves_as_it_must(degrees):
    # E[v'] = theta + (v - theta) exp(-kappa D): its derivative in v and theta knows nothing of xi
    law, start, step = law_of(degrees), 0.05, 0.3
    end, found = motions(law, start, step, 400_000)
    decay = np.exp(-law.mean_reversion * step)
    drift = law.mean_reversion * decay * (law.long_run_variance - start)
    exact = {
        "start": decay, "long_run_variance": 1.0 - decay, "vol_of_vol": 0.0, "step": drift,
        "mean_reversion": drift / law.mean_reversion * step,
    }  # fmt: skip
    for name, value in exact.items():
        samples = end * found[name]
        assert abs(samples.mean() - value) < 4.0 * samples.std() / np.sqrt(samples.size), name


def test_the_gamma_in_an_end_is_part_of_it():
    for degrees in DEGREES.values():
        law = law_of(degrees)
        transitions, log_gamma = taken(law, 0.05, 0.3, 20_000)
        assert np.all(2.0 * np.exp(log_gamma) * law.scale(transitions.steps) <= transitions.end * (1.0 + 1e-12))
        assert law.gamma_shape == pytest.approx(0.5 * degrees - (0.5 if degrees > 1.4 else 0.0))
        assert stats.kstest(np.exp(log_gamma[0]), stats.gamma(law.gamma_shape).cdf).pvalue > 1e-3
