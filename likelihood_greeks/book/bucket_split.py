"""The buckets of the trades on one underlying, by the names of the nodes that they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from ..engine.buckets import Bucket
from ..models.correlated.law import CorrelatedGBM
from ..models.correlated.local_volatility import CorrelatedLocalVolatility
from .assets.nodes import nodes_of_set, quotes_of_set, split_law
from .buckets import Node, nodes_of, split, unmoved
from .market import Market
from .trades import Trade
from .underlying import Underlying


def nodes_of_trade(trade: Trade, underlying: Underlying, greeks: Sequence[str]) -> tuple[Node, ...]:
    """The buckets of a trade: of nodes that matter up to its last date."""
    found = nodes_of(underlying, trade.model, (trade.strike_for_volatility, trade.maturity), greeks)
    idle = unmoved(trade.model, greeks, trade.payoff)
    live = (replace(node, terms=tuple(t for t in node.terms if t[0] not in idle)) for node in found)
    return tuple(node for node in live if node.terms)


@final
@dataclass(frozen=True, slots=True)
class Split:
    """What Greeks are split by.

    Parameters
    ----------
    greeks : tuple of str
        Those that are split.
    nodes : mapping of str to tuple of Node
        By trade_id.
    labels : tuple of str
        Of all nodes of the underlying that some trade depends on, in order.
    """

    greeks: tuple[str, ...]
    nodes: Mapping[str, tuple[Node, ...]]
    labels: tuple[str, ...]

    def of(self, trade: Trade) -> tuple[Node, ...]:
        """The nodes of a trade."""
        return self.nodes.get(trade.trade_id, ())

    def law(self, model: Any) -> Any:
        """The law with its nodes as coordinates."""
        if isinstance(model, CorrelatedLocalVolatility):  # whose moves know all nodes
            return model
        if isinstance(model, CorrelatedGBM):
            return split_law(model, self.greeks)
        return split(model, self.greeks) if self.greeks else model

    def buckets(self, trade: Trade, greeks: Sequence[str]) -> tuple[Bucket, ...]:
        """As parts of the Greeks with these labels."""
        return tuple(Bucket(greeks.index(node.greek), node.terms) for node in self.of(trade))

    def places(self, trade: Trade, labels: Sequence[str]) -> tuple[int, ...]:
        """Where the buckets of a trade are among labels."""
        return tuple(labels.index(node.label) for node in self.of(trade))


def splits(
    trades: Sequence[Trade], market: Market, greeks: tuple[str, ...], exact: Mapping[str, set[Node]]
) -> dict[str, Split]:
    """What the trades on each underlying are split by; `exact` are nodes of other trades, which nets have too."""
    by_name: dict[str, dict[str, tuple[Node, ...]]] = {}
    for trade in trades:
        own: tuple[Node, ...] = ()
        if isinstance(trade.model, CorrelatedLocalVolatility):
            own = quotes_of_set(trade, greeks)
        elif isinstance(trade.model, CorrelatedGBM):
            own = nodes_of_set(trade, market, greeks)
        else:
            own = nodes_of_trade(trade, market.underlying(trade.underlying), greeks)
        by_name.setdefault(trade.underlying, {})[trade.trade_id] = own
    found = {}
    for name, nodes in by_name.items():
        every = {node.label: node.place for own in nodes.values() for node in own}
        every |= {node.label: node.place for node in exact.get(name, ())}
        found[name] = Split(greeks, nodes, tuple(sorted(every, key=every.__getitem__)))
    return found


def whole_of_sets(trades: Sequence[Trade], greeks: Sequence[str]) -> list[str]:
    """What someone should know of sets of assets whose Greeks are not split, under local volatilities."""
    names = dict.fromkeys(trade.underlying for trade in trades if isinstance(trade.model, CorrelatedLocalVolatility))
    whole = [greek for greek in greeks if greek != "vega"]
    said = f"{', '.join(whole)} of several assets under local volatilities cannot be split by node"
    return [f"{name}: {said}" for name in names] if whole else []
