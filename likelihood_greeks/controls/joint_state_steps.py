r"""A relaxed payoff on paths of several assets whose steps depend on their state: as `state_steps`, asset by asset.

At fixed normals every asset moves on its own, so each is carried on as if it were alone; what is handed to the measure
of asset j is scored by :math:`u_j / \sqrt{V_j}` (`models.state_joint_moves`) in place of :math:`n/V`. As a correlation
grows the normals move by :math:`\dot z = \tfrac12 C_\rho u`, which keeps them normal with the moved correlations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..estimators.likelihood_ratio import Drawn
from ..models import travel
from ..models.state_joint_moves import StateJointMoves
from ..numerics.arrays import once
from ..parameters import Derivative
from .by_interval import ByInterval
from .handover import Gradual
from .joint_state_intervals import JointStateTravelled
from .state_steps import OverSteps


@final
@dataclass(frozen=True, slots=True, eq=False)
class MovedJointlyByState(OverSteps):
    """What the value and gradient of a relaxed payoff say about every parameter and rate.

    Parameters
    ----------
    drawn : Drawn
        Of a law with `StateJointMoves`.
    value : ndarray, shape (n_paths,)
    gradient : ndarray, shape (n_assets, n_times, n_paths)
        In the log-spots.
    """

    drawn: Drawn
    value: FloatArray
    gradient: FloatArray
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def moves(self) -> StateJointMoves:
        """How the spots moved."""
        assert isinstance(self.drawn.moves, StateJointMoves)
        return self.drawn.moves

    def sensitivities(self, way: Gradual) -> list[FloatArray]:
        """Sensitivities to a push of every step, an array (n_steps, n_paths) an asset."""
        return once(self._known, way.rate, lambda: self._sensitivities(way))

    def _sensitivities(self, way: Gradual) -> list[FloatArray]:
        moves, path = self.moves, self.moves.path
        shares = np.minimum(way.rate * np.diff(path.times, prepend=0.0), 1.0)
        found = []
        for asset, own in enumerate(moves.own):
            rows, scores = np.zeros(own.noise.shape), moves.scaled[asset] / moves.roots[asset]
            rows[path.seen] = self.gradient[asset]
            carried = travel.carried_on(own)
            if compiled := kernels("state_steps"):
                compiled.backwards(rows, carried, scores, self.value, shares)
            else:
                for i in range(len(rows) - 2, -1, -1):
                    handed = shares[i + 1] * self.value * scores[i + 1]
                    rows[i] += (carried[i + 1] - shares[i + 1]) * rows[i + 1] + handed
            found.append(rows)
        return found

    def first(self, name: str, way: Gradual) -> FloatArray:
        """The integrand of a first derivative, shape (n_paths,)."""
        return once(self._known, (way, name), lambda: self._first(name, way))

    def _first(self, name: str, way: Gradual) -> FloatArray:
        moves, rows = self.moves, self.sensitivities(way)
        if (pair := moves.pair(name)) is not None:
            (j, k), u, root = pair, moves.scaled, moves.roots
            return np.asarray(0.5 * (rows[j] * root[j] * u[k] + rows[k] * root[k] * u[j]).sum(axis=0))
        total, rate = np.zeros_like(self.value), self.drawn.rate if way.beneath is None else way.beneath
        for asset, own in enumerate(moves.own):
            if (called := moves.called(asset, (name,))) is not None:
                total += travel.pushed_along(own, called[0], rate, rows[asset])
                total += self.value * own.slope(called[0], rate).handed
        return total

    def by_interval(self, way: Gradual) -> ByInterval:
        """The control of every first derivative by nodes: its integrand less that of the estimate."""
        return ByInterval(-self.value, (JointStateTravelled(np.stack(self.sensitivities(way))),))

    def second(self, pair: Derivative, way: Gradual) -> FloatArray | None:
        """The integrand of a second derivative, shape (n_paths,); None if both coordinates move more than one step."""
        moves = self.moves
        once_more = next((name for name in reversed(pair) if self._first_only(name)), None)
        if once_more is None or way.beneath is not None or all(map(self._handed, pair)):
            return None
        moved = pair[0] if once_more == pair[1] else pair[1]
        found = self.first(moved, way) * moves.weight(once_more, self.drawn.rate)
        rows = self.sensitivities(way)
        for asset, push in self._pushes(moved, once_more).items():
            found = found + rows[asset][0] * push
        return found

    def _first_only(self, name: str) -> bool:
        """Whether a coordinate moves no step but the first."""
        turns = [self.moves.turn(asset, name, self.drawn.rate) for asset in range(len(self.moves.own))]
        return self.moves.pair(name) is None and all(turn is None or len(turn.p) == 1 for turn in turns)

    def _handed(self, name: str) -> bool:
        """Whether something of a coordinate was handed to the measure beneath."""
        turns = [self.moves.turn(asset, name, self.drawn.rate) for asset in range(len(self.moves.own))]
        return any(turn is not None and np.any(turn.handed) for turn in turns)

    def _pushes(self, moved: str, once_more: str) -> dict[int, FloatArray]:
        """By asset, how what one coordinate adds to the first move changes in another, the states held fixed."""
        moves, found = self.moves, dict[int, FloatArray]()
        if (pair := moves.pair(moved)) is not None:
            lost = moves.lost(once_more)[:, 0]
            for j, k in (pair, pair[::-1]):
                turn = moves.turn(j, once_more)
                faster = 0.0 if turn is None else turn.q[0] * moves.scaled[k][0]
                found[j] = 0.5 * moves.roots[j][0] * (faster - lost[k])
            return found
        for asset, own in enumerate(moves.own):
            if (called := moves.called(asset, (moved, once_more))) is not None:
                found[asset] = travel.pushed_again(own, called, self.drawn.rate)
        return found
