r"""European payoffs given all that is beneath the spot: conditional Black–Scholes.

Given that, the final log-spot is normal with mean M and variance V, and the expectation of a European
payoff a closed form :math:`\bar f(M, V)`, smooth however the payoff jumps. Nothing of the spot is left to score: every
change travels through M and V, or is handed over beneath [1]_. By the heat equation
:math:`\partial_V = \tfrac12\partial_{MM}`, so that derivatives in M are all that is needed.

References
----------
.. [1] M. Broadie and Ö. Kaya, "Exact simulation of stochastic volatility and other affine jump diffusion processes",
   *Operations Research* 54 (2006), 217-231, section 6 (Greeks of European options, given the path of the variance).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from ..models.moves import Moves, Slope
from ..parameters import Derivative
from ..payoffs.european import Pieces
from ..payoffs.protocol import stated_payments
from .handed_over import RATE
from .handover import beneath
from .protocol import CLOSED_FORM, Load, Scene, by_greek


@final
@dataclass(frozen=True, slots=True)
class Conditional:
    """The payoff, European, by its expectation given what is beneath the spot.

    Parameters
    ----------
    pieces : Pieces
        What it pays.
    rate : float, optional
        At which its Greeks are handed over beneath the spots; None: its price, for every Greek.
    """

    pieces: Pieces
    rate: float | None = None

    @property
    def name(self) -> str:
        """What it is, in words."""
        what = "price" if self.rate is None else "Greek" + beneath(self.rate)
        return f"the payoff given what is beneath, {what}"

    @property
    def family(self) -> None:
        """None: it stands alone."""

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """Conditional expectation less the payoff, or its integrand less the payoff times the weight."""
        plain, times = scene.value, scene.payoff.times
        paid = stated_payments(scene.payoff) or times[-1:]
        factor = float(scene.paths.model.discount_jet(np.asarray(paid[0])).value)

        def sample(derivative: Derivative) -> FloatArray:
            smooth = expected(self.pieces, len(times) - 1, scene, derivative, self.rate)
            if smooth is None:
                return np.zeros_like(plain)
            return np.asarray(factor * smooth - (plain * scene.drawn.weights[derivative] if derivative else plain))

        return by_greek(sample, self.rate is not None, combinations)

    def by_interval(self, scene: Scene) -> None:
        """Not known: a law without anything beneath its spots does not offer it."""

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: its own, and that of a further rate beneath the spots."""
        further = self.rate is not None and self.rate != load.rate
        return {self: CLOSED_FORM, **({("rate", self.rate): RATE * load.beneath} if further else {})}


def expected(pieces: Pieces, row: int, scene: Scene, derivative: Derivative, rate: float | None) -> FloatArray | None:
    """The integrand of the conditional expectation at a date; None where it is not known."""
    moves = scene.paths.skeletons.between((row,))
    if len(derivative) == 2 and (rate is None or moves.bend(derivative, rate) is None):
        return None
    log_spot = scene.drawn.paths.log_spot(row)
    return integrand(pieces, moves, log_spot, derivative, 0.0 if rate is None else rate)


def expectations(pieces: Pieces, mean: FloatArray, variance: FloatArray) -> list[FloatArray]:
    """The payoff's conditional expectation and its first four derivatives in the mean, each of shape (n_paths,)."""
    deviation = np.sqrt(variance)
    d = (mean - np.log(pieces.trigger)) / deviation
    density = np.exp(-0.5 * d**2) / np.sqrt(2.0 * np.pi)
    hermite = (1.0, d, d**2 - 1.0, d**3 - 3.0 * d)
    digital = [special.ndtr(d), *((-1.0) ** k * h * density / deviation ** (k + 1) for k, h in enumerate(hermite))]
    forward = np.exp(mean + 0.5 * variance)
    call = forward * special.ndtr(d + deviation) - pieces.trigger * digital[0]
    found = []
    for k in range(5):
        found.append(pieces.flat * (k == 0) + pieces.slope * forward + pieces.jump * digital[k] + pieces.kink * call)
        call = call + pieces.trigger * digital[k]  # the derivative of a call is the asset-or-nothing
    return found


def integrand(pieces: Pieces, moves: Moves, log_spot: FloatArray, derivative: Derivative, rate: float) -> FloatArray:
    """The conditional expectation, or the integrand of its first or second derivative, undiscounted; (n_paths,).

    Parameters
    ----------
    pieces : Pieces
        The payoff.
    moves : Moves
        Up to its date in one go.
    log_spot : ndarray, shape (n_paths,)
        At its date.
    derivative : tuple of str
        Of a second derivative at least one coordinate must not travel beneath the spot, or the rate be infinite.
    rate : float
        At which changes are handed over beneath the spot.
    """
    f = expectations(pieces, log_spot - moves.noise[-1], moves.variance[-1])
    if not derivative:
        return f[0]
    slopes = [moves.slope(name, rate) for name in derivative]
    if len(slopes) == 1:
        return _first(f, slopes[0])
    bend = moves.bend(derivative, rate)
    assert bend is not None
    return _second(f, slopes[0], slopes[1], bend)


def _first(f: list[FloatArray], slope: Slope) -> FloatArray:
    return f[1] * slope.mean[-1] + 0.5 * f[2] * slope.variance[-1] + f[0] * slope.handed


def _second(f: list[FloatArray], a: Slope, b: Slope, bend: Slope) -> FloatArray:
    (m, v), (n, w) = ((slope.mean[-1], slope.variance[-1]) for slope in (a, b))
    curved = f[2] * m * n + 0.5 * f[3] * (m * w + n * v) + 0.25 * f[4] * v * w
    moved = f[1] * bend.mean[-1] + 0.5 * f[2] * bend.variance[-1] + f[0] * bend.handed
    handed = _first(f, a) * b.handed + _first(f, b) * a.handed - f[0] * a.handed * b.handed
    return np.asarray(curved + moved + handed)
