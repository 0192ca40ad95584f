"""Relaxed payoffs: the user's own function with every comparison a smooth step, and its gradient in every fixing.

The function is called with an array that intercepts NumPy's ufuncs and functions. A comparison becomes a C¹ step of
compact support; `and`, `or`, `not` become products; everything else is NumPy's own, recorded on a tape for one
reverse pass. This is the fuzzy logic of Savine and Andreasen and the continuous relaxation of REBAR and RELAX. Here it
is never the answer, only a control variate, so its width is a matter of variance and not of bias.

What cannot be followed (a branch on values, `np.floor`, sorting, conversion to a plain array) raises
`NotRelaxableError`: the payoff is then estimated without relaxations.

References
----------
.. [1] A. Savine and J. Andreasen, *Modern Computational Finance: Scripting for Derivatives and xVA*, Wiley, 2021,
   part V (fuzzy logic).
.. [2] W. Grathwohl et al., "Backpropagation through the void", *ICLR* 2018 (RELAX); G. Tucker et al., "REBAR", 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeGuard, final

import numpy as np

from .._typing import AnyArray, FloatArray
from .tape import Node, NotRelaxableError, Tape, elementwise, ramp, step

__all__ = ["NotRelaxableError", "Relaxed", "relax"]


@final
class Relaxed(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of amounts or degrees of truth that records what is done to it.

    Parameters
    ----------
    tape : Tape
    node : Node
    """

    __slots__ = ("node", "tape")
    __array_priority__ = 1000

    def __init__(self, tape: Tape, node: Node) -> None:
        self.tape, self.node = tape, node

    # -- what an array looks like ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return self.node.value.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.node.value.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.node.value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values: a comparison's result counts as boolean."""
        return np.dtype(bool) if self.node.truth else self.node.value.dtype

    @property
    def T(self) -> Relaxed:  # noqa: N802
        """Transpose."""
        return self._shaped(self.node.value.T, lambda into, g: _add(into, g.T))

    def __len__(self) -> int:
        return len(self.node.value)

    def __iter__(self) -> Iterator[Relaxed]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise NotRelaxableError("a branch on the values of spots (if, while, and, or, not)")

    def __float__(self) -> float:
        raise NotRelaxableError("conversion of spots to a number")

    __int__ = __index__ = __float__

    def __array__(self, dtype: Any = None, copy: Any = None) -> AnyArray:
        raise NotRelaxableError("conversion of spots to a plain array")

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotRelaxableError("assignment to elements of spots (use np.where)")

    def __getattr__(self, name: str) -> Any:
        raise NotRelaxableError(f"the array attribute {name!r}")

    def __getitem__(self, key: Any) -> Relaxed:
        if isinstance(key, Relaxed) or (isinstance(key, tuple) and any(isinstance(k, Relaxed) for k in key)):
            raise NotRelaxableError("indexing by a condition on spots (use np.where)")
        value = self.node.value[key]
        basic = all(isinstance(k, (int, np.integer, slice, type(None), type(Ellipsis))) for k in np.index_exp[key])

        def add(into: FloatArray, gradient: FloatArray) -> None:
            if basic:
                into[key] += gradient
            else:
                np.add.at(into, key, gradient)

        return self._shaped(value, add, _rows(self.node.affine, key, self.shape))

    # -- NumPy's protocols -------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None or kwargs.pop("where", True) is not True:
            raise NotRelaxableError(f"np.{ufunc.__name__} with out= or where=")
        if method == "__call__" and ufunc.__name__ in UFUNCS:
            return UFUNCS[ufunc.__name__](self.tape, *inputs)
        if method in ("reduce", "accumulate") and (ufunc.__name__, method) in REDUCTIONS:
            return REDUCTIONS[ufunc.__name__, method](inputs[0], **{"axis": 0, **kwargs})
        raise NotRelaxableError(f"np.{ufunc.__name__}" + (f".{method}" if method != "__call__" else ""))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ in FUNCTIONS:
            return FUNCTIONS[function.__name__](*args, **kwargs)
        raise NotRelaxableError(f"np.{function.__name__}")

    # -- methods -----------------------------------------------------------------------------------------------

    def sum(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Sum over one or all axes."""
        value = self.node.value.sum(axis=axis, keepdims=True)
        return self._reduced(value, axis, keepdims, _add)

    def mean(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Mean over one or all axes."""
        total = self.sum(axis, keepdims)
        return total / (self.size / max(total.size, 1))

    def prod(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Product over one axis."""
        x, along = self.node.value, _one_axis(axis, self.ndim)
        value = x.prod(axis=along, keepdims=True)
        return self._reduced(value, along, keepdims, lambda into, g: _add(into, g * _others(x, along)))

    def max(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Largest over one axis."""
        return self._extreme(np.argmax, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Smallest over one axis."""
        return self._extreme(np.argmin, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Whether all hold: the product of the degrees of truth."""
        return _true(_truth(self).prod(axis, keepdims))

    def any(self, axis: Any = None, keepdims: bool = False, **_: Any) -> Relaxed:
        """Whether any holds."""
        return _not(self.tape, _true((1.0 - _truth(self)).prod(axis, keepdims)))

    def cumsum(self, axis: Any = None, **_: Any) -> Relaxed:
        """Running sums along one axis."""
        along = _one_axis(axis, self.ndim)
        value = self.node.value.cumsum(axis=along)
        return self._shaped(value, lambda into, g: _add(into, _flip(_flip(g, along).cumsum(along), along)))

    def clip(self, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Relaxed:
        """Values limited to an interval."""
        low, high = kwargs.get("min", a_min), kwargs.get("max", a_max)
        found = self if low is None else _maximum(self.tape, self, low)
        return found if high is None else _minimum(self.tape, found, high)

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Relaxed:
        """The same values; a truncation to integers is refused, since it jumps."""
        if np.dtype(dtype).kind in "iu" and not self.node.truth:
            raise NotRelaxableError("conversion of amounts to integers")
        return self if np.dtype(dtype).kind == "b" else self._shaped(self.node.value, _add, self.node.affine)

    def copy(self, *_: Any) -> Relaxed:
        """The array itself: it cannot be changed."""
        return self

    def reshape(self, *shape: Any, **_: Any) -> Relaxed:
        """Another shape."""
        value = self.node.value.reshape(*shape)
        return self._shaped(value, lambda into, g: _add(into, g.reshape(into.shape)))

    def squeeze(self, axis: Any = None) -> Relaxed:
        """Without axes of length one."""
        return self.reshape(self.node.value.squeeze(axis).shape)

    # -- building blocks ---------------------------------------------------------------------------------------

    def _shaped(self, value: FloatArray, add: Any, affine: Any = None) -> Relaxed:
        return Relaxed(self.tape, self.tape.add(Node(value, ((self.node, add),), self.node.truth, affine)))

    def _reduced(self, value: FloatArray, axis: Any, keepdims: bool, add: Any) -> Relaxed:
        """A reduction whose `value` still has its axes, of length one."""
        final_value = (
            value if keepdims else np.squeeze(value, axis=axis if axis is not None else tuple(range(self.ndim)))
        )
        links = ((self.node, lambda into, g: add(into, g.reshape(value.shape))),)
        return Relaxed(self.tape, self.tape.add(Node(final_value, links)))

    def _extreme(self, where: Callable[..., AnyArray], axis: Any, keepdims: bool) -> Relaxed:
        along = _one_axis(axis, self.ndim)
        index = np.expand_dims(where(self.node.value, axis=along), along)
        value = np.take_along_axis(self.node.value, index, along)

        def add(into: FloatArray, gradient: FloatArray) -> None:
            np.put_along_axis(into, index, np.take_along_axis(into, index, along) + gradient, along)

        found = self._reduced(value, along, keepdims, add)
        found.node.affine, found.node.truth = self.node.affine, self.node.truth
        return found


def relax(
    payoff: Callable[[Any], Any], spot: FloatArray, tape: Tape
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """The relaxed cash flows of a payoff, and their gradient.

    Parameters
    ----------
    payoff : callable
        From spots to cash flows.
    spot : ndarray, shape (n_times, n_paths)
    tape : Tape
        A new one.

    Returns
    -------
    flows : ndarray, shape (1, n_paths) or (n_times, n_paths)
    gradient : callable
        From weights of the cash flows, shape (n_flows, 1), to the gradient of their weighted sum in every fixing, shape
        (n_times, n_paths).

    Raises
    ------
    NotRelaxableError
        If the payoff does something that has no relaxation.
    """
    leaf = tape.add(Node(spot, affine=(tuple(range(len(spot))), 1.0, 0.0)))
    found = payoff(Relaxed(tape, leaf))
    if not isinstance(found, Relaxed):
        if isinstance(found, np.ndarray) and found.dtype != object:  # a payoff that does not depend on the spots
            flows = np.atleast_2d(np.asarray(found, dtype=float))
            return flows, lambda _: np.zeros_like(spot)
        raise NotRelaxableError(f"a result of type {type(found).__name__}")
    output, rows = found.node, found.ndim == 2
    if output.value.shape not in ((spot.shape[1],), spot.shape):
        raise NotRelaxableError(f"a result of shape {output.value.shape}")

    def gradient(weights: FloatArray) -> FloatArray:
        return tape.gradient(output, weights if rows else weights[0], leaf)

    return (output.value if rows else output.value[None]), gradient


def _add(into: FloatArray, gradient: FloatArray) -> None:
    into += gradient


def _flip(x: FloatArray, axis: int) -> FloatArray:
    return np.flip(x, axis)


def _one_axis(axis: Any, ndim: int) -> int:
    if axis is None and ndim == 1:
        return 0
    if axis is None or isinstance(axis, tuple):
        raise NotRelaxableError("a reduction over several axes at once")
    return int(axis) % ndim


def _others(x: FloatArray, axis: int) -> FloatArray:
    """Product of all other elements along an axis, zeros included."""
    ones = np.ones_like(np.take(x, [0], axis))
    body = [np.take(x, range(x.shape[axis] - 1), axis), np.take(x, range(1, x.shape[axis]), axis)]
    before = np.concatenate([ones, np.cumprod(body[0], axis)], axis)
    after = np.concatenate([np.flip(np.cumprod(np.flip(body[1], axis), axis), axis), ones], axis)
    return before * after


def _rows(affine: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Which fixings an element or a slice along the dates is."""
    if affine is None or len(shape) != 2 or isinstance(key, tuple):
        return None
    rows = np.asarray(affine[0])[key] if len(affine[0]) == shape[0] else None
    return None if rows is None else (tuple(np.atleast_1d(rows).tolist()), affine[1], affine[2])


def _is_number(x: Any) -> TypeGuard[float]:
    return isinstance(x, (int, float, np.integer, np.floating))


def _constant(x: Any) -> bool:
    return not isinstance(x, Relaxed)


def _value(x: Any) -> Any:
    return x.node.value if isinstance(x, Relaxed) else (np.asarray(x) if not _is_number(x) else x)


def _truth(x: Relaxed) -> Relaxed:
    if not x.node.truth:
        raise NotRelaxableError("logic on amounts (compare them first)")
    return x


def _true(x: Relaxed) -> Relaxed:
    x.node.truth = True
    return x


def _make(
    tape: Tape, value: AnyArray, operands: Sequence[tuple[Any, Any]], truth: bool = False, affine: Any = None
) -> Relaxed:
    """A result with the derivative in each operand; plain operands have none."""
    links = tuple((x.node, elementwise(factor)) for x, factor in operands if isinstance(x, Relaxed))
    return Relaxed(tape, tape.add(Node(np.asarray(value, dtype=float), links, truth, affine)))


def _scaled(x: Any, a: float, b: float) -> Any:
    """The affine mark of a * x + b."""
    mark = x.node.affine if isinstance(x, Relaxed) else None
    return None if mark is None else (mark[0], a * mark[1], a * mark[2] + b)


def _plus(tape: Tape, x: Any, y: Any, sign: float = 1.0) -> Relaxed:
    affine = None
    if _is_number(y):
        affine = _scaled(x, 1.0, sign * float(y))
    elif _is_number(x):
        affine = _scaled(y, sign, float(x))
    return _make(tape, _value(x) + sign * _value(y), [(x, 1.0), (y, sign)], affine=affine)


def _times(tape: Tape, x: Any, y: Any) -> Relaxed:
    a, b = _value(x), _value(y)
    affine = _scaled(x, float(y), 0.0) if _is_number(y) else _scaled(y, float(x), 0.0) if _is_number(x) else None
    return _make(tape, a * b, [(x, b), (y, a)], affine=affine)


def _over(tape: Tape, x: Any, y: Any) -> Relaxed:
    a, b = _value(x), _value(y)
    affine = _scaled(x, 1.0 / float(y), 0.0) if _is_number(y) else None
    return _make(tape, a / b, [(x, 1.0 / b), (y, -a / b**2)], affine=affine)


def _power(tape: Tape, x: Any, y: Any) -> Relaxed:
    if not _constant(y):
        raise NotRelaxableError("a power whose exponent depends on spots")
    a, n = _value(x), _value(y)
    return _make(tape, a**n, [(x, n * a ** (n - 1.0))])


def _unary(function: Callable[[Any], Any], slope: Callable[[Any, Any], Any]) -> Callable[..., Relaxed]:
    def apply(tape: Tape, x: Relaxed) -> Relaxed:
        value = function(x.node.value)
        return _make(tape, value, [(x, slope(x.node.value, value))])

    return apply


def _note_level(tape: Tape, x: Any, y: Any) -> None:
    """Remember at which level which fixings are compared: where a known price may help."""
    difference = _scaled(x, 1.0, -float(y)) if _is_number(y) else _scaled(y, 1.0, -float(x)) if _is_number(x) else None
    if difference is not None and difference[1] != 0.0:
        level = -difference[2] / difference[1]
        if math.isfinite(level) and level > 0.0:
            tape.levels.append((difference[0], level))


def _compared(tape: Tape, x: Any, y: Any, exact: np.ufunc) -> Relaxed:
    """The degree of truth of x > y (or >=): a step of the tape's width."""
    _note_level(tape, x, y)
    difference = np.asarray(_value(x) - _value(y), dtype=float)
    width = tape.next_width(difference)
    if np.ndim(width) == 0 and width == 0.0:
        return _make(tape, exact(_value(x), _value(y)), [(x, 0.0), (y, 0.0)], truth=True)
    value, slope = step(difference / width)
    return _make(tape, value, [(x, slope / width), (y, -slope / width)], truth=True)


def _greater(tape: Tape, x: Any, y: Any) -> Relaxed:
    return _compared(tape, x, y, np.greater)


def _greater_equal(tape: Tape, x: Any, y: Any) -> Relaxed:
    return _compared(tape, x, y, np.greater_equal)


def _maximum(tape: Tape, x: Any, y: Any) -> Relaxed:
    _note_level(tape, x, y)
    a, b = _value(x), _value(y)
    if tape.smooth_kinks:
        width = tape.next_width(np.asarray(a - b, dtype=float))
        if np.ndim(width) or width != 0.0:
            rounded, slope = ramp((a - b) / width)
            return _make(tape, b + width * rounded, [(x, slope), (y, 1.0 - slope)])
    first = a > b
    return _make(tape, np.where(first, a, b), [(x, first), (y, ~first)])


def _minimum(tape: Tape, x: Any, y: Any) -> Relaxed:
    return -_maximum(tape, -x, -y)


def _not(tape: Tape, x: Relaxed) -> Relaxed:
    return _true(_plus(tape, 1.0, _truth(x), -1.0))


def _soft(x: Any) -> Any:
    return _truth(x) if isinstance(x, Relaxed) else np.asarray(x, dtype=float)


def _and(tape: Tape, x: Any, y: Any) -> Relaxed:
    return _true(_times(tape, _soft(x), _soft(y)))


def _or(tape: Tape, x: Any, y: Any) -> Relaxed:
    a, b = _soft(x), _soft(y)
    return _true(
        _make(tape, _value(a) + _value(b) - _value(a) * _value(b), [(a, 1.0 - _value(b)), (b, 1.0 - _value(a))])
    )


def _xor(tape: Tape, x: Any, y: Any) -> Relaxed:
    a, b = _soft(x), _soft(y)
    value = _value(a) + _value(b) - 2.0 * _value(a) * _value(b)
    return _true(_make(tape, value, [(a, 1.0 - 2.0 * _value(b)), (b, 1.0 - 2.0 * _value(a))]))


def _where(condition: Any, x: Any, y: Any) -> Any:
    tape = next(z.tape for z in (condition, x, y) if isinstance(z, Relaxed))
    a, b = _value(x), _value(y)
    if isinstance(condition, Relaxed):
        c = _truth(condition).node.value
        # Written so that a degree of truth of exactly 0 or 1 gives exactly one of the two.
        return _make(tape, c * a + (1.0 - c) * b, [(condition, a - b), (x, c), (y, 1.0 - c)])
    return _make(tape, np.where(condition, a, b), [(x, np.asarray(condition)), (y, ~np.asarray(condition, dtype=bool))])


def _concatenate(arrays: Sequence[Any], axis: int = 0, **_: Any) -> Relaxed:
    tape = next(a.tape for a in arrays if isinstance(a, Relaxed))
    values = [np.asarray(_value(a)) for a in arrays]
    ends = np.cumsum([v.shape[axis] for v in values])

    def part(k: int) -> Any:
        index = range(ends[k] - values[k].shape[axis], ends[k])
        return lambda into, g: _add(into, np.take(g, index, axis))

    links = tuple((a.node, part(k)) for k, a in enumerate(arrays) if isinstance(a, Relaxed))
    truth = all(a.node.truth for a in arrays if isinstance(a, Relaxed))
    return Relaxed(tape, tape.add(Node(np.concatenate(values, axis, dtype=float), links, truth)))


def _stack(arrays: Sequence[Any], axis: int = 0, **_: Any) -> Relaxed:
    return _concatenate([_expand_dims(a, axis) for a in arrays], axis)


def _expand_dims(a: Any, axis: int) -> Any:
    if not isinstance(a, Relaxed):
        return np.expand_dims(a, axis)
    return a.reshape(np.expand_dims(a.node.value, axis).shape)


def _diff(a: Relaxed, n: int = 1, axis: int = -1, **kwargs: Any) -> Relaxed:
    if n != 1 or axis % a.ndim != 0:
        raise NotRelaxableError("np.diff other than of first order along the dates")
    if "prepend" in kwargs:
        first = np.broadcast_to(_value(kwargs["prepend"]), (1, *a.shape[1:]))
        a = _concatenate([first, a])
    return a[1:] - a[:-1]


def _running(sign: float) -> Callable[..., Relaxed]:
    """Running maximum (sign 1) or minimum (sign -1) along the dates."""

    def apply(a: Relaxed, axis: int = 0, **_: Any) -> Relaxed:
        if axis % a.ndim != 0:
            raise NotRelaxableError("a running extreme other than along the dates")
        x = sign * a.node.value
        peaks = np.maximum.accumulate(x, axis=0)
        rows = np.arange(len(x)).reshape(-1, *([1] * (x.ndim - 1)))
        source = np.maximum.accumulate(np.where(x == peaks, rows, 0), axis=0)

        def add(into: FloatArray, gradient: FloatArray) -> None:
            np.add.at(into, (source, *np.indices(x.shape)[1:]), gradient)

        return a._shaped(sign * peaks, add)

    return apply


def _full(value: float) -> Callable[..., AnyArray]:
    return lambda a, *_, **__: np.full(a.shape, value)


UFUNCS: dict[str, Callable[..., Relaxed]] = {
    "add": _plus,
    "subtract": lambda tape, x, y: _plus(tape, x, y, -1.0),
    "multiply": _times,
    "divide": _over,
    "negative": lambda tape, x: _times(tape, x, -1.0),
    "positive": lambda tape, x: x,
    "power": _power,
    "square": lambda tape, x: _times(tape, x, x),
    "sqrt": _unary(np.sqrt, lambda x, y: 0.5 / y),
    "exp": _unary(np.exp, lambda x, y: y),
    "expm1": _unary(np.expm1, lambda x, y: y + 1.0),
    "log": _unary(np.log, lambda x, y: 1.0 / x),
    "log1p": _unary(np.log1p, lambda x, y: 1.0 / (1.0 + x)),
    "absolute": lambda tape, x: _maximum(tape, x, -x),
    "fabs": lambda tape, x: _maximum(tape, x, -x),
    "reciprocal": lambda tape, x: _over(tape, 1.0, x),
    "maximum": _maximum,
    "fmax": _maximum,
    "minimum": _minimum,
    "fmin": _minimum,
    "greater": _greater,
    "greater_equal": _greater_equal,
    "less": lambda tape, x, y: _greater(tape, y, x),
    "less_equal": lambda tape, x, y: _greater_equal(tape, y, x),
    "sign": lambda tape, x: 2.0 * _greater(tape, x, 0.0) - 1.0,
    "logical_not": _not,
    "invert": _not,
    "logical_and": _and,
    "bitwise_and": _and,
    "logical_or": _or,
    "bitwise_or": _or,
    "logical_xor": _xor,
    "bitwise_xor": _xor,
}
REDUCTIONS: dict[tuple[str, str], Callable[..., Relaxed]] = {
    ("add", "reduce"): Relaxed.sum,
    ("multiply", "reduce"): Relaxed.prod,
    ("maximum", "reduce"): Relaxed.max,
    ("minimum", "reduce"): Relaxed.min,
    ("logical_and", "reduce"): Relaxed.all,
    ("logical_or", "reduce"): Relaxed.any,
    ("bitwise_and", "reduce"): Relaxed.all,
    ("bitwise_or", "reduce"): Relaxed.any,
    ("add", "accumulate"): Relaxed.cumsum,
    ("maximum", "accumulate"): _running(1.0),
    ("minimum", "accumulate"): _running(-1.0),
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": _where,
    "clip": lambda a, a_min=None, a_max=None, **kwargs: Relaxed.clip(a, a_min, a_max, **kwargs),
    "sum": Relaxed.sum,
    "mean": Relaxed.mean,
    "average": lambda a, axis=None: Relaxed.mean(a, axis),
    "prod": Relaxed.prod,
    "max": Relaxed.max,
    "amax": Relaxed.max,
    "min": Relaxed.min,
    "amin": Relaxed.min,
    "all": Relaxed.all,
    "any": Relaxed.any,
    "count_nonzero": lambda a, axis=None, **_: Relaxed.sum(_truth(a), axis),
    "cumsum": Relaxed.cumsum,
    "concatenate": _concatenate,
    "stack": _stack,
    "vstack": lambda arrays, **_: _concatenate([a if np.ndim(_value(a)) > 1 else _expand_dims(a, 0) for a in arrays]),
    "expand_dims": _expand_dims,
    "squeeze": Relaxed.squeeze,
    "reshape": lambda a, shape, **_: Relaxed.reshape(a, shape),
    "diff": _diff,
    "copy": lambda a, **_: a,
    "zeros_like": _full(0.0),
    "ones_like": _full(1.0),
    "full_like": lambda a, fill_value, **_: np.full(a.shape, fill_value),
    "ndim": lambda a: a.ndim,
    "shape": lambda a: a.shape,
    "size": lambda a: a.size,
}
