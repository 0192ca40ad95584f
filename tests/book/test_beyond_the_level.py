"""Trades whose spot is beyond a level that no observation has found it at so far: their state says so."""

import pandas as pd
import pytest

import likelihood_greeks as lg

FIXINGS = {"2026-11-06": 95.0, "2026-11-13": 103.0, "2026-11-20": 104.0}
MARKET = {"valuation_date": "2026-11-27", "fixings": {"X": FIXINGS},
          "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}  # fmt: skip
ROW = {"trade_id": "a", "underlying": "X", "quantity": 1, "maturity": "2027-03-19"}
BARRIER = ROW | {"product": "barrier", "option": "call", "strike": 100, "knock": "out", "frequency": "weekly",
                 "start": "2026-11-27"}  # fmt: skip
TOUCH = ROW | {"product": "no_touch", "frequency": "monthly", "start": "2026-11-27"}
SERIES = ROW | {"product": "accumulator", "strike": 95, "frequency": "monthly", "start": "2026-11-27"}
NOTE = ROW | {"product": "autocallable", "strike": 110, "frequency": "2027-03-19", "coupon": 0.02, "level": 102,
              "knock_in_frequency": "monthly", "start": "2026-11-27"}  # fmt: skip
BEYOND = {
    "a wrong direction": (BARRIER | {"direction": "up", "level": 90}, "beyond the level, 90"),
    "a level above": (BARRIER | {"direction": "down", "level": 105}, "beyond the level, 105"),
    "knocked in": (BARRIER | {"direction": "up", "level": 90, "knock": "in"}, "beyond the level, 90"),
    "at it": (BARRIER | {"direction": "down", "level": "100%", "reference": 100}, "at the level, 100"),
    "two levels": (BARRIER | {"product": "double_barrier", "lower": 101, "upper": 120}, "beyond the level, 101"),
    "a window to come": (
        BARRIER | {"direction": "down", "level": 105, "frequency": "continuous", "watched_from": "2027-01-04"},
        "beyond the level, 105",
    ),
    "between observations": (
        BARRIER | {"direction": "up", "level": 99, "start": None, "frequency": "2026-11-06;2026-12-18"},
        "1 of 3 observations are past, none at a barrier; the spot, 100, is already beyond the level, 99",
    ),
    "a touch": (TOUCH | {"direction": "up", "level": 90}, "beyond the level, 90"),
    "a double no-touch": (TOUCH | {"product": "double_no_touch", "lower": 80, "upper": 99}, "beyond the level, 99"),
    "a series": (SERIES | {"level": 98}, "beyond the level, 98"),
    "a series by date": (SERIES | {"level": "none;98;98;98", "start": None}, ""),
    "a series that sells": (SERIES | {"level": 105, "forward": "sell"}, "beyond the level, 105"),
    "a note": (NOTE, "beyond the level, 102"),
    "two assets": (BARRIER | {"underlying": "X|Y", "product": "outside_barrier", "direction": "up", "level": 90},
                   "beyond the level, 90"),
    "the worst of two": (BARRIER | {"underlying": "X|Y", "product": "worst_of_barrier", "direction": "down",
                                    "strike": "100%", "level": "105%", "start": None}, "beyond the level, 1.05"),
}  # fmt: skip
INSIDE = {
    "a barrier": BARRIER | {"direction": "down", "level": 90},
    "one that was knocked": BARRIER | {"direction": "up", "level": 99, "start": "2026-11-12"},
    "one watched today": BARRIER | {"direction": "up", "level": 99, "frequency": "continuous"},
    "a touch": TOUCH | {"direction": "down", "level": 90},
    "one whose fixing is open": BARRIER | {"direction": "up", "level": 99, "start": "2026-11-20"},
    "a series": SERIES | {"level": 110},
    "a series without a level": SERIES,
    "a note": NOTE | {"level": 90},
    "a note compared at its end": NOTE | {"knock_in_frequency": "final"},
    "a note that was knocked in": NOTE | {"start": "2026-10-30", "knock_in_frequency": "2026-11-06;2026-12-18"},
    "one that has expired": BARRIER | {"direction": "up", "level": 90, "start": None, "maturity": "2026-11-20"},
}


def state(row, **section):
    asset = MARKET["underlyings"]["X"]
    pair = {"correlations": {"X": {"Y": 0.5}}, "underlyings": {"X": asset, "Y": asset}}
    frame = lg.risk(pd.DataFrame([row]), MARKET | pair, ["delta"], paths=64, seed=1)
    return frame.lg.trades["state"].iloc[0], frame.lg.trades.set_index("greek")["value"]


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
@pytest.mark.parametrize("case", BEYOND)
def test_a_trade_whose_spot_is_beyond_its_level_says_so(case):
    row, says = BEYOND[case]
    assert says in state(row)[0]
    if not says:
        assert "already" not in state(row)[0]


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
@pytest.mark.parametrize("case", INSIDE)
def test_one_whose_level_is_not_reached_or_was_does_not(case):
    assert "already" not in state(INSIDE[case])[0]


def test_a_barrier_the_wrong_way_round_still_says_that_it_states_no_start():
    row = BARRIER | {"direction": "up", "level": 60, "start": None}
    with pytest.warns(lg.BookWarning, match="^a: no start is stated"):
        said, values = state(row)
    assert said.startswith("states no start")
    assert "the spot, 100, is already beyond the level, 60" in said
    assert values["price"] == pytest.approx(0.0, abs=1e-12)  # below 60 within a week: never
