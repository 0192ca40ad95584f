"""Heston's closed forms against published numbers, QuantLib, differences, the pricing equation and limits."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
import QuantLib as ql

from likelihood_greeks.models.heston import contour
from likelihood_greeks.models.heston import fourier as heston_fourier
from likelihood_greeks.numerics import jets
from likelihood_greeks.numerics.differences import seven_point
from likelihood_greeks.numerics.jets import Jet
from tests.support.heston_reference import angled_contour

NAMES = (
    "spot", "initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "correlation", "rate",
    "dividend_yield", "time",
)  # fmt: skip

# 2 mean_reversion * long_run_variance / vol_of_vol**2 is 0.08 in `feller far off`, so the variance sticks to zero.
SETS = {
    "desk": (100.0, 0.04, 2.0, 0.04, 0.3, -0.7, 0.05, 0.02, 0.0),
    "broadie-kaya 1": (100.0, 0.010201, 6.21, 0.019, 0.61, -0.7, 0.0319, 0.0, 0.0),
    "broadie-kaya 2": (100.0, 0.09, 2.0, 0.09, 1.0, -0.3, 0.05, 0.0, 0.0),
    "feller violated": (100.0, 0.04, 1.5, 0.04, 1.0, -0.9, 0.03, 0.0, 0.0),
    "feller far off": (100.0, 0.04, 0.5, 0.04, 1.0, -0.9, 0.03, 0.01, 0.0),
    "positive correlation": (93.0, 0.05, 1.3, 0.03, 0.6, 0.5, 0.01, 0.04, 0.0),
    "almost one factor": (93.0, 0.03, 1.7, 0.05, 0.6, -0.95, 0.02, 0.01, 0.0),
    "calibrated to an index": (93.0, 0.19, 15.6, 0.075, 3.3, -0.51, 0.02, 0.01, 0.0),
}  # fmt: skip
HARD = {name: SETS[name] for name in ("broadie-kaya 1", "feller far off", "almost one factor", "positive correlation")}
every_set = pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
PAIRS = [*((name,) for name in NAMES), *combinations_with_replacement(NAMES, 2)]


def coordinates(values):
    return Jet.variables(dict(zip(NAMES, values, strict=True)))


def vanillas(values, strike, maturity):
    """Discounted digital and call."""
    x = coordinates(values)
    discount = jets.exp(-x["rate"] * (maturity - x["time"]))
    digital, call = heston_fourier.vanilla_jets(x, strike, maturity)
    return discount * digital, discount * call


def moved(values, shift):
    return tuple(value + shift.get(name, 0.0) for name, value in zip(NAMES, values, strict=True))


def scales(values, maturity):
    """What counts as a large move of each coordinate: for steps and tolerances."""
    spot, v0, kappa, theta, xi, rho, *_ = values
    spread = np.sqrt(min(v0, theta) * maturity)
    rate = spread / maturity
    return dict(zip(NAMES, (spot * spread, v0, kappa, theta, xi, 1.0 - abs(rho), rate, rate, maturity), strict=True))


def black(x, strike, maturity):
    """Undiscounted digital and call when the variance is deterministic."""
    left = maturity - x["time"]
    decayed = -jets.expm1(-x["mean_reversion"] * left) / x["mean_reversion"]
    excess = x["initial_variance"] - x["long_run_variance"]
    deviation = jets.sqrt(x["long_run_variance"] * left + excess * decayed)
    forward = x["spot"] * jets.exp((x["rate"] - x["dividend_yield"]) * left)
    d2 = jets.log(forward / strike) / deviation - 0.5 * deviation
    above = jets.normal_cdf(d2)
    return above, forward * jets.normal_cdf(d2 + deviation) - strike * above


def quantlib(values, strike, days, kind=ql.Option.Call):
    """QuantLib's price, on Andersen and Lake's contour with a double-exponential rule."""
    spot, v0, kappa, theta, xi, rho, rate, dividend_yield, _ = values
    counter = ql.Actual365Fixed()
    with ql.SavedSettings():
        today = ql.Date(15, 6, 2023)
        ql.Settings.instance().evaluationDate = today
        r, q = (
            ql.YieldTermStructureHandle(ql.FlatForward(today, z, counter, ql.Continuous))
            for z in (rate, dividend_yield)
        )
        quote = ql.QuoteHandle(ql.SimpleQuote(spot))
        model = ql.HestonModel(ql.HestonProcess(r, q, quote, v0, kappa, theta, xi, rho))
        option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), ql.EuropeanExercise(today + days))
        option.setPricingEngine(angled_contour(model))
        return option.NPV()


# -- other people's numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "maturity", "price", "half_digit"),
    [
        # M. Broadie and O. Kaya, Operations Research 54, 2006, tables 1 and 2: the "true option prices"
        ((100.0, 0.010201, 6.21, 0.019, 0.61, -0.7, 0.0319, 0.0, 0.0), 1.0, 6.80611331, 5e-9),
        ((100.0, 0.09, 2.0, 0.09, 1.0, -0.3, 0.05, 0.0, 0.0), 5.0, 34.99975835, 5e-9),
        # L. Andersen, J. Computational Finance 11, 2008: test case I
        ((100.0, 0.04, 0.5, 0.04, 1.0, -0.9, 0.0, 0.0, 0.0), 10.0, 13.08467014, 5e-9),
        # A. Lewis's high-precision reference prices (also in QuantLib's test-suite/hestonmodel.cpp)
        ((100.0, 0.04, 4.0, 0.25, 1.0, -0.5, 0.01, 0.02, 0.0), 1.0, 16.0701549170, 5e-11),
    ],
)
def test_published_prices_are_reproduced_to_their_last_digit(values, maturity, price, half_digit):
    assert abs(float(vanillas(values, 100.0, maturity)[1].value) - price) <= half_digit
    wrong = (*values[:4], 1.01 * values[4], *values[5:])
    assert abs(float(vanillas(wrong, 100.0, maturity)[1].value) - price) > 1e5 * half_digit  # one per cent is seen


@pytest.mark.parametrize(
    ("names", "value"),
    [
        ((), 7.2743),
        (("spot",), 0.6945),
        (("spot", "spot"), 0.0251),
        (("initial_variance",), 52.5461),
        (("time",), -4.9969),
        (("rate",), 62.1735),
        (("spot", "initial_variance"), -0.5643),
        (("spot", "time"), -0.0321),
        (("initial_variance", "initial_variance"), -321.0780),
    ],
)
def test_greeks_published_by_nag_are_reproduced(names, value):
    # NAG Library, routine s30nbc, example
    call = vanillas((100.0, 0.0175, 1.5768, 0.0398, 0.5751, -0.5711, 0.025, 0.0, 0.0), 100.0, 1.0)[1]
    assert abs(float(call.derivative(*names)) - value) <= 5.001e-5


@pytest.mark.slow
@every_set
@pytest.mark.parametrize("days", [7, 91, 365, 3650])
def test_prices_agree_with_quantlib(values, days):
    for strike in (50.0, 80.0, 95.0, 103.0, 125.0, 200.0):
        digital, call = (float(jet.value) for jet in vanillas(values, strike, days / 365))
        assert call == pytest.approx(quantlib(values, strike, days), abs=1e-11)
        slope = seven_point(lambda s, k=strike: quantlib(values, k + s.get("strike", 0.0), days), ("strike",), STEP)
        assert digital == pytest.approx(-slope, abs=1e-8)
    wrong = moved(values, {"vol_of_vol": 0.01 * values[4]})
    assert abs(float(vanillas(wrong, values[0], days / 365)[1].value) - quantlib(values, values[0], days)) > 1e-6


STEP = {"strike": 0.05}


@pytest.mark.slow
@every_set
@pytest.mark.parametrize("names", PAIRS, ids=":".join)
def test_derivatives_agree_with_differences_of_quantlib(values, names):
    strike, days = 104.0, 292
    scale = scales(values, days / 365)
    steps = {name: 0.005 * scale[name] for name in NAMES} | {"time": 1 / 365}

    def price(shift):
        return quantlib(moved(values, shift), strike, days - round(365 * shift.get("time", 0.0)))

    exact = float(vanillas(values, strike, days / 365)[1].derivative(*names))
    error = abs(exact - seven_point(price, names, steps)) * np.prod([scale[name] for name in names])
    assert error <= 1e-7 * values[0]


def test_characteristic_function_agrees_with_quantlib():
    values = SETS["feller far off"]
    zero = ql.YieldTermStructureHandle(ql.FlatForward(0, ql.NullCalendar(), 0.0, ql.Actual365Fixed()))
    process = ql.HestonProcess(zero, zero, ql.QuoteHandle(ql.SimpleQuote(1.0)), *values[1:6])
    engine = ql.AnalyticHestonEngine(ql.HestonModel(process))
    x = {**coordinates(values), "maturity": coordinates(values)["time"] + 3.0}
    for u in (0.7 - 0.5j, 11.0 - 0.2j, 150.0 - 0.9j):
        ours = heston_fourier.log_characteristic(x, np.array([u])).value[0]
        assert ours == pytest.approx(engine.lnChF(u, 3.0), rel=1e-13)
        ours = heston_fourier.characteristic_function(x, np.array([u])).value[0]
        assert ours == pytest.approx(engine.chF(u, 3.0), rel=1e-12)


# -- derivatives -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("values", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize(("strike", "maturity"), [(97.0, 0.05), (140.0, 3.3)])
def test_derivatives_are_those_of_the_price(values, strike, maturity):
    scale = scales(values, maturity)
    steps = {name: 0.005 * scale[name] for name in NAMES}
    prices = {}

    def price(shift):
        key = tuple(sorted(shift.items()))
        if key not in prices:
            digital, call = vanillas(moved(values, shift), strike, maturity)
            prices[key] = np.array([strike * digital.value, call.value])
        return prices[key]

    digital, call = vanillas(values, strike, maturity)
    for names in PAIRS:
        exact = np.array([strike * digital.derivative(*names), call.derivative(*names)])
        error = np.abs(exact - seven_point(price, names, steps)) * np.prod([scale[name] for name in names])
        assert np.all(error <= 3e-7 * values[0]), names


def imbalance(price, values):
    """What Heston's equation leaves of a discounted price, in parts of its largest term."""
    spot, v, kappa, theta, xi, rho, rate, dividend_yield, _ = values
    d = price.derivative
    terms = [
        d("time"),
        (rate - dividend_yield) * spot * d("spot"),
        0.5 * v * spot**2 * d("spot", "spot"),
        rho * xi * v * spot * d("spot", "initial_variance"),
        0.5 * xi**2 * v * d("initial_variance", "initial_variance"),
        kappa * (theta - v) * d("initial_variance"),
        -rate * price.value,
    ]
    return abs(float(sum(terms))) / float(np.max(np.abs(terms)))


