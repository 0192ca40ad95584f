r"""Randomness as an argument: streams that depend on a seed and a chunk number, and on nothing else.

Chunk *k* of a run draws from its own streams, keyed by ``(seed, purpose, k)``: normals by counter (see `normals`), all
else from a generator. Results therefore do not depend on how many threads, processes or machines share the work. The
pilot has a purpose of its own, so its draws are independent of the main run's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, final

import numpy as np

from ._checks import one_of, refuse, whole
from ._memory import keep_freed
from ._typing import FloatArray
from .normals import normals

Sampling: TypeAlias = Literal["pseudo", "antithetic"]
SAMPLINGS = ("pseudo", "antithetic")

CHUNK, PATH_STEPS = 4096, 1 << 21
"""Paths a chunk, and path-steps that a chunk of many dates may not exceed. They define a run: to change them changes
the draws."""


class Stream(Protocol):
    """A source of numbers for `n_paths` paths; each call gives the next rows."""

    @property
    def n_paths(self) -> int:
        """Number of paths, the columns of every draw."""
        ...

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form: the pairs of antithetic draws, else `n_paths`."""
        ...

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, shape (rows, n_paths)."""
        ...

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        ...

    @property
    def generator(self) -> np.random.Generator:
        """The generator behind the stream, for laws that need its own samplers (gamma, Poisson, ...)."""
        ...


@final
@dataclass(frozen=True, slots=True)
class PseudoStream:
    """Independent pseudo-random draws, or antithetic pairs of them.

    Parameters
    ----------
    n_paths : int
        Number of paths; even for antithetic draws, where path ``j`` and path ``j + n_paths/2`` are a pair.
    sequence : numpy.random.SeedSequence
        What the draws are a function of.
    antithetic : bool
    """

    n_paths: int
    sequence: np.random.SeedSequence
    antithetic: bool = False
    _used: list[int] = field(default_factory=lambda: [0])  # rows of normals
    _generators: list[np.random.Generator] = field(default_factory=list)  # at most one

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form: the pairs of antithetic draws, else `n_paths`."""
        return self.n_paths // 2 if self.antithetic else self.n_paths

    @property
    def generator(self) -> np.random.Generator:
        """A generator of its own for all that is not a normal of the stream."""
        if not self._generators:
            self._generators.append(np.random.Generator(np.random.SFC64(self.sequence)))
        return self._generators[0]

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, shape (rows, n_paths): the next rows of the stream, by `normals.normals`."""
        own = np.random.SeedSequence(self.sequence.entropy, spawn_key=(*self.sequence.spawn_key, 0))
        half = normals(own.generate_state(4), self._used[0], rows, self.n_samples)
        self._used[0] += rows
        return np.concatenate([half, -half], axis=1) if self.antithetic else half

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        if not self.antithetic:
            return self.generator.random((rows, self.n_paths))
        half = self.generator.random((rows, self.n_paths // 2))
        return np.concatenate([half, np.nextafter(1.0 - half, 0.0)], axis=1)


@final
@dataclass(frozen=True, slots=True)
class GivenNormals:
    """Normals chosen by the caller, handed out row by row.

    Parameters
    ----------
    values : array_like, shape (rows, n_paths)
    """

    values: FloatArray
    _used: list[int] = field(default_factory=lambda: [0])

    def __post_init__(self) -> None:
        if np.ndim(self.values) != 2 or not np.all(np.isfinite(self.values)):
            refuse("values", "be finite numbers of shape (rows, n_paths)", self.values)

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return int(np.shape(self.values)[1])

    @property
    def n_samples(self) -> int:
        """Number of paths."""
        return self.n_paths

    @property
    def generator(self) -> np.random.Generator:
        """Given numbers have no generator."""
        raise TypeError("a stream of given normals has no generator; draw with normals()")

    def normals(self, rows: int) -> FloatArray:
        """Take the next `rows` rows, shape (rows, n_paths)."""
        start, stop = self._used[0], self._used[0] + rows
        if stop > np.shape(self.values)[0]:
            refuse("values", f"hold at least {stop} rows", np.shape(self.values))
        self._used[0] = stop
        return np.array(self.values[start:stop], dtype=float)  # a copy: models work in place

    def uniforms(self, rows: int) -> FloatArray:
        """Given normals have no uniforms."""
        raise TypeError("a stream of given normals has no uniforms; draw with normals()")


@final
@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a run: which draws, how many paths, and how paths form independent samples.

    Parameters
    ----------
    seed, index : int
    n_paths : int
    sampling : {"pseudo", "antithetic"}
    pilot : bool
        Whether the draws are the pilot's.
    """

    seed: int
    index: int
    n_paths: int
    sampling: Sampling = "pseudo"
    pilot: bool = False

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form."""
        return self.n_paths // 2 if self.sampling == "antithetic" else self.n_paths

    def stream(self) -> PseudoStream:
        """A fresh stream: every call starts from the same point."""
        keep_freed()
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(self.pilot), self.index))
        return PseudoStream(self.n_paths, sequence, self.sampling == "antithetic")

    def fold(self, values: FloatArray) -> FloatArray:
        """Independent samples from values per path, shape (..., n_paths): an antithetic pair becomes its mean."""
        if self.sampling == "pseudo":
            return values
        half = self.n_paths // 2
        return 0.5 * (values[..., :half] + values[..., half:])


def chunk_size(n_times: int) -> int:
    """Paths a chunk: fewer above 512 dates."""
    return max(64, min(CHUNK, 1 << (PATH_STEPS // n_times).bit_length() - 1))


def chunks(seed: int, paths: int, n_times: int, sampling: Sampling) -> list[Chunk]:
    """The chunks of a main run of `paths` paths that observe `n_times` dates: smaller ones above 512 dates."""
    size = chunk_size(n_times)
    full, rest = divmod(paths, size)
    sizes = [size] * full + ([rest] if rest else [])
    return [Chunk(seed, k, size, sampling) for k, size in enumerate(sizes)]


@final
@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of a main run, however long it turns out to be.

    Parameters
    ----------
    seed, n_times : int
    sampling : {"pseudo", "antithetic"}
    """

    seed: int
    n_times: int
    sampling: Sampling = "pseudo"

    def following(self, done: int, paths: int, most: int) -> list[Chunk]:
        """The chunks that take a run from `done` paths, where such chunks ended, to `paths` or a little beyond.

        They are whole, so that more can follow, unless the run ends at `most` paths.
        """
        size = chunk_size(self.n_times)
        end = min(-(-paths // size) * size, most)
        return chunks(self.seed, end, self.n_times, self.sampling)[done // size :]


def checked(paths: object, seed: object, sampling: str) -> tuple[int, int, Sampling]:
    """Validated ``(paths, seed, sampling)``; a seed is drawn if none is given.

    Raises
    ------
    ValueError, TypeError
        If `paths` is not a whole number of at least 2 (even for antithetic pairs), `seed` not a whole number >= 0, or
        `sampling` unknown.
    """
    kind: Sampling = "antithetic" if one_of("sampling", sampling, SAMPLINGS) == "antithetic" else "pseudo"
    count = whole("paths", paths, 2)
    if kind == "antithetic" and count % 2:
        refuse("paths", "be even with antithetic sampling", paths)
    return count, secrets.randbits(48) if seed is None else whole("seed", seed, 0), kind
