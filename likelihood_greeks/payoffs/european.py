"""Options on the final spot: calls, puts, digitals, asset-or-nothings and gap options, each of two straight pieces.

Ties: a call-type condition is S > K, a put-type condition S < K. The pieces are all that closed forms, conditional
expectations and barriers need to know of an option, so that a new one touches this file alone.
"""

from dataclasses import dataclass, fields
from typing import Protocol, final, runtime_checkable

import numpy as np

from .._checks import finite, positive, refuse
from .._typing import AnyArray, FloatArray
from .protocol import Contract, cash_flows

PROBES = (0.25, 0.75, 0.999, 1.001, 1.5, 4.0)  # multiples of the trigger at which pieces are held against cash flows


@final
@dataclass(frozen=True, slots=True)
class Pieces:
    """Pays flat + slope * S, and if S > trigger, jump + kink * (S - trigger) more.

    Attributes
    ----------
    trigger : float
        Currency.
    flat, jump : float
        Currency.
    slope, kink : float
        Currency per currency.
    """

    trigger: float
    flat: float = 0.0
    slope: float = 0.0
    jump: float = 0.0
    kink: float = 0.0

    @property
    def below(self) -> tuple[float, float]:
        """(Constant, slope) of the cash flow up to the trigger."""
        return self.flat, self.slope

    @property
    def above(self) -> tuple[float, float]:
        """(Constant, slope) of the cash flow beyond the trigger."""
        return self.flat + self.jump - self.kink * self.trigger, self.slope + self.kink

    def cash_flow(self, spot: FloatArray) -> FloatArray:
        """What is paid at final spots, in their shape."""
        beyond = self.jump + self.kink * (spot - self.trigger)
        return np.asarray(self.flat + self.slope * spot + np.where(spot > self.trigger, beyond, 0.0))


@runtime_checkable
class HasPieces(Protocol):
    """A payoff that states its pieces."""

    @property
    def pieces(self) -> Pieces:
        """The two pieces of its cash flow, as a function of the final spot."""
        ...


@runtime_checkable
class European(Contract, HasPieces, Protocol):
    """An option on the final spot: `Call`, `Put`, ... or another that states its maturity and its pieces."""

    @property
    def maturity(self) -> float:
        """The last date, in years."""
        ...


def pieces(payoff: Contract) -> Pieces | None:
    """The two pieces of an option on the final spot; None for another payoff.

    Raises
    ------
    ValueError
        If the pieces that a payoff states are not its cash flow.

    Examples
    --------
    >>> pieces(GapCall(strike=95.0, trigger=100.0, maturity=1.0))
    Pieces(trigger=100.0, flat=0.0, slope=0.0, jump=5.0, kink=1.0)
    """
    stated = payoff.pieces if isinstance(payoff, HasPieces) else None
    if not isinstance(stated, Pieces):  # a term of the payoff's own may have that name
        return None
    spot = stated.trigger * np.array(PROBES)
    paths = np.stack([*(np.roll(spot, k) for k in range(1, len(payoff.times))), spot])
    paid = cash_flows(payoff, paths)
    if len(paid) > 1 or not np.allclose(paid, stated.cash_flow(spot), rtol=1e-9, atol=1e-9 * stated.trigger):
        refuse("pieces", f"be the payoff's cash flow {paid.tolist()} at final spots {spot.tolist()}", stated)
    return stated


class _OnTheFinalSpot:
    """What the options below share: one date, and terms that are positive (`cash` may be any amount)."""

    __slots__ = ()
    maturity: float

    def __post_init__(self) -> None:
        for term in fields(self):  # type: ignore[arg-type]
            (finite if term.name == "cash" else positive)(term.name, getattr(self, term.name))

    @property
    def times(self) -> tuple[float, ...]:
        """The maturity, the only date observed."""
        return (self.maturity,)


@dataclass(frozen=True, slots=True)
class _Struck(_OnTheFinalSpot):
    """An option with a strike (currency, > 0) and a maturity (years, > 0), its first two terms."""

    strike: float
    maturity: float


@final
@dataclass(frozen=True, slots=True)
class Call(_Struck):
    """Pays max(S - strike, 0) at maturity.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.Call(100.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([ 0., 10., 30.])
    """

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.strike, kink=1.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.maximum(spot[-1] - self.strike, 0.0)


@final
@dataclass(frozen=True, slots=True)
class Put(_Struck):
    """Pays max(strike - S, 0) at maturity.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.Put(100.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([10.,  0.,  0.])
    """

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.strike, flat=self.strike, slope=-1.0, kink=1.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.maximum(self.strike - spot[-1], 0.0)


@final
@dataclass(frozen=True, slots=True)
class DigitalCall(_Struck):
    """Pays `cash` at maturity if S > strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    cash : float
        Currency, paid in full or not at all.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.DigitalCall(100.0, maturity=1.0, cash=5.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([0., 5., 5.])
    """

    cash: float = 1.0

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.strike, jump=self.cash)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] > self.strike, self.cash, 0.0)


@final
@dataclass(frozen=True, slots=True)
class DigitalPut(_Struck):
    """Pays `cash` at maturity if S < strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.
    cash : float
        Currency, paid in full or not at all.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.DigitalPut(100.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([1., 0., 0.])
    """

    cash: float = 1.0

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.strike, flat=self.cash, jump=-self.cash)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] < self.strike, self.cash, 0.0)


@final
@dataclass(frozen=True, slots=True)
class AssetOrNothingCall(_Struck):
    """Pays the spot S at maturity if S > strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.AssetOrNothingCall(100.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([  0., 110., 130.])
    """

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.strike, jump=self.strike, kink=1.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] > self.strike, spot[-1], 0.0)


@final
@dataclass(frozen=True, slots=True)
class AssetOrNothingPut(_Struck):
    """Pays the spot S at maturity if S < strike.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    maturity : float
        Years, > 0.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.AssetOrNothingPut(100.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([90.,  0.,  0.])
    """

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.strike, slope=1.0, jump=-self.strike, kink=-1.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] < self.strike, spot[-1], 0.0)


@final
@dataclass(frozen=True, slots=True)
class GapCall(_OnTheFinalSpot):
    """Pays S - strike (which may be negative) at maturity if S > trigger.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    trigger : float
        Currency, > 0; where the payment jumps, while `strike` sets its size.
    maturity : float
        Years, > 0.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.GapCall(100.0, trigger=120.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([ 0.,  0., 30.])
    """

    strike: float
    trigger: float
    maturity: float

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.trigger, jump=self.trigger - self.strike, kink=1.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] > self.trigger, spot[-1] - self.strike, 0.0)


@final
@dataclass(frozen=True, slots=True)
class GapPut(_OnTheFinalSpot):
    """Pays strike - S (which may be negative) at maturity if S < trigger.

    Parameters
    ----------
    strike : float
        Currency, > 0.
    trigger : float
        Currency, > 0; where the payment jumps, while `strike` sets its size.
    maturity : float
        Years, > 0.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> import numpy as np
    >>> payoff = lg.GapPut(100.0, trigger=95.0, maturity=1.0)
    >>> payoff(np.array([[90.0, 110.0, 130.0]]))
    array([10.,  0.,  0.])
    """

    strike: float
    trigger: float
    maturity: float

    @property
    def pieces(self) -> Pieces:
        """Its two straight pieces."""
        return Pieces(self.trigger, flat=self.strike, slope=-1.0, jump=self.trigger - self.strike, kink=1.0)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """Cash flow at maturity, shape (n_paths,)."""
        return np.where(spot[-1] < self.trigger, self.strike - spot[-1], 0.0)
