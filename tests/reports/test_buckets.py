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
    assert "F: vega" not in text  # one number: the Greek itself
    assert "F: rho" not in text


@pytest.mark.filterwarnings("ignore::likelihood_greeks.BookWarning")
def test_doubted_buckets_are_said_and_strikes_of_several_sizes_keep_their_own_digits(tmp_path):
    rows = pd.DataFrame(
        [{**FLAT, "trade_id": "far", "strike": 5188.8}, {**FLAT, "strike": 1.1625}, {**DIGITAL, "trade_id": "more"}]
    )
    frame = lg.risk(rows, MARKET, ["delta", "rho"], seed=1, buckets=["rho"])
    marked = (frame["trade_id"] == "more") & (frame["greek"] == "rho") & (frame["bucket"] == "0.5")
    frame.loc[marked, "note"] = "two samples decide"
    assert marked.sum() == 1
    lg.report(frame, tmp_path / "risk.html")
    text = (tmp_path / "risk.html").read_text()
    assert all(word in text for word in (">5,188.8<", ">1.1625<", "rho at 0.5", "1 with doubtful numbers"))
