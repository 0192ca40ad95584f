"""Implied volatilities by strike and maturity, and the forwards that they were quoted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..._checks import finite, non_negative, number, positive, refuse
from ..._typing import FloatArray
from .long_table import LongTable
from .smile import black

Rates: TypeAlias = float | Mapping[float, float] | pd.Series
"""One rate for all maturities, or a rate by maturity."""

LARGEST_VOLATILITY = 5.0
LEAST_VEGA = 1e-8  # in forwards: a price in double precision tells the volatility to about 1e-7
SAME_MATURITY = 1e-9  # years
LONGEST = 60.0
"""Years: no market quotes options beyond."""
MISSCALED = 20.0
"""Strikes of which most are so many times the spot, or a part of it as small, are in another unit."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Quotes to fit, checked.

    Parameters
    ----------
    volatilities : pandas.DataFrame, shape (n_strikes, n_maturities)
        Per square-root year; index strikes, columns years; NaN where there is no quote.
    weights : ndarray, shape (n_strikes, n_maturities)
        Zero where there is no quote, or it is not told.
    spot : float
    rates, dividend_yields : ndarray, shape (n_maturities,)
        Zero rates to the maturities, per year.
    told : ndarray of bool, shape (n_strikes, n_maturities)
        Where a price in double precision tells the quoted volatility: not too far from the forward.
    """

    volatilities: pd.DataFrame
    weights: FloatArray
    spot: float
    rates: FloatArray
    dividend_yields: FloatArray
    told: NDArray[np.bool_]

    @property
    def maturities(self) -> FloatArray:
        """Years, shape (n_maturities,)."""
        return np.asarray(self.volatilities.columns, dtype=float)

    @property
    def forwards(self) -> FloatArray:
        """Currency, shape (n_maturities,)."""
        return np.asarray(self.spot * np.exp((self.rates - self.dividend_yields) * self.maturities))

    @property
    def log_moneyness(self) -> FloatArray:
        """Logarithm of strike over forward, shape (n_strikes, n_maturities)."""
        strikes = np.asarray(self.volatilities.index, dtype=float)
        return np.log(strikes[:, None] / self.forwards)

    @property
    def used(self) -> int:
        """How many quotes have a weight."""
        return int(np.count_nonzero(self.weights))

    def nearest_the_forward(self, maturity: int) -> float:
        """The volatility quoted nearest the forward at a column that has quotes."""
        column = self.volatilities.to_numpy()[:, maturity]
        distance = np.where(np.isnan(column), np.inf, np.abs(self.log_moneyness[:, maturity]))
        return float(column[np.argmin(distance)])

    @classmethod
    def of(
        cls,
        surface: pd.DataFrame,
        rates: Rates | None,
        spot: float,
        dividend_yield: Rates | None,
        weights: pd.DataFrame | None,
    ) -> Quotes:
        """The quotes of a surface, a long table or one of strikes by maturities; refused as `Heston.calibrate` says."""
        positive("spot", spot)
        if LongTable.is_one(surface):
            listed = LongTable.of(surface)
            if weights is not None:
                refuse("weights", "be the column 'weight' of a long table", type(weights).__name__)
            rates, dividend_yield = _carry(listed, rates, dividend_yield, spot)
            surface, weights = listed.volatilities, listed.weights
        if rates is None:
            refuse("rates", "be given, unless surface is a long table with a column 'discount_factor'", rates)
        dividend_yield = 0.0 if dividend_yield is None else dividend_yield
        table = _table("surface", surface)
        _axis("surface.index", table.index)
        maturities = _axis("surface.columns", table.columns)
        _refuse_misplaced(table, positive("spot", spot))
        found = cls(
            table,
            _weights(weights, table),
            positive("spot", spot),
            _by_maturity("rates", rates, maturities),
            _by_maturity("dividend_yield", dividend_yield, maturities),
            table.notna().to_numpy(),
        )
        for strike, maturity, volatility in _listed(table):
            if not 0.0 < volatility <= LARGEST_VOLATILITY:
                where = f"at strike {strike:g}, maturity {maturity:g} years"
                refuse("surface", f"hold volatilities in (0, 5] (0.2 is twenty per cent) {where}", volatility)
        vega = black(found.log_moneyness, table.to_numpy() * np.sqrt(found.maturities))[1]
        return replace(found, weights=np.where(vega >= LEAST_VEGA, found.weights, 0.0), told=vega >= LEAST_VEGA)


def _carry(
    listed: LongTable, rates: Rates | None, dividend_yield: Rates | None, spot: float
) -> tuple[Rates | None, Rates | None]:
    """Rates and dividend yields by maturity, from the columns of a long table where it has them."""
    if listed.discount_factors is not None:
        if rates is not None:
            refuse("rates", "be left out where surface has discount factors", rates)
        rates = -np.log(listed.discount_factors) / listed.discount_factors.index.to_numpy()
    if listed.forwards is not None and rates is not None:
        if dividend_yield is not None:
            refuse("dividend_yield", "be left out where surface has forwards", dividend_yield)
        maturities = [float(maturity) for maturity in listed.forwards.index]
        growth = np.log(listed.forwards.to_numpy() / spot) / np.array(maturities)
        dividend_yield = pd.Series(_by_maturity("rates", rates, maturities) - growth, maturities)
    return rates, dividend_yield


def _table(name: str, value: object) -> pd.DataFrame:
    """A DataFrame of floats."""
    if not isinstance(value, pd.DataFrame):
        raise TypeError(f"{name} must be a DataFrame, strikes by maturities in years, got {value!r}")
    try:
        return value.astype(float)
    except (TypeError, ValueError):
        refuse(name, "hold numbers, and NaN where there is no quote", list(map(str, value.dtypes)))


def _axis(name: str, labels: pd.Index) -> list[float]:
    """Positive, strictly increasing numbers."""
    found = [positive(f"{name}[{i}]", label) for i, label in enumerate(labels)]
    if not found or not all(a < b for a, b in pairwise(found)):
        refuse(name, "hold at least one number, strictly increasing", found)
    return found


def _refuse_misplaced(table: pd.DataFrame, spot: float) -> None:
    """Refuse a table with maturities where strikes are meant, or with either on another scale."""
    strikes, maturities = (np.asarray(labels, dtype=float) for labels in (table.index, table.columns))
    named = [str(name).lower() for name in (table.index.name, table.columns.name)]
    turned = ": strikes are the index and maturities the columns, and these look turned"
    if "strike" in named[1] or "matur" in named[0] or "expir" in named[0]:
        refuse(f"surface.index{turned}: it", "be named so", table.index.name)
    if not (last := float(maturities[-1])) <= LONGEST:
        refuse("surface.columns", f"be at most {LONGEST:g} years{turned if strikes[-1] <= LONGEST else ''}", last)
    if len(strikes) > 1 and not spot / MISSCALED <= np.median(strikes) <= spot * MISSCALED:
        refuse(
            "surface.index", f"hold strikes in the currency of the spot {spot:g}", f"{strikes[0]:g} to {strikes[-1]:g}"
        )


def _weights(weights: object, table: pd.DataFrame) -> FloatArray:
    """One where there is a quote, or as given; zero elsewhere."""
    quoted = table.notna().to_numpy()
    if weights is None:
        return quoted.astype(float)
    given = _table("weights", weights)
    if given.shape != table.shape or not (given.index.equals(table.index) and given.columns.equals(table.columns)):
        refuse("weights", f"have the strikes and maturities of surface, shape {table.shape}", given.shape)
    for strike, maturity, weight in _listed(given.where(quoted, 0.0), missing=True):
        non_negative(f"weights at strike {strike:g}, maturity {maturity:g} years", weight)
    return np.where(quoted, given.to_numpy(), 0.0)


def _by_maturity(name: str, rates: object, maturities: list[float]) -> FloatArray:
    """One rate a maturity; each finite."""
    if not isinstance(rates, (Mapping, pd.Series)):
        return np.full(len(maturities), finite(name, rates))
    given = {number(f"{name}'s maturity", maturity): rate for maturity, rate in rates.items()}
    found = []
    for maturity in maturities:
        near = min(given, key=lambda t: abs(t - maturity), default=np.inf)
        if not abs(near - maturity) <= SAME_MATURITY:
            refuse(name, f"hold a rate for the maturity {maturity:g} years", sorted(given))
        found.append(finite(f"{name} at {maturity:g} years", given[near]))
    return np.array(found)


def _listed(table: pd.DataFrame, missing: bool = False) -> list[tuple[float, float, float]]:
    """(strike, maturity, value) of the entries, those that are NaN only if `missing`."""
    values = table.to_numpy()
    return [
        (float(strike), float(maturity), float(values[i, j]))
        for i, strike in enumerate(table.index)
        for j, maturity in enumerate(table.columns)
        if missing or not np.isnan(values[i, j])
    ]
