"""Payoffs that pay what they pay whatever happens within reach: told from their conditions, not from paths."""

from __future__ import annotations

import numpy as np

from ..._typing import FloatArray
from .pieces import Pieces
from .points import ENDLESS, Crossed, Extreme, Monomial, Point

APART, SAME = 1e-14, 1e-14  # distances of logarithms, and payments, that are one but for rounding


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


def surely_same_in_pairs(pieces: Pieces, spot: FloatArray, far: float) -> bool:
    """Whether a payoff of one date pays a constant on the two paths of every antithetic pair together, within reach.

    It pays constants between levels, and what a pair is paid changes only where one of its two paths comes to a level:
    a pair between any two such distances from the middle tells what all of them are paid.

    Parameters
    ----------
    pieces, far
        As for `surely_same`.
    spot : ndarray, shape (1, n_paths)
        Antithetic paths of a law whose log-spots are normal.
    """
    crossed = [point for point in pieces.points if isinstance(point, Crossed)]
    followed = all(isinstance(point, (Crossed, Extreme)) for point in pieces.points)
    if len(spot) != 1 or not followed or any(pieces.monomials[paid] for paid in pieces.paid):
        return False
    logs = np.log(spot[0])
    middle, end = float(logs.mean()), far * float(logs.std())
    gaps = [abs(float(np.log(point.level)) / sum(p for _, p in point.monomial) - middle) for point in crossed]
    ends = np.unique(np.minimum([0.0, *gaps, end], end))
    apart = np.diff(ends) > APART * max(abs(middle), 1.0)
    between = (0.5 * (ends[1:] + ends[:-1]))[apart]
    above, below = (pieces.cash_flows(np.exp(middle + sign * between)[None]) for sign in (1.0, -1.0))
    paid = above + below
    return bool(np.all(np.ptp(paid, axis=1) <= SAME * np.abs([above, below]).max()))


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
