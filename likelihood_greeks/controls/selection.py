r"""Which of a payoff's own controls to use: the set that minimises variance times cost, chosen by the pilot.

Backward elimination: starting from all offers, the control (or the family of those that share a relaxation) is removed
that raises the mean logarithm of the Greeks' variances by least, net of the logarithm of the cost it saves, until none
is left; the best set on the way is kept. The mean is over the Greeks that the offers can serve at all: an error that
nothing lowers, such as a price's, decides nothing. With V the inverse of the controls' covariance and :math:`\beta`
their coefficients, leaving out a set G raises the residual sum of squares by

.. math:: \beta_G^\top\, (V_{GG})^{-1} \beta_G .

Residual variances in the pilot flatter; with p controls and an effective number of samples n they are corrected by
(n + p) / (n - p), what is lost by fitting and by applying.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from .._typing import FloatArray
from .protocol import Control, Load, cost_of
from .regression import COLLINEAR, Products

BUDGET = 6.5  # plain runs; the pilot comes on top
PILOT_COST = 0.5  # plain runs: what the pilot costs in any case
SERVED = 1.5  # a Greek has a say if all offers together divide its variance by this much
RESOLVED = 1e-7  # share of the variance below which nearly equal controls can no longer be told apart
MEAN_LIMIT = 6.0  # standard errors that a control's mean may lie from zero in the pilot


class _Shrinking:
    """Least squares of one Greek on a set of controls that shrinks."""

    def __init__(self, covariance: FloatArray, controls: Sequence[int], effective: float) -> None:
        scale = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        live = [j for j in controls if scale[j] > 0.0]
        correlation = covariance[np.ix_(live, live)] / np.outer(scale[live], scale[live])
        self.inverse = np.linalg.inv(correlation + COLLINEAR**2 * np.eye(len(live)))
        right = covariance[live, -1] / (scale[live] * scale[-1])
        self.place = {j: k for k, j in enumerate(live)}
        self.coefficients = self.inverse @ right
        self.left = max(1.0 - float(right @ self.coefficients), RESOLVED)  # share of the variance
        self.effective = effective

    def _part(self, removed: Sequence[int]) -> list[int]:
        return [self.place[j] for j in removed if j in self.place]

    def _raised(self, part: list[int]) -> float:
        if len(part) == 1:
            return float(self.coefficients[part[0]] ** 2 / self.inverse[part[0], part[0]])
        mine = self.coefficients[part]
        return float(mine @ np.linalg.solve(self.inverse[np.ix_(part, part)], mine))

    def log_variance(self, removed: Sequence[int] = ()) -> float:
        """Logarithm of the corrected residual variance, without some of the controls."""
        part = self._part(removed)
        left = self.left + (self._raised(part) if part else 0.0)
        used = min(len(self.place) - len(part), 0.5 * self.effective)
        return float(np.log(left) + np.log((self.effective + used) / (self.effective - used)))

    def remove(self, removed: Sequence[int]) -> None:
        """Leave some of the controls out for good."""
        part = self._part(removed)
        if not part:
            return
        self.left += self._raised(part)
        kept = [k for k in range(len(self.place)) if k not in part]
        across = np.linalg.solve(self.inverse[np.ix_(part, part)], self.inverse[np.ix_(part, kept)])
        self.coefficients = self.coefficients[kept] - across.T @ self.coefficients[part]
        self.inverse = self.inverse[np.ix_(kept, kept)] - self.inverse[np.ix_(kept, part)] @ across
        names = [j for j, k in sorted(self.place.items(), key=lambda item: item[1]) if k in set(kept)]
        self.place = {j: k for k, j in enumerate(names)}


def choose(controls: Sequence[Control], load: Load, products: Products, allowed: FloatArray) -> list[int]:
    """Indices of the controls that pay.

    Parameters
    ----------
    controls : sequence of Control
        What is offered.
    load : Load
        Of a plain path.
    products : Products
        Of the free controls, the offers, and the Greeks.
    allowed : ndarray of bool, shape (n_greeks, n_free)
        Which free controls serve which Greek.
    """
    n_free = allowed.shape[1]
    covariances = products.covariance()
    offers = {j: n_free + j for j in range(len(controls)) if not biased(products, n_free + j)}
    served = [
        _Shrinking(covariance, [*np.flatnonzero(mask).tolist(), *offers.values()], products.effective)
        for covariance, mask in zip(covariances, allowed, strict=True)
        if covariance[-1, -1] > 0.0
    ]
    problems = [p for p in served if p.log_variance() < p.log_variance([*offers.values()]) - np.log(SERVED)]
    if not problems:
        return []
    left, works = list(offers), {j: controls[j].work(load) for j in offers}

    def objective(removed: Sequence[int]) -> float:
        rows = [offers[j] for j in removed]
        work = PILOT_COST + cost_of([works[j] for j in left if j not in removed], load)
        return float(np.mean([p.log_variance(rows) for p in problems]) + np.log(work))

    found: list[tuple[float, list[int]]] = []
    while True:
        if cost_of([works[j] for j in left], load) <= BUDGET:
            found.append((objective([]), list(left)))
        if not left:
            break
        trials = [[j] for j in left] + _families(controls, left)
        removed = min(trials, key=objective)
        for problem in problems:
            problem.remove([offers[j] for j in removed])
        left = [j for j in left if j not in removed]
    return min(found)[1]


def _families(controls: Sequence[Control], left: Sequence[int]) -> list[list[int]]:
    """Controls that share their dearest work, where there are several."""
    groups: dict[Hashable, list[int]] = {}
    for j in left:
        if (family := controls[j].family) is not None:
            groups.setdefault(family, []).append(j)
    return [group for group in groups.values() if len(group) > 1]


def biased(products: Products, control: int) -> bool:
    """Whether a control that should have mean zero shows another, for any Greek."""
    mean = products.sums[..., control].sum(axis=0) / products.weight.sum()
    error = np.sqrt(products.variance(control) / products.weight.sum() / products.effective)
    return bool(np.any(np.abs(mean) > MEAN_LIMIT * error + 1e-300))
