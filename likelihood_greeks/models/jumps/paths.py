"""Paths of laws that jump, from those of the laws beneath: numbers of jumps are drawn, and spots go on from there.

Given the numbers, every interval still moves by one normal: that of the law beneath, longer and shifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

import numpy as np
from scipy import optimize

from ..._checks import dates
from ..._typing import FloatArray
from ...numerics.arrays import cumulated
from ...streams.chunks import Stream
from ..capabilities import DrawsFarBeneath, RedrawsSpots, has
from ..memo import Memo
from ..moves import IndependentSteps, Moves
from ..protocol import Paths
from .compound import Jumps, WithJumps

SIZES = (1.5, 3.0)  # square roots of twice the relative entropies of numbers of jumps in `far_beneath`


@final
@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way to draw what is beneath the spots.

    Parameters
    ----------
    factors : ndarray, shape (n_times,)
        Of the intensity, by interval.
    beneath : object, optional
        A way to draw what is beneath in the law without jumps.
    """

    factors: FloatArray
    beneath: Any = None


class JumpingLaw(Protocol):
    """A law that jumps."""

    @property
    def intensity(self) -> float:
        """Jumps per year."""
        ...

    @property
    def beneath(self) -> Any:
        """The law without jumps, whose log-spots move by independent normals given what else it draws."""
        ...

    def further_carry(self, times: FloatArray) -> FloatArray:
        """What has accrued by rates less yields by some dates, less that of the law beneath; shape of `times`."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Memo(Memo):
    """What a law drew, its moves, and what the law beneath remembers."""

    moves: Moves
    beneath: Any


def simulate(law: JumpingLaw, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
    """Draw paths: those of the law beneath, then numbers of jumps from the stream's generator.

    Parameters
    ----------
    times : sequence of float, shape (n_times,)
        Year fractions, increasing, > 0.
    stream : Stream
        Gives ``brownian(times)`` and a generator.

    Returns
    -------
    Paths
        ``spot``, and the numbers of ``jumps`` over every interval, each of shape (n_times, n_paths), and what the law
        beneath keeps. The paths of an antithetic pair have the same numbers of jumps.
    """
    return _simulated(law, times, stream, Way(np.ones(len(times))))


def _simulated(law: JumpingLaw, times: Sequence[float] | FloatArray, stream: Stream, way: Way) -> Paths:
    grid, without_jumps = np.asarray(dates("times", times)), law.beneath
    if way.beneath is not None and has(without_jumps, DrawsFarBeneath):
        drawn = without_jumps.simulate_beneath(grid, stream, way.beneath)
    else:
        drawn = without_jumps.simulate(grid, stream)
    without, start = without_jumps.moves(drawn), _log_spot(drawn)
    expected, generator = way.factors * law.intensity * np.diff(grid, prepend=0.0), stream.generator
    counts = np.stack([np.asarray(generator.poisson(mean, stream.n_samples), dtype=float) for mean in expected])
    jumps = Jumps(
        law, np.tile(counts, (1, stream.n_paths // stream.n_samples)), drawn.steps[:, None], law.further_carry(grid)
    )
    still = np.diff(start, axis=0, prepend=0.0) - without.noise
    variance = without.variance + jumps.variance
    noise = without.noise * np.sqrt(variance / without.variance)
    log_spot = cumulated(still + jumps.mean + noise)
    latent, spot = {**drawn.latent, "jumps": jumps.counts, "log_spot": log_spot}, np.exp(log_spot)
    found = Moves(noise, variance, WithJumps(without.law, jumps), IndependentSteps())
    return replace(drawn, spot=spot, latent=latent, memo=_Memo(law, spot, drawn.times, found, drawn.memo))


def far_beneath(law: JumpingLaw, times: Sequence[float] | FloatArray, ends: Sequence[float] | FloatArray) -> list[Way]:
    """More jumps up to each of some dates (years); what is beneath far out; and both."""
    grid, both = np.asarray(times), [(end, size) for end in ends for size in SIZES]
    jumping = [Way(np.where(grid <= end, _factor(law.intensity * end, size), 1.0)) for end, size in both]
    own = law.beneath.far_beneath(grid, ends) if has(law.beneath, DrawsFarBeneath) else ()
    alone = [Way(np.ones(len(grid)), one) for one in own]
    return [*jumping, *alone, *(replace(way, beneath=one) for way, one in zip(jumping, own, strict=bool(own)))]


def simulate_beneath(law: JumpingLaw, times: Sequence[float] | FloatArray, stream: Stream, way: Way) -> Paths:
    """As `simulate`, with what is beneath drawn in such a way."""
    return _simulated(law, times, stream, way)


def log_ratios_beneath(law: JumpingLaw, paths: Paths, ways: Sequence[Way]) -> FloatArray:
    """Log-densities of what is beneath drawn in some ways over that under the law, shape (n_ways, n_paths)."""
    factors, expected = np.array([way.factors for way in ways]), law.intensity * paths.steps
    found = np.log(factors) @ _jumps(law, paths).counts - ((factors - 1.0) @ expected)[:, None]
    lower = [number for number, way in enumerate(ways) if way.beneath is not None]
    if lower and has(law.beneath, DrawsFarBeneath):
        found[lower] += law.beneath.log_ratios_beneath(_beneath(paths), [ways[number].beneath for number in lower])
    return np.asarray(found)


def _factor(expected: float, size: float) -> float:
    """Times so many jumps as expected, of which the relative entropy is half of a size squared."""
    entropy = 0.5 * size**2 / expected
    most = 2.0 + np.log1p(entropy)
    return float(np.exp(optimize.brentq(lambda log: np.exp(log) * (log - 1.0) + 1.0 - entropy, 0.0, most)))


def moves(law: JumpingLaw, paths: Paths) -> Moves:
    """How the log-spots moved from date to date, given the numbers of jumps, with all derivatives."""
    memo = paths.memo
    if isinstance(memo, _Memo) and memo.holds(law, paths):  # to the last bit, for the pairs of antithetic draws
        return replace(memo.moves, _known={})
    jumps, without = _jumps(law, paths), _without(law, paths)
    noise = without.noise - jumps.mean
    return Moves(noise, without.variance + jumps.variance, WithJumps(without.law, jumps), IndependentSteps())


def _without(law: JumpingLaw, paths: Paths) -> Moves:
    """The moves as the law beneath sees them, which takes the jumps for noise."""
    moved: Moves = law.beneath.moves(_beneath(paths))
    return moved


def _beneath(paths: Paths) -> Paths:
    """The paths with what the law beneath remembers of them."""
    return replace(paths, memo=paths.memo.beneath) if isinstance(paths.memo, _Memo) else paths


def redrawn(law: JumpingLaw, paths: Paths, drawn_by: JumpingLaw) -> Paths:
    """Paths that another law drew, all that is beneath kept, and the spots as this law makes them of the same normals.

    The dates of the first interval may have come nearer since.
    """
    before, without = moves(drawn_by, _as_drawn(paths)), _without(law, paths)
    jumps, normals = _jumps(law, paths), before.noise / np.sqrt(before.variance)
    still = np.diff(_log_spot(paths), axis=0, prepend=0.0) - without.noise
    found = cumulated(still + jumps.mean + np.sqrt(without.variance + jumps.variance) * normals)
    return replace(paths, spot=np.exp(found), latent={**paths.latent, "log_spot": found})


def log_ratio_beneath(law: JumpingLaw, paths: Paths, drawn_by: JumpingLaw) -> FloatArray:
    """Log-density of what is beneath the spots less that under the law that drew it, shape (n_paths,)."""
    jumps = _jumps(law, paths).log_probability() - _jumps(drawn_by, _as_drawn(paths)).log_probability()
    if not has(law.beneath, RedrawsSpots):
        return jumps
    return np.asarray(jumps + law.beneath.log_ratio_beneath(_beneath(paths), drawn_by.beneath))


def _as_drawn(paths: Paths) -> Paths:
    """Paths at the dates that they were drawn for."""
    return replace(paths, times=getattr(paths.memo, "times", paths.times))


def log_density(law: JumpingLaw, paths: Paths) -> FloatArray:
    """Joint log-density of all that was drawn, the numbers of jumps among it; shape (n_paths,).

    That of the law beneath, its normals taken for those of the law that jumps.
    """
    own, without = moves(law, paths), _without(law, paths)
    rows = without.noise**2 / without.variance - own.noise**2 / own.variance + np.log(without.variance / own.variance)
    beneath = law.beneath.log_density(_beneath(paths))
    return np.asarray(beneath + 0.5 * rows.sum(axis=0) + _jumps(law, paths).log_probability())


def _jumps(law: JumpingLaw, paths: Paths) -> Jumps:
    """The numbers of jumps on paths, as this law sees them."""
    if (counts := paths.latent.get("jumps")) is None:
        raise ValueError(f"paths must be drawn by a law that jumps: their latent lacks jumps, got {[*paths.latent]}")
    return Jumps(law, counts, paths.steps[:, None], law.further_carry(paths.times))


def _log_spot(paths: Paths) -> FloatArray:
    kept = paths.latent.get("log_spot")
    return np.log(paths.spot) if kept is None else np.asarray(kept)
