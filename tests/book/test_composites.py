"""Composites in books: their value, their nets, their past, the next day, shocks, buckets, what is refused."""

import warnings
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book import sealed

US = {"zero_rate": 0.05, "currency": "USD"}
CALL = {"trade_id": "C", "underlying": "SPX", "product": "composite_call", "strike": 90, "maturity": "2027-11-27",
        "quantity": 10, "currency": "USD", "currency_pay": "EUR"}  # fmt: skip
PUT = {"trade_id": "W", "underlying": "SPX|SX5E", "product": "composite_worst_of_put", "strike": "95%",
       "maturity": "2027-11-27", "quantity": 1000, "currency": "EUR"}  # fmt: skip
CALLED = {**PUT, "trade_id": "A", "product": "composite_worst_of_autocallable", "strike": "100%", "level": "60%",
          "coupon": "2%", "frequency": "2026-11-26;2027-11-27", "start": "2026-06-18"}  # fmt: skip
PAST = {"SPX": {"2026-06-18": 95.0, "2026-11-26": 97.0}, "SX5E": {"2026-06-18": 48.0, "2026-11-26": 49.0},
        "EURUSD": {"2026-06-18": 1.1, "2026-11-26": 1.15}}  # fmt: skip
EXACT = lg.greeks(
    lg.GBM(spot=90.0, volatility=(0.2**2 + 0.1**2 - 2.0 * 0.3 * 0.2 * 0.1) ** 0.5, rate=0.02, dividend_yield=0.01),
    lg.Call(90.0, 1.0), ["delta"], closed_form=True,
)  # fmt: skip


def market(day: str = "2026-11-27", spots: tuple[float, float, float] = (100.0, 50.0, 0.9), **more: Any) -> Any:
    assets = {
        "SPX": {**US, "spot": spots[0], "dividend_yield": 0.01, "implied_volatility": 0.2},
        "SX5E": {"zero_rate": 0.02, "currency": "EUR", "spot": spots[1], "dividend_yield": 0.02,
                 "implied_volatility": 0.25},
        "EURUSD": {**US, "spot": 1.0 / spots[2], "dividend_yield": 0.02, "implied_volatility": 0.1},
    }  # fmt: skip
    between = {"SPX|SX5E": 0.6, "SPX|EURUSD": 0.3, "SX5E|EURUSD": 0.1}
    return {"valuation_date": day, "underlyings": assets, "correlation": between, "fixings": PAST, **more}


def risk(rows: list[dict[str, Any]], on: Any, greeks: list[str], **settings: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lg.BookWarning)
        return lg.risk(pd.DataFrame(rows), on, greeks, **{"paths": 4096, "seed": 1, **settings})


def test_a_call_has_the_value_and_deltas_of_its_converted_spot_in_the_nets_of_asset_and_pair() -> None:
    frame = risk([CALL], market(), ["delta"]).set_index(["trade_id", "greek", "asset"])
    own = frame.loc["C"]
    exact = {("price", ""): EXACT["price"].value, ("delta", "SPX"): 0.9 * EXACT["delta"].value,
             ("delta", "EURUSD"): -0.9 * 90.0 * EXACT["delta"].value}  # fmt: skip
    assert set(own.index) == set(exact)
    for key, value in exact.items():
        error = own.loc[key, "standard_error"]
        assert error < 1e-5 * abs(value)
        assert abs(own.loc[key, "value"] - value) < 4.0 * error + 1e-9 * abs(value)
    assert set(own["underlying"]) == {"SPX|EURUSD"}
    assert set(own["currency"]) == {"EUR"}
    nets = frame.loc["net"].set_index("underlying", append=True)
    assert nets.loc[("delta", "", "SPX"), "value"] == pytest.approx(10.0 * EXACT["delta"].value, rel=1e-5)  # in dollars


