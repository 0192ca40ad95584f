"""lg.quantlib.greeks: QuantLib's own Greeks where its engines give them, exact ones of the same contract elsewhere.

Where QuantLib reads curves in another way (its geometric Asian engine takes them flat from the expiry, the vegas of its
forward starts are of forward volatilities), differences of its prices or the exact law are taken.
"""

import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import QuantLib as ql
from scipy import integrate, stats

import likelihood_greeks as lg
from likelihood_greeks.quantlib.payoffs import european
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.gates import assert_estimates
from tests.support.places import ROOT

TODAY, DAYS = ql.Date(15, 6, 2023), ql.Actual365Fixed()
RESETS = [TODAY + 50, TODAY + 170, TODAY + 260]
EXPIRY = TODAY + 365
EUROPEAN = ql.EuropeanExercise(EXPIRY)
CALL, PUT = (ql.PlainVanillaPayoff(kind, 100.0) for kind in (ql.Option.Call, ql.Option.Put))
NODES = [*RESETS, EXPIRY]
SHOWS_ENGINES = hasattr(ql.Instrument, "pricingEngine")
METHODS = {"price": "NPV", "delta": "delta", "gamma": "gamma", "vega": "vega", "rho": "rho",
           "dividend_rho": "dividendRho", "theta": "theta"}  # fmt: skip


@pytest.fixture(autouse=True)
def evaluation_date():
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = TODAY
        yield


def rates(*values, shift=0.0):
    curve = ql.ZeroCurve([TODAY, *NODES], [values[0] + shift, *(value + shift for value in values)], DAYS)
    return ql.YieldTermStructureHandle(curve)


def black_scholes(zero=(0.03, 0.01, 0.025, 0.04), dividend=(0.05, 0.02, 0.03, 0.02), volatility=(0.4, 0.3, 0.32, 0.28),
                  *, spot=0.0, rate=0.0, dividend_yield=0.0, vol=0.0):  # fmt: skip
    variances = ql.BlackVarianceCurve(TODAY, NODES, [value + vol for value in volatility], DAYS, True)
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(97.0 + spot)), rates(*dividend, shift=dividend_yield), rates(*zero, shift=rate),
        ql.BlackVolTermStructureHandle(variances),
    )  # fmt: skip


flat = partial(black_scholes, (0.03,) * 4, (0.013,) * 4, (0.23,) * 4)
FLAT = lg.GBM(spot=97.0, volatility=0.23, rate=0.03, dividend_yield=0.013)


def heston(zero=(0.03, 0.01, 0.025, 0.04), dividend=(0.05, 0.02, 0.03, 0.02), *, spot=0.0, rate=0.0, v0=0.05):
    quote = ql.QuoteHandle(ql.SimpleQuote(97.0 + spot))
    return ql.HestonProcess(rates(*zero, shift=rate), rates(*dividend), quote, v0, 1.7, 0.06, 0.4, -0.66)


def run(instrument, process, greeks=None, *, paths=40_000, seed=11, **terms):
    return lg.quantlib.greeks(instrument, process, greeks, paths=paths, seed=seed, **terms)


def agree(result, exact, share=0.02, scale=None):
    """Every estimate within four standard errors, which are a small share of it."""
    for greek, value in exact.items():
        size = max(abs(value), 0.0 if scale is None else scale[greek])
        assert_estimates(result[greek], value, max_standard_error=share * size)


def own(instrument, engine, skip=()):
    instrument.setPricingEngine(engine)
    return {greek: getattr(instrument, method)() for greek, method in METHODS.items() if greek not in skip}


def bumped(price, name, size):
    return (price(**{name: size}) - price(**{name: -size})) / (2.0 * size)


# -- Greeks that QuantLib gives ------------------------------------------------------------------------------------


EUROPEANS = [
    CALL, PUT, ql.CashOrNothingPayoff(ql.Option.Call, 93.0, 7.3), ql.CashOrNothingPayoff(ql.Option.Put, 103.7, 2.0),
    ql.AssetOrNothingPayoff(ql.Option.Call, 91.0), ql.AssetOrNothingPayoff(ql.Option.Put, 104.0),
    ql.GapPayoff(ql.Option.Call, 95.0, 103.0), ql.GapPayoff(ql.Option.Put, 99.0, 1.0 / 0.0097),
]  # fmt: skip


