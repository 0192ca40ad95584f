r"""Least squares of Greeks on zero-mean controls, from cross-moments that can be merged.

A pilot of any length leaves one matrix of weighted products a Greek, so its memory does not grow with the number of its
draws. The draws are kept apart in two halves: each half judges the coefficients fitted to the other, and controls that
do not lower the variance there are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.linalg import lapack, solve_triangular

from .._typing import FloatArray

COLLINEAR = 1e-5
"""A control whose part independent of the others is smaller than this share of it is dropped."""

ROUNDING = 1e-12  # of the mean square: a variance below is that of a constant
SAMPLES_A_CONTROL = 8  # fewer, and no coefficients are fitted


@final
@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Weighted sums of products of controls and targets; free controls are shared, own ones differ by target.

    Attributes
    ----------
    size : int
        Samples.
    weight, weight_squared : ndarray, shape (2,)
        Sums of the samples' weights and of their squares, half by half.
    sums : ndarray, shape (2, n_targets, n + 1)
    products : ndarray, shape (2, n_targets, n + 1, n + 1)
        Of the n controls (free ones first) and, last, the target.
    """

    size: int
    weight: FloatArray
    weight_squared: FloatArray
    sums: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, free: FloatArray, own: FloatArray, targets: FloatArray, weights: FloatArray) -> Products:
        """Products of samples.

        Parameters
        ----------
        free : ndarray, shape (n_free, n_samples)
        own : ndarray, shape (n_targets, n_own, n_samples)
        targets : ndarray, shape (n_targets, n_samples)
        weights : ndarray, shape (n_samples,)
        """
        count = len(free) + own.shape[1] + 1
        sums, products = np.zeros((2, len(targets), count)), np.zeros((2, len(targets), count, count))
        halves = [weights[0::2], weights[1::2]]
        for g, (mine, target) in enumerate(zip(own, targets, strict=True)):
            rows = np.concatenate([free, mine, target[None]])
            for h, weight in enumerate(halves):
                part = rows[:, h::2]
                weighted = part * weight
                sums[h, g], products[h, g] = weighted.sum(axis=1), weighted @ part.T
        total = [float(w.sum()) for w in halves], [float(w @ w) for w in halves]
        return cls(len(weights), np.array(total[0]), np.array(total[1]), sums, products)

    @classmethod
    def shared(cls, controls: FloatArray, targets: FloatArray, weights: FloatArray) -> Products:
        """Products of samples where all targets have the same controls, shape (n_controls, n_samples)."""
        count, number = len(controls), len(targets)
        rows = np.concatenate([controls, targets])
        chosen = np.concatenate([np.tile(np.arange(count), (number, 1)), count + np.arange(number)[:, None]], axis=1)
        sums, products = np.empty((2, number, count + 1)), np.empty((2, number, count + 1, count + 1))
        halves = [weights[0::2], weights[1::2]]
        for h, weight in enumerate(halves):
            part = rows[:, h::2]
            weighted = part * weight
            sums[h] = weighted.sum(axis=1)[chosen]
            products[h] = (weighted @ part.T)[chosen[:, :, None], chosen[:, None, :]]
        total = [float(w.sum()) for w in halves], [float(w @ w) for w in halves]
        return cls(len(weights), np.array(total[0]), np.array(total[1]), sums, products)

    def merge(self, other: Products) -> Products:
        """Products of both sets of samples."""
        return Products(
            self.size + other.size,
            self.weight + other.weight,
            self.weight_squared + other.weight_squared,
            self.sums + other.sums,
            self.products + other.products,
        )

    def restricted(self, controls: list[int]) -> Products:
        """Products of some of the controls and the targets."""
        rows = [*controls, self.sums.shape[-1] - 1]
        return Products(
            self.size, self.weight, self.weight_squared, self.sums[..., rows], self.products[..., rows, :][..., rows]
        )

    @property
    def effective(self) -> float:
        """Effective number of samples, ``(sum w)² / sum w²``."""
        return float(self.weight.sum() ** 2 / self.weight_squared.sum())

    def covariance(self, half: int | None = None) -> FloatArray:
        """Weighted sums of squares and products about the means, of one half or of all; (n_targets, n + 1, n + 1).

        Exactly zero for what does not vary.
        """
        chosen = slice(None) if half is None else slice(half, half + 1)
        total, squares = self.sums[chosen].sum(axis=0), self.products[chosen].sum(axis=0)
        found = np.asarray(squares - total[:, :, None] * total[:, None, :] / self.weight[chosen].sum())
        constant = np.einsum("gii->gi", found) <= ROUNDING * np.einsum("gii->gi", squares)
        found[constant[:, :, None] | constant[:, None, :]] = 0.0
        return found

    def variance(self, row: int) -> FloatArray:
        """The diagonal element of `covariance` that belongs to one control, shape (n_targets,)."""
        total, squares = self.sums[..., row].sum(axis=0), self.products[..., row, row].sum(axis=0)
        found = squares - total * total / self.weight.sum()
        return np.where(found <= ROUNDING * squares, 0.0, found)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Control coefficients for several targets.

    Attributes
    ----------
    coefficients : ndarray, shape (n_targets, n_controls)
        Zero for a control that is not eligible, that is a combination of others, or whose target was refused.
    gain : ndarray, shape (n_targets,)
        Variance without over with controls, each half of the pilot judged by the other half's coefficients;
        1 where that is no gain and the controls were refused.
    contribution : ndarray, shape (n_targets, n_controls)
        Factor by which the target's variance would rise without one control; 1 for one that is not used.
    """

    coefficients: FloatArray
    gain: FloatArray
    contribution: FloatArray

    def first(self, count: int) -> Fit:
        """With the first controls alone, where no other is used."""
        return Fit(self.coefficients[:, :count], self.gain, self.contribution[:, :count])


def solve(covariance: FloatArray, allowed: FloatArray) -> FloatArray:
    """Coefficients of the target (last row) on its allowed controls; nearly collinear ones are dropped, not inverted.

    `allowed` is bool, of shape (n_controls,).
    """
    found = np.zeros(len(allowed))
    scale = np.sqrt(np.maximum(np.diag(covariance)[:-1], 0.0))
    columns = np.flatnonzero(np.logical_and(allowed, scale > 0.0))
    if not len(columns):
        return found
    size = scale[columns]
    correlation = covariance[np.ix_(columns, columns)] / np.outer(size, size)
    factor, pivots, rank, _ = lapack.dpstrf(correlation, tol=COLLINEAR**2)
    kept = columns[pivots[:rank] - 1]
    triangle = factor[:rank, :rank]  # upper: triangle' triangle = correlation of those kept
    right = covariance[kept, -1] / scale[kept]
    half = solve_triangular(triangle, right, trans="T")
    found[kept] = solve_triangular(triangle, half) / scale[kept]
    return found


def fit(products: Products, allowed: FloatArray) -> Fit:
    """Least-squares coefficients, refused where they do not lower the variance of draws they were not fitted to.

    Parameters
    ----------
    products : Products
    allowed : ndarray of bool, shape (n_targets, n_controls)
        Which controls may serve which target.

    Returns
    -------
    Fit
    """
    targets, count = allowed.shape
    coefficients, contribution, gain = np.zeros((targets, count)), np.ones((targets, count)), np.ones(targets)
    halves, whole = (products.covariance(0), products.covariance(1)), products.covariance()
    for g, mask in enumerate(allowed):
        if not mask.any() or products.size < SAMPLES_A_CONTROL * np.count_nonzero(mask):
            continue
        left = sum(_left(judge[g], solve(train[g], mask)) for train, judge in (halves, halves[::-1]))
        raw = float(halves[0][g, -1, -1] + halves[1][g, -1, -1])
        if left < raw:
            gain[g] = raw / max(left, np.finfo(float).eps * raw)
            coefficients[g] = solve(whole[g], mask)
            contribution[g] = contributions(whole[g], coefficients[g])
    return Fit(coefficients, gain, contribution)


def alone(products: Products) -> Fit:
    """The last control for every target, with coefficient one: it leaves nothing of any."""
    shape = products.sums.shape[1], products.sums.shape[2] - 1
    last = np.arange(shape[1]) == shape[1] - 1
    gain = np.where(products.covariance()[:, -1, -1] > 0.0, 1.0 / np.finfo(float).eps, 1.0)
    return Fit(np.tile(1.0 * last, (shape[0], 1)), gain, np.where(last, gain[:, None], 1.0))


def remaining(products: Products, allowed: FloatArray) -> FloatArray:
    """Shares of the targets' variances that least squares leave, shape (n_targets,); 0 where there is none."""
    pairs = zip(products.covariance(), allowed, strict=True)
    raw, left = np.transpose([(c[-1, -1], _left(c, solve(c, mask))) for c, mask in pairs])
    return np.divide(left, raw, out=np.zeros_like(raw), where=raw > 0.0)


def refused(fitted: Fit) -> Fit:
    """The fit with no control used."""
    nothing, ones = np.zeros_like(fitted.coefficients), np.ones_like(fitted.contribution)
    return Fit(nothing, np.ones_like(fitted.gain), ones)


def contributions(covariance: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Factors by which the residual variance rises when one control is left out: 1 + beta² / ((C^-1)_jj residual)."""
    found, used = np.ones(len(coefficients)), np.flatnonzero(coefficients)
    scale = np.sqrt(np.diag(covariance)[used])
    inverse = np.linalg.inv(covariance[np.ix_(used, used)] / np.outer(scale, scale))
    left = max(_left(covariance, coefficients), np.finfo(float).eps * float(covariance[-1, -1]))
    found[used] += (coefficients[used] * scale) ** 2 / np.diag(inverse) / left
    return found


def _left(covariance: FloatArray, coefficients: FloatArray) -> float:
    """Sum of squares of the target less its controls."""
    vector = np.append(-coefficients, 1.0)
    return float(vector @ covariance @ vector)
