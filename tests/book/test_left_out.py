"""Trades that could not be priced: every net and total that is without them says so, and counts each once."""

import pandas as pd
import pytest
from openpyxl import load_workbook
from rich.console import Console

import likelihood_greeks as lg
from likelihood_greeks.book.trades import NET
from likelihood_greeks.reports import book_tables

SHARE = {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2, "currency": "USD"}
MARKET = {
    "valuation_date": "2026-11-27",
    "underlyings": {
        **dict.fromkeys("ABC", SHARE),
        "E": {**SHARE, "currency": "EUR"},
        "EURUSD": {**SHARE, "spot": 1.16, "implied_volatility": 0.08},
    },
    "correlation": {"A|B": 0.5, "A|C": 0.4, "B|C": 0.3, "E|EURUSD": -0.2, "A|EURUSD": 0.1, "B|EURUSD": 0.1},
}
END = "2027-11-26"
CALL = {"underlying": "A", "product": "call", "quantity": 1, "maturity": END, "strike": 100.0, "desk": "one"}
PAIR = {"underlying": "E", "quantity": 1, "maturity": END, "strike": 100.0, "currency_pay": "USD", "desk": "one"}
BAD = {"strike": "high"}
SETTINGS = {"paths": 512, "seed": 1}
WITHOUT = "excludes {} that could not be priced"
pytestmark = pytest.mark.filterwarnings("ignore::likelihood_greeks.book.reading.BookWarning")


def book(*rows):
    return pd.DataFrame([{"trade_id": f"T{number}", **row} for number, row in enumerate(rows)])


def nets(frame):
    """The notes of nets by underlying, Greek and asset."""
    own = frame[frame["trade_id"] == NET]
    return dict(zip(zip(own["underlying"], own["greek"], own.get("asset", ""), strict=False), own["note"], strict=True))


@pytest.fixture(scope="module")
def three():
    """A good call on each of two assets, and bad trades on one of them and on two sets with it."""
    worst = {**CALL, "product": "worst_of_put", "strike": 0.0}
    return lg.risk(
        book(
            CALL, {**CALL, "underlying": "B", "desk": "two"}, {**CALL, **BAD}, {**worst, "underlying": "A|B"},
            {**worst, "underlying": "C|A", **BAD},
        ),
        MARKET, ["delta", "rho"], **SETTINGS,
    )  # fmt: skip


def test_the_net_of_an_asset_counts_trades_of_all_sets_that_would_have_parts_in_it(three):
    own = three[three["trade_id"] == NET].set_index(["underlying", "greek"])["note"]
    assert own["A", "delta"] == WITHOUT.format("3 trades")
    assert own["A", "price"] == own["A", "rho"] == WITHOUT.format("1 trade")  # sets have these in nets of their own
    assert own["B", "delta"] == WITHOUT.format("1 trade")
    assert own["B", "price"] == ""


def test_totals_without_trades_are_marked_as_nets_are(three):
    for table, marked, sure in (
        (book_tables.net_table(three), "all", "B"),
        (book_tables.totals_table(three, "desk"), "one", "two"),
    ):
        column = next(c for c in table.columns if c.header in ("price", "value"))
        cells = dict(zip((str(x) for x in table.columns[0].cells), (str(x) for x in column.cells), strict=True))
        assert "!" in cells[marked]
        assert "!" not in cells[sure]
        Console(quiet=True).print(table)


def test_a_product_whose_trades_are_all_priced_is_not_marked():
    frame = lg.risk(book(CALL, {**CALL, "product": "put"}, {**CALL, **BAD}), MARKET, ["delta"], **SETTINGS)
    column = next(c for c in book_tables.totals_table(frame, "product").columns if c.header == "value")
    assert ["!" in str(cell) for cell in column.cells] == [True, False]


def test_a_workbook_says_once_how_many_are_missing(three, tmp_path):
    lg.report(three, tmp_path / "risk.xlsx")
    sheet = load_workbook(tmp_path / "risk.xlsx")["notes"]
    notes = [str(cell.value) for row in sheet for cell in row if "excludes" in str(cell.value)]
    assert WITHOUT.format("3 trades") in notes
    assert all(note.count("excludes") == 1 for note in notes)


