r"""A relaxed payoff on paths whose extremes travel: the difference of two unbiased integrands.

At fixed draws :math:`E = 2 (a - l)(b - l)/V` the lowest log-spot of an interval moves with its ends and its variance,

.. math:: \dot l = \tfrac12 (\dot a + \dot b - \dot r), \qquad \dot r = \frac{(b - a)(\dot b - \dot a) + E\,\dot V}{r},
          \qquad r = a + b - 2 l .

For a Lipschitz payoff g the integrand of a first derivative is :math:`\nabla g \cdot \dot x` over the extremes and the
spots; that of a second one, in the spot and another coordinate, scores the other. What the estimate makes of g, by
weights and at the edge of the first extreme (`models.extremes`), is taken off.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination, sum_of
from ..models import travel
from ..models.extremes import WithExtremes, ends_of
from ..models.moves import LIKELIHOOD_RATIO, spread
from ..models.one_extreme import Edge
from ..numerics.arrays import once
from ..parameters import Derivative
from ..payoffs.protocol import payment_times
from ..payoffs.relaxed.tape import dense
from .by_interval import ByInterval
from .handed_over import MOVING
from .protocol import Load, Scene
from .widths import Relaxation

SPOT = "spot"


@final
@dataclass(frozen=True, slots=True, eq=False)
class OnExtremesThatTravel:
    """A payoff on extremes, relaxed, whose paths travel.

    Parameters
    ----------
    relaxation : Relaxation
    """

    relaxation: Relaxation

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"relaxed {self.relaxation.name}, extremes and spots travel"

    @property
    def family(self) -> Hashable:
        """The relaxation."""
        return "relaxation", id(self.relaxation)

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """Its integrand less that of the estimate, Greek by Greek, shape (n_combinations, n_paths)."""
        moving = _Moving.of(scene, self.relaxation, [name for c in combinations for d in c for name in d])
        found = {d: moving.difference(d) for d in dict.fromkeys(d for c in combinations for d in c)}
        return np.stack([sum_of(c, found) for c in combinations])

    def by_interval(self, scene: Scene) -> ByInterval | None:
        """Not known."""

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Two evaluations of the relaxation, and the motion."""
        return {id(self): MOVING + self.relaxation.work, self.family: self.relaxation.work}


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Moving:
    """A relaxed payoff on given paths, and where the first extreme is today's spot.

    Attributes
    ----------
    scene : Scene
    edge : Edge
    value, there : ndarray, shape (n_paths,)
    gradient, gradient_there : ndarray, shape (2 n_times, n_paths)
        In the logarithms of extremes and spots.
    """

    scene: Scene
    edge: Edge
    value: FloatArray
    there: FloatArray
    gradient: FloatArray
    gradient_there: FloatArray

    @classmethod
    def of(cls, scene: Scene, relaxation: Relaxation, names: Sequence[str]) -> _Moving:
        """Evaluate it."""
        model, drawn = scene.paths.model, scene.drawn

        def discount(flows: FloatArray) -> FloatArray:
            return np.asarray(model.discount_jet(payment_times(scene.payoff, flows)).value)

        moved = model.at_edge(drawn.paths)
        here, there = (relaxation.evaluate(scene.payoff, rows, discount) for rows in (drawn.spot, moved))
        edge = model.edge(drawn.paths, [SPOT, *names])
        return cls(scene, edge, here[0], there[0], dense(here[1]), dense(there[1]))

    def difference(self, derivative: Derivative) -> FloatArray:
        """The integrand of paths that travel less that of the estimate; zero where it is not known."""
        match derivative:
            case (name,):
                return self._along(name) - self._estimated(derivative)
            case (a, b) if SPOT in derivative:
                return self._scored(b if a == SPOT else a) - self._estimated(derivative)
        return np.zeros_like(self.value)

    def _estimated(self, derivative: Derivative) -> FloatArray:
        """What the estimate makes of the relaxed payoff."""
        weights, gained = self.scene.drawn.weights, self.there - self.value
        found = self.value * weights[derivative]
        if len(derivative) == 1:
            return found + gained * self.edge.first(derivative[0])
        a, b = derivative
        crossed = sum(gained * self.edge.first(x) * (weights[y,] - self.edge.whole(y)) for x, y in ((a, b), (b, a)))
        slope = self.edge.sign * self.scene.paths.model.kind.of_first(self.gradient_there, self.edge)
        return found + crossed + gained * self.edge.second(a, b) + slope * self.edge.both(a, b)

    def _along(self, name: str) -> FloatArray:
        """Gradient times motion."""
        return np.einsum("ij,ij->j", self.gradient, tangents(self.scene, name))

    def _scored(self, name: str) -> FloatArray:
        """The motion with the spot, scored in another coordinate."""
        spot = float(self.scene.paths.model.value_of(SPOT))
        here, there = (rows.sum(axis=0) / spot for rows in (self.gradient, self.gradient_there))
        found = here * self.scene.drawn.weights[name,] + (there - here) * self.edge.first(name)
        return np.asarray(found - here / spot) if name == SPOT else found


def tangents(scene: Scene, name: str) -> FloatArray:
    """Motions of the logarithms of extremes and spots at fixed draws, shape (2 n_times, n_paths)."""
    return once(scene.known, ("tangents on extremes", name), lambda: _tangents(scene.paths.model, scene.drawn, name))


def _tangents(model: WithExtremes, drawn: Any, name: str) -> FloatArray:
    n, paths = len(drawn.paths.times), drawn.paths
    moves = model.law.moves(ends_of(paths))
    ends = np.broadcast_to(travel.tangent(moves, (name,), LIKELIHOOD_RATIO, range(n)), (n, paths.n_paths))
    start, variance = model.law.bridge_jets(paths.times)
    known = name in start.names
    clock = spread(variance.derivative(name), n) if known else np.zeros((n, 1))
    moved = model.motion(paths, ends, float(start.derivative(name)) if known else 0.0, clock)
    return np.concatenate([moved, ends])
