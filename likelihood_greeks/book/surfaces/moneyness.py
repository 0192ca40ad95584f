"""A surface of smiles that have strikes of their own: strike over forward is what stays the same between maturities.

Where a maturity quotes a narrower range than those around it, its smile goes on between theirs: at the share of the way
from the earlier to the later total variance at which its last quote stands. So volatilities are continuous in strike,
and total variance does not fall with maturity where it does not at the quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import final

import numpy as np
import pandas as pd

from ..._checks import refuse
from ..curves import increasing, within_horizon
from .interpolation import volatility
from .smiles import QuotedSmile, Smile


@final
@dataclass(frozen=True)
class SmileSurface:
    """Implied volatilities by maturity, each maturity with a smile of its own.

    Parameters
    ----------
    smiles : sequence of Smile
        By maturity, increasing.
    forwards : callable
        The forward price (currency) to a maturity (years), as of the smiles at theirs.

    Raises
    ------
    ValueError
        If there is none, the maturities do not increase, or go beyond `HORIZON`.
    """

    smiles: tuple[Smile, ...]
    forwards: Callable[[float], float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "smiles", tuple(self.smiles))
        within_horizon("maturities", increasing("maturities", self.maturities)[-1])

    @cached_property
    def maturities(self) -> tuple[float, ...]:
        """Years, increasing, > 0."""
        return tuple(smile.maturity for smile in self.smiles)

    def scale(self, maturity: float) -> float:
        """The forward price to a maturity (years), in currency."""
        return self.forwards(maturity)

    def nodes(self, pillar: int) -> tuple[float, ...]:
        """Strikes over the forward that one of the maturities quotes."""
        return self.smiles[pillar].nodes

    def span(self) -> tuple[float, float]:
        """The least and the greatest strike over forward that any maturity knows."""
        return min(smile.ends[0] for smile in self.smiles), max(smile.ends[1] for smile in self.smiles)

    def quoted(self, pillar: int, moneyness: float) -> float | None:
        """Volatility at a strike over forward and one of the maturities.

        None where the maturity does not quote it, and those around it do not either.

        Raises
        ------
        ValueError
            If a quote it needs is not a positive number.
        """
        own = self.smiles[pillar].volatility(moneyness)
        return self._continued(pillar, moneyness) if own is None else own

    def volatility(self, strike: float, maturity: float) -> float:
        """Implied volatility at `strike` (currency) and `maturity` (years): see `volatility`."""
        return volatility(self, strike, maturity)

    def to_frame(self) -> pd.DataFrame:
        """The quotes, strikes (currency) by maturities (years), NaN where there is none."""
        strikes = np.unique(np.concatenate([smile.strikes for smile in self.smiles]))
        frame = pd.DataFrame(np.nan, pd.Index(strikes, name="strike"), pd.Index(self.maturities, name="maturity"))
        for j, smile in enumerate(self.smiles):
            values = [smile.volatility(node) for node in smile.nodes]
            frame.iloc[np.searchsorted(strikes, smile.strikes), j] = values
        return frame

    def _continued(self, pillar: int, moneyness: float) -> float | None:
        """The volatility beyond the quotes of a maturity, between those of the maturities around it."""
        low, high = self.smiles[pillar].ends
        edge = min(max(moneyness, low), high)
        before = self._variances(range(pillar - 1, -1, -1), moneyness, edge)
        after = self._variances(range(pillar + 1, len(self.smiles)), moneyness, edge)
        last = self.smiles[pillar].volatility(edge)
        if before is None or after is None or last is None:
            return None
        maturity = self.maturities[pillar]
        share = (last**2 * maturity - before[1]) / (after[1] - before[1]) if after[1] > before[1] else 0.5
        share = min(max(share, 0.0), 1.0)
        return sqrt(((1.0 - share) * before[0] + share * after[0]) / maturity)

    def _variances(self, pillars: Sequence[int], moneyness: float, edge: float) -> tuple[float, float] | None:
        """Total variances at two moneynesses of the first of these maturities that quotes both."""
        for pillar in pillars:
            here, there = (self.smiles[pillar].volatility(x) for x in (moneyness, edge))
            if here is not None and there is not None:
                return here**2 * self.maturities[pillar], there**2 * self.maturities[pillar]
        return None


def flat(
    maturities: Sequence[float], volatilities: Sequence[float], forwards: Callable[[float], float]
) -> SmileSurface:
    """A surface with one volatility a maturity, the same at every strike; NaN where there is none.

    Raises
    ------
    ValueError
        As for `SmileSurface`, or if the lengths differ.
    """
    if len(maturities) != len(volatilities):
        refuse("volatilities", f"hold one for each of the {len(maturities)} maturities", volatilities)
    at = [(t, forwards(t), v) for t, v in zip(maturities, volatilities, strict=True) if not np.isnan(v)]
    return SmileSurface(tuple(QuotedSmile(t, f, (f,), (v,), flat_beyond=True) for t, f, v in at), forwards)
