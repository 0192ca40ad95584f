"""Trades on several assets under shocks and from one day to the next: against closed forms and laws read anew."""

import copy
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.assets.later import own_later
from likelihood_greeks.book.assets.shocks import JointShock
from likelihood_greeks.book.together.shocks import Shock
from likelihood_greeks.book.trades import parse

A = {"spot": 100.0, "zero_rate": 0.03, "dividend_yield": 0.01, "implied_volatility": 0.2}
B = {"spot": 50.0, "zero_rate": 0.03, "dividend_yield": 0.02, "implied_volatility": 0.3}
EXCHANGE = {"trade_id": "X", "underlying": "A|B", "product": "exchange", "weights": "1|2", "quantity": 10.0,
            "maturity": "2027-06-01"}  # fmt: skip
NOTE = {"trade_id": "N", "underlying": "A|B", "product": "worst_of_phoenix", "quantity": 1000.0, "strike": "100%",
        "level": "85%", "coupon": "2%", "coupon_barrier": "70%", "start": "2026-03-02", "maturity": "2026-12-01",
        "frequency": "2026-06-02;2026-12-01", "knock_in_frequency": "2026-12-01"}  # fmt: skip
PAST = {"A": {"2026-03-02": 110.0}, "B": {"2026-03-02": 55.0}}


def market(
    day: str = "2026-06-01", rho: float = 0.5, fixings: Any = PAST, shift: dict[str, Any] | None = None, **own: Any
) -> dict[str, Any]:
    moved = {name: {**asset, **(shift or {}), **own.get(name, {})} for name, asset in (("A", A), ("B", B))}
    return {"valuation_date": day, "underlyings": moved, "correlation": {"A|B": rho}, "fixings": fixings}


