"""The array that a payoff is called with to be followed along a line: NumPy's operations on values of `amounts`.

It holds one path, whose values are objects: whatever NumPy does with shapes it does itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, NoReturn, TypeAlias, final

import numpy as np

from ..._typing import AnyArray
from . import amounts as rules
from .amounts import Amount, Value, is_truth
from .points import NotPlacedError

Rule: TypeAlias = Callable[[Sequence[Value]], Value]
"""From all values along an axis to one."""


@final
class Followed(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of values along a line; its last axis, that of the paths, has length one.

    Parameters
    ----------
    values : ndarray of object
    """

    __slots__ = ("values",)

    def __init__(self, values: AnyArray) -> None:
        self.values = values

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return self.values.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.values.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.values.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values: conditions count as boolean."""
        return np.dtype(bool if self.values.size and all(map(is_truth, self.values.flat)) else float)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Followed]:
        return (Followed(row) for row in self.values)

    def __getitem__(self, key: Any) -> Followed:
        if any(isinstance(k, Followed) for k in (key if isinstance(key, tuple) else (key,))):
            raise NotPlacedError("indexing by a condition on spots")
        return _wrapped(self.values[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        new = bare(value)
        if isinstance(key, Followed):
            if key.shape != self.shape or np.ndim(new):
                raise NotPlacedError("assignment by a condition other than of a number")
            self.values[...] = _each(rules.where, 3)(key.values, new, self.values)
        else:
            self.values[key] = new

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        target = options.pop("out", (None,))[0]
        if method == "__call__" and ufunc in UFUNCS and not options:
            rule, given = UFUNCS[ufunc], [bare(x) for x in inputs]
            found = _each(rule, len(given))(*given)
        elif (ufunc, method) == (np.matmul, "__call__"):
            found = _dot(*map(bare, inputs))
        elif method in ("reduce", "accumulate") and ufunc in REDUCTIONS and options.pop("dtype", None) is None:
            along = reduced if method == "reduce" else accumulated
            found = along(REDUCTIONS[ufunc], bare(inputs[0]), **{"axis": 0, **options})
        else:
            raise NotPlacedError(f"np.{ufunc.__name__}.{method}")
        if target is None:
            return _wrapped(found)
        bare(target)[...] = found
        return target

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if function in FUNCTIONS:
            return _wrapped(FUNCTIONS[function](*_stripped(arguments), **_stripped(options)))
        if function in SHAPES:
            return _wrapped(function(*_stripped(arguments, _objects), **_stripped(options, _objects)))
        raise NotPlacedError(f"np.{function.__name__}")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__") or name not in METHODS:
            raise AttributeError(name) if name.startswith("__") else NotPlacedError(f"the array's .{name}")
        return lambda *given, **options: _wrapped(METHODS[name](self.values, *_stripped(given), **_stripped(options)))

    def __bool__(self) -> NoReturn:
        raise NotPlacedError("a branch on the values of spots")

    __float__ = __int__ = __index__ = __complex__ = __bool__

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise NotPlacedError("conversion of spots to a plain array")


def bare(x: Any) -> Any:
    """What a rule is given for an array."""
    return x.values if isinstance(x, Followed) else x


def _objects(x: Any) -> Any:
    """An array, a number or a sequence of arrays as objects; whatever else as it is."""
    if isinstance(x, Followed):
        return x.values
    if isinstance(x, np.ndarray) and x.dtype.kind in "bif" and x.ndim:
        return x.astype(object)
    return x


def _stripped(given: Any, strip: Callable[[Any], Any] = bare) -> Any:
    """Arguments without the array type, also in lists of arrays."""
    if isinstance(given, dict):
        return {key: _stripped(x, strip) for key, x in given.items()}
    if isinstance(given, (list, tuple)):
        return type(given)([_stripped(x, strip) for x in given])
    return strip(given)


def _wrapped(found: Any) -> Any:
    if isinstance(found, np.ndarray):
        return Followed(found if found.dtype == object else found.astype(object))
    if isinstance(found, (Amount, rules.Largest, rules.Logarithm)):
        raise NotPlacedError("a number made of the spots of one path")
    return found


def _each(rule: Callable[..., Value], arguments: int) -> Callable[..., Any]:
    """A rule for every element."""
    return np.frompyfunc(rule, arguments, 1)


# -- reductions --------------------------------------------------------------------------------------------------------


def reduced(rule: Rule, x: AnyArray, axis: Any = None, keepdims: bool = False) -> AnyArray:
    """A value of all those along an axis."""
    if not isinstance(axis, (int, np.integer)):
        raise NotPlacedError("a reduction over other than one axis")
    lines = np.moveaxis(x, axis, 0)
    found = np.empty(lines.shape[1:], dtype=object)
    for place in np.ndindex(found.shape):
        found[place] = rule([lines[(k, *place)] for k in range(len(lines))])
    return np.expand_dims(found, axis) if keepdims else found


def accumulated(rule: Rule, x: AnyArray, axis: Any = None) -> AnyArray:
    """The values of all so far along an axis."""
    if not isinstance(axis, (int, np.integer)):
        raise NotPlacedError("running values of other than one axis")
    lines = np.moveaxis(x, axis, 0)
    found = lines.copy()
    for k in range(1, len(lines)):
        for place in np.ndindex(lines.shape[1:]):
            found[(k, *place)] = rule([found[(k - 1, *place)], lines[(k, *place)]])
    return np.moveaxis(found, 0, axis)


def _sum(values: Sequence[Value]) -> Value:
    return reduce(rules.plus, values, 0.0)


def _product(values: Sequence[Value]) -> Value:
    return rules.every(values) if all(map(is_truth, values)) else reduce(rules.times, values, 1.0)


def _all(values: Sequence[Value]) -> Value:
    return rules.every(list(values))


def _any(values: Sequence[Value]) -> Value:
    return rules.some(list(values))


def _mean(values: Sequence[Value]) -> Value:
    return rules.times(_sum(values), 1.0 / len(values))


def _along(rule: Rule) -> Callable[..., Any]:
    return lambda x, axis=None, keepdims=False: reduced(rule, x, axis, keepdims)


def _running(rule: Rule) -> Callable[..., Any]:
    return lambda x, axis=None: accumulated(rule, x, axis)


# -- functions ---------------------------------------------------------------------------------------------------------


def _plus(x: Value, y: Value) -> Value:
    """The sum; of two conditions either, as NumPy adds booleans."""
    return rules.either(x, y) if is_truth(x) and is_truth(y) else rules.plus(x, y)


def _sign(x: Value) -> Value:
    return rules.plus(rules.greater(x, 0.0), rules.times(rules.greater(0.0, x), -1.0))


def _clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    if low is not None:
        x = _each(lambda a, b: rules.largest([a, b]), 2)(x, low)
    return x if high is None else _each(lambda a, b: rules.smallest([a, b]), 2)(x, high)


def _select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0.0) -> Any:
    found = default
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        found = _each(rules.where, 3)(condition, choice, found)
    return found


def _average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return reduced(_mean, a, axis)
    each = np.asarray(weights, dtype=float)
    if axis != 0 or each.shape != a.shape[:1]:
        raise NotPlacedError("a weighted average other than over the first axis")
    return reduced(_sum, _each(rules.times, 2)(a, (each / each.sum()).reshape(-1, *[1] * (a.ndim - 1))), 0)


def _astype(x: Any, dtype: Any, **_: Any) -> Any:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return _each(rules.logical, 1)(x)
    if kind == "f" or (kind in "iu" and all(map(is_truth, x.flat))):
        return _each(lambda value: rules.plus(value, 0.0) if is_truth(value) else value, 1)(x)
    raise NotPlacedError(f"conversion of amounts to {np.dtype(dtype)}")


def _count(x: Any, axis: Any = None) -> Any:
    return reduced(_sum, _each(rules.logical, 1)(x), axis)


def _full_like(a: Any, fill_value: Any = 0.0, dtype: Any = None) -> Any:
    found = np.empty(a.shape, dtype=object)
    truth = np.dtype(dtype).kind == "b" if dtype is not None else all(map(is_truth, a.flat))
    found[...] = bool(fill_value) if truth else float(fill_value)
    return found


def _dot(weights: Any, x: Any) -> Any:
    """The matrix product of plain weights, shape (n_dates,) or (n, n_dates), and a value by date."""
    if np.ndim(weights) not in (1, 2) or np.asarray(weights).dtype.kind not in "bif" or np.ndim(x) != 2:
        raise NotPlacedError("a matrix product other than of weights and spots by date")
    each = np.asarray(weights, dtype=float)
    return reduced(_sum, _each(rules.times, 2)(each[..., None], x), each.ndim - 1)


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n != 1 or axis % a.ndim:
        raise NotPlacedError("np.diff other than of first order along the first axis")
    rows = [*([] if prepend is None else [prepend]), a, *([] if append is None else [append])]
    shaped = [x if np.ndim(x) else np.full((1, *a.shape[1:]), x) for x in rows]
    joined = np.concatenate([x.astype(object) for x in shaped])
    return _each(UFUNCS[np.subtract], 2)(joined[1:], joined[:-1])


UFUNCS: dict[np.ufunc, Callable[..., Value]] = {
    np.add: _plus,
    np.subtract: lambda x, y: rules.plus(x, rules.times(y, -1.0)),
    np.multiply: rules.times,
    np.divide: rules.over,
    np.power: rules.power,
    np.negative: lambda x: rules.times(x, -1.0),
    np.positive: lambda x: x,
    np.square: lambda x: rules.power(x, 2.0),
    np.sqrt: lambda x: rules.power(x, 0.5),
    np.reciprocal: lambda x: rules.power(x, -1.0),
    np.exp: rules.exponential,
    np.log: rules.logarithm,
    np.absolute: lambda x: rules.largest([x, rules.times(x, -1.0)]),
    np.fabs: lambda x: rules.largest([x, rules.times(x, -1.0)]),
    np.maximum: lambda x, y: rules.largest([x, y]),
    np.minimum: lambda x, y: rules.smallest([x, y]),
    np.greater: rules.greater,
    np.greater_equal: lambda x, y: rules.greater(x, y, True),
    np.less: lambda x, y: rules.greater(y, x),
    np.less_equal: lambda x, y: rules.greater(y, x, True),
    np.sign: _sign,
    np.logical_not: rules.opposite,
    np.invert: rules.opposite,
    np.logical_and: rules.both,
    np.bitwise_and: rules.both,
    np.logical_or: rules.either,
    np.bitwise_or: rules.either,
    np.logical_xor: rules.one_of,
    np.bitwise_xor: rules.one_of,
}
REDUCTIONS: dict[np.ufunc, Rule] = {
    np.add: _sum,
    np.multiply: _product,
    np.maximum: rules.largest,
    np.minimum: rules.smallest,
    np.logical_and: _all,
    np.logical_or: _any,
    np.bitwise_and: _all,
    np.bitwise_or: _any,
}
METHODS: dict[str, Callable[..., Any]] = {
    "sum": _along(_sum),
    "mean": _along(_mean),
    "prod": _along(_product),
    "max": _along(rules.largest),
    "min": _along(rules.smallest),
    "all": _along(_all),
    "any": _along(_any),
    "cumsum": _running(_sum),
    "cumprod": _running(_product),
    "clip": _clip,
    "astype": _astype,
    "copy": lambda x: x.copy(),
    "reshape": lambda x, *shape: x.reshape(*shape),
    "squeeze": lambda x, axis=None: x.squeeze(axis),
}
SHAPES = {
    np.concatenate, np.stack, np.vstack, np.expand_dims, np.squeeze, np.reshape, np.broadcast_to, np.flip, np.roll,
    np.repeat, np.take, np.atleast_2d, np.moveaxis, np.swapaxes, np.transpose, np.ravel, np.copy,
}  # fmt: skip
FUNCTIONS: Mapping[Callable[..., Any], Callable[..., Any]] = {
    **{
        getattr(np, name): rule
        for name, rule in METHODS.items()
        if name not in ("astype", "copy", "reshape", "squeeze")
    },
    np.amax: METHODS["max"],
    np.amin: METHODS["min"],
    np.where: _each(rules.where, 3),
    np.select: _select,
    np.average: _average,
    np.count_nonzero: _count,
    np.dot: _dot,
    np.diff: _diff,
    np.full_like: _full_like,
    np.zeros_like: lambda a, dtype=None: _full_like(a, 0.0, dtype),
    np.empty_like: lambda a, dtype=None: _full_like(a, 0.0, dtype),
    np.ones_like: lambda a, dtype=None: _full_like(a, 1.0, dtype),
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
}
