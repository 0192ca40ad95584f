"""Delta and gamma under smiles that go along with the spot: against a surface that is moved with it."""

import copy

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from tests.book.test_buckets import BARRIER, CALL, MARKET

H = 0.05
ASIAN = {**CALL, "trade_id": "asian", "product": "asian", "option": "call", "frequency": "quarterly", "quantity": 1}


def moved(size):
    """The market with the spot moved, and the strikes of the surface in proportion."""
    market = copy.deepcopy(MARKET)
    own = market["underlyings"]["X"]
    factor = (own["spot"] + size) / own["spot"]
    own["spot"] += size
    surface = own["implied_volatility"]
    surface["strikes"] = [factor * strike for strike in surface["strikes"]]
    return market


def value(frame, greek, column="value"):
    return frame[(frame["trade_id"] != "net") & (frame["greek"] == greek)][column].to_numpy()


def prices(book, size):
    return value(lg.risk(book, moved(size), [], seed=1), "price")


def test_delta_and_gamma_of_closed_forms_go_along_with_the_smile():
    book = pd.DataFrame([CALL, {**CALL, "trade_id": "digital", "product": "digital_call", "strike": 104}])
    sticky = lg.risk(book, MARKET, ["delta", "gamma", "vega"], seed=1, smile="sticky_moneyness")
    plain = lg.risk(book, MARKET, ["delta", "gamma", "vega"], seed=1)
    up, here, down = prices(book, H), prices(book, 0.0), prices(book, -H)
    np.testing.assert_allclose(value(sticky, "delta"), (up - down) / (2.0 * H), rtol=2e-5)
    np.testing.assert_allclose(value(sticky, "gamma"), (up - 2.0 * here + down) / H**2, rtol=5e-3)
    assert value(sticky, "delta")[0] > 1.1 * value(plain, "delta")[0]  # volatilities fall with strike
    np.testing.assert_allclose(value(sticky, "vega"), value(plain, "vega"), rtol=1e-9)


@pytest.mark.slow
def test_a_flat_surface_and_an_unknown_word():
    book = pd.DataFrame([{**CALL, "underlying": "F", "strike": 50}])
    one, two = (lg.risk(book, MARKET, ["delta"], seed=1, smile=s) for s in ("sticky_strike", "sticky_moneyness"))
    pd.testing.assert_frame_equal(one, two)
    with pytest.raises(ValueError, match="smile must be one of"):
        lg.risk(book, MARKET, ["delta"], seed=1, smile="sticky_delta")


@pytest.mark.slow
def test_simulated_deltas_go_along_with_the_smile():
    book = pd.DataFrame([ASIAN, {**BARRIER, "quantity": 1}])
    options = {"paths": 30_000, "seed": 3}
    sticky = lg.risk(book, MARKET, ["delta"], smile="sticky_moneyness", **options)
    plain = lg.risk(book, MARKET, ["delta"], **options)
    h = 1.0
    ends = [lg.risk(book, moved(size), [], **options) for size in (h, -h)]
    slope = (value(ends[0], "price") - value(ends[1], "price")) / (2.0 * h)
    noise = value(ends[0], "price", "standard_error") / (2.0 * h)
    errors = np.hypot(value(sticky, "delta", "standard_error"), noise * np.sqrt(2.0))
    assert (np.abs(value(sticky, "delta") - slope) < 4.0 * errors + 0.002).all()
    assert (np.abs(value(plain, "delta") - slope) > 4.0 * errors + 0.002).any()


@pytest.mark.slow
def test_ladders_go_along_with_the_smile():
    book = pd.DataFrame([CALL])
    found = lg.ladder(book, MARKET, [-0.02, 0.02], seed=1, smile="sticky_moneyness")
    change = [10.0 * float((prices(book, size) - prices(book, 0.0))[0]) for size in (-2.0, 2.0)]
    np.testing.assert_allclose(found["change"], change, rtol=2e-3)
    still = lg.ladder(book, MARKET, [-0.02, 0.02], seed=1)
    assert (np.abs(still["change"] - change) > 0.01 * np.abs(change)).all()
