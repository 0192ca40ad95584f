"""Local volatilities from implied ones: what they reprice, what is left out, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

import likelihood_greeks as lg
from likelihood_greeks.models.heston.smile import black, implied_deviation
from tests.support.gates import draw

STRIKES, MATURITIES = np.array([80.0, 90.0, 100.0, 110.0, 125.0]), (0.25, 1.0)


def surface(function=lambda k, t: 0.2 - 0.15 * k / (0.5 + t) + 0.2 * k * k):
    k = np.log(STRIKES / 100.0)[:, None]
    return pd.DataFrame(function(k, np.array(MATURITIES)), STRIKES, MATURITIES)


def market(name):
    underlying = lg.Market.read("data/market.toml").underlyings["DAX"] if name == "DAX" else None
    if underlying is None:
        underlying = lg.Market.read("data/spx.toml").underlyings["SPX"]
    quotes = underlying.implied_volatility
    rates = {t: underlying.rate(t) for t in quotes.maturities}
    yields = {t: rates[t] - np.log(underlying.forward(t) / underlying.spot) / t for t in quotes.maturities}
    return quotes.to_frame(), rates, yields, underlying.spot


def test_a_flat_surface_has_its_own_volatility_and_a_term_structure_its_forward_ones():
    flat = lg.LocalVolatility.from_implied(surface(lambda k, t: 0.2 + 0.0 * (k + t)), 0.03, spot=100.0)
    np.testing.assert_allclose(flat.volatility.volatilities, 0.2, rtol=6e-3)
    curved = lg.LocalVolatility.from_implied(
        surface(lambda k, t: 0.0 * k + np.where(t < 0.5, 0.3, 0.2)),
        {0.25: 0.02, 1.0: 0.03},
        spot=100.0,
        dividend_yield=0.01,
    )
    forward = np.sqrt((0.2**2 * 1.0 - 0.3**2 * 0.25) / 0.75)
    np.testing.assert_allclose(curved.volatility.volatilities, [[0.3] * 9, [forward] * 9], rtol=6e-3)
    assert curved.forward(1.0) == pytest.approx(100.0 * np.exp(0.02), rel=1e-12)
    assert curved.discount(0.25) == pytest.approx(np.exp(-0.005), rel=1e-12)
    assert len(curved.fit.left_out) == 0


@pytest.mark.slow
def test_the_chain_reprices_the_quotes():
    law = lg.LocalVolatility.from_implied(surface(), 0.03, spot=100.0)
    assert law.fit.rms_error < 2e-4
    spot = draw(law, np.asarray(MATURITIES), n_paths=20_000).spot
    for row, maturity in zip(spot, MATURITIES, strict=True):
        forward, root = law.forward(maturity), np.sqrt(maturity)
        k = np.log(STRIKES / forward)
        pays = np.maximum(np.sign(k)[:, None] * (row - STRIKES[:, None]), 0.0)
        deviation = implied_deviation(pays.mean(axis=1) / forward, k)
        error = pays.std(axis=1) / np.sqrt(row.size) / (black(k, deviation)[1] * forward * root)
        assert error.max() < 0.0043
        gap = deviation / root - law.fit.market[maturity].to_numpy()
        assert np.abs(gap).max() < 4.0 * error.max() + 0.001
        assert np.abs(gap + 0.02).min() > 4.0 * error.max()  # what would be seen


@pytest.mark.slow
def test_the_quotes_of_the_dax_are_met_within_a_tenth_of_a_point():
    quotes, rates, yields, spot = market("DAX")
    fit = lg.LocalVolatility.from_implied(quotes, rates, spot=spot, dividend_yield=yields).fit
    assert fit.rms_error < 0.001
    assert fit.errors.count().sum() == 104
    assert len(fit.left_out) == 0


@pytest.mark.slow
def test_the_first_expiries_of_the_s_and_p_are_met_but_for_quotes_with_an_arbitrage():
    quotes, rates, yields, spot = market("SPX")
    few = quotes.iloc[:, :3].dropna(how="all")
    fit = lg.LocalVolatility.from_implied(
        few, {t: rates[t] for t in few.columns}, spot=spot, dividend_yield={t: yields[t] for t in few.columns}
    ).fit
    assert fit.rms_error < 0.003
    assert fit.rms_errors.max() < 0.003  # the first of ten days
    assert 0 < len(fit.left_out) < 0.05 * few.count().sum()
    assert f"{len(fit.left_out)} left out" in str(fit)
    left = {(maturity, strike) for maturity, strike in fit.left_out[["maturity", "strike"]].to_numpy()}
    beyond = {
        (maturity, strike): _beyond_arbitrage(few, fit.forwards, maturity, strike)
        for maturity in few.columns
        for strike in few[maturity].dropna().index
    }
    assert min(beyond[one] for one in left) > 0.003
    assert np.mean([beyond[one] > 0.003 for one in beyond if one not in left]) < 0.03  # those around them


def _beyond_arbitrage(quotes, forwards, maturity, strike):
    """How far a quote is above butterflies of its expiry, or below or above calendars with its neighbours'."""
    columns = list(quotes.columns)
    at, put, vega = _puts(quotes, forwards, maturity)
    x, p = np.append(0.0, at), np.append(0.0, put)
    i = int(np.argmin(np.abs(x * forwards[maturity] - strike)))
    low, high = np.arange(i)[:, None], np.arange(i + 1, len(x))
    chord = p[low] + (p[high] - p[low]) / (x[high] - x[low]) * (x[i] - x[low])
    found = [p[i] - chord.min() if chord.size else 0.0]
    for step, sign in ((-1, -1.0), (1, 1.0)):
        if 0 <= (c := columns.index(maturity) + step) < len(columns):
            others, prices, _ = _puts(quotes, forwards, columns[c])
            if others[0] <= x[i] <= others[-1]:
                found.append(sign * (p[i] - np.interp(x[i], others, prices)))  # a chord is above what has no arbitrage
    return max(found) / vega[i - 1]


