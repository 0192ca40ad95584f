"""A surface from an entry of a market: one number, or quotes in any of the forms that a market has them in.

A table of strikes by maturities (strikes in currency, or in terms of the spot or the forward), a volatility a maturity,
SVI parameters, quotes by delta, or a long table of quotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..._checks import list_of, number, one_of, refuse, within
from .. import market_keys
from ..setting import Setting
from . import checks, delta_reading, quotes
from .forwards import Forwards
from .grid import VolatilitySurface
from .moneyness import SmileSurface, flat
from .protocol import Surface
from .smiles import QuotedSmile
from .svi import SVI

STRIKES_IN = ("currency", "spot", "forward", "% of spot", "% of forward")
"""What strikes may be in: 1.1 of the spot is 110 % of it."""

FORMS = ("volatilities", "quotes", "svi", "atm")
"""The keys one of which says in which form the quotes are."""

ONE = Forwards(1.0, 0.0)
"""Strikes in currency as they are."""


def opened(value: Any, name: str, setting: Setting) -> Any:
    """An entry ``implied_volatility`` of the underlying `name` with its long table, if it has one, read by expiry.

    Raises
    ------
    ValueError
        If a table cannot be read: see `quotes.read`.
    """
    if isinstance(value, str) and not Path(value).suffix:
        refuse("implied_volatility", "be a number such as 0.2, a table of quotes or a file of them (.csv, ...)", value)
    with within("implied_volatility"):
        if quotes.is_table(value):
            return {"quotes": quotes.read(value, name, setting)}
        if isinstance(value, Mapping) and "quotes" in value:
            return {**value, "quotes": quotes.read(value["quotes"], name, setting)}
    return value


def told(value: Any) -> dict[str, Any]:
    """The ``zero_curve`` and ``forwards`` that an opened table of quotes tells, as entries of a market."""
    found = dict[str, Any]()
    if isinstance(value, Mapping) and "quotes" in value:
        expiries = value["quotes"]
        times = [expiry.maturity for expiry in expiries]
        with within("implied_volatility"):
            if factors := quotes.discounts(expiries):
                found["zero_curve"] = {"times": times, "discount_factors": factors}
            if forwards := quotes.forwards(expiries):
                found["forwards"] = {"times": times, "values": forwards}
    return found


def read(value: Any, name: str, forwards: Forwards, setting: Setting) -> Surface | float | None:
    """The surface that an opened entry ``implied_volatility`` of `name` states; a number, or nothing, as it is.

    What looks wrong in it and may be right goes to the remarks of the setting.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or the quotes are no surface.
    """
    if isinstance(value, Surface) or not isinstance(value, (Mapping, pd.DataFrame)):
        return value
    with within("implied_volatility"):
        surface = _one_quote(_surface(value, forwards, setting))
        if isinstance(surface, Surface):
            setting.remarks.extend(checks.doubts(surface, name, forwards.spot, setting.words))
        return surface


def _surface(value: Any, forwards: Forwards, setting: Setting) -> Surface:
    """The surface in an entry that is more than a number."""
    if isinstance(value, pd.DataFrame):
        value = {"strikes": value.index.tolist(), "maturities": value.columns.tolist(), "volatilities": value}
    table = market_keys.checked(market_keys.SURFACE, value)
    form = [key for key in FORMS if key in table]
    if len(form) != 1:
        refuse("keys", f"hold one of {', '.join(FORMS)}: they say in which form the quotes are", [*table])
    if form == ["quotes"]:
        return _listed(table, forwards)
    table["maturities"] = _maturities(table, setting)
    return {"svi": _svi, "atm": _strategies, "volatilities": _volatilities}[form[0]](table, forwards)


def _maturities(table: Mapping[str, Any], setting: Setting) -> tuple[float, ...]:
    """The maturities of an entry in years."""
    if isinstance(svi := table.get("svi"), Sequence) and "maturities" not in table:
        rows = [row if isinstance(row, Mapping) else {} for row in svi]
        return setting.years("maturities", [row.get("maturity") for row in rows])
    if "maturities" not in table:
        refuse("maturities", "be given", None)
    return setting.years("maturities", table["maturities"])


def _one_quote(surface: Surface) -> Surface | float:
    """A single quote as the flat volatility that it is."""
    if len(surface.maturities) == 1 and len(surface.nodes(0)) == 1:
        return float(surface.to_frame().to_numpy()[0, 0])
    return surface


def _rest(table: Mapping[str, Any], *known: str) -> None:
    """Refuse keys that say nothing in a form."""
    for key in table:
        if key not in known:
            refuse(key, f"not be given beside these quotes, which take {', '.join(known)}", table[key])


def _unit(table: Mapping[str, Any], forwards: Forwards) -> tuple[str, float]:
    """What strikes are in ("currency", "forward"), and what they are to be multiplied with."""
    unit = one_of("strikes_in", table.get("strikes_in", "currency"), STRIKES_IN)
    factor = 0.01 if unit.startswith("%") else 1.0
    if unit.endswith("forward"):
        return "forward", factor
    return "currency", factor * (forwards.spot if unit.endswith("spot") else 1.0)


def _beyond(table: Mapping[str, Any]) -> bool:
    """Whether volatilities are flat beyond the last strikes."""
    return one_of("beyond_strikes", table.get("beyond_strikes", "refused"), ("refused", "flat")) == "flat"


def _rows(values: Any) -> list[Any]:
    """Rows of volatilities, or a list of them, with NaN for what is missing."""
    rows = values.to_numpy() if isinstance(values, pd.DataFrame) else values
    rows = rows.tolist() if isinstance(rows, np.ndarray) else rows
    if not isinstance(rows, (list, tuple)):
        raise TypeError(f"volatilities must be a table, a row for each strike, got {values!r}")
    lists = [row.tolist() if isinstance(row, np.ndarray) else row for row in rows]
    return [[*map(_cell, row)] if isinstance(row, (list, tuple)) else _cell(row) for row in lists]


def _cell(cell: Any) -> Any:
    """A volatility, NaN where there is none."""
    return float("nan") if cell is None or cell is pd.NA or (isinstance(cell, str) and not cell.strip()) else cell


def _volatilities(table: dict[str, Any], forwards: Forwards) -> Surface:
    """Volatilities by strike, by delta, or by maturity alone."""
    if "deltas" in table:
        _rest(table, "deltas", "maturities", "volatilities", *delta_reading.CONVENTIONS, "beyond_strikes")
        rows = _rows(table["volatilities"])
        return delta_reading.by_delta(table | {"volatilities": rows}, forwards, _beyond(table))
    _rest(table, "strikes", "strikes_in", "maturities", "volatilities", "beyond_strikes")
    rows, maturities = _rows(table["volatilities"]), table["maturities"]
    if "strikes" not in table:
        if any(isinstance(row, list) for row in rows):
            refuse("strikes", "be given: volatilities are a table", None)
        return flat(maturities, rows, forwards)
    unit, factor = _unit(table, forwards)
    given = list_of("strikes", table["strikes"], "numbers")
    strikes = tuple(factor * number(f"strikes[{i}]", strike) for i, strike in enumerate(given))
    for row in rows:
        if not isinstance(row, list):
            raise TypeError(f"volatilities must be a table, a row for each strike, got {row!r} in it")
    grid = VolatilitySurface(strikes, maturities, tuple(rows))
    level = forwards.spot if unit == "currency" else 1.0
    checks.refuse_nonsense(np.array(grid.strikes), np.ravel(grid.volatilities), level)
    if len(grid.strikes) == 1:
        return flat(grid.maturities, grid.volatilities[0], forwards)
    if unit == "currency" and not _beyond(table):
        return grid
    scale = forwards if unit == "forward" else ONE
    smiles = []
    for pillar, maturity in enumerate(grid.maturities):
        nodes, volatilities = grid.smile(pillar)
        if not nodes:
            continue
        own = scale(maturity)
        smiles.append(QuotedSmile(maturity, own, tuple(own * x for x in nodes), volatilities, _beyond(table)))
    return SmileSurface(tuple(smiles), scale)


def _strategies(table: dict[str, Any], forwards: Forwards) -> SmileSurface:
    """At-the-money volatilities with risk reversals and butterflies."""
    _rest(table, "maturities", "atm", "risk_reversals", "butterflies", *delta_reading.CONVENTIONS, "beyond_strikes")
    return delta_reading.by_strategies(table, forwards, _beyond(table))


def _listed(table: Mapping[str, Any], forwards: Forwards) -> SmileSurface:
    """A surface of quotes by expiry, on the forwards that they tell if they do."""
    _rest(table, "quotes", "strikes_in", "beyond_strikes")
    expiries: Sequence[quotes.Expiry] = table["quotes"]
    if told := quotes.forwards(expiries):
        forwards = Forwards.at(forwards.spot, [expiry.maturity for expiry in expiries], told)
    unit, factor = _unit(table, forwards)
    strikes, volatilities = (
        np.concatenate([getattr(own, key) for own in expiries]) for key in ("strikes", "volatilities")
    )
    checks.refuse_nonsense(factor * strikes, volatilities, forwards.spot if unit == "currency" else 1.0)
    smiles = []
    for expiry in expiries:
        forward = forwards(expiry.maturity)
        size = factor * (forward if unit == "forward" else 1.0)
        own = tuple(size * strike for strike in expiry.strikes)
        smiles.append(QuotedSmile(expiry.maturity, forward, own, expiry.volatilities, _beyond(table)))
    return SmileSurface(tuple(smiles), forwards)


def _svi(table: dict[str, Any], forwards: Forwards) -> SmileSurface:
    """A surface of SVI parameters by maturity: a list of tables, or a table of lists."""
    _rest(table, "maturities", "svi")
    given, maturities = table["svi"], table["maturities"]
    if isinstance(given, pd.DataFrame):
        given = given.to_dict("list")
    if isinstance(given, Mapping):
        lengths = {len(values) if isinstance(values, Sequence) else 0 for values in given.values()}
        if lengths != {len(maturities)}:
            refuse("svi", f"hold lists of {len(maturities)} parameters, one for each maturity", given)
        given = [{key: values[i] for key, values in given.items()} for i in range(len(maturities))]
    smiles = []
    for i, (maturity, row) in enumerate(zip(maturities, given, strict=True)):
        with within(f"svi[{i}]"):
            parameters = market_keys.checked(market_keys.SVI, row)
            parameters.pop("maturity", None)
            smiles.append(SVI(number("maturity", maturity), forwards(maturity), **parameters))
    return SmileSurface(tuple(smiles), forwards)
