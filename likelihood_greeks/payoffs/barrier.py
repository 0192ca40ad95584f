"""Barrier options on any European payoff, monitored on dates or continuously.

An up barrier is hit when S >= level at a monitoring date (or at any time), a down barrier when S <= level. A knock-in
pays its rebate if it was never hit, a knock-out if it was; both at maturity.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np

from .._checks import dates, finite, one_of, positive, refuse
from .._typing import AnyArray
from .continuous import Corridor, is_continuous, not_of_spots, window_of
from .european import European


def _settle(barrier: Any) -> None:
    """Check when the barriers of an option are watched."""
    found = _observed(barrier.option, barrier.times, barrier.monitor_maturity, barrier.continuous)
    for name, value in zip(("times", "monitor_maturity", "continuous"), found, strict=True):
        object.__setattr__(barrier, name, value)
    object.__setattr__(barrier, "window", window_of(barrier.window, barrier.option.maturity, barrier.continuous))


def _between(barrier: Any, lower: float, upper: float) -> Corridor | None:
    """What is watched at all times; None if nothing is."""
    begin, end = barrier.window or (0.0, barrier.option.maturity)
    return Corridor(lower, upper, end, begin=begin) if barrier.continuous else None


def _observed(
    option: European, times: Any, monitor_maturity: bool | None, continuous: bool
) -> tuple[tuple[float, ...], bool, bool]:
    """Observation dates (the maturity included), whether the barrier is live on the last, and whether at all times."""
    if isinstance(option, type) or not isinstance(option, European):
        raise TypeError(f"option must be a European payoff (Call, DigitalPut, ...), got {option!r}")
    if monitor_maturity not in (None, True, False) or isinstance(monitor_maturity, float):
        refuse("monitor_maturity", "be True, False or None", monitor_maturity)
    if is_continuous(times) or continuous:
        if monitor_maturity is False:
            refuse("monitor_maturity", "be None or True where times are 'continuous'", monitor_maturity)
        return (option.maturity,), True, True
    monitoring, maturity = dates("times", times), option.maturity
    if abs(monitoring[-1] - maturity) <= 1e-12 * maturity:  # the same date, computed differently
        monitoring = (*monitoring[:-1], maturity)
    if monitoring[-1] > maturity:
        refuse("times", f"end by the option's maturity {maturity}", monitoring[-1])
    if monitoring[-1] == maturity:
        return monitoring, monitor_maturity is not False, False
    if monitor_maturity:
        refuse("monitor_maturity", "be None or False unless times end at the maturity", monitor_maturity)
    return (*monitoring, maturity), False, False


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
    times : sequence of float or "continuous"
        Monitoring dates in years, increasing, none after the maturity. The maturity is observed in any case and
        is kept as the last of `times`. ``"continuous"``: the barrier is watched at all times from now to the maturity.
    rebate : float
        Currency, paid at maturity instead of the option.
    monitor_maturity : bool, optional
        Whether the barrier can be hit at maturity. Default: if `times` ends there.
    continuous : bool
        Whether it is watched at all times; follows from `times`.
    window : (float, float), optional
        Years: from when to when it is watched, where that is at all times. Default: from now to the maturity. A spot
        that is beyond a level when the window opens has reached it.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.
    TypeError
        If `option` is not a European payoff.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.Barrier(lg.Call(100.0, maturity=1.0), level=90.0, direction="down", knock="out", times=[0.5])
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]]))
    array([ 0., 30., 20.])
    """

    option: European
    level: float
    direction: Literal["up", "down"]
    knock: Literal["in", "out"]
    times: tuple[float, ...]
    rebate: float = 0.0
    monitor_maturity: bool | None = None
    continuous: bool = field(default=False, kw_only=True)
    window: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        positive("level", self.level)
        one_of("direction", self.direction, ("up", "down"))
        one_of("knock", self.knock, ("in", "out"))
        finite("rebate", self.rebate)
        _settle(self)

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to hit; None if it is watched on dates."""
        lower, upper = (0.0, self.level) if self.direction == "up" else (self.level, np.inf)
        return _between(self, lower, upper)

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at maturity if the barrier is not hit, and if it is, each of shape (n_paths,)."""
        paid, rebate = self.option(spot), np.full(spot.shape[-1], self.rebate)
        return (paid, rebate) if self.knock == "out" else (rebate, paid)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return self.paid(spot, spot)

    def paid(self, watched: AnyArray, spot: AnyArray) -> AnyArray:
        """Cash flow where the spots that the barrier watches need not be those that the option is on."""
        if self.continuous:
            not_of_spots(self)
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
    times : sequence of float or "continuous"
        Monitoring dates in years, as for `Barrier`.
    rebate : float
        Currency, paid at maturity instead of the option.
    monitor_maturity : bool, optional
        Whether the barriers can be hit at maturity. Default: if `times` ends there.
    continuous : bool
        Whether they are watched at all times; follows from `times`.
    window : (float, float), optional
        As for `Barrier`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.
    TypeError
        If `option` is not a European payoff.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.DoubleBarrier(lg.Call(100.0, maturity=1.0), lower=90.0, upper=105.0, knock="out", times=[0.5])
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]]))
    array([ 0.,  0., 20.])
    """

    option: European
    lower: float
    upper: float
    knock: Literal["in", "out"]
    times: tuple[float, ...]
    rebate: float = 0.0
    monitor_maturity: bool | None = None
    continuous: bool = field(default=False, kw_only=True)
    window: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        positive("lower", self.lower)
        positive("upper", self.upper)
        if not self.lower < self.upper:
            refuse("upper", f"be above lower ({self.lower})", self.upper)
        one_of("knock", self.knock, ("in", "out"))
        finite("rebate", self.rebate)
        _settle(self)

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to hit; None if it is watched on dates."""
        return _between(self, self.lower, self.upper)

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at maturity if the barriers are not hit, and if it is, each of shape (n_paths,)."""
        paid, rebate = self.option(spot), np.full(spot.shape[-1], self.rebate)
        return (paid, rebate) if self.knock == "out" else (rebate, paid)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return self.paid(spot, spot)

    def paid(self, watched: AnyArray, spot: AnyArray) -> AnyArray:
        """Cash flow where the spots that the barriers watch need not be those that the option is on."""
        if self.continuous:
            not_of_spots(self)
        live = watched if self.monitor_maturity else watched[:-1]
        hit = (live.min(axis=0) <= self.lower) | (live.max(axis=0) >= self.upper)
        return _knocked(hit, self.knock, self.option(spot), self.rebate)
