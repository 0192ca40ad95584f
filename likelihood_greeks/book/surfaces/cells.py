r"""How much the volatilities of a law move with the quotes of a surface: the exact derivatives of its interpolation.

A *cell* is a quote: its maturity and strike, or the whole smile of a maturity where that is given by parameters. Where
total variance is interpolated between quotes, :math:`\sigma^2 = \sum_i \lambda_i q_i^2`, the derivatives are
:math:`\lambda_i q_i/\sigma`. They sum to at most one: a shift of all quotes moves a volatility between two that differ
by a little less than itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

Cell: TypeAlias = tuple[float, float | None]
"""Maturity (years) and strike (currency); None for all strikes."""

Cells: TypeAlias = Mapping[Cell, float]
"""Derivatives of a number in cells."""


def combined(parts: Iterable[tuple[float, Cells]]) -> dict[Cell, float]:
    """The derivatives of a sum of numbers, each times a factor."""
    found: dict[Cell, float] = {}
    for factor, cells in parts:
        for cell, slope in cells.items():
            found[cell] = found.get(cell, 0.0) + factor * slope
    return found


def of_variance(maturity: float, weights: Iterable[tuple[float, float, float]], volatility: float) -> dict[Cell, float]:
    """Of a volatility whose square is a sum of squared quotes: strike, weight and quote of each."""
    return {(maturity, strike): weight * quote / volatility for strike, weight, quote in weights if weight}
