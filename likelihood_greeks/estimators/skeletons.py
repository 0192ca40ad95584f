r"""Skeletons: which part of a perturbation travels with the path, and which with the measure.

A change of a parameter moves the law of the path. Let it move the *path*, by its tangent
:math:`X_i = \partial_\theta \log S_i` at fixed normals, until the next date of a chosen *skeleton*; there it is handed
to the *measure*, by scoring the law of the skeleton. Between scored dates the path then moves by its tangent less the
tangent's interpolation,

.. math:: \dot x = X - P X_{\text{skeleton}},

with P linear in time (the mean of the Brownian bridge), zero at time 0 and constant after the last scored date. The
empty skeleton is the pathwise method, that of all dates the likelihood ratio. For a Lipschitz payoff g every skeleton
gives an unbiased integrand

.. math:: g\,s_\theta^{\text{skeleton}} + \nabla g \cdot \dot x,

so that, with a relaxed payoff for g, its difference from the integrand of all dates has mean zero for any width and any
skeleton. A second derivative scores the first-order integrand once more (all dates), path held fixed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, final, runtime_checkable

import numpy as np

from .._typing import FloatArray
from ..models.protocol import PathModel, Paths
from ..parameters import TIME, Derivative
from .likelihood_ratio import Combination, Drawn, sum_of, weigh

Skeleton: TypeAlias = tuple[int, ...]
"""Rows of the scored dates, increasing."""


@runtime_checkable
class Movable(Protocol):
    """A model whose paths can be moved: it knows their tangents."""

    def tangent(self, paths: Any, name: str, held: int | None = None, /) -> FloatArray:
        """Derivative of the log-spots at fixed normals, date `held` the first to be held; (n_times, n_paths)."""
        ...

    def tangent_slope(self, paths: Any, pair: Derivative, held: int | None = None, /) -> FloatArray:
        """Derivative of the tangent in ``pair[0]`` with respect to ``pair[1]``, path held fixed."""
        ...


def candidates(times: Sequence[float]) -> list[Skeleton]:
    """Skeletons worth trying: none, and 1, 2, 4, 8, 16 blocks of about equal length, all coarser than the dates."""
    grid = np.asarray(times)
    found: dict[Skeleton, None] = {(): None}
    for blocks in (1, 2, 4, 8, 16):
        ends = grid[-1] * np.arange(1, blocks + 1) / blocks
        rows = tuple(sorted({int(np.argmin(np.abs(grid - end))) for end in ends}))
        if len(rows) < len(grid):
            found[rows] = None
    return list(found)


def interpolation(times: FloatArray, skeleton: Skeleton) -> FloatArray:
    """The matrix P from scored to all dates, shape (n_times, n_scored)."""
    nodes = np.concatenate([[0.0], times[list(skeleton)]])
    columns = [np.interp(times, nodes, unit) for unit in np.eye(len(nodes))[1:]]
    return np.stack(columns, axis=1) if columns else np.zeros((len(times), 0))


def _contract(gradient: FloatArray, tangent: FloatArray) -> FloatArray:
    """sum_i gradient_i tangent_i, shape (n_paths,), without forming the product."""
    if tangent.shape[0] == 1:
        return np.asarray(gradient.sum(axis=0) * tangent[0])
    if tangent.shape[1] == 1:
        return np.asarray(tangent[:, 0] @ gradient)
    return np.einsum("ij,ij->j", gradient, tangent)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How the paths of one chunk move, computed once and shared by every payoff on them.

    Parameters
    ----------
    model : PathModel and Movable
    paths : Paths
    drawn : Drawn
        The weights of all dates.
    """

    model: Any
    paths: Paths
    drawn: Drawn
    _known: dict[Any, Any] = field(default_factory=dict)

    def weights(self, skeleton: Skeleton) -> dict[Derivative, FloatArray]:
        """First- and second-order weights of the skeleton's law; all zero for the empty one."""
        if ("weights", skeleton) not in self._known:
            self._known["weights", skeleton] = self._weights(skeleton)
        found: dict[Derivative, FloatArray] = self._known["weights", skeleton]
        return found

    def _weights(self, skeleton: Skeleton) -> dict[Derivative, FloatArray]:
        if not skeleton:
            return {derivative: np.zeros(1) for derivative in self.drawn.weights}
        rows = list(skeleton)
        latent = {"log_spot": self.paths.latent["log_spot"][rows]} if "log_spot" in self.paths.latent else {}
        coarse = Paths(self.paths.times[rows], self.paths.spot[rows], latent)
        return dict(weigh(self.model, coarse, list(self.drawn.weights)).weights)

    def _tangent(self, name: str, skeleton: Skeleton) -> FloatArray:
        key = ("tangent", name, skeleton[:1] if name == TIME else ())
        if key not in self._known:
            self._known[key] = self.model.tangent(self.paths, name, skeleton[0] if skeleton else None)
        found: FloatArray = self._known[key]
        return found

    def along(self, gradient: FloatArray, tangent: FloatArray, skeleton: Skeleton) -> FloatArray:
        """Sum of gradient * (tangent - P tangent[skeleton]), shape (n_paths,); `gradient` in the log-spots."""
        total = _contract(gradient, tangent)
        if skeleton:
            handed = self._interpolated(gradient, skeleton)
            held = tangent[list(skeleton)] if tangent.shape[0] > 1 else tangent
            total = total - _contract(handed, held)
        return total

    def _interpolated(self, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """P' gradient, remembered for the gradient last asked about; shape (n_scored, n_paths)."""
        key, owner = ("handed", skeleton), self._known.get("gradient")
        if owner is not gradient:
            for old in [k for k in self._known if isinstance(k, tuple) and k[0] == "handed"]:
                del self._known[old]
            self._known["gradient"] = gradient
        if key not in self._known:
            self._known[key] = interpolation(self.paths.times, skeleton).T @ gradient
        found: FloatArray = self._known[key]
        return found

    def first(self, name: str, value: FloatArray, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """The integrand of a first derivative: g s + grad g . x', shape (n_paths,)."""
        return value * self._score(name, skeleton) + self.along(gradient, self._tangent(name, skeleton), skeleton)

    def _score(self, name: str, skeleton: Skeleton) -> FloatArray:
        return self.weights(skeleton)[(name,)]

    def second(self, pair: Derivative, value: FloatArray, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """The integrand of a second derivative: the first in ``pair[0]`` by the skeleton, scored in ``pair[1]``."""
        first, last = pair
        weights = self.weights(skeleton)
        key = pair if pair in weights else (last, first)
        curvature = weights[key] - weights[(first,)] * weights[(last,)]  # the derivative of the skeleton's score
        turned = self.model.tangent_slope(self.paths, pair, skeleton[0] if skeleton else None)
        slope = self.along(gradient, turned, skeleton)
        moved = self.first(first, value, gradient, skeleton)
        return moved * self.drawn.weights[(last,)] + value * curvature + slope

    def control(
        self, combination: Combination, value: FloatArray, gradient: FloatArray, skeleton: Skeleton
    ) -> FloatArray:
        """The zero-mean control for a Greek: its integrand by the skeleton less that of all dates; (n_paths,)."""
        parts = {derivative: self._difference(derivative, value, gradient, skeleton) for derivative in combination}
        total = sum_of(combination, parts)
        size = max(np.abs(value * self.drawn.weights[d]).max() if d else 0.0 for d in combination)
        return total if np.abs(total).max() > 1e-9 * size else np.zeros_like(total)  # else rounding errors, no control

    def _difference(
        self, derivative: Derivative, value: FloatArray, gradient: FloatArray, skeleton: Skeleton
    ) -> FloatArray:
        full = self.drawn.weights
        match derivative:
            case (name,):
                return self.first(name, value, gradient, skeleton) - value * full[derivative]
            case ("time", "time") | ():  # nothing to gain for a price; the moving bridge weights are not differentiated
                return np.zeros_like(value)
            case (a, b):
                # The coordinate whose score is noisiest travels with the path; time's bridge weights stay fixed.
                pair = (b, a) if b == TIME else (a, b)
                return self.second(pair, value, gradient, skeleton) - value * full[derivative]
        raise ValueError(f"derivative must name at most two coordinates, got {derivative!r}")


def can_move(model: PathModel, names: Collection[str]) -> bool:
    """Whether the model knows the tangents of its paths."""
    return isinstance(model, Movable) and bool(names)
