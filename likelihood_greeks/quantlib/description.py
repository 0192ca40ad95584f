"""An instrument in the terms of this library, and what it takes to describe one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from .._checks import refuse
from ..engine.open_fixing import STILL, Moving
from ..payoffs.protocol import Contract
from .monitoring import observation_dates

Terms: TypeAlias = dict[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Described:
    """An instrument in the terms of this library.

    Attributes
    ----------
    dates : list of QuantLib.Date
        When it is observed or pays, increasing.
    contract : callable
        The payoff from the years to those dates, and from how far (in logarithms) barriers move towards the spot.
    strike : float or None
        Where a smile is read, currency.
    remarks : tuple of str
        What was done.
    watched, barriers : bool
        Whether QuantLib's instrument is observed continuously, and has barriers.
    moving : Moving
        How its Greeks in the spot follow from those of the contract, which remembers today's fixing.
    """

    dates: list[Any]
    contract: Callable[[tuple[float, ...], float], Contract]
    strike: float | None
    remarks: tuple[str, ...] = ()
    watched: bool = False
    barriers: bool = False
    moving: Moving = STILL


@final
@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a description needs beside the terms: how continuous observation is replaced, and the spot (currency)."""

    monitoring: Any
    calendar: Any
    spot: float

    @property
    def continuous(self) -> bool:
        """Whether it is observed at all times, as by QuantLib."""
        return self.monitoring is None

    def observed(self, expiry: Any, and_expiry: bool) -> tuple[list[Any], str]:
        """The dates on which a continuous contract is observed, and the remark that says so."""
        if self.continuous:
            if self.calendar is not None:
                refuse("monitoring", "be given with a calendar, which says what its words mean", None)
            return [expiry], "observed continuously, as in QuantLib"
        found, words = observation_dates(self.monitoring, self.calendar, expiry)
        if and_expiry and found[-1] != expiry:
            found, words = [*found, expiry], f"{words} and at expiry"
        return found, f"observed on {words}, not continuously as in QuantLib"
