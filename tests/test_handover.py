"""Handing over under Heston: every control has mean zero, bridges move with their clock, and the engine's argument."""

from dataclasses import replace
from functools import cache, reduce
from itertools import pairwise

import numpy as np
import pytest
from helpers import UNEVEN, draw
from heston_moves import POSITIVE, SHORT, along, moments_of, size
from heston_reference import DESK, FV1

import likelihood_greeks as lg
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.estimators.relaxation import ladder
from likelihood_greeks.estimators.skeletons import Handover, Motion, Moved, candidates
from likelihood_greeks.estimators.specific import Conditional, HandedOver, Vanilla, rows
from likelihood_greeks.models.conditional_spot import LINEAR
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.payoffs.european import pieces
from likelihood_greeks.payoffs.tape import Tape
from likelihood_greeks.sampling import Chunk
from likelihood_greeks.validation.quadrature import AsianDigital

NAMES = coordinates(DESK)
FIRST = [(name,) for name in NAMES]
SECOND = [
    ("spot", "spot"), ("spot", "initial_variance"), ("vol_of_vol", "correlation"), ("long_run_variance", "rate"),
    ("spot", TIME), ("correlation", "correlation"), ("initial_variance", "vol_of_vol"), ("rate", TIME),
]  # fmt: skip
WEIGHTS = [*FIRST, *SECOND]
RATES = (0.0, 4.0, LIKELIHOOD_RATIO)
SKELETONS = list(dict.fromkeys([*candidates(UNEVEN), (1,), (0, 2)]))
ALL_DATES = (0, 1, 2, 3)
MODELS = {"desk": DESK, "FV1": FV1, "rho=+.5": POSITIVE}
PAYOFFS = {
    "barrier": lg.Barrier(lg.Call(95.0, 1.1), 84.0, "down", "out", UNEVEN),
    "Asian digital": AsianDigital(99.0, UNEVEN),
    "lookback": lg.Lookback(UNEVEN, "call", 98.0),
}
ESTIMATED = 4.0  # the rate of the estimate that controls are differences from

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
each_rate = pytest.mark.parametrize("rate", RATES, ids=str)


# -- bridges on a moving clock ---------------------------------------------------------------------------------


def moving(model, paths, value, gradient, needed=WEIGHTS):
    return Moved(Motion(model, weigh(model, paths, needed, ESTIMATED)), value, gradient)


def bridged(means, variances, skeleton, scored, normals):
    """Log-spots between scored ones, which stay: Brownian motions less their interpolation on the given clocks."""
    mean, motion, clock = (np.cumsum(rows, axis=0) for rows in (means, np.sqrt(variances) * normals, variances))
    noise, begin = np.array(motion), [0.0, 0.0, 0.0]  # at the last scored date: the clock, the motion, the noise
    for rows in _blocks(len(means), skeleton):
        noise[rows] += begin[2] - begin[1]
        if (end := rows[-1]) in skeleton:
            share = (clock[rows] - begin[0]) / (clock[end] - begin[0])
            noise[rows] += share * (scored[skeleton.index(end)] - mean[end] - noise[end])
        begin = [clock[end], motion[end], np.array(noise[end])]
    return mean + noise


def projected(normals, variances, skeleton):
    """Normals whose motion is zero at every scored date: a bridge knows no more of them."""
    found = np.array(normals)
    for rows in _blocks(len(normals), skeleton):
        if rows[-1] in skeleton:
            root = np.sqrt(variances[rows])
            found[rows] -= root * (root * normals[rows]).sum(axis=0) / variances[rows].sum(axis=0)
    return found


def _blocks(count, skeleton):
    """Rows from one scored date to the next, and those after the last."""
    ends = [-1, *skeleton, count - 1]
    return [list(range(a + 1, b + 1)) for a, b in pairwise(ends) if b > a]


