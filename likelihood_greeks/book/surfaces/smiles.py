"""The volatilities of one maturity by moneyness, the strike over the forward."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol, final

from ..._checks import positive, refuse
from ..curves import MOST, bracket, decimal, increasing
from .cells import Cells, of_variance
from .protocol import SAME


class Smile(Protocol):
    """Volatilities of one maturity."""

    @property
    def maturity(self) -> float:
        """Years."""
        ...

    @property
    def nodes(self) -> tuple[float, ...]:
        """Moneynesses to check and to show it at, increasing."""
        ...

    @property
    def strikes(self) -> tuple[float, ...]:
        """The nodes in currency."""
        ...

    @property
    def ends(self) -> tuple[float, float]:
        """The moneynesses from which and up to which it is known."""
        ...

    def volatility(self, moneyness: float, /) -> float | None:
        """Per square-root year; None where it is not known."""
        ...

    def cells(self, moneyness: float, /) -> Cells:
        """Derivatives of a volatility that is known in the quotes."""
        ...


@final
@dataclass(frozen=True)
class QuotedSmile:
    """Quotes at strikes: total variance is linear in strike between them, and unknown beyond, or flat if `flat_beyond`.

    Parameters
    ----------
    maturity : float
        Years, > 0.
    forward : float
        Currency, > 0.
    strikes : sequence of float, shape (n_strikes,)
        Currency, increasing, > 0.
    volatilities : sequence of float, shape (n_strikes,)
        Per square-root year. A number that is none is refused by the lookups that need it.
    flat_beyond : bool
        Whether the volatility of the first and of the last strike holds beyond.

    Raises
    ------
    ValueError
        If the strikes do not increase, a number is not positive, or the lengths differ.
    """

    maturity: float
    forward: float
    strikes: tuple[float, ...]
    volatilities: tuple[float, ...]
    flat_beyond: bool = False
    nodes: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("maturity", self.maturity)
        positive("forward", self.forward)
        strikes = increasing("strikes", self.strikes)
        positive("strikes[0]", strikes[0])
        if len(self.volatilities) != len(strikes):
            refuse("volatilities", f"hold one for each of the {len(strikes)} strikes", self.volatilities)
        object.__setattr__(self, "strikes", strikes)
        object.__setattr__(self, "nodes", tuple(strike / self.forward for strike in strikes))

    @property
    def ends(self) -> tuple[float, float]:
        """The moneynesses from which and up to which it is known."""
        return (0.0, float("inf")) if self.flat_beyond else (self.nodes[0], self.nodes[-1])

    def cells(self, moneyness: float) -> Cells:
        """Derivatives of the volatility in the quotes around it, which keep their strikes."""
        inside = min(max(moneyness, self.nodes[0]), self.nodes[-1])
        around = [(self.strikes[i], weight, self.volatilities[i]) for i, weight in bracket(self.nodes, inside)]
        return of_variance(self.maturity, around, self.volatility(inside) or 1.0)

    def volatility(self, moneyness: float) -> float | None:
        """Per square-root year; None beyond the quotes.

        Raises
        ------
        ValueError
            If a quote it needs is not a positive number, or so large that it must be in per cent.
        """
        low, high = self.nodes[0], self.nodes[-1]
        if not (self.flat_beyond or low * (1.0 - SAME) <= moneyness <= high * (1.0 + SAME)):
            return None
        square = 0.0
        for i, weight in bracket(self.nodes, min(max(moneyness, low), high)):
            if not 0.0 < (quote := self.volatilities[i]) <= MOST:
                where = f"strike {self.strikes[i]:g}, maturity {self.maturity:.6g} years"
                decimal("volatility", quote, f" at the node {where}")
            square += weight * quote * quote
        return sqrt(square)
