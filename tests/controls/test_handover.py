"""Tangents, skeletons and known prices: every control has mean zero, and each plausible mistake would be seen."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from likelihood_greeks import Paths
from likelihood_greeks.controls import europeans, skeletons
from likelihood_greeks.controls.europeans import Vanilla
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Handover
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.estimators.pathwise import Pathwise
from likelihood_greeks.models import travel
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.parameters import TIME
from likelihood_greeks.streams.chunks import Chunk, GivenNormals
from tests.support.gates import MODEL, UNEVEN, draw
from tests.support.motions import (
    ALL_DATES,
    CASES,
    FIRST,
    NAMES,
    NATURAL,
    PAYOFFS,
    SECOND,
    SKELETONS,
    UNITS,
    WEIGHTS,
    deviation,
    in_errors,
    moments,
    moving,
    relaxed,
    relaxed_and_moving,
    samples,
    shifted,
    slope,
)

# -- how paths move --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), list(product(NAMES, NAMES)))
def test_tangent_slope_is_the_derivative_of_the_tangent_on_the_same_spots(first, second):
    spot = draw(MODEL, n_paths=200).spot

    def tangent(h):  # the spots stay where they are, though their dates may not
        model, times = shifted(second, h)
        return np.broadcast_to(
            travel.tangent(model.moves(Paths(times, spot)), (first,), LIKELIHOOD_RATIO, ALL_DATES), spot.shape
        )

    found = travel.tangent(MODEL.moves(Paths(np.asarray(UNEVEN), spot)), (first, second), LIKELIHOOD_RATIO, ALL_DATES)
    np.testing.assert_allclose(
        np.broadcast_to(found, spot.shape), slope(tangent, second), rtol=1e-6, atol=1e-7 / UNITS[second]
    )


def bridged(model, times, skeleton, scored, normals):
    """Log-spots drawn date by date from given normals, by Brownian bridges to the scored dates, which stay."""
    drift, now, here, found = model.rate - model.dividend_yield - 0.5 * model.volatility**2, 0.0, np.log(model.spot), []
    for row, (time, normal) in enumerate(zip(times, normals, strict=True)):
        ahead = next((k for k in skeleton if k >= row), None)
        share = 0.0 if ahead is None else (time - now) / (times[ahead] - now)
        mean = drift * (time - now) if ahead is None else share * (scored[skeleton.index(ahead)] - here)
        here = here + mean + model.volatility * np.sqrt((1.0 - share) * (time - now)) * normal
        found.append(here)
        now = time
    return np.stack(found)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("times", "skeleton"), CASES, ids=lambda x: f"{len(x)}")
def test_between_scored_dates_paths_move_as_the_brownian_bridge_does(times, skeleton, name):
    base = draw(MODEL, times, n_paths=50, seed=2)
    normals = np.random.default_rng(3).standard_normal(base.spot.shape)
    scored = np.log(base.spot[list(skeleton)])

    def log_spots(h):
        model, dates = shifted(name, h, times)
        return bridged(model, dates, skeleton, scored, normals)

    paths = Paths(np.asarray(times), np.exp(log_spots(0.0)))
    units = np.eye(len(times))[:, :, None] * np.ones(paths.n_paths)  # a payoff that is the log-spot of one date
    found = np.stack(
        [moving(paths, np.zeros(paths.n_paths), unit).along((name,), Handover(skeleton)) for unit in units]
    )
    np.testing.assert_allclose(found, slope(log_spots, name), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", SKELETONS, ids=str)
@pytest.mark.parametrize("last", ["spot", "volatility", "rate", "dividend_yield"])
@pytest.mark.parametrize("first", NAMES)
def test_second_integrand_is_the_first_scored_plus_its_derivative_on_the_same_paths(first, last, skeleton):
    paths = draw(MODEL, n_paths=200, seed=4)
    here = relaxed_and_moving(PAYOFFS["barrier"], paths)

    def integrand(h):
        return moving(paths, here.value, here.gradient, shifted(last, h)[0]).first(first, Handover(skeleton))

    scored = here.first(first, Handover(skeleton)) * here.motion.drawn.weights[(last,)]
    expected = scored + slope(integrand, last)
    np.testing.assert_allclose(
        here.second((first, last), Handover(skeleton)), expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max()
    )


# -- the two ends ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_empty_skeleton_is_the_pathwise_method(name):
    payoff, chunk = PAYOFFS["lookback"], Chunk(7, 0, 20_000)
    paths = MODEL.simulate(UNEVEN, chunk.stream())
    bumped = Pathwise(MODEL, payoff, ({(name,): 1.0},)).samples(chunk)[0]
    discounting = MODEL.discount_jet(np.asarray(UNEVEN[-1])).derivative(name) * payoff(paths.spot)
    found = relaxed_and_moving(payoff, paths).first(name, Handover(())) + discounting
    kink = np.abs(found - bumped) > 1e-4 * np.abs(found).max()  # another fixing becomes the highest inside the bump
    assert kink.mean() < 1e-3
    carried = relaxed_and_moving(payoff, paths).first(name, Handover((3,))) + discounting
    assert np.mean(np.abs(carried - bumped) > 1e-4 * np.abs(found).max()) > 0.1  # negative control: another skeleton


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("payoff", PAYOFFS)
def test_the_empty_skeleton_bumps_the_relaxed_payoff_itself(payoff, name):
    contract = PAYOFFS[payoff]
    width, factor = relaxed(contract, -1), np.atleast_1d(MODEL.discount(UNEVEN[-1]))
    normals = np.random.default_rng(8).standard_normal((len(UNEVEN), 2000))

    def value(h):
        model, times = shifted(name, h)
        return width.evaluate(contract, model.simulate(times, GivenNormals(normals)).spot, lambda _: factor)[0]

    found = relaxed_and_moving(contract, MODEL.simulate(UNEVEN, GivenNormals(normals)), -1).first(name, Handover(()))
    away = np.abs(found - slope(value, name)) > 1e-5 * np.abs(found).max()
    assert away.mean() < 2e-3  # a kink inside the bump


@pytest.mark.parametrize("payoff", PAYOFFS)
def test_the_skeleton_of_all_dates_is_the_likelihood_ratio(payoff):
    paths = draw(MODEL, n_paths=4000, seed=9)
    moved = relaxed_and_moving(PAYOFFS[payoff], paths)
    for derivative in [*FIRST, *SECOND]:
        control = moved.control({derivative: 1.0}, Handover(ALL_DATES))
        assert np.abs(control).max() <= 1e-11 * np.abs(moved.value * moved.motion.drawn.weights[derivative]).max()
    control, payments = HandedOver(relaxed(PAYOFFS[payoff]), Handover(ALL_DATES)), PAYOFFS[payoff]
    everything = samples([control], moved.motion, payments, [{d: 1.0} for d in [*FIRST, *SECOND]])
    assert not everything.any()  # the rounding errors are not taken for a control


# -- mean zero -------------------------------------------------------------------------------------------------


def nothing_travels(derivative, skeleton):
    """Whether a perturbation is handed over before it moves a path: one of the start, or of drifts up to the end."""
    first = TIME if TIME in derivative else derivative[0]
    early, late = skeleton[:1] == (0,), skeleton[-1:] == (len(UNEVEN) - 1,)
    return (early and first in ("spot", TIME)) or (late and set(derivative) <= {"rate", "dividend_yield"})


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, -1], ids=["narrow", "wide"])
@pytest.mark.parametrize("payoff", PAYOFFS)
def test_every_control_of_every_greek_has_mean_zero(payoff, which):
    contract, derivatives = PAYOFFS[payoff], [*FIRST, *SECOND]
    width = relaxed(contract, which)
    found = moments([HandedOver(width, Handover(s)) for s in SKELETONS], contract, derivatives, 800_000, seed=10)
    for row, derivative in enumerate(derivatives):
        assert found.standard_error[row].max() <= NATURAL[len(derivative)] * deviation(contract, derivative), derivative
        assert np.all(np.abs(found.mean[row]) <= 4.0 * found.standard_error[row]), derivative
    vanishes = [[nothing_travels(d, s) for s in SKELETONS] for d in derivatives]
    np.testing.assert_array_equal(found.m2 == 0.0, vanishes)


VANILLAS = [
    Vanilla(row, level, kind, LIKELIHOOD_RATIO)
    for row in ALL_DATES
    for level in (84.0, 99.0)
    for kind in ("digital", "call")
]


@pytest.mark.slow
def test_every_european_control_has_mean_zero_at_every_date():
    found = moments(VANILLAS, PAYOFFS["barrier"], [(), *WEIGHTS], 400_000, seed=11)
    assert np.abs(found.mean / found.standard_error).max() < 4.0
    for row, control in enumerate(VANILLAS):  # the negative control needs errors of at most a per cent
        digital, call = MODEL.vanilla_jets(control.level, UNEVEN[control.row])
        exact = (digital if control.kind == "digital" else call).derivative("spot")
        assert found.standard_error[1, row] < 0.01 * exact


def test_a_european_control_knows_no_other_date_than_its_own():
    paths, combinations = draw(MODEL, n_paths=50), [{d: 1.0} for d in [(), *WEIGHTS]]
    alone = Paths(paths.times[2:3], paths.spot[2:3])
    found = samples(VANILLAS[8:12], moving(paths, 0.0, 0.0).motion, PAYOFFS["barrier"], combinations)
    moved = [replace(vanilla, row=0) for vanilla in VANILLAS[8:12]]
    expected = samples(moved, moving(alone, 0.0, 0.0).motion, PAYOFFS["barrier"], combinations)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())


# -- negative controls -----------------------------------------------------------------------------------------


def z_score(derivative, skeleton, payoff="barrier", paths=400_000):
    control = HandedOver(relaxed(PAYOFFS[payoff], -1), Handover(skeleton))
    found = moments([control], PAYOFFS[payoff], [derivative], paths, seed=12)
    return float(found.mean[0, 0] / found.standard_error[0, 0])


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", [(3,), (1, 2, 3), (1, 2)], ids=str)
@pytest.mark.parametrize("name", ["spot", "volatility", TIME])
def test_a_tangent_that_is_not_taken_off_at_scored_dates_would_be_seen(name, skeleton, monkeypatch):
    assert abs(z_score((name,), skeleton)) < 4.0
    monkeypatch.setattr(skeletons, "interpolation", lambda times, rows: np.zeros((len(times), len(rows))))
    assert abs(z_score((name,), skeleton)) > 6.0


def stairs(times, skeleton):
    """An interpolation that is constant up to each scored date."""
    following = np.minimum(np.searchsorted(skeleton, np.arange(len(times))), len(skeleton) - 1)
    return np.equal.outer(following, np.arange(len(skeleton))).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("payoff", ["barrier", "lookback"])
@pytest.mark.parametrize("derivative", [("spot",), ("volatility",), ("spot", "volatility")], ids=str)
def test_an_interpolation_constant_between_scored_dates_would_be_seen(derivative, payoff, monkeypatch):
    assert abs(z_score(derivative, (3,), payoff)) < 4.0
    monkeypatch.setattr(skeletons, "interpolation", stairs)
    assert abs(z_score(derivative, (3,), payoff, paths=1_000_000)) > 6.0  # expected: 8.7 and more


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", [(), (1, 2)], ids=str)
def test_a_vega_tangent_without_its_drift_would_be_seen(skeleton, monkeypatch):
    right = travel.speed

    def speed(moves, names, rate):
        still, noisy = right(moves, names, rate)
        drift = MODEL.volatility * np.diff(UNEVEN, prepend=0.0)[:, None]
        return still + (names == ("volatility",)) * drift, noisy

    assert abs(z_score(("volatility",), skeleton)) < 4.0
    monkeypatch.setattr(travel, "speed", speed)
    assert abs(z_score(("volatility",), skeleton)) > 6.0


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", [(3,), (1, 2, 3), (1, 2)], ids=str)
def test_bridges_that_do_not_move_as_the_clock_turns_would_be_seen(skeleton, monkeypatch):
    assert abs(z_score((TIME,), skeleton)) < 4.0
    monkeypatch.setattr(Skeletons, "turning", lambda motion, names, handover: iter(()))
    assert abs(z_score((TIME,), skeleton)) > 6.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "skeleton"),
    [
        (("spot", "spot"), ()),
        (("volatility", "volatility"), (3,)),
        ((TIME, "spot"), (3,)),
        (("volatility", "rate"), (1, 2)),
    ],
    ids=str,
)
def test_a_second_order_control_without_the_slope_of_its_tangent_would_be_seen(pair, skeleton):
    moved = relaxed_and_moving(PAYOFFS["barrier"], draw(MODEL, n_paths=400_000, seed=13), -1)
    right = moved.second(pair, Handover(skeleton)) - moved.second(pair, Handover(ALL_DATES))
    assert abs(in_errors(right)) < 4.0
    assert abs(in_errors(right - moved.along(pair, Handover(skeleton)))) > 6.0


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", [(3,), (1, 2)], ids=str)
@pytest.mark.parametrize("pair", [("spot", "spot"), ("volatility", "volatility"), ("spot", "volatility")], ids=str)
def test_a_second_order_control_without_the_slope_of_its_score_would_be_seen(pair, skeleton):
    moved = relaxed_and_moving(PAYOFFS["barrier"], draw(MODEL, n_paths=400_000, seed=13), -1)
    right, weights = moved.control({pair: 1.0}, Handover(skeleton)), moved.motion.weights(Handover(skeleton), WEIGHTS)
    curvature = weights[pair] - weights[pair[:1]] * weights[pair[1:]]
    assert abs(in_errors(right)) < 4.0
    assert abs(in_errors(right - moved.value * curvature)) > 6.0


def test_a_closed_form_that_is_five_per_cent_wrong_would_be_seen(monkeypatch):
    right = moments(VANILLAS, PAYOFFS["barrier"], [(), ("spot",)], 400_000, seed=14)
    assert np.abs(right.mean / right.standard_error).max() < 4.0
    exact = europeans._known
    monkeypatch.setattr(europeans, "_known", lambda *where: tuple(1.05 * jet for jet in exact(*where)))
    found = moments(VANILLAS, PAYOFFS["barrier"], [(), ("spot",)], 400_000, seed=14)
    assert np.abs(found.mean / found.standard_error).min() > 6.0
