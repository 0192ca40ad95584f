"""All trades on one underlying: block by block on shared draws, and their net position.

The main run goes in rounds of chunks, so that the samples of the net position, which is the sum over all blocks, fit in
memory however many paths there are. Within a round blocks finish one after the other.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeAlias, final

import numpy as np

from .._typing import FloatArray
from ..engine.batches import batches_of
from ..engine.execution import AHEAD, ordered, width
from ..engine.stopping import Goal
from ..engine.sums import Pair, accumulate, replicated
from ..estimate import Statistics
from ..scouted import CERTAIN, Scouted
from ..streams.chunks import Chunk, Draws
from . import early_exercise
from .blocks import GIVEN_UP, Block, Prepared, prepared
from .cures import cures, doubtful, renewed, replaced, settle, shares, sound_in
from .desk import TRADES, Desk, Failure, Worked, added
from .frame import trade_rows
from .joint import Shares
from .reading import BookWarning
from .tally import Net, Row, Store, Tally, together

Pool: TypeAlias = Executor | Literal["serial"]
ROUND, MOST_NUMBERS = 64, 32
"""Chunks a round: with seven Greeks the samples of the net position take 15 MB."""


class LateError(Exception):
    """A trade failed in a later round: its earlier rounds must be run again without it."""

    def __init__(self, block: int, failures: dict[str, Failure]) -> None:
        super().__init__(block, failures)
        self.block, self.failures = block, failures


Ready: TypeAlias = Callable[[Block], Prepared]
Advanced: TypeAlias = Callable[[float], object]


@contextmanager
def upcoming(blocks: Sequence[Block], pool: Pool) -> Iterator[Ready]:
    """The blocks after their pilots, a few of which run ahead of what is asked for."""
    pending, known = deque((block.underlying, block.number) for block in blocks), dict[Any, Prepared]()

    def ready(block: Block) -> Prepared:
        key = block.underlying, block.number
        while key in pending:
            known[pending.popleft()] = next(found)
        return known.pop(key, None) or prepared(block)

    with closing(ordered(((prepared, block) for block in blocks), pool, width(pool) + 1)) as found:
        yield ready


@final
@dataclass(frozen=True, slots=True, eq=False)
class Workshop:
    """Where work is done.

    Parameters
    ----------
    pool : Executor or "serial"
    ready : callable
        From a block to what its pilot found.
    advanced : callable
        Told of trades times the share of their paths that was done.
    """

    pool: Pool
    ready: Ready
    advanced: Advanced


@final
@dataclass(frozen=True, slots=True)
class Main:
    """The main run of all trades on an underlying.

    Parameters
    ----------
    draws : Draws
    goal : Goal
    of_net : bool
        Whether its targets are of the net position; else of every trade.
    """

    draws: Draws
    goal: Goal
    of_net: bool = False

    def begun(self, chunks: int = 0) -> list[Chunk]:
        """The first so many chunks, but at least those of the first round of the goal."""
        first = self.draws.following(0, self.goal.paths, self.goal.most)
        if chunks <= len(first):
            return first
        return self.draws.following(0, self.goal.most, self.goal.most)[:chunks]

    def more(self, pieces: Sequence[Chunk], watched: Iterable[tuple[Sequence[str], Statistics]]) -> list[Chunk]:
        """The chunks of the next round; none if the run is over. Moments are watched with the Greeks that they have."""
        done = sum(chunk.n_paths for chunk in pieces)
        end = max((self.goal.only(labels).end(done, [moments]) for labels, moments in watched), default=done)
        return self.draws.following(done, end, self.goal.most) if end > done else []

    def missed(self, moments: Statistics, pieces: Sequence[Chunk]) -> dict[str, str]:
        """Which targets these moments of a run did not reach, in words, by the Greek's label."""
        paths = sum(chunk.n_paths for chunk in pieces)
        return {target.greek: target.note(moments, paths) for target in self.goal.targets}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """All trades on one underlying.

    Attributes
    ----------
    blocks : list of Block
    main : Main
        The main run.
    pieces : list of Chunk
        The chunks that it is to have, as far as it is known.
    tallies : dict of int to Tally
        By number of block.
    exact : ndarray, shape (n_greeks,), or float
        The position in the underlying's trades that need no simulation: part of the net position, without an error.
    """

    blocks: list[Block]
    main: Main
    pieces: list[Chunk] = field(default_factory=list)
    tallies: dict[int, Tally] = field(default_factory=dict)
    exact: FloatArray | float = 0.0
    _states: dict[int, Prepared] = field(default_factory=dict)
    _told: list[float] = field(default_factory=lambda: [0.0])

    @property
    def name(self) -> str:
        """The underlying."""
        return self.blocks[0].underlying

    def with_exact(self, position: Mapping[str, float]) -> Account:
        """The account with the position in exact trades, by label."""
        return replace(self, exact=np.array([position.get(label, 0.0) for label in self.blocks[0].labels]))

    @property
    def batches(self) -> int:
        """How many batches of samples are kept of every number: fewer of many."""
        numbers = sum(block.size for block in self.blocks) * len(self.blocks[0].labels)
        return batches_of(numbers)

    @property
    def round(self) -> int:
        """Chunks a round: fewer where there are many numbers a trade."""
        return max(ROUND * MOST_NUMBERS // max(len(self.blocks[0].labels), MOST_NUMBERS), 1)

    def recall(self, store: Store) -> None:
        """Take up what was kept of an earlier run."""
        net = store.net(self.name) or Net()
        self.pieces[:] = self.main.begun(net.aimed)
        tallies = {b.number: (store.tally(b) if net.aimed else None) or Tally() for b in self.blocks}
        if not self._whole(net, tallies):
            warnings.warn(f"parts of {self.name} are missing or unreadable: computed again", BookWarning, stacklevel=2)
            store.forget(self.name)
            self.pieces[:], tallies = self.main.begun(), {number: Tally() for number in tallies}
        self.tallies.update(tallies)
        self.blocks[:] = [block.knowing(tallies[block.number].lessons()) for block in self.blocks]

    def _whole(self, net: Net, tallies: Mapping[int, Tally]) -> bool:
        """Whether every block is where the net position says: a round's last ones may be a round behind."""
        end = min(net.chunks + self.round, len(self.pieces))
        return all(t.chunks == net.chunks or (t.chunks == end and n < net.blocks) for n, t in tallies.items())

    def behind(self, chunks: int | None = None) -> list[Block]:
        """The blocks without the first so many chunks of the main run, by default all of them."""
        if not self.pieces:  # nothing was recalled yet
            return [*self.blocks]
        end = len(self.pieces) if chunks is None else chunks
        return [block for block in self.blocks if self.tallies.get(block.number, Tally()).chunks < end]

    def tell(self, advanced: Advanced, block: Block | None = None, chunks: int = 0) -> None:
        """Say how many trades are done, each by the share of its paths, and so many chunks of a block besides."""
        done = sum(b.size * self.tallies[b.number].chunks for b in self.blocks) + (block.size * chunks if block else 0)
        share = done / len(self.pieces)
        advanced(share - self._told[0])
        self._told[0] = share

    def rows(self, block: Block, tally: Tally) -> list[Row]:
        """The rows of the trades of a block that has come so far."""
        paths = sum(chunk.n_paths for chunk in self.pieces[: tally.chunks])
        return trade_rows(block, tally, paths, self.main.draws.seed)

    def shares(self) -> Iterator[Shares]:
        """The shares in errors of the trades of all finished blocks."""
        behind = {block.number for block in self.behind()}
        for block in self.blocks:
            tally = self.tallies.get(block.number)
            if block.number in behind or tally is None or tally.batches is None:
                continue
            trades = [(trade.trade_id, trade.underlying) for _, own in block.runs(tally.problems) for trade in own]
            yield Shares.of(trades, block.greeks, shares(tally, block)[:, : len(block.greeks)])

    def late(self, block: Block) -> list[str]:
        """What does not make a number doubtful: row by row of the `rows` of a finished block.

        Relaxations that were given up, and targets that were missed.
        """
        tally, found = self.tallies[block.number], []
        trades = [(trade, group) for group, own in block.runs(tally.problems) for trade in own]
        for (trade, group), moments in zip(trades, self._controlled(block), strict=True):
            own = block.numbers(group)
            named = [block.labels[k] for k in own]
            biased = early_exercise.doubts(trade, named, group.combinations, moments[own])
            missed = {} if self.main.of_net else self.main.missed(moments, self.pieces)
            given_up = GIVEN_UP if trade.trade_id in tally.given_up else ""
            notes = ([biased.get(label), given_up, missed.get(label)] for label in block.having(group))
            found += ["; ".join(filter(None, own)) for own in notes]
        return found

    def run(self, store: Store, shop: Workshop) -> Statistics | None:
        """Finish all blocks; moments of the net position."""
        while True:
            net = replace(store.net(self.name) or Net(), aimed=len(self.pieces))
            try:
                while batch := self.pieces[net.chunks : net.chunks + self.round]:
                    net = self._round(store, net, batch, shop)
                    if net.chunks == len(self.pieces):
                        self.pieces.extend(self.main.more(self.pieces, self._watched(net)))
                        net = replace(net, aimed=len(self.pieces))
            except LateError as error:
                self.blocks[error.block] = self.blocks[error.block].knowing(error.failures)
                store.forget(self.name)
                self.tallies.update({block.number: Tally() for block in self.blocks})
                self.pieces[:] = self.main.begun()
                self._states.clear()
            else:
                self._cure(shop)
                self._states.clear()
                return self._whole_net(net)

    def _cure(self, shop: Workshop) -> None:
        """Work again on the trades whose errors cannot be trusted."""
        paths = sum(chunk.n_paths for chunk in self.pieces)
        for block in self.blocks:
            tally = self.tallies[block.number]
            if any(doubtful(block, tally)):
                state = self._states.get(block.number) or prepared(block)
                tally = settle(state, block, tally, self.main.draws, paths=paths)
                spare = self.main.goal.spare
                found = cures(state, block, tally, self.main.draws, paths=paths, spare=spare, pool=shop.pool)
                self.tallies[block.number] = replace(tally, cures=found)

    def _watched(self, net: Net) -> Iterator[tuple[Sequence[str], Statistics]]:
        """The moments whose errors are to be reached, each with the Greeks that are there."""
        if self.main.of_net:
            if (moments := self._whole_net(net)) is not None:
                yield self.blocks[0].labels, moments
            return
        for block in self.blocks:
            runs = block.runs(self.tallies[block.number].problems)
            having = [labels for group, trades in runs for labels in [block.having(group)] * len(trades)]
            yield from zip(having, self._controlled(block), strict=True)

    def _whole_net(self, net: Net) -> Statistics | None:
        """Moments of the net position, the exact trades included."""
        if net.moments is None:
            return None
        found = renewed(net.moments, self.blocks, self.tallies)
        return found.shifted(self.exact).knowing(self._scouted())

    def _scouted(self) -> Scouted:
        """What scouts say of the net position: what the samples of its trades have missed may all come at once.

        Its error is not doubted where nothing is held against any trade.
        """
        zero = np.zeros(len(self.blocks[0].labels))
        deviation, rounding, sound = zero, zero, np.ones(len(zero), dtype=bool)
        for block in self.blocks:
            tally = self.tallies[block.number]
            served = {place.number: place.labels(rows) for place, _, rows in replaced(tally, block)}
            trades = [trade for _, own in block.runs(tally.problems) for trade in own]
            for place, (trade, moments) in enumerate(zip(trades, self._controlled(block), strict=True)):
                missed = moments.pooled.missed.copy()
                missed[served.get(place, [])] = 0.0  # a cure has looked there
                deviation = deviation + abs(trade.quantity) * np.sqrt(missed)
                rounding = rounding + abs(trade.quantity) * moments.pooled.known.rounding
            sound &= sound_in(block, tally)
        known = replace(Scouted.nothing(deviation.shape), rounding=rounding)
        carriers = np.where(sound, CERTAIN, 0.0)
        return replace(known, rare=deviation**2, rest=np.full_like(deviation, np.inf), carriers=carriers)

    def _controlled(self, block: Block) -> Iterator[Statistics]:
        moments = self.tallies[block.number].moments
        for place in range(len(moments[TRADES].mean) if moments else 0):
            yield Pair.of(moments[TRADES][place]).controlled

    def _round(self, store: Store, net: Net, batch: Sequence[Chunk], shop: Workshop) -> Net:
        """The net position after a round, the tallies brought up to date."""
        end = net.chunks + len(batch)
        for block, own in self._worked(self.behind(end), batch, shop):
            tally, state = self.tallies[block.number], self._states[block.number]
            moments = accumulate(replicated((worked.moments for worked in own), batch), tally.moments)
            done = Tally(end, moments, state.problems, state.given_up, together([tally, *own], self.batches))
            net, tally = net.plus(block.number, own), done
            store.keep(self.blocks[block.number], tally, partial(self.rows, block, tally), net)
            self.tallies[block.number] = tally
        return net.closed(batch)

    def _worked(
        self, todo: Sequence[Block], batch: Sequence[Chunk], shop: Workshop
    ) -> Iterator[tuple[Block, list[Worked]]]:
        """Each block with its work on the chunks of a round, in order; tasks of the next blocks run meanwhile."""

        def calls() -> Iterator[tuple[Desk, Chunk]]:
            for block in todo:
                if block.number not in self._states:
                    self._states[block.number] = shop.ready(block)
                yield from ((self._states[block.number].desk, chunk) for chunk in batch)

        with closing(ordered(calls(), shop.pool, max(AHEAD, 2 * width(shop.pool)))) as stream:
            for block in todo:
                own = list[Worked | Failure]()
                for found in islice(stream, len(batch)):
                    added(own, found)
                    self.tell(shop.advanced, block, len(own))
                yield block, self._repaired(block, own, batch, shop.pool)

    def _repaired(self, block: Block, own: list[Worked | Failure], batch: Sequence[Chunk], pool: Pool) -> list[Worked]:
        """The work on a block; what fails in it is done again without relaxations, or left out."""
        while failure := next((found for found in own if isinstance(found, Failure)), None):
            trade = block.runs(self._states[block.number].problems)[failure.run][1][failure.row]
            if trade.trade_id in block.late:  # its relaxations were given up before
                failure = replace(failure, relaxation=False)
            block = block.knowing({trade.trade_id: failure})
            if self.tallies[block.number].chunks:
                raise LateError(block.number, dict(block.late))
            self.blocks[block.number] = block
            self._states[block.number] = prepared(block)
            own = list[Worked | Failure]()
            for found in ordered(((self._states[block.number].desk, chunk) for chunk in batch), pool):
                added(own, found)
        return [found for found in own if isinstance(found, Worked)]
