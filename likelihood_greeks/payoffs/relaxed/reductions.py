"""What reductions, indexing and joining do to nodes: along dates and assets, never along the paths.

The last axis of every node is that of the paths. Whatever would mix paths, or pick some of them, is refused: the cash
flow of a path must not depend on another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsIndex, final

import numpy as np

from ..._compiled import kernels
from ..._typing import FloatArray
from .elementwise import constant, logical, opposite, over
from .marks import Mark
from .tape import Adder, Node, NotRelaxableError, OneDate, Tape

BASIC = (int, np.integer, slice, type(None), type(Ellipsis))
"""Indices that make views; others make copies, perhaps of an element twice."""


def _axes(axis: SupportsIndex | Sequence[SupportsIndex] | None, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction, none of them that of the paths."""
    if axis is None:
        raise NotRelaxableError("a reduction over the paths (name the axis of the dates)")
    found = tuple(int(k) % ndim for k in (axis if isinstance(axis, Sequence) else (axis,)))
    if ndim - 1 in found:
        raise NotRelaxableError("an operation along the paths: the cash flow of one would depend on another")
    return found


def _axis(axis: Any, ndim: int) -> int:
    found = _axes(axis, ndim)
    if len(found) > 1:
        raise NotRelaxableError("this reduction over several axes at once")
    return found[0]


# -- reductions --------------------------------------------------------------------------------------------------------


