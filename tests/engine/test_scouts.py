"""Branches that no path of the main run takes: scouts find them, and the stated error has them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

import likelihood_greeks as lg
from likelihood_greeks.engine import cure, pilot, scouts
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.streams.chunks import Chunk
from tests.support.two_assets import two

LAW = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
HESTON = lg.Heston(
    spot=100.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5, correlation=-0.7
)
DATES = lg.schedule(0.25, 52)
FORFEIT = 500.0


def below(row, level):
    """The chance that the spot is below a level at one of the dates."""
    time = DATES[row]
    return norm.cdf((np.log(level / 100.0) - (0.03 - 0.5 * 0.2**2) * time) / (0.2 * np.sqrt(time)))


def falls(ratio):
    """The chance that the spot falls below a share of what it was a date before."""
    step = DATES[1] - DATES[0]
    return norm.cdf((np.log(ratio) - (0.03 - 0.5 * 0.2**2) * step) / (0.2 * np.sqrt(step)))


CLAUSES = {
    "at the end": (lambda s: s[-1] < 65.0, below(-1, 65.0)),
    "early": (lambda s: s[2] < 81.0, below(2, 81.0)),
    "above": (lambda s: s[8] > 142.0, 1.0 - below(8, 142.0)),
    "a fall from date to date": (lambda s: s[6] < 0.885 * s[5], falls(0.885)),
}


def clause(taken):
    return lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) - np.where(taken(s), FORFEIT, 0.0), times=DATES)


CALL = lg.greeks(LAW, lg.Call(100.0, 0.25), [], closed_form=True)["price"].value


def z_scores(sampling="pseudo", paths=8192, seeds=range(1, 5)):
    found = []
    for taken, chance in CLAUSES.values():
        exact = CALL - FORFEIT * np.exp(-0.03 * 0.25) * chance
        for seed in seeds:
            price = lg.greeks(LAW, clause(taken), [], paths=paths, seed=seed, sampling=sampling)["price"]
            assert price.standard_error < 0.1, "plain samples of the call say 0.07"
            found.append(price.z_score(exact))
    return np.array(found)


@pytest.mark.parametrize("name", CLAUSES)
def test_the_clauses_are_rare(name):
    assert 1e-6 < CLAUSES[name][1] < 3e-5


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["pseudo", "antithetic", "sobol"])
def test_errors_have_what_no_path_has_seen(sampling):
    z = z_scores(sampling)
    assert np.abs(z).max() < 4.0
    assert (z**2).mean() < 2.0


@pytest.mark.slow
def test_without_scouts_errors_forget_it(monkeypatch):
    monkeypatch.setattr(pilot, "scouted", lambda group, plans, *_: tuple(plans))
    assert np.abs(z_scores()).max() > 6.0


def test_a_target_is_not_reached_for_want_of_paths_that_take_a_branch(monkeypatch):
    taken, chance = CLAUSES["a fall from date to date"]
    aim = {"target_error": {"price": 2e-4}, "max_paths": 16_384}
    cured = lg.greeks(LAW, clause(taken), [], paths=4096, seed=1, **aim)["price"]
    assert not cured.note
    assert cured.standard_error < 2e-4
    assert abs(cured.z_score(CALL - FORFEIT * np.exp(-0.03 * 0.25) * chance)) < 4.0
    monkeypatch.setattr(cure, "FEWEST", 10**9)
    found = lg.greeks(LAW, clause(taken), [], paths=4096, seed=1, **aim)["price"]
    assert found.n_paths == 16_384
    assert "not reached" in found.note


def test_what_a_run_sees_itself_is_left_to_it():
    seen = lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) - np.where(s[-1] < 90.0, 5.0, 0.0), times=DATES)
    group = Group(LAW, (seen,), ({(): 1.0}, {("spot",): 1.0}), CONTROLS["auto"])
    (plan,) = pilot.planned(group, [Chunk(2, 0, 4096, pilot=True)], 100_000)
    assert (plan.scouted.rare < 1e-20).all()  # rounding errors: the payoff is a sum of Europeans


@pytest.mark.parametrize("law", [LAW, HESTON, two(-0.4)], ids=["GBM", "Heston", "two assets"])
@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_weighted_scouts_have_the_law(law, sampling):
    group = Group(law, (lg.Payoff(lambda s: s[..., -1, :], times=DATES),), ({(): 1.0},), CONTROLS["auto"])
    chunk = replace(Chunk(7, scouts.SCOUTS, 16_384, pilot=True), sampling=sampling)
    (found,) = scouts.weighted_draws(group, chunk)
    jets = [one.forward_jet(np.asarray(DATES)) for one in getattr(law, "laws", [law])]
    forward = np.concatenate([jet.value for jet in jets])
    rows = chunk.fold(found.drawn.spot).reshape(len(forward), -1) / forward[:, None]
    for samples in (found.weight, *(found.weight * rows)):
        error = samples.std() / np.sqrt(samples.size)
        assert error < 0.02
        assert abs(samples.mean() - 1.0) < 4.0 * error
    assert (found.drawn.spot[..., -1, :] < 65.0).mean() > 0.02


@pytest.mark.parametrize("sampling", ["pseudo", "antithetic"])
def test_the_pilot_of_several_assets_looks_far_on_both_sides(sampling):
    law = two(0.6)
    group = Group(law, (lg.WorstOf(lg.Put(90.0, 1.0)),), ({("spot[A]",): 1.0},), CONTROLS["auto"])
    (found,) = group.pilot_draws(replace(Chunk(3, 0, 16_384, pilot=True), sampling=sampling))
    free = np.concatenate([np.ones((1, found.free.shape[1])), found.free]) * found.weight
    error = free.std(axis=1) / np.sqrt(free.shape[1])
    seen = error > 0.0  # antithetic pairs cancel some controls
    assert np.abs((free.mean(axis=1) - np.eye(len(free))[0])[seen] / error[seen]).max() < 4.2
    spread = np.log(found.drawn.spot[:, -1]).std(axis=-1)
    assert (spread > 1.3 * np.array([0.25, 0.35])).all()


def test_a_rare_payment_has_the_weight_of_its_chance():
    rows = np.array([[0.0] * 90 + [1000.0] * 10])
    weight = np.r_[np.ones(90), np.full(10, 1e-6)]
    known = scouts.variances(rows, weight, 10_000)
    assert known.rare[0] == pytest.approx(1000.0**2 * 1e-5 / 90.0, rel=1e-3)
    assert scouts.variances(rows, weight, 10**9).rare[0] == 0.0


def test_rounding_is_the_least_error():
    linear = lg.Payoff(lambda s: 2.0 * s[-1], times=(1.0,))
    price = lg.greeks(LAW, linear, [], paths=4096, seed=1)["price"]
    assert price.value == pytest.approx(200.0, rel=1e-11)
    assert 1e-13 < price.standard_error < 1e-10
