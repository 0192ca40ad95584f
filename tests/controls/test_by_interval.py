"""Integrands by interval: with a coordinate's slopes they give back its samples, whatever the control and the law."""

from contextlib import nullcontext

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.controls import offers
from likelihood_greeks.controls.by_interval import ByInterval, Paid, Slopes
from likelihood_greeks.controls.integrands import Integrands, integrand
from likelihood_greeks.controls.protocol import Load, Scene, SharedPaths
from likelihood_greeks.controls.sharing import Sharing, less
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO
from tests.support.gates import draw
from tests.support.laws import BETWEEN, CURVES, LAWS

SHIFTS = ("rate", "dividend_yield", "volatility")
DIVIDENDS = lg.TermStructureGBM(
    spot=93.0, times=CURVES.times, zero_rates=CURVES.zero_rates, dividend_yields=CURVES.dividend_yields,
    volatilities=CURVES.volatilities, dividends=((0.3, 2.0), (0.8, 1.0)),
)  # fmt: skip
CASES = {
    "a barrier on curves": (CURVES, lg.Barrier(lg.Call(95.0, 1.1), 83.0, "down", "out", BETWEEN)),
    "an average on curves": (LAWS["curves, shifted"].law, lg.Asian(92.0, BETWEEN)),
    "cash dividends": (DIVIDENDS, lg.Barrier(lg.Call(95.0, 1.1), 83.0, "down", "out", BETWEEN)),
}


@pytest.fixture(autouse=True)
def levels_are_held_on_few_dates(monkeypatch):
    monkeypatch.setattr(offers, "MANY", 3)


def scene_of(law, payoff, names):
    weighed = weigh(law, draw(law, payoff.times, n_paths=512, seed=3), [(name,) for name in names])
    load = Load.of(law, payoff.times, np.inf)
    lines = offers.lines_of(law, payoff, weighed, load)
    controls, _ = offers.offered(law, payoff, weighed, lines=lines, load=load, generator=np.random.default_rng(1))
    return Scene(SharedPaths(law, weighed), payoff), controls


def slopes_of(scene, names):
    return Slopes(scene.drawn.moves, tuple(names), np.eye(len(names)), LIKELIHOOD_RATIO)


@pytest.mark.parametrize("way", [nullcontext, formulas_only], ids=["compiled", "formula"])
@pytest.mark.parametrize("case", CASES)
def test_slopes_times_the_parts_are_the_samples_of_every_control(case, way):
    with way():
        samples_by_slopes(*CASES[case], fewest=1 if case == "cash dividends" else 3)


def samples_by_slopes(law, payoff, fewest):
    scene, controls = scene_of(law, payoff, SHIFTS)
    slopes = slopes_of(scene, SHIFTS)
    np.testing.assert_allclose(slopes.weights, [scene.drawn.weights[name,] for name in SHIFTS], rtol=1e-9, atol=1e-9)
    kinds = set()
    for control in controls:
        parts, samples = control.by_interval(scene), control.samples(scene, [{(name,): 1.0} for name in SHIFTS])
        if parts is None:
            assert (samples == samples[0]).all()
            continue
        kinds.add(type(control).__name__)
        scale = np.abs(scene.value * slopes.weights).max()
        np.testing.assert_allclose(
            integrand(slopes, parts), samples, rtol=1e-9, atol=1e-11 * scale, err_msg=control.name
        )
    assert len(kinds) >= fewest


@pytest.mark.parametrize("case", CASES)
def test_the_nodes_of_every_curve_sum_to_its_shift_and_a_part_of_them_does_not(case):
    law, payoff = CASES[case]
    split = law.split(SHIFTS)
    scene, controls = scene_of(split, payoff, SHIFTS)
    names = [f"{shift}[{k}]" for shift in SHIFTS for k in range(len(split.nodes(shift)))]
    nodes, whole = (slopes_of(scene, which) for which in (names, SHIFTS))
    for control in controls:
        if (parts := control.by_interval(scene)) is None:
            continue
        by_node, shifts = integrand(nodes, parts).reshape(len(SHIFTS), -1, 512), integrand(whole, parts)
        scale = np.abs(scene.value * whole.weights).max()
        np.testing.assert_allclose(by_node.sum(axis=1), shifts, rtol=1e-9, atol=1e-11 * scale, err_msg=control.name)
    sums = nodes.weights.reshape(len(SHIFTS), -1, 512)
    np.testing.assert_allclose(sums.sum(axis=1), whole.weights, rtol=1e-9, atol=1e-9)
    assert not np.allclose(sums[:, 1:].sum(axis=1), whole.weights, rtol=0.01, atol=0.01)


@pytest.mark.parametrize("way", [nullcontext, formulas_only], ids=["compiled", "formula"])
@pytest.mark.parametrize("case", CASES)
def test_several_integrands_in_one_pass_are_the_sum_of_each(case, way):
    law, payoff = CASES[case]
    scene, controls = scene_of(law, payoff, SHIFTS)
    slopes, rng = slopes_of(scene, SHIFTS), np.random.default_rng(2)
    jet = law.discount_jet(np.array([payoff.times[-1]]))
    first = ByInterval(scene.value, known=((Paid(scene.flows), jet),))
    others = [parts for parts in (control.by_interval(scene) for control in controls[:4]) if parts is not None]
    with way():
        several, factors = Integrands(slopes), [rng.normal(size=3) for _ in others]
        several.add(first, np.ones(3))
        for parts, own in zip(others, factors, strict=True):
            several.add(parts, own)
        total, plain = several.with_first(first, 2)
    each = [own[:, None] * integrand(slopes, parts) for parts, own in zip(others, factors, strict=True)]
    alone = integrand(slopes, first)
    np.testing.assert_allclose(plain, alone[:2], rtol=1e-9, atol=1e-9 * np.abs(alone).max())
    np.testing.assert_allclose(total, alone + sum(each), rtol=1e-9, atol=1e-9 * max(np.abs(e).max() for e in each))


@pytest.mark.parametrize("way", [nullcontext, formulas_only], ids=["compiled", "formula"])
def test_rows_that_share_what_they_lack_sum_to_the_whole(way):
    rng = np.random.default_rng(3)
    rows, whole, free = rng.normal(size=(5, 1000)), rng.normal(size=(2, 1000)), rng.normal(size=(4, 1000))
    greeks, coefficients = np.array([0, 0, 0, 1, 1]), rng.normal(size=(5, 4))
    with way():
        found = np.empty_like(rows)
        less(rows, coefficients, free, found)
        np.testing.assert_allclose(found, rows - coefficients @ free, atol=1e-12)
        Sharing(coefficients, np.array([0.5, 0.3, 0.2, 0.9, 0.1])).completed(found, greeks, whole)
    np.testing.assert_allclose([found[:3].sum(axis=0), found[3:].sum(axis=0)], whole, atol=1e-12)