@every_set
@pytest.mark.parametrize("maturity", [0.02, 0.7, 10.0])
def test_prices_satisfy_hestons_equation(values, maturity):
    deviation = np.sqrt(values[3] * maturity)
    for strike in values[0] * np.exp(deviation * np.array([-1.5, -0.3, 0.1, 1.0])):
        for price in vanillas(values, strike, maturity):
            assert imbalance(price, values) <= 1e-9
            assert imbalance(price, moved(values, {"correlation": 0.01 * values[5]})) > 1e-7


def test_coordinates_may_be_functions_of_others():
    values, base = SETS["desk"], coordinates(SETS["desk"])
    x = Jet.variables({**dict(zip(NAMES, values, strict=True)), "initial_variance": 0.2})
    digital, _ = heston_fourier.vanilla_jets(
        x | {"initial_variance": x["initial_variance"] * x["initial_variance"]}, 95.0, 1.3
    )
    plain, _ = heston_fourier.vanilla_jets(base, 95.0, 1.3)
    first, second = plain.derivative("initial_variance"), plain.derivative("initial_variance", "initial_variance")
    assert float(digital.derivative("initial_variance")) == pytest.approx(2.0 * 0.2 * first, rel=1e-13)
    curvature = digital.derivative("initial_variance", "initial_variance")
    assert float(curvature) == pytest.approx(4.0 * 0.04 * second + 2.0 * first, rel=1e-12)