def test_performances_of_sets_are_of_converted_spots_past_and_to_come() -> None:
    stated = {**PUT, "trade_id": "S", "reference": "90|50"}
    frame = risk([PUT, stated, CALLED], market(), [], paths=8192).set_index(["trade_id", "greek"])
    assert frame.attrs["problems"] == []
    assert frame.loc[("W", "price"), "value"] == pytest.approx(frame.loc[("S", "price"), "value"])
    assert frame.loc[("W", "price"), "underlying"] == "SPX|SX5E|EURUSD"
    # called on 26 November? SPX is at 97 / 1.15 = 84.3 euros, 97.7 % of 95 / 1.1: not called
    assert frame.loc[("A", "price"), "state"].startswith("1 of 2 observations are past")
    higher = {**PAST, "EURUSD": {"2026-06-18": 1.15, "2026-11-26": 1.1}}
    with_euro = risk([CALLED], market(fixings=higher), []).set_index(["trade_id", "greek"])
    assert "redeemed on 2026-11-26" in with_euro.loc[("A", "price"), "state"]
    missing = risk([PUT, CALLED], market(fixings={k: x for k, x in PAST.items() if k != "EURUSD"}), [])
    assert "EURUSD" in missing.attrs["problems"][0]["requirement"]


def test_a_day_a_shock_a_ladder_and_buckets() -> None:
    tuesday = market("2026-11-28", (101.0, 50.0, 0.905))
    row = lg.explain_book(pd.DataFrame([CALL]), market(), tuesday, paths=4096, seed=1).set_index("trade_id").loc["C"]
    slope = 10.0 * EXACT["delta"].value
    assert row["delta"] == pytest.approx(slope * (0.9 * 1.0 - 0.9 * 90.0 * (1 / 0.905 - 1 / 0.9)), rel=0.01)
    assert abs(row["unexplained"]) < 0.02 * abs(row["pnl"])
    grid = lg.scenario_grid(
        pd.DataFrame([CALL]), market(), spot=[0.1], volatility=[0.0], underlyings=["SPX"], paths=4096, seed=1
    )
    up = lg.greeks(lg.GBM(spot=99.0, volatility=EXACT_VOLATILITY, rate=0.02, dividend_yield=0.01), lg.Call(90.0, 1.0),
                   [], closed_form=True)["price"].value  # fmt: skip
    cell = grid[grid["trade_id"] == "C"].iloc[0]
    assert cell["base"] + cell["change"] == pytest.approx(10.0 * up, rel=1e-5)
    ladder = lg.ladder(pd.DataFrame([CALL]), market(), [0.1], paths=16_384, seed=1)
    alone = ladder[ladder["underlying"] == "SPX"].iloc[0]
    gained = 10.0 * (up - EXACT["price"].value) / 0.9
    assert abs(alone["change"] - gained) < 4.0 * alone["standard_error"] + 1e-9
    on = market()
    on["underlyings"]["SPX"]["implied_volatility"] = {"strikes": [80.0, 120.0], "maturities": ["6M", "2Y"],
                                                      "volatilities": [[0.2, 0.2], [0.2, 0.2]]}  # fmt: skip
    frame = risk([CALL], on, ["vega"], buckets=["vega"])
    own = frame[(frame["trade_id"] == "C") & (frame["greek"] == "vega") & (frame["asset"] == "SPX")]
    whole, parts = (own.loc[(own["bucket"] == "") == flag, "value"] for flag in (True, False))
    assert len(parts) >= 4
    assert parts.sum() == pytest.approx(float(whole.iloc[0]))


def test_the_currency_of_a_composite_is_one_in_files_for_regulators() -> None:
    table = lg.to_crif(risk([PUT], market(), ["delta", "vega"], paths=512)).set_index(["RiskType", "Qualifier"])
    assert {*table.loc["FX_DELTA"].index, *table.loc["FX_VEGA"].index} == {"EURUSD"}
    assert {*table.loc["EQ_DELTA"].index} == {"SPX", "SX5E"}


