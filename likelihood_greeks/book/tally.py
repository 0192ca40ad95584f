"""What blocks and net positions have come to so far, and where that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Protocol, TypeAlias, final

from .._typing import FloatArray
from ..engine.batches import Batches
from ..engine.cure import Cured
from ..engine.sums import accumulate, replicated
from ..estimate import Moments, Statistics
from ..streams.chunks import Chunk
from .blocks import Block
from .desk import Failure, Worked
from .trades import NET, Problem

Row: TypeAlias = dict[str, Any]
"""A row of a risk frame, by column."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """What a block has come to.

    Attributes
    ----------
    chunks : int
        Chunks of the main run that are in it.
    moments : mapping
        As `Worked` has them.
    problems : tuple of Problem
        Why some trades are not in it.
    given_up : tuple of str
        Trades (by trade_id) whose relaxations were given up.
    batches : Batches or None
        As `Worked` has them.
    cures : mapping of int to Cured
        By place among the trades, what has come of numbers whose errors could not be trusted.
    """

    chunks: int = 0
    moments: dict[str, Statistics] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    given_up: tuple[str, ...] = ()
    batches: Batches | None = None
    cures: Mapping[int, Cured] = field(default_factory=dict)

    def lessons(self) -> dict[str, Failure]:
        """What another attempt should know about trades that failed."""
        given_up = {name: Failure(0, 0, "", relaxation=True) for name in self.given_up}
        return given_up | {p.trade_id: Failure(0, 0, str(p.value), relaxation=False) for p in self.problems}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """The net position so far.

    Attributes
    ----------
    chunks : int
        Chunks of the main run of which all blocks are in `moments`.
    moments : Moments, Replicated or None
        None before the first round is over.
    blocks : int
        Blocks that are in `samples`.
    samples : tuple of ndarray, shape (n_greeks, n_samples)
        Chunk by chunk, of the round that is under way.
    aimed : int
        Chunks that the run is to have, as far as it is known.
    """

    chunks: int = 0
    moments: Statistics | None = None
    blocks: int = 0
    samples: tuple[FloatArray, ...] = ()
    aimed: int = 0

    def plus(self, block: int, own: Sequence[Worked]) -> Net:
        """The tally that has the samples of one more block as well."""
        if block < self.blocks:  # it was added before a run was stopped
            return self
        summed = [a + w.net for a, w in zip(self.samples, own, strict=True)] if self.samples else [w.net for w in own]
        return replace(self, blocks=block + 1, samples=tuple(summed))

    def closed(self, batch: Sequence[Chunk]) -> Net:
        """After a round on some chunks."""
        parts = [{NET: Moments.of(samples)} if samples.ndim else {} for samples in self.samples]
        start = {} if self.moments is None else {NET: self.moments}
        total = accumulate([part for part in replicated(parts, batch) if part], start)
        return Net(self.chunks + len(batch), total.get(NET), aimed=self.aimed)


def together(parts: Iterable[Tally | Worked], number: int) -> Batches | None:
    """The batches of all parts, so many; None if none has any."""
    found = [part.batches.folded(number) for part in parts if part.batches is not None]
    return reduce(Batches.merge, found) if found else None


class Store(Protocol):
    """Where the state of a run is kept."""

    def tally(self, block: Block, /) -> Tally | None:
        """What was kept of a block."""
        ...

    def net(self, underlying: str, /) -> Net | None:
        """What was kept of a net position."""
        ...

    def keep(self, block: Block, tally: Tally, rows: Callable[[], list[Row]], net: Net, /) -> None:
        """Keep a block, its rows of the frame, and the net position that it is in."""
        ...

    def forget(self, underlying: str, /) -> None:
        """Keep nothing of an underlying."""
        ...

    def done(self) -> None:
        """Keep nothing at all: the run is over."""
        ...

    def close(self) -> None:
        """Let other runs have the place."""
        ...


@final
class Nowhere:
    """A store that keeps nothing."""

    def tally(self, block: Block) -> None:
        """Nothing."""

    def net(self, underlying: str) -> None:
        """Nothing."""

    def keep(self, block: Block, tally: Tally, rows: Callable[[], list[Row]], net: Net) -> None:
        """Not kept."""

    def forget(self, underlying: str) -> None:
        """Nothing was kept."""

    def done(self) -> None:
        """Nothing was kept."""

    def close(self) -> None:
        """Nobody waits."""
