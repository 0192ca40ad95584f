"""Handing over under Heston: every control has mean zero, bridges move with their clock, and the engine's argument."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import cache, reduce
from itertools import pairwise

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse
from likelihood_greeks.controls.conditional import Conditional
from likelihood_greeks.controls.europeans import Vanilla
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Handover, candidates
from likelihood_greeks.controls.moved_payoff import MovedPayoff
from likelihood_greeks.controls.protocol import SharedPaths
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.controls.widths import ladder
from likelihood_greeks.engine.choice_of_law import chosen_law
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.heston.parameters import DIRECT
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.parameters import TIME, coordinates, resolve
from likelihood_greeks.payoffs.european import pieces
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.streams.chunks import Chunk
from likelihood_greeks.validation.quadrature import AsianDigital
from tests.support.gates import UNEVEN, assert_estimates, draw
from tests.support.heston_book import BOOK, GIVEN
from tests.support.heston_moves import POSITIVE, SHORT, along, moments_of, size
from tests.support.heston_reference import DESK, FV1
from tests.support.motions import samples

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
FLAT = lg.GBM(spot=100.0, volatility=0.2)
ESTIMATED = 4.0  # the rate of the estimate that controls are differences from

each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
each_rate = pytest.mark.parametrize("rate", RATES, ids=str)


# -- bridges on a moving clock ---------------------------------------------------------------------------------


def moving(model, paths, value, gradient, needed=WEIGHTS):
    return MovedPayoff(Skeletons(weigh(model, paths, needed, ESTIMATED)), value, gradient)


def bridged(means, variances, skeleton, scored, normals):
    """Log-spots between scored ones, which stay: Brownian motions less their interpolation on the given clocks."""
    mean, motion, clock = (np.cumsum(rows, axis=0) for rows in (means, np.sqrt(variances) * normals, variances))
    noise, begin = np.array(motion), [0.0, 0.0, 0.0]  # at the last scored date: the clock, the motion, the noise
    for part in _blocks(len(means), skeleton):
        noise[part] += begin[2] - begin[1]
        if (end := part[-1]) in skeleton:
            share = (clock[part] - begin[0]) / (clock[end] - begin[0])
            noise[part] += share * (scored[skeleton.index(end)] - mean[end] - noise[end])
        begin = [clock[end], motion[end], np.array(noise[end])]
    return mean + noise


def projected(normals, variances, skeleton):
    """Normals whose motion is zero at every scored date: a bridge knows no more of them."""
    found = np.array(normals)
    for part in _blocks(len(normals), skeleton):
        if part[-1] in skeleton:
            root = np.sqrt(variances[part])
            found[part] -= root * (root * normals[part]).sum(axis=0) / variances[part].sum(axis=0)
    return found


def _blocks(count, skeleton):
    """Rows from one scored date to the next, and those after the last."""
    ends = [-1, *skeleton, count - 1]
    return [list(range(a + 1, b + 1)) for a, b in pairwise(ends) if b > a]


@pytest.mark.slow
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


KNOWN = [pair for pair in SECOND if set(pair) & set(DIRECT)]


@pytest.mark.slow
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
        motion = SharedPaths(model, weigh(model, paths, needed, ESTIMATED))
        parts.append(Moments.of(samples(controls, motion, payoff, combinations)))
    return reduce(Moments.merge, parts)


def natural(model, payoff, derivatives):
    """Scale of a derivative: the payoff's standard deviation per natural change of the coordinates."""
    spread = payoff(draw(model, payoff.times, n_paths=4096, seed=6).spot).std()
    return np.array([[spread / np.prod([size(model, name) for name in d])] for d in derivatives])


def have_mean_zero(found, scale, largest):
    """Both gates; identically vanishing controls pass."""
    share, z = found.standard_error / scale, np.abs(found.mean) / np.maximum(found.standard_error, 1e-300)
    assert np.median(share, axis=1).max() < largest  # second-order likelihood ratios are noisier
    assert share.max() < 4.0 * largest
    assert z.max() < 4.5  # of some hundreds
    return z


HANDED = [Handover(ALL_DATES, rate) for rate in RATES]
TRAVELLING = [Handover(skeleton, rate) for skeleton in SKELETONS for rate in RATES]


