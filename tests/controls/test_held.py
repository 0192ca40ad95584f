"""Levels held still: no path travels across them, whatever the volatility does; the drift that it takes is scored."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls import offers
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Handover, Hold
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.controls.widths import REACHES
from likelihood_greeks.engine import payoff_group
from likelihood_greeks.models.protocol import Paths
from likelihood_greeks.parameters import TIME
from likelihood_greeks.streams.chunks import Chunk
from tests.support.gates import MODEL, UNEVEN
from tests.support.motions import FIRST, NATURAL, PAYOFFS, deviation, moments, moving, relaxed, samples

LEVEL = 84.0
HOLDS = [Hold(LEVEL, reach) for reach in (*REACHES, 1.0)]


@pytest.mark.parametrize("name", ["volatility", "rate", "dividend_yield"])
def test_at_the_level_the_shift_is_the_whole_motion(name):
    there = Paths(np.array(UNEVEN), np.full((len(UNEVEN), 3), LEVEL))
    motion = moving(there, 0.0, 0.0).motion
    tangent = motion.tangent((name,), Handover(tuple(range(len(UNEVEN)))))
    at_once = motion.shifts(Hold(LEVEL, 1e-9), np.inf)[name]
    np.testing.assert_allclose(np.broadcast_to(tangent, (len(UNEVEN), 3)), np.stack([at_once] * 3, axis=1), rtol=1e-9)


def test_what_moves_the_start_alone_is_left_to_skeletons():
    motion = moving(MODEL.simulate(UNEVEN, Chunk(3, 0, 64).stream()), 0.0, 0.0).motion
    assert set(motion.shifts(HOLDS[0], np.inf)) == {"volatility", "rate", "dividend_yield", TIME}


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 3, 4], ids=["0.25", "1", "narrow from 1/16", "narrow from 1/4"])
def test_every_held_control_has_mean_zero(which):
    contract = PAYOFFS["barrier"]
    width = relaxed(contract, which)
    found = moments([HandedOver(width, Handover((), hold=hold)) for hold in HOLDS], contract, FIRST, 400_000, seed=21)
    for row, derivative in enumerate(FIRST):
        assert found.standard_error[row].max() <= 3.0 * NATURAL[1] * deviation(contract, derivative), derivative
        assert np.all(np.abs(found.mean[row]) <= 4.0 * found.standard_error[row]), derivative


def test_a_drift_that_is_not_scored_would_be_seen(monkeypatch):
    contract = PAYOFFS["barrier"]
    held = [HandedOver(relaxed(contract, 1), Handover((), hold=HOLDS[1]))]
    right = Skeletons.drift_weights

    def z_score():
        found = moments(held, contract, [("volatility",)], 400_000, seed=22)
        return float(found.mean[0, 0] / found.standard_error[0, 0])

    assert abs(z_score()) < 4.0
    monkeypatch.setattr(
        Skeletons, "drift_weights", lambda *arguments: {name: 0.5 * w for name, w in right(*arguments).items()}
    )
    assert abs(z_score()) > 6.0


def test_prices_and_second_derivatives_get_no_held_control():
    paths = MODEL.simulate(UNEVEN, Chunk(3, 0, 64).stream())
    motion = moving(paths, 0.0, 0.0).motion
    control = HandedOver(relaxed(PAYOFFS["barrier"]), Handover((), hold=HOLDS[0]))
    combinations = [{(): 1.0}, {("spot", "volatility"): 1.0}, {("spot",): 1.0}]
    assert not samples([control], motion, PAYOFFS["barrier"], combinations).any()
    assert samples([control], motion, PAYOFFS["barrier"], [{("volatility",): 1.0}, {(TIME,): 1.0}]).any()


def test_a_held_barrier_more_than_halves_the_variance_of_vega_without_lines(monkeypatch):
    monkeypatch.setattr(payoff_group, "lines_of", lambda *_: [])
    model = lg.GBM(spot=100.0, volatility=0.21, rate=0.03, dividend_yield=0.01)
    times = lg.schedule(1.0, per_year=52)
    out = lg.Barrier(lg.Call(99.0, 1.0), level=121.0, direction="up", knock="out", times=times)
    held = lg.greeks(model, out, ["delta", "vega"], paths=65_536, seed=5)
    assert held.diagnostics.controls["control"].str.contains("121 held").any()
    monkeypatch.setattr(offers, "_holds", lambda *_: [])
    free = lg.greeks(model, out, ["delta", "vega"], paths=65_536, seed=5)
    assert held["vega"].standard_error ** 2 < free["vega"].standard_error ** 2 / 2.0
    assert abs(held["vega"].value - free["vega"].value) < 4.0 * free["vega"].standard_error
