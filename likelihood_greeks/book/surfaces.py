r"""Implied volatilities by strike and maturity: what they mean between quotes, and what is refused.

Total variance :math:`w = \sigma^2 T` is linear in strike between the quotes of a maturity, then linear in maturity at a
fixed strike, and from time 0 to the first maturity. A maturity that does not quote a strike is passed over there: the
maturities before and after it serve, if both do. Nothing is extrapolated beyond the quotes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol, final, runtime_checkable

import numpy as np
import pandas as pd

from .._checks import number, positive, refuse
from .curves import MOST, bracket, decimal, increasing, within_horizon


@runtime_checkable
class Surface(Protocol):
    """Volatilities quoted by maturity."""

    @property
    def maturities(self) -> tuple[float, ...]:
        """Years, increasing, > 0."""
        ...

    def quoted(self, pillar: int, strike: float, /) -> float | None:
        """Volatility at a strike (currency) and one of the maturities; None where it is not quoted."""
        ...

    def span(self) -> tuple[float, float]:
        """The least and the greatest strike that any maturity quotes."""
        ...

    def to_frame(self) -> pd.DataFrame:
        """Volatilities, strikes (currency) by maturities (years), NaN where there is none."""
        ...


@final
@dataclass(frozen=True)
class VolatilitySurface:
    """Black--Scholes implied volatilities at strikes and maturities, not all of which need be quoted.

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
        If the grid is not increasing, goes beyond `HORIZON`, has the wrong shape, or a maturity has no quote.
    """

    strikes: tuple[float, ...]
    maturities: tuple[float, ...]
    volatilities: tuple[tuple[float, ...], ...]
    _smiles: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strikes", increasing("strikes", self.strikes))
        object.__setattr__(self, "maturities", increasing("maturities", self.maturities))
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

    def _smile(self, pillar: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The strikes that a maturity quotes, and their volatilities."""
        quotes = [(k, row[pillar]) for k, row in zip(self.strikes, self.volatilities, strict=True)]
        if not (there := [(k, v) for k, v in quotes if not np.isnan(v)]):
            refuse("volatilities", f"hold a quote at the maturity {self.maturities[pillar]:g} years", "all missing")
        return tuple(k for k, _ in there), tuple(v for _, v in there)

    def quoted(self, pillar: int, strike: float) -> float | None:
        """Volatility at `strike` (currency) and one of the maturities; None beyond the strikes that it quotes.

        Raises
        ------
        ValueError
            If a quote it needs is not a positive number.
        """
        strikes, volatilities = self._smiles[pillar]
        if not strikes[0] <= strike <= strikes[-1]:
            return None
        square = 0.0
        for i, weight in bracket(strikes, strike):
            if not 0.0 < (quote := volatilities[i]) <= MOST:
                where = f"strike {strikes[i]:g}, maturity {self.maturities[pillar]:g} years"
                decimal("volatility", quote, f" at the node {where}")
            square += weight * quote * quote
        return sqrt(square)

    def span(self) -> tuple[float, float]:
        """The least and the greatest strike."""
        return self.strikes[0], self.strikes[-1]

    def volatility(self, strike: float, maturity: float) -> float:
        """Implied volatility at `strike` (currency) and `maturity` (years): see `volatility`."""
        return volatility(self, strike, maturity)

    def to_frame(self) -> pd.DataFrame:
        """The nodes, strikes (currency) by maturities (years), NaN where there is no quote."""
        strikes = pd.Index(self.strikes, dtype=float, name="strike")
        return pd.DataFrame(self.volatilities, strikes, pd.Index(self.maturities, dtype=float, name="maturity"))


def volatility(surface: Surface, strike: float, maturity: float) -> float:
    """Implied volatility at `strike` (currency) and `maturity` (years), per square-root year.

    Raises
    ------
    ValueError
        If the point is off the surface, no maturities around it quote the strike, or a quote is not a positive number.
    """
    around = _around(surface, strike, maturity)
    if len(around) == 1:
        return around[0][1]
    (early, low), (late, high) = around
    weight = (maturity - early) / (late - early)
    variance = (1.0 - weight) * low**2 * early + weight * high**2 * late
    return float(np.sqrt(variance / maturity))


def term_structure(surface: Surface, strike: float, maturity: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The volatilities of a strike (currency) that dates up to `maturity` (years) are read from: maturities, quotes.

    They are those quoted, up to the first that is not before `maturity`. Where total variance falls with maturity no
    law can have them all: then the volatility to `maturity` itself is kept, and what lies above it earlier is passed
    over.

    Raises
    ------
    ValueError
        As for `volatility`.
    """
    ends = _around(surface, strike, maturity)
    if len(ends) == 2 and not ends[1][1] ** 2 * ends[1][0] > ends[0][1] ** 2 * ends[0][0]:
        ends = [(maturity, volatility(surface, strike, maturity))]
    kept = ends[::-1]
    for t, v in _before(surface, strike, bisect_left(surface.maturities, kept[-1][0])):
        if v**2 * t < kept[-1][1] ** 2 * kept[-1][0] * (1.0 - 1e-12):
            kept.append((t, v))
    return tuple(t for t, _ in kept[::-1]), tuple(v for _, v in kept[::-1])


def _before(surface: Surface, strike: float, end: int) -> Iterator[tuple[float, float]]:
    """Maturities before the one of a number, with the volatilities that they quote at a strike, the latest first."""
    for pillar in range(end - 1, -1, -1):
        if (quote := surface.quoted(pillar, strike)) is not None:
            yield surface.maturities[pillar], quote


def _around(surface: Surface, strike: float, maturity: float) -> list[tuple[float, float]]:
    """The quoted maturities that `maturity` lies between, with their volatilities at the strike; one may be enough."""
    maturities = surface.maturities
    if not 0.0 < maturity <= maturities[-1]:
        refuse("maturity", f"lie on the surface, 0 to {maturities[-1]:g} years", maturity)
    low, high = surface.span()
    if not low <= strike <= high:
        refuse("strike", f"lie on the surface, {low:g} to {high:g}", strike)
    right = bisect_left(maturities, maturity)
    later = ((p, surface.quoted(p, strike)) for p in range(right, len(maturities)))
    after = next(((maturities[p], v) for p, v in later if v is not None), None)
    if after is not None and (after[0] == maturity or (right == 0 and after[0] == maturities[0])):
        return [after]
    before = next(_before(surface, strike, right), None)
    if after is None or before is None:
        side = "before" if before is None else "after"
        refuse("strike", f"be quoted {side} {maturity:.4g} years as well: no maturity there has it", strike)
    return [before, after]