def book(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def exchanged(spots: tuple[float, float], volatilities: tuple[float, float], rho: float, years: float) -> float:
    """Ten rights to receive A for two B (Margrabe), written here anew."""
    law = lg.CorrelatedGBM(
        {"A": lg.GBM(spot=spots[0], volatility=volatilities[0], rate=0.03, dividend_yield=0.01),
         "B": lg.GBM(spot=spots[1], volatility=volatilities[1], rate=0.03, dividend_yield=0.02)}, {("A", "B"): rho},
    )  # fmt: skip
    right = lg.Exchange("A", "B", maturity=years, quantities=(1.0, 2.0))
    return 10.0 * lg.greeks(law, right, [], closed_form=True)["price"].value


def test_cells_of_an_exchange_are_its_closed_form_when_all_assets_move_or_one() -> None:
    base = exchanged((100.0, 50.0), (0.2, 0.3), 0.5, 1.0)
    both = lg.scenario_grid(book(EXCHANGE), market(), [-0.1, 0.1], [0.0, 0.02])
    for row in both[both["trade_id"] == "X"].to_dict("records"):
        up, wider = 1.0 + row["spot"], row["volatility"]
        there = exchanged((100.0 * up, 50.0 * up), (0.2 + wider, 0.3 + wider), 0.5, 1.0)
        assert row["change"] == pytest.approx(there - base, abs=1e-9)
    one = lg.scenario_grid(book(EXCHANGE), market(), [0.1], [0.0], underlyings=["B"])
    assert one["change"].tolist() == pytest.approx([exchanged((100.0, 55.0), (0.2, 0.3), 0.5, 1.0) - base] * 3)
    assert one["spot"].tolist() == [0.1] * 3
    two = lg.stress(book(EXCHANGE), market(), {"apart": {"spot": {"A": -0.2, "B": 0.1}}})
    assert two["change"].tolist() == pytest.approx([exchanged((80.0, 55.0), (0.2, 0.3), 0.5, 1.0) - base] * 3)
    assert two["spot"].isna().all()
    with pytest.raises(ValueError, match="underlyings must be one of"):
        lg.scenario_grid(book(EXCHANGE), market(), underlyings=["C"])


def test_a_law_under_a_shock_is_that_of_the_shocked_market_quantos_and_rates_of_currencies_with_it() -> None:
    def on(rates: tuple[float, float], volatilities: tuple[float, float, float]) -> dict[str, Any]:
        named = {"A": {**A, "currency": "EUR", "zero_rate": rates[0], "implied_volatility": volatilities[0]},
                 "B": {**B, "currency": "USD", "zero_rate": rates[1], "implied_volatility": volatilities[1]},
                 "EURUSD": {"spot": 1.1, "zero_rate": 0.02, "implied_volatility": volatilities[2], "currency": "USD"},
                 }  # fmt: skip
        pairs = {"A|B": 0.5, "A|EURUSD": -0.3}
        return {"valuation_date": "2026-06-01", "underlyings": named, "correlation": pairs}

    row = book({"trade_id": "P", "underlying": "A|B", "product": "worst_of_put", "strike": "100%", "quantity": 1.0,
                "maturity": "2027-06-01", "currency_pay": "USD"})  # fmt: skip
    (trade,), _ = parse(row, here := lg.Market.read(on((0.02, 0.03), (0.2, 0.3, 0.08))), several=True)
    moves = {"A": Shock(0.0, 0.01, 0.01), "B": Shock(0.0, -0.02, 0.005), "EURUSD": Shock(0.0, 0.03, 0.0)}
    found = JointShock("A|B", moves, here).trade(trade).model
    (there,), _ = parse(row, lg.Market.read(on((0.03, 0.035), (0.21, 0.28, 0.11))), several=True)
    assert found.forward(1.0) == pytest.approx(there.model.forward(1.0), rel=1e-12)
    assert found.discount(1.0) == pytest.approx(there.model.discount(1.0), rel=1e-12)
    assert abs(found.forward(1.0)[0] / trade.model.forward(1.0)[0] - 1.0) > 1e-3  # the shock would show


@pytest.mark.slow
def test_a_fixing_of_today_that_is_open_moves_with_all_spots() -> None:
    on = market("2026-06-02", fixings={name: {"2026-03-02": own["spot"] / 0.95} for name, own in (("A", A), ("B", B))})
    note = {**NOTE, "product": "worst_of_autocallable", "coupon_barrier": None}
    frame = lg.scenario_grid(book(note), on, [0.1, 0.0], [0.0], paths=1024, seed=1)
    called = frame[(frame["trade_id"] == "N") & (frame["spot"] == 0.1)].iloc[0]
    assert called["base"] + called["change"] == pytest.approx(1020.0, abs=1e-6)  # redeemed today with a coupon


def test_an_exchange_is_explained_by_its_closed_form_and_correlation_has_a_term() -> None:
    own = {"A": {"spot": 101.0, "implied_volatility": 0.205}, "B": {"spot": 49.7, "implied_volatility": 0.298}}
    frame = lg.explain_book(book(EXCHANGE), market(), market("2026-06-02", 0.53, **own)).set_index("trade_id")
    row = frame.loc["X"].to_dict()
    before, settled = (
        exchanged((100.0, 50.0), (0.2, 0.3), 0.5, 1.0),
        exchanged((100.0, 50.0), (0.2, 0.3), 0.5, 364 / 365),
    )
    after = exchanged((101.0, 49.7), (0.205, 0.298), 0.53, 364 / 365)
    assert row["pnl"] == pytest.approx(after - before)
    assert row["theta"] == pytest.approx(settled - before)
    h = 1e-4
    slope = exchanged((100.0, 50.0), (0.2, 0.3), 0.5 + h, 364 / 365) - settled
    assert row["correlation"] == pytest.approx(0.03 * slope / h, rel=1e-3)
    assert abs(row["unexplained"]) < 0.05 * abs(row["correlation"])  # squares of its move, and with others
    assert frame.loc["total", "explained"] + frame.loc["total", "unexplained"] == pytest.approx(after - before)


def test_a_correlation_by_pillar_that_moves_is_a_term_and_stays_in_the_calendar() -> None:
    """Pillars are dates; that an exchange sees the mean over time alone gives what the move is worth."""
    one, two = ({"A|B": {"2026-12-01": a, "2028-06-01": b}} for a, b in ((0.5, 0.4), (0.53, 0.42)))
    frame = lg.explain_book(
        book(EXCHANGE), market() | {"correlation": one}, market("2026-06-02") | {"correlation": two}
    )
    row, days = frame.set_index("trade_id").loc["X"], (182 / 364, 182 / 364)
    mean, moved = (days[0] * a + days[1] * b for a, b in ((0.5, 0.4), (0.53, 0.42)))
    spots, volatilities, left = (100.0, 50.0), (0.2, 0.3), 364 / 365
    start = (183 * 0.5 + 182 * 0.4) / 365
    settled = exchanged(spots, volatilities, mean, left)
    assert row["theta"] == pytest.approx(settled - exchanged(spots, volatilities, start, 1.0), rel=1e-6)
    slope = (exchanged(spots, volatilities, mean + 1e-4, left) - settled) / 1e-4
    assert row["correlation"] == pytest.approx((moved - mean) * slope, rel=1e-3)
    assert row["pnl"] == pytest.approx(exchanged(spots, volatilities, moved, left) - exchanged(
        spots, volatilities, start, 1.0))  # fmt: skip


@pytest.mark.slow
def test_what_small_moves_on_curves_leave_of_a_seasoned_note_is_noise_and_its_coupon_is_cash() -> None:
    curve = {"zero_curve": {"times": [0.25, 2.0], "rates": [0.03, 0.02]}}
    twisted = {"zero_curve": {"times": [0.25, 2.0], "rates": [0.031, 0.0205]}}
    plain = [{key: x for key, x in own.items() if key != "zero_rate"} for own in (A, B)]

    def on(day: str, curves: dict[str, Any], spots: tuple[float, float], rho: float, more: Any) -> dict[str, Any]:
        named = {n: {**own, **curves, "spot": s} for n, own, s in zip("AB", plain, spots, strict=True)}
        past = {name: PAST[name] | more.get(name, {}) for name in PAST}
        return {"valuation_date": day, "underlyings": named, "correlation": {"A|B": rho}, "fixings": past}

    fixed = {"A": {"2026-06-02": 99.0}, "B": {"2026-06-02": 49.8}}
    monday = on("2026-06-01", curve, (100.0, 50.0), 0.5, {})
    tuesday = on("2026-06-03", twisted, (100.4, 50.1), 0.51, fixed)
    frame = lg.explain_book(book(NOTE), monday, tuesday, paths=16_384, seed=4).set_index("trade_id")
    row = frame.loc["N"]
    assert row["cash"] == pytest.approx(20.0)  # the worst is at 90 % of its reference: above 70 %
    assert row["unexplained_standard_error"] < 0.1 * abs(row["delta"])
    assert abs(row["unexplained"]) < 4.0 * row["unexplained_standard_error"] + 0.01 * abs(row["delta"])
    assert abs(row["unexplained"] + row["delta"]) > 5.0 * row["unexplained_standard_error"]  # a lost term would show
    with pytest.warns(lg.BookWarning, match="fixings"):
        missing = lg.explain_book(book(NOTE), monday, {**tuesday, "fixings": PAST}, paths=1024, seed=4)
    assert missing.attrs["problems"][0]["trade_id"] == "N"


def short_curves(day: str, spot: float, end: str = "2026-12-01") -> dict[str, Any]:
    curve = {"zero_curve": {"times": ["2026-09-01", end], "rates": [0.03, 0.032]}}
    named = {n: {k: x for k, x in own.items() if k != "zero_rate"} | curve for n, own in (("A", A), ("B", B))}
    named["A"] |= {"spot": spot}
    return {"valuation_date": day, "underlyings": named, "correlation": {"A|B": 0.5}}


def test_curves_that_end_within_a_year_do_for_trades_that_end_before() -> None:
    rows = book({**EXCHANGE, "maturity": "2026-12-01"})
    row = lg.explain_book(rows, short_curves("2026-06-01", 100.0), short_curves("2026-06-02", 101.0)).iloc[0]
    before, settled, after = (
        exchanged((spot, 50.0), (0.2, 0.3), 0.5, days / 365)
        for spot, days in ((100.0, 183), (100.0, 182), (101.0, 182))
    )
    assert (row["pnl"], row["theta"]) == pytest.approx((after - before, settled - before))
    assert abs(row["unexplained"]) < 0.01 * abs(row["delta"])
    for frame in (
        lg.scenario_grid(rows, short_curves("2026-06-01", 100.0), [0.01], [0.0]),
        lg.stress(rows, short_curves("2026-06-01", 100.0), {"rates": {"rate": 0.01}}),
        lg.curvature(rows, short_curves("2026-06-01", 100.0)),
    ):
        assert "X" in frame["trade_id"].tolist()
        assert not frame.attrs["problems"]


@pytest.mark.parametrize("error", [ValueError("no such move"), RuntimeError("no such law")])
def test_a_trade_whose_move_fails_is_left_out_of_an_explained_book_alone(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> None:
        raise error

    monkeypatch.setattr("likelihood_greeks.book.pnl.moves.together", failing)
    call = {"trade_id": "C", "underlying": "A", "product": "call", "strike": 90.0, "quantity": 1.0,
            "maturity": "2026-12-01"}  # fmt: skip
    days = short_curves("2026-06-01", 100.0), short_curves("2026-06-02", 101.0)
    with pytest.warns(lg.BookWarning, match="1 trade"):
        frame = lg.explain_book(book({**EXCHANGE, "maturity": "2026-12-01"}, call), *days)
    assert [(one["trade_id"], one["row"]) for one in frame.attrs["problems"]] == [("X", 0)]
    assert str(error) in str(frame.attrs["problems"])
    assert frame["trade_id"].tolist() == ["C", "net", "total"]


def test_a_contract_of_ones_own_keeps_what_it_saw() -> None:
    day = pd.Timestamp("2026-06-01").date()
    past = {name: {pd.Timestamp("2026-06-02").date(): x} for name, x in (("A", 90.0), ("B", 60.0))}
    payoff = lg.Payoff(lambda spot: np.maximum(spot[0] - spot[1], 0.0), times=[1 / 365, 1.0])  # paid date by date
    left, cash = own_later(payoff, ["A", "B"], 2 / 365, day, past)
    assert cash == 30.0
    assert left.times == pytest.approx((1.0 - 2 / 365,))
    assert np.asarray(left(np.array([[[70.0]], [[50.0]]]))).tolist() == [[20.0]]
    with pytest.raises(ValueError, match="fixings must hold B on 2026-06-02"):
        own_later(payoff, ["A", "B"], 2 / 365, day, {"A": past["A"]})


def test_trades_on_the_same_assets_in_two_currencies_are_not_added() -> None:
    both = {"A": {**A, "currency": "EUR"}, "B": {**B, "currency": "USD"},
            "EURUSD": {"spot": 1.1, "zero_rate": 0.02, "implied_volatility": 0.08, "currency": "USD"}}  # fmt: skip
    on = {"valuation_date": "2026-06-01", "underlyings": both,
          "correlation": {"A|B": 0.5, "A|EURUSD": 0.1, "B|EURUSD": 0.1}}  # fmt: skip
    put = {"underlying": "A|B", "product": "worst_of_put", "strike": "90%", "quantity": 1.0, "maturity": "2027-06-01"}
    rows = book({**put, "trade_id": "E", "currency_pay": "EUR"}, {**put, "trade_id": "U", "currency_pay": "USD"},
                {**put, "trade_id": "V", "underlying": "B|A", "currency_pay": "USD"})  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lg.BookWarning)
        frame = lg.risk(rows, copy.deepcopy(on), [], paths=1024, seed=1)
    assert [problem["trade_id"] for problem in frame.attrs["problems"]] == ["U"]
    assert "name the assets of one in another order" in frame.attrs["problems"][0]["requirement"]


@pytest.mark.slow
def test_buckets_of_a_set_are_each_assets_sum_to_their_greeks_and_land_in_its_net() -> None:
    surface = {"strikes": [80.0, 100.0, 120.0], "maturities": [0.5, 2.0],
               "volatilities": [[0.24, 0.22], [0.2, 0.21], [0.18, 0.2]]}  # fmt: skip
    own = {key: x for key, x in A.items() if key not in ("implied_volatility", "zero_rate")}
    curve = {"zero_curve": {"times": [0.5, 2.0], "rates": [0.03, 0.035]}}
    rest = {key: x for key, x in B.items() if key != "zero_rate"}
    on = {"valuation_date": "2026-06-01", "correlation": {"A|B": 0.5},
          "underlyings": {"A": {**own, **curve, "implied_volatility": surface}, "B": {**rest, **curve}}}  # fmt: skip
    put = {"trade_id": "P", "underlying": "A|B", "product": "worst_of_put", "strike": "90%", "quantity": 100.0,
           "maturity": "2027-06-01"}  # fmt: skip
    call = {**put, "trade_id": "C", "underlying": "A", "product": "call", "strike": 90.0, "quantity": 1.0}
    kinds = ["vega", "rho", "dividend_rho"]
    frame = lg.risk(book(put, call), on, ["delta"], paths=4096, seed=1, buckets=kinds)
    assert frame.attrs["problems"] == []
    groups = frame[frame["greek"].isin(kinds)].groupby(["trade_id", "underlying", "greek", "asset"])
    for key, rows in groups:
        whole, parts = (rows.loc[(rows["bucket"] == "") == own, "position_value"] for own in (True, False))
        assert parts.sum() == pytest.approx(float(whole.iloc[0]), abs=1e-9), key
    unit = frame[frame["trade_id"] == "P"].set_index(["greek", "asset", "bucket"])["position_value"].sort_index()
    assert {*unit["vega", "A"].index} >= {"", "80 x 0.5", "100 x 0.5", "80 x 2", "100 x 2"}
    assert {*unit["vega", "B"].index} == {"", "flat"}
    assert {*unit["rho", ""].index} == {"", "0.5", "2"}
    net = frame[(frame["trade_id"] == "net") & (frame["underlying"] == "A")].set_index(["greek", "bucket"]).sort_index()
    exact = frame[frame["trade_id"] == "C"].set_index(["greek", "bucket"])["position_value"]
    assert net.loc[("vega", "80 x 2"), "value"] == pytest.approx(exact["vega", "80 x 2"] + unit["vega", "A", "80 x 2"])
    crif = lg.to_crif(frame)
    vega = crif[(crif["TradeID"] == "P") & (crif["Qualifier"] == "A") & (crif["RiskType"] == "EQ_VEGA")]
    assert vega["Label1"].tolist() == ["6m", "1y", "3y"]


def test_terms_by_pillar_are_summed_over_assets_and_sum_to_their_term() -> None:
    """Of an exchange vega is exact whatever node moves: that of its closed form at other volatilities."""

    def on(day: str, moved: float) -> dict[str, Any]:
        surfaces = {
            name: {"strikes": [20.0, 200.0], "maturities": ["2026-12-01", "2027-06-01"],
                   "volatilities": [[own, own + moved * slope]] * 2}
            for name, own, slope in (("A", 0.2, 1.0), ("B", 0.3, 0.5))
        }  # fmt: skip
        return market(day, **{name: {"implied_volatility": surface} for name, surface in surfaces.items()})

    rows = book({**EXCHANGE, "maturity": "2027-03-02"})
    frame = lg.explain_book(rows, on("2026-06-01", 0.0), on("2026-06-02", 0.01), paths=2048, seed=1, buckets=["vega"])
    row = frame.set_index("trade_id").loc["X"]
    buckets = row[[name for name in frame.columns if name.startswith("vega[") and not name.endswith("error")]]
    assert buckets.sum() == pytest.approx(row["vega"], abs=1e-12)
    assert buckets.iloc[0] == pytest.approx(0.0, abs=1e-10)  # the first pillar has not moved

    def value(h: float) -> float:
        years, first = 273 / 365, 182 / 365
        share = (years - first) / first
        own = [np.sqrt((v * v * first * (1.0 - share) + (v + s * h) ** 2 * 2.0 * first * share) / years)
               for v, s in ((0.2, 1.0), (0.3, 0.5))]  # fmt: skip
        return exchanged((100.0, 50.0), (own[0], own[1]), 0.5, years)

    assert row["vega"] == pytest.approx((value(0.005) - value(-0.005)), rel=0.02)


@pytest.mark.slow
def test_buckets_of_correlations_are_those_of_each_pillar_in_the_net_of_the_pair_and_sum_to_it() -> None:
    """An exchange sees the mean of the correlation over time alone: each pillar has its share of the time."""
    between = {"A|B": {"2026-12-01": 0.5, "2028-06-01": 0.4}, "A|C": 0.3, "B|C": {"1Y": 0.2, "2Y": 0.1}}
    on = market() | {"correlation": between}
    on["underlyings"] = {**on["underlyings"], "C": {**A, "spot": 80.0}}
    put = {"trade_id": "P", "underlying": "B|C|A", "product": "worst_of_put", "strike": "90%", "quantity": 100.0,
           "maturity": "2028-06-01"}  # fmt: skip
    call = {"trade_id": "C", "underlying": "A", "product": "call", "strike": 90.0, "quantity": 1.0,
            "maturity": "2027-06-01"}  # fmt: skip
    frame = lg.risk(book(EXCHANGE, put, call), on, ["delta"], paths=2048, seed=1, buckets=["correlation", "rho"])
    assert frame.attrs["problems"] == []
    parts = frame[frame["greek"] == "correlation"].set_index(["trade_id", "underlying", "asset", "bucket"])
    unit, errors = (parts[name].sort_index() for name in ("position_value", "position_standard_error"))
    days, mean = np.array([183.0, 182.0]) / 365.0, (183 * 0.5 + 182 * 0.4) / 365
    at = lambda rho: exchanged((100.0, 50.0), (0.2, 0.3), rho, 1.0)  # noqa: E731
    slope = (at(mean + 1e-4) - at(mean - 1e-4)) / 2e-4
    own = unit["X", "A|B", "A,B"]
    assert [*own.index] == ["", f"{183 / 365:g}", "2.00274"]
    error = errors["X", "A|B", "A,B"].iloc[1:].to_numpy()
    assert (error < 1e-3 * abs(own.iloc[1:])).all()
    assert (abs(own.iloc[1:].to_numpy() - slope * days) < 4.0 * error).all()
    for _, rows in unit.groupby(["trade_id", "underlying", "asset"]):
        values = rows.droplevel([0, 1, 2])
        assert values.drop("").sum() == pytest.approx(values[""], abs=1e-9)
    of_put = unit["P", "B|C|A"]
    assert [*of_put["C,A"].index] == ["", "flat"]
    assert [*of_put["B,C"].index] == ["", "1", "2.00274"]
    assert 0.0 < errors["P", "B|C|A", "B,C", "1"] < 0.05 * abs(of_put["B,C", "1"])
    net = unit["net", "A|B", "A,B"]
    assert net.to_numpy() == pytest.approx((own + of_put["B,A"]).to_numpy())


@pytest.mark.slow
def test_terms_of_correlations_by_pillar_are_those_of_the_closed_form_and_sum_to_their_term() -> None:
    one, two = ({"A|B": {"2026-12-01": a, "2028-06-01": b}} for a, b in ((0.5, 0.4), (0.53, 0.39)))
    on = market() | {"correlation": one}, market("2026-06-02") | {"correlation": two}
    frame = lg.explain_book(book(EXCHANGE), *on, paths=2048, seed=1, buckets=["correlation"]).set_index("trade_id")
    mean, spots, volatilities, left = 0.5 * (0.5 + 0.4), (100.0, 50.0), (0.2, 0.3), 364 / 365
    slope = np.diff([exchanged(spots, volatilities, mean + h, left) for h in (-1e-4, 1e-4)])[0] / 2e-4
    for name in ("X", "net"):
        named = [f"correlation[{182 / 365:g}]", "correlation[2]"]
        buckets, errors = (frame.loc[name, [f"{own}{end}" for own in named]].to_numpy(float)
                           for end in ("", "_standard_error"))  # fmt: skip
        assert (errors < 1e-3 * abs(buckets)).all()
        assert (abs(buckets - slope * 0.5 * np.array([0.03, -0.01])) < 4.0 * errors).all()
        assert buckets.sum() == pytest.approx(frame.loc[name, "correlation"], abs=1e-12)
    flat = lg.explain_book(book(EXCHANGE), market(), market("2026-06-02", 0.53), buckets=["correlation"])
    assert flat.loc[0, "correlation[flat]"] == pytest.approx(flat.loc[0, "correlation"])
