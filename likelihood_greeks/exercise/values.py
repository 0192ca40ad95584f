"""What going on is worth, date by date, where no level decides: regressions that count most where it matters.

The gradient of a rule's value in the coefficients of what going on is said to be worth is, as for levels, an average
over the paths at which both are worth the same. So the regression is repeated with weights that are largest there;
given what a hedge explains, its normal equations are nearly that the gradient is zero.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._typing import FloatArray
from ..payoffs.exercise import Bermudan
from ..payoffs.exercise_by_value import GoingOn, by_asset
from .draws import Draws
from .hedge import Hedge, States, Step
from .joint_states import JointStates, placed

ROUNDS = 4
FEWEST = 20  # paths a coefficient
NEAR = 0.5  # of the spread of what exercise is worth more: where weights have fallen to a quarter
RIDGE = 1e-9


def _states(contract: Bermudan, draws: Draws, row: int) -> States | JointStates:
    """Functions of the spots that a step starts from."""
    before = draws.before(row)
    if before.ndim == 1:
        return States.of(before, draws.at(row), 0.0) if row else States(0.0, 0.0)
    if not row:
        return JointStates(np.zeros(len(before)), 0.0)
    gone = draws.times[row - 1]
    return JointStates.of(before, contract.references, float((draws.times[-1] - gone) / gone))


def hedged_and_valued(contract: Bermudan, draws: Draws) -> Hedge:
    """Regress what is to come, backwards, under a rule by plain regressions."""
    steps, exercise, last = list[Step](), set(draws.rows), len(draws.times) - 1
    to_come = draws.discount[last] * contract.paid(draws.at(last))
    for row in range(last, -1, -1):
        if row < last and row in exercise:
            to_come, _ = _decided(contract, draws, row, to_come)
        step, increment = Step.fitted(_states(contract, draws, row), draws.before(row), draws.normals[row], to_come)
        steps.append(step)
        to_come = to_come - increment
    return steps[::-1]


def valued(contract: Bermudan, draws: Draws, noise: FloatArray) -> tuple[GoingOn | None, ...]:
    """What going on is worth on every date but the last, from the last on; `noise` is what a hedge explains."""
    found, exercise, last = list[GoingOn | None](), set(draws.rows), len(draws.times) - 1
    to_come = draws.discount[last] * contract.paid(draws.at(last))
    for row in range(last, 0, -1):
        if row < last and row in exercise:
            to_come, value = _decided(contract, draws, row, to_come)
            found.append(value)
        to_come = to_come - noise[row]
    return tuple(found[::-1])


def _decided(contract: Bermudan, draws: Draws, row: int, to_come: FloatArray) -> tuple[FloatArray, GoingOn | None]:
    """What is paid from a date on, and what going on is worth there."""
    spots, paid = by_asset(draws.at(row)), contract.paid(draws.at(row))
    value = going_on(contract, spots, paid, to_come / draws.discount[row])
    if value is None:
        return to_come, None
    stops = (paid > 0.0) & (paid >= value(spots, paid))
    return np.where(stops, draws.discount[row] * paid, to_come), value


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
    rows = np.stack([np.ones(count), *blank.features(chosen, paid)])
    if count < FEWEST * len(rows):
        return None
    weights = np.ones(count)
    for _ in range(ROUNDS):
        weighted = rows * weights
        gram = weighted @ rows.T
        gram[np.diag_indices_from(gram)] *= 1.0 + RIDGE
        coefficients = np.linalg.solve(gram, weighted @ to_come)
        more = paid - coefficients @ rows
        weights = 1.0 / (1.0 + (more / (NEAR * more.std())) ** 2) ** 2
    return replace(blank, coefficients=tuple(coefficients.tolist()))
