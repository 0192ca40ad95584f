"""Buckets of trades on several assets: by the nodes of each asset's curves and quotes, of rates and of correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...engine.bucket_request import lasts
from ...models import nodes
from ...models.correlated import correlations
from ...models.correlated.law import CorrelatedGBM
from ...models.correlated.local_volatility import CorrelatedLocalVolatility
from ..buckets import FLAT, SHIFTS, Node, cells_at, of_cells, of_quotes
from ..curves import HORIZON
from ..market import Market
from ..surfaces import Surface
from ..trade import Trade
from .names import OF_PAIRS

APART = 1000
"""Between the places of two Greeks: assets come in between."""


def nodes_of_set(trade: Trade, market: Market, greeks: Sequence[str]) -> tuple[Node, ...]:
    """The buckets of a trade that matter up to its last date.

    Parameters
    ----------
    trade : Trade
    market : Market
    greeks : sequence of str
        Those that are split.
    """
    model: CorrelatedGBM = trade.model
    found = list[Node]()
    for number, greek in enumerate(greeks):
        for place, own in enumerate(_shifts(model, greek)):
            whose = own.removeprefix(SHIFTS[greek])
            about, asset = (number * APART + place, f"{greek}{whose}"), whose[1:-1]
            surface = market.underlying(asset).implied_volatility if greek == "vega" else None
            if isinstance(surface, Surface):
                cells = cells_at(surface, dict(trade.strikes)[asset], trade.maturity)
                named = dict(zip(_coordinates(model, own), cells, strict=True))
                made = [replace(node, greek=about[1]) for node in of_cells(named, about[0])]
                live = _live(trade, own)
                made = [replace(node, terms=tuple(t for t in node.terms if t[0] in live)) for node in made]
                found += [node for node in made if node.terms]
            else:
                found += _of_curve(trade, own, about)
    return tuple(found)


def quotes_of_set(trade: Trade, greeks: Sequence[str]) -> tuple[Node, ...]:
    """The buckets of a trade under local volatilities: each asset's vega by the quotes that its own is made from."""
    model: CorrelatedLocalVolatility = trade.model
    if "vega" not in greeks:
        return ()
    found, first = list[Node](), greeks.index("vega") * APART
    for place, (asset, own) in enumerate(model.members):
        for node in of_quotes(own, trade.maturity, first + place):
            terms = tuple((f"{SHIFTS['vega']}[{asset}]{n.removeprefix(SHIFTS['vega'])}", x) for n, x in node.terms)
            found.append(replace(node, greek=f"vega[{asset}]", terms=terms))
    return tuple(found)


def split_law(model: CorrelatedGBM, greeks: Sequence[str]) -> CorrelatedGBM:
    """The law with the nodes of all curves that some Greeks shift as coordinates."""
    shifts = [own for greek in greeks for own in _shifts(model, greek)]
    return model.split([shift for shift in shifts if model.nodes(shift)])


def _shifts(model: CorrelatedGBM, greek: str) -> list[str]:
    """The parameters that a Greek's nodes are of: of rates one, of others one an asset or one a pair."""
    if greek in OF_PAIRS:
        return [*map(correlations.name, correlations.pairs(model.assets))]
    return [SHIFTS[greek]] if greek == "rho" else [f"{SHIFTS[greek]}[{asset}]" for asset in model.assets]


def _coordinates(model: CorrelatedGBM, shift: str) -> tuple[str, ...]:
    """The coordinates of the nodes of a curve; that of its shift if it has none."""
    return nodes.names(shift, len(years)) if (years := model.nodes(shift)) else (shift,)


def _live(trade: Trade, shift: str) -> Mapping[str, float]:
    """The coordinates that a contract depends on, with their years."""
    years = trade.model.nodes(shift)
    if not years:
        return {shift: 0.0}
    felt = nodes.reached(years, lasts(trade.payoff, shift))
    return {n: t for n, t, own in zip(_coordinates(trade.model, shift), years, felt, strict=True) if own}


def _of_curve(trade: Trade, shift: str, about: tuple[int, str]) -> list[Node]:
    """The buckets of a curve, or the only one of a number."""
    number, greek = about
    flat = not trade.model.nodes(shift)
    return [
        Node((number, time, 0.0), greek, FLAT if flat or time >= HORIZON else f"{time:g}", ((name, 1.0),))
        for name, time in _live(trade, shift).items()
    ]
