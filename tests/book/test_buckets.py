"""Buckets of a book: by quote of the surface and node of the curves, exact and simulated, summing to their Greeks."""

import copy
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book import account, blocks, sealed

STRIKES, YEARS = [80.0, 90.0, 100.0, 110.0, 120.0], [0.5, 1.0, 2.0]
MARKET = {
    "valuation_date": "2026-01-01",
    "underlyings": {
        "X": {
            "spot": 100.0,
            "zero_curve": {"times": [0.25, 0.5, 1.0, 2.0, 5.0], "rates": [0.02, 0.022, 0.025, 0.028, 0.03]},
            "dividend_yield": 0.01,
            "implied_volatility": {
                "strikes": STRIKES,
                "maturities": YEARS,
                "volatilities": [
                    [0.28, 0.27, 0.26], [0.25, 0.24, 0.235], [0.22, 0.22, 0.22], [0.2, 0.205, 0.21], [0.19, 0.2, 0.205]
                ],
            },
        },
        "F": {"spot": 50.0, "zero_rate": 0.02, "implied_volatility": 0.3},
    },
}  # fmt: skip
CALL = {
    "trade_id": "call",
    "underlying": "X",
    "product": "call",
    "quantity": 10,
    "maturity": "2027-03-01",
    "strike": 96,
}
DIGITAL = {**CALL, "trade_id": "digital", "product": "digital_call", "quantity": 5, "maturity": "2026-10-01"}
BARRIER = {
    **CALL, "trade_id": "barrier", "product": "barrier", "option": "call", "direction": "down", "knock": "out",
    "level": 85, "frequency": "quarterly", "quantity": -3, "maturity": "2027-07-01", "strike": 104,
}  # fmt: skip
FLAT = {**CALL, "trade_id": "flat", "underlying": "F", "strike": 50}
BUCKETS = ["vega", "rho", "dividend_rho"]


def bumped(place, size):
    """The market with one number moved."""
    market = copy.deepcopy(MARKET)
    inner = market["underlyings"]["X"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] += size
    return market


def quotes():
    """Every quote of the market that has buckets: the Greek, the bucket, and where it stands."""
    for i, strike in enumerate(STRIKES):
        for j, years in enumerate(YEARS):
            yield "vega", f"{strike:g} x {years:g}", ("implied_volatility", "volatilities", i, j)
    for k, years in enumerate(MARKET["underlyings"]["X"]["zero_curve"]["times"]):
        yield "rho", f"{years:g}", ("zero_curve", "rates", k)


def values(frame, trade_id, greek):
    """Values of a trade's buckets."""
    own = frame[(frame["trade_id"] == trade_id) & (frame["greek"] == greek) & (frame["bucket"] != "")]
    return own.set_index("bucket")["value"]


def whole(frame, trade_id, greek, column="value"):
    own = frame[(frame["trade_id"] == trade_id) & (frame["greek"] == greek) & (frame["bucket"] == "")]
    return own[column].item()


@pytest.mark.slow
def test_buckets_of_closed_forms_are_the_derivatives_in_the_quotes_and_lie_in_their_own_cells():
    book = pd.DataFrame([CALL, DIGITAL])
    frame = lg.risk(book, MARKET, ["delta"], seed=1, buckets=BUCKETS)
    h = 1e-5
    for greek, bucket, place in quotes():
        up, down = (lg.risk(book, bumped(place, sign * h), [], seed=1) for sign in (1.0, -1.0))
        slopes = (up["value"] - down["value"]) / (2.0 * h)
        for trade_id, slope in zip(["call", "digital"], slopes, strict=False):
            assert values(frame, trade_id, greek).get(bucket, 0.0) == pytest.approx(slope, rel=1e-6, abs=1e-7)
    assert set(values(frame, "call", "vega").index) == {"90 x 1", "100 x 1", "90 x 2", "100 x 2", "between quotes"}


def test_buckets_sum_to_their_greek_for_trades_and_nets():
    book = pd.DataFrame([CALL, DIGITAL, BARRIER, FLAT])
    frame = lg.risk(book, MARKET, ["delta"], paths=2_048, seed=1, buckets=BUCKETS)
    assert frame.columns[4:7].tolist() == ["greek", "asset", "bucket"]
    keys = ["trade_id", "underlying", "greek"]
    parts = frame[frame["bucket"] != ""].groupby(keys)["position_value"].sum()
    wholes = frame[frame["bucket"] == ""].set_index(keys)["position_value"].loc[parts.index]
    np.testing.assert_allclose(parts, wholes, rtol=1e-11, atol=1e-10)
    assert len(parts) == 3 * 6
    nets = frame[(frame["trade_id"] == "net") & (frame["underlying"] == "X") & (frame["bucket"] != "")]
    trades = frame[(frame["trade_id"] != "net") & (frame["underlying"] == "X") & (frame["bucket"] != "")]
    summed = trades.groupby(["greek", "bucket"])["position_value"].sum()
    by_node = nets.set_index(["greek", "bucket"])["position_value"]
    np.testing.assert_allclose(by_node, summed.loc[by_node.index], rtol=1e-9, atol=1e-9)
    assert not nets["note"].any()
    rho = nets[nets["greek"] == "rho"]["bucket"].astype(float)
    assert rho.is_monotonic_increasing