@pytest.mark.parametrize("payoff", EUROPEANS)
def test_europeans_on_curves_have_the_greeks_of_quantlib(payoff):
    option, process = ql.VanillaOption(payoff, EUROPEAN), black_scholes()
    result = run(option, process)
    exact = own(option, ql.AnalyticEuropeanEngine(process))
    scale = {"price": 5.0, "delta": 0.5, "gamma": 0.01, "vega": 20.0, "rho": 20.0, "dividend_rho": 20.0, "theta": 3.0}
    agree(result, exact, 0.03, scale)
    with pytest.raises(AssertionError):
        agree(result, own(option, ql.AnalyticEuropeanEngine(flat())), 0.03, scale)


@pytest.mark.parametrize("known", [(1.0, 0), (95.0 * 101.0 * 99.0, 3)])
def test_geometric_asians_have_the_greeks_of_quantlib(known):
    terms = ql.Average.Geometric, *known, NODES, CALL, EUROPEAN
    option = ql.DiscreteAveragingAsianOption(*terms)
    result = run(option, flat(), terms=terms)
    agree(result, own(option, ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(flat())), 0.02)


@pytest.mark.parametrize("curves", [flat, black_scholes])
@pytest.mark.parametrize("name", ["forward", "cliquet"])
def test_forward_starts_have_the_greeks_of_quantlib(curves, name):
    if name == "forward":
        terms = 1.03, RESETS[1], ql.PlainVanillaPayoff(ql.Option.Put, 0.0), EUROPEAN
        make, engine = partial(ql.ForwardVanillaOption, *terms), ql.ForwardEuropeanEngine
    else:
        terms = ql.PercentageStrikePayoff(ql.Option.Call, 1.02), EUROPEAN, RESETS
        make, engine = partial(ql.CliquetOption, *terms), ql.AnalyticCliquetEngine
    result, option = run(make(), curves(), terms=terms), make()
    exact = own(option, engine(curves()), skip=("gamma", "vega", "theta"))

    def price(**shift):
        moved = make()
        moved.setPricingEngine(engine(curves(**shift)))
        return moved.NPV()

    # V = S0 exp(-q T0) c, where the strike is set at T0; parallel shifts of Black volatilities.
    start = (RESETS[1] if name == "forward" else RESETS[0]) - TODAY
    yields = -np.log(curves().dividendYield().discount(TODAY + start)) / (start / 365.0)
    exact |= {"theta": yields * exact["price"], "vega": bumped(price, "vol", 1e-4)}
    agree(result, exact, 0.03, {greek: 0.5 if greek == "theta" else 0.0 for greek in exact})
    assert_estimates(result["gamma"], 0.0, 1e-3)
    if curves is flat:
        assert own(option, engine(curves()))["vega"] == pytest.approx(exact["vega"], rel=1e-5)


def test_what_quantlib_shows_of_a_payoff_is_read_exactly():
    for payoff in EUROPEANS:
        read = european(ql.VanillaOption(payoff, EUROPEAN).payoff())
        assert read.strike == payoff.strike()
        assert read.kind == ("call" if payoff.optionType() == ql.Option.Call else "put")
    gap, asset, cash = (european(EUROPEANS[i]).at(0.5) for i in (7, 5, 2))
    assert gap == lg.GapPut(1.0 / 0.0097, 99.0, 0.5)
    assert asset == lg.AssetOrNothingPut(104.0, 0.5)
    assert cash == lg.DigitalCall(93.0, 0.5, 7.3)


# -- curves ------------------------------------------------------------------------------------------------------


def geometric_price(process, payoff, when):
    """A call on the geometric average of fixings with the forwards and variances of the curves."""
    t = np.array([DAYS.yearFraction(TODAY, day) for day in when])
    discounts = np.array([process.riskFreeRate().discount(day) for day in when])
    yields = np.array([process.dividendYield().discount(day) for day in when])
    variance = np.array([process.blackVolatility().blackVariance(day, 100.0) for day in when])
    mean = np.mean(np.log(process.stateVariable().value() * yields / discounts) - 0.5 * variance)
    deviation = np.sqrt(np.minimum.outer(variance, variance).mean())
    assert t[-1] == DAYS.yearFraction(TODAY, EXPIRY)
    d2 = (mean - np.log(payoff.strike())) / deviation
    forward = np.exp(mean + 0.5 * deviation**2)
    return discounts[-1] * (forward * stats.norm.cdf(d2 + deviation) - payoff.strike() * stats.norm.cdf(d2))


STEPS = {
    "delta": ("spot", 0.01),
    "vega": ("vol", 1e-4),
    "rho": ("rate", 1e-4),
    "dividend_rho": ("dividend_yield", 1e-4),
}


