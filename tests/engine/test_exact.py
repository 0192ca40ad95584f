"""Europeans in closed form: against QuantLib's engines and the differences of a formula of their own; no error."""

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.engine.exact import METHOD, exact, price
from likelihood_greeks.models.capabilities import KnowsEuropeans, has
from likelihood_greeks.parameters import requested

MATURITY = 0.8
FLAT = lg.GBM(spot=93.0, volatility=0.27, rate=-0.013, dividend_yield=0.017)
CURVES = lg.TermStructureGBM(
    spot=93.0, times=[0.25, 1.0], zero_rates=[0.01, 0.05], dividend_yields=[0.03, 0.01], volatilities=[0.35, 0.25]
)
HESTON = lg.Heston(
    spot=93.0, initial_variance=0.05, mean_reversion=1.4, long_run_variance=0.06, vol_of_vol=0.6, correlation=-0.6,
    rate=0.02, dividend_yield=0.01,
)  # fmt: skip
OPTIONS = [
    lg.Call(88.0, MATURITY),
    lg.Put(101.0, MATURITY),
    lg.DigitalCall(97.0, MATURITY, cash=3.5),
    lg.DigitalPut(97.0, MATURITY, cash=3.5),
    lg.AssetOrNothingCall(85.0, MATURITY),
    lg.AssetOrNothingPut(104.0, MATURITY),
    lg.GapCall(strike=90.0, trigger=102.0, maturity=MATURITY),
    lg.GapPut(strike=90.0, trigger=83.0, maturity=MATURITY),
]
STEPS = {"spot": 0.1, "volatility": 4e-4, "rate": 1e-3, "dividend_yield": 1e-3, "time": 5e-4}


NODES, WEIGHTS = np.polynomial.legendre.leggauss(240)


def integrated(option, forward, variance, discount):
    """The value by quadrature of the payoff over the normal log-spot, on either side of its trigger."""
    deviation, trigger = np.sqrt(variance), getattr(option, "trigger", option.strike)
    at = (np.log(trigger / forward) + 0.5 * variance) / deviation
    total = 0.0
    for a, b in ((min(at - 10.0, -12.0), at), (at, max(at + 10.0, 12.0))):
        z = 0.5 * (a + b) + 0.5 * (b - a) * NODES
        paid = option(forward * np.exp(deviation * z - 0.5 * variance)[None])
        total += 0.5 * (b - a) * float(WEIGHTS @ (paid * np.exp(-0.5 * z**2))) / np.sqrt(2.0 * np.pi)
    return discount * total


def reference(model, option, **moves):
    """The value of moved parameters, every date nearer by ``time``: curves written out anew, then quadrature."""
    tau = moves.pop("time", 0.0)
    at = {name: getattr(model, name) + moves.get(name, 0.0) for name in model.parameters}
    if isinstance(model, lg.GBM):
        left = MATURITY - tau
        accrued = {"rate": at["rate"] * left, "dividend_yield": at["dividend_yield"] * left}
        variance = at["volatility"] ** 2 * left
    else:  # between nodes t z is linear; before the first what has elapsed is gone
        first, last = model.times
        share = (MATURITY - first) / (last - first)

        def curve(nodes):
            return (1.0 - share) * nodes[0] * first + share * nodes[1] * last - nodes[0] * tau

        quoted = {"rate": model.zero_rates, "dividend_yield": model.dividend_yields}
        accrued = {name: curve([node + at[name] for node in nodes]) for name, nodes in quoted.items()}
        variance = curve([(v + at["volatility"]) ** 2 for v in model.volatilities])
    forward = at["spot"] * np.exp(accrued["rate"] - accrued["dividend_yield"])
    return integrated(option, forward, variance, np.exp(-accrued["rate"]))


def difference(model, option, first, second=None):
    """A first or second central difference of the reference."""
    if second is None:
        h = STEPS[first]
        return (reference(model, option, **{first: h}) - reference(model, option, **{first: -h})) / (2.0 * h)

    def corner(x, y):
        moves = dict.fromkeys((first, second), 0.0)
        moves[first] += x
        moves[second] += y
        return reference(model, option, **moves)

    h, k = STEPS[first], STEPS[second]
    return (corner(h, k) - corner(h, -k) - corner(-h, k) + corner(-h, -k)) / (4.0 * h * k)


