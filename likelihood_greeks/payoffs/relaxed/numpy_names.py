"""Which of NumPy's names are followed, and by which rules: tables for the protocols of the array type.

Every entry takes a tape and what the user gave, in which relaxed arrays have become nodes; numbers and plain arrays
become constant nodes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import elementwise as rules
from . import reductions
from .elementwise import constant, logical
from .tape import Node, NotRelaxableError, Tape


def operands(*given: Any) -> list[Node]:
    """The nodes of what is combined with each other, at least one of them a node."""
    n_paths = next(x.value.shape[-1] for x in given if isinstance(x, Node))
    return [x if isinstance(x, Node) else _plain(x, n_paths) for x in given]


def _plain(x: Any, n_paths: int) -> Node:
    """The node of a number or plain array: a copy of its first path, which later changes in place cannot reach."""
    value = np.asarray(x)
    if value.dtype.kind not in "biuf":
        raise NotRelaxableError(f"plain values of type {value.dtype}")
    if value.ndim and value.shape[-1] not in (1, n_paths):
        raise NotRelaxableError(f"a plain array of shape {value.shape} with spots of {n_paths} paths")
    first = value[..., :1].copy() if value.ndim else value
    if value.ndim and not (value == first).all():
        raise NotRelaxableError("a plain array that varies from path to path (random numbers, or a cache)")
    return constant(first, truth=value.dtype == np.bool_)


# -- functions with arguments of their own -----------------------------------------------------------------------------


def _where(tape: Tape, condition: Any, x: Any, y: Any) -> Node:
    return rules.where(tape, *operands(condition, x, y))


def _select(tape: Tape, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = _where(tape, condition, choice, found)
    return found


def _clip(tape: Tape, a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Node:
    low, high = a_min if min is None else min, a_max if max is None else max
    found = a if low is None else rules.maximum(tape, *operands(a, low))
    return found if high is None else rules.minimum(tape, *operands(found, high))


def _average(tape: Tape, a: Node, axis: Any = None, weights: Any = None) -> Node:
    if weights is None:
        return reductions.mean(tape, a, axis)
    each = np.array(weights, dtype=float)
    if axis != 0 or each.shape != a.value.shape[:1]:
        raise NotRelaxableError("a weighted average other than over the first axis")
    column = constant(each.reshape(-1, *[1] * (a.value.ndim - 1)))
    return rules.over(tape, reductions.total(tape, rules.times(tape, a, column), axis), constant(each.sum()))


def _dot(tape: Tape, weights: Any, a: Any) -> Node:
    if not isinstance(a, Node) or isinstance(weights, Node):
        raise NotRelaxableError("a matrix product along the paths")
    return reductions.weighted(tape, np.array(weights, dtype=float), a)


def _concatenate(tape: Tape, arrays: Sequence[Any], axis: Any = 0) -> Node:
    return reductions.joined(tape, operands(*arrays), axis)


def _stack(tape: Tape, arrays: Sequence[Any], axis: Any = 0) -> Node:
    return reductions.joined(tape, [_expand_dims(tape, x, axis) for x in operands(*arrays)], axis)


def _vstack(tape: Tape, tup: Sequence[Any]) -> Node:
    return reductions.joined(tape, [x if x.value.ndim > 1 else _expand_dims(tape, x, 0) for x in operands(*tup)], 0)


def _expand_dims(tape: Tape, a: Node, axis: Any) -> Node:
    return reductions.reshaped(tape, a, np.expand_dims(a.value, axis).shape)


def _squeeze(tape: Tape, a: Node, axis: Any = None) -> Node:
    return reductions.reshaped(tape, a, a.value.squeeze(axis).shape)


def _reshape(tape: Tape, a: Node, *shape: Any) -> Node:
    return reductions.reshaped(tape, a, shape[0] if len(shape) == 1 else shape)


def _diff(tape: Tape, a: Node, n: int = 1, axis: int = -1, prepend: Any = None) -> Node:
    if n != 1 or a.value.ndim < 2 or axis % a.value.ndim != 0:
        raise NotRelaxableError("np.diff other than of first order along the first axis (axis=0)")
    if prepend is not None:
        before = prepend if isinstance(prepend, Node) else np.broadcast_to(prepend, (1, *a.value.shape[1:]))
        a = _concatenate(tape, [before, a])
    later, earlier = (reductions.taken(tape, a, (part,)) for part in (slice(1, None), slice(-1)))
    return rules.minus(tape, later, earlier)


def _count(tape: Tape, a: Node, axis: Any = None) -> Node:
    return reductions.total(tape, logical(a), axis)


def _copy(tape: Tape, a: Node) -> Node:
    return rules.times(tape, a, constant(1.0, a.truth))


def _astype(tape: Tape, a: Node, dtype: Any) -> Node:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return _copy(tape, logical(a))
    if np.dtype(dtype) != np.float64 and not (a.truth and kind in "iuf"):
        raise NotRelaxableError(f"conversion of amounts to {np.dtype(dtype)}")
    return rules.times(tape, a, constant(1.0))


def _full_like(tape: Tape, a: Node, fill_value: Any = 0.0, dtype: Any = None) -> Node:
    kind = np.dtype(bool if a.truth else float) if dtype is None else np.dtype(dtype)
    if kind not in (np.float64, np.bool_):
        raise NotRelaxableError(f"an array of {kind} in the shape of spots")
    return constant(np.full(a.value.shape, _plain(fill_value, a.value.shape[-1]).value, kind), kind == np.bool_)


def _ones_like(tape: Tape, a: Node, dtype: Any = None) -> Node:
    return _full_like(tape, a, 1.0, dtype)


def _zeros_like(tape: Tape, a: Node, dtype: Any = None) -> Node:
    return _full_like(tape, a, 0.0, dtype)


# -- tables ------------------------------------------------------------------------------------------------------------

UFUNCS: dict[np.ufunc, Callable[..., Node]] = {
    np.add: rules.plus,
    np.subtract: rules.minus,
    np.multiply: rules.times,
    np.divide: rules.over,
    np.power: rules.power,
    np.negative: rules.negative,
    np.positive: _copy,
    np.square: lambda tape, x: rules.times(tape, x, x),
    np.reciprocal: lambda tape, x: rules.over(tape, constant(1.0), x),
    **{function: rules.smooth(function) for function in rules.SLOPES},
    np.absolute: rules.absolute,
    np.fabs: rules.absolute,
    np.maximum: rules.maximum,
    np.minimum: rules.minimum,
    np.greater: rules.greater,
    np.greater_equal: rules.greater_equal,
    np.less: lambda tape, x, y: rules.greater(tape, y, x),
    np.less_equal: lambda tape, x, y: rules.greater_equal(tape, y, x),
    np.sign: rules.sign,
    np.heaviside: rules.heaviside,
    np.logical_not: rules.opposite,
    np.invert: rules.opposite,
    np.logical_and: rules.both,
    np.bitwise_and: rules.both,
    np.logical_or: rules.either,
    np.bitwise_or: rules.either,
    np.logical_xor: rules.one_of,
    np.bitwise_xor: rules.one_of,
}
METHODS: dict[str, Callable[..., Node]] = {
    "sum": reductions.total,
    "mean": reductions.mean,
    "prod": reductions.product,
    "max": reductions.largest,
    "min": reductions.smallest,
    "all": reductions.all_of,
    "any": reductions.any_of,
    "cumsum": reductions.running_total,
    "clip": _clip,
    "astype": _astype,
    "copy": _copy,
    "reshape": _reshape,
    "squeeze": _squeeze,
}
UFUNC_METHODS: dict[tuple[np.ufunc, str], Callable[..., Node]] = {
    (np.add, "reduce"): reductions.total,
    (np.multiply, "reduce"): reductions.product,
    (np.maximum, "reduce"): reductions.largest,
    (np.minimum, "reduce"): reductions.smallest,
    (np.logical_and, "reduce"): reductions.all_of,
    (np.logical_or, "reduce"): reductions.any_of,
    (np.bitwise_and, "reduce"): reductions.all_of,
    (np.bitwise_or, "reduce"): reductions.any_of,
    (np.add, "accumulate"): reductions.running_total,
    (np.maximum, "accumulate"): reductions.running_largest,
    (np.minimum, "accumulate"): reductions.running_smallest,
    (np.logical_or, "accumulate"): lambda tape, x, axis: reductions.running_largest(tape, logical(x), axis),
    (np.logical_and, "accumulate"): lambda tape, x, axis: reductions.running_smallest(tape, logical(x), axis),
}
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    **{getattr(np, name): rule for name, rule in METHODS.items() if name != "astype"},
    np.amax: reductions.largest,
    np.amin: reductions.smallest,
    np.average: _average,
    np.dot: _dot,
    np.count_nonzero: _count,
    np.where: _where,
    np.select: _select,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.vstack: _vstack,
    np.expand_dims: _expand_dims,
    np.diff: _diff,
    np.full_like: _full_like,
    np.zeros_like: _zeros_like,
    np.empty_like: _zeros_like,
    np.ones_like: _ones_like,
    np.shape: lambda _, a: a.value.shape,
    np.ndim: lambda _, a: a.value.ndim,
    np.size: lambda _, a, axis=None: a.value.size if axis is None else a.value.shape[axis],
}
