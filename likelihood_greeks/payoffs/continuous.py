"""Contracts that are watched at all times, and not on dates alone.

What such a contract pays is not a function of the spots on some dates: between them the spot may leave its corridor and
come back. It says what it pays if the spot stays and if it leaves, and the chance of that, given the spots on the
dates, is the law's (`estimators.watched`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, final, runtime_checkable

import numpy as np

from .._checks import finite, non_negative, refuse
from .._typing import AnyArray
from .protocol import Contract

CONTINUOUS = "continuous"
"""What `times` are where a contract is watched at all times."""


@final
@dataclass(frozen=True, slots=True)
class Corridor:
    """Where the spot must stay, at all times from now (or later) to an end, for nothing to happen.

    Parameters
    ----------
    lower, upper : float
        Currency; at or beyond them it has left. Zero and infinity for none.
    end : float
        Years.
    on_exit : float
        Currency, paid at the moment when it leaves.
    begin : float
        Years: from when on it is watched.
    asset : int, optional
        Of a contract on several assets: whose spot it is, by number in the law's order.
    """

    lower: float
    upper: float
    end: float
    on_exit: float = 0.0
    begin: float = 0.0
    asset: int | None = None

    @property
    def one_sided(self) -> bool:
        """Whether there is one level alone."""
        return self.lower == 0.0 or self.upper == np.inf


@runtime_checkable
class Watched(Contract, Protocol):
    """A contract whose spot may be watched at all times."""

    @property
    def corridor(self) -> Corridor | None:
        """What is watched; None if it is watched on dates alone, or on none."""
        ...

    def outcomes(self, spot: AnyArray, /) -> tuple[AnyArray, AnyArray]:
        """Cash flows if the spot stays in the corridor, and if it leaves, each as those of a call."""
        ...


@runtime_checkable
class WatchedJointly(Contract, Protocol):
    """A contract on several assets whose spots may all be watched at all times, each in a corridor of its own."""

    @property
    def corridors(self) -> tuple[Corridor, ...] | None:
        """What is watched, by asset; None if it is watched on dates alone, or on none."""
        ...

    def outcomes(self, spot: AnyArray, /) -> tuple[AnyArray, AnyArray]:
        """Cash flows if all spots stay in their corridors, and if any leaves, each as those of a call."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Extreme:
    """The highest or lowest spot at all times from now to an end, with today's.

    Parameters
    ----------
    highest : bool
    bound : float or None
        Currency: a strike that the highest is at least, or the lowest at most. None for none.
    end : float
        Years.
    """

    highest: bool
    bound: float | None
    end: float


@runtime_checkable
class PaysByExtreme(Contract, Protocol):
    """A contract that may pay by the highest or lowest spot at all times."""

    @property
    def extreme(self) -> Extreme | None:
        """What it pays by; None if spots are observed on dates."""
        ...

    def parts(self, spot: AnyArray, /) -> tuple[AnyArray | float, float]:
        """What it pays besides, shape (n_paths,), and how much per unit of the extreme (with its bound)."""
        ...


def is_continuous(times: Any, name: str = "times") -> bool:
    """Whether dates of a name ask for continuous monitoring.

    Raises
    ------
    ValueError
        If they are another word.
    """
    if isinstance(times, str) and times != CONTINUOUS:
        refuse(name, f"be dates, such as lg.schedule(maturity, 252), or {CONTINUOUS!r}", times)
    return isinstance(times, str)


def window_of(given: Any, maturity: float, continuous: bool) -> tuple[float, float] | None:
    """From when to when a contract is watched at all times, checked; None: from now to its end.

    Raises
    ------
    ValueError
        If it is no two dates in order up to the maturity, or the contract is watched on dates.
    """
    if given is None:
        return None
    if not continuous:
        refuse("window", "be None where times are dates: name those that lie in it", given)
    pair = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
    if len(pair) != 2:
        refuse("window", "hold two dates in years, the first and the last", given)
    begin, end = non_negative("window[0]", pair[0]), finite("window[1]", pair[1])
    end = maturity if abs(end - maturity) <= 1e-12 * maturity else end
    return (begin, end) if begin < end <= maturity else refuse("window", f"increase and end by {maturity:g}", given)


def not_of_spots(contract: object) -> NoReturn:
    """Refuse to value a contract by spots on dates alone that is watched at all times."""
    raise TypeError(
        f"{type(contract).__name__} is watched continuously, so that what it pays is no function of spots on dates: "
        "it can be valued by itself (lg.greeks, lg.compare) and not inside another payoff, nor where this is not said "
        "to be supported; there give its times as dates, such as lg.schedule(maturity, 252)"
    )
