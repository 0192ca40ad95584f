"""Trades whose law cannot have all quotes of its strike, because total variance falls with maturity there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from ..models.gbm import GBM
from ..models.heston.law import Heston
from ..models.local_volatility.law import LocalVolatility
from ..models.term_structure import TermStructureGBM
from .assets.names import are_several
from .calendars import day_words
from .market import Market
from .surfaces import Surface, arbitrage, passed_over, volatility
from .trades import Trade

NAMED = 3
"""Trades of an underlying that are named."""


def remarks(trades: Iterable[Trade], market: Market) -> list[str]:
    """A line for each underlying with trades that are valued without quotes of more variance before their maturity."""
    found: dict[str, list[str]] = {}
    for trade in trades:
        if are_several(trade.underlying):
            continue
        surface = market.underlying(trade.underlying).implied_volatility
        if isinstance(surface, Surface) and _fewer(trade, surface) and (when := _dates(trade, surface, market)):
            found.setdefault(trade.underlying, []).append(f"{trade.trade_id} ({when})")
    return [
        f"{name}: total variance of quotes is above that of a later maturity (calendar arbitrage), so that "
        f"{len(own)} trade{'s are' if len(own) > 1 else ' is'} valued without the earlier ones: "
        f"{', '.join(own[:NAMED])}{' ...' if len(own) > NAMED else ''}"
        for name, own in found.items()
    ]


def _fewer(trade: Trade, surface: Surface) -> bool:
    """Whether the law of a trade has fewer volatilities than the surface has maturities up to its own."""
    match trade.model:
        case Heston() | LocalVolatility():
            return False
        case GBM():
            nodes = 1
        case TermStructureGBM():
            nodes = len(trade.model.volatility_times)
    return nodes < bisect_left(surface.maturities, trade.maturity) + 1


def _dates(trade: Trade, surface: Surface, market: Market) -> str:
    """The maturities of quotes that are passed over for more than rounding."""
    strike, maturity = trade.strike_for_volatility, trade.maturity
    moneyness = strike / market.underlying(trade.underlying).forward(maturity)
    own = (maturity, volatility(surface, strike, maturity))
    over = zip(*passed_over(surface, strike, maturity), strict=True)
    return ", ".join(day_words(market.valuation_date, t) for t, v in over if arbitrage.falls(moneyness, (t, v), own))
