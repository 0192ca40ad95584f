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

Each product's rule stands with it, in `products`. Nothing of this is an approximation. What else depends on today's
fixing is refused until the fixing is given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..engine.open_fixing import SCALES, SPOT, STILL, Moving
from ..models.local_volatility.law import LocalVolatility
from ..models.protocol import PathModel
from .products.history import History
from .products.product import give


def moving(trade: History, spot: float, model: PathModel) -> Moving:
    """How the trade's Greeks in the spot follow from those at a fixed fixing of today.

    Raises
    ------
    ValueError
        If the fixing decides more than that: the product, or the law, does not scale with it.
    """
    found = trade.product.conduct.moving(trade, spot, [*trade.seen(spot).values()])
    if found is not STILL and not scales(model, [trade.years(day) for day in trade.ahead]):
        give(trade, "spots do not scale with today's under cash dividends or a local volatility that stays")
    return found


def scales(model: PathModel, times: Sequence[float]) -> bool:
    """Whether spots are proportional to today's: forwards are, and volatilities do not depend on the spot."""
    if isinstance(model, LocalVolatility) and not model.smile_spot:
        return False
    jet = model.forward_jet(np.array(times))
    if jet is None:
        return False
    spot = getattr(model, SPOT)
    return bool(np.allclose(jet.derivative(SPOT) * spot, jet.value, rtol=SCALES, atol=0.0))
