"""Trades on several assets in a book: values, nets by asset, fixings, correlations, and what is refused."""

import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

import likelihood_greeks as lg
from likelihood_greeks.book.reading import read_book
from likelihood_greeks.book.risk import underlying_seed
from likelihood_greeks.book.trades import parse

ASSETS = {
    "SX5E": {"spot": 5640.0, "zero_rate": 0.02, "dividend_yield": 0.027, "implied_volatility": 0.18},
    "SPX": {"spot": 6100.0, "zero_rate": 0.02, "dividend_yield": 0.012, "implied_volatility": 0.16},
    "NKY": {"spot": 38500.0, "zero_rate": 0.02, "dividend_yield": 0.015, "implied_volatility": 0.22},
}
PAIRS = {"SX5E|SPX": 0.6, "SX5E|NKY": 0.45, "SPX|NKY": 0.4}
PAST = {
    "SX5E": {"2026-06-18": 5500.0, "2026-09-18": 5480.0},
    "SPX": {"2026-06-18": 6000.0, "2026-09-18": 3500.0},
    "NKY": {"2026-06-18": 38000.0, "2026-09-18": 36000.0},
}
PUT = {"product": "worst_of_put", "strike": "95%", "maturity": "2027-11-27", "quantity": -1e6}
SEASONED = {
    "underlying": "SX5E|SPX|NKY", "product": "worst_of_phoenix", "strike": "100%", "level": "60%", "coupon": "2%",
    "coupon_barrier": "70%", "memory": "yes", "start": "2026-06-18", "maturity": "2027-06-18", "quantity": 1e6,
    "frequency": "2026-09-18;2026-12-18;2027-06-18", "knock_in_frequency": "2026-09-18;2027-06-18",
}  # fmt: skip


def market(**more: Any) -> dict[str, Any]:
    return {"valuation_date": "2026-11-27", "underlyings": ASSETS, "correlation": PAIRS, **more}


def book(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"trade_id": f"T{k}", **row} for k, row in enumerate(rows)])


def risk(rows: pd.DataFrame, on: dict[str, Any], *arguments: Any, **settings: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lg.BookWarning)
        return lg.risk(rows, on, *arguments, **{"paths": 8192, "seed": 3, **settings})


def problem_of(row: dict[str, Any], on: dict[str, Any]) -> str:
    """What is wrong with a row beside one that is fine."""
    found = risk(book({"underlying": "SX5E", "product": "call", "strike": 5600, "maturity": "2027-06-18",
                       "quantity": 1}, row), on, [], paths=1024).attrs["problems"]  # fmt: skip
    assert found, "the row was priced"
    return f"{found[0]['field']} must {found[0]['requirement']}, got {found[0]['value']!r}"


def test_nets_of_assets_say_what_is_left_out_on_a_set_of_which_nothing_could_be_priced():
    calls = [{"underlying": name, "product": "call", "strike": 5600, "maturity": "2027-06-18", "quantity": 1}
             for name in ASSETS]  # fmt: skip
    bad = {"underlying": "SX5E | SPX", **PUT, "strike": "abc"}
    frame = risk(book(*calls, bad), market(), ["delta"], paths=256)
    nets = frame[frame["trade_id"] == "net"].set_index(["underlying", "greek"])["note"]
    why = "excludes 1 trade that could not be priced"
    assert [nets[name, "delta"] for name in ASSETS] == [why, why, ""]
    assert nets["SPX", "price"] == ""  # it would have none in it
    both = risk(book(*calls, bad, {"underlying": "SX5E|SPX", **PUT}), market(), ["delta"], paths=256)
    assert (both.loc[(both["trade_id"] == "net") & (both["underlying"] == "SX5E|SPX"), "note"] == why).all()


def worst_of_put(spots: tuple[float, float], rho: float = 0.6) -> float:
    """A put struck at 95 % on the worst of SX5E and SPX, by quadrature in both normals."""
    x = np.linspace(-7.0, 7.0, 1201)
    w = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi) * (x[1] - x[0])
    first, second = x[:, None], rho * x[:, None] + np.sqrt(1.0 - rho**2) * x[None]
    shares = []
    for spot, normal, own in zip(spots, (first, second), (ASSETS["SX5E"], ASSETS["SPX"]), strict=True):
        drift, deviation = own["zero_rate"] - own["dividend_yield"], own["implied_volatility"]
        shares.append(spot / own["spot"] * np.exp(drift - 0.5 * deviation**2 + deviation * normal))
    return float(np.exp(-0.02) * w @ np.maximum(0.95 - np.minimum(*shares), 0.0) @ w)


