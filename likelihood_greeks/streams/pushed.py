r"""Draws whose normals are pushed far up and down, for fitting coefficients that hold in the tails.

Controls fitted to a few thousand draws extrapolate badly (`pilot_draws`). Here half of the samples have normals
moved along :math:`u = \sum_i z_i \sqrt{\Delta_i/T}`, which drives the final log-spot, by three deviations up or down,
and every sample counts :math:`\varphi(u) / \sum_k \alpha_k \varphi(u - h_k)`: exact for whatever a law makes of its
normals, and the same for all laws that share the draws. A law that starts with other draws is not pushed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from .._typing import FloatArray
from .chunks import NOTHING, Chunk, Stream

SHIFTS = (0.0, 3.0, -3.0)
SHARES = (0.5, 0.25, 0.25)


@final
@dataclass(frozen=True, slots=True, eq=False)
class PushedStream:
    """A stream whose first draw, if it is one normal a date, is pushed.

    Parameters
    ----------
    live : Stream
    push : ndarray, shape (n_times, n_paths)
        Added to the first draw.
    seen : list
        The first draw, once it was made; empty if it was of another kind.
    """

    live: Stream
    push: FloatArray
    seen: list[FloatArray]
    _calls: list[str] = field(default_factory=list)

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return self.live.n_paths

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form."""
        return self.live.n_samples

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, pushed if they are the first, shape (rows, n_paths)."""
        values, first = self.live.normals(rows), not self._calls
        self._calls.append("normals")
        if not (first and rows == len(self.push)):
            return values
        values += self.push
        self.seen[:] = [values]
        return values.copy()

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Standard normals, pushed; shape (n_times, n_paths)."""
        return self.normals(len(times))

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Standard normals, those of the first motion pushed if they are the first; shape (count, n_times, n_paths)."""
        values, first = self.live.brownians(times, count), not self._calls
        self._calls.append("brownians")
        if first and len(times) == len(self.push):
            values[0] += self.push
            self.seen[:] = [values[0].copy()]
        return values

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        self._calls.append("uniforms")
        return self.live.uniforms(rows)

    @property
    def generator(self) -> np.random.Generator:
        """The generator itself."""
        self._calls.append("generator")
        return self.live.generator


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pushed:
    """A chunk's draws, pushed.

    Parameters
    ----------
    chunk : Chunk
    times : ndarray, shape (n_times,)
        Dates of the draws, in years.
    """

    chunk: Chunk
    times: FloatArray
    _seen: list[FloatArray] = field(default_factory=list)

    @property
    def _direction(self) -> FloatArray:
        return np.sqrt(np.diff(self.times, prepend=0.0) / self.times[-1])

    def stream(self) -> PushedStream:
        """A fresh stream; the second of an antithetic pair is pushed the other way."""
        samples = self.chunk.n_samples
        places = np.searchsorted(np.cumsum(SHARES[:-1]), np.arange(samples) / samples, side="right")
        shift = np.array(SHIFTS)[places]
        shift = np.concatenate([shift, -shift])[: self.chunk.n_paths]
        return PushedStream(self.chunk.stream(), np.outer(self._direction, shift), self._seen)

    def weights(self) -> FloatArray:
        """What every sample of the streams made so far counts, shape (n_samples,)."""
        if not self._seen:
            return np.ones(self.chunk.n_samples)
        along = self._direction @ self._seen[0][:, : self.chunk.n_samples]
        terms = (a * np.exp(h * along - 0.5 * h**2) for h, a in zip(SHIFTS, SHARES, strict=True))
        return np.asarray(1.0 / sum(terms))
