"""Curves of a market: shared by name, as rates, discount factors or forwards, on dates, tenors or years."""

import copy
from datetime import date

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.tenors import after, years

TODAY = date(2026, 11, 27)
EUR = {"times": ["1W", "3M", "1Y", "5Y"], "rates": [0.0193, 0.0195, 0.0201, 0.0236]}
USD = {"times": ["1W", "6M", date(2027, 11, 27), 5.0], "rates": [0.0375, 0.0362, 0.0350, 0.0345]}
PAIR = {"spot": 1.162, "zero_curve": "USD", "foreign_curve": "EUR", "implied_volatility": 0.075}
INDEX = {"spot": 5640.0, "zero_curve": "EUR", "dividend_yield": 0.027, "implied_volatility": 0.2}


def market(curves=None, **underlyings):
    shared = {"EUR": EUR, "USD": USD} if curves is None else curves
    return {"valuation_date": TODAY, "curves": copy.deepcopy(shared), "underlyings": copy.deepcopy(underlyings)}


def quantlib_curve(nodes):
    """QuantLib's curve of discount factors, logarithms linear, from dates as QuantLib counts tenors."""
    today = ql.Date(TODAY.day, TODAY.month, TODAY.year)
    days = [today + (ql.Period(t) if isinstance(t, str) else round(t * 365) if isinstance(t, float) else 365)
            for t in nodes["times"]]  # fmt: skip
    factors = [np.exp(-z * (day - today) / 365) for z, day in zip(nodes["rates"], days, strict=True)]
    return ql.DiscountCurve([today, *days], [1.0, *factors], ql.Actual365Fixed())


def test_the_forward_of_a_currency_pair_is_that_of_two_shared_curves():
    law = lg.Market.read(market(EURUSD=PAIR, SX5E=INDEX)).model("EURUSD", 1.2, 1.5)
    domestic, foreign = quantlib_curve(USD), quantlib_curve(EUR)
    for t in (0.01, 0.2, 0.7, 1.0, 1.5):
        assert law.forward(t) == pytest.approx(1.162 * foreign.discount(t) / domestic.discount(t), rel=1e-12)
        assert law.discount(t) == pytest.approx(domestic.discount(t), rel=1e-12)
    turned = lg.Market.read(market(EURUSD=PAIR | {"zero_curve": "EUR", "foreign_curve": "USD"}))
    assert abs(turned.model("EURUSD", 1.2, 1.5).forward(1.5) / law.forward(1.5) - 1.0) > 0.02


def test_a_call_on_a_currency_pair_costs_what_garman_and_kohlhagen_say():
    law = lg.Market.read(market(EURUSD=PAIR)).model("EURUSD", 1.2, 0.9)
    domestic, foreign = quantlib_curve(USD), quantlib_curve(EUR)
    forward = 1.162 * foreign.discount(0.9) / domestic.discount(0.9)
    exact = ql.blackFormula(ql.Option.Call, 1.2, forward, 0.075 * np.sqrt(0.9), domestic.discount(0.9))
    found = law.discount(0.9) * law.vanilla_jets(1.2, 0.9)[1].value
    assert float(found) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("model", ["black-scholes", "heston"])
def test_a_dividend_curve_moves_the_forward_of_every_date_under_both_laws(model):
    heston = {"initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.05, "vol_of_vol": 0.4,
              "correlation": -0.6}  # fmt: skip
    own = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "model": model,
           "dividend_curve": {"dates": ["2027-02-27", "1Y", 2.0], "yields": [0.05, 0.02, 0.04]}}  # fmt: skip
    law = lg.Market.read(market(X=own | ({"heston": heston} if model == "heston" else {}))).model("X", 100.0, 2.0)
    nodes = [92 / 365, 1.0, 2.0]
    for t in (0.1, 0.25, 0.6, 1.0, 1.7, 2.0):
        accrued = np.interp(t, [0.0, *nodes], [0.0, *np.multiply(nodes, [0.05, 0.02, 0.04])])
        assert law.forward(t) == pytest.approx(100.0 * np.exp(0.03 * t - accrued), rel=1e-12)


