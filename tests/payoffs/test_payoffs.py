"""Payoffs on paths worked out by hand, and identities between them."""

import numpy as np
import pytest

import likelihood_greeks as lg
from tests.support.gates import MODEL, UNEVEN, draw

# Four paths at three dates.
SPOT = np.array([[90.0, 100.0, 110.0, 79.0], [80.0, 120.0, 100.0, 95.0], [100.0, 105.0, 95.0, 101.0]])
TIMES = (0.25, 0.6, 1.0)
T = 1.0


@pytest.mark.parametrize(
    ("payoff", "expected"),
    [
        (lg.Call(97.0, T), [3, 8, 0, 4]),
        (lg.Put(97.0, T), [0, 0, 2, 0]),
        (lg.DigitalCall(100.0, T, cash=7.0), [0, 7, 0, 7]),
        (lg.DigitalPut(100.0, T, cash=7.0), [0, 0, 7, 0]),
        (lg.AssetOrNothingCall(100.0, T), [0, 105, 0, 101]),
        (lg.AssetOrNothingPut(100.0, T), [0, 0, 95, 0]),
        (lg.GapCall(103.0, 99.0, T), [-3, 2, 0, -2]),
        (lg.GapPut(90.0, 99.0, T), [0, 0, -5, 0]),
        (lg.Barrier(lg.Call(97.0, T), 80.0, "down", "out", TIMES, rebate=1.5), [1.5, 8, 0, 1.5]),
        (lg.Barrier(lg.Call(97.0, T), 80.0, "down", "in", TIMES, rebate=1.5), [3, 1.5, 1.5, 4]),
        (lg.Barrier(lg.Call(97.0, T), 120.0, "up", "out", TIMES), [3, 0, 0, 4]),
        (lg.Barrier(lg.Call(97.0, T), 100.0, "up", "out", TIMES[:1]), [3, 0, 0, 4]),
        (lg.Barrier(lg.Call(97.0, T), 101.0, "up", "out", TIMES[:2]), [3, 0, 0, 4]),
        (lg.Barrier(lg.Call(97.0, T), 101.0, "up", "out", TIMES), [3, 0, 0, 0]),
        (lg.Barrier(lg.Call(97.0, T), 101.0, "up", "out", TIMES, monitor_maturity=False), [3, 0, 0, 4]),
        (lg.DoubleBarrier(lg.Call(90.0, T), 80.0, 111.0, "out", TIMES, rebate=2.0), [2, 2, 5, 2]),
        (lg.DoubleBarrier(lg.Call(90.0, T), 79.0, 120.0, "in", TIMES), [0, 15, 0, 11]),
        (lg.Asian(90.0, TIMES), [0, 325 / 3 - 90, 305 / 3 - 90, 275 / 3 - 90]),
        (lg.Asian(95.0, TIMES, kind="put"), [5, 0, 0, 95 - 275 / 3]),
        (lg.Asian(None, TIMES), [10, 0, 0, 101 - 275 / 3]),
        (lg.Asian(90.0, TIMES[:2], average="geometric"), np.maximum(np.sqrt(SPOT[0] * SPOT[1]) - 90, 0)),
        (lg.Lookback(TIMES, "call"), [20, 5, 0, 22]),
        (lg.Lookback(TIMES, "put"), [0, 15, 15, 0]),
        (lg.Lookback(TIMES, "call", strike=100.0), [0, 20, 10, 1]),
        (lg.Lookback(TIMES, "put", strike=90.0), [10, 0, 0, 11]),
        (lg.Cliquet(TIMES[:2], 100.0, -0.05, 0.1, 0.0, 0.12), [0, 0.1, 0.05, 0.05]),
        (lg.OneTouch(120.0, "up", T, 4.0, TIMES), [0, 4, 0, 0]),
        (lg.OneTouch(80.0, "down", 1.5, 4.0, TIMES), [4, 0, 0, 4]),
        (lg.OneTouch(101.0, "up", T, 4.0, TIMES, "hit"), [[0, 0, 4, 0], [0, 4, 0, 0], [0, 0, 0, 4]]),
        (lg.NoTouch(80.0, "down", T, 4.0, TIMES), [0, 4, 4, 0]),
        (lg.NoTouch(80.0, "down", T, 4.0, TIMES[:1]), [4, 4, 4, 0]),
        (lg.DoubleNoTouch(79.5, 115.0, T, 4.0, TIMES), [4, 0, 4, 0]),
        (
            lg.VarianceSwap(0.1, TIMES[:2], 100.0, 2.0),
            [*((np.log(SPOT[0] / 100) ** 2 + np.log(SPOT[1] / SPOT[0]) ** 2) - 0.01)],
        ),
        (lg.VolatilitySwap(0.1, TIMES[:2], None, 4.0), [*(2 * np.abs(np.log(SPOT[1] / SPOT[0])) - 0.1)]),
        (lg.RangeAccrual(80.0, 100.0, TIMES, 3.0), [3, 1, 2, 1]),
        (lg.RangeAccrual(100.0, np.inf, TIMES, 3.0), [1, 3, 2, 1]),
        (lg.ReverseConvertible(100.0, (0.5, T), (0.02, 0.03), 0.96, 10.0), [[0.2] * 4, [10.3, 10.3, 9.9, 10.3]]),
        (lg.BarrierReverseConvertible(110.0, (T,), 0.1, 79.0, TIMES[:2]), [[121, 121, 121, 112]]),
        (lg.ForwardStart(0.25, 1.0, moneyness=0.5), [55, 55, 40, 61.5]),
        (lg.ForwardStart(0.6, 1.0, "put", performance=True), [0, 0.125, 0.05, 0]),
    ],
    ids=repr,
)
def test_payoff_on_paths_worked_by_hand(payoff, expected):
    rows = [TIMES.index(t) for t in payoff.times]
    np.testing.assert_allclose(payoff(SPOT[rows]), expected, rtol=1e-13)


