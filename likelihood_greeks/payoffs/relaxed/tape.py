"""The record of a relaxed evaluation: what was computed from what, and the reverse pass through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, final, runtime_checkable

import numpy as np

from ..._typing import AnyArray, FloatArray
from .marks import Mark


@final
@dataclass(frozen=True, slots=True, eq=False)
class OneDate:
    """A gradient that is zero but at one date of each path.

    Attributes
    ----------
    rows : ndarray of int, shape (n_paths,)
        The dates.
    slopes : ndarray, shape (n_paths,)
        The gradient there.
    count : int
        How many dates there are.
    """

    rows: AnyArray
    slopes: FloatArray
    count: int

    def times(self, spot: FloatArray) -> OneDate:
        """The same times the spots, shape (n_times, n_paths)."""
        return OneDate(self.rows, self.slopes * np.take_along_axis(spot, self.rows[None], 0)[0], self.count)

    def dense(self) -> FloatArray:
        """The same date by date, shape (n_times, n_paths)."""
        found = np.zeros((self.count, len(self.slopes)))
        np.put_along_axis(found, self.rows[None], self.slopes[None], 0)
        return found


def dense(gradient: FloatArray | OneDate) -> FloatArray:
    """A gradient date by date."""
    return gradient.dense() if isinstance(gradient, OneDate) else gradient


@runtime_checkable
class AtOneDate(Protocol):
    """An adder that adds at one date of each path alone."""

    def sent(self, gradient: FloatArray, /) -> OneDate | None:
        """What it would add; None where the operand has no such dates."""
        ...


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
        return dense(self.sent(output, seed, leaf))

    def sent(self, output: Node, seed: FloatArray, leaf: Node) -> FloatArray | OneDate:
        """The same; of an extreme over the dates that alone sees the leaf, at the date of each path's own."""
        gradients: dict[int, FloatArray] = {id(output): np.array(np.broadcast_to(seed, output.value.shape))}
        seeing = [adder for node in self.nodes for operand, adder in node.links if operand is leaf]
        alone = len(seeing) == 1 and output is not leaf and isinstance(seeing[0], AtOneDate)
        for node in reversed(self.nodes):
            own = gradients.pop(id(node), None) if node is not leaf else None
            if own is None:
                continue
            for operand, adder in node.links:
                if alone and operand is leaf and isinstance(adder, AtOneDate) and (one := adder.sent(own)):
                    return one
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
