"""Cash that is paid if the spot reaches a level on an observation date, or if it does not."""

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from .._checks import dates, finite, one_of, positive, refuse
from .._typing import AnyArray
from .terms import verify_rows


def _observed(times: Any, maturity: float) -> tuple[float, ...]:
    """Observation dates, none after the maturity."""
    if isinstance(times, str):
        refuse("times", "be dates, such as lg.schedule(maturity, 252): continuous observation is not supported", times)
    positive("maturity", maturity)
    found = dates("times", times)
    if abs(found[-1] - maturity) <= 1e-12 * maturity:  # the same date, computed differently
        found = (*found[:-1], maturity)
    return found if found[-1] <= maturity else refuse("times", f"end by the maturity {maturity}", found[-1])


def _reached(spot: AnyArray, level: float, direction: str) -> AnyArray:
    return spot.max(axis=0) >= level if direction == "up" else spot.min(axis=0) <= level


@dataclass(frozen=True)
class _OfOneLevel:
    """The terms of a touch of one level, or of none, checked."""

    level: float
    direction: Literal["up", "down"]
    maturity: float
    cash: float = 1.0
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        positive("level", self.level)
        one_of("direction", self.direction, ("up", "down"))
        finite("cash", self.cash)
        object.__setattr__(self, "times", _observed(self.times, self.maturity))


@final
@dataclass(frozen=True)
class OneTouch(_OfOneLevel):
    """Pays cash if the spot is at or beyond a level on one of its dates.

    Parameters
    ----------
    level : float
        Currency, > 0.
    direction : {"up", "down"}
        Whether it is reached from below or from above.
    maturity : float
        Years, > 0: when it pays, unless it does so when touched.
    cash : float
        Currency.
    times : sequence of float
        Observation dates in years, increasing, none after the maturity.
    paid : {"end", "hit"}
        When: at the maturity, or on the date of the touch.

    Raises
    ------
    ValueError
        If a term is out of range, naming it; continuous observation is not supported.

    Examples
    --------
    >>> touch = OneTouch(110.0, "up", 1.0, 5.0, [0.5, 1.0], paid="hit")
    >>> touch(np.array([[112.0, 90.0, 90.0], [115.0, 110.0, 90.0]]))
    array([[5., 0., 0.],
           [0., 5., 0.]])
    """

    paid: Literal["end", "hit"] = "end"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("paid", self.paid, ("end", "hit"))

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity, or every date."""
        return (self.maturity,) if self.paid == "end" else self.times

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the maturity, shape (n_paths,), or on every date, shape (n_times, n_paths)."""
        if self.paid == "end":
            return np.where(_reached(spot, self.level, self.direction), self.cash, 0.0)
        verify_rows(self.times, spot)
        beyond = spot >= self.level if self.direction == "up" else spot <= self.level
        return self.cash * np.diff(np.logical_or.accumulate(beyond, axis=0).astype(float), axis=0, prepend=0.0)


@final
@dataclass(frozen=True)
class NoTouch(_OfOneLevel):
    """Pays cash at maturity if the spot is at or beyond a level on none of its dates.

    Parameters
    ----------
    level, direction, maturity, cash, times
        As for `OneTouch`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it; continuous observation is not supported.
    """

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the maturity, shape (n_paths,)."""
        return np.where(_reached(spot, self.level, self.direction), 0.0, self.cash)


@final
@dataclass(frozen=True)
class DoubleNoTouch:
    """Pays cash at maturity if the spot is between two levels on all of its dates.

    Parameters
    ----------
    lower, upper : float
        Currency, 0 < lower < upper; touched when S <= lower or S >= upper.
    maturity, cash, times
        As for `OneTouch`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it; continuous observation is not supported.
    """

    lower: float
    upper: float
    maturity: float
    cash: float = 1.0
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        positive("lower", self.lower)
        positive("upper", self.upper)
        if not self.lower < self.upper:
            refuse("upper", f"be above lower ({self.lower})", self.upper)
        finite("cash", self.cash)
        object.__setattr__(self, "times", _observed(self.times, self.maturity))

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the maturity, shape (n_paths,)."""
        return np.where(_reached(spot, self.upper, "up") | _reached(spot, self.lower, "down"), 0.0, self.cash)
