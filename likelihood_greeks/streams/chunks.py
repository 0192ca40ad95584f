r"""Randomness as an argument: streams that depend on a seed and a chunk number, and on nothing else.

Chunk *k* of a run draws from its own streams, keyed by ``(seed, purpose, k)``: normals by counter (see `normals`), all
else from a generator. Or it is a known run of points of one scramble of Sobol's sequence (see `sobol`). Results
therefore do not depend on how many threads, processes or machines share the work. The pilot has a purpose of its own,
so its draws are independent of the main run's.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, repeat
from typing import Any, Literal, Protocol, TypeAlias, final, get_args

import numpy as np
from scipy import special

from .._checks import one_of, refuse, whole
from .._typing import FloatArray
from .brownian_bridge import bridged
from .inversion import Inversion
from .memory import keep_freed
from .normals import normals
from .sobol import points

Sampling: TypeAlias = Literal["pseudo", "antithetic", "sobol"]
SAMPLINGS: tuple[Sampling, ...] = get_args(Sampling)
MOST = 10_000_000_000  # paths: the list of their chunks alone takes a gigabyte

NOTHING = np.empty(0)

CHUNK, PATH_STEPS = 4096, 1 << 21
"""Paths a chunk, and path-steps that a chunk of many dates may not exceed. They define a run, as what follows: to
change them changes the draws."""

ALIKE, LARGEST, GROWN_STEPS = 4, 16_384, 1 << 19
"""Chunks that grow: so many of a size, then of twice as many paths, up to a largest size and to the path-steps that
stay in the memory next to a core."""

SCRAMBLES = 32
"""Independent scrambles of Sobol points, at least: up to twice as many, so that few paths more than asked for do.

With 16 intervals of a European digital, decided by the few points next to its strike, cover only nine times in ten."""


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

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = ..., ranks: Sequence[int] = ...
    ) -> FloatArray:
        """Standardised increments of a Brownian motion up to each of `times`: normals, shape (n_times, n_paths).

        Where coordinates are not equally good, the best go to what moves the whole path. A law that afterwards steps
        to the dates `beneath` by calls of the generator's samplers, says so: `ranks` has one entry for every call that
        it takes for a step. These calls are then given Brownian increments too, and share the best coordinates, those
        of rank 0 with this motion, the others after them.
        """
        ...

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Standardised increments of so many independent Brownian motions, shape (count, n_times, n_paths).

        Where coordinates are not equally good, the motions take turns with them.
        """
        ...

    @property
    def generator(self) -> np.random.Generator:
        """The generator behind the stream, for laws that need its own samplers (gamma, Poisson, ...).

        Of Sobol points an `Inversion`, which has some of a generator's samplers.
        """
        ...


