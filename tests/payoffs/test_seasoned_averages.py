"""An average with a past is compared at the level that is left to the spots to come, and keeps its known controls."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.relaxed.array import Relaxed
from likelihood_greeks.payoffs.relaxed.tape import Tape

TIMES = tuple(np.arange(1, 17) / 52)
PAST = tuple(100.0 + k for k in range(10))
MODEL = lg.GBM(spot=110.0, volatility=0.2, rate=0.03)


def levels(payoff, spot):
    tape = Tape(lambda number, difference: 0.0)
    payoff(Relaxed(tape, tape.leaf(spot)))
    return tape.levels


def test_the_level_is_what_the_spots_to_come_must_average():
    spot = np.full((16, 3), 110.0)
    (found,) = levels(lg.Seasoned(lg.Payoff(lambda s: s.mean(axis=0) > 105.0, TIMES), PAST), spot)
    assert found.averaged
    assert found.rows == tuple(range(16))
    assert found.level == pytest.approx((26 * 105.0 - sum(PAST)) / 16, rel=1e-12)


@pytest.mark.parametrize("key", [-1, slice(10, None), slice(12, 14)])
def test_dates_taken_after_the_past_are_those_of_the_spots(key):
    spot = np.full((16, 3), 110.0)
    (found,) = levels(lg.Seasoned(lg.Payoff(lambda s: s[key] > 105.0, TIMES), PAST), spot)
    assert found.rows == tuple(np.atleast_1d(np.arange(-10, 16)[key]).tolist())
    assert found.level == pytest.approx(105.0)


def test_a_sum_with_unequal_weights_over_a_past_has_no_level():
    weights = np.arange(1.0, 27.0)
    assert not levels(lg.Seasoned(lg.Payoff(lambda s: weights @ s > 40_000.0, TIMES), PAST), np.full((16, 3), 110.0))


def test_a_seasoned_average_is_as_precise_as_a_new_one():
    seasoned = lg.greeks(MODEL, lg.Seasoned(lg.Asian(105.0, TIMES), PAST), ["delta", "vega"], paths=20_000, seed=1)
    remaining = (26 * 105.0 - sum(PAST)) / 16  # 16/26 of a new average with this strike: the same contract
    new = lg.greeks(MODEL, lg.Asian(remaining, TIMES), ["delta", "vega"], paths=20_000, seed=2)
    for name, scale in (("delta", 1e-4), ("vega", 1e-2)):
        both = np.hypot(seasoned[name].standard_error, 16 / 26 * new[name].standard_error)
        assert both < scale
        assert abs(seasoned[name].value - 16 / 26 * new[name].value) < 4.0 * both
        assert abs(seasoned[name].value - new[name].value) > 100.0 * both  # the past forgotten would be noticed
