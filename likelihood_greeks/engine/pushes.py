r"""Ways to push a path far from where it would go, as a mixture whose density is known, and shares that learn from it.

A way adds :math:`h\,V_t/\sqrt{V}` to the noise of every move t between two dates, V being the sum of the variances
there: the sum of these moves goes up by h standard deviations. With u that sum in standard deviations, the density of
paths that are pushed so is :math:`e^{hu - h^2/2}` times the law's. Shares :math:`\alpha_k` of the ways learn where a
payoff lives: the best density is in proportion to its samples' distance from their mean, and the mixture that is
nearest to it has

.. math:: \alpha_k' = E\bigl[\,|y - \bar y|\,\rho_k\bigr] / E\,|y - \bar y|, \qquad
          \rho_k = \alpha_k q_k / \textstyle\sum_j \alpha_j q_j

(a step of expectation and maximisation). They are found on draws of their own, so that estimates stay unbiased. Where
every path has variances of its own, a way to a level goes as far as each needs, given its variances.

References
----------
.. [1] O. Cappé, R. Douc, A. Guillin, J.-M. Marin and C. Robert, *Adaptive importance sampling in general mixture
   classes*, Statistics and Computing 18 (2008), section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.arrays import cumulated

FAR, FARTHER, EARLY, SINGLE = 3.0, 4.5, 3.5, 4.5  # standard deviations of pushes
STILL, SHARES = 0.3, (0.25, 0.15, 0.15, 0.15)  # of paths: not pushed, then in the order above
ALONE = (0.25, 0.75)  # least and most of paths that are not pushed, whatever is learnt
AWAY = (0.1, 0.5)  # the same of paths beside which others are as the law draws them
KEPT = 0.25  # share of what pushes had, before they learnt
AIMED, THERE_AND_BACK = 0.3, 0.2  # shares of pushes: to the levels of a payoff, and on the ways below
NEAREST, FARTHEST = 2.0, 7.0  # standard deviations of these
TURNS, THERE, BACK = 12, 3.0, 2.5  # dates at which paths turn, and standard deviations on both ways


class Way(NamedTuple):
    """A way to push.

    Attributes
    ----------
    first, last : int
        The moves that are pushed.
    size : float
        By how many standard deviations; down if negative.
    back : float
        By how many all other moves go the other way.
    level : float
        The logarithm of the spot, or of the return from a date on, that it leads to; NaN if to none.
    """

    first: int
    last: int
    size: float
    back: float = 0.0
    level: float = np.nan


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
    back : ndarray, shape (n_ways,)
        By which all other moves are pushed the other way, >= 0.
    level : ndarray, shape (n_ways,)
        See `Way`.
    shares : ndarray, shape (n_ways, 2)
        Of paths that are pushed up, and down.
    still : float
        Of paths that are not.
    """

    first: AnyArray
    last: AnyArray
    size: FloatArray
    back: FloatArray
    level: FloatArray
    shares: FloatArray
    still: float

    @classmethod
    def everywhere(cls, n_times: int) -> Pushes:
        """All moves alike, by two sizes; those up to any date; any one alone; there and back."""
        rows, end = np.arange(n_times), np.full(2, n_times - 1)
        sizes = (np.array([FAR, FARTHER]), np.full(n_times, EARLY), np.full(n_times, SINGLE))
        shares = (np.array(SHARES[:2]), np.full(n_times, SHARES[2] / n_times), np.full(n_times, SHARES[3] / n_times))
        both = 0.5 * np.concatenate(shares)[:, None].repeat(2, axis=1)
        first = np.concatenate([np.zeros(2 + n_times, int), rows])
        size = np.concatenate(sizes)
        none = np.zeros(len(size))
        found = cls(first, np.concatenate([end, rows, rows]), size, none, none + np.nan, both, STILL)
        return found.aimed(there_and_back(n_times), THERE_AND_BACK)

    def aimed(self, ways: Sequence[Way], part: float = AIMED) -> Pushes:
        """With further ways that get a part of what is pushed."""
        if not ways:
            return self
        first, last, signed, back, level = (np.array(column) for column in zip(*ways, strict=True))
        size = np.clip(np.abs(signed), NEAREST, FARTHEST)
        own = np.stack([signed > 0.0, signed <= 0.0], axis=1) * part * self.shares.sum() / len(ways)
        return Pushes(
            np.concatenate([self.first, first]),
            np.concatenate([self.last, last]),
            np.concatenate([self.size, size]),
            np.concatenate([self.back, back]),
            np.concatenate([self.level, level]),
            np.concatenate([(1.0 - part) * self.shares, own]),
            self.still,
        )

    def drawn(
        self, variance: FloatArray, count: int, generator: np.random.Generator, centre: FloatArray | None = None
    ) -> FloatArray:
        """Pushes of the noise of moves of these variances, (n_times, n_paths), where paths form so many samples.

        The second path of an antithetic pair is pushed the other way, like its normals. `centre`, of the same shape,
        are log-spots without noise, where each path has variances of its own; None elsewhere.
        """
        n_times, n_paths = variance.shape
        every = np.concatenate([[self.still], self.shares.ravel()])
        chosen = generator.choice(len(every), count, p=every / every.sum()) - 1
        way, sign = chosen // 2, np.where(chosen < 0, 0.0, 1.0 - 2.0 * (chosen % 2))
        first, last, back = self.first[way], self.last[way], -sign * self.back[way]
        size = sign * self._sizes(way, variance[:, :count], centre, sign)
        if n_paths > count:
            size, back, first, last = (
                *(np.concatenate([x, -x]) for x in (size, back)),
                np.tile(first, 2),
                np.tile(last, 2),
            )
        row = np.arange(n_times)[:, None]
        inside = (row >= first) & (row <= last)
        found = _along(inside, variance, size)
        return found + _along(~inside, variance, back) if back.any() else found

    def _sizes(self, way: AnyArray, variance: FloatArray, centre: FloatArray | None, sign: AnyArray) -> FloatArray:
        """Standard deviations by which paths are pushed, each in a way and direction of its own."""
        found, sent = self.size[way], np.flatnonzero(np.isfinite(self.level[way]) & (sign != 0.0))
        if centre is None or not len(sent):
            return found
        first, last = self.first[way[sent]], self.last[way[sent]]
        found[sent] = _needed(
            sign[sent] * (self.level[way[sent]] - _rise(centre[:, sent], first, last)),
            _rise(cumulated(variance[:, sent]), first, last),
        )
        return found

    def _densities(
        self, noise: FloatArray, variance: FloatArray, centre: FloatArray | None
    ) -> Iterator[tuple[int, FloatArray, FloatArray]]:
        """Way by way the densities of paths pushed up, and down, over that of the law."""
        same = variance[:, :1] if variance.strides[1] == 0 else variance  # of a clock that no path knows
        moved, spread = (cumulated(np.concatenate([np.zeros((1, rows.shape[1])), rows])) for rows in (noise, same))
        start = None if centre is None else np.concatenate([np.zeros((1, noise.shape[1])), centre])
        for way, (first, last, fixed, back) in enumerate(zip(self.first, self.last, self.size, self.back, strict=True)):
            along, length, size = moved[last + 1] - moved[first], spread[last + 1] - spread[first], fixed
            if start is not None and np.isfinite(self.level[way]):
                sign = 1.0 if self.shares[way, 0] > 0.0 else -1.0
                size = _needed(sign * (self.level[way] - (start[last + 1] - start[first])), length)
            other = back * (moved[-1] - along) / np.sqrt(spread[-1] - length) if back else None
            along *= size / np.sqrt(length)
            if other is not None:
                along -= other
            grown = np.exp(np.clip(along, -600.0, 600.0, out=along), out=along)
            scale = np.exp(-0.5 * (size * size + back * back))
            yield way, scale * grown, scale / grown

    def ratio(self, noise: FloatArray, variance: FloatArray, centre: FloatArray | None = None) -> FloatArray:
        """Density of the mixture over that of the law, shape (n_paths,); all arguments (n_times, n_paths)."""
        found = np.full(noise.shape[1], self.still)
        for way, up, down in self._densities(noise, variance, centre):
            found += self.shares[way, 0] * up + self.shares[way, 1] * down
        return found

    def learnt(
        self,
        noise: FloatArray,
        variance: FloatArray,
        wanted: FloatArray,
        centre: FloatArray | None = None,
        *,
        bounds: tuple[float, float] = ALONE,
    ) -> Pushes:
        """The mixture with shares that lead to where draws of it, of weights and distances `wanted`, were wanted.

        `bounds` are those of the share that is not pushed.
        """
        by = wanted / self.ratio(noise, variance, centre)
        still, total = self.still * by.sum(), wanted.sum()
        if not (np.isfinite(total) and total > 0.0):
            return self
        own = np.array([[up @ by, down @ by] for _, up, down in self._densities(noise, variance, centre)])
        own *= self.shares
        if not own.sum() > 0.0:
            return self
        kept = float(np.clip(still / total, *bounds))
        return replace(self, shares=(1.0 - kept) * blended(self.shares, own), still=kept)


