"""Early exercise: rules at their best, Greeks under them, what the rules leave, and the bound from above."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.engine.early_exercise import fitted
from likelihood_greeks.exercise.decisions import Decisions
from likelihood_greeks.exercise.draws import drawn
from likelihood_greeks.exercise.hedge import increments
from likelihood_greeks.exercise.judged import lower_bound, upper_bound
from likelihood_greeks.exercise.levels import hedged_and_levelled
from tests.support import bermudan

MODEL = lg.GBM(spot=36.0, volatility=0.2, rate=0.06)
PUT = lg.Bermudan(lg.Put(40.0, 1.0), lg.schedule(1.0, 50), rule_paths=16_384)
TEN = lg.Bermudan(lg.Put(40.0, 1.0), lg.schedule(1.0, 10), rule_paths=16_384)
TERMS = {"spot": 36.0, "strike": 40.0, "rate": 0.06, "volatility": 0.2, "maturity": 1.0}
PUBLISHED = {"price": 4.4778, "vega": 10.957, "rho": -10.488}
"""Longstaff and Schwartz (2001), table 1, has 4.478; the Greeks are those of a binomial tree with 50 exercise dates."""


@cache
def exact(dates, levels=None):
    return bermudan.greeks(**TERMS, dates=dates, levels=levels)


def gap(rule, name):
    """What keeping the levels of a rule does to a Greek, without a path."""
    return exact(len(rule.times), rule.levels)[name] - exact(len(rule.times))[name]


def test_the_reference_is_the_published_one():
    for name, value in PUBLISHED.items():
        assert exact(50)[name] == pytest.approx(value, rel=5e-4)


def test_the_reference_is_quantlibs_finite_differences():
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(15, 6, 2026)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()
    process = ql.BlackScholesProcess(
        ql.QuoteHandle(ql.SimpleQuote(36.0)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, 0.06, days)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, days)),
    )
    exercise = ql.BermudanExercise([today + 73 * k for k in range(1, 6)])
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, 40.0), exercise)
    option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, 400, 800))
    assert exact(5)["price"] == pytest.approx(option.NPV(), rel=2e-4)


def test_a_fitted_rule_leaves_less_than_half_a_per_cent_of_vega_and_rho():
    rule = lg.exercise_rule(MODEL, PUT, seed=3)
    assert -2e-4 < gap(rule, "price") < 1e-7
    for name in ("vega", "rho"):
        assert abs(gap(rule, name)) < 0.005 * abs(exact(50)[name])


def test_a_level_that_is_off_by_a_third_of_a_per_cent_leaves_far_more():
    levels = bermudan.put(**TERMS, dates=50)[1]
    shifted = lg.Exercised(PUT, [level + 0.1 for level in levels])
    assert abs(gap(shifted, "price")) < 5e-4  # nothing that a price would show
    assert gap(shifted, "vega") == pytest.approx(-0.29, abs=0.02)
    assert gap(shifted, "rho") == pytest.approx(0.32, abs=0.02)


def test_a_regression_alone_is_improved_by_the_gradient():
    by_regression = lg.Exercised(TEN, hedged_and_levelled(TEN, drawn(MODEL, TEN.times, 1, 0, 8192))[1])
    assert gap(lg.exercise_rule(MODEL, TEN, seed=1), "price") > 0.5 * gap(by_regression, "price")


@pytest.mark.slow
def test_all_greeks_are_right_within_three_errors_and_the_stated_bias():
    result = lg.greeks(
        MODEL, replace(TEN, rule_paths=65_536), ["delta", "gamma", "vega", "rho", "theta"], paths=50_000, seed=5
    )
    h = 0.36
    up, down = (bermudan.put(**TERMS | {"spot": 36.0 + s * h}, dates=10)[0] for s in (1, -1))
    known = exact(10) | {"delta": (up - down) / (2 * h), "gamma": (up + down - 2 * exact(10)["price"]) / h**2}
    limits = {"price": 0.005, "delta": 0.005, "gamma": 0.06, "vega": 0.005, "rho": 0.005}
    for name, value in known.items():
        found = result[name]
        assert found.standard_error < limits[name] * abs(value)
        assert abs(found.value - value) < 3.0 * found.standard_error + found.bias
        assert found.bias < 0.005 * abs(value)
        assert found.reliable
    equation = 0.06 * known["price"] - 0.06 * 36.0 * known["delta"] - 0.5 * (0.2 * 36.0) ** 2 * known["gamma"]
    assert abs(result["theta"].z_score(equation)) < 4.0  # in between exercise dates the value solves Black and Scholes
    assert result["delta"].bias == 0.0
    assert result.upper_bound.value > known["price"] - 3.0 * result.upper_bound.standard_error
    assert result.upper_bound.value < 1.01 * known["price"]


@pytest.mark.slow
def test_a_shifted_rule_is_flagged_with_the_size_of_its_bias():
    good = lg.exercise_rule(MODEL, TEN, seed=2)
    shifted = replace(good, levels=[level + 0.7 for level in good.levels])
    judged = fitted(MODEL, TEN, 2).judged(MODEL, shifted, ["volatility", "rate"], 2)
    for name, parameter in (("vega", "volatility"), ("rho", "rate")):
        found, truth = judged.bias[parameter], gap(shifted, name)
        assert abs(found.value - truth) < 4.0 * found.error + 0.2 * abs(truth)
        assert abs(found.value) > 4.0 * found.error
    result = lg.greeks(MODEL, shifted, ["delta", "vega"], paths=8192, seed=2)
    assert result["vega"].note.startswith("biased: the exercise rule is not at its best")
    assert not result["delta"].note


def test_a_rule_fitted_on_the_paths_that_it_values_is_worth_too_much_there():
    spot = drawn(MODEL, (0.5, 1.0), 1, 7, 200).spot[[11, 23]]

    def value(level, paths):
        first, last = paths
        stops = first <= level
        return np.where(stops, np.exp(-0.03) * (40.0 - first), np.exp(-0.06) * np.maximum(40.0 - last, 0.0))

    tried = np.sort(spot[0][spot[0] < 40.0])
    best = max(tried, key=lambda level: value(level, spot).mean())
    others = drawn(MODEL, (0.5, 1.0), 1, 8, 100_000).spot[[11, 23]]
    exact_value = bermudan.put(**TERMS, dates=2)[0]
    fresh = value(best, others)
    assert fresh.mean() < exact_value + 3.0 * fresh.std() / np.sqrt(len(fresh))
    own = [
        max(value(level, paths).mean() for level in np.sort(paths[0])[::4]) - value(35.0, paths).mean()
        for paths in (drawn(MODEL, (0.5, 1.0), seed, 7, 200).spot[[11, 23]] for seed in range(8))
    ]
    assert np.mean(own) > 0.05  # a whole per cent of the value, on average, that is not there


def test_rules_and_main_runs_do_not_share_draws():
    first, second = (drawn(MODEL, (1.0,), 1, number, 4096).spot[-1] for number in (0, 1))
    main = MODEL.simulate(np.array([1.0]), lg.engine.greeks.Chunk(1, 0, 4096).stream()).spot[-1]
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06
    assert abs(np.corrcoef(first, main)[0, 1]) < 0.06


def test_what_is_never_worth_exercising_is_european():
    put = lg.exercise_rule(replace(MODEL, rate=0.0), replace(TEN, times=[0.25, 0.5, 0.75]), seed=1)
    free = TERMS | {"rate": 0.0, "dates": 4}
    assert bermudan.put(**free, levels=put.levels)[0] > bermudan.put(**free, levels=(0.0, 0.0, 0.0))[0] - 1e-4
    call = lg.Bermudan(lg.Call(40.0, 1.0), [0.25, 0.5, 0.75], rule_paths=8192)
    assert lg.exercise_rule(lg.GBM(spot=42.0, volatility=0.3, rate=0.05), call, seed=1).levels == (np.inf,) * 3


def test_the_bound_from_above_is_near_and_without_a_hedge_it_is_not():
    found, draws = fitted(MODEL, TEN, 4), drawn(MODEL, TEN.times, 4, 2, 8192)
    noise = increments(found.hedge, draws)
    decisions = Decisions.of(TEN, draws, MODEL)
    bound, below = upper_bound(found.rule, decisions, noise), lower_bound(found.rule, decisions, noise)
    assert abs(below.value - exact(10)["price"]) < 4.0 * below.error < 0.02
    assert exact(10)["price"] - 3.0 * bound.error < bound.value < 1.01 * exact(10)["price"]
    blind = upper_bound(found.rule, decisions, 0.0 * noise)
    assert blind.value > 1.2 * exact(10)["price"]


def test_a_call_on_a_yield_mirrors_a_put():
    put = lg.exercise_rule(lg.GBM(spot=36.0, volatility=0.2, rate=0.06, dividend_yield=0.02), TEN, seed=1)
    mirrored = lg.GBM(spot=40.0, volatility=0.2, rate=0.02, dividend_yield=0.06)
    call = lg.exercise_rule(mirrored, replace(TEN, payoff=lg.Call(36.0, 1.0)), seed=1)
    ratio = np.array(call.levels) / 36.0 * np.array(put.levels) / 40.0  # of the put: K / b, of the call: b / K
    assert np.abs(ratio - 1.0).max() < 0.02


def test_local_volatility_and_curves_have_rules_too():
    flat = lg.LocalVolatility(spot=36.0, rate=0.06, volatility=lambda t, s: 0.2 + 0.0 * s, steps=10)
    curves = lg.TermStructureGBM(spot=36.0, times=[1.0], zero_rates=[0.06], dividend_yields=[0.0], volatilities=[0.2])
    best = bermudan.put(**TERMS, dates=5)[1]
    for model in (flat, curves):
        rule = lg.exercise_rule(model, lg.Bermudan(lg.Put(40.0, 1.0), lg.schedule(1.0, 5), rule_paths=16_384), seed=1)
        assert np.abs(np.array(rule.levels) - best).max() < 0.25


@pytest.mark.slow
def test_on_steep_curves_the_greeks_of_the_rule_are_those_of_quadrature():
    ends = np.array([0.2, 0.4, 0.6, 0.8, 1.0])
    zero, quoted = np.array([0.11, 0.09, 0.07, 0.055, 0.045]), np.array([0.38, 0.31, 0.27, 0.245, 0.23])
    model = lg.TermStructureGBM(spot=36.0, times=ends, zero_rates=zero, dividend_yields=0 * zero, volatilities=quoted)

    def value(levels=None, rate=0.0, volatility=0.0):
        forward = np.diff((zero + rate) * ends, prepend=0.0) / 0.2
        local = np.sqrt(np.diff((quoted + volatility) ** 2 * ends, prepend=0.0) / 0.2)
        return bermudan.put(36.0, 40.0, forward, local, 1.0, 5, levels)

    price, best = value()
    exact, h = {"price": price}, 1e-3
    for greek, name in (("vega", "volatility"), ("rho", "rate")):
        exact[greek] = (value(best, **{name: h})[0] - value(best, **{name: -h})[0]) / (2.0 * h)
    contract = lg.Bermudan(lg.Put(40.0, 1.0), ends, rule_paths=16_384)
    found = lg.greeks(model, contract, ["vega", "rho"], paths=20_000, seed=4)
    for greek, known in exact.items():
        own = found[greek]
        assert own.standard_error < 0.01 * abs(known)
        assert own.bias < 0.005 * abs(known)
        assert abs(own.value - known) < 4.0 * np.hypot(own.standard_error, own.bias)


def test_baselines_and_ladders_keep_the_rule_and_say_so():
    contract = lg.Bermudan(lg.Put(40.0, 1.0), [0.5], rule_paths=8192)
    ladder = lg.scenarios(MODEL, contract, {"spot": [35.0, 37.0]}, greeks=["delta"], paths=4096, seed=1)
    assert any("exercise rule" in remark for remark in ladder.remarks)
    frame = lg.compare(MODEL, contract, ["delta"], paths=4096, seed=1)
    prices = frame.loc["price"]
    assert np.ptp(prices["value"]) < 6.0 * prices["standard_error"].max()


@pytest.mark.parametrize("greek", ["vanna", "volga", ("rate", "rate"), ("spot", "rate")])
def test_second_derivatives_in_parameters_are_refused(greek):
    with pytest.raises(ValueError, match="are not given of one that is exercised early"):
        lg.greeks(MODEL, TEN, [greek], paths=2048, seed=1)
    with pytest.raises(ValueError, match="are not given of one that is exercised early"):
        lg.explain(MODEL, {"spot": 37.0, "volatility": 0.21}, TEN, paths=2048, seed=1)


def test_what_is_not_covered_is_refused():
    heston = lg.Heston(
        spot=36.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.04, vol_of_vol=0.5, correlation=-0.7
    )
    several = lg.CorrelatedGBM({"A": MODEL, "B": MODEL}, correlation={("A", "B"): 0.5})
    with pytest.raises(TypeError, match="the best rule would look at what it draws beneath"):
        lg.greeks(heston, TEN, paths=2048, seed=1)
    with pytest.raises(TypeError, match="payoff Put is on one asset, and the law has 2"):
        lg.exercise_rule(several, TEN, seed=1)
    with pytest.raises(ValueError, match="payoff must have one date, its maturity"):
        lg.Bermudan(lg.Asian(40.0, [0.5, 1.0]), [0.5])
    with pytest.raises(ValueError, match="payoff must pay on its date"):
        lg.Bermudan(lg.Payoff(lambda spot: spot[-1], times=[1.0], payments=1.5), [0.5])
    with pytest.raises(ValueError, match="payoff must nowhere be negative"):
        lg.exercise_rule(MODEL, lg.Bermudan(lg.Payoff(lambda spot: spot[-1] - 40.0, times=[1.0]), [0.5]), seed=1)
    with pytest.raises(ValueError, match="contract must be on a Call or a Put"):
        lg.Exercised(lg.Bermudan(lg.DigitalPut(40.0, 1.0), [0.5]), [35.0])
    with pytest.raises(ValueError, match="times must not be after the maturity 1"):
        lg.Bermudan(lg.Put(40.0, 1.0), [0.5, 1.5])
    with pytest.raises(TypeError, match="has no cash flow before it has a rule"):
        TEN(np.ones((10, 2)))
    with pytest.raises(ValueError, match="levels must be one for each of the 9 dates"):
        lg.Exercised(TEN, [35.0])
    with pytest.raises(ValueError, match="rule_paths must be a whole number of at least 4096"):
        replace(TEN, rule_paths=100)


# -- rules by what going on is worth ---------------------------------------------------------------------------------

PRICE, DELTA, VEGA, CORRELATION = 13.9018, 0.3344, 48.4, -2.78
"""A call on the higher of two assets, by quadrature on both (Broadie and Glasserman have 13.902)."""


def highest(count, rule_paths=16_384):
    """The call, and its law."""
    names = "ABCDE"[:count]
    member = lg.GBM(spot=100.0, volatility=0.2, rate=0.05, dividend_yield=0.10)
    pairs = {(a, b): 0.0 for a in names for b in names if a < b}
    law = lg.CorrelatedGBM(dict.fromkeys(names, member), correlation=pairs)
    return law, lg.Bermudan(lg.BestOf(lg.Call(100.0, 3.0)), lg.schedule(3.0, 3), rule_paths)


@pytest.mark.slow
def test_a_call_on_the_higher_of_two_assets_has_its_greeks():
    law, contract = highest(2)
    result = lg.greeks(law, contract, ["delta", "vega", "correlation"], paths=20_000, seed=2)
    known = {"delta[A]": DELTA, "delta[B]": DELTA, "vega[A]": VEGA, "vega[B]": VEGA, "correlation[A,B]": CORRELATION}
    for name, value in known.items():
        found = result[name]
        assert found.standard_error < 0.08 * abs(value)
        assert abs(found.value - value) < 3.0 * found.standard_error + found.bias
    low, high = result.lower_bound, result.upper_bound
    assert low.standard_error < 0.001 * PRICE
    assert 0.995 * PRICE < low.value < PRICE + 3.0 * low.standard_error
    assert PRICE - 3.0 * high.standard_error < high.value < 1.03 * PRICE


@pytest.mark.slow
def test_a_call_on_the_highest_of_five_assets_lies_between_its_bounds():
    law, contract = highest(5)
    found = fitted(law, lg.Bermudan(contract.payoff.for_assets(law.assets), contract.times, 8192), 1)
    judged = found.judged(law, found.rule, [], 1)
    low, high = judged.lower_bound, judged.upper_bound
    published = 26.15  # Andersen and Broadie (2004), table 2: between 26.12 and 26.18
    assert 0.99 * published < low.value < published + 0.03 + 3.0 * low.error
    assert published - 0.03 - 3.0 * high.error < high.value < 1.04 * published


def test_a_digital_is_exercised_as_soon_as_it_pays():
    digital = lg.Bermudan(lg.DigitalPut(34.0, 1.0, cash=10.0), [0.25, 0.5, 0.75], rule_paths=8192)
    rule = lg.exercise_rule(MODEL, digital, seed=1)
    spot = drawn(MODEL, rule.times, 1, 9, 4096)
    spot = spot.spot[list(spot.rows)]
    first = lg.OneTouch(34.0, "down", 1.0, 10.0, times=[0.25, 0.5, 0.75, 1.0])
    assert np.mean(rule(spot).sum(axis=0) != np.atleast_2d(first(spot)).sum(axis=0)) < 0.01
