"""Currencies: their codes, and rates at which they are converted into the one of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from .._checks import positive, refuse, within

UNKNOWN = ""
"""The currency of an underlying of which neither the market nor a trade says it."""

REPORTING = ("fx", "reporting_currency", "reporting_value", "reporting_standard_error")
"""Columns of a frame whose market has a reporting currency."""

NEAR = 0.02
"""Relative distance within which a rate may be that of a spot."""


def code(name: str, value: object) -> str:
    """`value` as a currency code: three letters, all capital or none.

    Mixed ones are refused: ``GBp`` is a penny.

    >>> code("currency", " eur ")
    'EUR'
    """
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch("[A-Z]{3}|[a-z]{3}", text):
        refuse(name, "be a currency code of three letters, such as EUR", value)
    return text.upper()


def conversion(reporting: str | None, fx: Mapping[str, object]) -> dict[str, float]:
    """What one unit of each currency is worth in the reporting currency, that one included; nothing without one.

    Rates are by currency, or by pair as they are quoted: ``EURUSD`` is what one euro is worth in dollars.

    Raises
    ------
    ValueError
        If there are rates and no reporting currency, a rate is not positive, that of the reporting currency not 1, a
        pair is not one with the reporting currency, or a currency has two rates.

    >>> conversion("EUR", {"USD": 0.8, "EURCHF": 0.5})
    {'USD': 0.8, 'CHF': 2.0, 'EUR': 1.0}
    """
    if reporting is None:
        return {} if not fx else refuse("reporting_currency", "be given where there are fx rates", None)
    with within("fx"):
        rates = dict[str, float]()
        for key, quote in fx.items():
            currency, rate = _rate(key, positive(str(key), quote), reporting)
            if currency in rates:
                refuse(str(key), f"be the only rate of {currency}", quote)
            rates[currency] = rate
        if rates.setdefault(reporting, 1.0) != 1.0:
            refuse(reporting, "be 1: it is the reporting currency", rates[reporting])
    return rates


def _rate(key: object, quote: float, reporting: str) -> tuple[str, float]:
    """A currency and what one unit of it is worth in the reporting currency, from the key of a rate and its number."""
    pair = re.fullmatch("([A-Z]{3})/?([A-Z]{3})", key.strip()) if isinstance(key, str) else None
    if pair is None:
        return code("key", key), quote
    base, other = pair.groups()
    if reporting not in (base, other) or base == other:
        refuse("key", f"be a currency, or a pair with the reporting currency {reporting}", key)
    return (base, quote) if other == reporting else (other, 1.0 / quote)


def inverted(reporting: str | None, fx: Mapping[str, float], spots: Mapping[str, float]) -> list[str]:
    """What someone should know of rates that look like those of the inverse pair, as an underlying has them.

    Parameters
    ----------
    reporting : str or None
    fx : mapping of str to float
        As `conversion` returns it.
    spots : mapping of str to float
        Of the underlyings by name; ``EURUSD`` and ``EUR/USD`` are pairs.

    >>> inverted("EUR", {"USD": 1.1, "EUR": 1.0}, {"EURUSD": 1.1})
    ['fx.USD = 1.1 looks inverted: by the spot 1.1 of EURUSD one USD is worth 0.9091 EUR']
    """
    found = []
    for name, spot in spots.items():
        pair = re.fullmatch("([A-Z]{3})/?([A-Z]{3})", name.strip().upper())
        for currency, other, right in ((pair[1], pair[2], spot), (pair[2], pair[1], 1.0 / spot)) if pair else ():
            rate = fx.get(currency)
            if rate is None or other != reporting or abs(rate / right - 1.0) <= NEAR or abs(rate * right - 1.0) > NEAR:
                continue
            found.append(
                f"fx.{currency} = {rate:.4g} looks inverted: by the spot {spot:.4g} of {name} one {currency} is worth "
                f"{right:.4g} {reporting}"
            )
    return found


def reported(frame: pd.DataFrame, reporting: str | None, fx: Mapping[str, float]) -> pd.DataFrame:
    """A frame of `risk` with its positions in the reporting currency beside their own, where there is one.

    Its columns `REPORTING` are what one unit of ``currency`` is worth, the reporting currency, and the position's
    value and error times that; all are missing where there is no rate.
    """
    if reporting is None:
        return frame
    rate = frame["currency"].map(dict(fx)).astype(float)
    return frame.assign(
        fx=rate,
        reporting_currency=np.where(rate.notna(), reporting, UNKNOWN),
        reporting_value=rate * frame["position_value"],
        reporting_standard_error=rate * frame["position_standard_error"],
    )


def unconverted(currencies: Iterable[str], reporting: str | None, fx: Mapping[str, float]) -> list[str]:
    """What someone should know of trades in `currencies` that no rate converts."""
    if reporting is None:
        return []
    missing = sorted(set(currencies) - fx.keys())
    known = ", ".join(filter(None, missing))
    found = [f"{known}: no rate into {reporting} in the market's fx, totals stay in their currency"] if known else []
    return found + [f"trades whose currency nobody states are not converted into {reporting}"] * (UNKNOWN in missing)
