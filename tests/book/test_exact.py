"""Europeans of a book in closed form: exact rows beside simulated ones, in nets, totals, targets and resumed runs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.book import parts
from likelihood_greeks.book.risk import underlying_seed
from likelihood_greeks.book.trades import parse
from tests.support.heston_book import GIVEN
from tests.support.places import DATA

MARKET = lg.Market.read(DATA / "market.toml")
BOOK = pd.read_csv(DATA / "book.csv")
GREEKS = ["delta", "gamma", "vega", "rho", "theta", "vanna", "volga", "charm"]
SETTINGS = {"paths": 4096, "seed": 5}


def rows_of(frame, trade_id):
    return frame[frame["trade_id"] == trade_id].set_index("greek")


@pytest.fixture(scope="module")
def mixed():
    return lg.risk(BOOK.iloc[[20, 0, 6, 37]], MARKET, GREEKS, **SETTINGS)


def test_europeans_have_no_error_and_say_why(mixed):
    sure = mixed[mixed["method"] == "closed form"]
    assert set(sure["trade_id"]) == {"DAX-001", "DAX-007"}
    assert (sure[["standard_error", "position_standard_error", "n_paths", "samples"]] == 0).all(axis=None)
    assert sure["variance_ratio"].isna().all()
    assert (sure["note"] == "").all()
    drawn = mixed[mixed["method"] == "likelihood ratio + controls"]
    assert set(drawn["trade_id"]) == {"DAX-021", "DAX-038"}
    assert (drawn["standard_error"] > 0.0).all()
    assert set(rows_of(mixed, "net")["method"]) == {""}
    assert list(dict.fromkeys(mixed["trade_id"])) == ["DAX-021", "DAX-001", "DAX-007", "DAX-038", "net"]


@pytest.mark.parametrize("market", [MARKET, GIVEN], ids=["curves", "heston"])
def test_a_row_is_the_trade_alone(market):
    book = BOOK.iloc[[0, 6]]
    frame = lg.risk(book, market, GREEKS, **SETTINGS)
    for trade in parse(book, market)[0]:
        alone = lg.greeks(trade.model, trade.payoff, GREEKS, seed=1, closed_form=True)
        np.testing.assert_allclose(
            rows_of(frame, trade.trade_id)["value"], [e.value for e in alone.estimates.values()], rtol=1e-12
        )


def test_quantlib_agrees_on_the_curves_of_the_market():
    trade = parse(BOOK.iloc[[0]], MARKET)[0][0]
    found = rows_of(lg.risk(BOOK.iloc[[0]], MARKET, ["delta", "gamma"], **SETTINGS), trade.trade_id)
    t, sign = trade.maturity, ql.Option.Call if trade.product == "call" else ql.Option.Put
    underlying = MARKET.underlying("DAX")
    deviation = found.loc["price", "volatility"] * np.sqrt(t)
    discount = np.exp(-underlying.rate(t) * t)
    payoff = ql.PlainVanillaPayoff(sign, trade.payoff.strike)
    calculator = ql.BlackCalculator(payoff, underlying.forward(t), deviation, discount)
    assert found.loc["price", "value"] == pytest.approx(calculator.value(), rel=1e-10)
    assert found.loc["delta", "value"] == pytest.approx(calculator.delta(underlying.spot), rel=1e-10)
    assert found.loc["gamma", "value"] == pytest.approx(calculator.gamma(underlying.spot), rel=1e-10)


def test_the_net_has_the_exact_part_and_the_error_of_the_rest(mixed):
    alone = lg.risk(BOOK.iloc[[20, 37]], MARKET, GREEKS, **SETTINGS)
    net, drawn = rows_of(mixed, "net"), rows_of(alone, "net")
    sure = mixed[mixed["method"] == "closed form"].groupby("greek")["position_value"].sum()
    np.testing.assert_allclose(net["position_value"] - drawn["position_value"], sure[net.index], rtol=1e-9)
    np.testing.assert_allclose(net["position_standard_error"], drawn["position_standard_error"], rtol=1e-9)
    assert (net["n_paths"] == drawn["n_paths"]).all()


def test_a_book_of_europeans_draws_no_path_and_is_exact(monkeypatch):
    monkeypatch.setattr("likelihood_greeks.book.account.prepared", None)
    frame = lg.risk(BOOK.iloc[[6, 0]], MARKET, ["delta"], seed=5)
    net = rows_of(frame, "net")
    assert set(net["method"]) == {"closed form"}
    assert (net["position_standard_error"] == 0.0).all()
    total = frame[frame["trade_id"] != "net"].groupby("greek")["position_value"].sum()
    np.testing.assert_allclose(net["position_value"], total[net.index], rtol=1e-13)
    assert set(frame["seed"]) == {underlying_seed(5, "DAX")}
    assert frame["n_paths"].dtype == frame["samples"].dtype == np.int64


def test_simulation_agrees_with_the_closed_form_and_is_there_on_request():
    book = BOOK.iloc[[0, 6]]
    sure = lg.risk(book, MARKET, ["delta", "vega", "theta"], **SETTINGS)
    drawn = lg.risk(book, MARKET, ["delta", "vega", "theta"], **SETTINGS, closed_form=False)
    assert set(drawn["method"]) == {"likelihood ratio + controls"}
    z = (drawn["value"] - sure["value"]) / drawn["standard_error"]
    assert (z[sure["trade_id"] != "net"].abs() < 4.0).all()
    assert (lg.diff(sure, drawn)["verdict"] == "noise").all()
    moved = sure.assign(value=sure["value"] + 1e-3, position_value=sure["position_value"] + 1e-3)
    assert (lg.diff(sure, moved)["verdict"] == "changed").all()  # there is no noise to hide in


def test_totals_of_exact_trades_are_exact(mixed):
    totals = lg.pivot(mixed, ["underlying", "product"]).set_index("product")
    european = totals.loc[totals.index.isin(mixed.loc[mixed["method"] == "closed form", "product"])]
    assert (european["error"] == "exact").all()
    assert (european["standard_error"] == 0.0).all()
    table = lg.desk_units(mixed).set_index("trade_id")
    assert (table.loc[["DAX-001", "DAX-007"], "doubtful"] == "").all()


def test_a_target_of_the_net_counts_the_exact_part():
    # A barrier is small beside an exact position: a share of the whole is there early.
    target = {"target_error": {"delta": "0.01%"}, "target_of": "net", "max_paths": 40_960}
    alone, beside = (
        lg.risk(BOOK.iloc[rows].assign(quantity=[1e6, 1.0][-len(rows) :]), MARKET, ["delta"], **SETTINGS, **target)
        for rows in ([20], [0, 20])
    )
    assert rows_of(alone, "net").loc["delta", "note"].startswith("target error")
    assert rows_of(alone, "net").loc["delta", "n_paths"] == 40_960 > rows_of(beside, "net").loc["delta", "n_paths"]
    assert rows_of(beside, "net").loc["delta", "note"] == ""


def test_a_stopped_run_keeps_the_exact_rows_and_goes_on_to_the_same_numbers(tmp_path, monkeypatch):
    book, output = BOOK.iloc[[0, 6, 20]], tmp_path / "risk.parquet"
    whole = lg.risk(book, MARKET, ["delta"], **SETTINGS)

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(parts.Parts, "keep", stopped)
        with pytest.raises(lg.Interrupted, match="2 of 3 trades are finished") as stop:
            lg.risk(book, MARKET, ["delta"], **SETTINGS, output=output)
    assert set(stop.value.frame["trade_id"]) == {"DAX-001", "DAX-007"}
    resumed = lg.risk(book, MARKET, ["delta"], paths=4096, output=output, resume=True)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_parquet(output), whole, check_exact=True)


def test_where_every_simulated_trade_fails_the_net_is_that_of_the_exact_ones():
    book = BOOK.iloc[[0, 20]].astype(object)
    book.loc[book.index[1], "rebate"] = 1e308
    with pytest.warns(lg.BookWarning, match="1 trade could not be priced"):
        frame = lg.risk(book, MARKET, ["delta"], **SETTINGS)
    net = rows_of(frame, "net")
    assert (net["note"] == "excludes 1 trade that could not be priced").all()
    np.testing.assert_allclose(net["position_value"], rows_of(frame, "DAX-001")["position_value"])


def test_an_unknown_greek_is_refused_without_any_simulation():
    with pytest.raises(ValueError, match="greek must be one of"):
        lg.risk(BOOK.iloc[[0]], MARKET, ["deltta"], seed=1)


def gained(trade, factor):
    """What a unit gains by QuantLib's Black formula when the spot moves, the volatility staying as it is."""
    underlying, t = MARKET.underlying("DAX"), trade.maturity
    discount, deviation = np.exp(-underlying.rate(t) * t), trade.model.black_volatility(t) * np.sqrt(t)
    kind = ql.Option.Call if trade.product == "call" else ql.Option.Put
    payoff = ql.PlainVanillaPayoff(kind, trade.payoff.strike)
    forwards = underlying.forward(t) * np.array([factor, 1.0])
    up, base = (ql.BlackCalculator(payoff, x, deviation, discount).value() for x in forwards)
    return up - base


