"""The draws of a chunk, made once and played again to every bumped model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, final

import numpy as np

from .._typing import FloatArray
from ..sampling import Chunk, PseudoStream, Stream

Call: TypeAlias = tuple[Literal["normals", "uniforms", "generator"], int]
Draws: TypeAlias = list[tuple[Call, FloatArray]]


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
    live : PseudoStream
    draws : list
        What was asked for and what was given, appended to.
    """

    live: PseudoStream
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
        self.draws.append((("normals", rows), self.live.normals(rows)))
        return self.draws[-1][1].copy()

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        self.draws.append((("uniforms", rows), self.live.uniforms(rows)))
        return self.draws[-1][1].copy()

    @property
    def generator(self) -> np.random.Generator:
        """The generator itself: what is drawn from it is not seen, so no `Player` passes this point of them."""
        self.draws.append((("generator", 0), np.empty(0)))
        return self.live.generator


@final
@dataclass(frozen=True, slots=True, eq=False)
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
    _own: list[PseudoStream] = field(default_factory=list)  # at most one

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
        return self._next("normals", rows)

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        return self._next("uniforms", rows)

    @property
    def generator(self) -> np.random.Generator:
        """The generator of a stream that has given what this one gave."""
        return self._live().generator

    def _next(self, kind: Literal["normals", "uniforms"], rows: int) -> FloatArray:
        position = len(self._played)
        if not self._own and position < len(self.draws) and self.draws[position][0] == (kind, rows):
            self._played.append((kind, rows))
            return self.draws[position][1].copy()
        return _ask(self._live(), kind, rows)

    def _live(self) -> PseudoStream:
        if not self._own:
            self._own.append(self.chunk.stream())
            for kind, rows in self._played:
                _ask(self._own[0], kind, rows)
        return self._own[0]


def _ask(stream: Stream, kind: str, rows: int) -> FloatArray:
    return stream.normals(rows) if kind == "normals" else stream.uniforms(rows)


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
