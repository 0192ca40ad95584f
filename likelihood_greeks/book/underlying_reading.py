"""An underlying from its section of a market: its curves, its volatilities and its model."""

from __future__ import annotations

from typing import Any

from .._checks import refuse, within
from ..models.heston.fourier import VARIANCE
from ..models.heston.law import Heston
from . import market_keys, surface_reading
from .calendars import closest
from .curves import ZeroCurve
from .setting import Setting
from .underlying import BLACK_SCHOLES, HESTON, Underlying

MODELS = {BLACK_SCHOLES: BLACK_SCHOLES, "gbm": BLACK_SCHOLES, HESTON: HESTON}
"""What a market may call the model of an underlying, and the name that it goes by in tables."""


def read(name: str, section: object, setting: Setting) -> Underlying:
    """The underlying that a section states; its model is fitted if the section says so.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or a value out of range, naming it.
    TypeError
        If a value is of the wrong type, naming it likewise.
    """
    table = market_keys.checked(market_keys.UNDERLYING, section)
    law, parameters = _law(table.pop("model", BLACK_SCHOLES)), table.pop("heston", None)
    if parameters is not None and law != HESTON:
        refuse("model", "be 'heston' where there is a table heston", law)
    table["zero_curve"] = _rates(table, setting)
    table["implied_volatility"] = surface_reading.read(table.get("implied_volatility"), setting)
    table.setdefault("dividend_yield", 0.0)
    if law != HESTON:
        return Underlying(name=name, **table)
    with within("heston"):
        given = market_keys.checked(market_keys.HESTON, {"calibrate": True} if parameters is None else parameters)
        if not isinstance(fitted := given.pop("calibrate", False), bool):
            raise TypeError(f"calibrate must be true or false, got {fitted!r}")
        if not fitted:
            heston = _given(table["spot"], given)
    if not fitted:
        return Underlying(name=name, heston=heston, **table)
    underlying = Underlying(name=name, **table)
    with within("heston"):
        return underlying.calibrated(given)


def _rates(table: dict[str, Any], setting: Setting) -> ZeroCurve | float:
    """The zero curve that a section states, whose entries are taken out of it; a number if it is flat."""
    if ("zero_rate" in table) == ("zero_curve" in table):
        refuse("zero_rate", "be given, or else zero_curve, and not both", table.get("zero_rate"))
    if "zero_rate" in table:
        return table.pop("zero_rate")
    with within("zero_curve"):
        nodes = market_keys.checked(market_keys.ZERO_CURVE, table.pop("zero_curve"))
        return ZeroCurve(setting.years("times", nodes["times"]), nodes["rates"])


def _given(spot: float, parameters: dict[str, Any]) -> Heston:
    """Heston's model with all its parameters given."""
    for name in VARIANCE:
        if name not in parameters:
            refuse(name, "be given", None)
    return Heston(spot=spot, **parameters)


def _law(value: object) -> str:
    """The name of a model, in any case."""
    if not isinstance(value, str):
        raise TypeError(f"model must be a name, one of {', '.join(MODELS)}, got {value!r}")
    if value.lower() not in MODELS:
        refuse("model", f"be one of {', '.join(map(repr, MODELS))}{closest(value, MODELS)}", value)
    return MODELS[value.lower()]
