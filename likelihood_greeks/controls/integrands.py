"""Integrands of combinations of coordinates: all that is linear in their slopes is one product of matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from .by_interval import ByInterval, Slopes, alone
from .joint_intervals import AnySlopes


@final
@dataclass(frozen=True, eq=False)
class Integrands:
    """Integrands of every combination times factors, summed.

    Parameters
    ----------
    slopes : Slopes, OwnSlopes, JointSlopes or JointStateSlopes
    """

    slopes: AnySlopes
    _scored: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)
    _products: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)
    _rows: list[FloatArray] = field(default_factory=list)
    _travelling: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def add(self, parts: ByInterval, factors: FloatArray) -> None:
        """Add integrands times factors, (n,): of all that is known move by move only sums are kept."""
        column = factors[:, None]
        self._scored.append((factors, parts.scored))
        self._travelling.extend((column, rows) for rows in self.slopes.travelling(parts))
        for matrix, rows in self.slopes.products(parts):
            if alone(matrix):
                self._rows.append(column * rows)
            else:
                own = column * matrix
                felt = own.any(axis=0)
                self._products.append((own, rows) if felt.all() else (own[:, felt], rows[felt]))
        self._ends.append(len(self._products))

    @property
    def total(self) -> FloatArray:
        """The sum, shape (n, n_paths)."""
        travelled = self.slopes.travelled([rows for _, rows in self._travelling])  # first: scores come with it
        factors, scored = self._stacked
        found: FloatArray = factors @ scored
        found = np.multiply(found, self.slopes.weights, out=found if found.shape[1] > 1 else None)
        if self._products:
            found += np.concatenate([matrix for matrix, _ in self._products], axis=1) @ self._felt(found.shape[1])
        for own in self._rows:
            found += own
        for (column, _), own in zip(self._travelling, travelled, strict=True):
            found += column * own
        return found

    def with_first(self, first: ByInterval, count: int) -> tuple[FloatArray, FloatArray]:
        """The sum, and of so many combinations what was added first, with factors of one."""
        slopes, compiled = self.slopes, kernels("nodes")
        if not (compiled and isinstance(slopes, Slopes) and self._products and not self._rows and self._ends[0]):
            return self.total, integrand(slopes, first)[:count]
        factors, scored = self._stacked
        plain, ends = np.empty((count, scored.shape[1])), [matrix.shape[1] for matrix, _ in self._products]
        matrix = np.concatenate([matrix for matrix, _ in self._products], axis=1)
        rows, n_first = self._felt(scored.shape[1]), sum(ends[: self._ends[0]])
        return compiled.integrands(factors, scored, *slopes.weighing, matrix, rows, plain, n_first), plain

    @property
    def _stacked(self) -> tuple[FloatArray, FloatArray]:
        """Factors, (n, n_scored), and what is scored, (n_scored, n_paths)."""
        factors, scored = zip(*self._scored, strict=True)
        return np.stack(factors, axis=1), np.stack(np.broadcast_arrays(*scored))

    def _felt(self, n_paths: int) -> FloatArray:
        """The rows of all products."""
        return np.concatenate([np.broadcast_to(own, (len(own), n_paths)) for _, own in self._products])


def integrands(slopes: AnySlopes, several: Sequence[ByInterval]) -> Iterator[FloatArray]:
    """Those of several, each of shape (n, n_paths): what travels does so together."""
    travelling = [slopes.travelling(parts) for parts in several]
    travelled = iter(slopes.travelled([rows for own in travelling for rows in own]))
    for parts, own in zip(several, travelling, strict=True):
        found = slopes.weights * parts.scored
        for matrix, rows in slopes.products(parts):
            found += rows if alone(matrix) else matrix @ rows
        for _ in own:
            found += next(travelled)
        yield found


def integrand(slopes: AnySlopes, parts: ByInterval) -> FloatArray:
    """The integrand of every combination, shape (n, n_paths)."""
    return next(integrands(slopes, [parts]))
