"""Every option on the final spot as two straight pieces: what closed forms and conditional expectations need of it."""

from dataclasses import dataclass
from typing import final

from .protocol import Contract
from .vanilla import AssetOrNothingCall, AssetOrNothingPut, Call, DigitalCall, DigitalPut, GapCall, GapPut, Put


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


def pieces(payoff: Contract) -> Pieces | None:
    """The two pieces of an option on the final spot; None for another payoff."""
    match payoff:
        case Call(strike, _):
            return Pieces(strike, kink=1.0)
        case Put(strike, _):
            return Pieces(strike, flat=strike, slope=-1.0, kink=1.0)
        case DigitalCall(strike, _, cash):
            return Pieces(strike, jump=cash)
        case DigitalPut(strike, _, cash):
            return Pieces(strike, flat=cash, jump=-cash)
        case AssetOrNothingCall(strike, _):
            return Pieces(strike, jump=strike, kink=1.0)
        case AssetOrNothingPut(strike, _):
            return Pieces(strike, slope=1.0, jump=-strike, kink=-1.0)
        case GapCall(strike, trigger, _):
            return Pieces(trigger, jump=trigger - strike, kink=1.0)
        case GapPut(strike, trigger, _):
            return Pieces(trigger, flat=strike, slope=-1.0, jump=trigger - strike, kink=1.0)
    return None
