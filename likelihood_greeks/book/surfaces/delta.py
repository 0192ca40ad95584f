r"""Strikes of options that are quoted by their delta, as currency options are.

With :math:`d_\pm = \log(F/K) / (\sigma\sqrt T) \pm \sigma\sqrt T / 2` and :math:`\phi = \pm 1` for calls and puts, the
delta is :math:`\phi N(\phi d_+)`, and :math:`\phi (K/F) N(\phi d_-)` where the premium is paid in the foreign currency
(premium-adjusted). That is the forward delta; the spot delta is it times the foreign discount factor.

At the money is the strike of the straddle without delta, :math:`F e^{\pm\sigma^2T/2}` (minus where premium-adjusted),
or the forward, or the spot. All of [1]_. A premium-adjusted call has two strikes for a delta: the higher one is meant.

References
----------
.. [1] D. Reiswich and U. Wystup, "A guide to FX options quoting conventions", *Journal of Derivatives* 18
   (2010), 58--68.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import copysign, exp, log, pi, sqrt
from typing import TypeAlias, final

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from ..._checks import one_of, positive, refuse

CONVENTIONS = ("spot", "forward", "spot_premium_adjusted", "forward_premium_adjusted")
"""What a delta is: of the spot or the forward, the premium taken off or not."""

AT_THE_MONEY = ("delta_neutral", "forward", "spot")
"""What at the money means: the straddle without delta, the forward or the spot."""

Delta: TypeAlias = float | None
"""Of a call > 0, of a put < 0; None is at the money."""

_NAMED = re.compile(r"(?P<size>\d+(\.\d+)?)\s*(d|delta|%)?\s*(?P<kind>c|p|call|put)", re.IGNORECASE)


def parsed(name: str, value: object) -> Delta:
    """A delta from ``"25C"``, ``"10 put"``, ``"ATM"``, -0.25 or -25.

    >>> parsed("delta", "25P"), parsed("delta", 0.1), parsed("delta", "atm")
    (-0.25, 0.1, None)

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(value, str) and value.strip().upper() in ("ATM", "A"):
        return None
    if isinstance(value, str) and (match := _NAMED.fullmatch(value.strip())):
        return copysign(_size(name, float(match["size"]), value), 1 if match["kind"].lower()[0] == "c" else -1)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value:
        return copysign(_size(name, abs(value), value), value)
    refuse(name, "be a delta such as '25C', '10P' or 'ATM', or a number, negative for puts", value)


def _size(name: str, size: float, value: object) -> float:
    """The size of a delta in decimals; from one on it is in per cent."""
    found = size / 100.0 if size >= 1.0 else size
    return found if 0.0 < found < 1.0 else refuse(name, "be a delta below one (or 100 per cent)", value)


@final
@dataclass(frozen=True, kw_only=True)
class Quoting:
    """How a delta is quoted.

    Parameters
    ----------
    delta : str
        One of `CONVENTIONS`.
    at_the_money : str
        One of `AT_THE_MONEY`.

    Raises
    ------
    ValueError
        If a name is unknown.
    """

    delta: str = "spot"
    at_the_money: str = "delta_neutral"

    def __post_init__(self) -> None:
        one_of("delta_convention", self.delta, CONVENTIONS)
        one_of("atm_convention", self.at_the_money, AT_THE_MONEY)

    @property
    def adjusted(self) -> bool:
        """Whether the premium is taken off."""
        return self.delta.endswith("adjusted")

    def strike(self, delta: Delta, deviation: float, market: tuple[float, float, float]) -> float:
        r"""The strike of an option with a delta.

        Parameters
        ----------
        delta : float or None
        deviation : float
            :math:`\sigma \sqrt T`, > 0.
        market : (spot, forward, foreign discount factor)

        Raises
        ------
        ValueError
            If no strike has the delta.
        """
        spot, forward, foreign = market
        positive("volatility", deviation)
        if delta is None:
            neutral = forward * exp((-0.5 if self.adjusted else 0.5) * deviation**2)
            return {"delta_neutral": neutral, "forward": forward, "spot": spot}[self.at_the_money]
        size = abs(delta) / (foreign if self.delta.startswith("spot") else 1.0)
        if self.adjusted:
            return forward * (_adjusted_call if delta > 0 else _adjusted_put)(size, deviation)
        if not size < 1.0:
            refuse("delta", f"be below the foreign discount factor {foreign:g}", delta)
        return forward * exp(-copysign(1.0, delta) * float(ndtri(size)) * deviation + 0.5 * deviation**2)


def _solved(error: Callable[[float], float], low: float, high: float) -> float:
    """The logarithm of a moneyness between two where an error changes sign, as a moneyness."""
    return exp(float(brentq(error, low, high, xtol=1e-14, rtol=1e-14)))


def _adjusted_put(size: float, deviation: float) -> float:
    """Strike over forward of the put with a premium-adjusted delta: its delta grows with strike without bound."""

    def error(k: float) -> float:
        return exp(k) * float(ndtr(k / deviation + 0.5 * deviation)) - size

    return _solved(error, -40.0 * deviation - deviation**2, log(2.0 + size) + 0.5 * deviation**2)


def _adjusted_call(size: float, deviation: float) -> float:
    """Strike over forward of the call with a premium-adjusted delta, above the strike where that is greatest."""

    def delta(k: float) -> float:
        return exp(k) * float(ndtr(-k / deviation - 0.5 * deviation))

    def slope(k: float) -> float:  # of the logarithm of delta, times what is positive
        d = -k / deviation - 0.5 * deviation
        return float(ndtr(d)) - exp(-0.5 * d * d) / sqrt(2.0 * pi) / deviation

    wide = 20.0 * deviation + deviation**2
    top = float(brentq(slope, -wide, wide))
    if not delta(top) > size:
        refuse("delta", f"be at most {delta(top):.4g}, the greatest that a premium-adjusted call has", size)
    return _solved(lambda k: delta(k) - size, top, wide)
