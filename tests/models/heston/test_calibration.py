"""Heston.calibrate: exact on its own surfaces, QuantLib's answer on a market's, and clear about what it refuses."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import QuantLib as ql
from matplotlib import pyplot

import likelihood_greeks as lg
from likelihood_greeks.models.heston import bundles, far_prices, search
from likelihood_greeks.models.heston import smile as heston_smile
from likelihood_greeks.models.heston.parameters import VARIANCE
from likelihood_greeks.models.heston.quotes import Quotes
from tests.support.places import DATA

DAX = lg.Market.read(DATA / "market.toml").underlyings["DAX"]
SURFACE = DAX.implied_volatility.to_frame()
RATES = dict(zip(DAX.zero_curve.times, DAX.zero_curve.rates, strict=True))
DAYS = (13, 41, 75, 165, 256, 345, 524, 703)

LAWS = [(0.19, 15.6, 0.075, 3.3, -0.51), (0.04, 1.0, 0.06, 0.3, -0.7), (0.01, 0.5, 0.02, 0.9, 0.3)]
STRIKES, MATURITIES = np.array([70.0, 90.0, 100.0, 112.0, 130.0]), np.array([0.1, 0.4, 1.0, 2.5])
CARRY = {0.1: 0.01, 0.4: 0.02, 1.0: 0.03, 2.5: 0.035}


def heston(law, **carry):
    return lg.Heston(spot=100.0, **dict(zip(VARIANCE, law, strict=True)), **carry)


def own_surface(law):
    """The implied volatilities of a law on forwards of every maturity."""
    values = dict(zip(VARIANCE, law, strict=True))
    forwards = 100.0 * np.exp((np.array(list(CARRY.values())) - 0.015) * MATURITIES)
    found, _ = heston_smile.implied_volatilities(values, np.log(STRIKES[:, None] / forwards), MATURITIES)
    return pd.DataFrame(found, STRIKES, MATURITIES)


def fitted(surface, **arguments):
    return lg.Heston.calibrate(surface, **({"rates": CARRY, "spot": 100.0, "dividend_yield": 0.015} | arguments))


@pytest.fixture(scope="module")
def dax():
    return lg.Heston.calibrate(SURFACE, RATES, spot=DAX.spot)


# -- smiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_smiles_price_options_as_the_adaptive_integrals_do(law):
    model, values = heston(law), dict(zip(VARIANCE, law, strict=True))
    volatilities, slopes = heston_smile.implied_volatilities(
        values, np.log(STRIKES / 100.0)[:, None].repeat(4, 1), MATURITIES
    )
    for j, maturity in enumerate(MATURITIES):
        for i, strike in enumerate(STRIKES):
            exact = model.vanilla_jets(strike, maturity)[1]
            black = lg.GBM(spot=100.0, volatility=volatilities[i, j]).vanilla_jets(strike, maturity)[1]
            assert black.value == pytest.approx(exact.value, abs=1e-11)
            for row, name in enumerate(VARIANCE):
                slope = black.derivative("volatility") * slopes[row, i, j]
                assert slope == pytest.approx(exact.derivative(name), abs=1e-9)


def test_implied_deviation_inverts_black_near_the_money_and_far_from_it():
    k = np.array([0.0, 1e-9, 0.3, -0.3, 2.0, -2.0, 1e-3, -1.1])[:, None]
    deviation = np.array([0.05, 0.2, 0.7, 3.0])
    price, vega = heston_smile.black(k, deviation)
    shown = (price > 10 * heston_smile.FLOOR) & (vega > 1e-8)
    assert shown.sum() > 20
    found = heston_smile.implied_deviation(price, k + 0.0 * deviation)
    np.testing.assert_allclose(found[shown], (deviation + 0.0 * k)[shown], rtol=1e-6)
    near = np.abs(k + 0.0 * deviation) <= 3.0 * deviation
    np.testing.assert_allclose(found[near], (deviation + 0.0 * k)[near], rtol=1e-11)


def test_implied_deviation_survives_prices_that_no_volatility_has():
    found = heston_smile.implied_deviation(np.array([-1.0, 0.0, 2.0, 2.0]), np.array([0.1, -3.0, 0.1, -0.1]))
    assert np.all(np.isfinite(found))
    assert np.all(found > 0.0)


# -- bundles -------------------------------------------------------------------------------------------------------

WIDE = {
    "ordinary": (0.04, 1.5, 0.04, 0.5, -0.7),
    "Feller violated": (0.01, 0.5, 0.02, 2.0, -0.9),
    "all but Black": (0.04, 0.01, 1e-5, 0.01, 0.0),
    "corner of the search": (1e-5, 100.0, 1e-5, 30.0, -0.995),
    "other corner": (25.0, 100.0, 25.0, 30.0, 0.995),
}


@pytest.mark.parametrize("law", WIDE.values(), ids=WIDE)
def test_strikes_far_and_near_of_a_week_and_of_years_are_summed_to_rounding(law, monkeypatch):
    values = dict(zip(VARIANCE, law, strict=True))
    k, t = (x.ravel() for x in np.meshgrid([-1.5, -0.5, -0.02, 0.0, 0.03, 0.4, 1.2], [7 / 365, 0.25, 2.0, 10.0]))
    prices, slopes = bundles.out_of_the_money(values, k, t)
    assert np.isfinite(prices).all()
    monkeypatch.setattr(bundles, "NODES", (4096,))
    finer, finer_slopes = bundles.out_of_the_money(values, k, t)
    np.testing.assert_allclose(prices, finer, atol=1e-14)
    scale = np.abs(finer_slopes).max(axis=1, keepdims=True)
    np.testing.assert_allclose(slopes / scale, finer_slopes / scale, atol=1e-9)


def test_ten_day_prices_of_wide_strikes_are_quantlibs():
    law, day, maturity = (0.03, 5.0, 0.04, 2.0, -0.7), ql.Date(10, 2, 2025), 10 / 365
    strikes = np.array([60.0, 80.0, 95.0, 100.0, 105.0, 115.0])
    found, _ = bundles.out_of_the_money(
        dict(zip(VARIANCE, law, strict=True)), np.log(strikes / 100.0), np.full(6, maturity)
    )
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = day
        flat = ql.YieldTermStructureHandle(ql.FlatForward(day, 0.0, ql.Actual365Fixed()))
        process = ql.HestonProcess(flat, flat, ql.QuoteHandle(ql.SimpleQuote(100.0)), *law)
        engine = ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-13, 1_000_000)
        for price, strike in zip(found, strikes, strict=True):
            kind = ql.Option.Call if strike > 100.0 else ql.Option.Put
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, float(strike)), ql.EuropeanExercise(day + 10))
            option.setPricingEngine(engine)
            assert 100.0 * price == pytest.approx(option.NPV(), abs=1e-9)


@pytest.mark.parametrize("law", [*LAWS, WIDE["Feller violated"]])
@pytest.mark.parametrize("maturity", [10 / 365, 2.0])
def test_far_strikes_have_volatilities_with_all_their_digits(law, maturity):
    values, k = dict(zip(VARIANCE, law, strict=True)), np.array([-6.0, -3.0, 0.6, 3.0, 6.0]) * np.sqrt(maturity)
    found = far_prices.far_prices(values, k, maturity)
    near, _ = bundles.out_of_the_money(values, k, np.full(5, maturity))
    np.testing.assert_allclose(np.where(np.isnan(found), near, found), near, atol=1e-13)
    volatilities = heston_smile.volatilities_at_any_strike(values, k, np.array(maturity))
    priced = heston_smile.black(k, volatilities * np.sqrt(maturity))[0]
    np.testing.assert_allclose(priced, np.where(np.isnan(found), near, found), rtol=1e-7)
    assert priced.min() < 1e-12  # which `near` does not tell


# -- calibration ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_a_surface_of_its_own_gives_the_parameters_back(law):
    surface = own_surface(law)
    surface.iloc[0, 1] = surface.iloc[3, 2] = np.nan
    fit = fitted(surface)
    np.testing.assert_allclose([fit.parameters[name] for name in VARIANCE], law, rtol=1e-5)
    assert fit.converged
    assert fit.max_error < 1e-7
    assert fit.quotes == 18
    assert np.array_equal(fit.errors.isna(), surface.isna())
    assert fit.model == replace(fit.model, rate=0.035, dividend_yield=0.015)  # the longest maturity's


LISTED_YEARS = np.array([10 / 365, 17 / 365, 0.1, 0.4, 1.5])


def listed_quotes(law, deviations):
    """A long table of quotes on strikes of each maturity's own, in no order."""
    t = np.repeat(LISTED_YEARS, len(deviations))
    k = np.tile(deviations, len(LISTED_YEARS)) * np.sqrt(law[2] * t)
    found, _ = heston_smile.implied_volatilities(dict(zip(VARIANCE, law, strict=True)), k, t)
    forward = 100.0 * np.exp(0.01 * t)
    columns = {"maturity": t, "strike": forward * np.exp(k), "volatility": found, "forward": forward}
    return pd.DataFrame(columns | {"discount_factor": np.exp(-0.03 * t)}).sample(frac=1.0, random_state=1)


