r"""Ways to push a path far from where it would go, as a mixture whose density is known, and shares that learn from it.

A way adds :math:`h\,V_t/\sqrt{V}` to the noise of every move t between two dates, V being the sum of the variances
there: the sum of these moves goes up by h standard deviations. With u that sum in standard deviations, the density of
paths that are pushed so is :math:`e^{hu - h^2/2}` times the law's. Shares :math:`\alpha_k` of the ways learn where a
payoff lives: the best density is in proportion to its samples' distance from their mean, and the mixture that is
nearest to it has

.. math:: \alpha_k' = E\bigl[\,|y - \bar y|\,\rho_k\bigr] / E\,|y - \bar y|, \qquad
          \rho_k = \alpha_k q_k / \textstyle\sum_j \alpha_j q_j

(a step of expectation and maximisation). They are found on draws of their own, so that estimates stay unbiased.

References
----------
.. [1] O. Cappé, R. Douc, A. Guillin, J.-M. Marin and C. Robert, *Adaptive importance sampling in general mixture
   classes*, Statistics and Computing 18 (2008), section 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.arrays import cumulated

FAR, FARTHER, EARLY, SINGLE = 3.0, 4.5, 3.5, 4.5  # standard deviations of pushes
STILL, SHARES = 0.3, (0.25, 0.15, 0.15, 0.15)  # of paths: not pushed, then in the order above
LEAST, MOST = 0.25, 0.75  # of paths that are not pushed, whatever is learnt
KEPT = 0.25  # share of what pushes had, before they learnt
AIMED = 0.3  # share of pushes that go where a payoff's own levels are
NEAREST, FARTHEST = 2.0, 7.0  # standard deviations of these


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pushes:
    """A mixture of pushes.

    Attributes
    ----------
    first, last : ndarray of int, shape (n_ways,)
        The moves that are pushed.
    size : ndarray, shape (n_ways,)
        In standard deviations, > 0.
    shares : ndarray, shape (n_ways, 2)
        Of paths that are pushed up, and down.
    still : float
        Of paths that are not.
    """

    first: AnyArray
    last: AnyArray
    size: FloatArray
    shares: FloatArray
    still: float

    @classmethod
    def everywhere(cls, n_times: int) -> Pushes:
        """All moves alike, by two sizes; those up to any date; any one alone."""
        rows, end = np.arange(n_times), np.full(2, n_times - 1)
        sizes = (np.array([FAR, FARTHER]), np.full(n_times, EARLY), np.full(n_times, SINGLE))
        shares = (np.array(SHARES[:2]), np.full(n_times, SHARES[2] / n_times), np.full(n_times, SHARES[3] / n_times))
        both = 0.5 * np.concatenate(shares)[:, None].repeat(2, axis=1)
        first = np.concatenate([np.zeros(2 + n_times, int), rows])
        return cls(first, np.concatenate([end, rows, rows]), np.concatenate(sizes), both, STILL)

    def aimed(self, ways: Iterable[tuple[int, int, float]]) -> Pushes:
        """With further ways (first and last move, standard deviations) that share what is pushed."""
        table = np.array([*ways], dtype=float).reshape(-1, 3)
        if not len(table):
            return self
        size = np.clip(np.abs(table[:, 2]), NEAREST, FARTHEST)
        own = np.stack([table[:, 2] > 0.0, table[:, 2] <= 0.0], axis=1) * AIMED * self.shares.sum() / len(table)
        first, last = (np.concatenate([old, new.astype(int)]) for old, new in zip(self._ends, table.T, strict=False))
        shares = np.concatenate([(1.0 - AIMED) * self.shares, own])
        return Pushes(first, last, np.concatenate([self.size, size]), shares, self.still)

    @property
    def _ends(self) -> tuple[AnyArray, AnyArray]:
        return self.first, self.last

    def drawn(self, variance: FloatArray, count: int, generator: np.random.Generator) -> FloatArray:
        """Pushes of the noise of moves of these variances, (n_times, n_paths), where paths form so many samples.

        The second path of an antithetic pair is pushed the other way, like its normals.
        """
        n_times, n_paths = variance.shape
        every = np.concatenate([[self.still], self.shares.ravel()])
        chosen = generator.choice(len(every), count, p=every / every.sum()) - 1
        way, sign = chosen // 2, np.where(chosen < 0, 0.0, 1.0 - 2.0 * (chosen % 2))
        size, first, last = sign * self.size[way], self.first[way], self.last[way]
        if n_paths > count:
            size, first, last = np.concatenate([size, -size]), np.tile(first, 2), np.tile(last, 2)
        row = np.arange(n_times)[:, None]
        pushed = (row >= first) & (row <= last)
        total = np.where(pushed, variance, 0.0).sum(axis=0)
        return np.asarray(pushed * variance * (size / np.sqrt(total)))

    def _densities(self, noise: FloatArray, variance: FloatArray) -> Iterator[tuple[int, FloatArray, FloatArray]]:
        """Way by way the densities of paths pushed up, and down, over that of the law."""
        before = np.zeros((1, noise.shape[1]))
        moved, spread = (cumulated(np.concatenate([before, rows])) for rows in (noise, variance))
        for way, (first, last, size) in enumerate(zip(self.first, self.last, self.size, strict=True)):
            score = (moved[last + 1] - moved[first]) / np.sqrt(spread[last + 1] - spread[first])
            grown, scale = np.exp(np.clip(size * score, -600.0, 600.0)), np.exp(-0.5 * size * size)
            yield way, scale * grown, scale / grown

    def ratio(self, noise: FloatArray, variance: FloatArray) -> FloatArray:
        """Density of the mixture over that of the law, shape (n_paths,); both arguments (n_times, n_paths)."""
        found = np.full(noise.shape[1], self.still)
        for way, up, down in self._densities(noise, variance):
            found += self.shares[way, 0] * up + self.shares[way, 1] * down
        return found

    def learnt(self, noise: FloatArray, variance: FloatArray, wanted: FloatArray) -> Pushes:
        """The mixture with shares that lead to where draws of it, of weights and distances `wanted`, were wanted."""
        by = wanted / self.ratio(noise, variance)
        still, total = self.still * by.sum(), wanted.sum()
        if not (np.isfinite(total) and total > 0.0):
            return self
        own = np.array([[up @ by, down @ by] for _, up, down in self._densities(noise, variance)]) * self.shares
        if not own.sum() > 0.0:
            return self
        kept = float(np.clip(still / total, LEAST, MOST))
        shares = KEPT * self.shares / self.shares.sum() + (1.0 - KEPT) * own / own.sum()
        return replace(self, shares=(1.0 - kept) * shares, still=kept)
