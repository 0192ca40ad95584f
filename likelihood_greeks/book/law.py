"""The law of a trade: at which strike its volatilities are read, and on which curves it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._checks import InvalidValueError, refuse
from .calendars import DAYS_PER_YEAR
from .products.product import Product
from .schedule import Span
from .underlying import STICKY_STRIKE, Model, Underlying

ASIDE = 1.001
"""Share of the spot at which it is asked whether a strike moves with it."""


def law(
    product: Product, underlying: Underlying, terms: Mapping[str, Any], own: Span, known: bool
) -> tuple[float, Model]:
    """The strike at which volatilities are read, and the law of a trade; refusals name its own columns.

    The strike is the one that the product names; where nothing is left to observe (`known`), the spot.
    """
    years = max((own.maturity - own.today).days, 1) / DAYS_PER_YEAR  # what is over still needs a law to discount by
    paid = max((own.paid - own.today).days / DAYS_PER_YEAR, years)
    try:
        strike = underlying.spot if known else product.conduct.read_at(terms, underlying, years)
        along = known or (underlying.smile != STICKY_STRIKE and _goes_along(product, underlying, terms, years))
        return strike, underlying.model(strike, years, paid, along=along)
    except InvalidValueError as error:
        if error.name == "maturity":
            refuse("maturity", error.requirement, f"{own.maturity}, {error.value:.4g} years")
        if error.name == "strike" and "strike" not in terms:
            refuse("spot", f"{error.requirement}: {underlying.name} is read there without a strike", error.value)
        raise


def _goes_along(product: Product, underlying: Underlying, terms: Mapping[str, Any], years: float) -> bool:
    """Whether the strike at which volatilities are read moves with the spot."""
    if underlying.one_law:
        return True
    there = replace(underlying, spot=ASIDE * underlying.spot)
    strikes = [product.conduct.read_at(terms, own, years) for own in (underlying, there)]
    return abs(strikes[1] / strikes[0] - 1.0) > 0.5 * (ASIDE - 1.0)
