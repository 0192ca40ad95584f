r"""Greeks in the spot where today's fixing is open: it is the spot, and moves with it.

A contract that remembers today's fixing c has the value :math:`V(S, c)`; the trade's is :math:`W(S) = V(S, S)`. Paths
give the derivatives of V at a fixed c. Under a law whose spots scale with today's (all of them are S times something
whose law does not know S), :math:`V_c` follows from how the payment scales:

* averages: `engine.open_fixing`;
* extremes: where today's is not the extreme of those made, V does not know it; where it is, and the strike floats, W is
  proportional to S;
* barriers: away from the levels V does not know it;
* forward starts struck today: W is proportional to S, or does not know it where the performance is paid;
* cliquets: where the return up to today is beyond its local bound, W does not know S.

Nothing of this is an approximation. What else depends on today's fixing is refused until the fixing is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from .._checks import refuse
from ..engine.open_fixing import SCALES, SPOT, STILL, Moving, of_average
from ..models.protocol import PathModel
from .products import PRODUCTS
from .state import History


def moving(trade: History, spot: float, model: PathModel) -> Moving:
    """How the trade's Greeks in the spot follow from those at a fixed fixing of today.

    Raises
    ------
    ValueError
        If the fixing decides more than that: the product, or the law, does not scale with it.
    """
    found = _rule(trade, spot)
    if found is not STILL and not scales(model, [trade.years(day) for day in trade.ahead]):
        _give(trade, "spots do not scale with today's under cash dividends")
    return found


def _rule(trade: History, spot: float) -> Moving:
    """The rule of the product."""
    seen = [*trade.seen(spot).values()]
    if PRODUCTS[trade.product].own:
        _give(trade, "a product of your own may depend on it")
    match trade.product:
        case "asian":
            return _average(trade, spot, seen)
        case "lookback":
            return _extreme(trade, spot, seen)
        case "forward_start_call" | "forward_start_put":
            return _strike(trade, spot)
        case "variance_swap" | "volatility_swap":
            _give(trade, "the return up to today is realised")
        case "range_accrual" if spot in (trade.terms["lower"], trade.terms["upper"]):
            _give(trade, "the spot is at the end of the range")
        case "cliquet":
            return _reset(trade, spot, seen)
    return STILL


def _average(trade: History, spot: float, seen: Sequence[float]) -> Moving:
    found = of_average(trade.terms.get("average", "arithmetic"), trade.terms.get("strike"), seen, len(trade.days), spot)
    if found is None:
        _give(trade, "the fixings so far make up all of the strike")
    return found


def _extreme(trade: History, spot: float, seen: Sequence[float]) -> Moving:
    strike, highest = trade.terms.get("strike"), (trade.terms["option"] == "call") == ("strike" in trade.terms)
    others = [*seen[:-1], *([] if strike is None else [strike])]
    beyond = [other for other in others if (other >= spot if highest else other <= spot)]
    if spot in beyond:
        _give(trade, "today's spot equals an extreme, or the strike")
    if beyond:
        return STILL
    if strike is not None:
        _give(trade, "today's spot is a new extreme beyond the strike")
    return Moving((0.0, 1.0 / spot), (0.0, 0.0, 0.0))


def _strike(trade: History, spot: float) -> Moving:
    """The strike is proportional to today's spot, and so is the option, or a constant if it is on the performance."""
    return Moving((0.0, 0.0 if trade.terms.get("performance") else 1.0 / spot), (0.0, 0.0, 0.0))


def _reset(trade: History, spot: float, seen: Sequence[float]) -> Moving:
    before = seen[-2] if len(seen) > 1 else trade.terms["reference"]
    if before is not None and trade.terms["local_floor"] <= spot / before - 1.0 <= trade.terms["local_cap"]:
        _give(trade, "the return up to today is within its local bounds")
    return Moving((0.0, 0.0), (0.0, 0.0, 0.0))


def scales(model: PathModel, times: Sequence[float]) -> bool:
    """Whether forwards are proportional to the spot."""
    jet = model.forward_jet(np.array(times))
    if jet is None:
        return False
    spot = getattr(model, SPOT)
    return bool(np.allclose(jet.derivative(SPOT) * spot, jet.value, rtol=SCALES, atol=0.0))


def _give(trade: History, why: str) -> NoReturn:
    refuse("fixings", f"hold today's, {trade.span.today}: with it open, {why}", None)
