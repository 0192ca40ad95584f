"""Runs of moves between the nodes of curves: there all slopes are multiples of the lengths of the moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._remembered import remembered
from .._typing import FloatArray
from ..models.lognormal import Terms
from ..models.moves import LIKELIHOOD_RATIO, Slope, spread

ALIKE = 1e-13  # relative difference between slopes of moves that are multiples of their lengths


@final
@dataclass(frozen=True, eq=False)
class Segments:
    """Runs of moves whose slopes in some coordinates, and variances, are multiples of one length each.

    Attributes
    ----------
    starts, ends : list of int
        Rows of the first and the last move of each run.
    lengths : ndarray, shape (n_moves, 1)
        Of the moves, > 0.
    """

    starts: list[int]
    ends: list[int]
    lengths: FloatArray

    @classmethod
    def of(cls, columns: FloatArray) -> Segments:
        """Runs of proportional columns, shape (n_quantities, n_moves)."""
        scale = np.abs(columns).max(axis=1, keepdims=True)
        relative = columns / np.where(scale > 0.0, scale, 1.0)
        lengths = np.abs(relative).sum(axis=0)
        shapes = relative / lengths
        alike = np.abs(np.diff(shapes, axis=1)).max(axis=0) <= ALIKE
        starts = [0, *(np.flatnonzero(~alike) + 1).tolist()]
        return cls(starts, [*(start - 1 for start in starts[1:]), columns.shape[1] - 1], lengths[:, None])

    def __iter__(self) -> Iterator[slice]:
        """The rows of each run."""
        yield from (slice(start, end + 1) for start, end in zip(self.starts, self.ends, strict=True))

    def per_length(self, slopes: FloatArray) -> FloatArray:
        """Slopes, (n, n_moves), per unit of length in each run, (n, n_runs)."""
        return np.asarray(slopes[:, self.starts] / self.lengths[self.starts, 0])

    def sums(self, rows: FloatArray) -> FloatArray:
        """Sums of lengths times rows over each run, shape (n_runs, n_paths)."""
        if len(self.starts) == len(rows):
            return self.lengths * rows
        return np.stack([self.lengths[run, 0] @ rows[run] for run in self])


@final
@dataclass(frozen=True, eq=False)
class Rates:
    """How combinations of nodes change the moves of a law, none of which depends on a path.

    Attributes
    ----------
    mean, variance : ndarray, shape (n, n_moves)
        Slopes of the means and variances.
    runs : Segments
        Runs of moves that have the same slopes and variance per unit of length.
    mean_rates, variance_rates : ndarray, shape (n, n_runs)
        The slopes per unit of length.
    clock_rates : ndarray, shape (n_runs, 1)
        Variances per unit of length.
    """

    mean: FloatArray
    variance: FloatArray
    runs: Segments
    mean_rates: FloatArray
    variance_rates: FloatArray
    clock_rates: FloatArray

    @classmethod
    def of(cls, variance: FloatArray, slopes: Sequence[Slope], matrix: FloatArray) -> Rates:
        """Those of moves with these variances, (n_moves, 1), from the slopes of nodes and combinations of them."""
        count = len(variance)
        mean, clock = (matrix @ np.stack([spread(rows, count)[:, 0] for rows in kind]) for kind in _kinds(slopes))
        runs = Segments.of(np.concatenate([mean, clock, variance.T]))
        rates = runs.per_length(mean), runs.per_length(clock), runs.per_length(variance.T).T
        return cls(mean, clock, runs, *rates)


def _kinds(slopes: Sequence[Slope]) -> tuple[list[FloatArray], list[FloatArray]]:
    return [slope.mean for slope in slopes], [slope.variance for slope in slopes]


@remembered(256)  # the same on every chunk
def known_rates(law: Terms, names: tuple[str, ...], matrix: bytes) -> Rates:
    """Those of a lognormal law, for combinations of nodes, a matrix of shape (n, n_names) as bytes."""
    slopes = [law.slope(name, LIKELIHOOD_RATIO) for name in names]
    return Rates.of(law.variance.value, slopes, np.frombuffer(matrix).reshape(-1, len(names)))
