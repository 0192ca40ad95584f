"""Integrands of nodes where several log-spots move together: what is linear in slopes of means and covariances.

Nodes are coordinates whose slopes the law of the moves knows as those of any other; so each has the weight, and the
motion between scored dates, that the joint formulas give it, all nodes at once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np

from .._typing import FloatArray
from ..models.joint_moves import JointMoves
from ..models.moves import Moves
from ..models.state_joint_moves import StateJointMoves
from .by_interval import ByInterval, OwnSlopes, Products, SharedSlopes, Slopes
from .by_interval import slopes_of as slopes_of_one
from .handover import Handover
from .joint_skeletons import JointSkeletons
from .joint_state_intervals import JointStateSlopes
from .line_integral import Integral


@final
@dataclass(frozen=True, eq=False)
class JointSlopes(SharedSlopes):
    """How combinations of nodes change the moves of several log-spots: as `Slopes`, whose fields it has."""

    moves: JointMoves
    names: tuple[str, ...]
    matrix: FloatArray
    rate: float

    @cached_property
    def weights(self) -> FloatArray:
        """The likelihood-ratio weights, shape (n, n_paths)."""
        return np.asarray(self.matrix @ self.moves.scores(self.names))

    def serves(self, parts: ByInterval) -> bool:
        """Whether a control is known node by node here."""
        jets = [jet for _, jet in parts.known]
        travels = all(isinstance(push, JointTravelled | JointLinePush) for push in parts.pushes)
        return travels and all(set(self.names) <= {*jet.names} for jet in jets)


AnySlopes: TypeAlias = Slopes | OwnSlopes | JointSlopes | JointStateSlopes


def slopes_of(
    moves: Moves | JointMoves | StateJointMoves, names: tuple[str, ...], matrix: FloatArray, rate: float
) -> AnySlopes:
    """How combinations of nodes change given moves."""
    if isinstance(moves, StateJointMoves):
        return JointStateSlopes(moves, names, matrix, rate)
    if isinstance(moves, JointMoves):
        return JointSlopes(moves, names, matrix, rate)
    return slopes_of_one(moves, names, matrix, rate)


@final
@dataclass(frozen=True, eq=False)
class JointTravelled:
    """What a relaxed payoff gains as paths travel between scored dates, and by the weights of these.

    Parameters
    ----------
    motion : JointSkeletons
    value : ndarray, shape (n_paths,)
    gradient : ndarray, shape (n_assets, n_times, n_paths), optional
    handover : Handover
    known : dict
        What has been computed of the gradient.
    """

    motion: JointSkeletons
    value: FloatArray
    gradient: FloatArray | None
    handover: Handover
    known: dict[Hashable, Any] = field(default_factory=dict)

    def along(self, slopes: JointSlopes) -> Products:
        """As nodes move."""
        found = np.zeros((len(slopes.names), len(self.value)))
        skeleton = self.handover.skeleton
        if skeleton:
            between = self.motion.between(skeleton)
            assert isinstance(between, JointMoves)
            found += self.value * between.scores(slopes.names)
        if self.gradient is not None and len(skeleton) < self.gradient.shape[-2]:
            found += self.motion.together(self.gradient, [(name,) for name in slopes.names], skeleton, self.known)
        yield slopes.matrix, found


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointLinePush:
    """What a factor times the integral along a line gains as moves are pushed, normals held fixed.

    Parameters
    ----------
    integral : Integral
    factor : float
    """

    integral: Integral
    factor: float

    def along(self, slopes: JointSlopes) -> Products:
        """As nodes move."""
        yield self.factor * slopes.matrix, np.stack([self.integral.moved(name, slopes.rate) for name in slopes.names])