@pytest.mark.slow
@pytest.mark.parametrize("law", [*LAWS, (0.09, 2.0, 0.09, 1.0, -0.3), (0.0175, 1.58, 0.04, 0.575, -0.57)])
def test_far_quotes_of_short_expiries_give_the_parameters_back(law):
    fit = lg.Heston.calibrate(listed_quotes(law, np.linspace(-4.0, 4.0, 7)), spot=100.0)
    np.testing.assert_allclose([fit.parameters[name] for name in VARIANCE], law, rtol=1e-5)
    assert fit.model.rate == pytest.approx(0.03)
    assert fit.model.dividend_yield == pytest.approx(0.02)


def test_hundreds_of_quotes_are_searched_by_a_few_and_fitted_by_all():
    table = listed_quotes(LAWS[1], np.linspace(-2.0, 2.0, 60))
    fit = lg.Heston.calibrate(table.rename(columns={"volatility": "implied_volatility"}).assign(desk="A"), spot=100.0)
    assert fit.quotes == 300
    assert fit.max_error < 1e-7
    np.testing.assert_allclose([fit.parameters[name] for name in VARIANCE], LAWS[1], rtol=1e-5)


@pytest.mark.slow
def test_ten_day_smile_of_an_index_is_fitted():
    volatilities = [0.49, 0.42, 0.35, 0.28, 0.2, 0.145, 0.105, 0.1, 0.12]
    smile = pd.DataFrame({10 / 365: volatilities}, np.linspace(4900.0, 6300.0, 9))
    fit = lg.Heston.calibrate(smile, 0.043, spot=6083.0, dividend_yield=0.013)
    assert fit.rms_error < 0.03
    assert np.isfinite(fit.smile(np.linspace(4000.0, 7000.0, 13))).all(axis=None)