# -- identities ------------------------------------------------------------------------------------------------------


@every_set
@pytest.mark.parametrize("maturity", [0.02, 1.0, 10.0])
def test_the_spot_as_numeraire_gives_a_heston_model_too(values, maturity):
    # 1/S under the measure with numeraire S: mean reversion less rho xi, correlation turned; spot and strike exchanged
    spot, v0, kappa, theta, xi, rho, *_ = values
    strike, turned = 1.07 * spot, kappa - rho * xi
    x = coordinates((spot, v0, kappa, theta, xi, rho, 0.0, 0.0, 0.0))
    y = coordinates((strike, v0, turned, kappa * theta / turned, xi, -rho, 0.0, 0.0, 0.0))
    above, call = (float(jet.value) for jet in heston_fourier.vanilla_jets(x, strike, maturity))
    dual_above, dual_call = (float(jet.value) for jet in heston_fourier.vanilla_jets(y, spot, maturity))
    assert call == pytest.approx(dual_call + spot - strike, abs=1e-12 * spot)
    assert call + strike * above == pytest.approx(spot * (1.0 - dual_above), abs=1e-12 * spot)


@every_set
def test_put_call_parity_holds_with_quantlibs_put(values):
    spot, *_, rate, dividend_yield, _ = values
    for strike in (60.0, 110.0):
        forward = spot * np.exp(-dividend_yield * 73 / 365) - strike * np.exp(-rate * 73 / 365)
        put = float(vanillas(values, strike, 73 / 365)[1].value) - forward
        assert put == pytest.approx(quantlib(values, strike, 73, ql.Option.Put), abs=1e-11)