def test_discount_factors_are_the_curve_of_their_zero_rates():
    nodes = years("times", EUR["times"], TODAY)
    factors = [float(np.exp(-z * t)) for z, t in zip(EUR["rates"], nodes, strict=True)]
    stated = {"times": list(nodes), "discount_factors": factors}
    found = lg.Market.read(market({"EUR": stated}, SX5E=INDEX)).underlyings["SX5E"]
    expected = lg.Market.read(market(SX5E=INDEX)).underlyings["SX5E"]
    np.testing.assert_allclose(found.zero_curve.rates, expected.zero_curve.rates, rtol=1e-12)
    inline = lg.Market.read(market({}, SX5E=INDEX | {"zero_curve": stated})).underlyings["SX5E"]
    assert inline == found


def test_forwards_by_expiry_are_met_and_carry_is_log_linear_between_them():
    own = {"spot": 100.0, "zero_curve": "EUR", "implied_volatility": 0.2,
           "forwards": {"expiries": ["2027-03-19", "2027-06-18"], "values": [99.1, 97.4]}}  # fmt: skip
    asset = lg.Market.read(market(X=own)).underlyings["X"]
    first, last = ((date(2027, 3, 19) - TODAY).days / 365, (date(2027, 6, 18) - TODAY).days / 365)
    assert asset.forward(first) == pytest.approx(99.1, rel=1e-13)
    assert asset.model(100.0, last).forward(last) == pytest.approx(97.4, rel=1e-13)
    middle, rates = 0.5 * (first + last), quantlib_curve(EUR)
    paid = [-np.log(f / 100.0 * rates.discount(t)) for f, t in ((99.1, first), (97.4, last))]
    assert asset.forward(middle) == pytest.approx(100.0 / rates.discount(middle) * np.exp(-np.mean(paid)), rel=1e-12)
    with pytest.raises(InvalidValueError, match=r"maturity must lie on the forwards, 0 to 0\.556"):
        asset.model(100.0, 0.6)


def test_a_dividend_paid_within_days_is_a_yield_that_forwards_may_imply():
    own = {
        "spot": 100.0,
        "zero_rate": 0.0,
        "implied_volatility": 0.2,
        "forwards": {"times": ["1W", "1Y"], "values": [97, 97]},
    }
    assert lg.Market.read(market(X=own)).model("X", 100.0, 1.0).forward(7 / 365) == pytest.approx(97.0)


def test_the_shared_curve_of_the_currency_is_used_where_no_rate_is_given():
    bare = {"spot": 5640.0, "currency": "eur", "implied_volatility": 0.2}
    read = lg.Market.read(market(X=bare, Y=bare | {"zero_rate": 0.05}, Z=bare | {"zero_curve": "USD"})).underlyings
    assert read["X"].rate(1.0) == pytest.approx(0.0201)
    assert read["Y"].rate(1.0) == 0.05
    assert read["Z"].rate(1.0) == pytest.approx(0.0350)


def test_a_number_is_a_flat_shared_curve():
    asset = lg.Market.read(market({"EUR": 0.02}, X=INDEX)).underlyings["X"]
    assert asset.rate(0.1) == asset.rate(40.0) == 0.02


@pytest.mark.parametrize("start", [date(2026, 11, 27), date(2027, 1, 31), date(2028, 2, 29), date(2026, 8, 30)])
@pytest.mark.parametrize("tenor", ["1D", "1W", "3M", "18M", "2Y", "6M", "30Y"])
def test_a_tenor_ends_on_the_day_that_quantlib_says(start, tenor):
    end = ql.Date(start.day, start.month, start.year) + ql.Period(tenor)
    assert after(start, tenor) == date(end.year(), end.month(), end.dayOfMonth())


def test_tenors_may_be_joined_and_written_small():
    assert after(TODAY, "1y6m") == date(2028, 5, 27)
    assert after(TODAY, " on ") == date(2026, 11, 28)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        (["3M", "1W"], r"times must increase from node to node, got '3M, then 1W'"),
        (["1Y", "12M"], r"times must increase from node to node, got '1Y, then 12M'"),
        (["2026-11-20", "1Y"], r"times\[0\] must not be before the valuation date 2026-11-27, got '2026-11-20'"),
        (["3 months", "1Y"], r"times\[0\] must be an ISO date such as .*, a tenor such as 3M, or years"),
        (["1Y", "61Y"], "tenor must be at most 60 years, got '61Y'"),
        ([0.5, 61.0], r"times\[1\] must be at most 60 years, got 61"),
        (["1Y"], "rates must hold one rate for each of the 1 times"),
    ],
)
def test_nodes_in_time_that_are_none_are_refused(times, says):
    with pytest.raises(InvalidValueError, match=rf"^underlyings\.X\.zero_curve\.{says}"):
        lg.Market.read(market(X=INDEX | {"zero_curve": {"times": times, "rates": [0.02, 0.03]}}))


