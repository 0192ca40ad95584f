"""Twins exercised by the geometric average: known exactly, of mean zero, and worth their work."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls import averages, offers
from likelihood_greeks.controls.averages import Twin
from likelihood_greeks.controls.protocol import SharedPaths
from likelihood_greeks.controls.selection import Load
from likelihood_greeks.engine import payoff_group
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.validation import closed_form, quadrature
from tests.support.gates import MODEL, UNEVEN, assert_estimates, draw
from tests.support.motions import samples

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


def motion(model, n_paths, seed):
    return SharedPaths(model, weigh(model, draw(model, UNEVEN, n_paths, seed), CHECKED))


def averaged(spot):
    """The geometric and the arithmetic average."""
    return np.exp(np.log(spot).mean(axis=0)), spot.mean(axis=0)


# -- what is known ---------------------------------------------------------------------------------------------


def test_the_digitals_price_and_greeks_are_those_of_the_analytic_geometric_asian():
    h, discount = 1e-3, MODEL.discount_jet(np.asarray(UNEVEN[-1]))
    calls = [
        closed_form.price(MODEL, lg.Asian(97.0 + x, UNEVEN, average="geometric")) for x in (-h, h)
    ]  # as QuantLib's
    found = MODEL.average_jets(97.0, UNEVEN)[0] * discount
    for derivative in [(), *FIRST, *SECOND]:  # a digital is a call's slope in the strike, with its sign changed
        down, up = (call.derivative(*derivative) for call in calls)
        np.testing.assert_allclose(found.derivative(*derivative), (down - up) / (2.0 * h), rtol=1e-6, atol=1e-7)


@MODELS
def test_on_one_date_the_twins_are_a_european_digital_and_call(model):
    (digital, asset), (above, call) = model.average_jets(97.0, (0.7,)), model.vanilla_jets(97.0, 0.7)
    for derivative in [(), *FIRST, *SECOND]:
        exact = above.derivative(*derivative), call.derivative(*derivative)
        found = digital.derivative(*derivative), (asset - 97.0 * digital).derivative(*derivative)
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9)


@MODELS
@pytest.mark.parametrize("name", NAMES)
def test_expectations_differentiate_to_their_jets(model, name):
    def at(h):
        if name == TIME:
            return (model.later(h) if model is CURVES else model), tuple(np.array(UNEVEN) - h)
        return replace(model, **{name: getattr(model, name) + h}), UNEVEN

    h, known = 1e-5, model.average_jets(97.0, UNEVEN)
    up, down = (law.average_jets(97.0, times) for law, times in (at(h), at(-h)))
    for jet, above, below in zip(known, up, down, strict=True):
        difference = (above.value - below.value) / (2 * h)
        np.testing.assert_allclose(jet.derivative(name), difference, rtol=1e-6, atol=1e-7)
        alike = [n for n in NAMES if (name, n, model) != (TIME, "volatility", CURVES)]  # later, it shifts another curve
        for other in alike:  # second derivatives from first ones
            difference = (above.derivative(other) - below.derivative(other)) / (2 * h)
            np.testing.assert_allclose(jet.derivative(other, name), difference, rtol=1e-5, atol=1e-5)


@MODELS
def test_expectations_are_those_of_drawn_paths(model):
    geometric, arithmetic = averaged(draw(model, n_paths=400_000).spot[1:])
    for known, payment in zip(model.average_jets(97.0, UNEVEN[1:]), (1.0, arithmetic), strict=True):
        found = Moments.of((payment * (geometric > 97.0))[None])
        assert found.standard_error[0] < 0.003 * known.value
        assert abs(found.mean[0] - known.value) < 4.0 * found.standard_error[0]


# -- mean zero -------------------------------------------------------------------------------------------------

CHECKED = [*FIRST, ("spot", "spot"), ("spot", "volatility"), (TIME, "spot")]
TWINS = [
    Twin(fixings, 95.0, 94.0, kind, greek)
    for fixings in (EVERYTHING, (1, 3))
    for kind in averages.KINDS
    for greek in (False, True)
]


@pytest.mark.slow
@MODELS
def test_every_twin_has_mean_zero_for_every_greek_and_five_per_cent_would_be_seen(model):
    payoff, combinations = lg.Asian(95.0, UNEVEN), [{d: 1.0} for d in CHECKED]
    chunks = (samples(TWINS, motion(model, 10_000, 100 + k), payoff, combinations) for k in range(40))
    found = reduce(Moments.merge, map(Moments.of, chunks))
    assert np.abs(found.mean / found.standard_error).max() < 4.0
    for column, twin in enumerate(TWINS):
        exact = averages._known(model, twin, tuple(np.array(UNEVEN)[list(twin.rows)].tolist()))
        if twin.greek or twin.kind != "forward":  # the price of the forward is near nothing
            wrong = found.mean[0, column] + 0.05 * exact.derivative(*(("spot",) if twin.greek else ()))
            assert abs(wrong) > 6.0 * found.standard_error[0, column], twin.name


def test_a_twin_pays_by_the_averages_of_its_own_dates():
    moving, twin = motion(MODEL, 200, 3), Twin((1, 3), 95.0, 94.0, "call")
    geometric, arithmetic = averaged(moving.drawn.spot[[1, 3]])
    expected = (arithmetic - 95.0) * (geometric > 94.0)
    np.testing.assert_allclose(averages._payment(twin, moving), expected, rtol=1e-12)


# -- what is offered -------------------------------------------------------------------------------------------


def twins_of(model, function, times=UNEVEN):
    payoff = lg.Payoff(function, times)
    drawn = weigh(model, draw(model, times, 4096, seed=3), [("spot",)])
    load, generator = Load(len(times)), np.random.default_rng(1)
    found, _ = offers.offered(model, payoff, drawn, lines=(), load=load, generator=generator)
    return [offer for offer in found if isinstance(offer, Twin)]


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


def test_a_digital_twins_level_is_where_its_average_stands_when_the_payoffs_is_at_its_own():
    levels = {twin.kind: twin.level for twin in twins_of(MODEL, lambda s: 1.0 * (s.mean(axis=0) > 110.0))}
    geometric, arithmetic = averaged(draw(MODEL, n_paths=200_000, seed=9).spot)
    away = arithmetic - 110.0
    there = (geometric - away)[np.abs(away) < 1.0]
    assert abs(there.mean() - levels["digital"]) < 0.03  # standard errors: 0.008 here, about 0.012 in the level
    assert abs(there.mean() - 110.0) > 0.5
    assert np.mean(there < levels["call"]) < 0.1  # a call's is lower: hardly ever is it exercised too late


# -- what it is worth ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_twins_divide_the_variance_of_an_asians_greeks_by_twenty_and_more(monkeypatch):
    model, payoff = lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01), lg.Asian(100.0, MONTHLY)
    monkeypatch.setattr(payoff_group, "lines_of", lambda *_: [])  # which serve nearly as well
    found = lg.greeks(model, payoff, GREEKS, paths=60_000, seed=5)
    monkeypatch.setattr(averages, "offered", lambda *_: iter(()))
    without = lg.greeks(model, payoff, GREEKS, paths=60_000, seed=5)
    ratio = {name: (without[name].standard_error / found[name].standard_error) ** 2 for name in ["price", *GREEKS]}
    assert ratio["vega"] > 20.0  # measured: 45
    assert min(ratio[name] for name in ("price", "delta", "gamma", "rho")) > 100.0  # 213 (delta) and more


@pytest.mark.parametrize("payoff", [lg.Asian(96.0, UNEVEN, kind="put"), quadrature.AsianDigital(110.0, UNEVEN)])
def test_estimates_with_twins_agree_with_quadrature(payoff, monkeypatch):
    monkeypatch.setattr(payoff_group, "lines_of", lambda *_: [])
    found = lg.greeks(MODEL, payoff, ["delta", "gamma", "vega", "rho"], paths=100_000, seed=21)
    controls = found.diagnostics.controls
    assert controls[controls.used].control.str.contains("the geometric one").any()
    for name in ("delta", "gamma", "vega", "rho"):
        exact = quadrature.greek(MODEL, payoff, name).value
        assert_estimates(found[name], exact, max_standard_error=0.01 * abs(exact))
        with pytest.raises(AssertionError):
            assert_estimates(found[name], 1.05 * exact, max_standard_error=0.01 * abs(exact))
