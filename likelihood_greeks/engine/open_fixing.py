r"""Greeks in the spot of a contract that remembers today's fixing while it is open: it is the spot, and moves with it.

A contract that remembers today's fixing c has the value :math:`V(S, c)`; the trade's is :math:`W(S) = V(S, S)`. Paths
give the derivatives of V at a fixed c. Under a law whose spots scale with today's (all of them are S times something
whose law does not know S), :math:`V_c` follows from how the payment scales. For averages:

* arithmetic average, fixed strike: V is homogeneous of degree one in S and in what is left of the strike,
  :math:`k = N K - \sum c_i`, so that :math:`V_c = -V_k = (S V_S - V) / k`;
* arithmetic average as the strike: the same with :math:`k = -\sum c_i`;
* geometric average, fixed strike: V knows c and the n spots to come by :math:`\log c + n \log S` alone;
* geometric average as the strike: V is homogeneous in S and in the geometric mean of the m fixings made.

Nothing of this is an approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ..estimators.likelihood_ratio import Combination
from ..parameters import Derivative

SPOT = "spot"
SCALES = 1e-9  # relative, of what counts as nothing beside the spot


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


def of_average(average: str, strike: float | None, seen: Sequence[float], total: int, spot: float) -> Moving | None:
    """The rule of an option on the average of spots.

    Parameters
    ----------
    average : {"arithmetic", "geometric"}
    strike : float, optional
        Currency. None: the average is the strike.
    seen : sequence of float
        The fixings made, the open one of today, `spot`, among them.
    total : int
        How many fixings are averaged.
    spot : float
        Currency.

    Returns
    -------
    Moving or None
        None where the fixings so far make up all of the strike.
    """
    made = len(seen)
    if average == "arithmetic":
        k = -sum(seen) if strike is None else total * strike - sum(seen)
        if abs(k) <= SCALES * spot:
            return None
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
