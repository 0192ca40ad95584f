r"""Paths of which some are drawn beneath their spots from where the law seldom is: high variances, many jumps.

A fall that comes once in ten thousand paths comes out of a variance that is high, or of several jumps. Spots that are
pushed given what typical paths have beneath hardly tell its chance: a few of their weights carry it all. So a share
:math:`\beta` of the paths is as the law draws them; of the others, shares :math:`\alpha_k` have what is beneath drawn
in ways :math:`p_k` that reach far up to one of some dates, and all are pushed by a mixture of density :math:`\rho` over
the law's, given what is beneath (`pushes`). The density of the law over that of all of these,

.. math:: \omega = \Bigl\{\beta + (1 - \beta)\,\rho\,
          \Bigl(1 - \sum_k \alpha_k + \sum_k \alpha_k \frac{p_k}{p}\Bigr)\Bigr\}^{-1},

is at most :math:`1/\beta`. The shares learn where a payoff lives as those of `pushes` do, on draws of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import simulated
from ..models.capabilities import DrawsFarBeneath, has
from ..models.protocol import PathModel, Paths
from ..streams.chunks import Chunk
from .pilot_draws import joined
from .pushes import ALONE, AWAY, blended

PLAIN = 0.2  # share of paths that are as the law draws them
FAR = 0.7  # share of the others that are far beneath, before it is learnt
LAST = 0.6  # share of these that are so up to the last date
DATES = 4  # up to which at most
STREAM = 1 << 24  # what the index of their draws is ahead
LARGEST = 600.0  # of exponents


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sunk:
    """Paths of a chunk with what is beneath drawn by a mixture.

    Attributes
    ----------
    paths : object
    plain : int
        So many samples, the first ones, are to be left as the law draws them.
    share : float
        These as a share of all.
    density : ndarray, shape (n_paths,)
        Of what is beneath in the others over that under the law.
    ratios : ndarray, shape (n_ways, n_paths)
        The same of every way to draw it.
    """

    paths: Any
    plain: int
    share: float
    density: FloatArray
    ratios: FloatArray

    @classmethod
    def ordinary(cls, model: PathModel, times: Sequence[float], chunk: Chunk) -> Sunk:
        """As the law draws them, all to be pushed."""
        return cls(simulated(model, times, chunk), 0, 0.0, np.ones(chunk.n_paths), np.zeros((0, chunk.n_paths)))


@final
@dataclass(frozen=True, slots=True, eq=False)
class FarBeneath:
    """A mixture of ways to draw what is beneath.

    Attributes
    ----------
    ways : sequence
        As the law has them; none of a law that cannot look far beneath.
    shares : ndarray, shape (n_ways,)
        Of paths drawn so, among those that are not plain.
    plain : float
        Share of paths that are as the law draws them, and not pushed either.
    """

    ways: Sequence[Any]
    shares: FloatArray
    plain: float = PLAIN

    @classmethod
    def everywhere(cls, model: PathModel, times: Sequence[float]) -> FarBeneath:
        """All ways alike, but for those up to the last date, which have more."""
        if not has(model, DrawsFarBeneath):
            return cls((), np.zeros(0))
        grid, count = np.asarray(times), min(DATES, len(times))
        ends = grid[len(grid) * np.arange(1, count + 1) // count - 1]
        early, last = model.far_beneath(grid, ends[:-1]), model.far_beneath(grid, ends[-1:])
        part = [np.full(len(ways), 1.0 / max(len(ways), 1)) for ways in (early, last)]
        shares = np.concatenate([(1.0 - LAST) * part[0], LAST * part[1]])
        return cls((*early, *last), FAR * shares / max(shares.sum(), LAST))

    def drawn(self, model: PathModel, times: Sequence[float], chunk: Chunk) -> Sunk:
        """Paths of a chunk."""
        plain = 2 * round(0.5 * self.plain * chunk.n_paths)  # whole antithetic pairs
        others = chunk.n_paths - plain
        counts = 2 * np.round(0.5 * self.shares * others).astype(int)
        own, used = others - int(counts.sum()), np.flatnonzero(counts).tolist()
        if not len(used) or not has(model, DrawsFarBeneath):
            return Sunk.ordinary(model, times, chunk)
        pieces = [model.simulate(np.asarray(times), replace(chunk, n_paths=plain + own).stream())]
        for number in used:
            far = replace(chunk, n_paths=int(counts[number]), index=chunk.index + (number + 1) * STREAM)
            pieces.append(model.simulate_beneath(np.asarray(times), far.stream(), self.ways[number]))
        paths: Paths | None = joined(pieces, chunk.sampling != "pseudo")
        if paths is None:
            return Sunk.ordinary(model, times, chunk)
        ratios = np.exp(np.minimum(model.log_ratios_beneath(paths, self.ways), LARGEST))
        samples = plain * chunk.n_samples // chunk.n_paths
        return Sunk(paths, samples, plain / chunk.n_paths, (own + counts @ ratios) / others, ratios)

    def learnt(self, sunk: Sunk, away: FloatArray | float, wanted: FloatArray) -> FarBeneath:
        """The mixture with shares that lead to where draws of it, of weights and distances `wanted`, were wanted.

        `away`, shape (n_samples,), is the chance that each was not one of the plain ones.
        """
        sent = wanted * away
        first = slice(len(wanted))
        by, total = sent / sunk.density[first], wanted.sum()
        own = self.shares * (sunk.ratios[:, first] @ by)
        if not (np.isfinite(total) and own.sum() > 0.0):
            return self
        plain = float(np.clip(1.0 - sent.sum() / total, *ALONE))
        still = float(np.clip((1.0 - self.shares.sum()) * by.sum() / sent.sum(), *AWAY))
        return replace(self, shares=(1.0 - still) * blended(self.shares, own), plain=plain)
