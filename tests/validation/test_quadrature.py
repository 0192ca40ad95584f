"""Quadrature against one-date closed forms, normal probabilities, identities, limits and other integrators."""

from dataclasses import replace

import numpy as np
import pytest
import QuantLib as ql
from scipy import integrate, stats

from likelihood_greeks.models.gbm import GBM
from likelihood_greeks.models.term_structure import TermStructureGBM
from likelihood_greeks.payoffs.barrier import Barrier, DoubleBarrier
from likelihood_greeks.payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    GapCall,
    GapPut,
    Put,
)
from likelihood_greeks.payoffs.path import Asian, Lookback
from likelihood_greeks.payoffs.schedule import schedule
from likelihood_greeks.validation import closed_form, quadrature

MODEL = GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017)
UNEVEN = (0.13, 0.4, 0.55, 1.1)
T = UNEVEN[-1]
EUROPEANS = [
    Call(96.0, T),
    Put(96.0, T),
    DigitalCall(89.0, T, cash=7.0),
    DigitalPut(89.0, T, cash=7.0),
    AssetOrNothingCall(95.0, T),
    AssetOrNothingPut(95.0, T),
    GapCall(strike=90.0, trigger=97.0, maturity=T),
    GapPut(strike=99.0, trigger=94.0, maturity=T),
]
PATH_DEPENDENT = [
    Barrier(Call(96.0, T), 81.0, "down", "out", UNEVEN, rebate=1.5),
    Barrier(DigitalPut(96.0, T, cash=9.0), 108.0, "up", "in", UNEVEN[:3]),
    DoubleBarrier(Put(101.0, T), 74.0, 117.0, "out", UNEVEN),
    Asian(94.0, UNEVEN),
    Asian(94.0, UNEVEN, "put"),
    quadrature.AsianDigital(94.0, UNEVEN),
    Lookback(UNEVEN, "call"),
    Lookback(UNEVEN, "put", strike=88.0),
]
GREEKS = ["delta", "gamma", "vega", "rho", "dividend_rho", "theta", "vanna", "volga"]


def simulated(payoff, n_paths=400_000, seed=11):
    """Discounted cash flows on paths drawn here, not by the package."""
    steps = np.diff(payoff.times, prepend=0.0)[:, None]
    normals = np.random.default_rng(seed).standard_normal((len(payoff.times), n_paths))
    drift = MODEL.rate - MODEL.dividend_yield - 0.5 * MODEL.volatility**2
    returns = drift * steps + MODEL.volatility * np.sqrt(steps) * normals
    return MODEL.discount(payoff.times[-1]) * payoff(MODEL.spot * np.exp(np.cumsum(returns, axis=0)))


def survival(times, lower=None, upper=None):
    """Probability that log spots stay inside, by SciPy's multivariate normal distribution function."""
    grid = np.array(times)
    mean = np.log(MODEL.spot) + (MODEL.rate - MODEL.dividend_yield - 0.5 * MODEL.volatility**2) * grid
    covariance = MODEL.volatility**2 * np.minimum.outer(grid, grid)
    low = np.full(len(grid), -np.inf) if lower is None else np.full(len(grid), np.log(lower))
    high = np.full(len(grid), np.inf) if upper is None else np.full(len(grid), np.log(upper))
    precision = {"abseps": 1e-9, "releps": 0.0, "maxpts": 1_000_000}
    return float(stats.multivariate_normal.cdf(high, mean, covariance, lower_limit=low, **precision))


def certain(times):
    """An option that pays 1 for certain, so that a barrier on it prices survival."""
    return DigitalCall(1e-9, times[-1])


@pytest.mark.slow
@pytest.mark.parametrize("times", [(0.4, 1.1), (0.13, 0.4, 1.1), UNEVEN], ids=len)
@pytest.mark.parametrize(("lower", "upper"), [(81.0, None), (None, 104.0), (78.0, 111.0)])
def test_survival_is_a_multivariate_normal_probability(times, lower, upper):
    option = certain(times)
    if lower is None or upper is None:
        payoff = Barrier(option, lower or upper, "down" if lower else "up", "out", times)
    else:
        payoff = DoubleBarrier(option, lower, upper, "out", times)
    probability = quadrature.price(MODEL, payoff) / MODEL.discount(times[-1])
    assert probability == pytest.approx(survival(times, lower, upper), abs=5e-7)  # what SciPy states


