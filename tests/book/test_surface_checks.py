"""Quotes that look wrong are refused or remarked on; those of real markets are not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import likelihood_greeks as lg
from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.surfaces import arbitrage
from tests.support.places import ROOT

SPOT, DAY = 3800.0, "2021-01-11"
STRIKES = [3040.0, 3420.0, 3610.0, 3800.0, 3990.0, 4180.0]
YEARS = [0.1, 0.25, 0.5, 1.0, 2.0, 3.0]


def smile(strike, t):
    """A skew that flattens with the square root of time, as of equity indices."""
    x = np.log(strike / SPOT) / np.sqrt(t + 0.1)
    return 0.2 + 0.01 * np.sqrt(t) - 0.25 * x + 0.2 * x * x


TABLE = [[smile(k, t) for t in YEARS] for k in STRIKES]


def read(volatilities=TABLE, strikes=STRIKES, maturities=YEARS, **own):
    surface = {"strikes": strikes, "maturities": maturities, "volatilities": volatilities} | own
    spx = {"spot": SPOT, "zero_rate": 0.01, "implied_volatility": surface}
    return lg.Market.read({"valuation_date": DAY, "underlyings": {"SPX": spx}})


def scaled(factor):
    return [[factor * v for v in row] for row in TABLE]


@pytest.mark.parametrize("name", ["market.toml", "spx.toml"])
def test_nothing_is_said_of_real_markets(name):
    assert lg.Market.read(ROOT / "data" / name).remarks == ()


def test_nothing_is_said_of_a_surface_without_fault_however_it_is_quoted():
    assert read().remarks == ()
    for unit in ("spot", "forward"):
        assert read(strikes=[k / SPOT for k in STRIKES], strikes_in=unit).remarks == ()


def steep(strike, t):
    """A skew whose table has arbitrage when it is turned."""
    x = np.log(strike / SPOT) / np.sqrt(t + 0.02)
    return 0.2 - 0.35 * x + 0.2 * x * x


def other_way(table):
    return [list(row) for row in zip(*table, strict=True)]


def test_a_square_table_with_a_row_a_maturity_is_refused_for_its_arbitrage_or_asked_about():
    table = [[steep(k, t) for t in YEARS] for k in STRIKES]
    assert read(table).remarks == ()
    with pytest.raises(InvalidValueError, match="have a row for each strike: these look turned"):
        read(other_way(table))
    (remark,) = read(other_way(TABLE)).remarks
    assert "with a row for each maturity these would be far smoother: are they turned?" in remark


@pytest.mark.parametrize("square", [2, 3])
def test_a_small_or_flat_square_table_is_not_taken_for_a_turned_one(square):
    for table in ([[0.2] * square] * square, [row[:square] for row in TABLE[:square]]):
        assert read(table, STRIKES[:square], YEARS[:square]).remarks == ()


def test_volatilities_in_per_cent_are_refused_or_asked_about():
    with pytest.raises(InvalidValueError, match=r"volatilities must be decimals \(0\.2 is twenty per cent\)"):
        read(scaled(100.0))
    (remark,) = read([[v - 17.5 for v in row] for row in scaled(100.0)]).remarks  # currencies, 2 to 5 "per cent"
    assert "above 200%: are these per cent?" in remark


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strikes": [k * 100 for k in STRIKES]}, "strikes must be in the currency of the spot 3800"),
        ({"strikes": [k / SPOT for k in STRIKES]}, "strikes_in = 'spot' or 'forward' if they are multiples"),
        ({"strikes": [k / 38.0 for k in STRIKES]}, "'% of spot' if in per cent, got '80 to 110'"),
        ({"strikes": [k / 38.0 for k in STRIKES], "strikes_in": "forward"}, "be in the currency of the spot 1"),
        ({"strikes": YEARS, "maturities": STRIKES}, "must be at most 60 years, got 4180"),
    ],
)
def test_strikes_and_maturities_on_another_scale_are_refused(change, said):
    with pytest.raises(InvalidValueError, match=said):
        read(**change)


def test_a_strike_of_zero_is_remarked_on_and_harms_nothing():
    (remark,) = read([TABLE[0], *TABLE], [0.0, *STRIKES]).remarks
    assert "the strike 0 is a hundredfold" in remark


def test_one_strike_far_from_all_others_is_remarked_on():
    (remark,) = read([*TABLE, TABLE[-1]], [*STRIKES, 418_000.0]).remarks
    assert "the strike 418000 is a hundredfold from the spot 3800" in remark


# -- calendar arbitrage --------------------------------------------------------------------------------------------


def fallen(by):
    table = [list(row) for row in TABLE]
    table[3][2] = np.sqrt(table[3][1] ** 2 * 0.25 / 0.5) - by
    return table


def test_total_variance_that_falls_with_maturity_is_said_once_with_strike_and_dates():
    (remark,) = read(fallen(0.01), maturities=["2021-02-16", "2021-04-12", "2021-07-12", 1.0, 2.0, 3.0]).remarks
    assert "implied_volatility of SPX: total variance falls with maturity at strike 3800" in remark
    assert "from 2021-04-12 to 2021-07-12" in remark
    assert "other" not in remark
    assert read(fallen(1e-5)).remarks == ()  # rounding


def test_a_fall_is_worth_the_calendar_spread_of_black_prices():
    def put(x, deviation):
        d = np.log(1.0 / x) / deviation + deviation / 2
        return x * stats.norm.cdf(deviation - d) - stats.norm.cdf(-d)

    expected = put(0.9, 0.4 * np.sqrt(0.5)) - put(0.9, 0.25)
    assert arbitrage.falls(0.9, (0.5, 0.4), (1.0, 0.25)) == pytest.approx(expected, rel=1e-12)
    assert arbitrage.falls(0.9, (0.5, 0.2), (1.0, 0.25)) == 0.0
    assert arbitrage.falls(0.5, (0.01, 0.9), (0.02, 0.6)) == 0.0  # worth nothing, so far in the wing


def book(strikes, maturity="2021-07-12"):
    common = {"underlying": "SPX", "product": "call", "quantity": 1, "maturity": maturity}
    return pd.DataFrame([{"trade_id": f"T{i}", "strike": k} | common for i, k in enumerate(strikes)])


def said(table, strikes, closed_form=False):
    market = read(table, maturities=["2021-02-16", "2021-04-12", "2021-07-12", 1.0, 2.0, 3.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lg.risk(book(strikes), market, ["delta"], paths=64, seed=1, controls="scores", closed_form=closed_form)
    return [str(w.message) for w in caught if "valued without" in str(w.message)]


def test_a_trade_that_passes_over_earlier_quotes_is_named_with_their_dates():
    (remark,) = said(fallen(0.01), [3800.0, 3805.0, 3420.0])
    assert "SPX: total variance of quotes is above that of a later maturity" in remark
    assert "2 trades are valued without the earlier ones: T0 (2021-04-12), T1 (2021-04-12)" in remark
    assert said(TABLE, [3800.0, 3805.0, 3420.0]) == []
    assert said(fallen(0.01), [3800.0], closed_form=True) == []  # a European depends on the variance to its end


# -- SVI -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"a": 0.01, "b": 0.12, "rho": -0.6, "m": 0.05, "sigma": 0.15}, None),
        ({"a": -0.041, "b": 0.1331, "rho": 0.306, "m": 0.3586, "sigma": 0.4153}, "the density is negative"),
        ({"a": 0.01, "b": 1.6, "rho": -0.6, "m": 0.0, "sigma": 0.1}, "rises by 2.56 a unit of log-moneyness"),
    ],
    ids=["without arbitrage", "Axel Vogt's", "wings too steep"],
)
def test_butterfly_arbitrage_of_svi_parameters_is_remarked_on(parameters, words):
    spx = {"spot": SPOT, "zero_rate": 0.01, "implied_volatility": {"svi": [{"maturity": 1.0} | parameters]}}
    remarks = lg.Market.read({"valuation_date": DAY, "underlyings": {"SPX": spx}}).remarks
    assert len(remarks) == (words is not None)
    assert words is None or words in remarks[0]


# -- Heston.calibrate ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("surface", "words"),
    [
        (pd.DataFrame(TABLE, YEARS, STRIKES), r"60 years: strikes are the index .* these look turned, got 4180"),
        (pd.DataFrame(TABLE, STRIKES, [t * 365 for t in YEARS]), r"columns must be at most 60 years, got 1095"),
        (pd.DataFrame(TABLE, [k / SPOT for k in STRIKES], YEARS), "hold strikes in the currency of the spot 3800"),
        (pd.DataFrame(TABLE, pd.Index([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], name="maturity"),
                      pd.Index(YEARS, name="strike")), "these look turned: it must be named so, got 'maturity'"),
    ],
    ids=["turned", "days", "moneyness", "names"],
)  # fmt: skip
def test_a_fit_refuses_a_table_that_is_turned_or_on_another_scale(surface, words):
    with pytest.raises(InvalidValueError, match=words):
        lg.Heston.calibrate(surface, 0.01, spot=SPOT)


def test_a_quote_that_its_neighbours_contradict_is_said_by_strike_and_maturity():
    def remarks(middle):
        table = {
            "strikes": [80.0, 100.0, 120.0],
            "maturities": [0.5, 1.0],
            "volatilities": [[0.2] * 2, middle, [0.2] * 2],
        }
        section = {"spot": 100.0, "zero_rate": 0.0, "implied_volatility": table}
        return lg.Market.read({"valuation_date": DAY, "underlyings": {"X": section}}).remarks

    assert remarks([0.2, 0.2]) == ()
    assert remarks([0.19, 0.19]) == ()
    (said,) = remarks([0.5, 0.5])
    assert "the volatility at strike 100 to" in said
    assert "butterfly arbitrage of 0.0" in said