@pytest.mark.slow
def test_a_worst_of_put_has_the_value_and_deltas_of_quadrature_and_they_are_in_the_nets_of_its_assets() -> None:
    single = {"underlying": "SPX", "product": "call", "strike": 6100, "maturity": "2027-11-27", "quantity": 50}
    frame = risk(book({**PUT, "underlying": "SX5E|SPX"}, single), market(), ["delta", "correlation"], paths=32_768)
    assert list(frame.columns[4:7]) == ["greek", "asset", "bucket"]
    unit = frame[frame["trade_id"] == "T0"].set_index(["greek", "asset"])
    spots = ASSETS["SX5E"]["spot"], ASSETS["SPX"]["spot"]
    expected = {("price", ""): worst_of_put(spots)}
    for place, name in enumerate(("SX5E", "SPX")):
        up, down = ([s * (1.0 + h * (k == place)) for k, s in enumerate(spots)] for h in (5e-3, -5e-3))
        slope = (worst_of_put((up[0], up[1])) - worst_of_put((down[0], down[1]))) / (1e-2 * spots[place])
        expected["delta", name] = slope
    expected["correlation", "SX5E,SPX"] = (worst_of_put(spots, 0.61) - worst_of_put(spots, 0.59)) / 0.02
    for key, value in expected.items():
        assert unit.loc[key, "standard_error"] < 0.03 * abs(value), key
        assert abs(unit.loc[key, "value"] - value) < 4.0 * unit.loc[key, "standard_error"] + 1e-4 * abs(value), key
    wrong = expected["delta", "SPX"]
    assert abs(unit.loc[("delta", "SX5E"), "value"] - wrong) > 10.0 * unit.loc[("delta", "SX5E"), "standard_error"]

    nets = frame[(frame["trade_id"] == "net") & (frame["greek"] == "delta")].set_index(["underlying", "asset"])
    call = frame[(frame["trade_id"] == "T1") & (frame["greek"] == "delta")].iloc[0]
    part = unit.loc[("delta", "SPX")]
    assert nets.loc[("SPX", ""), "value"] == pytest.approx(call["position_value"] + part["position_value"])
    assert nets.loc[("SPX", ""), "standard_error"] == pytest.approx(part["position_standard_error"], rel=1e-3)
    assert nets.loc[("SX5E", ""), "value"] == pytest.approx(unit.loc[("delta", "SX5E"), "position_value"])
    assert nets.loc[("SX5E|SPX", "SPX"), "value"] == pytest.approx(part["position_value"])
    assert frame.loc[frame["asset"] == "SPX", "spot"].eq(6100.0).all()


@pytest.mark.slow
def test_a_trade_is_what_greeks_gives_by_hand_with_its_past() -> None:
    rows, on = book(SEASONED), market(fixings=PAST)
    frame = risk(rows, on, ["delta"])
    assert "knocked in on 2026-09-18" in frame.attrs["states"]["T0"]
    reference = {name: own["2026-06-18"] for name, own in PAST.items()}
    years = [21 / 365, 203 / 365]
    left = lg.Autocallable(1.0, years, coupon=0.02, coupon_barrier=0.7, memory=True, notional=1.0, knocked_in=True,
                           unpaid=0.02)  # fmt: skip
    law = lg.CorrelatedGBM(
        {name: lg.GBM(spot=own["spot"], volatility=own["implied_volatility"], rate=0.02,
                      dividend_yield=own["dividend_yield"]) for name, own in ASSETS.items()},
        {tuple(pair.split("|")): value for pair, value in PAIRS.items()},
    )  # fmt: skip
    seed = underlying_seed(3, "SX5E|SPX|NKY")
    found = lg.greeks(law, lg.WorstOf(left, reference), ["delta"], paths=8192, seed=seed).to_frame()
    own = frame[frame["trade_id"] == "T0"].reset_index(drop=True)
    assert np.allclose(own["value"], found["value"], rtol=1e-12)
    assert own["asset"].tolist() == found["asset"].tolist()


