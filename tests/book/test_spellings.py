"""Books with several columns that are one by other names: each row fills one, and what differs is refused by row."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.reading import read_book

MARKET = {"valuation_date": "2026-07-06", "fixings": {"X": {"2026-04-07": 97.0}},
          "underlyings": {"X": {"spot": 92.0, "zero_rate": 0.03, "implied_volatility": 0.25}}}  # fmt: skip
PUT = {"underlying": "X", "product": "bermudan_put", "quantity": 10, "maturity": "2027-01-05", "strike": 105,
       "frequency": "2026-04-07; 2026-07-06; 2027-01-05"}  # fmt: skip
CALL = {"underlying": "X", "product": "call", "quantity": 10, "maturity": "2027-01-05", "strike": 105}


def priced(*rows):
    book = pd.DataFrame([{"trade_id": name, **row} for name, row in zip("ABCD", rows, strict=False)])
    frame = lg.risk(book, MARKET, ["price"], paths=64, seed=1)
    values = frame[frame["trade_id"] != "net"].set_index("trade_id")["position_value"]
    return values.to_dict(), [(p["trade_id"], p["field"], p["requirement"]) for p in frame.attrs["problems"]]


def test_rows_that_fill_one_of_several_spellings_are_read():
    both = {"exercised_on": "2026-04-07", "ended_on": pd.Timestamp("2026-04-07")}
    values, problems = priced(PUT | {"exercised_on": "2026-07-06"}, PUT | {"called_on": "2026-04-07"}, PUT | both)
    assert not problems
    assert values == pytest.approx({"A": 130.0, "B": 0.0, "C": 0.0})


def test_a_row_with_two_different_cells_is_refused_by_the_names_of_the_columns():
    two = PUT | {"exercised_on": "2026-04-07", "called_on": "2026-07-06"}
    with pytest.warns(lg.BookWarning, match=r"B \(row 2\): .*'called_on' and 'exercised_on'.*'2026-07-06 and 2026-04"):
        values, problems = priced(PUT | {"called_on": "2026-07-06"}, two)
    assert list(values) == ["A"]
    assert problems == [
        ("B", "ended_on", "be the same in the columns 'called_on' and 'exercised_on', or in one of them")
    ]


def test_words_numbers_and_codes_are_compared_as_they_are_read():
    rows = [CALL | {"side": "buy", "b/s": "long", "multiplier": "2", "lot_size": "2.0"}, CALL | {"b/s": "s"},
            CALL | {"side": "buy", "b/s": "sell"}, CALL | {"ccy": "EUR", "currency": "USD"}]  # fmt: skip
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        values, problems = priced(*rows)
    assert values["A"] == pytest.approx(-2.0 * values["B"])
    assert [(name, field) for name, field, _ in problems] == [("C", "side"), ("D", "currency")]


@pytest.mark.parametrize("word", ["N/A", "n/a", "none", "-", "NA"])
def test_words_for_nothing_under_another_name_are_blank_and_under_the_first_are_not(word):
    values, problems = priced(CALL, CALL | {"pay_date": word, "settlement_ccy": word, "start_date": word})
    assert not problems
    assert values["B"] == values["A"]
    with pytest.warns(lg.BookWarning, match="payment_date must be"):
        priced(CALL, CALL | {"payment_date": word})
    with pytest.warns(lg.BookWarning, match="multiplier must be"):
        priced(CALL, CALL | {"lot_size": word})


def test_columns_that_every_trade_needs_are_there_once():
    table = pd.DataFrame([[1, *CALL.values(), 10]], columns=["trade_id", *CALL, "Quantity"])
    with pytest.raises(InvalidValueError, match="columns must be there once each"):
        read_book(table)
