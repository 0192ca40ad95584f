r"""What a rule leaves to be desired: the bias of first-order Greeks, and a bound on the value from above.

A rule pi that is off its optimum pi* costs the value only the square of the distance, but a Greek

.. math:: \partial_\theta V(\pi) - \partial_\theta V(\pi^*) \approx J_{\theta\pi}\,(\pi - \pi^*).

The distance is estimated by rules that are fitted on draws of their own, in parts whose spread gives its error;
the mixed derivative by the score of the law,

.. math:: J_{\theta b} = \partial_\theta\,\partial_b V
          = \pm E\bigl[1\{\text{alive}\}\,K(S - b)\,(\partial_\theta + w_\theta)(g - Y)\bigr],

with a kernel K in place of the delta function. Derivatives in the spot and in time need none of it: the optimum is a
function of spot and date, and does not move with them.

The bound is that of Rogers: for any martingale M of mean zero, :math:`E[\max_k (D_k g_k - M_k)]` is no less than the
value, and M is the one that the hedge has regressed.

References
----------
.. [1] L.C.G. Rogers, "Monte Carlo valuation of American options", *Mathematical Finance* 12 (2002), theorem 2.1.
.. [2] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 8.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..models.moves import LIKELIHOOD_RATIO
from ..models.protocol import PathModel
from ..payoffs.exercise import Exercised
from ..payoffs.exercise_by_value import ExercisedByValue
from .draws import Draws
from .levels import widths

Rule: TypeAlias = Exercised | ExercisedByValue
Names: TypeAlias = Sequence[str]

NEAR = 0.6  # half of the window in which paths count as being at a level, in moves up to the next date
SPREAD = 0.25  # the same of a rule by value, in spreads of what exercise is worth more


@final
@dataclass(frozen=True, slots=True)
class Known:
    """A number with its standard error."""

    value: float
    error: float

    @property
    def size(self) -> float:
        """What it may well be, without its sign."""
        return float(np.hypot(self.value, self.error))


@final
@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a rule.

    Attributes
    ----------
    bias : mapping of str to Known
        Of first derivatives, by coordinate.
    lower_bound, upper_bound : Known
        On the value under the best rule: what this one is worth, and what none is worth more than.
    """

    bias: Mapping[str, Known]
    lower_bound: Known
    upper_bound: Known


def judged(
    law: PathModel, rule: Rule, draws: Draws, noise: FloatArray, *, others: Sequence[Rule], names: Names
) -> Judged:
    """What draws that the rule was not fitted on say about it.

    Parameters
    ----------
    law : PathModel
    rule : Exercised or ExercisedByValue
    draws : Draws
    noise : ndarray, shape (n_times, n_paths)
        What a hedge, fitted on others, explains of every step.
    others : sequence of Exercised or ExercisedByValue
        Rules for the same contract, each fitted on a part of the draws.
    names : sequence of str
        Parameters whose first derivatives are biased.
    """
    bias = {}
    for name, samples in _samples(law, rule, draws, others, names).items():
        found = samples.mean(axis=1)
        sampling = samples.mean(axis=0).std() / np.sqrt(draws.n_paths)
        error = np.hypot(found.std(ddof=1) / np.sqrt(len(others)), sampling)
        bias[name] = Known(float(found.mean()), float(error))
    return Judged(bias, lower_bound(rule, draws, noise), upper_bound(rule, draws, noise))


