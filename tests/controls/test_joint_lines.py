"""Several assets along a line: against quadrature and differences, of one asset that of `lines`, and of mean zero."""

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks.controls import joint_lines
from likelihood_greeks.controls.joint_lines import JointDirection, JointLine, joint_directions
from likelihood_greeks.controls.line_integral import Integral
from likelihood_greeks.controls.line_layout import Layout
from likelihood_greeks.controls.line_scores import second
from likelihood_greeks.controls.lines import DIRECTIONS, Crossings, Line
from likelihood_greeks.controls.offers import lines_of
from likelihood_greeks.controls.protocol import Load, Scene, SharedPaths
from likelihood_greeks.controls.skeletons import Skeletons
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.adaptor import moved as at
from likelihood_greeks.models.joint_travel import motion_by_asset
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from likelihood_greeks.payoffs.along.pieces import pieces_along
from tests.controls.test_lines import by_quadrature, flow_factors
from tests.support.gates import MODEL, draw
from tests.support.laws import CURVES
from tests.support.two_assets import derivative, outside_call, two

TIMES = (0.2, 0.5, 0.6, 1.0)
TWO = two(0.6)
THREE = lg.CorrelatedGBM(
    {
        "A": lg.GBM(spot=100.0, volatility=0.2, rate=0.03, dividend_yield=0.01),
        "B": lg.TermStructureGBM(
            spot=90.0, times=[0.5, 1.5], zero_rates=[0.03] * 2, dividend_yields=[0.0] * 2, volatilities=[0.4, 0.3]
        ),
        "C": lg.GBM(spot=110.0, volatility=0.2, rate=0.03),
    },
    correlation={("A", "B"): 0.6, ("A", "C"): -0.2, ("B", "C"): 0.3},
)
NOTE = lg.Autocallable(1.0, TIMES[1:], coupon=0.02, knock_in=0.8, knock_in_times=TIMES, notional=100.0)
KNOCKED = lg.Barrier(lg.Call(0.9, 1.0), 0.85, "down", "out", TIMES, rebate=0.1)


def altiplano(spot):
    fallen = (spot / spot[:, :1] < 0.9).any(axis=0).any(axis=0)
    return np.where(fallen, np.maximum(spot[:, -1].mean(axis=0) - 95.0, 0.0), 15.0)


def payoffs(law):
    """Contracts on all assets of a law, at levels near their spots."""
    spots = [getattr(law, f"spot[{asset}]") for asset in law.assets]
    wrapped = {
        f"{kind.__name__}, {name}": kind(inner, spots)
        for kind in (lg.WorstOf, lg.BestOf, lg.Basket)
        for name, inner in {
            "note": NOTE,
            "put": lg.Put(1.0, 1.0),
            "digital": lg.DigitalCall(1.0, 1.0),
            "barrier": KNOCKED,
            "Asian": lg.Asian(1.0, TIMES),
            "one touch": lg.OneTouch(1.1, "up", 1.0, 1.0, TIMES),
        }.items()
    }
    barrier = lg.Barrier(lg.Call(90.0, 1.0), 85.0, "down", "out", TIMES)
    return wrapped | {
        "exchange": lg.Exchange(0, 1, 1.0),
        "spread": lg.Spread(1, 0, 1.0, strike=-4.0, kind="put"),
        "outperformance": lg.OutperformanceDigital(1, 0, 1.0, reference=(spots[1], spots[0]), margin=0.02),
        "outside barrier": lg.OutsideBarrier(barrier, 0, 1),
        "on one": lg.On(barrier, 1),
        "altiplano": lg.Payoff(altiplano, TIMES),
        "rainbow": lg.Rainbow(lg.Call(0.9, 1.0), spots, weights=[0.6, 0.3, 0.1][: len(spots)]),
    }