@each_rate
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("skeleton", [(), (3,), (1,), (0, 2), (1, 2, 3)], ids=str)
def test_between_scored_dates_paths_move_as_brownian_bridges_on_the_moved_clock(skeleton, name, rate):
    for model in (DESK, POSITIVE):
        paths = draw(model, SHORT, n_paths=40)
        normals = np.random.default_rng(3).standard_normal(paths.spot.shape)
        normals = projected(normals, moments_of(model, paths)[1], skeleton)
        scored = paths.latent["log_spot"][list(skeleton)]

        def log_spots(other, there, skeleton=skeleton, scored=scored, normals=normals):
            return bridged(*moments_of(other, there), skeleton, scored, normals)

        here = log_spots(model, paths)
        on_bridges = replace(paths, spot=np.exp(here), latent={**paths.latent, "log_spot": here})
        units = np.eye(len(SHORT))[:, :, None] * np.ones(40)  # a payoff that is the log-spot of one date
        found = [moving(model, on_bridges, np.zeros(40), u).along((name,), Handover(skeleton, rate)) for u in units]
        expected = along(model, on_bridges, name, rate, log_spots)
        np.testing.assert_allclose(np.stack(found), expected, rtol=1e-5, atol=1e-7 * np.abs(expected).max() + 1e-9)


@cache
def relaxed(model, payoff, which=1):
    """A relaxation that is offered: the second, with a width of the local scale, unless said otherwise."""
    spot = draw(model, n_paths=4096, seed=5).spot
    return ladder(PAYOFFS[payoff], spot, np.random.default_rng(1), Tape(lambda *_: 0.0))[which]


KNOWN = [pair for pair in SECOND if set(pair) & set(LINEAR)]


