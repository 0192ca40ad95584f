r"""Laws whose log-spot moves from date to date by independent normals with known means and variances.

Means and variances are jets: their derivatives in the parameters and in time are the whole of the law's scores (see
`moves`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from .. import jets
from .._checks import positive
from .._typing import FloatArray
from ..jets import Jet
from ..parameters import TIME, Derivative
from .moves import NONE, Moves, Slope, weighted
from .protocol import Paths

ALIKE = 1e-9  # relative spread below which a derivative of the variances is a multiple of them


@final
@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Means and variances of the moves, shape (n_times, 1), as jets: the whole of the law."""

    mean: Jet
    variance: Jet

    def slope(self, name: str, rate: float) -> Slope:
        """First derivatives; the clock turns as time elapses, or if one interval runs faster by more than another."""
        clock = self._clock(name)
        faster = clock / self.variance.value
        turns = name == TIME or bool(np.ptp(faster) > ALIKE * np.abs(faster).max())
        return Slope(self.mean.derivative(name), clock, turns=turns)

    def bend(self, pair: Derivative, rate: float) -> Slope:
        """Second derivatives."""
        return Slope(self.mean.derivative(*pair), self._clock(*pair))

    def curvature(self, pair: Derivative, rate: float, noise: FloatArray) -> None:
        """Never asked for: every bend is known."""

    def _clock(self, *names: str) -> FloatArray:
        rows = self.variance.derivative(*names)
        return rows if rows.any() else NONE

    def moves(self, paths: Paths) -> Moves:
        """How the log-spots of given paths moved from date to date."""
        log_spot = log_spots(paths)
        noise = np.empty_like(log_spot)
        np.subtract(log_spot[1:], log_spot[:-1], out=noise[1:])
        noise[0] = log_spot[0]
        noise -= self.mean.value
        return Moves(noise, self.variance.value, self)


def log_spots(paths: Paths) -> FloatArray:
    """Logarithms of the spots, as they were drawn if they were kept."""
    return paths.latent["log_spot"] if "log_spot" in paths.latent else np.log(paths.spot)


def log_density(moves: Moves, paths: Paths) -> FloatArray:
    """Log-density of the spots (not of their logarithms), shape (n_paths,)."""
    exponent = weighted(0.5 / moves.variance, moves.noise**2)
    return np.asarray(-exponent - log_spots(paths).sum(axis=0) - 0.5 * np.log(2.0 * np.pi * moves.variance).sum())


def vanilla_jets(forward: Jet, deviation: Jet, strike: float) -> tuple[Jet, Jet]:
    r"""Expectations of 1{S > strike} and max(S - strike, 0), of a lognormal with given mean and deviation.

    .. math:: \Phi(d_2), \qquad F\,\Phi(d_1) - K\,\Phi(d_2), \qquad d_{1,2} = \frac{\log(F/K)}{s} \pm \tfrac12 s.
    """
    d2 = jets.log(forward / positive("strike", strike)) / deviation - 0.5 * deviation
    above = jets.normal_cdf(d2)
    return above, forward * jets.normal_cdf(d2 + deviation) - strike * above
