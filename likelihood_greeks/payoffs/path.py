"""Options on the average, the extremes or the returns of the observed spots (the spot today is not one of them)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, final

import numpy as np

from .._checks import dates, finite, one_of, positive, refuse
from .._typing import AnyArray
from .continuous import Extreme, is_continuous, not_of_spots
from .protocol import Kind


def _exercise(kind: Kind, asset: AnyArray, strike: AnyArray | float) -> AnyArray:
    return np.maximum(asset - strike, 0.0) if kind == "call" else np.maximum(strike - asset, 0.0)


@final
@dataclass(frozen=True)
class Asian:
    """Option on the average of the observed spots, or with that average as its strike.

    Parameters
    ----------
    strike : float or None
        Currency, > 0: pays max(average - strike, 0) (call). None: average strike, pays max(S - average, 0) (call).
    times : sequence of float
        Averaging dates in years, increasing; the last is the payment date.
    kind : {"call", "put"}
    average : {"arithmetic", "geometric"}

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.Asian(100.0, times=[0.5, 1.0])
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]]))
    array([ 0. , 20. ,  7.5])
    """

    strike: float | None
    times: tuple[float, ...]
    kind: Kind = "call"
    average: Literal["arithmetic", "geometric"] = "arithmetic"

    def __post_init__(self) -> None:
        if self.strike is not None:
            positive("strike", self.strike)
        object.__setattr__(self, "times", dates("times", self.times))
        one_of("kind", self.kind, ("call", "put"))
        one_of("average", self.average, ("arithmetic", "geometric"))

    def remembered(self, spot: AnyArray) -> Sequence[AnyArray]:
        """The average of spots on its dates so far."""
        return (spot.mean(axis=0) if self.average == "arithmetic" else np.exp(np.log(spot).mean(axis=0)),)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        average = spot.mean(axis=0) if self.average == "arithmetic" else np.exp(np.log(spot).mean(axis=0))
        if self.strike is None:
            return _exercise(self.kind, spot[-1], average)
        return _exercise(self.kind, average, self.strike)


@final
@dataclass(frozen=True)
class Lookback:
    """Option on the highest or lowest observed spot.

    Parameters
    ----------
    times : sequence of float or "continuous"
        Observation dates in years, increasing; the last is the payment date. ``"continuous"``: all times from now to
        the maturity, today's spot among them.
    kind : {"call", "put"}
    strike : float, optional
        Currency, > 0: a call pays max(maximum - strike, 0), a put max(strike - minimum, 0). None: floating strike,
        a call pays S - minimum, a put maximum - S.
    so_far : float, optional
        Currency, > 0: the highest (lowest) spot before today, of a contract that has begun.
    maturity : float, optional
        Years, > 0: when it pays. Default: the last of `times`; needed where they are ``"continuous"``.
    continuous : bool
        Whether it is watched at all times; follows from `times`.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.Lookback([0.5, 1.0], "put", strike=100.0)
    >>> payoff(np.array([[80.0, 110.0, 95.0], [120.0, 130.0, 120.0]]))
    array([20.,  0.,  5.])
    """

    times: tuple[float, ...]
    kind: Kind
    strike: float | None = None
    maturity: float | None = None
    so_far: float | None = field(default=None, kw_only=True)
    continuous: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if is_continuous(self.times):
            object.__setattr__(self, "times", (positive("maturity", self.maturity),))
            object.__setattr__(self, "continuous", True)
        object.__setattr__(self, "times", dates("times", self.times))
        if self.continuous and len(self.times) > 1:
            refuse("times", "be 'continuous', or the end alone, where it is watched at all times", self.times)
        if self.maturity is not None and positive("maturity", self.maturity) != self.times[-1]:
            refuse("maturity", f"be the last of times, {self.times[-1]:g}", self.maturity)
        one_of("kind", self.kind, ("call", "put"))
        for name in ("strike", "so_far"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))

    @property
    def _of_highest(self) -> bool:
        return (self.kind == "call") == (self.strike is not None)

    @property
    def extreme(self) -> Extreme | None:
        """What it pays by where it is watched at all times; None if it is observed on dates."""
        if not self.continuous:
            return None
        bounds = [bound for bound in (self.strike, self.so_far) if bound is not None]
        best = max if self._of_highest else min
        return Extreme(self._of_highest, best(bounds) if bounds else None, self.times[-1])

    def parts(self, spot: AnyArray) -> tuple[AnyArray | float, float]:
        """What it pays besides, and how much per unit of the extreme: of the higher (lower) of that and a strike."""
        sign = 1.0 if self._of_highest else -1.0
        return -sign * (spot[-1] if self.strike is None else self.strike), sign

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        if self.continuous:
            not_of_spots(self)
        extreme = spot.max(axis=0) if self._of_highest else spot.min(axis=0)
        if self.so_far is not None:
            extreme = (np.maximum if self._of_highest else np.minimum)(extreme, self.so_far)
        if self.strike is None:
            return spot[-1] - extreme if self.kind == "call" else extreme - spot[-1]
        return _exercise(self.kind, extreme, self.strike)


@final
@dataclass(frozen=True)
class Cliquet:
    """Pays the sum of capped and floored period returns, itself capped and floored, times a notional of one.

    Parameters
    ----------
    times : sequence of float
        Reset dates in years, increasing; the last is the payment date.
    reference : float, optional
        Spot at which the first period starts, currency, > 0: a term of the contract. None: it is observed at the first
        of `times`, where the first period then starts.
    local_floor, local_cap : float or None
        Bounds of each period's return. None, or an infinite one: no bound.
    global_floor, global_cap : float or None
        Bounds of the sum, likewise.

    Raises
    ------
    ValueError
        If a term is out of range, naming it.

    Examples
    --------
    >>> cliquet = Cliquet([0.5, 1.0], 100.0, local_floor=None, local_cap=0.05, global_floor=0.0, global_cap=None)
    >>> cliquet(np.array([[110.0, 90.0], [112.2, 99.0]])).round(6)
    array([0.07, 0.  ])
    """

    times: tuple[float, ...]
    reference: float | None
    local_floor: float | None = None
    local_cap: float | None = None
    global_floor: float | None = None
    global_cap: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", dates("times", self.times))
        if self.reference is not None:
            positive("reference", self.reference)
        for scope in ("local", "global"):
            names = (f"{scope}_floor", f"{scope}_cap")
            floor, cap = (_bound(name, getattr(self, name)) for name in names)
            if floor is not None and cap is not None and not floor <= cap:
                refuse(names[1], f"be at least {names[0]} ({floor})", cap)
            for name, value in zip(names, (floor, cap), strict=True):
                object.__setattr__(self, name, value)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        returns = spot[1:] / spot[:-1] - 1.0
        if self.reference is not None:
            returns = np.concatenate([spot[:1] / self.reference - 1.0, returns])
        total = _bounded(returns, self.local_floor, self.local_cap).sum(axis=0)
        return _bounded(total, self.global_floor, self.global_cap)


def _bound(name: str, value: float | None) -> float | None:
    """A bound; None where it is infinite on its own side."""
    none = -np.inf if name.endswith("floor") else np.inf
    return None if value is None or value == none else finite(name, value)


def _bounded(x: AnyArray, floor: float | None, cap: float | None) -> AnyArray:
    """Amounts within bounds, of which any may be absent."""
    low = x if floor is None else np.maximum(x, floor)
    return low if cap is None else np.minimum(low, cap)
