"""Contracts on awkward terms under steep curves, each with the spots at which it is not smooth: a line a product."""

import numpy as np

import likelihood_greeks as lg
from likelihood_greeks.payoffs.seasoned import OnDates
from tests.support.nested import World

DATES = (0.09, 0.31, 0.83)
T = DATES[-1]
WORLD = World(
    spot=96.0,
    times=(0.1, 0.3, 0.7, 1.6),
    zero_rates=(0.10, 0.02, 0.05, 0.03),
    dividend_yields=(0.0, 0.03, 0.01, 0.02),
    volatilities=(0.35, 0.22, 0.26, 0.20),
)
PAYS = ((0.55, 4.0),)
"""A cash dividend between two of the dates."""


def law(world):
    """The library's law of a world."""
    return lg.TermStructureGBM(
        spot=world.spot,
        times=world.times,
        zero_rates=world.zero_rates,
        dividend_yields=world.dividend_yields,
        volatilities=world.volatilities,
        dividends=world.dividends,
    )


def at(*levels):
    """Cuts at the same spots on every date."""
    return lambda k, seen: list(levels)


def returns(*bounds, reference=None, sums=()):
    """Cuts where the return of a period is at a bound, and where their sum is, the returns to come being at theirs."""

    def cuts(k, seen):
        before = seen[-1] if k else reference
        if before is None:
            return []
        found, left = [before * (1.0 + bound) for bound in bounds], len(DATES) - 1 - k
        if bounds or not left:
            path = np.vstack([np.full((1, seen.shape[1]), reference), seen]) if reference else seen
            so_far = np.clip(path[1:] / path[:-1] - 1.0, *(bounds or (-np.inf, np.inf))).sum(axis=0)
            ends = [n * bounds[0] + (left - n) * bounds[1] for n in range(left + 1)] if left else [0.0]
            found += [before * (1.0 + total - end - so_far) for total in sums for end in ends]
        return found

    return cuts


def target(forward, made=()):
    """Cuts of a target redemption forward, seasoned by some fixings: the strike, and where the target is reached."""
    sign = 1.0 if forward.side == "buy" else -1.0

    def cuts(k, seen):
        strikes = np.broadcast_to(forward.strike, len(made) + len(DATES))
        gains = np.zeros(seen.shape[1]) + forward.accrued
        for strike, fixing in zip(strikes, [*made, *seen], strict=False):
            gains = gains + np.maximum(sign * (fixing - strike), 0.0)
        strike = strikes[len(made) + k]
        return [strike, strike + sign * np.maximum(forward.target - gains, 0.0)]

    return cuts


def average(strike, known=()):
    """Cuts at the last date where the average is at the strike."""

    def cuts(k, seen):
        so_far = sum(known) + seen.sum(axis=0)
        return [(len(known) + len(DATES)) * strike - so_far] if k == len(DATES) - 1 else []

    return cuts


def first_times(share):
    """A cut at the last date at a share of the first observation."""
    return lambda k, seen: [share * seen[0]] if k else []


TARGET = lg.TARF(95.0, DATES, 14.0, 2.0)
PAST = (-0.4, -0.1, *DATES)
SOLD = lg.TARF((97.0, 96.0, 95.0, 94.0, 93.0), (1, 2, 3, 4, 5), 12.0, 1.5, "sell", "full", "end")
CONTRACTS = {
    "forward start": (lg.ForwardStart(DATES[0], T, "put", 1.03), first_times(1.03)),
    "forward start, performance": (lg.ForwardStart(DATES[1], T, "call", 0.97, True), first_times(0.97)),
    "snowball": (
        lg.Autocallable(97.0, DATES, (99.0, 98.0, 97.0), 0.03, knock_in=80.0, knock_in_times=DATES, protection=0.6),
        at(99.0, 98.0, 97.0, 80.0, 58.2),
    ),
    "phoenix, coupons missed, paid later": (
        lg.Autocallable(95.0, DATES, (np.inf, 99.0, 99.0), 0.02, 85.0, knock_in=78.0, unpaid=0.05,
                        payment_times=(0.1, 0.35, 0.9)),
        at(99.0, 95.0, 85.0, 78.0),
    ),
    "reverse convertible": (lg.ReverseConvertible(97.0, (0.2, T), 0.03, protection=0.8), at(97.0, 77.6)),
    "barrier reverse convertible": (
        lg.BarrierReverseConvertible(97.0, (0.5, T), (0.03, 0.02), 84.0, DATES, monitor_maturity=False),
        at(97.0, 84.0),
    ),
    "one touch": (lg.OneTouch(106.0, "up", 1.2, 30.0, DATES), at(106.0)),
    "one touch, paid then": (lg.OneTouch(88.0, "down", T, 30.0, DATES, "hit"), at(88.0)),
    "no touch": (lg.NoTouch(84.0, "down", T, 30.0, DATES[:2]), at(84.0)),
    "double no touch": (lg.DoubleNoTouch(80.0, 112.0, T, 30.0, DATES), at(80.0, 112.0)),
    "variance swap": (lg.VarianceSwap(0.25, DATES, 95.0, 300.0), at()),
    "variance swap, seasoned": (lg.Seasoned(lg.VarianceSwap(0.25, DATES, None, 300.0), (91.0, 99.0)), at()),
    "volatility swap": (lg.VolatilitySwap(0.25, DATES, 99.0, 3000.0), at()),
    "range accrual": (lg.RangeAccrual(88.0, 104.0, DATES, 30.0), at(88.0, 104.0)),
    "range accrual, seasoned": (lg.Seasoned(lg.RangeAccrual(88.0, 104.0, DATES, 30.0), (90.0, 70.0)), at(88.0, 104.0)),
    "Asian, seasoned": (lg.Seasoned(lg.Asian(97.0, DATES), (92.0, 104.0)), average(97.0, (92.0, 104.0))),
    "cliquet": (lg.Cliquet(DATES, 98.0, -0.05, 0.06, 0.0, 0.10), returns(-0.05, 0.06, reference=98.0, sums=(0.0, 0.1))),
    "accumulator": (lg.Accumulator((94.0, 95.0, 96.0), DATES, 108.0, 2.0), at(94.0, 95.0, 96.0, 108.0)),
    "accumulator, full, at the end": (
        lg.Accumulator(95.0, DATES, (np.inf, 106.0, 108.0), (1.0, 2.0, 3.0), last_fixing="full", settlement="end"),
        at(95.0, 106.0, 108.0),
    ),
    "decumulator, seasoned, delivering": (
        lg.Seasoned(lg.Accumulator(98.0, DATES, 84.0, 2.0, "sell", settlement="delivery"), (99.0, 90.0)),
        at(98.0, 84.0),
    ),
    "target forward": (TARGET, target(TARGET)),
    "target forward, selling, full, seasoned": (
        lg.Seasoned(OnDates(SOLD, PAST), (93.0, 99.0)), target(SOLD, (93.0, 99.0))
    ),
    "target forward, none": (
        lg.TARF(95.0, DATES, 14.0, 2.0, last_fixing="none", accrued=3.0),
        target(lg.TARF(95.0, DATES, 14.0, 2.0, accrued=3.0)),
    ),
}  # fmt: skip
