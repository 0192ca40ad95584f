"""The law of a trade: at which strike its volatilities are read, and on which curves it runs."""

from __future__ import annotations

from collections.abc import Mapping
from math import log, sqrt
from typing import Any

from .._checks import InvalidValueError, refuse
from .calendars import DAYS_PER_YEAR
from .schedule import Span
from .state import bounds
from .underlying import Model, Underlying, quoted_volatility

IDLE = 8.0
"""Deviations of the final spot between a strike and the forward beyond which the strike decides nothing (1e-15)."""


def law(underlying: Underlying, terms: Mapping[str, Any], own: Span, known: bool) -> tuple[float, Model]:
    """The strike at which volatilities are read, and the law of a trade; refusals name its own columns.

    The strike is that of the terms; without one, or where nothing is left to observe (`known`), the spot; of a digital
    whose strike decides nothing, so that its barrier alone does, the barrier.
    """
    years = max((own.maturity - own.today).days, 1) / DAYS_PER_YEAR  # what is over still needs a law to discount by
    paid = max((own.paid - own.today).days / DAYS_PER_YEAR, years)
    try:
        strike = underlying.spot if known else _strike(underlying, terms, years)
        return strike, underlying.model(strike, years, paid)
    except InvalidValueError as error:
        if error.name == "maturity":
            refuse("maturity", error.requirement, f"{own.maturity}, {error.value:.4g} years")
        if error.name == "strike" and "strike" not in terms:
            refuse("spot", f"{error.requirement}: {underlying.name} is read there without a strike", error.value)
        raise


def _strike(underlying: Underlying, terms: Mapping[str, Any], years: float) -> float:
    """The strike at which the volatilities of a trade are read."""
    strike = float(terms.get("strike", underlying.spot))
    if "touch" not in terms and ("knock" not in terms or not str(terms.get("option")).startswith("digital")):
        return strike
    barrier = min((x for x in bounds(terms) if 0.0 < x < float("inf")), key=lambda x: abs(log(x / underlying.spot)))
    deviation = quoted_volatility(underlying.model(barrier, years), years) * sqrt(years)
    if "touch" in terms:
        return barrier
    return barrier if abs(log(strike / underlying.forward(years))) > IDLE * deviation else strike