@pytest.mark.slow
def test_buckets_of_a_simulated_trade_are_the_derivatives_in_the_quotes():
    frame = lg.risk(pd.DataFrame([BARRIER]), MARKET, ["delta"], paths=32_768, seed=3, buckets=["vega", "rho"])
    own = frame[(frame["trade_id"] == "barrier") & (frame["bucket"] != "")].set_index(["greek", "bucket"])
    h = 0.01
    for greek, bucket, place in quotes():
        if (greek, bucket) not in own.index:
            continue
        up, down = (
            lg.risk(pd.DataFrame([BARRIER]), bumped(place, sign * h), [], paths=32_768, seed=3).iloc[0]
            for sign in (1.0, -1.0)
        )
        slope, found = (up["value"] - down["value"]) / (2.0 * h), own.loc[(greek, bucket)]
        error = np.hypot(found["standard_error"], up["standard_error"] / (2.0 * h))
        assert abs(found["value"] - slope) < 4.0 * error
        assert found["standard_error"] < 0.05 * whole(frame, "barrier", greek)


def test_a_closed_form_and_its_simulation_agree():
    book = pd.DataFrame([CALL])
    exact = lg.risk(book, MARKET, ["delta"], seed=1, buckets=BUCKETS)
    drawn = lg.risk(book, MARKET, ["delta"], paths=16_384, seed=2, buckets=BUCKETS, closed_form=False)
    for greek in BUCKETS:
        known, found = (values(frame, "call", greek) for frame in (exact, drawn))
        assert list(known.index) == list(found.index)
        errors = drawn[(drawn["trade_id"] == "call") & (drawn["greek"] == greek) & (drawn["bucket"] != "")]
        assert (np.abs(found.to_numpy() - known.to_numpy()) <= 4.0 * errors["standard_error"].to_numpy() + 1e-12).all()
        assert (errors["standard_error"] < 0.05 * abs(whole(exact, "call", greek))).all()


def test_buckets_of_a_cured_trade_come_from_its_cure_and_sum_to_its_greeks():
    """A digital that some ten of a million paths reach: its exact buckets are those of the closed form."""
    market = copy.deepcopy(MARKET)
    market["underlyings"]["X"]["implied_volatility"]["beyond_strikes"] = "flat"
    rare = {**DIGITAL, "trade_id": "rare", "product": "digital_put", "quantity": -50, "strike": 40}
    book, options = pd.DataFrame([BARRIER, rare]), {"paths": 8_192, "buckets": BUCKETS}
    frame = lg.risk(book, market, ["delta"], seed=2, closed_form=False, **options).set_index(["greek", "bucket"])
    exact = lg.risk(pd.DataFrame([rare]), market, ["delta"], seed=2, **options).set_index(["greek", "bucket"])
    own, known = (table[table["trade_id"] == "rare"] for table in (frame, exact))
    assert own.index.equals(known.index)
    assert own["method"].str.contains("pushed paths").all()
    assert (own["standard_error"] < 0.5 * known["value"].abs()).all()
    assert ((own["value"] - known["value"]).abs() < 4.0 * own["standard_error"]).all()
    assert not frame["note"].any()
    for greek in BUCKETS:
        for name in ("rare", "net"):
            value = frame[frame["trade_id"] == name].loc[greek, "position_value"]
            assert value.iloc[1:].sum() == pytest.approx(value.iloc[0], rel=1e-11)
    net, barrier = (frame[frame["trade_id"] == name]["position_standard_error"] for name in ("net", "barrier"))
    apart = np.hypot(*(part.reindex(net.index).fillna(0.0) for part in (own["position_standard_error"], barrier)))
    np.testing.assert_allclose(net, apart, rtol=0.02)  # a cure has draws of its own


@pytest.mark.parametrize("controls", ["auto", "scores", "none"])
def test_a_position_and_its_opposite_leave_a_net_of_zero_without_a_doubt(controls):
    book = pd.DataFrame([{**DIGITAL, "trade_id": name, "quantity": q} for name, q in (("long", 3), ("short", -3))])
    options = {"paths": 1_024, "seed": 1, "buckets": BUCKETS, "controls": controls, "closed_form": False}
    frame = lg.risk(book, MARKET, ["delta", "gamma"], **options)
    net = frame[frame["trade_id"] == "net"]
    assert not frame["note"].any()
    assert (net["position_value"].abs() < 1e-9).all()
    assert (net["position_standard_error"] < 1e-9).all()


