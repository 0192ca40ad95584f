"""What each elementwise operation does to nodes: the value, the derivative in each operand, and what it leaves marked.

A rule takes a tape and nodes and returns a node. A comparison becomes a C¹ step of compact support; logic becomes
arithmetic of degrees of truth (`and` a product); everything else is NumPy's own. Derivatives are worked out in the
reverse pass only. What would make a relaxed value jump, or have no mean, is refused: see `NotRelaxableError`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ..._typing import AnyArray, FloatArray
from .marks import Mark
from .tape import Adder, Node, NotRelaxableError, Tape, ramp, step

Factor: TypeAlias = Callable[[], AnyArray | float]
"""The derivative of a result in an operand, when asked."""


def made(
    tape: Tape,
    value: AnyArray,
    derivatives: Sequence[tuple[Node, Factor]],
    truth: bool = False,
    *,
    mark: Mark | None = None,
) -> Node:
    """A result with its derivative in each operand."""
    return tape.add(value, [(x, elementwise(factor)) for x, factor in derivatives], truth, mark)


def elementwise(factor: Factor) -> Adder:
    """The adder of an elementwise operation whose derivative in the operand is `factor`."""

    def add(into: FloatArray, gradient: FloatArray) -> None:
        into += summed_to(into.shape, gradient * factor())

    return add


def summed_to(shape: tuple[int, ...], sent: FloatArray) -> FloatArray:
    """Sums over the axes along which an operand of some shape was broadcast."""
    extra = sent.ndim - len(shape)
    axes = [*range(extra), *(extra + k for k, n in enumerate(shape) if n == 1 != sent.shape[extra + k])]
    return sent.sum(axis=tuple(axes)).reshape(shape) if axes else sent


def constant(value: AnyArray | float, truth: bool = False) -> Node:
    """A node that does not depend on the spots."""
    return Node(np.asarray(value, dtype=float), truth=truth)


def logical(x: Node) -> Node:
    """The node itself, if it is a degree of truth."""
    if not x.truth:
        raise NotRelaxableError("logic on amounts (compare them first)")
    return x


def _zero() -> float:
    return 0.0


def _one() -> float:
    return 1.0


def _number(x: Node) -> float | None:
    return float(x.value) if x.value.ndim == 0 else None


def _mark(x: Node) -> Mark | None:
    number = _number(x)
    return x.mark if number is None else Mark((), 0.0, number)


def _sum_mark(x: Node, y: Node, sign: float) -> Mark | None:
    first, second = _mark(x), _mark(y)
    return first.plus(second.scaled(sign)) if first and second else None


def _finite(slope: AnyArray) -> AnyArray:
    """A derivative, 0 where it is infinite: there it only ever meets a 0, as in sqrt(max(x, 0))."""
    return np.where(np.isfinite(slope), slope, 0.0)


# -- arithmetic --------------------------------------------------------------------------------------------------------


def plus(tape: Tape, x: Node, y: Node) -> Node:
    """The sum x + y; of two conditions, either."""
    if x.truth and y.truth:  # as NumPy adds booleans
        return either(tape, x, y)
    return made(tape, x.value + y.value, [(x, _one), (y, _one)], mark=_sum_mark(x, y, 1.0))


def minus(tape: Tape, x: Node, y: Node) -> Node:
    """The difference x - y."""
    return made(tape, x.value - y.value, [(x, _one), (y, lambda: -1.0)], mark=_sum_mark(x, y, -1.0))


def times(tape: Tape, x: Node, y: Node) -> Node:
    """The product x * y; of two conditions, both."""
    a, b, m, n = x.value, y.value, _number(x), _number(y)
    mark = x.mark.scaled(n) if x.mark and n is not None else y.mark.scaled(m) if y.mark and m is not None else None
    truth = x.truth and y.truth
    return made(tape, a * b, [(x, lambda: b), (y, lambda: a)], truth, mark=mark)


def negative(tape: Tape, x: Node) -> Node:
    """The value -x."""
    return times(tape, x, constant(-1.0))


def over(tape: Tape, x: Node, y: Node) -> Node:
    """The quotient x / y."""
    a, b, n = x.value, _keeping_sign(y), _number(y)
    mark = x.mark.over(n) if x.mark and n is not None else None
    return made(tape, a / b, [(x, lambda: 1.0 / b), (y, lambda: -a / b**2)], mark=mark)


def power(tape: Tape, x: Node, y: Node) -> Node:
    """The power x ** y."""
    if y.live and not (x.value > 0.0).all():
        raise NotRelaxableError("an exponent that depends on spots, of an amount that may not be positive")
    a = x.value if (y.value >= 0.0).all() else _keeping_sign(x)
    if (y.value <= 0.5).any() and not (y.value == 0.0).all():
        _away_from_zero(x, "a root")
    n = float(y.value) if y.value.ndim == 0 else y.value  # NumPy squares and takes roots for exponents that are numbers
    value = a**n
    return made(tape, value, [(x, lambda: _finite(n * a ** (n - 1.0))), (y, lambda: value * np.log(a))])


def _keeping_sign(x: Node) -> FloatArray:
    """The value of a divisor: near a zero of it the payoff might have no mean once its conditions are relaxed."""
    if x.live and not ((x.value > 0.0).all() or (x.value < 0.0).all()):
        raise NotRelaxableError("division by an amount that may be zero")
    _away_from_zero(x, "division")
    return x.value


def _away_from_zero(x: Node, what: str) -> None:
    """Refuse an argument near which the slope of `what` has no variance."""
    size = np.abs(x.value)
    if x.live and size.min() < NEAR_ZERO * np.sqrt((size**2).mean()):
        raise NotRelaxableError(f"{what} of, or by, an amount that comes near zero")


SLOPES: dict[np.ufunc, Callable[[AnyArray, AnyArray], AnyArray]] = {
    np.sqrt: lambda _, y: 0.5 / y,
    np.exp: lambda _, y: y,
    np.expm1: lambda _, y: y + 1.0,
    np.log: lambda x, _: 1.0 / x,
    np.log1p: lambda x, _: 1.0 / (1.0 + x),
    np.log2: lambda x, _: 1.0 / (x * np.log(2.0)),
    np.log10: lambda x, _: 1.0 / (x * np.log(10.0)),
}
"""Derivatives of smooth functions, from the argument and the value."""

ROOTS = (np.sqrt, np.log, np.log2, np.log10)
NEAR_ZERO = 1e-3  # of the root mean square


def smooth(function: np.ufunc) -> Callable[[Tape, Node], Node]:
    """The rule of one of the functions in `SLOPES`."""

    def apply(tape: Tape, x: Node) -> Node:
        if function in ROOTS:
            _away_from_zero(x, f"np.{function.__name__}")
        value = function(x.value)
        return made(tape, value, [(x, lambda: _finite(SLOPES[function](x.value, value)))])

    return apply


# -- comparisons and choices -------------------------------------------------------------------------------------------


def greater(tape: Tape, x: Node, y: Node) -> Node:
    """The degree of truth of x > y."""
    return _compared(tape, x, y, np.greater)


def greater_equal(tape: Tape, x: Node, y: Node) -> Node:
    """The degree of truth of x >= y."""
    return _compared(tape, x, y, np.greater_equal)


def _compared(tape: Tape, x: Node, y: Node, exact: np.ufunc) -> Node:
    difference = np.asarray(x.value - y.value)
    if not np.isfinite(difference).all():
        raise NotRelaxableError("a comparison of amounts that are not finite")
    if not (x.live or y.live):
        return constant(exact(x.value, y.value), truth=True)
    tape.note(_sum_mark(x, y, -1.0))
    width = tape.next_width(difference)
    if np.ndim(width) == 0 and width == 0.0:
        return made(tape, exact(x.value, y.value), [(x, _zero), (y, _zero)], truth=True)
    value, slope = step(difference / width)
    return made(tape, value, [(x, lambda: slope / width), (y, lambda: -slope / width)], truth=True)


def maximum(tape: Tape, x: Node, y: Node) -> Node:
    """The larger of two values."""
    return _extreme(tape, x, y, np.maximum, 1.0)


def minimum(tape: Tape, x: Node, y: Node) -> Node:
    """The smaller of two values."""
    return _extreme(tape, x, y, np.minimum, -1.0)


def _extreme(tape: Tape, x: Node, y: Node, exact: np.ufunc, sign: float) -> Node:
    a, b, truth = x.value, y.value, x.truth and y.truth
    tape.note(_sum_mark(x, y, -1.0))
    if tape.smooth_kinks and not truth and (x.live or y.live):
        width = tape.next_width(np.asarray(a - b))
        if np.ndim(width) or width != 0.0:
            rounded, slope = ramp(sign * (a - b) / width)
            return made(tape, b + sign * width * rounded, [(x, lambda: slope), (y, lambda: 1.0 - slope)])
    value = exact(a, b)
    return made(tape, value, [(x, lambda: value != b), (y, lambda: value == b)], truth)


def absolute(tape: Tape, x: Node) -> Node:
    """The larger of x and -x."""
    return maximum(tape, x, negative(tape, x))


def sign(tape: Tape, x: Node) -> Node:
    """Whether x > 0, less whether x < 0."""
    return minus(tape, greater(tape, x, constant(0.0)), greater(tape, constant(0.0), x))


def heaviside(tape: Tape, x: Node, at_zero: Node) -> Node:
    """Whether x > 0, or `at_zero` where x = 0."""
    tie = times(tape, at_zero, greater_equal(tape, x, constant(0.0)))
    return where(tape, greater(tape, x, constant(0.0)), constant(1.0), tie)


def where(tape: Tape, condition: Node, x: Node, y: Node) -> Node:
    """The mean of x and y, weighted by a degree of truth: exactly one of them where it is exactly 1 or 0."""
    a, b, c, truth = x.value, y.value, condition.value, x.truth and y.truth
    if not condition.live:
        first = c != 0.0
        return made(tape, np.where(first, a, b), [(x, lambda: first), (y, lambda: ~first)], truth)
    logical(condition)
    derivatives: list[tuple[Node, Factor]] = [(condition, lambda: a - b), (x, lambda: c), (y, lambda: 1.0 - c)]
    return made(tape, c * a + (1.0 - c) * b, derivatives, truth)


# -- logic -------------------------------------------------------------------------------------------------------------


def opposite(tape: Tape, x: Node) -> Node:
    """Not x."""
    return made(tape, 1.0 - logical(x).value, [(x, lambda: -1.0)], truth=True)


def both(tape: Tape, x: Node, y: Node) -> Node:
    """The condition x and y."""
    return times(tape, logical(x), logical(y))


def either(tape: Tape, x: Node, y: Node) -> Node:
    """The condition x or y."""
    a, b = logical(x).value, logical(y).value
    return made(tape, a + b - a * b, [(x, lambda: 1.0 - b), (y, lambda: 1.0 - a)], truth=True)


def one_of(tape: Tape, x: Node, y: Node) -> Node:
    """Either x or y, and not both."""
    a, b = logical(x).value, logical(y).value
    return made(tape, a + b - 2.0 * a * b, [(x, lambda: 1.0 - 2.0 * b), (y, lambda: 1.0 - 2.0 * a)], truth=True)
