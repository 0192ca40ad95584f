"""The volatilities of an underlying from its section of a market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._checks import within
from . import market_keys
from .setting import Setting
from .surfaces import Surface, VolatilitySurface


def read(value: Any, setting: Setting) -> Surface | float | None:
    """The surface that an entry ``implied_volatility`` states; a number, or nothing, as it is.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or the quotes are no surface.
    """
    if not isinstance(value, Mapping):
        return value
    with within("implied_volatility"):
        nodes = market_keys.checked(market_keys.SURFACE, value)
        nodes["maturities"] = setting.years("maturities", nodes["maturities"])
        return VolatilitySurface(**nodes)
