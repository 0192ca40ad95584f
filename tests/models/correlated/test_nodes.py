"""Greeks of several assets by nodes of their curves: scores against differences of the density, sums, controls."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

import likelihood_greeks as lg
from likelihood_greeks.streams.chunks import Chunk
from tests.support.gates import assert_estimates

QUARTERS = [0.25 * k for k in range(1, 6)]


def curves(spot: float, volatility: float, paid: float, **more: Any) -> lg.TermStructureGBM:
    own = {"times": [0.25, 0.5, 1.0, 2.0], "zero_rates": [0.02, 0.025, 0.03, 0.03], "dividend_times": [0.5, 1.5],
           "dividend_yields": [paid, 0.8 * paid], "volatility_times": [0.5, 1.0, 2.0],
           "volatilities": [volatility, 1.03 * volatility, 1.05 * volatility]}  # fmt: skip
    return lg.TermStructureGBM(spot=spot, **{**own, **more})


def law(**more: Any) -> lg.CorrelatedGBM:
    """Two assets on curves; `more` are those of the second."""
    return lg.CorrelatedGBM({"A": curves(100.0, 0.2, 0.02), "B": curves(50.0, 0.3, 0.01, **more)}, {("A", "B"): 0.5})


@pytest.mark.parametrize("quanto", [None, {"A": (0.2, 0.1)}, {"A": "B"}, {"A": "1/B"}])
def test_scores_of_nodes_are_differences_of_the_log_density(quanto: Any) -> None:
    whole, chunk, h = replace(law(), quanto=quanto), Chunk(1, 0, 64, "pseudo"), 1e-5
    split = whole.split(["volatility[B]", "rate", "dividend_yield[A]"])
    paths = split.simulate(QUARTERS, chunk.stream())
    found = split.moves(paths).scores(["volatility[B][1]", "rate[2]", "dividend_yield[A][0]"])

    def moved(**fields: Any) -> lg.CorrelatedGBM:
        own = {name: replace(one, **fields.get(name, {})) for name, one in law().members}
        return replace(whole, members=own)

    def difference(change: Any) -> np.ndarray:
        up, down = (moved(**change(x)).log_density(paths) for x in (h, -h))
        return (up - down) / (2.0 * h)

    expected = [
        difference(lambda x: {"B": {"volatilities": (0.3, 0.309 + x, 0.315)}}),
        difference(lambda x: {name: {"zero_rates": (0.02, 0.025, 0.03 + x, 0.03)} for name in "AB"}),
        difference(lambda x: {"A": {"dividend_yields": (0.02 + x, 0.016)}}),
    ]
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert split.discount_jet(np.array([0.75])).derivative("rate[1]")[0] < 0.0


def test_buckets_sum_to_their_greeks_and_have_no_error_where_nothing_is_observed() -> None:
    note = lg.WorstOf(lg.Put(1.0, 0.75), [100.0, 50.0])
    result = lg.greeks(law(), note, ["vega"], paths=2048, seed=1, buckets=["vega", "dividend_rho[B]"])
    frame = result.to_frame()
    assert frame.loc[frame["asset"] == "B", "bucket"].tolist() == ["", "0.5", "1", "2", "", "0.5", "1.5"]
    for _, own in frame[frame["greek"] != "price"].groupby(["greek", "asset"]):
        whole, parts = own[own["bucket"] == ""]["value"], own[own["bucket"] != ""]["value"]
        assert parts.empty or parts.sum() == pytest.approx(float(whole.iloc[0]), abs=1e-10)
    last = frame[(frame["asset"] == "B") & (frame["bucket"] == "2")].iloc[0]
    assert (last["value"], last["standard_error"]) == (0.0, 0.0)
    quanto = replace(law(), quanto={"A": (0.2, 0.1)})
    split = lg.greeks(quanto, note, ["vega[A]"], paths=512, seed=1, buckets=["vega[A]"])
    parts = [own.value for name, own in split.estimates.items() if name.startswith("vega[A][")]
    assert sum(parts) == pytest.approx(split["vega[A]"].value, abs=1e-10)
    flat = lg.CorrelatedGBM(dict.fromkeys("AB", lg.GBM(spot=1.0, volatility=0.2)), {("A", "B"): 0.5})
    flat_words = (("vega", r"volatility\[A\] is flat, its members"), ("correlation", r"correlation\[A,B\] is flat"))
    for greek, words in flat_words:
        with pytest.raises(ValueError, match=rf"Greeks of curves.* by pillar; {words}.*, got '{greek}'"):
            lg.greeks(flat, note, ["vega"], paths=64, seed=1, buckets=[greek])


def test_buckets_of_what_is_watched_at_all_times_on_one_asset() -> None:
    flat = {"zero_rates": [0.0] * 4, "dividend_yields": [0.0] * 2, "volatility_times": [0.25, 3.0]}
    members = {"A": curves(100.0, 0.2, 0.0, **flat, volatilities=[0.2, 0.2]),
               "B": curves(50.0, 0.25, 0.0, **flat, volatilities=[0.25, 0.25])}  # fmt: skip
    sure = lg.CorrelatedGBM(members, {("A", "B"): 0.5})
    touch = lg.On(lg.OneTouch(85.0, "down", 1.0, times="continuous"), "A")
    found = lg.greeks(sure, touch, ["vega[A]"], paths=4096, seed=1, buckets=["vega[A]"])
    fall = math.log(0.85)

    def touched(vol: float) -> float:  # by reflection, the drift being minus half of the variance
        return float(ndtr((fall + 0.5 * vol**2) / vol) + 100.0 / 85.0 * ndtr((fall - 0.5 * vol**2) / vol))

    whole = (touched(0.2 + 1e-5) - touched(0.2 - 1e-5)) / 2e-5
    assert touched(0.2) == pytest.approx(found["price"].value, abs=4.0 * found["price"].standard_error)
    for k, share in enumerate(
        (2.0 / 11.0, 9.0 / 11.0)
    ):  # volatilities are means: the first has gone by the second node
        assert_estimates(found.estimates[f"vega[A][{k}]"], share * whole, 0.04 * whole)
    outside = lg.OutsideBarrier(lg.Barrier(lg.Call(50.0, 1.0), 85.0, "down", "out", times="continuous"), "A", "B")
    wanted = ["vega", "rho", "dividend_rho", "gamma"]
    frame = lg.greeks(law(), outside, wanted, paths=512, seed=1, buckets=wanted[:3]).to_frame()
    for (greek, _), parts in frame[~frame["greek"].isin(["price", "gamma"])].groupby(["greek", "asset"]):
        halves = [float(parts[parts["bucket"].eq("") == at]["value"].sum()) for at in (True, False)]
        assert halves[0] == pytest.approx(halves[1], abs=1e-9), greek


@pytest.mark.slow
def test_buckets_with_controls_are_those_without_at_a_fraction_of_the_error() -> None:
    call = lg.Autocallable(1.0, QUARTERS, coupon=0.02, knock_in=0.7, knock_in_times=QUARTERS, notional=100.0)
    note, wanted = lg.WorstOf(call, [100.0, 50.0]), ["vega", "rho"]
    own = lg.greeks(law(), note, wanted, paths=16_384, seed=1, buckets=wanted)
    plain = lg.greeks(law(), note, wanted, paths=65_536, seed=2, buckets=wanted, controls="none")
    gaps = {name: (own[name].value - x.value) / x.standard_error for name, x in plain.estimates.items()}
    assert max(map(abs, gaps.values())) < 4.0, gaps
    parts = [name for name in own.estimates if name.endswith("]") and name[-2].isdigit()]
    ratios = [own[name].variance_ratio for name in parts]
    assert len(parts) == 10
    assert min(ratios) > 20.0
    wrong = (own["vega[A][1]"].value - plain["vega[B][1]"].value) / plain["vega[B][1]"].standard_error
    assert abs(wrong) > 2.0
