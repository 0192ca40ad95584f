"""Books with options that may be exercised early."""

import pandas as pd
import pytest

import likelihood_greeks as lg
from tests.support import bermudan

MARKET = {
    "valuation_date": "2026-06-15",
    "underlyings": {"A": {"spot": 36.0, "zero_rate": 0.06, "implied_volatility": 0.2}},
}
DATES = "2026-08-27; 2026-11-08; 2027-01-20; 2027-04-03; 2027-06-15"  # every 73 days
ROW = {"trade_id": "T1", "underlying": "A", "product": "bermudan_put", "quantity": 10.0, "strike": 40.0,
       "maturity": "2027-06-15", "frequency": DATES}  # fmt: skip


def run(*rows, **arguments):
    return lg.risk(pd.DataFrame([{**ROW, **row} for row in rows]), MARKET, paths=8192, seed=1, **arguments)


@pytest.mark.slow
def test_a_bermudan_put_of_a_book_has_its_value_and_vega():
    frame = run({}, greeks=["delta", "vega", "rho"])
    known = bermudan.greeks(36.0, 40.0, 0.06, 0.2, 1.0, 5)
    found = frame[frame["trade_id"] == "T1"].set_index("greek")
    for name, value in known.items():
        assert found.at[name, "standard_error"] < 0.01 * abs(value)
        assert abs(found.at[name, "value"] - value) < 4.0 * found.at[name, "standard_error"] + 0.005 * abs(value)
    net = frame[frame["trade_id"] == "net"].set_index("greek")
    assert net.at["vega", "position_value"] == pytest.approx(10.0 * found.at["vega", "value"])


def test_what_a_book_cannot_say_of_early_exercise_is_a_problem_of_the_row():
    european = {"trade_id": "T2", "product": "put", "frequency": None}
    with pytest.warns(lg.BookWarning, match="second derivatives in volatility are not given"):
        frame = run({"frequency": "2026-11-08; 2027-06-15"}, european, greeks=["volga"])
    assert [problem["field"] for problem in frame.attrs["problems"]] == ["greeks"]
    assert set(frame["trade_id"]) == {"T2", "net"}
    with pytest.warns(lg.BookWarning, match="payment_date must be blank: exercise pays at once"):
        run({"payment_date": "2027-06-20"}, european, greeks=["delta"])
    with pytest.warns(lg.BookWarning, match="only European exercise, but for bermudan_call, bermudan_put"):
        run({**european, "trade_id": "T3", "exercise": "american"}, european, greeks=["delta"])


def test_exercise_dates_that_are_gone_are_said_and_the_last_day_is_european():
    trades = {
        "old": {"trade_id": "old", "frequency": "2026-05-15; 2026-06-15; 2027-06-15", "start": "2026-04-15"},
        "last": {
            "trade_id": "last",
            "frequency": "2026-05-15; 2026-06-15",
            "maturity": "2026-06-15",
            "start": "2026-04-15",
        },
    }
    trades["last"]["start"] = "2026-04-15"
    frame = run(*trades.values(), greeks=["delta"]).set_index(["trade_id", "greek"])
    assert frame.at[("last", "price"), "value"] == 4.0
    assert frame.at[("last", "delta"), "value"] == -1.0
    european = lg.greeks(lg.GBM(spot=36.0, volatility=0.2, rate=0.06), lg.Put(40.0, 1.0), ["delta"], closed_form=True)
    assert abs(frame.at[("old", "price"), "value"] - european["price"].value) < 0.1


@pytest.mark.slow
def test_a_call_on_the_best_of_two_assets_is_exercised_early_too():
    asset = {"spot": 100.0, "zero_rate": 0.05, "dividend_yield": 0.10, "implied_volatility": 0.2}
    dates = "2026-10-15; 2027-02-15; 2027-06-15; 2027-10-15; 2028-02-15; 2028-06-15; 2028-10-15; 2029-02-15; 2029-06-15"
    market = {"valuation_date": "2026-06-15", "underlyings": {"A": asset, "B": asset}, "correlation": {"A|B": 0.0}}
    row = {"trade_id": "T1", "underlying": "A|B", "product": "best_of_bermudan_call", "quantity": 1.0, "strike": "100%",
           "maturity": "2029-06-15"}  # fmt: skip
    book = pd.DataFrame([row | {"frequency": dates}])
    frame = lg.risk(book, market, ["delta", "vega"], paths=8192, seed=1)
    found = frame[(frame["trade_id"] == "T1") & (frame["asset"].isin(["A", "A|B"]) | (frame["greek"] == "price"))]
    found = found.set_index("greek")
    for name, value, error in (("price", 0.139018, 2e-3), ("delta", 3.344e-3, 2e-4), ("vega", 0.484, 0.045)):
        assert found.at[name, "standard_error"] < error  # of one unit of currency: by quadrature, a hundredth
        assert abs(found.at[name, "value"] - value) < 4.0 * found.at[name, "standard_error"] + 0.01 * value


def test_gains_at_other_points_say_that_the_rule_is_kept():
    early = {**ROW, "frequency": "2026-11-08; 2027-06-15"}
    put = {**ROW, "trade_id": "T2", "product": "put", "frequency": None}
    book = pd.DataFrame([early, put])
    for frame in (
        lg.ladder(book, MARKET, [0.05], paths=1024, seed=1),
        lg.scenario_grid(book, MARKET, spot=[0.05], paths=1024, seed=1),
    ):
        (remark,) = frame.attrs["remarks"]
        assert remark.startswith("T1: the exercise rule is")
    assert lg.ladder(pd.DataFrame([put]), MARKET, [0.05], paths=1024, seed=1).attrs["remarks"] == []
