"""An underlying from its section of a market: its curves, its volatilities and its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from .._checks import number, positive, refuse, within
from ..models.heston.law import Heston
from ..models.heston.parameters import VARIANCE
from . import curve_reading, market_keys
from . import dividends as cash
from .calendars import calendar, closest
from .currencies import code
from .curves import ZeroCurve, per_year, rate_to
from .setting import Setting
from .surfaces import reading as surface_reading
from .surfaces.forwards import Forwards
from .underlying import BLACK_SCHOLES, HESTON, LOCAL, Underlying

MODELS = {BLACK_SCHOLES: BLACK_SCHOLES, "gbm": BLACK_SCHOLES, HESTON: HESTON, LOCAL: LOCAL}
"""What a market may call the model of an underlying, and the name that it goes by in tables."""

ONLY_ALONE = ("merton", "bates")
"""Laws of the library that books do not have."""

DIVIDENDS = ("dividend_yield", "dividend_curve", "foreign_curve", "forwards")
"""The keys of which one at most says what an underlying yields."""

WITHOUT_CASH = ("foreign_curve", "forwards")
"""Those that leave no room for cash dividends: a currency pays none, and forwards have them in."""


def _rate(name: str, value: object) -> float:
    """A flat rate."""
    return per_year(name, number(name, value))


def _calendar(name: str, value: object) -> None:
    """Refuse what names no calendar."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a name, got {value!r}")
    calendar(value)


CHECKS: dict[str, Callable[[str, object], object]] = {
    "spot": positive,
    "currency": code,
    "zero_rate": _rate,
    "dividend_yield": _rate,
    "calendar": _calendar,
}
"""How plain entries are checked before anything is built of them."""


@final
@dataclass(frozen=True)
class Stated:
    """What a section states, its keys and plain numbers checked.

    Attributes
    ----------
    entries : dict
        By key, without the model's.
    heston : dict or None
        Heston's parameters that are given; None under Black–Scholes.
    fitted : bool
        Whether those not given are fitted.
    local : bool
        Whether the law is the local volatility of the quotes.
    """

    entries: dict[str, Any]
    heston: dict[str, Any] | None
    fitted: bool = False
    local: bool = False


def stated(section: object) -> Stated:
    """What a section states, refused if it cannot be meant: the form of a file is one for all its underlyings.

    Raises
    ------
    ValueError
        If a key is unknown, missing or contradicts another, or a plain number is out of range.
    TypeError
        If an entry is of the wrong type.
    """
    table = market_keys.checked(market_keys.UNDERLYING, section)
    law, parameters = _law(table.pop("model", BLACK_SCHOLES)), table.pop("heston", None)
    if parameters is not None and law != HESTON:
        refuse("model", "be 'heston' where there is a table heston", law)
    for key, check in CHECKS.items():
        if key in table:
            check(key, table[key])
    for key in ("zero_curve", *DIVIDENDS[1:3]):
        if key in table and not isinstance(table[key], str):
            with within(key):
                curve_reading.nodes_of(table[key])
    if len(given := [key for key in DIVIDENDS if key in table]) > 1:
        refuse(given[1], f"not be given beside {given[0]}", table[given[1]])
    if "dividends" in table and any(key in table for key in WITHOUT_CASH):
        refuse("dividends", f"not be given beside {' or '.join(WITHOUT_CASH)}", table["dividends"])
    if "zero_rate" in table and "zero_curve" in table:
        refuse("zero_rate", "be given, or else zero_curve, and not both", table["zero_rate"])
    if law != HESTON:
        return Stated(table, None, local=law == LOCAL)
    with within("heston"):
        given_parameters = market_keys.checked(market_keys.HESTON, parameters or {})
        if not isinstance(fitted := given_parameters.pop("calibrate", parameters is None), bool):
            raise TypeError(f"calibrate must be true or false, got {fitted!r}")
    return Stated(table, given_parameters, fitted)


