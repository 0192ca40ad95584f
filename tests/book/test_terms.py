"""The terms of trades in the frame of their risk: as the book has them, how far they have come, through files."""

import openpyxl
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.files import read, write
from likelihood_greeks.book.own_columns import own_of, terms_of

MARKET = {
    "valuation_date": "2025-01-01",
    "underlyings": {"X": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}},
    "fixings": {"X": {"2024-12-02": 101.0}},
}
ROW = {"underlying": "X", "quantity": 1, "maturity": "2025-07-01", "desk": "one"}
BOOK = pd.DataFrame([
    ROW | {"trade_id": "call", "product": "call", "strike": "100"},
    ROW | {"trade_id": "digital", "product": "digital_call", "strike": "90", "cash": 5.0},
    ROW | {"trade_id": "asian", "product": "asian", "option": "call", "strike": "95%", "reference": 100.0,
           "start": "2024-12-01", "frequency": "2024-12-02;2025-03-03;2025-07-01"},
    ROW | {"trade_id": "over", "product": "put", "strike": "90", "maturity": "2024-12-02"},
])  # fmt: skip


def test_terms_stand_behind_the_columns_of_the_library_and_before_those_of_the_book(tmp_path):
    frame = lg.risk(BOOK, MARKET, ["delta"], paths=64, seed=1)
    terms = ["start", "option", "frequency", "strike", "reference", "cash (book)"]
    assert terms_of(frame) == terms
    assert own_of(frame) == ["desk"]
    assert list(frame.columns[-11:]) == [
        "maturity_date", *terms, "fixings_left", "next_fixing", "state", "desk"
    ]  # fmt: skip
    first = frame.drop_duplicates("trade_id").set_index("trade_id")
    assert first["maturity_date"].dropna().astype(str).tolist() == [*["2025-07-01"] * 3, "2024-12-02"]
    assert first["strike"].tolist() == ["100", "90", "95%", "90", ""]
    assert first["cash (book)"].dropna().to_dict() == {"digital": 5.0}
    assert first["fixings_left"].dropna().to_dict() == {"call": 1, "digital": 1, "asian": 2, "over": 0}
    assert first["next_fixing"].dropna().astype(str).to_dict() == {
        "call": "2025-07-01", "digital": "2025-07-01", "asian": "2025-03-03",
    }  # fmt: skip
    assert first.loc["asian", "state"].startswith("1 of 3 observations")
    assert frame.attrs["valuation_date"] == "2025-01-01"
    for suffix in (".csv", ".parquet", ".xlsx"):
        write(frame, tmp_path / f"risk{suffix}")
        again = read(tmp_path / f"risk{suffix}")
        assert list(again.columns) == list(frame.columns)
        assert terms_of(again) == terms
        lg.report(again, tmp_path / "risk.html")
        assert "Risk report <span>2025-01-01</span>" in (tmp_path / "risk.html").read_text()
    assert lg.pivot(frame, "desk")["trades"].max() == 4


@pytest.mark.parametrize("sheet", ["risk", "trades"])
def test_in_a_workbook_numbers_beside_words_are_numbers_and_names_are_text(tmp_path, sheet):
    rows = [
        ROW | {"trade_id": "1", "product": "call", "strike": "100.5"},
        ROW | {"trade_id": "2", "product": "lookback", "option": "call", "strike": "floating", "frequency": "monthly"},
        ROW | {"trade_id": "3", "product": "asian", "option": "put", "strike": "95%", "reference": "100",
               "frequency": "monthly"},
        ROW | {"trade_id": "4", "product": "autocallable", "strike": "100", "coupon": "0.02", "frequency": "monthly"},
        ROW | {"trade_id": "5", "product": "autocallable", "strike": "1_00", "frequency": "monthly"},
    ]  # fmt: skip
    book = pd.DataFrame(rows).assign(account=["007", "1", "2", "3", "x"])
    with pytest.warns(lg.BookWarning):
        frame = lg.risk(book, MARKET, ["delta"], paths=64, seed=1)
    if sheet == "risk":
        write(frame, tmp_path / "risk.xlsx")
    else:
        lg.report(frame, tmp_path / "risk.xlsx")
    head, *cells = openpyxl.load_workbook(tmp_path / "risk.xlsx")[sheet].iter_rows(values_only=True)
    table = pd.DataFrame(cells, columns=head, dtype=object).drop_duplicates("trade_id").set_index("trade_id")
    assert table.loc[["1", "2", "3", "4"], "strike"].tolist() == [100.5, "floating", "95%", 100]
    assert table.loc["4", "coupon"] == 0.02
    assert table.loc["3", "reference"] == 100
    assert table.loc[["1", "2"], "account"].tolist() == ["007", "1"]
    write(frame, tmp_path / "risk.parquet")
    assert read(tmp_path / "risk.parquet").loc[0, "strike"] == "100.5"  # a column of words and numbers is text