@pytest.mark.parametrize("option", EUROPEANS, ids=repr)
def test_barrier_out_of_reach_leaves_the_option(option):
    exact = float(closed_form.price(MODEL, option).value)
    for payoff in (Barrier(option, 1e-4, "down", "out", UNEVEN), DoubleBarrier(option, 1e-4, 1e7, "out", UNEVEN)):
        assert quadrature.price(MODEL, payoff) == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize("option", EUROPEANS, ids=repr)
@pytest.mark.parametrize("monitored", [UNEVEN, UNEVEN[:2]], ids=["to maturity", "early"])
def test_knock_in_and_knock_out_make_the_option_and_the_rebate(option, monitored):
    both = [Barrier(option, 84.0, "down", knock, monitored, rebate=2.5) for knock in ("in", "out")]
    both_sided = [DoubleBarrier(option, 79.0, 106.0, knock, monitored, rebate=2.5) for knock in ("in", "out")]
    exact = float(closed_form.price(MODEL, option).value) + 2.5 * MODEL.discount(T)
    for pair in (both, both_sided):
        assert sum(quadrature.price(MODEL, payoff) for payoff in pair) == pytest.approx(exact, abs=1e-11)


def test_one_live_date_at_maturity_truncates_the_payoff():
    up = Barrier(Call(90.0, T), 110.0, "up", "out", (T,))
    exact = closed_form.price(MODEL, Call(90.0, T)) - closed_form.price(MODEL, GapCall(90.0, 110.0, T))
    assert quadrature.price(MODEL, up) == pytest.approx(float(exact.value), abs=1e-12)
    dead = replace(up, monitor_maturity=False, times=(0.3, T))
    assert quadrature.price(MODEL, dead) > quadrature.price(MODEL, replace(dead, monitor_maturity=True)) + 0.1


@pytest.mark.parametrize("payoff", [*PATH_DEPENDENT, Lookback(UNEVEN, "put"), Lookback(UNEVEN, "call", 99.0)], ids=repr)
def test_prices_are_means_of_simulated_cash_flows(payoff):
    flows, exact = simulated(payoff), quadrature.price(MODEL, payoff)
    error = flows.std() / np.sqrt(len(flows))
    assert error < 0.01 * exact
    assert abs(flows.mean() - exact) < 4.0 * error
    assert abs(flows.mean() - 1.05 * exact) > 4.0 * error  # and five per cent would be noticed


@pytest.mark.parametrize(("kind", "sign"), [("call", 1.0), ("put", -1.0)])
def test_arithmetic_asian_on_two_dates_is_an_integral_of_black_scholes(kind, sign):
    first, last, strike = 0.35, T, 97.0
    drift = MODEL.rate - MODEL.dividend_yield - 0.5 * MODEL.volatility**2

    def integrand(z):  # given the first spot x, an option on the second struck at 2K - x
        x = MODEL.spot * np.exp(drift * first + MODEL.volatility * np.sqrt(first) * z)
        later, left = replace(MODEL, spot=x), 2.0 * strike - x
        if left <= 0.0:
            forward = later.forward(last - first) - left
            value = later.discount(last - first) * max(sign * forward, 0.0)
        else:
            option = (Call if kind == "call" else Put)(left, last - first)
            value = float(closed_form.price(later, option).value)
        return 0.5 * value * MODEL.discount(first) * stats.norm.pdf(z)

    kink = (np.log(2.0 * strike / MODEL.spot) - drift * first) / (MODEL.volatility * np.sqrt(first))
    exact = sum(integrate.quad(integrand, a, b, epsabs=1e-11)[0] for a, b in ((-9.0, 0.0), (0.0, kink), (kink, 9.0)))
    assert quadrature.price(MODEL, Asian(strike, (first, last), kind)) == pytest.approx(exact, abs=1e-9)


def test_asian_call_and_put_differ_by_mean_less_strike():
    call, put = (quadrature.price(MODEL, Asian(94.0, UNEVEN, kind)) for kind in ("call", "put"))
    mean = np.mean([MODEL.forward(t) for t in UNEVEN])
    assert call - put == pytest.approx(MODEL.discount(T) * (mean - 94.0), abs=1e-11)


