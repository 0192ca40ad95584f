"""The record of a relaxed evaluation: what was computed from what, and the reverse pass through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from ..._typing import AnyArray, FloatArray
from .marks import Mark

Adder: TypeAlias = Callable[[FloatArray, FloatArray], None]
"""Adds to the gradient of an operand (first argument, in place) what the result's gradient (second) sends back."""


class NotRelaxableError(TypeError):
    """A payoff did something that has no relaxation: a branch on values, or a function that jumps unseen."""


@final
@dataclass(frozen=True, slots=True)
class Level:
    """A spot at which a payoff compares fixings: where a known price may help.

    Parameters
    ----------
    rows : tuple of int
        The dates of the fixings.
    level : float
        Currency, > 0.
    averaged : bool
        Whether a sum of the fixings is compared, `level` being the typical one.
    """

    rows: tuple[int, ...]
    level: float
    averaged: bool


@final
@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value on a tape; its last axis, unless it is a number, is that of the paths.

    Parameters
    ----------
    value : ndarray
    links : tuple of (Node, Adder)
        The operands it was computed from.
    truth : bool
        Whether it is a degree of truth in [0, 1], boolean in NumPy, not an amount.
    mark : Mark, optional
    live : bool
        Whether it depends on the spots.
    """

    value: FloatArray
    links: tuple[tuple[Node, Adder], ...] = ()
    truth: bool = False
    mark: Mark | None = None
    live: bool = False


@final
@dataclass(slots=True, eq=False)
class Tape:
    """All nodes of one evaluation, in the order of their making, and how wide its steps are.

    Parameters
    ----------
    width : callable
        From the number of a comparison and the difference compared to the half-width of its step; 0 for none.
    smooth_kinks : bool
        Whether maxima and minima are rounded off too.
    """

    width: Callable[[int, AnyArray], AnyArray | float]
    smooth_kinks: bool = False
    nodes: list[Node] = field(default_factory=list)
    comparisons: int = 0
    levels: list[Level] = field(default_factory=list)

    def leaf(self, spot: FloatArray) -> Node:
        """Record the spots."""
        mark = Mark(tuple(range(len(spot))), 1.0, 0.0) if spot.ndim == 2 else None
        return self._add(Node(spot[...], mark=mark, live=True))  # a view: assignment to it is refused

    def add(
        self,
        value: AnyArray,
        links: Iterable[tuple[Node, Adder]],
        truth: bool = False,
        mark: Mark | None = None,
    ) -> Node:
        """Record a result; links to operands that do not depend on the spots are left out."""
        kept = tuple((operand, adder) for operand, adder in links if operand.live)
        return self._add(Node(np.asarray(value, dtype=float), kept, truth, mark, live=bool(kept)))

    def _add(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def next_width(self, difference: AnyArray) -> AnyArray | float:
        """Half-width of the next comparison's step."""
        number, self.comparisons = self.comparisons, self.comparisons + 1
        return self.width(number, difference)

    def note(self, difference: Mark | None) -> None:
        """Remember at which level fixings are compared, given the mark of the difference compared."""
        if difference is None or difference.slope == 0.0:
            return
        level = -difference.intercept / difference.slope
        if math.isfinite(level) and level > 0.0:
            self.levels.append(Level(difference.rows, level, difference.averaged))

    def gradient(self, output: Node, seed: FloatArray, leaf: Node) -> FloatArray:
        """Gradient of sum(seed * output) with respect to `leaf`, in one reverse pass."""
        gradients: dict[int, FloatArray] = {id(output): np.array(np.broadcast_to(seed, output.value.shape))}
        for node in reversed(self.nodes):
            own = gradients.pop(id(node), None) if node is not leaf else None
            if own is None:
                continue
            for operand, adder in node.links:
                if id(operand) not in gradients:
                    gradients[id(operand)] = np.zeros(operand.value.shape)
                adder(gradients[id(operand)], own)
        return gradients[id(leaf)] if id(leaf) in gradients else np.zeros(leaf.value.shape)


def step(u: AnyArray) -> tuple[FloatArray, FloatArray]:
    """The C¹ step of support [-1, 1] and its derivative: 1/2 + 3u/4 - u³/4."""
    v = np.clip(u, -1.0, 1.0)
    square = v * v
    return 0.5 + v * (0.75 - 0.25 * square), 0.75 * (1.0 - square)


def ramp(u: AnyArray) -> tuple[FloatArray, FloatArray]:
    """The integral of `step`, equal to max(u, 0) outside [-1, 1], and its derivative."""
    v = np.clip(u, -1.0, 1.0)
    square = v * v
    inside = 0.1875 + 0.5 * v + square * (0.375 - 0.0625 * square)  # 0 at -1 and 1 at 1
    return inside + np.maximum(u - v, 0.0), 0.5 + v * (0.75 - 0.25 * square)
