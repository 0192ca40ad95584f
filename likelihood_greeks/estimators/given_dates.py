r"""Contracts that are watched at all times, given the spots on some dates: a payoff that depends on the law.

Given the ends :math:`a` and :math:`b` of an interval and its variance V, the log-spot is a Brownian bridge, which stays
above h with the chance

.. math:: 1 - e^{-2 (a - h)^+ (b - h)^+ / V},

and in a corridor of width w, from l on, with

.. math:: \sum_{k} e^{-2 k w (k w + b - a) / V} - e^{-2 (a - l + k w)(b - l + k w) / V}.

The product s over the intervals makes of a contract that pays :math:`f_1` if the spot stays and :math:`f_0` if it
leaves its mean :math:`f_0 + (f_1 - f_0)\,s`, a function of the spots on the dates that does not jump, whatever happens
between them. It depends on the law, by the variances and today's spot: its derivatives in them, the spots on the dates
held fixed, are the third factor of the likelihood ratio (`likelihood_ratio`).

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 6.4 (barriers between
   dates).
.. [2] I. Karatzas and S. E. Shreve, *Brownian Motion and Stochastic Calculus*, 2nd ed., Springer, 1991, equation
   2.8.9 (two barriers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..models.capabilities import IsBrownianBetweenDates, assets_of, has
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..payoffs.continuous import Corridor, Watched
from ..payoffs.protocol import Contract, stated_payments

NEGLIGIBLE = 40.0
"""Exponents of terms that are left out of the series."""


def given_dates(payoff: Contract, model: Any) -> Contract:
    """A payoff as a law's spots on dates determine it: itself, unless it is watched at all times.

    Raises
    ------
    TypeError
        If the law does not say what happens between dates.
    ValueError
        If its spot jumps there.
    """
    corridor = payoff.corridor if isinstance(payoff, Watched) else None
    if not isinstance(payoff, Watched) or corridor is None:
        return payoff
    if assets_of(model) or not has(model, IsBrownianBetweenDates):
        raise TypeError(
            f"payoff {type(payoff).__name__} is watched continuously, and between dates the spot of "
            f"{type(model).__name__} is no Brownian bridge: give its times as dates, such as lg.schedule(maturity, 252)"
        )
    times = tuple(sorted({*payoff.times, *model.bridge_dates(corridor.end)}))
    return GivenDates(payoff, corridor, model, times)


@final
@dataclass(frozen=True, slots=True)
class GivenDates:
    """The mean of a contract that is watched at all times, given the spots on some dates.

    Parameters
    ----------
    payoff : Watched
    corridor : Corridor
        Its own.
    model : PathModel
        What determines it: a law that is a Brownian bridge between the dates.
    times : tuple of float
        The dates, in years: those of the payoff and those where the law changes.
    elapsed : float
        Years by which the dates have come nearer.
    """

    payoff: Watched
    corridor: Corridor
    model: Any
    times: tuple[float, ...]
    elapsed: float = 0.0
    _known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def under(self, model: Any, elapsed: float = 0.0) -> GivenDates:
        """The mean under another law on the same dates, or after some years."""
        return GivenDates(self.payoff, self.corridor, model, self.times, elapsed)

    @property
    def payments(self) -> tuple[float, ...]:
        """When it pays, in years."""
        stated = stated_payments(self.payoff)
        return self.payoff.times[-1:] if stated is None else stated

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths)."""
        stays, leaves = self._outcomes(spot)
        return leaves + (stays - leaves) * self._chance(spot)

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """Derivatives of the cash flows in coordinates of the law, the spots held fixed; those that are zero left out.

        Parameters
        ----------
        spot : ndarray, shape (n_times, n_paths)
        derivatives : sequence of Derivative
            First and second ones.
        """
        log_spot, variance = self._jets()
        names = tuple(n for n in dict.fromkeys(n for d in derivatives for n in d) if n in variance.names)
        if not names:
            return {}
        second = any(len(d) == 2 and set(d) <= set(names) for d in derivatives)
        log_spot, variance = (_in(names, jet, second) for jet in (log_spot, variance))
        chance = self._chance_jet(np.log(spot), log_spot, variance)
        stays, leaves = self._outcomes(spot)
        known = [d for d in dict.fromkeys(derivatives) if d and set(d) <= set(names)]
        return {d: np.atleast_2d((stays - leaves) * chance.derivative(*d)) for d in known}

    # -- the spots on the dates ----------------------------------------------------------------------------------------

    def _outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        seen = [self.times.index(time) for time in self.payoff.times]
        return self.payoff.outcomes(spot if len(seen) == len(self.times) else spot[seen])

    def _jets(self) -> tuple[Jet, Jet]:
        if "jets" not in self._known:
            self._known["jets"] = self.model.bridge_jets(np.asarray(self.times) - self.elapsed)
        found: tuple[Jet, Jet] = self._known["jets"]
        return found

    @property
    def _watched(self) -> int:
        """How many intervals are watched."""
        return sum(time <= self.corridor.end for time in self.times)

    def _chance(self, spot: AnyArray) -> AnyArray:
        """The chance that the spot stays in the corridor, given the spots on the dates; shape (n_paths,)."""
        log_spot, variance = self._jets()
        before: Any = float(log_spot.value)
        found: Any = None
        for row in range(self._watched):
            after = np.log(spot[row])
            chance = _stays(self.corridor, before, after, float(variance.value[row, 0]))
            found, before = chance if found is None else found * chance, after
        return found

    def _chance_jet(self, log_spots: FloatArray, log_spot: Jet, variance: Jet) -> Jet:
        """The same with its derivatives."""
        before: Any = log_spot
        found: Jet | None = None
        for row in range(self._watched):
            chance = _stays_jet(self.corridor, before, log_spots[row], _row(variance, row))
            found, before = chance if found is None else found * chance, log_spots[row]
        assert found is not None  # it is watched up to its last date at least
        return found


