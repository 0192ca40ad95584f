"""Barriers and touches of a book that are watched at all times in a window alone."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from tests.support.continuous import greeks, window_call
from tests.support.gates import assert_estimates

TODAY, OPENS, ENDS = "2026-06-15", "2026-09-14", "2026-12-14"  # a quarter and half a year of 364 days
QUARTER = 91 / 365
MARKET = {
    "valuation_date": TODAY,
    "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.08, "dividend_yield": 0.04, "implied_volatility": 0.25}},
}
CALL = {"trade_id": "T", "underlying": "X", "product": "barrier", "option": "call", "knock": "out", "level": 95,
        "direction": "down", "strike": 100, "quantity": 1, "frequency": "continuous", "maturity": ENDS}  # fmt: skip
TOUCH = {"trade_id": "T", "underlying": "X", "product": "no_touch", "level": 95, "direction": "down", "cash": 10,
         "quantity": 1, "frequency": "continuous", "maturity": ENDS}  # fmt: skip


def _priced(row, *, wanted=("price",), **market):
    frame = lg.risk(pd.DataFrame([row]), MARKET | market, [*wanted], paths=4096, seed=2)
    return frame[frame["trade_id"] == "T"].set_index("greek")


@pytest.mark.parametrize("late", [False, True])
def test_windows_have_the_values_of_their_closed_form(late):
    window = {"watched_from": OPENS} if late else {"watched_until": OPENS}
    found = _priced(CALL | window, wanted=("price", "delta", "vega"))
    known = greeks(window_call(95.0, 100.0, (QUARTER, 2 * QUARTER), late=late), 100.0, 0.25, 0.08, 0.04)
    for name, error in (("price", 0.08), ("delta", 4e-3), ("vega", 0.4)):
        row = found.loc[name]
        assert_estimates(lg.Estimate(row["value"], row["standard_error"], 4096, 4096), known[name], error)


def _state(row, **market):
    found = _priced(row, **market).loc["price"]
    return round(float(found["value"]), 2), found["state"]


def test_what_happens_outside_the_window_touches_nothing():
    def lows(*pairs):
        return {"lows": {"X": dict(pairs)}}

    began = {"start": "2026-06-10"}
    low, deep = ("2026-06-11", 90.0), ("2026-06-12", 94.0)
    rest = [("2026-06-12", 99.0), ("2026-06-15", 99.0)]
    assert "touched on 2026-06-11 at 90" in _state(TOUCH | began, **lows(low, *rest))[1]
    value, state = _state(TOUCH | began | {"watched_from": OPENS})  # no lows are needed of days before
    assert (value > 2.0, state) == (True, f"watched from {OPENS} until {ENDS}")
    until = {"watched_until": "2026-10-15"}
    assert _state(TOUCH | until)[1] == "watched until 2026-10-15"
    assert _state(TOUCH | until | {"watched_from": OPENS})[1] == f"watched from {OPENS} until 2026-10-15"
    seen = _state(TOUCH | began | until, **lows(("2026-06-11", 96.0), *rest))[1]
    assert seen == f"not touched up to {TODAY}, watched until 2026-10-15"
    opened = TOUCH | began | {"watched_from": "2026-06-11"}
    at = [{"fixings": {"X": {"2026-06-11": fixing}}} for fixing in (98.0, 94.0)]
    assert "not touched up to" in _state(opened, **lows(low, *rest), **at[0])[1]  # it was there before
    assert "touched on 2026-06-11" in _state(opened, **lows(low, *rest), **at[1])[1]
    assert "not touched up to" in _state(opened, **lows(("2026-06-11", 96.0), *rest))[1]
    with pytest.warns(lg.BookWarning, match="fixings must hold X on 2026-06-11: a spot that is beyond the level when"):
        lg.risk(pd.DataFrame([opened]), MARKET | lows(low, *rest), ["price"], paths=64, seed=1)
    closed = TOUCH | began | {"watched_until": "2026-06-11"}
    assert _state(closed, **lows(("2026-06-11", 96.0), deep))[1] == f"never at a barrier: pays 10 on {ENDS}"
    assert "touched on 2026-06-11" in _state(closed, **lows(low, deep))[1]
    assert _state(CALL | began | {"watched_until": "2026-06-11"}, **lows(("2026-06-11", 96.0)))[1].startswith(
        "never at a barrier"
    )


def test_a_spot_beyond_the_level_has_touched_it_where_the_window_is_open():
    above = TOUCH | {"level": 101, "cash": 10}
    assert "touched on" in _state(above)[1]
    assert "touched on" in _state(above | {"watched_from": TODAY})[1]
    assert _state(above | {"watched_from": OPENS})[0] > 2.0


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        (CALL | {"frequency": "weekly", "watched_from": OPENS}, "watched_from", "frequency says when"),
        (CALL | {"watched_from": ENDS}, "watched_from", f"be before {ENDS}"),
        (CALL | {"watched_until": "2027-01-04"}, "watched_until", f"not be after the maturity {ENDS}"),
        (CALL | {"watched_from": OPENS, "watched_until": "2026-08-03"}, "watched_from", "be before 2026-08-03"),
        (CALL | {"start": "2026-06-10", "watched_until": "2026-06-10"}, "watched_until", "be after the start"),
        (TOUCH | {"product": "one_touch", "pays_at": "hit", "watched_from": OPENS}, "pays_at", "be end where"),
        (CALL | {"product": "lookback", "knock": None, "level": None, "direction": None, "watched_from": OPENS},
         "watched_from", "of barriers and touches"),
    ],
)  # fmt: skip
def test_windows_that_are_none_are_problems_of_their_row(row, field, why):
    with pytest.warns(lg.BookWarning, match="could not be priced"):
        frame = lg.risk(pd.DataFrame([row, TOUCH | {"trade_id": "O"}]), MARKET, ["price"], paths=1024, seed=1)
    assert [problem["field"] for problem in frame.attrs["problems"]] == [field]
    assert why in frame.attrs["problems"][0]["requirement"]


def test_a_window_that_opens_between_two_days_is_explained():
    later = MARKET | {
        "valuation_date": "2026-06-16", "lows": {"X": {"2026-06-16": 94.0}},
        "underlyings": {"X": MARKET["underlyings"]["X"] | {"spot": 96.0}},
    }  # fmt: skip
    rows = [TOUCH | {"trade_id": "open"}, TOUCH | {"trade_id": "shut", "watched_from": "2026-06-16"}]
    frame = lg.explain_book(pd.DataFrame(rows), MARKET, later, paths=4096, seed=1).set_index("trade_id")
    touched, alive = frame.loc["open"], frame.loc["shut"]
    assert touched["pnl"] == pytest.approx(-touched["value_before"])  # on the second day
    assert touched["fixings"] == pytest.approx(touched["pnl"], rel=0.01)
    assert alive["value_after"] > 0.2  # it is watched from that moment on
    assert abs(alive["unexplained"]) < 0.02 * abs(alive["pnl"])
