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
from typing import final

import numpy as np

from .._typing import FloatArray
from ..models.moves import LIKELIHOOD_RATIO
from ..models.protocol import PathModel
from ..payoffs.exercise import Exercised
from .draws import Draws
from .hedge import Hedge, increments
from .levels import improved, widths

NEAR = 0.6  # half of the window in which paths count as being at a level, in moves up to the next date
PARTS = 4  # independent rules whose mean is compared with one's own


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
    upper_bound : Known
        On the value under the best rule.
    """

    bias: Mapping[str, Known]
    upper_bound: Known


def judged(
    law: PathModel, rule: Exercised, draws: Draws, hedge: Hedge, *, best: Sequence[float], coordinates: Sequence[str]
) -> Judged:
    """What draws that the rule was not fitted on say about it.

    Parameters
    ----------
    law : PathModel
    rule : Exercised
    draws : Draws
    hedge : Hedge
        Fitted on others.
    best : sequence of float
        Levels to begin with in the search for better ones.
    coordinates : sequence of str
        Parameters whose first derivatives are biased.
    """
    noise, size = increments(hedge, draws), draws.n_paths // PARTS
    cuts = [slice(k * size, (k + 1) * size) for k in range(PARTS)]
    others = [improved(rule.contract, draws.part(cut), noise[:, cut], best) for cut in cuts]
    gaps = _gaps(rule, np.array(others).reshape(PARTS, -1))
    by_level = _mixed(law, rule, draws, coordinates)
    bias = {}
    for name in coordinates:
        weights = by_level[name]
        found = gaps @ weights.mean(axis=1)
        sampling = np.std(gaps.mean(axis=0) @ weights) / np.sqrt(draws.n_paths)
        error = np.hypot(found.std(ddof=1) / np.sqrt(PARTS), sampling)
        bias[name] = Known(float(found.mean()), float(error))
    return Judged(bias, upper_bound(rule, draws, noise))


def _gaps(rule: Exercised, others: FloatArray) -> FloatArray:
    """How far the levels are above others, shape of `others`; zero where one of them is never reached."""
    own = np.array(rule.levels)
    reached = np.isfinite(own) & (own > 0.0) & np.isfinite(others) & (others > 0.0)
    return np.where(reached, own - np.where(reached, others, 0.0), 0.0)


def _mixed(law: PathModel, rule: Exercised, draws: Draws, names: Sequence[str]) -> dict[str, FloatArray]:
    """Samples of the mixed derivatives of the value in a coordinate and a level, shape (n_dates - 1, n_paths)."""
    contract, rows = rule.contract, draws.rows
    jet = law.discount_jet(draws.times[list(rows)])
    sign, half = (1.0 if contract.side == "below" else -1.0), NEAR * widths(draws)
    paid = contract.paid(draws.spot[rows[-1]])
    worth, moved = jet.value[-1] * paid, {name: jet.derivative(name)[-1] * paid for name in names}
    found = {name: np.zeros((len(rows) - 1, draws.n_paths)) for name in names}
    scores = {name: draws.moves.weight(name, LIKELIHOOD_RATIO) for name in names}
    stops = np.array([rule.stops(k, draws.spot[row]) for k, row in enumerate(rows[:-1])]).reshape(-1, draws.n_paths)
    gone = np.zeros((len(rows), draws.n_paths), dtype=bool)
    np.logical_or.accumulate(stops, axis=0, out=gone[1:])
    for k in range(len(rows) - 2, -1, -1):
        spot, level = draws.spot[rows[k]], rule.levels[k]
        paid = contract.paid(spot)
        if not rule.never(k):
            t = (spot - level) / (level * half[k])
            kernel = np.where(gone[k], 0.0, np.maximum(0.75 * (1.0 - t * t), 0.0) * (sign / (level * half[k])))
            for name in names:
                gap = jet.value[k] * paid - worth
                found[name][k] = kernel * (jet.derivative(name)[k] * paid - moved[name] + gap * scores[name])
        worth = np.where(stops[k], jet.value[k] * paid, worth)
        moved = {name: np.where(stops[k], jet.derivative(name)[k] * paid, moved[name]) for name in names}
    return found


def upper_bound(rule: Exercised, draws: Draws, noise: FloatArray) -> Known:
    """A bound on the value from above, by what a hedge explains of every step, shape (n_times, n_paths)."""
    rows = list(draws.rows)
    hedged = np.add.accumulate(noise, axis=0)[rows]
    most = np.max(draws.discount[rows, None] * rule.contract.paid(draws.spot[rows]) - hedged, axis=0)
    return Known(float(most.mean()), float(most.std() / np.sqrt(draws.n_paths)))
