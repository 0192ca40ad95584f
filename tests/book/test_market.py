"""Market data: what the nodes mean between themselves, and what is refused."""

import copy
import pickle
import tomllib
from datetime import date, timedelta

import numpy as np
import pytest
import QuantLib as ql

from likelihood_greeks._checks import InvalidValueError
from likelihood_greeks.book.calendars import calendar
from likelihood_greeks.book.curves import ZeroCurve
from likelihood_greeks.book.market import Market
from likelihood_greeks.book.surfaces import VolatilitySurface
from likelihood_greeks.book.underlying import Underlying
from likelihood_greeks.models.gbm import GBM
from likelihood_greeks.models.term_structure import TermStructureGBM
from tests.support.places import DATA

FILE = DATA / "market.toml"
DICT = tomllib.loads(FILE.read_text(encoding="utf-8"))
MARKET = Market.read(FILE)
DAX = MARKET.underlyings["DAX"]
SURFACE, CURVE = DAX.implied_volatility, DAX.zero_curve
DAYS = (13, 41, 75, 165, 256, 345, 524, 703)

SMALL = VolatilitySurface([90.0, 110.0], [0.5, 2.0], [[0.3, 0.25], [0.2, 0.22]])


def changed(path, value):
    """The market's dictionary with one entry changed, or removed if `value` is None."""
    market = copy.deepcopy(DICT)
    *sections, key = path
    table = market
    for section in sections:
        table = table[section]
    if value is None:
        del table[key]
    else:
        table[key] = value
    return market


# -- zero curve ----------------------------------------------------------------------------------------------------


def test_zero_curve_hits_its_nodes_is_log_linear_in_discounts_between_and_flat_before():
    curve = ZeroCurve([0.5, 1.0, 3.0], [0.01, 0.03, 0.02])
    np.testing.assert_allclose([curve.rate(t) for t in (0.5, 1.0, 3.0)], [0.01, 0.03, 0.02], rtol=1e-15)
    accrued = [0.8 * 0.005 + 0.2 * 0.03, 0.75 * 0.03 + 0.25 * 0.06]  # at 0.6 and 1.5 years
    np.testing.assert_allclose([0.6 * curve.rate(0.6), 1.5 * curve.rate(1.5)], accrued, rtol=1e-14)
    assert curve.rate(0.0) == curve.rate(0.2) == 0.01


def test_zero_curve_is_quantlib_s_of_discount_factors_and_not_its_of_zero_rates():
    today, days, rates = ql.Date(5, 7, 2002), (91, 365, 1000), [0.01, 0.035, 0.02]
    dates = [today, *(today + n for n in days)]
    discounts = [1.0, *(np.exp(-z * n / 365) for z, n in zip(rates, days, strict=True))]
    reference = ql.DiscountCurve(dates, discounts, ql.Actual365Fixed())
    linear = ql.ZeroCurve(dates, [rates[0], *rates], ql.Actual365Fixed())
    curve = ZeroCurve([n / 365 for n in days], rates)
    again = ZeroCurve.of_discounts([n / 365 for n in days], discounts[1:])
    gaps = []
    for t in (0.1, 0.3, 0.9, 1.0, 2.0, 2.7):
        assert curve.rate(t) == pytest.approx(reference.zeroRate(t, ql.Continuous).rate(), rel=1e-12)
        assert again.rate(t) == pytest.approx(curve.rate(t), rel=1e-12)
        gaps.append(abs(curve.rate(t) - linear.zeroRate(t, ql.Continuous).rate()))
    assert max(gaps) > 1e-4


def test_curve_and_surface_end_at_sixty_years():
    with pytest.raises(InvalidValueError, match=r"times\[1\] must be at most 60 years, got 61"):
        ZeroCurve([1.0, 61.0], [0.01, 0.02])
    with pytest.raises(InvalidValueError, match=r"maturities\[1\] must be at most 60 years, got 3037"):
        VolatilitySurface([90.0], [1.0, 3037.0], [[0.2, 0.2]])
    flat = Underlying(name="X", spot=1.0, dividend_yield=0.0, zero_curve=0.0, implied_volatility=0.2)
    with pytest.raises(InvalidValueError, match="maturity must be at most 60 years"):
        flat.model(1.0, 60.1)


