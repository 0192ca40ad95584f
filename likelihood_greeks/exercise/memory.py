"""Functions of spots and of what a contract remembers, for what is to come to be regressed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from .hedge import States
from .joint_states import JointStates

FARTHEST = 3.5  # spreads beyond which what is remembered counts as if it were there


@final
@dataclass(frozen=True, slots=True, eq=False)
class Remembering:
    """Functions of the spots alone, and each of them times each number that is remembered.

    Attributes
    ----------
    inner : States or JointStates
        Of the spots.
    n_spots : int
        Rows that are spots.
    kept : tuple of int
        Of the rows that are remembered, those that are not the same on all paths.
    centres, scales : ndarray, shape (n_kept,)
        Of these.
    """

    inner: States | JointStates
    n_spots: int
    kept: tuple[int, ...]
    centres: FloatArray
    scales: FloatArray

    @classmethod
    def of(cls, inner: States | JointStates, before: FloatArray, n_spots: int) -> Remembering:
        """Functions to suit spots and what is remembered, shape (n_spots + n_remembered, n_paths)."""
        memory = before[n_spots:]
        centres, scales = memory.mean(axis=1), memory.std(axis=1)
        kept = tuple(int(j) for j in np.flatnonzero(scales > 1e-9 * (1.0 + np.abs(centres))))
        return cls(inner, n_spots, kept, centres[[*kept]], scales[[*kept]])

    def values(self, before: FloatArray) -> FloatArray:
        """Functions of the state, shape (n_functions, n_paths)."""
        return self._times_memory(self.inner.values(self._spots(before)), before)

    def noise(self, before: FloatArray, normals: FloatArray) -> FloatArray:
        """Functions of mean zero given the state, shape (n_noises, n_paths)."""
        return self._times_memory(self.inner.noise(self._spots(before), normals), before)

    def _spots(self, before: FloatArray) -> FloatArray:
        return before[0] if self.n_spots == 1 else before[: self.n_spots]

    def _times_memory(self, rows: FloatArray, before: FloatArray) -> FloatArray:
        memory = before[[self.n_spots + j for j in self.kept]]
        memory = np.clip((memory - self.centres[:, None]) / self.scales[:, None], -FARTHEST, FARTHEST)
        return np.concatenate([rows, *(rows * row for row in memory)])