@pytest.mark.slow
def test_asians_follow_the_curves_and_a_flat_equivalent_would_not():
    terms = ql.Average.Geometric, NODES, CALL, EUROPEAN
    option, process = ql.DiscreteAveragingAsianOption(*terms), black_scholes()
    result = run(option, process, terms=terms, paths=100_000)

    def price(**shift):
        return geometric_price(black_scholes(**shift), CALL, NODES)

    exact = {"price": price()} | {greek: bumped(price, *step) for greek, step in STEPS.items()}
    agree(result, exact)
    equivalent = lg.from_quantlib(process, maturity=1.0)
    contract = lg.quantlib.read(option, process, terms=terms).payoff
    wrong = lg.greeks(equivalent, contract, paths=100_000, seed=11)
    for greek in ("price", "delta", "rho"):  # negative control
        with pytest.raises(AssertionError):
            agree(wrong, {greek: exact[greek]})
    option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process))
    assert abs(wrong["price"].z_score(option.NPV())) < 4.0  # which is what QuantLib's engine has


def two_date_digital(process):
    """A digital call at 100 that dies below 90 on the second reset date or at expiry."""
    when = [RESETS[1], EXPIRY]
    spot, discount = process.stateVariable().value(), [process.riskFreeRate().discount(day) for day in when]
    variance = np.array([process.blackVolatility().blackVariance(day, 100.0) for day in when])
    yields = [process.dividendYield().discount(day) for day in when]
    mean = np.log(spot * np.array(yields) / discount) - 0.5 * variance
    rest = variance[1] - variance[0]

    def integrand(z):
        later = mean[1] + np.sqrt(variance[0]) * z
        return stats.norm.pdf(z) * stats.norm.cdf((later - np.log(100.0)) / np.sqrt(rest))

    alive = (np.log(90.0) - mean[0]) / np.sqrt(variance[0])
    return discount[-1] * integrate.quad(integrand, alive, alive + 12.0, epsabs=1e-13, epsrel=1e-12)[0]


@pytest.mark.slow
def test_barriers_follow_the_curves():
    payoff = ql.CashOrNothingPayoff(ql.Option.Call, 100.0, 1.0)
    terms = ql.Barrier.DownOut, 90.0, 0.0, payoff, EUROPEAN
    result = run(ql.BarrierOption(*terms), black_scholes(), terms=terms, monitoring=[RESETS[1], EXPIRY], paths=100_000)

    def price(**shift):
        return two_date_digital(black_scholes(**shift))

    agree(result, {"price": price()} | {greek: bumped(price, *step) for greek, step in STEPS.items()}, 0.03)


@pytest.mark.slow
def test_barriers_under_heston_follow_the_curves():
    """With hardly any volatility of the variance the law is that of Black and Scholes."""
    payoff = ql.CashOrNothingPayoff(ql.Option.Call, 100.0, 1.0)
    terms, process = (ql.Barrier.DownOut, 90.0, 0.0, payoff, EUROPEAN), black_scholes(volatility=(0.25,) * 4)
    still = ql.HestonProcess(
        process.riskFreeRate(), process.dividendYield(), process.stateVariable(), 0.0625, 1.0, 0.0625, 0.001, -0.3
    )
    result = run(ql.BarrierOption(*terms), still, ["delta", "rho", "theta"], terms=terms, paths=60_000,
                 monitoring=[RESETS[1], EXPIRY])  # fmt: skip

    def price(**shift):
        return two_date_digital(black_scholes(volatility=(0.25,) * 4, **shift))

    plain = run(
        ql.BarrierOption(*terms), process, ["theta"], terms=terms, monitoring=[RESETS[1], EXPIRY], paths=200_000
    )
    exact = {"price": price()} | {greek: bumped(price, *STEPS[greek]) for greek in ("delta", "rho")}
    agree(result, exact, 0.03)
    assert_estimates(result["theta"], plain["theta"].value, 0.005, sigmas=5.0)  # both are estimates


