"""Heston's law at one date: its density and derivatives against Fourier prices, and its draws."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest
from scipy import special, stats

import likelihood_greeks as lg
from likelihood_greeks.models.heston import saddle as heston_saddle
from likelihood_greeks.models.heston import terminal_table as heston_table
from likelihood_greeks.models.heston.parameters import VARIANCE
from likelihood_greeks.models.heston.terminal import HestonTerminal
from likelihood_greeks.models.protocol import PathModel, Paths
from likelihood_greeks.parameters import TIME, coordinates
from likelihood_greeks.streams.chunks import GivenNormals
from tests.support.gates import assert_estimates, draw
from tests.support.heston_reference import BK1, DESK, FV1, FV5, model

INDEX = model(0.19, 15.6, 0.075, 3.3, -0.51, 0.035)
LAWS = {
    "desk": DESK.terminal(1.0),
    "BK1": BK1.terminal(1.0),
    "BK2": model(0.09, 2.0, 0.09, 1.0, -0.3, 0.05).terminal(5.0),
    "FV1": FV1.terminal(1.0),
    "FV5": FV5.terminal(5.0),
    "A1": replace(FV5, rate=0.0).terminal(10.0),
    "index, five weeks": INDEX.terminal(0.1),
    "index, a year": INDEX.terminal(1.0),
    "positive correlation": model(0.04, 1.2, 0.06, 0.4, 0.5, 0.02, 0.03).terminal(2.0),
    "a week": DESK.terminal(0.02),
    "ten years": DESK.terminal(10.0),
    "nearly lognormal": replace(DESK, vol_of_vol=0.05).terminal(1.0),
    "nearly absorbed": model(0.025, 0.34, 0.033, 2.3, -0.7, 0.03).terminal(10.0),  # 0.0085 degrees of freedom
}
NAMES = coordinates(DESK)
PAIRS = list(combinations_with_replacement(NAMES, 2))
ABSCISSAE, WEIGHTS = np.polynomial.legendre.leggauss(16)

QUICK = {"desk", "FV5", "index, five weeks"}
every_law = pytest.mark.parametrize(
    "law", [pytest.param(law, id=key, marks=() if key in QUICK else pytest.mark.slow) for key, law in LAWS.items()]
)


def quadrature(law, kink=None):
    """Spots and weights of integrals over the law by Gauss's rule between quantiles, the kink an end of panels."""
    ends = law.quantile(special.ndtr(np.linspace(-8.2, 8.2, 120)))
    ends = np.log(np.unique(np.append(ends, kink or ends[0])))
    half = 0.5 * np.diff(ends)[:, None]
    spot = np.exp(ends[:-1, None] + half * (1.0 + ABSCISSAE)).ravel()
    return spot, law.density(spot) * spot * (half * WEIGHTS).ravel()


def at(law, spot):
    return Paths(np.array([law.maturity]), spot[None])


def second_weights(law, paths):
    scores = dict(zip(NAMES, law.score(paths, NAMES), strict=True))
    return [scores[a] * scores[b] + row for (a, b), row in zip(PAIRS, law.hessian(paths, PAIRS), strict=True)]


def assert_integral(sample, mass, exact, tolerance):
    """The integral of `sample` is `exact` to within `tolerance` standard deviations of one draw."""
    deviation = np.sqrt(mass @ sample**2)
    assert abs(mass @ sample - exact) <= tolerance * deviation, (mass @ sample, float(exact), float(deviation))


# -- the density and its derivatives -------------------------------------------------------------------------------


@every_law
def test_probability_is_one_and_the_mean_is_the_forward(law):
    spot, mass = quadrature(law)
    assert mass.sum() == pytest.approx(1.0, abs=1e-9)
    assert mass @ spot == pytest.approx(law.forward(law.maturity), rel=1e-8)


@every_law
def test_scores_and_second_order_weights_have_mean_zero(law):
    spot, mass = quadrature(law)
    paths = at(law, spot)
    for row in [*law.score(paths, NAMES), *second_weights(law, paths)]:
        assert_integral(row, mass, 0.0, 1e-8)