def test_assets_on_curves_of_their_own_keep_their_forwards() -> None:
    curves = {"times": [0.5, 2.0], "rates": [0.06, 0.08]}, {"times": [1.0, 3.0], "rates": [0.025, 0.02]}
    named = zip(("SX5E", "SPX"), curves, strict=True)
    two = {
        name: {**{k: x for k, x in ASSETS[name].items() if k != "zero_rate"}, "zero_curve": curve, "currency": "EUR"}
        for name, curve in named
    }
    on = {"valuation_date": "2026-11-27", "underlyings": two, "correlation": {("SX5E", "SPX"): 0.6}}
    call = {"strike": 1.02, "product": "basket_call", "maturity": "2027-09-17", "quantity": 1.0}
    frame = risk(
        book({**call, "underlying": "SX5E|SPX", "weights": "1|0"}, {**call, "underlying": "SX5E|SPX", "weights": "0|1"},
             {**call, "product": "call", "underlying": "SX5E", "strike": 1.02 * 5640.0}),
        on, ["delta"], paths=16_384,
    )  # fmt: skip
    frame = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek", "asset"]).sort_index()
    exact = frame.loc[("T2", "price", "")]
    own = frame.loc[("T0", "price", "")]
    assert own["standard_error"] < 2e-4
    assert abs(own["value"] - exact["value"] / 5640.0) < 4.0 * own["standard_error"]
    forward = 6100.0 * np.exp((rate := _zero(curves[1], 294 / 365)) * 294 / 365 - 0.012 * 294 / 365)
    law = lg.GBM(spot=6100.0, volatility=0.16, rate=rate, dividend_yield=0.012)
    assert law.forward(294 / 365) == pytest.approx(forward)
    spx = lg.greeks(law, lg.Call(1.02 * 6100.0, 294 / 365), [], closed_form=True)["price"].value / 6100.0
    factor = np.exp((rate - _zero(curves[0], 294 / 365)) * 294 / 365)  # discounted on the first asset's curve
    other = frame.loc[("T1", "price", "")]
    assert abs(other["value"] - factor * spx) < 4.0 * other["standard_error"]
    assert abs(other["value"] - spx) > 4.0 * other["standard_error"]  # negative control


def _zero(curve: dict[str, list[float]], time: float) -> float:
    accrued = [t * r for t, r in zip(curve["times"], curve["rates"], strict=True)]
    return float(np.interp(time, [0.0, *curve["times"]], [0.0, *accrued]) / time)


REFUSED = [
    ({"underlying": "SX5E|SPX", "correlation": {"SX5E|NKY": 0.1}}, "given in the market for SX5E|SPX"),
    ({"underlying": "SX5E|SPX|NKY", "correlation": {**PAIRS, "SX5E|NKY": -0.9, "SPX|NKY": 0.9}}, "positive definite"),
    ({"underlying": "SX5E|DAX"}, "one of 'SX5E', 'SPX', 'NKY'"),
    ({"underlying": "SX5E|SX5E"}, "name each asset once"),
    ({"underlying": "SX5E|SPX", "product": "put"}, "worst_of_put or best_of_put or basket_put"),
    ({"underlying": "SX5E|SPX", "product": "worst_of_accumulator"}, "say what of several assets"),
    ({"underlying": "SX5E|SPX", "strike": 95}, "such as 0.7 or 70%"),
    ({"underlying": "SX5E|SPX", "weights": "1|1"}, "only baskets have weights"),
    ({"underlying": "SX5E|SPX", "product": "basket_put", "weights": "1|1|1"}, "2 numbers separated by bars"),
    ({"underlying": "SX5E|SPX", "product": "basket_put", "weights": "50;50"}, "as in 50%|50%"),
    ({"underlying": "SX5E|SPX", "product": "basket_put", "weights": "1|-1"}, "make a basket that is positive today"),
    ({"underlying": "SX5E|SPX", "reference": "5640"}, "2 numbers separated by bars"),
    ({"underlying": "SX5E|SPX", "reference": "5640|-1"}, "be positive"),
    ({"underlying": "SX5E|SPX", "start": "2026-06-18"}, "hold SX5E on 2026-06-18"),
    ({"underlying": "SX5E|SPX", "start": "2027-01-18"}, "the trade starts later"),
    ({"underlying": "SX5E|SPX", "maturity": "2026-10-27", "payment_date": "2026-12-18"}, "SX5E and SPX on 2026-10-27"),
    ({"underlying": "SX5E|SPX", "exercise": "american"}, "only European"),
    ({"underlying": "SX5E|SPX", "product": "worst_of_barrier", "level": "70%", "direction": "down", "knock": "in",
      "option": "put", "frequency": "continuous"}, "frequency must hold dates or daily"),
    ({"underlying": "SX5E|SPX", "spot": 5640}, "the trade is on several assets"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "why"), REFUSED)
def test_what_is_wrong_with_a_trade_is_told_and_the_others_are_priced(change: dict[str, Any], why: str) -> None:
    on = market(correlation=change.pop("correlation", PAIRS))
    assert why in problem_of({**PUT, **change}, on)


def test_early_exercise_of_an_asset_that_pays_cash_is_refused_by_name() -> None:
    paying = {**ASSETS, "SPX": {**ASSETS["SPX"], "dividends": [{"ex_date": "2027-03-01", "amount": 20.0}]}}
    right = {**PUT, "underlying": "SX5E|SPX", "product": "worst_of_bermudan_put", "frequency": "quarterly"}
    why = problem_of(right, market(underlyings=paying))
    assert why.startswith("dividends must be yields for early exercise of several assets")


