"""What the book of the second day alone tells of a trade's past came to be known: no terms are amended by it."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg

X = {"zero_rate": 0.03, "implied_volatility": 0.25}
MONDAY = {"valuation_date": "2026-06-15", "underlyings": {"X": {**X, "spot": 100.0}}}
THURSDAY = {"valuation_date": "2026-06-18", "underlyings": {"X": {**X, "spot": 98.0}},
            "fixings": {"X": {"2026-06-16": 95.0}}}  # fmt: skip
PUT = {"trade_id": "P", "underlying": "X", "product": "bermudan_put", "quantity": 10.0, "strike": 100.0,
       "maturity": "2026-12-15", "frequency": "2026-06-16; 2026-12-15"}  # fmt: skip
NOTE = {"trade_id": "N", "underlying": "X", "product": "reverse_convertible", "quantity": 1, "strike": 100,
        "coupon": 0.05, "maturity": "2026-12-14", "frequency": "2026-06-16; 2026-12-14",
        "call_frequency": "2026-06-16", "call_price": "101%"}  # fmt: skip
WATCHED = {"underlying": "X", "quantity": 10, "start": "2026-03-16", "maturity": "2026-12-15",
           "frequency": "continuous", "watched_to": "2026-06-15"}  # fmt: skip
OUT = {**WATCHED, "trade_id": "O", "product": "barrier", "option": "call", "strike": 100, "level": 85,
       "direction": "down", "knock": "out"}  # fmt: skip
HIT = {**WATCHED, "trade_id": "H", "product": "one_touch", "level": 85, "direction": "down", "pays_at": "hit",
       "cash": 1.0}  # fmt: skip
BEST = {**WATCHED, "trade_id": "B", "product": "lookback", "option": "call", "strike": "floating", "so_far": 93.0}
PAST = ("ended_on", "watched_to", "so_far", "touched_on")


def explained(rows, after, later=THURSDAY):
    frame = lg.explain_book(pd.DataFrame(rows), MONDAY, later, book_after=pd.DataFrame(after), paths=256, seed=1)
    return frame[~frame["trade_id"].isin(["net", "total"])].set_index("trade_id"), frame.attrs["problems"]


@pytest.mark.parametrize("column", ["ended_on", "exercised_on", "called_on"])
def test_a_trade_that_the_second_book_says_was_ended_is_one_trade_that_has_paid(column):
    frame, problems = explained([PUT, NOTE], [PUT | {column: "2026-06-16"}, NOTE | {column: "2026-06-16"}])
    assert not problems
    assert list(frame.index) == ["P", "N"]
    assert frame["cash"].tolist() == [50.0, 106.0]
    assert (frame[["value_after", "new", "ended"]] == 0.0).all(axis=None)
    np.testing.assert_allclose(frame["pnl"], frame["cash"] - frame["value_before"])


def test_touches_and_extremes_that_the_second_book_tells_are_no_amendment():
    to = {"watched_to": "2026-06-18"}
    after = [OUT | to, OUT | to | {"trade_id": "K", "touched_on": "2026-06-17"}, HIT | {"touched_on": "2026-06-17"},
             BEST | to | {"so_far": 91.0}]  # fmt: skip
    frame, problems = explained([OUT, OUT | {"trade_id": "K"}, HIT, BEST], after)
    assert not problems
    assert list(frame.index) == ["O", "K", "H", "B"]
    assert (frame[["new", "ended"]] == 0.0).all(axis=None)
    assert frame["cash"].tolist() == [0.0, 0.0, 10.0, 0.0]
    assert frame.loc[["K", "H"], "value_after"].tolist() == [0.0, 0.0]
    assert frame.loc["O", "value_after"] > 50.0
    assert "91" in frame.loc["B", "state"]


def test_where_the_second_book_is_silent_the_past_of_the_first_stays():
    ended = [PUT | {"start": "2026-03-16", "frequency": "2026-06-12; 2026-12-15", "ended_on": "2026-06-12"}]
    seen = {**THURSDAY, "fixings": {"X": {"2026-06-12": 99.0}}, "lows": {"X": dict.fromkeys(
        ["2026-06-16", "2026-06-17", "2026-06-18"], 92.0)}}  # fmt: skip
    rows = [*ended, OUT, BEST]
    silent = [{name: cell for name, cell in row.items() if name not in PAST} for row in rows]
    frame, problems = explained(rows, silent, seen)
    assert not problems
    assert list(frame.index) == ["P", "O", "B"]
    assert frame.loc["P", ["pnl", "value_after"]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("again", [None, "2026-06-16"])
def test_a_past_that_the_second_book_takes_back_is_a_problem(again):
    row = PUT | {"start": "2026-03-16", "frequency": "2026-06-12; 2026-06-16; 2026-12-15", "ended_on": "2026-06-12"}
    other = PUT | {"trade_id": "Q", "ended_on": "2026-06-16"}
    now = row | {"ended_on": again}
    seen = {**THURSDAY, "fixings": {"X": {"2026-06-12": 99.0, "2026-06-16": 95.0}}}
    with pytest.warns(lg.BookWarning, match="ended_on must be 2026-06-12 in the second book too, as the first has it"):
        frame, _ = explained([row, other], [now, other], seen)
    assert list(frame.index) == ["Q"]


def test_other_terms_beside_a_past_are_amended():
    frame, _ = explained([OUT], [OUT | {"strike": 90, "watched_to": "2026-06-18"}])
    assert list(frame.index) == ["O", "O (amended)"]
