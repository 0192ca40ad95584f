"""Options on the average, the extremes or the returns of the observed spots (the spot today is not one of them)."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from .._checks import dates, finite, one_of, positive, refuse
from .._typing import AnyArray
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
    times : sequence of float
        Observation dates in years, increasing; the last is the payment date.
    kind : {"call", "put"}
    strike : float, optional
        Currency, > 0: a call pays max(maximum - strike, 0), a put max(strike - minimum, 0). None: floating strike,
        a call pays S - minimum, a put maximum - S.
    """

    times: tuple[float, ...]
    kind: Kind
    strike: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", dates("times", self.times))
        one_of("kind", self.kind, ("call", "put"))
        if self.strike is not None:
            positive("strike", self.strike)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        if self.strike is None:
            return spot[-1] - spot.min(axis=0) if self.kind == "call" else spot.max(axis=0) - spot[-1]
        return _exercise(self.kind, spot.max(axis=0) if self.kind == "call" else spot.min(axis=0), self.strike)


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
    local_floor, local_cap : float
        Bounds of each period's return.
    global_floor, global_cap : float
        Bounds of the sum.
    """

    times: tuple[float, ...]
    reference: float | None
    local_floor: float
    local_cap: float
    global_floor: float
    global_cap: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", dates("times", self.times))
        if self.reference is not None:
            positive("reference", self.reference)
        for scope in ("local", "global"):
            floor, cap = getattr(self, f"{scope}_floor"), getattr(self, f"{scope}_cap")
            finite(f"{scope}_floor", floor)
            finite(f"{scope}_cap", cap)
            if not floor <= cap:
                refuse(f"{scope}_cap", f"be at least {scope}_floor ({floor})", cap)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at the last date, shape (n_paths,)."""
        returns = spot[1:] / spot[:-1] - 1.0
        if self.reference is not None:
            returns = np.concatenate([spot[:1] / self.reference - 1.0, returns])
        total = np.clip(returns, self.local_floor, self.local_cap).sum(axis=0)
        return np.clip(total, self.global_floor, self.global_cap)
