r"""A corridor that is watched at all times under a law that takes steps, given the spots after all of them.

Within a step from :math:`S_{i-1}` the log-spot has one volatility, that of its start, as the chain has. It is a
Brownian bridge between the ends, and the chance to stay in the corridor is that of `corridor`, with a variance
:math:`\sigma(t_{i-1}, S_{i-1})^2\,\Delta_i` that differs from path to path. At fixed spots today's spot and time move
the first step alone, the volatility all of them.

The estimate is unbiased for the chain with these bridges; that is near the continuous law as the chain is, to first
order in the steps.

References
----------
.. [1] E. Gobet, "Weak approximation of killed diffusion using Euler schemes", *Stochastic Processes and their
   Applications* 87 (2000), theorem 2.1 (the continuous Euler scheme, first order).
.. [2] M. Broadie, P. Glasserman and S. Kou, "A continuity correction for discrete barrier options", *Mathematical
   Finance* 7 (1997), theorem 1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from ...parameters import Derivative
from ...payoffs.continuous import Corridor
from .base import GivenDates
from .corridor import averaged, outcomes, stays_jet

NEARER = 0.5826
"""Deviations of a step by which a level must be nearer to be reached on dates as often as at all times."""


@final
@dataclass(frozen=True, slots=True)
class CorridorGivenSteps(GivenDates):
    """The mean of a contract on whether the spot leaves a corridor, given the spots after all steps.

    Parameters
    ----------
    payoff : Watched
    bridge : Bridge
        Whose dates are the ends of the steps.
    corridor : Corridor
        The payoff's own.
    """

    corridor: Corridor

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths)."""
        variances = self.bridge.model.step_variances(self.ends, np.log(spot))
        first, last = self.bridge.first, self.bridge.last
        start = np.log(float(self.bridge.model.value_of("spot")))
        return averaged(self, self.corridor, spot, self.bridge.walk(spot, start, variances[first:last]))

    @property
    def stand_in(self) -> AfterSteps:
        """What is relaxed in its place: the spots after the steps alone, compared with levels that are nearer."""
        return AfterSteps(self)

    @property
    def ends(self) -> tuple[float, ...]:
        """The dates, as far away as they are by now."""
        return tuple(time - self.bridge.elapsed for time in self.times)

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """Derivatives of the cash flows in coordinates of the law, the spots held fixed; those that are zero left out.

        Parameters
        ----------
        spot : ndarray, shape (n_times, n_paths)
        derivatives : sequence of Derivative
            First and second ones.
        """
        logs, first, last = np.log(spot), self.bridge.first, self.bridge.last
        start, variance, others = self.bridge.model.step_variance_jets(self.ends, logs)
        known, names = _moved(derivatives, variance if first == 0 else None)
        if not known:
            return {}
        begin = max(first, 1)
        rows = _rows(others, begin - 1, last - 1)
        chance = _together(stays_jet(self.corridor, logs[begin - 1 : last - 1], logs[begin:last], rows), names)
        if first == 0:
            own = Jet(names, *(np.asarray(x)[..., None] for x in _parts(variance.only(names))))
            chance = stays_jet(self.corridor, start.only(names), logs[0], own) * chance
        stays, leaves = outcomes(self, spot)
        return {d: np.atleast_2d((stays - leaves) * chance.derivative(*d)) for d in known}


@final
@dataclass(frozen=True, slots=True)
class AfterSteps:
    """A contract that jumps: the spots after the steps alone count, for levels that are nearer to make up for it."""

    given: CorridorGivenSteps

    @property
    def times(self) -> tuple[float, ...]:
        """The dates."""
        return self.given.times

    @property
    def payments(self) -> tuple[float, ...]:
        """When it pays."""
        return self.given.payments

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths)."""
        given, bridge = self.given, self.given.bridge
        stays, leaves = outcomes(given, spot)
        rows = slice(bridge.first, bridge.last)
        hit: Any = False
        for level, side in ((given.corridor.lower, 1.0), (given.corridor.upper, -1.0)):
            if 0.0 < level < np.inf:
                deviations = np.sqrt(bridge.model.variances_at(given.ends, level)[rows, None])
                moved = spot[rows] * np.exp(-side * NEARER * deviations)
                beyond = moved.min(axis=0) <= level if side > 0.0 else moved.max(axis=0) >= level
                hit = beyond if hit is False else hit | beyond
        return np.where(hit, leaves, stays)


def _moved(derivatives: Sequence[Derivative], first: Jet | None) -> tuple[list[Derivative], tuple[str, ...]]:
    """Those of some derivatives that are not zero, and their coordinates."""
    moved = {"volatility"} if first is None else {"spot", *_not_zero(first)}
    known = [d for d in dict.fromkeys(derivatives) if d and set(d) <= moved]
    return known, tuple(dict.fromkeys(name for d in known for name in d))


def _not_zero(jet: Jet) -> list[str]:
    return [name for name, slope in zip(jet.names, jet.gradient, strict=True) if np.any(slope)]


def _parts(jet: Jet) -> tuple[AnyArray, AnyArray, AnyArray]:
    return jet.value, jet.gradient, jet.hessian


def _rows(jet: Jet, begin: int, end: int) -> Jet:
    """Some of the steps."""
    return Jet(jet.names, jet.value[begin:end], jet.gradient[:, begin:end], jet.hessian[:, :, begin:end])


def _together(chances: Jet, names: tuple[str, ...]) -> Jet:
    """The product of chances over steps, first axis, which move with one coordinate, as a jet in several."""
    value, n_paths = chances.value.prod(axis=0), chances.value.shape[1]
    gradient, hessian = np.zeros((len(names), n_paths)), np.zeros((len(names), len(names), n_paths))
    (name,) = chances.names
    if name in names and len(chances.value):
        safe = np.where(chances.value > 0.0, chances.value, 1.0)
        slope, bend = chances.gradient[0] / safe, chances.hessian[0, 0] / safe
        total, place = slope.sum(axis=0), names.index(name)
        gradient[place] = value * total
        hessian[place, place] = value * (total**2 + (bend - slope**2).sum(axis=0))
    return Jet(names, value, gradient, hessian)
