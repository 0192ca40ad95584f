r"""Derivatives by differences, for laws that state only `simulate` and `log_density`.

The scores are derivatives of the user's own log-density at *fixed* sample points, so differencing them adds no
bias of the bump-and-reprice kind: the payoff is never re-evaluated. Five-point central differences are taken with
steps that shrink until two of them agree, to a relative error below 1e-6 (usually near 1e-10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.differences import five_point
from ..numerics.jets import Jet
from ..parameters import Derivative

# Relative, by order: truncation errors of order step**4, rounding errors of order 1e-16 / step**order.
STEPS = {1: 1e-3, 2: 5e-3}
SHRINK = (1.0, 1 / 8, 1 / 64, 1 / 512, 1 / 4096)
SETTLED, ROUGHEST = 1e-6, 0.01


def steps(sizes: Mapping[str, float], order: int) -> dict[str, float]:
    """The steps of differences of an order, from the sizes of the coordinates."""
    return {name: STEPS[order] * size for name, size in sizes.items()}


def settled_difference(
    function: Callable[[dict[str, float]], FloatArray], derivative: Derivative, sizes: Mapping[str, float]
) -> FloatArray:
    """First or second derivative of `function` (of shifts) at zero shift, by a difference whose step has settled."""
    own = steps(sizes, len(derivative))

    def difference(shrink: float) -> FloatArray:
        return np.asarray(five_point(function, derivative, {name: shrink * step for name, step in own.items()}))

    return _settled(difference, derivative)


def jet(function: Callable[[dict[str, float]], AnyArray], names: Sequence[str], sizes: Mapping[str, float]) -> Jet:
    """A function of shifts of the coordinates `names`, with its first and second derivatives by differences."""
    first, second = (steps(sizes, order) for order in (1, 2))
    gradient = np.stack([five_point(function, (a,), first) for a in names])
    hessian = np.stack([[five_point(function, tuple(sorted((a, b))), second) for b in names] for a in names])
    return Jet(tuple(names), function({}), gradient, hessian)


def _settled(difference: Callable[[float], FloatArray], derivative: Derivative) -> FloatArray:
    """A difference whose step was shrunk until it is inside the parameter's domain and no longer matters.

    Of the steps tried, the one that a step eight times smaller changes least; a change of more than a per cent (root
    mean square) is refused. A density with kinks (Laplace) has that much on the few points next to a kink.
    """
    failure, last = "it is not finite", None
    best: tuple[float, FloatArray | None] = (ROUGHEST, None)
    for shrink in SHRINK:
        try:
            with np.errstate(all="ignore"):
                value = difference(shrink)
        except ValueError as error:
            failure = str(error)
            continue
        if not np.all(np.isfinite(value)):
            continue
        if last is not None:
            size = np.sqrt(np.mean(value**2))
            gap = np.sqrt(np.mean((value - last) ** 2)) / size if size > 0.0 else 0.0
            failure = f"it changes by {gap:.1%} with the step of the difference"
            best = min(best, (float(gap), last), key=lambda pair: pair[0])
            if gap <= SETTLED:
                break
        last = value
    if best[1] is None:
        raise ValueError(f"log_density has no derivative in {' and '.join(derivative)}: {failure}")
    return best[1]
