"""Every kind of payoff, all on `UNEVEN` dates or their last: a new kind is a line here."""

import numpy as np

import likelihood_greeks as lg
from likelihood_greeks.payoffs.exercise_by_value import GoingOn
from likelihood_greeks.payoffs.redeemed import Worth
from tests.support.gates import UNEVEN

T = UNEVEN[-1]


def coupons(spot):
    """A coupon a date while the spot is high, paid date by date."""
    return np.where(spot > 95.0, 2.0, 0.25 * (spot > 84.0))


def first_call(spot):
    """A redemption written in place."""
    paid = np.minimum(spot[-1], 100.0)
    paid[spot[0] > 96.0] = 101.0
    return paid


GOING_ON = GoingOn((4.55,), 0.2, 97.0, (9.0, -8.0, 2.0, 0.0, 0.0, 0.0, 0.0))
WORTH = Worth((0,), (4.55,), (0.2,), (-97.0, -8.0, 2.0, 0.0, 0.0, 0.0), False)
CALLABLE = lg.Redeemable(lg.ReverseConvertible(97.0, UNEVEN, 0.03), UNEVEN[:3], 97.0)

PAYOFFS = {
    "call": lambda: lg.Call(95.0, T),
    "put": lambda: lg.Put(95.0, T),
    "digital call": lambda: lg.DigitalCall(95.0, T, cash=3.0),
    "digital put": lambda: lg.DigitalPut(95.0, T, cash=3.0),
    "asset-or-nothing call": lambda: lg.AssetOrNothingCall(95.0, T),
    "asset-or-nothing put": lambda: lg.AssetOrNothingPut(95.0, T),
    "gap call": lambda: lg.GapCall(95.0, 101.0, T),
    "gap put": lambda: lg.GapPut(95.0, 88.0, T),
    "barrier out": lambda: lg.Barrier(lg.Call(95.0, T), 84.0, "down", "out", UNEVEN, rebate=2.5),
    "barrier in": lambda: lg.Barrier(lg.DigitalPut(95.0, T), 104.0, "up", "in", UNEVEN),
    "double barrier": lambda: lg.DoubleBarrier(lg.Put(95.0, T), 84.0, 104.0, "out", UNEVEN, rebate=1.0),
    "Asian": lambda: lg.Asian(95.0, UNEVEN),
    "geometric Asian": lambda: lg.Asian(None, UNEVEN, "put", "geometric"),
    "lookback": lambda: lg.Lookback(UNEVEN, "call", 98.0),
    "floating lookback": lambda: lg.Lookback(UNEVEN, "put"),
    "cliquet": lambda: lg.Cliquet(UNEVEN, 93.0, -0.04, 0.05, -0.01, 0.12),
    "forward start": lambda: lg.ForwardStart(UNEVEN[0], T, "call", 0.97),
    "forward start of a performance": lambda: lg.ForwardStart(UNEVEN[1], T, "put", 1.02, performance=True),
    "snowball": lambda: lg.Autocallable(97.0, UNEVEN, 101.0, 0.03, knock_in=84.0, knock_in_times=UNEVEN),
    "phoenix": lambda: lg.Autocallable(95.0, UNEVEN[1:], 99.0, 0.02, 88.0, knock_in=84.0, knock_in_times=UNEVEN),
    "reverse convertible": lambda: lg.ReverseConvertible(97.0, (T,), 0.03, protection=0.8),
    "barrier reverse convertible": lambda: lg.BarrierReverseConvertible(97.0, UNEVEN, 0.03, 88.0, UNEVEN),
    "one touch": lambda: lg.OneTouch(104.0, "up", T, 3.0, UNEVEN),
    "one touch, paid then": lambda: lg.OneTouch(84.0, "down", T, 3.0, UNEVEN, "hit"),
    "no touch": lambda: lg.NoTouch(84.0, "down", T, 3.0, UNEVEN),
    "double no touch": lambda: lg.DoubleNoTouch(84.0, 104.0, T, 3.0, UNEVEN),
    "variance swap": lambda: lg.VarianceSwap(0.2, UNEVEN, 93.0, 3.0),
    "volatility swap": lambda: lg.VolatilitySwap(0.2, UNEVEN, annualisation=3.0),
    "range accrual": lambda: lg.RangeAccrual(84.0, 104.0, UNEVEN, 3.0),
    "accumulator": lambda: lg.Accumulator(95.0, UNEVEN, 104.0, 2.0),
    "decumulator": lambda: lg.Accumulator(92.0, UNEVEN, (80.0, 0.0, 0.0, 82.0), 2.0, "sell", "full", "delivery"),
    "target forward": lambda: lg.TARF(93.0, UNEVEN, 9.0, 2.0),
    "target forward, full": lambda: lg.TARF(93.0, UNEVEN, 9.0, (1.0, 2.0, 2.0, 3.0), "sell", "full", "end"),
    "target forward, none": lambda: lg.TARF(93.0, UNEVEN, 9.0, 2.0, last_fixing="none", accrued=1.0),
    "a user's, date by date": lambda: lg.Payoff(coupons, UNEVEN),
    "a user's, in place": lambda: lg.Payoff(first_call, UNEVEN),
    "exercised at levels": lambda: lg.Exercised(lg.Bermudan(lg.Put(97.0, T), UNEVEN), levels=[82.0, 84.0, 86.0]),
    "exercised by value": lambda: lg.ExercisedByValue(lg.Bermudan(lg.Put(97.0, T), UNEVEN), (GOING_ON,) * 3),
    "ended by its issuer": lambda: lg.Redeemed(CALLABLE, (WORTH,) * 3),
    "seasoned Asian": lambda: lg.Seasoned(lg.Asian(97.0, UNEVEN), (90.0, 101.0)),
}
"""Makers, so that two equal ones can be made."""
