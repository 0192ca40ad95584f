"""Central differences of functions of named shifts: of second, fourth and sixth order in the step.

Each takes a function from shifts of coordinates (a mapping; those absent are zero) to a value or an array, the names
of at most two coordinates, and the steps by name. Opposite shifts are subtracted first where that leaves exactly zero
when nothing depends on a coordinate.

References
----------
.. [1] B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", *Mathematics of
   Computation* 51 (1988), 699-706, table 1 (the weights).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import numpy as np

from .._typing import AnyArray, FloatArray

Function: TypeAlias = Callable[[dict[str, float]], Any]
Names: TypeAlias = tuple[str, ...]

SLOPE = {-2: 1.0 / 12.0, -1: -8.0 / 12.0, 1: 8.0 / 12.0, 2: -1.0 / 12.0}
"""Weights of the first derivative from five points, by steps from the middle; truncation of order step**4."""

CURVATURE = {-2: -1.0 / 12.0, -1: 16.0 / 12.0, 0: -30.0 / 12.0, 1: 16.0 / 12.0, 2: -1.0 / 12.0}
"""Weights of the second derivative from the same points."""

SLOPE_OF_SEVEN, CURVATURE_OF_SEVEN = (3.0 / 4.0, -3.0 / 20.0, 1.0 / 60.0), (3.0 / 2.0, -3.0 / 20.0, 1.0 / 90.0)


def three_point(function: Function, names: Names, steps: Mapping[str, float]) -> FloatArray:
    """A value, first or second derivative, of second order in the steps; a mixed one from four corners."""
    match names:
        case ():
            return np.asarray(function({}))
        case (a,):
            return np.asarray((function({a: steps[a]}) - function({a: -steps[a]})) / (2.0 * steps[a]))
        case (a, b) if a == b:
            both = function({a: steps[a]}) - 2.0 * function({}) + function({a: -steps[a]})
            return np.asarray(both / steps[a] ** 2)
        case (a, b):
            corners = [(i * j, function({a: i * steps[a], b: j * steps[b]})) for i in (1, -1) for j in (1, -1)]
            return np.asarray(sum(sign * value for sign, value in corners) / (4.0 * steps[a] * steps[b]))
    _refuse(names)


def five_point(function: Function, names: Names, steps: Mapping[str, float]) -> AnyArray:
    """A first or second derivative, of fourth order in the steps; a mixed one by a difference of differences."""
    match names:
        case (a,):
            pairs = [(k, function({a: k * steps[a]}) - function({a: -k * steps[a]})) for k in (1, 2)]
            return np.asarray(sum(SLOPE[k] * pair for k, pair in pairs) / steps[a])
        case (a, b) if a == b:
            points = [(w, function({a: k * steps[a]})) for k, w in CURVATURE.items()]
            return np.asarray(sum(w * value for w, value in points) / steps[a] ** 2)
        case (a, b):
            rows = [
                (SLOPE[k], five_point(lambda shift, k=k: function({**shift, a: k * steps[a]}), (b,), steps))  # type: ignore[misc]
                for k in (1, 2, -1, -2)
            ]
            return np.asarray(sum(w * row for w, row in rows) / steps[a])
    _refuse(names)


def seven_point(function: Function, names: Names, steps: Mapping[str, float]) -> FloatArray:
    r"""A value, first or second derivative, of sixth order in the steps.

    A mixed one comes from curvatures along two diagonals, :math:`4 h k f_{xy} = D^2_{(h,k)} f - D^2_{(h,-k)} f`.
    """
    match names:
        case ():
            return np.asarray(function({}))
        case (a,):
            pairs = [function({a: k * steps[a]}) - function({a: -k * steps[a]}) for k in (1, 2, 3)]
            return np.asarray(sum(w * pair for w, pair in zip(SLOPE_OF_SEVEN, pairs, strict=True)) / steps[a])
        case (a, b) if a == b:
            return _curvature(function, {a: steps[a]}) / steps[a] ** 2
        case (a, b):
            along = _curvature(function, {a: steps[a], b: steps[b]})
            across = _curvature(function, {a: steps[a], b: -steps[b]})
            return (along - across) / (4.0 * steps[a] * steps[b])
    _refuse(names)


def _curvature(function: Function, direction: Mapping[str, float]) -> FloatArray:
    """The second derivative along a direction, from seven points."""
    total: Any = -49.0 / 18.0 * function({})
    for k, w in enumerate(CURVATURE_OF_SEVEN, 1):
        total = total + w * sum(function({key: sign * k * h for key, h in direction.items()}) for sign in (1.0, -1.0))
    return np.asarray(total)


def _refuse(names: Names) -> NoReturn:
    raise ValueError(f"derivative must name one or two coordinates, got {names!r}")
