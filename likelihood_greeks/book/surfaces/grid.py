"""Implied volatilities in a table, strikes by maturities: the strike is what stays the same between maturities.

Total variance is linear in strike between the quotes of a maturity; nothing is extrapolated beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import final

import numpy as np
import pandas as pd

from ..._checks import number, positive, refuse
from ..curves import MOST, bracket, decimal, increasing, within_horizon
from .cells import Cells, of_variance
from .interpolation import volatility


@final
@dataclass(frozen=True)
class VolatilitySurface:
    """Black–Scholes implied volatilities at strikes and maturities, not all of which need be quoted.

    Parameters
    ----------
    strikes : sequence of float, shape (n_strikes,)
        Currency, increasing.
    maturities : sequence of float, shape (n_maturities,)
        Years, increasing, > 0.
    volatilities : sequence of sequences of float, shape (n_strikes, n_maturities)
        Per square-root year. NaN where there is no quote. A number <= 0 is refused by the lookups that need it.

    Raises
    ------
    ValueError
        If the grid is not increasing, goes beyond `HORIZON`, has the wrong shape, or there is no quote.
    """

    strikes: tuple[float, ...]
    maturities: tuple[float, ...]
    volatilities: tuple[tuple[float, ...], ...]
    _smiles: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strikes", increasing("strikes", self.strikes))
        object.__setattr__(self, "maturities", increasing("maturities", self.maturities))
        if self.maturities[0] == 0.0:
            refuse("maturities[0]", "be after the valuation date: no volatility is left on an expiry day", 0.0)
        positive("maturities[0]", self.maturities[0])
        within_horizon(f"maturities[{len(self.maturities) - 1}]", self.maturities[-1])
        rows = tuple(
            tuple(number(f"volatilities[{i}][{j}]", volatility) for j, volatility in enumerate(row))
            for i, row in enumerate(self.volatilities)
        )
        object.__setattr__(self, "volatilities", rows)
        shape = (len(self.strikes), len(self.maturities))
        if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
            turned = len(rows) == shape[1] and all(len(row) == shape[0] for row in rows)
            hint = ": these look turned, a row for each maturity" if turned else ""
            refuse("volatilities", f"have shape {shape}, strikes by maturities{hint}", [len(row) for row in rows])
        object.__setattr__(self, "_smiles", tuple(map(self._smile, range(shape[1]))))
        if not any(strikes for strikes, _ in self._smiles):
            refuse("volatilities", "hold a quote", "all missing")

    def _smile(self, pillar: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The strikes that a maturity quotes, and their volatilities."""
        quotes = [(k, row[pillar]) for k, row in zip(self.strikes, self.volatilities, strict=True)]
        there = [(k, v) for k, v in quotes if not np.isnan(v)]
        return tuple(k for k, _ in there), tuple(v for _, v in there)

    def quoted(self, pillar: int, strike: float) -> float | None:
        """Volatility at `strike` (currency) and one of the maturities; None beyond the strikes that it quotes.

        Raises
        ------
        ValueError
            If a quote it needs is not a positive number.
        """
        strikes, volatilities = self._smiles[pillar]
        if not strikes or not strikes[0] <= strike <= strikes[-1]:
            return None
        square = 0.0
        for i, weight in bracket(strikes, strike):
            if not 0.0 < (quote := volatilities[i]) <= MOST:
                where = f"strike {strikes[i]:g}, maturity {self.maturities[pillar]:g} years"
                decimal("volatility", quote, f" at the node {where}")
            square += weight * quote * quote
        return sqrt(square)

    def cells(self, pillar: int, strike: float) -> Cells:
        """Derivatives of `quoted` in the quotes around it."""
        strikes, volatilities = self._smiles[pillar]
        around = [(strikes[i], weight, volatilities[i]) for i, weight in bracket(strikes, strike)]
        return of_variance(self.maturities[pillar], around, self.quoted(pillar, strike) or 1.0)

    def scale(self, maturity: float) -> float:
        """One: strikes are what they are."""
        return 1.0

    def smile(self, pillar: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The strikes that one of the maturities quotes, and their volatilities."""
        return self._smiles[pillar]

    def nodes(self, pillar: int) -> tuple[float, ...]:
        """The strikes that one of the maturities quotes."""
        return self._smiles[pillar][0]

    def span(self, maturity: float) -> tuple[float, float]:
        """The least and the greatest strike, at every maturity."""
        return self.strikes[0], self.strikes[-1]

    def volatility(self, strike: float, maturity: float) -> float:
        """Implied volatility at `strike` (currency) and `maturity` (years): see `volatility`."""
        return volatility(self, strike, maturity)

    def to_frame(self) -> pd.DataFrame:
        """The nodes, strikes (currency) by maturities (years), NaN where there is no quote."""
        strikes = pd.Index(self.strikes, dtype=float, name="strike")
        return pd.DataFrame(self.volatilities, strikes, pd.Index(self.maturities, dtype=float, name="maturity"))