def test_a_payoff_of_ones_own_follows_the_curves_and_reads_a_smile_where_it_is_told():
    mine = lg.Payoff(lambda spot: spot.mean(axis=0) - 90.0, times=[50 / 365, 170 / 365, 1.0])
    for process in (black_scholes(), heston()):
        forwards = [97.0 * process.dividendYield().discount(t) / process.riskFreeRate().discount(t) for t in mine.times]
        discount = process.riskFreeRate().discount(1.0)
        result = run(mine, process, ["delta", "rho", "theta"])
        rate, yields = (-np.log(curve.discount(mine.times[0])) / mine.times[0]
                        for curve in (process.riskFreeRate(), process.dividendYield()))  # fmt: skip
        price, delta = discount * (np.mean(forwards) - 90.0), discount * np.mean(forwards) / 97.0
        rho = discount * np.mean(np.multiply(forwards, mine.times)) - price
        agree(result, {"price": price, "delta": delta, "rho": rho}, 0.05)
        assert_estimates(result["theta"], rate * price - (rate - yields) * 97.0 * delta, 0.3)
    surface = ql.BlackVarianceSurface(
        TODAY, ql.NullCalendar(), [TODAY + 100, EXPIRY], [50.0, 200.0], ql.Matrix([[0.3, 0.3], [0.2, 0.2]]), DAYS
    )
    smile = ql.BlackScholesMertonProcess(
        process.s0(), process.dividendYield(), process.riskFreeRate(), ql.BlackVolTermStructureHandle(surface)
    )
    with pytest.raises(ValueError, match="volatility_strike must be given: the volatility depends on it"):
        run(mine, smile)
    read = lg.quantlib.read(mine, smile, volatility_strike=120.0)
    assert "at the strike 120, which stays as the spot moves" in read.remarks[0]
    assert read.model.volatilities[-1] == pytest.approx(surface.blackVol(EXPIRY, 120.0), rel=1e-12)
    at_own = lg.quantlib.read(ql.VanillaOption(CALL, EUROPEAN), smile)
    assert at_own.model.volatility == pytest.approx(surface.blackVol(EXPIRY, 100.0), rel=1e-12)


def test_clocks_that_differ_are_reconciled_and_said():
    volatility = ql.BlackConstantVol(TODAY, ql.NullCalendar(), 0.2, ql.Actual360())
    process = ql.BlackScholesProcess(
        ql.QuoteHandle(ql.SimpleQuote(97.0)), rates(0.03, 0.01, 0.025, 0.04), ql.BlackVolTermStructureHandle(volatility)
    )
    option = ql.VanillaOption(CALL, EUROPEAN)
    result = run(option, process, ["delta"])
    agree(result, own(option, ql.AnalyticEuropeanEngine(process), skip=set(METHODS) - {"price", "delta"}))
    assert any("per year of the risk-free curve (Actual/365 (Fixed))" in r for r in result.diagnostics.remarks)


# -- discrete contracts instead of continuous ones ---------------------------------------------------------------


WATCHED = [TODAY + days for days in (40, 95, 170, 260, 365)]
TIMES = tuple((day - TODAY) / 365.0 for day in WATCHED)
GREEKS = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta"]


def exact_greek(payoff, greek):
    if isinstance(payoff, lg.DigitalCall | lg.AssetOrNothingCall):
        return closed_form.greek(FLAT, payoff, greek)
    return quadrature.greek(FLAT, payoff, greek).value


def exact_sum(*legs, greeks=("price", *GREEKS)):
    """Greeks of a sum of (quantity, payoff) legs."""
    return {greek: sum(n * exact_greek(leg, greek) for n, leg in legs) for greek in greeks}


BARRIERS = [
    (ql.Barrier.DownOut, 88.0, CALL, 0.0, ("down", "out")),
    (ql.Barrier.UpIn, 113.0, PUT, 1.5, ("up", "in")),
    (ql.Barrier.DownIn, 88.0, ql.CashOrNothingPayoff(ql.Option.Put, 95.0, 10.0), 0.0, ("down", "in")),
]


@pytest.mark.slow
@pytest.mark.parametrize("case", BARRIERS)
def test_barriers_on_stated_dates_agree_with_quadrature(case):
    kind, level, payoff, rebate, words = case
    terms = {"barrierType": kind, "barrier": level, "rebate": rebate}
    option = ql.BarrierOption(kind, level, rebate, payoff, EUROPEAN)
    result = run(option, flat(), GREEKS, terms=terms, monitoring=WATCHED, paths=100_000)
    plain = lg.Barrier(european(payoff).at(1.0), level, *words, times=TIMES, rebate=rebate)
    exact = exact_sum((1.0, plain))
    agree(
        result, exact, 0.05, {"price": 0.5, "delta": 0.3, "gamma": 0.02, "vega": 10.0} | dict.fromkeys(GREEKS[3:], 5.0)
    )
    assert result.diagnostics.remarks[0] == "observed on 5 dates, not continuously as in QuantLib"


