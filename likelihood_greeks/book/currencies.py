"""Currencies: their codes, and rates at which they are converted into the one of a report."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._checks import positive, refuse, within

UNKNOWN = ""
"""The currency of an underlying of which neither the market nor a trade says it."""


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

    Raises
    ------
    ValueError
        If there are rates and no reporting currency, a rate is not positive, or that of the reporting currency not 1.
    """
    if reporting is None:
        return {} if not fx else refuse("reporting_currency", "be given where there are fx rates", None)
    with within("fx"):
        rates = {code("key", key): positive(str(key), rate) for key, rate in fx.items()}
        if rates.setdefault(reporting, 1.0) != 1.0:
            refuse(reporting, "be 1: it is the reporting currency", rates[reporting])
    return rates
