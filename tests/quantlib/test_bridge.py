"""lg.from_quantlib: the same prices as QuantLib's engines on the same process, and no curve flattened silently."""

import re

import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.validation import closed_form

TODAY, COUNTER = ql.Date(15, 6, 2023), ql.Actual365Fixed()
DAYS = 401
MATURITY, STRIKES = DAYS / 365, (61.0, 93.0, 104.0, 171.0)


@pytest.fixture(autouse=True)
def evaluation_date():
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = TODAY
        yield


def flat(rate, compounding=ql.Continuous):
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, COUNTER, compounding))


def sloped(*rates, years=10):
    dates = [TODAY, *(TODAY + ql.Period(1 + i * years, ql.Years) for i in range(len(rates) - 1))]
    return ql.YieldTermStructureHandle(ql.ZeroCurve(dates, list(rates), COUNTER))


def spot(value=97.0):
    return ql.QuoteHandle(ql.SimpleQuote(value))


def volatility(structure=None):
    return ql.BlackVolTermStructureHandle(structure or ql.BlackConstantVol(TODAY, ql.NullCalendar(), 0.23, COUNTER))


def smile():
    dates, strikes = [TODAY + 100, TODAY + 800], [50.0, 100.0, 200.0]
    table = ql.Matrix([[0.3, 0.28], [0.25, 0.24], [0.22, 0.21]])
    return volatility(ql.BlackVarianceSurface(TODAY, ql.NullCalendar(), dates, strikes, table, COUNTER))


def term():
    return volatility(ql.BlackVarianceCurve(TODAY, [TODAY + 100, TODAY + 800], [0.3, 0.25], COUNTER, True))


def skew():
    """The same smile at every maturity."""
    dates, strikes = [TODAY + 100, TODAY + 800], [50.0, 200.0]
    surface = ql.BlackVarianceSurface(
        TODAY, ql.NullCalendar(), dates, strikes, ql.Matrix([[0.3, 0.3], [0.2, 0.2]]), COUNTER
    )
    return volatility(surface)


def black_scholes(rate=None, dividend=None, vol=None):
    return ql.BlackScholesMertonProcess(spot(), dividend or flat(0.013), rate or flat(0.031), vol or volatility())


def heston_process(rate=None, dividend=None, kind=ql.HestonProcess, jumps=()):
    law = (0.05, 1.7, 0.06, 0.6, -0.66)
    return kind(rate or flat(0.031), dividend or flat(0.013), spot(), *law, *jumps)


def quantlib_price(engine, strike):
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, strike), ql.EuropeanExercise(TODAY + DAYS))
    option.setPricingEngine(engine)
    return option.NPV()


def own_price(model, strike):
    if isinstance(model, lg.GBM):
        return float(closed_form.price(model, lg.Call(strike=strike, maturity=MATURITY)).value)
    return model.discount(MATURITY) * float(model.vanilla_jets(strike, MATURITY)[1].value)


@pytest.mark.parametrize(
    ("process", "arguments"),
    [
        (black_scholes, {}),
        (lambda: ql.BlackScholesProcess(spot(), flat(0.031), volatility()), {}),
        (lambda: ql.BlackProcess(spot(), flat(0.031), volatility()), {}),
        (lambda: ql.GarmanKohlagenProcess(spot(), flat(0.013), flat(0.031), volatility()), {}),
        (lambda: black_scholes(rate=flat(0.031, ql.Compounded)), {}),
        (lambda: black_scholes(rate=sloped(0.01, 0.02, 0.04)), {"maturity": MATURITY}),
        (lambda: black_scholes(dividend=sloped(0.01, 0.02, 0.04), vol=term()), {"maturity": MATURITY}),
    ],
)
def test_black_scholes_prices_are_those_of_quantlib(process, arguments):
    source = process()
    model = lg.from_quantlib(source, **arguments)
    assert isinstance(model, lg.GBM)
    for strike in STRIKES:
        assert own_price(model, strike) == pytest.approx(
            quantlib_price(ql.AnalyticEuropeanEngine(source), strike), abs=1e-8
        )


def test_the_smile_is_read_at_the_strike():
    source = black_scholes(vol=smile())
    for strike in STRIKES:
        model = lg.from_quantlib(source, maturity=MATURITY, strike=strike)
        exact = quantlib_price(ql.AnalyticEuropeanEngine(source), strike)
        assert own_price(model, strike) == pytest.approx(exact, abs=1e-8)
    assert own_price(model, 93.0) != pytest.approx(quantlib_price(ql.AnalyticEuropeanEngine(source), 93.0), abs=0.1)


shows_process = pytest.mark.skipif(
    not hasattr(ql.HestonModel, "process"), reason="this QuantLib does not show the process of a model"
)


@pytest.mark.parametrize("wrap", [lambda process: process, pytest.param(ql.HestonModel, marks=shows_process)])
@pytest.mark.parametrize("arguments", [{}, {"maturity": MATURITY}])
def test_heston_prices_are_those_of_quantlib(wrap, arguments):
    curves = (sloped(0.01, 0.02, 0.04), sloped(0.02, 0.0, 0.01)) if arguments else ()
    process = heston_process(*curves)
    model = lg.from_quantlib(wrap(process), **arguments)
    assert isinstance(model, lg.Heston)
    engine = ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-13, 1_000_000)
    for strike in STRIKES:
        assert own_price(model, strike) == pytest.approx(quantlib_price(engine, strike), abs=1e-8)


