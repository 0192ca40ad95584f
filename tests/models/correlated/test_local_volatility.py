"""Several assets under local volatilities: against geometric Brownian motions, products of chains, and themselves."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.parameters import TIME
from tests.support.chain_quadrature import Chain
from tests.support.gates import draw
from tests.support.surfaces import smooth_skew, steep_smile

STEPS = (0.2, 0.5, 0.7, 1.0)
A = lg.LocalVolatility(spot=97.0, volatility=smooth_skew, rate=0.03, dividend_yield=0.01, steps=STEPS)
B = replace(A, spot=104.0, volatility=steep_smile, dividend_yield=0.02)
RHO = {("A", "B"): 0.6}


def law(correlation=RHO, **members):
    return lg.CorrelatedLocalVolatility(members or {"A": A, "B": B}, correlation)


def test_constant_volatilities_are_correlated_geometric_brownian_motions():
    flat = law(A=replace(A, volatility=lambda t, s: 0.2), B=replace(B, volatility=lambda t, s: 0.3))
    members = {
        name: lg.GBM(spot=one.spot, volatility=v, rate=0.03, dividend_yield=one.dividend_yield)
        for (name, one), v in zip(flat.members, (0.2, 0.3), strict=True)
    }
    gbm = lg.CorrelatedGBM(members, RHO)
    assert flat.parameters == gbm.parameters
    paths = draw(flat, np.asarray(STEPS), n_paths=50)
    np.testing.assert_allclose(paths.spot, draw(gbm, np.asarray(STEPS), n_paths=50).spot, rtol=1e-12)
    names = [*gbm.parameters, TIME]
    pairs = [(a, b) for a in names for b in names]
    np.testing.assert_allclose(flat.log_density(paths), gbm.log_density(paths), rtol=1e-10)
    np.testing.assert_allclose(flat.score(paths, names), gbm.score(paths, names), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(flat.hessian(paths, pairs), gbm.hessian(paths, pairs), rtol=1e-8, atol=1e-6)
    assert flat.value_of("correlation[A,B]") == flat.rate / 0.05 == 0.6
    named = [name for name in gbm.parameters if "[" in name and "volatility" not in name]
    assert [getattr(flat, name) for name in named] == [getattr(gbm, name) for name in named]
    assert getattr(flat, "volatility[A]") == 0.0  # the shift
    with pytest.raises(AttributeError, match=r"no attribute 'spot\[C\]'"):
        getattr(flat, "spot[C]")
    np.testing.assert_allclose(flat.forward(1.0), gbm.forward(1.0), rtol=1e-12)


@pytest.mark.slow
def test_greeks_of_independent_assets_are_those_of_products_of_chains():
    def payoff(spot):
        return (spot[0, -1] > 95.0) * np.maximum(spot[1, -1] - 100.0, 0.0)

    greeks = ["delta", "vega", "gamma", "cross_gamma", "rho"]
    own = law({("A", "B"): 0.0})
    found = lg.greeks(own, lg.Payoff(payoff, STEPS), greeks, paths=40_000, seed=3)
    digital = Chain(smooth_skew, STEPS, A.spot, 0.03, 0.01, np.ones_like, low=95.0)
    call = Chain(steep_smile, STEPS, B.spot, 0.03, 0.02, lambda s: s - 100.0, low=100.0)
    grown = np.exp(0.03)
    one, two = (
        {greek: grown * chain.greek(greek) for greek in ("price", "delta", "vega", "gamma", "rho")}
        for chain in (digital, call)
    )
    exact = {
        "price": one["price"] * two["price"], "delta[A]": one["delta"] * two["price"],
        "delta[B]": one["price"] * two["delta"], "vega[A]": one["vega"] * two["price"],
        "vega[B]": one["price"] * two["vega"], "gamma[A]": one["gamma"] * two["price"],
        "gamma[B]": one["price"] * two["gamma"], "cross_gamma[A,B]": one["delta"] * two["delta"],
        "rho": one["rho"] * two["price"] + one["price"] * two["rho"] + one["price"] * two["price"],
    }  # fmt: skip
    z = {name: found[name].z_score(value / grown) for name, value in exact.items()}
    assert max(map(abs, z.values())) < 4.0, z
    assert found["delta[A]"].standard_error < 0.01 * exact["price"]
    assert found["cross_gamma[A,B]"].standard_error < 0.05 * abs(exact["cross_gamma[A,B]"])
    assert abs(found["delta[B]"].z_score(exact["delta[A]"])) > 6.0  # what would be seen


@pytest.mark.slow
def test_relaxations_take_most_of_the_noise_away_and_move_no_estimate():
    note = lg.WorstOf(lg.Barrier(lg.Put(1.0, 1.0), 0.75, "down", "in", STEPS), reference={"A": 97.0, "B": 104.0})
    greeks = ["delta", "vega", "correlation", "cross_gamma"]
    fine = lg.greeks(law(), note, greeks, paths=20_000, seed=1)
    plain = lg.greeks(law(), note, greeks, paths=200_000, seed=2, controls="none")
    for name in fine:
        gap = abs(fine[name].value - plain[name].value)
        assert gap < 4.0 * np.hypot(fine[name].standard_error, plain[name].standard_error), name
    assert min(fine[name].variance_ratio for name in fine if name.startswith(("delta", "vega"))) > 3.0
    assert fine["correlation[A,B]"].variance_ratio > 2.0
    assert fine["cross_gamma[A,B]"].variance_ratio > 2.0


def test_steps_are_the_most_a_year_or_all_that_are_given():
    most = law(A=replace(A, steps=4), B=replace(B, steps=12))
    assert len(most.chain((1.0,)).times) == 12
    every = law(A=replace(A, steps=(0.25, 0.5, 2.0)), B=replace(B, steps=(0.3, 0.5, 1.0)))
    np.testing.assert_allclose(every.chain((0.9,)).times, (0.25, 0.3, 0.5, 0.9))
    with pytest.raises(ValueError, match="steps must reach the last date"):
        every.chain((1.5,))
    assert len(law().later(0.1).chain((0.9,)).times) == 4


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"A": A, "B": replace(B, rate=0.02)}, r"members\['B'\] must discount as 'A' does"),
        ({"A": A, "B": replace(B, steps=12)}, r"members\['B'\] must have given steps as 'A' has"),
        ({"A": A, "B": B.later(0.1)}, "must have the elapsed time of 'A', 0"),
        ({"A": A, "B": lg.GBM(spot=1.0, volatility=0.2)}, r"members\['B'\] must be a LocalVolatility"),
        ({"A": A, "B[": B}, "members must have names without brackets"),
        ({}, "members must hold at least one law"),
        ("AB", "members must be a mapping"),
        ([A], "members must be a mapping of names to laws"),
        ({3: A}, "members must have names as keys"),
    ],
)
def test_bad_members_are_refused(members, message):
    with pytest.raises((ValueError, TypeError), match=message):
        lg.CorrelatedLocalVolatility(members, RHO)


def test_members_may_be_pairs_and_parameters_are_moved_by_name():
    pairs = lg.CorrelatedLocalVolatility([("A", A), ("B", B)], RHO)
    assert pairs == lg.CorrelatedLocalVolatility({"A": A, "B": B}, RHO)
    fields = pairs.as_fields(
        {"spot[B]": 91.0, "correlation[A,B]": 0.1, "rate": pairs.rate + 0.01, "volatility[A]": 0.02}
    )
    found = lg.CorrelatedLocalVolatility(**fields)
    assert (found.laws[1].spot, found.laws[0].spot) == (91.0, A.spot)
    assert found.correlation == ((("A", "B"), 0.1),)
    assert [law.rate for law in found.laws] == pytest.approx([A.rate + 0.01, B.rate + 0.01])
    assert getattr(found, "volatility[A]") == 0.02


def test_paths_of_another_chain_are_refused():
    other = law(A=replace(A, steps=50), B=replace(B, steps=50))
    with pytest.raises(ValueError, match="paths must be drawn by a local volatility with the same steps"):
        law().moves(replace(draw(other, np.asarray(STEPS[1:2]), n_paths=4), memo=None))
