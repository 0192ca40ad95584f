"""Books under the local volatility of their quotes: the law of the trades, and what is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg

VOLATILITIES = [[0.27, 0.25], [0.21, 0.21], [0.19, 0.2]]
QUOTES = {"strikes": [85.0, 100.0, 115.0], "maturities": [0.25, 1.0], "volatilities": VOLATILITIES}
ASSET = {"spot": 100.0, "zero_rate": 0.03, "model": "local_volatility", "implied_volatility": QUOTES}
BARRIER = {
    "trade_id": "A", "underlying": "X", "product": "barrier", "option": "call", "quantity": 10.0, "strike": 100.0,
    "level": 120.0, "direction": "up", "knock": "out", "maturity": "2025-07-04", "frequency": "monthly",
}  # fmt: skip
CALL = {
    "trade_id": "B",
    "underlying": "X",
    "product": "call",
    "quantity": -5.0,
    "strike": 95.0,
    "maturity": "2025-12-01",
}


def market(**changes):
    return {"valuation_date": "2025-01-06", "underlyings": {"X": {**ASSET, **changes}}}


def book(*trades):
    return pd.DataFrame([*trades])


@pytest.mark.slow
def test_trades_have_the_local_volatility_of_the_quotes():
    own = lg.Market.read(market()).underlying("X")
    assert own.local_volatility.fit.rms_error < 1e-3
    law = own.model(strike=77.0, maturity=0.5)
    assert law == own.model(strike=130.0, maturity=0.5)
    assert law.volatility is own.local_volatility.volatility
    assert (law.rate, law.curves) == (0.03, None)
    frame = lg.risk(book(BARRIER, CALL), market(), ["delta", "vega"], paths=4096, seed=1)
    assert set(frame[frame.trade_id != "net"].model) == {"local_volatility"}
    direct = lg.greeks(
        law,
        lg.Barrier(lg.Call(100.0, 179 / 365), 120.0, "up", "out", _dates()),
        ["delta", "vega"],
        paths=20_000,
        seed=2,
    )
    for greek in ("price", "delta", "vega"):
        row = frame[(frame.trade_id == "A") & (frame.greek == greek)].iloc[0]
        gap = row["value"] - direct[greek].value
        assert abs(gap) < 4.0 * np.hypot(row["standard_error"], direct[greek].standard_error), greek


def _dates():
    return tuple((pd.Timestamp(day) - pd.Timestamp("2025-01-06")).days / 365 for day in MONTHLY)


MONTHLY = ("2025-02-04", "2025-03-04", "2025-04-04", "2025-05-05", "2025-06-04", "2025-07-04")


@pytest.mark.slow
def test_delta_and_ladders_go_along_with_the_smile():
    options = {"paths": 20_000, "seed": 3}
    one = {**BARRIER, "quantity": 1.0}
    sticky, plain = (
        lg.risk(book(one), market(), ["delta"], smile=smile, **options).set_index("greek").loc["delta"].iloc[0]
        for smile in ("sticky_moneyness", "sticky_strike")
    )
    h, ends = 2.0, []
    for size in (h, -h):
        strikes = [strike * (100.0 + size) / 100.0 for strike in QUOTES["strikes"]]
        there = market(spot=100.0 + size, implied_volatility={**QUOTES, "strikes": strikes})
        ends.append(lg.risk(book(one), there, [], **options).iloc[0])
    slope = (ends[0]["value"] - ends[1]["value"]) / (2.0 * h)
    error = np.hypot(sticky["standard_error"], ends[0]["standard_error"] / h)
    assert abs(sticky["value"] - slope) < 4.0 * error
    assert abs(plain["value"] - slope) > 4.0 * error  # what would be seen
    ladder = lg.ladder(book(one), market(), [-0.02, 0.02], smile="sticky_moneyness", **options)
    assert ladder["change"].diff().iloc[-1] / (2.0 * h) == pytest.approx(slope, abs=4.0 * error)


@pytest.mark.slow
def test_vega_is_split_by_the_quotes_and_nets_too():
    with pytest.warns(lg.BookWarning, match="X: rho under its model cannot be split by node"):
        frame = lg.risk(
            book(BARRIER, {**CALL, "maturity": "2025-03-03"}), market(), ["vega"], paths=4096, seed=1,
            buckets=["vega", "rho"],
        )  # fmt: skip
    parts, whole = frame[frame.bucket != ""], frame[(frame.greek == "vega") & (frame.bucket == "")]
    assert set(parts.greek) == {"vega"}
    assert parts[parts.trade_id == "A"].bucket.tolist() == [
        f"{k:g} x {t:g}" for t in (0.25, 1.0) for k in (85, 100, 115)
    ]
    assert parts[parts.trade_id == "B"].bucket.tolist() == [f"{k} x 0.25" for k in (85, 100, 115)]
    sums = parts.groupby("trade_id")["position_value"].sum()
    np.testing.assert_allclose(sums, whole.set_index("trade_id")["position_value"].loc[sums.index], rtol=1e-9)
    law = lg.Market.read(market()).underlying("X").model(strike=100.0, maturity=0.5)
    barrier = lg.Barrier(lg.Call(100.0, 179 / 365), 120.0, "up", "out", _dates())
    direct = lg.greeks(law, barrier, [], paths=20_000, seed=2, buckets=["vega"])
    for k, (_, row) in enumerate(parts[parts.trade_id == "A"].iterrows()):
        one = direct[f"vega[{k}]"]
        assert abs(row["value"] - one.value) < 4.0 * np.hypot(row["standard_error"], one.standard_error)


def test_a_trade_beyond_the_last_quote_is_refused_and_the_rest_is_valued():
    late = {**CALL, "trade_id": "late", "maturity": "2026-06-01"}
    with pytest.warns(lg.BookWarning, match="late .* maturity must be at most 1 years, the last of the quotes"):
        frame = lg.risk(book(CALL, late), market(), ["delta"], paths=512, seed=1)
    (problem,) = frame.attrs["problems"]
    assert problem["trade_id"] == "late"
    assert "B" in set(frame.trade_id)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"implied_volatility": 0.2}, "model must have an implied_volatility of strikes"),
        ({"dividends": [{"ex_date": "2025-06-01", "amount": 1.0}]}, "dividends must not be given with the model local"),
        ({"heston": {"calibrate": True}}, "model must be 'heston' where there is a table heston"),
    ],
)
def test_what_it_cannot_have_is_refused(changes, message):
    with warnings.catch_warnings(record=True) as said, pytest.raises((ValueError, KeyError)) as caught:
        lg.Market.read(market(**changes)).underlying("X")
    told = str(caught.value) + " ".join(str(w.message) for w in said)
    assert message in told


def test_quotes_that_are_left_out_are_remarked_on():
    wrong = {
        "strikes": [80.0, 90.0, 100.0, 110.0, 120.0], "maturities": [1.0],
        "volatilities": [[0.24], [0.22], [0.28], [0.19], [0.18]],
    }  # fmt: skip
    found = lg.Market.read(market(implied_volatility=wrong))
    assert any("left out: 1, the first at strike 100, 1 years" in remark for remark in found.remarks), found.remarks


@pytest.mark.slow
def test_profits_under_it_are_explained_by_the_moves_of_spot_and_surface():
    tuesday = market(spot=100.5) | {"valuation_date": "2025-01-07"}
    frame = lg.explain_book(book(CALL), market(), tuesday, paths=4096, seed=1)
    row = frame.iloc[0]
    assert row["delta"] < -0.5  # short five calls
    assert row["pnl"] == pytest.approx(row["explained"] + row["unexplained"])
    assert abs(row["unexplained"]) < 4.0 * row["unexplained_standard_error"] - 0.1 * row["delta"]
    assert row["unexplained_standard_error"] < -0.5 * row["delta"]


def test_quotes_that_the_fit_misses_are_told_with_the_worst_of_them():
    falling = {**QUOTES, "volatilities": [[0.27, 0.07], [0.21, 0.05], [0.19, 0.05]]}
    found = lg.Market.read(market(implied_volatility=falling))
    missed = found.underlying("X").local_volatility.fit.missed
    assert len(missed) >= 2
    assert missed["error"].abs().is_monotonic_decreasing
    assert missed["error"].min() > 0.03  # 5 % to a year, less than has gone by to three months
    told = [remark for remark in found.remarks if f"misses {len(missed)} quotes" in remark]
    assert len(told) == 1
    assert f"at strike {missed['strike'][0]:g}, 1 years, it has +" in told[0]
    assert not len(lg.Market.read(market()).underlying("X").local_volatility.fit.missed)
