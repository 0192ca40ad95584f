"""All positions on an underlying valued at their stages: pilots, main run, and what fails in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeAlias, TypeVar, cast, final

import numpy as np

from ..._typing import FloatArray
from ...controls.regression import fit
from ...engine.batches import Batches
from ...engine.execution import Workers, ordered, results, workers
from ...engine.stopping import Goal, Sampled, sampled
from ...engine.sums import accumulate
from ...estimate import Statistics
from ...parameters import Greek
from ...streams.chunks import Chunk, Draws, chunk_size
from ..blocks import SIZE, Block, blocks
from ..bucket_split import Split
from ..desk import Failure
from ..trades import Problem
from .packs import ALL, BATCHES, TRADES, Fitting, LateError, Pack, Position, Simulation, Valuing
from .unmet import extra, looked_after, unmet

FITTED, PIECES = 1 << 21, 2
"""The first chunk of the pilot that fits the corrections of differences, and how many there are."""

PRICED = 2048
"""Paths of a pilot for prices alone, at most: their differences have controls of their own besides."""

P = TypeVar("P", bound=Position)
Planned: TypeAlias = list[tuple[str, int, Block]]
"""Blocks of trades, each at a stage, with so many dates gone by."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run.

    Parameters
    ----------
    controls : str
        As for `greeks`.
    draws : Draws
        Of the main run.
    paths : int
    executor : concurrent.futures.Executor or "serial", optional
    title : str
        Of a progress bar; empty for none.
    """

    controls: str
    draws: Draws
    paths: int
    executor: Workers = None
    title: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Together(Generic[P]):
    """What a run found of the positions on one underlying.

    Attributes
    ----------
    positions : tuple
        Those that could be valued.
    moments : mapping of str to Statistics
        Of the rows of each by trade_id; nothing of one that is exact.
    total : Statistics or None
        Of all that are simulated.
    problems : tuple of Problem
    shares : mapping of str to ndarray, shape (n_rows, n_batches)
        By trade_id, of batches in the errors of its rows: see `Batches.shares`.
    draws : str
        What the batches depend on.
    unmet : mapping of str to ndarray, shape (n_rows,)
        By trade_id, what a part of the payoff that the run has next to no path for may add to its rows; see `unmet`.
    """

    positions: tuple[P, ...]
    moments: Mapping[str, Statistics]
    total: Statistics | None
    problems: tuple[Problem, ...]
    shares: Mapping[str, FloatArray] = field(default_factory=dict)
    draws: str = ""
    unmet: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def unmet_together(self) -> FloatArray | float:
        """What is added to the errors of the total for what no path met of some."""
        own = [extra(rare, self.moments[name].standard_error) for name, rare in self.unmet.items()]
        return np.sqrt(np.sum(np.square(own), axis=0)) if own else 0.0


def together(
    own: Sequence[P],
    greeks: Mapping[str, Sequence[Greek]],
    settings: Settings,
    splits: Mapping[str, Split] | None = None,
) -> Together[P]:
    """The moments of the rows of all positions on an underlying.

    Parameters
    ----------
    own : sequence of Position
    greeks : mapping of str to sequence of str or pair of str
        The derivatives wanted at each stage, the price aside; of other stages there are none.
    settings : Settings
    splits : mapping of str to Split, optional
        What these are split by besides, by stage.
    """
    packs = [_blocks(part, greeks, settings, splits or {}) for part in _parts(own)]
    with workers(settings.executor) as pool:
        while True:
            states, problems = _prepared(packs, pool)
            bad = {problem.trade_id for problem in problems}
            left = tuple(position for position in own if position.trade_id not in bad)
            live = {position.trade_id: position for position in left if position.drawn}
            if not live:
                return Together(left, {}, None, tuple(problems))
            goal = Goal(settings.paths, settings.paths)
            ready = [_pack(planned, state, live) for planned, state in zip(packs, states, strict=True)]
            try:
                task = Valuing(ready, _fitted(ready, settings, pool))
                done = sampled(task, settings.draws, goal, lambda _: [], executor=pool, title=settings.title)
            except LateError as error:
                packs = [[(stage, gone, _knowing(block, stage, error)) for stage, gone, block in p] for p in packs]
                continue
            return _found(left, task, done, settings.draws, problems)


def _found(left: tuple[P, ...], task: Valuing, done: Sampled, draws: Draws, problems: Sequence[Problem]) -> Together[P]:
    """What a run that is over has found."""
    names = [name for pack in task.packs for name in pack.positions]
    every, batches = done.total[TRADES], cast(Batches, done.total[BATCHES])
    moments = {name: every[row] for row, name in enumerate(names)}
    shares = dict(zip(names, batches.shares(every), strict=True))
    pieces = draws.following(0, done.paths, done.paths)
    rare = {name: own for pack in task.packs for name, own in unmet(pack, done.paths).items()}
    return Together(left, moments, done.total[ALL], tuple(problems), shares, draws.named(pieces), rare)


def _parts(own: Sequence[P]) -> list[list[P]]:
    """Positions that are simulated, those with the same dates together, as many as samples fit in memory."""
    drawn = [position for position in own if position.drawn]
    drawn.sort(key=lambda position: max(trade.payoff.times for trade in position.drawn.values()))
    return [drawn[start : start + SIZE] for start in range(0, len(drawn), SIZE)]


def _blocks(
    part: Sequence[P], greeks: Mapping[str, Sequence[Greek]], settings: Settings, splits: Mapping[str, Split]
) -> Planned:
    """The blocks of some positions, stage by stage."""
    found, goal = Planned(), Goal(settings.paths, settings.paths)
    stages = dict.fromkeys(stage for position in part for stage in position.drawn)
    for stage in stages:
        there = [position for position in part if stage in position.drawn]
        for gone in sorted({position.gone(stage) for position in there}):
            trades = [position.drawn[stage] for position in there if position.gone(stage) == gone]
            wanted, split = greeks.get(stage, ()), splits.get(stage)
            made = blocks(trades, wanted, settings.controls, settings.draws, goal, split=split)
            found += [(stage, gone, replace(block if wanted else _priced(block), scouts=False)) for block in made]
    return found


def _priced(block: Block) -> Block:
    """A block with the shorter pilots of prices alone."""
    first = ((replace(own[0], n_paths=min(own[0].n_paths, PRICED)),) for own in block.pilots)
    return replace(block, pilots=tuple(first))


def _prepared(packs: Sequence[Planned], pool: Any) -> tuple[list[list[Simulation]], list[Problem]]:
    """The simulations of all blocks after their pilots, pack by pack, and what is wrong with some trades."""
    found, problems = list[list[Simulation]](), list[Problem]()
    states = ordered(((looked_after, block) for planned in packs for *_, block in planned), pool)
    for planned in packs:
        found.append([])
        for stage, gone, block in planned:
            state = next(states)
            problems += state.problems
            for run, (_, trades) in zip(state.desk.runs, block.runs(state.problems), strict=True):
                found[-1].append(Simulation(stage, run, tuple(trade.trade_id for trade in trades), gone))
    return found, problems


def _pack(planned: Planned, simulations: Sequence[Simulation], live: Mapping[str, P]) -> Pack:
    """The positions of a pack that can be valued, with their simulations."""
    names = dict.fromkeys(trade.trade_id for *_, block in planned for own in block.trades for trade in own)
    return Pack({name: live[name] for name in names if name in live}, tuple(simulations))


def _fitted(packs: Sequence[Pack], settings: Settings, pool: Any) -> dict[str, FloatArray]:
    """Coefficients of the corrections, from draws of their own."""
    draws = settings.draws
    size = min(chunk_size(draws.n_times), max(settings.paths // 2, 2))
    pilot = [Chunk(draws.seed, FITTED + k, size + size % 2, "pseudo", pilot=True) for k in range(PIECES)]
    found = accumulate(results(Fitting(packs), pilot, pool))
    return {
        name: fit(own, np.ones((len(own.sums[0]), own.sums.shape[-1] - 1), dtype=bool)).coefficients
        for name, own in found.items()
    }


def _knowing(block: Block, stage: str, error: LateError) -> Block:
    """A block that knows of a failure, if the trade is one of its own at that stage."""
    if stage != error.stage or all(trade.trade_id != error.trade_id for own in block.trades for trade in own):
        return block
    relaxation = error.failure.relaxation and error.trade_id not in block.late
    return block.knowing({error.trade_id: Failure(0, 0, error.failure.reason, relaxation)})
