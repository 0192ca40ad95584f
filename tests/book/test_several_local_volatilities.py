"""Trades on several assets whose markets say local_volatility: values, Greeks by asset, and what is refused."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

import likelihood_greeks as lg

STRIKES = [0.8, 0.9, 1.0, 1.1, 1.2]
YEARS = 61.0 / 365.0
TRADE = {"trade_id": "X", "underlying": "A|B", "product": "exchange", "weights": "1;2", "quantity": 1.0,
         "maturity": "2027-01-27"}  # fmt: skip


def asset(spot: float, level: float, dividend_yield: float, **more: Any) -> dict[str, Any]:
    """An asset whose quotes are flat."""
    quotes = {"maturities": [0.1, 0.25], "strikes": [k * spot for k in STRIKES], "volatilities": [[level] * 2] * 5}
    return {"spot": spot, "zero_rate": 0.02, "dividend_yield": dividend_yield, "implied_volatility": quotes,
            "model": "local_volatility", **more}  # fmt: skip


def market(first: dict[str, Any] | None = None, second: dict[str, Any] | None = None) -> dict[str, Any]:
    own = {"A": first or asset(100.0, 0.2, 0.01), "B": second or asset(50.0, 0.25, 0.0)}
    return {"valuation_date": "2026-11-27", "underlyings": own, "correlation": {"A|B": 0.6}}


def risk(on: dict[str, Any], *rows: dict[str, Any], **settings: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lg.BookWarning)
        return lg.risk(pd.DataFrame([*rows]), on, ["delta", "vega"], **{"paths": 2048, "seed": 3, **settings})


def margrabe() -> dict[str, float]:
    """Value, deltas and vegas of the right to exchange two of B for one of A, by Margrabe's formula."""
    x, y, rho = 100.0 * np.exp(-0.01 * YEARS), 100.0, 0.6
    variance = 0.2**2 + 0.25**2 - 2.0 * rho * 0.2 * 0.25
    root, deviation = np.sqrt(variance), np.sqrt(variance * YEARS)
    d = np.log(x / y) / deviation + 0.5 * deviation
    a, b = special.ndtr(d), special.ndtr(d - deviation)
    pace = x * np.exp(-0.5 * d**2) / np.sqrt(2.0 * np.pi) * np.sqrt(YEARS) / root
    return {"price": x * a - y * b, "delta[A]": x / 100.0 * a, "delta[B]": -2.0 * b,
            "vega[A]": pace * (0.2 - rho * 0.25), "vega[B]": pace * (0.25 - rho * 0.2)}  # fmt: skip


@pytest.mark.slow
def test_an_exchange_under_flat_quotes_is_margrabes():
    table = risk(market(), TRADE, paths=16_384)
    own = table[table["trade_id"] == "X"]
    assert set(own["model"]) == {"local_volatility"}
    found = {f"{g}[{a}]" if a else g: row for g, a, row in zip(own["greek"], own["asset"], own.index, strict=True)}
    largest = {"price": 0.05, "delta[A]": 3e-3, "delta[B]": 4e-3, "vega[A]": 0.2, "vega[B]": 0.2}
    for name, exact in margrabe().items():
        value, error = own.loc[found[name], ["value", "standard_error"]]
        assert 0.0 < error < largest[name]
        assert abs(value - exact) < 4.0 * error + 1e-3 * abs(exact), name  # and the error of the fit
    nets = table[(table["trade_id"] == "net") & (table["greek"] == "delta")]
    assert {"A", "B"} <= {*nets["asset"], *nets["underlying"]}


@pytest.mark.slow
def test_vega_is_split_by_the_quotes_of_every_asset_and_what_cannot_be_is_told():
    with pytest.warns(lg.BookWarning, match=r"A\|B: rho of several assets under local volatilities cannot be split"):
        frame = lg.risk(pd.DataFrame([TRADE]), market(), [], paths=1024, seed=1, buckets=["vega", "rho"])
    vegas = frame[frame["greek"] == "vega"]
    assert set(vegas.loc[vegas["bucket"] != "", "bucket"]) > {"100 x 0.25", "50 x 0.25"}
    for column, rows in (
        ("value", vegas[vegas["trade_id"] == "X"]),
        ("position_value", vegas[vegas["trade_id"] == "net"]),
    ):
        for _, own in rows.groupby(["underlying", "asset"]):
            split = own["bucket"] != ""
            assert own.loc[split, column].sum() == pytest.approx(own.loc[~split, column].item(), rel=1e-9)
            assert (own.loc[split, column].abs() > 0.0).sum() >= 8


@pytest.mark.slow
def test_a_shock_moves_all_of_a_set_and_explaining_it_is_refused():
    put = {**TRADE, "trade_id": "P", "product": "worst_of_put", "weights": None, "strike": "95%", "quantity": 100.0}
    grid = lg.scenario_grid(pd.DataFrame([put]), market(), spot=[-0.1], volatility=[0.0], paths=1024, seed=1)
    assert 4.0 < grid["change"].iloc[0] < 8.0
    later = {**market(), "valuation_date": "2026-11-30"}
    with pytest.warns(lg.BookWarning, match="P .row 1.: model must be black-scholes to explain"):
        told = lg.explain_book(pd.DataFrame([put]), market(), later, paths=1024, seed=1)
    (problem,) = told.attrs["problems"]
    assert problem["requirement"] == "be black-scholes to explain trades on several assets"


@pytest.mark.parametrize(
    ("first", "requirement"),
    [
        ({"model": "black-scholes"}, "be black-scholes for trades on several assets, or local_volatility for all of"),
        ({"currency": "USD"}, "be that of all assets under local volatilities"),
    ],
)
def test_what_is_not_one_law_is_refused(first, requirement):
    on = market(asset(100.0, 0.2, 0.01, **first), asset(50.0, 0.25, 0.0, currency="EUR"))
    on["underlyings"]["EURUSD"] = {"spot": 1.1, "zero_rate": 0.03, "implied_volatility": 0.1, "currency": "USD"}
    on["correlation"] |= {"A|EURUSD": 0.1, "B|EURUSD": 0.1}
    sure = {"trade_id": "S", "underlying": "EURUSD", "product": "call", "strike": 1.1, "maturity": "2027-01-27",
            "quantity": 1.0}  # fmt: skip
    found = risk(on, {**TRADE, "currency": "EUR"}, sure)
    assert [problem["requirement"] for problem in found.attrs["problems"] if requirement in problem["requirement"]]
