"""Where a payoff's own levels are: which moves lead there, and how far that is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._typing import FloatArray
from ..payoffs.along.pieces import pieces_along
from ..payoffs.along.points import Crossed, Point
from ..payoffs.protocol import Contract
from .pushes import BACK, Way

MOST = 128


def ways(payoff: Contract, spot: FloatArray) -> list[Way]:
    """Pushes to the levels of spots and returns, alone and with all other moves the other way.

    None for a payoff that cannot be followed, or of more levels than it pays to aim at, and none along moves that have
    no standard deviation since a path ends at zero or below; `spot`, shape (n_times, n_paths), are paths of the law.
    """
    pieces = pieces_along(payoff, spot) if spot.ndim == 2 else None
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _ways(pieces.points, np.log(spot)) if pieces else set()
    return sorted(found) if len(found) <= MOST else []


def _ways(points: Sequence[Point], logs: FloatArray) -> set[Way]:
    """Pushes to levels, by the logarithms of spots, shape (n_times, n_paths)."""
    found = set()
    for point in points:
        if not isinstance(point, Crossed):
            continue
        match point.monomial:
            case ((row, power),):
                first, last, moved = 0, row, logs[row]
            case ((early, less), (late, power)) if less == -power:
                first, last, moved = early + 1, late, logs[late] - logs[early]
            case _:
                continue
        distance = np.log(point.level) / power - moved.mean()
        size = float(distance / max(moved.std(), np.finfo(float).tiny))
        level = float(np.log(point.level) / power)
        backs = (0.0, BACK) if last - first + 1 < len(logs) else (0.0,)
        found |= {Way(first, last, size, back, level) for back in backs if np.isfinite(size)}
    return found
