"""A surface of smiles that have strikes of their own: strike over forward is what stays the same between maturities.

Where a maturity quotes a narrower range than those around it, its smile goes on between theirs: at the share of the way
from the earlier to the later total variance at which its last quote stands. So volatilities are continuous in strike,
and total variance does not fall with maturity where it does not at the quotes.

Quotes by delta end at the same delta, not at the same strike: their last volatility is carried on, and what is known at
a date is what the deltas around it reach there (`reach`). Only a maturity that lacks the last deltas goes on between
those that have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt
from typing import final

import numpy as np
import pandas as pd

from ..._checks import refuse
from ..curves import increasing, within_horizon
from .cells import Cells, combined
from .interpolation import volatility
from .reach import Last, outer, reach
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
    carried : bool
        Whether the smiles are quotes by delta, the last volatility of which is carried on at dates between maturities.

    Raises
    ------
    ValueError
        If there is none, the maturities do not increase, or go beyond `HORIZON`.
    """

    smiles: tuple[Smile, ...]
    forwards: Callable[[float], float]
    carried: bool = False

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

    def span(self, maturity: float) -> tuple[float, float]:
        """The least and the greatest strike over forward that any maturity knows, or that deltas reach at this one."""
        if self.carried:
            low, high = (reach(last, maturity, side) for last, side in zip(self._lasts, (-1, 1), strict=True))
            return low, high
        return min(smile.ends[0] for smile in self.smiles), max(smile.ends[1] for smile in self.smiles)

    def quoted(self, pillar: int, moneyness: float) -> float | None:
        """Volatility at a strike over forward and one of the maturities.

        None where the maturity does not quote it, and those around it do not either; if it is not carried.

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

    @cached_property
    def _lasts(self) -> tuple[tuple[Last, ...], tuple[Last, ...]]:
        """The last quotes of the maturities on the side of low strikes, and of high ones."""
        low, high = (
            tuple(Last(smile.maturity, smile.ends[k], smile.volatility(smile.ends[k]) or 0.0) for smile in self.smiles)
            for k in (0, 1)
        )
        return low, high

    @cached_property
    def _outer(self) -> tuple[tuple[int, ...], ...]:
        """The maturities that reach as far as others, on the side of low strikes and of high ones."""
        return tuple(outer(last, side) for last, side in zip(self._lasts, (-1, 1), strict=True))

    def cells(self, pillar: int, moneyness: float) -> Cells:
        """Derivatives of `quoted` in the quotes of the smiles that it is made of, which keep their strikes."""
        smile = self.smiles[pillar]
        if smile.volatility(moneyness) is not None:
            return smile.cells(moneyness)
        edge = min(max(moneyness, smile.ends[0]), smile.ends[1])
        around = self._neighbours(pillar, moneyness, edge)
        value = self.quoted(pillar, moneyness)
        if around is None or value is None:
            return smile.cells(edge)
        maturity = smile.maturity

        def variance(number: int, at: float) -> tuple[float, Cells]:
            own = self.smiles[number]
            low, high = own.ends if self.carried else (0.0, inf)
            inside = min(max(at, low), high)
            volatility = own.volatility(inside) or 0.0
            scale = 2.0 * volatility * own.maturity
            return volatility**2 * own.maturity, combined([(scale, own.cells(inside))])

        (early, late), last = around, variance(pillar, edge)
        (before, after), (low, high) = ([variance(n, x) for n in (early, late)] for x in (moneyness, edge))
        gap = high[0] - low[0]
        share = (last[0] - low[0]) / gap if gap > 0.0 else 0.5
        moving = 1.0 / gap if gap > 0.0 and 0.0 < share < 1.0 else 0.0
        share, spread = min(max(share, 0.0), 1.0), (after[0] - before[0]) * moving
        parts = [(1.0 - share, before[1]), (share, after[1]), (spread, last[1])]
        parts += [(-spread * (1.0 - share), low[1]), (-spread * share, high[1])]
        return combined([(1.0 / (2.0 * value * maturity), combined(parts))])

    def _neighbours(self, pillar: int, moneyness: float, edge: float) -> tuple[int, int] | None:
        """The maturities around one between whose smiles it goes on; None where its last volatility is carried on."""
        far = self._outer[int(moneyness > edge)] if self.carried else range(len(self.smiles))
        if self.carried and pillar in far:
            return None
        sides = range(pillar - 1, -1, -1), range(pillar + 1, len(self.smiles))
        early, late = (
            next((n for n in side if n in far and self._variances([n], moneyness, edge) is not None), None)
            for side in sides
        )
        return None if early is None or late is None else (early, late)

    def _continued(self, pillar: int, moneyness: float) -> float | None:
        """The volatility beyond the quotes of a maturity: between those of the maturities around it, or carried on."""
        low, high = self.smiles[pillar].ends
        edge = min(max(moneyness, low), high)
        earlier, later = [*range(pillar - 1, -1, -1)], [*range(pillar + 1, len(self.smiles))]
        last = self.smiles[pillar].volatility(edge)
        if self.carried:
            far = self._outer[int(moneyness > edge)]
            if pillar in far:
                return last
            earlier, later = ([p for p in own if p in far] for own in (earlier, later))
        before, after = (self._variances(own, moneyness, edge) for own in (earlier, later))
        if before is None or after is None or last is None:
            return None
        maturity = self.maturities[pillar]
        share = (last**2 * maturity - before[1]) / (after[1] - before[1]) if after[1] > before[1] else 0.5
        share = min(max(share, 0.0), 1.0)
        return sqrt(((1.0 - share) * before[0] + share * after[0]) / maturity)

    def _variances(self, pillars: Iterable[int], moneyness: float, edge: float) -> tuple[float, float] | None:
        """Total variances at two moneynesses of the first of these maturities that quotes both."""
        for pillar in pillars:
            smile = self.smiles[pillar]
            low, high = smile.ends if self.carried else (0.0, inf)
            here, there = (smile.volatility(min(max(x, low), high)) for x in (moneyness, edge))
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
