"""Notes in books: terms by date, and what their past leaves of them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse
from likelihood_greeks.payoffs.seasoned import AlsoPays

TODAY = date(2026, 11, 27)
ROW = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2027-06-18", "product": "autocallable"}
ROW |= {"strike": 100, "level": "70%", "frequency": "2026-09-18;2026-12-18;2027-03-19;2027-06-18", "coupon": "2%"}
PHOENIX = ROW | {"product": "phoenix", "memory": "yes", "coupon_barrier": "80%"}
SECTION = {"spot": 95.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
U = tuple((date.fromisoformat(day) - TODAY).days / 365 for day in ROW["frequency"].split(";"))[1:]


def market(fixings=(), **section):
    return lg.Market.read(
        {"valuation_date": TODAY, "underlyings": {"X": SECTION | section}, "fixings": {"X": dict(fixings)}}
    )


def trade(row, fixings=(), **section):
    (found,), problems = parse(pd.DataFrame([row]), market(fixings, **section))
    assert problems == []
    return found


def problem(row, fixings=()):
    trades, (found, *_) = parse(pd.DataFrame([row]), market(fixings))
    assert not trades
    return found.field


SNOWBALL = lg.Autocallable(100.0, U, coupon=0.02, knock_in=70.0)


def test_terms_by_date_are_lists_in_a_cell():
    row = ROW | {"frequency": "2026-12-18;2027-03-19;2027-06-18"}
    assert trade(row).payoff == SNOWBALL
    row |= {"autocall_level": "none; 100%; 95", "coupon": "2%;0.03;4%", "protection": "40%", "redemption": 1.1}
    terms = {"call_level": (np.inf, 100.0, 95.0), "coupon": (0.02, 0.03, 0.04), "protection": 0.4, "redemption": 1.1}
    assert trade(row).payoff == replace(SNOWBALL, **terms)
    monthly = trade(row | {"knock_in_frequency": "monthly"}).payoff
    assert len(monthly.knock_in_times) == 7
    assert problem(row | {"coupon": "2%;3%"}) == "coupon"
    assert problem(row | {"knock_in_frequency": "monthly", "level": None}) == "level"


def test_a_phoenix_has_its_coupon_barrier_at_the_knock_in_unless_it_is_stated():
    row = ROW | {"frequency": "2026-12-18;2027-03-19;2027-06-18", "product": "phoenix"}
    assert trade(row).payoff == replace(SNOWBALL, coupon_barrier=70.0, memory=False)
    assert trade(row | {"coupon_barrier": "80%"}).payoff.coupon_barrier == (80.0,) * 3
    assert problem(row | {"level": None}) == "coupon_barrier"
    assert "no coupon" in trade(row | {"coupon": None}).state


@pytest.mark.parametrize(
    ("changes", "fixed", "left", "says"),
    [
        (
            {},
            {"2026-09-18": 90.0},
            replace(SNOWBALL, unpaid=0.02),
            "1 of 4 observations are past; coupons of 2% missed",
        ),
        ({}, {"2026-09-18": 100.0}, lg.KnownCashFlow(0.0, 0.0), "redeemed on 2026-09-18 at 100: worth nothing"),
        (
            {"knock_in_frequency": "2026-09-01;2026-10-01;2027-02-01", "start": "2026-08-01"},
            {"2026-09-18": 90.0, "2026-09-01": 69.0},
            replace(SNOWBALL, unpaid=0.02, knock_in=None, knock_in_times=None, knocked_in=True),
            "knocked in on 2026-09-01",
        ),
        (
            {"product": "phoenix", "coupon_barrier": "80%"},
            {"2026-09-18": 75.0},
            replace(SNOWBALL, coupon_barrier=80.0, memory=False),
            "1 of 4",
        ),
        (
            {"frequency": "2026-09-18;2026-11-27;2027-06-18", "product": "phoenix", "memory": "yes"},
            {"2026-09-18": 65.0, "2026-11-27": 90.0},
            AlsoPays(replace(SNOWBALL, call_times=U[2:], call_level=None, coupon=0.02, coupon_barrier=70.0), 4.0, 0.0),
            "2 of 3",
        ),
        (
            {"frequency": "2026-09-18;2026-11-27;2027-06-18"},
            {"2026-09-18": 65.0, "2026-11-27": 101.0},
            lg.KnownCashFlow(104.0, 0.0),
            "redeemed on 2026-11-27 at 101: pays 104 on 2026-11-27",
        ),
        (
            {"frequency": "2026-09-18;2026-11-27", "maturity": "2026-11-27", "payment_date": "2026-12-01"},
            {"2026-09-18": 65.0, "2026-11-27": 65.0},
            lg.KnownCashFlow(65.0, 4 / 365),
            "all observations are made",
        ),
    ],
)
def test_what_its_past_leaves(changes, fixed, left, says):
    found = trade(ROW | changes, fixed)
    if isinstance(left, AlsoPays):
        left = replace(left, payoff=replace(left.payoff, call_level=100.0))
    assert found.payoff == left
    assert says in found.state


def test_fixings_that_decide_nothing_are_not_needed():
    row = ROW | {"knock_in_frequency": "daily", "start": "2026-08-03"}
    assert problem(row, {"2026-09-18": 90.0}) == "fixings"
    known = {"2026-09-18": 100.0}
    daily = {str(day.date()): 99.0 for day in pd.bdate_range("2026-08-04", "2026-09-17")}
    assert "redeemed" in trade(row, daily | known).state


def test_flows_of_several_dates_and_a_payment_that_is_late_are_discounted_each():
    row = PHOENIX | {"coupon_barrier": "0.0001", "autocall_level": "none", "level": None, "payment_date": "2027-06-25"}
    book, where = pd.DataFrame([row]), market({"2026-09-18": 90.0}, zero_rate=0.1)
    frame = lg.risk(book, where, ["rho"], paths=256, seed=1).query("trade_id == 'a'").set_index("greek")
    when = np.array([*U[:2], U[2] + 7 / 365])
    flows = np.array([2.0, 2.0, 102.0]) * np.exp(-0.1 * when)
    np.testing.assert_allclose(frame["value"][["price", "rho"]], [flows.sum(), -(when * flows).sum()], rtol=1e-9)


def test_today_open_it_is_redeemed_or_not_as_the_spot_stands_and_at_a_level_refused():
    row = ROW | {"frequency": "2026-09-18;2026-11-27;2027-06-18"}
    fixed = {"2026-09-18": 90.0}
    assert trade(row, fixed).payoff.unpaid == 0.04
    assert "pays 104" in trade(row, fixed, spot=103.0).state
    (found,) = parse(pd.DataFrame([row]), market(fixed, spot=100.0))[1]
    assert found.field == "fixings"
    book, where = pd.DataFrame([row]), market(fixed)
    price = lg.risk(book, where, paths=4096, seed=1).query("trade_id == 'a' and greek == 'price'")["value"].iloc[0]
    moved = lg.ladder(book, where, [0.1], paths=4096, seed=1).iloc[0]  # to 104.5: redeemed today
    assert abs(moved["change"] - (104.0 - price)) < 4.0 * moved["standard_error"] + 1e-9 or moved["doubtful"]


def test_on_a_coupon_date_of_a_note_watched_on_other_dates_too_the_coupon_is_due() -> None:
    """It is worth what it is without the dates that are past, and the coupon."""
    asset = {"spot": 90.0, "zero_rate": 0.0, "implied_volatility": 0.2}
    fixings = {"2026-03-02": 100.0, "2026-04-01": 95.0, "2026-06-01": 90.0}
    on = {"valuation_date": "2026-06-01", "underlyings": {"X": asset}, "fixings": {"X": fixings}}
    note = {"underlying": "X", "product": "phoenix", "quantity": 1.0, "strike": 100.0, "level": 60.0, "coupon": "2%",
            "coupon_barrier": 70.0, "maturity": "2026-09-01", "start": "2026-03-02"}  # fmt: skip
    rows = [
        {**note, "trade_id": "due", "frequency": "2026-06-01;2026-09-01",
         "knock_in_frequency": "2026-04-01;2026-07-01;2026-09-01"},
        {**note, "trade_id": "left", "frequency": "2026-09-01", "knock_in_frequency": "2026-07-01;2026-09-01"},
    ]  # fmt: skip
    frame = lg.risk(pd.DataFrame(rows), on, [], paths=2048, seed=1).set_index("trade_id")
    assert frame.attrs["problems"] == []
    error = frame["standard_error"].max()
    assert abs(frame.loc["due", "value"] - frame.loc["left", "value"] - 2.0) < 6.0 * error + 1e-6
    assert error < 0.2
