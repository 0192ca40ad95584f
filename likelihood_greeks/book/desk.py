"""The task of the main run: one chunk of paths for a block of trades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from .._typing import FloatArray
from ..engine.batches import Batches
from ..engine.main_run import Run
from ..engine.sums import Pair
from ..estimate import Moments
from ..payoffs.relaxed.tape import NotRelaxableError
from ..streams.chunks import Chunk
from .failures import FAILS, reason_of
from .layout import Layout

TRADES = "trades"
"""The key of the moments of all trades."""


def scores_of(run: int) -> str:
    """The key of the moments of a run's scores."""
    return f"scores {run}"


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trade could not be worked on in a chunk.

    Attributes
    ----------
    run, row : int
        Which trade: the run, and its place there.
    reason : str
    relaxation : bool
        Whether only its relaxations failed.
    """

    run: int
    row: int
    reason: str
    relaxation: bool


@final
@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """What a desk makes of one chunk.

    Attributes
    ----------
    moments : mapping
        Of all trades, under `TRADES`, shape (n_trades, 2 n_greeks), the controlled half first; and of the scores of
        each run, under `scores_of`. Empty if there are no trades.
    net : ndarray, shape (n_greeks, n_samples)
        Samples of the position in all trades together; a zero without trades.
    batches : Batches or None
        Of the controlled samples of a unit of every trade, shape (n_trades, n_numbers, BATCHES).
    """

    moments: dict[str, Moments]
    net: FloatArray
    batches: Batches | None = None


@final
@dataclass(frozen=True, slots=True)
class Desk:
    """Trades on one underlying, grouped by law and dates.

    Parameters
    ----------
    runs : tuple of Run
    quantities : tuple of tuple of float
        Position sizes, run by run, trade by trade.
    layout : Layout, optional
        Where the numbers of each run stand among all of the underlying, where not every run has all.
    """

    runs: tuple[Run, ...]
    quantities: tuple[tuple[float, ...], ...]
    layout: Layout | None = None

    def __call__(self, chunk: Chunk) -> Worked | Failure:
        """Moments of every trade and of the scores, and the position's samples."""
        moments: dict[str, Moments] = {}
        net: Any = 0.0
        trades: list[Moments] = []
        batches: list[Batches] = []
        for number, (run, quantities) in enumerate(zip(self.runs, self.quantities, strict=True)):
            pairs, scores = run.controlled(chunk)
            for row, quantity in enumerate(quantities):
                pair = _attempted(pairs, number, row)
                if isinstance(pair, Failure):
                    return pair
                controlled, plain = pair
                sums = Pair.summed(controlled, plain, run.scouted(row))
                own = Batches.of(controlled, chunk)
                if self.layout:
                    trades.append(self.layout.placed(number, sums))
                    batches.append(Batches(self.layout.added(number, own.sums), own.counts))
                    net = self.layout.added(number, quantity * controlled, net)
                else:
                    trades.append(sums)
                    batches.append(own)
                    net += quantity * controlled
            moments[scores_of(number)] = Moments.of(scores)
        if not trades:
            return Worked({}, np.asarray(net))
        return Worked({TRADES: Moments.stacked(trades), **moments}, np.asarray(net), Batches.stacked(batches))


def added(own: list[Worked | Failure], found: Worked | Failure) -> None:
    """Append the work on a chunk to that on the chunks before; the batches of all are kept with the first."""
    first = own[0] if own else None
    if isinstance(first, Worked) and isinstance(found, Worked) and first.batches and found.batches:
        own[0] = replace(first, batches=first.batches.merge(found.batches))
        found = replace(found, batches=None)
    own.append(found)


def _attempted(
    pairs: Iterator[tuple[FloatArray, FloatArray]], run: int, row: int
) -> tuple[FloatArray, FloatArray] | Failure:
    try:
        return next(pairs)
    except NotRelaxableError as error:
        return Failure(run, row, str(error), relaxation=True)
    except FAILS as error:
        return Failure(run, row, reason_of(error), relaxation=False)
