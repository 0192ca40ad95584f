"""Quotes in a long table, a row each: expiry, strike, volatility, and the forward and discount factor if they are told.

The table is a CSV file (or .xlsx, .parquet), a frame or a list of records. Its columns may be called as `NAMES` has
them; others are not used. A volatility may be in per cent (``25%``); a row without one is a missing quote. Options
that have expired are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from math import isclose, nan
from pathlib import Path
from typing import Any, final

import pandas as pd

from ..._checks import InvalidValueError, finite, positive, refuse, within
from .. import sheets
from ..calendars import iso_date
from ..cells import key_of
from ..dialect import Unclear, as_shares, date_way, number_way, settled, without_percent
from ..setting import Setting
from ..tenors import is_tenor

NAMES: Mapping[str, tuple[str, ...]] = {
    "expiry": ("expiry", "maturity", "expiry_date", "expiration", "expiration_date", "maturity_date"),
    "strike": ("strike", "strike_price"),
    "volatility": ("implied_volatility", "volatility", "implied_vol", "vol", "iv"),
    "forward": ("forward", "forward_price"),
    "discount": ("discount_factor", "discount"),
    "underlying": ("underlying",),
}
"""What a column of quotes may be called."""

_CALLED = {name: key for key, names in NAMES.items() for name in names}
_NUMBERS = ("strike", "volatility", "forward", "discount")


@final
@dataclass(frozen=True, slots=True)
class Expiry:
    """The quotes of one expiry.

    Parameters
    ----------
    maturity : float
        Years.
    strikes, volatilities : tuple of float
        By strike, increasing; those that are missing left out.
    forward, discount : float or None
        As the table tells them.
    """

    maturity: float
    strikes: tuple[float, ...]
    volatilities: tuple[float, ...]
    forward: float | None
    discount: float | None


@final
@dataclass(frozen=True, slots=True)
class _Quote:
    """A row: where it stands, and what it says."""

    where: str
    maturity: float
    strike: float
    volatility: float
    told: tuple[float | None, float | None]  # forward, discount factor


def is_table(value: object) -> bool:
    """Whether this is a long table, or says where one is: by its columns, or as a path."""
    match value:
        case str() | Path():
            return True
        case pd.DataFrame():
            return {"strike", "volatility"} <= {_CALLED.get(key_of(name)) for name in value.columns}
        case Mapping():
            return False
    return isinstance(value, Sequence) and bool(value) and all(isinstance(row, Mapping) for row in value)


def read(value: Any, name: str, setting: Setting) -> list[Expiry]:
    """The quotes of the underlying `name` by expiry.

    Raises
    ------
    ValueError
        If a column or a number is missing or wrong, or two rows contradict each other, naming file and line.
    FileNotFoundError
        If there is no such file.
    """
    if isinstance(value, (str, Path)):
        path = setting.file(f"file of quotes of {name}", value)
        with within(path.name, ": "):
            table, plain = sheets.read(path, lambda name: key_of(name) in _CALLED, "quotes")
            return _expiries(_quotes(_settled(_named(table), plain), "line", name, setting))
    frame = value if isinstance(value, pd.DataFrame) else pd.DataFrame(list(value))
    return _expiries(_quotes(_settled(_named(frame), plain=True), "row", name, setting))


def forwards(expiries: Sequence[Expiry]) -> list[float]:
    """The forwards that the expiries tell; none if none does."""
    return _of_all("forward", expiries, [expiry.forward for expiry in expiries])


def discounts(expiries: Sequence[Expiry]) -> list[float]:
    """The discount factors that the expiries tell; none if none does."""
    return _of_all("discount_factor", expiries, [expiry.discount for expiry in expiries])


def _of_all(name: str, expiries: Sequence[Expiry], told: Sequence[float | None]) -> list[float]:
    """What all expiries tell, or none; refused if some do."""
    found = [value for value in told if value is not None]
    if found and len(found) < len(told):
        lacking = next(expiry for expiry, value in zip(expiries, told, strict=True) if value is None)
        refuse(name, "be told of every expiry, or of none", f"nothing at {lacking.maturity:.4g} years")
    return found


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the columns that are used alone, by their names here."""
    names = [_CALLED.get(key_of(name), "") for name in table.columns]
    for key in ("expiry", "strike", "volatility"):
        if key not in names:
            refuse("columns", f"include {NAMES[key][0]}", [str(name) for name in table.columns])
    for key in NAMES:
        if names.count(key) > 1:
            refuse("columns", f"hold {key} once", [str(name) for name in table.columns])
    kept = [k for k, name in enumerate(names) if name]
    return table.iloc[:, kept].set_axis([names[k] for k in kept], axis="columns")