@each_rate
@pytest.mark.parametrize("pair", KNOWN + [pair[::-1] for pair in KNOWN if pair[0] != pair[1]], ids=str)
@pytest.mark.parametrize("skeleton", [(), (3,), (0, 2), (1, 2, 3)], ids=str)
def test_second_integrand_is_the_first_scored_plus_its_derivative_on_the_same_spots(skeleton, pair, rate):
    (first, last), handover = pair, Handover(skeleton, rate)
    for model in (DESK, POSITIVE):
        paths = draw(model, SHORT, n_paths=40)
        value, gradient = np.random.default_rng(4).standard_normal((2, 4, 40))
        here = moving(model, paths, value[0], gradient)

        def integrand(other, there, value=value[0], gradient=gradient):
            return moving(other, there, value, gradient, [(name,) for name in NAMES]).first(first, handover)

        scored = here.first(first, handover) * model.moves(paths).weight(last, rate)
        expected = scored + along(model, paths, last, rate, integrand)
        np.testing.assert_allclose(here.second(pair, handover), expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


# -- mean zero -------------------------------------------------------------------------------------------------

N_PATHS, BATCH = 100_000, 10_000


@cache
def drawn(model, times=UNEVEN, n_paths=N_PATHS):
    return [model.simulate(times, Chunk(10, k, BATCH).stream()) for k in range(n_paths // BATCH)]


def moments(model, controls, payoff, derivatives, times=UNEVEN, n_paths=N_PATHS):
    """Moments of the controls of every derivative, shape (n_derivatives, n_controls)."""
    combinations, parts = [{d: 1.0} for d in derivatives], []
    needed = [*FIRST, *(d for d in derivatives if len(d) == 2)]
    for paths in drawn(model, times, n_paths):
        motion = Motion(model, weigh(model, paths, needed, ESTIMATED))
        parts.append(Moments.of(rows(controls, motion, payoff, combinations)))
    return reduce(Moments.merge, parts)


def natural(model, payoff, derivatives):
    """Scale of a derivative: the payoff's standard deviation per natural change of the coordinates."""
    spread = payoff(draw(model, payoff.times, n_paths=4096, seed=6).spot).std()
    return np.array([[spread / np.prod([size(model, name) for name in d])] for d in derivatives])


def have_mean_zero(found, scale, largest):
    """Both gates; identically vanishing controls pass."""
    share, z = found.standard_error / scale, np.abs(found.mean) / np.maximum(found.standard_error, 1e-300)
    assert np.median(share, axis=1).max() < largest  # second-order likelihood ratios are noisier
    assert share.max() < 10.0 * largest
    assert z.max() < 4.5  # of some hundreds
    return z


HANDED = [Handover(ALL_DATES, rate) for rate in RATES]
TRAVELLING = [Handover(skeleton, rate) for skeleton in SKELETONS for rate in RATES]


@pytest.mark.parametrize("payoff", PAYOFFS)
@each_model
def test_every_first_order_control_has_mean_zero(model, payoff):
    controls = [HandedOver(None, way) for way in HANDED]
    controls += [HandedOver(relaxed(model, payoff), way) for way in [*HANDED, *TRAVELLING]]
    found = moments(model, controls, PAYOFFS[payoff], FIRST, n_paths=60_000)
    have_mean_zero(found, natural(model, PAYOFFS[payoff], FIRST), 0.1)
    same_rate = [
        HANDED.index(Handover(ALL_DATES, ESTIMATED)),
        len(HANDED) + HANDED.index(Handover(ALL_DATES, ESTIMATED)),
    ]
    assert not found.m2[:, same_rate].any()  # the estimate itself is no control
    beneath = [row for row, (name,) in enumerate(FIRST) if name not in LINEAR]
    assert np.all(found.m2[beneath][:, [j for j in range(2 * len(HANDED)) if j not in same_rate]] > 0.0)


@pytest.mark.parametrize("payoff", PAYOFFS)
@each_model
def test_every_second_order_control_has_mean_zero(model, payoff):
    ways = [Handover(skeleton, rate) for skeleton in [(), (3,), (0, 2)] for rate in RATES]
    controls = [*(HandedOver(None, way) for way in HANDED), *(HandedOver(relaxed(model, payoff), way) for way in ways)]
    found = moments(model, controls, PAYOFFS[payoff], SECOND, n_paths=40_000)
    have_mean_zero(found, natural(model, PAYOFFS[payoff], SECOND), 0.5)


VANILLAS = [
    Vanilla(row, level, kind, rate, given)
    for row, level in ((0, 84.0), (3, 99.0))
    for kind in ("digital", "call")
    for rate in (None, *RATES)
    for given in (False, True)
    if not (rate is None and not given)
] + [Vanilla(3, 99.0, kind) for kind in ("digital", "call")]


@each_model
def test_every_european_control_has_mean_zero(model):
    found = moments(model, VANILLAS, PAYOFFS["barrier"], WEIGHTS, n_paths=40_000)
    have_mean_zero(found, natural(model, PAYOFFS["barrier"], WEIGHTS), 0.6)
    prices = moments(model, [v for v in VANILLAS if v.rate is None], PAYOFFS["barrier"], [()], n_paths=40_000)
    have_mean_zero(prices, 20.0, 0.01)


EUROPEANS = {
    "call": lg.Call(104.0, 0.6), "put": lg.Put(104.0, 0.6), "digital": lg.DigitalCall(97.0, 0.6, 3.0),
    "digital put": lg.DigitalPut(97.0, 0.6), "asset": lg.AssetOrNothingPut(97.0, 0.6),
    "gap": lg.GapPut(90.0, 97.0, 0.6),
}  # fmt: skip


@pytest.mark.parametrize("payoff", EUROPEANS)
@each_model
def test_the_payoff_given_the_variance_is_the_payoff_in_the_mean(model, payoff):
    contract = EUROPEANS[payoff]
    controls = [Conditional(pieces(contract), rate) for rate in (None, *RATES)]
    found = moments(model, controls, contract, [(), *WEIGHTS], (0.6,), n_paths=30_000)
    have_mean_zero(found, natural(model, contract, [(), *WEIGHTS]), 0.4)


# -- negative controls -----------------------------------------------------------------------------------------


def z_score(derivative, handover, model=FV1, payoff="barrier"):
    control = HandedOver(relaxed(model, payoff, -1), handover)
    found = moments(model, [control], PAYOFFS[payoff], [derivative])
    return float(np.abs(found.mean[0, 0]) / found.standard_error[0, 0])