def test_knock_in_and_knock_out_add_up_to_the_option():
    spot = draw(MODEL).spot
    for option in (lg.Put(95.0, 1.1), lg.DigitalCall(90.0, 1.1)):
        parts = [lg.Barrier(option, 85.0, "down", knock, UNEVEN)(spot) for knock in ("in", "out")]
        np.testing.assert_allclose(sum(parts), option(spot))
        parts = [lg.DoubleBarrier(option, 85.0, 105.0, knock, UNEVEN, rebate=3.0)(spot) for knock in ("in", "out")]
        np.testing.assert_allclose(sum(parts), option(spot) + 3.0)


def test_a_barrier_keeps_its_dates_when_a_term_is_replaced():
    from dataclasses import replace

    early = lg.Barrier(lg.Call(97.0, T), 101.0, "up", "out", TIMES[:2])
    assert early.times == TIMES
    again = replace(early, rebate=1.0)
    assert (again.times, again.monitor_maturity) == (TIMES, False)


def test_schedule_ends_at_maturity():
    times = lg.schedule(0.7, per_year=52)
    assert len(times) == 36
    assert times[-1] == 0.7
    np.testing.assert_allclose(np.diff(times), 0.7 / 36)
    assert lg.schedule(0.01, per_year=4) == (0.01,)


def test_a_payoff_that_branches_on_all_paths_at_once_is_told_what_to_write():
    model = lg.GBM(spot=100.0, volatility=0.2)
    for function in (lambda s: 1.0 if s[-1] > 100.0 else 0.0, lambda s: max(s[-1] - 100.0, 0.0)):
        with pytest.raises(ValueError, match=r"write np\.where"):
            lg.greeks(model, lg.Payoff(function, times=[1.0]), ["delta"], paths=100, seed=1)


def test_a_touch_watched_at_all_times_needs_no_dates():
    for touch, terms in (
        (lg.OneTouch, (80.0, "down")),
        (lg.NoTouch, (80.0, "down")),
        (lg.DoubleNoTouch, (80.0, 120.0)),
    ):
        assert touch(*terms, 1.0, continuous=True) == touch(*terms, 1.0, times="continuous")
        with pytest.raises(ValueError, match="times must hold at least one date"):
            touch(*terms, 1.0)
