r"""A corridor that is watched at all times: the mean of what is paid, given the spots on some dates.

Given the ends :math:`a` and :math:`b` of an interval and its variance V, the log-spot is a Brownian bridge, which stays
above h with the chance

.. math:: 1 - e^{-2 (a - h)^+ (b - h)^+ / V},

and in a corridor of width w, from l on, with

.. math:: \sum_{k} e^{-2 k w (k w + b - a) / V} - e^{-2 (a - l + k w)(b - l + k w) / V}.

The product s over the intervals makes of a contract that pays :math:`f_1` if the spot stays and :math:`f_0` if it
leaves its mean :math:`f_0 + (f_1 - f_0)\,s`, a function of the spots on the dates that does not jump, whatever happens
between them. It depends on the law, by the variances and today's spot: its derivatives in them, the spots on the dates
held fixed, are the third factor of the likelihood ratio.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 6.4 (barriers between
   dates).
.. [2] I. Karatzas and S. E. Shreve, *Brownian Motion and Stochastic Calculus*, 2nd ed., Springer, 1991, equation
   2.8.9 (two barriers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import Derivative
from ...payoffs.continuous import Corridor, Watched
from .base import GivenDates

NEGLIGIBLE = 40.0
"""Exponents of terms that are left out of the series."""


@final
@dataclass(frozen=True, slots=True)
class CorridorGivenDates(GivenDates):
    """The mean of a contract on whether the spot leaves a corridor, given the spots on some dates.

    Parameters
    ----------
    payoff : Watched
    bridge : Bridge
        The law between dates: those of the payoff, of its window, and where the law changes.
    corridor : Corridor
        The payoff's own.
    """

    corridor: Corridor

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths)."""
        return averaged(self, self.corridor, spot, self.bridge.walk(spot, self.bridge.start, self.bridge.variances))

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """Derivatives of the cash flows in coordinates of the law, the spots held fixed; those that are zero left out.

        Parameters
        ----------
        spot : ndarray, shape (n_times, n_paths)
        derivatives : sequence of Derivative
            First and second ones.
        """
        found = self.bridge.moving(derivatives)
        if found is None:
            return {}
        known, start, variances = found
        chance: Any = 1.0
        for before, after, variance in self.bridge.walk(spot, start, variances):
            chance = stays_jet(self.corridor, before, after, variance) * chance
        stays, leaves = outcomes(self, spot)
        return {d: np.atleast_2d((stays - leaves) * chance.derivative(*d)) for d in known}


def outcomes(given: GivenDates, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Cash flows if the spot stays in its corridor, and if it leaves, from spots on all dates."""
    assert isinstance(given.payoff, Watched)  # it has a corridor
    seen = given.bridge.rows(given.payoff.times)
    if len(seen) < len(given.times):
        spot = spot[seen] if given.bridge.asset is None else spot[:, seen]
    return given.payoff.outcomes(spot)


def averaged(
    given: GivenDates, corridor: Corridor, spot: AnyArray, walk: Iterable[tuple[Any, AnyArray, Any]]
) -> AnyArray:
    """Cash flows in the mean over bridges along a walk: log-spots at both ends of every move, and its variance."""
    stays, leaves = outcomes(given, spot)
    chance: Any = 1.0
    for before, after, variance in walk:
        chance = chance * stays_within(corridor, before, after, variance)
    return leaves + (stays - leaves) * chance


def _terms(corridor: Corridor, variance: float) -> Iterator[tuple[float, bool, float]]:
    """Terms of the series that matter: sign, whether it is one of the images at the walls, and k w."""
    yield -1.0, True, 0.0
    if corridor.one_sided:
        return
    width = np.log(corridor.upper / corridor.lower)
    most = 1 + int(np.ceil(np.sqrt(0.5 * NEGLIGIBLE * variance) / width))
    for k in range(-most, most + 1):
        if k:
            yield 1.0, False, k * width
            yield -1.0, True, k * width


def _from_wall(corridor: Corridor) -> tuple[float, float]:
    """The sign and the level by which a log-spot becomes the distance from a wall."""
    return (1.0, np.log(corridor.lower)) if corridor.lower > 0.0 else (-1.0, np.log(corridor.upper))


def stays_within(corridor: Corridor, before: Any, after: Any, variance: Any) -> Any:
    """The chance that a bridge stays in a corridor."""
    sign, wall = _from_wall(corridor)
    a, b = sign * (before - wall), sign * (after - wall)
    if corridor.one_sided:
        return -np.expm1((-2.0 / variance) * (np.maximum(a, 0.0) * np.maximum(b, 0.0)))
    width = np.log(corridor.upper / corridor.lower)
    a, b = (np.minimum(np.maximum(x, 0.0), width) for x in (a, b))
    found: Any = 1.0
    for factor, image, shift in _terms(corridor, float(np.max(variance))):
        exponent = (a + shift) * (b + shift) if image else shift * (shift + b - a)
        found = found + factor * np.exp((-2.0 / variance) * exponent)
    return found


def stays_jet(corridor: Corridor, before: Any, after: FloatArray, variance: Jet) -> Jet:
    """The same with its derivatives in the variance and in what it starts from, if that is a jet."""
    sign, wall = _from_wall(corridor)
    a, b = sign * (before - wall), sign * (after - wall)
    start = a.value if isinstance(a, Jet) else a
    width = np.inf if corridor.one_sided else np.log(corridor.upper / corridor.lower)
    inside = (start > 0.0) & (b > 0.0) & (start < width) & (b < width)
    b = np.where(inside, b, 0.0)  # outside the chance and all its derivatives are zero
    if not isinstance(a, Jet):
        a = np.where(inside, a, 0.0)
    elif not inside.any():
        return variance.constant(np.zeros_like(b))
    scale = -2.0 / variance
    terms = []
    for factor, image, shift in _terms(corridor, float(np.max(variance.value, initial=0.0))):
        exponent = (a + shift) * (b + shift) if image else shift * (shift + b - a)
        terms.append((jets.expm1 if factor < 0.0 and shift == 0.0 else jets.exp)(scale * exponent) * factor)
    return sum(terms[1:], terms[0]) * inside.astype(float)
