"""Correlations by pillar: Greeks against quadrature and closed forms, buckets, the passing of time, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.models.correlated import by_pillar
from likelihood_greeks.parameters import requested
from tests.support import two_assets as reference

A = lg.GBM(spot=100.0, volatility=0.25, rate=0.03, dividend_yield=0.02)
B = lg.GBM(spot=95.0, volatility=0.35, rate=0.03, dividend_yield=0.01)
CURVE = {0.4: 0.2, 1.0: 0.75}


def law(correlation):
    return lg.CorrelatedGBM({"A": A, "B": B}, {("A", "B"): correlation})


def note_of_two_dates(spot):
    high = (spot[0] >= 98.0) & (spot[1] >= 97.0)
    return np.stack([np.where(high[0], 3.0, 0.0), np.where(~high[0] & high[1], 7.0, 0.0)])


def price_of_note(own):
    return reference.note_of_two_dates(own, 0.4, 1.0, (98.0, 97.0), (3.0, 7.0))


@pytest.mark.slow
def test_greeks_of_a_note_on_two_dates_are_those_by_quadrature_and_buckets_each_pillar_s():
    own, payoff = law(CURVE), lg.Payoff(note_of_two_dates, [0.4, 1.0])
    asked = ["delta", "cross_gamma", "vega", "correlation", "vanna"]
    exact = {x: reference.derivative(own, price_of_note, next(iter(of))) for x, of in requested(asked, own).items()}
    result = lg.greeks(own, payoff, asked, paths=30_000, seed=3, buckets=["correlation"])
    scores = np.array([result[name].z_score(value) for name, value in exact.items()])
    assert np.abs(scores).max() < 4.0
    assert abs(result["correlation[A,B]"].z_score(exact["correlation[A,B]"] * 1.1)) > 4.0  # it would be seen
    parts = [result[f"correlation[A,B][{k}]"] for k in (0, 1)]
    for k, part in enumerate(parts):
        up, down = (price_of_note(law({**CURVE, [*CURVE][k]: [*CURVE.values()][k] + h})) for h in (1e-3, -1e-3))
        assert part.standard_error < 0.03
        assert abs(part.z_score((up - down) / 2e-3)) < 4.0
    assert sum(part.value for part in parts) == pytest.approx(result["correlation[A,B]"].value, abs=1e-12)


def test_buckets_of_all_correlations_are_those_of_the_ones_by_pillar():
    own = lg.CorrelatedGBM({"A": A, "B": B, "C": A}, {("A", "B"): CURVE, ("A", "C"): 0.3, ("B", "C"): 0.2})
    result = lg.greeks(own, lg.WorstOf(lg.Put(90.0, 1.0)), ["correlation"], paths=256, seed=1, buckets=["correlation"])
    frame = result.to_frame()
    assert frame.loc[frame["bucket"] != "", "asset"].unique().tolist() == ["A,B"]
    with pytest.raises(ValueError, match=r"correlation\[A,C\] is flat"):
        lg.greeks(own, lg.WorstOf(lg.Put(90.0, 1.0)), paths=256, seed=1, buckets=["correlation[A,C]"])


def test_an_exchange_sees_the_mean_and_a_constant_curve_is_a_number():
    swap, asked = lg.Exchange("A", "B", 1.0), ["delta", "vega", "correlation", "cross_gamma"]
    mean = 0.4 * 0.2 + 0.6 * 0.75
    one, two = (lg.greeks(law(x), swap, asked, closed_form=True) for x in (CURVE, mean))
    assert [x.value for x in one.estimates.values()] == pytest.approx([x.value for x in two.estimates.values()])
    assert law({0.5: 0.3, 2.0: 0.3}) == law(0.3)
    assert law([(0.4, 0.2), (1.0, 0.75)]) == law(CURVE)
    drawn = lg.greeks(law(CURVE), swap, ["correlation"], paths=4096, seed=1)["correlation[A,B]"]
    assert drawn.standard_error < 0.1
    assert abs(drawn.z_score(one["correlation[A,B]"].value)) < 4.0


def test_pillars_stay_in_the_calendar_and_theta_is_their_passing():
    own, swap, day = law(CURVE), lg.Exchange("A", "B", 1.0), 1e-4
    theta = lg.greeks(own, swap, ["theta"], closed_form=True)["theta"].value
    later = lg.greeks(own.later(day), lg.Exchange("A", "B", 1.0 - day), [], closed_form=True)["price"].value
    now = lg.greeks(own, swap, [], closed_form=True)["price"].value
    assert theta == pytest.approx((later - now) / day, rel=1e-3)
    assert own.later(0.5).correlation == ((("A", "B"), 0.75),)
    assert own.later(-0.5).correlation[0][1].pillars == (0.9, 1.5)
    assert own.correlation_matrix.loc["A", "B"] == 0.2


def test_a_move_to_another_curve_is_along_its_tilt():
    own, other = law(CURVE).correlation[0][1], law({0.7: 0.1, 1.0: 0.5}).correlation[0][1]
    along = by_pillar.toward(own, other)
    ends = np.array([0.4, 0.7, 1.0])
    there = by_pillar.at(along, ends) + by_pillar.step(along, other) * by_pillar.slope(along, ends)
    np.testing.assert_allclose(there, by_pillar.at(other, ends))
    assert by_pillar.step(by_pillar.toward(0.2, 0.3), 0.3) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({1.0: 0.5, 0.5: 0.4}, "pillars of correlation"),
        ({1.0: 0.5, 2.0: 1.2}, r"correlation\[A,B\] up to 2 years must be between"),
        ({}, "must hold a number for each of some pillars"),
        ([(0.5,)], "pairs of years and numbers"),
        ("half", "must be a"),
    ],
)
def test_what_is_no_curve_is_refused(given, match):
    with pytest.raises((ValueError, TypeError), match=match):
        law(given)


def test_every_stretch_of_time_needs_a_positive_definite_matrix():
    known = {("A", "B"): {1.0: 0.1, 2.0: 0.9}, ("A", "C"): 0.9, ("B", "C"): {1.0: 0.2, 3.0: -0.5}}
    with pytest.raises(ValueError, match=r"positive definite after 1 years: its smallest eigenvalue is -0\.5471"):
        lg.CorrelatedGBM({"A": A, "B": B, "C": A}, known)
    lg.CorrelatedGBM({"A": A, "B": B, "C": A}, {**known, ("B", "C"): 0.8, ("A", "B"): 0.8})
    local = lg.LocalVolatility(spot=100.0, volatility=lambda t, s: 0.2 + 0.0 * s, rate=0.03, steps=12)
    with pytest.raises(ValueError, match="one number under local volatilities"):
        lg.CorrelatedLocalVolatility({"A": local, "B": replace(local)}, {("A", "B"): CURVE})
