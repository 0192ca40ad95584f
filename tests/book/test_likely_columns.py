"""Columns by other names that a desk gives to terms: they are read, or asked about; others are the book's own."""

import doctest

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
READ = [
    (SERIES, "gearing", 2, ["gear", "Gearing Factor", "gearing-ratio"]),
    (BARRIER, "rebate", 10, ["rebate_amount", "Cash rebate", "barrier rebate"]),
    (CALL, "payment_date", "2028-11-26", ["paydate", "pay_date"]),
    (NOTE, "autocall_level", "90%", ["autocall_barrier", "Autocall Trigger"]),
    (NOTE | {"coupon": None}, "coupon", 0.03, ["cpn", "period coupon"]),
    (NOTE | {"level": None}, "level", "70%", ["KI Barrier", "knock-in level", "barrier_level"]),
    (NOTE, "knock_in_frequency", "weekly", ["knock_in_monitoring", "KI observation"]),
    (NOTE, "protection", "90%", ["minimum redemption"]),
    (PHOENIX, "coupon_barrier", "80%", ["coupon trigger"]),
    (PHOENIX, "memory", "yes", ["memory effect"]),
    (TOUCH, "cash", 5, ["cash_payout", "digital payout"]),
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
    terms = {column.name for column in TABLE if column.use in (TERM, DATED, POSITION)} | {"exercise"}
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
