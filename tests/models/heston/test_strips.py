"""Many Europeans under one Heston law: what one strike at a time gives, what QuantLib prices, and error control."""

from itertools import pairwise

import numpy as np
import pytest
import QuantLib as ql

import likelihood_greeks as lg
from likelihood_greeks.models.europeans import european_jet
from likelihood_greeks.models.heston import bundles, fourier, strips
from likelihood_greeks.models.heston.parameters import VARIANCE
from likelihood_greeks.parameters import coordinates
from tests.support.heston_reference import angled_contour

# Feller's condition is badly violated in the second; the last is almost Black's model.
SETS = {
    "desk": (0.04, 2.0, 0.04, 0.3, -0.7),
    "feller far off": (0.04, 0.5, 0.04, 1.0, -0.9),
    "positive correlation": (0.05, 1.3, 0.03, 0.6, 0.5),
    "almost one factor": (0.03, 1.7, 0.05, 0.6, -0.95),
    "an index": (0.19, 15.6, 0.075, 3.3, -0.51),
    "little noise": (0.04, 1.0, 0.04, 1e-3, -0.5),
}
CURVES = lg.Curves(times=[0.5, 3.0], zero_rates=[0.01, 0.04], dividend_yields=[0.02, 0.0])
NAMES = (*VARIANCE, "maturity", "log_moneyness")


def law_of(values, **changes):
    return lg.Heston(spot=93.0, rate=0.02, dividend_yield=0.01, **dict(zip(VARIANCE, values, strict=True)), **changes)


def worst(ours, exact, unit):
    """Largest error of a value and its derivatives, per unit changes of the coordinates."""
    errors = (
        abs(ours.value - exact.value),
        np.abs(ours.gradient - exact.gradient) * unit,
        np.abs(ours.hessian - exact.hessian) * np.outer(unit, unit),
    )
    return max(float(np.max(error)) for error in errors)


@pytest.mark.parametrize("parameters", SETS.values(), ids=SETS.keys())
@pytest.mark.parametrize("maturity", [1 / 365, 0.1, pytest.param(1.0, marks=pytest.mark.slow), 10.0])
def test_strikes_together_are_each_alone(parameters, maturity):
    values = dict(zip(VARIANCE, parameters, strict=True))
    strikes = np.array([-6.0, -1.3, 0.02, 2.0, 6.0]) * np.sqrt(values["long_run_variance"] * maturity)
    found = strips.vanilla_strips(values, NAMES, strikes, np.full(5, maturity))
    for place, k in enumerate(strikes.tolist()):
        here = {**values, "maturity": maturity, "log_moneyness": k}
        unit = np.array([fourier.unit_change(name, here) for name in NAMES])
        for jets, exact in zip(found, fourier.integrals(here), strict=True):
            ours = jets.entries(np.asarray(place))
            assert worst(ours, exact, unit) <= 1e-10  # second derivatives of a day; mostly 1e-14
    wrong = {**values, "initial_variance": values["initial_variance"] * (1.0 + 1e-6)}
    exact = fourier.integrals({**wrong, "maturity": maturity, "log_moneyness": float(strikes[2])})[1]
    assert abs(found[1].value[2] - exact.value) > 1e-10


@pytest.mark.parametrize("curves", [None, CURVES], ids=["flat", "curves"])
def test_options_of_two_pieces_are_each_what_the_law_says_one_by_one(curves):
    law, rng = law_of(SETS["desk"], curves=curves), np.random.default_rng(4)
    triggers, times = rng.uniform(60.0, 140.0, 12), rng.choice([0.02, 0.7, 2.5], 12)
    below, above = rng.normal(size=(2, 2, 12)) * np.array([[[40.0], [1.0]], [[40.0], [1.0]]])
    names = coordinates(law)
    found = law.european_jets(triggers, tuple(below), tuple(above), times, names)
    variance = dict(zip(VARIANCE, SETS["desk"], strict=True))
    scale = np.array([93.0, *(fourier.unit_change(name, variance) for name in VARIANCE), 1.0, 1.0, 1.0])
    for place in range(12):
        exact = european_jet(law, triggers[place], tuple(below[:, place]), tuple(above[:, place]), times[place])
        assert found.names == exact.names
        assert worst(found.entries(np.asarray(place)), exact, scale) <= 1e-9 * 93.0


