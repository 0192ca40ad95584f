"""Cash that is paid if the spot reaches a level on an observation date or at any time, or if it does not."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, final

import numpy as np

from .._checks import dates, finite, one_of, positive, refuse
from .._typing import AnyArray
from .continuous import Corridor, is_continuous, not_of_spots, window_of
from .terms import verify_rows


def _settle(touch: Any) -> None:
    """Check when the levels of a touch are watched: on dates, none after the maturity, or at all times."""
    maturity = positive("maturity", touch.maturity)
    word = is_continuous(touch.times) or (touch.continuous is True and np.size(touch.times) == 0)
    observed = (touch.maturity,) if word else _observed(touch.times, maturity)
    if touch.continuous and len(observed) > 1:
        refuse("times", "be 'continuous', or the end alone, where it is watched at all times", touch.times)
    object.__setattr__(touch, "times", observed)
    object.__setattr__(touch, "continuous", word or touch.continuous)
    object.__setattr__(touch, "window", window_of(touch.window, maturity, touch.continuous))


def _observed(times: Any, maturity: float) -> tuple[float, ...]:
    """Observation dates, none after the maturity."""
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
    continuous: bool = field(default=False, kw_only=True)
    window: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        positive("level", self.level)
        one_of("direction", self.direction, ("up", "down"))
        finite("cash", self.cash)
        _settle(self)


def _corridor(touch: _OfOneLevel) -> Corridor | None:
    """Where the spot must stay at all times not to touch one level."""
    lower, upper = (0.0, touch.level) if touch.direction == "up" else (touch.level, np.inf)
    return _between(touch, lower, upper)


def _between(touch: Any, lower: float, upper: float) -> Corridor | None:
    """What is watched at all times; None if nothing is."""
    begin, end = touch.window or (0.0, touch.times[-1])
    return Corridor(lower, upper, end, begin=begin) if touch.continuous else None


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
    times : sequence of float or "continuous"
        Observation dates in years, increasing, none after the maturity; or all times from now to the maturity.
    continuous : bool
        Whether it is watched at all times; follows from `times`.
    window : (float, float), optional
        Years: from when to when it is watched, where that is at all times. Default: from now to the maturity. A spot
        that is beyond a level when the window opens has reached it.
    paid : {"end", "hit"}
        When: at the maturity, or when it is touched.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

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
        if self.paid == "hit" and self.window is not None and self.window[0] > 0.0:
            refuse("paid", "be 'end' where the window opens later", self.paid)

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity, or every date."""
        return (self.maturity,) if self.paid == "end" else self.times

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to touch; None if it is watched on dates."""
        found = _corridor(self)
        return replace(found, on_exit=self.cash) if found and self.paid == "hit" else found

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at the maturity if it is not touched, and if it is, each of shape (n_paths,)."""
        nothing = np.full(spot.shape[-1], 0.0)
        return nothing, nothing if self.paid == "hit" else np.full(spot.shape[-1], self.cash)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the maturity, shape (n_paths,), or on every date, shape (n_times, n_paths)."""
        if self.continuous:
            not_of_spots(self)
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
    level, direction, maturity, cash, times, continuous, window
        As for `OneTouch`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.NoTouch(90.0, "down", maturity=1.0, times=[0.5, 1.0])
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]]))
    array([0., 1., 1.])
    """

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity."""
        return (self.maturity,)

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to touch; None if it is watched on dates."""
        return _corridor(self)

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at the maturity if it is not touched, and if it is, each of shape (n_paths,)."""
        return np.full(spot.shape[-1], self.cash), np.full(spot.shape[-1], 0.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the maturity, shape (n_paths,)."""
        if self.continuous:
            not_of_spots(self)
        return np.where(_reached(spot, self.level, self.direction), 0.0, self.cash)


@final
@dataclass(frozen=True)
class DoubleNoTouch:
    """Pays cash at maturity if the spot is between two levels on all of its dates.

    Parameters
    ----------
    lower, upper : float
        Currency, 0 < lower < upper; touched when S <= lower or S >= upper.
    maturity, cash, times, continuous, window
        As for `OneTouch`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.DoubleNoTouch(90.0, 125.0, maturity=1.0, times=[0.5, 1.0])
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]]))
    array([0., 0., 1.])
    """

    lower: float
    upper: float
    maturity: float
    cash: float = 1.0
    times: tuple[float, ...] = ()
    continuous: bool = field(default=False, kw_only=True)
    window: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        positive("lower", self.lower)
        positive("upper", self.upper)
        if not self.lower < self.upper:
            refuse("upper", f"be above lower ({self.lower})", self.upper)
        finite("cash", self.cash)
        _settle(self)

    @property
    def payments(self) -> tuple[float, ...]:
        """The maturity."""
        return (self.maturity,)

    @property
    def corridor(self) -> Corridor | None:
        """Where the spot must stay at all times not to touch; None if it is watched on dates."""
        return _between(self, self.lower, self.upper)

    def outcomes(self, spot: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Cash flows at the maturity if it is not touched, and if it is, each of shape (n_paths,)."""
        return np.full(spot.shape[-1], self.cash), np.full(spot.shape[-1], 0.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the maturity, shape (n_paths,)."""
        if self.continuous:
            not_of_spots(self)
        return np.where(_reached(spot, self.upper, "up") | _reached(spot, self.lower, "down"), 0.0, self.cash)