@pytest.mark.slow
def test_a_long_table_with_rates_of_its_own_or_given_is_the_table_of_strikes_by_maturities():
    grid = own_surface(LAWS[1])
    table = grid.rename_axis("strike").reset_index().melt("strike", var_name="maturity", value_name="volatility")
    np.testing.assert_allclose(fitted(table).errors, fitted(grid).errors, atol=1e-9)
    weighted = table.assign(weight=np.where(table["strike"] == 100.0, 0.0, 1.0))
    weighted.loc[weighted["strike"] == 100.0, "volatility"] = 0.7  # negative control
    np.testing.assert_allclose([fitted(weighted).parameters[name] for name in VARIANCE], LAWS[1], rtol=1e-5)
    held = {"mean_reversion": 1.0, "vol_of_vol": 0.3, "correlation": -0.7, "long_run_variance": 0.06}
    assert fitted(weighted.drop(columns="weight"), fixed=held).rms_error > 0.1


def test_a_trial_point_that_cannot_be_summed_costs_and_does_not_abort(monkeypatch):
    calls = []

    def unsummable(values, log_moneyness, maturities):
        found, slopes = heston_smile.implied_volatilities(values, log_moneyness, maturities)
        calls.append(values)
        return np.where((len(calls) in (3, 6)) & (log_moneyness < -0.1), np.nan, found), slopes

    monkeypatch.setattr(search, "implied_volatilities", unsummable)
    fit = fitted(own_surface(LAWS[1]))
    assert len(calls) > 6
    np.testing.assert_allclose([fit.parameters[name] for name in VARIANCE], LAWS[1], rtol=1e-5)


