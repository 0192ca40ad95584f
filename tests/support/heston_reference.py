"""Heston references that are not ours: QuantLib's semi-analytic engine, and differences of its prices."""

from dataclasses import replace

import QuantLib as ql

from likelihood_greeks import Heston
from likelihood_greeks.models.heston.spot import ConditionalSpot
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.parameters import TIME, resolve
from likelihood_greeks.payoffs.european import Call

DAYS = 365
INTEGRATION = getattr(ql, "FourierIntegration", None) or ql.AnalyticHestonEngine_Integration  # its older name


def angled_contour(law: ql.HestonModel) -> ql.AnalyticHestonEngine:
    """QuantLib's engine on Andersen and Lake's contour with a double-exponential rule: prices to twelve digits."""
    engine = ql.AnalyticHestonEngine
    return engine(law, engine.AngledContour, INTEGRATION.expSinh(1e-13))


def model(v0, kappa, theta, xi, rho, rate, dividend_yield=0.0):
    return Heston(
        spot=100.0, initial_variance=v0, mean_reversion=kappa, long_run_variance=theta, vol_of_vol=xi,
        correlation=rho, rate=rate, dividend_yield=dividend_yield,
    )  # fmt: skip


DESK = model(0.04, 2.0, 0.04, 0.3, -0.7, 0.05, 0.02)
BK1 = model(0.010201, 6.21, 0.019, 0.61, -0.7, 0.0319)  # Broadie and Kaya (2006): call 6.8061 at K = 100
LEWIS = model(0.04, 4.0, 0.25, 1.0, -0.5, 0.01, 0.02)  # Lewis: call 16.070154917 at K = 100, T = 1
FV1 = model(0.04, 1.5, 0.04, 1.0, -0.9, 0.03)  # Feller's condition violated: 0.24 degrees of freedom
FV5 = model(0.04, 0.5, 0.04, 1.0, -0.9, 0.03)  # 0.08 degrees of freedom


def call_price(law: Heston, strike: float, days: int) -> float:
    """QuantLib's price of a call; maturities are whole days over 365."""
    today, counter = ql.Date(15, 6, 2023), ql.Actual365Fixed()
    with ql.SavedSettings():
        ql.Settings.instance().evaluationDate = today

        def curve(rate):
            return ql.YieldTermStructureHandle(ql.FlatForward(today, rate, counter, ql.Continuous))

        process = ql.HestonProcess(
            curve(law.rate), curve(law.dividend_yield), ql.QuoteHandle(ql.SimpleQuote(law.spot)), law.initial_variance,
            law.mean_reversion, law.long_run_variance, law.vol_of_vol, law.correlation,
        )  # fmt: skip
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, strike), ql.EuropeanExercise(today + days))
        option.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-12, 1_000_000))
        return option.NPV()


def price(law: Heston, payoff, days: int) -> float:
    """Price of a call, or of a digital call as minus the derivative of the call in the strike."""
    if isinstance(payoff, Call):
        return call_price(law, payoff.strike, days)
    step = 0.005 * payoff.strike
    return -float(
        five_point(lambda s: call_price(law, payoff.strike + s["strike"], days), ("strike",), {"strike": step})
    )


def greek(law: Heston, payoff, name) -> float:
    """A Greek by five-point differences of QuantLib's prices, in time by whole days."""
    days = round(payoff.maturity * DAYS)

    def shifted(shifts):
        elapsed = round(shifts.get(TIME, 0.0) * DAYS)
        moved = {key: getattr(law, key) + h for key, h in shifts.items() if key != TIME}
        return price(replace(law, **moved), payoff, days - elapsed)

    steps = {key: 0.01 * max(abs(getattr(law, key)), 0.02) for key in law.parameters} | {TIME: 2.0 / DAYS}
    terms = resolve(name, law)
    return float(sum(w * (five_point(shifted, names, steps) if names else shifted({})) for names, w in terms.items()))


def conditional_spot(law: Heston, paths) -> ConditionalSpot:
    """The law of the spot given what was drawn beneath it."""
    return ConditionalSpot(law, law._beneath(paths))


def scores_beneath(law: Heston, paths, name):
    """The parts of a score that belong to the variance and to the integrated variance."""
    beneath = law._beneath(paths)
    along, steps = beneath._direction(name), paths.substeps[0]
    clock = beneath._clock().leading({"initial_variance": 1, TIME: steps}.get(name, sum(paths.substeps)))
    return clock.steps.score(along).sum(axis=0), clock.score(beneath.integral[: len(clock.mean)], along).sum(axis=0)
