"""Several assets each with a variance of its own: against products and limits that are known, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.streams.chunks import Chunk
from tests.support.heston_reference import greek as heston_greek

A = lg.Heston(
    spot=100.0, initial_variance=0.06, mean_reversion=2.0, long_run_variance=0.07, vol_of_vol=0.5, correlation=-0.4,
    rate=0.03, dividend_yield=0.01,
)  # fmt: skip
B = replace(A, spot=50.0, initial_variance=0.05, correlation=-0.6, dividend_yield=0.0)
YEAR = 0.4  # 146 days


def pair(rho, a=A, b=B, **more):
    return lg.CorrelatedHeston({"A": a, "B": b}, {("A", "B"): rho}, **more)


@pytest.mark.slow
def test_a_digital_on_the_worst_of_independent_assets_has_the_greeks_of_a_product():
    levels = {"A": 96.0, "B": 49.0}
    one, other = (lg.DigitalCall(level, YEAR) for level in levels.values())
    greeks = ["delta", "gamma", "vega", "vol_of_vol[A]", "correlation[B]", "cross_gamma"]
    result = lg.greeks(pair(0.0, steps=4), lg.WorstOf(lg.DigitalCall(1.0, YEAR), levels), greeks, paths=30_000, seed=3)
    grown = np.exp(0.03 * YEAR)
    exact = {"price": grown * heston_greek(A, one, "price") * heston_greek(B, other, "price")}
    for label in ("delta[A]", "gamma[A]", "vega[A]", "vol_of_vol[A]", "delta[B]", "vega[B]", "correlation[B]"):
        kind, name = label[:-3], label[-2]
        own = heston_greek(A if name == "A" else B, one if name == "A" else other, kind)
        rest = heston_greek(B if name == "A" else A, other if name == "A" else one, "price")
        exact[label] = grown * own * rest
    exact["cross_gamma[A,B]"] = grown * heston_greek(A, one, "delta") * heston_greek(B, other, "delta")
    scores = np.array([result[name].z_score(value) for name, value in exact.items()])
    assert np.abs(scores).max() < 4.0
    for name in ("delta[A]", "delta[B]", "vega[A]", "vega[B]", "cross_gamma[A,B]"):
        assert result[name].standard_error < 0.05 * abs(exact[name])
        assert abs(result[name].z_score(1.3 * exact[name])) > 4.0  # it would be seen


@pytest.mark.slow
def test_where_variances_hardly_move_an_exchange_is_margrabe_s():
    still = [replace(law, long_run_variance=law.initial_variance, vol_of_vol=0.004) for law in (A, B)]
    law, swap = pair(0.7, *still), lg.Exchange("A", "B", YEAR, quantities=(1.0, 2.0))
    names = ["delta", "vega", "correlation[A,B]"]
    result = lg.greeks(law, swap, names, paths=4096, seed=2)
    rho = float(law.spot_correlation.loc["A", "B"])
    assert rho == pytest.approx(0.7 * np.sqrt((1.0 - 0.16) * (1.0 - 0.36)))
    members = {name: lg.GBM(spot=own.spot, volatility=own.initial_variance**0.5, rate=0.03,
                            dividend_yield=own.dividend_yield) for name, own in law.members}  # fmt: skip
    flat = lg.CorrelatedGBM(members, {("A", "B"): rho})
    exact = {name: own.value for name, own in lg.greeks(flat, swap, names, closed_form=True).estimates.items()}
    exact["correlation[A,B]"] *= rho / 0.7
    variances = np.exp(-2.0 * YEAR)  # of the initial ones what the mean over the time still has
    for name in "AB":
        exact[f"vega[{name}]"] *= (1.0 - variances) / (2.0 * YEAR)
    for name, value in exact.items():
        assert result[name].standard_error < 0.05 * abs(value)
        assert abs(result[name].value - value) < 4.0 * result[name].standard_error + 1e-3 * abs(value)


@pytest.mark.slow
def test_a_correlation_acts_a_little_less_than_stated_within_a_step():
    """The covariance of a quarter's step against that of its 48 parts, by the formula of the docstring."""
    fine, ends = pair(1.0 - 1e-9, steps=192), [0.25, 0.5, 0.75, 1.0]
    paths = fine.simulate(ends, Chunk(1, 0, 4096, "pseudo").stream())
    clocks = []
    for place, name in enumerate("AB"):
        counts = np.reshape(paths.substeps, (2, -1))[place]
        rows = paths.latent[f"integrated_variance[{name}]"]
        clocks.append(np.add.reduceat(rows, np.cumsum(counts) - counts, axis=0))
    parts = np.sqrt(clocks[0] * clocks[1]).reshape(4, 48, -1).sum(axis=1)
    whole = np.sqrt(clocks[0].reshape(4, 48, -1).sum(axis=1) * clocks[1].reshape(4, 48, -1).sum(axis=1))
    lacks = 1.0 - parts.mean() / whole.mean()
    assert lacks == pytest.approx(0.25 / 48.0 * 0.25 * (1.0 / 0.07 + 1.0 / 0.068), rel=0.5)
    assert lacks > 0.02