def test_quotes_that_cannot_be_summed_anywhere_are_named(monkeypatch):
    def unsummable(values, log_moneyness, maturities):
        found, slopes = heston_smile.implied_volatilities(values, log_moneyness, maturities)
        return np.where(log_moneyness < -0.3, np.nan, found), slopes

    monkeypatch.setattr(search, "implied_volatilities", unsummable)
    with pytest.raises(ArithmeticError, match=r"got none at strike 70, 0.1 years; strike 70, 0.4 years; .*, with "):
        fitted(own_surface(LAWS[1]))


@pytest.mark.slow
def test_the_surface_is_fitted_on_the_forward_of_each_maturity():
    flat = lg.Heston.calibrate(own_surface(LAWS[1]), 0.03, spot=100.0)
    assert flat.max_error > 3e-4  # negative control: other forwards, another smile
    series = lg.Heston.calibrate(own_surface(LAWS[1]), pd.Series(CARRY), spot=100.0, dividend_yield=0.015)
    assert series.max_error < 1e-7
    np.testing.assert_allclose(series.forwards, 100.0 * np.exp((np.array(list(CARRY.values())) - 0.015) * MATURITIES))


@pytest.mark.slow
def test_dax_fit_is_that_of_quantlib(dax):
    theirs = quantlib_calibration()
    np.testing.assert_allclose([dax.parameters[name] for name in VARIANCE], theirs, rtol=2e-4)
    # Sepp's sum of squares, 177.2 squared points, is of maturities rounded to weeks
    assert 104 * (100 * dax.rms_error) ** 2 == pytest.approx(177.2, rel=0.03)
    assert dax.worst == (3400.0, 13 / 365)
    assert dax.feller == pytest.approx(2 * theirs[1] * theirs[2] / theirs[3] ** 2, rel=1e-2)
    assert dax.converged
    assert not dax.at_bounds
    assert "104 quotes" in str(dax)


def quantlib_calibration():
    """QuantLib's Levenberg-Marquardt on the same quotes, from one start; parameters in our order."""
    today = ql.Date(5, 7, 2002)
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = today
        counter, spot = ql.Actual365Fixed(), ql.QuoteHandle(ql.SimpleQuote(DAX.spot))
        dates = [today, *(today + days for days in DAYS)]
        rates = ql.YieldTermStructureHandle(ql.ZeroCurve(dates, [0.0357, *RATES.values()], counter))
        none = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, counter))
        model = ql.HestonModel(ql.HestonProcess(rates, none, spot, 0.1, 5.0, 0.1, 1.0, -0.5))
        engine = ql.AnalyticHestonEngine(model, 96)
        helpers = []
        for j, days in enumerate(DAYS):
            for i, strike in enumerate(SURFACE.index):
                quote = ql.QuoteHandle(ql.SimpleQuote(SURFACE.iloc[i, j]))
                helper = ql.HestonModelHelper(
                    ql.Period(days, ql.Days), ql.NullCalendar(), DAX.spot, strike, quote, rates, none,
                    ql.BlackCalibrationHelper.ImpliedVolError,
                )  # fmt: skip
                helper.setPricingEngine(engine)
                helpers.append(helper)
        model.calibrate(helpers, ql.LevenbergMarquardt(1e-8, 1e-8, 1e-8), ql.EndCriteria(400, 40, 1e-8, 1e-8, 1e-8))
        return [model.v0(), model.kappa(), model.theta(), model.sigma(), model.rho()]