def test_a_member_with_a_model_of_its_own_is_refused() -> None:
    heston = {"initial_variance": 0.04, "mean_reversion": 1.5, "long_run_variance": 0.04, "vol_of_vol": 0.5,
              "correlation": -0.7}  # fmt: skip
    own = {**ASSETS, "SPX": {"spot": 6100.0, "zero_rate": 0.02, "model": "heston", "heston": heston}}
    said = problem_of({**PUT, "underlying": "SX5E|SPX"}, market(underlyings=own))
    words = "black-scholes for trades on several assets, or local_volatility for all of them"
    assert said == f"SPX.model must be {words}, got 'heston'"


def test_what_is_said_of_a_past_watched_at_all_times_is_refused_of_several_assets() -> None:
    said = problem_of({**PUT, "underlying": "SX5E|SPX", "touched_on": "2026-10-30"}, market())
    assert said == "touched_on must be blank: fixings say it of a trade that is watched on dates, got '2026-10-30'"


def test_trades_on_the_same_assets_told_in_another_order_have_one_net() -> None:
    rows = [{**PUT, "underlying": name} for name in ("SPX|SX5E", "SX5E|SPX", "NKY|SPX|SX5E")]
    frame = risk(book(*rows), market(), ["correlation", "cross_gamma"], paths=1024)
    nets = frame[(frame["trade_id"] == "net") & (frame["underlying"] == "SX5E|SPX")].set_index("greek")
    assert "SPX|SX5E" not in {*frame.loc[frame["trade_id"] == "net", "underlying"]}
    assert nets["asset"].tolist() == ["", "SX5E,SPX", "SX5E,SPX"]
    totals = lg.pivot(frame, "underlying").set_index(["underlying", "greek"]).loc["SX5E|SPX"]
    for greek, count in (("price", 2), ("correlation", 3), ("cross_gamma", 3)):
        own = frame[frame["asset"].isin(["", "SPX,SX5E", "SX5E,SPX"]) & (frame["greek"] == greek)]
        parts = own[own["trade_id"].isin(["T0", "T1", "T2"][:count])]
        assert nets.loc[greek, "value"] == pytest.approx(parts["position_value"].sum())
        error = float(np.hypot.reduce(parts["position_standard_error"]))
        assert nets.loc[greek, "standard_error"] == pytest.approx(error, rel=1e-6)
        assert totals.loc[greek, "trades"] == count
        assert totals.loc[greek, "error"] == "exact"


@pytest.mark.slow
def test_ladders_move_each_asset_alone_and_all_together() -> None:
    single = {"underlying": "SPX", "product": "call", "strike": 6100, "maturity": "2027-11-27", "quantity": 50}
    put = {**PUT, "underlying": "SX5E|SPX"}
    both = lg.ladder(book(put, single), market(), [-0.05], paths=32_768, seed=1).set_index("underlying")
    base = ASSETS["SX5E"]["spot"], ASSETS["SPX"]["spot"]
    for name, factors in (("SX5E", (0.95, 1.0)), ("SX5E|SPX", (0.95, 0.95))):
        spots = base[0] * factors[0], base[1] * factors[1]
        gain = -1e6 * (worst_of_put(spots) - worst_of_put(base))
        assert both.loc[name, "standard_error"] < 0.02 * abs(gain), name
        assert abs(both.loc[name, "change"] - gain) < 4.0 * both.loc[name, "standard_error"], name
    alone = [
        lg.ladder(book(row), market(), [-0.05], paths=2048, seed=1).set_index("underlying") for row in (put, single)
    ]
    assert [*alone[1].index] == ["SPX"]
    assert both.loc["SPX", "trades"] == 2
    added = alone[0].loc["SPX", "change"] + alone[1].loc["SPX", "change"]
    assert abs(both.loc["SPX", "change"] - added) < 5.0 * alone[0].loc["SPX", "standard_error"]


def test_correlations_are_read_in_every_form(tmp_path: Path) -> None:
    names = [*ASSETS]
    matrix = pd.DataFrame(np.eye(3), names, names)
    for a, b in product(names, names):
        matrix.loc[a, b] = 1.0 if a == b else PAIRS.get(f"{a}|{b}", PAIRS.get(f"{b}|{a}", 0.0))
    (tmp_path / "pairs.csv").write_text("first,second,correlation\nSPX,SX5E,0.6\nSX5E,NKY,0.45\nNKY,SPX,0.4\n")
    matrix.to_csv(tmp_path / "matrix.csv")
    forms: list[Any] = [
        PAIRS, {tuple(key.split("|")): x for key, x in PAIRS.items()}, {key.replace("|", ","): x for key, x in
        PAIRS.items()}, {"SX5E": {"SPX": 0.6, "NKY": 0.45}, "NKY": {"SPX": 0.4}}, matrix, str(tmp_path / "pairs.csv"),
        str(tmp_path / "matrix.csv"),
    ]  # fmt: skip
    read = [lg.Market.read(market(correlation=form)).correlation for form in forms]
    assert all(one == read[0] for one in read)
    assert read[0].between(["NKY", "SPX", "SX5E"]) == {("NKY", "SPX"): 0.4, ("NKY", "SX5E"): 0.45, ("SPX", "SX5E"): 0.6}


