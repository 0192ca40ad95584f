"""Trades that are watched at all times and began before the valuation date: what lows and highs have made of them."""

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.book.products.table import PRODUCTS
from tests.support.continuous import TODAY, process
from tests.support.gates import assert_estimates

X = {"spot": 98.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
LOWS = {"2026-01-26": 97.5, "2026-01-27": 96.0, "2026-01-28": 97.0, "2026-01-29": 97.2}
HIGHS = {"2026-01-26": 100.5, "2026-01-27": 103.0, "2026-01-28": 99.0, "2026-01-29": 98.5}
MARKET = {"valuation_date": "2026-01-29", "underlyings": {"X": X}, "lows": {"X": LOWS}, "highs": {"X": HIGHS}}
BARRIER = {"product": "barrier", "option": "call", "knock": "out", "level": 95, "direction": "down", "strike": 100}
TOUCH = {"product": "one_touch", "level": 97, "direction": "down", "cash": 10}
CORRIDOR = {"product": "double_no_touch", "lower": 96.5, "upper": 102, "cash": 10}
NOTE = {
    "product": "barrier_reverse_convertible",
    "frequency": "quarterly",
    "knock_in_frequency": "continuous",
    "strike": 100,
    "level": 97,
}


def _book(*rows, start="2026-01-23"):
    base = {"underlying": "X", "frequency": "continuous", "quantity": 1, "maturity": "2027-01-29", "start": start}
    return pd.DataFrame([{"trade_id": f"t{k}", **base, **row} for k, row in enumerate(rows)])


def _frame(*rows, market=MARKET, start="2026-01-23", greeks=("price",)):
    return lg.risk(_book(*rows, start=start), market, [*greeks], paths=1024, seed=1)


def _prices(frame):
    return frame[frame["greek"] == "price"].set_index("trade_id")["value"]


def _refused(row, market=MARKET):
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        frame = _frame(row, {**BARRIER, "start": None}, market=market)
    (problem,) = frame.attrs["problems"]
    return problem["field"], problem["requirement"]


@pytest.mark.slow
def test_what_was_not_touched_is_worth_what_it_would_be_if_it_began_today():
    rows = [BARRIER, {**TOUCH, "level": 95}, {**CORRIDOR, "lower": 90, "upper": 110}, {**NOTE, "level": 90}]
    frame = _frame(*rows)
    new = _frame(*[{**row, "start": None} for row in rows[:3]], {**rows[3], "start": "2026-01-29"})
    assert _prices(frame).to_dict() == _prices(new).to_dict()
    assert frame.attrs["states"]["t0"] == "not touched up to 2026-01-29"


def test_what_was_touched_between_fixings_is_settled_on_that_day():
    hit = {**TOUCH, "pays_at": "hit"}
    rows = [{**BARRIER, "level": 96}, TOUCH, hit, CORRIDOR, {**BARRIER, "knock": "in", "level": 96}]
    frame, call = _frame(*rows), {"product": "call", "strike": 100, "frequency": None, "start": None}
    plain = _prices(_frame(call))["t0"]
    later = 10.0 * np.exp(-0.03)
    expected = [0.0, later, 0.0, 0.0, plain]  # what is paid when touched was paid two days ago
    assert _prices(frame)[[f"t{k}" for k in range(5)]].tolist() == pytest.approx(expected, rel=1e-9)
    states = frame.attrs["states"]
    assert states["t0"] == "knocked out on 2026-01-27 at 96: worth nothing"
    assert states["t1"] == "touched on 2026-01-27 at 96: pays 10 on 2027-01-29"


def test_a_note_that_was_knocked_in_between_its_dates_redeems_with_the_spot():
    frame = _frame(NOTE, {**NOTE, "product": "reverse_convertible", "level": None, "knock_in_frequency": None})
    prices = _prices(frame)
    assert prices["t0"] == pytest.approx(prices["t1"], rel=1e-9)
    assert "knocked in on 2026-01-27" in frame.attrs["states"]["t0"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "highest"),
    [({"option": "call", "strike": 100}, True), ({"option": "call", "strike": "floating"}, False)],
)
def test_a_lookback_remembers_the_extreme_of_all_days(row, highest):
    market = {**MARKET, "fixings": {"X": {"2026-01-23": 100.0}}}
    frame = lg.risk(_book({"product": "lookback", **row}), market, ["delta"], paths=8192, seed=2)
    run = process(98.0, 0.2, 0.03, 0.01)
    exercise = ql.EuropeanExercise(TODAY + 360)
    if highest:
        option = ql.ContinuousFixedLookbackOption(103.0, ql.PlainVanillaPayoff(ql.Option.Call, 100.0), exercise)
        option.setPricingEngine(ql.AnalyticContinuousFixedLookbackEngine(run))
    else:
        option = ql.ContinuousFloatingLookbackOption(96.0, ql.FloatingTypePayoff(ql.Option.Call), exercise)
        option.setPricingEngine(ql.AnalyticContinuousFloatingLookbackEngine(run))
    found = frame[frame["trade_id"] == "t0"].set_index("greek").loc["price"]
    estimate = lg.Estimate(found["value"], found["standard_error"], found["n_paths"], found["samples"])
    assert_estimates(estimate, option.NPV(), 0.02)
    stated = _frame({"product": "lookback", **row, "watched_to": "2026-01-28", "so_far": 103 if highest else 96})
    assert f"{103 if highest else 96} so far" in stated.attrs["states"]["t0"]


