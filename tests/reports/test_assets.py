"""Trades on several assets in tables and reports: a number an asset where they do not add up, sums where they do."""

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from rich.console import Console

import likelihood_greeks as lg
from likelihood_greeks.reports.book_tables import book_table, net_table
from likelihood_greeks.reports.showing import show

BOOK = pd.DataFrame([
    {"trade_id": "WORST", "underlying": "A|B", "product": "worst_of_put", "quantity": 1000, "maturity": "2025-12-31",
     "strike": "90%"},
    {"trade_id": "ALONE", "underlying": "A", "product": "barrier", "quantity": -3, "maturity": "2025-12-31",
     "strike": "100", "option": "call", "level": "90", "direction": "down", "knock": "out", "frequency": "monthly"},
])  # fmt: skip
MARKET = {
    "valuation_date": "2025-01-01",
    "correlation": {"A|B": 0.5},
    "underlyings": {
        "A": {"spot": 100.0, "zero_rate": 0.03, "implied_volatility": {
            "maturities": ["6M", "2Y"], "strikes": [80, 100], "volatilities": [[0.3, 0.28], [0.25, 0.24]]}},
        "B": {"spot": 20.0, "zero_rate": 0.03, "implied_volatility": 0.3},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    return lg.risk(BOOK, MARKET, paths=1024, seed=1, buckets=["vega"])


def number(frame, trade, greek, asset, column="value"):
    rows = frame[(frame["trade_id"] == trade) & (frame["greek"] == greek) & (frame["bucket"] == "")]
    return rows.loc[rows["asset"] == asset, column].item()


def read(table):
    """The cells of a table's lines by their first words."""
    out = io.StringIO()
    show(table, console=Console(file=out), wide=True)
    head, *lines = (line for line in out.getvalue().splitlines()[2:] if line.strip(" ─"))
    ends = {found[0]: found.end() for found in re.finditer(r"\S+", head)}
    return [(line.split()[0], {name: line[:end].rstrip() for name, end in ends.items()}) for line in lines]


def near(text, value):
    """Whether the last number with an error in a text is this one."""
    found = re.findall(r"(\S+) ± ", text)[-1]
    return float(found.replace(",", "")) == pytest.approx(value, rel=0.02, abs=2e-4)


def test_a_terminal_has_a_line_for_each_asset_and_greeks_that_are_whole(frame):
    lines = read(book_table(frame, pairs=True))
    assert [name for name, _ in lines] == ["WORST", "A", "B", "A,B", "ALONE"]
    for name, cells in lines[1:3]:
        assert near(cells["delta"], number(frame, "WORST", "delta", name))
        assert near(cells["vega"], number(frame, "WORST", "vega", name))
    assert near(lines[3][1]["correlation"], number(frame, "WORST", "correlation", "A,B"))
    assert near(lines[4][1]["vega"], number(frame, "ALONE", "vega", ""))  # no bucket of it
    nets = dict(read(net_table(frame)))
    assert list(nets) == ["A", "B", "A|B", "all"]
    assert near(
        nets["A"]["delta"], 1000 * number(frame, "WORST", "delta", "A") - 3 * number(frame, "ALONE", "delta", "")
    )
    assert "±" not in nets["A|B"]["delta"][len(nets["A|B"]["price"]) :]
    assert not {"cross_gamma", "correlation"} & {*nets["A"]}


def test_totals_by_trade_are_sums_over_its_assets_with_the_error_of_the_sum(frame):
    sums = lg.pivot(frame, "trade_id").set_index(["trade_id", "greek"])
    spots = {"A": 100.0, "B": 20.0}
    column = "position_standard_error"
    parts = [number(frame, "WORST", "delta", name, "position_value") * spot for name, spot in spots.items()]
    errors = [number(frame, "WORST", "delta", name, column) * spot for name, spot in spots.items()]
    own = sums.loc[("WORST", "delta")]
    assert own["value"] == pytest.approx(sum(parts))
    assert own["error"] == "exact"
    assert abs(np.subtract(*errors)) <= own["standard_error"] <= sum(errors)
    assert own["standard_error"] != pytest.approx(sum(errors), rel=0.01)
    assert sums.loc[("ALONE", "delta"), "value"] == pytest.approx(-300.0 * number(frame, "ALONE", "delta", ""))


def test_reports_sum_over_assets_and_open_to_them(frame, tmp_path):
    lg.report(frame, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text()
    data = json.loads(re.search(r'id="trade-data">(.*?)</script>', text)[1])
    place = [column["name"] for column in data["columns"]].index("delta")
    sums = lg.pivot(frame, "trade_id").set_index(["trade_id", "greek"])
    assert data["rows"][0][place][0] == pytest.approx(sums.loc[("WORST", "delta"), "value"])
    assert data["raw"][0][[name for name, _ in data["greeks"]].index("delta")] is None
    opened = {title: raw[0] for title, *_, raw in data["assets"]["0"]}
    assert opened["delta cash [B]"] == pytest.approx(number(frame, "WORST", "delta", "B"), rel=1e-4)
    assert "1" not in data["assets"]
    tables = text.partition('id="trade-table"')[0]
    assert "delta cash [" not in tables
    assert "cross gamma (raw)" in tables


def test_workbooks_have_sums_by_trade_and_greeks_by_asset(frame, tmp_path):
    lg.report(frame, tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    trades, assets = ([[cell.value for cell in row] for row in book[name].rows] for name in ("trades", "by asset"))
    own = dict(zip(trades[0], trades[1], strict=True))
    sums = lg.pivot(frame, "trade_id").set_index(["trade_id", "greek"])
    assert own["delta cash"] == pytest.approx(sums.loc[("WORST", "delta"), "value"])
    assert not [name for name in trades[0] if "[" in name]
    assert [row[:2] for row in assets[1:]] == [["WORST", "A"], ["WORST", "B"], ["WORST", "A,B"]]
    of_b = dict(zip(assets[0], assets[2], strict=True))
    assert of_b["delta cash"] == pytest.approx(20.0 * number(frame, "WORST", "delta", "B", "position_value"))
