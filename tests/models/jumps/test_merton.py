"""Merton's law against a published table, QuantLib's engine and quadrature over its own mixture of normals."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import QuantLib as ql
from numpy.polynomial.legendre import leggauss
from scipy import stats

import likelihood_greeks as lg
from likelihood_greeks.models.adaptor import moved
from likelihood_greeks.numerics.differences import five_point
from likelihood_greeks.validation import closed_form
from tests.support.gates import assert_estimates

LAW = lg.Merton(
    spot=100.0, volatility=0.16, intensity=0.8, jump_mean=-0.12, jump_volatility=0.15, rate=0.03, dividend_yield=0.01
)
TIMES = (0.3, 0.65, 1.0)
STEPS = {"spot": 0.2, "volatility": 2e-3, "intensity": 0.01, "jump_mean": 2e-3, "jump_volatility": 2e-3, "rate": 1e-3}


def test_a_published_table():
    """NAG's s30jbc, whose total volatility is shared between diffusion and jumps of mean one."""
    total, share, intensity = 0.25, 0.25, 5.0
    diffusion, jump = np.sqrt((1.0 - share) * total**2), np.sqrt(share * total**2 / intensity)
    law = lg.Merton(
        spot=100.0, volatility=diffusion, intensity=intensity, jump_mean=-0.5 * jump**2, jump_volatility=jump, rate=0.08
    )
    call = closed_form.price(law, lg.Call(90.0, 0.5))
    found = [call.value, call.derivative("spot"), call.derivative("spot", "spot"), call.derivative("rate")]
    np.testing.assert_allclose(found, [15.4193, 0.8203, 0.0149, 33.3037], atol=6e-5)
    along = np.array([diffusion / total, jump / total, -jump * jump / total])  # as the total moves, the share kept
    names = ("volatility", "jump_volatility", "jump_mean")
    vega = sum(a * call.derivative(name) for a, name in zip(along, names, strict=True))
    vanna = sum(a * call.derivative("spot", name) for a, name in zip(along, names, strict=True))
    bent = np.array([[call.derivative(a, b) for a in names] for b in names])
    volga = along @ bent @ along - (jump / total) ** 2 * call.derivative("jump_mean")
    np.testing.assert_allclose([vega, vanna, volga], [18.5256, -0.7726, 49.7161], atol=6e-5)


# -- QuantLib --------------------------------------------------------------------------------------------------


def quantlibs(law, strike, kind):
    """Price of a European of one year by QuantLib's engine for Bates' model, whose variance hardly moves."""
    today = ql.Date(27, 11, 2025)
    ql.Settings.instance().evaluationDate = today
    flat = (ql.FlatForward(today, r, ql.Actual365Fixed()) for r in (law.rate, law.dividend_yield))
    spot, variance = ql.QuoteHandle(ql.SimpleQuote(law.spot)), law.volatility**2
    jumps = law.intensity, law.jump_mean, law.jump_volatility
    curves = map(ql.YieldTermStructureHandle, flat)
    process = ql.BatesProcess(*curves, spot, variance, 1.0, variance, 1e-4, 0.0, *jumps)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), ql.EuropeanExercise(today + 365))
    option.setPricingEngine(ql.BatesEngine(ql.BatesModel(process), 192))
    return option.NPV()


@pytest.mark.parametrize(
    "law",
    [
        LAW,
        replace(LAW, intensity=0.05, jump_mean=0.4, jump_volatility=0.3),
        replace(LAW, volatility=0.08, intensity=12.0, jump_mean=-0.02, jump_volatility=0.05),
    ],
)
@pytest.mark.parametrize(("kind", "payoff"), [(ql.Option.Call, lg.Call), (ql.Option.Put, lg.Put)])
def test_europeans_are_those_of_quantlib(law, kind, payoff):
    for strike in (80.0, 110.0):
        found = closed_form.price(law, payoff(strike, 1.0)).value
        np.testing.assert_allclose(found, quantlibs(law, strike, kind), rtol=0.0, atol=1e-6)


# -- paths -----------------------------------------------------------------------------------------------------


def down_and_out(law, strike, level):
    """Price of a call that dies below a level on `TIMES`, by quadrature over the mixture of normals of every step."""
    lower, upper = np.log(level), np.log(law.spot) + 2.5
    edges = np.concatenate([np.linspace(lower, np.log(strike), 3), np.linspace(np.log(strike), upper, 9)[1:]])
    (nodes, weights), widths = leggauss(20), np.diff(edges)[:, None]
    x, w = (edges[:-1, None] + 0.5 * widths * (nodes + 1.0)).ravel(), (0.5 * widths * weights).ravel()
    value = np.maximum(np.exp(x) - strike, 0.0)
    for step in np.diff(TIMES, prepend=0.0)[::-1]:
        start = np.array([np.log(law.spot)]) if step == TIMES[0] else x
        value = (density(law, x - start[:, None], step) * w) @ value
    return law.discount(TIMES[-1]) * value[0]