@pytest.mark.slow
def test_sets_are_the_same_in_other_processes_and_after_a_stop(tmp_path, monkeypatch) -> None:
    """Composites, an outside barrier and a seasoned note, with buckets of a correlation by pillar."""
    on = market()
    on["correlation"]["SPX|SX5E"] = {"6M": 0.6, "2Y": 0.5}
    barrier = {**PUT, "trade_id": "O", "product": "outside_barrier", "strike": 50.0, "level": 80.0, "option": "call",
               "direction": "down", "knock": "out", "frequency": "quarterly", "currency": "EUR"}  # fmt: skip
    rows, wanted = pd.DataFrame([CALL, PUT, CALLED, barrier]), ["delta", "correlation"]
    options = {"paths": 1024, "seed": 1, "buckets": ["correlation"]}
    whole = lg.risk(rows, on, wanted, executor="serial", output=tmp_path / "whole.csv", **options)
    assert whole.attrs["problems"] == []
    with ProcessPoolExecutor(1) as processes:
        pd.testing.assert_frame_equal(lg.risk(rows, on, wanted, executor=processes, **options), whole)
    file, original, calls = tmp_path / "risk.csv", sealed.written, list[Any]()

    def stopped(*given: Any) -> Any:
        calls.append(given)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(sealed, "written", stopped)
        with pytest.raises(lg.Interrupted):
            lg.risk(rows, on, wanted, output=file, executor="serial", **options)
    resumed = lg.risk(rows, on, wanted, output=file, resume=True, **{**options, "seed": None})
    pd.testing.assert_frame_equal(resumed, whole)
    assert file.read_bytes() == (tmp_path / "whole.csv").read_bytes()


EXACT_VOLATILITY = (0.2**2 + 0.1**2 - 2.0 * 0.3 * 0.2 * 0.1) ** 0.5


@pytest.mark.parametrize(
    ("row", "change", "why"),
    [
        (CALL, {"underlying": "SX5E", "currency": "EUR"}, "be another currency than that of SX5E"),
        (CALL, {"currency": None, "currency_pay": None}, "currency_pay must be given, and be another currency than"),
        (CALL, {"underlying": "SPX|SX5E"}, "have worst_of_, best_of_ or basket_ before call"),
        (PUT, {"currency": "USD", "underlying": "SX5E|SPX", "product": "composite_worst_of_bermudan_put",
               "frequency": "quarterly"}, "not be exercised early where spots are converted"),
        (PUT, {"product": "composite_worst_of_reverse_convertible", "coupon": "1%", "frequency": "quarterly",
               "call_frequency": "quarterly"}, "call_frequency must be blank where spots are converted"),
        (PUT, {"product": "composite_worst_of_nothing"}, "product must"),
        (PUT, {"currency": "CHF"}, "be that of an underlying of the market"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_refused(row: dict[str, Any], change: dict[str, Any], why: str) -> None:
    found = risk([{**row, **change}, {**PUT, "trade_id": "Z"}], market(), [], paths=256).attrs["problems"]
    assert why in " / ".join(f"{each['field']} must {each['requirement']}" for each in found)


def test_a_missing_pair_is_named() -> None:
    on = market()
    del on["underlyings"]["EURUSD"], on["correlation"]["SPX|EURUSD"], on["correlation"]["SX5E|EURUSD"]
    found = risk([PUT, {**PUT, "trade_id": "Z", "product": "worst_of_put"}], on, [], paths=256).attrs["problems"]
    assert "USDEUR among its underlyings: a composite needs it" in found[0]["requirement"]
    assert found[0]["field"] == ("currency_pay" if "currency_pay" in PUT else "currency")
    on = market(correlation={"SPX|SX5E": 0.6, "SPX|EURUSD": 0.3})
    (problem,) = risk([PUT, {**PUT, "trade_id": "Z", "product": "worst_of_put"}], on, [], paths=256).attrs["problems"]
    assert "SX5E|EURUSD" in problem["requirement"]
