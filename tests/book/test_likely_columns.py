"""Columns by other names that a desk gives to terms: they are read, or asked about; others are the book's own."""

import doctest
import warnings
from datetime import date

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book import likely_columns
from likelihood_greeks.book.cells import DATED, POSITION, TERM, key_of
from likelihood_greeks.book.columns import BY_NAME, TABLE
from likelihood_greeks.book.reading import own_columns, read_book, remarks

MARKET = {"valuation_date": "2026-11-27",
          "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.25}}}  # fmt: skip
ROW = {"trade_id": "t", "underlying": "X", "quantity": 1, "maturity": "2027-11-26"}
CALL = ROW | {"product": "call", "strike": 100}
SERIES = ROW | {"product": "accumulator", "strike": 95, "level": 110, "frequency": "monthly"}
BARRIER = ROW | {"product": "barrier", "option": "call", "strike": 100, "level": 85, "direction": "down",
                 "knock": "out", "frequency": "monthly"}  # fmt: skip
NOTE = ROW | {"product": "autocallable", "strike": 100, "level": 60, "frequency": "quarterly", "coupon": 0.02}
PHOENIX = NOTE | {"product": "phoenix"}
TOUCH = ROW | {"product": "one_touch", "level": 120, "direction": "up", "frequency": "monthly"}
SWAP = ROW | {"product": "variance_swap", "strike": 0.25, "frequency": "daily"}
ASIAN = ROW | {"product": "asian", "option": "call", "strike": 100, "frequency": "monthly"}
VANILLAS = [
    {name: cell}
    for name in ("ki_level", "ki_barrier", "knock_in_level", "barrier_level", "autocall_barrier", "upper_strike",
                 "coupon_trigger", "min_redemption", "cash_payout", "cash_rebate", "memory_effect", "gear",
                 "basket_weights", "annualization", "ki_observation", "pay_at", "averaging_method", "quanto_ccy")
    for cell in (0, "N/A", "-", "none")
]  # fmt: skip
"""What an export writes for a vanilla into the columns of other products."""
UNREAD = [
    *((CALL, own) for own in VANILLAS),
    (CALL, {"gear": 5.2}),  # of a warrant
    (CALL, {"annualization": 252}),
    (CALL, {"upside_participation": 100}),
    (CALL, {"basket_weights": "100%"}),
    (CALL, {"settlement_ccy": "N/A"}),
    (CALL | {"currency": "EUR"}, {"quanto_ccy": "EUR"}),
    (NOTE, {"knock_in_monitoring": "European"}),
    (NOTE, {"ki_observation": "at maturity"}),
    (NOTE, {"coupon_per_period": "N/A"}),
    (TOUCH, {"pay_at": "expiry"}),
    (TOUCH, {"paid_at": "maturity"}),
    (BARRIER, {"pay_at": "expiry"}),
    (BARRIER, {"cash_rebate": "no"}),
    (ASIAN, {"averaging_method": "Arithmetic Average"}),
    (ASIAN, {"mean": 100}),
    (SERIES, {"ki_level": 90}),  # its level knocks out
    (TOUCH, {"trigger_date": "2027-03-01"}),  # after today
    (SERIES, {"multiple": 1}),
    (CALL, {"weight": 0.1}),
    *((row, {name: "R1"}) for row in (CALL, NOTE, TOUCH) for name in (
        "reference_id", "trigger_id", "settlement_id", "underlying_isin", "protection_fee")),
]  # fmt: skip
READ = [
    (CALL, "payment_date", "2028-11-26", ["paydate", "pay_date"]),
    (NOTE | {"coupon": None}, "coupon", 0.03, ["coupon_per_period", "period coupon"]),
]
ASKED = [
    (SERIES, {"leverage": 2}, "gearing"),
    (SERIES, {"Leverage Ratio": "200%"}, "gearing"),
    (SERIES, {"ratio": 2}, "multiplier"),
    (SERIES | {"level": None}, {"KO level": 110}, "level"),
    (SERIES, {"settlement_type": "physical"}, "settlement"),
    (CALL, {"value_date": "2028-11-26"}, "payment_date"),
    (CALL, {"settlement date": "26.11.2028"}, "payment_date"),
    (CALL, {"Delivery Date": pd.Timestamp("2028-11-26")}, "payment_date"),
    (CALL, {"contract unit": 100}, "multiplier"),
    (CALL, {"option_style": "American"}, "exercise"),
    (CALL | {"strike": "100%"}, {"initial fixing": 104}, "reference"),
    (NOTE, {"trigger_level": "90%"}, "autocall_level"),
    (NOTE, {"call_barrier": "90%"}, "autocall_level"),
    (NOTE | {"coupon": None}, {"coupon_rate": 0.08}, "coupon"),
    (NOTE | {"coupon": None}, {"Coupon (% p.a.)": 8}, "coupon"),
    (NOTE | {"level": None}, {"barrier": "60%"}, "level"),
    (NOTE, {"barrier_type": "american"}, "knock_in_frequency"),
    (NOTE, {"capital protection": "90%"}, "protection"),
    (NOTE, {"issue_date": "2026-11-20"}, "start"),
    (PHOENIX, {"memory_coupon": "yes"}, "memory"),
    (TOUCH, {"payout": 5}, "cash"),
    (TOUCH, {"payment_timing": "hit"}, "pays_at"),
    (SERIES | {"underlying": "X", "gearing": None}, {"gearings": 2}, "gearing"),
    (BARRIER | {"product": "quanto_barrier"}, {"rebate_pct": 0.02}, "rebate"),
    (NOTE | {"product": "worst_of_autocallable"}, {"trigger_level": "90%"}, "autocall_level"),
    (SERIES, {"Gear": 2}, "gearing"),
    (SERIES, {"gearing-ratio": 2}, "gearing"),
    (BARRIER, {"Cash rebate": 10}, "rebate"),
    (BARRIER, {"rebate_amount": 10}, "rebate"),
    (BARRIER | {"level": None}, {"barrier_level": 85}, "level"),
    (BARRIER | {"level": None, "knock": "in"}, {"ki_level": 85}, "level"),
    (NOTE | {"level": None}, {"KI Barrier": "70%"}, "level"),
    (NOTE, {"Autocall Trigger": "90%"}, "autocall_level"),
    (NOTE | {"coupon": None}, {"cpn": "8%"}, "coupon"),
    (NOTE, {"knock_in_monitoring": "American"}, "knock_in_frequency"),
    (NOTE, {"minimum redemption": "90%"}, "protection"),
    (PHOENIX, {"coupon trigger": "80%"}, "coupon_barrier"),
    (PHOENIX, {"memory effect": 1}, "memory"),
    (TOUCH, {"digital payout": 5}, "cash"),
    (TOUCH, {"pay_at": "hit"}, "pays_at"),
    (CALL, {"shares_per_contract": 100}, "multiplier"),
    (CALL, {"upper_strike": 120}, "strike_2"),
    (CALL, {"upside_participation": "120%"}, "participation"),
    (CALL | {"currency": "EUR"}, {"quanto_ccy": "USD"}, "currency_pay"),
    (CALL | {"product": "quanto_call"}, {"quanto_currency": "USD"}, "currency_pay"),
    (SWAP, {"annualization": 365}, "annualisation"),
    (ASIAN, {"averaging_method": "Geometric"}, "average"),
]
OWN = [
    *((row, {name: 1}) for row in (CALL, SERIES, BARRIER, NOTE, PHOENIX, TOUCH) for name in (
        "trader", "desk", "comment", "counterparty", "book", "portfolio", "isin", "strategy", "trade_date", "notional",
        "premium", "delta", "market_value", "status", "account", "fees", "entity")),
    (CALL, {"leverage": 12.5}),  # of a warrant: a call has no gearing
    (CALL, {"initial_fixing": 104}),  # no level is in per cent
    (CALL, {"settlement_date": "2026-12-01"}),  # of the trade
    (CALL, {"settlement_date": "2027-11-26"}),  # the maturity
    (CALL, {"settlement_type": "cash"}),
    (CALL, {"option_style": "European"}),
    (CALL, {"issue_date": "2026-11-20"}),
    (CALL, {"contract unit": 1}),
    (SERIES | {"gearing": 2}, {"leverage": 2}),
    (SERIES, {"leverage": 1}),
    (SERIES, {"leverage": None}),
    (SERIES, {"gearnig": None}),
    (NOTE, {"coupon_rate": 0.08}),
    (NOTE, {"barrier_type": "European"}),
    (NOTE | {"autocall_level": "90%"}, {"trigger_level": "90%"}),
    (NOTE, {"callable": "no"}),
    (PHOENIX, {"memory_coupon": "no"}),
    (CALL | {"strike": "100%"}, {"initial": "JD"}),  # of a trader
]  # fmt: skip


def price(row):
    frame = lg.risk(pd.DataFrame([row]), MARKET, ["delta"], paths=256, seed=1)
    return frame.lg.trades.set_index("greek")["value"]["price"]


@pytest.mark.parametrize(("row", "column", "value", "names"), READ, ids=lambda x: x if isinstance(x, str) else "")
def test_a_term_by_another_name_is_read_as_the_term(row, column, value, names):
    stated = price(row | {column: value})
    assert stated != price(row)
    for name in names:
        other = {key: cell for key, cell in row.items() if key != column} | {name: value}
        assert price(other) == stated, name


def read_and_priced(row):
    """The price of a row that may be warned of, and the remarks of its columns."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        value = price(row)
    return value, [str(each.message) for each in said if "of the book is not used" in str(each.message)]


@pytest.mark.parametrize(("row", "own"), UNREAD, ids=str)
def test_a_column_that_an_export_fills_changes_no_value_and_refuses_no_trade(row, own):
    without, _ = read_and_priced(row)
    assert read_and_priced(row | own) == (without, [])


@pytest.mark.parametrize(
    ("row", "own", "asked"),
    [
        (SERIES | {"level": None}, {"ki_level": 90, "ko_level": 110}, ["ko_level"]),
        (SERIES | {"level": None}, {"knock_in_barrier": 90, "knock_out_barrier": 110}, ["knock_out_barrier"]),
        (NOTE | {"level": None}, {"knock_in_level": 70}, ["knock_in_level"]),
        (NOTE | {"coupon": None}, {"cpn": "8%"}, ["cpn"]),
        (CALL, {"units_per_contract": 100}, ["units_per_contract"]),
        (NOTE, {"autocall_barrier": 90}, ["autocall_barrier"]),
        (TOUCH, {"digital_amount": 5}, ["digital_amount"]),
    ],
    ids=str,
)
def test_what_a_name_may_mean_is_asked_and_not_read(row, own, asked):
    without, _ = read_and_priced(row)
    value, said = read_and_priced(row | own)
    assert value == without
    assert [remark.split("'")[1] for remark in said] == asked


@pytest.mark.parametrize(
    "row",
    [
        BARRIER | {"level": None, "direction": "up", "ki_barrier": 85, "ko_barrier": 120},
        TOUCH | {"level": None, "ki_level": 90, "ko_level": 110},
    ],
    ids=lambda row: row["product"],
)
def test_a_knock_in_level_is_not_the_level_that_a_knock_out_or_touch_needs(row):
    with pytest.warns(lg.BookWarning) as said:
        frame = lg.risk(pd.DataFrame([row]), MARKET, ["delta"], paths=256, seed=1)
    assert [(problem["field"], problem["value"]) for problem in frame.attrs["problems"]] == [("level", "")]
    assert not any("'ki_" in str(each.message) for each in said)


def test_a_past_event_is_asked_about_and_a_future_one_is_not():
    dated = {
        day: read_book(pd.DataFrame([TOUCH | {"frequency": "continuous", "start": "2026-06-01", "trigger_date": day}]))
        for day in ("2026-11-02", "2027-03-01")
    }
    today = date(2026, 11, 27)
    said = {day: remarks(book, today) for day, book in dated.items()}
    assert said["2027-03-01"] == []
    assert "'touched_on'" in said["2026-11-02"][0]


@pytest.mark.parametrize(("row", "own", "column"), ASKED, ids=lambda x: x if isinstance(x, str) else "")
def test_a_name_that_may_be_a_terms_is_asked_about(row, own, column):
    ((name, _),) = own.items()
    (remark,) = remarks(read_book(pd.DataFrame([row | own])))
    assert remark.startswith(f"column {name!r} of the book is not used: did you mean ")
    assert repr(column) in remark


@pytest.mark.parametrize(("row", "own"), OWN, ids=lambda x: next(iter(x)) if len(x) == 1 else x["product"])
def test_a_column_of_the_books_own_is_not(row, own):
    book = read_book(pd.DataFrame([row | own]))
    assert own_columns(book) == [*own]
    assert remarks(book) == []


def test_one_trade_that_leaves_the_term_blank_is_enough():
    other = SERIES | {"trade_id": "u", "gearing": 2, "leverage": 2}
    assert not remarks(read_book(pd.DataFrame([other])))
    assert remarks(read_book(pd.DataFrame([other, SERIES | {"leverage": 3}])))


def test_names_that_are_asked_about_are_none_that_are_read():
    terms = {column.name for column in TABLE if column.use in (TERM, DATED, POSITION)}
    terms |= {"exercise", "participation", "strike_2", "currency_pay"}
    assert likely_columns.MAY_BE.keys() <= terms
    assert likely_columns.MEANS_BLANK.keys() <= terms
    assert not [name for names in likely_columns.MAY_BE.values() for name in names if key_of(name) in BY_NAME]
    assert doctest.testmod(likely_columns).failed == 0


@pytest.mark.parametrize(
    "value",
    [
        lambda book: lg.risk(book, MARKET, ["price"], paths=64, seed=1),
        lambda book: lg.scenario_grid(book, MARKET, spot=[-0.1], paths=64, seed=1),
        lambda book: lg.stress(book, MARKET, {"crash": {"spot": -0.1}}, paths=64, seed=1),
        lambda book: lg.curvature(book, MARKET, spot=0.1, paths=64, seed=1),
        lambda book: lg.explain_book(book, MARKET, MARKET, paths=64, seed=1),
        lambda book: lg.explain_book(book.drop(columns="Multiple"), MARKET, MARKET, book_after=book, paths=64, seed=1),
    ],
)
def test_whatever_values_a_book_asks_about_its_columns(value):
    book = pd.DataFrame([SERIES | {"start": "2026-11-27", "Multiple": 2}])
    with pytest.warns(lg.BookWarning, match="'Multiple' of the book is not used: did you mean 'gearing'"):
        value(book)
