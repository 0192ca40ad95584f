"""What Greeks are made of along a line: derivatives of the discounting times those of the integral, in matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, Drawn, factored, weighed
from ..numerics.jets import Jet
from ..parameters import Derivative
from .joint_lines import JointLine
from .line_scores import knows
from .lines import Line


@final
@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What is multiplied by one derivative of the discount factors.

    Attributes
    ----------
    paid : tuple of str
        That derivative.
    rest : tuple of tuple of str
        Derivatives of the integral of the flows.
    matrix : ndarray, shape (n_greeks, n_rest)
        How often each is in each Greek.
    weights : ndarray, shape (n_greeks, n_paths)
        By which the estimate multiplies the flows in place of these.
    """

    paid: Derivative
    rest: tuple[Derivative, ...]
    matrix: FloatArray
    weights: FloatArray

    @classmethod
    def of(
        cls, combinations: Sequence[Combination], discount: Jet, line: Line | JointLine, rate: float, drawn: Drawn
    ) -> list[Parts]:
        """The parts of some Greeks; second derivatives that are not known along the line are left out."""
        known = [{d: x for d, x in c.items() if len(d) < 2 or knows(line, d, rate)} for c in combinations]
        return [
            cls(paid, rest, matrix, weighed(drawn, rest, matrix))
            for paid, (rest, matrix) in factored(known, discount).items()
        ]