def test_the_numbers_come_back_as_they_went_in():
    assert lg.from_quantlib(black_scholes()).volatility == 0.23
    model = lg.from_quantlib(heston_process())
    assert model.rate == pytest.approx(0.031, abs=1e-12)
    expected = lg.Heston(
        spot=97.0, initial_variance=0.05, mean_reversion=1.7, long_run_variance=0.06, vol_of_vol=0.6, correlation=-0.66,
        rate=model.rate, dividend_yield=model.dividend_yield,
    )  # fmt: skip
    assert model == expected


@shows_process
def test_the_process_of_a_model_may_be_given_and_must_be_where_bindings_do_not_have_it(monkeypatch):
    process = heston_process()
    model = ql.HestonModel(process)
    expected = lg.from_quantlib(model)
    assert lg.from_quantlib(model, process=process) == expected
    monkeypatch.delattr(ql.HestonModel, "process")
    assert lg.from_quantlib(model, process=process) == expected
    with pytest.raises(ValueError, match="process must be given"):
        lg.from_quantlib(model)
    for source, wrong in ((process, process), (model, black_scholes())):
        with pytest.raises(TypeError, match="process must be the HestonProcess of a HestonModel"):
            lg.from_quantlib(source, process=wrong)


@shows_process
def test_a_calibrated_quantlib_model_has_its_new_parameters():
    process = heston_process()
    model = ql.HestonModel(process)
    model.setParams(ql.Array([0.07, 2.5, 0.4, -0.3, 0.03]))  # theta, kappa, sigma, rho, v0
    found = lg.from_quantlib(model)
    assert (found.long_run_variance, found.mean_reversion, found.vol_of_vol) == (0.07, 2.5, 0.4)
    assert (found.correlation, found.initial_variance) == (-0.3, 0.03)
    assert lg.from_quantlib(process).mean_reversion == 1.7  # the process keeps its own


@pytest.mark.parametrize(
    ("source", "arguments", "says"),
    [
        (lambda: black_scholes(rate=sloped(0.01, 0.02, 0.04)), {}, "rate must be flat, or maturity be given .* 0.04"),
        (lambda: black_scholes(rate=flat(0.03, ql.Simple)), {}, "rate must be flat"),
        (lambda: black_scholes(dividend=sloped(0.0, 0.01)), {}, "dividend_yield must be flat, or maturity be given"),
        (lambda: black_scholes(vol=term()), {}, "volatility must be flat, or maturity be given"),
        (lambda: black_scholes(vol=term()), {"strike": 90.0}, "volatility must be flat, or maturity be given"),
        (lambda: black_scholes(vol=skew()), {"maturity": 1.0}, "volatility must be flat, or strike be given"),
        (lambda: black_scholes(vol=smile()), {}, "volatility must be flat, or maturity and strike be given"),
        (lambda: black_scholes(vol=smile()), {"maturity": 30.0, "strike": 90.0}, "volatility must be known where"),
        (lambda: black_scholes(vol=smile()), {"maturity": 1.0, "strike": 900.0}, "volatility must be known where"),
        (lambda: black_scholes(rate=sloped(0.01, 0.02)), {"maturity": 30.0}, "rate must be known where it is asked"),
        (lambda: heston_process(rate=sloped(0.01, 0.02)), {}, "rate must be flat, or maturity be given"),
        (heston_process, {"strike": 90.0}, "strike must not be given"),
        (black_scholes, {"maturity": -1.0}, "maturity must be positive"),
        (black_scholes, {"strike": float("nan")}, "strike must be positive"),
        (
            lambda: ql.BlackScholesProcess(spot(), ql.YieldTermStructureHandle(), volatility()),
            {},
            "source must have curves and a spot",
        ),
    ],
)
def test_what_is_not_flat_or_not_known_is_refused(source, arguments, says):
    with pytest.raises(ValueError, match=f"^{says}"):
        lg.from_quantlib(source(), **arguments)


def test_bad_sources_are_refused_by_their_type():
    jumps = (0.1, -0.05, 0.1)
    bates = heston_process(kind=ql.BatesProcess, jumps=jumps)
    for source in (bates, ql.BatesModel(bates)):
        with pytest.raises(TypeError, match=re.escape(f"no jumps, got {type(source).__name__}")):
            lg.from_quantlib(source)
    for source in (None, 3.0, flat(0.03), ql.HestonProcess):
        with pytest.raises(TypeError, match="source must be a QuantLib HestonProcess, HestonModel or Generalized"):
            lg.from_quantlib(source)


def test_curves_that_measure_time_differently_are_refused():
    today = ql.Date(15, 6, 2023)
    rate = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.05, ql.Actual360()))
    volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, ql.Actual365Fixed()))
    process = ql.BlackScholesProcess(ql.QuoteHandle(ql.SimpleQuote(100.0)), rate, volatility)
    with pytest.raises(
        ValueError, match=r"source must have curves of one day counter and one reference date.*Actual/360"
    ):
        lg.from_quantlib(process)


def test_a_negative_volatility_is_refused_though_its_variance_is_that_of_another():
    today = ql.Settings.instance().evaluationDate
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.03, ql.Actual365Fixed()))
    negative = ql.BlackConstantVol(today, ql.NullCalendar(), -0.2, ql.Actual365Fixed())
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)), flat, flat, ql.BlackVolTermStructureHandle(negative)
    )
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 100.0), ql.EuropeanExercise(today + 365))
    with pytest.raises(ValueError, match=r"volatility must not be negative, got -0\.2"):
        lg.quantlib.greeks(option, process, paths=2000)
