"""Outside barriers in books: closed forms, what a past leaves of them, the next day, what is refused."""

import warnings
from typing import Any

import pandas as pd
import pytest

import likelihood_greeks as lg
from tests.support import two_assets as reference

A = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.02, "implied_volatility": 0.25}
B = {"spot": 95.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.35}
OUTSIDE = {
    "trade_id": "O", "underlying": "A|B", "product": "outside_barrier", "option": "call", "strike": 96, "level": 93,
    "direction": "down", "knock": "out", "maturity": "2027-06-01", "quantity": 10, "frequency": "2026-10-25",
}  # fmt: skip


def market(day: str = "2026-06-01", **more: Any) -> dict[str, Any]:
    spots = more.pop("spots", (100.0, 95.0))
    both = {name: {**own, "spot": spot} for name, own, spot in zip("AB", (A, B), spots, strict=True)}
    return {"valuation_date": day, "underlyings": both, "correlation": {"A|B": -0.3}, **more}


def risk(rows: list[dict[str, Any]], on: dict[str, Any], *greeks: str, paths: int = 8192) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lg.BookWarning)
        return lg.risk(pd.DataFrame(rows), on, [*greeks], paths=paths, seed=1)


def problem_of(**change: Any) -> str:
    found = risk([{**OUTSIDE, **change}, {**OUTSIDE, "trade_id": "Z"}], market(), paths=256).attrs["problems"]
    return f"{found[0]['field']} must {found[0]['requirement']}, got {found[0]['value']!r}"


def test_values_deltas_and_correlation_are_those_of_the_closed_form() -> None:
    law = reference.two(-0.3)

    def price(own: Any) -> float:
        return float(reference.outside_call(own, 93.0, 146 / 365, 96.0, 1.0))

    shares = {"trade_id": "S", "level": "93%", "strike": f"{9600 / 95}%"}
    frame = risk([OUTSIDE, {**OUTSIDE, **shares}], market(), "delta", "correlation", paths=16_384)
    assert frame.attrs["problems"] == []
    exact = {("price", ""): price(law)} | {
        (greek, asset): reference.derivative(law, price, (coordinate,))
        for greek, asset, coordinate in (("delta", "A", "spot[A]"), ("delta", "B", "spot[B]"),
                                         ("correlation", "A,B", "correlation[A,B]"))
    }  # fmt: skip
    net = frame["trade_id"] == "net"
    table = frame[~net].set_index(["trade_id", "greek", "asset"]).sort_index()
    for (greek, asset), value in exact.items():
        row = table.loc[("O", greek, asset)]
        assert row["standard_error"] < 0.02 * abs(value)
        assert abs(row["value"] - value) < 4.0 * row["standard_error"]
        assert row["value"] == pytest.approx(table.loc[("S", greek, asset), "value"])
        assert abs(row["value"] - 1.1 * value) > 4.0 * row["standard_error"] or greek == "correlation"
    assert frame.loc[net & (frame["greek"] == "delta") & (frame["asset"] == ""), "underlying"].tolist() == ["A", "B"]


def test_volatilities_are_read_at_the_barrier_and_at_the_strike() -> None:
    smile = {"strikes": [80, 100, 120], "maturities": ["1Y"], "volatilities": [[0.32], [0.25], [0.22]]}
    on = market()
    for own in on["underlyings"].values():
        own["implied_volatility"] = smile
    frame = risk([{**OUTSIDE, "strike": 110}], on, "vega", paths=256)
    own = frame[(frame["trade_id"] == "O") & (frame["greek"] == "vega")].set_index("asset")["volatility"]
    assert own["A"] == pytest.approx(0.25 + 0.07 * 7 / 20, abs=3e-3)
    assert own["B"] == pytest.approx(0.25 - 0.03 * 10 / 20, abs=3e-3)


