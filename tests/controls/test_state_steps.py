"""Laws whose steps depend on their state: their own way to travel is right, that of independent steps is not."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import FAST_RATES, RATES, Gradual, Handover
from likelihood_greeks.controls.offers import _ways
from likelihood_greeks.controls.protocol import Scene, SharedPaths, rows
from likelihood_greeks.controls.widths import ladder
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models import travel
from likelihood_greeks.models.adaptor import as_path_model
from likelihood_greeks.parameters import TIME
from likelihood_greeks.payoffs.relaxed.tape import Tape
from likelihood_greeks.streams.chunks import Chunk, GivenNormals
from tests.support.state_law import Pretending, Skewed, as_independent
from tests.support.surfaces import steep_smile

TIMES = (0.1, 0.35, 0.6, 1.0)
LAW = Skewed(97.0, 0.22, 0.03)
PAYOFF = lg.Barrier(lg.Call(95.0, 1.0), 85.0, "down", "out", TIMES)
NAMES = [("spot",), ("volatility",), ("rate",)]
SECOND = [("spot", "spot"), ("volatility", "spot"), ("spot", "rate"), ("spot", TIME)]
UNITS = {"spot": 97.0 * 0.22, "volatility": 0.22, "rate": 0.22, TIME: TIMES[0]}


def controls_of(law, ways, n_paths=200_000, seed=5, names=NAMES):
    """Moments of the relaxed payoff handed over in several ways, (n_names, n_ways)."""
    model = as_path_model(law)
    trial = model.simulate(np.asarray(TIMES), Chunk(1, 0, 4096).stream())
    relaxation = ladder(PAYOFF, trial.spot, np.random.default_rng(1), Tape(lambda *_: 0.0))[1]
    paths = model.simulate(np.asarray(TIMES), Chunk(seed, 0, n_paths).stream())
    scene = Scene(
        SharedPaths(
            model,
            weigh(model, paths, sorted({(a,) for name in names for a in name}) + [d for d in names if len(d) == 2]),
        ),
        PAYOFF,
        trial=True,
    )
    found = rows([HandedOver(relaxation, way) for way in ways], scene, [{name: 1.0} for name in names])
    scale = np.array([PAYOFF(paths.spot).std() / np.prod([UNITS[a] for a in name]) for name in names])
    return Moments.of(found), scale[:, None]


@pytest.mark.slow
def test_its_own_way_has_mean_zero_at_every_rate():
    found, scale = controls_of(LAW, [Gradual(0.0), Gradual(1.5), Gradual(8.0)])
    assert np.all(found.standard_error < 0.01 * scale)
    assert np.all(np.abs(found.mean) < 4.0 * found.standard_error)


@pytest.mark.slow
def test_the_way_of_independent_steps_is_biased():
    found, _ = controls_of(as_independent(LAW), [Handover(()), Handover((3,))])
    z = np.abs(found.mean / found.standard_error)
    assert np.all(z[[0, 2]] > 6.0), z  # of delta and rho, pathwise and at the last date scored


@pytest.mark.slow
def test_of_a_local_volatility_its_own_way_has_mean_zero_and_that_of_independent_steps_is_biased():
    law = lg.LocalVolatility(spot=97.0, volatility=steep_smile, rate=0.03, steps=TIMES)
    found, scale = controls_of(law, [Gradual(0.0), Gradual(1.5), Gradual(8.0)])
    assert np.all(found.standard_error < 0.01 * scale)
    assert np.all(np.abs(found.mean) < 4.0 * found.standard_error)
    wrong, _ = controls_of(Pretending(law), [Handover(()), Handover((3,))])
    assert np.abs(wrong.mean / wrong.standard_error).max() > 6.0
    second, scale = controls_of(law, [Gradual(0.0), Gradual(8.0)], names=SECOND)
    assert np.all(second.standard_error < 0.03 * scale)
    assert np.all(np.abs(second.mean) < 4.0 * second.standard_error)
    still, _ = controls_of(law, [Gradual(0.0)], names=[("volatility", "volatility")])
    assert still.standard_error == 0.0  # not known: both move every step


def test_the_way_of_independent_steps_is_refused_unless_the_law_asks_for_it():
    model = as_path_model(LAW)
    moves = model.moves(model.simulate(np.asarray(TIMES), Chunk(1, 0, 8).stream()))
    with pytest.raises(TypeError, match="must say that its steps are independent"):
        travel.between(moves, [3])
    with pytest.raises(TypeError, match="must say that its steps are independent"):
        travel.tangent(moves, ("spot",), np.inf, [3])
    blank = type(moves)(moves.noise, moves.variance, moves.law)
    with pytest.raises(TypeError, match="must say how its steps depend"):
        travel.carried_on(blank)


@pytest.mark.parametrize("name", ["spot", "volatility", "rate"])
def test_motions_carried_on_are_tangents_at_fixed_normals(name):
    model, z = as_path_model(LAW), np.random.default_rng(3).standard_normal((4, 50))
    moves = model.moves(model.simulate(np.asarray(TIMES), GivenNormals(z)))
    carried, pushed = travel.carried_on(moves), travel.pushed(moves, name, np.inf)
    motion = np.zeros((4, 50))
    for i, push in enumerate(np.broadcast_to(pushed, (4, 50))):
        motion[i] = push + (carried[i] * motion[i - 1] if i else 0.0)
    h = 1e-5 * getattr(LAW, name)
    ends = [
        np.log(type(LAW)(**{**vars(LAW), name: getattr(LAW, name) + s}).simulate(TIMES, GivenNormals(z)).spot)
        for s in (h, -h)
    ]
    np.testing.assert_allclose(motion, (ends[0] - ends[1]) / (2.0 * h), rtol=2e-6, atol=1e-8)


@pytest.mark.slow
def test_its_greeks_are_those_of_the_plain_method_with_less_noise():
    greeks = ["delta", "vega", "rho"]
    fine = lg.greeks(LAW, PAYOFF, greeks, paths=60_000, seed=2)
    plain = lg.greeks(LAW, PAYOFF, greeks, paths=400_000, seed=3, controls="none")
    assert any("relaxed" in name for name in fine.diagnostics.controls["control"])
    for name in greeks:
        gap = abs(fine[name].value - plain[name].value)
        assert gap < 4.0 * np.hypot(fine[name].standard_error, plain[name].standard_error), name
        assert fine[name].variance_ratio > 4.0, name


@pytest.mark.parametrize(
    ("volatility", "rates"), [(steep_smile, RATES), (lambda t, s: 0.2 + 0.15 * np.sin(s), FAST_RATES)]
)
def test_where_few_paths_carry_a_change_it_is_handed_over_fast(volatility, rates):
    law = as_path_model(lg.LocalVolatility(spot=97.0, volatility=volatility, steps=52))
    weighed = weigh(law, law.simulate(np.array([1.0]), Chunk(1, 0, 1024).stream()), [("spot",)])
    assert [way.rate for way in _ways(lg.Call(95.0, 1.0), weighed, ())] == list(rates)
