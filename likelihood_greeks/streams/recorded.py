"""The draws of a chunk, made once and played again to every bumped model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, final

import numpy as np

from .._typing import FloatArray
from .chunks import NOTHING, Chunk, PseudoStream, SobolStream, Stream

Live: TypeAlias = PseudoStream | SobolStream
Call: TypeAlias = tuple[str, tuple[Any, ...]]
"""A method of a stream, and its arguments."""

Draws: TypeAlias = list[tuple[str, FloatArray]]
"""What was asked for, and what was given."""


class Source(Protocol):
    """What gives every model the same draws: a `Chunk`, or a `Recording` of one."""

    def stream(self) -> Stream:
        """A stream that starts from the first draw."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class Recorder:
    """A stream that keeps what it gives; models work in place, so they get copies.

    Parameters
    ----------
    live : PseudoStream or SobolStream
    draws : list
        What was asked for and what was given, appended to.
    """

    live: Live
    draws: Draws

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return self.live.n_paths

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form."""
        return self.live.n_samples

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, shape (rows, n_paths)."""
        return self._kept("normals", rows)

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        return self._kept("uniforms", rows)

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Standardised increments of a Brownian motion, shape (n_times, n_paths)."""
        return self._kept("brownian", times, beneath, ranks)

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Standardised increments of independent Brownian motions, shape (count, n_times, n_paths)."""
        return self._kept("brownians", times, count)

    def _kept(self, *call: Any) -> FloatArray:
        self.draws.append((call[0], _ask(self.live, (call[0], call[1:]))))
        return self.draws[-1][1].copy()

    @property
    def generator(self) -> np.random.Generator:
        """The generator itself: what is drawn from it is not seen, so no `Player` passes this point of them."""
        self.draws.append(("generator", np.empty(0)))
        return self.live.generator


@final
@dataclass(slots=True, eq=False)
class Player:
    """Gives what ``chunk.stream()`` would: recorded draws as long as they are what is asked for, then new ones.

    Parameters
    ----------
    chunk : Chunk
    draws : list
        As a `Recorder` left it.
    """

    chunk: Chunk
    draws: Draws
    _played: list[Call] = field(default_factory=list)
    _own: Live | None = None  # once the recorded draws end

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return self.chunk.n_paths

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form."""
        return self.chunk.n_samples

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, shape (rows, n_paths)."""
        return self._next(rows, ("normals", (rows,)))

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        return self._next(rows, ("uniforms", (rows,)))

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Standardised increments of a Brownian motion, shape (n_times, n_paths); as recorded even if dates moved."""
        return self._next(len(times), ("brownian", (times, beneath, ranks)))

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Standardised increments of independent Brownian motions, shape (count, n_times, n_paths); as recorded."""
        return self._next(count, ("brownians", (times, count)))

    @property
    def generator(self) -> np.random.Generator:
        """The generator of a stream that has given what this one gave."""
        return self._live().generator

    def _next(self, rows: int, call: Call) -> FloatArray:
        if self._own is None and len(self._played) < len(self.draws):
            kind, values = self.draws[len(self._played)]
            if kind == call[0] and len(values) == rows and (kind != "brownians" or values.shape[1] == len(call[1][0])):
                self._played.append(call)
                return values.copy()
        return _ask(self._live(), call)

    def _live(self) -> Live:
        if self._own is None:
            self._own = self.chunk.stream()
            for call in self._played:
                _ask(self._own, call)
        return self._own


def _ask(stream: Stream, call: Call) -> FloatArray:
    kind, arguments = call
    return np.asarray(getattr(stream, kind)(*arguments))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """The draws of a chunk, made for the first model and played to the others.

    Parameters
    ----------
    chunk : Chunk
    """

    chunk: Chunk
    draws: Draws = field(default_factory=list)

    def stream(self) -> Stream:
        """The same draws as ``chunk.stream()`` gives, whatever the model asks for."""
        return Player(self.chunk, self.draws) if self.draws else Recorder(self.chunk.stream(), self.draws)