@pytest.mark.slow
def test_rebates_of_knock_outs_are_paid_when_hit():
    rebate, put = 6.0, lg.Put(100.0, 1.0)
    terms = ql.Barrier.UpOut, 110.0, rebate, PUT, EUROPEAN
    result = run(ql.BarrierOption(*terms), flat(), ["delta", "rho"], terms=terms, monitoring=WATCHED, paths=100_000)
    alive = [(1.0, lg.DigitalCall(1e-6, TIMES[0]))]  # pays 1 at every date unless hit before; less unless hit by then
    alive += [(1.0, lg.Barrier(lg.DigitalCall(1e-6, t), 110.0, "up", "out", TIMES[:i], monitor_maturity=False))
              for i, t in enumerate(TIMES) if i]  # fmt: skip
    gone = [
        (-1.0, lg.Barrier(lg.DigitalCall(1e-6, t), 110.0, "up", "out", TIMES[: i + 1])) for i, t in enumerate(TIMES)
    ]
    legs = [(rebate * n, leg) for n, leg in (*alive, *gone)]
    legs = [(1.0, lg.Barrier(put, 110.0, "up", "out", TIMES)), *legs]
    exact = exact_sum(*legs, greeks=("price", "delta", "rho"))
    agree(result, exact)
    at_expiry = quadrature.greek(FLAT, lg.Barrier(put, 110.0, "up", "out", TIMES, rebate=rebate), "price").value
    with pytest.raises(AssertionError):
        agree(result, {"price": at_expiry})
    assert "the rebate is paid when the barrier is hit" in result.diagnostics.remarks


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["out", "in"])
def test_double_barriers_agree_with_quadrature(kind):
    type_of = ql.DoubleBarrier.KnockOut if kind == "out" else ql.DoubleBarrier.KnockIn
    terms = type_of, 84.0, 121.0, 0.0, CALL, EUROPEAN
    result = run(ql.DoubleBarrierOption(*terms), flat(), GREEKS, terms=terms, monitoring=WATCHED, paths=100_000)
    exact = exact_sum((1.0, lg.DoubleBarrier(lg.Call(100.0, 1.0), 84.0, 121.0, kind, TIMES)))
    agree(result, exact, 0.05, dict.fromkeys(exact, 0.3) | {"gamma": 0.02, "theta": 3.0})


@pytest.mark.slow
def test_lookbacks_keep_the_extreme_so_far():
    highest, lowest = 104.0, 93.0
    discounted, share = lg.DigitalCall(1e-6, 1.0), lg.AssetOrNothingCall(1e-6, 1.0)
    fixed, floating = ql.ContinuousFixedLookbackOption, ql.ContinuousFloatingLookbackOption
    above, below = lg.Lookback(TIMES, "call", highest), lg.Lookback(TIMES, "put", lowest)
    floating_put, floating_call = (ql.FloatingTypePayoff(kind) for kind in (ql.Option.Put, ql.Option.Call))
    cases = [
        (fixed, highest, CALL, [(1.0, above), (4.0, discounted)]),
        (fixed, lowest, PUT, [(1.0, below), (7.0, discounted)]),
        (floating, highest, floating_put, [(1.0, above), (highest, discounted), (-1.0, share)]),
        (floating, lowest, floating_call, [(1.0, below), (-lowest, discounted), (1.0, share)]),
    ]  # fmt: skip
    for make, extreme, payoff, legs in cases:
        option = make(extreme, payoff, EUROPEAN)
        result = run(option, flat(), ["delta", "vega", "rho"], monitoring=WATCHED[:-1],
                     terms={"currentMinmax": extreme, "payoff": payoff})  # fmt: skip
        exact = exact_sum(*legs, greeks=("price", "delta", "vega", "rho"))
        agree(result, exact, 0.02, dict.fromkeys(exact, 1.0))
        assert "4 dates and at expiry" in result.diagnostics.remarks[0]


@pytest.mark.slow
def test_arithmetic_asians_with_known_fixings_agree_with_quadrature():
    """((95 + 99) + sum of 4) / 6 above K is the average of 4 above (6 K - 194) / 4, times 4 / 6."""
    terms = ql.Average.Arithmetic, [TODAY - 30, TODAY - 1, *NODES], CALL, EUROPEAN, [95.0, 99.0]
    result = run(ql.DiscreteAveragingAsianOption(*terms), flat(), GREEKS, terms=terms)
    times = tuple((day - TODAY) / 365.0 for day in NODES)
    agree(result, exact_sum((4.0 / 6.0, lg.Asian((600.0 - 194.0) / 4.0, times))), 0.03)
    seasoned = {
        "averageType": ql.Average.Arithmetic,
        "runningAccumulator": 194.0,
        "pastFixings": 2,
        "fixingDates": NODES,
    }
    option = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, 194.0, 2, NODES, CALL, EUROPEAN)
    again = run(option, flat(), ["delta"], terms=seasoned)
    assert again["delta"].value == pytest.approx(run(option, flat(), ["delta"], terms=terms)["delta"].value, rel=1e-9)


