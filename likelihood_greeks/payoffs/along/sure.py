"""Payoffs that pay what they pay whatever happens within reach: told from their conditions, not from paths."""

from __future__ import annotations

import numpy as np

from ..._typing import FloatArray
from .pieces import Pieces
from .points import ENDLESS, Crossed, Extreme, Monomial, Point


def surely_same(pieces: Pieces, spot: FloatArray, far: float) -> bool:
    """Whether a payoff pays a constant while no product of spots goes further than so many deviations from its mean.

    Every condition is true, false, or open within that reach; all of several are false if one of them is, and so on. A
    payoff whose conditions decide what it pays, the open ones having no say, can pay nothing else.

    Parameters
    ----------
    pieces : Pieces
        Of the payoff.
    spot : ndarray, shape (n_times, n_paths)
        Paths of the law, which tell means and deviations of logarithms.
    far : float
        Standard deviations. They bound what is reached only if the log-spots are normal: others go far beyond
        what those of a sample say.
    """
    logs, beyond = np.log(spot), list[bool | None]()
    for point in pieces.points:
        beyond.append(_beyond(point, beyond, logs, far))
    for low, high, paid in zip(pieces.low, pieces.high, pieces.paid, strict=True):
        after = True if low == ENDLESS else beyond[low]
        before = True if high == ENDLESS else _not(beyond[high])
        if after is False or before is False:
            continue
        if after is None or before is None or pieces.monomials[paid]:
            return False
    return True


def _beyond(point: Point, before: list[bool | None], logs: FloatArray, far: float) -> bool | None:
    """Whether all paths within reach are beyond a point (True), none is (False), or either may be (None)."""
    match point:
        case Crossed():
            own = _logarithm(point.monomial, logs)
            gap, reach = float(own.mean() - np.log(point.level)), far * float(own.std())
            return None if abs(gap) <= reach else gap > 0.0
        case Extreme():
            members = [before[k] for k in point.members]
            if point.last:
                return False if False in members else None if None in members else True
            return True if True in members else None if None in members else False
    return None


def _logarithm(monomial: Monomial, logs: FloatArray) -> FloatArray:
    """The logarithm of a product of powers of spots, shape (n_paths,)."""
    return np.asarray(sum((power * logs[row] for row, power in monomial), np.zeros(logs.shape[1])))


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value
