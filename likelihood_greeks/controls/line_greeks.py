"""Greeks along a line in one pass: all first derivatives of an integral, and the second ones, at once.

What `line_motions` and `line_scores` say coordinate by coordinate in NumPy, ``kernels.line_greeks`` does block by block
of paths, on a line whose log-spots less their noise no path knows, and with nothing beneath the spots. What it needs of
the line is the same for all payoffs.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..estimators.likelihood_ratio import Part
from ..parameters import Derivative
from .joint_lines import JointLine
from .line_integral import Integral
from .line_scores import way
from .lines import Line


@final
@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """What some Greeks need of a line.

    Attributes
    ----------
    line, motion, scored : tuple of ndarray
        The line, the motions in all coordinates and the weights of second derivatives, as the kernel takes them.
    matrix, factors : ndarray, shapes (n_greeks, n_gained) and (n_greeks, n_paths)
        How often what is gained is in each Greek, and by what the estimate multiplies the flows.
    """

    line: tuple[Any, ...]
    motion: tuple[FloatArray, ...]
    scored: tuple[AnyArray, ...]
    matrix: FloatArray
    factors: FloatArray

    @classmethod
    def of(cls, line: Line | JointLine, part: Part, rate: float) -> Together | None:
        """The same for the parts of some Greeks; None where they are to be found one by one."""
        if isinstance(line, JointLine) or not line.knows_drifts:
            return None
        singles, pairs = ([d for d in part.rest if len(d) == n] for n in (1, 2))
        ways = [found for d in pairs if (found := way(line, d, rate))]
        names = [*dict.fromkeys([*(d[0] for d in singles), *(travels for travels, *_ in ways)])]
        own = line.motions(names, rate)
        if own is None or own.turning or len(ways) < len(pairs) or any(line.handed(name, rate).any() for name in names):
            return None
        motion = own.total, own.every[:, 0].copy(), own.first[:, 0].copy()
        weights, moved = (_stacked([found[k] for found in ways], len(line.place)) for k in (1, 2))
        scored = np.array([names.index(travels) for travels, *_ in ways], dtype=np.intp), weights, moved
        gained: list[Derivative] = [(), *((name,) for name in names), *pairs]
        matrix = np.zeros((len(part.matrix), len(gained)))
        matrix[:, [gained.index(d) for d in part.rest]] = part.matrix
        return cls(line.arrays, motion, scored, matrix, part.weights)

    def left(self, compiled: ModuleType, integral: Integral, value: FloatArray) -> FloatArray:
        """Samples of the estimate, whose flows are worth so much, less those of the integral, (n_greeks, n_paths)."""
        given = integral.arrays
        return np.asarray(compiled.left(*given, self.line, self.motion, self.scored, self.matrix, self.factors, value))


def _stacked(polynomials: list[Any], n_paths: int) -> FloatArray:
    """Coefficients of polynomials of the second degree at most, shape (n, 3, n_paths)."""
    found = np.zeros((len(polynomials), 3, n_paths))
    for rows, polynomial in zip(found, polynomials, strict=True):
        for row, coefficient in zip(rows, polynomial, strict=False):
            row[:] = coefficient
    return found