def test_a_ladder_of_europeans_is_quantlibs_and_has_no_error():
    book = BOOK[BOOK["product"].isin(["call", "put"])]
    table = lg.ladder(book, MARKET, [-0.05, 0.04], seed=2)
    trades = parse(book, MARKET)[0]
    for move in (-0.05, 0.04):
        row = table[table["move"] == move].iloc[0]
        assert row["change"] == pytest.approx(sum(t.quantity * gained(t, 1.0 + move) for t in trades), rel=1e-9)
        assert row["standard_error"] == 0.0
        assert row["trades"] == len(book)
        assert row["doubtful"] == 0


def test_a_ladder_adds_exact_and_simulated_trades_and_agrees_with_one_that_simulates_all():
    settings = {"paths": 4096, "seed": 2}
    both, alone, drawn = (
        lg.ladder(BOOK.iloc[rows], MARKET, [-0.05, 0.04], **settings, **more)
        for rows, more in (([0, 20], {}), ([20], {}), ([0, 20], {"closed_form": False}))
    )
    assert (both["trades"] == 2).all()
    assert (both["standard_error"] < drawn["standard_error"]).all()
    z = (both["change"] - drawn["change"]) / np.hypot(both["standard_error"], drawn["standard_error"])
    assert (z.abs() < 4.0).all()
    trade = parse(BOOK.iloc[[0]], MARKET)[0][0]
    gains = [trade.quantity * gained(trade, 1.0 + move) for move in (-0.05, 0.04)]
    assert len(alone) == 2
    assert (both["change"] - drawn["change"]).abs().max() < np.abs(gains).max()


def test_under_heston_a_ladder_is_exact_too():
    table = lg.ladder(BOOK.iloc[[0]], GIVEN, [0.05], seed=2)
    trade = parse(BOOK.iloc[[0]], GIVEN)[0][0]
    laws = (replace(trade.model, spot=factor * trade.model.spot) for factor in (1.05, 1.0))
    up, base = (lg.greeks(law, trade.payoff, [], seed=1, closed_form=True)["price"].value for law in laws)
    assert table["change"].item() == pytest.approx(trade.quantity * (up - base), rel=1e-10)
    assert table["standard_error"].item() == 0.0