@every_law
def test_integrals_of_payoff_and_weights_are_fourier_prices_and_greeks(law):
    deviation = float(np.sqrt(law.maturity * law.long_run_variance))
    for strike in law.forward(law.maturity) * np.exp(deviation * np.array([-1.0, 0.0, 0.7])):
        spot, mass = quadrature(law, strike)
        paths = at(law, spot)
        scores, second = law.score(paths, NAMES), second_weights(law, paths)
        payoffs = (spot > strike).astype(float), np.maximum(spot - strike, 0.0)
        for payoff, jet in zip(payoffs, law.vanilla_jets(float(strike), law.maturity), strict=True):
            assert_integral(payoff, mass, jet.value, 1e-8)
            for name, score in zip(NAMES, scores, strict=True):
                assert_integral(payoff * score, mass, jet.derivative(name), 1e-8)
            for pair, weight in zip(PAIRS, second, strict=True):
                assert_integral(payoff * weight, mass, jet.derivative(*pair), 1e-8)


def test_a_weight_wrong_by_one_part_in_a_million_would_be_noticed():
    law = LAWS["desk"]
    spot, mass = quadrature(law, 100.0)
    payoff, score = (spot > 100.0).astype(float), law.score(at(law, spot), ["initial_variance"])[0]
    exact = law.vanilla_jets(100.0, law.maturity)[0].derivative("initial_variance")
    assert_integral(payoff * score, mass, exact, 1e-8)
    with pytest.raises(AssertionError):
        assert_integral(payoff * score, mass, 1.000001 * exact, 1e-8)


def test_lognormal_limit():
    law = replace(DESK, vol_of_vol=1e-4, initial_variance=0.04, long_run_variance=0.04).terminal(0.5)
    other = lg.GBM(spot=100.0, volatility=0.2, rate=DESK.rate, dividend_yield=DESK.dividend_yield)
    spot = law.quantile(np.linspace(0.001, 0.999, 41))
    paths = at(law, spot)
    np.testing.assert_allclose(law.density(spot), np.exp(other.log_density(paths)), rtol=2e-3)
    np.testing.assert_allclose(law.score(paths, ["spot"])[0], other.score(paths, ["spot"])[0], rtol=2e-3, atol=1e-4)


@every_law
def test_tails_are_finite_positive_and_go_on_linearly(law):
    with np.errstate(under="ignore"):
        edge = law.quantile(np.array([1e-300, 1.0 - 1e-16]))
    spot = np.concatenate([edge[0] * np.geomspace(1e-6, 1.0, 7), edge[1] * np.geomspace(1.0, 1e6, 7)])
    spot = np.clip(spot, 1e-250, None)
    paths = at(law, spot)
    assert np.all(np.isfinite(law.log_density(paths)))
    assert np.all(np.isfinite(law.score(paths, NAMES)))
    assert np.all(np.isfinite(law.hessian(paths, PAIRS)))
    upper = law.log_density(paths)[7:]
    slopes = np.diff(upper) / np.diff(np.log(spot[7:]))
    np.testing.assert_allclose(slopes[1:], slopes[-1], rtol=0.05)


# -- sampling ------------------------------------------------------------------------------------------------------


@every_law
def test_distribution_and_quantile_are_inverse_and_belong_to_the_density(law):
    probability = np.array([1e-12, 1e-6, 0.01, 0.2, 0.5, 0.77, 0.999, 1.0 - 1e-9])
    spot = law.quantile(probability)
    np.testing.assert_allclose(law.distribution(spot), probability, rtol=1e-7)
    h = 1e-5
    slope = (law.distribution(spot * (1.0 + h)) - law.distribution(spot * (1.0 - h))) / (2.0 * h * spot)
    np.testing.assert_allclose(slope[:-1], law.density(spot)[:-1], rtol=1e-5)


@every_law
def test_distribution_is_one_less_the_digital(law):
    for strike in law.quantile(np.array([0.01, 0.4, 0.9])):
        above = law.vanilla_jets(float(strike), law.maturity)[0].value
        assert law.distribution(strike) == pytest.approx(1.0 - above, abs=1e-9)


