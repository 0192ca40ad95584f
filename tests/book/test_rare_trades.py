"""Trades of a book that pay on next to no path: numbers that are cured, or bounded by what scouts have seen."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks.book.trades import parse
from likelihood_greeks.validation import quadrature

MARKET = lg.Market.read(
    {
        "valuation_date": "2026-03-02",
        "underlyings": {
            "SX5E": {
                "spot": 100.0,
                "implied_volatility": 0.25,
                "currency": "EUR",
                "zero_rate": 0.03,
                "dividend_yield": 0.01,
            }
        },
    }
)
OBSERVED = ["2026-05-04", "2026-09-01", "2026-10-15", "2027-03-02"]
COMMON = {
    "product": "barrier", "underlying": "SX5E", "quantity": 1, "maturity": OBSERVED[-1], "strike": 100.0,
    "knock": "in", "frequency": ";".join(OBSERVED),
}  # fmt: skip
DOWN = [{"option": "put", "direction": "down", "level": 100.0 * np.exp(-0.25 * x)} for x in np.linspace(3.0, 5.6, 10)]
UP = [{"option": "call", "direction": "up", "level": 100.0 * np.exp(0.25 * x)} for x in np.linspace(3.2, 5.4, 8)]
BOOK = pd.DataFrame([{"trade_id": f"T{k:02d}", **COMMON, **own} for k, own in enumerate([*DOWN, *UP])])
GREEKS = ["delta", "gamma", "vega"]
SEEDS = 6


@pytest.fixture(scope="module")
def exact():
    trades, problems = parse(BOOK, MARKET)
    assert not problems
    assert all(type(trade.model) is lg.GBM for trade in trades)
    values = {
        (trade.trade_id, greek): quadrature.greek(trade.model, trade.payoff, greek).value
        for trade in trades
        for greek in ("price", *GREEKS)
    }
    return pd.Series(values, name="exact").rename_axis(["trade_id", "greek"])


@pytest.fixture(scope="module")
def found():
    frames = [lg.risk(BOOK, MARKET, GREEKS, paths=8192, seed=seed, executor="serial") for seed in range(SEEDS)]
    return pd.concat(frames).query("trade_id != 'net'").set_index(["trade_id", "greek"])


def scores(found, exact):
    return (found["value"] - exact.reindex(found.index)) / found["standard_error"]


@pytest.mark.slow
def test_numbers_of_what_no_path_meets_have_right_errors_and_hardly_a_mark(found, exact):
    assert exact.xs("price", level="greek").min() < 1e-5  # on 8,192 paths: nothing, ever
    trusted = found["note"] == ""
    assert trusted.mean() > 0.94
    z = scores(found[trusted], exact)
    assert 0.5 < (z**2).mean() < 1.5
    assert (z.abs() < 1.959964).mean() > 0.92
    assert (z.abs() > 4.0).mean() < 0.01
    assert z.abs().max() < 6.0  # none whose error is that of paths on which nothing happened
    share = found["standard_error"] / exact.abs().reindex(found.index)
    assert share.median() < 1e-3  # errors small enough to matter
    assert share.quantile(0.9) < 0.02


@pytest.mark.slow
def test_a_tail_that_is_a_twentieth_heavier_would_be_seen(found, exact):
    assert (scores(found, 1.05 * exact) ** 2).mean() > 10.0