@every_set
def test_spot_is_a_martingale_whatever_the_parameters(values):
    x = {**coordinates(values), "maturity": 1.7 - coordinates(values)["time"]}
    phi = heston_fourier.characteristic_function(x, np.array([0.0, -1.0j]))
    np.testing.assert_allclose(phi.value, 1.0, rtol=1e-14)
    assert np.all(np.abs(phi.gradient) <= 1e-14)
    assert np.all(np.abs(phi.hessian) <= 1e-13)


@every_set
def test_mean_of_the_logarithm_is_minus_half_the_integrated_variance(values):
    _, v0, kappa, theta, *_ = values
    x = {**coordinates(values), "maturity": 1.7 - coordinates(values)["time"]}
    slope = heston_fourier.log_characteristic(x, np.array([1e-7])).value[0] / 1e-7j
    expected = -0.5 * (theta * 1.7 + (v0 - theta) * (1.0 - np.exp(-1.7 * kappa)) / kappa)
    assert slope.real == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@every_set
@pytest.mark.parametrize("maturity", [0.02, 1.0, 10.0])
def test_digital_is_a_probability_that_falls_with_the_strike(values, maturity):
    strikes = values[0] * np.exp(np.linspace(-3.0, 3.0, 41))
    prices = [heston_fourier.vanilla_jets(coordinates(values), k, maturity) for k in strikes]
    digital = np.array([float(above.value) for above, _ in prices])
    call = np.array([float(jet.value) for _, jet in prices])
    forward = values[0] * np.exp((values[6] - values[7]) * maturity)
    assert np.all((digital >= -1e-14) & (digital <= 1.0 + 1e-14))
    assert np.all(np.diff(digital) <= 1e-14)
    assert np.all(call >= np.maximum(forward - strikes, 0.0) - 1e-12)
    fall = -np.diff(call) / np.diff(strikes)  # the mean of the digital between two strikes
    assert np.all((fall <= digital[:-1] + 1e-12) & (fall >= digital[1:] - 1e-12))


