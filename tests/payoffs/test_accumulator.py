"""Accumulators and target redemption forwards: against a clerk who goes through the dates of each path one by one."""

from itertools import product

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.protocol import cash_flows
from tests.support.gates import MODEL, UNEVEN, draw

SPOT = draw(MODEL, UNEVEN, 400, seed=8).spot
PAST = (95.0, 92.0)


def accumulated(deal, path):
    """Cash flows of a path, one a date."""
    sign = 1.0 if deal.side == "buy" else -1.0
    flows, units, cost = [0.0] * len(path), 0.0, 0.0
    for k, fixing in enumerate(path):
        ended = deal.level is not None and (fixing >= deal.level if sign > 0 else fixing <= deal.level)
        if ended and deal.last_fixing == "none":
            break
        bought = sign * deal.units * (1.0 if sign * (fixing - deal.strike) >= 0.0 else deal.gearing)
        units, cost = units + bought, cost + bought * deal.strike
        flows[k] = bought * (fixing - deal.strike)
        if ended:
            break
    if deal.settlement == "fixing":
        return flows
    return [units * path[-1] - cost if deal.settlement == "delivery" else sum(flows)]


def redeemed(forward, path):
    """Cash flows of a path, one a date."""
    sign, flows, won = (1.0 if forward.side == "buy" else -1.0), [0.0] * len(path), forward.accrued
    for k, fixing in enumerate(path):
        gain = sign * (fixing - forward.strike)
        if gain < 0.0:
            flows[k] = forward.units * forward.gearing * gain
            continue
        missing, won = forward.target - won, won + gain
        if won >= forward.target:
            flows[k] = forward.units * {"exact": missing, "full": gain, "none": 0.0}[forward.last_fixing]
            break
        flows[k] = forward.units * gain
    return flows if forward.settlement == "fixing" else [sum(flows)]


ACCUMULATORS = [
    lg.Accumulator(93.0, UNEVEN, level, 2.5, side, last, settlement, 3.0)
    for side, last, settlement in product(("buy", "sell"), ("none", "full"), ("fixing", "end", "delivery"))
    for level in (None, 104.0 if side == "buy" else 84.0)
]
FORWARDS = [
    lg.TARF(93.0, UNEVEN, 12.0, 2.5, side, last, settlement, 3.0, accrued)
    for side, last, settlement in product(("buy", "sell"), ("exact", "full", "none"), ("fixing", "end"))
    for accrued in (0.0, 4.0)
]


@pytest.mark.parametrize(
    ("deal", "clerk"),
    [(deal, accumulated) for deal in ACCUMULATORS] + [(deal, redeemed) for deal in FORWARDS],
    ids=[repr(deal) for deal in (*ACCUMULATORS, *FORWARDS)],
)
def test_it_pays_what_a_clerk_pays_new_and_with_a_past(deal, clerk):
    expected = np.array([clerk(deal, path) for path in SPOT.T]).T
    np.testing.assert_allclose(cash_flows(deal, SPOT), expected, atol=1e-12)
    assert not np.allclose(cash_flows(deal, SPOT), 1.05 * expected)
    past = np.array([clerk(deal, [*PAST, *path]) for path in SPOT.T]).T
    due = past[len(PAST) :] if deal.settlement == "fixing" else past
    np.testing.assert_allclose(cash_flows(lg.Seasoned(deal, PAST), SPOT), due, atol=1e-12)


def test_strikes_levels_and_gearings_may_differ_by_date():
    deal = lg.Accumulator((90.0, 92.0), (0.5, 1.0), (np.inf, 100.0), (1.0, 3.0))
    np.testing.assert_array_equal(deal(np.array([[120.0, 85.0], [95.0, 91.0]])), [[30.0, -5.0], [3.0, -3.0]])
    for last, flows in (("none", [7.0, 9.0, 0.0, 0.0]), ("full", [7.0, 9.0, 8.0, 0.0])):
        some = lg.Accumulator(90.0, UNEVEN, (np.inf, np.inf, 98.0, np.inf), last_fixing=last)
        np.testing.assert_array_equal(some(np.array([[97.0], [99.0], [98.0], [97.0]]))[:, 0], flows)
    for never in ((np.inf,) * 4, (np.inf, np.inf, np.inf, 98.0)):
        some = lg.Accumulator(90.0, UNEVEN, never, last_fixing="full")
        np.testing.assert_array_equal(some(np.array([[97.0], [99.0], [98.0], [99.0]]))[:, 0], [7.0, 9.0, 8.0, 9.0])
    with pytest.raises(ValueError, match=r"strike must be one number for all dates, with 3 observations"):
        lg.Seasoned(deal, (95.0,))


@pytest.mark.slow
def test_one_without_an_end_is_a_strip_of_options():
    deal = lg.Accumulator(95.0, UNEVEN, gearing=2.0)
    found = lg.greeks(MODEL, deal, ["delta", "vega"], paths=4096, seed=1)
    for name in ("price", "delta", "vega"):
        legs = [
            lg.greeks(MODEL, option(95.0, time), ["delta", "vega"], closed_form=True, seed=1)[name].value * weight
            for time in UNEVEN
            for option, weight in ((lg.Call, 1.0), (lg.Put, -2.0))
        ]
        assert abs(found[name].value - sum(legs)) < 4.0 * found[name].standard_error + 1e-9 * abs(sum(legs))


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: lg.Accumulator(0.0, UNEVEN), "strike"),
        (lambda: lg.Accumulator((90.0, 91.0), UNEVEN), "strike"),
        (lambda: lg.Accumulator(90.0, (0.5, 0.5)), "times"),
        (lambda: lg.Accumulator(90.0, UNEVEN, -1.0), "level"),
        (lambda: lg.Accumulator(90.0, UNEVEN, gearing=-1.0), "gearing"),
        (lambda: lg.Accumulator(90.0, UNEVEN, side="both"), "side"),
        (lambda: lg.Accumulator(90.0, UNEVEN, last_fixing="exact"), "last_fixing"),
        (lambda: lg.Accumulator(90.0, UNEVEN, settlement="never"), "settlement"),
        (lambda: lg.Accumulator(90.0, UNEVEN, units=0.0), "units"),
        (lambda: lg.TARF(90.0, UNEVEN, 0.0), "target"),
        (lambda: lg.TARF(90.0, UNEVEN, 5.0, accrued=5.0), "accrued"),
        (lambda: lg.TARF(90.0, UNEVEN, 5.0, last_fixing="half"), "last_fixing"),
        (lambda: lg.TARF(90.0, UNEVEN, 5.0, settlement="delivery"), "settlement"),
    ],
)
def test_terms_out_of_range_are_refused_by_name(make, name):
    with pytest.raises(ValueError, match=rf"^{name}"):
        make()
