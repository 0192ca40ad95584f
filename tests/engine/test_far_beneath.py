"""Falls out of high variances and several jumps: scouts and cures look there, and their weights have the law."""

import numpy as np
import pytest
from scipy.optimize import brentq

import likelihood_greeks as lg
from likelihood_greeks.engine import far_beneath, scouts
from likelihood_greeks.engine.far_beneath import FarBeneath
from likelihood_greeks.engine.payoff_group import CONTROLS, Group
from likelihood_greeks.engine.pushes import ALONE
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


def below(law, level, sampling="pseudo", paths=16_384):
    """Weighted indicators on scouts that the last spot is below a level."""
    group = Group(law, (lg.Payoff(lambda s: s[-1], times=DATES),), ({(): 1.0},), CONTROLS["auto"])
    chunk = Chunk(3, scouts.SCOUTS, paths, sampling, pilot=True)
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
    found = below(LAWS[name], level_of(LAWS[name]), paths=8192)
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean() - CHANCE) > 5.0 * error


@pytest.mark.parametrize("name", ["Merton", "Bates"])
def test_densities_of_ways_are_those_of_what_they_draw(name):
    law, grid, chunk = LAWS[name], np.asarray(DATES), Chunk(5, 0, 20_000)
    ways = law.far_beneath(grid, (0.5, 1.0))
    for way in ways:
        paths = law.simulate_beneath(grid, chunk.stream(), way)
        weight = np.exp(-law.log_ratios_beneath(paths, [way])[0])
        jumped = weight * paths.latent["jumps"].sum(axis=0) / law.intensity
        for samples in (weight, jumped):
            assert abs(samples.mean() - 1.0) < 4.5 * samples.std() / np.sqrt(chunk.n_paths)
    far = FarBeneath(ways, np.full(len(ways), 0.9 / len(ways)), plain=0.3).drawn(law, grid, chunk)
    assert far.plain == 6000
    together = 1.0 / (far.share + (1.0 - far.share) * far.density)
    assert together.max() <= 1.0 / far.share
    assert abs(together.mean() - 1.0) < 4.0 * together.std() / np.sqrt(chunk.n_paths) < 0.05


def test_shares_learn_where_samples_are_wanted():
    law, chunk = LAWS["Heston"], Chunk(2, 0, 8192)
    far = FarBeneath.everywhere(law, DATES)
    sunk = far.drawn(law, DATES, chunk)
    inverse = sunk.share + (1.0 - sunk.share) * sunk.density
    high = sunk.paths.latent["variance"][1] > 0.25  # at the first date
    learnt = far.learnt(sunk, 1.0 - sunk.share / inverse, high / inverse)
    assert learnt.shares[:2].sum() > 0.6 * learnt.shares.sum(), "up to the first date"
    assert learnt.plain == pytest.approx(ALONE[0])
    assert far.learnt(sunk, 1.0 - sunk.share / inverse, np.zeros(8192)) is far


@pytest.mark.slow
def test_a_loss_on_the_first_of_several_dates_is_priced_with_its_greeks(monkeypatch):
    law, times, chance = LAWS["Heston"], (0.25, 0.5, 0.75, 1.0), 1e-6
    level = float(np.exp(brentq(lambda x: 1.0 - law.vanilla_jets(np.exp(x), 0.25)[0].value - chance, 0.7, 4.5)))
    loss, greeks = 0.5 / chance, ["delta", "initial_variance", "vol_of_vol"]
    payoff = lg.Payoff(lambda s: np.maximum(s[-1] - 100.0, 0.0) - np.where(s[0] < level, loss, 0.0), times)
    call, fall = (
        lg.greeks(law, part, greeks, closed_form=True) for part in (lg.Call(100.0, 1.0), lg.DigitalPut(level, 0.25))
    )

    def z_scores(seeds):
        for seed in seeds:
            found = lg.greeks(law, payoff, greeks, paths=8192, seed=seed)
            for of in ("price", *greeks):
                if not found[of].note:
                    yield found[of].z_score(call[of].value - loss * fall[of].value)

    z = np.array([*z_scores(range(3))])
    assert len(z) >= 9
    assert np.abs(z).max() < 4.0
    assert (z**2).mean() < 2.0
    monkeypatch.setattr(far_beneath, "FAR", 0.0)
    assert max(map(abs, z_scores(range(2)))) > 6.0


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
    before = [lg.greeks(law, payoff, [], paths=8192, seed=seed)["price"] for seed in range(5, 9)]
    assert max(abs(price.z_score(exact)) for price in before if not price.note) > 6.0
