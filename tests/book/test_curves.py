"""Books on curves: every date has its own forward and discount factor, against quadrature and bumps of the curve."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

import likelihood_greeks as lg
from tests.support.gates import assert_estimates

TODAY = pd.Timestamp("2025-01-02")
STEEP = {"times": [0.25, 0.5, 1.0], "rates": [0.10, 0.08, 0.03]}
VOLATILITY = {"strikes": [50.0, 200.0], "maturities": [0.25, 1.0], "volatilities": [[0.35, 0.2], [0.35, 0.2]]}
HESTON = {
    "initial_variance": 0.04,
    "mean_reversion": 1.5,
    "long_run_variance": 0.05,
    "vol_of_vol": 0.4,
    "correlation": -0.6,
}


def market(**changes):
    own = {"spot": 100.0, "dividend_yield": 0.01, "zero_curve": STEEP, "implied_volatility": VOLATILITY}
    return {
        "valuation_date": str(TODAY.date()),
        "underlyings": {"X": {k: v for k, v in (own | changes).items() if v is not None}},
    }


def row(product, **terms):
    base = {"trade_id": "a", "underlying": "X", "product": product, "quantity": 1, "maturity": "2026-01-02"}
    return pd.DataFrame([base | terms])


def value(frame, greek):
    found = frame[(frame["trade_id"] == "a") & (frame["greek"] == greek)].iloc[0]
    return lg.Estimate(found["value"], found["standard_error"], found["n_paths"], found["samples"])


def on(nodes, means, t):
    return np.interp(t, [0.0, *nodes], [0.0, *np.multiply(nodes, means)])


def log_normal(dates, bump=0.0):
    """Means and covariances of log-spots at dates (years), from the statement of the rule."""
    rates = np.array(STEEP["rates"]) + bump
    forward = on(STEEP["times"], rates, dates) - 0.01 * dates
    variance = on([0.25, 1.0], np.square([0.35, 0.2]), dates)
    return np.log(100.0) + forward - 0.5 * variance, variance, np.exp(-on(STEEP["times"], rates, dates[-1]))


MONTHS = np.array([(TODAY + pd.DateOffset(months=m) - TODAY).days / 365.0 for m in range(1, 13)])


def geometric_asian(bump=0.0):
    mean, variance, discount = log_normal(MONTHS, bump)
    m, s = mean.mean(), np.sqrt(np.minimum.outer(variance, variance).mean())
    d = (m - np.log(100.0)) / s
    return discount * (np.exp(m + s * s / 2) * special.ndtr(d + s) - 100.0 * special.ndtr(d))


def test_geometric_asian_on_a_steep_curve_is_the_closed_form_and_its_rho_the_bump_of_every_node():
    dates = ";".join(str((TODAY + pd.DateOffset(months=m)).date()) for m in range(1, 13))
    book = row("asian", option="call", strike=100, average="geometric", frequency=dates)
    frame = lg.risk(book, market(), ["rho", "delta"], paths=40_000, seed=1)
    exact = geometric_asian()
    assert_estimates(value(frame, "price"), exact, 0.02)
    assert_estimates(value(frame, "rho"), (geometric_asian(1e-5) - geometric_asian(-1e-5)) / 2e-5, 0.3)
    flat = lg.risk(book, market(zero_curve=None, zero_rate=0.03), ["delta"], paths=40_000, seed=1)
    with pytest.raises(AssertionError):
        assert_estimates(value(flat, "price"), exact, 0.02)


def test_monthly_arithmetic_asian_costs_what_simulation_on_the_curve_says():
    dates = ";".join(str((TODAY + pd.DateOffset(months=m)).date()) for m in range(1, 13))
    frame = lg.risk(row("asian", option="call", strike=100, frequency=dates), market(), ["delta"], paths=20_000, seed=2)
    mean, variance, discount = log_normal(MONTHS)
    z = np.random.default_rng(5).standard_normal((12, 100_000))
    noise = np.cumsum(np.sqrt(np.diff(variance, prepend=0.0))[:, None] * z, axis=0)
    both = [np.exp(mean[:, None] + sign * noise).mean(axis=0) for sign in (1, -1)]
    paid = discount * np.mean([np.maximum(average - 100.0, 0.0) for average in both], axis=0)
    error = paid.std() / np.sqrt(len(paid))
    found = value(frame, "price")
    assert found.standard_error < 0.02
    assert error < 0.02
    assert abs(found.value - paid.mean()) < 4 * np.hypot(error, found.standard_error)


def test_a_forward_start_under_heston_has_the_forwards_of_the_curve():
    law = lg.Market.read(market(model="heston", heston=HESTON, implied_volatility=None)).model("X", 100.0, 1.0)
    ratio = lg.Payoff(lambda spot: spot[1] / spot[0], times=[0.3, 1.0])
    accrued = on(STEEP["times"], STEEP["rates"], np.array([0.3, 1.0]))
    exact = np.exp(-accrued[1]) * np.exp(accrued[1] - accrued[0] - 0.007)
    assert_estimates(lg.greeks(law, ratio, ["delta"], paths=20_000, seed=3)["price"], exact, 0.003)
    flat = lg.Heston(spot=100.0, rate=0.03, dividend_yield=0.01, **HESTON)
    with pytest.raises(AssertionError):
        assert_estimates(lg.greeks(flat, ratio, ["delta"], paths=20_000, seed=3)["price"], exact, 0.003)


def test_the_frame_says_the_rate_and_the_volatility_to_the_maturity():
    frame = lg.risk(row("call", strike=100), market(), ["delta"], paths=1024, seed=1)
    assert frame["rate"].iloc[0] == pytest.approx(0.03, rel=1e-12)
    assert frame["volatility"].iloc[0] == pytest.approx(0.2, rel=1e-12)
    assert frame["model"].iloc[0] == "black-scholes"


def test_a_flat_market_gives_the_numbers_of_the_flat_law():
    flat = market(zero_curve=None, zero_rate=0.03, implied_volatility=0.2)
    frame = lg.risk(row("call", strike=100), flat, ["delta"], paths=2048, seed=1)
    assert lg.Market.read(flat).model("X", 100.0, 1.0) == lg.GBM(
        spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01
    )
    level = {"strikes": [50.0, 200.0], "maturities": [0.25, 1.0], "volatilities": [[0.2, 0.2], [0.2, 0.2]]}
    nodes = market(zero_curve={"times": [0.3, 2.0], "rates": [0.03, 0.03]}, implied_volatility=level)
    again = lg.risk(row("call", strike=100), nodes, ["delta"], paths=2048, seed=1)
    np.testing.assert_allclose(again["value"], frame["value"], rtol=1e-9)
