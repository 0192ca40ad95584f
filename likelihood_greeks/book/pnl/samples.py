"""All positions on one underlying valued on the same draws before and after a move, so that differences are exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ..._typing import FloatArray
from ...engine.execution import Workers, ordered, workers
from ...engine.main_run import Run
from ...engine.stopping import Goal, sampled
from ...estimate import Moments, Statistics
from ...parameters import Greek
from ...payoffs.relaxed.tape import NotRelaxableError
from ...streams.chunks import Chunk, Draws
from ..blocks import Block, blocks, prepared
from ..desk import Failure
from ..trades import Problem
from .legs import AFTER, BEFORE, ROLLED, SETTLED
from .positions import ROWS, Position

ALL, TRADES = "all", "trades"
"""The keys of the moments of the whole position, and of each."""


class LateError(Exception):
    """A trade failed in the main run."""

    def __init__(self, stage: str, trade_id: str, reason: str, relaxation: bool) -> None:
        super().__init__(stage, trade_id, reason, relaxation)
        self.stage, self.trade_id = stage, trade_id
        self.failure = Failure(0, 0, reason, relaxation)


@final
@dataclass(frozen=True, slots=True)
class Explaining:
    """The task of one chunk.

    Parameters
    ----------
    runs : mapping of str to tuple of (Run, tuple of str, int)
        By stage: simulations, the trades in each, and how many dates of theirs have gone by.
    positions : mapping of str to Position
        Those that are simulated somewhere, by trade_id.
    """

    runs: Mapping[str, tuple[tuple[Run, tuple[str, ...], int], ...]]
    positions: Mapping[str, Position]

    def __call__(self, chunk: Chunk) -> dict[str, Moments]:
        """Moments of the rows of all positions, shape (n_positions, n_rows), and of their sum."""
        prices: dict[str, dict[str, FloatArray]] = {name: {} for name in self.positions}
        for stage in (BEFORE, ROLLED, AFTER):
            for trade_id, samples in self._samples(stage, chunk):
                prices[trade_id][stage] = samples[:1]
        found, total = dict[str, Moments](), np.zeros((len(ROWS), chunk.n_samples))
        for trade_id, samples in self._samples(SETTLED, chunk):
            found[trade_id] = self._summed(trade_id, {**prices[trade_id], SETTLED: samples}, total)
        for trade_id in self.positions:
            if trade_id not in found:
                found[trade_id] = self._summed(trade_id, prices[trade_id], total)
        return {TRADES: Moments.stacked([found[name] for name in self.positions]), ALL: Moments.of(total)}

    def _summed(self, trade_id: str, drawn: Mapping[str, FloatArray], total: FloatArray) -> Moments:
        """Moments of a position, which is added to the total."""
        rows = self.positions[trade_id].rows(drawn)
        total += rows
        return Moments.of(rows)

    def _samples(self, stage: str, chunk: Chunk) -> Iterator[tuple[str, FloatArray]]:
        """Controlled samples of the trades that are simulated at a stage."""
        for run, names, gone in self.runs.get(stage, ()):
            pairs, _ = run.controlled(replace(chunk, skipped=gone))
            for name in names:
                samples = _attempted(pairs, stage, name)
                if name in self.positions:
                    yield name, samples


def _attempted(pairs: Iterator[tuple[FloatArray, FloatArray]], stage: str, name: str) -> FloatArray:
    """The next samples; a failure says whose they are."""
    try:
        return next(pairs)[0]
    except NotRelaxableError as error:
        raise LateError(stage, name, str(error), relaxation=True) from error
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise LateError(stage, name, str(error), relaxation=False) from error


@final
@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What a run found of the positions on one underlying.

    Attributes
    ----------
    positions : tuple of Position
    moments : mapping of str to Statistics
        Of the rows of each by trade_id; nothing of one that is exact.
    total : Statistics or None
        Of all that are simulated.
    problems : tuple of Problem
    """

    positions: tuple[Position, ...]
    moments: Mapping[str, Statistics]
    total: Statistics | None
    problems: tuple[Problem, ...]


def explained(
    own: Sequence[Position],
    greeks: Sequence[Greek],
    settings: tuple[str, Draws, int],
    *,
    executor: Workers = None,
    title: str = "",
) -> Explained:
    """The moments of all positions on an underlying.

    Parameters
    ----------
    own : sequence of Position
    greeks : sequence of str or pair of str
        The derivatives wanted where they are settled.
    settings : (str, Draws, int)
        The controls, the draws of the main run, and how many paths it has.
    """
    controls, draws, paths = settings
    goal, todo = Goal(paths, paths), dict[tuple[str, int], list[Block]]()
    for stage in (BEFORE, ROLLED, SETTLED, AFTER):
        drawn = [position for position in own if stage in position.drawn]
        for gone in sorted({position.gone(stage) for position in drawn}):
            trades = [position.drawn[stage] for position in drawn if position.gone(stage) == gone]
            todo[stage, gone] = blocks(trades, greeks if stage == SETTLED else [], controls, draws, goal)
    if not todo:
        return Explained(tuple(own), {}, None, ())
    with workers(executor) as pool:
        while True:
            runs, problems = _planned(todo, pool)
            bad = {problem.trade_id for problem in problems}
            left = tuple(position for position in own if position.leg.trade_id not in bad)
            live = {position.leg.trade_id: position for position in left if position.drawn}
            if not live:
                return Explained(left, {}, None, tuple(problems))
            try:
                done = sampled(Explaining(runs, live), draws, goal, lambda _: [], executor=pool, title=title)
            except LateError as error:
                todo = {
                    key: [_knowing(block, error) for block in own] if key[0] == error.stage else own
                    for key, own in todo.items()
                }
                continue
            moments = {name: done.total[TRADES][row] for row, name in enumerate(live)}
            return Explained(left, moments, done.total[ALL], tuple(problems))


def _planned(todo: Mapping[tuple[str, int], Sequence[Block]], pool: Any) -> tuple[dict[str, Any], list[Problem]]:
    """The simulations of every stage after their pilots, and what is wrong with some trades."""
    runs, problems = dict[str, Any](), list[Problem]()
    every = [(*key, block) for key, own in todo.items() for block in own]
    calls = ((prepared, block) for *_, block in every)
    for (stage, gone, block), state in zip(every, ordered(calls, pool), strict=True):
        names = [tuple(trade.trade_id for trade in trades) for _, trades in block.runs(state.problems)]
        found = [(run, own, gone) for run, own in zip(state.desk.runs, names, strict=True)]
        runs[stage] = (*runs.get(stage, ()), *found)
        problems += state.problems
    return runs, problems


def _knowing(block: Block, error: LateError) -> Block:
    """A block that knows of a failure, if the trade is one of its own."""
    if all(trade.trade_id != error.trade_id for own in block.trades for trade in own):
        return block
    given_up = error.trade_id in block.late
    failure = error.failure if not given_up else Failure(0, 0, error.failure.reason, relaxation=False)
    return block.knowing({error.trade_id: failure})
