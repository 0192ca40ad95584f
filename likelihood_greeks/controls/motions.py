r"""How paths move in several coordinates at once, on a clock that no path knows.

A log-spot moves by the sum of its moves' means, and by a number times the noise of all moves up to there, or of the
first one (`models.travel`). So what is linear in the log-spots moves in all coordinates by one product of matrices, and
by what two sums of noise bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from ..models.moves import NONE, alike, spread
from .skeletons import Skeletons


@final
@dataclass(frozen=True, slots=True, eq=False)
class Motions:
    """Motions of log-spots in some coordinates.

    Attributes
    ----------
    total : ndarray, shape (n_names, n_times)
        What the means bring.
    every, first : ndarray, shape (n_names, 1)
        Motion per unit of the noise: of all moves up to a date, and of the first move.
    turning : tuple of int
        The rows of coordinates that turn the clock in another way, whose noise is not in these.
    """

    total: FloatArray
    every: FloatArray
    first: FloatArray
    turning: tuple[int, ...]


def motions(skeletons: Skeletons, names: Sequence[str], rate: float) -> Motions | None:
    """The motions in some coordinates; None on a clock that paths know."""
    if skeletons.moves.variance.shape[1] > 1:
        return None
    return skeletons.remembered(("motions", tuple(names), rate), lambda: _motions(skeletons, names, rate))


def _motions(skeletons: Skeletons, names: Sequence[str], rate: float) -> Motions:
    count, turning = len(skeletons.moves.noise), []
    total, every, first = np.zeros((len(names), count)), np.zeros((len(names), 1)), np.zeros((len(names), 1))
    for k, name in enumerate(names):
        still, noisy = skeletons.speed((name,), rate)
        total[k] = spread(still, count)[:, 0].cumsum()
        if noisy is NONE:
            continue
        if alike(noisy):
            every[k] = noisy[0, 0]
        elif not noisy[1:].any():
            first[k] = noisy[0, 0]
        else:
            turning.append(k)
    return Motions(total, every, first, tuple(turning))