def test_the_trade_may_say_what_has_become_of_it():
    no_past = {**MARKET, "lows": {"X": {"2026-01-29": 96.0}}, "highs": {}}  # a barrier below asks for no highs
    rows = [
        {**BARRIER, "watched_to": "2026-01-28"},
        {**BARRIER, "touched_on": "2026-01-27"},
        {**BARRIER, "start": None, "watched_to": "2026-01-29"},
        {**TOUCH, "touched_on": "2026-01-29", "pays_at": "hit"},
    ]
    prices = _prices(_frame(*rows, market=no_past))
    assert prices["t0"] == prices["t2"] > prices["t1"] == 0.0
    assert prices["t3"] == 10.0


EXTREME = {"product": "lookback", "option": "put", "strike": 100, "watched_to": "2026-01-28", "so_far": 99.5}


@pytest.mark.parametrize(
    ("row", "market", "field", "why"),
    [
        (BARRIER, {**MARKET, "lows": {}}, "lows", "hold X on 2026-01-26, 2026-01-27, 2026-01-28, 2026-01-29"),
        (CORRIDOR, {**MARKET, "highs": {}}, "highs", "hold X on 2026-01-26"),
        ({**BARRIER, "watched_to": "2026-01-27"}, {**MARKET, "lows": {}}, "lows", "2026-01-28, 2026-01-29"),
        ({"product": "lookback", "option": "put", "strike": 95}, MARKET, "fixings", "2026-01-23, when the trade began"),
        ({"product": "lookback", "option": "put", "strike": 95, "so_far": 96}, MARKET, "watched_to", "be given"),
        (
            {**BARRIER, "start": None, "frequency": "daily", "touched_on": "2026-01-27"},
            MARKET,
            "touched_on",
            "watched on dates",
        ),
        ({**BARRIER, "watched_to": "2026-01-05"}, MARKET, "watched_to", "be between the start"),
        ({**TOUCH, "start": None, "maturity": "2026-01-29"}, MARKET, "start", "be given"),
        ({**NOTE, "start": "2026-01-23"}, {**MARKET, "lows": {}}, "lows", "hold X on"),
        (BARRIER, {**MARKET, "lows": {"X": {**LOWS, "2026-01-28": 0.97}}}, "lows", "on the scale of the spot"),
        ({**BARRIER, "watched_to": "2026-02-02"}, MARKET, "watched_to", "not be after the valuation date 2026-01-29"),
        ({**BARRIER, "touched_on": "2026-02-02"}, MARKET, "touched_on", "not be after the valuation date 2026-01-29"),
        ({**TOUCH, "watched_to": "2026-01-28"}, MARKET, "watched_to", "before 2026-01-27, when the market shows"),
        (EXTREME | {"strike": 95}, MARKET, "so_far", "be at most 96, which the market shows on 2026-01-27"),
        (EXTREME | {"option": "call"}, MARKET, "so_far", "be at least 103, which the market shows on 2026-01-"),
        ({**TOUCH, "touched_on": "2026-01-28"}, MARKET, "touched_on", "not be after 2026-01-27, when"),
        ({**TOUCH, "touched_on": "2026-01-26"}, MARKET, "touched_on", "shows a touch (low 97.5 on 2026-01-26)"),
        ({**CORRIDOR, "touched_on": "2026-01-26"}, MARKET, "touched_on", "(low 97.5, high 100.5 on 2026-01-26)"),
        ({**NOTE, "product": "autocallable", "level": None}, MARKET, "level", "be given: knock_in_frequency says"),
        ({**TOUCH, "level": None}, MARKET, "level", "be given: one_touch needs it"),
        ({**TOUCH, "direction": "dwon"}, MARKET, "direction", "did you mean 'down'?"),
        ({**CORRIDOR, "lower": None}, MARKET, "lower", "be given: double_no_touch needs it"),
    ],
)
def test_a_past_that_is_not_known_is_refused_by_row(row, market, field, why):
    found = _refused(row, market)
    assert found[0] == field
    assert why in found[1]


