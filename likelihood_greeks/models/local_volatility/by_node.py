"""What steps add in proportion to their volatility, by the nodes that they read, or the quotes that these follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from ..._compiled import kernels
from ..._typing import AnyArray, FloatArray
from ...numerics.arrays import once
from .. import nodes
from .chain import Chain
from .construction import Construction
from .grid import LocalVolatilityGrid
from .walk import VOLATILITY

Moved = tuple[FloatArray, FloatArray, FloatArray]
"""Volatilities and noises, (n_steps, n_paths), and lengths of steps, (n_steps,)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class ByNode:
    """Steps that read a grid.

    Parameters
    ----------
    grid : LocalVolatilityGrid
    chain : Chain
    before : ndarray, shape (n_steps, n_paths)
        Log-spots that the steps start from.
    quotes : Construction, optional
        How the grid follows quotes, which are then its nodes.
    """

    grid: LocalVolatilityGrid
    chain: Chain
    before: FloatArray
    quotes: Construction | None = None
    _known: dict[Any, Any] = field(default_factory=dict)

    def of(self, names: Sequence[str], parts: FloatArray) -> FloatArray:
        """What steps add, (n_steps, n_paths), by node and summed, shape (n_names, n_paths)."""
        return self._named(names, self._split(parts[None], None)[0])

    def travelled(self, names: Sequence[str], rows: Sequence[FloatArray], moved: Moved) -> list[FloatArray]:
        """The same of several sensitivities to pushes of the steps, which a shift of the volatility pushes."""
        if not rows:
            return []
        *found, scored = self._split(np.stack(rows), moved)
        self._known.setdefault("scored", scored)
        return [self._named(names, one) for one in found]

    def scored(self, names: Sequence[str], moved: Moved) -> FloatArray:
        """The scores of the steps in a shift of the volatility, by node; free after `travelled`."""
        found = once(self._known, "scored", lambda: self._split(np.empty((0, *self.before.shape)), moved)[0])
        return self._named(names, found)

    def _split(self, parts: FloatArray, moved: Moved | None) -> FloatArray:
        """By row and spot of the grid, up to the last row that is read, (n_parts, n_rows, n_spots, n_paths).

        Of sensitivities the last part is the scores.
        """
        rows, shares = once(self._known, "read", self._read)
        shape = len(parts) + (moved is not None), self.grid.rows(self.chain), len(self.grid.spots), self.before.shape[1]
        if compiled := kernels("local_volatility"):
            lookup, none, found = self.grid.lookup, np.empty((0, 0)), np.empty(shape)
            place = lookup.bases, lookup.bounds, lookup.place
            pushed = moved or (none, none, np.empty(0))
            compiled.split(self.before, parts, pushed, rows, shares, *self.grid.local_basis, place, lookup.table, found)
            return found
        found = np.zeros(shape)
        if moved is not None:
            volatility, noise, lengths = moved
            relative, length = noise / volatility, lengths[:, None]
            scores = (relative**2 / length - 1.0) / volatility - relative
            parts = np.concatenate([parts * (relative - volatility * length), scores[None]])
        for i, (row, share) in enumerate(zip(rows, shares, strict=True)):
            read = self.grid.weights(self.before[i]).T * parts[:, None, i]
            found[:, row] += share * read
            if share != 1.0:
                found[:, row + 1] += (1.0 - share) * read
        return found

    def _read(self) -> tuple[AnyArray, FloatArray]:
        """The row that every step reads, and its share; the next row has what is left."""
        shares = [self.grid.shares(float(time))[0] for time in self.chain.read]
        return np.array([row for row, _ in shares]), np.array([share for _, share in shares])

    def _named(self, names: Sequence[str], found: FloatArray) -> FloatArray:
        """The nodes with some names, shape (n_names, n_paths); what no step read is zero."""
        every, count = found.reshape(-1, found.shape[-1]), len(self.grid.times) * len(self.grid.spots)
        if self.quotes is not None:
            slopes, count = self.quotes.slopes(len(found)), len(self.quotes.cells)
            every = slopes.reshape(-1, slopes.shape[-1]).T @ every
        rows = once(self._known, tuple(names), lambda: _rows(names, count))
        if np.array_equal(rows, np.arange(len(every))):
            return every
        wanted, inside = np.zeros((len(rows), every.shape[1])), rows < len(every)
        wanted[inside] = every[rows[inside]]
        return wanted


def _rows(names: Sequence[str], count: int) -> AnyArray:
    known = {name: k for k, name in enumerate(nodes.names(VOLATILITY, count))}
    return np.array([known[name] for name in names])