def test_correlations_by_pillar_are_read_in_every_form_and_are_those_of_the_law(tmp_path: Path) -> None:
    curve = {"6M": 0.5, "1Y": 0.6, "2028-11-27": 0.7}
    rows = "".join(f"SPX,SX5E,{pillar},{x}\n" for pillar, x in curve.items())
    (tmp_path / "pairs.csv").write_text("first,second,pillar,correlation\n" + rows + "SX5E,NKY,,0.45\nNKY,SPX,,0.4\n")
    years = {(np.datetime64(day) - np.datetime64("2026-11-27")).astype(int) / 365.0: x for day, x in
             zip(("2027-05-27", "2027-11-27", "2028-11-27"), curve.values(), strict=True)}  # fmt: skip
    forms: list[Any] = [
        {**PAIRS, "SX5E|SPX": curve}, {**PAIRS, "SX5E|SPX": years}, str(tmp_path / "pairs.csv"),
        {"SX5E": {"SPX": curve, "NKY": 0.45}, "NKY": {"SPX": 0.4}},
    ]  # fmt: skip
    read = [lg.Market.read(market(correlation=form)).correlation for form in forms]
    assert all(one == read[0] for one in read)
    own = lg.Market.read(market(correlation=forms[0]))
    (trade,), problems = parse(read_book(book({**PUT, "underlying": "SX5E|SPX"})), own, several=True)
    assert not problems
    law = lg.CorrelatedGBM({"A": lg.GBM(spot=1.0, volatility=0.2), "B": lg.GBM(spot=1.0, volatility=0.2)},
                           {("A", "B"): years})  # fmt: skip
    assert trade.model.correlation[0][1] == law.correlation[0][1]


@pytest.mark.parametrize("text", [
    "first;second;correlation\nSPX;SX5E;0,6\nSX5E;NKY;0,45\nNKY;SPX;0,4\n",
    "first,second,correlation\nSPX,SX5E,60%\nSX5E,NKY,45 %\nNKY,SPX,0.4\n",
    "name;SPX;SX5E;NKY\nSPX;100 %;60 %;40 %\nSX5E;60,0 %;1;45,0 %\nNKY;;45 %;1\n",
])  # fmt: skip
def test_correlations_are_read_as_books_are(tmp_path, text):
    (tmp_path / "pairs.csv").write_text(text)
    found = lg.Market.read(market(correlation=str(tmp_path / "pairs.csv"))).correlation
    assert found.between(("SPX", "SX5E", "NKY")) == {("SPX", "SX5E"): 0.6, ("SPX", "NKY"): 0.4, ("SX5E", "NKY"): 0.45}


def test_correlations_that_are_no_numbers_or_written_in_two_ways_are_refused(tmp_path):
    for cells, said in (
        (("0,6", "0.45"), "written as elsewhere in the table"),
        (("0,6", "much"), "must be a number, got 'much'"),
    ):
        (tmp_path / "pairs.csv").write_text(f"first;second;correlation\nSPX;SX5E;{cells[0]}\nSX5E;NKY;{cells[1]}\n")
        with pytest.raises(ValueError, match=said):
            lg.Market.read(market(correlation=str(tmp_path / "pairs.csv")))


@pytest.mark.parametrize(
    ("text", "held"),
    [("", "an empty file"), ("\n\n", "an empty file"), ("hello\n", "only the line hello"),
     ("first,second,correlation\n", "only the line first,second,correlation"),
     ("hello\nworld\n", "1 rows under the header hello")],
)  # fmt: skip
def test_a_file_of_no_correlations_says_what_it_must_hold_and_what_it_holds(
    tmp_path: Path, text: str, held: str
) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ValueError, match=r"pairs.csv: table must hold two names and their corr.*got ") as said:
        lg.Market.read(market(correlation=str(tmp_path / "pairs.csv")))
    assert held in str(said.value)


