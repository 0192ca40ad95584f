"""Trades of a book that are watched at all times."""

import pandas as pd
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from tests.support.continuous import double, fixed_lookback, greeks, no_touch, single
from tests.support.gates import assert_estimates

WHERE = {"spot": 100.0, "volatility": 0.2, "rate": 0.03, "dividend_yield": 0.01}
X = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
HESTON = {"initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04, "vol_of_vol": 0.5}
MARKET = {
    "valuation_date": "2026-01-29",
    "underlyings": {
        "X": X,
        "D": {**X, "dividends": [{"ex_date": "2026-06-01", "amount": 2.0}]},
        "H": {**X, "model": "heston", "heston": {**HESTON, "correlation": -0.5}},
    },
}
CALL = ql.PlainVanillaPayoff(ql.Option.Call, 100.0)
BARRIER = {"product": "barrier", "option": "call", "knock": "out", "level": 90, "direction": "down", "strike": 100}
TOUCH = {"product": "no_touch", "level": 85, "direction": "down", "cash": 10}


def _book(*rows):
    base = {"underlying": "X", "frequency": "continuous", "quantity": 1, "maturity": "2027-01-29"}
    return pd.DataFrame([{"trade_id": f"t{k}", **base, **row} for k, row in enumerate(rows)])


def _of(frame, trade):
    rows = frame[frame["trade_id"] == trade].set_index("greek")
    return {
        greek: lg.Estimate(*row) for greek, *row in rows[["value", "standard_error", "n_paths", "samples"]].itertuples()
    }


@pytest.mark.slow
def test_trades_have_the_closed_forms_of_continuous_monitoring():
    corridor = {"product": "double_barrier", "lower": 80, "upper": 130, "level": None, "direction": None}
    book = _book(
        BARRIER, {**BARRIER, **corridor}, TOUCH, {"product": "lookback", "option": "put", "strike": 95},
        {"product": "mine", "frequency": None, "payoff": lg.NoTouch(85.0, "down", 1.0, 10.0, "continuous")},
    )  # fmt: skip
    frame = lg.risk(book, MARKET, paths=8192, seed=3)
    exact = [
        single("DownOut", CALL, 90.0, 1.0), double("KnockOut", CALL, 80.0, 130.0, 1.0), no_touch(85.0, 1.0, 10.0),
        fixed_lookback(ql.Option.Put, 95.0, 1.0), no_touch(85.0, 1.0, 10.0),
    ]  # fmt: skip
    for number, value in enumerate(exact):
        found, known = _of(frame, f"t{number}"), greeks(value, **WHERE)
        for name, error in (("price", 0.04), ("delta", 2e-3), ("gamma", 3e-4), ("vega", 0.3), ("theta", 0.05)):
            assert_estimates(found[name], known[name], error)


def test_a_level_that_the_spot_is_beyond_was_touched():
    frame = lg.risk(_book({**TOUCH, "level": 101}, {**TOUCH, "product": "one_touch", "level": 101}), MARKET, seed=1)
    prices = frame[frame["greek"] == "price"].set_index("trade_id")
    assert prices.loc["t0", ["value", "method"]].tolist() == [0.0, "known"]
    assert prices.loc["t1", "value"] == pytest.approx(10.0 * 0.970446, rel=1e-6)
    assert "touched on 2026-01-29 at 100" in frame.attrs["states"]["t1"]


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        ({**TOUCH, "underlying": "H"}, "frequency", "no Brownian bridge"),
        ({**TOUCH, "underlying": "D"}, "frequency", "a cash dividend on 2026"),
        ({**TOUCH, "start": "2026-01-05"}, "lows", "hold X on 2026-01-06"),
        ({**TOUCH, "maturity": "2026-01-29"}, "start", "be given"),
        ({"product": "asian", "option": "call", "strike": 100}, "frequency", "not watched at all times"),
        ({**TOUCH, "frequency": "continously"}, "frequency", "did you mean 'continuous'?"),
    ],
)
def test_trades_that_cannot_be_watched_at_all_times_are_refused_by_row(row, field, why):
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        frame = lg.risk(_book(row, BARRIER), MARKET, paths=1024, seed=1)
    assert [problem["field"] for problem in frame.attrs["problems"]] == [field]
    assert why in frame.attrs["problems"][0]["requirement"]


@pytest.mark.slow
def test_a_note_is_knocked_in_at_any_time():
    note = {"product": "barrier_reverse_convertible", "frequency": "quarterly", "knock_in_frequency": "continuous"}
    frame = lg.risk(_book({**note, "level": 80, "strike": 100}), MARKET, paths=4096, seed=2)
    put = single("DownIn", ql.PlainVanillaPayoff(ql.Option.Put, 100.0), 80.0, 1.0)
    assert_estimates(_of(frame, "t0")["price"], 97.0446 - put(*WHERE.values()), 0.1)


def test_a_barrier_that_the_spot_is_beyond_has_knocked_its_option_in():
    known_in = {**BARRIER, "knock": "in", "level": 101}
    corridor = {"product": "double_barrier", "lower": 101, "upper": 120, "level": None, "direction": None}
    call = {"product": "call", "option": None, "knock": None, "level": None, "direction": None, "frequency": None}
    book = _book(known_in, {**known_in, **corridor}, {**known_in, **call})
    prices = lg.risk(book, MARKET, ["price"], seed=1).query("trade_id != 'net'").set_index("trade_id")
    assert prices.loc[["t0", "t1"], "value"].tolist() == [prices.loc["t2", "value"]] * 2
    assert all("knocked in" in state for state in prices.loc[["t0", "t1"], "state"])