def along(law, payoff, n_paths=8, seed=5, needed=()):
    """A payoff's directions, lines and pieces."""
    times = np.asarray(payoff.times)
    drawn = weigh(law, replace(draw(law, times, n_paths, seed), memo=None), [(name,) for name in needed])
    pilot = weigh(law, draw(law, times, 2048, 3), [])
    found = []
    for direction in joint_directions(payoff, pilot, pilot.moves):
        line = JointLine(drawn.moves, direction, times)
        found.append((line, pieces_along(payoff, pilot.spot, line.carried)))
    return found


CASES = {("two", name): (TWO, payoff) for name, payoff in payoffs(TWO).items()}
CASES |= {("three", name): (THREE, payoff) for name, payoff in payoffs(THREE).items()}


@pytest.mark.parametrize("case", CASES, ids=", ".join)
def test_the_integral_is_that_of_quadrature(case):
    law, payoff = CASES[case]
    found = [(line, pieces) for line, pieces in along(law, payoff) if pieces is not None]
    assert found
    for line, pieces in found:
        factors = flow_factors(pieces)
        shape = (len(law.assets), len(payoff.times))
        exact = by_quadrature(payoff, line, factors, pieces, shape)
        np.testing.assert_allclose(Integral(Layout(pieces), line, factors).value, exact, rtol=1e-7, atol=1e-7)


NAMES = ("spot", "volatility", "dividend_yield", "rate")


@pytest.mark.parametrize("law", [MODEL, CURVES])
@pytest.mark.parametrize("profile", DIRECTIONS)
def test_one_asset_alone_is_the_case_of_one_asset(law, profile):
    several, payoff = lg.CorrelatedGBM({"A": law}, correlation={}), replace(NOTE, knock_in=95.0, call_level=100.0)
    paths = replace(draw(law, TIMES, 50), memo=None)
    called = {name: f"{name}[A]" if name != "rate" else name for name in NAMES}
    pairs = [*combinations_with_replacement(NAMES, 2)]
    one = weigh(law, paths, [*((name,) for name in NAMES), *pairs])
    other = weigh(several, replace(paths, spot=paths.spot[None]), [(name,) for name in called.values()])
    layout, factors = Layout(pieces_along(payoff, paths.spot)), np.ones(len(TIMES) - 1)
    joint = JointLine(other.moves, JointDirection(profile, (2.0,), "one"), np.array(TIMES))
    found = [Integral(layout, line, factors) for line in (Line(Skeletons(one), profile), joint)]
    np.testing.assert_allclose(found[1].value, found[0].value, rtol=1e-9)
    for name in NAMES:
        moved = [each.moved(n, LIKELIHOOD_RATIO) for each, n in zip(found, (name, called[name]), strict=True)]
        np.testing.assert_allclose(moved[1], moved[0], rtol=1e-9, atol=1e-9 * np.abs(moved[0]).max())
    for a, b in pairs:
        seconds = [
            second(each, pair, LIKELIHOOD_RATIO)
            for each, pair in zip(found, ((a, b), (called[a], called[b])), strict=True)
        ]
        np.testing.assert_allclose(seconds[1], seconds[0], rtol=1e-8, atol=1e-8 * np.abs(seconds[0]).max())


@pytest.mark.parametrize("name", ["spot[B]", "volatility[A]", "volatility[B]", "rate", "dividend_yield[C]"])
def test_its_derivative_is_that_at_fixed_normals(name):
    """Of volatilities that are constant between all dates, whose roots move asset by asset."""
    payoff = lg.WorstOf(replace(NOTE, knock_in=0.9), [100.0, 90.0, 110.0])
    (line, pieces), *_ = along(THREE, payoff, n_paths=40)
    layout, factors = Layout(pieces), np.linspace(1.0, 0.9, len(pieces.coefficients[0]))
    terms, noise, sums = line.moves.terms, line.moves.noise, []
    step = 1e-5
    for sign in (1.0, -1.0):
        law = at(THREE, {name: sign * step})
        there = law._steps(np.array(TIMES))
        change = motion_by_asset(terms, name)
        assert not change.turned
        moved = noise * np.exp(sign * step * change.own)[..., None]
        shares = line.shares * np.exp(sign * step * change.own)
        bumped = _Fixed(line, moved, there.mean, shares)
        sums.append(Integral(layout, bumped, factors).value)
    expected = (sums[0] - sums[1]) / (2.0 * step)
    found = Integral(layout, line, factors).moved(name, LIKELIHOOD_RATIO)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(found).max())


