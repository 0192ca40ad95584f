"""Cash dividends of one of several assets: paths, forwards, Greeks against those of one asset, books."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.streams.chunks import Chunk

PAID = ((0.25, 2.0), (0.5, 3.0), (0.9, 1.0))


def pair(dividends: Any = ((0.5, 7.0),)) -> lg.CorrelatedGBM:
    one = lg.GBM(spot=100.0, volatility=0.3, rate=0.06, dividends=dividends)
    two = lg.GBM(spot=80.0, volatility=0.2, rate=0.06, dividends=PAID)
    return lg.CorrelatedGBM({"A": one, "B": two}, {("A", "B"): 0.5})


@pytest.mark.parametrize("amount", [7.0, 90.0])  # the second may eat the spot up
def test_paths_of_one_asset_are_those_of_its_own_law(amount: float) -> None:
    own = lg.GBM(spot=100.0, volatility=0.4, rate=0.06, dividends=((0.3, 2.0), (0.5, amount)))
    times = np.array([0.25, 0.5, 1.0])
    alone = own.simulate(times, Chunk(1, 0, 512, "pseudo").stream())
    joint = lg.CorrelatedGBM({"A": own}).simulate(times, Chunk(1, 0, 512, "pseudo").stream())
    assert np.allclose(joint.spot[0], alone.spot, rtol=1e-12)
    assert (joint.spot[0, -1] == 0.0).any() == (amount > 50.0)


def test_forwards_are_those_of_the_members_and_an_exchange_has_no_closed_form() -> None:
    law = pair()
    for name, member, found in zip("AB", law.laws, law.forward(1.0), strict=True):
        assert found == pytest.approx(member.forward(1.0), rel=1e-9), name
    assert law.forward(0.2)[0] == pytest.approx(100.0 * np.exp(0.06 * 0.2))
    right = lg.Exchange("A", "B", maturity=1.0)
    assert lg.greeks(law, right, [], paths=512, seed=1, closed_form=True).method != "closed form"
    early = lg.Bermudan(lg.WorstOf(lg.Put(100.0, 1.0)), [0.5, 1.0])
    with pytest.raises(ValueError, match="dividends must be yields for early exercise"):
        lg.greeks(law, early, [], paths=512, seed=1)


@pytest.mark.slow
def test_greeks_of_a_call_on_one_of_two_are_those_of_quadrature() -> None:
    exact = {"price": 11.106242, "delta[A]": 0.545385, "gamma[A]": 0.0136709, "vega[A]": 38.3067, "rho": 41.7899}
    result = lg.greeks(pair(), lg.On(lg.Call(100.0, 1.0), "A"), [*exact][1:], paths=32_768, seed=3)
    for name, value in exact.items():
        assert result[name].standard_error < 0.015 * value, name
        assert abs(result[name].value - value) < 4.0 * result[name].standard_error, name
    none = lg.greeks(pair(()), lg.On(lg.Call(100.0, 1.0), "A"), [], paths=4096, seed=3)["price"]
    assert abs(none.value - exact["price"]) > 10.0 * none.standard_error  # without the dividend


@pytest.mark.slow
def test_in_books_they_are_the_markets_and_what_went_ex_is_earned() -> None:
    def market(day: str, spots: tuple[float, float]) -> dict[str, Any]:
        asset = {"zero_rate": 0.03, "implied_volatility": 0.2}
        paid = {"dividends": [{"ex_date": "2026-06-02", "amount": 2.0}, {"ex_date": "2027-03-01", "amount": 2.5}]}
        named = {"A": {**asset, **paid, "spot": spots[0]}, "B": {**asset, "spot": spots[1]}}
        return {"valuation_date": day, "underlyings": named, "correlation": {"A|B": 0.5}}

    row = {"trade_id": "T", "underlying": "A|B", "product": "basket_call", "strike": 1.0, "quantity": 1000.0,
           "reference": "100|50", "maturity": "2027-06-01"}  # fmt: skip
    book, monday = pd.DataFrame([row]), market("2026-06-01", (100.0, 50.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lg.BookWarning)
        own = lg.risk(book, monday, ["delta"], paths=8192, seed=1).iloc[0]
        frame = lg.explain_book(book, monday, market("2026-06-02", (98.0, 50.0)), paths=8192, seed=1).iloc[0]
        ladder = lg.ladder(book, monday, [0.05], paths=8192, seed=1).set_index("underlying")
        grid = lg.scenario_grid(book, monday, [0.05], [0.0], paths=8192, seed=1, underlyings=["A"]).iloc[0]
    law = lg.CorrelatedGBM(
        {"A": lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividends=((1 / 365, 2.0), (273 / 365, 2.5))),
         "B": lg.GBM(spot=50.0, volatility=0.2, rate=0.03)}, {("A", "B"): 0.5},
    )  # fmt: skip
    hand = lg.greeks(law, lg.Basket(lg.Call(1.0, 1.0), reference={"A": 100.0, "B": 50.0}), [], paths=8192, seed=2)
    gap = own["value"] - hand["price"].value
    assert abs(gap) < 4.0 * np.hypot(own["standard_error"], hand["price"].standard_error) < 0.05 * own["value"]
    assert frame["dividends"] > 5.0 * 0.1  # two of a hundred, on half of the basket, and about half of the delta
    assert frame["delta"] == pytest.approx(-frame["dividends"])  # the spot fell by the dividend and nothing else
    assert abs(frame["pnl"] - frame["theta"]) < 4.0 * frame["pnl_standard_error"] + 1e-6
    both = ladder.loc["A", "standard_error"] + grid["standard_error"]
    assert abs(ladder.loc["A", "change"] - grid["change"]) < 4.0 * both < 0.1 * abs(grid["change"])
