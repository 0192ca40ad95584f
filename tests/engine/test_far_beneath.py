"""Falls out of high variances and several jumps: scouts and cures look there, and their weights have the law."""

import numpy as np
import pytest
from scipy.optimize import brentq

import likelihood_greeks as lg
from likelihood_greeks.engine import far_beneath, scouts
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.streams.chunks import Chunk

VARIANCE = {
    "initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.05, "vol_of_vol": 0.5, "correlation": -0.7,
}  # fmt: skip
JUMPS = {"intensity": 0.1, "jump_mean": -0.3, "jump_volatility": 0.15}
LAWS = {
    "Heston": lg.Heston(spot=100.0, **VARIANCE),
    "Bates": lg.Bates(spot=100.0, **VARIANCE, **JUMPS),
    "Merton": lg.Merton(spot=100.0, volatility=0.18, **JUMPS),
}
DATES = tuple(np.arange(1, 7) / 6.0)
CHANCE = 5e-5


def level_of(law, chance=CHANCE):
    """The spot that the last one is below with a chance, by Fourier inversion or the sum over numbers of jumps."""
    return float(np.exp(brentq(lambda x: 1.0 - law.vanilla_jets(np.exp(x), 1.0)[0].value - chance, 0.7, 4.5)))


def below(law, level, sampling="pseudo"):
    """Weighted indicators on scouts that the last spot is below a level."""
    group = Group(law, (lg.Payoff(lambda s: s[-1], times=DATES),), ({(): 1.0},), CONTROLS["auto"])
    chunk = Chunk(3, scouts.SCOUTS, 8192, sampling, pilot=True)
    (found,) = scouts.weighted_draws(group, chunk)
    return found.weight * chunk.fold((found.drawn.spot[-1] < level).astype(float))


@pytest.mark.parametrize(("name", "sampling"), [("Heston", "antithetic"), ("Bates", "pseudo"), ("Merton", "pseudo")])
def test_scouts_know_the_chance_of_a_far_fall(name, sampling):
    law = LAWS[name]
    found = below(law, level_of(law), sampling)
    error = found.std() / np.sqrt(found.size)
    assert error < 0.22 * CHANCE
    assert abs(found.mean() - CHANCE) < 4.0 * error + 0.02 * CHANCE  # the bias of the law's steps


@pytest.mark.parametrize("name", LAWS)
def test_pushed_from_what_typical_paths_have_beneath_they_do_not(name, monkeypatch):
    monkeypatch.setattr(far_beneath, "FAR", 0.0)
    found = below(LAWS[name], level_of(LAWS[name]))
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean() - CHANCE) > 5.0 * error


@pytest.mark.slow
def test_a_loss_out_of_a_high_variance_is_priced(monkeypatch):
    law, times, chance = LAWS["Heston"], tuple(np.arange(1, 13) / 12.0), 1.4e-5
    level, loss = level_of(law, chance), 0.5 / chance
    payoff = lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) - np.where(s[-1] < level, loss, 0.0), times=times)
    exact = law.vanilla_jets(100.0, 1.0)[1].value - 0.5
    found = lg.greeks(law, payoff, ["delta"], paths=8192, seed=5)
    price, delta = found["price"], found["delta"]
    parts = [
        lg.greeks(law, part, ["delta"], closed_form=True) for part in (lg.Call(100.0, 1.0), lg.DigitalPut(level, 1.0))
    ]
    assert not delta.note
    assert delta.standard_error < 1e-3 * delta.value
    assert abs(delta.z_score(parts[0]["delta"].value - loss * parts[1]["delta"].value)) < 4.0
    assert not price.note
    assert price.standard_error < 0.1
    assert abs(price.z_score(exact)) < 4.0
    monkeypatch.setattr(far_beneath, "FAR", 0.0)
    before = lg.greeks(law, payoff, [], paths=8192, seed=5)["price"]
    assert not before.note
    assert abs(before.z_score(exact)) > 6.0
