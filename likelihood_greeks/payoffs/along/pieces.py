"""Payoffs as sums of exponentials on intervals of a line, read off the payoff's own operations.

The payoff is called once with an array that follows what it does (`array`). What comes back is compared with the payoff
itself, on paths such as it may see and on paths far and wide; what cannot be followed has no pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...numerics.arrays import once
from ..protocol import Contract, cash_flows, stated_payments
from .amounts import WHOLE, Amount, plain, told_apart
from .array import Followed
from .points import ENDLESS, Crossed, Extreme, Hull, Monomial, NotPlacedError, Point, Points, Risen, Summed

PROBES, SPREAD = 64, (0.15, 0.6, 2.5)  # paths tried, and deviations of their logarithms
ROUNDING = 1e-9  # how equal is equal
MOST_PIECES, MOST_PATHS = 1200, 512


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """What a payoff pays: coefficients times monomials of the spots, each between two points of a line.

    Attributes
    ----------
    points : tuple of Point
        Members of extremes are numbers of earlier ones.
    monomials : tuple of Monomial
        Those paid.
    low, high : ndarray of int, shape (n_terms,)
        Numbers of the points between which a term is paid; `ENDLESS` for none.
    paid : ndarray of int, shape (n_terms,)
        The monomial.
    coefficients : ndarray, shape (n_terms, n_flows)
        Currency per unit of it, flow by flow.
    """

    points: tuple[Point, ...]
    monomials: tuple[Monomial, ...]
    low: AnyArray
    high: AnyArray
    paid: AnyArray
    coefficients: FloatArray

    def beyond(self, spot: FloatArray) -> list[AnyArray]:
        """Of every point, whether paths of spots of shape (n_rows, n_paths) are beyond it; each of shape (n_paths,)."""
        beyond, extremes = list[AnyArray](), dict[Any, AnyArray]()
        for point in self.points:
            beyond.append(_beyond(point, beyond, spot, extremes))
        return beyond

    def cash_flows(self, spot: FloatArray) -> FloatArray:
        """What is paid on paths of spots of shape (n_rows, n_paths); (n_flows, n_paths)."""
        n_paths = spot.shape[-1]
        beyond = self.beyond(spot)
        values, found = [valued(m, spot) for m in self.monomials], np.zeros((self.coefficients.shape[1], n_paths))
        for low, high, paid, coefficients in zip(self.low, self.high, self.paid, self.coefficients, strict=True):
            held = np.broadcast_to(values[paid], n_paths)
            held = held if low == ENDLESS else held * beyond[low]
            held = held if high == ENDLESS else held * ~beyond[high]
            found += coefficients[:, None] * held
        return found


def _beyond(point: Point, before: Sequence[AnyArray], spot: FloatArray, extremes: dict[Any, AnyArray]) -> AnyArray:
    """Whether paths are beyond a point, shape (n_paths,), given that of the points before it.

    Which member of a hull is its extreme is kept for the other points of the hull.
    """
    match point:
        case Crossed():
            return valued(point.monomial, spot) > point.level
        case Summed():
            total = sum(c * valued(m, spot) for m, c in point.terms)
            return np.asarray(total > 1.0 if point.rising else total < 1.0)
        case Risen():
            total = np.zeros(spot.shape[-1])
            for low, high, monomial, coefficient in point.terms:
                here = (low == ENDLESS or before[low]) & (high == ENDLESS or ~before[high])
                total += coefficient * here * valued(monomial, spot)
            return total > 0.0
        case Hull():
            extreme = once(extremes, (id(point.terms), point.sign), lambda: _extreme(point, spot))
            forward = point.sign > 0.0
            return (extreme > point.which if forward else extreme < point.which) if point.last else (
                extreme >= point.which if forward else extreme <= point.which
            )  # fmt: skip
    members = [before[k] for k in point.members]
    return np.all(members, axis=0) if point.last else np.any(members, axis=0)


def _extreme(hull: Hull, spot: FloatArray) -> AnyArray:
    """The number of the extreme term, shape (n_paths,): of later monomials the larger are further along."""
    values = np.stack(np.broadcast_arrays(*(c * valued(m, spot) for m, c in hull.terms)))
    return np.asarray((values * hull.sign).argmax(axis=0))


def valued(monomial: Monomial, spot: FloatArray) -> FloatArray:
    """The value of a monomial, shape (n_paths or 1,)."""
    if len(monomial) == 1 and monomial[0][1] == 1.0:
        return np.asarray(spot[monomial[0][0]])
    found = np.ones(1)
    for row, exponent in monomial:
        found = found * spot[row] ** exponent
    return found


def pieces_along(payoff: Contract, spot: FloatArray, lengths: FloatArray | None = None) -> Pieces | None:
    """The pieces of a payoff; None if it has none, or more than it pays to tell apart.

    Parameters
    ----------
    payoff : Contract
    spot : ndarray, shape (n_times, n_paths) or (n_assets, n_times, n_paths)
        Paths such as it may see: the pieces must agree with it there.
    lengths : ndarray, shape (n_assets, n_times), optional
        How far the log-spots of several assets move along the line; of one asset the pieces are those of any line.
    """
    if spot.ndim != (2 if lengths is None else 3):
        return None
    try:
        found = _followed(payoff, Points(lengths), spot.shape[:-1])
        return found if all(_agree(found, payoff, paths) for paths in _paths(spot[..., :MOST_PATHS])) else None
    except Exception:  # whatever the payoff raises when it is called with what is no array
        return None


def _paths(spot: FloatArray) -> Sequence[FloatArray]:
    """The paths given, and others far and wide."""
    generator = np.random.default_rng(0)
    middle = np.median(spot, axis=-1, keepdims=True)
    common, own = (generator.standard_normal((*shape, PROBES)) for shape in ((1,), spot.shape[:-1]))
    return [spot, *(middle * np.exp(deviation * (common + own)) for deviation in SPREAD)]


def _agree(found: Pieces, payoff: Contract, spot: FloatArray) -> bool:
    flows = cash_flows(payoff, spot)
    mine = found.cash_flows(spot.reshape(-1, spot.shape[-1]))
    return mine.shape == flows.shape and np.allclose(mine, flows, rtol=ROUNDING, atol=ROUNDING * np.abs(flows).max())


def _followed(payoff: Contract, points: Points, shape: tuple[int, ...]) -> Pieces:
    """The pieces, from spots of a shape without the paths."""
    spot, n_times = np.empty((*shape, 1), dtype=object), shape[-1]
    for row in range(spot.size):
        spot.flat[row] = Amount(points, {(*WHOLE, ((row, 1.0),)): 1.0})
    spot.flags.writeable = False
    output: Any = payoff(Followed(spot))  # type: ignore[arg-type]
    values = output.values if isinstance(output, Followed) else np.asarray(output, dtype=float)
    payments = stated_payments(payoff)
    n_flows = n_times if payments is None else len(payments)
    if values.shape not in ((1,), (n_flows, 1)):
        raise NotPlacedError(f"a result of shape {values.shape}")
    return _compiled(points, [told_apart(x) for x in values.ravel().tolist()])


def _compiled(points: Points, flows: Sequence[object]) -> Pieces:
    """Flows as arrays, with the points that they need alone."""
    terms: dict[tuple[int, int, Monomial], FloatArray] = {}
    for k, flow in enumerate(flows):
        own = {(*WHOLE, ()): float(flow)} if plain(flow) else flow.terms  # type: ignore[arg-type, attr-defined]
        for term, coefficient in own.items():
            terms.setdefault(term, np.zeros(len(flows)))[k] = coefficient
    if len(terms) > MOST_PIECES:
        raise NotPlacedError("more intervals than it pays to tell apart")
    kept, listed = _needed(points, {end for low, high, _ in terms for end in (low, high)} - {ENDLESS})
    monomials = list(dict.fromkeys(m for *_, m in terms))
    place, number = {ENDLESS: ENDLESS, **kept}, {m: k for k, m in enumerate(monomials)}
    low, high = [place[a] for a, _, _ in terms], [place[b] for _, b, _ in terms]
    ends = np.array([low, high, [number[m] for *_, m in terms]], dtype=np.intp)
    coefficients = np.array([*terms.values()]).reshape(len(terms), len(flows))
    return Pieces(tuple(listed), tuple(monomials), ends[0], ends[1], ends[2], coefficients)


def _needed(points: Points, ends: set[int]) -> tuple[dict[int, int], list[Point]]:
    """New numbers of the points at which terms end, and their list; extremes of extremes that end nothing are one."""
    kept: dict[int, int] = {}
    listed: list[Point] = []

    def members(number: int, last: bool) -> list[int]:
        point = points.listed[number]
        if number in ends or not isinstance(point, Extreme) or point.last is not last:
            return [number]
        return [m for member in point.members for m in members(member, last)]

    def add(number: int) -> int:
        if number not in kept:
            point = points.listed[number]
            if isinstance(point, Extreme):
                flat = sorted({m for member in point.members for m in members(member, point.last)})
                point = Extreme(point.last, tuple(add(m) for m in flat))
            if isinstance(point, Risen):
                ends = {end: add(end) for low, high, *_ in point.terms for end in (low, high) if end != ENDLESS}
                ends[ENDLESS] = ENDLESS
                point = Risen(tuple((ends[low], ends[high], m, c) for low, high, m, c in point.terms))
            kept[number] = len(listed)
            listed.append(point)
        return kept[number]

    for number in sorted(ends):
        add(number)
    return kept, listed
