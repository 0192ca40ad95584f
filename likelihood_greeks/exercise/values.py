"""What going on is worth, date by date, where no level decides: regressions that count most where it matters.

The gradient of a rule's value in the coefficients of what going on is said to be worth is, as for levels, an average
over the paths at which both are worth the same. So the regression is repeated with weights that are largest there;
given what a hedge explains, its normal equations are nearly that the gradient is zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .._typing import FloatArray
from ..payoffs.exercise import Bermudan
from ..payoffs.exercise_by_value import ExercisedByValue, GoingOn, by_asset
from ..payoffs.redeemable import Redeemable
from ..payoffs.redeemed import Redeemed, Worth
from .decisions import Decisions, Early
from .draws import Draws
from .hedge import Functions, Hedge, States, Step
from .joint_states import JointStates, placed
from .memory import Remembering

Rule = ExercisedByValue | Redeemed

ROUNDS = 4
FEWEST = 20  # paths a coefficient
NEAR = 0.5  # of the spread of what exercise is worth more: where weights have fallen to a quarter
NEARER, LEAST = (
    0.35,
    0.01,
)  # the same for what remembers; paths that are far away keep some weight, so that tails are decided too
RIDGE = 1e-9


def _states(contract: Early, decisions: Decisions, row: int) -> Functions:
    """Functions of what a step starts from."""
    draws, before = decisions.draws, decisions.before(row)
    if isinstance(contract, Bermudan):
        return _of_spots(contract.references, draws, row)
    spots = draws.before(row)
    inner = _of_spots(_references(contract), draws, row)
    return Remembering.of(inner, before, 1 if spots.ndim == 1 else len(spots))


def _of_spots(references: FloatArray | None, draws: Draws, row: int) -> States | JointStates:
    """Functions of the spots that a step starts from."""
    before = draws.before(row)
    if before.ndim == 1:
        return States.of(before, draws.at(row), 0.0) if row else States(0.0, 0.0)
    if not row:
        return JointStates(np.zeros(len(before)), 0.0)
    gone = draws.times[row - 1]
    return JointStates.of(before, references, float((draws.times[-1] - gone) / gone))


def _references(contract: Redeemable) -> FloatArray | None:
    """What the spots of several assets are compared by, where the payoff says."""
    stated: Any = getattr(contract.payoff, "reference", None)
    return np.array([float(value) for _, value in stated]) if isinstance(stated, tuple) else None


def hedged_and_valued(contract: Early, decisions: Decisions) -> Hedge:
    """Regress what is to come, backwards, under a rule by plain regressions."""
    steps, draws = list[Step](), decisions.draws
    to_come = np.zeros(draws.n_paths)
    for row in range(len(draws.times) - 1, -1, -1):
        to_come, _ = _decided(contract, decisions, row, to_come)
        to_come = to_come + decisions.due(row)
        step, increment = Step.fitted(
            _states(contract, decisions, row), decisions.before(row), draws.normals[row], to_come
        )
        steps.append(step)
        to_come = to_come - increment
    return steps[::-1]


def valued(contract: Early, decisions: Decisions, noise: FloatArray) -> Rule:
    """The rule by what going on is worth on every date, from the last on; `noise` is what a hedge explains."""
    found, last = list[Any](), len(decisions.draws.times) - 1
    to_come = np.zeros(decisions.draws.n_paths)
    for row in range(last, 0, -1):
        if row in decisions.rows:
            to_come, value = _decided(contract, decisions, row, to_come)
            found.append(value)
        to_come = to_come + decisions.due(row) - noise[row]
    if 0 in decisions.rows:
        found.append(_decided(contract, decisions, 0, to_come)[1])
    values = tuple(found[::-1])
    return ExercisedByValue(contract, values) if isinstance(contract, Bermudan) else Redeemed(contract, values)


def _decided(
    contract: Early, decisions: Decisions, row: int, to_come: FloatArray
) -> tuple[FloatArray, GoingOn | Worth | None]:
    """What is paid from a date on, and what going on is worth there."""
    if row not in decisions.rows:
        return to_come, None
    k = decisions.rows.index(row)
    here, gain = by_asset(decisions.here[k]), decisions.gain[k]
    to_come_there = to_come / decisions.draws.discount[row]
    if isinstance(contract, Bermudan):
        value: GoingOn | Worth | None = going_on(contract, here, gain, to_come_there)
    else:
        value = worth(here, gain, to_come_there, decisions.costs_nothing)
    if value is None:
        return to_come, None
    if isinstance(value, GoingOn):
        stops = (gain > 0.0) & (gain >= value(here, gain))
    else:
        stops = (gain > 0.0) & (gain >= value(here)) if value.paying else gain >= value(here)
    return np.where(stops, decisions.stopped(k), to_come), value


def worth(state: list[FloatArray], gain: FloatArray, to_come: FloatArray, paying: bool) -> Worth | None:
    """Regress what is to come on a state, where stopping may be worth while; None if that is on too few paths."""
    inside = gain > 0.0 if paying else np.ones(len(gain), dtype=bool)
    count = np.count_nonzero(inside)
    if count < FEWEST:
        return None
    rows = [row[inside] for row in state]
    centres, scales = [float(row.mean()) for row in rows], [float(row.std()) for row in rows]
    kept = tuple(j for j, scale in enumerate(scales) if scale > 1e-9 * (1.0 + abs(centres[j])))
    blank = Worth(kept, tuple(centres[j] for j in kept), tuple(scales[j] for j in kept), (), paying)
    found = _nearest(np.stack(blank.features(rows)), gain[inside], to_come[inside], NEARER, LEAST)
    return None if found is None else replace(blank, coefficients=found)


def going_on(contract: Bermudan, spots: list[FloatArray], paid: FloatArray, to_come: FloatArray) -> GoingOn | None:
    """Regress what is to come on the spots where exercise pays something; None if it does so on too few paths."""
    inside = paid > 0.0
    chosen, paid, to_come = [x[inside] for x in spots], paid[inside], to_come[inside]
    count = np.count_nonzero(inside)
    unit = float(paid.mean()) if count else 0.0
    if count < FEWEST or not unit > 0.0:
        return None
    centres, scale = placed(np.stack(chosen), contract.references)
    if not scale > 0.0:
        return None
    blank = GoingOn(tuple(centres.tolist()), scale, unit, ())
    found = _nearest(np.stack([np.ones(count), *blank.features(chosen, paid)]), paid, to_come, NEAR)
    return None if found is None else replace(blank, coefficients=found)


def _nearest(
    rows: FloatArray, paid: FloatArray, to_come: FloatArray, near: float, least: float = 0.0
) -> tuple[float, ...] | None:
    """Coefficients of a regression that counts most where stopping and going on are worth the same."""
    if rows.shape[1] < FEWEST * len(rows):
        return None
    weights = np.ones(rows.shape[1])
    for _ in range(ROUNDS):
        weighted = rows * weights
        gram = weighted @ rows.T
        gram[np.diag_indices_from(gram)] *= 1.0 + RIDGE
        coefficients = np.linalg.solve(gram, weighted @ to_come)
        more = paid - coefficients @ rows
        weights = least + 1.0 / (1.0 + (more / (near * more.std())) ** 2) ** 2
    return tuple(coefficients.tolist())