def built(name: str, section: Stated, setting: Setting) -> Underlying:
    """The underlying that a section states; its model is fitted if the section says so.

    Raises
    ------
    ValueError
        If its curves, its volatilities or its model are none, naming the key; then it has no law, and its trades no
        value.
    """
    entries = dict(section.entries)
    quotes = surface_reading.opened(entries.get("implied_volatility"), name, setting)
    entries |= _told(entries, quotes)
    zero = _zero_curve(entries, setting)
    setting.remarks.extend(_forgotten(name, entries, setting))
    yields, paid = _dividends(entries, zero, setting), cash.read(entries.get("dividends", ()), setting.today)
    if paid and (section.local or section.heston is not None):
        law = LOCAL if section.local else HESTON
        refuse("dividends", f"not be given with the model {law}, which has none: give a dividend_curve", len(paid))
    for time, amount in paid:
        if not amount < entries["spot"]:
            refuse("dividends", f"be less than the spot, {entries['spot']:g}", f"{amount:g} on {setting.words(time)}")
    entries |= {"zero_curve": zero, "dividend_yield": yields, "dividends": paid}
    forwards = Forwards(entries["spot"], zero, yields, paid)
    entries["implied_volatility"] = surface_reading.read(quotes, name, forwards, setting)
    if section.local:
        found = Underlying(name=name, **entries).with_local_volatility()
        setting.remarks.extend(_left_out(found))
        return found
    if section.heston is None:
        return Underlying(name=name, **entries)
    if section.fitted:
        underlying = Underlying(name=name, **entries)
        with within("heston"):
            return underlying.calibrated(section.heston)
    with within("heston"):
        heston = _given(entries["spot"], section.heston)
    return Underlying(name=name, heston=heston, **entries)


def _left_out(underlying: Underlying) -> list[str]:
    """That quotes were left out of the local volatility of an underlying, or are missed, and the first of them."""
    law, found = underlying.local_volatility, list[str]()
    if law is None or law.fit is None:
        return []
    if len(lost := law.fit.left_out):
        strike, maturity = lost.iloc[0][["strike", "maturity"]]
        found.append(
            f"underlying {underlying.name}: quotes that no local volatility meets, for an arbitrage or being far from "
            f"the forward, are left out: {len(lost)}, the first at strike {strike:g}, {maturity:.3g} years"
        )
    if len(missed := law.fit.missed):
        strike, maturity, error = missed.iloc[0][["strike", "maturity", "error"]]
        found.append(
            f"underlying {underlying.name}: its local volatility misses {len(missed)} quotes by more than a volatility "
            f"point, as they have an arbitrage with others; at strike {strike:g}, {maturity:.3g} years, it has "
            f"{100.0 * error:+.1f} points"
        )
    return found


def _told(entries: dict[str, Any], quotes: Any) -> dict[str, Any]:
    """The curves that long tables of quotes tell, where the section states none."""
    told = surface_reading.told(quotes)
    stated = {"zero_curve": ("zero_curve", "zero_rate"), "forwards": (*DIVIDENDS, "dividends")}
    return {key: curve for key, curve in told.items() if not any(own in entries for own in stated[key])}


def _zero_curve(entries: dict[str, Any], setting: Setting) -> ZeroCurve | float:
    """The zero curve that a section states, whose entries are taken out of it; a number if it is flat."""
    curve, flat, currency = entries.pop("zero_curve", None), entries.pop("zero_rate", None), entries.get("currency")
    if curve is not None:
        found = curve_reading.read("zero_curve", curve, setting)
        if not isinstance(curve, str):
            setting.remarks.extend(curve_reading.doubts(found))
        return found
    if flat is not None:
        return float(flat)
    if currency is not None and code("currency", currency) in setting.curves:
        return setting.curve("zero_curve", code("currency", currency))
    refuse("zero_rate", "be given, or else zero_curve, or a currency with a shared curve of its name", None)


def _forgotten(name: str, entries: dict[str, Any], setting: Setting) -> list[str]:
    """That a currency pair, as its name and the shared curves say, has no foreign rates."""
    pair = (name[:3], name[-3:]) if len(name) in (6, 7) else ("", "")
    if set(pair) <= setting.curves.keys() and not any(key in entries for key in DIVIDENDS):
        return [f"underlying {name} has no foreign rates: did you mean foreign_curve = {pair[0]!r}?"]
    return []


def _dividends(entries: dict[str, Any], zero: ZeroCurve | float, setting: Setting) -> ZeroCurve | float:
    """The dividend yields, or foreign rates, that a section states, whose entries are taken out of it."""
    stated = {key: entries.pop(key) for key in DIVIDENDS if key in entries}
    for key in DIVIDENDS[1:3]:
        if key in stated:
            return curve_reading.read(key, stated[key], setting)
    if "forwards" in stated:
        with within("forwards"):
            rate = partial(rate_to, zero)
            return curve_reading.of_forwards(stated["forwards"], setting, entries["spot"], rate)
    return float(stated.get("dividend_yield", 0.0))


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
    if value.lower() in ONLY_ALONE:
        why = f"{', '.join(map(repr, MODELS))}; jumps are not in books: value such trades with lg.greeks"
        refuse("model", f"be one of {why}", value)
    if value.lower() not in MODELS:
        refuse("model", f"be one of {', '.join(map(repr, MODELS))}{closest(value, MODELS)}", value)
    return MODELS[value.lower()]