def test_only_the_derivatives_asked_for_are_there():
    law, strikes, times = law_of(SETS["desk"], curves=CURVES), np.array([80.0, 95.0, 120.0]), np.array([0.5, 2.0, 0.5])
    sides = (np.zeros(3), np.zeros(3)), (-strikes, np.ones(3))
    full = law.european_jets(strikes, *sides, times, coordinates(law))
    for names in ((), ("rate",), ("vol_of_vol",), ("time", "spot"), ("correlation", "dividend_yield")):
        part = law.european_jets(strikes, *sides, times, names)
        own = full.only(names)
        assert part.names == names
        np.testing.assert_allclose(part.value, own.value, rtol=1e-12)
        np.testing.assert_allclose(part.gradient, own.gradient, rtol=1e-11)
        np.testing.assert_allclose(part.hessian, own.hessian, rtol=1e-9, atol=1e-12)


def test_prices_agree_with_quantlib():
    counter, days = ql.Actual365Fixed(), (30, 365)
    law, strikes = law_of(SETS["feller far off"]), np.linspace(60.0, 130.0, 8)
    with ql.SavedSettings():
        today = ql.Date(15, 6, 2023)
        ql.Settings.instance().evaluationDate = today
        r, q = (ql.YieldTermStructureHandle(ql.FlatForward(today, z, counter)) for z in (law.rate, law.dividend_yield))
        v0, kappa, theta, xi, rho = SETS["feller far off"]
        process = ql.HestonProcess(r, q, ql.QuoteHandle(ql.SimpleQuote(law.spot)), v0, kappa, theta, xi, rho)
        rule = angled_contour(ql.HestonModel(process))
        for day in days:
            times = np.full(len(strikes), day / 365)
            jets = law.european_jets(strikes, (np.zeros(8), np.zeros(8)), (-strikes, np.ones(8)), times, ())
            for strike, value in zip(strikes.tolist(), jets.value.tolist(), strict=True):
                payoff = ql.PlainVanillaPayoff(ql.Option.Call, strike)
                option = ql.VanillaOption(payoff, ql.EuropeanExercise(today + day))
                option.setPricingEngine(rule)
                assert law.discount(day / 365) * value == pytest.approx(option.NPV(), abs=1e-11)


def test_a_strike_that_does_not_settle_with_others_is_summed_alone(monkeypatch):
    values = dict(zip(VARIANCE, SETS["desk"], strict=True))
    k, t = np.array([-0.3, 0.0, 0.2]), np.array([0.4, 0.4, 2.0])
    together = strips.vanilla_strips(values, NAMES, k, t)
    monkeypatch.setattr(strips, "NODES", bundles.NODES[:0])
    alone = strips.vanilla_strips(values, NAMES, k, t)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.hessian, other.hessian, rtol=1e-10, atol=1e-12)
    monkeypatch.setattr(fourier, "STEPS", (1 / 2, 1 / 4))
    for jet in strips.vanilla_strips(values, NAMES, k, t):
        assert np.isnan(jet.value).all()
        assert np.isnan(jet.hessian).all()


def test_too_few_nodes_and_too_short_contours_are_noticed(monkeypatch):
    values, calls = dict(zip(VARIANCE, SETS["feller far off"], strict=True)), []
    k, t = np.linspace(-0.1, 0.1, 5), np.full(5, 0.1)
    monkeypatch.setattr(strips, "_alone", lambda *arguments: calls.append(arguments))
    strips.vanilla_strips(values, NAMES, k, t)
    assert not calls
    with monkeypatch.context() as patch:
        patch.setattr(strips, "NODES", (16,) * len(bundles.NODES))
        strips.vanilla_strips(values, NAMES, k, t)
    assert len(calls) == 5
    monkeypatch.setattr(strips, "BEYOND", -4.0)
    strips.vanilla_strips(values, NAMES, k, t)
    assert len(calls) == 10


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"triggers": np.array([90.0, 0.0])}, "triggers must be positive and finite"),
        ({"times": np.array([1.0, np.nan])}, "times must be positive and finite"),
        ({"names": ("volatility",)}, "name must be one of"),
    ],
    ids=lambda own: str(own) if isinstance(own, str) else "",
)
def test_bad_options_are_refused(change, says):
    ones = np.ones(2)
    arguments = {"triggers": 90.0 * ones, "times": ones, "names": ("spot",), **change}
    with pytest.raises(ValueError, match=says):
        law_of(SETS["desk"]).european_jets(
            arguments["triggers"], (ones, ones), (ones, ones), arguments["times"], arguments["names"]
        )


def test_calls_fall_and_are_convex_in_the_strike():
    law, strikes = law_of(SETS["an index"]), np.linspace(30.0, 250.0, 300)
    zero, ones = np.zeros(300), np.ones(300)
    calls = law.european_jets(strikes, (zero, zero), (-strikes, ones), 0.4 * ones, ()).value
    slopes = np.diff(calls) / np.diff(strikes)
    assert np.all((slopes <= 1e-12) & (slopes >= -1.0 - 1e-12))
    assert all(after >= before - 1e-11 for before, after in pairwise(slopes.tolist()))