@pytest.mark.slow
def test_controls_and_travelling_variances_pay():
    quarters = [0.25, 0.5, 0.75, 1.0]
    note = lg.Autocallable(1.0, quarters, coupon=0.03, knock_in=0.7, knock_in_times=quarters, notional=100.0)
    payoff, names = lg.WorstOf(note, {"A": 100.0, "B": 50.0}), ["delta", "vega", "correlation[A,B]"]
    result = lg.greeks(pair(0.6), payoff, names, paths=4096, seed=1)
    assert min(result[name].variance_ratio for name in ("delta[A]", "delta[B]", "correlation[A,B]")) > 100.0
    plain = lg.greeks(pair(0.6), payoff, names, paths=4096, seed=1, controls="none")
    for name in ("vega[A]", "vega[B]"):
        assert result[name].standard_error < 0.3 * plain[name].standard_error


@pytest.mark.parametrize(
    ("members", "given", "why"),
    [
        ({"A": A, "B": lg.GBM(spot=1.0, volatility=0.2, rate=0.03)}, {("A", "B"): 0.5}, "must be a Heston"),
        ({"A": A, "B": replace(B, rate=0.01)}, {("A", "B"): 0.5}, "discount as 'A' does"),
        ({"A": A, "B": B}, {}, "be given for A,B"),
        ({"A": A, "B": B}, {("A", "B"): {0.5: 0.3, 1.0: 0.6}}, "one number under stochastic variances"),
        ({"A": A, "B": B, "C": A}, {("A", "B"): 0.9, ("A", "C"): 0.9, ("B", "C"): -0.5}, "positive definite"),
    ],
)
def test_bad_members_and_correlations_are_refused(members, given, why):
    with pytest.raises((ValueError, TypeError), match=why):
        lg.CorrelatedHeston(members, given)


def test_what_it_does_not_have_is_refused_by_name():
    put = lg.WorstOf(lg.Put(1.0, 1.0), {"A": 100.0, "B": 50.0})
    with pytest.raises(TypeError, match=r"early exercise needs a law .* got CorrelatedHeston"):
        lg.greeks(pair(0.5), lg.Bermudan(put, [0.5]), paths=256)
    with pytest.raises(ValueError, match="buckets must be asked of a law on curves"):
        lg.greeks(pair(0.5), put, ["vega"], buckets=["vega"], paths=256)
    barrier = lg.Barrier(lg.Call(90.0, 1.0), 80.0, "down", "out", times="continuous")
    with pytest.raises(TypeError, match="the spot of CorrelatedHeston is no Brownian bridge"):
        lg.greeks(pair(0.5), lg.On(barrier, "A"), paths=256)
