"""Tables as spreadsheets write them are read where they tell what they are, and refused where they do not."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.market import Market
from likelihood_greeks.book.reading import read_book, remarks
from likelihood_greeks.book.trades import parse

MARKET = Market.read(
    {"valuation_date": "2025-01-02",
     "underlyings": {"X": {"spot": 5900.0, "zero_rate": 0.0, "implied_volatility": 0.2, "currency": "EUR"}}}
)  # fmt: skip
HEAD, ROW = "trade_id;underlying;product;quantity;maturity;strike", "T1;X;call;10;2025-12-19;"
TRADE = {
    "trade_id": "a",
    "underlying": "X",
    "product": "call",
    "quantity": 10,
    "maturity": "2026-01-02",
    "strike": 6000,
}


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "book.csv"
    path.write_bytes(text.encode(encoding))
    return parse(read_book(path), MARKET)


@pytest.mark.parametrize(
    ("text", "strike", "encoding"),
    [
        (f"{HEAD}\n{ROW}6000\n", 6000.0, "utf-8"),
        (f"{HEAD}\n{ROW}6000,5\n", 6000.5, "utf-8"),
        (f"{HEAD}\n{ROW}6.000,5\n", 6000.5, "utf-8-sig"),
        ("Book of 2 January\n\n" + f"{HEAD}\n{ROW}6000\n".replace(";", ","), 6000.0, "utf-8"),
        (f"{HEAD}\n{ROW}6000.5\n".replace(";", "\t"), 6000.5, "utf-16"),
        (f"{HEAD}\n{ROW}6000\n".replace("2025-12-19", "19/12/2025"), 6000.0, "utf-8"),
        (f"{HEAD};;\n{ROW}6000;;\n;;;;;;;\n", 6000.0, "utf-8"),
    ],
)
def test_what_a_spreadsheet_writes_is_read(tmp_path, text, strike, encoding):
    (trade,), problems = read(tmp_path, text, encoding)
    assert problems == []
    assert (trade.strike_for_volatility, str(trade.maturity_date), trade.quantity) == (strike, "2025-12-19", 10.0)


@pytest.mark.parametrize(
    ("cells", "field", "words"),
    [
        ('T1,X,call,10,2025-12-19,"6,000"', "strike", "6000 or 6.000"),
        ("T1,X,call,10,3/4/2025,6000", "maturity", "3 April or 4 March|2025-04-03 or 2025-03-04"),
    ],
)
def test_what_could_be_two_things_is_refused_unless_another_cell_decides(tmp_path, cells, field, words):
    head = HEAD.replace(";", ",")
    trades, (problem,) = read(tmp_path, f"{head}\n{cells}\n")
    assert (trades, problem.field) == ([], field)
    deciding = cells.replace("T1", "T2").replace('"6,000"', '"6,000.5"').replace("3/4/2025", "19/12/2025")
    trades, problems = read(tmp_path, f"{head}\n{cells}\n{deciding}\n")
    assert (len(trades), problems) == (2, [])


@pytest.mark.parametrize(
    ("strike", "coupon", "deciding", "shares"),
    [
        ("100,5", "0,02", "", (0.02,) * 4),
        ("100,5", "2,5 %", "", (0.025,) * 4),
        ("100", "2,5%;0,125;2 %;1%", "", (0.025, 0.125, 0.02, 0.01)),
        ("100", "1,125%", "100,5%", (0.01125,) * 4),  # a level in per cent decides
        ("100", "1.125%", "", None),  # nothing does
        ("100", "1,125%", "100.5%", None),  # it reads as 1125%
    ],
)
def test_shares_are_read_as_other_numbers_and_decide_as_they_do(tmp_path, strike, coupon, deciding, shares):
    head = "trade_id;underlying;product;quantity;maturity;strike;start;coupon;notional;frequency;level;reference"
    note = f"T1;X;barrier_reverse_convertible;1;02.01.2026;{strike};02.01.2025;'{coupon}';100;quarterly".replace(
        "'", '"'
    )
    trades, problems = read(tmp_path, f"{head}\n{note};{deciding or '70%'};100\n")
    if shares is None:
        assert [problem.field for problem in problems] == ["coupon"]
        return
    assert problems == []
    assert np.allclose(trades[0].payoff.coupon, shares if ";" in coupon else shares[0], rtol=1e-14)


@pytest.mark.parametrize(
    ("extra", "position"),
    [({"side": "SELL"}, -10.0), ({"buy_sell": "S"}, -10.0), ({"side": "buy"}, 10.0), ({"multiplier": 100}, 1000.0)],
    ids=str,
)
def test_columns_that_say_how_much_is_held_are_used(extra, position):
    (trade,), problems = parse(pd.DataFrame([TRADE | extra]), MARKET)
    assert (trade.quantity, problems) == (position, [])


@pytest.mark.parametrize(
    ("extra", "field"),
    [({"volatility": 0.4}, "volatility"), ({"currency": "USD"}, "currency"), ({"side": "up"}, "side")],
)
def test_columns_that_would_change_the_value_are_refused_by_name(extra, field):
    trades, (problem,) = parse(pd.DataFrame([TRADE | extra]), MARKET)
    assert (trades, problem.field) == ([], field)


@pytest.mark.parametrize(
    "name", ["notional", "position", "fx_rate", "date", "floor", "coupon", "average_price", "account"]
)
def test_a_column_is_never_refused_for_resembling_one(name):
    trades, problems = parse(pd.DataFrame([TRADE | {name: 1}]), MARKET)
    assert (len(trades), problems) == (1, [])


def test_a_sale_has_the_negative_position_in_the_frame():
    market = {"valuation_date": "2025-01-02", "underlyings": {"X": {
        "spot": 5900.0, "zero_rate": 0.0, "implied_volatility": 0.2}}}  # fmt: skip
    bought, sold = (
        lg.risk(pd.DataFrame([TRADE | {"side": side}]), market, ["delta"], paths=1024, seed=1)
        for side in ("buy", "sell")
    )
    assert sold["position_value"].iloc[1] == -bought["position_value"].iloc[1] != 0.0


def test_a_column_that_may_be_a_misspelt_one_is_not_passed_over_in_silence():
    market = {"valuation_date": "2025-01-02", "underlyings": {"X": {
        "spot": 5900.0, "zero_rate": 0.0, "implied_volatility": 0.2}}}  # fmt: skip
    with pytest.warns(lg.BookWarning, match="'multiplyer' of the book is not used: did you mean 'multiplier'"):
        lg.risk(pd.DataFrame([TRADE | {"multiplyer": 100}]), market, ["delta"], paths=1024, seed=1)


@pytest.mark.parametrize(
    ("own", "said"),
    [("knock_in", "a book has that in the column 'level'"), ("accrued", "the fixings since a trade's start say")],
)
def test_arguments_of_contracts_that_are_no_columns_are_not_passed_over_in_silence(own, said):
    note = {**TRADE, "product": "autocallable", "autocall_level": 5900.0, "coupon": 0.02, "frequency": "quarterly"}
    (remark,) = remarks(read_book(pd.DataFrame([note | {own: 4.0}])))
    assert said in remark
    assert own == "accrued" or not remarks(read_book(pd.DataFrame([TRADE | {own: 4.0}])))  # of another product


@pytest.mark.parametrize(("other", "days"), [("05.07.2025", 0), ("13-07-2025", 0), ("2025-07-05", 0), ("13/7/2025", 1)])
def test_only_dates_with_the_same_separator_say_what_is_first(tmp_path, other, days):
    first = ROW.replace("2025-12-19", "03/04/2025")
    trades, problems = read(tmp_path, f"{HEAD}\n{first}6000\nT2;X;call;10;{other};6000\n")
    assert [str(own.maturity_date) for own in trades if own.trade_id == "T1"] == ["2025-04-03"] * days
    assert [problem.requirement for problem in problems] == (
        ["be a date: 2025-04-03 or 2025-03-04? No other cell decides"] * (1 - days)
    )


@pytest.mark.parametrize("cell", ["46013", 46013, 46013.0, "46013.0"])
def test_a_day_that_a_spreadsheet_counted_is_refused_by_its_date(cell):
    trades, (problem,) = parse(pd.DataFrame([TRADE | {"maturity": cell}]), MARKET)
    assert trades == []
    assert "in a spreadsheet 46013 is the day 2025-12-22: format the cell" in problem.requirement


@pytest.mark.parametrize("cell", ["2025", "6000", "460130", "19th of May"])
def test_other_numbers_in_place_of_a_date_are_not_taken_for_one(cell):
    _, (problem,) = parse(pd.DataFrame([TRADE | {"maturity": cell}]), MARKET)
    assert "spreadsheet" not in problem.requirement
