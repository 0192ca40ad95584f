r"""Greeks in the spot where today's fixing is open: it is the spot, and moves with it.

A contract that remembers today's fixing c has the value :math:`V(S, c)`; the trade's is :math:`W(S) = V(S, S)`. Paths
give the derivatives of V at a fixed c. Under a law whose spots scale with today's (all of them are S times something
whose law does not know S), :math:`V_c` follows from how the payment scales:

* arithmetic average, fixed strike: V is homogeneous of degree one in S and in what is left of the strike,
  :math:`k = N K - \sum c_i`, so that :math:`V_c = -V_k = (S V_S - V) / k`;
* arithmetic average as the strike: the same with :math:`k = -\sum c_i`;
* geometric average, fixed strike: V knows c and the n spots to come by :math:`\log c + n \log S` alone;
* geometric average as the strike: V is homogeneous in S and in the geometric mean of the m fixings made;
* extremes: where today's is not the extreme of those made, V does not know it; where it is, and the strike floats, W is
  proportional to S;
* barriers: away from the levels V does not know it;
* cliquets: where the return up to today is beyond its local bound, W does not know S.

Nothing of this is an approximation. What else depends on today's fixing is refused until the fixing is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._checks import refuse
from ..estimators.likelihood_ratio import Combination
from ..models.protocol import PathModel
from ..parameters import Derivative
from .state import History

SPOT = "spot"
SCALES = 1e-9  # relative gap between a forward and the spot times its derivative


@final
@dataclass(frozen=True, slots=True)
class Moving:
    """Derivatives of W in the spot by those of V at a fixed c.

    Parameters
    ----------
    first : tuple of float
        Factors of V's first derivative, and of V.
    second : tuple of float
        Factors of V's second derivative, of its first, and of V.
    """

    first: tuple[float, float]
    second: tuple[float, float, float]

    def of(self, combination: Combination) -> dict[Derivative, float]:
        """The combination of V's derivatives that is this one of W's."""
        found: dict[Derivative, float] = {}
        for derivative, factor in combination.items():
            others = tuple(name for name in derivative if name != SPOT)
            times = len(derivative) - len(others)
            for dropped, own in enumerate(((1.0,), self.first, self.second)[times]):
                key = (SPOT,) * (times - dropped) + others if dropped else derivative
                found[key] = found.get(key, 0.0) + factor * own
        return {key: factor for key, factor in found.items() if factor} or {(): 0.0}


STILL = Moving((1.0, 0.0), (1.0, 0.0, 0.0))
"""Where nothing depends on today's fixing."""


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
    match trade.product:
        case "asian":
            return _average(trade, spot, seen)
        case "lookback":
            return _extreme(trade, spot, seen)
        case "cliquet":
            return _reset(trade, spot, seen)
    return STILL


def _average(trade: History, spot: float, seen: Sequence[float]) -> Moving:
    strike, made, total = trade.terms.get("strike"), len(seen), len(trade.days)
    if trade.terms.get("average", "arithmetic") == "arithmetic":
        k = -sum(seen) if strike is None else total * strike - sum(seen)
        if abs(k) <= SCALES * spot:
            _give(trade, "the fixings so far make up all of the strike")
        share = 1.0 + spot / k
        return Moving((share, -1.0 / k), (share**2, 0.0, 0.0))
    share, own = (total - made + 1.0) / (total - made), 0.0
    if strike is None:
        share, own = 1.0 - 1.0 / made, 1.0 / made
    return _in_logarithms(share, own, spot)


def _in_logarithms(share: float, own: float, spot: float) -> Moving:
    """The rule where W' = share V' + own V in the logarithm of the spot, and so for every derivative of V."""
    first = (share, own / spot)
    second = (share**2, (share**2 + 2.0 * share * own - share) / spot, (own**2 - own) / spot**2)
    return Moving(first, second)


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


def _give(trade: History, why: str) -> None:
    refuse("fixings", f"hold today's, {trade.span.today}: with it open, {why}", None)
