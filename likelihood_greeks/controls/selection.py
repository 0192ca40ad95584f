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

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from .._typing import AnyArray, FloatArray
from .protocol import Control, Load, cost_of
from .regression import Products

BUDGET = 10.0  # plain runs; the pilot comes on top
PILOT_COST = 0.5  # plain runs: what the pilot costs in any case
SERVED = 1.5  # a Greek has a say if all offers together divide its variance by this much
RESOLVED = 1e-7
"""Share of the variance below which nearly equal controls are no longer told apart, so that no choice hangs on the last
bits of a sum."""

MEAN_LIMIT = 6.0  # standard errors that a control's mean may lie from zero in the pilot


class _Shrinking:
    """Least squares of several Greeks, each on a set of controls that shrinks.

    Parameters
    ----------
    covariance : ndarray, shape (n_greeks, n_controls + 1, n_controls + 1)
        Of the controls and, last, the Greek.
    usable : ndarray of bool, shape (n_greeks, n_controls)
        Which controls each may have.
    effective : float
        Effective number of samples.
    """

    def __init__(self, covariance: FloatArray, usable: AnyArray, effective: float) -> None:
        scale = np.sqrt(np.maximum(np.einsum("gii->gi", covariance), 0.0))
        self.live = usable & (scale[:, :-1] > 0.0)
        size = np.where(self.live, scale[:, :-1], 1.0)
        correlation = covariance[:, :-1, :-1] / (size[:, :, None] * size[:, None, :])
        correlation *= self.live[:, :, None] & self.live[:, None, :]
        unit = np.arange(self.live.shape[1])
        correlation[:, unit, unit] = 1.0 + RESOLVED
        self.inverse = np.linalg.inv(correlation)
        right = np.where(self.live, covariance[:, :-1, -1] / (size * scale[:, -1:]), 0.0)
        self.coefficients = np.einsum("gij,gj->gi", self.inverse, right)
        self.left = np.maximum(1.0 - (right * self.coefficients).sum(axis=1), RESOLVED)  # shares of the variances
        self.effective = effective

    def only(self, greeks: AnyArray) -> None:
        """Forget the other Greeks; `greeks` is bool."""
        self.live, self.inverse = self.live[greeks], self.inverse[greeks]
        self.coefficients, self.left = self.coefficients[greeks], self.left[greeks]

    def _corrected(self, left: FloatArray, controls: AnyArray) -> FloatArray:
        """Logarithms of variances, corrected for how many controls explain them; both (n_greeks, ...)."""
        used = np.minimum(controls, 0.5 * self.effective)
        return np.asarray(np.log(left) + np.log((self.effective + used) / (self.effective - used)))

    def without_each(self) -> FloatArray:
        """Logarithms of the corrected variances if one control is left out, shape (n_greeks, n_controls)."""
        diagonal = np.where(self.live, np.einsum("gii->gi", self.inverse), 1.0)
        raised = np.where(self.live, self.coefficients**2 / diagonal, 0.0)
        return self._corrected(self.left[:, None] + raised, self.live.sum(axis=1)[:, None] - self.live)

    def without(self, removed: Sequence[int] = ()) -> FloatArray:
        """The same if several are left out, shape (n_greeks,)."""
        part = np.asarray(removed, dtype=int)
        block, mine = self.inverse[:, part[:, None], part], self.coefficients[:, part]
        block = block + np.eye(len(part)) * ~self.live[:, part][:, :, None]
        raised = (mine * np.linalg.solve(block, mine[:, :, None])[:, :, 0]).sum(axis=1)
        gone = self.live[:, part].sum(axis=1)
        return self._corrected(self.left + raised, self.live.sum(axis=1) - gone)

    def remove(self, removed: Sequence[int]) -> None:
        """Leave some of the controls out for good, one after the other."""
        for j in removed:
            live = self.live[:, j]
            row = np.where(live[:, None], self.inverse[:, j], 0.0)
            size = np.where(live, self.inverse[:, j, j], 1.0)
            self.left += np.where(live, self.coefficients[:, j] ** 2 / size, 0.0)
            self.coefficients -= row * (self.coefficients[:, j] / size)[:, None]
            self.inverse -= row[:, :, None] * (row / size[:, None])[:, None, :]
            self.live[:, j] = False


class _Work:
    """Work of a set of controls that shrinks: a piece that several have in common is done while one of them is left."""

    def __init__(self, works: Mapping[int, Mapping[Hashable, float]], load: Load) -> None:
        self.works, self.plain = works, load.plain
        self.total = (cost_of(works.values(), load) - 1.0) * load.plain
        self.users: Counter[Hashable] = Counter(piece for work in works.values() for piece in work)

    def saved(self, removed: Sequence[int]) -> float:
        """The work that nobody is left to need if some controls go."""
        gone = Counter(piece for j in removed for piece in self.works[j])
        size = {piece: work for j in removed for piece, work in self.works[j].items()}
        return sum(work for piece, work in size.items() if gone[piece] == self.users[piece])

    def cost(self, removed: Sequence[int] = ()) -> float:
        """Work of a run with what is left when some controls go, in plain runs."""
        return 1.0 + (self.total - self.saved(removed)) / self.plain

    def remove(self, removed: Sequence[int]) -> None:
        """Leave some of the controls out for good."""
        self.total -= self.saved(removed)
        self.users.subtract(Counter(piece for j in removed for piece in self.works[j]))


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
    left = [j for j in range(len(controls)) if not biased(products, n_free + j)]
    usable = np.concatenate(
        [allowed, np.isin(np.arange(len(controls)), left) & np.ones((len(allowed), 1), bool)], axis=1
    )
    varies = covariances[:, -1, -1] > 0.0
    problems = _Shrinking(covariances[varies], usable[varies], products.effective)
    alone = problems.without([n_free + j for j in left])
    problems.only(problems.without() < alone - np.log(SERVED))
    if not len(problems.left):
        return []
    work = _Work({j: controls[j].work(load) for j in left}, load)
    found: list[tuple[float, list[int]]] = []
    while True:
        if work.cost() <= BUDGET:
            found.append((float(problems.without().mean() + np.log(PILOT_COST + work.cost())), list(left)))
        if not left:
            break
        removed = _least(controls, left, problems, n_free, work)
        problems.remove([n_free + j for j in removed])
        work.remove(removed)
        left = [j for j in left if j not in removed]
    return min(found)[1]


def _least(
    controls: Sequence[Control], left: Sequence[int], problems: _Shrinking, n_free: int, work: _Work
) -> list[int]:
    """The control, or the family of them, without which variance times cost is least."""
    single = problems.without_each()[:, n_free:].mean(axis=0)
    trials: list[tuple[list[int], float]] = [([j], float(single[j])) for j in left]
    families = _families(controls, left)
    trials += [(family, float(problems.without([n_free + j for j in family]).mean())) for family in families]
    return min(trials, key=lambda trial: trial[1] + float(np.log(PILOT_COST + work.cost(trial[0]))))[0]


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
