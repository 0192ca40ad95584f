"""Currencies in a market: of underlyings, and rates into the one of reports."""

import re

import pytest

from likelihood_greeks.book.market import Market

X = {"spot": 100.0, "zero_rate": 0.0, "implied_volatility": 0.2}


def market(*, underlying=None, **more):
    return Market.read({"valuation_date": "2025-01-02", "underlyings": {"X": X | (underlying or {})}} | more)


def test_currency_and_rates_are_read_and_the_reporting_currency_is_worth_one():
    found = market(underlying={"currency": "usd"}, reporting_currency="EUR", fx={"USD": 0.925, "CHF": 1.07})
    assert found.underlyings["X"].currency == "USD"
    assert (found.reporting_currency, found.fx) == ("EUR", {"USD": 0.925, "CHF": 1.07, "EUR": 1.0})
    plain = market()
    assert (plain.underlyings["X"].currency, plain.reporting_currency, plain.fx) == (None, None, {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"underlying": {"currency": "GBp"}}, "underlyings.X.currency must be a currency code of three letters"),
        ({"underlying": {"currency": 978}}, "underlyings.X.currency must be a currency code"),
        ({"reporting_currency": "euro"}, "reporting_currency must be a currency code"),
        ({"fx": {"USD": 0.9}}, "reporting_currency must be given where there are fx rates"),
        ({"reporting_currency": "EUR", "fx": {"USD": -0.9}}, "fx.USD must be positive and finite, got -0.9"),
        ({"reporting_currency": "EUR", "fx": {"EUR": 1.1}}, "fx.EUR must be 1: it is the reporting currency, got 1.1"),
        ({"reporting_currency": "EUR", "fx": {"dollar": 1.1}}, "fx.key must be a currency code"),
    ],
)
def test_what_is_no_currency_or_rate_is_refused_by_name(change, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        market(**change)


def test_rates_that_are_no_table_are_a_type_error():
    with pytest.raises(TypeError, match="fx must be a table of rates by currency"):
        market(reporting_currency="EUR", fx=0.9)


def test_rates_may_be_quotes_of_pairs_and_the_reporting_currency_simply_the_currency():
    found = market(currency="EUR", fx={"EURUSD": 1.25, "GBP/EUR": 1.2, "CHF": 1.07})
    assert found.reporting_currency == "EUR"
    assert found.fx == {"USD": 0.8, "GBP": 1.2, "CHF": 1.07, "EUR": 1.0}


@pytest.mark.parametrize(
    ("fx", "message"),
    [
        ({"GBPUSD": 1.3}, "fx.key must be a currency, or a pair with the reporting currency EUR, got 'GBPUSD'"),
        ({"USD": 0.8, "EURUSD": 1.3}, "fx.EURUSD must be the only rate of USD, got 1.3"),
        ({"EUREUR": 1.0}, "fx.key must be a currency, or a pair"),
    ],
)
def test_a_pair_that_says_nothing_of_the_reporting_currency_is_refused(fx, message):
    with pytest.raises(ValueError, match=message):
        market(reporting_currency="EUR", fx=fx)


@pytest.mark.parametrize(
    ("name", "spot", "fx", "says"),
    [
        ("EURUSD", 1.1, {"USD": 1.1}, "fx.USD = 1.1 looks inverted: by the spot 1.1 of EURUSD one USD is worth 0.9091"),
        ("usd/eur", 0.9, {"USD": 1.12}, "fx.USD = 1.12 looks inverted"),
        ("EURUSD", 1.1, {"USD": 0.91}, None),
        ("EURUSD", 1.1, {"EURUSD": 1.1}, None),  # as the pair is quoted: right
        ("EURUSD", 1.1, {"USD": 1.25}, None),  # wrong perhaps, yet not the inverse
        ("EURUSD", 1.005, {"USD": 1.005}, None),  # near either
        ("USDCHF", 1.1, {"USD": 1.1}, None),
    ],
)
def test_a_rate_that_is_the_inverse_of_a_spot_is_remarked_on(name, spot, fx, says):
    sections = {"X": X, name: X | {"spot": spot}}
    found = Market.read(
        {"valuation_date": "2025-01-02", "underlyings": sections, "reporting_currency": "EUR", "fx": fx}
    )
    assert [says in remark for remark in found.remarks] == ([] if says is None else [True])
