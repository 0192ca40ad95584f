"""Totals of a book in several currencies: never added across them, unless rates convert them first."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import NET

FLAT = {"zero_rate": 0.031, "implied_volatility": 0.27}
CURRENCIES = {"AEX": "EUR", "SPX": "USD", "SMI": "CHF", "XXX": None}
RATES = {"reporting_currency": "EUR", "fx": {"USD": 0.9}}


def market(names, **more):
    spots = dict(zip(CURRENCIES, (93.0, 50.0, 70.0, 40.0), strict=True))
    stated = {name: {"currency": code} for name, code in CURRENCIES.items() if code}
    sections = {name: FLAT | {"spot": spots[name]} | stated.get(name, {}) for name in names}
    return {"valuation_date": "2025-01-01", "underlyings": sections} | more


def book(names):
    spots = dict(zip(CURRENCIES, (93.0, 50.0, 70.0, 40.0), strict=True))
    rows = [
        {"trade_id": f"{name}-{k}", "underlying": name, "product": "call", "quantity": 10.0 - 7 * k,
         "maturity": f"2025-0{7 + k}-01", "strike": spots[name], "book": "ABC"[k]}
        for name in names for k in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def ran(*names, **more):
    return lg.risk(book(names), market(names, **more), ["delta"], paths=2048, seed=1)


@pytest.fixture(scope="module")
def mixed():
    return ran("AEX", "SPX")


@pytest.fixture(scope="module")
def converted():
    with pytest.warns(lg.BookWarning) as caught:
        frame = ran(*CURRENCIES, **RATES)
    said = [str(warning.message) for warning in caught]
    assert said[0] == "CHF: no rate into EUR in the market's fx, totals stay in their currency"
    assert said[1] == "trades whose currency nobody states are not converted into EUR"
    return frame


def net(frame, underlying, column="position_value", greek="price"):
    own = frame[(frame["trade_id"] == NET) & (frame["underlying"] == underlying) & (frame["greek"] == greek)]
    return own[column].item()


def test_currencies_are_not_added(mixed):
    totals = lg.pivot(mixed, []).set_index(["currency", "greek"])
    assert set(totals.index) == {(c, g) for c in ("EUR", "USD") for g in ("price", "delta")}
    assert totals.loc[("EUR", "price"), "value"] == pytest.approx(net(mixed, "AEX"))
    assert totals.loc[("USD", "delta"), "value"] == pytest.approx(50.0 * net(mixed, "SPX", greek="delta"))
    assert "reporting_value" not in totals
    with pytest.raises(ValueError, match="reporting must be false where the market of the run had no reporting"):
        lg.pivot(mixed, [], reporting=True)


def test_an_unknown_currency_is_one_of_its_own():
    totals = lg.pivot(ran("AEX", "XXX"), [])
    assert totals["currency"].tolist() == ["EUR", "EUR", "", ""]


def test_rates_convert_totals_and_both_amounts_are_shown(converted):
    prices = converted[converted["greek"] == "price"]
    totals = lg.pivot(prices, []).set_index("currency")
    assert totals["reporting_value"].to_dict() == pytest.approx(
        {"EUR": net(converted, "AEX"), "USD": 0.9 * net(converted, "SPX"), "CHF": np.nan, "": np.nan}, nan_ok=True
    )
    assert totals["reporting_currency"].tolist() == ["EUR", "EUR", "", ""]
    usd = totals.loc["USD"]
    assert usd["value"] == pytest.approx(net(converted, "SPX"))
    assert usd["reporting_standard_error"] == pytest.approx(0.9 * usd["standard_error"])
    assert net(converted, "SPX", "reporting_value") == pytest.approx(0.9 * net(converted, "SPX"))


def test_converted_totals_add_up_with_the_errors_of_independent_underlyings(converted):
    totals = lg.pivot(converted, [], reporting=True)
    assert totals["currency"].tolist() == ["EUR", "EUR", "CHF", "CHF", "", ""]
    total = totals.iloc[0]
    assert total["value"] == pytest.approx(net(converted, "AEX") + 0.9 * net(converted, "SPX"))
    errors = [net(converted, name, "position_standard_error") for name in ("AEX", "SPX")]
    assert total["standard_error"] == pytest.approx(np.hypot(errors[0], 0.9 * errors[1]))
    assert (total["error"], total["trades"]) == ("exact", 6)
    books = lg.pivot(converted, "book", reporting=True)
    assert books.groupby(["currency", "greek"])["value"].sum().to_dict() == pytest.approx(
        totals.set_index(["currency", "greek"])["value"].to_dict()
    )
    assert set(books["error"]) == {"exact"}  # one trade on each underlying


def test_a_frame_without_currencies_is_of_one_that_is_unknown(mixed):
    old = mixed.drop(columns="currency")
    assert lg.pivot(old, [])["currency"].tolist() == ["", ""]


def test_a_row_that_is_there_twice_is_refused(mixed):
    for function in (lg.pivot, lg.desk_units):
        with pytest.raises(ValueError, match=r"have one row per trade and Greek, got .*AEX-0.*price"):
            function(pd.concat([mixed, mixed]))


def test_nodes_of_a_run_that_was_not_split_are_refused(mixed):
    with pytest.raises(ValueError, match="by must go without node"):
        lg.pivot(mixed, ["underlying", "node"])


def test_a_total_with_a_number_that_is_missing_is_missing(mixed):
    lost = mixed.copy()
    lost.attrs = mixed.attrs
    first = lost.index[(lost["trade_id"] == "AEX-0") & (lost["greek"] == "delta")]
    lost.loc[first, ["value", "position_value"]] = np.nan
    found = lg.pivot(lost).set_index(["underlying", "greek"])["value"]
    assert found.isna().to_dict() == {
        ("AEX", "price"): False, ("AEX", "delta"): True, ("SPX", "price"): False, ("SPX", "delta"): False,
    }  # fmt: skip
