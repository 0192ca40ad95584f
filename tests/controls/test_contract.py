"""What every control promises under every law that offers it: mean zero for every Greek, under that law alone.

A new law is one line in `tests/support/laws.py`, a new control one line in `CONTROLS`. Controls are checked as a pilot
is offered them; the negative control is that of paths drawn from a law a little way off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import likelihood_greeks as lg
from likelihood_greeks._compiled import formulas_only
from likelihood_greeks.controls import offers
from likelihood_greeks.controls.averages import Twin
from likelihood_greeks.controls.conditional import Conditional
from likelihood_greeks.controls.europeans import Vanilla
from likelihood_greeks.controls.free import free, has_forward, labels
from likelihood_greeks.controls.handed_over import HandedOver
from likelihood_greeks.controls.handover import Gradual
from likelihood_greeks.controls.line_integrated import LineIntegrated
from likelihood_greeks.controls.protocol import Load, Scene, SharedPaths, rows
from likelihood_greeks.controls.squares import Squares
from likelihood_greeks.estimate import Moments
from likelihood_greeks.estimators.likelihood_ratio import weigh
from likelihood_greeks.models.adaptor import moved, value_of
from likelihood_greeks.models.capabilities import (
    DrawsBeneath,
    KnowsAverages,
    KnowsReturns,
    KnowsVanillas,
    Movable,
    assets_of,
    has,
)
from likelihood_greeks.models.joint_moves import JointSteps
from likelihood_greeks.models.moves import LIKELIHOOD_RATIO, IndependentSteps
from likelihood_greeks.parameters import TIME
from tests.support.gates import draw
from tests.support.laws import LAWS, QUICK, slow_unless_quick

TRIED = 8  # controls of a kind, evenly among those on offer


@cache
def travels(law: Any) -> bool | None:
    """Whether the steps of a law are independent; None if it does not say how its paths travel."""
    with formulas_only():  # it is asked when tests are collected
        path = law.moves(draw(law, (0.1, 0.3), n_paths=2)).path if has(law, Movable) else None
    return None if path is None else isinstance(path, IndependentSteps | JointSteps)


def alone(law: Any) -> bool:
    """Whether a law is of one asset and its steps are independent."""
    return bool(travels(law)) and not assets_of(law)


@dataclass(frozen=True)
class Kind:
    """Controls of one kind: laws that offer them, which of the offers they are, and a payoff that gets them."""

    offered_by: Callable[[Any], bool]
    belongs: Callable[[Any], bool]
    payoff: Callable[[Sequence[float], float], Any]


def barrier(times, level):
    return lg.Barrier(lg.Call(0.97 * level, times[-1]), 0.86 * level, "down", "out", times)


def handed(control, relaxed, hold):
    """Whether a payoff is handed over at dates, relaxed or not, with a level held or none."""
    return (
        isinstance(control, HandedOver)
        and not isinstance(control.way, Gradual)
        and (control.relaxation is not None, control.way.hold is not None) == (relaxed, hold)
    )


CONTROLS = {
    "relaxed": Kind(travels, lambda c: handed(c, True, False), barrier),
    "held": Kind(lambda law: alone(law) and not has(law, DrawsBeneath), lambda c: handed(c, True, True), barrier),
    "step by step": Kind(
        lambda law: travels(law) is False,
        lambda c: isinstance(c, HandedOver) and isinstance(c.way, Gradual),
        barrier,
    ),
    "beneath": Kind(
        lambda law: alone(law) and has(law, DrawsBeneath) and len(law.hand_over_rates((0.1, 0.3))) > 1,
        lambda c: handed(c, False, False),
        barrier,
    ),
    "given what is beneath": Kind(
        lambda law: alone(law) and has(law, DrawsBeneath),
        lambda c: isinstance(c, Conditional),
        lambda times, level: lg.DigitalCall(level, times[-1]),
    ),
    "integrated along a line": Kind(travels, lambda c: isinstance(c, LineIntegrated), barrier),
    "Europeans": Kind(lambda law: travels(law) and has(law, KnowsVanillas), lambda c: isinstance(c, Vanilla), barrier),
    "squared returns": Kind(
        lambda law: travels(law) and has(law, KnowsReturns) and not law.first_ex_date < np.inf,
        lambda c: isinstance(c, Squares),
        lambda times, level: lg.VolatilitySwap(0.2, times, 0.97 * level),
    ),
    "twins": Kind(
        lambda law: travels(law) and has(law, KnowsAverages),
        lambda c: isinstance(c, Twin),
        lambda times, level: lg.Asian(0.97 * level, times),
    ),
}


def laws_that(condition):
    """The laws that are such; slow, but for a few."""
    return [
        pytest.param(law, id=law, marks=slow_unless_quick(law)) for law, case in LAWS.items() if condition(case.law)
    ]


def every_kind_under_every_law():
    pairs = [(law, kind) for law, case in LAWS.items() for kind, one in CONTROLS.items() if one.offered_by(case.law)]
    assert {kind for _, kind in pairs} == set(CONTROLS)
    cases = [pytest.param(law, kind, id=f"{kind}: {law}", marks=slow_unless_quick(law)) for law, kind in pairs]
    return pytest.mark.parametrize(("law", "kind"), cases)


def derivatives_of(law):
    """The price, all first derivatives and some of the second."""
    if assets := assets_of(law):
        other = "volatility" if f"volatility[{assets[-1]}]" in law.parameters else "initial_variance"
        (a, b), (_, c) = ([f"{kind}[{asset}]" for asset in (assets[0], assets[-1])] for kind in ("spot", other))
        pairs = [(a, a), (a, b), (a, c), (c, c), (c, law.parameters[-1]), (b, TIME), (c, TIME), (TIME, TIME)]
        return [(), *((name,) for name in (*law.parameters, TIME)), *pairs]
    first, other = "spot", next(name for name in law.parameters if name != "spot")
    return [(), *((name,) for name in (*law.parameters, TIME)), (first, first), (first, other), (other, other)]


def others(law):
    """A law of the same kind with a higher spot, and one with everything else lower."""
    own = getattr(law, "law", law)  # of an adapted law the user's
    sizes = {name: 0.2 * max(abs(value_of(own, name)), 0.05) for name in law.parameters}
    sizes |= {"correlation": 0.2 * (1.0 - abs(own.correlation))} if "correlation" in sizes else {}
    up = {name: sizes.pop(name) for name in [*sizes] if name.startswith("spot")}
    return [moved(law, up), moved(law, {name: -size for name, size in sizes.items()})]


def payoff_under(law, kind, times):
    """A payoff that gets controls of a kind, at levels near the spot; of several assets on the worst of them."""
    if assets := assets_of(law):
        return lg.WorstOf(kind.payoff(times, 1.0), {asset: getattr(law, f"spot[{asset}]") for asset in assets})
    return kind.payoff(times, getattr(law, "law", law).spot)


def rate_of(law, times):
    """At which the estimate hands over what is beneath the spots."""
    return law.hand_over_rates(times)[0] if has(law, DrawsBeneath) else LIKELIHOOD_RATIO


@cache
def drawn(law, times):
    """Paths of a law and then of the others, all with the weights of the law."""
    case = LAWS[law].law
    needed = [derivative for derivative in derivatives_of(case) if derivative]
    paths = (draw(one, np.asarray(times), n_paths=10_000, seed=7) for one in (case, *others(case)))
    return [weigh(case, replace(each, memo=None), needed, rate_of(case, times)) for each in paths]


def offered(law, payoff):
    """All controls that a pilot of a payoff is offered."""
    rate, names = rate_of(law, payoff.times), [(name,) for name in law.parameters]
    pilot = weigh(law, draw(law, payoff.times, n_paths=2048, seed=3), names, rate)
    load = Load.of(law, payoff.times, rate)
    lines = offers.lines_of(law, payoff, pilot, load)
    return offers.offered(law, payoff, pilot, lines=lines, load=load, generator=np.random.default_rng(1))[0]


def some(controls):
    """A few of them, the first and the last among them."""
    return [controls[i] for i in sorted({*np.linspace(0, len(controls) - 1, TRIED).astype(int)})]


def weights_of(weighed, combinations):
    """Deviations of the weights of some derivatives; one for a price, and where nothing moves."""
    sizes = np.array([weighed.weights[d].std() if d else 1.0 for (d,) in map(tuple, combinations)])
    return np.where(sizes > 0.0, sizes, 1.0)


def z_scores(found):
    """Means over their standard errors; zero where a control is zero on every path."""
    return np.abs(found.mean) / np.where(found.standard_error > 0.0, found.standard_error, np.inf)


@pytest.fixture(autouse=True)
def levels_are_held_on_few_dates(monkeypatch):
    monkeypatch.setattr(offers, "MANY", 3)


@every_kind_under_every_law()
def test_controls_have_mean_zero_under_their_law_and_under_no_other(law, kind):
    model, one = LAWS[law].law, CONTROLS[kind]
    payoff = payoff_under(model, one, LAWS[law].times)
    controls = some([control for control in offered(model, payoff) if one.belongs(control)])
    combinations = [{derivative: 1.0} for derivative in derivatives_of(model)]
    scenes = [Scene(SharedPaths(model, weighed), payoff, trial=True) for weighed in drawn(law, payoff.times)]
    found, *wrong = (Moments.of(rows(controls, scene, combinations)) for scene in scenes)
    assert z_scores(found).max() < 4.0
    of_price = (found.m2 == found.m2[0]).all(axis=0)  # what serves all Greeks alike
    scale = np.where(of_price, 1.0, weights_of(scenes[0].drawn, combinations)[:, None])
    share = found.standard_error / (scenes[0].value.std() * scale)
    assert np.median(share[share > 0.0]) < 0.04
    seen = np.maximum(*map(z_scores, wrong)).max(axis=0)
    assert seen.min() > 6.0, controls[seen.argmin()].name


@pytest.mark.parametrize("law", sorted(QUICK))
def test_every_control_on_offer_is_of_one_kind_and_that_is_said_to_be_offered(law):
    model = LAWS[law].law
    for one in {one.payoff: one for one in CONTROLS.values()}.values():
        for control in offered(model, payoff_under(model, one, LAWS[law].times)):
            (kind,) = (kind for kind, one in CONTROLS.items() if one.belongs(control))
            assert CONTROLS[kind].offered_by(model), control.name


# -- those that any law gives for nothing --------------------------------------------------------------------------


@pytest.mark.parametrize("law", laws_that(lambda law: has_forward(law, 1.0)))
def test_the_spot_times_any_weight_has_the_mean_that_is_taken_off(law):
    model, date = LAWS[law].law, LAWS[law].times[-1]
    names = [derivative for derivative in derivatives_of(model) if derivative]
    found, *wrong = (Moments.of(free(model, date, weighed, names)) for weighed in drawn(law, LAWS[law].times))
    assert z_scores(found).max() < 4.0
    weights = weights_of(drawn(law, LAWS[law].times)[0], [{d: 1.0} for d in names])
    assert np.median(found.standard_error / np.concatenate([weights, [1.0], weights])) < 0.04
    seen = np.maximum(*map(z_scores, wrong))
    live = found.standard_error > 0.0
    assert seen[live].min() > 5.0, labels(model, date, names)[np.argmin(np.where(live, seen, np.inf))]
