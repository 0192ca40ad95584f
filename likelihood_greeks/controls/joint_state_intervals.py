r"""Integrands of nodes where several log-spots move together, each by steps that depend on where they start.

Nodes belong to one asset, whose steps read them: so their integrands are made of the pushes of its own means and
variances. With u and z of `models.state_joint_moves`, the weight of a node a of asset j is

.. math:: w_a = \sum_i m_{a,i}\,\frac{u_{j,i}}{\sqrt{V_{j,i}}} + V_{a,i}\,\frac{u_{j,i}\,z_{j,i} - 1}{2\,V_{j,i}},

and what has travelled comes from the pass backwards of that asset, as if it were alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..models.state_joint_moves import StateJointMoves
from .by_interval import ByInterval, Products, total


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointStateTravelled:
    """What an integrand gains as the path is pushed at every step.

    Attributes
    ----------
    rows : ndarray, shape (n_assets, n_steps, n_paths)
        Sensitivities to the pushes.
    """

    rows: FloatArray

    def along(self, slopes: JointStateSlopes) -> Products:
        """As nodes move."""
        yield np.eye(len(slopes.matrix)), slopes.travelled([self.rows])[0]


@final
@dataclass(frozen=True, eq=False)
class JointStateSlopes:
    """How combinations of nodes change the moves of several log-spots: as `OwnSlopes`, whose fields it has.

    Parameters
    ----------
    moves : StateJointMoves
    names : tuple of str
        The coordinates, ``"volatility[A][0]"`` and so on.
    matrix : ndarray, shape (n, n_names)
        The combinations.
    rate : float
        As of `Moves.slope`.
    """

    moves: StateJointMoves
    names: tuple[str, ...]
    matrix: FloatArray
    rate: float

    @cached_property
    def _of(self) -> dict[int, tuple[tuple[str, ...], AnyArray]]:
        """By asset its nodes as it calls them, and where they are among the names."""
        found: dict[int, tuple[list[str], list[int]]] = {}
        for place, name in enumerate(self.names):
            shift, bracket, number = name.rpartition("[")
            kind, (asset,) = self.moves.meaning[shift]
            own = found.setdefault(asset, ([], []))
            own[0].append(f"{kind}{bracket}{number}")
            own[1].append(place)
        return {asset: (tuple(names), np.array(places)) for asset, (names, places) in found.items()}

    def travelled(self, rows: Sequence[FloatArray]) -> list[FloatArray]:
        """What sensitivities to pushes, (n_assets, n_steps, n_paths), make of them, each of shape (n, n_paths)."""
        found = [list[tuple[FloatArray, FloatArray]]() for _ in rows]
        for asset, (names, places) in self._of.items():
            own = self.moves.own[asset]
            law: Any = own.law
            every = law.travelled_by_node(names, [one[asset] for one in rows], own.noise) if rows else []
            for products, one in zip(found, every, strict=True):
                products.append((self.matrix[:, places], one))
        return [total(products) for products in found]

    @cached_property
    def weights(self) -> FloatArray:
        """The likelihood-ratio weights, shape (n, n_paths)."""
        return total(
            [(self.matrix[:, places], self._scored(asset, names)) for asset, (names, places) in self._of.items()]
        )

    def _scored(self, asset: int, names: tuple[str, ...]) -> FloatArray:
        """The weights of the nodes of an asset."""
        moves, own = self.moves, self.moves.own[asset]
        law: Any = own.law
        u, root = moves.scaled[asset], moves.roots[asset]
        return np.asarray(law.by_node(names, u / root, 0.5 * (u * moves.normals[asset] - 1.0) / own.variance))

    def serves(self, parts: ByInterval) -> bool:
        """Whether a control is known node by node here."""
        return not parts.known and all(isinstance(push, JointStateTravelled) for push in parts.pushes)

    def products(self, parts: ByInterval) -> Products:
        """What is neither scored nor travels; nothing that is known in closed form depends on these nodes."""
        for push in parts.pushes:
            if not isinstance(push, JointStateTravelled):
                yield from push.along(self)

    def travelling(self, parts: ByInterval) -> list[FloatArray]:
        """The sensitivities of what travels."""
        return [push.rows for push in parts.pushes if isinstance(push, JointStateTravelled)]