def density(law, move, step):
    """Of the move of the log-spot over a step."""
    mean_jump = np.expm1(law.jump_mean + 0.5 * law.jump_volatility**2)
    drift = law.rate - law.dividend_yield - 0.5 * law.volatility**2 - law.intensity * mean_jump
    found = np.zeros_like(move)
    for n in range(9):
        variance = law.volatility**2 * step + n * law.jump_volatility**2
        exponent = -0.5 * (move - drift * step - n * law.jump_mean) ** 2 / variance
        found += stats.poisson.pmf(n, law.intensity * step) / np.sqrt(2.0 * np.pi * variance) * np.exp(exponent)
    return found


@cache
def exact(derivative):
    """A derivative of the barrier's price by differences of the quadrature."""
    if not derivative:
        return down_and_out(LAW, 100.0, 85.0)
    return float(five_point(lambda shifts: down_and_out(moved(LAW, shifts), 100.0, 85.0), derivative, STEPS))


BARRIER = lg.Barrier(lg.Call(100.0, TIMES[-1]), 85.0, "down", "out", TIMES)
LARGEST = {  # standard errors at 20,000 paths that are small enough to matter
    (): 0.02, ("spot",): 2e-3, ("spot", "spot"): 1e-3, ("volatility",): 0.2, ("intensity",): 0.02,
    ("jump_mean",): 0.2, ("jump_volatility",): 0.2, ("rate",): 0.1, ("spot", "intensity"): 5e-3,
    ("jump_mean", "jump_volatility"): 4.0, ("intensity", "intensity"): 0.1,
}  # fmt: skip


@pytest.mark.slow
def test_greeks_of_a_barrier_are_those_of_quadrature():
    found = lg.greeks(LAW, BARRIER, [d for d in LARGEST if d], paths=20_000, seed=4)
    for derivative, largest in LARGEST.items():
        assert_estimates(found[derivative or "price"], exact(derivative), largest)


def test_without_the_scores_of_the_numbers_the_intensity_is_wrong(monkeypatch):
    """The negative control: what the measure takes of the intensity is left out."""
    from likelihood_greeks.models.jumps.compound import Jumps

    monkeypatch.setattr(Jumps, "handed", lambda self, *names: np.zeros(1))
    found = lg.greeks(LAW, BARRIER, ["intensity"], paths=20_000, seed=4, controls="none")["intensity"]
    assert abs(found.value - exact(("intensity",))) > 6.0 * found.standard_error


@pytest.mark.parametrize("sampling", ["antithetic", "sobol"])
def test_numbers_of_jumps_serve_pairs_and_points(sampling):
    found = lg.greeks(LAW, BARRIER, ["delta", "intensity"], paths=8192, seed=2, sampling=sampling)
    for name, derivative in (("price", ()), ("delta", ("spot",)), ("intensity", ("intensity",))):
        assert_estimates(found[name], exact(derivative), 1.5 * LARGEST[derivative])


def test_changes_of_numbers_do_not_travel():
    with pytest.raises(ValueError, match="beneath whose spots nothing travels"):
        lg.greeks(LAW, BARRIER, ["delta"], paths=2048, seed=1, handover="flow")
    found = lg.pathwise(LAW, lg.Asian(100.0, TIMES), ["delta", "intensity"], paths=2048, seed=1)
    assert "jumps when this parameter moves" in found["intensity"].note
    assert not found["delta"].note


# -- doors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"intensity": 0.0}, "intensity must be positive"),
        ({"intensity": 2000.0}, "intensity must be at most 1000 jumps a year"),
        ({"jump_mean": -10.0}, "jump_mean must lie between -2 and 2"),
        ({"jump_mean": np.nan}, "jump_mean must be"),
        ({"jump_volatility": 15.0}, "jump_volatility must be between 1e-6 and 2"),
        ({"volatility": 16.0}, "volatility must be between"),
        ({"rate": 3.0}, "rate must lie between"),
    ],
)
def test_parameters_out_of_range_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(LAW, **changes)


def test_curves_must_be_curves():
    with pytest.raises(TypeError, match="curves must be Curves"):
        replace(LAW, curves=0.03)


def test_what_needs_a_path_between_dates_is_refused():
    barrier = lg.Barrier(lg.Call(100.0, 1.0), 85.0, "down", "out", "continuous")
    with pytest.raises((TypeError, ValueError), match="Merton"):
        lg.greeks(LAW, barrier, ["delta"], paths=2048, seed=1)
    with pytest.raises(TypeError, match="early exercise needs a law whose spot alone"):
        lg.greeks(LAW, lg.Bermudan(lg.Put(100.0, 1.0), (0.5, 1.0)), ["delta"], paths=2048, seed=1)