def _row(variance: Jet, row: int) -> Jet:
    return Jet(variance.names, variance.value[row], variance.gradient[:, row], variance.hessian[:, :, row])


def _in(names: Sequence[str], jet: Jet, second: bool) -> Jet:
    """A jet in some coordinates, with its second derivatives or without."""
    return (jet if second else Jet(jet.names, jet.value, jet.gradient, jet.hessian[:0, :0])).only(names)


def _terms(corridor: Corridor, variance: float) -> Iterator[tuple[float, bool, float]]:
    """Terms of the series that matter: sign, whether it is one of the images at the walls, and k w."""
    yield -1.0, True, 0.0
    if corridor.lower == 0.0 or corridor.upper == np.inf:
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


def _stays(corridor: Corridor, before: Any, after: Any, variance: float) -> Any:
    """The chance that a bridge stays in a corridor."""
    sign, wall = _from_wall(corridor)
    a, b = sign * (before - wall), sign * (after - wall)
    if corridor.lower == 0.0 or corridor.upper == np.inf:
        return -np.expm1((-2.0 / variance) * (np.maximum(a, 0.0) * np.maximum(b, 0.0)))
    width = np.log(corridor.upper / corridor.lower)
    a, b = (np.minimum(np.maximum(x, 0.0), width) for x in (a, b))
    found: Any = 1.0
    for factor, image, shift in _terms(corridor, variance):
        exponent = (a + shift) * (b + shift) if image else shift * (shift + b - a)
        found = found + factor * np.exp((-2.0 / variance) * exponent)
    return found


def _stays_jet(corridor: Corridor, before: Any, after: FloatArray, variance: Jet) -> Jet:
    """The same with its derivatives in the variance and in what it starts from, if that is a jet."""
    sign, wall = _from_wall(corridor)
    a, b = sign * (before - wall), sign * (after - wall)
    start = a.value if isinstance(a, Jet) else a
    width = np.log(corridor.upper / corridor.lower) if corridor.lower > 0.0 else np.inf
    inside = (start > 0.0) & (b > 0.0) & (start < width) & (b < width)
    b = np.where(inside, b, 0.0)  # outside the chance and all its derivatives are zero
    if not isinstance(a, Jet):
        a = np.where(inside, a, 0.0)
    elif not inside.any():
        return variance.constant(np.zeros_like(b))
    scale = -2.0 / variance
    terms = []
    for factor, image, shift in _terms(corridor, float(variance.value[0])):
        exponent = (a + shift) * (b + shift) if image else shift * (shift + b - a)
        terms.append((jets.expm1 if factor < 0.0 and shift == 0.0 else jets.exp)(scale * exponent) * factor)
    return sum(terms[1:], terms[0]) * inside.astype(float)
