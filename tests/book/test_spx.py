"""The S&P 500 of 10 February 2025: thousands of quotes, every expiry with strikes of its own."""

import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from tests.support.places import ROOT

DATA = ROOT / "data"
TODAY = date(2025, 2, 10)


@pytest.fixture(scope="module")
def spx():
    return lg.Market.read(DATA / "spx.toml").underlyings["SPX"]


def test_every_quote_is_given_back_at_its_strike_and_expiry(spx):
    quotes = pd.read_csv(DATA / "spx.csv")
    assert (len(quotes), quotes["expiry"].nunique()) == (5638, 33)
    years = [(date.fromisoformat(day) - TODAY).days / 365 for day in quotes["expiry"]]
    found = [spx.implied_volatility.volatility(k, t) for k, t in zip(quotes["strike"], years, strict=True)]
    np.testing.assert_allclose(found, quotes["implied_volatility"], rtol=1e-12)


def test_forwards_and_discount_factors_are_those_of_the_file(spx):
    for t, forward, factor in ((10 / 365, 6066.112, 0.997763), (312 / 365, 6253.229, 0.961369)):
        assert spx.forward(t) == pytest.approx(forward, rel=1e-12)
        assert np.exp(-spx.rate(t) * t) == pytest.approx(factor, rel=1e-12)


def test_between_expiries_total_variance_rises_at_every_moneyness_with_the_expiries_around_it(spx):
    surface = spx.implied_volatility
    for moneyness in np.linspace(0.45, 1.3, 60):
        variances = [surface.volatility(moneyness * spx.forward(t), t) ** 2 * t for t in (0.694, 0.75, 0.84)]
        assert np.all(np.diff(variances) > 0.0)  # 2025-10-17 to 2025-12-19


@pytest.mark.slow
def test_the_shipped_book_is_valued_without_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = lg.risk(DATA / "spx_book.csv", DATA / "spx.toml", ["delta"], paths=4096, seed=1)
    assert frame.attrs["problems"] == []
    assert frame["trade_id"].nunique() == 1 + len(pd.read_csv(DATA / "spx_book.csv"))
