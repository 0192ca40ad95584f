r"""Cash that is paid at the moment when the spot leaves a corridor: its mean, given the spots on some dates.

Discounted, it is :math:`E\int D(t)\,dF(t)` with F the chance to have left by t. On dates that are denser towards today
the chances to stay are products over the intervals (`corridor`); over every pair of intervals F and the discount factor
are taken to be quadratic, so that what leaves between two dates is a payment on the three dates of its pair, in shares
that depend on these alone. Most of it is the chance to leave at all, which on as few dates as the law needs is known
with less noise: so that is paid at the end, and on the dates what comes earlier less the same at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ..._remembered import remembered
from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from ...parameters import Derivative
from ...payoffs.continuous import Corridor
from ...payoffs.protocol import stated_payments
from .base import GivenDates
from .bridge import Bridge
from .corridor import outcomes, stays_jet, stays_within

INTERVALS = 32
"""Of which the ends grow as squares: what leaves in the first pair is known to 1/256 of the time."""


def dense(end: float) -> tuple[float, ...]:
    """Dates up to an end at which it is asked whether the spot has left."""
    return (*(end * (k / INTERVALS) ** 2 for k in range(1, INTERVALS)), end)


def even(times: Sequence[float]) -> tuple[float, ...]:
    """Dates that make pairs of intervals: one more in the last if they do not."""
    found = tuple(sorted(set(times)))
    return found if len(found) % 2 == 0 else (*found[:-1], 0.5 * sum((0.0, *found)[-2:]), found[-1])


@final
@dataclass(frozen=True, slots=True)
class ExitGivenDates(GivenDates):
    """The mean of a contract that pays when the spot leaves a corridor, given the spots on some dates.

    Parameters
    ----------
    payoff : Watched
        With one cash flow besides, at the end.
    bridge : Bridge
        The law between dates, an even number of them up to the end.
    corridor : Corridor
        The payoff's own.
    coarse : Bridge
        The law between those of them alone that the payoff or the law needs.
    """

    corridor: Corridor
    coarse: Bridge

    def under(self, model: Any, elapsed: float = 0.0) -> ExitGivenDates:
        """The mean under another law on the same dates, or after some years."""
        bridge, coarse = (bridge.under(model, elapsed) for bridge in (self.bridge, self.coarse))
        return replace(self, bridge=bridge, coarse=coarse)

    @property
    def payments(self) -> tuple[float, ...]:
        """Today and the dates, in years, and when the other cash flow is paid."""
        stated = stated_payments(self.payoff)
        return (0.0, *self._dates, self.payoff.times[-1] if stated is None else stated[-1])

    @property
    def _dates(self) -> tuple[float, ...]:
        return self.times[: self.bridge.last]

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths)."""
        log_spots = [np.log(spot[row]) for row in range(self.bridge.last)]
        chances = self._chances(self.bridge.start, log_spots, self.bridge.variances)
        known = [log_spots[row] for row in self._rows]
        chance = self._chances(self.bridge.start, known, self.coarse.variances)[-1]
        constant, matrix = _shares(self._dates)
        on_exit = self.corridor.on_exit * (constant + matrix @ np.stack(chances))
        stays, leaves = outcomes(self, spot)
        last = self.corridor.on_exit + leaves + (stays - leaves - self.corridor.on_exit) * chance - on_exit.sum(axis=0)
        return np.concatenate([on_exit, last[None]])

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """Derivatives of the cash flows in coordinates of the law, the spots held fixed; those that are zero left out.

        Parameters
        ----------
        spot : ndarray, shape (n_times, n_paths)
        derivatives : sequence of Derivative
            First and second ones.
        """
        found, coarse = self.bridge.moving(derivatives), self.coarse.moving(derivatives)
        if found is None or coarse is None:
            return {}
        known, start, variances = found
        log_spots = np.log(spot)
        chances = self._chances(start, log_spots, variances)
        chance = self._chances(coarse[1], log_spots[self._rows], coarse[2])[-1]
        matrix = self.corridor.on_exit * _shares(self._dates)[1]
        stays, leaves = outcomes(self, spot)
        moved: dict[Derivative, FloatArray] = {}
        for d in known:
            on_exit = matrix @ np.stack([each.derivative(*d) for each in chances])
            last = (stays - leaves - self.corridor.on_exit) * chance.derivative(*d) - on_exit.sum(axis=0)
            moved[d] = np.concatenate([on_exit, last[None]])
        return moved

    @property
    def _rows(self) -> list[int]:
        """Rows of the dates that are needed."""
        return self.bridge.rows(self.coarse.times[: self.coarse.last])

    def _chances(self, start: Any, log_spots: Any, variances: Sequence[Any]) -> list[Any]:
        """The chances to stay up to each of some dates; jets if what they start from is one."""
        stay = stays_jet if isinstance(start, Jet) else stays_within
        before, found = start, list[Any]()
        for after, variance in zip(log_spots, variances, strict=False):
            chance, before = stay(self.corridor, before, after, variance), after
            found.append(chance * found[-1] if found else chance)
        return found


@remembered(64)
def _shares(dates: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """What is paid today and on each of the dates, per chance to stay up to each: a constant and a matrix."""
    ends = (0.0, *dates)
    paid = np.zeros((len(ends), len(dates)))  # of what leaves in each interval
    for first in range(0, len(dates), 2):
        start, middle, end = ends[first : first + 3]
        paid[first : first + 3, first : first + 2] = _of_a_pair((middle - start) / (end - start))
    left = np.eye(len(dates), k=-1) - np.eye(len(dates))  # what leaves is what stays no longer
    return paid[:, :1], paid @ left


def _of_a_pair(share: float) -> FloatArray:
    """Shares on the three dates of a pair of what leaves in its two intervals, the first of a share of its length."""
    places = np.array([0.0, share, 1.0])
    basis = np.linalg.inv(np.vander(places, increasing=True)).T  # of the discount factor, by powers
    moments = np.array([[1.0, 1.0], [0.5, 2.0 / 3.0], [1.0 / 3.0, 0.5]])  # of t**k against d(t) and d(t**2)
    slopes = np.linalg.inv(np.array([[share, share**2], [1.0, 1.0]])) @ np.array([[1.0, 0.0], [1.0, 1.0]])
    return np.asarray(basis @ moments @ slopes)
