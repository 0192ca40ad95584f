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


@pytest.mark.slow
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


# -- quadrature ----------------------------------------------------------------------------------------------------

PAID = {"times": [0.5, 1.0], "yields": [0.0, 0.04]}
TWO = np.array([90 / 365, 1.0])


def two_dates(kind, rate=0.0, paid=0.0, flat=False):
    """The average of two dates, or a digital at the last, by Gauss--Hermite in the first; shifts of every node."""
    rates, yields = np.array(STEEP["rates"]) + rate, np.array(PAID["yields"]) + paid
    accrued = on(STEEP["times"], rates, TWO) if not flat else (0.03 + rate) * TWO
    variance = on([0.25, 1.0], np.square([0.35, 0.2]), TWO)
    mean = np.log(100.0) + accrued - on(PAID["times"], yields, TWO) - 0.5 * variance
    discount, (v1, v2) = np.exp(-accrued[1]), np.diff(variance, prepend=0.0)
    if kind == "digital_call":
        return discount * special.ndtr((mean[1] - np.log(105.0)) / np.sqrt(variance[1]))
    z, weights = np.polynomial.hermite_e.hermegauss(120)
    first = np.exp(mean[0] + np.sqrt(v1) * z)
    m, strike = np.log(first) + mean[1] - mean[0], np.maximum(210.0 - first, 1e-9)
    d = (m - np.log(strike)) / np.sqrt(v2)
    paid_second = np.exp(m + v2 / 2) * special.ndtr(d + np.sqrt(v2)) - strike * special.ndtr(d)
    paid_second += np.maximum(first - 210.0, 0.0)
    return discount * 0.5 * weights @ paid_second / np.sqrt(2.0 * np.pi)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("terms", "errors"),
    [
        ({"product": "digital_call"}, (0.003, 0.03, 0.03)),
        ({"product": "asian", "option": "call", "frequency": "2025-04-02;2026-01-02"}, (0.02, 0.2, 0.2)),
    ],
    ids=lambda terms: terms["product"] if isinstance(terms, dict) else "",
)
def test_values_and_parallel_greeks_on_steep_curves_are_those_of_quadrature(terms, errors):
    steep, kind = market(dividend_yield=None, dividend_curve=PAID), terms["product"]
    frame = lg.risk(row(strike=105, **terms), steep, ["rho", "dividend_rho"], paths=20_000, seed=4, closed_form=False)
    h = 1e-4
    exact = {
        "price": two_dates(kind),
        "rho": (two_dates(kind, rate=h) - two_dates(kind, rate=-h)) / (2 * h),
        "dividend_rho": (two_dates(kind, paid=h) - two_dates(kind, paid=-h)) / (2 * h),
    }
    for (greek, known), error in zip(exact.items(), errors, strict=True):
        assert_estimates(value(frame, greek), known, error)
    if kind == "asian":
        with pytest.raises(AssertionError):
            assert_estimates(value(frame, "price"), two_dates(kind, flat=True), errors[0])


def test_a_monthly_asian_on_a_curve_that_falls_from_ten_to_three_per_cent_is_not_the_one_of_its_last_rate():
    falling = {"times": [0.25, 0.5, 1.0], "rates": [0.10, 0.06, 0.03]}
    dates = ";".join(str((TODAY + pd.DateOffset(months=m)).date()) for m in range(1, 13))
    book = row("asian", option="call", strike=100, frequency=dates)
    exact = []
    for change, accrued in (
        ({"zero_curve": falling}, on(falling["times"], falling["rates"], MONTHS)),
        ({"zero_curve": None, "zero_rate": 0.03}, 0.03 * MONTHS),
    ):
        own = market(dividend_yield=None, implied_volatility=0.2, **change)
        found = value(lg.risk(book, own, ["delta"], paths=8192, seed=6), "price")
        exact.append(average(accrued - 0.02 * MONTHS, 0.04 * MONTHS, accrued[-1]))
        assert_estimates(found, exact[-1], 0.005)
    assert exact[0] > 1.1 * exact[1]


def average(mean, variance, accrued):
    """An Asian call at the money: the sum of spots is the first times 1 + e^(x + ...), from the last step inwards."""
    m, v = np.diff(mean, prepend=0.0), np.diff(variance, prepend=0.0)
    grid = np.arange(-0.8, 4.0, 0.02)
    sums = np.logaddexp(0.0, grid)
    first = np.log(100.0 / len(m)) + m[0] + sums
    d = (first - np.log(100.0)) / np.sqrt(v[0])
    values = np.exp(first + v[0] / 2) * special.ndtr(d + np.sqrt(v[0])) - 100.0 * special.ndtr(d)
    for k in range(1, len(m)):
        start = sums if k < len(m) - 1 else np.zeros(1)
        z = (grid - start[:, None] - m[k]) / np.sqrt(v[k])
        values = (np.exp(-0.5 * z * z) * 0.02 / np.sqrt(2.0 * np.pi * v[k])) @ values
    return np.exp(-accrued) * values[0]


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


@pytest.mark.slow
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
