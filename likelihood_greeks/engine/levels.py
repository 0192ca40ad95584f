"""Where a payoff's own levels are: which moves lead there, and how far that is."""

from __future__ import annotations

import numpy as np

from .._typing import FloatArray
from ..payoffs.along.pieces import pieces_along
from ..payoffs.along.points import Crossed
from ..payoffs.protocol import Contract
from .pushes import BACK, Way

MOST = 128


def ways(payoff: Contract, spot: FloatArray) -> list[Way]:
    """Pushes to the levels of spots and returns, alone and with all other moves the other way.

    None for a payoff that cannot be followed, or of more levels than it pays to aim at; `spot`, shape (n_times,
    n_paths), are paths of the law.
    """
    pieces = pieces_along(payoff, spot) if spot.ndim == 2 else None
    found = set()
    logs = np.log(spot) if pieces else spot
    for point in pieces.points if pieces else ():
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
        backs = (0.0, BACK) if last - first + 1 < len(spot) else (0.0,)
        found |= {Way(first, last, size, back, level) for back in backs}
    return sorted(found) if len(found) <= MOST else []
