"""Draws on which a rule is fitted or judged: spots on a grid of dates, and the normals that moved them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import simulated
from ..models.capabilities import Movable, draws_beneath, has
from ..models.joint_moves import JointMoves
from ..models.moves import Moves
from ..models.protocol import PathModel, observed
from ..streams.chunks import Chunk

RULES = 1 << 22  # index of the pilot's stream from which rules are drawn
HEDGES = 24  # dates at which what is to come is explained, at least


@final
@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Paths of a law on a grid of dates.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
        The exercise dates, and others between them.
    rows : tuple of int
        Where the exercise dates stand among them.
    spot : ndarray, shape (n_times, n_paths), or (n_assets, n_times, n_paths)
    normals : tuple of ndarray, shape (n_steps, n_paths)
        For each date what moved the spot there from the one before: independent standard normals; of several assets
        first the standardised moves of each.
    discount : ndarray, shape (n_times,)
    moves : Moves or JointMoves
        How all the paths moved, those of other parts too.
    """

    times: FloatArray
    rows: tuple[int, ...]
    spot: FloatArray
    normals: tuple[FloatArray, ...]
    discount: FloatArray
    moves: Moves | JointMoves

    @property
    def n_paths(self) -> int:
        """How many paths there are."""
        return int(self.spot.shape[-1])

    def part(self, paths: slice) -> Draws:
        """Some of the paths."""
        return replace(self, spot=self.spot[..., paths], normals=tuple(z[:, paths] for z in self.normals))

    def at(self, row: int) -> FloatArray:
        """The spots on a date, shape (n_paths,) or (n_assets, n_paths)."""
        return np.asarray(self.spot[..., row, :])

    def before(self, row: int) -> FloatArray:
        """The spots on the date before one, at the first in place of today's, which are all the same, ones."""
        return self.at(row - 1) if row else np.ones((*self.spot.shape[:-2], self.n_paths))


def verify_law(law: PathModel) -> None:
    """Refuse a law under which an exercise rule is not a function of the spots and the date.

    Raises
    ------
    TypeError
        If it draws something beneath its spots, or does not say how it moves.
    """
    if not has(law, Movable) or draws_beneath(law, (1.0,)):
        raise TypeError(
            f"early exercise needs a law whose spot alone says what is to come, as GBM, TermStructureGBM, "
            f"CorrelatedGBM or LocalVolatility, got {type(law).__name__}: the best rule would look at what it draws "
            "beneath"
        )


def grid(times: Sequence[float]) -> tuple[FloatArray, tuple[int, ...]]:
    """The exercise dates with others between them, and their rows."""
    longest = times[-1] / HEDGES * (1.0 + 1e-9)
    found, rows, start = list[float](), list[int](), 0.0
    for time in times:
        parts = int(np.ceil((time - start) / longest))
        found += [start + (time - start) * k / parts for k in range(1, parts)] + [time]
        rows.append(len(found) - 1)
        start = time
    return np.array(found), tuple(rows)


def drawn(law: PathModel, times: Sequence[float], seed: int, number: int, n_paths: int) -> Draws:
    """Paths of a law on the grid of some exercise dates; another `number` gives independent ones."""
    dates, rows = grid(times)
    paths = simulated(law, dates.tolist(), Chunk(seed, RULES + number, n_paths, pilot=True))
    moves = law.moves(paths)  # type: ignore[attr-defined]
    discount = np.asarray(law.discount_jet(dates).value, dtype=float)
    return Draws(dates, rows, observed(paths), _normals(moves, dates), discount, moves)


def _normals(moves: Moves | JointMoves, dates: FloatArray) -> tuple[FloatArray, ...]:
    """The normals of every interval of the grid; a law that takes steps of its own has several for some."""
    if isinstance(moves, JointMoves):
        covariance = moves.terms.covariance
        sizes = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        pairs = zip(moves.noise.transpose(1, 0, 2), sizes, np.linalg.cholesky(covariance), strict=True)
        return tuple(np.concatenate([x / size[:, None], np.linalg.solve(root, x)]) for x, size, root in pairs)
    found = moves.noise / np.sqrt(moves.variance)
    ends: Any = getattr(moves.path, "seen", None)
    last = np.arange(len(dates)) if ends is None else np.asarray(ends)
    return tuple(found[first:end] for first, end in zip([0, *(last[:-1] + 1)], last + 1, strict=True))