@pytest.mark.slow
@pytest.mark.parametrize("payoff", PAYOFFS)
@each_model
def test_every_first_order_control_has_mean_zero(model, payoff):
    controls = [HandedOver(None, way) for way in HANDED]
    controls += [HandedOver(relaxed(model, payoff), way) for way in [*HANDED, *TRAVELLING]]
    found = moments(model, controls, PAYOFFS[payoff], FIRST, n_paths=30_000)
    have_mean_zero(found, natural(model, PAYOFFS[payoff], FIRST), 0.15)
    same_rate = [
        HANDED.index(Handover(ALL_DATES, ESTIMATED)),
        len(HANDED) + HANDED.index(Handover(ALL_DATES, ESTIMATED)),
    ]
    assert not found.m2[:, same_rate].any()  # the estimate itself is no control
    beneath = [row for row, (name,) in enumerate(FIRST) if name not in DIRECT]
    assert np.all(found.m2[beneath][:, [j for j in range(2 * len(HANDED)) if j not in same_rate]] > 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("payoff", PAYOFFS)
@each_model
def test_every_second_order_control_has_mean_zero(model, payoff):
    ways = [Handover(skeleton, rate) for skeleton in [(), (3,), (0, 2)] for rate in RATES]
    controls = [*(HandedOver(None, way) for way in HANDED), *(HandedOver(relaxed(model, payoff), way) for way in ways)]
    found = moments(model, controls, PAYOFFS[payoff], SECOND, n_paths=30_000)
    have_mean_zero(found, natural(model, PAYOFFS[payoff], SECOND), 1.5)


VANILLAS = [
    Vanilla(row, level, kind, rate, given)
    for row, level in ((0, 84.0), (3, 99.0))
    for kind in ("digital", "call")
    for rate in (None, *RATES)
    for given in (False, True)
    if not (rate is None and not given)
] + [Vanilla(3, 99.0, kind) for kind in ("digital", "call")]


@pytest.mark.slow
@each_model
def test_every_european_control_has_mean_zero(model):
    found = moments(model, VANILLAS, PAYOFFS["barrier"], WEIGHTS, n_paths=30_000)
    have_mean_zero(found, natural(model, PAYOFFS["barrier"], WEIGHTS), 1.0)
    prices = moments(model, [v for v in VANILLAS if v.rate is None], PAYOFFS["barrier"], [()], n_paths=30_000)
    have_mean_zero(prices, 20.0, 0.015)


EUROPEANS = {
    "call": lg.Call(104.0, 0.6), "put": lg.Put(104.0, 0.6), "digital": lg.DigitalCall(97.0, 0.6, 3.0),
    "digital put": lg.DigitalPut(97.0, 0.6), "asset": lg.AssetOrNothingPut(97.0, 0.6),
    "gap": lg.GapPut(90.0, 97.0, 0.6),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("payoff", EUROPEANS)
@each_model
def test_the_payoff_given_the_variance_is_the_payoff_in_the_mean(model, payoff):
    contract = EUROPEANS[payoff]
    controls = [Conditional(pieces(contract), rate) for rate in (None, *RATES)]
    found = moments(model, controls, contract, [(), *WEIGHTS], (0.6,), n_paths=30_000)
    have_mean_zero(found, natural(model, contract, [(), *WEIGHTS]), 2.0)


# -- negative controls -----------------------------------------------------------------------------------------


def z_score(name, handover):
    control, payoff = HandedOver(relaxed(DESK, "lookback", -1), handover), PAYOFFS["lookback"]
    found = moments(DESK, [control], payoff, [(name,)], n_paths=60_000)
    return float(np.abs(found.mean[0, 0]) / found.standard_error[0, 0])


@pytest.mark.slow
@pytest.mark.parametrize("skeleton", [(3,), (1, 2, 3)], ids=str)
@pytest.mark.parametrize("name", ["spot", "initial_variance", "long_run_variance", TIME])
def test_a_tangent_that_is_not_taken_off_at_scored_dates_would_be_seen(name, skeleton, monkeypatch):
    assert z_score(name, Handover(skeleton, 4.0)) < 4.0
    monkeypatch.setattr(
        Skeletons, "handed", lambda self, gradient, skeleton: np.zeros((len(skeleton), gradient.shape[1]))
    )
    assert z_score(name, Handover(skeleton, 4.0)) > 6.0


def bent(log_spot, width=0.1):
    """A smooth payoff of how far a path bends between its dates, and its gradient in the log-spots."""
    bend = log_spot[1] - 0.5 * (log_spot[0] + log_spot[3])
    value = np.exp(-0.5 * (bend / width) ** 2)
    slope = -value * bend / width**2
    return value, np.stack([-0.5 * slope, slope, np.zeros_like(slope), -0.5 * slope])


def bent_z_score(name):
    """The integrand with the last date scored less the pathwise one, in standard errors."""
    found = []
    for paths in drawn(POSITIVE):
        moved = moving(POSITIVE, paths, *bent(paths.latent["log_spot"]), [(name,)])
        found.append(moved.first(name, Handover((3,), 0.0)) - moved.first(name, Handover((), 0.0)))
    samples = np.concatenate(found)
    return float(np.abs(samples.mean()) / (samples.std() / np.sqrt(samples.size)))


@pytest.mark.parametrize("name", ["initial_variance", TIME])
def test_bridges_that_do_not_turn_with_their_clock_would_be_seen(name, monkeypatch):
    assert bent_z_score(name) < 4.0
    monkeypatch.setattr(Skeletons, "turning", lambda motion, names, handover: iter(()))
    assert bent_z_score(name) > 6.0


def in_time(motion, skeleton):
    """Shares of calendar time, where those of the clock are asked for."""
    times = np.concatenate([[0.0], motion.drawn.paths.times])
    ends = np.array([next(k for k in skeleton if k >= row) for row in range(skeleton[-1] + 1)])
    begun = np.array([max((k for k in skeleton if k < row), default=-1) for row in range(skeleton[-1] + 1)])
    passed = times[1 : skeleton[-1] + 2] - times[begun + 1]
    return np.broadcast_to((passed / (times[ends + 1] - times[begun + 1]))[:, None], (len(ends), BATCH))


@pytest.mark.parametrize("name", ["spot", "long_run_variance"])
def test_bridges_in_time_and_not_on_the_clock_would_be_seen(name, monkeypatch):
    assert bent_z_score(name) < 4.0
    monkeypatch.setattr(Skeletons, "shares", in_time)
    assert bent_z_score(name) > 5.0


# -- the limit of a constant variance --------------------------------------------------------------------------


@pytest.mark.parametrize("skeleton", SKELETONS, ids=str)
@pytest.mark.parametrize("payoff", PAYOFFS)
def test_controls_with_hardly_any_vol_of_vol_are_those_of_black_scholes(payoff, skeleton):
    flat = lg.GBM(spot=100.0, volatility=0.2, rate=0.05, dividend_yield=0.02)
    law = replace(DESK, vol_of_vol=1e-4, correlation=0.0)
    one, other = (draw(model, n_paths=2000, seed=8) for model in (flat, law))
    np.testing.assert_allclose(one.spot, other.spot, rtol=1e-3)  # the same normals
    control = HandedOver(relaxed(DESK, payoff), Handover(skeleton, 0.0))
    volatility = {("initial_variance",): 0.4, ("long_run_variance",): 0.4}  # with both, the whole variance moves
    names = [{("spot",): 1.0}, {("rate",): 1.0}, {(TIME,): 1.0}, {("spot", "spot"): 1.0}, {("spot", "rate"): 1.0}]
    needed = [*FIRST, ("spot", "spot"), ("spot", "rate")]
    black = [(a,) for a in (*flat.parameters, TIME)] + needed[-2:]
    expected = samples(
        [control], SharedPaths(flat, weigh(flat, one, black)), PAYOFFS[payoff], [*names, {("volatility",): 1.0}]
    )[:, 0]
    motion = SharedPaths(law, weigh(law, other, needed, 0.0))
    found = samples([control], motion, PAYOFFS[payoff], [*names, volatility])[:, 0]
    scales = natural(law, PAYOFFS[payoff], [*(next(iter(c)) for c in names), ("initial_variance",)])[:, 0]
    for a, b, scale in zip(found, expected, scales, strict=True):
        assert np.abs(a - b).mean() <= 0.02 * np.abs(b).mean() + 1e-3 * scale
    assert np.abs(found[-1]).mean() > 0.05 * scales[-1]  # there is something to compare


# -- the argument of the engine --------------------------------------------------------------------------------

BARRIER = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", (0.2, 0.35, 0.7, 1.0))
CALL = lg.Call(100.0, 1.0)
WANTED = ["delta", "gamma", "vega", "rho", "theta", "vol_of_vol", "mean_reversion", "correlation", "vanna"]
WAYS = ["auto", "flow", "score", 4.0]


def exact_european(model, payoff, greek):
    """By Fourier, discount included."""
    _, jet = model.vanilla_jets(payoff.strike, payoff.maturity)
    value = model.discount_jet(np.asarray(payoff.maturity)) * jet
    terms = resolve(greek, model)
    return float(sum(w * (value.derivative(*names) if names else value.value) for names, w in terms.items()))


@pytest.mark.slow
@pytest.mark.parametrize("model", [DESK, FV1], ids=["desk", "FV1"])
@pytest.mark.parametrize("handover", WAYS, ids=str)
@pytest.mark.parametrize("controls", ["auto", "none"])
def test_every_handover_gives_the_greeks_of_a_call(controls, handover, model):
    count = 20_000 if controls == "auto" else 60_000
    result = lg.greeks(model, CALL, WANTED, paths=count, seed=3, handover=handover, controls=controls)
    gates = {"price": 0.022, "delta": 0.06, "rho": 0.08}
    for name in ("price", *WANTED):
        exact = exact_european(model, CALL, name)
        gate = gates.get(name, np.inf) * (0.1 if controls == "auto" else 1.0)
        bias = 5e-4 * abs(exact) + 1e-4  # of the law with sub-steps
        assert result[name].standard_error < gate * abs(exact), name
        assert abs(result[name].value - exact) < 4.0 * result[name].standard_error + bias, name


@pytest.mark.slow
@pytest.mark.parametrize("model", [DESK, FV1], ids=["desk", "FV1"])
def test_every_handover_gives_the_greeks_of_a_barrier(model):
    options = [{"handover": way} for way in WAYS]
    options += [{"sampling": "antithetic"}, {"handover": "flow", "controls": "scores"}]
    results = [lg.greeks(model, BARRIER, WANTED, paths=20_000, seed=k, **how) for k, how in enumerate(options)]
    for name in ("price", *WANTED):
        values, errors = (np.array([getattr(r[name], f) for r in results]) for f in ("value", "standard_error"))
        best = np.average(values, weights=errors**-2)
        assert np.abs((values - best) / errors).max() < 4.0, name
    assert max(r["delta"].standard_error for r in results[:-1]) < 0.007


def test_a_european_gets_the_exact_law_unless_told_otherwise():
    precise = lg.greeks(FV1, CALL, ["delta", "vega"], paths=100_000, seed=4)
    for name in ("price", "delta", "vega"):
        exact = exact_european(FV1, CALL, name)
        assert_estimates(precise[name], exact, max_standard_error=0.003 * abs(exact))
    chosen = chosen_law(FV1, CALL.times, "auto", "auto")
    assert chosen.law == FV1.terminal(1.0)
    assert chosen.rate == LIKELIHOOD_RATIO
    drawn_once = chosen.law.simulate(CALL.times, Chunk(1, 0, 10).stream())
    assert drawn_once.substeps == ()
    assert set(drawn_once.latent) == {"log_spot"}
    for law, times, handover, controls, rate in (
        (FV1, CALL.times, "flow", "auto", 0.0), (FV1, BARRIER.times, "auto", "auto", 8.0),
        (DESK, BARRIER.times, "auto", "scores", 4.0), (DESK, BARRIER.times, 2, "none", 2.0),
        (DESK, BARRIER.times, np.inf, "auto", LIKELIHOOD_RATIO),
    ):  # fmt: skip
        chosen = chosen_law(law, times, handover, controls)
        assert (chosen.law, chosen.rate) == (law, rate)


def test_without_controls_the_estimate_is_the_plain_likelihood_ratio():
    result = lg.greeks(DESK, BARRIER, ["vega"], paths=4000, seed=5, controls="none")
    paths = DESK.simulate(BARRIER.times, Chunk(5, 0, 4000).stream())
    samples = DESK.discount(1.0) * BARRIER(paths.spot) * DESK.score(paths, ["initial_variance"])[0] * 0.4
    assert result["vega"].value == pytest.approx(samples.mean(), rel=1e-12)
    flow = lg.greeks(DESK, BARRIER, ["vega"], paths=4000, seed=5, controls="none", handover="flow")
    assert flow["vega"].standard_error < 0.6 * result["vega"].standard_error


@pytest.mark.parametrize(
    ("model", "handover", "error", "message"),
    [
        (DESK, -1.0, ValueError, r"handover must be non-negative and finite, got -1\.0"),
        (DESK, np.nan, ValueError, r"handover must be non-negative and finite, got nan"),
        (DESK, "fow", ValueError, r"handover must be one of 'auto', 'flow', 'score', got 'fow'"),
        (DESK, None, TypeError, "handover must be .*, got None"),
        (DESK, True, TypeError, "handover must be .*, got True"),
        (DESK, [4.0], TypeError, r"handover must be .*, got \[4\.0\]"),
        (
            FLAT,
            "flow",
            ValueError,
            "handover must be 'auto' or 'score' for a model beneath whose spots nothing travels, got 'flow'",
        ),
        (
            FLAT,
            4.0,
            ValueError,
            r"handover must be 'auto' or 'score' for a model beneath whose spots nothing travels, got 4\.0",
        ),
    ],
)
def test_bad_handovers_are_refused(model, handover, error, message):
    for payoff in (CALL, BARRIER):
        with pytest.raises(error, match=message):
            lg.greeks(model, payoff, paths=1000, seed=1, handover=handover)


def test_black_scholes_may_be_told_to_score():
    options = {"paths": 3000, "seed": 1}
    one, other = (lg.greeks(FLAT, BARRIER, handover=way, **options).to_frame() for way in ("auto", "score"))
    assert one.equals(other)


@pytest.mark.slow
@pytest.mark.parametrize("handover", ["auto", "flow"])
def test_every_executor_gives_the_same_bits_whatever_is_handed_over(handover):
    options = {"greeks": ["vega", "vanna"], "paths": 12_000, "seed": 1, "handover": handover}
    serial = lg.greeks(DESK, BARRIER, **options).to_frame()
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        for executor in (threads, processes):
            assert lg.greeks(DESK, BARRIER, executor=executor, **options).to_frame().equals(serial)


def names_of(result):
    return list(result.diagnostics.controls.query("used").control.unique())


def test_a_payoff_that_cannot_be_relaxed_is_still_handed_over_otherwise():
    opaque = lg.Payoff(lambda s: np.sort(np.asarray(s), axis=0)[1] > 97.0, times=UNEVEN)
    greeks = ["initial_variance", "vol_of_vol"]
    result = lg.greeks(DESK, opaque, greeks, paths=40_000, seed=6)
    assert any(name.startswith("the payoff, 4 scored") for name in names_of(result))
    assert "no relaxations" in str(result.diagnostics)
    plain = lg.greeks(DESK, opaque, greeks, paths=40_000, seed=7, controls="none")
    for name in greeks:
        assert plain[name].standard_error > 2.0 * result[name].standard_error
        gap = abs(plain[name].value - result[name].value)
        assert gap < 4.0 * np.hypot(plain[name].standard_error, result[name].standard_error)


def test_diagnostics_name_controls_in_words():
    options = {"greeks": ["delta", "vega"], "paths": 20_000, "seed": 8}
    names = [n for way in WAYS for n in names_of(lg.greeks(DESK, BARRIER, handover=way, **options))]
    assert any("flow beneath" in name for name in names)
    for name in names:
        assert "inf" not in name.split()
        assert "Handover" not in name
        assert "None" not in name
    vanilla = Vanilla(3, 99.0, "call", 4.0, given=True)
    assert (
        vanilla.name
        == "European call given what is beneath at 99, date 4, Greek, what is beneath handed over at 4 a year"
    )
    way = HandedOver(None, Handover(ALL_DATES, 8.0))
    assert way.name == "the payoff, 4 scored, what is beneath handed over at 8 a year"


@pytest.mark.slow
def test_methods_are_compared_under_heston():
    frame = lg.compare(DESK, BARRIER, ["delta", "vega"], paths=20_000, seed=9)
    unbiased = frame[frame.unbiased].loc["vega"]
    assert len(unbiased) >= 3
    best = unbiased.loc["likelihood ratio + controls"]
    for _, row in unbiased.iterrows():
        if row.note == "":
            assert abs(row.value - best.value) < 4.0 * np.hypot(row.standard_error, best.standard_error)
    assert best.standard_error < 0.2 * unbiased.loc["likelihood ratio"].standard_error


@pytest.mark.slow
def test_a_book_is_handed_over_like_its_trades():
    book = BOOK.iloc[[20]]
    (trade,), _ = parse(book, GIVEN)
    assert len(trade.payoff.times) > 1
    row = (
        lg.risk(book, GIVEN, ["vega"], paths=8192, seed=5).set_index(["trade_id", "greek"]).loc[trade.trade_id, "vega"]
    )
    for way in ("flow", "score"):
        alone = lg.greeks(trade.model, trade.payoff, ["vega"], paths=8192, seed=6, handover=way)["vega"]
        assert abs(row.value - alone.value) < 4.0 * np.hypot(row.standard_error, alone.standard_error)
        assert alone.standard_error < 0.05 * abs(alone.value)


@pytest.mark.slow
@pytest.mark.parametrize("handover", ["score", "flow"])
def test_hardly_any_degrees_of_freedom_leave_every_way_unbiased(handover):
    """At d = 0.013 one gamma in forty is below 1e-250: its logarithm must not be lifted."""
    law, payoff = replace(DESK, vol_of_vol=5.0), lg.DigitalCall(100.0, 1.0)
    exact = law.discount(1.0) * float(law.vanilla_jets(100.0, 1.0)[0].derivative("vol_of_vol"))
    options = {"paths": 12_000, "seed": 6, "controls": "none", "handover": handover}
    found = lg.greeks(law, payoff, ["vol_of_vol"], **options)["vol_of_vol"]
    assert found.standard_error < 0.1  # with lifted logarithms it was off by ten
    assert abs(found.value - exact) < 4.0 * found.standard_error


def test_a_variance_that_has_touched_zero_is_not_differenced_along_the_flow():
    law = replace(DESK, mean_reversion=0.01, long_run_variance=0.05, vol_of_vol=0.5)  # 0.008 degrees of freedom
    pair = ("initial_variance", "vol_of_vol")
    moves = law.moves(law.simulate((0.5, 1.0, 2.0), Chunk(3, 0, 4096).stream()))
    np.testing.assert_array_equal(
        moves.weights([pair], 8.0)[pair], moves.weights([pair], LIKELIHOOD_RATIO)[pair]
    )  # fmt: skip
    assert moves.curvature(pair, 8.0) is None


def test_what_is_redrawn_under_a_bump_is_said():
    table = lg.compare(DESK, CALL, ["vega", "delta"], paths=2000, seed=1)
    assert table.loc[("vega", "pathwise"), "note"].startswith("not available: what is drawn beneath the spots jumps")
    assert np.isnan(table.loc[("vega", "pathwise"), "value"])
    assert "jumps when this parameter moves" in table.loc[("vega", "finite difference 0.01"), "note"]
    assert table.loc[("delta", "finite difference 0.01"), "note"].endswith("bump squared")


def test_why_there_are_no_relaxations_is_said_though_other_offers_do_not_pay():
    payoff = lg.Payoff(lambda spot: np.floor(spot[-1]), times=[0.5, 0.7, 1.0])
    remarks = lg.greeks(DESK, payoff, ["delta"], paths=2000, seed=1).diagnostics.remarks
    assert any("np.floor" in remark for remark in remarks)


def test_hardly_any_vol_of_vol_is_refused():
    with pytest.raises(ValueError, match=r"vol_of_vol must be at least 4e-05 \(below, .*\), got 1e-06"):
        replace(DESK, vol_of_vol=1e-6)