@pytest.mark.slow
def test_every_starting_point_finds_the_same_fit_on_the_dax():
    quotes = Quotes.of(SURFACE, RATES, DAX.spot, 0.0, None)
    errors = search.Errors.of(quotes, {}, VARIANCE)
    fits = search.fits(errors, [errors.places(start) for start in search.starts(quotes, {})])
    assert len(fits) == len(search.STARTS)
    np.testing.assert_allclose([fit.cost for fit in fits], fits[0].cost, rtol=1e-8)
    np.testing.assert_allclose([fit.x for fit in fits], np.tile(fits[0].x, (len(fits), 1)), atol=1e-4)


@pytest.mark.slow
def test_fixed_parameters_stay_and_cost_accuracy(dax):
    fit = lg.Heston.calibrate(SURFACE, RATES, spot=DAX.spot, fixed={"mean_reversion": 2.0, "correlation": -0.6})
    assert fit.parameters["mean_reversion"] == 2.0
    assert fit.parameters["correlation"] == -0.6
    assert fit.rms_error > dax.rms_error
    own = fitted(own_surface(LAWS[1]), fixed={"mean_reversion": 1.0})
    assert own.max_error < 1e-7


@pytest.mark.slow
def test_a_quote_of_no_weight_is_a_quote_that_is_not_there():
    wrong = own_surface(LAWS[1])
    wrong.iloc[2, 0] = 0.9
    weights = pd.DataFrame(1.0, wrong.index, wrong.columns)
    weights.iloc[2, 0] = 0.0
    fit = fitted(wrong, weights=weights)
    np.testing.assert_allclose([fit.parameters[name] for name in VARIANCE], LAWS[1], rtol=1e-5)
    assert fit.worst == (100.0, 0.1)
    assert fitted(wrong).parameters["initial_variance"] > 1.5 * LAWS[1][0]  # negative control


@pytest.mark.slow
def test_quotes_that_do_not_tell_a_parameter_leave_it_at_a_bound_and_say_so():
    flat = pd.DataFrame(0.2, STRIKES, MATURITIES)
    fit = fitted(flat)
    assert fit.max_error < 1e-3
    assert fit.at_bounds
    assert "at the bounds of the search: " in str(fit)


def test_quotes_too_far_from_the_forward_to_tell_are_left_out_and_counted():
    surface = own_surface(LAWS[1])
    surface.loc[20.0] = [0.2, np.nan, np.nan, np.nan]  # 25 standard deviations below the forward
    fit = fitted(surface.sort_index())
    assert (fit.quotes, fit.left_out) == (20, 1)
    assert np.isnan(fit.errors.loc[20.0, 0.1])
    assert fit.max_error < 1e-7
    assert "too far from the forward: 1" in str(fit)


def test_smile_is_model_at_any_strike_and_is_drawn(dax):
    smile = dax.smile([4000, 4450.5])
    assert list(smile.index) == [4000.0, 4450.5]
    np.testing.assert_allclose(smile.loc[4000.0], (SURFACE + dax.errors).loc[4000.0], rtol=1e-12)
    figure = dax.plot()
    assert len(figure.axes) == 8
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    np.testing.assert_allclose(lines["market"].get_ydata(), 100 * SURFACE.iloc[:, 0])
    assert "0.0356 years" in figure.axes[0].get_title()
    pyplot.close(figure)
    with pytest.raises(ValueError, match=r"strikes\[1\] must be positive"):
        dax.smile([4000.0, -1.0])


# -- refusals ------------------------------------------------------------------------------------------------------

GOOD = own_surface(LAWS[1])
LONG = listed_quotes(LAWS[1], np.linspace(-1.0, 1.0, 5))


