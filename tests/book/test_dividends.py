"""Cash dividends in a market: read, used by every trade that lives to see them, never ignored."""

import tomllib
from datetime import date

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.reading import BookWarning
from tests.support.dividend_reference import World

TODAY = date(2026, 11, 27)
PAID = [
    {"ex_date": "2027-08-26", "amount": 3.0},  # 272 days
    {"ex_date": date(2027, 2, 25), "amount": 4.0},  # 90 days
    {"ex_date": "2026-11-27", "amount": 50.0},  # today: in the spot
    {"ex_date": "2026-05-04", "amount": 50.0},
    {"ex_date": "2027-08-26", "amount": 1.5},  # a special one on the same day
]
SHARE = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.25, "dividends": PAID}
AHEAD = ((90 / 365, 4.0), (272 / 365, 4.5))


def market(**changes):
    return {"valuation_date": TODAY, "underlyings": {"SHARE": {**SHARE, **changes}}}


def book(*trades):
    rows = [{"trade_id": f"T{k}", "underlying": "SHARE", "quantity": 1.0, **trade} for k, trade in enumerate(trades)]
    return pd.DataFrame(rows)


def cell(frame, trade, greek, column="value"):
    return frame.set_index(["trade_id", "greek"]).loc[(trade, greek), column]


CALL = {"product": "call", "strike": 100.0, "maturity": "2027-11-27"}


def test_dividends_are_read_in_any_order_and_those_of_the_past_and_of_today_are_not():
    assert lg.Market.read(market()).underlyings["SHARE"].dividends == AHEAD
    text = """
        valuation_date = 2026-11-27
        [underlyings.SHARE]
        spot = 100.0
        zero_rate = 0.03
        implied_volatility = 0.25
        dividends = [{ ex_date = 2027-02-25, amount = 4 }]
    """
    assert lg.Market.read(tomllib.loads(text)).underlyings["SHARE"].dividends == AHEAD[:1]


def test_greeks_of_a_book_are_those_of_the_spot_model():
    short = {"product": "call", "strike": 100.0, "maturity": "2027-02-24"}
    greeks = ["delta", "vega", "dividend[0]", "dividend[1]"]
    frame = lg.risk(book(CALL, short), market(), greeks, paths=60_000, seed=1)
    exact = World(100.0, 0.25, 0.03, 0.01, AHEAD, 100.0, 1.0, "call")
    for greek, names in {
        "price": (),
        "delta": ["spot"],
        "vega": ["volatility"],
        **{g: [g] for g in greeks[2:]},
    }.items():
        value, error = cell(frame, "T0", greek), cell(frame, "T0", greek, "standard_error")
        expected = exact.derivative(*names) if names else exact.value()
        assert abs(value - expected) < 4.0 * error, greek
        assert 0.0 < error < 0.01 * abs(expected), greek
    without = lg.risk(book(CALL, short), market(dividends=[]), ["delta", "vega"], paths=60_000, seed=1)
    for greek in ("price", "delta", "vega"):
        assert cell(frame, "T1", greek) == pytest.approx(
            cell(without, "T1", greek), rel=1e-12
        )  # before the first ex-date
    assert cell(frame, "T1", "dividend[0]") == 0.0
    assert abs(cell(frame, "T0", "price") - cell(without, "T0", "price")) > 3.0  # what ignoring them would cost


def test_an_observation_on_an_ex_date_is_without_the_dividend():
    on = {"product": "call", "strike": 96.0, "maturity": "2027-02-25"}
    frame = lg.risk(book(on), market(), ["delta"], paths=60_000, seed=1)
    plain = lg.GBM(spot=100.0, volatility=0.25, rate=0.03, dividend_yield=0.01)
    expected = lg.greeks(plain, lg.Call(100.0, 90 / 365), ["delta"], seed=1, closed_form=True)
    for greek in ("price", "delta"):
        error = cell(frame, "T0", greek, "standard_error")
        assert abs(cell(frame, "T0", greek) - expected[greek].value) < 4.0 * error + 1e-9, greek
        assert error < 0.01 * expected[greek].value


def test_the_forward_has_them_and_strikes_in_it_follow():
    underlying = lg.Market.read(market()).underlyings["SHARE"]
    assert underlying.forward(1.0) == pytest.approx(underlying.model(100.0, 1.0).forward(1.0), rel=1e-13)
    quotes = {
        "strikes": [0.8, 1.0, 1.2], "strikes_in": "forward", "maturities": ["2027-11-27"],
        "volatilities": [[0.3], [0.25], [0.22]],
    }  # fmt: skip
    law = lg.Market.read(market(implied_volatility=quotes)).model("SHARE", underlying.forward(1.0), 1.0)
    assert law.volatility == pytest.approx(0.25, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dividends": [{"ex_date": "2027-02-25", "amout": 1.0}]}, r"dividends\[0\].*did you mean 'amount'"),
        ({"dividends": [{"ex_date": "2027-02-25"}]}, r"dividends\[0\]\.amount must be given"),
        ({"dividends": [{"ex_date": "2027-02-25", "amount": -1.0}]}, r"dividends\[0\]\.amount must be non-negative"),
        ({"dividends": [{"ex_date": "25.2.27", "amount": 1.0}]}, r"dividends\[0\]\.ex_date must be a date with four"),
        ({"foreign_curve": "EUR", "dividend_yield": None}, "not be given beside foreign_curve"),
        ({"model": "heston"}, "not be given with the model heston"),
    ],
)  # fmt: skip
def test_dividends_that_cannot_be_used_are_refused(changes, message):
    section = {key: value for key, value in {**SHARE, **changes}.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        lg.Market.read({"valuation_date": TODAY, "underlyings": {"SHARE": section}})
    with pytest.raises(TypeError, match="list of tables"):
        lg.Market.read(market(dividends={"ex_date": "2027-02-25", "amount": 1.0}))


def test_trades_under_a_model_without_dividends_are_refused_and_the_others_priced():
    both = market()
    parameters = {
        "initial_variance": 0.06, "mean_reversion": 1.0, "long_run_variance": 0.06, "vol_of_vol": 0.5,
        "correlation": -0.5,
    }  # fmt: skip
    both["underlyings"]["OTHER"] = {**SHARE, "model": "heston", "heston": parameters}
    with pytest.warns(BookWarning, match="not be given with the model heston"):
        frame = lg.risk(book(CALL, CALL | {"underlying": "OTHER"}), both, ["delta"], paths=4096, seed=1)
    assert set(frame["trade_id"]) == {"T0", "net"}


def test_barriers_and_averages_see_them():
    weekly = {"product": "asian", "option": "put", "strike": 100.0, "maturity": "2027-11-27", "frequency": "weekly"}
    down = {
        "product": "barrier", "option": "call", "strike": 100.0, "maturity": "2027-11-27", "frequency": "monthly",
        "level": 85.0, "direction": "down", "knock": "out",
    }  # fmt: skip
    with_, without = (
        lg.risk(book(weekly, down), market(dividends=paid), ["delta"], paths=20_000, seed=1) for paid in (PAID, [])
    )
    assert not with_.attrs["problems"]
    assert cell(with_, "T0", "price") > cell(without, "T0", "price") + 1.0
    assert cell(with_, "T1", "price") < cell(without, "T1", "price") - 1.0