def test_draws_have_the_distribution_and_the_full_laws():
    law = LAWS["FV1"]
    spot = draw(law, [1.0], 20_000, seed=3).spot[0]
    assert stats.kstest(spot, law.distribution).pvalue > 1e-3
    assert stats.kstest(spot, replace(law, initial_variance=0.045).distribution).pvalue < 1e-3
    assert stats.kstest(draw(FV1, [1.0], 20_000, seed=4).spot[0], law.distribution).pvalue > 1e-3


def test_antithetic_draws_are_opposite_quantiles_and_given_normals_will_do():
    law = LAWS["desk"]
    z = np.array([[-2.0, 0.3, 1.0]])
    up, down = (law.simulate([1.0], GivenNormals(sign * z)).spot[0] for sign in (1.0, -1.0))
    np.testing.assert_allclose(law.distribution(up), special.ndtr(z[0]), rtol=1e-9)
    np.testing.assert_allclose(law.distribution(up) + law.distribution(down), 1.0, rtol=1e-9)


# -- Greeks by Monte Carlo -----------------------------------------------------------------------------------------


FIRST_ORDER = {
    "delta": "spot", "initial_variance": "initial_variance", "long_run_variance": "long_run_variance",
    "vol_of_vol": "vol_of_vol", "rho": "rate", "theta": TIME,
}  # fmt: skip


def digital_greeks(law, names, paths, controls):
    """Estimates and exact values for a digital at 100."""
    payoff = lg.DigitalCall(strike=100.0, maturity=law.maturity)
    result = lg.greeks(law, payoff, names, paths=paths, seed=11, controls=controls)
    exact = law.discount_jet(np.asarray(law.maturity)) * law.vanilla_jets(100.0, law.maturity)[0]
    return [(result[name], float(exact.derivative(FIRST_ORDER[name]))) for name in names]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["desk", "FV5"])
def test_plain_monte_carlo_greeks_are_fourier_ones(name):
    for estimate, exact in digital_greeks(LAWS[name], list(FIRST_ORDER), 400_000, "none"):
        assert_estimates(estimate, exact, max_standard_error=0.06 * abs(exact))


@pytest.mark.parametrize("name", ["desk", "FV5"])
def test_controlled_monte_carlo_greeks_would_notice_five_per_cent(name):
    names = ["delta", "initial_variance", "long_run_variance", "vol_of_vol"]
    for estimate, exact in digital_greeks(LAWS[name], names, 100_000, "scores"):
        assert_estimates(estimate, exact, max_standard_error=0.008 * abs(exact))
        with pytest.raises(AssertionError):
            assert_estimates(estimate, 1.05 * exact, max_standard_error=0.008 * abs(exact))


def test_second_order_greeks_of_a_call():
    law = LAWS["desk"]
    result = lg.greeks(law, lg.Call(strike=100.0, maturity=1.0), ["gamma", "vanna", "volga"], paths=100_000, seed=2)
    call = law.discount_jet(np.asarray(1.0)) * law.vanilla_jets(100.0, 1.0)[1]
    v, slope = "initial_variance", 2.0 * np.sqrt(law.initial_variance)
    exact = {
        "gamma": call.derivative("spot", "spot"),
        "vanna": slope * call.derivative("spot", v),
        "volga": slope**2 * call.derivative(v, v) + 2.0 * call.derivative(v),
    }
    for greek, value in exact.items():
        assert_estimates(result[greek], float(value), max_standard_error=0.02 * abs(float(value)))


def test_any_executor_gives_the_same_bits():
    law, payoff = DESK.terminal(0.7), lg.DigitalCall(strike=100.0, maturity=0.7)
    here = lg.greeks(law, payoff, ["delta", "vega"], paths=20_000, seed=1)
    heston_table.table.cache_clear()
    with ThreadPoolExecutor(2) as threads:
        there = lg.greeks(law, payoff, ["delta", "vega"], paths=20_000, seed=1, executor=threads)
    assert here.to_frame().equals(there.to_frame())


# -- the table and the contours ------------------------------------------------------------------------------------