@pytest.mark.parametrize("maturity", [np.nextafter(3.0, 4.0), 30.0, -0.1, np.nan, np.inf])
def test_zero_curve_does_not_extrapolate(maturity):
    with pytest.raises(InvalidValueError, match="maturity must lie on the zero curve, 0 to 3 years"):
        ZeroCurve([0.5, 3.0], [0.01, 0.02]).rate(maturity)


def test_nan_zero_rate_fails_only_the_maturities_that_read_it():
    curve = ZeroCurve([0.5, 1.0, 2.0, 3.0], [0.01, 0.02, np.nan, 0.04])
    assert curve.rate(1.0) == 0.02
    assert curve.rate(3.0) == 0.04
    for maturity in (1.001, 2.0, 2.999):
        with pytest.raises(
            InvalidValueError, match=r"zero_rate must lie between -1 and 1 .* at the node 2 years, got nan"
        ):
            curve.rate(maturity)


# -- volatility surface --------------------------------------------------------------------------------------------


def test_surface_hits_every_node():
    found = [[SURFACE.volatility(k, days / 365) for days in DAYS] for k in SURFACE.strikes]
    np.testing.assert_allclose(found, SURFACE.volatilities, rtol=1e-14)


def test_total_variance_is_linear_in_strike_then_in_maturity():
    short, long = 0.5 * (0.25 * 0.3**2 + 0.75 * 0.2**2), 2.0 * (0.25 * 0.25**2 + 0.75 * 0.22**2)
    expected = np.sqrt((0.6 * short + 0.4 * long) / 1.1)  # at strike 105 and 1.1 years
    assert SMALL.volatility(105.0, 1.1) == pytest.approx(expected, rel=1e-14)


def test_surface_agrees_with_quantlib_and_would_notice_interpolation_in_volatility():
    today = ql.Date(5, 7, 2002)
    nodes = ql.Matrix([list(row) for row in SURFACE.volatilities])
    reference = ql.BlackVarianceSurface(
        today, ql.NullCalendar(), [today + n for n in DAYS], list(SURFACE.strikes), nodes, ql.Actual365Fixed()
    )
    rng = np.random.default_rng(1)
    points = list(zip(rng.uniform(3400, 5600, 200), rng.uniform(13 / 365, 703 / 365, 200), strict=True))
    expected = np.array([reference.blackVol(t, k) for k, t in points])
    np.testing.assert_allclose([SURFACE.volatility(k, t) for k, t in points], expected, rtol=1e-12)
    naive = [
        np.interp(t, np.array(DAYS) / 365, [np.interp(k, SURFACE.strikes, c) for c in columns()]) for k, t in points
    ]
    assert np.max(np.abs(naive - expected)) > 1e-3


def columns():
    return np.transpose(SURFACE.volatilities)


@pytest.mark.parametrize("strike", [3399.99, 5600.01, np.nan, np.inf, -4000.0])
def test_strike_off_the_surface_is_refused(strike):
    with pytest.raises(InvalidValueError, match="strike must lie on the surface, 3400 to 5600, unless") as caught:
        SURFACE.volatility(strike, 0.5)
    assert caught.value.name == "strike"
    np.testing.assert_equal(caught.value.value, strike)


@pytest.mark.parametrize("maturity", [703.1 / 365, np.nan, 0.0, -0.1])
def test_maturity_off_the_surface_is_refused(maturity):
    with pytest.raises(InvalidValueError, match=r"maturity must lie on the surface, 0 to 1.926\d* years, got"):
        SURFACE.volatility(4500.0, maturity)


def test_volatility_is_flat_before_the_first_maturity():
    assert SURFACE.volatility(4450.0, 2 / 365) == SURFACE.volatility(4450.0, 13 / 365)


