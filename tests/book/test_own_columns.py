"""A book's own columns: carried into the frame whatever they hold, through every kind of file, and grouped by."""

from datetime import UTC, date, datetime
from functools import partial

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.files import read, write
from likelihood_greeks.book.own_columns import column_of, names_apart
from likelihood_greeks.book.parts import Parts
from likelihood_greeks.book.trades import NET

MARKET = {
    "valuation_date": "2025-01-01",
    "underlyings": {name: {"spot": 93.0, "zero_rate": 0.031, "implied_volatility": 0.27} for name in "XY"},
}
OWN = {
    "desk": [7.0, None, 8.0, 7.0],
    "counterparty": ["=A1", "b\x07b", None, 3],
    "opened": [date(2024, 2, 1), None, None, date(2024, 2, 5)],
    "live": [True, False, None, True],
    "note": ["first", "", "", "last"],
    "delta": [0.1, 0.2, None, 0.4],
}
BOOK = pd.DataFrame({
    "trade_id": list("ABCD"), "underlying": list("XXXY"), "product": ["call", "put", "call", "call"],
    "quantity": [10, -3, 7, 2], "maturity": "2025-07-01", "strike": [97, 91, 101, 90], **OWN,
})  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    with pytest.warns(lg.BookWarning, match=r"column 'note' of the book is 'note \(book\)' in the frame"):
        return lg.risk(BOOK, MARKET, ["delta"], paths=512, seed=1)


def test_own_columns_stand_beside_the_numbers_and_are_blank_in_net_rows(frame):
    first = frame[frame["greek"] == "price"].set_index("trade_id")
    assert first.loc[list("ABCD"), "desk"].fillna(0).tolist() == [7, 0, 8, 7]
    assert first.loc[list("ABCD"), "counterparty"].tolist() == ["=A1", "b\x07b", "", "3"]
    assert first.loc[list("ABCD"), "note (book)"].tolist() == ["first", "", "", "last"]
    assert "first" not in set(first["note"])
    nets = frame[frame["trade_id"] == NET]
    assert nets["counterparty"].eq("").all()
    assert nets[["desk", "opened", "live", "delta"]].isna().all(axis=None)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_any_file_holds_them(frame, tmp_path, suffix):
    path = tmp_path / f"risk{suffix}"
    write(frame, path)
    again = read(path)
    assert list(again.columns) == list(frame.columns)
    assert again["counterparty"].tolist() == frame["counterparty"].tolist()
    before, after = (lg.pivot(found, ["desk", "underlying"]) for found in (frame, again))
    pd.testing.assert_series_equal(after["value"], before["value"])


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
def test_a_stopped_run_has_them_and_so_has_the_rest_of_it(tmp_path, monkeypatch):
    drawn = {"paths": 512, "seed": 1, "closed_form": False}
    run = partial(lg.risk, BOOK, MARKET, ["delta"], **drawn, output=tmp_path / "risk.parquet")
    keep, kept = Parts.keep, []

    def stopped(self, block, *state):
        keep(self, block, *state)
        kept.append(block.underlying)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Parts, "keep", stopped)
        with pytest.raises(lg.Interrupted) as caught:
            run(executor="serial")
    assert kept == ["X"]
    assert "counterparty" in caught.value.frame.columns
    pd.testing.assert_frame_equal(run(resume=True), lg.risk(BOOK, MARKET, ["delta"], **drawn))


def test_desk_units_and_pivots_have_them(frame):
    table = lg.desk_units(frame)
    assert table["delta (book)"].dropna().tolist() == [0.1, 0.2, 0.4]
    assert table["delta"].notna().all()
    totals = lg.pivot(frame[frame["greek"] == "price"], "counterparty").set_index("counterparty")["value"]
    prices = frame[(frame["greek"] == "price") & (frame["trade_id"] != NET)].set_index("trade_id")["position_value"]
    assert totals.to_dict() == {"=A1": prices["A"], "b\x07b": prices["B"], "": prices["C"], "3": prices["D"]}
    desks = lg.pivot(frame[frame["greek"] == "price"], ["desk"])
    assert desks["trades"].tolist() == [2, 1, 1]
    assert desks["error"].tolist() == ["exact"] * 3
    with pytest.raises(ValueError, match=r"by must be one of .*'currency', .*'desk', 'counterparty'.*got 'trader'"):
        lg.pivot(frame, "trader")


@pytest.mark.parametrize(
    ("cells", "expected", "kind"),
    [
        ([1, None, 2], [1, pd.NA, 2], "Int64"),
        ([1.0, float("nan"), 2.5], [1.0, pd.NA, 2.5], "float64"),
        ([1, "x", None], ["1", "x", ""], None),
        ([True, 1, None], ["True", "1", ""], None),
        ([2**60 + 1, None], [str(2**60 + 1), ""], None),
        ([float("inf"), 1.0], [float("inf"), 1.0], "float64"),
        ([None, " "], ["", ""], None),
        ([datetime(2024, 1, 2, tzinfo=UTC)], ["2024-01-02 00:00:00+00:00"], None),
        ([[1, 2], {"a": 1}], ["[1, 2]", "{'a': 1}"], None),
    ],
)
def test_cells_become_a_column_of_one_kind(cells, expected, kind):
    found = column_of(cells)
    assert [pd.NA if pd.isna(cell) else cell for cell in found] == expected
    assert kind is None or found.dtype == kind


def test_names_go_around_those_that_are_taken():
    found = names_apart(["note", "note (book)"], {"note"})
    assert list(found.values()) == ["note (book)", "note (book) (book)"]


def test_a_comparison_of_runs_carries_them(frame, tmp_path):
    write(frame, tmp_path / "before.csv")
    after = frame[frame["trade_id"] != "C"].assign(counterparty="new", verdict="fine")
    table = lg.diff(tmp_path / "before.csv", after)
    assert list(table.columns[13:]) == [
        "desk", "counterparty", "opened", "live", "note (book)", "delta", "verdict (book)"
    ]  # fmt: skip
    assert set(table.loc[table["trade_id"] == "C", "verdict"]) == {"gone"}
    assert set(table.loc[table["trade_id"] == "C", "counterparty"]) == {""}
    assert set(table.loc[table["trade_id"] == "A", "counterparty"]) == {"new"}
    assert set(table.loc[table["trade_id"].isin(["A", "D"]), "desk"].map(str)) == {"7"}
    assert table.loc[table["trade_id"] == "C", "desk"].map(str).tolist() == ["8", "8"]