def _reduced(tape: Tape, kept: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    """A reduction with or without the axes of length one that it leaves."""

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into += np.expand_dims(gradient, axes)

    if keepdims:
        return kept
    return tape.add(kept.value.squeeze(axes).copy(), [(kept, add)], kept.truth, kept.mark)


def _add(into: FloatArray, gradient: FloatArray) -> None:
    into += gradient


def total(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """Sum over some axes; of conditions, how many hold."""
    axes = _axes(axis, x.value.ndim)
    mark = x.mark.summed(len(x.value), 1.0 * len(x.value)) if x.mark and axes == (0,) else None
    kept = tape.add(x.value.sum(axis=axes, keepdims=True), [(x, _add)], mark=mark)
    return _reduced(tape, kept, axes, keepdims)


def mean(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """Mean over some axes."""
    count = math.prod(x.value.shape[k] for k in _axes(axis, x.value.ndim))
    return over(tape, total(tape, x, axis, keepdims), constant(float(count)))


def product(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False, truth: bool = False) -> Node:
    """Product over one axis."""
    along = _axis(axis, x.value.ndim)

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into += gradient * _others(x.value, along)

    kept = tape.add(x.value.prod(axis=along, keepdims=True), [(x, add)], truth)
    return _reduced(tape, kept, (along,), keepdims)


def _others(x: FloatArray, axis: int) -> FloatArray:
    """Product of all other elements along an axis, zeros included."""
    rows = np.moveaxis(x, axis, 0)
    ones = np.ones_like(rows[:1])
    before = np.concatenate([ones, rows[:-1].cumprod(axis=0)])
    after = np.concatenate([rows[:0:-1].cumprod(axis=0)[::-1], ones])
    return np.moveaxis(before * after, 0, axis)


def all_of(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """Whether all hold."""
    return product(tape, logical(x), axis, keepdims, truth=True)


def any_of(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """Whether any holds."""
    return opposite(tape, all_of(tape, opposite(tape, x), axis, keepdims))


def largest(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """Maximum over one axis."""
    return _extreme(tape, x, axis, keepdims, np.argmax)


def smallest(tape: Tape, x: Node, axis: Any = None, keepdims: bool = False) -> Node:
    """Minimum over one axis."""
    return _extreme(tape, x, axis, keepdims, np.argmin)


def _extreme(tape: Tape, x: Node, axis: Any, keepdims: bool, first: Callable[..., Any]) -> Node:
    along = _axis(axis, x.value.ndim)
    value = (np.max if first is np.argmax else np.min)(x.value, axis=along, keepdims=True)
    mark = x.mark.reduced("max" if first is np.argmax else "min") if x.mark else None
    adder = _ToExtreme(x.value, value, along, first)
    return _reduced(tape, tape.add(value, [(x, adder)], x.truth, mark), (along,), keepdims)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _ToExtreme:
    """Adds to the gradient where an extreme along an axis, which is kept, is attained: at a tie the first counts."""

    x: FloatArray
    value: FloatArray
    axis: int
    first: Callable[..., Any]

    def __call__(self, into: FloatArray, gradient: FloatArray) -> None:
        """Add it."""
        index = self._attained()
        np.put_along_axis(into, index, np.take_along_axis(into, index, self.axis) + gradient, self.axis)

    def sent(self, gradient: FloatArray) -> OneDate | None:
        """What it adds to one asset's spots by date; None of other operands."""
        if self.x.ndim != 2 or self.axis:
            return None
        return OneDate(self._attained()[0], gradient[0], len(self.x))

    def _attained(self) -> Any:
        if self.axis == 0 and self.x.ndim > 1 and (compiled := kernels("travel")):
            return compiled.first_attained(self.x.reshape(len(self.x), -1), self.value.ravel()).reshape(
                self.value.shape
            )
        return np.expand_dims(self.first(self.x, axis=self.axis), self.axis)


# -- running reductions ------------------------------------------------------------------------------------------------


def running_total(tape: Tape, x: Node, axis: Any = None) -> Node:
    """Sums so far."""
    along = _axis(axis, x.value.ndim)

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into += np.flip(np.flip(gradient, along).cumsum(axis=along), along)

    return tape.add(x.value.cumsum(axis=along), [(x, add)])


def running_largest(tape: Tape, x: Node, axis: Any = 0) -> Node:
    """Maxima so far; of conditions, whether any has held."""
    return _running(tape, x, axis, np.maximum)


def running_smallest(tape: Tape, x: Node, axis: Any = 0) -> Node:
    """Minima so far; of conditions, whether all have held."""
    return _running(tape, x, axis, np.minimum)


def _running(tape: Tape, x: Node, axis: Any, extreme: np.ufunc) -> Node:
    along = _axis(axis, x.value.ndim)
    value = extreme.accumulate(x.value, axis=along)

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into, gradient, running = (np.moveaxis(z, along, 0) for z in (into, gradient, value))
        carried = np.zeros(running.shape[1:])  # from all later dates at which the extreme is still the same
        for k in range(len(running) - 1, -1, -1):
            carried += gradient[k]
            fresh = running[k] != running[k - 1] if k else np.True_
            into[k] += np.where(fresh, carried, 0.0)
            carried = np.where(fresh, 0.0, carried)

    return tape.add(value, [(x, add)], x.truth)


# -- indexing, shapes and joining --------------------------------------------------------------------------------------


def taken(tape: Tape, x: Node, key: tuple[Any, ...]) -> Node:
    """Some dates or assets."""
    if not _whole_paths(key, x.value.ndim):
        raise NotRelaxableError("an index along the paths")
    basic = all(isinstance(k, BASIC) for k in key)

    def add(into: FloatArray, gradient: FloatArray) -> None:
        if basic:
            into[key] += gradient
        else:
            np.add.at(into, key, gradient)

    by_date = x.mark and key and key[0] is not None and all(_is_whole(k) for k in key[1:])
    mark = x.mark.taken(key[0], len(x.value)) if x.mark and by_date else None
    return tape.add(x.value[key], [(x, add)], x.truth, mark)


def _is_whole(k: Any) -> bool:
    return k is Ellipsis or (isinstance(k, slice) and k == slice(None))


def _whole_paths(key: tuple[Any, ...], ndim: int) -> bool:
    """Whether an index leaves the last axis, that of the paths, as it is."""
    if not key or (key[-1] is not Ellipsis and _is_whole(key[-1])):
        return True
    used = sum(
        k.ndim if isinstance(k, np.ndarray) and k.dtype == bool else k is not None and k is not Ellipsis for k in key
    )
    return used < ndim and not any(k is Ellipsis for k in key[:-1])


def with_rows(tape: Tape, x: Node, rows: Mapping[int, Node]) -> Node:
    """A copy with some rows replaced, by nodes of a row's shape."""
    value = x.value.copy()
    for k, row in rows.items():
        value[k] = row.value

    def add_kept(into: FloatArray, gradient: FloatArray) -> None:
        kept = np.ones((len(value), *[1] * (value.ndim - 1)))
        kept[list(rows)] = 0.0
        into += kept * gradient

    def row_adder(k: int) -> Adder:
        return lambda into, gradient: _add(into, gradient[k])

    return tape.add(value, [(x, add_kept), *((row, row_adder(k)) for k, row in rows.items())], x.truth)


def reshaped(tape: Tape, x: Node, shape: Any) -> Node:
    """Another shape of the axes before the last."""
    value = x.value.reshape(shape)
    if value.shape[-1:] != x.value.shape[-1:]:
        raise NotRelaxableError("a change of shape that moves or joins the paths")

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into += gradient.reshape(into.shape)

    return tape.add(value, [(x, add)], x.truth)


def joined(tape: Tape, parts: Sequence[Node], axis: int) -> Node:
    """Arrays one after the other along an axis."""
    n_paths = max(x.value.shape[-1] for x in parts)
    values = [np.broadcast_to(x.value, (*x.value.shape[:-1], n_paths)) for x in parts]
    along = _axis(axis, values[0].ndim)
    ends = np.cumsum([v.shape[along] for v in values])

    def part_adder(k: int) -> Adder:
        part = (*[slice(None)] * along, slice(ends[k] - values[k].shape[along], ends[k]))
        return lambda into, gradient: _add(into, gradient[part])

    links = [(x, part_adder(k)) for k, x in enumerate(parts)]
    mark = _mark_after(parts[:-1], parts[-1]) if along == 0 else None
    return tape.add(np.concatenate(values, along), links, all(x.truth for x in parts), mark)


def _mark_after(known: Sequence[Node], x: Node) -> Mark | None:
    """The mark of a value by date with numbers joined before it, the same on every path."""
    if x.mark is None or any(part.live or part.value.ndim != 2 or np.ptp(part.value, axis=1).any() for part in known):
        return None
    numbers = [number for part in known for number in part.value[:, 0].tolist()]
    return x.mark.after(tuple(numbers), len(x.value))


def weighted(tape: Tape, weights: FloatArray, x: Node) -> Node:
    """The matrix product of plain weights, shape (n_dates,) or (n, n_dates), and a value by date."""
    if x.value.ndim != 2:
        raise NotRelaxableError("a matrix product other than of weights and one asset's spots by date")
    rows = np.atleast_2d(weights)

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into += rows.T @ np.atleast_2d(gradient)

    follows = x.mark and weights.ndim == 1 and not (x.mark.known and np.ptp(weights))
    mark = x.mark.summed(len(x.value), float(weights.sum())) if x.mark and follows else None
    return tape.add(weights @ x.value, [(x, add)], mark=mark)