@pytest.mark.parametrize("bad", [0.0, -0.2, np.inf])
def test_bad_volatility_fails_only_the_points_that_read_it(bad):
    rows = [[0.2] * 3 for _ in range(3)]
    rows[1][1] = bad
    surface = VolatilitySurface([90, 100, 110], [0.5, 1.0, 2.0], rows)
    for strike, maturity in ((90, 1.0), (110, 0.7), (100, 0.5), (100, 2.0), (95, 0.5)):
        assert surface.volatility(strike, maturity) == pytest.approx(0.2)
    for strike, maturity in ((100, 1.0), (99.9, 1.0), (100.1, 1.9), (95, 0.6)):
        with pytest.raises(InvalidValueError, match="at the node strike 100, maturity 1 years, got") as caught:
            surface.volatility(strike, maturity)
        assert caught.value.name == "volatility"


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: VolatilitySurface([90, 110], [1.0], [[np.nan], [np.nan]]), "volatilities"),
        (lambda: ZeroCurve([1.0, 1.0], [0.1, 0.1]), "times"),
        (lambda: ZeroCurve([], []), "times"),
        (lambda: ZeroCurve([1.0, np.nan], [0.1, 0.1]), r"times\[1\]"),
        (lambda: ZeroCurve([1.0, 2.0], [0.1]), "rates"),
        (lambda: VolatilitySurface([110, 90], [1.0], [[0.2], [0.2]]), "strikes"),
        (lambda: VolatilitySurface([90], [0.0], [[0.2]]), r"maturities\[0\]"),
        (lambda: VolatilitySurface([90, 110], [1.0], [[0.2, 0.2]]), "volatilities"),
        (lambda: VolatilitySurface([90, 110], [1.0], [[0.2], [0.2, 0.3]]), "volatilities"),
    ],
)
def test_grids_that_are_no_grid_are_refused(build, name):
    with pytest.raises(InvalidValueError, match=f"^{name} must"):
        build()


# -- calendars -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "day", "is_open"),
    [
        ("TARGET", date(2002, 12, 24), True),
        ("Germany/Eurex", date(2002, 12, 24), False),
        ("Germany/Eurex", date(2002, 12, 31), False),
        ("Germany/FrankfurtStockExchange", date(2002, 12, 31), True),
        ("Germany/Eurex", date(2002, 10, 3), True),  # German Unity Day: banks are closed, the exchange is not
        ("Germany/Settlement", date(2002, 10, 3), False),
        ("UnitedStates/NYSE", date(2002, 7, 4), False),
        ("UnitedKingdom", date(2002, 6, 4), False),  # spring holiday of the Golden Jubilee year
        ("NullCalendar", date(2002, 7, 6), True),
    ],
)
def test_calendars_are_those_of_quantlib(name, day, is_open):
    assert calendar(name).isBusinessDay(ql.Date(day.day, day.month, day.year)) is is_open


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("TARGETT", "did you mean 'TARGET'"),
        ("germany/Eurex", "did you mean 'Germany'"),
        ("Germany/Eurx", "Eurex"),
        ("UnitedStates", "UnitedStates/NYSE"),
        ("TARGET/Eurex", "it has none"),
        ("BespokeCalendar", "QuantLib's"),
        ("GBM/x", "QuantLib's"),
        ("", "QuantLib's"),
    ],
)
def test_unknown_calendar_is_refused_with_what_would_do(name, says):
    with pytest.raises(InvalidValueError, match=f"^calendar must .*{says}"):
        calendar(name)


# -- market --------------------------------------------------------------------------------------------------------


