"""Payoffs told their events: what is straight in the final spot then, and what must be refused."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.relaxed.events import Event
from likelihood_greeks.payoffs.relaxed.straight import straight_pieces

TIMES = (0.2, 0.5, 0.6, 1.0)


def paths(n_paths=4000, seed=1, deviation=0.15):
    steps = deviation * np.random.default_rng(seed).standard_normal((len(TIMES), n_paths))
    return 100.0 * np.exp(steps.cumsum(axis=0))


def user(function):
    return lg.Payoff(function, TIMES)


def looped(spot):
    alive = np.ones(spot.shape[-1], dtype=bool)
    for fixing in spot:
        alive = alive & (fixing < 115.0)
    return np.where(alive, np.maximum(spot[-1] - 100.0, 0.0), 2.0)


STRAIGHT = {
    "down-and-out call": lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", TIMES),
    "up-and-in put with a rebate": lg.Barrier(lg.Put(100.0, 1.0), 115.0, "up", "in", TIMES, rebate=3.0),
    "digital, not watched at the end": lg.Barrier(lg.DigitalCall(100.0, 1.0), 110.0, "up", "out", TIMES[:-1]),
    "double barrier": lg.DoubleBarrier(lg.GapCall(100.0, 103.0, 1.0), 85.0, 120.0, "out", TIMES),
    "a loop": user(looped),
    "any and all": user(lambda s: 5.0 * ((s[:-1] > 118).any(axis=0) | ~(s > 90).all(axis=0)) + np.abs(s[-1] - 100)),
    "a negative amount": user(lambda s: ((-2.0 * s).min(axis=0) < -230.0) * np.clip(s[-1], 90.0, 110.0)),
    "a capped call": user(lambda s: (s.max(axis=0) < 118.0) * np.minimum(np.maximum(s[-1] - 100.0, 0.0), 12.0)),
    "two dates": user(lambda s: np.where((s[0] > 100.0) & (s[2] < 110.0), s[-1], 1.0)),
    "a past fixing below": lg.Seasoned(user(lambda s: (s.max(axis=0) < 118.0) * (s[-1] > 95.0) * 1.0), [101.0, 99.0]),
    "a past fixing above": lg.Seasoned(user(lambda s: (s.max(axis=0) < 118.0) * (s[-1] > 95.0) + 1.0), [101.0, 119.0]),
    "what always holds": user(lambda s: np.where(s.min(axis=0) > -1.0, s[-1], 7.0)),
}
NOT_STRAIGHT = {
    "average": lg.Asian(100.0, TIMES),
    "lookback": user(lambda s: s.max(axis=0) - s[-1]),
    "two days running": user(lambda s: ((s[1:] > 110.0) & (s[:-1] > 110.0)).any(axis=0) * 1.0),
    "power": user(lambda s: s[-1] ** 2),
    "a count": user(lambda s: (s > 100.0).sum(axis=0) * 1.0),
    "forward start": user(lambda s: np.maximum(s[-1] - s[0], 0.0)),
    "a kink by a maximum over rows": user(lambda s: np.max(np.stack([s[-1] - 100.0, 0.0 * s[-1]]), axis=0)),
    "running maximum": user(lambda s: (np.maximum.accumulate(s, axis=0)[2] > 110.0) * 1.0),
    "paid date by date": user(lambda s: 1.0 * (s > 100.0)),
    "an earlier spot": user(lambda s: s[0] + s[-1]),
}


@pytest.mark.parametrize("name", STRAIGHT)
def test_the_pieces_are_the_payoff_on_any_path(name):
    payoff = STRAIGHT[name]
    found = straight_pieces(payoff, paths())
    assert found is not None
    for far in (paths(seed=2), paths(seed=3, deviation=0.6)):
        np.testing.assert_allclose(found.cash_flow(far), np.asarray(payoff(far), dtype=float), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NOT_STRAIGHT)
def test_what_is_not_straight_has_no_pieces(name):
    assert straight_pieces(NOT_STRAIGHT[name], paths()) is None


def test_conditions_of_the_same_level_are_one_event():
    found = straight_pieces(STRAIGHT["a loop"], paths())
    assert set(found.events) == {Event((3,), 100.0, True), Event((0, 1, 2, 3), 115.0, True)}


def random_payoff(generator):
    """A payoff of a few conditions on extremes, single dates, or all of some, combined in one of several ways."""
    made = []
    for _ in range(int(generator.integers(1, 4))):
        level, kind = float(generator.uniform(80.0, 125.0)), int(generator.integers(5))
        first = int(generator.integers(3))
        made.append(
            [
                lambda s, a=first, x=level: s[a:].max(axis=0) >= x,
                lambda s, a=first, x=level: np.min(s[a:], axis=0) < x,
                lambda s, a=first, x=level: s[a] > x,
                lambda s, a=first, x=level: np.all(s[a:] <= x, axis=0),
                lambda s, a=first, x=level: ~np.logical_not(2.0 * s[a:] - 1.0 > x).any(axis=0),
            ][kind]
        )
    strike, mixed = float(generator.uniform(80.0, 120.0)), int(generator.integers(3))

    def function(s):
        hit = made[0](s)
        for condition in made[1:]:
            hit = [hit & condition(s), hit | condition(s), hit ^ condition(s)][mixed]
        return np.where(hit, np.maximum(s[-1] - strike, 0.0), np.minimum(s[-1], strike) * 0.1)

    return user(function)


@pytest.mark.parametrize("seed", range(25))
def test_random_conditions_are_told_apart(seed):
    payoff = random_payoff(np.random.default_rng(seed))
    found, far = straight_pieces(payoff, paths()), paths(seed=5, deviation=0.4)
    assert found is not None
    np.testing.assert_allclose(found.cash_flow(far), payoff(far), rtol=1e-9, atol=1e-9)
