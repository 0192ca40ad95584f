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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, TypeVar, final, runtime_checkable

import numpy as np

from .._typing import FloatArray
from ..models.protocol import Paths
from ..parameters import TIME, Derivative
from .likelihood_ratio import Combination, Drawn, sum_of, weigh

T = TypeVar("T")
ROUNDING = 1e-9  # of what it is the difference of: below, a control is identically zero
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
    """Skeletons worth trying: none, and 1, 4 and 16 blocks of about equal length, all coarser than the dates."""
    grid = np.asarray(times)
    found: dict[Skeleton, None] = {(): None}
    for blocks in (1, 4, 16):
        ends = grid[-1] * np.arange(1, blocks + 1) / blocks
        rows = tuple(sorted({int(np.argmin(np.abs(grid - end))) for end in ends}))
        if len(rows) < len(grid):
            found[rows] = None
    return list(found)


@lru_cache(maxsize=256)
def interpolation(times: tuple[float, ...], skeleton: Skeleton) -> FloatArray:
    """The matrix P from scored to all dates, shape (n_times, n_scored)."""
    nodes = np.concatenate([[0.0], np.asarray(times)[list(skeleton)]])
    columns = [np.interp(times, nodes, unit) for unit in np.eye(len(nodes))[1:]]
    return np.stack(columns, axis=1) if columns else np.zeros((len(times), 0))


def _once(known: dict[Any, Any], key: Any, compute: Callable[[], T]) -> T:
    """What is known under a key; computed when it is first asked for."""
    if key not in known:
        known[key] = compute()
    found: T = known[key]
    return found


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
        return _once(self._known, ("weights", skeleton), lambda: self._weights(skeleton))

    def _weights(self, skeleton: Skeleton) -> dict[Derivative, FloatArray]:
        if not skeleton:
            return {derivative: np.zeros(1) for derivative in self.drawn.weights}
        rows = list(skeleton)
        latent = {"log_spot": self.paths.latent["log_spot"][rows]} if "log_spot" in self.paths.latent else {}
        coarse = Paths(self.paths.times[rows], self.paths.spot[rows], latent)
        return dict(weigh(self.model, coarse, list(self.drawn.weights)).weights)

    def handed(self, gradient: FloatArray, skeleton: Skeleton) -> FloatArray:
        """What scored dates get of a gradient: its product with P, shape (n_scored, n_paths)."""
        return interpolation(tuple(self.paths.times.tolist()), skeleton).T @ gradient

    def tangent(self, names: Derivative, skeleton: Skeleton) -> FloatArray:
        """The tangent in one coordinate, or its slope in a second one; broadcasts to (n_times, n_paths)."""
        held = skeleton[0] if skeleton and names[0] == TIME else None  # no other tangent depends on what is held

        def moved() -> FloatArray:
            if len(names) == 1:
                return self.model.tangent(self.paths, names[0], held)
            return self.model.tangent_slope(self.paths, names, held)

        return _once(self._known, ("tangent", names, held), moved)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A relaxed payoff on moving paths: what its value and gradient say about every perturbation and skeleton.

    Parameters
    ----------
    motion : Motion
    value : ndarray, shape (n_paths,)
    gradient : ndarray, shape (n_times, n_paths)
        In the log-spots.
    """

    motion: Motion
    value: FloatArray
    gradient: FloatArray
    _known: dict[Any, Any] = field(default_factory=dict)

    def _once(self, key: Any, compute: Callable[[], FloatArray]) -> FloatArray:
        return _once(self._known, key, compute)

    def _total(self, names: Derivative, tangent: FloatArray) -> FloatArray:
        """Sum over the dates of gradient times tangent, shape (n_paths,)."""
        if tangent.shape[0] == 1:
            return np.asarray(self._once("sum", lambda: np.ones(len(self.gradient)) @ self.gradient) * tangent[0])
        if tangent.shape[1] == 1:
            return self._once(("total", names), lambda: tangent[:, 0] @ self.gradient)
        return self._once(("total", names), lambda: np.einsum("ij,ij->j", self.gradient, tangent))

    def along(self, names: Derivative, skeleton: Skeleton) -> FloatArray:
        """Sum of gradient * (X - P X[skeleton]), with X the tangent (or slope) of `names`; shape (n_paths,)."""
        tangent = self.motion.tangent(names, skeleton)
        total = self._total(names, tangent)
        if not skeleton:
            return total
        handed = self._once(("handed", skeleton), lambda: self.motion.handed(self.gradient, skeleton))
        if tangent.shape[0] == 1:
            return total - self._once(("handed sum", skeleton), lambda: handed.sum(axis=0)) * tangent[0]
        held = tangent[list(skeleton)]
        return total - (held[:, 0] @ handed if held.shape[1] == 1 else np.einsum("ij,ij->j", handed, held))

    def first(self, name: str, skeleton: Skeleton) -> FloatArray:
        """The integrand of a first derivative: g s + grad g . x', shape (n_paths,)."""

        def integrand() -> FloatArray:
            return self.value * self.motion.weights(skeleton)[(name,)] + self.along((name,), skeleton)

        return self._once(("first", name, skeleton), integrand)

    def second(self, pair: Derivative, skeleton: Skeleton) -> FloatArray:
        """The integrand of a second derivative: the first in ``pair[0]`` by the skeleton, scored in ``pair[1]``."""
        first, last = pair
        weights = self.motion.weights(skeleton)
        key = pair if pair in weights else (last, first)
        curvature = weights[key] - weights[(first,)] * weights[(last,)]  # the derivative of the skeleton's score
        scored = self.first(first, skeleton) * self.motion.drawn.weights[(last,)]
        return scored + self.value * curvature + self.along(pair, skeleton)

    def control(self, combination: Combination, skeleton: Skeleton) -> FloatArray:
        """The zero-mean control for a Greek: its integrand by the skeleton less that of all dates; (n_paths,)."""
        return sum_of(combination, {derivative: self._difference(derivative, skeleton) for derivative in combination})

    def vanishes(self, combination: Combination, control: FloatArray) -> bool:
        """Whether a control is nothing but rounding errors."""
        size = max((np.abs(self._scored(d)).max() for d in combination if d), default=0.0)
        return bool(np.abs(control).max() <= ROUNDING * size)

    def _scored(self, derivative: Derivative) -> FloatArray:
        return self._once(("scored", derivative), lambda: self.value * self.motion.drawn.weights[derivative])

    def _difference(self, derivative: Derivative, skeleton: Skeleton) -> FloatArray:
        match derivative:
            case (name,):
                return self.first(name, skeleton) - self._scored(derivative)
            case ("time", "time") | ():  # nothing to gain for a price; the moving bridge weights are not differentiated
                return np.zeros_like(self.value)
            case (a, b):
                # The coordinate whose score is noisiest travels with the path; time's bridge weights stay fixed.
                return self.second((b, a) if b == TIME else (a, b), skeleton) - self._scored(derivative)
        raise ValueError(f"derivative must name at most two coordinates, got {derivative!r}")
