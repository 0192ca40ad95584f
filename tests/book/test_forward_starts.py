"""Options struck when they start, and levels in per cent of a reference."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse

TODAY = date(2026, 11, 27)
ROW = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2027-12-17", "product": "forward_start_call"}
ROW |= {"strike": "95%", "start": "2027-06-18"}
S, T = ((date.fromisoformat(day) - TODAY).days / 365 for day in (ROW["start"], ROW["maturity"]))
SECTION = {"spot": 80.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}


def market(fixings=(), **section):
    return lg.Market.read(
        {"valuation_date": TODAY, "underlyings": {"X": SECTION | section}, "fixings": {"X": dict(fixings)}}
    )


def trade(row, fixings=()):
    (found,), problems = parse(pd.DataFrame([row]), market(fixings))
    assert problems == []
    return found


def test_a_strike_to_come_is_a_share_of_the_spot_then():
    assert trade(ROW).payoff == lg.ForwardStart(S, T, "call", 0.95)
    assert trade(ROW).strike_for_volatility == pytest.approx(76.0)
    put = trade(ROW | {"product": "forward start put", "performance": "yes"})
    assert put.payoff == lg.ForwardStart(S, T, "put", 0.95, performance=True)


def test_a_strike_that_is_set_makes_it_a_call():
    row, fixed = ROW | {"start": "2026-09-18"}, {"2026-09-18": 84.0}
    assert trade(row, fixed).payoff == lg.Call(0.95 * 84.0, T)
    assert trade(row, fixed).state == "struck on 2026-09-18 at 84"
    _, (problem,) = parse(pd.DataFrame([row]), market())
    assert problem.field == "fixings"


def test_the_performance_of_a_set_strike_is_the_call_per_unit_of_it():
    row, fixed = ROW | {"start": "2026-09-18", "performance": "yes"}, {"2026-09-18": 84.0}
    payoff, spot = trade(row, fixed).payoff, np.array([[70.0, 84.0, 105.0]])
    assert payoff.times == (T,)
    np.testing.assert_allclose(payoff(spot), lg.Call(79.8, T)(spot) / 84.0, atol=1e-16)


@pytest.mark.parametrize("paid", ["", "2027-12-22"])
def test_struck_today_it_moves_in_proportion_to_the_spot(paid):
    row = ROW | {"start": "2026-11-27", "payment_date": paid or None}
    frame = lg.risk(pd.DataFrame([row]), market(), ["delta", "gamma", "vega"], paths=256, seed=1)
    found = frame[frame["trade_id"] == "a"].set_index("greek")["value"]
    np.testing.assert_allclose(found["delta"], found["price"] / 80.0, rtol=1e-12)
    assert found["gamma"] == 0.0
    moved = lg.ladder(pd.DataFrame([row]), market(), [0.1], paths=4096, seed=1).iloc[0]
    assert abs(moved["change"] - 0.1 * found["price"]) < 4.0 * moved["standard_error"] + 1e-12


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"strike": 80}, "strike"),
        ({"strike": None}, "strike"),
        ({"start": None}, "start"),
        ({"strike": "-5%"}, "strike"),
    ],
)
def test_what_it_needs_is_said(changes, field):
    row = {name: value for name, value in (ROW | changes).items() if value is not None}
    trades, problems = parse(pd.DataFrame([row]), market())
    assert not trades
    assert field in {problem.field for problem in problems}


def test_levels_in_per_cent_are_of_the_reference():
    row = {name: value for name, value in ROW.items() if name != "start"} | {"product": "barrier", "option": "put"}
    row |= {"level": "70%", "direction": "down", "knock": "in", "frequency": "monthly", "reference": 90}
    payoff = trade(row).payoff
    assert (payoff.level, payoff.option.strike) == pytest.approx((63.0, 85.5))
    (problem, *_) = parse(pd.DataFrame([row | {"reference": None}]), market())[1]
    assert "reference" in problem.requirement
    plain = {name: value for name, value in ROW.items() if name != "start"} | {"product": "call", "reference": 90}
    assert trade(plain).payoff == lg.Call(85.5, T)