def test_an_average_may_be_paid_later():
    terms = ql.Average.Arithmetic, 0.0, 0, RESETS, CALL, EUROPEAN
    result = run(ql.DiscreteAveragingAsianOption(*terms), flat(), ["delta"], terms=terms)
    times = tuple((day - TODAY) / 365.0 for day in RESETS)
    later = np.exp(-0.03 * (1.0 - times[-1]))
    exact = {g: later * quadrature.greek(FLAT, lg.Asian(100.0, times), g).value for g in ("price", "delta")}
    agree(result, exact)


@pytest.mark.slow
def test_daily_barriers_with_the_continuity_correction_are_nearly_those_of_quantlib():
    terms = ql.Barrier.UpOut, 120.0, 0.0, CALL, EUROPEAN

    def price(**shift):
        option = ql.BarrierOption(*terms)
        option.setPricingEngine(ql.AnalyticBarrierEngine(flat(**shift)))
        return option.NPV()

    def ours(correct):
        return run(ql.BarrierOption(*terms), flat(), ["delta"], terms=terms, monitoring="weekly", calendar=ql.TARGET(),
                   continuity_correction=correct, paths=200_000)  # fmt: skip

    corrected, plain, delta = ours(True), ours(False), bumped(price, "spot", 0.01)
    gaps = [abs(result["price"].value - price()) for result in (corrected, plain)]
    assert gaps[0] < 0.05 * price()
    assert gaps[0] < 0.2 * gaps[1]
    assert_estimates(corrected["delta"], delta, 0.001)
    assert any("moved towards the spot by 1.8" in remark for remark in corrected.diagnostics.remarks)


# -- Heston --------------------------------------------------------------------------------------------------------


def heston_price(payoff, **shift):
    option = ql.VanillaOption(payoff, EUROPEAN)
    option.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(heston(**shift)), 1e-12, 100_000))
    return option.NPV()


@pytest.mark.slow
def test_europeans_under_heston_on_curves_agree_with_quantlib():
    result = run(ql.VanillaOption(CALL, EUROPEAN), heston(), ["delta", "gamma", "initial_variance", "rho"])
    call = partial(heston_price, CALL)
    exact = {
        "price": call(), "delta": bumped(call, "spot", 0.01), "rho": bumped(call, "rate", 1e-4),
        "gamma": (call(spot=0.1) - 2.0 * call() + call(spot=-0.1)) / 0.01,
        "initial_variance": (call(v0=0.051) - call(v0=0.049)) / 0.002,
    }  # fmt: skip
    agree(result, exact)
    digital = ql.CashOrNothingPayoff(ql.Option.Call, 100.0, 5.0)
    near = [ql.PlainVanillaPayoff(ql.Option.Call, 100.0 + h) for h in (-0.01, 0.01)]

    def price(**shift):
        return 5.0 * (heston_price(near[0], **shift) - heston_price(near[1], **shift)) / 0.02

    agree(run(ql.VanillaOption(digital, EUROPEAN), heston(), ["delta"]),
          {"price": price(), "delta": bumped(price, "spot", 0.05)})  # fmt: skip


def test_asians_under_heston_agree_with_quantlib():
    process = heston((0.03,) * 4, (0.013,) * 4)
    terms = ql.Average.Geometric, 1.0, 0, NODES, CALL, EUROPEAN
    result = run(ql.DiscreteAveragingAsianOption(*terms), process, ["delta"], terms=terms, paths=20_000)

    def price(**shift):
        option = ql.DiscreteAveragingAsianOption(*terms)
        moved = heston((0.03,) * 4, (0.013,) * 4, **shift)
        option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianHestonEngine(moved))
        return option.NPV()

    agree(result, {"price": price(), "delta": bumped(price, "spot", 0.1)})


@pytest.mark.slow
def test_barriers_under_heston_with_the_continuity_correction_are_nearly_those_of_quantlib():
    terms = ql.Barrier.DownOut, 85.0, 0.0, CALL, EUROPEAN
    process = heston()
    result = run(ql.BarrierOption(*terms), process, ["delta"], terms=terms, monitoring="weekly", calendar=ql.TARGET(),
                 continuity_correction=True, paths=20_000)  # fmt: skip
    option = ql.BarrierOption(*terms)
    option.setPricingEngine(ql.FdHestonBarrierEngine(ql.HestonModel(process), 100, 200, 50))
    assert result["price"].value == pytest.approx(option.NPV(), rel=0.03)
    assert result["delta"].value == pytest.approx(option.delta(), rel=0.03)


