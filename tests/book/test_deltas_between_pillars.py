"""Strikes well inside the quoted deltas of their own date are known between pillars, quotes by delta being carried."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError

SPOT, RATE, YIELD = 1.1, 0.03, 0.02
SMILE = {
    "maturities": ["1W", "1M", "3M", "6M", "1Y"],
    "atm": [0.1, 0.102, 0.105, 0.108, 0.11],
    "risk_reversals": {"25": [-0.004, -0.005, -0.006, -0.006, -0.007], "10": [-0.008, -0.009, -0.01, -0.012, -0.013]},
    "butterflies": {"25": [0.003, 0.003, 0.004, 0.004, 0.004], "10": [0.009, 0.01, 0.012, 0.013, 0.014]},
    "delta_convention": "forward",
}
TODAY = "2026-01-02"


def market(smile=SMILE):
    own = {"spot": SPOT, "zero_rate": RATE, "dividend_yield": YIELD, "implied_volatility": smile}
    return lg.Market.read({"valuation_date": TODAY, "underlyings": {"EURUSD": own}})


def surface(smile=SMILE):
    return market(smile).underlyings["EURUSD"].implied_volatility


def forward(t):
    return SPOT * np.exp((RATE - YIELD) * t)


def strike(delta, t, volatility):
    deviation = volatility * np.sqrt(t)
    return forward(t) * np.exp(-np.sign(delta) * norm.ppf(abs(delta)) * deviation + 0.5 * deviation**2)


@pytest.mark.parametrize("delta", [-0.14, 0.17, -0.11, 0.11, -0.3])
def test_a_strike_inside_the_deltas_of_its_date_is_priced(delta):
    t = 151 / 365
    found = market()
    own = found.underlyings["EURUSD"].implied_volatility
    volatility = 0.11
    for _ in range(50):  # the strike whose delta at its own volatility is the one asked for
        volatility = own.volatility(strike(delta, t, volatility), t)
    level = strike(delta, t, volatility)
    if delta == -0.14:
        assert level < own.smiles[2].strikes[0]  # beyond what three months quote
    rows = [{"trade_id": "A", "underlying": "EURUSD", "product": "put" if delta < 0 else "call", "strike": level,
             "quantity": 1, "maturity": "2026-06-02"}]  # fmt: skip
    frame = lg.risk(pd.DataFrame(rows), found, ["delta"], paths=1024, seed=1).set_index(["trade_id", "greek"])["value"]
    assert frame["A", "delta"] == pytest.approx(delta * np.exp(-YIELD * t), rel=1e-6)  # Black's at that volatility


TWO = {
    "maturities": ["1M", "1Y"],
    "deltas": ["10P", "25P", "ATM", "25C", "10C"],
    "volatilities": [[0.115, 0.118], [0.106, 0.11], [0.1, 0.105], [0.102, 0.107], [0.108, 0.112]],
    "delta_convention": "forward",
}


def test_the_last_volatility_of_the_earlier_maturity_is_carried_on():
    own, t = surface(TWO), 0.5
    level = 1.06 * SPOT
    x = level / forward(t)
    early, late = own.maturities
    assert x > own.smiles[0].nodes[-1]
    variances = 0.108**2 * early, own.smiles[1].volatility(x) ** 2 * late
    expected = np.sqrt(np.interp(t, (early, late), variances) / t)
    assert own.volatility(level, t) == pytest.approx(expected, rel=1e-12)
    model = market(TWO).model("EURUSD", level, t)  # the law has the carried volatility at one month
    assert model.volatilities[0] == pytest.approx(0.108, rel=1e-12)


def test_what_is_known_at_a_date_are_the_last_deltas_at_it():
    own = surface()
    for t in (0.05, 0.2, 0.41, 0.49, 0.9):
        for side, x in zip((-1, 1), own.span(t), strict=True):
            volatility = own.volatility(x * forward(t), t)
            d = (np.log(x) - 0.5 * volatility**2 * t) / (volatility * np.sqrt(t))
            assert norm.cdf(-side * d) == pytest.approx(0.1, abs=0.007)  # ten deltas, hardly less
    for smile in own.smiles:
        np.testing.assert_allclose(own.span(smile.maturity), smile.ends, rtol=1e-12)
        for x, volatility in zip(smile.nodes, smile.volatilities, strict=True):
            assert own.volatility(x * smile.forward, smile.maturity) == pytest.approx(volatility, rel=1e-12)


@pytest.mark.parametrize("smile", [SMILE, TWO])
def test_total_variance_grows_with_maturity_and_has_no_jump(smile):
    own = surface(smile)
    times = np.linspace(own.maturities[0], own.maturities[-1], 80)
    moneyness = np.linspace(*own.span(times[-1]), 31)
    found = np.full((times.size, moneyness.size), np.nan)
    for i, t in enumerate(times):
        low, high = own.span(t)
        for j, x in enumerate(moneyness):
            if low <= x <= high:
                found[i, j] = own.volatility(x * forward(t), t) ** 2 * t
    steps = np.diff(found, axis=0)
    assert np.nanmin(steps) > 0.0
    assert np.nanmax(steps) < 1e-3
    fine = np.linspace(*own.span(0.45), 800)
    assert np.abs(np.diff([own.volatility(x * forward(0.45), 0.45) for x in fine])).max() < 2e-4
    assert market(smile).remarks == ()


@pytest.mark.parametrize("low", [True, False])
def test_outside_at_its_own_date_a_strike_is_refused_with_the_remedy(low):
    t = 151 / 365
    level = surface().span(t)[0 if low else 1] * forward(t) * (0.999 if low else 1.001)
    with pytest.raises(InvalidValueError, match=r"strike must lie on the surface, .*beyond_strikes = 'flat'"):
        surface().volatility(level, t)
    assert surface(SMILE | {"beyond_strikes": "flat"}).volatility(level, t) > 0.1


def test_a_maturity_without_its_last_deltas_goes_on_between_those_around_it():
    nan = float("nan")
    sparse = TWO | {
        "maturities": ["1M", "6M", "1Y"],
        "volatilities": [[0.115, nan, 0.118], [0.106, 0.108, 0.11], [0.1, 0.103, 0.105], [0.102, 0.104, 0.107],
                         [0.108, nan, 0.112]],
    }  # fmt: skip
    own = surface(sparse)
    t = own.maturities[1]
    (low, high), ends = own.span(t), own.smiles[1].ends
    assert low < ends[0] - 0.02  # ten deltas, though 25 are the last there
    assert high > ends[1] + 0.02
    found = np.array([own.volatility(x * forward(t), t) for x in np.linspace(low, high, 3000)])
    assert np.abs(np.diff(found)).max() < 1e-4
