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
from .skeletons import Motion

AVERAGES = 2  # compared averages that get twins
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
    rounded : bool
        Whether a call's relaxation is the integral of a step, not its product with what is paid above the strike.
    """

    rows: tuple[int, ...]
    level: float
    kind: Literal["digital", "call"]
    width: float | None = None
    rounded: bool = True

    @property
    def name(self) -> str:
        """In words."""
        what = "price" if self.width is None else f"Greek relaxed by {self.width:.3g}"
        return f"geometric {self.kind} at {self.level:.4g} on {len(self.rows)} dates, {what}"

    def paid(self, average: FloatArray) -> FloatArray:
        """What it pays, shape (n_paths,)."""
        above = average > self.level
        return above.astype(float) if self.kind == "digital" else above * (average - self.level)

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
    for known in list(compared.values())[:AVERAGES]:
        level = _matched(spot, known)
        for width in (None, known.width):
            yield Twin(known.rows, level, "digital", width)
            yield Twin(known.rows, level, "call", width, rounded)
        for nothing in (None, NOTHING * level):
            yield Twin(known.rows, NOTHING * level, "call", nothing)


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
    shares = _shares(twin.rows, len(motion.moves.noise))
    average = motion.shared(("average", twin.rows), lambda: np.exp(mean + _noise(shares, motion)))
    paid = twin.paid(average)
    if twin.width is None:
        return lambda derivative: paid - known.derivative()
    relaxed, slope = twin.relaxed(average, twin.width)
    left, slope = paid - relaxed, slope * average
    drawn = motion.drawn

    def tangent(names: Derivative) -> AnyArray:
        """Motion of the logarithm of the average, or its slope."""
        return motion.shared(("average", twin.rows, names), lambda: _tangent(shares, motion, names))

    def sample(derivative: Derivative) -> FloatArray:
        if not derivative:
            return np.zeros_like(paid)
        travelled = tangent(derivative[:1])
        if len(derivative) == 2:
            travelled = travelled * motion.moves.weight(derivative[1], drawn.rate) + tangent(derivative)
        return np.asarray(left * drawn.weights[derivative] + slope * travelled - known.derivative(*derivative))

    return sample


@lru_cache(maxsize=1024)
def _known(model: Any, twin: Twin, times: tuple[float, ...]) -> tuple[float, Jet]:
    """Mean of the logarithm of the average, and the twin's price with its derivatives: the same on every chunk."""
    mean, variance = model.average_jets(times)
    prices = lognormal.vanilla_jets(jets.exp(mean + 0.5 * variance), jets.sqrt(variance), twin.level)
    return float(mean.value), prices[0 if twin.kind == "digital" else 1]


@lru_cache(maxsize=256)
def _shares(rows: tuple[int, ...], n_times: int) -> FloatArray:
    """The share of the fixings that come no earlier than each move, shape (n_times,)."""
    fixed = np.bincount(rows, minlength=n_times) / len(rows)
    return np.asarray(fixed[::-1].cumsum()[::-1])


def _noise(shares: FloatArray, motion: Motion) -> FloatArray:
    """Of the logarithm of the average, shape (n_paths,)."""
    return motion.shared(("noise", shares.tobytes()), lambda: np.asarray(shares @ motion.moves.noise))


def _tangent(shares: FloatArray, motion: Motion, names: Derivative) -> AnyArray:
    still, noisy = motion.speed(names, motion.drawn.rate)
    fixed = shares @ spread(still, len(shares))
    if noisy is NONE:
        return fixed
    if alike(noisy):
        return fixed + noisy[0, 0] * _noise(shares, motion)
    return fixed + weighted(shares[:, None] * noisy, motion.moves.noise)
