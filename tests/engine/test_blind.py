"""Greeks in what moves no asset that a payoff sees are zero, and known to be; others stay as they are."""

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.engine import blind
from likelihood_greeks.payoffs.sight import seen_by

DATES = (0.5, 1.0)
MEMBERS = {
    "A": lg.GBM(spot=100.0, volatility=0.2, rate=0.03),
    "B": lg.GBM(spot=90.0, volatility=0.3, rate=0.03),
    "C": lg.GBM(spot=1.1, volatility=0.1, rate=0.03),
}
PAIRS = {("A", "B"): 0.5, ("A", "C"): -0.2, ("B", "C"): 0.1}
LAW = lg.CorrelatedGBM(MEMBERS, PAIRS)
BARRIER = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", times=DATES)
FLAT = {name: lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.2 + 0.0 * s, steps=4) for name in "AB"}
SURFACES = lg.CorrelatedLocalVolatility(FLAT, {("A", "B"): 0.5})
GREEKS = ["delta", "correlation"]
WATCHED = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", DATES, continuous=True)
DECLARED = {
    "a contract on one": (lg.On(BARRIER, "A"), {0}),
    "watched at all times": (lg.On(WATCHED, "A"), {0}),
    "a spread": (lg.Spread("A", "B", 1.0, 5.0), {0, 1}),
}


def estimated(payoff, law=LAW, paths=2048, **options):
    return lg.greeks(law, payoff, GREEKS, paths=paths, seed=3, **options).estimates


def of_others(seen, law=LAW):
    """Labels of Greeks that name an asset which is not among those seen."""
    names = {law.assets[asset] for asset in seen}
    return {
        label
        for label in estimated(lg.On(lg.Call(100.0, 1.0), "A"), law, closed_form=True)
        if "[" in label and not names.issuperset(label.partition("[")[2].rstrip("]").split(","))
    }


@pytest.mark.parametrize("name", DECLARED)
@pytest.mark.parametrize("controls", ["scores", "none"])
def test_greeks_of_assets_that_are_not_seen_are_zero_for_sure(name, controls):
    payoff, seen = DECLARED[name]
    found = estimated(payoff, controls=controls)
    zero = {label for label, own in found.items() if own.value == own.standard_error == 0.0}
    assert zero == of_others(seen)
    assert all(not found[label].note for label in zero)


@pytest.mark.parametrize(("sampling", "law"), [("sobol", LAW), ("antithetic", SURFACES)])
def test_other_draws_and_laws(sampling, law):
    found = lg.greeks(law, lg.On(BARRIER, "A"), ["delta[B]", "correlation[A,B]"], paths=1024, sampling=sampling)
    assert all(found[label].standard_error == 0.0 and not found[label].note for label in list(found)[1:])


@pytest.mark.parametrize(
    ("function", "seen"),
    [
        (lambda s: np.maximum(s[0].mean(axis=0) - 100.0, 0.0), {0}),
        (lambda s: np.where(s[1, -1] > 90.0, 1.0, 0.0), {1}),
        (lambda s: np.where(s[1, 0] > 500.0, s[0, -1], 0.0), {0, 1}),
        (lambda s: np.maximum(s[0, -1] - 100.0, 0.0) * np.where(s[2, 0] > 1e9, 0.0, 1.0), {0, 2}),
        (lambda s: s.min(axis=0)[-1], {0, 1, 2}),
        (lambda s: np.floor(s[0, -1]), {0, 1, 2}),  # not followed
        (lambda s: np.asarray([float(x) for x in np.asarray(s)[0, -1]]), {0, 1, 2}),
        (lambda s: s[0, -1] + 0.0 * s[1, -1], {0, 1}),
    ],
)
def test_functions_are_followed(function, seen):
    spot = LAW.simulate(np.array(DATES), blind.TRIAL.stream()).spot
    assert seen_by(lg.Payoff(function, times=DATES), spot) == seen


def test_one_that_hides_what_it_sees_is_found_out():
    def hidden(spot):
        if isinstance(spot, np.ndarray):
            return spot[0, -1] + spot[1, -1]
        return spot[0, -1]

    spot = LAW.simulate(np.array(DATES), blind.TRIAL.stream()).spot
    assert seen_by(lg.Payoff(hidden, times=DATES), spot) == {0, 1, 2}


def test_the_currency_of_a_quanto_moves_it_by_its_volatility_and_correlation_alone():
    law = lg.CorrelatedGBM(MEMBERS, PAIRS, quanto={"A": "C"})
    greeks = ["delta", "vega", "correlation"]
    found = lg.greeks(law, lg.On(BARRIER, "A"), greeks, paths=1024, seed=3, controls="scores").estimates
    zero = {label for label, own in found.items() if own.value == own.standard_error == 0.0}
    assert zero == {"delta[B]", "delta[C]", "vega[B]", "correlation[A,B]", "correlation[B,C]"}
    forward = lg.greeks(law, lg.On(lg.Payoff(lambda s: s[-1], (1.0,)), "A"), greeks, paths=1024, seed=3).estimates
    price = 100.0 * np.exp(0.2 * 0.2 * 0.1)  # the drift is lower by correlation times both volatilities
    assert forward["price"].value == pytest.approx(price, rel=1e-9)
    assert forward["vega[C]"].value == pytest.approx(0.2 * 0.2 * price, rel=1e-6)
    assert forward["correlation[A,C]"].value == pytest.approx(-0.2 * 0.1 * price, rel=1e-6)


def test_without_a_word_of_the_law_they_are_estimates(monkeypatch):
    monkeypatch.setattr(blind, "has", lambda *_: False)
    found = estimated(lg.On(BARRIER, "A"), controls="scores")
    assert all(found[label].standard_error > 0.0 for label in of_others({0}))
