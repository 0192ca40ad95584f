"""The record of a relaxed evaluation: what was computed from what, and the reverse pass through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray

Adder: TypeAlias = Callable[[FloatArray, FloatArray], None]
"""Adds to the gradient of an operand (first argument, in place) what the result's gradient (second) sends back."""


class NotRelaxableError(TypeError):
    """A payoff did something that has no relaxation: a branch on values, or a function that jumps unseen."""


@final
@dataclass(slots=True, eq=False)
class Node:
    """A value on a tape.

    Parameters
    ----------
    value : ndarray
    links : tuple of (Node, Adder)
        The operands it was computed from.
    truth : bool
        Whether it is a degree of truth in [0, 1], not an amount.
    affine : tuple of (tuple of int, float, float), optional
        ``(rows, a, b)`` if the value is a * spot[rows] + b, or an extreme of such values over the dates.
    """

    value: FloatArray
    links: tuple[tuple[Node, Adder], ...] = ()
    truth: bool = False
    affine: tuple[tuple[int, ...], float, float] | None = None


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
    levels: list[tuple[tuple[int, ...], float]] = field(default_factory=list)

    def add(self, node: Node) -> Node:
        """Record a node."""
        self.nodes.append(node)
        return node

    def next_width(self, difference: AnyArray) -> AnyArray | float:
        """Half-width of the next comparison's step."""
        number, self.comparisons = self.comparisons, self.comparisons + 1
        return self.width(number, difference)

    def gradient(self, output: Node, seed: FloatArray, leaf: Node) -> FloatArray:
        """Gradient of sum(seed * output) with respect to `leaf`, in one reverse pass."""
        gradients: dict[int, FloatArray] = {id(output): np.broadcast_to(seed, output.value.shape)}
        for node in reversed(self.nodes):
            own = gradients.pop(id(node), None) if node is not leaf else None
            if own is None:
                continue
            for operand, adder in node.links:
                if id(operand) not in gradients:
                    gradients[id(operand)] = np.zeros_like(operand.value)
                adder(gradients[id(operand)], own)
        return gradients.get(id(leaf), np.zeros_like(leaf.value))


def elementwise(factor: AnyArray | float) -> Adder:
    """The adder of an elementwise operation whose derivative in the operand is `factor`."""

    def add(into: FloatArray, gradient: FloatArray) -> None:
        sent = gradient * factor
        extra = sent.ndim - into.ndim
        axes = tuple(range(extra)) + tuple(
            extra + k for k, size in enumerate(into.shape) if size == 1 and sent.shape[extra + k] != 1
        )
        into += sent.sum(axis=axes).reshape(into.shape) if axes else sent

    return add


def step(u: AnyArray) -> tuple[FloatArray, FloatArray]:
    """The C¹ step of support [-1, 1] and its derivative: 1/2 + 3u/4 - u³/4."""
    v = np.clip(u, -1.0, 1.0)
    square = v * v
    return 0.5 + v * (0.75 - 0.25 * square), 0.75 * (1.0 - square)


def ramp(u: AnyArray) -> tuple[FloatArray, FloatArray]:
    """The integral of `step`, equal to max(u, 0) outside [-1, 1], and its derivative."""
    v = np.clip(u, -1.0, 1.0)
    inside = 0.1875 + 0.5 * v + 0.375 * v**2 - 0.0625 * v**4
    return np.where(np.abs(u) < 1.0, inside, np.maximum(u, 0.0)), step(u)[0]
