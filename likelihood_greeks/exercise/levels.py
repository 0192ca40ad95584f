r"""Levels at which going on and exercising are worth the same: where the gradient of the value in the levels is zero.

The value V of a rule depends on the level b of a date by the paths that are there,

.. math:: \partial_b V = \pm E\bigl[1\{\text{alive}\}\,\delta(S - b)\,(g(S) - Y)\bigr],

g being what exercise pays and Y what the path goes on to pay. Its zero is where the mean of Y - g given the spot is:
a local regression of Y - g on the spot about b, iterated until its root is its centre (one step is Newton's). Given
the spot, what has been before does not matter, so all paths serve, those that are exercised earlier too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._typing import FloatArray
from ..payoffs.exercise import Bermudan
from .draws import Draws
from .hedge import Hedge, States, Step

WIDTH = 1.2  # half of the window about a level, in moves of the log-spot up to the next date
DEGREE = 2
FEWEST = 100  # paths in a window
ROUNDS, SETTLED, FARTHEST = 8, 0.02, 0.8  # steps at most; shares of the half window
TRIED = 400  # spots at which a first level is looked for


def widths(draws: Draws) -> FloatArray:
    """Typical moves of the log-spot from each exercise date to the next, shape (n_dates - 1,)."""
    rows = list(draws.rows)
    return np.asarray(np.diff(np.log(draws.spot[rows]), axis=0).std(axis=1))


def premium_root(spot: FloatArray, premium: FloatArray, start: float, width: float, rising: bool) -> float | None:
    """The spot next to `start` at which the mean of a premium changes its sign; None if it does not.

    Parameters
    ----------
    spot, premium : ndarray, shape (n_paths,)
    start : float
    width : float
        Of the log-spot, half of the window.
    rising : bool
        Whether the premium is negative below.
    """
    level = start
    for _ in range(ROUNDS):
        half = level * width
        inside = np.abs(spot - level) < half
        if np.count_nonzero(inside) < FEWEST:
            return None
        t, y = (spot[inside] - level) / half, premium[inside]
        powers = np.vander(t, DEGREE + 1, increasing=True)
        weighted = powers * (1.0 - t * t)[:, None]
        found = np.linalg.solve(weighted.T @ powers, weighted.T @ y)
        step = _root(np.asarray(found), rising)
        if step is None:
            return None
        level += half * min(max(step, -FARTHEST), FARTHEST)
        if abs(step) < SETTLED:
            break
    return level


def _root(polynomial: FloatArray, rising: bool) -> float | None:
    """The zero of a parabola that is crossed the right way, in half windows; beyond the window, the way to it."""
    c, b, a = polynomial
    crossing = b if rising else -b
    square = b * b - 4.0 * a * c
    if square >= 0.0 and abs(a) > 1e-12 * abs(b):  # of both zeros the one with this slope
        root = (-b + (np.sqrt(square) if rising else -np.sqrt(square))) / (2.0 * a)
        if abs(root) <= 2.0:
            return float(root)
    if crossing > 0.0 and abs(c / b) <= 2.0:
        return float(-c / b)
    towards = -c if rising else c
    return float(np.sign(towards)) if abs(b) + abs(c) > 0.0 else None


def first_level(contract: Bermudan, step: Step, spot: FloatArray, discount: float) -> float | None:
    """The level at which a regression says that exercise begins to be worth while; None if it never is."""
    strike, below = strike_of(contract), contract.side == "below"
    inner = spot[spot < strike] if below else spot[spot > strike]
    if len(inner) < FEWEST:
        return None
    far = float(np.partition(inner, 20)[20] if below else np.partition(inner, -20)[-20])
    tried = np.linspace(strike, far, TRIED)
    better = np.flatnonzero(discount * contract.paid(tried) > step.going_on(tried))
    return float(tried[better[0]]) if len(better) else None


def strike_of(contract: Bermudan) -> float:
    """The strike of the call or put."""
    assert contract.option is not None
    return contract.option.strike


def never(contract: Bermudan) -> float:
    """The level that no spot reaches."""
    return 0.0 if contract.side == "below" else float("inf")


def hedged_and_levelled(contract: Bermudan, draws: Draws) -> tuple[Hedge, tuple[float, ...]]:
    """Regress what is to come, backwards, and levels by the regression alone."""
    steps, levels = list[Step](), [strike_of(contract)]  # the last stands for that of the maturity
    exercise, ahead = set(draws.rows), len(draws.times) - 1
    to_come = draws.discount[ahead] * contract.paid(draws.at(ahead))
    for row in range(ahead, -1, -1):
        if steps and row in exercise:
            ahead, level = row, first_level(contract, steps[-1], draws.at(row), float(draws.discount[row]))
            levels.append(never(contract) if level is None else level)
            to_come = _decided(contract, levels[-1], draws, row, to_come)
        states = States.of(draws.before(row), draws.at(ahead), levels[-1]) if row else States(0.0, 0.0)
        step, increment = Step.fitted(states, draws.before(row), draws.normals[row], to_come)
        steps.append(step)
        to_come = to_come - increment
    return steps[::-1], tuple(levels[:0:-1])


def _decided(contract: Bermudan, level: float, draws: Draws, row: int, to_come: FloatArray) -> FloatArray:
    """What is paid from a date on by a level there, given what is paid from the next on."""
    spot = draws.spot[row]
    stops = spot <= level if contract.side == "below" else spot >= level
    return np.where(stops, draws.discount[row] * contract.paid(spot), to_come)


def improved_levels(contract: Bermudan, draws: Draws, noise: FloatArray, start: Sequence[float]) -> tuple[float, ...]:
    """Levels at which the gradient is zero on some draws, from the last date on.

    Parameters
    ----------
    contract : Bermudan
    draws : Draws
    noise : ndarray, shape (n_times, n_paths)
        What a hedge explains of every step, of mean zero.
    start : sequence of float
        Where to begin.
    """
    levels = list(start)
    exercise = {row: k for k, row in enumerate(draws.rows)}
    last, width = len(draws.times) - 1, WIDTH * widths(draws)
    to_come = draws.discount[last] * contract.paid(draws.spot[last])
    for row in range(last, 0, -1):
        if row < last and row in exercise:
            k = exercise[row]
            if not np.isfinite(start[k]) or start[k] == 0.0:
                level = None
            else:
                spot = draws.spot[row]
                premium = to_come - draws.discount[row] * contract.paid(spot)
                rising = contract.side == "below"
                level = premium_root(spot, premium, start[k], float(width[k]), rising)
            levels[k] = never(contract) if level is None else level
            to_come = _decided(contract, levels[k], draws, row, to_come)
        to_come = to_come - noise[row]
    return tuple(levels)