def test_parquet_files_keep_where_the_missing_trades_would_be(three, tmp_path):
    three.to_parquet(tmp_path / "risk.parquet")
    again = pd.read_parquet(tmp_path / "risk.parquet")
    assert again.attrs["left_out"] == three.attrs["left_out"]
    assert [each["underlying"] for each in again.attrs["left_out"]] == ["A", "A|B", "C|A"]


GOOD, COMPOSITE = {**PAIR, "product": "quanto_call"}, {**PAIR, "product": "composite_call"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_bad_composite_is_missed_in_the_set_of_a_quanto_and_costs_it_nothing(order):
    frame = lg.risk(book(*[GOOD, {**COMPOSITE, **BAD}][::order]), MARKET, ["delta", "vega"], **SETTINGS)
    alone = lg.risk(book(GOOD), MARKET, ["delta", "vega"], **SETTINGS)
    columns = ["greek", "asset", "value", "standard_error"]
    own, same = (f.loc[f["product"] == "quanto_call", columns].reset_index(drop=True) for f in (frame, alone))
    pd.testing.assert_frame_equal(own, same)
    assert set(nets(frame).values()) == {WITHOUT.format("1 trade")}
    assert set(nets(alone).values()) == {""}


def test_a_bad_quanto_is_not_missed_in_the_net_of_the_currency():
    frame = lg.risk(book({**GOOD, **BAD}, COMPOSITE), MARKET, ["delta"], **SETTINGS)
    found = nets(frame)
    assert "excludes" not in found["EURUSD", "delta", ""]
    assert all(
        found[key].startswith(WITHOUT.format("1 trade")) for key in [("E", "delta", ""), ("E|EURUSD", "price", "")]
    )


def test_revaluations_miss_a_bad_composite_in_its_set():
    table = book(GOOD, {**COMPOSITE, **BAD})
    later = {**MARKET, "valuation_date": "2026-11-30"}
    for frame in (
        lg.stress(table, MARKET, {"down": {"spot": -0.1}}, **SETTINGS),
        lg.curvature(table, MARKET, 0.15, **SETTINGS),
        lg.explain_book(table, MARKET, later, **SETTINGS),
    ):
        own = frame[frame["trade_id"] == NET]
        assert own["underlying"].unique().tolist() == ["E|EURUSD"]
        assert set(own["note"]) == {WITHOUT.format("1 trade")}


WORST = {**CALL, "product": "worst_of_put", "strike": 1.0}


def revalued(table):
    """The frames of what values books again."""
    later = {**MARKET, "valuation_date": "2026-11-30"}
    yield lg.stress(table, MARKET, {"down": {"spot": -0.1}}, **SETTINGS)
    yield lg.scenario_grid(table, MARKET, [-0.1], [0.0], **SETTINGS)
    yield lg.curvature(table, MARKET, 0.15, **SETTINGS)
    yield lg.explain_book(table, MARKET, later, **SETTINGS)


@pytest.mark.parametrize(("good", "bad"), [("A|B", "B|A"), ("B|A", "A|B"), ("A|B|C", "C|A|B"), ("A|B", "B | A")])
def test_a_bad_trade_is_missed_in_the_net_of_its_assets_in_any_order(good, bad):
    rows = {**WORST, "underlying": good}, {**WORST, "underlying": bad, **BAD}
    for frame in revalued(book(*rows)):
        own = frame[frame["trade_id"] == NET]
        assert own["underlying"].unique().tolist() == [good]
        assert set(own["note"]) == {WITHOUT.format("1 trade")}
        totals = frame.loc[frame["trade_id"] == "total", "note"]
        assert set(totals) <= {f"{good}: {WITHOUT.format('1 trade')}"}  # once


def test_a_bad_trade_is_missed_once_where_both_orders_have_nets():
    rows = {**WORST, "underlying": "A|B"}, {**WORST, "underlying": "B|A"}, {**WORST, "underlying": "B|A", **BAD}
    for frame in revalued(book(*rows)):
        own = frame[frame["trade_id"] == NET]
        missed = own["note"].str.contains(WITHOUT.format("1 trade"))
        assert own.loc[missed, "underlying"].unique().tolist() == ["B|A"]


def test_a_bad_trade_on_one_of_the_assets_is_not_missed_in_the_net_of_the_set():
    for frame in revalued(book({**WORST, "underlying": "A|B"}, {**WORST, "underlying": "A|C", **BAD})):
        assert not frame.loc[frame["trade_id"] == NET, "note"].str.contains("excludes").any()
