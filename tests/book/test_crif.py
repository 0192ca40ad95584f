"""Sensitivities in the columns of the CRIF: amounts, vertices, classes, currencies."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli

ASSET = {"zero_rate": 0.03, "implied_volatility": 0.2}
MARKET = {
    "valuation_date": "2026-06-01", "reporting_currency": "USD", "fx": {"EUR": 1.25},
    "underlyings": {"SAP": {**ASSET, "spot": 200.0, "currency": "EUR"},
                    "EURUSD": {**ASSET, "spot": 1.25, "currency": "USD"}},
}  # fmt: skip
CALL = {"trade_id": "eq", "underlying": "SAP", "product": "call", "quantity": 10.0, "maturity": "2028-06-01",
        "strike": 210.0}  # fmt: skip
BOOK = pd.DataFrame([CALL, {**CALL, "trade_id": "fx", "underlying": "EURUSD", "strike": 1.3, "maturity": "2026-07-01"}])


@pytest.fixture(scope="module")
def frame():
    return lg.risk(BOOK, MARKET, ["delta", "vega", "rho", "theta"])


def position(frame, trade, greek):
    own = frame[(frame["trade_id"] == trade) & (frame["greek"] == greek)].iloc[0]
    return own["position_value"]


def test_amounts_are_the_sensitivities_of_the_basel_framework(frame):
    table = lg.to_crif(frame, buckets={"SAP": "8"}, portfolio="EXO")
    assert list(table.columns[:10]) == [
        "TradeID", "PortfolioID", "ProductClass", "RiskType", "Qualifier", "Bucket", "Label1", "Label2", "Amount",
        "AmountCurrency",
    ]  # fmt: skip
    own = table[table["TradeID"] == "eq"].set_index("RiskType")
    assert own.loc["EQ_DELTA", "Amount"] == pytest.approx(200.0 * position(frame, "eq", "delta"))
    assert own.loc["EQ_DELTA", "AmountUSD"] == pytest.approx(1.25 * own.loc["EQ_DELTA", "Amount"])
    assert (own.loc["EQ_DELTA", "Bucket"], own.loc["EQ_DELTA", "PortfolioID"]) == ("8", "EXO")
    assert own.loc["EQ_DELTA", "Label2"] == "SPOT"
    vega = own.loc[["EQ_VEGA"]]
    assert vega["Label1"].tolist() == ["1y", "3y"]
    assert vega["Amount"].sum() == pytest.approx(0.2 * position(frame, "eq", "vega"))
    years = 731 / 365  # shared linearly between one year and three
    assert vega["Amount"].iloc[0] / vega["Amount"].sum() == pytest.approx((3.0 - years) / 2.0)
    rho = own.loc[["GIRR_DELTA"]]
    assert rho["Qualifier"].unique().tolist() == ["EUR"]
    assert rho["Amount"].sum() == pytest.approx(position(frame, "eq", "rho"))


def test_currency_pairs_are_told_by_their_names_and_classes_may_be_stated(frame):
    table = lg.to_crif(frame)
    own = table[table["TradeID"] == "fx"].set_index("RiskType")
    assert own.loc["FX_DELTA", "Qualifier"] == "EURUSD"
    assert own.loc["FX_VEGA", ["Label1", "ProductClass"]].tolist() == ["6m", "RatesFX"]  # before the first vertex
    assert set(lg.to_crif(frame, classes={"EURUSD": "equity"})["RiskType"]) == {"EQ_DELTA", "EQ_VEGA", "GIRR_DELTA"}
    assert table.loc[table["RiskType"] == "EQ_DELTA", "Bucket"].tolist() == ["11"]
    with pytest.raises(ValueError, match=r"'SAP'\] must be one of"):
        lg.to_crif(frame, classes={"SAP": "credit"})


def test_the_simm_has_its_own_names_and_scales(frame):
    table = lg.to_crif(frame, standard="simm").set_index("RiskType")
    equity, currency = (table[table["TradeID"] == trade] for trade in ("eq", "fx"))
    assert equity.loc["Risk_Equity", "Amount"] == pytest.approx(2.0 * position(frame, "eq", "delta"))
    assert equity.loc["Risk_Equity", "Bucket"] == "Residual"
    assert currency.loc["Risk_FX", "Qualifier"] == "EUR"
    rates = currency.loc[["Risk_IRCurve"]]
    assert rates["Label1"].tolist() == ["2w", "1m"]
    assert rates["Label2"].unique().tolist() == ["OIS"]
    assert rates["Amount"].sum() == pytest.approx(1e-4 * position(frame, "fx", "rho"))


def test_buckets_go_to_the_vertices_around_them():
    curve = {"times": ["2027-06-01", "2031-06-01"], "rates": [0.02, 0.03]}
    asset = {"spot": 200.0, "zero_curve": curve, "implied_volatility": 0.2, "currency": "EUR"}
    market = {"valuation_date": "2026-06-01", "underlyings": {"SAP": asset}}
    frame = lg.risk(BOOK.iloc[:1], market, ["rho"], buckets=["rho"])
    own = lg.to_crif(frame).set_index("Label1")
    parts = frame[(frame["trade_id"] == "eq") & (frame["bucket"] != "")].set_index("bucket")["position_value"]
    assert own["Amount"].sum() == pytest.approx(position(frame, "eq", "rho"))
    assert list(own.index) == ["1y", "5y", "10y"]  # five years and a day
    assert own.loc["1y", "Amount"] == pytest.approx(parts.iloc[0])


def test_curvature_has_two_rows_a_trade_and_no_place_in_the_simm(frame):
    curve = lg.curvature(BOOK, MARKET, spot={"SAP": 0.5, "others": 0.15})
    table = lg.to_crif(frame, curvature=curve)
    own = table[table["RiskType"].str.endswith("CURV")]
    assert own["Label1"].tolist() == ["0.5", "-0.5", "0.15", "-0.15"]
    assert own["RiskType"].tolist() == ["EQ_CURV"] * 2 + ["FX_CURV"] * 2
    assert np.allclose(own["Amount"].iloc[:2], curve[["cvr_up", "cvr_down"]].iloc[0])
    with pytest.raises(ValueError, match="curvature must go with frtb"):
        lg.to_crif(frame, standard="simm", curvature=curve)


def test_the_command_writes_them(capsys, tmp_path):
    BOOK.to_csv(tmp_path / "book.csv", index=False)
    (tmp_path / "market.toml").write_text(
        "valuation_date = 2026-06-01\n"
        "[underlyings.SAP]\nspot = 200.0\nzero_rate = 0.03\nimplied_volatility = 0.2\ncurrency = 'EUR'\n"
        "[underlyings.EURUSD]\nspot = 1.25\nzero_rate = 0.03\nimplied_volatility = 0.2\ncurrency = 'USD'\n"
    )
    arguments = ["risk", str(tmp_path / "book.csv"), "--market", str(tmp_path / "market.toml"), "--crif"]
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, str(tmp_path / "crif.csv"), "--crif-buckets", "SAP=8"])
    assert not stop.value.code
    assert "crif.csv" in capsys.readouterr().out
    written = pd.read_csv(tmp_path / "crif.csv", dtype=str, keep_default_na=False)
    assert written["RiskType"].tolist()[:1] == ["EQ_DELTA"]
    assert written["Bucket"].tolist()[0] == "8"
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, str(tmp_path / "crif.csv"), "--crif-buckets", "SAP"])
    assert stop.value.code == 2


@pytest.mark.parametrize("argument", [{"buckets": {"no such": "5"}}, {"classes": {"no such": "equity"}}])
def test_underlyings_that_are_not_there_are_refused(frame, argument):
    with pytest.raises(ValueError, match="must name underlyings of the frame"):
        lg.to_crif(frame, **argument)
