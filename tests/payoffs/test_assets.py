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


# -- of two assets, and by rank ------------------------------------------------------------------------------------


def test_a_rainbow_pays_on_performances_by_rank():
    performance = SPOT / np.array(REFERENCE)[:, None, None]
    best = np.sort(performance, axis=0)[::-1]
    found = lg.Rainbow(lg.Asian(0.9, TIMES), weights=[0.6, 0.3, 0.1])
    with pytest.raises(ValueError, match="weights"):
        found(SPOT[:2])
    found = lg.Rainbow(lg.Asian(0.9, TIMES), reference=REFERENCE, weights=[0.6, 0.3, 0.1])(SPOT)
    expected = lg.Asian(0.9, TIMES)(np.tensordot([0.6, 0.3, 0.1], best, axes=1))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    for k, one in enumerate((lg.BestOf, None, lg.WorstOf)):
        if one:
            weights = np.eye(3)[k]
            rainbow = lg.Rainbow(NOTE, reference=REFERENCE, weights=weights)(SPOT)
            np.testing.assert_array_equal(rainbow, one(NOTE, REFERENCE)(SPOT))


def test_contracts_on_two_of_three_assets_by_name_and_number():
    names = ("X", "Y", "Z")
    spread = of_assets(lg.Spread("Z", "X", 1.0, strike=3.0, kind="put", quantities=(0.5, 1.0)), names)
    np.testing.assert_array_equal(spread(SPOT), np.maximum(3.0 - 0.5 * SPOT[2, -1] + SPOT[0, -1], 0.0))
    exchange = of_assets(lg.Exchange(2, "Y", 1.0), names)
    np.testing.assert_array_equal(exchange(SPOT), np.maximum(SPOT[2, -1] - SPOT[1, -1], 0.0))
    digital = of_assets(lg.OutperformanceDigital("Y", "X", 1.0, reference=(100.0, 90.0), cash=7.0, margin=0.1), names)
    expected = 7.0 * (SPOT[1, -1] / 100.0 > SPOT[0, -1] / 90.0 + 0.1)
    np.testing.assert_array_equal(digital(SPOT), expected)
    for barrier in (
        lg.Barrier(lg.Call(90.0, 1.0), 95.0, "up", "in", TIMES, rebate=2.0),
        lg.DoubleBarrier(lg.Put(90.0, 1.0), 70.0, 130.0, "out", TIMES[:2]),
    ):
        outside = of_assets(lg.OutsideBarrier(barrier, watched="Z", paid="X"), names)
        hit = SPOT[2].max(axis=0) >= 95.0
        if isinstance(barrier, lg.Barrier):
            np.testing.assert_array_equal(outside(SPOT), np.where(hit, np.maximum(SPOT[0, -1] - 90.0, 0.0), 2.0))
        same = lg.OutsideBarrier(barrier, watched=1, paid=2)(np.stack([SPOT[0], SPOT[1], SPOT[1]]))
        watched = SPOT[1] if barrier.monitor_maturity else np.concatenate([SPOT[1, :2], SPOT[1, -1:]])
        grid = np.stack([watched] * 3)
        np.testing.assert_array_equal(lg.OutsideBarrier(barrier, 1, 2)(grid), barrier(watched))
        assert same.shape == (50,)
    one = of_assets(lg.On(NOTE, "Y"), names)
    np.testing.assert_array_equal(one(SPOT), NOTE(SPOT[1]))
    assert one.payments == NOTE.payments


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: lg.Exchange("A", "A", 1.0), ValueError, "another asset"),
        (lambda: lg.Exchange("A", True, 1.0), TypeError, "name of an asset"),
        (lambda: lg.Exchange("A", "B", 1.0, quantities=(1.0,)), ValueError, "two numbers"),
        (lambda: lg.On(lg.WorstOf(lg.Call(1.0, 1.0)), "A"), TypeError, "on one asset"),
        (lambda: lg.OutsideBarrier(lg.Call(1.0, 1.0), "A", "B"), TypeError, "Barrier"),
        (lambda: lg.greeks(two(0.5), lg.Exchange("A", "C", 1.0), paths=128, seed=1), ValueError, "second must be one"),
        (lambda: lg.greeks(two(0.5), lg.Exchange(0, 2, 1.0), paths=128, seed=1), ValueError, "number below 2"),
        (lambda: lg.Exchange("A", "B", 1.0)(SPOT), TypeError, "order of the assets"),
    ],
)
def test_bad_contracts_on_two_assets_are_refused(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.slow
def test_one_asset_of_two_has_the_greeks_it_has_alone():
    law = two(0.5)
    alone = law.laws[0]
    option = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", [0.5, 1.0])
    options = {"paths": 50_000, "seed": 2}
    several = lg.greeks(law, lg.On(option, "A"), ["delta", "vega", "correlation", "rho"], **options)
    one = lg.greeks(alone, option, ["delta", "vega", "rho"], **options)
    for label, name in (("delta[A]", "delta"), ("vega[A]", "vega"), ("rho", "rho")):
        gap = several[label].value - one[name].value
        assert abs(gap) < 4.0 * np.hypot(several[label].standard_error, one[name].standard_error)
    for label in ("delta[B]", "vega[B]", "correlation[A,B]"):
        assert abs(several[label].value) <= 4.0 * several[label].standard_error + 1e-9
