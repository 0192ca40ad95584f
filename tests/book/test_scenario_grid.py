"""Grids of scenarios, stresses and curvature: closed forms, joint errors, what moves with what."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import likelihood_greeks as lg
from likelihood_greeks import cli

X = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2, "currency": "EUR"}
MARKET = {"valuation_date": "2026-06-01", "underlyings": {"X": X}}
CALL = {"trade_id": "call", "underlying": "X", "product": "call", "quantity": -10.0, "maturity": "2026-12-01",
        "strike": 105.0}  # fmt: skip
BARRIER = {**CALL, "trade_id": "barrier", "quantity": 10.0, "product": "barrier", "option": "call", "level": 90.0,
           "direction": "down", "knock": "out", "frequency": "monthly"}  # fmt: skip
YEARS = 183 / 365


def black(spot, vol, rate):
    """The price of the call, written here anew, and its delta."""
    total = vol * np.sqrt(YEARS)
    d1 = (np.log(spot / 105.0) + (rate - 0.01 + 0.5 * vol**2) * YEARS) / total
    carried = np.exp(-0.01 * YEARS) * norm.cdf(d1)
    return spot * carried - 105.0 * np.exp(-rate * YEARS) * norm.cdf(d1 - total), carried


def book(*rows):
    return pd.DataFrame(list(rows))


def test_every_cell_of_a_call_is_its_closed_form():
    frame = lg.scenario_grid(book(CALL), MARKET, [-0.2, 0.0, 0.1], [-0.05, 0.0], [0.0, 0.01])
    own = frame[frame["trade_id"] == "call"]
    assert len(own) == 12
    for row in own.to_dict("records"):
        there = black(100.0 * (1.0 + row["spot"]), 0.2 + row["volatility"], 0.03 + row["rate"])[0]
        assert row["change"] == pytest.approx(-10.0 * (there - black(100.0, 0.2, 0.03)[0]), abs=1e-9)
        assert row["standard_error"] == 0.0
    assert set(frame["trade_id"]) == {"call", "net", "total"}


@pytest.mark.slow
def test_cells_agree_with_risk_in_the_moved_market_and_the_long_and_the_short_cancel():
    rows = book(BARRIER, {**BARRIER, "trade_id": "short", "quantity": -10.0})
    frame = lg.scenario_grid(rows, MARKET, [-0.05, 0.0], [0.0, 0.02], paths=8192, seed=5)
    moved = {**MARKET, "underlyings": {"X": {**X, "spot": 95.0, "implied_volatility": 0.22}}}
    base, there = (
        lg.risk(rows.iloc[:1], own, [], paths=16_384, seed=6).iloc[0] for own in (MARKET, moved)
    )  # other draws
    at = (frame["trade_id"] == "barrier") & (frame["spot"] == -0.05) & (frame["volatility"] == 0.02)
    cell = frame[at].iloc[0]
    expected = there["position_value"] - base["position_value"]
    error = np.hypot(cell["standard_error"], there["position_standard_error"] + base["position_standard_error"])
    assert abs(cell["change"] - expected) < 4.0 * error < 0.1 * abs(expected)
    assert abs(cell["change"] + expected) > 20.0 * error  # the wrong sign would show
    net = frame[frame["trade_id"] == "net"]
    assert net["change"].abs().max() < 1e-9
    assert net["standard_error"].max() < 1e-9
    still = frame[(frame["trade_id"] == "barrier") & (frame["spot"] == 0.0) & (frame["volatility"] == 0.0)].iloc[0]
    assert (still["change"], still["standard_error"]) == (0.0, 0.0)


def test_a_fixing_of_today_that_is_open_moves_with_the_spot():
    trade = {**CALL, "product": "lookback", "option": "put", "strike": "floating", "frequency": "2026-06-01;2026-12-01",
             "start": "2026-05-04", "quantity": 1.0}  # fmt: skip
    frame = lg.scenario_grid(book(trade), MARKET, [0.1, -0.1], [0.0], paths=4096, seed=1)
    own = frame[frame["trade_id"] == "call"]
    gap = np.abs(own["change"] - own["base"] * [0.1, -0.1])  # it is proportional to the spot
    assert (gap <= 4.0 * own["standard_error"] + 1e-9).all()
    assert (own["standard_error"] < 0.02 * own["change"].abs()).all()


def test_stresses_move_underlyings_at_once_and_say_what_they_cannot():
    market = {**MARKET, "underlyings": {"X": X, "Y": {**X, "spot": 50.0}}}
    rows = book(CALL, {**CALL, "trade_id": "other", "underlying": "Y", "strike": 52.5})
    crash = {"crash": {"spot": {"Y": -0.3, "others": -0.2}, "volatility": 0.1, "rate": -0.005}}
    frame = lg.stress(rows, market, crash).set_index(["trade_id", "underlying"])
    one = -10.0 * (black(80.0, 0.3, 0.025)[0] - black(100.0, 0.2, 0.03)[0])
    two = -10.0 * 0.5 * (black(70.0, 0.3, 0.025)[0] - black(100.0, 0.2, 0.03)[0])
    assert frame.loc[("net", "X"), "change"] == pytest.approx(one)
    assert frame.loc[("net", "Y"), "change"] == pytest.approx(two)
    assert frame.loc[("total", ""), "change"] == pytest.approx(one + two)
    with pytest.raises(ValueError, match=r"crash.*spott must be one of spot, volatility, rate"):
        lg.stress(rows, market, {"crash": {"spott": -0.2}})
    with pytest.raises(ValueError, match="Z must be an underlying of the market, or others"):
        lg.stress(rows, market, {"crash": {"spot": {"Z": -0.2}}})


def test_a_shock_that_no_law_can_have_leaves_its_trade_out():
    with pytest.warns(lg.BookWarning, match="call"):
        frame = lg.scenario_grid(book(CALL), MARKET, [0.0, 0.1], [-0.25])
    assert len(frame) == 0
    assert frame.attrs["problems"][0]["trade_id"] == "call"
    with pytest.raises(ValueError, match="spot must hold at least one move, and none twice"):
        lg.scenario_grid(book(CALL), MARKET, [0.1, 0.1])


def test_a_point_that_no_law_can_have_costs_that_point_alone():
    rows = book(CALL, {**CALL, "trade_id": "other", "quantity": 4.0, "underlying": "Y"}, {**CALL, "trade_id": "Z"})
    market = {**MARKET, "underlyings": {"X": X, "Y": {**X, "implied_volatility": 0.3}}}
    with pytest.warns(lg.BookWarning, match=r"2 trades could not be valued under every move:\n.*\(no gain under 'spot"):
        frame = lg.scenario_grid(rows, market, [0.0, 0.1], [-0.25, 0.0])
    assert [own["trade_id"] for own in frame.attrs["problems"]] == ["call", "Z"]
    own = frame[frame["trade_id"] == "call"].set_index(["spot", "volatility"])
    lost = own.xs(-0.25, level="volatility")
    assert lost["change"].isna().all()
    assert lost["standard_error"].isna().all()
    assert lost["note"].str.startswith("no value: volatility must be").all()
    there = black(110.0, 0.2, 0.03)[0] - black(100.0, 0.2, 0.03)[0]
    assert own.at[(0.1, 0.0), "change"] == pytest.approx(-10.0 * there)
    nets = frame[frame["trade_id"] == "net"].set_index(["underlying", "spot", "volatility"])
    assert np.isnan(nets.at[("X", 0.1, -0.25), "change"])
    assert nets.at[("X", 0.1, -0.25), "note"] == "excludes 2 trades that could not be priced"
    assert nets.at[("X", 0.1, 0.0), "change"] == pytest.approx(-20.0 * there)
    total = frame[frame["trade_id"] == "total"].set_index(["spot", "volatility"])
    assert total.at[(0.1, -0.25), "change"] == nets.at[("Y", 0.1, -0.25), "change"]
    assert total.at[(0.1, -0.25), "note"] == "X: excludes 2 trades that could not be priced"
    groups = lg.pivot(frame, "product").set_index("scenario")["change"]  # a group with a trade that is lost has none
    assert groups.isna().tolist() == [True, False, True, False]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*calendar arbitrage")
def test_of_simulated_trades_too_the_others_are_valued_there():
    rows = book(BARRIER, {**BARRIER, "trade_id": "late", "maturity": "2027-06-01"})
    smile = {"maturities": ["2026-12-01", "2027-06-01"], "volatilities": [0.3, 0.2]}
    market = {**MARKET, "underlyings": {"X": {**X, "implied_volatility": smile}}}
    with pytest.warns(lg.BookWarning, match="1 trade could not be valued under every move:\n  late"):
        frame = lg.scenario_grid(rows, market, [0.1], [-0.22, 0.0], paths=1024, seed=1)
    cells = frame.set_index(["trade_id", "volatility"])["change"]
    assert np.isnan(cells["late", -0.22])
    assert cells["net", -0.22] == pytest.approx(cells["barrier", -0.22], abs=1e-12)
    assert cells["net", 0.0] == pytest.approx(cells["barrier", 0.0] + cells["late", 0.0], abs=1e-12)


def test_curvature_is_what_shocks_cost_beyond_the_delta():
    frame = lg.curvature(book(CALL), MARKET, spot=0.2, rate=0.01)
    here, delta = black(100.0, 0.2, 0.03)
    up, down = black(120.0, 0.2, 0.03)[0] - here, black(80.0, 0.2, 0.03)[0] - here
    row = frame[(frame["trade_id"] == "net") & (frame["factor"] == "spot")].iloc[0]
    assert row["sensitivity"] == pytest.approx(-10.0 * 100.0 * delta)
    assert row["cvr_up"] == pytest.approx(10.0 * (up - 20.0 * delta))
    assert row["cvr_down"] == pytest.approx(10.0 * (down + 20.0 * delta))
    assert row["cvr_up"] > 0.0  # short an option: a loss both ways
    rate = frame[(frame["trade_id"] == "net") & (frame["factor"] == "rate")].iloc[0]
    assert rate["up"] == pytest.approx(-10.0 * (black(100.0, 0.2, 0.04)[0] - here))
    with pytest.raises(ValueError, match="spot of X must be positive"):
        lg.curvature(book(CALL), MARKET, spot=-0.1)


@pytest.mark.slow
def test_the_curvature_of_a_simulated_trade_is_that_of_its_cells():
    curve = lg.curvature(book(BARRIER), MARKET, spot=0.05, paths=8192, seed=3).iloc[0]
    cells = lg.scenario_grid(book(BARRIER), MARKET, [0.05, -0.05], [0.0], paths=8192, seed=3)
    for cell, side in zip(cells.to_dict("records")[:2], ("up", "down"), strict=True):  # with other pilots
        assert cell["standard_error"] < 0.005 * abs(cell["change"])
        assert abs(cell["change"] - curve[side]) < 2.0 * cell["standard_error"]
    assert curve["cvr_up"] == pytest.approx(0.05 * curve["sensitivity"] - curve["up"])
    assert curve["cvr_up_standard_error"] < 0.05 * curve["sensitivity_standard_error"] + curve["up_standard_error"]


def test_the_command_prints_matrices_and_stresses(capsys, tmp_path):
    book(CALL).to_csv(tmp_path / "book.csv", index=False)
    (tmp_path / "market.toml").write_text(
        "valuation_date = 2026-06-01\n[underlyings.X]\nspot = 100.0\nzero_rate = 0.03\nimplied_volatility = 0.2\n"
    )
    (tmp_path / "stress.toml").write_text("[crash]\nspot = -0.2\nvolatility = 0.1\n")
    arguments = ["scenarios", str(tmp_path / "book.csv"), "--market", str(tmp_path / "market.toml")]
    for more, seen in (
        (["--spot=-10%,0,10%", "--volatility=0,2%"], ("-0.1", "+0.02", "Gain of X")),
        (["--stress", str(tmp_path / "stress.toml"), "--output", str(tmp_path / "s.csv")], ("crash", "written to")),
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main([*arguments, *more])
        out = capsys.readouterr().out
        assert not stop.value.code
        assert all(word in out for word in seen)
    assert pd.read_csv(tmp_path / "s.csv")["scenario"].tolist() == ["crash"] * 3
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, "--spot=much"])
    assert stop.value.code == 2
    assert "percentage such as -5%" in capsys.readouterr().err
