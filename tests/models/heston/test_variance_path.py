"""Where a change of a parameter goes beneath the spot: flow, likelihood ratio and all between, one derivative."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import special, stats

from likelihood_greeks.models import travel
from likelihood_greeks.models.adaptor import Adapted
from likelihood_greeks.models.heston.integrated_variance import IntegratedVariance
from likelihood_greeks.models.heston.parameters import DIRECT
from likelihood_greeks.models.heston.spot import ConditionalSpot
from likelihood_greeks.models.heston.variance import SquareRoot
from likelihood_greeks.models.heston.variance_path import VariancePath
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO, NONE, Moves
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.streams.chunks import Chunk
from tests.support.gates import draw
from tests.support.heston_moves import POSITIVE, SHORT, along, moments_of, size
from tests.support.heston_reference import BK1, DESK, FV1

MODELS = {"desk": DESK, "BK1": BK1, "FV1": FV1, "rho=+.5": POSITIVE}
BENEATH = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", TIME)
NAMES = coordinates(DESK)
RATES = (0.0, 4.0, LIKELIHOOD_RATIO)
UNEVEN = (0.05, 0.3, 0.42, 1.0)
PAIRS = [(a, b) for a in DIRECT for b in NAMES] + [(b, a) for a in DIRECT for b in BENEATH]

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
each_rate = pytest.mark.parametrize("rate", RATES, ids=str)


# -- the flow is the derivative of an explicit construction ----------------------------------------------------


def law_of(model):
    return SquareRoot(model.mean_reversion, model.long_run_variance, model.vol_of_vol)


def lengths(model, paths, h):
    """Lengths of all sub-steps when the dates come nearer by h."""
    later = np.diff(paths.times - h, prepend=0.0) / paths.substeps
    return np.repeat(later, paths.substeps)


def redrawn(model, paths, name, h, rate):
    """Variances and integrated variances of a moved law at the same levels of every step's own law; only scipy's laws.

    Of the motion of a step's start only the share that is not handed over travels on.
    """
    other = model if name == TIME else replace(model, **{name: getattr(model, name) + h})
    steps, later = lengths(model, paths, 0.0), lengths(model, paths, h if name == TIME else 0.0)
    law, new = law_of(model), law_of(other)
    shape, moved_shape = law.gamma_shape, law.gamma_shape + new.order - law.order
    v, w = (np.full(paths.n_paths, m.initial_variance) for m in (model, other))
    path, integrals = [w], []
    for k, end in enumerate(paths.latent["variance"]):
        start = v + np.exp(-rate * steps[k]) * (w - v)
        c, d = float(law.scale(steps[k])), float(new.scale(later[k]))
        degrees, before = 2.0 * law.order + 2.0, v * np.exp(-law.mean_reversion * steps[k]) / c
        after = start * np.exp(-new.mean_reversion * later[k]) / d
        gamma = np.exp(paths.latent["log_gamma"][k])
        y = _at_the_same_level(end / c, degrees, before, after)
        y = y + 2.0 * (_gamma_at_the_same_level(gamma, shape, moved_shape) - gamma)
        moments = [
            IntegratedVariance.given(m.transitions(np.stack(ends), np.array([length])))
            for m, ends, length in ((law, (v, end), steps[k]), (new, (start, d * y), later[k]))
        ]
        integrals.append(_integral_at_the_same_level(paths.latent["integrated_variance"][k], *moments))
        v, w = end, d * y
        path.append(w)
    return np.stack(path), np.stack(integrals)


def _newton(x, distribution, density, level):
    for _ in range(3):
        x = x - (distribution(x) - level) / density(x)
    return x


def _at_the_same_level(y, degrees, before, after):
    """The noncentral chi-square's quantile after its noncentrality moved a little, by Newton's method from y."""
    level, density = special.chndtr(y, degrees, before), stats.ncx2(degrees, after).pdf
    return _newton(y, lambda x: special.chndtr(x, degrees, after), density, level)


def _gamma_at_the_same_level(gamma, before, after):
    level, density = special.gammainc(before, gamma), stats.gamma(after).pdf
    return _newton(gamma, lambda x: special.gammainc(after, x), density, level)


def _integral_at_the_same_level(value, before, after):
    laws = [
        stats.invgauss(m.variance[0] / m.mean[0] ** 2, scale=m.mean[0] ** 3 / m.variance[0]) for m in (before, after)
    ]
    return _newton(value, laws[1].cdf, laws[1].pdf, laws[0].cdf(value))


def central(paths):
    """Paths without those whose quantiles are too near an end of their law for a difference."""
    keep = np.all(paths.latent["variance"] > 1e-4, axis=0) & np.all(paths.latent["log_gamma"] > np.log(1e-3), axis=0)
    return replace(paths, spot=paths.spot[:, keep], latent={k: v[:, keep] for k, v in paths.latent.items()}, memo=None)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 4.0])
@pytest.mark.parametrize("name", BENEATH)
@pytest.mark.parametrize("model", [DESK, POSITIVE, replace(FV1, vol_of_vol=0.6)], ids=["desk", "rho=+.5", "Poisson"])
def test_the_flow_moves_every_draw_along_its_quantile(model, name, rate):
    times = (0.1, 0.5)
    paths = central(draw(model, times, n_paths=400))
    assert sum(paths.substeps) > len(times)
    assert paths.n_paths > 20
    h = {name: 1e-3 * size(model, name)}
    beneath = model._beneath(paths)
    found = beneath.beneath(name, rate)

    def rise(shift):
        return beneath.rise(redrawn(model, paths, name, shift.get(name, 0.0), rate)[0])

    def clock(shift):
        return beneath.over_intervals(redrawn(model, paths, name, shift.get(name, 0.0), rate)[1])

    for row, moved in ((found.rise, rise), (found.clock, clock)):
        expected = five_point(moved, (name,), h)
        np.testing.assert_allclose(
            np.broadcast_to(row, expected.shape), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()
        )


@pytest.mark.slow
@each_model
@pytest.mark.parametrize("name", BENEATH)
def test_what_is_handed_over_is_the_score_of_each_step_in_its_start(model, name):
    paths, rate = draw(model, UNEVEN, n_paths=100), 4.0
    beneath, law = model._beneath(paths), law_of(model)
    steps = lengths(model, paths, 0.0)
    keep = np.exp(-rate * steps)[:, None]
    ends = beneath.path * beneath._motion(name, keep, _direct(beneath, name))  # tested above

    def density(shift):
        rows = []
        for k, step in enumerate(steps):
            start = beneath.path[k] * (1.0 + shift.get("start", 0.0))
            one = IntegratedVariance.given(law.transitions(np.stack([start, beneath.path[k + 1]]), np.array([step])))
            rows.append((one.steps.log_density() + one.log_density(beneath.integral[k : k + 1]))[0])
        return np.stack(rows)

    score = five_point(density, ("start",), {"start": 1e-3}) / beneath.path[:-1]
    expected = ((1.0 - keep) * ends[:-1] * score).sum(axis=0)
    handed = beneath.beneath(name, rate).handed
    np.testing.assert_allclose(handed, expected, rtol=0.0, atol=1e-6 * expected.std())
    assert np.all(beneath.beneath(name, 0.0).handed == 0.0)


def _direct(beneath, name):
    direct = replace(beneath._direction(name), log_start=0.0)
    return replace(direct, step=direct.step * beneath._in_first_interval)


@each_model
def test_a_very_high_rate_is_the_likelihood_ratio(model):
    paths = draw(model, UNEVEN, n_paths=200)
    moves = model.moves(paths)
    high = {name: moves.weight(name, 1e9) for name in ("initial_variance",)}
    exact = moves.weight("initial_variance", LIKELIHOOD_RATIO)
    # all is handed over at once, but for the start's own part of the drive, which is scored either way
    np.testing.assert_allclose(high["initial_variance"], exact, rtol=1e-9, atol=1e-9 * exact.std())


# -- the moves of the spot -------------------------------------------------------------------------------------


@each_rate
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", [DESK, POSITIVE], ids=["desk", "rho=+.5"])
def test_slopes_are_the_derivatives_of_means_and_variances(model, name, rate):
    paths = draw(model, SHORT, n_paths=100)
    expected = along(model, paths, name, rate, moments_of)
    slope = model.moves(paths).slope(name, rate)
    for found, row in zip((slope.mean, slope.variance), expected, strict=True):
        np.testing.assert_allclose(np.broadcast_to(found, row.shape), row, rtol=1e-6, atol=1e-8 * np.abs(row).max())
    turns = (
        np.ptp(np.broadcast_to(slope.variance, expected[1].shape) / model.moves(paths).variance, axis=0).max() > 1e-9
    )
    assert slope.turns == turns


def same(found, expected, model, pair):
    """Two second derivatives, up to the accuracy of a difference."""
    unit = 1.0 / (size(model, pair[0]) * size(model, pair[1]))
    found = np.broadcast_to(found, expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8 * unit + 1e-7 * np.abs(expected).max())


@pytest.mark.slow
@each_rate
@pytest.mark.parametrize("pair", PAIRS, ids=str)
@pytest.mark.parametrize("model", [DESK, POSITIVE], ids=["desk", "rho=+.5"])
def test_second_derivatives_are_those_of_first_ones_on_the_same_spots(model, pair, rate):
    paths = draw(model, SHORT, n_paths=50)
    (a, b), moves, every = pair, model.moves(paths), range(len(SHORT))
    bend = moves.bend(pair, rate)

    def of_first(what):
        def at(other, there):
            return np.broadcast_to(what(other.moves(there)), expected_shape)

        return along(model, paths, b, rate, at)

    expected_shape = paths.spot.shape
    for found, what in (
        (bend.mean, lambda m: m.slope(a, rate).mean),
        (bend.variance, lambda m: m.slope(a, rate).variance),
        (travel.tangent(moves, pair, rate, every), lambda m: travel.tangent(m, (a,), rate, every)),
        (moves.curvature(pair, rate), lambda m: m.weight(a, rate)),
    ):
        same(found, of_first(what), model, pair)


def test_two_coordinates_that_travel_beneath_have_no_bend_but_by_the_likelihood_ratio():
    moves = DESK.moves(draw(DESK, SHORT, n_paths=50))
    pair = ("mean_reversion", "vol_of_vol")
    assert moves.bend(pair, 0.0) is None
    assert moves.curvature(pair, 4.0) is None
    np.testing.assert_array_equal(moves.weights([pair], 4.0)[pair], moves.weights([pair], LIKELIHOOD_RATIO)[pair])


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 4.0])
@pytest.mark.parametrize("other", ["initial_variance", "mean_reversion", "vol_of_vol", TIME])
def test_second_derivatives_in_the_initial_variance_travel_along_the_flow(other, rate):
    pair, paths = ("initial_variance", other), draw(DESK, (1.0,), n_paths=40_000, seed=21)
    moves, above = DESK.moves(paths), paths.spot[-1] > 100.0
    exact = float(DESK.vanilla_jets(100.0, 1.0)[0].derivative(*pair))
    curvature = moves.curvature(pair, rate)
    samples = above * (moves.weight(pair[0], rate) * moves.weight(other, rate) + curvature)
    plain = above * moves.weights([pair], LIKELIHOOD_RATIO)[pair]
    error = samples.std() / np.sqrt(samples.size)
    assert abs(samples.mean() - exact) < 4.0 * error
    assert samples.std() < 0.55 * plain.std()
    assert abs((samples - above * curvature).mean() - exact) > 8.0 * error  # negative control: the weights alone


@pytest.mark.slow
@each_model
@pytest.mark.parametrize("name", NAMES)
def test_weights_by_the_likelihood_ratio_are_derivatives_of_the_log_density(model, name):
    paths = draw(model, UNEVEN, n_paths=100)
    weight = model.moves(paths).weight(name, LIKELIHOOD_RATIO)
    expected = Adapted(model).differentiate(replace(paths, memo=None), (name,))
    np.testing.assert_allclose(weight, expected, rtol=1e-6, atol=1e-6 * weight.std())


@pytest.mark.parametrize("pair", [("spot", "initial_variance"), ("vol_of_vol", "correlation"), ("rate", TIME)], ids=str)
def test_curvature_by_the_likelihood_ratio_is_the_second_derivative_of_the_log_density(pair):
    paths = draw(DESK, UNEVEN, n_paths=100)
    found = np.broadcast_to(DESK.moves(paths).curvature(pair, LIKELIHOOD_RATIO), (100,))
    expected = Adapted(DESK).differentiate(replace(paths, memo=None), pair)
    product = np.prod([DESK.moves(paths).weight(name, LIKELIHOOD_RATIO).std() for name in pair])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * product)


@each_rate
def test_moves_between_some_dates_are_sums_of_moves(rate):
    paths, rows = draw(DESK, UNEVEN, n_paths=50), [1, 3]
    fine, coarse = DESK.moves(paths), travel.between(DESK.moves(paths), rows)
    for name in NAMES:
        a, b = (np.cumsum(np.broadcast_to(m.slope(name, rate).mean, m.noise.shape), axis=0) for m in (fine, coarse))
        np.testing.assert_allclose(a[rows], b, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(
            np.broadcast_to(travel.clock(fine, name, rate), fine.noise.shape)[rows],
            np.broadcast_to(travel.clock(coarse, name, rate), coarse.noise.shape), rtol=1e-12, atol=1e-15,
        )  # fmt: skip
    np.testing.assert_allclose(np.cumsum(fine.noise, axis=0)[rows], np.cumsum(coarse.noise, axis=0), atol=1e-12)
    assert travel.between(fine, range(4)) is fine


# -- what is known of a path -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0.0, 4.0, LIKELIHOOD_RATIO), (LIKELIHOOD_RATIO, 0.0, 4.0)], ids=str)
def test_what_a_path_remembers_changes_no_bit(order):
    paths = draw(FV1, UNEVEN, n_paths=100)
    with_memo = FV1.moves(paths)
    for rate in order:
        for name in NAMES:
            fresh = FV1.moves(replace(paths, memo=None))
            np.testing.assert_array_equal(with_memo.weight(name, rate), fresh.weight(name, rate), err_msg=name)
    bare = replace(paths, memo=None)
    np.testing.assert_array_equal(FV1.log_density(paths), FV1.log_density(bare))
    pairs = [("spot", "initial_variance"), ("vol_of_vol", "vol_of_vol"), (TIME, TIME)]
    np.testing.assert_array_equal(FV1.hessian(paths, pairs), FV1.hessian(bare, pairs))
    np.testing.assert_array_equal(FV1.score(paths), FV1.score(bare))


def remembered(model, paths):
    return model._beneath(paths)._known is paths.memo._known


def test_what_a_path_remembers_is_for_the_same_law_dates_and_draws_alone():
    paths = draw(DESK, UNEVEN, n_paths=20)
    assert remembered(DESK, paths)
    for name in ("spot", "correlation", "rate", "dividend_yield"):  # nothing beneath depends on them
        assert remembered(replace(DESK, **{name: 1.01 * getattr(DESK, name)}), paths)
    for name in BENEATH[:-1]:
        assert not remembered(replace(DESK, **{name: 1.01 * getattr(DESK, name)}), paths)
    assert not remembered(DESK, replace(paths, times=paths.times - 1e-9))
    for name in ("variance", "integrated_variance", "log_gamma"):
        changed = {**paths.latent, name: paths.latent[name] * 1.01}
        assert not remembered(DESK, replace(paths, latent=changed))
    counts = (paths.substeps[0] + 1, *paths.substeps[1:-1], paths.substeps[-1] - 1)
    assert not remembered(DESK, replace(paths, substeps=counts))
    assert DESK._beneath(replace(paths, memo="something else"))._known == {}


def test_what_a_path_remembers_is_not_used_by_a_difference():
    # a memo that survived a moved parameter would make the difference of the log-density wrong
    paths = draw(DESK, UNEVEN, n_paths=50)
    DESK.score(paths)  # fills it
    for name in NAMES:
        found = Adapted(DESK).differentiate(paths, (name,))
        bare = Adapted(DESK).differentiate(replace(paths, memo=None), (name,))
        np.testing.assert_allclose(found, bare, rtol=1e-9, atol=1e-9 * bare.std())


# -- against Fourier -------------------------------------------------------------------------------------------

ONE, SEVERAL = (1.0,), UNEVEN
FIRST = [(name,) for name in NAMES]
SECOND = [
    ("spot", "spot"), ("spot", "initial_variance"), ("vol_of_vol", "correlation"), ("long_run_variance", "rate"),
    ("spot", TIME), ("initial_variance", "correlation"), ("correlation", "correlation"), ("mean_reversion", "spot"),
]  # fmt: skip
N_PATHS = 40_000


@cache
def drawn(model, times, n_paths):
    """Paths, drawn once for all tests: what they remember of their law does not depend on what is tested."""
    return [model.simulate(times, Chunk(21, index, 10_000).stream()) for index in range(n_paths // 10_000)]


def contributions(model, times, derivatives, rate, n_paths=N_PATHS):
    """Samples of derivatives of the undiscounted digital and call at the last date, (n_derivatives, 2, n_paths)."""
    parts = []
    for paths in drawn(model, times, n_paths):
        weights = model.moves(paths).weights(derivatives, rate)
        gain = paths.spot[-1] - 100.0
        payments = np.stack([(gain > 0.0).astype(float), np.maximum(gain, 0.0)])
        parts.append(np.stack([payments * weights[d] for d in derivatives]))
    return np.concatenate(parts, axis=-1)


def in_errors(samples, exact):
    return (samples.mean(axis=-1) - exact) / (samples.std(axis=-1) / np.sqrt(samples.shape[-1]))


def exact_of(model, time, derivatives):
    jets = model.vanilla_jets(100.0, time)
    return np.array([[jet.derivative(*d) for jet in jets] for d in derivatives])


def scales(model, derivatives):
    """Largest standard errors: per natural change of the coordinates, of a payoff of deviation (1/2, 20)."""
    return np.array([[0.5, 20.0] / np.prod([size(model, name) for name in d]) for d in derivatives])


def agree(model, times, derivatives, largest):
    """The derivatives by every rate are Fourier's, with errors of at most a share of a natural unit."""
    exact, scale = exact_of(model, times[-1], derivatives), scales(model, derivatives)
    for rate in RATES:
        samples = contributions(model, times, derivatives, rate)
        errors = samples.std(axis=-1) / np.sqrt(N_PATHS) / scale
        assert errors.max() < largest, (rate, dict(zip(derivatives, errors, strict=True)))
        z = in_errors(samples, exact)
        assert np.abs(z).max() < 4.2, (rate, dict(zip(derivatives, z, strict=True)))  # of 54