def test_arithmetic_asian_call_is_worth_more_than_geometric_and_agrees_at_small_volatility():
    arithmetic, geometric = Asian(94.0, UNEVEN), Asian(94.0, UNEVEN, average="geometric")
    assert quadrature.price(MODEL, arithmetic) > float(closed_form.price(MODEL, geometric).value)
    calm = replace(MODEL, volatility=0.004, rate=0.0, dividend_yield=0.0, spot=94.1)
    gap = quadrature.price(calm, arithmetic) - float(closed_form.price(calm, geometric).value)
    assert 0.0 < gap < 94.0 * 0.5 * calm.volatility**2 * T


def test_one_date_asians_and_lookbacks_are_european():
    for kind, option in (("call", Call(97.0, T)), ("put", Put(97.0, T))):
        exact = float(closed_form.price(MODEL, option).value)
        assert quadrature.price(MODEL, Asian(97.0, (T,), kind)) == pytest.approx(exact, abs=1e-12)
        assert quadrature.price(MODEL, Lookback((T,), kind, strike=97.0)) == pytest.approx(exact, abs=1e-11)
        assert quadrature.price(MODEL, Lookback((T,), kind)) == pytest.approx(0.0, abs=1e-11)
    digital = float(closed_form.price(MODEL, DigitalCall(97.0, T)).value)
    assert quadrature.price(MODEL, quadrature.AsianDigital(97.0, (T,))) == pytest.approx(digital, abs=1e-13)


def test_floating_lookback_on_two_dates_is_an_exchange_option():
    # max(S1, S2) - S2 = max(S1 / S2 - 1, 0) S2: a put on the return between the dates, and a call for the minimum.
    first, last = 0.3, T
    start = replace(MODEL, spot=1.0)
    for kind, option in (("put", Put(1.0, last - first)), ("call", Call(1.0, last - first))):
        exact = MODEL.spot * np.exp(-MODEL.dividend_yield * first) * float(closed_form.price(start, option).value)
        assert quadrature.price(MODEL, Lookback((first, last), kind)) == pytest.approx(exact, abs=1e-11)


def test_lookback_struck_out_of_reach_is_linear_in_the_strike():
    far, further = (quadrature.price(MODEL, Lookback(UNEVEN, "call", strike)) for strike in (1e-3, 3e-3))
    assert far - further == pytest.approx(2e-3 * MODEL.discount(T), abs=1e-11)
    assert quadrature.price(MODEL, Lookback(UNEVEN, "call", 1e6)) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.slow
def test_daily_barrier_approaches_the_continuous_one_with_its_level_moved_away():
    # Broadie, Glasserman and Kou (1997), theorem 1.1: the level moves by exp(-0.5826 sigma sqrt(dt)), down.
    model, level, days = MODEL, 82.0, 365
    times = schedule(1.0, days)
    moved = level * np.exp(-0.5826 * model.volatility * np.sqrt(1.0 / days))
    with ql.SavedSettings():
        today, counter = ql.Date(15, 6, 2023), ql.Actual365Fixed()
        ql.Settings.instance().evaluationDate = today
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(model.spot)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, model.dividend_yield, counter)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, model.rate, counter)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), model.volatility, counter)),
        )
        line, exercise = ql.PlainVanillaPayoff(ql.Option.Call, 96.0), ql.EuropeanExercise(today + days)
        option = ql.BarrierOption(ql.Barrier.DownOut, moved, 0.0, line, exercise)
        option.setPricingEngine(ql.AnalyticBarrierEngine(process))
        continuous = option.NPV()
    discrete = quadrature.price(model, Barrier(Call(96.0, 1.0), level, "down", "out", times))
    assert discrete == pytest.approx(continuous, rel=2e-4)
    unmonitored = float(closed_form.price(model, Call(96.0, 1.0)).value)
    assert unmonitored > 1.05 * discrete  # the barrier matters


@pytest.mark.slow
@pytest.mark.parametrize("greek", ["price", *GREEKS, ("rate", "time")], ids=str)
@pytest.mark.parametrize("option", [EUROPEANS[0], EUROPEANS[3]], ids=repr)
def test_greeks_without_a_barrier_in_reach_are_the_closed_forms_within_the_stated_error(option, greek):
    reference = quadrature.greek(MODEL, Barrier(option, 1e-4, "down", "out", UNEVEN), greek)
    exact = closed_form.greek(MODEL, option, greek)
    assert abs(reference.value - exact) <= reference.error + 1e-11 * MODEL.spot
    assert reference.value == pytest.approx(exact, rel=1e-6)
    assert reference.error <= 1e-5 * abs(exact)


