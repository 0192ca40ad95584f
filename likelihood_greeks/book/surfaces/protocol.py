"""What a surface of implied volatilities is asked: quotes by maturity, and what stays the same between maturities."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import pandas as pd

from .cells import Cells

SAME = 1e-9
"""Relative distance by which a strike may lie beyond the last quote, as strikes are ratios of computed forwards."""


@runtime_checkable
class Surface(Protocol):
    """Volatilities quoted by maturity.

    A quote is found by its moneyness: the strike over the `scale` of a maturity. Between maturities volatilities of the
    same moneyness are interpolated, so that a surface whose scale is one keeps the strike, and one whose scale is the
    forward keeps the strike over the forward.
    """

    @property
    def maturities(self) -> tuple[float, ...]:
        """Years, increasing, > 0."""
        ...

    def scale(self, maturity: float, /) -> float:
        """What strikes are measured in at a maturity (years): 1, or the forward to it."""
        ...

    def quoted(self, pillar: int, moneyness: float, /) -> float | None:
        """Volatility at a moneyness and one of the maturities; None where it is not quoted."""
        ...

    def nodes(self, pillar: int, /) -> tuple[float, ...]:
        """The moneynesses quoted at one of the maturities, increasing."""
        ...

    def span(self, maturity: float, /) -> tuple[float, float]:
        """The least and the greatest moneyness that may be known at a maturity (years)."""
        ...

    def cells(self, pillar: int, moneyness: float, /) -> Cells:
        """Derivatives of `quoted` in the quotes of the surface, which keep their strikes."""
        ...

    def to_frame(self) -> pd.DataFrame:
        """Volatilities, strikes (currency) by maturities (years), NaN where there is none."""
        ...
