r"""A relaxed payoff on paths whose steps depend on their state: handed over step by step, all parameters in one pass.

No sum over dates has a law of its own here, so there are no skeletons. Instead each step hands the share
:math:`h_i = \min(\eta\Delta_i, 1)` of the motion before it to the measure, by the score of its own mean,

.. math:: \dot x_i = A_i \dot x_{i-1} + b_i - h_i \dot x_{i-1}, \qquad w \mathrel{+}= h_i \dot x_{i-1}\,n_i/V_i,

and with a relaxed payoff g the integrand :math:`g\,w + \nabla g\cdot\dot x` is unbiased for every rate
:math:`\eta` per year: at 0 all travels with the path. Backwards in time, once for all parameters,

.. math:: \lambda_i = \partial_i g + (A_{i+1} - h_{i+1})\,\lambda_{i+1} + g\,h_{i+1}\,n_{i+1}/V_{i+1},
          \qquad \text{integrand}_a = \sum_i \lambda_i\,b_{a,i} .

A second derivative in a and in b, where b moves no step but the first (the spot of today, elapsed time), scores the
first one once more. The states held fixed, neither the later steps nor what is carried over them know b, so that

.. math:: \text{integrand}_{ab} = \text{integrand}_a\,w_b + \lambda_1\,\partial_b b_{a,1} .

Where a motion is stretched by :math:`J_{i-1}` between two steps (a dividend was paid), the share is divided by it: what
is handed over is of the size of the motion before, however near the dividend brings the spot to zero. And since the
measure takes it before step i, what leaves the path after it is stretched by :math:`J_i`.

References
----------
.. [1] M. Giles and P. Glasserman, "Smoking adjoints: fast Monte Carlo Greeks", *Risk* 19 (2006), 88-92 (the pass
   backwards, without handing over).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, Drawn, sum_of
from ..models import travel
from ..models.moves import ONE, Moves, StateSteps
from ..numerics.arrays import once
from ..parameters import Derivative
from .by_interval import ByInterval, Travelled
from .handover import Gradual
from .moved_payoff import ROUNDING


class OverSteps:
    """Controls from integrands of first and second derivatives, for steps that depend on their state."""

    __slots__ = ()

    drawn: Drawn
    value: FloatArray

    def first(self, name: str, way: Gradual) -> FloatArray:
        """The integrand of a first derivative, shape (n_paths,)."""
        raise NotImplementedError

    def second(self, pair: Derivative, way: Gradual) -> FloatArray | None:
        """The integrand of a second derivative, shape (n_paths,); None if both coordinates move more than one step."""
        raise NotImplementedError

    def control(self, combination: Combination, way: Gradual) -> FloatArray:
        """The zero-mean control for a Greek: its integrand less that of the estimate; zero where that is not known."""

        def found(derivative: Derivative) -> FloatArray:
            moved = self.first(derivative[0], way) if len(derivative) == 1 else self.second(derivative, way)
            return np.zeros_like(self.value) if moved is None else moved - self.value * self.drawn.weights[derivative]

        known: Mapping[Derivative, FloatArray] = {d: found(d) for d in combination}
        return sum_of(combination, known)

    def vanishes(self, combination: Combination, control: FloatArray) -> bool:
        """Whether a control is nothing but rounding errors."""
        sizes = [np.abs(self.value * self.drawn.weights[d]).max() for d in combination if d]
        return bool(np.abs(control).max() <= ROUNDING * max(sizes, default=0.0))


@final
@dataclass(frozen=True, slots=True, eq=False)
class MovedByState(OverSteps):
    """What the value and gradient of a relaxed payoff say about every parameter and rate.

    Parameters
    ----------
    drawn : Drawn
    value : ndarray, shape (n_paths,)
    gradient : ndarray, shape (n_times, n_paths)
        In the log-spots.
    """

    drawn: Drawn
    value: FloatArray
    gradient: FloatArray
    _known: dict[Any, FloatArray] = field(default_factory=dict)

    def sensitivities(self, way: Gradual) -> FloatArray:
        """Sensitivities to a push of every step, shape (n_steps, n_paths)."""
        moves = self.drawn.moves
        assert isinstance(moves, Moves)
        assert isinstance(moves.path, StateSteps)
        carried, scores = travel.carried_on(moves), travel.scores(moves)
        found, stretch = self._gradient(moves.path), np.broadcast_to(moves.path.stretch, moves.noise.shape)
        times = self.drawn.paths.times if moves.path.times is None else moves.path.times
        shares = np.minimum(way.rate * np.diff(np.asarray(times), prepend=0.0), 1.0)
        if travel.stretch(moves) is ONE and (compiled := kernels("state_steps")):
            compiled.backwards(found, carried, scores, self.value, shares)
            return found
        for i in range(len(found) - 2, -1, -1):
            share = shares[i + 1] / stretch[i]
            found[i] += (carried[i + 1] - share * stretch[i + 1]) * found[i + 1] + share * self.value * scores[i + 1]
        return found

    def _gradient(self, path: StateSteps) -> FloatArray:
        """The gradient at every step, zero where the payoff does not look; a copy."""
        if path.times is None or path.seen is None or len(path.seen) == len(path.times):
            return self.gradient.copy()
        found = np.zeros((len(path.times), self.gradient.shape[1]))
        found[path.seen] = self.gradient
        return found

    def first(self, name: str, way: Gradual) -> FloatArray:
        """The integrand of a first derivative, shape (n_paths,)."""
        assert isinstance(self.drawn.moves, Moves)
        rows = once(self._known, way, lambda: self.sensitivities(way))
        return travel.pushed_along(self.drawn.moves, name, self.drawn.rate, rows)

    def by_interval(self, way: Gradual) -> ByInterval:
        """The control of every first derivative by intervals: its integrand less that of the estimate."""
        moves = self.drawn.moves
        assert isinstance(moves, Moves)
        pushed, stretch = once(self._known, way, lambda: self.sensitivities(way)), travel.stretch(moves)
        pushed = pushed if stretch is ONE else pushed * stretch
        return ByInterval(-self.value, (Travelled(moves, pushed),))

    def second(self, pair: Derivative, way: Gradual) -> FloatArray | None:
        """The integrand of a second derivative, shape (n_paths,); None if both coordinates move more than one step."""
        moves, rate = self.drawn.moves, self.drawn.rate
        assert isinstance(moves, Moves)
        once_more = next((name for name in reversed(pair) if moves.slope(name, rate).first_only), None)
        if once_more is None or moves.bend(pair, rate) is None:
            return None
        moved = pair[0] if once_more == pair[1] else pair[1]
        push = travel.pushed_again(moves, (moved, once_more), rate)
        rows = once(self._known, way, lambda: self.sensitivities(way))
        return np.asarray(
            self.first(moved, way) * moves.weight(once_more, rate)
            + rows[0] * push * np.broadcast_to(travel.stretch(moves), moves.noise.shape)[0]
        )