def test_what_is_touched_by_the_second_day_may_be_told_of_the_first_and_an_own_product_has_no_past():
    monday = {"valuation_date": "2026-01-26", "underlyings": {"X": {**X, "spot": 100.0}}}
    row = {**TOUCH, "pays_at": "hit", "touched_on": "2026-01-27", "start": "2026-01-22"}
    frame = lg.explain_book(_book(row), monday, MARKET, paths=256, seed=1).set_index("trade_id")
    assert frame.attrs["problems"] == []
    assert frame.loc["t0", ["cash", "value_after"]].tolist() == [10.0, 0.0]
    assert frame.loc["t0", "value_before"] > 0.0

    def mine(level, maturity):
        return lg.NoTouch(level, "down", maturity, 10.0, "continuous")

    lg.register_product("a_no_touch", mine, ["level", "maturity"])
    try:
        own = {"product": "a_no_touch", "level": 90, "frequency": None, "direction": None}
        assert _frame({**own, "start": "2026-01-29"}).attrs["problems"] == []
        why = "a product of your own that is watched at all times knows no past"
        assert _refused(own) == ("start", f"not be before the valuation date 2026-01-29: {why}")
    finally:
        del PRODUCTS["a_no_touch"]


def test_lows_stand_beside_fixings_in_one_file_and_must_agree_with_them(tmp_path):
    table = pd.DataFrame(
        {"date": [*LOWS], "underlying": "X", "value": 98.0, "low": [*LOWS.values()], "high": [*HIGHS.values()]}
    )
    path = tmp_path / "ohlc.csv"
    table.to_csv(path, index=False)
    market = {**MARKET, "fixings": str(path), "lows": str(path), "highs": str(path)}
    assert _frame(TOUCH, market=market).attrs["states"]["t0"].startswith("touched on 2026-01-27 at 96")
    table.drop(columns="value").rename(columns={"low": "Lows", "high": "Highs"}).to_csv(path, index=False)
    assert _frame(TOUCH, market=market | {"fixings": {}}).attrs["states"]["t0"].startswith("touched on 2026-01-27")
    wrong = {
        "columns must include date, underlying, low": {"low": "value"},
        "low must not be above the high": {"low": "high", "high": "low"},
    }
    for why, names in wrong.items():
        table.drop(columns="value").rename(columns=names).to_csv(path, index=False)
        with pytest.raises(ValueError, match=why):
            _frame(TOUCH, market={**MARKET, "lows": str(path)})
    odd = {"lows": ({**LOWS, "2026-01-29": 98.2}, "above"), "highs": ({**HIGHS, "2026-01-29": 97.8}, "below")}
    for what, (values, why) in odd.items():
        with pytest.warns(lg.BookWarning, match=rf"{what}\.X\.2026-01-29 must not be {why} the spot of that day, 98"):
            _frame(CORRIDOR, market={**MARKET, "lows": {}, "highs": {}, what: {"X": values}})
    with pytest.raises(ValueError, match=r"lows\.X\.2026-01-27 must not be above that of fixings, 95"):
        _frame(TOUCH, market={**MARKET, "fixings": {"X": {"2026-01-27": 95.0}}})


@pytest.mark.slow
def test_the_second_day_has_what_the_lows_and_highs_did_as_fixings():
    monday = {"valuation_date": "2026-01-26", "underlyings": {"X": {**X, "spot": 100.0}}}
    tuesday = {**MARKET, "valuation_date": "2026-01-27"}
    touch = {**TOUCH, "pays_at": "hit", "maturity": "2026-01-27"}
    rows = [BARRIER, {**BARRIER, "level": 97}, touch, {"product": "lookback", "option": "put", "strike": 95}, NOTE]
    frame = lg.explain_book(_book(*rows, start=None), monday, tuesday, paths=1024, seed=1).set_index("trade_id")
    assert frame.attrs["problems"] == []
    gone = frame.loc["t1"]
    assert gone["value_after"] == 0.0
    assert gone["fixings"] + gone["theta"] == pytest.approx(-gone["value_before"], rel=1e-9)
    assert frame.loc["t0", "fixings"] == 0.0
    assert frame.loc["t2", "value_after"] == 10.0  # paid on the day itself
    assert np.abs(frame["unexplained"].astype(float)).max() < 0.03
    later = lg.explain_book(_book(touch, start=None), monday, MARKET, paths=1024, seed=1).set_index("trade_id")
    assert later.loc["t0", ["cash", "value_after"]].tolist() == [10.0, 0.0]
    with pytest.warns(lg.BookWarning, match="lows must hold X on 2026-01-27"):
        silent = lg.explain_book(_book(BARRIER, touch, start=None), monday, {**tuesday, "lows": {}}, seed=1)
    assert len(silent.attrs["problems"]) == 2