def _samples(law: PathModel, rule: Rule, draws: Draws, others: Sequence[Rule], names: Names) -> dict[str, FloatArray]:
    """Samples of the derivative of what a rule is worth more than others, shape (n_others, n_paths), by coordinate."""
    contract, rows = rule.contract, draws.rows
    jet, last = law.discount_jet(draws.times[list(rows)]), len(rows) - 1
    factors = {name: jet.derivative(name) for name in names}
    paid = [contract.paid(draws.at(row)) for row in rows]
    worth, moved = jet.value[last] * paid[last], {name: factors[name][last] * paid[last] for name in names}
    scores = {name: draws.moves.weight(name, LIKELIHOOD_RATIO) for name in names}
    found = {name: np.zeros((len(others), draws.n_paths)) for name in names}
    stops = _stops(rule, draws, paid)
    gone = np.zeros((len(rows), draws.n_paths), dtype=bool)
    np.logical_or.accumulate(stops, axis=0, out=gone[1:])
    near = NEAR * widths(draws) if isinstance(rule, Exercised) else None
    for k in range(last - 1, -1, -1):
        if not rule.never(k):
            margin = rule.margin(k, draws.at(rows[k]), paid[k])
            half = rule.levels[k] * near[k] if isinstance(rule, Exercised) and near is not None else _spread(margin)
            inside = np.flatnonzero(~gone[k] & (np.abs(margin) < half))
            t = margin[inside] / half
            kernel = 0.75 * (1.0 - t * t) / half
            here = draws.at(rows[k])[..., inside], paid[k][inside]
            gaps = kernel * np.stack([_gap(rule, other, k, *here) for other in others])
            for name in names:
                gap = jet.value[k] * paid[k][inside] - worth[inside]
                more = factors[name][k] * paid[k][inside] - moved[name][inside] + gap * scores[name][inside]
                found[name][:, inside] += gaps * more
        worth = np.where(stops[k], jet.value[k] * paid[k], worth)
        moved = {name: np.where(stops[k], factors[name][k] * paid[k], moved[name]) for name in names}
    return found


def _stops(rule: Rule, draws: Draws, paid: Sequence[FloatArray]) -> AnyArray:
    """Whether a rule exercises on every date but the last, shape (n_dates - 1, n_paths)."""
    never = np.zeros(draws.n_paths, dtype=bool)
    found = [never if rule.never(k) else rule.stops(k, draws.at(row), paid[k]) for k, row in enumerate(draws.rows[:-1])]
    return np.array(found, dtype=bool).reshape(-1, draws.n_paths)


def _spread(margin: FloatArray) -> float:
    """Half of a window in which exercise is worth about as much as going on, currency."""
    finite = margin[np.isfinite(margin)]
    return SPREAD * float(finite.std()) if len(finite) > 1 else 0.0


def _gap(rule: Rule, other: Rule, row: int, spot: FloatArray, paid: FloatArray) -> FloatArray:
    """By how much more one rule is for exercise than another, currency; nothing where the other is never."""
    if other.never(row):
        return np.zeros(len(paid))
    return rule.margin(row, spot, paid) - other.margin(row, spot, paid)


def lower_bound(rule: Rule, draws: Draws, noise: FloatArray) -> Known:
    """What a rule is worth, less the noise that a hedge explains, shape (n_times, n_paths)."""
    paid = [rule.contract.paid(draws.at(row)) for row in draws.rows]
    stops, dates = _stops(rule, draws, paid), {row: k for k, row in enumerate(draws.rows)}
    last = len(draws.times) - 1
    to_come = draws.discount[last] * paid[-1]
    for row in range(last, -1, -1):
        if row < last and row in dates:
            to_come = np.where(stops[dates[row]], draws.discount[row] * paid[dates[row]], to_come)
        to_come = to_come - noise[row]
    return Known(float(to_come.mean()), float(to_come.std() / np.sqrt(draws.n_paths)))


def upper_bound(rule: Rule, draws: Draws, noise: FloatArray) -> Known:
    """A bound on the value from above, by what a hedge explains of every step, shape (n_times, n_paths)."""
    hedged, most = np.add.accumulate(noise, axis=0), np.full(draws.n_paths, -np.inf)
    for row in draws.rows:
        most = np.maximum(most, draws.discount[row] * rule.contract.paid(draws.at(row)) - hedged[row])
    return Known(float(most.mean()), float(most.std() / np.sqrt(draws.n_paths)))