def test_a_file_that_is_not_there_is_named_with_what_it_was_to_hold(tmp_path: Path) -> None:
    for key, what in (("correlation", "file of correlations"), ("fixings", "file of fixings")):
        with pytest.raises(FileNotFoundError, match=rf"there is no {what}: '.*none.csv'"):
            lg.Market.read(market(**{key: str(tmp_path / "none.csv")}))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"SX5E|SPY": 0.5}, "did you mean 'SPX'"),
        ({"SX5E|SPX": 1.5}, "between -1 and 1"),
        ({"SX5E|SPX": 0.5, "SPX|SX5E": 0.4}, "given once, or twice the same"),
        ({"SX5E": 0.5}, "name two underlyings"),
        ({"SX5E|SX5E": 0.5}, "be 1"),
        ({"SX5E|SPX": {"1Y": 0.5, "6M": 0.4}}, "pillars of SX5E|SPX must increase"),
        ({"SX5E|SPX": {"1Y": 0.5, "soon": 0.4}}, r"pillars of SX5E\|SPX\[1\] must be an ISO date"),
        ({"SX5E|SPX": {"1Y": 0.5, "2Y": 1.4}}, "SX5E|SPX up to 2Y must be between -1 and 1"),
        ({"SX5E|SPX": {}}, "must hold a number for each of some pillars"),
    ],
)
def test_a_wrong_correlation_is_refused_by_its_pair(given: dict[str, float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        lg.Market.read(market(correlation=given))
    other = {key: own for key, own in market(correlation=given).items() if key != "correlation"}
    with pytest.raises(ValueError, match="correlations"):
        lg.Market.read({**other, "correlations": given})


def test_a_correlation_in_per_cent_is_read() -> None:
    one, other = (lg.Market.read(market(correlation={"SX5E|SPX": {"1Y": x, "2Y": 0.5}})) for x in ("62.5 %", 0.625))
    assert one.correlation == other.correlation


@pytest.mark.slow
def test_totals_units_and_differences_tell_assets_apart() -> None:
    call = {"underlying": "SX5E", "product": "call", "strike": 5600, "maturity": "2027-06-18", "quantity": 9}
    put = {**PUT, "underlying": "SX5E|SPX"}
    rows = book(put, {**put, "quantity": 4e5}, call)
    frame = risk(rows, market(), ["delta", "cross_gamma"], paths=4096)
    by_asset = lg.pivot(frame, "underlying").set_index(["underlying", "greek"])
    nets = frame[(frame["trade_id"] == "net") & (frame["underlying"] == "SX5E") & (frame["greek"] == "delta")].iloc[0]
    assert by_asset.loc[("SX5E", "delta"), "value"] == pytest.approx(5640.0 * nets["value"])
    assert by_asset.loc[("SX5E", "delta"), "standard_error"] == pytest.approx(5640.0 * nets["standard_error"], rel=0.05)
    assert by_asset.loc[("SX5E", "delta"), "trades"] == 3
    assert ("SX5E|SPX", "cross_gamma") in by_asset.index
    units = lg.desk_units(frame).set_index("trade_id")
    delta = frame[(frame["trade_id"] == "T0") & (frame["asset"] == "SPX") & (frame["greek"] == "delta")].iloc[0]
    assert units.loc["T0", "delta_cash[SPX]"] == pytest.approx(6100.0 * delta["position_value"])
    same = lg.diff(frame, frame)
    assert set(same["verdict"]) == {"noise"}
    assert same["asset"].tolist().count("SX5E,SPX") == 3  # two trades and their net


def test_an_asset_in_another_currency_is_a_quanto() -> None:
    dollars = {"zero_rate": 0.04, "currency": "USD"}
    on = market(
        underlyings={
            "SX5E": {**ASSETS["SX5E"], "currency": "EUR"}, "SPX": {**ASSETS["SPX"], **dollars},
            "EURUSD": {**dollars, "spot": 1.16, "dividend_yield": 0.02, "implied_volatility": 0.08},
        },
        correlation={"SX5E|SPX": 0.6, "SPX|EURUSD": 0.25},
    )  # fmt: skip
    call = {"underlying": "SX5E|SPX", "product": "basket_call", "strike": 1.0, "weights": "0|1", "quantity": 1.0,
            "maturity": "2027-11-27", "currency": "EUR"}  # fmt: skip
    frame = risk(book(call), on, ["vega", "fx_volatility"], paths=16_384)
    frame = frame.set_index(["greek", "asset"]).sort_index()
    own = frame[frame["trade_id"] == "T0"].loc[("price", "")]
    # a dollar in euro is the inverse of the pair: its correlation with the asset is -0.25
    yields = 0.012 + 0.02 - 0.04 - 0.25 * 0.16 * 0.08
    exact = lg.GBM(spot=1.0, volatility=0.16, rate=0.02, dividend_yield=yields)
    value = lg.greeks(exact, lg.Call(1.0, 1.0), [], closed_form=True)["price"].value
    assert own["currency"] == "EUR"
    assert own["standard_error"] < 0.003 * value
    assert abs(own["value"] - value) < 4.0 * own["standard_error"]
    wrong = lg.greeks(lg.GBM(spot=1.0, volatility=0.16, rate=0.02, dividend_yield=0.012 - 0.02), lg.Call(1.0, 1.0), [],
                      closed_form=True)["price"].value  # fmt: skip
    assert abs(own["value"] - wrong) > 4.0 * own["standard_error"]
    assert ("fx_volatility", "SPX") in frame.index
    net = frame[(frame["trade_id"] == "net") & (frame["underlying"] == "SPX")].loc[("vega", "")]
    assert net["currency"] == "USD"  # in which all on the asset is: at 1.16 dollars a euro
    assert net["value"] == pytest.approx(1.16 * frame[frame["trade_id"] == "T0"].loc[("vega", "SPX"), "value"])
    own_call = {"underlying": "SPX", "product": "quanto_call", "strike": 6100, "maturity": "2027-11-27",
                "quantity": 3.0, "currency": "USD", "currency_pay": "EUR"}  # fmt: skip
    one = risk(book(own_call), on, ["delta", "vega"], paths=16_384)
    priced = one[(one["trade_id"] == "T0") & (one["greek"] == "price")].iloc[0]
    assert abs(priced["value"] - 6100.0 * value) < 4.0 * priced["standard_error"] < 0.02 * 6100.0 * value
    assert (priced["underlying"], priced["currency"]) == ("SPX|EURUSD", "EUR")
    assert {("net", "SPX", "delta"), ("T0", "SPX|EURUSD", "vega")} <= {
        *one.set_index(["trade_id", "underlying", "greek"]).index
    }
    assert "another currency" in problem_of({**own_call, "currency_pay": "USD"}, on)
    assert "SPX|EURUSD" in problem_of(call, {**on, "correlation": {"SX5E|SPX": 0.6}})
    del on["underlyings"]["EURUSD"]
    on["correlation"] = {"SX5E|SPX": 0.6}
    assert "a quanto needs it" in problem_of(call, on)


def test_exchanges_have_margrabes_value_and_spreads_and_digitals_are_near_it() -> None:
    base = {"underlying": "SX5E|SPX", "maturity": "2027-11-27", "quantity": 10.0}
    rows = book({**base, "product": "exchange", "weights": "1.1|1"}, {**base, "product": "spread", "weights": "1.1|1"},
                {**base, "product": "outperformance_digital", "cash": 5, "strike": "2%"},
                {**base, "product": "outperformance_digital", "cash": 5, "maturity": "2026-11-20", "strike": "1%",
                 "payment_date": "2026-12-01", "start": "2026-06-18"})  # fmt: skip
    past = {
        name: {**own, "2026-11-20": own["2026-06-18"] * (1.05 if name == "SX5E" else 1.03)}
        for name, own in PAST.items()
    }
    frame = risk(rows, market(fixings=past), ["delta"], paths=16_384)
    assert frame.attrs["problems"] == []
    unit = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek", "asset"]).sort_index()
    first, second = 1.1 * 5640.0 * np.exp(-0.007), 6100.0 * np.exp(0.008)
    deviation = np.sqrt(0.18**2 + 0.16**2 - 2 * 0.6 * 0.18 * 0.16)
    d = np.log(first / second) / deviation + 0.5 * deviation
    margrabe = np.exp(-0.02) * (first * special.ndtr(d) - second * special.ndtr(d - deviation))
    assert unit.loc[("T0", "price", ""), "value"] == pytest.approx(margrabe, rel=1e-10)
    assert unit.loc[("T0", "price", ""), "method"] == "closed form"
    spread = unit.loc[("T1", "price", "")]
    assert abs(spread["value"] - margrabe) < 4.0 * spread["standard_error"] < 0.05 * margrabe
    assert 0.0 < unit.loc[("T2", "price", ""), "value"] < 5.0
    assert unit.loc[("T3", "price", ""), "value"] == pytest.approx(
        5.0 * np.exp(-0.02 * 4 / 365)
    )  # 5 % beats 3 % by 1 %
    net = frame[(frame["trade_id"] == "net") & (frame["underlying"] == "SX5E|SPX") & (frame["asset"] == "SX5E")]
    assert net["value"].iloc[0] == pytest.approx(
        10.0 * sum(unit.loc[(f"T{k}", "delta", "SX5E"), "value"] for k in range(4))
    )
    assert "name two assets" in problem_of({**base, "underlying": "SX5E|SPX|NKY", "product": "exchange"}, market())
    assert "does not use it" in problem_of({**base, "product": "exchange", "strike": 5}, market())
    assert "be in currency" in problem_of({**base, "product": "spread", "strike": "5%"}, market())


def test_a_contract_of_ones_own_may_be_on_several_assets() -> None:
    payoff = lg.WorstOf(lg.Put(0.95, 1.0), {name: ASSETS[name]["spot"] for name in ("SX5E", "SPX")})
    row = {"underlying": "SX5E|SPX", "quantity": 2, "payoff": payoff}
    frame = risk(book(row), market(), ["delta"], paths=16_384)
    frame = frame[frame["trade_id"] != "net"].set_index(["trade_id", "greek", "asset"]).sort_index()
    own = frame.loc[("T0", "price", "")]
    assert abs(own["value"] - worst_of_put((5640.0, 6100.0))) < 4.0 * own["standard_error"] < 0.003
    assert frame.loc[("T0", "delta", "SPX"), "value"] < 0.0
    single = {"underlying": "SX5E", "product": "call", "strike": 5600, "maturity": "2027-06-18", "quantity": 1}
    changes: list[tuple[dict[str, Any], str]] = [
        ({"underlying": "SX5E"}, "or the underlying name several"),
        ({"strike": 1}, "be blank"),
        ({"payoff": lg.Put(1.0, 1.0)}, "on one asset"),
        ({"underlying": "SX5E|NKY"}, "SX5E, NKY"),
    ]
    for change, why in changes:
        found = risk(book(single, {**row, **change}), market(), [], paths=512).attrs["problems"]
        assert why in f"{found[0]['requirement']} {found[0]['value']}"


def test_regulators_files_have_a_row_for_each_asset() -> None:
    put, call = {**PUT, "underlying": "SX5E|SPX"}, {"underlying": "SPX", "product": "call", "strike": 6100}
    rows, on = book(put, {**call, "maturity": "2027-11-27", "quantity": 2.0}), market()
    frame = risk(rows, on, ["delta", "vega", "rho"], paths=512)
    table = lg.to_crif(frame, buckets={"SPX": "12", "SX5E": "13"})
    own = table[table["TradeID"] == "T0"].set_index(["RiskType", "Qualifier"])
    known = frame[frame["trade_id"] == "T0"].set_index(["greek", "asset"])["position_value"]
    for name, bucket in (("SX5E", "13"), ("SPX", "12")):
        assert own.loc[("EQ_DELTA", name), "Amount"] == pytest.approx(ASSETS[name]["spot"] * known["delta", name])
        assert own.loc[("EQ_DELTA", name), "Bucket"] == bucket
        assert own.loc[("EQ_VEGA", name), "Amount"] == pytest.approx(
            ASSETS[name]["implied_volatility"] * known["vega", name]
        )
    assert own.xs("GIRR_DELTA")["Amount"].sum() == pytest.approx(known["rho", ""])
    assert len(table[table["TradeID"] == "T1"]) == 3


@pytest.mark.slow
def test_curvature_is_that_of_each_spot_and_of_the_rate() -> None:
    right = {"underlying": "SX5E|SPX", "product": "exchange", "weights": "1|0.92", "maturity": "2027-11-27"}
    rows, on = book({**right, "quantity": 10.0}), market()
    curve = lg.curvature(rows, on, spot=0.1, rate=0.01)
    own = curve[curve["trade_id"] == "T0"].set_index("factor")
    assert own.index.tolist() == ["spot[SX5E]", "spot[SPX]", "rate"]
    cell = lg.scenario_grid(rows, on, [0.1], [0.0], underlyings=["SPX"]).iloc[0]
    assert own.loc["spot[SPX]", "up"] == pytest.approx(cell["change"])
    assert own.loc["spot[SPX]", "cvr_up"] == pytest.approx(0.1 * own.loc["spot[SPX]", "sensitivity"] - cell["change"])
    table = lg.to_crif(risk(rows, on, ["delta"], paths=512), curvature=curve)
    assert table.loc[table["RiskType"] == "EQ_CURV", "Qualifier"].tolist() == ["SX5E", "SX5E", "SPX", "SPX"]


NOTES, NOTES_MARKET = Path("data/notes.csv"), Path("data/notes_market.toml")


@pytest.mark.slow
def test_the_shipped_notes_are_priced_without_doubts() -> None:
    some = pd.read_csv(NOTES, dtype=str).iloc[[6, 11, 13, 19]]
    frame = risk(some, NOTES_MARKET, ["delta", "correlation"], paths=4096)  # type: ignore[arg-type]
    assert frame.attrs["problems"] == []
    assert set(frame["note"]) == {""}
    prices = frame[(frame["greek"] == "price") & (frame["trade_id"] != "net")]
    notes = prices[prices["product"].str.contains("autocallable|phoenix|convertible")].set_index("trade_id")["value"]
    assert notes.drop("NOTE-07").between(0.8, 1.1).all()
    assert notes["NOTE-07"] == 0.0  # redeemed in September


def test_every_shipped_note_is_read() -> None:
    trades, problems = parse(read_book(NOTES), lg.Market.read(NOTES_MARKET), several=True)
    assert len(trades) == 20
    assert problems == []
    states = {trade.trade_id: trade.state for trade in trades}
    assert "redeemed on 2026-09-21" in states["NOTE-07"]
    assert "coupons of 5.4% missed" in states["NOTE-03"]