@pytest.mark.parametrize("times", ["1Y", 1.0, TODAY, [[1.0]]])
def test_nodes_in_time_that_are_no_list_are_a_type_error(times):
    with pytest.raises(TypeError, match="times must be a list of dates, tenors or years"):
        lg.Market.read(market(X=INDEX | {"zero_curve": {"times": times, "rates": [0.02]}}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"zero_curve": "EURO"}, r"zero_curve must be one of the shared curves, 'EUR', 'USD' \(did you mean 'EUR'\?\)"),
        ({"zero_curve": {"times": ["1Y"]}}, "zero_curve.rates must be given, or else discount_factors, and not both"),
        ({"zero_curve": {"times": [1, 2], "rates": [0.9, 1.9]}}, r"zero_curve\.rates\[1\] must lie between -1 and 1"),
        ({"zero_curve": {"times": [1, 2], "discount_factors": [0.8, 0.98]}}, r"discount_factors\[1\] must not rise"),
        (
            {"zero_curve": {"times": [1, 2], "discount_factors": [98.0, 96.0]}},
            r"discount_factors\[0\] must discount 1 ",
        ),
        (
            {"zero_curve": {"times": [1, 2], "discount_factors": [0.02, 0.03]}},
            r"discount_factors\[0\] must discount 1 ",
        ),
        ({"zero_curve": {"times": [1], "discount_factors": [0.0]}}, r"discount_factors\[0\] must be positive"),
        ({"foreign_curve": "EUR"}, "foreign_curve must not be given beside dividend_yield"),
        ({"dividend_yield": 2.7}, "dividend_yield must lie between -1 and 1"),
        ({"zero_rate": 0.02}, "zero_rate must be given, or else zero_curve, and not both"),
        ({"dividend_yield": None, "forwards": {"times": [1], "values": [56.4]}}, r"forwards\.values\[0\] must be a f"),
        ({"dividend_yield": None, "forwards": {"times": [1, 2], "values": [56.4]}}, r"values must hold one forward"),
        ({"dividend_yield": None, "forwards": {"times": [0.0], "values": [56.4]}}, r"times\[0\] must be positive"),
        ({"dividend_yield": None, "forwards": {"times": [9.0], "values": [5640.0]}}, r"forwards\.maturity must lie on"),
    ],
)
def test_curves_that_are_none_are_refused_by_their_place(changes, says):
    own = {key: entry for key, entry in (INDEX | changes).items() if entry is not None}
    with pytest.raises(InvalidValueError, match=rf"^underlyings\.X\..*{says}"):
        lg.Market.read(market(X=own))


@pytest.mark.parametrize(
    ("rates", "words"),
    [([0.97, 0.95], "97%"), ([0.02, 0.6], "118%"), ([0.03, 0.02], None), ([-0.005, 0.2], None), ([0.10, 0.03], None)],
)
def test_rates_that_look_like_discount_factors_are_remarked_on_and_steep_ones_are_not(rates, words):
    read = lg.Market.read(market({"EUR": {"times": [1, 2], "rates": rates}}, X=INDEX))
    assert len(read.remarks) == (words is not None)
    assert all(words in remark and "curve EUR" in remark for remark in read.remarks)


@pytest.mark.parametrize("name", ["EURUSD", "EUR/USD"])
def test_a_currency_pair_without_foreign_rates_is_remarked_on_when_a_book_is_valued(name):
    bare = {key: entry for key, entry in PAIR.items() if key != "foreign_curve"}
    book = pd.DataFrame([{"trade_id": "a", "underlying": name, "product": "call", "quantity": 1, "strike": 1.2,
                          "maturity": "2027-11-26"}])  # fmt: skip
    with pytest.warns(lg.BookWarning, match="has no foreign rates: did you mean foreign_curve = 'EUR'"):
        lg.risk(book, market(**{name: bare}), ["delta"], paths=64, seed=1)
    for other in (PAIR, bare | {"dividend_yield": 0.02}):
        assert not lg.Market.read(market(**{name: other})).remarks
    assert not lg.Market.read(market(SX5EUR=bare)).remarks


