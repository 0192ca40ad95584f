r"""Paths that stay in a corridor: conditional survival, one step at a time.

Where a payoff lives on paths that never leave a corridor, and hardly any path stays, each step is drawn from its normal
law given that the next spot is inside. The density of such a path over that of the law is one over the product of the
chances :math:`p_i` to stay, each given the spot before; outside it is zero.

References
----------
.. [1] P. Glasserman and J. Staum, *Conditioning on one-step survival for barrier option simulations*, Operations
   Research 49 (2001), section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from .._typing import FloatArray
from ..payoffs.along.pieces import Pieces, pieces_along
from ..payoffs.along.points import Crossed, Extreme
from ..payoffs.protocol import Contract

SMALLEST = 1e-290
OFTEN = 0.1
"""Share of paths that stay in a corridor from which on it is no place to look."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Corridor:
    """Levels of log-spots by date.

    Parameters
    ----------
    low, high : ndarray, shape (n_times, 1)
    """

    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, payoff: Contract, spot: FloatArray) -> Corridor | None:
        """Where no event that is watched for on several dates happens; None without such an event.

        None too if many paths stay there anyway.

        `spot`, shape (n_times, n_paths), are paths such as the payoff may see.
        """
        pieces = pieces_along(payoff, spot)
        low, high = np.full((len(spot), 1), np.inf), np.full((len(spot), 1), -np.inf)
        for extreme in (point for point in (pieces.points if pieces else ()) if isinstance(point, Extreme)):
            for row, level in _levels(extreme, pieces):
                if extreme.last:  # all spots are above
                    low[row] = min(low[row, 0], level)
                else:  # one of them is
                    high[row] = max(high[row, 0], level)
        low, high = np.where(np.isfinite(low), low, -np.inf), np.where(np.isfinite(high), high, np.inf)
        if not (np.isfinite(low) | np.isfinite(high)).any():
            return None
        stays = ((spot > np.exp(low)) & (spot < np.exp(high))).all(axis=0).mean()
        return cls(low, high) if (low < high).all() and stays < OFTEN else None

    def drawn(self, centre: FloatArray, noise: FloatArray, deviation: FloatArray, uniforms: FloatArray) -> FloatArray:
        """Noise of moves that stay inside, shape (n_times, n_paths).

        Parameters
        ----------
        centre : ndarray, shape (n_times, n_paths)
            Log-spots less the noise of their last move, of paths that move by `noise`.
        noise, deviation : ndarray, shape (n_times, n_paths)
            The noise of these paths, and its standard deviations.
        uniforms : ndarray, shape (n_times, n_paths)
        """
        found, shift = np.empty_like(noise), np.zeros(noise.shape[1])
        for row, uniform in enumerate(uniforms):
            start, end = self._ends(row, centre[row] + shift, deviation[row])
            flipped = start > 0.0
            first, last = np.where(flipped, -end, start), np.where(flipped, -start, end)
            below, chance = special.ndtr(first), np.maximum(_between(first, last), SMALLEST)
            normal = special.ndtri(np.clip(below + uniform * chance, SMALLEST, 1.0 - 1e-16))
            found[row] = deviation[row] * np.where(flipped, -normal, normal)
            shift += found[row] - noise[row]
        return found

    def ratio(self, centre: FloatArray, noise: FloatArray, deviation: FloatArray) -> FloatArray:
        """Density of paths drawn so over that of the law, shape (n_paths,); parameters as for `drawn`."""
        spot, logs = centre + noise, np.zeros(noise.shape[1])
        inside = ((spot > self.low) & (spot < self.high)).all(axis=0)
        for row in range(len(noise)):
            logs -= np.log(np.maximum(_between(*self._ends(row, centre[row], deviation[row])), SMALLEST))
        return np.asarray(np.where(inside, np.exp(np.minimum(logs, 700.0)), 0.0))

    def _ends(self, row: int, centre: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The corridor in standard deviations about the centre."""
        return (self.low[row] - centre) / deviation, (self.high[row] - centre) / deviation


def _levels(extreme: Extreme, pieces: Pieces | None) -> Iterator[tuple[int, float]]:
    """The rows and logarithms of levels of single spots among the members of an extreme."""
    for point in (pieces.points[number] for number in extreme.members) if pieces else ():
        if isinstance(point, Crossed) and len(point.monomial) == 1 and point.monomial[0][1] == 1.0:
            yield point.monomial[0][0], float(np.log(point.level))


def _between(start: FloatArray, end: FloatArray) -> FloatArray:
    """The chance of a normal between two points, accurate in both tails."""
    flipped = start > 0.0
    return np.asarray(
        np.where(flipped, special.ndtr(-start) - special.ndtr(-end), special.ndtr(end) - special.ndtr(start))
    )