@pytest.mark.parametrize(
    ("surface", "arguments", "says"),
    [
        (GOOD.iloc[:2, :2], {}, "surface must hold at least 5 quotes .* got 4"),
        (GOOD * np.nan, {}, "surface must hold at least 5 quotes .* got 0"),
        (-GOOD, {}, r"surface must hold volatilities in \(0, 5\] .* at strike 70, maturity 0.1 years, got -"),
        (100 * GOOD, {}, r"surface must hold volatilities in \(0, 5\]"),
        (GOOD.iloc[::-1], {}, "surface.index must hold .* strictly increasing"),
        (GOOD.iloc[:, ::-1], {}, "surface.columns must hold .* strictly increasing"),
        (GOOD.set_axis([-1.0, 90.0, 100.0, 112.0, 130.0]), {}, r"surface.index\[0\] must be positive"),
        (GOOD.astype(str) + "%", {}, "surface must hold numbers"),
        (GOOD, {"spot": -1.0}, "spot must be positive"),
        (GOOD, {"dividend_yield": np.inf}, "dividend_yield must be finite, got inf"),
        (GOOD, {"dividend_yield": {0.1: 0.0}}, "dividend_yield must hold a rate for the maturity 0.4 years"),
        (GOOD, {"dividend_yield": {}}, "dividend_yield must hold a rate for the maturity 0.1 years"),
        (GOOD, {"dividend_yield": CARRY | {1.0: np.nan}}, "dividend_yield at 1 years must be finite"),
        (GOOD, {"fixed": {"kappa": 1.0}}, "fixed must be one of 'initial_variance'"),
        (GOOD, {"fixed": {"mean_reversion": -1.0}}, "mean_reversion must be positive"),
        (GOOD, {"fixed": dict(zip(VARIANCE, LAWS[0], strict=True))}, "fixed must leave at least one parameter"),
        (GOOD, {"weights": GOOD.iloc[:2]}, r"weights must have the strikes and maturities of surface, shape \(5, 4\)"),
        (GOOD, {"weights": -GOOD}, "weights at strike 70, maturity 0.1 years must be non-negative"),
        (GOOD, {"weights": GOOD * np.nan}, "weights at strike 70, maturity 0.1 years must be non-negative and finite"),
        (GOOD, {"weights": 0 * GOOD}, "surface must hold at least 5 quotes with a weight"),
        (LONG.drop(columns="strike"), {}, "surface must have one column 'strike', got"),
        (LONG.assign(implied_volatility=0.2), {}, "surface must have one column 'volatility' or 'implied_volatility'"),
        (LONG.assign(strike=0.0), {}, r"surface.strike\[\d+\] must be positive and finite, got 0.0"),
        (LONG.assign(strike="a"), {}, "surface.strike must hold numbers"),
        (LONG.assign(strike=100.0), {}, "surface must list a strike and maturity once, strike 100 at "),
        (LONG.assign(forward=LONG["strike"]), {}, "surface.forward must be one for the maturity"),
        (LONG, {}, "rates must be left out where surface has discount factors"),
        (LONG.drop(columns="discount_factor"), {"rates": 0.0}, "dividend_yield must be left out where surface has"),
        (LONG.drop(columns="discount_factor"), {"rates": None}, "rates must be given, unless"),
        (GOOD, {"rates": None}, "rates must be given, unless surface is a long table"),
        (LONG, {"rates": None, "dividend_yield": None, "weights": GOOD}, "weights must be the column 'weight'"),
    ],
)  # fmt: skip
def test_bad_values_are_refused_by_name_requirement_and_value(surface, arguments, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        fitted(surface, **arguments)


@pytest.mark.parametrize(
    ("surface", "arguments", "says"),
    [
        (GOOD.to_numpy(), {}, "surface must be a DataFrame"),
        (GOOD.set_axis(list("abcde")), {}, r"surface.index\[0\] must be a real number, got 'a'"),
        (GOOD, {"spot": "100"}, "spot must be a real number"),
        (GOOD, {"dividend_yield": "1%"}, "dividend_yield must be a real number"),
        (GOOD, {"weights": [1.0]}, "weights must be a DataFrame"),
        (GOOD, {"fixed": ["mean_reversion"]}, "fixed must map parameters to values"),
        (GOOD, {"fixed": {"mean_reversion": "2"}}, "mean_reversion must be a real number"),
    ],
)
def test_wrong_types_are_refused_by_name(surface, arguments, says):
    with pytest.raises(TypeError, match=f"^{says}"):
        fitted(surface, **arguments)