def test_market_file_is_the_published_surface():
    assert MARKET.valuation_date == date(2002, 7, 5)
    assert (DAX.spot, DAX.dividend_yield, DAX.calendar) == (4468.17, 0.0, "Germany/Eurex")
    assert CURVE.times == SURFACE.maturities == tuple(days / 365 for days in DAYS)
    assert len(SURFACE.strikes) == 13
    assert np.sum(SURFACE.volatilities) == pytest.approx(31.9254, abs=1e-9)  # checksum of the 104 published numbers
    assert sum(CURVE.rates) == pytest.approx(0.2916, abs=1e-12)


def test_model_has_the_curve_and_the_volatilities_of_its_strike_at_every_maturity_up_to_its_own():
    rows = SURFACE.volatilities[SURFACE.strikes.index(4400.0)]
    for maturity, nodes in ((165 / 365, 4), (150 / 365, 4)):
        assert MARKET.model("DAX", 4400.0, maturity) == TermStructureGBM(
            spot=4468.17, times=CURVE.times[:nodes], zero_rates=CURVE.rates[:nodes], dividend_times=[60.0],
            dividend_yields=[0.0], volatility_times=SURFACE.maturities[:nodes], volatilities=rows[:nodes],
        )  # fmt: skip
    law = MARKET.model("DAX", 4437.0, 400 / 365)
    assert law.black_volatility(400 / 365) == pytest.approx(SURFACE.volatility(4437.0, 400 / 365), rel=1e-13)
    assert law.discount(400 / 365) == pytest.approx(np.exp(-CURVE.rate(400 / 365) * 400 / 365), rel=1e-13)


def test_years_are_actual_365_fixed():
    assert MARKET.years(date(2003, 7, 5)) == 1.0
    assert MARKET.years(date(2004, 7, 5)) == 731 / 365  # a leap year between
    assert MARKET.years(date(2002, 7, 5)) == 0.0


def test_flat_market_is_flat_and_unbounded():
    flat = {"spot": 100, "dividend_yield": 0.01, "zero_rate": 0.03, "implied_volatility": 0.2}
    market = Market.read({"valuation_date": "2024-02-29", "underlyings": {"X": flat}})
    expected = GBM(spot=100, volatility=0.2, rate=0.03, dividend_yield=0.01)
    assert market.model("X", 1.0, 0.001) == market.model("X", 1e6, 50.0) == expected
    assert market.underlyings["X"].calendar == "TARGET"


def test_dictionary_text_dates_and_years_read_as_the_file_does():
    market = copy.deepcopy(DICT)
    market["valuation_date"] = "2002-07-05"
    dax = market["underlyings"]["DAX"]
    dax["zero_curve"]["times"] = [days / 365 for days in DAYS]
    dax["implied_volatility"]["maturities"] = [str(date(2002, 7, 5) + timedelta(days)) for days in DAYS]
    dax["implied_volatility"]["volatilities"] = np.array(dax["implied_volatility"]["volatilities"])
    assert Market.read(market) == MARKET == Market.read(str(FILE))


