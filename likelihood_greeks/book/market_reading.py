"""A market from a file or a dictionary: its sections in turn, with the place of whatever is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import InvalidValueError, refuse, within
from . import curve_reading, market_keys, underlying_reading
from .assets import correlations
from .assets.names import are_several
from .calendars import iso_date
from .currencies import code, conversion, inverted
from .fixings import Fixings
from .setting import Setting
from .toml_text import parsed
from .underlying import Underlying


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the market in a TOML file, or in a dictionary of the same structure.

    Raises
    ------
    ValueError
        If a section is missing, unknown or out of range, naming the file, the section and the key.
    TypeError
        If a value is of the wrong type, naming it likewise.
    """
    if isinstance(source, Mapping):
        return _fields(source, Path(), {})
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"market must be a Market, a path or a mapping, got {source!r}")
    path = Path(source)
    with within(path.name, ": "):
        return _fields(parsed(path), path.parent, {"market file": path})


def _fields(value: object, folder: Path, files: dict[str, Path]) -> dict[str, Any]:
    """The fields of a market by name; `files` are those that it has been read from so far."""
    table = market_keys.checked(market_keys.MARKET, value)
    setting = Setting(iso_date("valuation_date", table["valuation_date"]), folder, files=files)
    setting = replace(setting, curves=curve_reading.shared(table.get("curves", {}), setting))
    underlyings, failures = _underlyings(table["underlyings"], setting)
    if not isinstance(fx := table.get("fx", {}), Mapping):
        raise TypeError(f"fx must be a table of rates by currency, got {fx!r}")
    if (reporting := table.get("reporting_currency")) is not None:
        reporting, spots = code("reporting_currency", reporting), {name: own.spot for name, own in underlyings.items()}
        setting.remarks.extend(inverted(reporting, conversion(reporting, fx), spots))
    seen = {what: table.get(what, {}) for what in ("fixings", "lows", "highs")}
    seen = {what: setting.file(f"file of {what}", x) if isinstance(x, (str, Path)) else x for what, x in seen.items()}
    if isinstance(correlation := table.get("correlation", {}), (str, Path)):
        correlation = setting.file("file of correlations", correlation)
    word = "correlations" if isinstance(value, Mapping) and "correlations" in value else "correlation"
    return {
        "valuation_date": setting.today,
        "underlyings": underlyings,
        "reporting_currency": reporting,
        "fx": fx,
        **{what: Fixings.read(x, Path(), what) for what, x in seen.items()},
        "correlation": correlations.read(correlation, Path(), [*underlyings, *failures], setting.today, word),
        "failures": failures,
        "remarks": tuple(setting.remarks),
        "files": setting.files,
    }


def _underlyings(sections: object, setting: Setting) -> tuple[dict[str, Underlying], dict[str, InvalidValueError]]:
    """The underlyings of a market by name, and why others cannot be set up; refused if none can."""
    found, failures = dict[str, Underlying](), dict[str, InvalidValueError]()
    if not isinstance(sections, Mapping):
        raise TypeError(f"underlyings must be a table of underlyings, [underlyings.NAME], got {sections!r}")
    for name, section in sections.items():
        if not isinstance(name, str):
            raise TypeError(f"underlyings must have names, got {name!r}")
        if are_several(name):
            refuse("underlyings", "have names without | and ;, which stand between those of a set", name)
        with within(f"underlyings.{name}"):
            stated = underlying_reading.stated(section)
        try:
            with within(f"underlyings.{name}"):
                found[name] = underlying_reading.built(name, stated, setting)
        except InvalidValueError as error:
            failures[name] = error
    if failures and not found:
        raise next(iter(failures.values()))
    return found, failures
