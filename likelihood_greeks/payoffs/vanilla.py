"""Options on the final spot: calls, puts, digitals, asset-or-nothings and gap options.

Ties: a call-type condition is S > K, a put-type condition S < K.
"""

from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np

from .._checks import finite, positive
from .._typing import AnyArray


@final
@dataclass(frozen=True, slots=True)
class Call:
    """Pays max(S - strike, 0) at maturity.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    """

    strike: float
    maturity: float

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.maximum(spot[-1] - self.strike, 0.0)


@final
@dataclass(frozen=True, slots=True)
class Put:
    """Pays max(strike - S, 0) at maturity.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    """

    strike: float
    maturity: float

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.maximum(self.strike - spot[-1], 0.0)


@final
@dataclass(frozen=True, slots=True)
class DigitalCall:
    """Pays `cash` at maturity if S > strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    cash : float
        Currency, paid in full or not at all.
    """

    strike: float
    maturity: float
    cash: float = 1.0

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("maturity", self.maturity)
        finite("cash", self.cash)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] > self.strike, self.cash, 0.0)


@final
@dataclass(frozen=True, slots=True)
class DigitalPut:
    """Pays `cash` at maturity if S < strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    cash : float
        Currency, paid in full or not at all.
    """

    strike: float
    maturity: float
    cash: float = 1.0

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("maturity", self.maturity)
        finite("cash", self.cash)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] < self.strike, self.cash, 0.0)


@final
@dataclass(frozen=True, slots=True)
class AssetOrNothingCall:
    """Pays the spot S at maturity if S > strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    """

    strike: float
    maturity: float

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] > self.strike, spot[-1], 0.0)


@final
@dataclass(frozen=True, slots=True)
class AssetOrNothingPut:
    """Pays the spot S at maturity if S < strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    """

    strike: float
    maturity: float

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] < self.strike, spot[-1], 0.0)


@final
@dataclass(frozen=True, slots=True)
class GapCall:
    """Pays S - strike (which may be negative) at maturity if S > trigger.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    trigger : float
        Currency, > 0; where the payment jumps, while `strike` sets its size.
    maturity : float
        Years, > 0.
    """

    strike: float
    trigger: float
    maturity: float

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("trigger", self.trigger)
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] > self.trigger, spot[-1] - self.strike, 0.0)


@final
@dataclass(frozen=True, slots=True)
class GapPut:
    """Pays strike - S (which may be negative) at maturity if S < trigger.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    trigger : float
        Currency, > 0; where the payment jumps, while `strike` sets its size.
    maturity : float
        Years, > 0.
    """

    strike: float
    trigger: float
    maturity: float

    def __post_init__(self) -> None:
        positive("strike", self.strike)
        positive("trigger", self.trigger)
        positive("maturity", self.maturity)

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] < self.trigger, self.strike - spot[-1], 0.0)


European: TypeAlias = Call | Put | DigitalCall | DigitalPut | AssetOrNothingCall | AssetOrNothingPut | GapCall | GapPut
"""Any option on the final spot."""