def test_one_table_serves_all_laws_with_the_same_variance_and_date():
    law = DESK.terminal(0.9)
    law.density(100.0)
    made = heston_table.table.misses
    for same in (replace(law, spot=90.0, rate=0.01), DESK.terminal(0.9), pickle.loads(pickle.dumps(law))):
        same.density(100.0)
    assert heston_table.table.misses == made
    assert hash(DESK.terminal(0.9)) == hash(law)


@pytest.mark.parametrize("law", [LAWS["desk"], LAWS["FV5"], LAWS["positive correlation"]])
def test_moments_explode_at_the_critical_orders(law):
    values = {name: getattr(law, name) for name in VARIANCE} | {"maturity": law.maturity}
    saddles = heston_saddle.Saddles.of(values)
    for critical in heston_saddle.critical_orders(values):
        assert heston_saddle.explosion_rate(values, critical) == pytest.approx(1.0 / law.maturity)
        assert heston_saddle.explosion_rate(values, 1.01 * critical) > 1.0 / law.maturity
    spot, mass = quadrature(law)
    x = np.log(spot / law.forward(law.maturity))
    for order in (0.2 * saddles.orders[0], 0.4, 0.2 * saddles.orders[-1]):
        nearest = np.abs(saddles.orders - order).argmin()
        moment = mass @ np.exp(saddles.orders[nearest] * x)
        assert np.log(moment) == pytest.approx(saddles.log_moments[nearest], abs=1e-6)


def test_the_table_has_no_room_for_a_wrong_total_probability(monkeypatch):
    monkeypatch.setattr(heston_table, "MASS", 1e-18)
    with pytest.raises(ArithmeticError, match=r"must settle, got none at .*'initial_variance': 0\.04"):
        heston_table.table((0.04, 2.0, 0.04, 0.31, -0.7, 1.0))


# -- the protocol and bad arguments --------------------------------------------------------------------------------


def test_the_law_is_a_path_model_with_hestons_greeks():
    law = DESK.terminal(1.0)
    assert isinstance(law, PathModel)
    assert law.parameters == DESK.parameters
    assert law.named_greeks() == DESK.named_greeks()
    assert (law.forward(1.0), law.discount(1.0)) == (DESK.forward(1.0), DESK.discount(1.0))
    assert law.vanilla_jets(90.0, 1.0)[1].value == DESK.vanilla_jets(90.0, 1.0)[1].value


@pytest.mark.parametrize("times", [[0.5], [0.5, 1.0], [1.0, 2.0]])
def test_other_dates_are_refused(times):
    with pytest.raises(ValueError, match=r"times must be the one date of this law, \(1\.0,\), got"):
        draw(LAWS["desk"], times)


def test_paths_of_other_dates_are_refused():
    with pytest.raises(ValueError, match="times must be the one date of this law"):
        LAWS["desk"].log_density(Paths(np.array([2.0]), np.array([[100.0]])))


def test_bad_arguments_are_refused():
    law = LAWS["desk"]
    with pytest.raises(ValueError, match=r"maturity must be positive and finite, got 0\.0"):
        DESK.terminal(0.0)
    with pytest.raises(ValueError, match=r"correlation must be strictly between -1 and 1, got 1\.0"):
        replace(law, correlation=1.0)
    with pytest.raises(TypeError, match="vol_of_vol must be a real number"):
        HestonTerminal(**{**{n: getattr(law, n) for n in law.parameters}, "vol_of_vol": "0.3"}, maturity=1.0)
    with pytest.raises(ValueError, match="spot must be positive and finite"):
        law.density([100.0, -1.0])
    with pytest.raises(ValueError, match="spot must be positive and finite"):
        law.distribution(np.nan)
    for bad in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="probability must be strictly between 0 and 1"):
            law.quantile(bad)
    paths = draw(law, [1.0], 10)
    with pytest.raises(ValueError, match=r"name must be one of spot, .*time, got 'volatility'"):
        law.score(paths, ["volatility"])
    with pytest.raises(ValueError, match="name must be one of"):
        law.hessian(paths, [("spot", "volatility")])