def blended(before: FloatArray, learnt: FloatArray) -> FloatArray:
    """Shares of ways, one in all: those that were learnt, and a part of those before."""
    return KEPT * before / before.sum() + (1.0 - KEPT) * learnt / learnt.sum()


def there_and_back(n_times: int) -> list[Way]:
    """Ways down (up) to one of some dates and back by the end."""
    turns = sorted({*np.linspace(0, n_times - 1, TURNS + 2, dtype=int)[1:-1].tolist()} - {0, n_times - 1})
    return [Way(0, turn, sign * THERE, BACK) for turn in turns for sign in (1.0, -1.0)]


def _rise(rows: FloatArray, first: AnyArray, last: AnyArray) -> FloatArray:
    """By how much rows (n_times, n_paths), zero before them, rise over moves that each path has of its own."""
    path = np.arange(rows.shape[1])
    return np.asarray(rows[last, path] - np.where(first > 0, rows[first - 1, path], 0.0))


def _needed(distance: FloatArray, variance: FloatArray) -> FloatArray:
    """Standard deviations to a distance, none where it is behind, and not more than is sensible."""
    return np.asarray(np.clip(distance / np.sqrt(variance), 0.0, FARTHEST))


def _along(pushed: AnyArray, variance: FloatArray, size: FloatArray) -> FloatArray:
    """The pushes of the moves that are pushed, whose sum goes by so many standard deviations; none where none is."""
    total = np.where(pushed, variance, 0.0).sum(axis=0)
    return np.asarray(pushed * variance * (size / np.sqrt(np.where(total > 0.0, total, 1.0))))
