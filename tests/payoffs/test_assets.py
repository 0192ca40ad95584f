"""Contracts on several assets: by their definition, on a law's assets by name, and refused where they do not belong."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.payoffs.assets import of_assets
from tests.support.two_assets import two

SPOT = np.random.default_rng(4).uniform(60.0, 140.0, (3, 4, 50))
TIMES = (0.25, 0.5, 0.75, 1.0)
REFERENCE = (90.0, 100.0, 120.0)
NOTE = lg.Autocallable(1.0, TIMES, coupon=0.02, knock_in=0.7, notional=100.0)


@pytest.mark.parametrize(
    "payoff",
    [NOTE, lg.Asian(1.0, TIMES), lg.Barrier(lg.Call(1.0, 1.0), 0.8, "down", "out", TIMES),
     lg.Seasoned(lg.Lookback(TIMES, "call"), [1.1])],
)  # fmt: skip
def test_what_is_paid_is_that_of_the_contract_on_the_worst_the_best_or_the_sum(payoff):
    performance = SPOT / np.array(REFERENCE)[:, None, None]
    found = lg.WorstOf(payoff, REFERENCE)(SPOT), lg.BestOf(payoff, REFERENCE)(SPOT)
    np.testing.assert_array_equal(found[0], payoff(performance.min(axis=0)))
    np.testing.assert_array_equal(found[1], payoff(performance.max(axis=0)))
    np.testing.assert_allclose(lg.Basket(payoff, REFERENCE)(SPOT), payoff(performance.mean(axis=0)), atol=1e-12)
    weighted = lg.Basket(payoff, REFERENCE, weights=[0.2, 0.3, 0.5])(SPOT)
    expected = payoff(np.tensordot([0.2, 0.3, 0.5], performance, axes=1))
    np.testing.assert_allclose(weighted, expected, atol=1e-12)


def test_references_and_weights_go_by_name_in_the_law_s_order():
    named = lg.Basket(lg.Call(1.0, 1.0), {"B": 95.0, "A": 100.0}, {"B": 0.7, "A": 0.3})
    bound = of_assets(named, ("A", "B"))
    assert [*bound.reference] == [("A", 100.0), ("B", 95.0)]
    assert [*bound.weights] == [("A", 0.3), ("B", 0.7)]
    options = {"paths": 4096, "seed": 1}
    one, other = (lg.greeks(two(0.5), p, ["delta"], **options)["delta[B]"].value for p in (named, bound))
    assert one == other


@pytest.mark.parametrize(
    ("payoff", "error", "match"),
    [
        (lg.Call(100.0, 1.0), TypeError, r"Call is on one asset, and the law has 2: .*WorstOf\(Call"),
        (lg.Seasoned(lg.Asian(1.0, [1.0]), [1.0]), TypeError, "on one asset"),
        (
            lg.WorstOf(lg.Call(1.0, 1.0), {"A": 1.0, "C": 1.0}),
            ValueError,
            "reference must hold a number for each of A, B",
        ),
        (lg.WorstOf(lg.Call(1.0, 1.0), [1.0, 1.0, 1.0]), ValueError, "for each of A, B"),
        (lg.Basket(lg.Call(1.0, 1.0), weights={"A": 1.0}), ValueError, "weights must hold"),
    ],
)
def test_what_is_on_other_assets_is_refused(payoff, error, match):
    with pytest.raises(error, match=match):
        lg.greeks(two(0.5), payoff, ["delta"], paths=128, seed=1)


def test_a_contract_on_several_assets_needs_a_law_of_several():
    with pytest.raises(TypeError, match="needs a law of several assets"):
        lg.greeks(lg.GBM(spot=1.0, volatility=0.2), lg.WorstOf(lg.Call(1.0, 1.0)), ["delta"])
    with pytest.raises(ValueError, match="shape"):
        lg.WorstOf(lg.Call(1.0, 1.0))(SPOT[0])
    with pytest.raises(TypeError, match="on one asset"):
        lg.WorstOf(lg.BestOf(lg.Call(1.0, 1.0)))
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="reference"):
            lg.WorstOf(lg.Call(1.0, 1.0), [1.0, bad])


def test_books_say_that_they_do_not_value_contracts_on_several_assets():
    book = pd.DataFrame([{"trade_id": 1, "underlying": "X", "payoff": lg.WorstOf(lg.Call(1.0, 1.0)), "quantity": 1.0}])
    market = {
        "valuation_date": "2026-01-05", "underlyings": {"X": {"spot": 1.0, "implied_volatility": 0.2, "zero_rate": 0.0}}
    }  # fmt: skip
    with pytest.warns(lg.BookWarning, match="on one asset"):
        assert lg.risk(book, market, paths=128, seed=1).empty
