"""Local volatility: its Greeks against quadrature of exactly its chain, its steps, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.models.moves import StateSteps
from likelihood_greeks.parameters import TIME
from tests.support.chain_quadrature import DERIVATIVES, Chain
from tests.support.gates import draw
from tests.support.surfaces import smooth_skew, smooth_slope, steep_smile

STEPS = tuple((np.arange(1, 13) / 12).tolist())
QUARTERS = STEPS[2::3]
LAW = lg.LocalVolatility(spot=97.0, volatility=smooth_skew, rate=0.03, dividend_yield=0.01, steps=STEPS)
STEEP = replace(LAW, volatility=steep_smile, spot=102.0)


def call(strike):
    return lambda spot: spot - strike


EVERY = (0.0, np.inf)


def one(spot):
    return np.ones_like(spot)


CASES = {
    "call": (lg.Call(95.0, 1.0), {"pays": call(95.0), "low": 95.0}),
    "digital": (lg.DigitalPut(100.0, 1.0), {"pays": one, "high": 100.0}),
    "down-and-out": (
        lg.Barrier(lg.Call(95.0, 1.0), 85.0, "down", "out", STEPS),
        {"pays": call(95.0), "low": 95.0, "alive": ((85.0, np.inf),) * 12},
    ),
    "up-and-out, quarterly": (
        lg.Barrier(lg.Call(95.0, 1.0), 120.0, "up", "out", QUARTERS),
        {"pays": call(95.0), "low": 95.0, "alive": (EVERY, EVERY, (0.0, 120.0)) * 4},
    ),
}


def chain_of(law, terms):
    return Chain(law.volatility, STEPS, law.spot, law.rate, law.dividend_yield, **terms)


LARGEST = {
    "price": 0.03, "delta": 0.003, "gamma": 0.0006, "vega": 0.4, "rho": 0.12, "dividend_rho": 0.12, "theta": 0.12,
    "vanna": 0.07, "volga": 50.0, "charm": 0.04,
}  # fmt: skip
"""Standard errors that are small enough to matter, of a spot near 100."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "case"), [(LAW, case) for case in CASES] + [(STEEP, "digital"), (STEEP, "up-and-out, quarterly")]
)
def test_all_greeks_are_those_of_quadrature_of_the_chain(law, case):
    payoff, terms = CASES[case]
    found = lg.greeks(law, payoff, [name for name in DERIVATIVES if name != "price"], paths=60_000, seed=4)
    reference = chain_of(law, terms)
    assert all(found[name].standard_error < LARGEST[name] for name in DERIVATIVES)
    z = {name: found[name].z_score(reference.greek(name)) for name in DERIVATIVES}
    assert max(map(abs, z.values())) < 4.0, z


def test_first_greeks_are_those_of_quadrature_and_not_of_another_surface():
    payoff, terms = CASES["call"]
    found = lg.greeks(LAW, payoff, ["delta", "vega"], paths=4096, seed=2)
    right, flat = chain_of(LAW, terms), chain_of(replace(LAW, volatility=lambda t, s: 0.2 + 0.0 * s), terms)
    assert found["delta"].standard_error < 0.004
    assert found["vega"].standard_error < 0.4
    assert all(abs(found[name].z_score(right.greek(name))) < 4.0 for name in ("price", "delta", "vega"))
    assert abs(found["delta"].z_score(flat.greek("delta"))) > 6.0


def along(size):
    """The value of a barrier as spot and surface move by so much together: all of it scales but the terms."""
    factor = LAW.spot / (LAW.spot + size)
    chain = Chain(
        smooth_skew, STEPS, LAW.spot, LAW.rate, LAW.dividend_yield, call(95.0 * factor), low=95.0 * factor,
        alive=(EVERY, EVERY, (0.0, 120.0 * factor)) * 4,
    )  # fmt: skip
    return chain.price() / factor


@pytest.mark.slow
def test_greeks_in_the_spot_go_along_with_the_surface():
    payoff, h = CASES["up-and-out, quarterly"][0], 1.0
    up, here, down = along(h), along(0.0), along(-h)
    exact = {"delta": (up - down) / (2.0 * h), "gamma": (up - 2.0 * here + down) / h**2, "price": here}
    for law in (replace(LAW, smile_spot=LAW.spot), replace(LAW, volatility=moved_skew, smile_spot=2.0 * LAW.spot)):
        found = lg.greeks(law, payoff, ["delta", "gamma"], paths=60_000, seed=4)
        large = LARGEST | {"gamma": 0.0012}  # the surface moves with the spot: free controls alone
        assert all(found[name].standard_error < large[name] for name in exact)
        assert all(abs(found[name].z_score(exact[name])) < 4.0 for name in exact)
    stays = lg.greeks(LAW, payoff, ["delta"], paths=60_000, seed=4)
    assert abs(stays["delta"].z_score(exact["delta"])) > 6.0  # what would be seen