@pytest.mark.slow
@pytest.mark.parametrize("times", [ONE, SEVERAL], ids=["one date", "several"])
@each_model
def test_every_rate_gives_the_derivatives_of_the_european(model, times):
    agree(model, times, FIRST, 0.12)


@pytest.mark.slow
@each_model
def test_every_rate_gives_the_second_derivatives_of_the_european(model):
    agree(model, ONE, SECOND, 1.0 if model == BK1 else 0.6)


# -- negative controls -----------------------------------------------------------------------------------------


def worst(derivative, rate):
    """The larger of the two Europeans' errors, in standard errors."""
    samples = contributions(POSITIVE, ONE, [derivative], rate, n_paths=240_000)
    return float(np.abs(in_errors(samples, exact_of(POSITIVE, 1.0, [derivative]))).max())


def without(part):
    """A flow that forgets a part of what it moves."""
    right = VariancePath._flow
    nothing = {"rise": NONE, "clock": NONE, "handed": NONE[0]}[part]
    return lambda self, name, rate: replace(right(self, name, rate), **{part: nothing})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "rate"), [("rise", 0.0), ("clock", 0.0), ("rise", 4.0), ("clock", 4.0), ("handed", 4.0)], ids=str
)
@pytest.mark.parametrize("name", BENEATH)
def test_a_flow_that_forgets_a_part_would_be_seen(name, part, rate, monkeypatch):
    assert worst((name,), rate) < 4.0
    monkeypatch.setattr(VariancePath, "_flow", without(part))
    assert worst((name,), rate) > 5.0


def test_a_correlation_that_leaves_the_clock_alone_would_be_seen(monkeypatch):
    right = ConditionalSpot.slope
    monkeypatch.setattr(
        ConditionalSpot, "slope",
        lambda self, name, rate: replace(right(self, name, rate), variance=NONE)
        if name == "correlation" else right(self, name, rate),
    )  # fmt: skip
    assert worst(("correlation",), 0.0) > 6.0


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("pair", SECOND[:-1], ids=str)
def test_a_second_weight_without_the_slope_of_the_first_would_be_seen(pair, rate, monkeypatch):
    monkeypatch.setattr(Moves, "curvature", lambda moves, pair, rate: np.zeros(moves.noise.shape[1]))
    assert worst(pair, rate) > 6.0