@pytest.mark.parametrize("model", [FLAT, CURVES], ids=["flat", "curves"])
@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: type(o).__name__)
def test_every_greek_is_a_difference_of_the_value_by_quadrature(model, option):
    singles, pairs = [(a,) for a in STEPS], list(combinations_with_replacement(STEPS, 2))
    labels = {("time",): "theta", **{(a,): a for a in STEPS if a != "time"}, **{pair: pair for pair in pairs}}
    found = lg.greeks(model, option, labels.values(), seed=1, closed_form=True)
    assert found["price"].value == pytest.approx(reference(model, option), rel=1e-11)
    for names in (*singles, *pairs):
        value, expected = found[labels[names]].value, difference(model, option, *names)
        gate = 3e-4 * (abs(expected) + 1.0)
        assert abs(value - expected) < gate, names
        assert abs(1.05 * value + gate - expected) > gate or abs(value) < 0.1, names  # five per cent would be noticed


@pytest.mark.parametrize(
    ("spot", "volatility", "rate", "maturity"),
    [(40.0, 0.2, 0.0, 0.1), (250.0, 0.2, 0.0, 0.1), (93.0, 0.6, -0.02, 1 / 365), (93.0, 0.02, 0.03, 5.0)],
)
@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: type(o).__name__)
def test_wings_and_short_maturities_keep_all_digits(option, spot, volatility, rate, maturity):
    option = replace(option, maturity=maturity)
    model = lg.GBM(spot=spot, volatility=volatility, rate=rate)
    found = lg.greeks(model, option, seed=1, closed_form=True)
    forward, discount = spot * np.exp(rate * maturity), np.exp(-rate * maturity)
    expected = integrated(option, forward, volatility**2 * maturity, discount)
    assert found["price"].value == pytest.approx(expected, rel=1e-8, abs=1e-300)
    assert all(np.isfinite(estimate.value) and estimate.standard_error == 0.0 for estimate in found.estimates.values())


def quantlib_value(model, option):
    """By QuantLib's Black--Scholes or Heston engine; calls, puts and, under Black--Scholes, digitals."""
    today = ql.Date(5, 7, 2002)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()
    rate, dividend = (
        ql.YieldTermStructureHandle(ql.FlatForward(today, x, days)) for x in (model.rate, model.dividend_yield)
    )
    spot = ql.QuoteHandle(ql.SimpleQuote(model.spot))
    kind = ql.Option.Call if isinstance(option, (lg.Call, lg.DigitalCall)) else ql.Option.Put
    paid = (
        ql.PlainVanillaPayoff(kind, option.strike)
        if isinstance(option, (lg.Call, lg.Put))
        else ql.CashOrNothingPayoff(kind, option.strike, option.cash)
    )
    quoted = ql.VanillaOption(paid, ql.EuropeanExercise(today + round(365 * MATURITY)))
    if isinstance(model, lg.Heston):
        variance = (model.initial_variance, model.mean_reversion, model.long_run_variance, model.vol_of_vol)
        process = ql.HestonProcess(rate, dividend, spot, *variance, model.correlation)
        quoted.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-12, 100_000))
        return {"price": quoted.NPV()}
    surface = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), model.volatility, days))
    process = ql.BlackScholesMertonProcess(spot, dividend, rate, surface)
    quoted.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    names = {"delta": "delta", "gamma": "gamma", "vega": "vega", "rho": "rho", "dividend_rho": "dividendRho"}
    return {"price": quoted.NPV()} | {ours: getattr(quoted, theirs)() for ours, theirs in names.items()}


@pytest.mark.parametrize(("model", "option"), [*((FLAT, o) for o in OPTIONS[:4]), *((HESTON, o) for o in OPTIONS[:2])])
def test_quantlib_agrees(model, option):
    found = lg.greeks(model, option, ["delta", "gamma", "vega", "rho", "dividend_rho"], seed=1, closed_form=True)
    for greek, value in quantlib_value(model, option).items():
        assert found[greek].value == pytest.approx(value, rel=1e-8), greek