class _Fixed:
    """A line at the same normals under another law: the places are those of the first."""

    def __init__(self, line, noise, mean, shares):
        self.place, self.lengths = line.place, np.cumsum(shares, axis=1).reshape(-1, 1)
        self._logs = np.cumsum(noise + mean[..., None], axis=1).reshape(-1, noise.shape[-1])

    def logs(self, rows):
        return self._logs[rows]

    def nearest(self, rows, levels, last):
        pick = np.max if last else np.min
        return Crossings(
            self.place + pick((np.log(levels)[:, None] - self._logs[rows]) / self.lengths[rows], axis=0),
            *(np.empty(0),) * 3,
        )


FIRST = [(), ("spot[A]",), ("volatility[A]",), ("volatility[B]",), ("rate",), ("correlation[A,B]",), ("time",)]
SECOND = [
    ("spot[A]", "spot[A]"), ("spot[A]", "spot[B]"), ("spot[B]", "volatility[A]"), ("volatility[A]", "volatility[B]"),
    ("correlation[A,B]", "volatility[B]"), ("correlation[A,B]", "correlation[A,B]"), ("correlation[A,B]", "spot[A]"),
]  # fmt: skip


def z_scores(law, payoff, which=0, derivatives=FIRST, n_paths=100_000, seed=6):
    """Of the control's mean, Greek by Greek; and how much of the plain estimate's deviation it has."""
    needed = [d for d in derivatives if d]
    firsts = {(name,) for d in needed for name in d}
    drawn = weigh(
        law, draw(law, np.asarray(payoff.times), n_paths, seed), [*firsts, *(d for d in needed if len(d) > 1)]
    )
    control = lines_of(law, payoff, drawn, Load(40))[which]
    scene = Scene(SharedPaths(law, drawn), payoff)
    samples = control.samples(scene, [{d: 1.0} for d in derivatives])
    plain = np.stack([scene.value * (drawn.weights[d] if d else 1.0) for d in derivatives])
    assert (samples.std(axis=1) > 0.2 * plain.std(axis=1)).all()
    found = Moments.of(samples[:, None])
    return np.abs(found.mean / found.standard_error)[:, 0]


WORST = lg.WorstOf(NOTE, [100.0, 95.0])


@pytest.mark.parametrize("which", range(4))
def test_the_control_has_mean_zero(which):
    assert z_scores(TWO, WORST, which, FIRST + SECOND).max() < 4.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BestOf, barrier", "Basket, note", "spread", "outperformance", "outside barrier"])
def test_so_have_those_of_three_on_curves(name):
    names = ["spot[B]", "volatility[B]", "volatility[C]", "correlation[A,C]", "correlation[B,C]"]
    assert z_scores(THREE, payoffs(THREE)[name], 0, [(), *((name,) for name in names)]).max() < 4.0


def test_a_line_that_does_not_turn_with_the_correlation_would_be_seen(monkeypatch):
    right = JointLine._gained

    def without(self, name, still, along):
        return right(self, name, still, 0.0 * along if name.startswith("correlation") else along)

    monkeypatch.setattr(JointLine, "_gained", without)
    found = z_scores(TWO, payoffs(TWO)["WorstOf, digital"])
    assert found[5] > 6.0
    assert found[:5].max() < 4.0


def test_a_weight_that_does_not_move_would_be_seen(monkeypatch):
    monkeypatch.setattr(JointLine, "score_motion", lambda *_: (0.0, 0.0))
    assert z_scores(TWO, payoffs(TWO)["spread"], derivatives=[("spot[A]", "volatility[A]")])[0] > 6.0


DESIGNED = {"delta[A]": 0.39, "delta[B]": 0.35, "vega[A]": 40.0, "vega[B]": 28.0, "correlation[A,B]": 15.4}
"""Deviations of one path of a note of four dates with a line along the sum of both log-returns."""