# -- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strike", [80.0, 97.0, 130.0])
def test_without_volatility_of_variance_blacks_formula_stands(strike):
    x = coordinates((93.0, 0.05, 1.3, 0.03, 0.0, -0.6, 0.04, 0.01, 0.0))
    rows = np.array([name != "vol_of_vol" for name in NAMES])
    for ours, exact in zip(heston_fourier.vanilla_jets(x, strike, 1.4), black(x, strike, 1.4), strict=True):
        assert float(ours.value) == pytest.approx(float(exact.value), abs=1e-12)
        np.testing.assert_allclose(ours.gradient[rows], exact.gradient[rows], rtol=1e-10, atol=1e-10)
        block = np.ix_(rows, rows)
        np.testing.assert_allclose(ours.hessian[block], exact.hessian[block], rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("xi", [1e-2, 1e-4, 1e-6])
def test_small_volatility_of_variance_is_reached_smoothly(xi):
    values = (93.0, 0.05, 1.3, 0.03, 0.0, -0.6, 0.04, 0.01, 0.0)
    limit = heston_fourier.vanilla_jets(coordinates(values), 90.0, 1.4)[1]
    close = heston_fourier.vanilla_jets(coordinates(moved(values, {"vol_of_vol": xi})), 90.0, 1.4)[1]
    first, second = (float(limit.derivative(*["vol_of_vol"] * n)) for n in (1, 2))
    assert float(close.value - limit.value) == pytest.approx(first * xi + 0.5 * second * xi**2, abs=10 * xi**3 + 1e-13)
    assert float(close.derivative("vol_of_vol")) == pytest.approx(first + second * xi, abs=30 * xi**2 + 1e-10)


def test_vanishing_maturity_leaves_the_payoff_and_a_normal_law_around_the_strike():
    values, t = SETS["desk"], 1e-8
    for strike, above in ((99.0, 1.0), (101.0, 0.0)):
        digital, call = heston_fourier.vanilla_jets(coordinates(values), strike, t)
        assert float(digital.value) == pytest.approx(above, abs=1e-13)
        assert float(call.value) == pytest.approx(max(100.0 - strike, 0.0), abs=1e-6)
        assert float(call.derivative("spot")) == pytest.approx(above, abs=1e-8)
    digital, call = heston_fourier.vanilla_jets(coordinates(values), 100.0, t)
    assert float(digital.value) == pytest.approx(0.5, abs=0.5 * np.sqrt(t))
    assert float(call.value) == pytest.approx(100.0 * np.sqrt(0.04 * t / (2.0 * np.pi)), rel=1e-4)


@every_set
def test_far_strikes_leave_the_forward_and_nothing(values):
    forward = values[0] * np.exp((values[6] - values[7]) * 0.02)
    for strike, above, call in ((values[0] / 5.0, 1.0, forward - values[0] / 5.0), (5.0 * values[0], 0.0, 0.0)):
        digital, vanilla = heston_fourier.vanilla_jets(coordinates(values), strike, 0.02)
        assert float(digital.value) == pytest.approx(above, abs=1e-9)
        assert float(vanilla.value) == pytest.approx(call, abs=1e-7)
        assert abs(float(vanilla.derivative("spot", "spot"))) <= 1e-7


# -- error control and refusals --------------------------------------------------------------------------------------


@pytest.mark.slow
@every_set
@pytest.mark.parametrize(("strike", "maturity"), [(80.0, 0.02), (101.0, 0.3), (140.0, 10.0)])
def test_a_straight_contour_and_a_finer_rule_give_the_same(values, strike, maturity, monkeypatch):
    turned = heston_fourier.vanilla_jets(coordinates(values), strike, maturity)
    monkeypatch.setattr(heston_fourier, "ANGLES", np.array([0.0]))
    monkeypatch.setattr(heston_fourier, "STEPS", (1 / 256,))
    monkeypatch.setattr(contour, "NEGLIGIBLE", 1e-24)
    straight = heston_fourier.vanilla_jets(coordinates(values), strike, maturity)
    scale = np.array(list(scales(values, maturity).values()))
    for ours, other, unit in zip(turned, straight, (1.0, values[0]), strict=True):
        assert abs(float(ours.value - other.value)) <= 1e-13 * unit
        np.testing.assert_allclose(ours.gradient * scale, other.gradient * scale, atol=1e-11 * unit, rtol=0.0)
        square = np.outer(scale, scale)
        np.testing.assert_allclose(ours.hessian * square, other.hessian * square, atol=1e-9 * unit, rtol=0.0)


def test_too_coarse_a_rule_is_noticed(monkeypatch):
    monkeypatch.setattr(heston_fourier, "STEPS", (1 / 2, 1 / 4))
    with pytest.raises(ArithmeticError, match="the Fourier integral must settle"):
        heston_fourier.vanilla_jets(coordinates(SETS["feller far off"]), 101.0, 0.02)


def test_a_law_too_narrow_for_the_contour_is_noticed():
    with pytest.raises(ArithmeticError, match="the Fourier integral must settle"):
        heston_fourier.vanilla_jets(coordinates((100.0, 0.0, 1.0, 1e-28, 0.3, -0.7, 0.0, 0.0, 0.0)), 100.0, 1.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spot", 0.0),
        ("spot", np.nan),
        ("initial_variance", -0.01),
        ("mean_reversion", 0.0),
        ("long_run_variance", -0.04),
        ("vol_of_vol", -0.3),
        ("vol_of_vol", np.inf),
        ("correlation", -1.0),
        ("correlation", np.nan),
        ("rate", np.nan),
        ("dividend_yield", np.inf),
        ("time", 1.5),
    ],
)
def test_bad_parameters_are_refused(name, value):
    values = tuple(value if n == name else v for n, v in zip(NAMES, SETS["desk"], strict=True))
    with pytest.raises(ValueError, match=f"{name} must be .*, got"):
        heston_fourier.vanilla_jets(coordinates(values), 100.0, 1.5)


@pytest.mark.parametrize(("strike", "time"), [(0.0, 1.0), (np.nan, 1.0), (100.0, 0.0), (100.0, np.inf)])
def test_bad_strikes_and_dates_are_refused(strike, time):
    with pytest.raises(ValueError, match=r"(strike|time) must be positive and finite, got"):
        heston_fourier.vanilla_jets(coordinates(SETS["desk"]), strike, time)
    with pytest.raises(TypeError, match="strike must be a real number"):
        heston_fourier.vanilla_jets(coordinates(SETS["desk"]), "100", 1.0)
