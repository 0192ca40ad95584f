r"""The highest or lowest spot at all times: the mean of what is paid, given the spots on some dates.

With X the larger of the log-spots on the dates, today's and a bound's, and :math:`s_i(m)` the chance that the bridge of
an interval stays below m (`corridor`), the maximum has the mean

.. math:: e^X + \int_X^\infty \Bigl(1 - \prod_i s_i(m)\Bigr)\,e^m\,dm,

by quadrature over :math:`m - X`, and the minimum likewise below. It has no jumps and no corners but those of X, where
the integrand vanishes; its derivatives in today's spot are with the integral's start.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 6.4 (extremes between
   dates).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import Derivative
from ...payoffs.continuous import Extreme, PaysByExtreme
from .base import GivenDates

NODES, FAR = 24, 4.2
"""Points of the quadrature, and how far it goes in deviations of the longest interval (where it leaves 1e-15)."""


@final
@dataclass(frozen=True, slots=True)
class ExtremeGivenDates(GivenDates):
    """The mean of a contract that pays by the highest or lowest spot, given the spots on some dates.

    Parameters
    ----------
    payoff : PaysByExtreme
    bridge : Bridge
        The law between dates: those of the payoff and those where the law changes.
    extreme : Extreme
        The payoff's own.
    """

    extreme: Extreme

    @property
    def _sign(self) -> float:
        return 1.0 if self.extreme.highest else -1.0

    @property
    def _least(self) -> float:
        """The bound's and today's log-spot, whichever is further, turned so that the highest is looked for."""
        sign, bound = self._sign, self.extreme.bound
        return sign * self.bridge.start if bound is None else max(sign * self.bridge.start, sign * np.log(bound))

    def _parts(self, spot: AnyArray) -> tuple[AnyArray | float, float]:
        """What it pays besides, and per unit of the extreme."""
        assert isinstance(self.payoff, PaysByExtreme)  # it has an extreme
        return self.payoff.parts(spot)

    def _points(self) -> tuple[FloatArray, FloatArray]:
        """Distances from X and their weights, each of shape (n_points, 1)."""
        scale = np.sqrt(max(self.bridge.variances))
        places, weights = _rule()
        return scale * places, scale * weights

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flows, from spots of shape (n_times, n_paths)."""
        besides, factor = self._parts(spot)
        sign, (places, weights) = self._sign, self._points()
        before: Any = sign * self.bridge.start
        log_spots = [sign * np.log(spot[row]) for row in range(self.bridge.last)]
        stays: Any = 1.0
        top: Any = self._least
        for log_spot in log_spots:
            top = np.maximum(log_spot, top)
        points = top + places
        for after, variance in zip(log_spots, self.bridge.variances, strict=True):
            stays, before = stays * -np.expm1((-2.0 / variance) * (points - before) * (points - after)), after
        beyond = ((1.0 - stays) * np.exp(sign * points) * weights).sum(axis=0)
        return besides + factor * (np.exp(sign * top) + sign * beyond)

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
        sign, (places, weights), log_spots = self._sign, self._points(), self._sign * np.log(spot)
        top = self._top(start * sign, log_spots[: self.bridge.last].max(axis=0))
        points = _row(top) + places
        before: Any = start * sign
        stays: Any = 1.0
        for after, variance in zip(log_spots, variances, strict=False):
            stays, before = _stays(points, before, after, variance) * stays, after
        beyond = (1.0 - stays) * jets.exp(points * sign) * weights
        mean = jets.exp(top * sign) + Jet(
            top.names, sign * beyond.value.sum(0), sign * beyond.gradient.sum(1), sign * beyond.hessian.sum(2)
        )
        factor = self._parts(spot)[1]
        return {d: np.atleast_2d(factor * mean.derivative(*d)) for d in known}

    def _top(self, start: Jet, highest: FloatArray) -> Jet:
        """X, which moves with today's spot where that is the highest."""
        bound = self.extreme.bound
        still = highest if bound is None else np.maximum(highest, self._sign * np.log(bound))
        mine = (float(start.value) > still).astype(float)
        moving = start.constant(np.zeros_like(still)) + start
        return moving * mine + still * (1.0 - mine)


def _row(jet: Jet) -> Jet:
    """A jet of shape (n_paths,) as one of (1, n_paths)."""
    return Jet(jet.names, jet.value[None], jet.gradient[:, None], jet.hessian[:, :, None])


def _stays(points: Jet, before: Any, after: FloatArray, variance: Jet) -> Jet:
    """The chance that a bridge stays below points."""
    return -jets.expm1((points - before) * (points - after) * (-2.0 / variance))


@lru_cache(maxsize=1)
def _rule() -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre points from 0 to `FAR`, denser towards 0, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    share = 0.5 * (nodes + 1.0)
    return FAR * (share**2)[:, None], FAR * (weights * share)[:, None]
