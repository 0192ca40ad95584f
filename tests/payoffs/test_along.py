"""Payoffs along a line: which have pieces, that these are the payoff, and what must be refused."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.along.pieces import pieces_along
from likelihood_greeks.payoffs.along.points import Crossed, Extreme
from likelihood_greeks.payoffs.protocol import cash_flows
from tests.support.payoffs import PAYOFFS

TIMES = (0.2, 0.5, 0.6, 1.0)
LEVELS = np.array([[118.0], [115.0], [112.0], [109.0]])
WITHOUT = {"variance swap", "volatility swap", "exercised by value", "ended by its issuer"}


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


WITH_PIECES = {
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
    "two days running": user(lambda s: ((s[1:] > 110.0) & (s[:-1] > 110.0)).any(axis=0) * 1.0),
    "power": user(lambda s: s[-1] ** 2),
    "a count": user(lambda s: (s > 100.0).sum(axis=0) * 1.0),
    "forward start": user(lambda s: np.maximum(s[-1] - s[0], 0.0)),
    "a performance": user(lambda s: np.clip(s[2] / s[0] - 1.0, -0.05, 0.1)),
    "a kink by a maximum over rows": user(lambda s: np.max(np.stack([s[-1] - 100.0, 0.0 * s[-1]]), axis=0)),
    "running maximum": user(lambda s: (np.maximum.accumulate(s, axis=0)[2] > 110.0) * 1.0),
    "lookback": user(lambda s: s.max(axis=0) - s[-1]),
    "paid date by date": user(lambda s: 1.0 * (s > 100.0)),
    "an earlier spot": user(lambda s: s[0] + s[-1]),
    "levels by date": user(lambda s: np.where((s < LEVELS).all(axis=0), s[-1], 1.0)),
    "floors of every fixing": user(lambda s: (np.maximum(s, 101.0).min(axis=0) > 103.0) * s[1]),
    "alive by date": user(lambda s: np.minimum.accumulate(s > 92.0, axis=0) * np.minimum(s, 105.0)),
    "accumulated by product": user(lambda s: np.cumprod((s > 92.0).astype(float), axis=0) * 2.0),
    "in place": user(lambda s: filled(s) + 0.0),
    "selected": user(lambda s: np.select([s[-1] > 120.0, s[-1] > 100.0], [3.0, s[1]], 0.5)),
    "geometric average": user(lambda s: np.maximum(np.exp(np.log(s).mean(axis=0)) - 100.0, 0.0)),
    "a root": user(lambda s: np.sqrt(s[0] * s[1]) * (s[2] / s[0] > 1.01)),
    "weighted": user(lambda s: np.array([1.0, 0.0, 2.0, -1.0]) @ s),
    "changes": user(lambda s: np.diff((s > 100.0).astype(float), axis=0, prepend=0.0)),
    "average": lg.Asian(100.0, TIMES),
    "average strike": lg.Asian(None, TIMES),
    "put on a weighted average": user(lambda s: np.maximum(101.0 - np.average(s, axis=0, weights=[1, 2, 3, 4]), 0.0)),
    "barrier on the average": user(lambda s: (s.mean(axis=0) < 104.0) * np.maximum(s[-1] - 100.0, 0.0)),
    "averages so far": user(lambda s: 1.0 * (np.cumsum(s, axis=0) / np.arange(1, 5)[:, None] > 102.0)),
    "a spread of averages": user(lambda s: np.maximum(s[-1] - 0.4 * s[0] - 0.6 * s[1], 0.0)),
    "a put on the lowest": user(lambda s: np.maximum(104.0 - s.min(axis=0), 0.0)),
    "a call on the highest": user(lambda s: np.maximum(s.max(axis=0) - 103.0, 0.0)),
    "the range of two": user(lambda s: s.max(axis=0) - s.min(axis=0)),
    "the highest, knocked out": user(lambda s: (s > 90.0).all(axis=0) * (s.max(axis=0) - s[-1])),
    "either and not both": user(lambda s: ((s[0] > 100.0) ^ (s[3] > 105.0)) * 1.0),
}


def filled(s):
    paid = np.zeros_like(s)
    paid[0] = 1.0 * (s[0] > 104.0)
    paid[2] += np.where(s[0] > 104.0, 0.0, s[2])
    return paid


REFUSED = {
    "a branch": user(lambda s: s[-1] if (s[0] > 0.0).all() else s[0]),
    "a sum of both signs": user(lambda s: np.maximum(s[0] - s[1] + s[2] - s[3], 0.0)),
    "squares of returns": user(lambda s: np.square(np.diff(np.log(s), axis=0)).sum(axis=0)),
    "what mixes paths": user(lambda s: s[-1] - s[-1].mean()),
    "a copy of values": user(lambda s: np.asarray(s)[-1]),
    "a sort": user(lambda s: np.sort(s, axis=0)[1]),
    "a function that rounds": user(lambda s: np.floor(s[-1])),
    "neither up nor down": user(lambda s: (s[1] ** 2 > s[0] * s[3]) * 1.0),
    "paths of its own": user(lambda s: s[-1] + np.arange(s.shape[-1])),
}


@pytest.mark.parametrize("name", WITH_PIECES)
def test_the_pieces_are_the_payoff_on_any_path(name):
    payoff = WITH_PIECES[name]
    found = pieces_along(payoff, paths())
    assert found is not None
    for far in (paths(seed=2), paths(seed=3, deviation=0.6)):
        np.testing.assert_allclose(found.cash_flows(far), cash_flows(payoff, far), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", PAYOFFS)
def test_so_are_those_of_the_library_where_they_have_any(name):
    payoff = PAYOFFS[name]()
    near, far = (paths(seed=k, deviation=0.1 * k)[: len(payoff.times)] for k in (2, 3))
    found = pieces_along(payoff, near)
    assert (found is None) == (name in WITHOUT)
    if found is not None:
        np.testing.assert_allclose(found.cash_flows(far), cash_flows(payoff, far), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_has_no_pieces(name):
    assert pieces_along(REFUSED[name], paths()) is None


def test_points_that_end_nothing_are_joined():
    found = pieces_along(WITH_PIECES["a loop"], paths())
    barrier, strike = (Crossed(((3, 1.0),), level) for level in (115.0, 100.0))
    assert {barrier, strike} < set(found.points)
    (first,) = (p for p in found.points if isinstance(p, Extreme) and not p.last)
    assert len(first.members) == 4


def test_what_is_never_both_is_left_out():
    """Of two conditions that exclude each other, and of one that another includes."""

    def excluding(s):
        return ((s[0] > 100.0) & (s[0] < 100.0)) * s[1] + (s.max(axis=0) > 90.0) * (s[0] > 90.0)

    found = pieces_along(user(excluding), paths())
    assert len(found.paid) == 1
    assert found.points == (Crossed(((0, 1.0),), 90.0),)


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
    found, far = pieces_along(payoff, paths()), paths(seed=5, deviation=0.4)
    assert found is not None
    np.testing.assert_allclose(found.cash_flows(far)[0], payoff(far), rtol=1e-9, atol=1e-9)
