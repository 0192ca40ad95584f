"""What a book is told of a product that does not exist: the ones that do, and nothing that is not so."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.assets.performances import INNER, OF_QUANTOS, composite, parted, quanto
from likelihood_greeks.book.reading import BookWarning

MARKET = {
    "valuation_date": "2026-11-27",
    "underlyings": {
        "A": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "currency": "USD"},
        "EURUSD": {"spot": 1.16, "zero_rate": 0.03, "implied_volatility": 0.08, "currency": "USD"},
        "E": {"spot": 50.0, "zero_rate": 0.02, "implied_volatility": 0.2, "currency": "EUR"},
    },
    "correlation": {"A|EURUSD": 0.2},
}
ROW = {"trade_id": "T", "underlying": "A", "quantity": 1, "maturity": "2027-11-26", "strike": 100.0}


def said(**change):
    """What is wrong with a trade, by field."""
    with pytest.warns(BookWarning):
        frame = lg.risk(pd.DataFrame([{**ROW, **change}]), MARKET, ["delta"], paths=256, seed=1)
    return {problem["field"]: problem["requirement"] for problem in frame.attrs["problems"]}


def named_in(text):
    return {word.strip(",:") for word in text.split()}


HOW = {"quanto": quanto, "composite": composite}


@pytest.mark.parametrize(("how", "read"), [*HOW.items()])
@pytest.mark.parametrize("product", ["asian", "accumulator", "foo"])
def test_a_product_that_pays_in_another_currency_names_those_that_there_are(how, read, product):
    found = said(product=f"{how}_{product}", currency_pay="EUR")
    assert set(found) == {"product"}  # the currency is not what is wrong
    names = {word for word in named_in(found["product"]) if word.startswith(how)}
    assert names == {f"{how}_{name}" for name in OF_QUANTOS}
    assert all(read(name) for name in names)


@pytest.mark.filterwarnings("ignore::likelihood_greeks.book.reading.BookWarning")
def test_every_name_that_is_told_is_a_product():
    rows = [{**ROW, "product": f"{how}_{name}", "currency_pay": "EUR"} for name in OF_QUANTOS for how in HOW]
    table = pd.DataFrame(rows).assign(trade_id=[str(number) for number in range(len(rows))])
    frame = lg.risk(table, MARKET, ["delta"], paths=256, seed=1)
    assert "product" not in {problem["field"] for problem in frame.attrs["problems"]}  # terms may be missing


def test_a_call_that_pays_in_another_currency_is_told_of_its_quanto_and_composite():
    assert "quanto_call and composite_call" in said(product="call", currency_pay="EUR")["currency_pay"]
    assert "asian" not in said(product="asian", currency_pay="EUR")["currency_pay"].split("before")[1]


def test_what_is_on_several_assets_is_told_of_one():
    assert "several assets" in said(product="worst_of_put")["product"]
    assert "several assets" in said(product="exchange")["product"]
    assert "worst_of_" in said(product="worst_of_accumulator")["product"]
    for name in INNER:
        assert parted(f"worst_of_{name}")
    assert {"quanto_call", "composite_call", "worst_of_put"} <= named_in(said(product="digtal_call")["product"])


def test_a_composite_on_several_assets_is_told_what_they_may_make():
    found = said(underlying="A|E", product="composite_asian", currency_pay="EUR")["product"]
    assert "composite_worst_of_asian" in found
    assert composite("composite_worst_of_asian") == "worst_of_asian"
    assert "without quanto_" in said(underlying="A|E", product="quanto_asian", currency_pay="EUR")["product"]
