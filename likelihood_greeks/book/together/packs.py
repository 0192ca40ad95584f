"""Positions whose trades are valued at several stages, on one chunk of draws after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, final

import numpy as np

from ..._typing import FloatArray
from ...engine.main_run import Run
from ...estimate import Moments
from ...payoffs.relaxed.tape import NotRelaxableError
from ...streams.chunks import Chunk
from ..desk import Failure
from ..trades import Trade

ALL, TRADES = "all", "trades"
"""The keys of the moments of the whole position, and of each."""


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


class LateError(Exception):
    """A trade failed in the main run."""

    def __init__(self, stage: str, trade_id: str, reason: str, relaxation: bool) -> None:
        super().__init__(stage, trade_id, reason, relaxation)
        self.stage, self.trade_id = stage, trade_id
        self.failure = Failure(0, 0, reason, relaxation)


@final
@dataclass(frozen=True, slots=True)
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

    def __call__(self, chunk: Chunk) -> Iterator[tuple[str, FloatArray]]:
        """Controlled samples, trade by trade."""
        pairs, _ = self.run.controlled(replace(chunk, skipped=self.gone))
        for trade_id in self.trade_ids:
            try:
                yield trade_id, next(pairs)[0]
            except NotRelaxableError as error:
                raise LateError(self.stage, trade_id, str(error), relaxation=True) from error
            except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
                raise LateError(self.stage, trade_id, str(error), relaxation=False) from error


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

    def rows(self, chunk: Chunk) -> Iterator[FloatArray]:
        """The rows of every position on one chunk."""
        drawn: dict[str, dict[str, FloatArray]] = {name: {} for name in self.positions}
        for simulation in self.simulations:
            for trade_id, samples in simulation(chunk):
                if trade_id in drawn:
                    drawn[trade_id][simulation.stage] = samples
        for name, position in self.positions.items():
            yield position.rows(drawn.pop(name))


@final
@dataclass(frozen=True, slots=True)
class Valuing:
    """The task of one chunk: moments of the rows of all positions, and of their sum.

    Parameters
    ----------
    packs : sequence of Pack
    """

    packs: Sequence[Pack]

    def __call__(self, chunk: Chunk) -> dict[str, Moments]:
        """Moments of each, shape (n_positions, n_rows), and of the whole position."""
        found, total = list[Moments](), np.zeros(())
        for pack in self.packs:
            for rows in pack.rows(chunk):
                found.append(Moments.of(rows))
                total = total + rows
        return {TRADES: Moments.stacked(found), ALL: Moments.of(total)}