@pytest.mark.parametrize("option", OPTIONS, ids=lambda o: type(o).__name__)
def test_heston_by_quadrature_of_its_density(option):
    # The density is tabulated from Fourier integrals of its own; parameters are moved in the law, dates in the option.
    def value(h=0.0, name="spot"):
        law = replace(HESTON, **{name: getattr(HESTON, name) + h}).terminal(MATURITY)
        trigger, total = getattr(option, "trigger", option.strike), 0.0
        for a, b in ((np.log(2.0), np.log(trigger)), (np.log(trigger), np.log(4000.0))):
            x = 0.5 * (a + b) + 0.5 * (b - a) * NODES
            spot = np.exp(x)
            total += 0.5 * (b - a) * float(WEIGHTS @ (option(spot[None]) * law.density(spot) * spot))
        return law.discount(MATURITY) * total

    names = [*HESTON.parameters]
    found = lg.greeks(HESTON, option, names, seed=1, closed_form=True)
    assert found["price"].value == pytest.approx(value(), rel=1e-6)
    for name in ("spot", "correlation", "vol_of_vol"):
        h = 0.05 if name == "spot" else 1e-3
        slope = (value(h, name) - value(-h, name)) / (2.0 * h)
        assert found[name].value == pytest.approx(slope, rel=2e-4, abs=2e-4), name


def test_simulation_agrees_and_names_itself():
    model, option = CURVES, OPTIONS[6]
    names = ["delta", "gamma", "vega", "theta", "vanna", "volga", "charm"]
    drawn = lg.greeks(model, option, names, paths=20_000, seed=3)
    sure = lg.greeks(model, option, names, seed=3, closed_form=True)
    assert sure.method == METHOD != drawn.method
    for greek in names:
        assert abs(drawn[greek].z_score(sure[greek].value)) < 4.0
        assert sure[greek].standard_error == 0.0
        assert sure[greek].n_paths == 0


class Unknowing:
    """A lognormal law that does not know its Europeans, or only digitals and calls."""

    def __init__(self, vanillas):
        self.parameters, self.spot = FLAT.parameters, FLAT.spot
        self.simulate, self.log_density = FLAT.simulate, FLAT.log_density
        self.discount_jet, self.forward_jet = FLAT.discount_jet, FLAT.forward_jet
        if vanillas:
            self.vanilla_jets = FLAT.vanilla_jets


def test_a_law_with_digitals_and_calls_has_all_and_one_without_is_simulated():
    for option in OPTIONS:
        value, exactly = price(Unknowing(True), option), price(FLAT, option)
        assert value.value == pytest.approx(exactly.value, rel=1e-10)
        np.testing.assert_allclose(value.hessian, exactly.hessian, rtol=1e-8, atol=1e-7)
    assert price(Unknowing(False), OPTIONS[0]) is None
    assert price(FLAT, lg.Asian(100.0, times=[0.5, 1.0])) is None
    drawn = lg.greeks(FLAT, lg.Asian(100.0, times=[0.5, 1.0]), ["delta"], paths=512, seed=1, closed_form=True)
    assert drawn["delta"].standard_error > 0.0


def test_a_law_may_say_that_it_does_not_know():
    class Shy(Unknowing):
        def european_jet(self, trigger, below, above, time):
            return None

    assert has(Shy(False), KnowsEuropeans)
    assert exact(Shy(True), OPTIONS[0], requested(["delta"], FLAT)) is None


def test_what_is_paid_later_is_discounted_from_then():
    class Later:
        times, payments, pieces, maturity = (MATURITY,), (1.0,), OPTIONS[0].pieces, MATURITY

        def __call__(self, spot):
            return OPTIONS[0](spot)[None]

    shift = np.exp(-FLAT.rate * (1.0 - MATURITY))
    assert price(FLAT, Later()).value == pytest.approx(shift * price(FLAT, OPTIONS[0]).value, rel=1e-13)
