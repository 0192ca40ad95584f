"""How an integral along a line moves in several coordinates at once, on a clock that no path knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import AnyArray, FloatArray
from .lines import Crossings, Line, Push
from .motions import Motions


@final
@dataclass(frozen=True, slots=True, eq=False)
class LineMotions:
    """Motions of the paths of a line in some coordinates.

    Parameters
    ----------
    line : Line
    own : Motions
    """

    line: Line
    own: Motions

    def gained(self, push: Push, logs: FloatArray) -> FloatArray:
        """How a quantity moves along the tangents, normals held fixed, shape (n_names, n_paths).

        `logs` are the log-spots of the dates that it moves with.
        """
        found = self.pulled(push.rows, logs, push.still, push.along)
        for crossings, rate in push.crossings:
            found += self.at(crossings, rate)
        return found

    def pulled(self, rows: AnyArray, logs: FloatArray, still: FloatArray, along: FloatArray) -> FloatArray:
        """How a quantity moves, given its derivatives in the log-spots of some dates, and in their lengths.

        All of shape (n_rows, n_paths); `logs` are the log-spots.
        """
        line, own = self.line, self.own
        found = np.asarray(own.total[:, rows] * still if len(rows) == 1 else own.total[:, rows] @ still)
        if own.every.any():
            reached = np.einsum("ij,ij->j", logs, still) - line.drifts_at(rows) @ still
            _add(found, own.every, reached + line.lengths[rows, 0] @ along)
        if own.first.any():
            _add(found, own.first, line.moves.noise[0] * still.sum(axis=0) + line.shares[0] * along.sum(axis=0))
        return found

    def at(self, crossings: Crossings, rate: FloatArray) -> FloatArray:
        """The same of what is gained per unit of the log-spots at points where every path has a date of its own."""
        line, own = self.line, self.own
        found, away = np.take(own.total, crossings.row, axis=1), crossings.point - line.place
        found *= rate
        if own.every.any():
            _add(found, own.every, rate * (crossings.noise + crossings.length * away))
        if own.first.any():
            _add(found, own.first, rate * (line.moves.noise[0] + line.shares[0] * away))
        return np.asarray(found)


def _add(found: FloatArray, factors: FloatArray, row: FloatArray) -> None:
    """Add factors, (n_names, 1), times a row, in place: most are zero."""
    for k in np.flatnonzero(factors[:, 0]):
        found[k] += factors[k, 0] * row
