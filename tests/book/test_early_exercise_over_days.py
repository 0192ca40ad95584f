"""Trades that may be ended early over two days: the rule of the first is kept, and what was ended is a fact."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg

PUT = {"trade_id": "P", "underlying": "A", "product": "bermudan_put", "quantity": 10.0, "strike": 40.0,
       "maturity": "2027-06-15", "frequency": "2026-06-16; 2026-11-08; 2027-06-15"}  # fmt: skip
NOTE = {"trade_id": "N", "underlying": "X", "product": "reverse_convertible", "quantity": 1, "strike": 100,
        "coupon": 0.05, "maturity": "2027-12-13", "frequency": "2026-06-16; 2026-12-14; 2027-12-13",
        "call_frequency": "2026-06-16; 2026-12-14", "call_price": "101%"}  # fmt: skip
ASIAN = {"trade_id": "S", "underlying": "X", "product": "asian", "option": "put", "quantity": 1, "strike": 100,
         "maturity": "2027-06-15", "frequency": "2026-06-16; 2026-10-15; 2027-06-15",
         "exercise_frequency": "2026-06-16; 2026-10-15"}  # fmt: skip
FREE = {"trade_id": "O", "underlying": "X", "product": "put", "quantity": 1, "strike": 100, "maturity": "2027-06-15"}
MONDAY = {
    "valuation_date": "2026-06-15",
    "underlyings": {
        "A": {"spot": 36.0, "zero_rate": 0.06, "implied_volatility": 0.2},
        "X": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.25},
    },
}
THURSDAY = {
    "valuation_date": "2026-06-18",
    "fixings": {"A": {"2026-06-16": 35.5}, "X": {"2026-06-16": 99.0}},
    "underlyings": {
        "A": {"spot": 35.0, "zero_rate": 0.061, "implied_volatility": 0.21},
        "X": {"spot": 98.0, "zero_rate": 0.031, "implied_volatility": 0.26},
    },
}


def explained(*rows, after=None, monday=MONDAY, later=THURSDAY, paths=2048):
    books = [pd.DataFrame(own) for own in (rows, rows if after is None else after)]
    frame = lg.explain_book(books[0], monday, later, book_after=books[1], paths=paths, seed=1)
    return frame.set_index("trade_id")


@pytest.mark.slow
def test_what_was_not_ended_is_explained_under_the_rule_of_the_first_day():
    frame = explained(PUT, NOTE, ASIAN, paths=8192)
    for name, moved in (("P", 0.5), ("N", 0.5), ("S", 0.5)):
        row = frame.loc[name]
        assert row["pnl"] == pytest.approx(row["value_after"] + row["cash"] - row["value_before"])
        assert row["pnl_standard_error"] < 0.1
        assert abs(row["pnl"]) > moved
        assert abs(row["unexplained"]) < 4.0 * row["unexplained_standard_error"] + 0.02 * abs(row["pnl"])
        assert row["state"].endswith("exercise rule of 2026-06-15")
    assert frame["cash"].loc[["P", "N", "S"]].tolist() == [0.0, 5.0, 0.0]
    later = lg.risk(pd.DataFrame([PUT, ASIAN]), THURSDAY, ["delta"], paths=8192, seed=1)  # with rules of that day
    for name in ("P", "S"):
        own = later[(later["trade_id"] == name) & (later["greek"] == "price")].iloc[0]
        room = 4.0 * np.hypot(own["position_standard_error"], frame.loc[name, "value_after_standard_error"])
        assert abs(own["position_value"] - frame.loc[name, "value_after"]) < room + 1e-3 * own["position_value"]


@pytest.mark.slow
@pytest.mark.parametrize("gone", [False, True], ids=["kept in the book", "gone from it"])
def test_what_was_ended_has_paid_and_is_worth_nothing(gone):
    ended = [row | {"ended_on": "2026-06-16"} for row in (PUT, NOTE, ASIAN)]
    frame = explained(*ended, after=[FREE] if gone else ended).loc[["P", "N", "S"]]
    assert frame["cash"].tolist() == [45.0, 106.0, 1.0]  # the fixings are 35.5 and 99
    assert frame["value_after"].tolist() == [0.0] * 3
    np.testing.assert_allclose(frame["pnl"], frame["cash"] - frame["value_before"])
    np.testing.assert_allclose(frame["fixings"], [5.0, 0.0, 1.0], atol=1e-9)
    assert frame["unexplained"].abs().max() < 1e-9
    assert frame["ended"].tolist() == [0.0] * 3


def test_on_the_day_itself_it_is_worth_what_it_pays():
    ended = [row | {"ended_on": "2026-06-16"} for row in (PUT, NOTE, ASIAN)]
    day = {**THURSDAY, "valuation_date": "2026-06-16"}
    frame = lg.risk(pd.DataFrame(ended), day, ["delta"], paths=64, seed=1)
    frame = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek"])
    assert frame["value"].unstack()["price"][["P", "N", "S"]].tolist() == pytest.approx([4.5, 106.0, 1.0])
    assert (frame["standard_error"] == 0.0).all()
    still = {**day, "fixings": {"X": {"2026-06-16": 99.0}}}
    put = lg.risk(pd.DataFrame(ended[:1]), still, ["delta"], paths=64, seed=1).set_index("greek")["value"]
    assert put.loc["price"].tolist()[0] == 5.0
    assert put.loc["delta"].tolist()[0] == pytest.approx(-1.0)  # of an open fixing


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (PUT | {"ended_on": "2026-06-15", "start": "2026-06-12"}, "be one of the days on which the trade may be ended"),
        (NOTE | {"ended_on": "2026-06-17"}, "be one of the days on which the trade may be ended"),
        (PUT | {"ended_on": "2026-11-08"}, "not be after the valuation date 2026-06-18"),
        (PUT | {"product": "put", "frequency": None, "ended_on": "2026-06-16"}, "be blank: the trade may not be ended"),
        (ASIAN | {"exercise_frequency": None, "ended_on": "2026-06-16"}, "be blank: the trade may not be ended early"),
    ],
)
def test_days_on_which_nothing_could_be_ended_are_problems(row, why):
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        frame = lg.risk(pd.DataFrame([row | {"start": "2026-06-12"}]), THURSDAY, ["price"], paths=64, seed=1)
    assert [(p["field"], why in p["requirement"]) for p in frame.attrs["problems"]] == [("ended_on", True)]


@pytest.mark.slow
def test_trades_of_the_later_book_that_are_new_or_amended_get_rules_of_the_second_day():
    other = [PUT | {"strike": 41.0}, PUT | {"trade_id": "Q"}]
    frame = explained(PUT, after=other)
    assert frame.loc["P (amended)", "new"] == pytest.approx(frame.loc["P (amended)", "value_after"])
    assert frame.loc["Q", "new"] > 40.0
    assert frame.loc["P", "ended"] < -40.0
    same = explained(PUT, after=[PUT])
    assert "P (amended)" not in same.index


@pytest.mark.slow
def test_contracts_of_ones_own_are_ended_by_their_rule():
    own = lg.Bermudan(lg.Put(40.0, 1.0), [1 / 365, 0.5], rule_paths=4096)
    row = {"trade_id": "O", "underlying": "A", "payoff": own, "quantity": 1.0}
    frame = explained(row)
    assert frame.loc["O", "cash"] == 0.0
    assert abs(frame.loc["O", "unexplained"]) < 0.05
    fell = {**THURSDAY, "fixings": {"A": {"2026-06-16": 20.0}, "X": {}}}
    frame = explained(row, later=fell)
    assert frame.loc["O", "cash"] == 20.0
    assert frame.loc["O", "value_after"] == pytest.approx(0.0, abs=0.05)
