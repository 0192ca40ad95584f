r"""The pathwise estimator: differentiate the payoff along the path, random numbers held fixed.

It has little variance where the payoff is continuous, and silently misses the whole effect of a jump. The
derivative along the path is taken by one-sided differences over an infinitesimal bump, jumps inside it left out as
the method demands. What the method misses is measured on the same paths: a finite bump (1 %) sees the jumps, and
the difference between the two is the bias, estimated with an error of its own.

References
----------
.. [1] M. Broadie and P. Glasserman, "Estimating security price derivatives using simulation",
   *Management Science* 42 (1996), section 2.1.
.. [2] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import final

import numpy as np

from .._typing import FloatArray
from ..estimate import Statistics
from ..models.capabilities import direct_parameters, draws_beneath
from ..models.protocol import PathModel
from ..numerics.differences import three_point
from ..parameters import Derivative
from ..payoffs.protocol import Contract
from ..streams.chunks import Chunk
from ..streams.recorded import Recording
from .finite_difference import bump_sizes, present_values
from .likelihood_ratio import Combination, sum_of

INFINITESIMAL = 1e-6
JUMP = 1e-3  # a change over the infinitesimal bump larger than this share of the largest payment is a jump
FINITE = 0.01
STEEP = 4.0  # a change over a finite bump that exceeds this many times the steepest slope's is a jump


@final
@dataclass(frozen=True, slots=True)
class Pathwise:
    """Pathwise samples of one payoff, and of the gap to a finite bump.

    Parameters
    ----------
    model : PathModel
    payoff : Contract
    combinations : tuple of Combination
    """

    model: PathModel
    payoff: Contract
    combinations: tuple[Combination, ...]

    def samples(self, chunk: Chunk) -> FloatArray:
        """Pathwise samples, what they miss of a finite bump, and which paths jump; (2 n_combinations + 1, n_samples).

        Second derivatives are NaN: the payoff's gradient jumps at every kink, where the method would need to
        differentiate it again.
        """
        source = Recording(chunk)
        base = present_values(self.model, self.payoff, source, {})
        small = bump_sizes(self.model, self.payoff, INFINITESIMAL)
        finite = bump_sizes(self.model, self.payoff, FINITE)

        def price(shift: Mapping[str, float]) -> FloatArray:
            return present_values(self.model, self.payoff, source, shift)

        jumps = np.zeros_like(base)
        slopes: dict[Derivative, FloatArray] = {(): base}
        missed: dict[Derivative, FloatArray] = {(): np.zeros_like(base)}
        for derivative in dict.fromkeys(chain.from_iterable(self.combinations)):
            if len(derivative) == 1 and not self._redrawn(derivative):
                h = small[derivative[0]]
                up, down = price({derivative[0]: h}) - base, base - price({derivative[0]: -h})
                slopes[derivative] = _slope(up, down, np.abs(base).max()) / h
                missed[derivative] = three_point(price, derivative, finite) - slopes[derivative]
                jumps += np.abs(missed[derivative]) > STEEP * np.abs(slopes[derivative]).max()
            elif derivative:
                slopes[derivative] = missed[derivative] = np.full_like(base, np.nan)
        rows = [sum_of(c, table) for table in (slopes, missed) for c in self.combinations]
        return chunk.fold(np.stack([*rows, jumps]))

    def _redrawn(self, derivative: Derivative) -> bool:
        """Whether what is drawn beneath the spots jumps when a coordinate moves: the same numbers make other draws."""
        return draws_beneath(self.model, self.payoff.times) and not set(derivative) <= direct_parameters(self.model)

    def notes(self, labels: Sequence[str], moments: Statistics) -> dict[str, str]:
        """What to hold against each Greek, from the moments of `samples`."""
        count = len(labels)
        return {
            label: self._note(self.combinations[row], moments, row, count + row) for row, label in enumerate(labels)
        }

    def _note(self, combination: Combination, moments: Statistics, row: int, gap: int) -> str:
        if any(derivative and self._redrawn(derivative) for derivative in combination):
            return "not available: what is drawn beneath the spots jumps when this parameter moves"
        if any(len(derivative) == 2 for derivative in combination):
            return "not available: the pathwise method has no second derivative of a payoff with kinks"
        missed, error = float(moments.mean[gap]), float(moments.standard_error[gap])
        visible = abs(missed) > max(4.0 * error, 0.01 * abs(moments.mean[row] + missed))
        if set(combination) != {()} and (visible or moments.mean[-1] > 0.0):
            return f"biased: the payoff jumps, and the pathwise derivative misses about {missed:.3g} ± {error:.1g}"
        return ""


def _slope(up: FloatArray, down: FloatArray, largest: float) -> FloatArray:
    """Mean of two one-sided differences; on a side where the payoff jumps, the other side's."""
    up_jumps, down_jumps = np.abs(up) > JUMP * largest, np.abs(down) > JUMP * largest
    mean = 0.5 * (np.where(up_jumps, down, up) + np.where(down_jumps, up, down))
    return np.where(up_jumps & down_jumps, 0.0, mean)
