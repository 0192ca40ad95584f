"""Quotes as exchanges list them, a row each, made into a table of strikes by maturities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pandas as pd

from ..._checks import positive, refuse

VOLATILITY = ("volatility", "implied_volatility")
DISCOUNT = ("discount_factor", "discount")
AXES = ("maturity", "strike")
SAME = 1e-8  # relative: forwards and discount factors of one maturity


@final
@dataclass(frozen=True, slots=True, eq=False)
class LongTable:
    """What a long table of quotes says.

    Parameters
    ----------
    volatilities : pandas.DataFrame, shape (n_strikes, n_maturities)
        NaN where nothing is listed.
    weights : pandas.DataFrame, optional
        Of the same shape, where the table has a column ``weight``.
    forwards, discount_factors : pandas.Series, shape (n_maturities,), optional
        By maturity, where the table has them.
    """

    volatilities: pd.DataFrame
    weights: pd.DataFrame | None
    forwards: pd.Series | None
    discount_factors: pd.Series | None

    @staticmethod
    def is_one(surface: object) -> bool:
        """Whether a table has a column ``strike`` or ``maturity``."""
        return isinstance(surface, pd.DataFrame) and any(name in surface.columns for name in AXES)

    @classmethod
    def of(cls, surface: pd.DataFrame) -> LongTable:
        """Reads the columns; refuses what is missing, not a number, or listed twice, by its row."""
        names = {name: _column(surface, (name,)) for name in AXES} | {"volatility": _column(surface, VOLATILITY)}
        optional = {"weight": ("weight",), "forward": ("forward",), "discount_factor": DISCOUNT}
        names |= {name: column for name, given in optional.items() if (column := _column(surface, given, needed=False))}
        table = pd.DataFrame({name: _numbers(surface, str(column)) for name, column in names.items()})
        table = table[table["volatility"].notna()]
        for name in (name for name in names if name not in ("volatility", "weight")):
            for row, value in table[name].items():
                positive(f"surface.{names[name]}[{row}]", value)
        twice = table.duplicated(list(AXES))
        if twice.any():
            maturity, strike = table.loc[twice, list(AXES)].iloc[0]
            refuse("surface", f"list a strike and maturity once, strike {strike:g} at {maturity:g} years", "two")
        grid = table.pivot(index="strike", columns="maturity", values="volatility")
        weights = table.pivot(index="strike", columns="maturity", values="weight") if "weight" in table else None
        return cls(grid, weights, *(_by_maturity(table, name) for name in ("forward", "discount_factor")))


def _column(surface: pd.DataFrame, names: tuple[str, ...], needed: bool = True) -> str | None:
    """The name that a column has, of those it may have."""
    given = [name for name in names if name in surface.columns]
    if len(given) > 1 or (needed and not given):
        refuse("surface", f"have one column {' or '.join(map(repr, names))}", list(map(str, surface.columns)))
    return given[0] if given else None


def _numbers(surface: pd.DataFrame, name: str) -> np.ndarray:
    """A column as floats."""
    try:
        return surface[name].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        refuse(f"surface.{name}", "hold numbers, and NaN where there is no quote", str(surface[name].dtype))


def _by_maturity(table: pd.DataFrame, name: str) -> pd.Series | None:
    """The one value that each maturity has."""
    if name not in table:
        return None
    groups = table.groupby("maturity")[name]
    spread = groups.max() / groups.min() - 1.0
    if (spread > SAME).any():
        maturity = spread.index[int(spread.argmax())]
        given = sorted(set(groups.get_group(maturity)))
        refuse(f"surface.{name}", f"be one for the maturity {maturity:g} years", given)
    return groups.median()