@final
@dataclass(slots=True, eq=False)
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
    _used: int = 0  # rows of normals
    _generator: np.random.Generator | None = None

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form: the pairs of antithetic draws, else `n_paths`."""
        return self.n_paths // 2 if self.antithetic else self.n_paths

    @property
    def generator(self) -> np.random.Generator:
        """A generator of its own for all that is not a normal of the stream."""
        if self._generator is None:
            self._generator = np.random.Generator(np.random.SFC64(self.sequence))
        return self._generator

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, shape (rows, n_paths): the next rows of the stream, by `normals.normals`."""
        own = np.random.SeedSequence(self.sequence.entropy, spawn_key=(*self.sequence.spawn_key, 0))
        half = normals(own.generate_state(4), self._used, rows, self.n_samples)
        self._used += rows
        return np.concatenate([half, -half], axis=1) if self.antithetic else half

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        if not self.antithetic:
            return self.generator.random((rows, self.n_paths))
        half = self.generator.random((rows, self.n_paths // 2))
        return np.concatenate([half, np.nextafter(1.0 - half, 0.0)], axis=1)

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Standard normals, shape (n_times, n_paths): any are as good."""
        return self.normals(len(times))

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Standard normals, shape (count, n_times, n_paths)."""
        return self.normals(count * len(times)).reshape(count, len(times), self.n_paths)


@final
@dataclass(slots=True, eq=False)
class SobolStream:
    """Points of one scramble of Sobol's sequence; each call gives the next coordinates.

    Parameters
    ----------
    seed, scramble : int
    first, n_paths : int
        The points: `n_paths` is a power of two, and `first` a multiple of it.
    """

    seed: int
    scramble: int
    first: int
    n_paths: int
    _used: int = 0
    _given: deque[FloatArray] = field(default_factory=deque)

    @property
    def n_samples(self) -> int:
        """Number of paths."""
        return self.n_paths

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in (0, 1), the next coordinates, shape (rows, n_paths)."""
        start = self._used
        self._used = start + rows
        return points(self.seed, self.scramble, range(start, start + rows), self.first, self.n_paths)

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, the next coordinates, shape (rows, n_paths)."""
        return np.asarray(special.ndtri(self.uniforms(rows)))

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Standardised increments by Brownian bridges, shape (n_times, n_paths).

        Motions of one rank take turns with the coordinates.
        """
        motions = [(0, times), *((rank, beneath) for rank in ranks)]
        turns = sorted((rank, turn, k) for k, (rank, dates) in enumerate(motions) for turn in range(len(dates)))
        normals, owners = self.normals(len(turns)), np.array([k for *_, k in turns], dtype=int)
        first, *others = (bridged(dates, normals[owners == k]) for k, (_, dates) in enumerate(motions))
        self._given.extend(motion[step] for step in range(len(beneath)) for motion in others)
        return first

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Standardised increments by Brownian bridges, shape (count, n_times, n_paths).

        Of every rank of the bridges each motion has one coordinate, those of a rank one after the other.
        """
        normals = self.normals(count * len(times))
        return np.stack([bridged(times, normals[k::count]) for k in range(count)])

    @property
    def generator(self) -> Any:
        """Samplers by inversion: those announced to `brownian` first, then the next coordinates."""
        return Inversion(self.normals, self.n_paths, self._given)


@final
@dataclass(slots=True, eq=False)
class GivenNormals:
    """Normals chosen by the caller, handed out row by row.

    Parameters
    ----------
    values : array_like, shape (rows, n_paths)
    """

    values: FloatArray
    _used: int = 0

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
        start, stop = self._used, self._used + rows
        if stop > np.shape(self.values)[0]:
            refuse("values", f"hold at least {stop} rows", np.shape(self.values))
        self._used = stop
        return np.array(self.values[start:stop], dtype=float)  # a copy: models work in place

    def brownian(
        self, times: Sequence[float] | FloatArray, beneath: FloatArray = NOTHING, ranks: Sequence[int] = ()
    ) -> FloatArray:
        """Take the next rows, shape (n_times, n_paths)."""
        return self.normals(len(times))

    def brownians(self, times: Sequence[float] | FloatArray, count: int) -> FloatArray:
        """Take the next rows, motion by motion, shape (count, n_times, n_paths)."""
        return self.normals(count * len(times)).reshape(count, len(times), self.n_paths)

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
    sampling : {"pseudo", "antithetic", "sobol"}
    pilot : bool
        Whether the draws are the pilot's.
    scramble, first : int
        Of Sobol points: which scramble, and the number of the first point.
    skipped : int
        Rows of normals that its streams pass over at the start, so that a path whose first dates have gone by goes on
        with the normals that it had; Sobol points, whose first coordinates move the whole path, skip none.
    """

    seed: int
    index: int
    n_paths: int
    sampling: Sampling = "pseudo"
    pilot: bool = False
    scramble: int = 0
    first: int = 0
    skipped: int = 0

    @property
    def n_samples(self) -> int:
        """Independent samples that the paths form."""
        return self.n_paths // 2 if self.sampling == "antithetic" else self.n_paths

    def stream(self) -> PseudoStream | SobolStream:
        """A fresh stream: every call starts from the same point."""
        keep_freed()
        if self.sampling == "sobol":
            return SobolStream(self.seed, self.scramble, self.first, self.n_paths)
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(self.pilot), self.index))
        return PseudoStream(self.n_paths, sequence, self.sampling == "antithetic", self.skipped)

    def fold(self, values: FloatArray) -> FloatArray:
        """Independent samples from values per path, shape (..., n_paths): an antithetic pair becomes its mean."""
        if self.sampling != "antithetic":
            return values
        half = self.n_paths // 2
        return 0.5 * (values[..., :half] + values[..., half:])


def chunk_size(n_times: int) -> int:
    """Paths a chunk: fewer above 512 dates."""
    return max(64, min(CHUNK, 1 << (PATH_STEPS // n_times).bit_length() - 1))


def _grown(n_times: int) -> int:
    """Paths of the largest of chunks that grow."""
    return max(chunk_size(n_times), min(LARGEST, 1 << (GROWN_STEPS // n_times).bit_length() - 1))


def _sizes(n_times: int, growing: bool) -> Iterator[int]:
    """Paths of the chunks of a run without end."""
    size = chunk_size(n_times)
    largest = _grown(n_times) if growing else size
    while size < largest:
        yield from (size,) * ALIKE
        size *= 2
    yield from repeat(largest)


def sobol_chunks(
    seed: int, scrambles: int, first: int, count: int, n_times: int, *, growing: bool = False
) -> list[Chunk]:
    """Chunks of the points ``first`` to ``first + count`` of every scramble.

    `count` is a power of two, and `first` a multiple of it: so a run of n points of each scramble is continued by the
    chunks of n more from n, and by those of 2n from 2n.
    """
    size = min(count, _grown(n_times) if growing else chunk_size(n_times))
    starts = range(first, first + count, size)
    where = [(scramble, start) for scramble in range(scrambles) for start in starts]
    return [Chunk(seed, k, size, "sobol", scramble=s, first=f) for k, (s, f) in enumerate(where)]


def scrambled(paths: int) -> tuple[int, int]:
    """(Scrambles, points of each) of a run of at least `paths` paths: 32 to 64 scrambles of a power of two of points.

    No power of two wastes fewer paths: at most one part in 32 more than asked for, above 32.
    """
    count = 1 << max((paths // SCRAMBLES).bit_length() - 1, 0)
    return max(SCRAMBLES, -(-paths // count)), count


@final
@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of a main run, however long it turns out to be (on Sobol points it has one round).

    Parameters
    ----------
    seed, n_times : int
    sampling : {"pseudo", "antithetic", "sobol"}
    growing : bool
        Whether chunks grow with the run: those of one payoff do, whose arrays are few, so that less of the time goes
        by between operations on them.
    """

    seed: int
    n_times: int
    sampling: Sampling = "pseudo"
    growing: bool = False

    def chunks(self, paths: int) -> list[Chunk]:
        """The chunks of a run of so many paths: whole ones, but for the last."""
        if self.sampling == "sobol":
            scrambles, count = scrambled(paths)
            return sobol_chunks(self.seed, scrambles, 0, count, self.n_times, growing=self.growing)
        found, left, sizes = list[Chunk](), paths, _sizes(self.n_times, self.growing)
        while left > 0:
            found.append(Chunk(self.seed, len(found), min(next(sizes), left), self.sampling))
            left -= found[-1].n_paths
        return found

    def following(self, done: int, paths: int, most: int) -> list[Chunk]:
        """The chunks that take a run from `done` paths, where such chunks ended, to `paths` or a little beyond.

        They are whole, so that more can follow, unless the run ends at `most` paths.
        """
        if self.sampling == "sobol":  # scrambles are not continued
            return self.chunks(paths) if not done else []
        found = self.chunks(min(self._end(paths), most))
        return [chunk for chunk, end in zip(found, accumulate(c.n_paths for c in found), strict=True) if end > done]

    def _end(self, paths: int) -> int:
        """Where the chunk ends that holds the last of so many paths."""
        return next(end for end in accumulate(_sizes(self.n_times, self.growing)) if end >= paths)

    def named(self, pieces: Sequence[Chunk]) -> str:
        """What these chunks have in common with those of a run of another length: all, unless the last is shorter."""
        paths = sum(chunk.n_paths for chunk in pieces)
        cut = pieces and self.sampling != "sobol" and self._end(paths) > paths
        return f"{self.seed} {self.sampling} {chunk_size(self.n_times)}" + (f" {paths}" if cut else "")


def checked(paths: object, seed: object, sampling: str) -> tuple[int, int, Sampling]:
    """Validated ``(paths, seed, sampling)``; a seed is drawn if none is given.

    Of Sobol points there are as many as `scrambled` says, at least `paths`.

    Raises
    ------
    ValueError, TypeError
        If `paths` is not a whole number of at least 2 (even for antithetic pairs), `seed` not a whole number >= 0, or
        `sampling` unknown.
    """
    kind: Sampling = next(known for known in SAMPLINGS if known == one_of("sampling", sampling, SAMPLINGS))
    count = whole("paths", paths, 2)
    if count > MOST:
        refuse("paths", f"be at most {MOST:,}", paths)
    if kind == "antithetic" and count % 2:
        refuse("paths", "be even with antithetic sampling", paths)
    if kind == "sobol":
        scrambles, each = scrambled(count)
        count = scrambles * each
    return count, secrets.randbits(48) if seed is None else whole("seed", seed, 0), kind