def test_market_survives_pickling():
    assert pickle.loads(pickle.dumps(MARKET)) == MARKET


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("valuation_date",), None, "^valuation_date must be given"),
        (("valuation_date",), "5 July 2002", "^valuation_date must be an ISO date"),
        (("underlyings",), None, "^underlyings must be given"),
        (("rates",), {}, "^key must be one of valuation_date, underlyings, .*, got 'rates'"),
        (("underlyings", "DAX", "spot"), None, r"^underlyings\.DAX\.spot must be given"),
        (("underlyings", "DAX", "spot"), -1.0, r"^underlyings\.DAX\.spot must be positive"),
        (("underlyings", "DAX", "spot"), float("nan"), r"^underlyings\.DAX\.spot must be positive and finite, got nan"),
        (("underlyings", "DAX", "dividend_yeild"), 0.0, r"DAX\.key must be .* \(did you mean 'dividend_yield'\?\)"),
        (("underlyings", "DAX", "zero_rate"), 0.03, r"^underlyings\.DAX\.zero_rate must .*not both"),
        (("underlyings", "DAX", "zero_curve"), None, r"^underlyings\.DAX\.zero_rate must be given, or else zero_curve"),
        (("underlyings", "DAX", "zero_curve", "rates"), [0.03], r"^underlyings\.DAX\.zero_curve\.rates must hold one"),
        (("underlyings", "DAX", "zero_curve", "times"), None, r"^underlyings\.DAX\.zero_curve\.times must be given"),
        (("underlyings", "DAX", "implied_volatility"), -0.2, r"^underlyings\.DAX\.implied_volatility must be positive"),
        (("underlyings", "DAX", "implied_volatility", "strikes"), [1.0, 1.0], r"implied_volatility\.strikes must hold"),
        (("underlyings", "DAX", "calendar"), "Eurex", r"^underlyings\.DAX\.calendar must be one of QuantLib's"),
    ],
)
def test_wrong_value_in_the_market_is_refused_by_section_and_key(path, value, says):
    with pytest.raises(InvalidValueError, match=says):
        Market.read(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("underlyings", "DAX", "spot"), "4468", r"^underlyings\.DAX\.spot must be a real number, got '4468'"),
        (("underlyings", "DAX"), 3.0, r"^underlyings\.DAX\.value must be a table"),
        (("underlyings", "DAX", "zero_curve"), 3.0, r"^underlyings\.DAX\.zero_curve\.value must be a table"),
        (("underlyings", "DAX", "calendar"), 3, r"^underlyings\.DAX\.calendar must be a name"),
        (("underlyings",), [1], "^underlyings must be a table"),
        (("underlyings",), {5: {}}, "^underlyings must have names"),
    ],
)
def test_wrong_type_in_the_market_is_refused_by_section_and_key(path, value, says):
    with pytest.raises(TypeError, match=says):
        Market.read(changed(path, value))


def test_error_in_a_file_names_the_file(tmp_path):
    text = FILE.read_text(encoding="utf-8")
    (tmp_path / "bad.toml").write_text(text.replace("spot = 4468.17", "spot = 0"), encoding="utf-8")
    with pytest.raises(InvalidValueError, match=r"^bad\.toml: underlyings\.DAX\.spot must be positive"):
        Market.read(tmp_path / "bad.toml")
    (tmp_path / "bad.toml").write_text("spot = = 3", encoding="utf-8")
    with pytest.raises(InvalidValueError, match=r"^bad\.toml: line 1 must be valid TOML .*, got 'spot = = 3'$"):
        Market.read(tmp_path / "bad.toml")
    for text, why in (
        ("spot = 1.0\nspot = 2.0", r"line 2 must be valid TOML \(a key stands once in a table\), got 'spot = 2.0'$"),
        ("a = 1\n[x]\nspot = 100,5", r"line 3 must be valid TOML \(.* decimals have a point\), got 'spot = 100,5'$"),
        ("model = heston", r"line 1 must be valid TOML \(a value is .* text in quotes\), got 'model = heston'$"),
        ('name = "X', "line 1 must be valid TOML"),
        ("[[underlyings]]\nname = 'X'", "valuation_date"),
        ("valuation_date = 2025-01-02\n[[underlyings]]\nname = 'X'", "underlyings must be a table of underlyings"),
    ):
        (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
        with pytest.raises((InvalidValueError, TypeError), match=rf"^bad\.toml: .*{why}"):
            Market.read(tmp_path / "bad.toml")
    with pytest.raises(FileNotFoundError):
        Market.read(tmp_path / "none.toml")


def test_unknown_underlying_is_refused_with_the_closest():
    with pytest.raises(InvalidValueError, match=r"underlying must be one of 'DAX' \(did you mean 'DAX'\?\), got 'DXA'"):
        MARKET.model("DXA", 4500.0, 0.5)


def test_underlying_filed_under_another_name_is_refused():
    flat = Underlying(name="X", spot=1.0, dividend_yield=0.0, zero_curve=0.0, implied_volatility=0.2)
    with pytest.raises(InvalidValueError, match="underlyings"):
        Market(date(2024, 1, 2), {"Y": flat})