def note_of_four_dates(spot):
    both, worst, alive, flows = (spot >= 100.0).all(axis=0), spot[:, -1].min(axis=0), True, []
    for k in range(4):
        flows.append(np.where(both[k] & alive, 102.0 + 2.0 * k, 0.0))
        alive = ~both[k] & alive
    flows[3] = flows[3] + np.where(alive, np.where(worst > 100.0 * np.exp(-0.36), 100.0, worst), 0.0)
    return np.stack(flows)


PUBLISHED = {
    "price": 89.91817, "delta[A]": 0.217630, "delta[B]": 0.428277, "vega[A]": -20.3270, "vega[B]": -36.1562,
    "correlation[A,B]": 4.02785, "rho": -13.4868, "gamma[A]": -0.016495, "gamma[B]": -0.018680,
    "cross_gamma[A,B]": 0.0068268,
}  # fmt: skip
"""By quadrature in two dimensions."""


def test_a_note_on_the_worst_of_two_has_its_line_and_its_greeks():
    law, note = two(0.5), lg.Payoff(note_of_four_dates, [0.25, 0.5, 0.75, 1.0])
    found = lg.greeks(law, note, [*PUBLISHED][1:], paths=65_536, seed=9)
    assert found.diagnostics.controls["control"].str.contains("integrated along").any()
    for name, deviation in DESIGNED.items():
        assert found[name].standard_error * 256.0 < 1.1 * deviation, name
    for name, value in PUBLISHED.items():
        assert found[name].standard_error < 0.02 * abs(value), name
        assert abs(found[name].value - value) < 4.0 * found[name].standard_error, name


def test_what_is_on_one_asset_alone_is_exact():
    found = lg.greeks(TWO, lg.On(lg.Call(100.0, 1.0), "B"), ["delta", "vega", "correlation"], paths=4096, seed=1)
    one = lg.greeks(TWO.laws[1], lg.Call(100.0, 1.0), ["delta", "vega"], closed_form=True)
    for greek in ("delta", "vega"):
        assert found[f"{greek}[B]"].value == pytest.approx(one[greek].value, rel=1e-9)
        assert abs(found[f"{greek}[A]"].value) < 1e-9
    assert abs(found["correlation[A,B]"].value) < 1e-9


def test_an_asset_that_a_line_hardly_carries_is_not_carried(monkeypatch):
    """Weights may cancel against a correlation: what is left is a rounding error, and a barrier there is never met."""
    volatilities = (0.27652305509667724, 0.23547823678633234)
    law = lg.CorrelatedGBM(
        {name: lg.GBM(spot=spot, volatility=own, rate=0.03, dividend_yield=paid)
         for name, spot, own, paid in zip("AB", (100.0, 95.0), volatilities, (0.02, 0.01), strict=True)},
        {("A", "B"): -0.3},
    )  # fmt: skip
    barrier = lg.OutsideBarrier(lg.Barrier(lg.Call(110.0, 1.0), 93.0, "down", "out", [0.4]), watched="A", paid="B")
    vega = derivative(law, lambda own: outside_call(own, 93.0, 0.4, 110.0, 1.0), ("volatility[A]",))
    result = lg.greeks(law, barrier, ["vega[A]"], paths=4096, seed=1)["vega[A]"]
    assert result.standard_error < 0.1 * abs(vega)
    assert abs(result.z_score(vega)) < 4.0
    moves = weigh(law, draw(law, [0.4, 1.0], 8, 1), []).moves
    weights = tuple(np.array([0.3, 1.0]) / volatilities)
    line = JointLine(moves, JointDirection(DIRECTIONS[0], weights, "weights that cancel"), np.array([0.4, 1.0]))
    assert (line.carried[0] == 0.0).all()
    assert (line.carried[1] > 0.0).all()
    monkeypatch.setattr(joint_lines, "FAINT", 0.0)
    assert (line.carried[0] != 0.0).all()  # what it was: vega[A] was zero, and sure of it
