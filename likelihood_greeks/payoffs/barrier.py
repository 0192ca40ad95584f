"""Discretely monitored barrier options on any European payoff.

An up barrier is hit when S >= level at a monitoring date, a down barrier when S <= level. A knock-in pays its
rebate if it was never hit, a knock-out if it was; both at maturity.
"""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from .._checks import dates, finite, one_of, positive, refuse
from .._typing import AnyArray
from .european import European


def _observed(
    option: European, times: tuple[float, ...], monitor_maturity: bool | None
) -> tuple[tuple[float, ...], bool]:
    """Observation dates (the maturity included) and whether the barrier is live on the last of them."""
    if isinstance(option, type) or not isinstance(option, European):
        raise TypeError(f"option must be a European payoff (Call, DigitalPut, ...), got {option!r}")
    if monitor_maturity not in (None, True, False) or isinstance(monitor_maturity, float):
        refuse("monitor_maturity", "be True, False or None", monitor_maturity)
    monitoring, maturity = dates("times", times), option.maturity
    if abs(monitoring[-1] - maturity) <= 1e-12 * maturity:  # the same date, computed differently
        monitoring = (*monitoring[:-1], maturity)
    if monitoring[-1] > maturity:
        refuse("times", f"end by the option's maturity {maturity}", monitoring[-1])
    if monitoring[-1] == maturity:
        return monitoring, monitor_maturity is not False
    if monitor_maturity:
        refuse("monitor_maturity", "be None or False unless times end at the maturity", monitor_maturity)
    return (*monitoring, maturity), False


def _knocked(hit: AnyArray, knock: str, paid: AnyArray, rebate: float) -> AnyArray:
    return np.where(hit, rebate, paid) if knock == "out" else np.where(hit, paid, rebate)


@final
@dataclass(frozen=True)
class Barrier:
    """A European payoff that comes alive or dies when the spot reaches a level on a monitoring date.

    Parameters
    ----------
    option : European
        What is knocked in or out; its maturity is the payment date.
    level : float
        Currency, > 0.
    direction : {"up", "down"}
    knock : {"in", "out"}
    times : sequence of float
        Monitoring dates in years, increasing, none after the maturity. The maturity is observed in any case and
        is kept as the last of `times`.
    rebate : float
        Currency, paid at maturity instead of the option.
    monitor_maturity : bool, optional
        Whether the barrier can be hit at maturity. Default: if `times` ends there.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.
    TypeError
        If `option` is not a European payoff.
    """

    option: European
    level: float
    direction: Literal["up", "down"]
    knock: Literal["in", "out"]
    times: tuple[float, ...]
    rebate: float = 0.0
    monitor_maturity: bool | None = None

    def __post_init__(self) -> None:
        positive("level", self.level)
        one_of("direction", self.direction, ("up", "down"))
        one_of("knock", self.knock, ("in", "out"))
        finite("rebate", self.rebate)
        times, live = _observed(self.option, self.times, self.monitor_maturity)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "monitor_maturity", live)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return self.paid(spot, spot)

    def paid(self, watched: AnyArray, spot: AnyArray) -> AnyArray:
        """Cash flow where the spots that the barrier watches need not be those that the option is on."""
        live = watched if self.monitor_maturity else watched[:-1]
        hit = live.max(axis=0) >= self.level if self.direction == "up" else live.min(axis=0) <= self.level
        return _knocked(hit, self.knock, self.option(spot), self.rebate)


@final
@dataclass(frozen=True)
class DoubleBarrier:
    """A European payoff that comes alive or dies when the spot leaves a corridor on a monitoring date.

    Parameters
    ----------
    option : European
        What is knocked in or out; its maturity is the payment date.
    lower, upper : float
        Currency, 0 < lower < upper; hit when S <= lower or S >= upper.
    knock : {"in", "out"}
    times : sequence of float
        Monitoring dates in years, as for `Barrier`.
    rebate : float
        Currency, paid at maturity instead of the option.
    monitor_maturity : bool, optional
        Whether the barriers can be hit at maturity. Default: if `times` ends there.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.
    TypeError
        If `option` is not a European payoff.
    """

    option: European
    lower: float
    upper: float
    knock: Literal["in", "out"]
    times: tuple[float, ...]
    rebate: float = 0.0
    monitor_maturity: bool | None = None

    def __post_init__(self) -> None:
        positive("lower", self.lower)
        positive("upper", self.upper)
        if not self.lower < self.upper:
            refuse("upper", f"be above lower ({self.lower})", self.upper)
        one_of("knock", self.knock, ("in", "out"))
        finite("rebate", self.rebate)
        times, live = _observed(self.option, self.times, self.monitor_maturity)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "monitor_maturity", live)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return self.paid(spot, spot)

    def paid(self, watched: AnyArray, spot: AnyArray) -> AnyArray:
        """Cash flow where the spots that the barriers watch need not be those that the option is on."""
        live = watched if self.monitor_maturity else watched[:-1]
        hit = (live.min(axis=0) <= self.lower) | (live.max(axis=0) >= self.upper)
        return _knocked(hit, self.knock, self.option(spot), self.rebate)
