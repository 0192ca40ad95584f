"""Market data of a book: spots, zero curves, volatility surfaces, calendars, and the model of each underlying.

Times are year fractions from the valuation date, Actual/365 Fixed.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, final

from .._checks import refuse, within
from ..models.heston.fourier import VARIANCE
from ..models.heston.law import Heston
from .calendars import DAYS_PER_YEAR, closest, iso_date
from .currencies import code, conversion
from .curves import ZeroCurve
from .fixings import Fixings
from .surfaces import VolatilitySurface
from .underlying import BLACK_SCHOLES, HESTON, Model, Underlying

MODELS = {BLACK_SCHOLES: BLACK_SCHOLES, "gbm": BLACK_SCHOLES, HESTON: HESTON}
"""What a market may call the model of an underlying, and the name that it goes by in tables."""


@final
@dataclass(frozen=True)
class Market:
    """The underlyings of a book, by name, on one date.

    Parameters
    ----------
    valuation_date : datetime.date
    underlyings : mapping of str to Underlying
    reporting_currency : str, optional
        Code of the currency that totals over several currencies are converted into; without it there are none.
    fx : mapping of str to float
        What one unit of each currency is worth in the reporting currency.
    fixings : Fixings or mapping, optional
        Observed values by underlying and past date, for trades that began earlier; a fixing of the valuation date
        counts as known, later ones are not used.

    Raises
    ------
    ValueError
        If the date is not one, rates are given without a reporting currency, or an underlying is filed under another
        name.
    """

    valuation_date: date
    underlyings: Mapping[str, Underlying]
    reporting_currency: str | None = None
    fx: Mapping[str, float] = field(default_factory=dict)
    fixings: Mapping[str, Mapping[date, float]] = field(default_factory=Fixings)

    def __post_init__(self) -> None:
        reporting = self.reporting_currency
        reporting = None if reporting is None else code("reporting_currency", reporting)
        object.__setattr__(self, "reporting_currency", reporting)
        object.__setattr__(self, "fx", conversion(reporting, self.fx))
        if not isinstance(self.fixings, Fixings):
            object.__setattr__(self, "fixings", Fixings(self.fixings))
        object.__setattr__(self, "valuation_date", iso_date("valuation_date", self.valuation_date))
        object.__setattr__(self, "underlyings", dict(self.underlyings))
        for name, underlying in self.underlyings.items():
            if name != underlying.name:
                refuse(f"underlyings[{name!r}]", f"be the underlying of that name, not {underlying.name!r}", name)

    @classmethod
    def read(cls, source: str | os.PathLike[str] | Mapping[str, Any]) -> Market:
        """The market in a TOML file, or in a dictionary of the same structure.

        Parameters
        ----------
        source : path or mapping
            ``valuation_date``, and a table ``[underlyings.NAME]`` for each underlying with ``spot``,
            ``currency`` (optional), ``dividend_yield`` (default 0), ``calendar`` (default TARGET);
            ``zero_rate`` or a table ``zero_curve`` (``times``, ``rates``);
            ``implied_volatility``, a number or a table (``strikes``, ``maturities``, ``volatilities``).
            Nodes in time are dates or years. ``model`` is ``"black-scholes"`` (the default; also
            ``"gbm"``) or ``"heston"``. Heston's parameters stand in a table ``heston``; without one, or with
            ``calibrate = true`` in it, they are fitted to the surface, those in the table held fixed. With a
            ``reporting_currency`` and a table ``[fx]`` of what other currencies are worth in it, totals over
            currencies are converted. Tables ``[fixings.NAME]`` (``"2026-09-18" = 101.2``), or ``fixings``, a CSV file
            (columns date, underlying, value) by its path from the market's, hold past observations.

        Raises
        ------
        ValueError
            If a section is missing, unknown or out of range, naming the file, the section and the key.
        TypeError
            If a value is of the wrong type, naming it likewise.
        """
        if isinstance(source, Mapping):
            return _market(source, Path())
        path = Path(source)
        with within(path.name, ": "):
            try:
                return _market(tomllib.loads(path.read_text(encoding="utf-8")), path.parent)
            except tomllib.TOMLDecodeError as error:
                refuse("text", "be valid TOML", str(error))
            except UnicodeDecodeError as error:
                refuse("text", "be UTF-8", str(error))

    def underlying(self, name: str) -> Underlying:
        """The underlying called `name`; ``ValueError`` if there is none."""
        if name not in self.underlyings:
            known = ", ".join(map(repr, self.underlyings))
            refuse("underlying", f"be one of {known}{closest(name, self.underlyings)}", name)
        return self.underlyings[name]

    def years(self, day: date) -> float:
        """Year fraction from the valuation date to `day`, Actual/365 Fixed."""
        return (day - self.valuation_date).days / DAYS_PER_YEAR

    def model(self, underlying: str, strike: float, maturity: float) -> Model:
        """`Underlying.model` of the underlying called `underlying`."""
        return self.underlying(underlying).model(strike, maturity)


# -- reading -------------------------------------------------------------------------------------------------------


def _table(value: object, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """`value` as a dictionary with these keys and no others."""
    if not isinstance(value, Mapping):
        raise TypeError(f"value must be a table with the keys {', '.join(required)}, got {value!r}")
    known = (*required, *optional)
    for key in value:
        if key not in known:
            refuse("key", f"be one of {', '.join(known)}{closest(key, known)}", key)
    for key in required:
        if key not in value:
            refuse(key, "be given", None)
    return dict(value)


def _market(value: object, folder: Path) -> Market:
    table = _table(value, ["valuation_date", "underlyings"], ["reporting_currency", "fx", "fixings"])
    today = iso_date("valuation_date", table["valuation_date"])
    underlyings = {}
    with within("underlyings"):
        if not isinstance(table["underlyings"], Mapping):
            raise TypeError(f"value must be a table of underlyings, got {table['underlyings']!r}")
        for name, section in table["underlyings"].items():
            with within(name):
                underlyings[name] = _underlying(name, section, today)
    fx = table.get("fx", {})
    if not isinstance(fx, Mapping):
        raise TypeError(f"fx must be a table of rates by currency, got {fx!r}")
    fixings = Fixings.read(table.get("fixings", {}), folder)
    return Market(today, underlyings, table.get("reporting_currency"), fx, fixings)


def _underlying(name: str, value: object, today: date) -> Underlying:
    optional = ["dividend_yield", "implied_volatility", "zero_rate", "zero_curve", "calendar", "model", "heston"]
    optional += ["currency"]
    table = _table(value, ["spot"], optional)
    if ("zero_rate" in table) == ("zero_curve" in table):
        refuse("zero_rate", "be given, or else zero_curve, and not both", table.get("zero_rate"))
    curve, surface = table.pop("zero_rate", None), table.pop("implied_volatility", None)
    law, section = _law(table.pop("model", BLACK_SCHOLES)), table.pop("heston", None)
    if section is not None and law != HESTON:
        refuse("model", "be 'heston' where there is a table heston", law)
    if "zero_curve" in table:
        with within("zero_curve"):
            nodes = _table(table.pop("zero_curve"), ["times", "rates"])
            curve = ZeroCurve(_years("times", nodes["times"], today), nodes["rates"])
    if isinstance(surface, Mapping):
        with within("implied_volatility"):
            nodes = _table(surface, ["strikes", "maturities", "volatilities"])
            nodes["maturities"] = _years("maturities", nodes["maturities"], today)
            surface = VolatilitySurface(**nodes)
    arguments = {"dividend_yield": 0.0, "zero_curve": curve, "implied_volatility": surface} | table
    if law != HESTON:
        return Underlying(name=name, **arguments)
    with within("heston"):
        given = _table({"calibrate": True} if section is None else section, [], ["calibrate", *VARIANCE])
        if not isinstance(given.setdefault("calibrate", False), bool):
            raise TypeError(f"calibrate must be true or false, got {given['calibrate']!r}")
        if not given.pop("calibrate"):
            heston = Heston(spot=table["spot"], **_table(given, VARIANCE))
            return Underlying(name=name, heston=heston, **arguments)
    underlying = Underlying(name=name, **arguments)
    with within("heston"):
        return underlying.calibrated(given)


def _law(value: object) -> str:
    """The name of a model, in any case."""
    if not isinstance(value, str):
        raise TypeError(f"model must be a name, one of {', '.join(MODELS)}, got {value!r}")
    if value.lower() not in MODELS:
        refuse("model", f"be one of {', '.join(map(repr, MODELS))}{closest(value, MODELS)}", value)
    return MODELS[value.lower()]


def _years(name: str, nodes: Sequence[Any], today: date) -> tuple[Any, ...]:
    """Nodes in time, given as dates (or ISO text) or years, in years."""
    return tuple(
        (iso_date(f"{name}[{i}]", node) - today).days / DAYS_PER_YEAR if isinstance(node, (date, str)) else node
        for i, node in enumerate(nodes)
    )
