r"""Paths of several assets between scored dates: the same handing over as in `skeletons`, with matrices.

Along a skeleton a path moves by :math:`\dot x = X - P X_{\text{skeleton}} + \tfrac12 \dot P\,n_{\text{skeleton}}`
(`handover`; `models.joint_travel` has X and P). Summed by parts, a relaxed payoff's gradient g moves every step by its
*pull*, the gradients from there on less what the scored dates from there on get of them, so that all coordinates are
found in one pass over the products of the pull and the scaled noise.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Drawn
from ..models.joint_moves import JointMoves
from ..models.joint_travel import Motion, Scored, between, bilinear, entries, motion, scored
from ..numerics.arrays import once
from ..parameters import Derivative
from .handover import Handover, Skeleton


@final
@dataclass(frozen=True, slots=True, eq=False)
class JointSkeletons:
    """How paths of several assets move between the dates that are scored, shared by every payoff on them.

    Parameters
    ----------
    drawn : Drawn
        The weights of the estimate, of a law with `JointMoves`.
    """

    drawn: Drawn
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def moves(self) -> JointMoves:
        """How the spots move."""
        assert isinstance(self.drawn.moves, JointMoves)
        return self.drawn.moves

    def between(self, skeleton: Skeleton) -> JointMoves | Unscored:
        """The moves between scored dates."""
        if not skeleton:
            return Unscored()
        return once(self._known, ("between", skeleton), lambda: between(self.moves, skeleton))

    def weights(self, handover: Handover, needed: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """First- and second-order weights."""
        found = self.between(handover.skeleton)
        assert isinstance(found, JointMoves)
        return found.weights(needed, handover.rate)

    def knows_slope(self, pair: Derivative, rate: float) -> bool:
        """Whether the slope of the motion in one coordinate along another is known: always."""
        return True

    def along(
        self, gradient: FloatArray, names: Derivative, handover: Handover, known: dict[Hashable, Any]
    ) -> FloatArray:
        """Sum over the dates of a gradient times the motion (or its slope), shape (n_paths,).

        `known` keeps what is computed of the gradient.
        """
        skeleton = handover.skeleton
        firsts = [d for d in self.drawn.weights if len(d) == 1]
        if names not in firsts:
            return self.together(gradient, [names], skeleton, known)[0]
        rows = once(known, ("along", skeleton), lambda: self.together(gradient, firsts, skeleton, known))
        return np.asarray(rows[firsts.index(names)])

    def together(
        self, gradient: FloatArray, derivatives: Sequence[Derivative], skeleton: Skeleton, known: dict[Hashable, Any]
    ) -> FloatArray:
        """The same for several coordinates, or pairs of them, at once; shape (n_derivatives, n_paths)."""
        terms, u = self.moves.terms, self.moves.scaled
        pull = once(known, ("pull", skeleton), lambda: self._pull(gradient, skeleton))
        motions = [motion(terms, names) for names in derivatives]
        still = np.stack([each.still.ravel() for each in motions])
        found = still @ pull.reshape(-1, pull.shape[-1])
        found += bilinear([each.turned for each in motions], pull, u)
        if skeleton:
            within = scored(terms, skeleton)
            found += np.stack([self._turned(gradient, names, skeleton, within) for names in derivatives])
        return np.asarray(found)

    def _pull(self, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """What moves with every step: the gradients from there on, less what scored dates from there on get of them."""
        ahead = _from_there_on(gradient)
        if not skeleton:
            return ahead
        within = scored(self.moves.terms, skeleton)
        handed = _from_there_on(handed_over(gradient, within))
        ahead[:, : within.count] -= handed[:, within.block]
        return ahead

    def _turned(self, gradient: FloatArray, names: Derivative, skeleton: Skeleton, within: Scored) -> FloatArray:
        """Gradient times what the turning of the shares adds to the motion, shape (n_paths,)."""
        blocks, gradient = self.between(skeleton), gradient[:, : within.count]
        assert isinstance(blocks, JointMoves)
        total = np.zeros(gradient.shape[-1])
        turning = within.shares(names)
        if turning.any():
            total += 0.5 * bilinear([entries(turning)], gradient, blocks.noise[:, within.block])[0]
        if len(names) == 1:
            return total
        first, second = within.shares(names[:1]), within.shares(names[1:])
        if first.any():
            mean = within.slope(names[1:]).mean[:, within.block]
            coefficients = 0.5 * np.einsum("tjk,kt->jt", first, mean)
            total -= np.einsum("jt,jtp->p", coefficients, gradient)
        if second.any():
            moved = within.summed(_moved(motion(self.moves.terms, names[:1]), self.moves.scaled), 1)
            total -= bilinear([entries(second)], gradient, moved[:, within.block])[0]
        return total


@final
@dataclass(frozen=True, slots=True)
class Unscored:
    """The moves between no dates: nothing is scored."""

    def weight(self, name: str, rate: float) -> float:
        """No weight."""
        return 0.0

    def curvature(self, pair: Derivative, rate: float) -> float:
        """No weight."""
        return 0.0


def handed_over(gradient: FloatArray, within: Scored) -> FloatArray:
    """What scored dates get of a gradient, shape (n_assets, n_scored, n_paths): its product with P."""
    if (matrix := within.interpolation(gradient.shape[1])) is not None:
        return np.asarray(matrix.T @ gradient)
    inner = gradient[:, : within.count]
    later = (within.shares().transpose(0, 2, 1) @ inner.transpose(1, 0, 2)).transpose(1, 0, 2)
    found = within.summed(later, 1)
    found[:, :-1] += within.summed(inner - later, 1)[:, 1:]
    found[:, -1] += gradient[:, within.count :].sum(axis=1)
    return found


def _from_there_on(rows: FloatArray) -> FloatArray:
    """Sums over the dates from each on; the dates lie along the second axis."""
    found = rows.copy()
    for k in range(rows.shape[1] - 2, -1, -1):
        found[:, k] += found[:, k + 1]
    return found


def _moved(by: Motion, u: FloatArray) -> FloatArray:
    """How every step moves, shape (n_assets, n_times, n_paths)."""
    found = np.repeat(by.still[..., None], u.shape[-1], axis=2)
    for (j, k), row in by.turned.items():
        found[j] += row[:, None] * u[k]
    return found
