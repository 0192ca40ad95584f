"""Surfaces whose strikes differ by maturity: a hole refuses nothing that its neighbours can serve."""

import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.surfaces import VolatilitySurface, term_structure

LISTED = {
    0.25: range(4800, 7001, 100),
    0.5: range(4850, 7050, 100),
    1.0: range(4000, 8001, 250),
    2.0: range(4000, 8001, 500),
}
NAN = float("nan")


def smile(strike, t):
    return 0.18 - 0.25 * np.log(strike / 6000.0) / np.sqrt(t + 0.3)


def listed():
    strikes = sorted({float(k) for own in LISTED.values() for k in own})
    rows = [[smile(k, t) if k in LISTED[t] else NAN for t in LISTED] for k in strikes]
    return {"strikes": strikes, "maturities": list(LISTED), "volatilities": rows}


def by_hand(strike, maturity):
    """Total variance by NumPy's interpolation, in strike within each maturity, then in maturity."""
    there = [t for t, own in LISTED.items() if own[0] <= strike <= own[-1]]
    variances = [np.interp(strike, own, [smile(k, t) ** 2 * t for k in own]) for t, own in LISTED.items() if t in there]
    return np.sqrt(np.interp(maturity, there, variances) / maturity)


def test_listed_strikes_that_differ_by_expiry_serve_everything_between_them():
    surface, rng = VolatilitySurface(**listed()), np.random.default_rng(0)
    for strike, maturity in zip(rng.uniform(5000, 7000, 300), rng.uniform(100 / 365, 700 / 365, 300), strict=True):
        assert surface.volatility(strike, maturity) == pytest.approx(by_hand(strike, maturity), rel=1e-12)


def test_a_book_on_listed_strikes_loses_no_trade():
    rng, start = np.random.default_rng(0), pd.Timestamp("2025-02-10")
    days = [str((start + pd.Timedelta(days=int(n))).date()) for n in rng.integers(100, 700, 40)]
    own = {"trade_id": range(40), "underlying": "SPX", "product": "call", "quantity": 1, "maturity": days}
    book = pd.DataFrame(own | {"strike": rng.integers(5000, 7000, 40)})
    spx = {"spot": 6000.0, "zero_rate": 0.04, "implied_volatility": listed()}
    market = {"valuation_date": "2025-02-10", "underlyings": {"SPX": spx}}
    assert not lg.risk(book, market, ["delta"], paths=512, seed=1, controls="scores").attrs["problems"]


def test_a_strike_that_only_one_side_quotes_is_refused_and_says_which():
    surface = VolatilitySurface(**listed())
    with pytest.raises(InvalidValueError, match=r"strike must be quoted before 0\.75 years as well"):
        surface.volatility(4500.0, 0.75)
    with pytest.raises(InvalidValueError, match=r"strike must be quoted before 0\.1 years as well"):
        surface.volatility(4500.0, 0.1)
    assert surface.volatility(4500.0, 1.5) == pytest.approx(by_hand(4500.0, 1.5), rel=1e-12)


def test_a_law_has_the_quoted_maturities_of_its_strike_and_passes_over_the_others():
    times, volatilities = term_structure(VolatilitySurface(**listed()), 6980.0, 1.3)
    assert times == (0.25, 1.0, 2.0)  # 6,950 is the last strike of the second
    expected = [np.sqrt(np.interp(6980.0, LISTED[t], [smile(k, t) ** 2 for k in LISTED[t]])) for t in times]
    np.testing.assert_allclose(volatilities, expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("maturity", "times"), [(1.0, (0.5, 1.0)), (0.75, (0.5, 1.0)), (0.4, (0.4,)), (2.0, (0.5, 1.0, 2.0))]
)
def test_where_total_variance_falls_the_maturity_s_own_volatility_is_kept(maturity, times):
    surface = VolatilitySurface([90.0, 110.0], [0.25, 0.5, 1.0, 2.0], [[0.5, 0.3, 0.25, 0.24]] * 2)
    found = term_structure(surface, 100.0, maturity)
    assert found[0] == times
    assert np.all(np.diff(np.square(found[1]) * found[0]) > 0.0)
    law = lg.TermStructureGBM(
        spot=100.0,
        times=[3.0],
        zero_rates=[0.0],
        dividend_yields=[0.0],
        volatility_times=found[0],
        volatilities=found[1],
    )
    assert law.black_volatility(maturity) == pytest.approx(surface.volatility(100.0, maturity), rel=1e-13)


def test_a_surface_the_other_way_round_is_refused_by_its_shape():
    with pytest.raises(InvalidValueError, match=r"have shape \(3, 2\).*look turned, a row for each maturity"):
        VolatilitySurface([80.0, 100.0, 120.0], [0.5, 1.0], [[0.2, 0.2, 0.2], [0.21, 0.2, 0.2]])


@pytest.mark.parametrize("missing", [NAN, None, ""], ids=["nan", "None", "blank"])
@pytest.mark.parametrize("unit", ["currency", "forward"])
def test_a_maturity_without_a_quote_is_passed_over_and_a_missing_quote_is_none(missing, unit):
    rows = [[0.25, missing, 0.22], [missing, missing, 0.2], [0.2, missing, 0.19]]
    entry = {"strikes": [0.8, 1.0, 1.2], "strikes_in": unit, "maturities": [0.5, 1.0, 2.0], "volatilities": rows}
    x = {"spot": 1.0, "zero_rate": 0.0, "implied_volatility": entry}
    surface = lg.Market.read({"valuation_date": "2026-01-02", "underlyings": {"X": x}}).underlyings["X"]
    variances = [(0.25**2 + 0.2**2) / 2 * 0.5, 0.2**2 * 2.0]
    expected = np.sqrt(np.interp(1.0, [0.5, 2.0], variances))
    assert surface.implied_volatility.volatility(1.0, 1.0) == pytest.approx(expected, rel=1e-12)


def test_a_surface_without_any_quote_is_refused():
    with pytest.raises(InvalidValueError, match="volatilities must hold a quote, got 'all missing'"):
        VolatilitySurface([90.0, 110.0], [0.5], [[NAN], [NAN]])