def test_a_net_names_no_trade_as_doubtful_that_has_no_row():
    """A payoff that no path reaches and nobody can follow: all that is known of its buckets is that no path has any."""
    beyond = lg.Payoff(lambda spot: np.where(np.sort(spot, axis=0)[-1] > 300.0, 10.0, 0.0), times=[0.2, 0.4])
    far = {"trade_id": "far", "underlying": BARRIER["underlying"], "quantity": 1, "payoff": beyond}
    frame = lg.risk(
        pd.DataFrame([BARRIER, far]), MARKET, ["vega"], paths=2048, seed=1, buckets=["vega"], controls="none"
    )
    marked = frame[frame["note"].str.contains("doubtful numbers of .*far")]
    own = frame[frame["trade_id"] == "far"].set_index("bucket")
    assert (marked["bucket"] != "").sum() > 0
    assert (own.loc[marked["bucket"], "note"] != "").all()
    assert "100 x 2" not in own.index  # nothing after its last date: no doubt, and no row


def test_what_cannot_be_split_is_refused():
    with pytest.raises(ValueError, match="buckets must be one of"):
        lg.risk(pd.DataFrame([CALL]), MARKET, ["delta"], seed=1, buckets=["gamma"])
    with pytest.raises(TypeError):
        lg.risk(pd.DataFrame([CALL]), MARKET, ["delta"], seed=1, buckets="vega")


def test_buckets_go_into_pivots_and_differences_and_leave_totals_as_they_are():
    book = pd.DataFrame([CALL, DIGITAL, BARRIER])
    split = lg.risk(book, MARKET, ["delta", "vega"], paths=2_048, seed=1, buckets=["vega"])
    plain = lg.risk(book, MARKET, ["delta", "vega"], paths=2_048, seed=1)
    totals = lg.pivot(split, "underlying")
    pd.testing.assert_frame_equal(totals, lg.pivot(plain, "underlying"), rtol=1e-9)
    pd.testing.assert_frame_equal(lg.desk_units(split), lg.desk_units(plain), rtol=1e-9)
    by_node = lg.pivot(split, ["underlying", "node"])
    vega = totals[totals["greek"] == "vega"]["value"].item()
    assert by_node["value"].sum() == pytest.approx(vega, rel=1e-10)
    nets = split[(split["trade_id"] == "net") & (split["bucket"] != "")]
    assert by_node["node"].tolist() == nets["bucket"].tolist()
    several = (by_node["trades"] > 1).to_numpy()
    errors = nets["standard_error"].to_numpy()[several] / 100.0
    np.testing.assert_allclose(by_node["standard_error"].to_numpy()[several], errors, rtol=1e-9)
    assert set(by_node["error"]) == {"exact"}
    changed = lg.diff(split, lg.risk(book, bumped(("spot",), 1.0), ["delta"], paths=2_048, seed=1, buckets=["vega"]))
    assert "90 x 1" in changed["bucket"].tolist()
    assert lg.diff(split, split)["verdict"].eq("noise").all()


@pytest.mark.slow
def test_buckets_are_the_same_in_other_processes_and_after_a_stop_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "SIZE", 1)
    monkeypatch.setattr(account, "ROUND", 1)
    book = pd.DataFrame([BARRIER, CALL, {**DIGITAL, "product": "asian", "option": "call", "frequency": "monthly"}])
    file, options = tmp_path / "risk.csv", {"paths": 2_048, "seed": 1, "buckets": BUCKETS}
    serial = lg.risk(book, MARKET, ["delta"], executor="serial", **options, output=tmp_path / "serial.csv")
    with ProcessPoolExecutor(2) as processes:
        pd.testing.assert_frame_equal(lg.risk(book, MARKET, ["delta"], executor=processes, **options), serial)
    for writes in (1, 3):
        calls, whole = [], sealed.written
        with monkeypatch.context() as patch:
            patch.setattr(sealed, "written", partial(stopped, calls, writes, whole))
            with pytest.raises(lg.Interrupted):
                lg.risk(book, MARKET, ["delta"], output=file, executor="serial", **options)
        resumed = lg.risk(book, MARKET, ["delta"], output=file, resume=True, **{**options, "seed": None})
        pd.testing.assert_frame_equal(resumed, serial)
        assert file.read_bytes() == (tmp_path / "serial.csv").read_bytes()
        file.unlink()


def stopped(calls, most, original, *given):
    """Ctrl-C in the call after the first ones."""
    calls.append(given)
    if len(calls) > most:
        raise KeyboardInterrupt
    return original(*given)


def test_greeks_under_a_model_of_their_own_are_whole_and_that_is_said():
    market = copy.deepcopy(MARKET)
    heston = {"initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04, "vol_of_vol": 0.5}
    market["underlyings"]["F"] |= {"model": "heston", "heston": {**heston, "correlation": -0.6}}
    with pytest.warns(lg.BookWarning, match="F: rho under its model cannot be split"):
        frame = lg.risk(pd.DataFrame([FLAT]), market, ["delta"], paths=1_024, seed=1, buckets=["rho"])
    assert not (frame["bucket"] != "").any()