def moved_skew(time, spot):
    return smooth_skew(time, spot / 2.0)


def test_a_constant_volatility_is_geometric_brownian_motion():
    law = replace(LAW, volatility=lambda t, s: 0.27, spot=93.0, rate=0.043, dividend_yield=0.017)
    gbm = lg.GBM(spot=93.0, volatility=0.27, rate=0.043, dividend_yield=0.017)
    paths = draw(law, np.asarray(STEPS), n_paths=50)
    np.testing.assert_allclose(paths.spot, draw(gbm, np.asarray(STEPS), n_paths=50).spot, rtol=1e-12)
    names = [*gbm.parameters, TIME]
    pairs = [(a, b) for a in names for b in names]
    np.testing.assert_allclose(law.log_density(paths), gbm.log_density(paths), rtol=1e-12)
    np.testing.assert_allclose(law.score(paths, names), gbm.score(paths, names), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(law.hessian(paths, pairs), gbm.hessian(paths, pairs), rtol=1e-9, atol=1e-7)


# -- the chain -----------------------------------------------------------------------------------------------------


def test_dates_are_among_the_steps_and_none_is_longer_than_asked_for():
    chain = replace(LAW, steps=10).chain((0.13, 0.4, 1.1))
    np.testing.assert_array_equal(chain.times[chain.seen], (0.13, 0.4, 1.1))
    np.testing.assert_allclose(chain.lengths, [0.065] * 2 + [0.09] * 3 + [0.1] * 7)
    np.testing.assert_allclose(chain.read, np.concatenate([[0.0], chain.times[:-1]]))


def test_given_steps_are_the_chain_and_dates_that_are_nearly_theirs_are_theirs():
    chain = LAW.chain(tuple(np.cumsum(np.full(6, 1 / 12)).tolist()))
    assert len(chain.times) == 6
    assert len(LAW.chain((0.3, 0.5)).times) == 7  # one more


def test_as_time_elapses_steps_stay_in_the_calendar():
    now, later = replace(LAW, steps=4), replace(LAW, steps=4).later(0.1)
    chain = later.chain((0.9,))
    np.testing.assert_allclose(chain.times, now.chain((1.0,)).times - 0.1)
    np.testing.assert_allclose(chain.read, now.chain((1.0,)).read)
    past = replace(LAW, steps=4).later(0.6).chain((0.4,))
    np.testing.assert_allclose((past.times, past.read), ([0.15, 0.4], [0.5, 0.75]))


def test_its_steps_never_pass_for_independent():
    assert isinstance(LAW.moves(draw(LAW, np.asarray(STEPS), n_paths=8)).path, StateSteps)


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"volatility": 0.2}, "volatility must be a function"),
        ({"volatility": lambda t, s: -0.2 + 0.0 * s}, "volatility must be positive"),
        ({"volatility_shift": -0.5}, "volatility must be positive"),
        ({"volatility": lambda t, s: np.ones((3, 2))}, "volatility must return one number a spot"),
        ({"spot": -1.0}, "spot must be positive"),
        ({"steps": 0}, "steps must be a whole number"),
        ({"steps": (0.5, 0.2)}, "steps must be strictly increasing"),
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"slope": lambda t, s: 0.001}, "slope must be the derivative of volatility"),
        ({"slope": 0.1}, "slope must be a function"),
        ({"curves": 0.03}, "curves must be Curves"),
        ({"elapsed": np.nan}, "elapsed must be finite"),
        ({"steps": 252, "bias_tolerance": 0.2}, "bias_tolerance must be at most 0.1"),
        ({"steps": 252, "bias_tolerance": 0.0}, "bias_tolerance must be positive"),
        ({"bias_tolerance": 1e-9}, "bias_tolerance must be at least 0.0001, which takes 16,000 steps a year"),
        ({"bias_tolerance": 0.002}, "bias_tolerance must be left out where steps are given"),
        ({"elapsed": -1.0}, "elapsed must be >= 0"),
        ({"smile_spot": -1.0}, "smile_spot must be non-negative"),
        ({"volatility": lambda spot: 0.2 + 0.0 * spot}, "volatility must take two arguments, a time and spots"),
        ({"slope": lambda: 0.0}, "slope must take two arguments"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        replace(LAW, **change)


def test_a_slope_of_ones_own_is_taken():
    a, b = (draw(law, np.asarray(STEPS), n_paths=20) for law in (LAW, replace(LAW, slope=smooth_slope)))
    np.testing.assert_allclose(b.memo.walked.slope, a.memo.walked.slope, rtol=1e-9)


def test_a_volatility_that_fails_far_away_says_where():
    law = replace(LAW, volatility=lambda t, s: np.where(s > 110.0, -0.1, 0.2))
    with pytest.raises(ValueError, match=r"volatility must be positive; at time .* and spot 1"):
        draw(law, np.asarray(STEPS), n_paths=500)


def test_dates_beyond_given_steps_are_refused():
    with pytest.raises(ValueError, match=r"steps must reach the last date, 1\.5 years"):
        LAW.chain((0.5, 1.5))


@pytest.mark.slow
def test_scenarios_go_beyond_a_step_and_changes_of_the_surface_are_refused():
    law, payoff = replace(LAW, steps=4), lg.Call(95.0, 1.0)
    grid = lg.scenarios(law, payoff, {"time": [0.0, 0.1, 0.4]}, greeks=["delta"], paths=8192, seed=1).to_frame()
    for elapsed, row in grid.iterrows():
        left = lg.greeks(law.later(elapsed), lg.Call(95.0, 1.0 - elapsed), ["delta"], paths=8192, seed=2)
        for name, column in (("price", "price_standard_error"), ("delta", "delta_standard_error")):
            gap = row[name] - left[name].value
            assert abs(gap) < 4.5 * np.hypot(row[column], left[name].standard_error), (elapsed, name)
    moved = lg.explain(law, replace(law, spot=99.0, volatility_shift=0.01), payoff, paths=2048, seed=1)
    assert moved.loc["vega", "move"] == pytest.approx(0.01)
    with pytest.raises(ValueError, match="change must be the same law with other parameters and nothing else"):
        lg.explain(law, replace(STEEP, spot=99.0), payoff, paths=64, seed=1)


def test_paths_of_another_chain_are_refused():
    with pytest.raises(ValueError, match="paths must be drawn by a local volatility with the same steps"):
        LAW.moves(replace(draw(replace(LAW, steps=50), np.asarray(QUARTERS), n_paths=8), memo=None))


CHANCE = np.random.default_rng()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda t, s: 0.2 + 0j * s, "what volatility returns must be an array of real numbers"),
        (lambda t, s: np.ma.masked_greater(0.002 * s, 0.2), "what volatility returns must hold plain numbers"),
        (lambda t, s: np.full(np.shape(s), "0.2"), "what volatility returns must be an array of real numbers"),
        (lambda t, s: None, "what volatility returns must be an array of real numbers"),
        (lambda t, s: np.full(7, 0.2), "volatility must return one number a spot"),
        (lambda t, s: 0.2 + 0.01 * CHANCE.random(np.shape(s)), "volatility must give a spot the same number whenever"),
        (lambda t, s: 0.2 + 0.001 * (s - np.mean(s)), "volatility must give a spot the same number whenever"),
        (lambda t, s: np.sort(0.002 * s), "volatility must give a spot the same number whenever"),
        (lambda t, s: 0.2 if s > 100.0 else 0.3, "volatility must be a function of a time and an array of spots"),
        (lambda t, s: {}[t], "volatility must be a function of a time and an array of spots, got 'KeyError"),
        (lambda spot, t: 0.2 * (spot / 100.0), r"volatility must take a time and spots, in this order"),
        (lambda t, s: 20.0 + 0.0 * s, "volatility at the spot must be between .* got 20.0"),
    ],
)
def test_a_function_that_is_none_of_time_and_spot_is_refused(function, message):
    with pytest.raises((ValueError, TypeError), match=message):
        lg.LocalVolatility(spot=100.0, volatility=function)


def test_so_is_its_slope():
    with pytest.raises(ValueError, match="slope must give a spot the same number whenever"):
        lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.2 + 0 * s, slope=lambda t, s: CHANCE.random(s.shape))
