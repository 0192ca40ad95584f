"""What may be decided on some draws, date by date: what a rule looks at, what is paid if one stops, and if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from .._typing import FloatArray
from ..models.protocol import PathModel
from ..payoffs.exercise import Bermudan
from ..payoffs.redeemable import Redeemable
from .draws import Draws

Early: TypeAlias = Bermudan | Redeemable


@final
@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A cash flow that is paid unless one has stopped before, with the sign that it has to the side that decides.

    Attributes
    ----------
    row : int
        Of the grid: by then it is paid, or at its end known.
    time : float
        When it is paid, in years.
    amount : ndarray, shape (n_paths,)
    """

    row: int
    time: float
    amount: FloatArray


@final
@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """A contract on some draws.

    Attributes
    ----------
    draws : Draws
    rows : tuple of int
        Of the grid, where one may stop.
    here : tuple of ndarray
        What a rule looks at on each: spots, shape (n_paths,) or (n_assets, n_paths), or numbers of a state.
    gain : tuple of ndarray, shape (n_paths,)
        What stopping pays to the side that decides.
    flows : tuple of Flow
    discount : ndarray, shape (n_flows,)
        Of the flows.
    memory : tuple of ndarray, shape (n_remembered, n_paths)
        What is remembered by each date of the grid besides its spot.
    """

    draws: Draws
    rows: tuple[int, ...]
    here: tuple[FloatArray, ...]
    gain: tuple[FloatArray, ...]
    flows: tuple[Flow, ...]
    discount: FloatArray
    memory: tuple[FloatArray, ...] = ()

    @classmethod
    def of(cls, contract: Early, draws: Draws, law: PathModel) -> Decisions:
        """What a contract says on them."""
        made = _of_option(contract, draws) if isinstance(contract, Bermudan) else _of_contract(contract, draws)
        rows, here, gain, flows, memory = made
        discount = np.asarray(law.discount_jet(np.array([flow.time for flow in flows])).value, dtype=float)
        return cls(draws, rows, here, gain, flows, discount, memory)

    @property
    def normals(self) -> tuple[FloatArray, ...]:
        """Those of the draws."""
        return self.draws.normals

    def before(self, row: int) -> FloatArray:
        """What a step starts from: spots, of a contract that remembers with a row a number, and what it remembers."""
        spot = self.draws.before(row)
        if not self.memory:
            return spot
        own = np.atleast_2d(spot) if spot.ndim == 1 else spot
        return np.concatenate([own, self.memory[row - 1]]) if row else own

    def due(self, row: int) -> FloatArray:
        """What is due by a date of the grid, from the one before it on, discounted to today; shape (n_paths,)."""
        found = np.zeros(self.draws.n_paths)
        for factor, flow in zip(self.discount, self.flows, strict=True):
            if flow.row == row:
                found = found + factor * flow.amount
        return found

    @property
    def costs_nothing(self) -> bool:
        """Whether nothing that is paid unless one stops is a cost to the side that decides."""
        return all(float(flow.amount.min()) >= 0.0 for flow in self.flows)

    def stopped(self, k: int) -> FloatArray:
        """What stopping at a decision pays, discounted to today."""
        return np.asarray(self.draws.discount[self.rows[k]] * self.gain[k])


_Made: TypeAlias = tuple[
    tuple[int, ...], tuple[FloatArray, ...], tuple[FloatArray, ...], tuple[Flow, ...], tuple[FloatArray, ...]
]


def _of_option(contract: Bermudan, draws: Draws) -> _Made:
    rows, last = draws.rows[:-1], draws.rows[-1]
    here, paid = zip(*((draws.at(row), contract.paid(draws.at(row))) for row in draws.rows), strict=True)
    return rows, here[:-1], paid[:-1], (Flow(last, contract.times[-1], paid[-1]),), ()


def _of_contract(contract: Redeemable, draws: Draws) -> _Made:
    spot, sign = draws.spot[..., list(draws.rows), :], contract.sign
    places = dict(zip(contract.times, draws.rows, strict=True))
    rows = tuple(places[time] for time in contract.call_times)
    here = tuple(np.stack(contract.state_on(spot, k)) for k in range(len(rows)))
    gain = tuple(sign * np.asarray(contract.paid_on(spot, k), dtype=float) for k in range(len(rows)))
    last, amounts = len(draws.times) - 1, sign * np.asarray(contract.flows(spot), dtype=float)
    ends = [min(int(np.searchsorted(draws.times, time * (1.0 - 1e-12))), last) for time in contract.due]
    flows = tuple(Flow(*each) for each in zip(ends, contract.due, amounts, strict=True))
    return rows, here, gain, flows, _memory(contract, draws, spot)


def _memory(contract: Redeemable, draws: Draws, spot: FloatArray) -> tuple[FloatArray, ...]:
    """What is remembered by each date of the grid, which changes on those of the contract alone."""
    found, known = list[FloatArray](), np.empty((0, draws.n_paths))
    observed: Sequence[float] = contract.times
    for row in range(len(draws.times)):
        if row in draws.rows:
            rows = contract.remembered(spot, observed[draws.rows.index(row)])
            known = np.stack(rows).astype(float) if rows else known
        found.append(known)
    return tuple(found)
