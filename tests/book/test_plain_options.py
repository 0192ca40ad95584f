"""Plain options read and valued by columns are what they are one by one; what is not plain is left to the parser."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.exact import split
from likelihood_greeks.book.plain_options import plain_options
from likelihood_greeks.book.products.table import EUROPEAN
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.book.trades import parse
from likelihood_greeks.book.valued import read, read_and_valued
from tests.support.heston_book import GIVEN
from tests.support.places import DATA

CURVES = lg.Market.read(DATA / "market.toml")
FLAT = lg.Market.read({
    "valuation_date": "2002-07-05",
    "underlyings": {"DAX": {"spot": 4400.0, "dividend_yield": 0.02, "zero_rate": -0.01, "implied_volatility": 0.3,
                            "currency": "EUR"}},
})  # fmt: skip
GREEKS = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta", "vanna", "volga", "charm", ("rate", "time")]


def options(count=40, seed=3):
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2002-07-06") + pd.to_timedelta(rng.integers(0, 640, count), unit="D")
    kinds = [*EUROPEAN] * (count // len(EUROPEAN))
    table = pd.DataFrame({
        "trade_id": [f"T{k}" for k in range(count)], "underlying": "DAX", "product": kinds,
        "quantity": rng.integers(1, 90, count) * 1.0, "maturity": [str(day.date()) for day in days],
        "strike": rng.uniform(3700.0, 5300.0, count).round(2), "side": rng.choice(["buy", "sell", ""], count),
        "multiplier": rng.choice([None, 10.0], count), "currency": "EUR", "trader": "somebody",
    })  # fmt: skip
    table["trigger"] = table["strike"].where(table["product"].str.startswith("gap")) + 50.0
    table["cash"] = pd.Series(rng.choice([7.5, np.nan], count)).where(table["product"].str.startswith("digital"))
    return table


@pytest.mark.parametrize("market", [CURVES, FLAT, GIVEN], ids=["curves", "flat", "heston"])
def test_columns_and_rows_come_to_the_same(market):
    table = read_book(options())
    plain, left, problems = read(table, market, GREEKS)
    assert not left
    assert not problems
    columns = plain[0].exact()
    rows, drawn, _ = split(parse(table, market)[0], GREEKS, True)
    assert not drawn
    assert columns.labels == rows.labels
    scale = np.abs(rows.values).max(axis=0)
    np.testing.assert_allclose(columns.values, rows.values, rtol=1e-8, atol=1e-11 * scale.max())
    for name, own in rows.own.items():
        if own.dtype == object:
            assert columns.own[name].tolist() == own.tolist(), name
        else:
            np.testing.assert_allclose(columns.own[name], own, rtol=1e-12, err_msg=name)


def test_a_csv_file_is_as_good_as_a_table(tmp_path):
    table = options()
    table.to_csv(tmp_path / "book.csv", index=False)
    one, two = (lg.risk(book, CURVES, ["delta"], seed=1) for book in (table, tmp_path / "book.csv"))
    pd.testing.assert_frame_equal(one[["trade_id", "value", "note"]], two[["trade_id", "value", "note"]])
    assert set(one["method"]) == {"closed form"}


@pytest.mark.parametrize(
    "change",
    [
        {"trade_id": "T1"},
        {"trade_id": "net"},
        {"trade_id": None},
        {"underlying": "SPX"},
        {"product": "cal"},
        {"quantity": 0.0},
        {"quantity": "many"},
        {"quantity": -3.0, "side": "buy"},
        {"side": "somehow"},
        {"maturity": "2002-07-05"},
        {"maturity": "2002-13-05"},
        {"maturity": "2001-07-05"},
        {"strike": -1.0},
        {"strike": None},
        {"strike": 9000.0},
        {"trigger": 4000.0},
        {"cash": 3.0},
        {"multiplier": 0.0},
        {"currency": "USD"},
        {"rebate": 5.0},
        {"volatility": 0.2},
        {"start": "2002-07-01"},
        {"payment_date": "2003-08-01"},
        {"payment_date": "2001-08-01"},
        {"strike": [4000.0]},
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_the_parser_with_its_problems(change):
    table = options(8).astype(object)
    for name, value in change.items():
        table[name] = table.get(name, pd.Series([None] * len(table), dtype=object)).astype(object)
        table.at[0, name] = value
    table = read_book(table)
    assert 0 not in set(plain_options(table, CURVES).row) or change == {"strike": 9000.0}
    valued, (trades, problems) = read_and_valued(table, CURVES, ["delta"], True), parse(table, CURVES)
    assert valued.problems == problems
    found = {*valued.exact.own["trade_id"], *(trade.trade_id for trade in valued.drawn)}
    assert found == {trade.trade_id for trade in trades}


def test_blank_rows_and_spot_cells_that_agree_are_no_problem():
    table = options(8)
    table.loc[8] = None
    table.loc[:4, "spot"] = CURVES.underlying("DAX").spot
    valued = read_and_valued(read_book(table), CURVES, ["delta"], True)
    assert len(valued.exact) == 8
    assert not valued.problems


def test_with_paths_nothing_is_read_by_columns():
    assert not len(read_and_valued(read_book(options(8)), CURVES, ["delta"], False).exact)


def test_dates_may_be_dates():
    table = options(8)
    table["maturity"] = [date.fromisoformat(day) for day in table["maturity"]]
    assert len(plain_options(read_book(table), CURVES)) == 8


@pytest.mark.slow
@pytest.mark.parametrize("market", [CURVES, GIVEN], ids=["curves", "heston"])
def test_a_hundred_thousand_options_take_seconds(market):
    from time import process_time

    table = pd.concat([options()] * 2500, ignore_index=True)
    table["trade_id"] = [f"T{k}" for k in range(len(table))]
    table["strike"] += np.arange(len(table)) % 977 / 1000.0  # few are the same
    table["trigger"] += np.arange(len(table)) % 977 / 1000.0
    start = process_time()
    frame = lg.risk(table, market, seed=1)
    assert process_time() - start < 20.0  # seconds of one core, on a machine that does other things
    assert len(frame) == 7 * 100_001
