"""Reports of runs with buckets: tables by node and a heat map of vega, and totals as they are without."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.pictures.risk_nodes import by_strike, heat_map
from tests.book.test_buckets import CALL, DIGITAL, FLAT, MARKET


def test_reports_have_tables_by_node_and_a_heat_map(tmp_path):
    frame = lg.risk(pd.DataFrame([CALL, DIGITAL, FLAT]), MARKET, ["delta", "vega"], seed=1, buckets=["vega", "rho"])
    table = by_strike(frame, "X")
    assert table.index.tolist() == [100.0, 90.0]
    assert table.columns.tolist() == [0.5, 1.0, 2.0]
    nets = frame[(frame["trade_id"] == "net") & (frame["bucket"] == "90 x 1")]
    assert table.loc[90.0, 1.0] == pytest.approx(nets["value"].item() / 100.0)
    assert by_strike(frame, "F").empty
    with pytest.raises(ValueError, match="vega by strike"):
        heat_map(frame, "F")
    lg.report(frame, tmp_path / "risk.html")
    text = (tmp_path / "risk.html").read_text()
    assert "By node of the market" in text
    assert "X: vega per volatility point by strike and years" in text
    assert "X: rho per basis point by years" in text
    assert "90 x 1" in text
