"""Ladders of trades on several assets: what they gain when one of the spots moves, or all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pandas as pd

from ..._checks import refuse
from ..._typing import AnyArray
from ...engine.greeks import greeks
from ...models.capabilities import without_dividends
from ...payoffs.protocol import Contract, stated_payments
from ..currencies import UNKNOWN
from ..market import Market
from ..trade import Trade
from .names import names_of


@final
@dataclass(frozen=True)
class Gain:
    """What a contract pays with today's spots moved less what it pays as it is, on the same paths, which scale.

    Parameters
    ----------
    payoff : Contract
    factors : tuple of float
        Of the spots, asset by asset.
    """

    payoff: Contract
    factors: tuple[float, ...]

    @property
    def times(self) -> tuple[float, ...]:
        """Those of the contract."""
        return self.payoff.times

    @property
    def payments(self) -> tuple[float, ...] | None:
        """Those of the contract."""
        return stated_payments(self.payoff)

    def __call__(self, spot: AnyArray) -> AnyArray:
        """The gain, shape (n_paths,) or (n_flows, n_paths)."""
        return self.payoff(spot * np.array(self.factors)[:, None, None]) - self.payoff(spot)


def changes(trade: Trade, shares: Sequence[float], market: Market, **settings: Any) -> pd.DataFrame:
    """The gains of one position, a row for each asset and share, and for all assets together.

    Gains in an asset are in the asset's currency where the market has the pair of currencies.
    """
    names, rows = names_of(trade.underlying), list[dict[str, Any]]()
    for name in names:
        own, (currency, rate) = market.underlying(name), _currency(trade, name, market)
        for share in shares:
            where = {"underlying": name, "currency": currency, "spot": own.spot * (1.0 + share)}
            rows.append({**where, **_one(trade, {name}, share, rate, settings)})
    for share in shares:
        where = {"underlying": trade.underlying, "currency": trade.currency, "spot": np.nan}
        rows.append({**where, **_one(trade, {*names}, share, 1.0, settings)})
    return pd.DataFrame(rows)


def _currency(trade: Trade, name: str, market: Market) -> tuple[str, float]:
    """The currency of an asset's ladder, and what one unit of the trade's is worth in it.

    Raises
    ------
    ValueError
        If the market states none of an asset that is in another currency than the trade.
    """
    own = market.underlying(name).currency
    if own == trade.currency or (own is None and name not in dict(getattr(trade.model, "quanto", ()))):
        return trade.currency, 1.0
    if own is not None and trade.currency == UNKNOWN:
        return own, 1.0
    rate = None if own is None else market.rate(trade.currency, own)
    if own is None or rate is None:
        return refuse(f"underlyings.{name}.currency", "be stated for ladders, and its pair be in the market", own)
    return own, rate


def _one(trade: Trade, moved: set[str], share: float, rate: float, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The gain when the spots of some assets move by a share."""
    found = {"move": share, "change": 0.0, "square": 0.0, "trades": 1, "note": ""}
    if trade.known or not moved.intersection(trade.model.assets):
        return found
    factors = tuple(1.0 + share * (name in moved) for name in trade.model.assets)
    law = without_dividends(trade.model)
    price = greeks(law, Gain(trade.drawn, factors), [], controls="scores", **settings)["price"]
    value, error = rate * trade.quantity * price.value, rate * trade.quantity * price.standard_error
    return {**found, "change": value, "square": error**2, "note": price.note}
