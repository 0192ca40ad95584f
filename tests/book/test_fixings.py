"""Fixings of a market: a table, a file, a frame or a dictionary say the same, and what is wrong is named."""

from datetime import date

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.fixings import Fixings, known

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
        (pd.DataFrame({"date": ["2026-09-18"], "underlying": ["X"]}), "columns must include date, underlying, value"),
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
        ("18.9.26,X,10", "line 3: date must be a date with four digits for the year"),
        (",X,10", "line 3: date must be given"),
        ("Summary,,10", "line 3: underlying must be given"),
        ("2026-09-18,SUM,9\n,SUM,10", "line 4: date must be given"),
        ("2026-09-18,,10", "line 3: underlying must be given"),
        ("2026-09-18,X,-1", "line 3: value must be positive"),
        ("2026-09-18,X,10,4", "line 3 must have at most as many cells"),
        ("2026-09-17,X,10", "line 3: value must be the only one of X on 2026-09-17, which has 9"),
    ],
)
def test_a_bad_line_of_a_file_is_named(tmp_path, line, says):
    (tmp_path / "f.csv").write_text(f"date,underlying,value\n2026-09-17,X,9\n{line}\n")
    with pytest.raises(ValueError, match=f"f.csv: {says}"):
        Fixings.read("f.csv", tmp_path)


FILES = {
    "semicolons, decimal commas": "Date;Underlying;Value\n18/09/2026;X;101,2\n16/10/2026;X;99\n",
    "decimal commas in quotes": 'date,underlying,value\n2026-09-18,X,"101,2"\n2026-10-16,X,99\n',
    "tabs below a title": "Fixings of the desk\n\nunderlying\tvalue\tdate\nX\t101.2\t18.09.2026\nX\t99\t16.10.2026\n",
    "day first, decided elsewhere": "date,underlying,value\n18/9/2026,X,101.2\n16/10/2026,X,99\n5/11/2026,Y,7\n",
    "hours": "date,underlying,value\n2026-09-18 17:30:00,X,101.2\n2026-10-16T00:00:00,X,99\n",
    "hours of a spreadsheet": "date,underlying,value\n9/18/2026 5:30 PM,X,101.2\n10/16/2026 17:30,X,99\n",
    "margins": "date,underlying,value,,\n2026-09-18,X,101.2,,\n,,,,\n2026-10-16,X,99,,\n,,\n",
    "a value that is not there": "date,underlying,value\n2026-09-18,X,101.2\n2026-10-16,X,99\n2026-10-16,Y,\n,Z,\n",
    "totals below": "date,underlying,value\n2026-09-18,X,101.2\n2026-10-16,X,99\nSumme,,200.2\n,Mittelwert,100.1\n",
    "no blanks after": "date,underlying,value\n2026-09-18,X,101.2\n2026-10-16,X,99\n2026-10-16,Y\n",
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_are_read_as_books_are(kind, encoding, tmp_path):
    (tmp_path / "f.csv").write_text(FILES[kind], encoding=encoding)
    found = Fixings.read("f.csv", tmp_path)
    assert found["X"] == SAME["X"]
    assert found.get("Y", {}).get(date(2026, 11, 5), 7.0) == 7.0


def test_a_date_that_nothing_decides_is_refused(tmp_path):
    (tmp_path / "f.csv").write_text("date,underlying,value\n3/4/2026,X,101.2\n")
    with pytest.raises(ValueError, match=r"f\.csv: line 2: date must be a date: 2026-04-03 or 2026-03-04\?"):
        Fixings.read("f.csv", tmp_path)


def test_frames_may_have_hours_missing_values_and_text():
    stamps = pd.to_datetime(["2026-09-18 17:30", "2026-10-16 00:00", None])
    frame = pd.DataFrame({"Date": stamps, "Underlying": ["X", "X", None], "Value": [101.2, 99.0, None]})
    assert dict(market(frame).fixings) == SAME
    text = frame.assign(Date=["18/09/2026 17:30", "16/10/2026", None], Value=["101,2", "99", ""])
    assert dict(market(text).fixings) == SAME


def test_a_workbook_is_read(tmp_path):
    rows = {"date": pd.to_datetime(["2026-09-18", "2026-10-16"]), "underlying": "X", "value": [101.2, 99]}
    pd.DataFrame(rows).to_excel(tmp_path / "f.xlsx", index=False)
    assert dict(Fixings.read("f.xlsx", tmp_path)) == SAME


def test_the_sheet_of_a_workbook_that_has_the_table_is_read_and_two_are_refused(tmp_path):
    rows = pd.DataFrame({"date": ["2026-09-18", "2026-10-16"], "underlying": "X", "value": [101.2, 99]})
    with pd.ExcelWriter(tmp_path / "f.xlsx") as file:
        pd.DataFrame({"Desk": ["EQD"], "Date": ["2026-10-17"]}).to_excel(file, sheet_name="Cover", index=False)
        rows.to_excel(file, sheet_name="Fixings", index=False)
    assert dict(Fixings.read("f.xlsx", tmp_path)) == SAME
    with pd.ExcelWriter(tmp_path / "f.xlsx") as file:
        for name in ("Monday", "Tuesday"):
            rows.to_excel(file, sheet_name=name, index=False)
    with pytest.raises(ValueError, match=r"^f\.xlsx: sheets must be one with .* got \['Monday', 'Tuesday'\]"):
        Fixings.read("f.xlsx", tmp_path)


def test_missing_fixings_are_named_by_date():
    with pytest.raises(ValueError, match="fixings must hold X on 2026-09-21, 2026-09-22: past observations"):
        known(Fixings(SAME), "X", [date(2026, 9, 18), date(2026, 9, 21), date(2026, 9, 22)])
