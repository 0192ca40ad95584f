r"""Which of a payoff's own controls to use: the set that minimises variance times cost, chosen by the pilot.

Greedy: starting from the free controls, the control that lowers the mean logarithm of the Greeks' variances by most,
net of the logarithm of what it costs, is added until none pays. Residual variances in the pilot flatter; with p
controls and an effective number of samples n they are corrected by (n + p) / (n - p), what is lost by fitting and by
applying.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import linalg

from .._typing import FloatArray
from .controls import COLLINEAR
from .specific import Control, OnSkeleton

BASE_COST, WIDTH_COST, SKELETON_COST, VANILLA_COST = 1.2, 0.4, 0.25, 0.15
"""Costs of a run with free controls, of a relaxed payoff, of moving it along one skeleton, and of a European, in plain
runs (measured at 12 to 252 dates and five Greeks)."""

WORTH = 0.03  # controls must lower log(variance x cost), averaged over the Greeks, by this much
BUDGET = 8.0  # plain runs
PATIENCE = 4  # controls added without a gain before the search ends
MEAN_LIMIT = 6.0  # standard errors that a control's mean may lie from zero in the pilot


def cost(controls: Sequence[Control]) -> float:
    """Work of a run with these controls, in plain runs."""
    moved = [c for c in controls if isinstance(c, OnSkeleton)]
    widths = len({id(c.relaxation) for c in moved})
    return BASE_COST + WIDTH_COST * widths + SKELETON_COST * len(moved) + VANILLA_COST * (len(controls) - len(moved))


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Least squares of one Greek, reduced to a square root (`triangle`) of its normal matrix."""

    triangle: FloatArray
    projected: FloatArray
    rest: float  # sum of squares outside the span of all columns
    base: tuple[int, ...]
    effective: float

    def log_variance(self, extra: Sequence[int]) -> float:
        """Logarithm of the corrected residual variance with the base columns and some more."""
        columns = [*self.base, *extra]
        left = float(self.projected @ self.projected)
        if columns:
            part = self.triangle[:, columns]
            solution, *_ = np.linalg.lstsq(part, self.projected, rcond=COLLINEAR)
            left = float(np.sum((self.projected - part @ solution) ** 2))
        used = min(len(columns), 0.5 * self.effective)
        total = left + self.rest
        return float(np.log(max(total, 1e-300)) + np.log((self.effective + used) / (self.effective - used)))


@final
@dataclass(frozen=True, slots=True, eq=False)
class PilotSamples:
    """All that the pilot drew for one payoff.

    Attributes
    ----------
    plain : ndarray, shape (n_greeks, n_samples)
    free : ndarray, shape (n_free, n_samples)
    own : ndarray, shape (n_greeks, n_own, n_samples)
        The payoff's own controls, Greek by Greek.
    allowed : ndarray of bool, shape (n_greeks, n_free)
        Which free controls serve which Greek.
    weights : ndarray, shape (n_samples,)
        Importance of each sample.
    """

    plain: FloatArray
    free: FloatArray
    own: FloatArray
    allowed: FloatArray
    weights: FloatArray


def choose(controls: Sequence[Control], pilot: PilotSamples) -> list[int]:
    """Indices of the controls that pay, in the order they were found."""
    rows, weights = pilot.own, pilot.weights
    parts = zip(pilot.allowed, rows, pilot.plain, strict=True)
    served = [part for part in parts if part[1].any()]  # a price has no skeletons
    problems = [_reduced(pilot.free[mask], own, y, weights) for mask, own, y in served]
    if not problems:
        return []
    offsets = [len(problem.base) for problem in problems]
    open_to_use = [j for j in range(len(controls)) if not biased(rows[:, j], weights)]
    chosen: list[int] = []

    def objective(picked: list[int]) -> float:
        variances = [p.log_variance([o + j for j in picked]) for p, o in zip(problems, offsets, strict=True)]
        return float(np.mean(variances) + np.log(cost([controls[j] for j in picked])))

    best, chosen_best = objective([]), []
    while open_to_use:
        trials = {j: objective([*chosen, j]) for j in open_to_use}
        j = min(trials, key=trials.__getitem__)
        if cost([controls[k] for k in (*chosen, j)]) > BUDGET:
            break
        chosen.append(j)
        open_to_use.remove(j)
        if trials[j] < best - WORTH:
            best, chosen_best = trials[j], list(chosen)
        elif len(chosen) > len(chosen_best) + PATIENCE:
            break
    return chosen_best


def biased(rows: FloatArray, weights: FloatArray) -> bool:
    """Whether a control that should have mean zero shows another, for any Greek; rows (n_targets, n_samples)."""
    weighted = rows * weights
    error = weighted.std(axis=1) / np.sqrt(rows.shape[1])
    return bool(np.any(np.abs(weighted.mean(axis=1)) > MEAN_LIMIT * error + 1e-12 * np.abs(weighted).max(axis=1)))


def _reduced(free: FloatArray, own: FloatArray, target: FloatArray, weights: FloatArray) -> _Problem:
    root, columns = np.sqrt(weights), np.concatenate([free, own])
    means = (columns @ weights)[:, None] / weights.sum()
    scaled = (columns - means) * root
    scale = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    scaled /= np.where(scale > 0.0, scale, 1.0)[:, None]
    y = (target - target @ weights / weights.sum()) * root
    values, vectors = linalg.eigh(scaled @ scaled.T)
    live = values > COLLINEAR**2 * values[-1]
    lengths = np.sqrt(values[live])
    triangle = lengths[:, None] * vectors[:, live].T
    projected = vectors[:, live].T @ (scaled @ y) / lengths
    rest = max(float(y @ y - projected @ projected), 0.0)
    effective = float(weights.sum() ** 2 / (weights @ weights))
    return _Problem(triangle, projected, rest, tuple(range(len(free))), effective)
