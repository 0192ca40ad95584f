"""Trades on the same assets under laws that see different things: each has the numbers that it has alone."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.parts import Parts
from likelihood_greeks.book.trades import NET

TIMES = {"times": [0.5, 2.0]}
VOLATILITY = {"maturities": [0.5, 2.0], "strikes": [180.0, 220.0, 260.0],
              "volatilities": [[0.31, 0.28], [0.28, 0.26], [0.27, 0.25]]}  # fmt: skip
MARKET = {
    "valuation_date": "2026-11-27",
    "reporting_currency": "USD",
    "fx": {"EUR": 1.162},
    "underlyings": {
        "E": {"spot": 214.5, "zero_curve": {**TIMES, "rates": [0.02, 0.024]}, "dividend_yield": 0.0115,
              "currency": "EUR", "implied_volatility": VOLATILITY},
        "EURUSD": {"spot": 1.162, "zero_curve": {**TIMES, "rates": [0.036, 0.035]}, "dividend_yield": 0.02,
                   "currency": "USD", "implied_volatility": 0.08},
    },
    "correlation": {"E|EURUSD": -0.3},
}  # fmt: skip
END = "2027-11-26"
ONE = {"underlying": "E", "maturity": END, "currency_pay": "USD"}
SET = {"underlying": "E|EURUSD", "maturity": END, "currency_pay": "USD"}
DATES = {"frequency": "2027-05-26;2027-11-26"}
TRADES = {
    "quanto": {**ONE, "product": "quanto_call", "strike": 220.0, "quantity": 2},
    "composite": {**ONE, "product": "composite_put", "strike": 240.0, "quantity": -3},
    "quanto barrier": {**ONE, **DATES, "product": "quanto_barrier", "option": "call", "direction": "down",
                       "knock": "out", "level": 190.0, "strike": 215.0, "quantity": 1},
    "composite barrier": {**ONE, **DATES, "product": "composite_barrier", "option": "put", "direction": "up",
                          "knock": "in", "level": 290.0, "strike": 260.0, "quantity": 1},
    "worst": {**SET, "product": "worst_of_put", "strike": 0.95, "quantity": 100},
    "spread": {**SET, "product": "exchange", "weights": "1|190", "quantity": 1},
}  # fmt: skip
GREEKS = ["delta", "gamma", "cross_gamma", "vega", "correlation", "rho", "fx_volatility", "quanto_correlation", "theta"]
NUMBERS = ["greek", "asset", "value", "standard_error", "position_value", "note"]
SETTINGS = {"paths": 512, "seed": 1}


def book(*names):
    return pd.DataFrame([{"trade_id": name, **TRADES[name]} for name in names])


def of_trade(frame, name, columns):
    return frame.loc[frame["trade_id"] == name, columns].reset_index(drop=True)


def same(found, alone):
    """Whether two tables are the same but for rounding."""
    pd.testing.assert_frame_equal(found, alone, rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def alone():
    """The frames of books of one trade each, by what makes them."""
    known = {}

    def of(name, make):
        if (name, make) not in known:
            known[name, make] = make(book(name))
        return known[name, make]

    return of


def priced(table):
    return lg.risk(table, MARKET, GREEKS, **SETTINGS)


def split(table):
    return lg.risk(table, MARKET, ["delta", "fx_volatility"], buckets=["vega", "rho", "correlation"], **SETTINGS)


def drawn(table):
    return lg.risk(table, MARKET, ["delta", "vega"], closed_form=False, **SETTINGS)


def test_a_composite_has_greeks_that_a_quanto_on_the_same_assets_has_not(alone):
    one, two = alone("quanto", priced), alone("composite", priced)
    assert ("delta", "EURUSD") not in set(zip(one["greek"], one["asset"], strict=True))
    assert ("delta", "EURUSD") in set(zip(two["greek"], two["asset"], strict=True))
    assert "fx_volatility" in set(one["greek"]) - set(two["greek"])
    assert {*one["underlying"]} & {*two["underlying"]} == {"E|EURUSD", "E"}


@pytest.mark.parametrize("make", [priced, split, drawn])
@pytest.mark.parametrize("names", [*permutations(TRADES, 2)])
def test_two_trades_on_the_same_assets_have_the_rows_that_each_has_alone(names, make, alone):
    frame = make(book(*names))
    assert not frame.attrs["problems"]
    columns = [*NUMBERS, *(["bucket"] if make is split else [])]
    for name in names:
        same(of_trade(frame, name, columns), of_trade(alone(name, make), name, columns))


@pytest.mark.parametrize("make", [priced, split, drawn])
def test_nets_are_the_sums_of_what_the_trades_have(make):
    for names in (tuple(TRADES), tuple(TRADES)[::-1]):
        frame = make(book(*names))
        frame = frame.assign(bucket=frame.get("bucket", ""))
        keys = ["greek", "asset", "bucket"]
        for value in ("position_value", "reporting_value"):
            sums = frame[frame["trade_id"] != NET].groupby(keys)[value].sum()
            nets = frame[(frame["trade_id"] == NET) & (frame["underlying"] == "E|EURUSD")].set_index(keys)[value]
            pd.testing.assert_series_equal(nets.sort_index(), sums.sort_index(), rtol=1e-9, atol=1e-12)


def test_the_error_of_a_net_of_two_laws_is_that_of_common_draws():
    table, found, stated = book("quanto barrier", "quanto barrier"), [], []
    table = table.assign(trade_id=["quanto", "composite"], product=["quanto_barrier", "composite_barrier"])
    for seed in range(150):
        frame = lg.risk(table, MARKET, ["delta"], paths=256, seed=seed, controls="none")
        prices = frame[(frame["greek"] == "price") & (frame["underlying"] == "E|EURUSD")]
        net = prices[prices["trade_id"] == NET]
        found.append(net["position_value"].item())
        stated.append(net["position_standard_error"].item())
    assert np.std(found) == pytest.approx(np.mean(stated), rel=0.25)
    apart = np.hypot(*prices.loc[prices["trade_id"] != NET, "standard_error"])
    assert apart < 0.75 * np.std(found)  # a sum of squares would have been wrong


@pytest.mark.parametrize("names", [*permutations(["quanto barrier", "composite barrier"])])
def test_targets_bind_the_trades_whose_law_has_the_greek(names):
    settings = {"paths": 1024, "max_paths": 1 << 17, "seed": 1}
    targets = {"fx_volatility": "2%"}
    both = lg.risk(book(*names), MARKET, ["delta", "fx_volatility"], target_error=targets, **settings)
    alone = lg.risk(book("quanto barrier"), MARKET, ["delta", "fx_volatility"], target_error=targets, **settings)
    assert both["n_paths"].max() == alone["n_paths"].max() < settings["max_paths"]
    assert not both["note"].str.contains("target").any()
    of_net = lg.risk(
        book(*names),
        MARKET,
        ["delta", "fx_volatility"],
        target_error={"fx_volatility": 5.0},
        target_of="net",
        **settings,
    )
    net = of_net[(of_net["trade_id"] == NET) & (of_net["greek"] == "fx_volatility")]
    assert (net["position_standard_error"] <= 5.0).all()


def test_a_run_that_goes_on_has_the_numbers_of_one_that_was_not_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(Parts, "done", lambda self: None)
    table, settings = book(*TRADES), {**SETTINGS, "output": tmp_path / "risk.csv", "buckets": ["vega"]}
    first = lg.risk(table, MARKET, GREEKS, **settings)
    pd.testing.assert_frame_equal(lg.risk(table, MARKET, GREEKS, resume=True, **settings), first)


def test_a_trade_that_has_ended_adds_what_it_still_pays_to_the_net_of_other_laws():
    market = {**MARKET, "fixings": {"E": {"2026-10-27": 200.0}}}
    ended = {**TRADES["quanto"], "trade_id": "ended", "strike": 190.0, "quantity": 1, "maturity": "2026-10-27",
             "payment_date": "2026-12-18"}  # fmt: skip
    live = {"trade_id": "live", **TRADES["composite barrier"]}
    greeks = ["delta", "rho", "fx_volatility"]
    for rows in ([ended, live], [live, ended]):
        frame = lg.risk(pd.DataFrame(rows), market, greeks, buckets=["vega"], **SETTINGS)
        frame = frame[frame["underlying"] == "E|EURUSD"]
        keys = ["greek", "asset", "bucket"]
        sums = frame[frame["trade_id"] != NET].groupby(keys)["position_value"].sum()
        nets = frame[frame["trade_id"] == NET].set_index(keys)["position_value"]
        pd.testing.assert_series_equal(nets.sort_index(), sums.sort_index(), rtol=1e-9, atol=1e-12)
        paid = frame[(frame["trade_id"] == "ended") & (frame["greek"] == "price")]["value"].item()
        assert paid == pytest.approx(10.0 * np.exp(-0.036 * 21 / 365), rel=1e-4)


def test_tables_made_of_a_mixed_book_have_what_each_trade_has():
    names, frame = ("quanto", "composite"), priced(book("quanto", "composite"))
    assert set(lg.diff(frame, priced(book("composite", "quanto")))["verdict"]) == {"noise"}
    fewer = lg.diff(priced(book("quanto")), frame)
    gained = fewer[(fewer["underlying"] == "E|EURUSD") & (fewer["asset"] == "EURUSD") & (fewer["trade_id"] == NET)]
    assert set(gained["verdict"]) == {"new"}
    by_trade = lg.pivot(frame, "trade_id").set_index(["trade_id", "greek"])["value"]
    for name in names:
        own = lg.pivot(priced(book(name)), "trade_id").set_index(["trade_id", "greek"])["value"]
        pd.testing.assert_series_equal(by_trade.loc[[name]].sort_index(), own.sort_index(), rtol=1e-9)
    both = lg.to_crif(frame).groupby(["RiskType", "Qualifier"])["Amount"].sum()
    assert len(both) > 2
    parts = [lg.to_crif(priced(book(name))).groupby(["RiskType", "Qualifier"])["Amount"].sum() for name in names]
    pd.testing.assert_series_equal(both, parts[0].add(parts[1], fill_value=0.0), rtol=1e-9, check_names=False)


EXPLAINED = ["pnl", "theta", "delta", "gamma", "cross_gamma", "vega", "rho", "correlation", "parameters", "cross",
             "unexplained"]  # fmt: skip


def explained(table):
    asset, pair = MARKET["underlyings"]["E"], MARKET["underlyings"]["EURUSD"]
    second = {
        **MARKET, "valuation_date": "2026-11-30", "correlation": {"E|EURUSD": -0.25},
        "underlyings": {"E": {**asset, "spot": 218.0}, "EURUSD": {
            **pair, "spot": 1.17, "implied_volatility": 0.083}},
    }  # fmt: skip
    return lg.explain_book(table, MARKET, second, buckets=["vega"], **SETTINGS)


def stressed(table):
    moves = {"all": {"spot": -0.1, "volatility": 0.02}, "fx": {"spot": {"EURUSD": 0.05, "others": 0.0}}}
    return lg.stress(table, MARKET, moves, **SETTINGS)


def gridded(table):
    return lg.scenario_grid(table, MARKET, spot=[-0.1, 0.1], volatility=[0.0, 0.02], **SETTINGS)


def curved(table):
    return lg.curvature(table, MARKET, 0.15, 0.01, **SETTINGS)


CHANGES = ["scenario", "change", "standard_error", "base"]
CURVED = ["factor", "sensitivity", "up", "down", "cvr_up", "cvr_down", "cvr_up_standard_error"]


@pytest.mark.parametrize("names", [*permutations(["quanto", "composite barrier", "worst"], 2)])
@pytest.mark.parametrize(
    ("make", "columns"), [(explained, EXPLAINED), (stressed, CHANGES), (gridded, CHANGES), (curved, CURVED)]
)
def test_revaluations_of_two_trades_are_those_of_each_alone(names, make, columns, alone):
    frame = make(book(*names))
    assert not frame.attrs["problems"]
    for name in names:
        own = of_trade(frame, name, columns)
        same(own, of_trade(alone(name, make), name, columns))
    if make is explained and "composite barrier" in names and "quanto" in names:
        assert frame.loc[frame["trade_id"] == NET, "spot_move"].isna().all()  # the two do not see the same spots move
    numbers = [column for column in columns if column in ("pnl", "delta", "vega", "change", "sensitivity", "up")]
    keys = [column for column in ("scenario", "factor") if column in columns]
    trades, nets = frame[frame["trade_id"].isin(names)], frame[frame["trade_id"] == NET]
    sums = trades.groupby(keys)[numbers].sum() if keys else trades[numbers].sum()
    found = nets.set_index(keys)[numbers] if keys else nets[numbers].sum()
    (pd.testing.assert_frame_equal if keys else pd.testing.assert_series_equal)(
        found.sort_index(), sums.sort_index(), rtol=1e-9, atol=1e-12
    )