@pytest.mark.slow
@pytest.mark.parametrize("greek", GREEKS)
@pytest.mark.parametrize("payoff", PATH_DEPENDENT, ids=repr)
def test_greeks_state_a_small_error(payoff, greek):
    reference = quadrature.greek(MODEL, payoff, greek)
    size = {"delta": 1.0 / MODEL.spot, "gamma": MODEL.spot**-2, "vanna": 1.0 / MODEL.spot}.get(greek, 1.0)
    assert reference.error <= 1e-6 * (abs(reference.value) + MODEL.spot * size)


@pytest.mark.slow
@pytest.mark.parametrize("payoff", PATH_DEPENDENT, ids=repr)
def test_greeks_satisfy_the_black_scholes_equation_before_the_first_date(payoff):
    price = quadrature.price(MODEL, payoff)
    delta, gamma, theta = (quadrature.greek(MODEL, payoff, name).value for name in ("delta", "gamma", "theta"))
    carry = (MODEL.rate - MODEL.dividend_yield) * MODEL.spot * delta
    residual = theta + carry + 0.5 * MODEL.volatility**2 * MODEL.spot**2 * gamma - MODEL.rate * price
    assert abs(residual) < 1e-6
    assert abs(residual - 0.05 * theta) > 1e-6  # and five per cent of theta would be noticed


@pytest.mark.parametrize("payoff", PATH_DEPENDENT, ids=repr)
def test_price_does_not_depend_on_the_number_of_nodes(payoff):
    coarse, fine = (quadrature.price(MODEL, payoff, nodes=nodes) for nodes in (3.0, 7.0))
    assert coarse == pytest.approx(fine, abs=1e-11)


def test_too_few_nodes_would_be_noticed():
    for payoff in (Barrier(Call(96.0, 1.0), 85.0, "down", "out", schedule(1.0, 52)), Asian(96.0, schedule(1.0, 52))):
        coarse, fine = (quadrature.price(MODEL, payoff, nodes=nodes) for nodes in (0.5, 3.0))
        assert coarse != pytest.approx(fine, rel=1e-6)


@pytest.mark.slow
def test_daily_monitoring_is_exact_to_ten_digits():
    for payoff in (
        Barrier(Call(96.0, 1.0), 85.0, "down", "out", schedule(1.0, 252)),
        Asian(96.0, schedule(1.0, 252)),
        Lookback(schedule(1.0, 252), "put"),
    ):
        assert quadrature.price(MODEL, payoff) == pytest.approx(quadrature.price(MODEL, payoff, nodes=4.0), rel=1e-12)


@pytest.mark.parametrize(
    "payoff", [Call(96.0, T), Asian(None, UNEVEN), Asian(96.0, UNEVEN, average="geometric")], ids=repr
)
def test_payoffs_without_a_quadrature_are_refused(payoff):
    with pytest.raises(TypeError, match="payoff must be a barrier, lookback or arithmetic Asian"):
        quadrature.price(MODEL, payoff)


@pytest.mark.parametrize(
    "model",
    [
        replace(MODEL, dividends=((0.5, 3.0),)),
        TermStructureGBM(spot=93.0, times=(1.0,), zero_rates=(0.04,), dividend_yields=(0.0,), volatilities=(0.2,)),
    ],
    ids=["cash dividend", "curves"],
)
def test_other_laws_are_refused(model):
    with pytest.raises(TypeError, match="model must be a GBM without dividends by the last date"):
        quadrature.greek(model, Asian(96.0, UNEVEN), "price")


def test_a_dividend_after_the_last_date_does_not_matter():
    later, payoff = replace(MODEL, dividends=((T + 0.1, 3.0),)), Asian(96.0, UNEVEN)
    assert quadrature.price(later, payoff) == quadrature.price(MODEL, payoff)


def test_nodes_must_be_positive():
    with pytest.raises(ValueError, match="nodes must be positive"):
        quadrature.price(MODEL, PATH_DEPENDENT[0], nodes=0.0)
