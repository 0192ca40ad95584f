"""``frame.lg``: sums that do not double, a row a trade, and the same from files and from other libraries' frames."""

import pandas as pd
import pyarrow as pa
import pytest

import likelihood_greeks as lg

ROW = {"underlying": "X", "product": "call", "maturity": "2025-07-01", "strike": 100.0, "desk": "one"}
BOOK = pd.DataFrame(
    [ROW | {"trade_id": "A", "quantity": 10.0}, ROW | {"trade_id": "B", "quantity": -4.0, "strike": 90.0}]
)
MARKET = {"valuation_date": "2025-01-01", "underlyings": {"X": {"spot": 100, "zero_rate": 0.03, "implied_volatility": {
    "strikes": [90, 110], "maturities": [0.25, 1.0], "volatilities": [[0.2, 0.2], [0.19, 0.2]]}}}}  # fmt: skip


@pytest.fixture(scope="module")
def frame():
    return lg.risk(BOOK, MARKET, ["delta", "vega"], seed=3, buckets=["vega"])


def test_sums_over_trades_are_the_nets_and_nothing_is_counted_twice(frame):
    sums = frame.lg.trades.groupby("greek")["position_value"].sum()
    nets = frame.lg.net.set_index("greek")["position_value"]
    assert sums.to_dict() == pytest.approx(nets.to_dict())
    assert frame.groupby("greek")["position_value"].sum()["delta"] != pytest.approx(nets["delta"])
    parts = frame.lg.buckets.groupby("greek")["position_value"].sum()
    assert parts["vega"] == pytest.approx(nets["vega"])
    assert frame.lg.net_buckets["position_value"].sum() == pytest.approx(nets["vega"])
    assert not {"strike", "desk", "maturity_date"} & {*frame.lg.net.columns}
    assert (frame.lg.seed, frame.lg.valuation_date) == (3, pd.Timestamp("2025-01-01"))


@pytest.mark.parametrize(("of", "factor"), [("position", -4.0), ("unit", 1.0), ("desk", -0.04)])
def test_wide_has_a_row_a_trade(frame, of, factor):
    wide = frame.lg.wide(of)
    unit = frame.query("trade_id == 'B' and greek == 'vega' and bucket == ''")["value"].item()
    assert wide["trade_id"].tolist() == ["A", "B"]
    assert wide.loc[1, "vega"] == pytest.approx(factor * unit)
    assert wide.loc[1, "vega_standard_error"] == 0.0
    assert wide["strike"].tolist() == [100.0, 90.0]
    assert wide["maturity_date"].dt.year.tolist() == [2025, 2025]
    assert wide["desk"].tolist() == ["one", "one"]


def test_tidy_has_categories_in_the_order_of_the_frame(frame):
    tidy = frame.lg.tidy()
    assert list(tidy["greek"].cat.categories) == ["price", "delta", "vega"]
    assert list(tidy.groupby("greek", observed=True)["position_value"].sum().index) == ["price", "delta", "vega"]


def test_other_frames_are_refused():
    with pytest.raises(ValueError, match="frame must come from risk"):
        _ = BOOK.lg.trades
    with pytest.raises(ValueError, match="of must be one of"):
        lg.risk(BOOK, MARKET, []).lg.wide("desks")


def test_books_may_be_frames_of_other_libraries(frame):
    for other in (pa.table, pytest.importorskip("polars").from_pandas) if _polars() else (pa.table,):
        book = pa.Table.from_pandas(BOOK) if other is pa.table else other(BOOK)
        again = lg.risk(book, MARKET, ["delta", "vega"], seed=3, buckets=["vega"])
        pd.testing.assert_frame_equal(again, frame)


def _polars():
    try:
        import polars  # noqa: F401
    except ImportError:
        return False
    return True


def test_results_show_themselves():
    result = lg.greeks(
        lg.GBM(spot=100.0, volatility=0.2), lg.Call(strike=100.0, maturity=1.0), ["delta"], paths=999, seed=1
    )
    delta = result["delta"]
    assert f"{delta:.3f}" == f"{delta.value:.3f} ± {delta.standard_error:.3f}"
    assert f"{delta}" == str(delta)
    assert f"{delta.value:.6g}" in delta._repr_html_()
    assert "<table" in result._repr_html_()
    assert "seed 1" in result._repr_html_()
    assert sorted(dir(lg)) == sorted(lg.__all__)
