"""Shocks of trades on several assets: each asset moves by its own, and so do the currencies of quantos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from typing import final

from ..._checks import refuse
from ...models.adaptor import moved
from ...models.correlated import quanto
from ...models.correlated.law import CorrelatedGBM
from ...payoffs.protocol import Contract
from ..market import Market
from ..together.shocks import Shock
from ..trade import Trade
from .law import Settlement, pair_of
from .names import are_several, names_of


@final
@dataclass(frozen=True, slots=True)
class JointShock:
    """A move of the underlyings of a market, for trades on several of them.

    Parameters
    ----------
    name : str
        Of the assets, with bars between theirs.
    moves : mapping of str to Shock
        By underlying.
    market : Market
    """

    name: str
    moves: Mapping[str, Shock]
    market: Market

    def _shown(self, kind: str) -> float:
        """The move of those assets that move; missing where they have different ones."""
        own = {getattr(self.moves[name], kind) for name in names_of(self.name)} - {0.0}
        return own.pop() if len(own) == 1 else nan if own else 0.0

    @property
    def spot(self) -> float:
        """Of the assets that move, as a share; missing where these move by different ones."""
        return self._shown("spot")

    @property
    def volatility(self) -> float:
        """The same of their volatilities."""
        return self._shown("volatility")

    @property
    def rate(self) -> float:
        """The same of their rates."""
        return self._shown("rate")

    @property
    def nothing(self) -> bool:
        """Whether it moves nothing."""
        return all(shock.nothing for shock in self.moves.values())

    def law(self, trade: Trade) -> CorrelatedGBM:
        """The law of a trade under the shock: forwards grow at the rates of their assets, all is discounted at one.

        Raises
        ------
        ValueError
            If the law cannot have it: a volatility of no more than zero, say.
        """
        law: CorrelatedGBM = trade.model
        rate = self.moves[self._discounting(trade)].rate
        shifts = {"rate": rate}
        for name, member in law.members:
            own = self.moves[name]
            shifts |= {
                f"spot[{name}]": own.spot * member.spot,
                f"volatility[{name}]": own.volatility,
                f"dividend_yield[{name}]": rate - own.rate,
            }
        for name in quanto.numbers(getattr(law, "quanto", ())):
            shifts[f"fx_volatility[{name}]"] = self.moves[self._pair(name, trade)].volatility
        found: CorrelatedGBM = moved(law, {name: shift for name, shift in shifts.items() if shift})
        return found

    def _pair(self, name: str, trade: Trade) -> str:
        """The pair of currencies of a quanto."""
        own = self.market.underlying(name).currency
        if own is None:
            refuse(f"underlyings.{name}.currency", "be stated for shocks of a quanto", None)
        return pair_of(self.market, Settlement(trade.currency, {name: own}, 0.0), name)[0]

    def _discounting(self, trade: Trade) -> str:
        """The underlying on whose zero curve a trade is discounted."""
        names = trade.model.assets
        stated = {name: own.currency for name, own in self.market.underlyings.items()}
        known = [name for name in (*names, *stated) if stated.get(name) == trade.currency]
        return str((known or [name for name in names if stated[name] is None] or [*names])[0])

    def trade(self, trade: Trade) -> Trade:
        """A trade under the shock; a fixing of today that is still open moves with the spots."""
        law = self.law(trade)
        spots = {name: own.spot for name, own in law.members}
        return replace(trade, model=law, payoff=left_at(trade, spots))


def left_at(trade: Trade, spots: Mapping[str, float]) -> Contract:
    """What is left of a trade where today's spots are others.

    Raises
    ------
    ValueError
        If today's fixing is open and they stand where they cannot be, at a barrier.
    """
    past, performance = trade.history, trade.performance
    if past is None or performance is None or past.decided:
        return trade.payoff
    left = past.left(performance.of(spots))[0]
    return performance.contract(left) if left.times else left


def shocks_on(name: str, shocks: Mapping[str, Mapping[str, Shock]], market: Market) -> Mapping[str, Shock | JointShock]:
    """The shocks of an underlying, or of a set of them, by scenario.

    Parameters
    ----------
    name : str
    shocks : mapping of str to mapping of str to Shock
        By underlying of the market, then by scenario.
    market : Market
    """
    if not are_several(name):
        return shocks[name]
    scenarios = dict.fromkeys(scenario for own in shocks.values() for scenario in own)
    return {
        scenario: JointShock(name, {each: own[scenario] for each, own in shocks.items()}, market)
        for scenario in scenarios
    }
