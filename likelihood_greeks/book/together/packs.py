"""Positions whose trades are valued at several stages, on one chunk of draws after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, final

import numpy as np

from ..._typing import FloatArray
from ...controls.line_integrated import LineIntegrated
from ...controls.plan import Plan
from ...controls.regression import Products
from ...engine.batches import Batches, batches_of
from ...engine.main_run import Run
from ...estimate import Moments
from ...payoffs.relaxed.tape import NotRelaxableError
from ...streams.chunks import Chunk
from ..desk import Failure
from ..failures import FAILS, reason_of
from ..trades import Trade

ALL, TRADES, BATCHES = "all", "trades", "batches"
"""The keys of the moments of the whole position, of those of each, and of the batches of each."""


class Position(Protocol):
    """A trade that is valued at several stages: under several laws, or as what it has become."""

    @property
    def trade_id(self) -> str:
        """Its name."""
        ...

    @property
    def drawn(self) -> Mapping[str, Trade]:
        """What is simulated, by stage."""
        ...

    def gone(self, stage: str) -> int:
        """How many of its dates have gone by at a stage."""
        ...

    def rows(self, drawn: Mapping[str, FloatArray]) -> FloatArray:
        """Samples of what is wanted of it, shape (n_rows, n_samples), from those of the stages that are simulated.

        Those of a stage have the shape (n_derivatives, n_samples), the price first.
        """
        ...

    @property
    def differences(self) -> tuple[int, ...]:
        """The rows that get controls of their own besides: those of differences between stages."""
        ...

    def closed(self, rows: FloatArray) -> FloatArray:
        """The rows with those that follow from others made of them again."""
        ...


class LateError(Exception):
    """A trade failed in the main run."""

    def __init__(self, stage: str, trade_id: str, reason: str, relaxation: bool) -> None:
        super().__init__(stage, trade_id, reason, relaxation)
        self.stage, self.trade_id = stage, trade_id
        self.failure = Failure(0, 0, reason, relaxation)


@final
@dataclass(frozen=True)
class Simulation:
    """The main run of some trades at a stage.

    Parameters
    ----------
    stage : str
    run : Run
    trade_ids : tuple of str
        In the order of its payoffs.
    gone : int
        Dates of theirs that have gone by: their normals are passed over, so that a date has those that it had.
    """

    stage: str
    run: Run
    trade_ids: tuple[str, ...]
    gone: int = 0

    @cached_property
    def smooth(self) -> frozenset[str]:
        """The trades the samples of whose price are integrals along a line."""
        planned = zip(self.trade_ids, self.run.plans, strict=False)  # no plans without controls
        return frozenset(trade_id for trade_id, plan in planned if _along_a_line(plan))

    def __call__(self, chunk: Chunk) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """Controlled samples trade by trade; and zero-mean controls: what was taken off by plans, and the law's own."""
        run, passed = self.run, replace(chunk, skipped=self.gone)
        pairs, scores = run.controlled(passed)
        for trade_id in self.trade_ids:
            try:
                controlled, plain = next(pairs)
            except NotRelaxableError as error:
                raise LateError(self.stage, trade_id, str(error), relaxation=True) from error
            except FAILS as error:
                raise LateError(self.stage, trade_id, reason_of(error), relaxation=False) from error
            size = len(run.group.combinations)  # buckets have no corrections: they sum to their Greek
            yield trade_id, controlled, np.concatenate([controlled[:size] - plain[:size], scores])


def _along_a_line(plan: Plan) -> bool:
    """Whether a plan's price, its first number, is integrated along a line."""
    return any(isinstance(c, LineIntegrated) and used for c, used in zip(plan.specific, plan.used[0], strict=True))


@final
@dataclass(frozen=True, slots=True)
class Pack:
    """Positions that are worked on together, and the simulations of their trades.

    Parameters
    ----------
    positions : mapping of str to Position
        By trade_id.
    simulations : tuple of Simulation
    """

    positions: Mapping[str, Position]
    simulations: tuple[Simulation, ...]

    def rows(self, chunk: Chunk) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """The rows of every position on one chunk, and its corrections: zero-mean controls of differences.

        Two stages may have other controls. Each is unbiased, but the noise that both have in common is then no longer
        the same; the corrections, with coefficients of their own, make it so again. Of prices that are integrals along
        a line the first stage alone gives a correction: two could make the difference that of plain samples, which on
        the few paths that cross a level between the stages jumps, and on all others tells nothing of it.
        """
        drawn: dict[str, dict[str, FloatArray]] = {name: {} for name in self.positions}
        corrections: dict[str, list[FloatArray]] = {name: [] for name in self.positions}
        corrected = set[str]()
        for simulation in self.simulations:
            for trade_id, samples, correction in simulation(chunk):
                if trade_id in drawn:
                    drawn[trade_id][simulation.stage] = samples
                    smooth = trade_id in simulation.smooth
                    corrections[trade_id].append(correction[1:] if smooth and trade_id in corrected else correction)
                    corrected |= {trade_id} if smooth else set()
        for name, position in self.positions.items():
            yield name, position.rows(drawn.pop(name)), np.concatenate(corrections.pop(name))


@final
@dataclass(frozen=True, slots=True)
class Fitting:
    """Products of the differences of every position with its corrections, on one chunk of a pilot.

    Parameters
    ----------
    packs : sequence of Pack
    """

    packs: Sequence[Pack]

    def __call__(self, chunk: Chunk) -> dict[str, Products]:
        """Products by trade_id."""
        ones = np.ones(chunk.n_samples)
        return {
            name: Products.shared(corrections, rows[[*pack.positions[name].differences]], ones)
            for pack in self.packs
            for name, rows, corrections in pack.rows(chunk)
        }


@final
@dataclass(frozen=True, slots=True)
class Valuing:
    """The task of one chunk: moments and batches of the rows of all positions, and moments of their sum.

    Parameters
    ----------
    packs : sequence of Pack
    coefficients : mapping of str to ndarray, shape (n_differences, n_corrections)
        Of the corrections, by trade_id.
    """

    packs: Sequence[Pack]
    coefficients: Mapping[str, FloatArray]

    def __call__(self, chunk: Chunk) -> dict[str, Any]:
        """Moments and batches of each, shape (n_positions, n_rows, ...), and moments of the whole position."""
        found, batches, total = list[Moments](), list[Batches](), np.zeros(())
        count = sum(len(pack.positions) for pack in self.packs)
        for pack in self.packs:
            for name, rows, corrections in pack.rows(chunk):
                if name in self.coefficients:
                    rows[[*pack.positions[name].differences]] -= self.coefficients[name] @ corrections
                closed = pack.positions[name].closed(rows)
                found.append(Moments.of(closed))
                batches.append(Batches.of(closed, chunk).folded(batches_of(count * len(closed))))
                total = total + closed
        return {TRADES: Moments.stacked(found), BATCHES: Batches.stacked(batches), ALL: Moments.of(total)}
