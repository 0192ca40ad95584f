"""American cash-or-nothing options, which are one-touches: exact on two dates, QuantLib's continuously."""

import re

import numpy as np
import pytest
import QuantLib as ql
from scipy import stats

import likelihood_greeks as lg
from tests.support.gates import assert_estimates

TODAY, DAYS = ql.Date(15, 6, 2023), ql.Actual365Fixed()
RATE, DIVIDEND, VOLATILITY, SPOT, CASH = 0.08, 0.02, 0.25, 97.0, 15.0
FIRST, LAST = TODAY + 100, TODAY + 250
LEVELS = {ql.Option.Put: 90.0, ql.Option.Call: 109.0}


@pytest.fixture(autouse=True)
def evaluation_date():
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = TODAY
        yield


def process():
    curves = (ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, DAYS)) for rate in (DIVIDEND, RATE))
    surface = ql.BlackConstantVol(TODAY, ql.NullCalendar(), VOLATILITY, DAYS)
    spot = ql.QuoteHandle(ql.SimpleQuote(SPOT))
    return ql.BlackScholesMertonProcess(spot, *curves, ql.BlackVolTermStructureHandle(surface))


def touch(kind=ql.Option.Put, *, level=None, at_expiry=False, start=TODAY):
    payoff = ql.CashOrNothingPayoff(kind, level or LEVELS[kind], CASH)
    return ql.VanillaOption(payoff, ql.AmericanExercise(start, LAST, at_expiry))


def on_two_dates(kind, at_expiry, spot=SPOT):
    """The price of the touch on `FIRST` and `LAST`, by the bivariate normal distribution."""
    times = np.array([100.0, 250.0]) / 365.0
    deviation = VOLATILITY * np.sqrt(times)
    z = (np.log(LEVELS[kind] / spot) - (RATE - DIVIDEND - 0.5 * VOLATILITY**2) * times) / deviation
    z = z if kind == ql.Option.Put else -z
    link = np.sqrt(times[0] / times[1])
    both = stats.multivariate_normal(cov=[[1.0, link], [link, 1.0]]).cdf(z)
    at_first, at_last = stats.norm.cdf(z[0]), stats.norm.cdf(z[1]) - both
    early = np.exp(-RATE * (times[1] if at_expiry else times[0]))
    return CASH * (early * at_first + np.exp(-RATE * times[1]) * at_last)


def run(option, *, greeks=("delta",), paths=20_000, **arguments):
    return lg.quantlib.greeks(option, process(), greeks, paths=paths, seed=5, **arguments)


@pytest.mark.parametrize("at_expiry", [False, True])
@pytest.mark.parametrize("kind", LEVELS)
def test_touches_on_two_dates_are_exact(kind, at_expiry):
    terms = {"payoffAtExpiry": at_expiry}
    result = run(touch(kind, at_expiry=at_expiry), terms=terms, monitoring=[FIRST, LAST])
    delta = (on_two_dates(kind, at_expiry, SPOT + 0.01) - on_two_dates(kind, at_expiry, SPOT - 0.01)) / 0.02
    assert_estimates(result["price"], on_two_dates(kind, at_expiry), max_standard_error=0.06)
    assert_estimates(result["delta"], delta, max_standard_error=0.01)
    when = "at expiry" if at_expiry else "when the level is touched"
    assert f"a one-touch of {LEVELS[kind]:g}: 15 is paid {when}" in result.diagnostics.remarks
    with pytest.raises(AssertionError):
        assert_estimates(result["price"], on_two_dates(kind, at_expiry, SPOT + 1.0), max_standard_error=0.06)


def test_a_touch_that_starts_later_is_not_observed_before():
    read = lg.quantlib.read(
        touch(start=FIRST), process(), terms={"payoffAtExpiry": True}, monitoring=[TODAY + 50, FIRST, LAST]
    )
    np.testing.assert_allclose(read.payoff.times, [100 / 365, 250 / 365])


@pytest.mark.skipif(not hasattr(ql.Instrument, "pricingEngine"), reason="this QuantLib shows no engines")
@pytest.mark.parametrize("at_expiry", [False, True])
def test_the_engine_tells_when_a_touch_is_paid(at_expiry):
    option = touch(at_expiry=at_expiry)
    option.setPricingEngine(ql.AnalyticDigitalAmericanEngine(process()))
    where = {"monitoring": "weekly", "calendar": ql.NullCalendar()}
    result = run(option, greeks=(), continuity_correction=True, **where)
    assert abs(result["price"].z_score(option.NPV())) < 4.0  # of QuantLib, which observes at all times
    assert not any("own engine" in remark for remark in result.diagnostics.remarks)
    with pytest.raises(ValueError, match="terms must have the instrument's value by its own engine: payoffAtExpiry"):
        run(option, terms={"payoffAtExpiry": not at_expiry}, **where)


@pytest.mark.parametrize(
    ("option", "arguments", "says"),
    [
        (touch, {"monitoring": [LAST]}, "terms must hold payoffAtExpiry, True or False, which QuantLib's Python does"),
        (lambda: touch(start=FIRST), {"terms": {"payoffAtExpiry": True}}, "monitoring must be given: the first exerc"),
        (touch, {"terms": {"payoffAtExpiry": 1}}, "terms must hold payoffAtExpiry, True or False"),
        (lambda: touch(level=98.0), {"terms": {"payoffAtExpiry": True}, "monitoring": [LAST]},
         "payoff must have a strike below the spot 97: it was touched, got 98.0"),
        (lambda: touch(start=FIRST), {"terms": {"payoffAtExpiry": True}, "monitoring": [TODAY + 50]},
         "monitoring must hold dates from the first exercise date"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said(option, arguments, says):
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        run(option(), **arguments)


def test_other_early_exercise_is_refused():
    payoff = ql.AssetOrNothingPayoff(ql.Option.Call, 110.0)
    with pytest.raises(ValueError, match="early exercise is here for plain VanillaOptions, and for cash or nothing"):
        run(ql.VanillaOption(payoff, ql.AmericanExercise(TODAY, LAST)), monitoring=[LAST])
