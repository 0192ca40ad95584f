"""Twins on the geometric average: known exactly, moved rightly, of mean zero, and worth their work."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from helpers import MODEL, UNEVEN, assert_estimates, draw

import likelihood_greeks as lg
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators import averages, plan
from likelihood_greeks.estimators.averages import LogAverage, Twin
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.estimators.relaxation import ladder
from likelihood_greeks.estimators.selection import Load
from likelihood_greeks.estimators.skeletons import Handover, Motion, Moved
from likelihood_greeks.estimators.specific import rows
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.payoffs.tape import Tape
from likelihood_greeks.validation import closed_form, quadrature

CURVES = lg.TermStructureGBM(
    spot=93.0, times=(0.3, 0.8, 1.3), zero_rates=(0.01, 0.03, 0.04), dividend_yields=(0.0, 0.02, 0.017),
    volatilities=(0.35, 0.27, 0.25),
)  # fmt: skip
MODELS = pytest.mark.parametrize("model", [MODEL, CURVES], ids=["GBM", "curves"])
NAMES = coordinates(MODEL)
FIRST = [(name,) for name in NAMES]
SECOND = [(a, b) for i, a in enumerate(NAMES) for b in NAMES[i:]]
MONTHLY = tuple((np.arange(1, 13) / 12).tolist())
GREEKS = ["delta", "gamma", "vega", "rho"]
EVERYTHING = (0, 1, 2, 3)


def motion(model, n_paths=1000, seed=1, needed=(*FIRST, *SECOND)):
    return Motion(model, weigh(model, draw(model, UNEVEN, n_paths, seed), needed))


def prices(model, times, level):
    """Expectations of the digital and of the call."""
    twins = Twin((0,), level, "digital"), Twin((0,), level, "call")
    return [averages._known(model, twin, times)[1] for twin in twins]


# -- what is known ---------------------------------------------------------------------------------------------


def test_the_price_and_every_greek_of_a_call_are_those_of_the_analytic_geometric_asian():
    payoff = lg.Asian(97.0, UNEVEN, average="geometric")
    exact = closed_form.price(MODEL, payoff)  # checked against QuantLib's analytic engine
    found = prices(MODEL, UNEVEN, 97.0)[1] * MODEL.discount_jet(np.asarray(UNEVEN[-1]))
    for derivative in [(), *FIRST, *SECOND]:
        np.testing.assert_allclose(found.derivative(*derivative), exact.derivative(*derivative), rtol=1e-9, atol=1e-9)


@MODELS
@pytest.mark.parametrize("name", NAMES)
def test_mean_and_variance_of_an_average_differentiate_to_their_jets(model, name):
    def at(h):
        if name == TIME:
            return (model.later(h) if model is CURVES else model), tuple(np.array(UNEVEN) - h)
        return replace(model, **{name: getattr(model, name) + h}), UNEVEN

    h, known = 1e-5, model.average_jets(UNEVEN)
    up, down = (law.average_jets(times) for law, times in (at(h), at(-h)))
    for jet, above, below in zip(known, up, down, strict=True):
        difference = (above.value - below.value) / (2 * h)
        np.testing.assert_allclose(jet.derivative(name), difference, rtol=1e-7, atol=1e-8)
        alike = [n for n in NAMES if (name, n, model) != (TIME, "volatility", CURVES)]  # later, it shifts another curve
        for other in alike:  # second derivatives from first ones
            difference = (above.derivative(other) - below.derivative(other)) / (2 * h)
            np.testing.assert_allclose(jet.derivative(other, name), difference, rtol=1e-6, atol=1e-7)


@MODELS
def test_the_law_of_the_average_is_that_of_drawn_paths(model):
    log_average = np.log(draw(model, n_paths=200_000).spot[1:]).mean(axis=0)
    mean, variance = (float(jet.value) for jet in model.average_jets(UNEVEN[1:]))
    assert abs(log_average.mean() - mean) < 4.0 * np.sqrt(variance / 200_000)
    assert abs(log_average.var() / variance - 1.0) < 4.0 * np.sqrt(2.0 / 200_000)


# -- how it moves ----------------------------------------------------------------------------------------------


@MODELS
@pytest.mark.parametrize("fixings", [EVERYTHING, (1, 3)], ids=str)
@pytest.mark.parametrize("skeleton", [(), (3,), (1, 3), (0, 2), EVERYTHING], ids=str)
def test_a_function_of_the_average_is_handed_over_as_any_payoff_with_its_gradient(model, fixings, skeleton):
    moving = motion(model, 50)
    average = np.exp(np.log(moving.drawn.spot[list(fixings)]).mean(axis=0))
    gradient = np.zeros_like(moving.drawn.spot)
    gradient[list(fixings)] = 2.0 * average**2 / len(fixings)
    payoff, handover = Moved(moving, average**2, gradient), Handover(skeleton, moving.drawn.rate)
    for derivative in [*FIRST, *SECOND]:
        found = LogAverage(moving, fixings).integrand(average**2, 2.0 * average**2, handover, derivative)
        expected = payoff.first(*derivative, handover) if len(derivative) == 1 else payoff.second(derivative, handover)
        np.testing.assert_allclose(
            found, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max(), err_msg=str(derivative)
        )


# -- mean zero -------------------------------------------------------------------------------------------------

TWINS = [
    Twin(EVERYTHING, 95.0, "digital"),
    Twin((1, 3), 95.0, "call"),
    Twin(EVERYTHING, 95.0, "digital", 9.0, EVERYTHING),
    Twin((1, 3), 95.0, "digital", 3.0, EVERYTHING),
    Twin(EVERYTHING, 95.0, "call", 20.0, EVERYTHING),
    Twin(EVERYTHING, 95.0, "call", 12.0, (1, 3)),
    Twin((0, 1, 2), 95.0, "call", 12.0, (3,)),
    Twin(EVERYTHING, 95.0, "call", 9.0, EVERYTHING, rounded=False),
    Twin(EVERYTHING, 1e-4, "call", 1e-4, EVERYTHING),
]
CHECKED = [*FIRST, ("spot", "spot"), ("spot", "volatility"), (TIME, "spot")]


def moments(model, seed):
    """Of every twin for every derivative, (n_derivatives, n_twins)."""
    payoff, combinations = lg.Asian(95.0, UNEVEN), [{d: 1.0} for d in CHECKED]
    chunks = (rows(TWINS, motion(model, 10_000, seed + k, CHECKED), payoff, combinations) for k in range(20))
    return reduce(Moments.merge, map(Moments.of, chunks))


@MODELS
def test_every_twin_has_mean_zero_for_every_greek_and_five_per_cent_would_be_seen(model):
    found = moments(model, seed=100)
    z = found.mean / np.maximum(found.standard_error, 1e-300)
    np.testing.assert_array_less(np.abs(found.mean), 4.3 * found.standard_error + 1e-9)  # 144 of them
    for column, twin in enumerate(TWINS):
        times = tuple(np.array(UNEVEN)[list(twin.rows)].tolist())
        exact = averages._known(model, twin, times)[1]
        error = 0.05 * (exact.derivative("spot") if twin.width else exact.derivative())
        assert abs(z[0, column] + error / max(found.standard_error[0, column], 1e-300)) > 6.0, twin.name


# -- what is offered -------------------------------------------------------------------------------------------


def twins_of(model, function, times=UNEVEN):
    payoff = lg.Payoff(function, times)
    drawn = weigh(model, draw(model, times, 4096, seed=3), [("spot",)])
    offers, _ = plan.offered(model, payoff, drawn, Load(len(times)), np.random.default_rng(1))
    return [offer for offer in offers if isinstance(offer, Twin)]


@pytest.mark.parametrize(
    ("function", "fixings"),
    [
        (lambda s: np.maximum(s.mean(axis=0) - 95.0, 0.0), EVERYTHING),
        (lambda s: 1.0 * (s[1:].sum(axis=0) > 285.0), (1, 2, 3)),
        (lambda s: np.where((s[2] + s[3]) / 2.0 > 95.0, s[-1], 0.0), (2, 3)),
        (lambda s: np.maximum(s[-1] - 95.0, 0.0), None),
        (lambda s: 1.0 * (s.max(axis=0) > 95.0), None),
        (lambda s: np.maximum(s[-1] - s.mean(axis=0), 0.0), None),
        (lambda s: s.mean(axis=0), None),
    ],
)
def test_averages_that_are_compared_get_twins_and_nothing_else_does(function, fixings):
    assert {twin.rows for twin in twins_of(MODEL, function)} == ({fixings} if fixings else set())


def test_a_law_that_is_not_lognormal_gets_none():
    model = lg.Heston(
        spot=93.0, initial_variance=0.04, mean_reversion=1.5, long_run_variance=0.05, vol_of_vol=0.5, correlation=-0.6
    )
    assert not twins_of(model, lambda s: np.maximum(s.mean(axis=0) - 95.0, 0.0))


def test_the_twins_level_is_where_its_average_stands_when_the_payoffs_is_at_its_own():
    level = next(twin.level for twin in twins_of(MODEL, lambda s: 1.0 * (s.mean(axis=0) > 110.0)))
    spot = draw(MODEL, n_paths=200_000, seed=9).spot
    away = spot.mean(axis=0) - 110.0
    there = (np.exp(np.log(spot).mean(axis=0)) - away)[np.abs(away) < 1.0]
    assert abs(there.mean() - level) < 0.03  # standard errors: 0.008 here, about 0.012 in the level
    assert abs(there.mean() - 110.0) > 0.5


def test_its_relaxation_is_as_wide_as_the_payoffs_own():
    payoff = lg.Payoff(lambda s: 1.0 * (s.sum(axis=0) > 380.0), UNEVEN)  # four times an average of 95
    (twin,) = {t.width for t in twins_of(MODEL, payoff.function) if t.kind == "digital" and t.width}
    spot = draw(MODEL, UNEVEN, 4096, seed=3).spot
    widest = ladder(payoff, spot, np.random.default_rng(1), Tape(lambda *_: 0.0))[-1]
    assert twin == pytest.approx(float(widest.widths[0]) / 4.0, rel=1e-12)


# -- what it is worth ------------------------------------------------------------------------------------------


def test_twins_divide_the_variance_of_an_asians_greeks_by_twenty_and_more(monkeypatch):
    model, payoff = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01), lg.Asian(100.0, MONTHLY)
    found = lg.greeks(model, payoff, GREEKS, paths=60_000, seed=5)
    monkeypatch.setattr(averages, "offered", lambda *_: iter(()))
    without = lg.greeks(model, payoff, GREEKS, paths=60_000, seed=5)
    ratio = {name: (without[name].standard_error / found[name].standard_error) ** 2 for name in ["price", *GREEKS]}
    assert min(ratio.values()) > 15.0  # measured: 24 (vega) to 270 (gamma)
    assert min(ratio[name] for name in ("delta", "gamma", "rho")) > 60.0


@pytest.mark.parametrize("payoff", [lg.Asian(96.0, UNEVEN, kind="put"), quadrature.AsianDigital(110.0, UNEVEN)])
def test_estimates_with_twins_agree_with_quadrature(payoff):
    found = lg.greeks(MODEL, payoff, ["delta", "gamma", "vega", "rho"], paths=100_000, seed=21)
    controls = found.diagnostics.controls
    assert controls[controls.used].control.str.startswith("geometric").any()
    for name in ("delta", "gamma", "vega", "rho"):
        exact = quadrature.greek(MODEL, payoff, name).value
        assert_estimates(found[name], exact, max_standard_error=0.01 * abs(exact))
        with pytest.raises(AssertionError):
            assert_estimates(found[name], 1.05 * exact, max_standard_error=0.01 * abs(exact))