# -- what is asked for and what is refused -----------------------------------------------------------------------


BARRIER = ql.Barrier.DownOut, 85.0, 0.0, CALL, EUROPEAN


def american():
    return ql.VanillaOption(CALL, ql.AmericanExercise(TODAY, EXPIRY))


def priced_barrier():
    option = ql.BarrierOption(*BARRIER)
    option.setPricingEngine(ql.AnalyticBarrierEngine(flat()))
    return option


def barrier(*terms):
    return ql.BarrierOption(*(terms or BARRIER))


def asian(*terms):
    return ql.DiscreteAveragingAsianOption(*terms)


AVERAGED = ql.Average.Arithmetic, [TODAY - 30, *NODES], CALL, EUROPEAN
KIKO = ql.DoubleBarrier.KIKO, 80.0, 120.0, 0.0, CALL, EUROPEAN
FIXED = 95.0, CALL, EUROPEAN
SHARE = ql.SuperSharePayoff(ql.Option.Call, 90.0, 110.0)
STATED = {"barrierType": ql.Barrier.DownOut, "barrier": 85.0, "rebate": 0.0}


@pytest.mark.parametrize(
    ("instrument", "arguments", "says"),
    [
        (lambda: ql.BarrierOption(*BARRIER[:4], american().exercise()), {}, "exercise must be European (early exerci"),
        (lambda: ql.VanillaOption(CALL, ql.EuropeanExercise(TODAY - 1)), {}, "exercise must lie after the evaluation "),
        (lambda: ql.VanillaOption(SHARE, EUROPEAN), {}, "payoff must be plain vanilla, cash-or-nothing, asset-or-noth"),
        (barrier, {}, "terms must hold barrierType, barrier, rebate, which QuantLib's Python does not show: a diction"),
        (barrier, {"terms": {"barrier": 85.0}}, "terms must hold barrierType, rebate, which"),
        (barrier, {"terms": {"level": 85.0}}, "terms must hold none but barrier, barrierType, exercise, payoff, rebat"),
        (barrier, {"terms": BARRIER[:3]}, "terms must be the arguments of ql.BarrierOption, barrierType, barrier, reb"),
        (barrier, {"terms": ("down", *BARRIER[1:])}, "terms must make a ql.BarrierOption"),
        (barrier, {"terms": BARRIER, "calendar": ql.TARGET()}, "monitoring must be given with a calendar, which says "),
        (barrier, {"terms": BARRIER, "continuity_correction": True}, "continuity_correction must be False without m"),
        (barrier, {"terms": BARRIER, "dividends": [(EXPIRY - 30, 1.0)]}, "monitoring must be given: 'daily', 'weekly'"),
        (barrier, {"terms": BARRIER, "monitoring": "daily"}, "calendar must be a QuantLib calendar where monitoring i"),
        (barrier, {"terms": BARRIER, "monitoring": "hourly"}, "monitoring must be one of 'daily', 'weekly', 'monthly'"),
        (barrier, {"terms": BARRIER, "monitoring": [EXPIRY + 1]}, "monitoring must hold dates after 2023-06-15, none "),
        (barrier, {"terms": (*BARRIER[:3], PUT, EUROPEAN)}, "terms must have the instrument's payoff"),
        (barrier, {"terms": (*BARRIER[:4], ql.EuropeanExercise(EXPIRY + 1))}, "terms must have the instrument's expir"),
        (barrier, {"terms": {**STATED, "barrierType": "down"}}, "terms must make a ql.BarrierOption (QuantLib: in met"),
        (partial(asian, *AVERAGED), {"terms": {"averageType": 0, "fixingDates": NODES}}, "terms must hold runningAccu"),
        (priced_barrier, {"terms": {**STATED, "barrier": 86.0}}, "terms must have the instrument's value by its own e"),
        (partial(barrier, ql.Barrier.DownOut, 98.0, *BARRIER[2:]), {"terms": {**STATED, "barrier": 98.0},
         "monitoring": NODES}, "barrier must be below the spot 97: it has been touched, got 98.0"),
        (lambda: ql.DoubleBarrierOption(*KIKO), {"terms": KIKO, "monitoring": NODES}, "barrierType must be DoubleBarr"),
        (partial(asian, *AVERAGED, [95.0]), {"terms": AVERAGED}, "allPastFixings must hold the 1 fixings before 2023"),
        (lambda: ql.ContinuousFixedLookbackOption(*FIXED), {"terms": FIXED, "monitoring": NODES},
         "currentMinmax must be the highest spot so far, at least 97, got 95.0"),
        (lambda: ql.VanillaOption(CALL, EUROPEAN), {"monitoring": "daily"}, "monitoring, calendar must not be given: "),
        (lambda: ql.VanillaOption(CALL, EUROPEAN), {"continuity_correction": True}, "continuity_correction must be Fa"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_said(instrument, arguments, says):
    if instrument is priced_barrier and not SHOWS_ENGINES:
        pytest.skip("this QuantLib does not show the engine of an instrument")
    with pytest.raises(ValueError, match=f"^{re.escape(says)}"):
        run(instrument(), flat(), **arguments)


def test_a_value_by_the_engine_of_the_instrument_confirms_the_terms():
    read = lg.quantlib.read(priced_barrier(), flat(), terms=STATED, monitoring="monthly", calendar=ql.TARGET())
    assert isinstance(read.payoff, lg.Barrier)
    assert (read.payoff.level, len(read.payoff.times)) == (85.0, 12)


def test_unknown_instruments_processes_and_engines_are_refused_by_their_type():
    bates = ql.BatesProcess(rates(*(0.0,) * 4), rates(*(0.0,) * 4), flat().stateVariable(), 0.04, 1.0, 0.04, 0.5, 0.0,
                            0.1, 0.0, 0.1)  # fmt: skip
    option = ql.VanillaOption(CALL, EUROPEAN)
    quanto = ql.QuantoVanillaOption(CALL, EUROPEAN)
    for arguments, says in (
        (
            (quanto, flat()),
            "instrument must be a payoff, or one of QuantLib's VanillaOption, .*; got QuantoVanillaOption",
        ),
        ((option, bates), "source must have no jumps, got BatesProcess"),
        (
            (option, ql.AnalyticEuropeanEngine(flat())),
            "got AnalyticEuropeanEngine; an engine does not show its process",
        ),
        ((lg.Call, flat()), "instrument must be a payoff"),
        ((ql.BarrierOption(*BARRIER), flat(), None), "monitoring must be a word, QuantLib dates or a Schedule"),
    ):
        with pytest.raises(TypeError, match=says):
            run(*arguments, **({"terms": BARRIER, "monitoring": 12} if len(arguments) == 3 else {}))
    with pytest.raises(
        TypeError, match=re.escape("terms must be a dictionary, or the arguments of ql.BarrierOption, got 5")
    ):
        run(ql.BarrierOption(*BARRIER), flat(), terms=5)
    unlinked = ql.BlackScholesProcess(flat().stateVariable(), ql.YieldTermStructureHandle(), flat().blackVolatility())
    with pytest.raises(ValueError, match="process must have curves and a spot that can be read, got 'empty Handle"):
        run(option, unlinked)
    for name, value in (("terms", BARRIER), ("monitoring", "daily"), ("continuity_correction", True)):
        with pytest.raises(ValueError, match=f"{name} must not be given with a payoff"):
            run(lg.Call(100.0, 1.0), flat(), **{name: value})
    with pytest.raises(ValueError, match="volatility_strike must not be given: a Heston model"):
        run(option, heston(), volatility_strike=90.0)


@pytest.mark.slow
def test_the_package_does_not_import_the_bridge_before_it_is_needed():
    code = (
        "import sys, likelihood_greeks as lg; assert 'likelihood_greeks.quantlib' not in sys.modules; lg.quantlib.read"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"quantlib", "from_quantlib"} <= set(dir(lg))
    with pytest.raises(AttributeError, match="no attribute 'quantlab'"):
        lg.quantlab  # noqa: B018


def test_the_evaluation_date_and_the_instrument_stay_as_they_were():
    option = priced_barrier()
    before = option.NPV()
    lg.quantlib.read(option, flat(), terms=STATED, monitoring=NODES)
    assert option.NPV() == before
    assert ql.Settings.instance().evaluationDate == TODAY


@pytest.mark.slow
def test_the_documentation_runs():
    text = (ROOT / "docs" / "quantlib.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    known = {"payoff": CALL, "exercise": EUROPEAN, "process": flat()}
    results = []
    for block in blocks:
        exec(block.replace("seed=7", "seed=7, paths=2_000"), known)
        results.append(known["result"])
    assert set(METHODS) <= set(results[0])
    assert "dividend[0]" in results[1]