def test_a_past_leaves_the_option_a_rebate_or_what_its_fixing_says() -> None:
    past = {"A": {"2026-05-01": 100.0, "2026-05-20": 92.0, "2026-05-28": 97.0, "2026-06-01": 100.0},
            "B": {"2026-05-01": 95.0, "2026-05-28": 101.0}}  # fmt: skip
    rows = [
        {**OUTSIDE, "trade_id": "OUT", "frequency": "2026-05-20;2026-10-25", "rebate": 2.0},
        {**OUTSIDE, "trade_id": "IN", "frequency": "2026-05-20;2026-10-25", "knock": "in"},
        {**OUTSIDE, "trade_id": "OVER", "frequency": "2026-05-28"},
        {**OUTSIDE, "trade_id": "DUE", "frequency": "2026-05-20", "knock": "in", "start": "2026-05-01",
         "maturity": "2026-05-28", "payment_date": "2026-06-03"},
        {**OUTSIDE, "trade_id": "LOST", "frequency": "2026-05-26"},
        {"trade_id": "B", "underlying": "B", "product": "call", "strike": 96, "maturity": "2027-06-01", "quantity": 1},
    ]  # fmt: skip
    frame = risk(rows, market(fixings=past))
    table = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek"])["value"]
    call = table["B", "price"]
    assert table["OUT", "price"] == pytest.approx(2.0 * 0.9704455)  # a year's discount factor
    for name in ("IN", "OVER"):
        assert table[name, "price"] == pytest.approx(call, rel=1e-9)
    assert table["DUE", "price"] == pytest.approx(5.0, rel=1e-3)
    assert frame.set_index("trade_id").loc["IN", "state"].startswith("knocked in on 2026-05-20 at 92")
    (lost,) = frame.attrs["problems"]
    assert (lost["trade_id"], lost["field"]) == ("LOST", "fixings")


def test_a_barrier_watched_at_all_times_is_worth_what_in_and_out_sum_to() -> None:
    rows = [{**OUTSIDE, "trade_id": knock, "knock": knock, "frequency": "continuous"} for knock in ("in", "out")]
    frame = risk(rows, market()).set_index(["trade_id", "greek"])
    exact = lg.greeks(lg.GBM(spot=95.0, volatility=0.35, rate=0.03, dividend_yield=0.01), lg.Call(96.0, 1.0), [],
                      closed_form=True)["price"].value  # fmt: skip
    both = sum(frame.loc[(knock, "price"), "value"] for knock in ("in", "out"))
    error = sum(frame.loc[(knock, "price"), "standard_error"] for knock in ("in", "out"))
    assert abs(both - exact) < 4.0 * error < 0.05 * exact


def test_the_next_day_explains_a_barrier_that_was_touched() -> None:
    book = pd.DataFrame([{**OUTSIDE, "frequency": "2026-06-02;2026-10-25"}, {**OUTSIDE, "trade_id": "Q"}])
    second = market("2026-06-03", spots=(92.5, 95.5), fixings={"A": {"2026-06-02": 92.0}})
    frame = lg.explain_book(book, market(), second, paths=4096, seed=1).set_index("trade_id")
    lost = risk([book.iloc[0].to_dict()], market()).set_index("greek").loc["price", "position_value"].iloc[0]
    assert frame.loc["O", "pnl"] == pytest.approx(-lost, rel=0.05)
    gone = frame.loc["Q"]
    assert abs(gone["unexplained"]) < 0.3 * abs(gone["pnl"])
    with pytest.warns(lg.BookWarning, match="fixings"):
        lg.explain_book(book, market(), {**second, "fixings": {}}, paths=256, seed=1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"weights": "1|1"}, "weights must be blank"),
        ({"underlying": "A"}, "product must"),
        ({"level": None}, "level must be given: barrier needs it"),
        ({"lower": 80.0}, "lower must be blank"),
        ({"reference": "100|95"}, "no level is in per cent"),
        ({"start": "2026-07-01", "level": "93%"}, "reference must be given: the trade starts later"),
        ({"frequency": "sometimes"}, "frequency must be one of"),
        ({"watched_to": "2026-05-30"}, "watched_to must be blank"),
        ({"payment_date": "2027-07-01"}, "pays at its maturity"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(change: dict[str, Any], why: str) -> None:
    assert why in problem_of(**change)
