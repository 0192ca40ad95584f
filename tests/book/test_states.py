"""Trades with a past: which fixings they need, and what they have become."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.ladder import ladder
from likelihood_greeks.book.pivots import pivot
from likelihood_greeks.book.trades import parse

FIXED = {"2026-09-18": 101.0, "2026-10-16": 97.0, "2026-11-06": 95.0, "2026-11-13": 103.0, "2026-11-20": 104.0}
SECTION = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
TODAY = date(2026, 11, 27)  # a Friday
PLAIN = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2027-03-19"}
CALL = PLAIN | {"product": "call", "strike": 90}
ASIAN = PLAIN | {"product": "asian", "option": "call", "strike": 100, "frequency": "2026-09-18;2026-12-18;2027-03-19"}
BARRIER = PLAIN | {
    "product": "barrier",
    "option": "put",
    "strike": 100,
    "level": 94,
    "direction": "down",
    "knock": "in",
}
BARRIER |= {"frequency": "weekly", "start": "2026-10-30"}
CLIQUET = PLAIN | {"product": "cliquet", "frequency": "monthly", "local_floor": -0.1, "local_cap": 0.1}
CLIQUET |= {"global_floor": -1, "global_cap": 1}


def market(fixings=FIXED, **section):
    return lg.Market.read(
        {"valuation_date": TODAY, "underlyings": {"X": SECTION | section}, "fixings": {"X": dict(fixings)}}
    )


def trade(row, fixings=FIXED, **section):
    (found,), problems = parse(pd.DataFrame([row]), market(fixings, **section))
    assert problems == []
    return found


def refusal(row, fixings=FIXED, **section):
    trades, (problem,) = parse(pd.DataFrame([row]), market(fixings, **section))
    assert trades == []
    return problem


def years(*days):
    return tuple((date.fromisoformat(day) - TODAY).days / 365 for day in days)


T = years("2027-03-19")[0]


def test_listed_dates_that_are_past_are_fixings():
    found = trade(ASIAN)
    assert found.payoff == lg.Seasoned(lg.Asian(100.0, times=years("2026-12-18", "2027-03-19")), (101.0,))
    assert found.state == "1 of 3 observations are past"


def test_a_missing_fixing_is_named_and_the_others_are_not():
    row = ASIAN | {"frequency": "2026-09-18;2026-10-15;2026-11-05;2027-03-19"}
    problem = refusal(row)
    assert (problem.field, problem.requirement) == (
        "fixings",
        "hold X on 2026-10-15, 2026-11-05: past observations of the trade",
    )
    assert trade(row, FIXED | {"2026-10-15": 99.0, "2026-11-05": 98.0}).payoff.fixings == (101.0, 99.0, 98.0)


def test_regular_dates_follow_the_start():
    found = trade(
        BARRIER | {"product": "asian", "level": None, "direction": None, "knock": None, "start": "2026-11-02"}
    )
    assert found.payoff.fixings == (95.0, 103.0, 104.0, 100.0)  # the fourth is today's, still open
    later = trade(BARRIER | {"start": "2027-03-01"})
    assert later.payoff.times == years("2027-03-05", "2027-03-12", "2027-03-19")
    assert later.state == ""


def test_todays_fixing_is_known_where_it_is_stated():
    row = ASIAN | {"frequency": "2026-11-20;2026-11-27;2027-03-19"}
    known, is_open = trade(row, FIXED | {"2026-11-27": 99.0}), trade(row)
    assert (known.payoff.fixings, known.past) == ((104.0, 99.0), None)
    assert is_open.payoff.fixings == (104.0, 100.0)
    assert "today's fixing is open" in is_open.state
    assert is_open.past.left(98.0)[0].fixings == (104.0, 98.0)


@pytest.mark.parametrize(
    ("changes", "left", "says"),
    [
        ({"level": 96}, lg.Put(100.0, T), "knocked in on 2026-11-06 at 95: put"),
        ({"level": 96, "knock": "out"}, lg.KnownCashFlow(0.0, T), "knocked out on 2026-11-06 at 95: worth nothing"),
        (
            {"level": 96, "knock": "out", "rebate": 3, "payment_date": "2027-03-24"},
            lg.KnownCashFlow(3.0, years("2027-03-24")[0]),
            "knocked out on 2026-11-06 at 95: pays its rebate, 3, on 2027-03-24",
        ),
        (
            {"level": 100.5, "frequency": "2026-11-20;2026-11-27;2027-03-19", "start": None},
            lg.Put(100.0, T),
            "2026-11-27 at 100",
        ),
        (
            {"level": 94, "frequency": "2026-11-06;2026-11-20"},
            lg.KnownCashFlow(0.0, T),
            "never at a barrier: worth nothing",
        ),
        (
            {"level": 94, "knock": "out", "frequency": "2026-11-06;2026-11-20"},
            lg.Put(100.0, T),
            "never at a barrier: put",
        ),
        (
            {"product": "double_barrier", "level": None, "direction": None, "lower": 90, "upper": 102.5},
            lg.Put(100.0, T),
            "knocked in on 2026-11-13 at 103",
        ),
    ],
)
def test_barriers_remember_what_happened(changes, left, says):
    row = {name: value for name, value in (BARRIER | changes).items() if value is not None}
    found = trade(row)
    assert found.payoff == left
    assert says in found.state


def test_a_knock_that_is_known_needs_no_other_fixing():
    only = {"2026-11-06": 95.0}
    assert trade(BARRIER | {"level": 96}, only).state == "knocked in on 2026-11-06 at 95: put"
    assert refusal(BARRIER, only).requirement == ("hold X on 2026-11-13, 2026-11-20: past observations of the trade")


def test_a_level_beyond_the_spot_is_only_touched_on_an_observation_date():
    between = trade(BARRIER | {"level": 104.5, "start": None, "frequency": "2026-12-04;2027-03-19"})
    assert between.payoff == lg.Barrier(lg.Put(100.0, T), 104.5, "down", "in", times=years("2026-12-04", "2027-03-19"))
    assert refusal(BARRIER | {"level": 100.0, "start": "2026-11-20"}).field == "fixings"  # today decides


def test_what_is_over_is_worth_what_it_pays():
    settled = trade(CALL | {"maturity": "2026-11-20", "payment_date": "2026-12-01"})
    assert settled.payoff == lg.KnownCashFlow(14.0, years("2026-12-01")[0])
    assert settled.state == "all observations are made: pays 14 on 2026-12-01"
    paid = trade(CALL | {"maturity": "2026-11-20"})
    assert paid.payoff == lg.KnownCashFlow(0.0, 0.0)
    assert paid.state == "expired: paid on 2026-11-20, worth nothing"
    today = trade(CALL | {"maturity": "2026-11-20", "payment_date": "2026-11-27"})
    assert today.payoff == lg.KnownCashFlow(14.0, 0.0)
    assert refusal(CALL | {"maturity": "2026-11-19", "payment_date": "2026-12-01"}).requirement.startswith(
        "hold X on 2026-11-19"
    )


@pytest.mark.parametrize(("strike", "pays", "slope"), [(90, 10.0, 1.0), (110, 0.0, 0.0)])
def test_on_expiry_day_the_spot_decides_unless_the_fixing_is_stated(strike, pays, slope):
    row = CALL | {"maturity": "2026-11-27", "strike": strike}
    found = trade(row).payoff
    assert (found.amount, found.maturity) == (pays, 0.0)
    assert found.per_spot == pytest.approx(slope, abs=1e-8)
    known = trade(row, FIXED | {"2026-11-27": 99.0}).payoff
    assert known == lg.KnownCashFlow(max(99.0 - strike, 0.0), 0.0)


def test_on_expiry_day_at_the_strike_the_fixing_must_be_given():
    row = CALL | {"maturity": "2026-11-27", "strike": 100}
    assert "not straight in today's spot" in refusal(row).requirement
    assert trade(row, FIXED | {"2026-11-27": 100.0}).payoff.amount == 0.0


def test_the_last_fixing_of_an_average_moves_with_a_share_of_the_spot():
    row = ASIAN | {"frequency": "2026-09-18;2026-10-16;2026-11-27", "maturity": "2026-11-27", "strike": 95}
    row |= {"payment_date": "2026-12-01"}
    found = trade(row).payoff
    assert found.amount == pytest.approx((101.0 + 97.0 + 100.0) / 3 - 95.0, rel=1e-14)
    assert found.per_spot == pytest.approx(1 / 3, rel=1e-8)
    assert "not straight" in refusal(row | {"average": "geometric"}).requirement


def test_extremes_need_the_extreme_alone():
    row = PLAIN | {"product": "lookback", "option": "put", "frequency": "weekly", "start": "2026-10-30"}
    fixings = FIXED | {"2026-11-27": 99.0}
    assert trade(row | {"strike": "floating"}, fixings).payoff.fixings == (104.0,)
    assert trade(row | {"strike": 100}, fixings).payoff.fixings == (95.0,)
    assert trade(row | {"strike": 100, "option": "call"}, fixings).payoff.fixings == (104.0,)


def test_the_first_return_of_a_cliquet_is_of_the_spot_at_its_start():
    days = years("2026-12-21", "2027-01-19", "2027-02-19", "2027-03-19")
    bounds = (-0.1, 0.1, -1.0, 1.0)
    assert trade(CLIQUET).payoff == lg.Cliquet(days, 100.0, *bounds)
    assert trade(CLIQUET | {"start": "2026-11-20"}).payoff == lg.Cliquet(days, 104.0, *bounds)
    assert trade(CLIQUET | {"start": "2026-11-20", "reference": 98}).payoff == lg.Cliquet(days, 98.0, *bounds)
    assert refusal(CLIQUET | {"start": "2026-11-23"}).requirement.startswith("hold X on 2026-11-23")
    ahead = trade(CLIQUET | {"start": "2027-01-25"}).payoff
    assert ahead == lg.Cliquet(years("2027-01-25", "2027-02-19", "2027-03-19"), None, *bounds)
    paths = np.array([[100.0], [105.0], [102.9]])
    assert ahead(paths)[0] == pytest.approx(0.05 - 0.02, rel=1e-12)


def test_a_later_payment_is_discounted_from_then():
    book = pd.DataFrame([CALL, CALL | {"trade_id": "b", "payment_date": "2027-04-19"}])
    frame = lg.risk(book, market(), ["rho"], paths=4096, seed=1).set_index(["trade_id", "greek"])["value"]
    assert frame["b", "price"] / frame["a", "price"] == pytest.approx(np.exp(-0.03 * 31 / 365), rel=1e-12)


def test_a_touch_takes_its_volatility_at_the_barrier():
    smile = {"strikes": [80, 100, 120], "maturities": [0.1, 2.0]}
    smile |= {"volatilities": [[0.25, 0.24], [0.2, 0.2], [0.17, 0.18]]}
    row = BARRIER | {"option": "digital_call", "strike": 0.01, "level": 110, "direction": "up", "start": None}
    found = trade(row, implied_volatility=smile)
    assert found.strike_for_volatility == 110.0
    assert found.model == market(implied_volatility=smile).model("X", 110.0, T)
    decided = trade(row | {"strike": 90}, implied_volatility=smile)
    assert decided.strike_for_volatility == 90.0
    assert refusal(row | {"strike": 70}, implied_volatility=smile).field == "strike"


def test_the_frame_says_what_has_become_of_trades_and_who_forgets_its_past():
    book = pd.DataFrame([CALL, BARRIER, CLIQUET | {"reference": 98}, ASIAN | {"frequency": "monthly"}])
    book["trade_id"] = [*"abcd"]
    with pytest.warns(lg.BookWarning, match="^d: no start is stated, so that no fixing is used"):
        frame = lg.risk(book, market(), ["delta"], paths=1024, seed=1)
    states = frame.attrs["states"]
    assert states.keys() == {"b", "d"}
    assert states["b"].startswith("4 of 20 observations are past, none at a barrier; today's fixing is open")
    assert states["d"].startswith("states no start")


def test_dates_are_shared_by_every_layout_of_a_frame():
    row = ASIAN | {"maturity": pd.Timestamp("2027-03-19"), "payment_date": date(2027, 3, 23), "start": "2026-09-01"}
    assert trade(row).payoff == replace(trade(row | {"payment_date": "2027-03-23", "maturity": "2027-03-19"}).payoff)


def test_what_is_over_stands_in_frames_totals_and_ladders():
    rows = [CALL | {"maturity": "2026-11-27"}, CALL | {"maturity": "2026-11-20", "payment_date": "2026-12-01"}]
    rows += [CALL | {"maturity": "2026-11-20"}, CALL]
    book = pd.DataFrame([row | {"trade_id": name, "quantity": 2} for name, row in zip("abcd", rows, strict=True)])
    frame = lg.risk(book, market(), ["delta"], paths=1024, seed=1)
    values = frame.set_index(["trade_id", "greek"])["position_value"]
    assert (values["a", "price"], values["c", "price"]) == (20.0, 0.0)
    assert values["b", "price"] == pytest.approx(28.0 * np.exp(-0.03 * 4 / 365), rel=1e-12)
    for greek in ("price", "delta"):
        assert values["net", greek] == pytest.approx(sum(values[name, greek] for name in "abcd"), rel=1e-12)
    assert (frame["note"] == "").all()
    totals = pivot(frame, "bucket").query("greek == 'price'")
    assert dict(zip(totals["bucket"], totals["trades"], strict=True)) == {"to 1M": 3, "to 6M": 1}
    (change,) = ladder(book.head(3), market(), (-0.15,))["change"]
    assert change == -20.0


TOUCH = PLAIN | {"product": "one_touch", "direction": "up", "start": "2026-11-20", "frequency": "weekly"}
NOTE = PLAIN | {"product": "autocallable", "strike": 99, "coupon": 0.02, "frequency": "2026-11-27;2027-03-19"}


@pytest.mark.parametrize(
    ("row", "event", "pays"),
    [
        (NOTE, "redeemed on 2026-11-27 at 100", ": pays 100.98 on 2026-11-27"),
        (BARRIER | {"level": 100.5, "start": "2026-11-20"}, "knocked in on 2026-11-27 at 100", ": put"),
        (TOUCH | {"level": 99}, "touched on 2026-11-27 at 100", ": pays 1 on 2027-03-19"),
    ],
    ids=lambda x: x.get("product") if isinstance(x, dict) else "",
)
def test_what_an_open_fixing_of_today_would_decide_is_not_said_as_if_it_were_known(row, event, pays):
    assert trade(row).state == f"{event}, the fixing still open{pays}"
    known = trade(row, FIXED | {"2026-11-27": 100.0})
    assert known.state == f"{event}{pays}"
    assert known.payoff == trade(row).payoff
