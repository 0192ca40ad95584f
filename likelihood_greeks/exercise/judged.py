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
from ..payoffs.redeemed import Redeemed
from .decisions import Decisions
from .levels import widths

Rule: TypeAlias = Exercised | ExercisedByValue | Redeemed
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
    law: PathModel, rule: Rule, decisions: Decisions, noise: FloatArray, *, others: Sequence[Rule], names: Names
) -> Judged:
    """What draws that the rule was not fitted on say about it.

    Parameters
    ----------
    law : PathModel
    rule : Exercised, ExercisedByValue or Redeemed
    decisions : Decisions
        On the draws.
    noise : ndarray, shape (n_times, n_paths)
        What a hedge, fitted on others, explains of every step.
    others : sequence of Exercised, ExercisedByValue or Redeemed
        Rules for the same contract, each fitted on a part of the draws.
    names : sequence of str
        Parameters whose first derivatives are biased.
    """
    bias, sign, n_paths = {}, sign_of(rule), decisions.draws.n_paths
    for name, samples in _samples(law, rule, decisions, others, names).items():
        found = samples.mean(axis=1)
        sampling = samples.mean(axis=0).std() / np.sqrt(n_paths)
        error = np.hypot(found.std(ddof=1) / np.sqrt(len(others)), sampling)
        bias[name] = Known(sign * float(found.mean()), float(error))
    bounds = [lower_bound(rule, decisions, noise), upper_bound(rule, decisions, noise)]
    below, above = (Known(sign * bound.value, bound.error) for bound in bounds[:: int(sign)])
    return Judged(bias, below, above)


def sign_of(rule: Rule) -> float:
    """Of a payment, to the side that decides."""
    return rule.contract.sign if isinstance(rule, Redeemed) else 1.0


def _samples(
    law: PathModel, rule: Rule, decisions: Decisions, others: Sequence[Rule], names: Names
) -> dict[str, FloatArray]:
    """Samples of the derivative of what a rule is worth more than others, shape (n_others, n_paths), by coordinate."""
    draws, rows = decisions.draws, decisions.rows
    jet, factors = _discounted(law, decisions, names)
    scores = {name: draws.moves.weight(name, LIKELIHOOD_RATIO) for name in names}
    found = {name: np.zeros((len(others), draws.n_paths)) for name in names}
    stops = _stops(rule, decisions)
    gone = np.zeros((len(rows) + 1, draws.n_paths), dtype=bool)
    np.logical_or.accumulate(stops, axis=0, out=gone[1:])
    near = NEAR * widths(draws) if isinstance(rule, Exercised) else None
    later = _due_after(decisions, names, jet, factors)
    worth, moved = later[len(rows)]
    for k in range(len(rows) - 1, -1, -1):
        gain = decisions.gain[k]
        if not rule.never(k):
            margin = rule.margin(k, decisions.here[k], gain)
            half = rule.levels[k] * near[k] if isinstance(rule, Exercised) and near is not None else _spread(margin)
            inside = np.flatnonzero(~gone[k] & (np.abs(margin) < half))
            t = margin[inside] / half
            kernel = 0.75 * (1.0 - t * t) / half
            here = decisions.here[k][..., inside], gain[inside]
            gaps = kernel * np.stack([_gap(rule, other, k, *here) for other in others])
            for name in names:
                gap = jet[k] * gain[inside] - worth[inside]
                more = factors[name][k] * gain[inside] - moved[name][inside] + gap * scores[name][inside]
                found[name][:, inside] += gaps * more
        due, due_moved = later[k]
        worth = np.where(stops[k], jet[k] * gain, worth) + due
        moved = {name: np.where(stops[k], factors[name][k] * gain, moved[name]) + due_moved[name] for name in names}
    return found


def _discounted(law: PathModel, decisions: Decisions, names: Names) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Discount factors of decisions and then of flows, and their derivatives."""
    draws = decisions.draws
    times = [draws.times[row] for row in decisions.rows] + [flow.time for flow in decisions.flows]
    jet = law.discount_jet(np.array(times))
    return np.asarray(jet.value), {name: np.asarray(jet.derivative(name)) for name in names}


def _due_after(
    decisions: Decisions, names: Names, jet: FloatArray, factors: Mapping[str, FloatArray]
) -> list[tuple[FloatArray, dict[str, FloatArray]]]:
    """What is due up to each decision since the one before, and after the last, with derivatives of discounting."""
    count, n_paths = len(decisions.rows), decisions.draws.n_paths
    worth = [np.zeros(n_paths) for _ in range(count + 1)]
    moved = [{name: np.zeros(n_paths) for name in names} for _ in range(count + 1)]
    for j, flow in enumerate(decisions.flows):
        k = int(np.searchsorted(decisions.rows, flow.row))
        worth[k] = worth[k] + jet[count + j] * flow.amount
        for name in names:
            moved[k][name] = moved[k][name] + factors[name][count + j] * flow.amount
    return [*zip(worth, moved, strict=True)]


def _stops(rule: Rule, decisions: Decisions) -> AnyArray:
    """Whether a rule stops on every date where it may, shape (n_decisions, n_paths)."""
    never = np.zeros(decisions.draws.n_paths, dtype=bool)
    pairs = zip(decisions.here, decisions.gain, strict=True)
    found = [never if rule.never(k) else rule.stops(k, *each) for k, each in enumerate(pairs)]
    return np.array(found, dtype=bool).reshape(-1, len(never))


def _spread(margin: FloatArray) -> float:
    """Half of a window in which exercise is worth about as much as going on, currency."""
    finite = margin[np.isfinite(margin)]
    return SPREAD * float(finite.std()) if len(finite) > 1 else 0.0


def _gap(rule: Rule, other: Rule, k: int, here: FloatArray, gain: FloatArray) -> FloatArray:
    """By how much more one rule is for stopping than another, currency; nothing where the other is never."""
    if other.never(k):
        return np.zeros(len(gain))
    return np.asarray(rule.margin(k, here, gain) - other.margin(k, here, gain))


def lower_bound(rule: Rule, decisions: Decisions, noise: FloatArray) -> Known:
    """What a rule is worth to the side that decides, less the noise that a hedge explains, shape (n_times, n_paths)."""
    stops, dates = _stops(rule, decisions), {row: k for k, row in enumerate(decisions.rows)}
    to_come = np.zeros(decisions.draws.n_paths)
    for row in range(len(decisions.draws.times) - 1, -1, -1):
        if row in dates:
            to_come = np.where(stops[dates[row]], decisions.stopped(dates[row]), to_come)
        to_come = to_come + decisions.due(row) - noise[row]
    return _mean(to_come)


def upper_bound(rule: Rule, decisions: Decisions, noise: FloatArray) -> Known:
    """A bound from above on the value to the side that decides, by what a hedge explains, shape (n_times, n_paths)."""
    paid, most = np.zeros(decisions.draws.n_paths), np.full(decisions.draws.n_paths, -np.inf)
    for row in range(len(decisions.draws.times)):
        paid = paid + decisions.due(row) - noise[row]
        if row in decisions.rows:
            most = np.maximum(most, paid + decisions.stopped(decisions.rows.index(row)))
    return _mean(np.maximum(most, paid))


def _mean(samples: FloatArray) -> Known:
    return Known(float(samples.mean()), float(samples.std() / np.sqrt(len(samples))))
