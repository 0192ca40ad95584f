"""Fixings of a market: a table, a file, a frame or a dictionary say the same, and what is wrong is named."""

from datetime import date

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.fixings import Fixings

UNDERLYING = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}
SAME = {"X": {date(2026, 9, 18): 101.2, date(2026, 10, 16): 99.0}}
TOML = """
valuation_date = 2026-11-27
{fixings}
[underlyings.X]
spot = 100.0
zero_rate = 0.03
implied_volatility = 0.2
"""


def market(fixings):
    return lg.Market.read({"valuation_date": "2026-11-27", "underlyings": {"X": UNDERLYING}, "fixings": fixings})


def test_a_table_a_file_a_frame_and_a_dictionary_say_the_same(tmp_path):
    table = '[fixings.X]\n"2026-09-18" = 101.2\n"2026-10-16" = 99'
    (tmp_path / "table.toml").write_text(TOML.format(fixings=table))
    (tmp_path / "history").mkdir()
    text = "\ufeffDate, Underlying, Value\n2026-09-18, X, 101.2\n2026-10-16, X, 99\n"
    (tmp_path / "history" / "fixings.csv").write_text(text, encoding="utf-8")
    (tmp_path / "file.toml").write_text(TOML.format(fixings='fixings = "history/fixings.csv"'))
    frame = pd.DataFrame(
        {"date": pd.to_datetime(["2026-09-18", "2026-10-16"]), "underlying": "X", "value": [101.2, 99]}
    )
    for found in (
        lg.Market.read(tmp_path / "table.toml"),
        lg.Market.read(tmp_path / "file.toml"),
        market(frame),
        market({"X": {"2026-09-18": 101.2, "2026-10-16": 99}}),
    ):
        assert dict(found.fixings) == SAME


def test_a_market_without_fixings_has_none():
    found = lg.Market.read({"valuation_date": "2026-11-27", "underlyings": {"X": UNDERLYING}})
    assert dict(found.fixings) == {}


@pytest.mark.parametrize(
    ("fixings", "says"),
    [
        ({"X": {"2026-09-31": 1.0}}, "fixings.X.date must be an ISO date"),
        ({"X": {"2026-09-18": -1.0}}, "fixings.X.2026-09-18 must be positive"),
        ({"X": {"2026-09-18": float("nan")}}, "fixings.X.2026-09-18 must be positive"),
        (pd.DataFrame({"date": ["2026-09-18"], "underlying": ["X"]}), "row 0: columns must be date, underlying, value"),
    ],
)
def test_what_is_wrong_is_named(fixings, says):
    with pytest.raises(ValueError, match=says):
        market(fixings)


@pytest.mark.parametrize("fixings", [{"X": 101.2}, 3.0])
def test_what_is_no_table_is_refused(fixings):
    with pytest.raises(TypeError, match="must be a table"):
        market(fixings)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2026-09-18,X,ten", "line 3: value must be a number"),
        ("18.9.2026,X,10", "line 3: date must be an ISO date"),
        ("2026-09-17,X,10", "line 3: value must be the only one of X on 2026-09-17, which has 9"),
        ("2026-09-18,X", "line 3: columns must be date, underlying, value"),
    ],
)
def test_a_bad_line_of_a_file_is_named(tmp_path, line, says):
    (tmp_path / "f.csv").write_text(f"date,underlying,value\n2026-09-17,X,9\n{line}\n")
    with pytest.raises(ValueError, match=f"f.csv: {says}"):
        Fixings.read("f.csv", tmp_path)


def test_missing_fixings_are_named_by_date():
    with pytest.raises(ValueError, match="fixings must hold X on 2026-09-21, 2026-09-22: past observations"):
        Fixings(SAME).known("X", [date(2026, 9, 18), date(2026, 9, 21), date(2026, 9, 22)])
