"""Touches, swaps on variance, range accruals and reverse convertibles in books, new and with a past."""

from dataclasses import fields
from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse

TODAY = date(2026, 11, 27)
PLAIN = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2027-06-18"}
DATES = "2026-09-18;2026-12-18;2027-06-18"
TOUCH = PLAIN | {"product": "one_touch", "level": 110, "direction": "up", "cash": 3, "frequency": DATES}
SWAP = PLAIN | {"product": "variance_swap", "strike": 0.19}
RANGE = PLAIN | {"product": "range_accrual", "lower": 90, "upper": 110, "frequency": DATES}
NOTE = PLAIN | {"product": "barrier_reverse_convertible", "strike": 100, "level": "70%", "coupon": "2%"}
NOTE |= {"frequency": DATES}
SECTION = {"spot": 95.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
U = tuple((date.fromisoformat(day) - TODAY).days / 365 for day in DATES.split(";"))[1:]
T = U[-1]


def market(fixings=(), **section):
    return lg.Market.read(
        {"valuation_date": TODAY, "underlyings": {"X": SECTION | section}, "fixings": {"X": dict(fixings)}}
    )


def trade(row, fixed=95.0, **section):
    fixings = {"2026-09-18": fixed} if isinstance(fixed, float) else fixed
    (found,), problems = parse(pd.DataFrame([row]), market(fixings, **section))
    assert problems == []
    return found


def problem(row, fixings=(), **section):
    trades, (found, *_) = parse(pd.DataFrame([row]), market(fixings, **section))
    assert not trades
    return found.field


def known(amount, when=T):
    return lg.KnownCashFlow(amount, when)


@pytest.mark.parametrize(
    ("changes", "fixed", "left"),
    [
        ({}, 95.0, lg.OneTouch(110.0, "up", T, 3.0, U)),
        ({}, 111.0, known(3.0)),
        ({"pays_at": "hit"}, 95.0, lg.OneTouch(110.0, "up", T, 3.0, U, "hit")),
        ({"pays_at": "hit"}, 111.0, known(0.0)),
        ({"payment_date": "2027-06-22"}, 95.0, lg.OneTouch(110.0, "up", T + 4 / 365, 3.0, U)),
        ({"product": "no_touch"}, 95.0, lg.NoTouch(110.0, "up", T, 3.0, U)),
        ({"product": "no_touch"}, 111.0, known(0.0)),
        ({"product": "double_no_touch", "level": None, "direction": None, "lower": 80, "upper": 110}, 95.0,
         lg.DoubleNoTouch(80.0, 110.0, T, 3.0, U)),
        ({"product": "no_touch", "frequency": "2026-09-18;2026-11-27", "maturity": "2026-11-27",
          "payment_date": "2026-12-01"}, {"2026-09-18": 95.0, "2026-11-27": 99.0}, known(3.0, 4 / 365)),
    ],
)  # fmt: skip
def test_touches(changes, fixed, left):
    row = {name: value for name, value in (TOUCH | changes).items() if value is not None}
    found = trade(row, fixed).payoff
    assert type(found) is type(left)
    pairs = [(getattr(found, own.name), getattr(left, own.name)) for own in fields(left)]
    assert all(a == b or a == pytest.approx(b) for a, b in pairs)


def test_a_touch_reads_its_volatility_at_its_barrier_and_needs_no_fixing_after_it():
    assert trade(TOUCH).strike_for_volatility == 110.0
    assert problem(TOUCH) == "fixings"
    row = TOUCH | {"frequency": "2026-09-18;2026-10-16;2027-06-18"}
    assert trade(row, 111.0).payoff == known(3.0)
    assert problem(TOUCH | {"pays_at": "hit", "payment_date": "2027-06-22"}) == "payment_date"


def test_touched_today_while_open_it_is_known_and_at_the_barrier_refused():
    row = TOUCH | {"frequency": "2026-11-27;2027-06-18"}
    assert "touched on 2026-11-27 at 112" in trade(row, spot=112.0).state
    assert problem(row, spot=110.0) == "fixings"


def test_variance_swaps_count_returns_by_their_frequency():
    daily = trade(SWAP).payoff
    assert (daily.strike, daily.annualisation, daily.reference) == (0.19, 252.0, 95.0)
    assert len(daily.times) > 130
    weekly = trade(SWAP | {"product": "volatility_swap", "strike": "19%", "frequency": "weekly"}).payoff
    assert isinstance(weekly, lg.VolatilitySwap)
    assert (weekly.strike, weekly.annualisation) == (0.19, 52.0)
    assert problem(SWAP | {"frequency": "2027-03-19;2027-06-18"}) == "annualisation"
    assert problem(SWAP | {"strike": 19}) == "strike"


def test_a_seasoned_variance_swap_keeps_its_returns():
    row = SWAP | {"frequency": "2026-09-18;2026-12-18;2027-06-18", "annualisation": 4, "reference": 92}
    left, spot = trade(row).payoff, np.array([[90.0, 101.0], [99.0, 97.0]])
    whole = lg.VarianceSwap(0.19, (1.0, 2.0, 3.0), 92.0, 4.0)(np.vstack([[95.0, 95.0], spot]))
    np.testing.assert_allclose(left(spot), whole, rtol=1e-14)
    assert problem(row | {"frequency": "2026-11-27;2027-06-18"}) == "fixings"  # today's, open: its return is realised


def test_a_seasoned_range_accrual_keeps_its_count():
    left = trade(RANGE | {"cash": 6}).payoff
    np.testing.assert_allclose(left(np.array([[80.0, 95.0], [100.0, 100.0]])), [4.0, 6.0])


def test_reverse_convertibles_pay_their_coupons_and_remember_a_knock_in():
    spot = np.array([[60.0, 90.0], [80.0, 80.0]])
    np.testing.assert_allclose(trade(NOTE, {}).payoff(spot), [[2, 2], [102, 102]])  # a coupon date decides nothing
    watched = NOTE | {"knock_in_frequency": DATES}
    np.testing.assert_allclose(trade(watched).payoff(spot), [[2, 2], [82, 102]])
    np.testing.assert_allclose(trade(watched, 65.0).payoff(spot), [[2, 2], [82, 82]])
    plain = {name: x for name, x in NOTE.items() if name != "level"} | {"product": "reverse_convertible"}
    np.testing.assert_allclose(trade(plain, {}).payoff(spot), [[2, 2], [82, 82]])


def test_all_are_valued_together():
    rows = [
        TOUCH | {"pays_at": "hit"},
        SWAP | {"frequency": "2027-03-19;2027-06-18", "annualisation": 3.6},
        RANGE,
        NOTE,
    ]
    book = pd.DataFrame([row | {"trade_id": f"T{k}"} for k, row in enumerate(rows)])
    where = market({"2026-09-18": 95.0})
    frame = lg.risk(book, where, ["delta", "vega"], paths=1024, seed=1)
    assert set(frame["trade_id"]) == {"T0", "T1", "T2", "T3", "net"}
    assert np.isfinite(frame["value"]).all()
    assert len(lg.ladder(book, where, [0.05], paths=1024, seed=1)) == 1