def test_a_trade_that_ends_beyond_a_shared_curve_is_refused_by_the_name_of_the_curve():
    book = pd.DataFrame([{"trade_id": "a", "underlying": "X", "product": "call", "quantity": 1, "strike": 5640,
                          "maturity": "2032-12-03"}])  # fmt: skip
    with pytest.warns(
        lg.BookWarning, match=r"maturity must lie on the curve EUR, 0 to 5\.00\d* years, got '2032-12-03"
    ):
        lg.risk(book, market(X=INDEX), ["delta"], paths=64, seed=1)


# -- an underlying that cannot be set up ---------------------------------------------------------------------------

BOOK = pd.DataFrame(
    [
        {"trade_id": f"{name}{k}", "underlying": name, "product": "call", "quantity": 1, "maturity": end, "strike": 100}
        for k, end in enumerate(("2027-05-27", "2027-11-26"))
        for name in ("GOOD", "BAD")
    ]
)
GOOD = {"spot": 100.0, "zero_curve": "EUR", "implied_volatility": 0.2}
SURFACE = {"strikes": [90.0, 110.0], "maturities": ["1Y"], "volatilities": [[0.2], [0.2]]}
LAW = {"initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.05, "vol_of_vol": 0.4}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zero_curve": "EURO"}, "zero_curve"),
        ({"zero_curve": "GBP"}, "zero_curve: curves.GBP.rates[1]"),
        ({"implied_volatility": SURFACE | {"strikes": [110.0, 90.0]}}, "implied_volatility.strikes"),
        ({"implied_volatility": SURFACE, "model": "heston"}, "heston.surface"),
        ({"implied_volatility": 0.2, "model": "heston"}, "heston.calibrate"),
        ({"model": "heston", "heston": LAW}, "heston.correlation"),
    ],
)
def test_an_underlying_that_cannot_be_set_up_loses_its_own_trades_only_and_says_why(changes, field):
    curves = {
        "EUR": EUR,
        "GBP": {"times": [1, 2], "rates": [3.7, 3.6]} if "GBP" not in field else EUR | {"rates": [0, 3, 4, 4]},
    }
    stated = market(curves, GOOD=GOOD, BAD=GOOD | changes)
    with pytest.warns(lg.BookWarning, match="2 trades could not be priced"):
        frame = lg.risk(BOOK, stated, ["delta"], paths=256, seed=1)
    assert set(frame["trade_id"]) == {"GOOD0", "GOOD1", "net"}
    problems = frame.attrs["problems"]
    assert [(problem["trade_id"], problem["row"]) for problem in problems] == [("BAD0", 1), ("BAD1", 3)]
    assert all(problem["field"].startswith(f"underlyings.BAD.{field}") for problem in problems)


def test_a_fit_that_fails_is_the_failure_of_its_underlying(monkeypatch):
    def fails(*_, **__):
        raise ArithmeticError("the Fourier integral does not settle")

    monkeypatch.setattr(lg.Heston, "calibrate", fails)
    stated = market(GOOD=GOOD, BAD=GOOD | {"implied_volatility": SURFACE, "model": "heston"})
    read = lg.Market.read(stated)
    assert set(read.underlyings) == {"GOOD"}
    with pytest.raises(InvalidValueError, match=r"^underlyings\.BAD\.heston\.calibrate must find .*does not settle"):
        read.underlying("BAD")
    with pytest.raises(InvalidValueError, match=r"^underlyings\.BAD\.heston\.calibrate"):
        lg.Market.read(market(BAD=stated["underlyings"]["BAD"]))


@pytest.mark.parametrize(
    "changes", [{"spot": -1.0}, {"strike": 1.0}, {"zero_rate": 3.0}, {"zero_curve": {"times": [1]}}]
)
def test_a_malformed_section_refuses_the_market(changes):
    with pytest.raises(InvalidValueError, match=r"^underlyings\.BAD\."):
        lg.Market.read(market(GOOD=GOOD, BAD=GOOD | changes))
