"""Draws of one motion whose increments are pushed, for laws that step through them as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from .chunks import NOTHING, Stream


@final
@dataclass(frozen=True, slots=True, eq=False)
class SteeredStream:
    """A stream whose Brownian increments are pushed.

    Parameters
    ----------
    live : Stream
    push : callable
        From the ends of steps and the roots of their lengths, shape (n_steps,), to what is added to standard normals,
        (n_steps, n_paths).

    Attributes
    ----------
    steered : list of (ndarray, ndarray)
        The ends of the steps of every motion that was drawn, and its increments, (n_steps, n_paths).
    others : list of str
        Draws of other kinds.
    """

    live: Stream
    push: Callable[[FloatArray, FloatArray], FloatArray]
    steered: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return self.live.n_paths

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form."""
        return self.live.n_samples

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Standard normals, pushed; shape (n_times, n_paths)."""
        ends = np.asarray(times, dtype=float)
        root = np.sqrt(np.diff(ends, prepend=0.0))
        values = self.live.brownian(times, beneath, ranks)
        values += self.push(ends, root)
        self.steered.append((ends, values * root[:, None]))
        return values

    def normals(self, rows: int) -> FloatArray:
        """Standard normals as they are, shape (rows, n_paths)."""
        self.others.append("normals")
        return self.live.normals(rows)

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Motions as they are, shape (count, n_times, n_paths)."""
        self.others.append("brownians")
        return self.live.brownians(times, count)

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        self.others.append("uniforms")
        return self.live.uniforms(rows)

    @property
    def generator(self) -> Any:
        """The generator itself."""
        self.others.append("generator")
        return self.live.generator
