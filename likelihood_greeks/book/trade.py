"""One trade of a book that can be priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, final

from .._checks import refuse
from ..engine.open_fixing import Moving
from ..estimators.likelihood_ratio import Combination
from ..estimators.watched import given_dates
from ..payoffs.protocol import Contract
from .assets.performances import Performance
from .cells import text_of
from .currencies import UNKNOWN
from .products.history import History

NET = "net"
"""The trade_id of the rows that hold a net position."""

OF_TOTALS = (NET, "total", "reported")
"""The trade_ids of rows that are no trades, in any frame."""


@final
@dataclass(frozen=True)
class Trade:
    """One row of a book that can be priced.

    Parameters
    ----------
    trade_id : str
    row : int
        Position in the table, from 0.
    underlying, product : str
        Several underlyings are one name, with bars between theirs.
    quantity : float
        Units held, negative if short: the column of that name, with the side and times the multiplier.
    maturity_date : datetime.date
    maturity : float
        Years from the valuation date, Actual/365 Fixed; negative if it is past.
    payoff : Contract
        One unit: what is left of it. With no date to come, a known cash flow.
    strike_for_volatility : float
        Currency: where Black–Scholes reads its volatility on the surface. The strike, or the spot if there is none.
    model : GBM, TermStructureGBM, Heston, LocalVolatility or CorrelatedGBM
        With the zero rate to the maturity; Black–Scholes with the volatility at that strike.
    currency : str
        Code of the underlying's currency; `UNKNOWN` if nobody says it.
    state : str
        What has become of it, in words; empty of a new trade.
    past : History, optional
        How it came to that, where today's fixing is open: what is left moves with the spot.
    moving : Moving, optional
        How its Greeks in the spot follow from those of the payoff, where that is so and dates are to come.
    history : History, optional
        Its observations, made and to come; None of a contract of the user's own, whose dates are its own.
    performance : Performance, optional
        Of a trade on several assets with a history: what is observed.
    strikes : tuple of (str, float)
        Of a trade on several assets: where the volatilities of each are read, currency.
    """

    trade_id: str
    row: int
    underlying: str
    product: str
    quantity: float
    maturity_date: date
    maturity: float
    payoff: Contract
    strike_for_volatility: float
    model: Any
    currency: str = UNKNOWN
    state: str = ""
    past: History | None = None
    moving: Moving | None = None
    history: History | None = field(default=None, compare=False, repr=False)
    performance: Performance | None = field(default=None, compare=False, repr=False)
    strikes: tuple[tuple[str, float], ...] = field(default=(), compare=False, repr=False)

    @property
    def drawn(self) -> Contract:
        """The payoff as the law's spots on dates determine it: another where it is watched at all times."""
        return given_dates(self.payoff, self.model)

    @property
    def known(self) -> bool:
        """Whether nothing is left to observe."""
        return not self.payoff.times

    def terms_of(self, combination: Combination) -> Combination:
        """The combination of the payoff's derivatives that is this one of the trade's."""
        return combination if self.moving is None else self.moving.of(combination)


def unique(name: str, value: object, counts: Mapping[str, int]) -> str:
    """A cell as a trade_id that no other row has."""
    text = text_of(value)
    if text.lower() in OF_TOTALS:
        refuse(name, f"not be {text.lower()!r}, the name of rows of totals", value)
    return text if counts[text] == 1 else refuse(name, f"be unique: {counts[text]} rows have it", value)