def _settled(table: pd.DataFrame, plain: bool) -> pd.DataFrame:
    """A table with numbers and dates in text as Python writes them."""
    bare, shares = without_percent(table["volatility"])
    table = table.assign(volatility=bare) if any(shares) else table
    found = table.copy(deep=False)
    for names, way in ((_NUMBERS, partial(number_way, plain=plain)), (("expiry",), date_way)):
        columns = [table[name] for name in names if name in table.columns and table[name].dtype.kind not in "ifMb"]
        for column in settled(columns, way):
            found[column.name] = column
    return found.assign(volatility=as_shares(found["volatility"], shares)) if any(shares) else found


def _quotes(table: pd.DataFrame, noun: str, name: str, setting: Setting) -> Iterator[_Quote]:
    """The rows of a table that are quotes of the underlying."""
    columns = [table[key].tolist() if key in table else [None] * len(table) for key in NAMES]
    for label, *cells in zip(table.index, *columns, strict=True):
        row = dict(zip(NAMES, cells, strict=True))
        if all(sheets.blank(cell) for cell in cells):
            continue
        if not sheets.blank(row["underlying"]) and str(row["underlying"]).strip() != name:
            continue
        where = f"{noun} {label}"
        with within(where, ": "):
            maturity = _maturity(row["expiry"], setting)
            volatility = nan if sheets.blank(row["volatility"]) else _number("volatility", row["volatility"])
            strike = positive("strike", _number("strike", row["strike"]))
            told = tuple(
                None if sheets.blank(row[key]) else positive(key, _number(key, row[key]))
                for key in ("forward", "discount")
            )
            if maturity > 0.0:
                yield _Quote(where, maturity, strike, volatility, (told[0], told[1]))


def _maturity(cell: object, setting: Setting) -> float:
    """An expiry in years from the valuation date; 0 if it is not after it."""
    expiry = _expiry(cell)
    if isinstance(expiry, str) and not is_tenor(expiry):
        expiry = iso_date("expiry", expiry)
    if isinstance(expiry, date) and iso_date("expiry", expiry) <= setting.today:
        return 0.0
    return finite("expiry", setting.years("expiry", [expiry])[0])


def _expiry(cell: object) -> object:
    """A cell as a date, its text, or years."""
    if isinstance(cell, Unclear):
        refuse("expiry", cell.why, cell.text)
    if sheets.blank(cell):
        refuse("expiry", "be given", None)
    if isinstance(cell, pd.Timestamp):
        return cell.to_pydatetime()
    try:
        return float(cell) if isinstance(cell, str) else cell
    except ValueError:
        return cell


def _number(name: str, cell: object) -> float:
    """A cell as a finite number."""
    if isinstance(cell, Unclear):
        refuse(name, cell.why, cell.text)
    if sheets.blank(cell):
        refuse(name, "be given", None)
    try:
        return finite(name, float(cell))  # type: ignore[arg-type]
    except InvalidValueError:
        raise
    except (TypeError, ValueError):
        refuse(name, "be a number", cell)


def _expiries(quotes: Iterator[_Quote]) -> list[Expiry]:
    """Quotes by expiry and strike."""
    rows = sorted(quotes, key=lambda quote: (quote.maturity, quote.strike))
    found = [_one_expiry(maturity, list(own)) for maturity, own in groupby(rows, key=lambda quote: quote.maturity)]
    found = [expiry for expiry in found if expiry.strikes]
    if not found:
        refuse("quotes", "hold at least one volatility of an expiry after the valuation date", f"{len(rows)} rows")
    return found


def _one_expiry(maturity: float, quotes: Sequence[_Quote]) -> Expiry:
    """The quotes of an expiry, refused where two rows differ."""
    kept = list[_Quote]()
    for quote in quotes:
        if quote.volatility != quote.volatility:
            continue
        if kept and kept[-1].strike == quote.strike:
            if not isclose(kept[-1].volatility, quote.volatility, rel_tol=1e-9):
                why = (
                    f"be that of {kept[-1].where}, {kept[-1].volatility:g}: one strike {quote.strike:g}, one volatility"
                )
                refuse(f"{quote.where}: volatility", why, quote.volatility)
            continue
        kept.append(quote)
    strikes, volatilities = tuple(quote.strike for quote in kept), tuple(quote.volatility for quote in kept)
    return Expiry(maturity, strikes, volatilities, _told(quotes, 0), _told(quotes, 1))


def _told(quotes: Sequence[_Quote], which: int) -> float | None:
    """The forward, or the discount factor, that the rows of an expiry tell."""
    told = [quote for quote in quotes if quote.told[which] is not None]
    if not told:
        return None
    first = told[0].told[which]
    for quote in told:
        if not isclose(quote.told[which] or 0.0, first or 0.0, rel_tol=1e-9):
            name = ("forward", "discount_factor")[which]
            refuse(f"{quote.where}: {name}", f"be that of {told[0].where}, {first:g}", quote.told[which])
    return first
