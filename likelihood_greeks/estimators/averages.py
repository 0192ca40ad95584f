r"""Twins: digitals and calls on the geometric average of fixings whose sum a payoff compares.

Under a law whose log-spots are jointly normal the geometric average G is lognormal, so that a twin's price and Greeks
are known. Its level is where G stands when the payoff's own average is at its own level. Known prices do little for
Greeks, so a twin's Greek is estimated as one of the payoff is: a relaxation g of its payment f travels with the path,
and what is left is scored at all dates,

.. math:: \bigl(f(G) - g(G)\bigr)\,w_a + g'(G)\,G\,\dot X_a - \partial_a\,E[f(G)], \qquad X = \log G .

With a step as wide as that of the payoff's widest relaxation the two estimates are nearly the same path by path.
A second derivative is that of the part that travels, scored in the other coordinate.

References
----------
.. [1] A. G. Z. Kemna and A. C. F. Vorst, "A pricing method for options based on average asset values",
   *Journal of Banking & Finance* 14 (1990), 113-129 (the geometric average as a control).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol, final, runtime_checkable

import numpy as np
from numpy.polynomial import polynomial

from .. import jets
from .._typing import AnyArray, FloatArray
from ..jets import Jet
from ..models import lognormal
from ..models.moves import NONE, alike, spread, weighted
from ..parameters import Derivative
from ..payoffs.protocol import Contract
from ..payoffs.relaxed import relax
from ..payoffs.tape import Level, ramp, step
from .relaxation import Relaxation
from .skeletons import Handover, Motion, Skeleton, candidates

AVERAGES = 2  # compared averages that get twins
BLOCKS = 4  # of a coarse skeleton
NOTHING = 1e-6  # of a level: a call struck there is the average itself


@runtime_checkable
class KnowsAverages(Protocol):
    """A hashable model whose log-spots are jointly normal."""

    def average_jets(self, times: Sequence[float], /) -> tuple[Jet, Jet]:
        """Mean and variance of the average of the log-spots at `times`, with their derivatives."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Twin:
    """A digital or call on the geometric average of some fixings, of known price and Greeks.

    Parameters
    ----------
    rows : tuple of int
        Of the dates.
    level : float
        The strike.
    kind : {"digital", "call"}
    width : float, optional
        Half-width of the relaxation that travels when its Greeks are estimated, currency, > 0; None: its price, for
        every Greek.
    skeleton : tuple of int
        Rows of the dates at which what does not travel is scored: all of them if it jumps.
    rounded : bool
        Whether a call's relaxation is the integral of a step, not its product with what is paid above the strike.
    """

    rows: tuple[int, ...]
    level: float
    kind: Literal["digital", "call"]
    width: float | None = None
    skeleton: Skeleton = ()
    rounded: bool = True

    @property
    def name(self) -> str:
        """In words."""
        what = "price" if self.width is None else f"Greek relaxed by {self.width:.3g}"
        scored = "" if self.width is None else f", {len(self.skeleton)} scored"
        return f"geometric {self.kind} at {self.level:.4g} on {len(self.rows)} dates, {what}{scored}"

    def paid(self, average: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What it pays, shape (n_paths,), and the derivative in the average where there is one."""
        above = (average > self.level).astype(float)
        return (above, np.zeros_like(above)) if self.kind == "digital" else (above * (average - self.level), above)

    def relaxed(self, average: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
        """What its relaxation pays, and the derivative in the average."""
        away = average - self.level
        if self.kind == "call" and self.rounded:
            value, slope = ramp(away / width)
            return width * value, slope
        value, slope = step(away / width)
        slope /= width
        return (value, slope) if self.kind == "digital" else (away * value, value + away * slope)


def offered(payoff: Contract, spot: FloatArray, relaxations: Sequence[Relaxation]) -> Iterator[Twin]:
    """The twins of the averages that a payoff compares, relaxed as in the widest of its relaxations, the last one."""
    if not relaxations:
        return
    rounded, tape = relaxations[-1].rounded, relaxations[-1].tape()
    relax(payoff, spot, tape)
    compared = {(known.rows, known.level): known for known in tape.levels if known.averaged and known.width > 0.0}
    coarse = [skeleton for skeleton in candidates(payoff.times) if len(skeleton) == BLOCKS]
    for known in list(compared.values())[:AVERAGES]:
        level, everything = _matched(spot, known), tuple(range(len(spot)))
        for width in (None, known.width):
            yield Twin(known.rows, level, "digital", width, everything)
            yield Twin(known.rows, level, "call", width, everything, rounded)
        for skeleton in coarse:
            yield Twin(known.rows, level, "call", known.width, skeleton, rounded)
        for nothing in (None, NOTHING * level):
            yield Twin(known.rows, NOTHING * level, "call", nothing, everything)


def _matched(spot: FloatArray, known: Level) -> float:
    """The geometric average to be expected when the arithmetic one is at its level.

    The logarithm of their ratio is about half the variance of the log-spots over the dates, given either average a
    quadratic in its logarithm.
    """
    fixings = spot[list(known.rows)]
    away = np.log(fixings.mean(axis=0) / known.level)
    return float(np.exp(polynomial.polyfit(away, np.log(fixings).mean(axis=0), 2)[0]))


def sampler(twin: Twin, motion: Motion) -> Callable[[Derivative], FloatArray]:
    """From a derivative to the twin's zero-mean samples for it, shape (n_paths,); the empty derivative: its price."""
    times = motion.drawn.paths.times[list(twin.rows)]
    mean, known = _known(motion.model, twin, tuple(times.tolist()))
    log_average = LogAverage(motion, twin.rows)
    average = motion.shared(("average", twin.rows), lambda: np.exp(mean + log_average.noise))
    paid, slope = twin.paid(average)
    if twin.width is None:
        return lambda derivative: paid - known.derivative()
    travels, tilt = twin.relaxed(average, twin.width)
    parts = (
        (travels, tilt * average, Handover((), motion.drawn.rate)),
        (paid - travels, (slope - tilt) * average, Handover(twin.skeleton, motion.drawn.rate)),
    )

    def sample(derivative: Derivative) -> FloatArray:
        if not derivative:
            return np.zeros_like(paid)
        total = sum(log_average.integrand(*part, derivative) for part in parts)
        return np.asarray(total - known.derivative(*derivative))

    return sample


@lru_cache(maxsize=1024)
def _known(model: Any, twin: Twin, times: tuple[float, ...]) -> tuple[float, Jet]:
    """Mean of the logarithm of the average, and the twin's price with its derivatives: the same on every chunk."""
    mean, variance = model.average_jets(times)
    prices = lognormal.vanilla_jets(jets.exp(mean + 0.5 * variance), jets.sqrt(variance), twin.level)
    return float(mean.value), prices[0 if twin.kind == "digital" else 1]


@final
@dataclass(frozen=True, slots=True)
class LogAverage:
    """The logarithm of a geometric average, on moving paths whose clock none of them knows.

    What `skeletons.Moved` does for a gradient that differs from path to path, for one that does not.

    Parameters
    ----------
    motion : Motion
    rows : tuple of int
        Of the dates.
    """

    motion: Motion
    rows: tuple[int, ...]

    @property
    def _gradient(self) -> FloatArray:
        """In the log-spots, shape (n_times,)."""
        return np.bincount(self.rows, minlength=len(self.motion.moves.noise)) / len(self.rows)

    @property
    def noise(self) -> FloatArray:
        """The average less its mean, shape (n_paths,)."""
        moves = self.motion.moves
        return self.motion.shared(("noise", self.rows), lambda: np.asarray(self._shares @ moves.noise))

    @property
    def _shares(self) -> FloatArray:
        """In the moves, shape (n_times,)."""
        return np.asarray(self._gradient[::-1].cumsum()[::-1])

    def integrand(self, value: FloatArray, slope: FloatArray, handover: Handover, derivative: Derivative) -> FloatArray:
        """That of a derivative of the mean of a function of the average, from the function's value and slope."""
        if len(handover.skeleton) == len(self.motion.moves.noise):
            return np.asarray(value * self.motion.drawn.weights[derivative])
        scored = self.motion.between(handover.skeleton) if handover.skeleton else None
        found = slope * self.along(derivative[:1], handover)
        if scored:
            found += value * scored.weight(derivative[0], handover.rate)
        if len(derivative) == 2:
            found *= self.motion.moves.weight(derivative[1], handover.rate)
            found += slope * self.along(derivative, handover)
            if scored:
                curvature = scored.curvature(derivative, handover.rate)
                assert curvature is not None
                found += value * curvature
        return found

    def along(self, names: Derivative, handover: Handover) -> AnyArray:
        """Its motion between scored dates, not all dates, or the slope of that; shape (n_paths,) or (1,)."""
        return self.motion.shared(("along", self.rows, names, handover), lambda: self._along(names, handover))

    def _along(self, names: Derivative, handover: Handover) -> AnyArray:
        motion, skeleton, gradient = self.motion, list(handover.skeleton), self._gradient
        total = self._travelled(names, handover.rate)
        if not skeleton:
            return total
        block = np.searchsorted(skeleton, np.arange(skeleton[-1] + 1))
        blocks = gradient[: len(block), None] * np.eye(len(skeleton))[block]
        handed = motion.handed(blocks, handover.skeleton)
        total = total - weighted(motion.tangent(names, handover), motion.handed(gradient[:, None], handover.skeleton))
        for _, factors, clock in motion.turning(names, handover):
            turned = spread(clock, len(gradient))[:, 0]
            total = total + (turned[: len(block)] @ blocks - turned[skeleton] @ handed) @ factors
        return total

    def _travelled(self, names: Derivative, rate: float) -> AnyArray:
        (still, noisy), moves, shares = self.motion.speed(names, rate), self.motion.moves, self._shares
        fixed = shares @ spread(still, len(shares))
        if noisy is NONE:
            return fixed
        return fixed + (noisy[0, 0] * self.noise if alike(noisy) else weighted(shares[:, None] * noisy, moves.noise))
