"""European payoffs from QuantLib's, which show no more than their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import QuantLib as ql  # noqa: N813

from .._checks import refuse
from ..payoffs.european import (
    AssetOrNothingCall,
    AssetOrNothingPut,
    Call,
    DigitalCall,
    DigitalPut,
    European,
    GapCall,
    GapPut,
    Put,
)
from ..payoffs.protocol import Contract, Kind

LOWEST, HIGHEST = 1e-9, 1e15  # currency: between which a payoff starts or stops paying
AROUND = np.concatenate([np.geomspace(0.02, 50.0, 40), [1.0 - 1e-9, 1.0 + 1e-9]])


class ReadPayoff(NamedTuple):
    """What pays at a maturity (years), and from (call) or up to (put) which spot (currency)."""

    at: Callable[[float], European]
    strike: float
    kind: Kind


def kind_of(option_type: int) -> Kind:
    """``"call"`` or ``"put"`` from QuantLib's ``Option.Type``."""
    return "call" if option_type == ql.Option.Call else "put"


def values(payoff: Any, spots: Any) -> list[float]:
    """What a QuantLib payoff pays at given spots."""
    return [float(payoff(float(spot))) for spot in spots]


def european(payoff: Any) -> ReadPayoff:
    """The payoff of a QuantLib ``Payoff``: plain, cash or asset or nothing, or gap.

    QuantLib gives strike and type of plain ones. Of others its Python gives the value at any spot, which is enough: the
    trigger lies where payments start, and two values beyond it say what is paid. The result is compared with QuantLib's
    on a grid.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    plain = ql.as_plain_vanilla_payoff(payoff)
    if plain is not None:
        kind, strike = kind_of(plain.optionType()), float(plain.strike())
        return ReadPayoff(lambda maturity: (Call if kind == "call" else Put)(strike, maturity), strike, kind)
    try:
        found = _triggered(payoff)
    except RuntimeError:  # floating: it has no value at a spot
        found = None
    if found is None or not _same(payoff, found):
        refuse("payoff", "be plain vanilla, cash-or-nothing, asset-or-nothing or gap", type(payoff).__name__)
    return found


def plain(payoff: Any) -> ReadPayoff:
    """The payoff of a QuantLib ``PlainVanillaPayoff``; ``ValueError`` if it is none."""
    if ql.as_plain_vanilla_payoff(payoff) is None:
        refuse("payoff", "be a PlainVanillaPayoff", type(payoff).__name__)
    return european(payoff)


def _triggered(payoff: Any) -> ReadPayoff | None:
    """A payoff of one straight line beyond a trigger and nothing before it."""
    ends = [_pays(payoff, LOWEST), _pays(payoff, HIGHEST)]
    if ends[0] == ends[1]:
        return None
    kind: Kind = "call" if ends[1] else "put"
    trigger = _switch(payoff, ends[0])
    beyond = np.array([2.0, 3.0] if kind == "call" else [0.5, 0.25]) * trigger
    near, far = values(payoff, beyond)
    slope = round((far - near) / (beyond[1] - beyond[0]), 9)
    level = near - slope * beyond[0]
    call = kind == "call"
    if slope == 0.0:
        return ReadPayoff(lambda t: (DigitalCall if call else DigitalPut)(trigger, t, near), trigger, kind)
    if slope == 1.0 and abs(level) <= 1e-12 * trigger:
        return ReadPayoff(lambda t: (AssetOrNothingCall if call else AssetOrNothingPut)(trigger, t), trigger, kind)
    if slope == (1.0 if call else -1.0):
        strike = abs(level)
        return ReadPayoff(lambda t: (GapCall if call else GapPut)(strike, trigger, t), trigger, kind)
    return None


def _pays(payoff: Any, spot: float) -> bool:
    """Whether it pays at or just above a spot: a gap payoff is zero at its strike as well."""
    return any(value != 0.0 for value in values(payoff, (spot, np.nextafter(spot, np.inf))))


def _switch(payoff: Any, below: bool) -> float:
    """The last spot at which it pays as it does far below, to the last digit but one."""
    low, high = (int(np.float64(x).view(np.int64)) for x in (LOWEST, HIGHEST))  # doubles are ordered like their bits
    while high - low > 1:
        middle = (low + high) // 2
        as_before = _pays(payoff, _number(middle)) == below
        low, high = (middle, high) if as_before else (low, middle)
    return _shortest(_number(low))


def _number(bits: int) -> float:
    return float(np.int64(bits).view(np.float64))


def _shortest(x: float) -> float:
    """The number of at most fourteen digits within two units of the last place, if there is one: what was written."""
    written = float(f"{x:.14g}")
    return written if abs(written - x) <= 2.0 * np.spacing(x) else x


def _same(payoff: Any, found: ReadPayoff) -> bool:
    spots = AROUND * found.strike
    own = found.at(1.0)(spots[None])
    return np.allclose(values(payoff, spots), own, rtol=1e-9, atol=1e-9 * found.strike)


def payoff_of(payoff: Contract) -> Any:
    """QuantLib's payoff of an option on the final spot.

    Raises
    ------
    TypeError
        If it is not one.
    """
    call, put = ql.Option.Call, ql.Option.Put
    match payoff:
        case Call(strike):
            return ql.PlainVanillaPayoff(call, strike)
        case Put(strike):
            return ql.PlainVanillaPayoff(put, strike)
        case DigitalCall(strike, _, cash):
            return ql.CashOrNothingPayoff(call, strike, cash)
        case DigitalPut(strike, _, cash):
            return ql.CashOrNothingPayoff(put, strike, cash)
        case AssetOrNothingCall(strike):
            return ql.AssetOrNothingPayoff(call, strike)
        case AssetOrNothingPut(strike):
            return ql.AssetOrNothingPayoff(put, strike)
        case GapCall(strike, trigger):
            return ql.GapPayoff(call, trigger, strike)
        case GapPut(strike, trigger):
            return ql.GapPayoff(put, trigger, strike)
    raise TypeError(f"payoff must have an analytic engine in QuantLib (European, geometric Asian), got {payoff!r}")


def typed(payoff: Any) -> Any:
    """A payoff as an instrument shows it, with the class that it was made of."""
    plain = ql.as_plain_vanilla_payoff(payoff)
    return payoff_of(european(payoff).at(1.0)) if plain is None else plain
