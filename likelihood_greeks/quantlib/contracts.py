"""Contracts as QuantLib writes them: with a past, and with payments at several dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, final

import numpy as np

from .._typing import AnyArray
from ..payoffs.barrier import Barrier, DoubleBarrier
from ..payoffs.continuous import Corridor, not_of_spots
from ..payoffs.protocol import Kind


def _exercise(kind: Kind, asset: AnyArray, strike: AnyArray | float) -> AnyArray:
    return np.maximum(asset - strike, 0.0) if kind == "call" else np.maximum(strike - asset, 0.0)


@final
@dataclass(frozen=True)
class SeasonedAsian:
    """Option on the average of some spots that are known and some that are not.

    Parameters
    ----------
    strike : float
        Currency.
    times : sequence of float
        Dates still to be averaged in years, increasing, and the payment date.
    kind : {"call", "put"}
    average : {"arithmetic", "geometric"}
    known : float
        Sum (geometric: product) of the known spots.
    count : int
        How many they are.
    averages_last : bool
        Whether the payment date is averaged.
    """

    strike: float
    times: tuple[float, ...]
    kind: Kind
    average: Literal["arithmetic", "geometric"]
    known: float
    count: int
    averages_last: bool

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        fixings = len(self.times) - (not self.averages_last)
        averaged, number = spot[:fixings], self.count + fixings
        if self.average == "arithmetic":
            return _exercise(self.kind, (self.known + averaged.sum(axis=0)) / number, self.strike)
        total = np.log(self.known) + np.log(averaged).sum(axis=0)
        return _exercise(self.kind, np.exp(total / number), self.strike)


@final
@dataclass(frozen=True)
class SeasonedLookback:
    """Option on the highest or lowest spot, of which the one so far is known.

    Parameters
    ----------
    times : sequence of float
        Observation dates in years, increasing; the last is the payment date.
    kind : {"call", "put"}
    extreme : float
        Highest (floating call, fixed put: lowest) spot so far, currency.
    strike : float, optional
        Currency. None: floating strike.
    """

    times: tuple[float, ...]
    kind: Kind
    extreme: float
    strike: float | None = None

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        if (self.kind == "call") == (self.strike is None):
            found = np.minimum(spot.min(axis=0), self.extreme)
        else:
            found = np.maximum(spot.max(axis=0), self.extreme)
        if self.strike is None:
            return spot[-1] - found if self.kind == "call" else found - spot[-1]
        return _exercise(self.kind, found, self.strike)


@final
@dataclass(frozen=True)
class RebateAtHit:
    """A knock-out whose rebate is paid when it is hit.

    Parameters
    ----------
    barrier : Barrier or DoubleBarrier
        Without a rebate of its own.
    rebate : float
        Currency.
    """

    barrier: Barrier | DoubleBarrier
    rebate: float

    @property
    def times(self) -> tuple[float, ...]:
        """Monitoring dates and the maturity."""
        return self.barrier.times

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to hit; None if it is watched on dates."""
        found = self.barrier.corridor
        return replace(found, on_exit=self.rebate) if found else None

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at maturity if the barrier is not hit, and if it is, each of shape (n_paths,)."""
        return self.barrier.outcomes(spot)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, shape (n_times, n_paths)."""
        if self.corridor is not None:
            not_of_spots(self)
        watched = spot if self.barrier.monitor_maturity else spot[:-1]
        match self.barrier:
            case DoubleBarrier(_, lower, upper):
                low, high = np.minimum.accumulate(watched, axis=0), np.maximum.accumulate(watched, axis=0)
                hit = (low <= lower) | (high >= upper)
            case Barrier(_, level, "up"):
                hit = np.maximum.accumulate(watched, axis=0) >= level
            case Barrier(_, level, _):
                hit = np.minimum.accumulate(watched, axis=0) <= level
        so_far = np.where(hit, self.rebate, 0.0)
        paid, alive = np.concatenate([so_far[:1], so_far[1:] - so_far[:-1]]), self.barrier(spot)[None]
        before = paid[:-1] if self.barrier.monitor_maturity else paid
        return np.concatenate([before, paid[-1:] + alive if self.barrier.monitor_maturity else alive])


@final
@dataclass(frozen=True)
class ForwardStarts:
    """Forward-starting calls or puts one after the other, each paid when it ends and the next begins.

    Parameters
    ----------
    times : sequence of float
        Reset dates in years, increasing, and the maturity.
    moneyness : float
        Strike of each period over the spot at its beginning.
    kind : {"call", "put"}
    """

    times: tuple[float, ...]
    moneyness: float
    kind: Kind

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, shape (n_times, n_paths); nothing at the first date."""
        paid = _exercise(self.kind, spot[1:], self.moneyness * spot[:-1])
        return np.concatenate([0.0 * spot[:1], paid])
