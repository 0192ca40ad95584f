r"""Bump and reprice with common random numbers: the baseline that desks know.

Each Greek is a central difference of prices whose models (or dates) are bumped and whose random numbers are the
same: drawn once a chunk, and played again to every bumped model. The bias is of order h², and at a discontinuity the
variance is of order 1/h.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 7.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, Protocol, TypeAlias, final

import numpy as np

from .._typing import FloatArray
from ..models.numerical import moved, value_of
from ..models.protocol import PathModel, observed
from ..parameters import TIME, Derivative
from ..payoffs.protocol import Contract, cash_flows, payment_times
from ..sampling import Chunk, PseudoStream, Stream
from .likelihood_ratio import Combination, sum_of

Shift: TypeAlias = tuple[tuple[str, float], ...]
Call: TypeAlias = tuple[Literal["normals", "uniforms", "generator"], int]
Tape: TypeAlias = list[tuple[Call, FloatArray]]


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
    tape : list
        What was asked for and what was given, appended to.
    """

    live: PseudoStream
    tape: Tape

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return self.live.n_paths

    def normals(self, rows: int) -> FloatArray:
        """Standard normals, shape (rows, n_paths)."""
        self.tape.append((("normals", rows), self.live.normals(rows)))
        return self.tape[-1][1].copy()

    def uniforms(self, rows: int) -> FloatArray:
        """Uniforms in [0, 1), shape (rows, n_paths)."""
        self.tape.append((("uniforms", rows), self.live.uniforms(rows)))
        return self.tape[-1][1].copy()

    @property
    def generator(self) -> np.random.Generator:
        """The generator itself: what is drawn from it is not seen, so no `Player` passes this point of the tape."""
        self.tape.append((("generator", 0), np.empty(0)))
        return self.live.generator


@final
@dataclass(frozen=True, slots=True, eq=False)
class Player:
    """Gives what ``chunk.stream()`` would: from a tape while it holds what is asked for, then from a stream of its own.

    Parameters
    ----------
    chunk : Chunk
    tape : list
        As a `Recorder` left it.
    """

    chunk: Chunk
    tape: Tape
    _played: list[Call] = field(default_factory=list)
    _own: list[PseudoStream] = field(default_factory=list)  # at most one

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return self.chunk.n_paths

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
        if not self._own and position < len(self.tape) and self.tape[position][0] == (kind, rows):
            self._played.append((kind, rows))
            return self.tape[position][1].copy()
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
    tape: Tape = field(default_factory=list)

    def stream(self) -> Stream:
        """The same draws as ``chunk.stream()`` gives, whatever the model asks for."""
        return Player(self.chunk, self.tape) if self.tape else Recorder(self.chunk.stream(), self.tape)


def present_values(model: PathModel, payoff: Contract, source: Source, shift: Mapping[str, float]) -> FloatArray:
    """Discounted payoff of every path under a shifted model, shape (n_paths,); the same draws for every shift."""
    elapsed = shift.get(TIME, 0.0)
    bumped = moved(model, {name: h for name, h in shift.items() if name != TIME})
    paths = bumped.simulate(np.asarray(payoff.times) - elapsed, source.stream())
    flows = cash_flows(payoff, observed(paths))
    return np.asarray(bumped.discount_jet(payment_times(payoff, flows) - elapsed).value @ flows)


def bump_sizes(model: PathModel, payoff: Contract, bump: float) -> dict[str, float]:
    """Absolute bumps: `bump` times the spot and times the first date; for other parameters times 1, or their size.

    A bump of 0.01 is one per cent of the spot, one volatility point, one per cent of rate. It is relative to a
    parameter that is too close to the end of its domain for that.
    """
    sizes = {TIME: bump * payoff.times[0]}
    for name in model.parameters:
        size = abs(value_of(model, name))
        sizes[name] = bump * (size if name == "spot" else max(size, 1.0))
        try:
            moved(model, {name: sizes[name]})
            moved(model, {name: -sizes[name]})
        except ValueError:
            sizes[name] = bump * size
    return sizes


def difference(
    price: Callable[[Mapping[str, float]], FloatArray], derivative: Derivative, h: Mapping[str, float]
) -> FloatArray:
    """Central difference of `price` (of shifts), shape (n_paths,)."""
    match derivative:
        case ():
            return price({})
        case (a,):
            return (price({a: h[a]}) - price({a: -h[a]})) / (2.0 * h[a])
        case (a, b) if a == b:
            return (price({a: h[a]}) - 2.0 * price({}) + price({a: -h[a]})) / h[a] ** 2
        case (a, b):
            corners = [(i * j, price({a: i * h[a], b: j * h[b]})) for i in (1, -1) for j in (1, -1)]
            return sum((sign * value for sign, value in corners), np.zeros(1)) / (4.0 * h[a] * h[b])
    raise ValueError(f"derivative must name at most two coordinates, got {derivative!r}")


@final
@dataclass(frozen=True, slots=True)
class FiniteDifference:
    """Samples of bumped differences of one payoff.

    Parameters
    ----------
    model : PathModel
    payoff : Contract
    combinations : tuple of Combination
    bump : float
        Size of the bumps, as in `bump_sizes`.
    """

    model: PathModel
    payoff: Contract
    combinations: tuple[Combination, ...]
    bump: float

    def samples(self, chunk: Chunk) -> FloatArray:
        """One sample a path (or pair) for every combination, shape (n_combinations, n_samples)."""
        sizes = bump_sizes(self.model, self.payoff, self.bump)
        known: dict[Shift, FloatArray] = {}
        source = Recording(chunk)

        def price(shift: Mapping[str, float]) -> FloatArray:
            key = tuple(sorted(shift.items()))
            if key not in known:
                known[key] = present_values(self.model, self.payoff, source, shift)
            return known[key]

        wanted = dict.fromkeys(chain.from_iterable(self.combinations))
        table = {derivative: difference(price, derivative, sizes) for derivative in wanted}
        return chunk.fold(np.stack([sum_of(c, table) for c in self.combinations]))

    def notes(self, labels: Sequence[str]) -> dict[str, str]:
        """What to hold against each Greek: every difference is biased by its bump."""
        remark = f"biased: central difference of {self.bump:.3g} bumps, error of order bump squared"
        return {label: "" if set(c) == {()} else remark for label, c in zip(labels, self.combinations, strict=True)}