def _puts(quotes, forwards, maturity):
    """Strikes, puts and their vegas, in forwards."""
    smile = quotes[maturity].dropna()
    strike = smile.index.to_numpy() / forwards[maturity]
    k, root = np.log(strike), np.sqrt(maturity)
    price, slope = black(k, smile.to_numpy() * root)
    return strike, np.where(k < 0.0, price, price + strike - 1.0), slope * root


def test_a_quote_with_an_arbitrage_is_left_out_and_listed():
    quotes = surface()
    quotes.loc[100.0, 1.0] += 0.06
    fit = lg.LocalVolatility.from_implied(quotes, 0.03, spot=100.0).fit
    assert fit.left_out[["maturity", "strike"]].to_numpy().tolist() == [[1.0, 100.0]]
    assert fit.left_out["error"].item() < -0.03
    assert fit.rms_error < 0.002


def test_a_fit_has_smiles_at_any_strike_and_a_picture():
    fit = lg.LocalVolatility.from_implied(surface(), 0.03, spot=100.0).fit
    np.testing.assert_allclose(fit.smile(STRIKES), fit.market + fit.errors, atol=1e-10)
    between = fit.smile([95.0, 1e4])
    assert fit.market.loc[90.0, 1.0] > between.loc[95.0, 1.0] > fit.market.loc[100.0, 1.0]
    assert between.loc[1e4].isna().all()
    with pytest.raises(ValueError, match=r"strikes\[0\] must be positive"):
        fit.smile([-1.0])
    figure = fit.plot()
    assert [axes.get_title()[:10] for axes in figure.axes] == ["0.25 years", "1 years (r"]
    pyplot.close(figure)


def test_missing_quotes_are_no_quotes():
    quotes = surface()
    quotes.loc[125.0, 0.25] = np.nan
    fit = lg.LocalVolatility.from_implied(quotes, 0.03, spot=100.0).fit
    assert np.isnan(fit.errors.loc[125.0, 0.25])
    assert fit.rms_error < 5e-4


def test_it_ends_with_its_quotes_and_bad_quotes_are_refused():
    law = lg.LocalVolatility.from_implied(surface(), 0.03, spot=100.0)
    with pytest.raises(ValueError, match="steps must reach the last date"):
        lg.greeks(law, lg.Call(100.0, 1.5), ["delta"], paths=100)
    with pytest.raises(ValueError, match="surface must hold at least one quote"):
        lg.LocalVolatility.from_implied(
            surface().assign(**{"x": 0}).drop(columns="x").replace(0.0, 1.0).mul(np.nan), 0.03, spot=100.0
        )
    with pytest.raises(ValueError, match="surface must hold volatilities in"):
        lg.LocalVolatility.from_implied(100.0 * surface(), 0.03, spot=100.0)


def test_steps_may_be_others():
    law = lg.LocalVolatility.from_implied(surface(), 0.03, spot=100.0, steps=10)
    np.testing.assert_allclose(
        law.chain((0.5,)).times, [1 / 12, 2 / 12, 0.25, 1 / 3, 5 / 12, 0.5]
    )  # ends where it jumps
    assert replace(law, steps=(0.4, 0.8)).chain((0.8,)).times.tolist() == [0.4, 0.8]
