"""Buckets of trades that are exact: plain options from their Greeks, all at once; others by the jets of their laws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from .._typing import FloatArray
from ..engine.exact import exact
from ..estimators.likelihood_ratio import Combination
from ..models.curves import accrued
from .assets.nodes import APART, nodes_of_set, split_law
from .bucket_split import nodes_of_trade
from .buckets import FLAT, NEGLIGIBLE, Node, between, cells_at, of_cell, of_one, split
from .curves import ZeroCurve
from .exact import ExactTrades
from .market import Market
from .plain_values import LognormalOptions
from .surfaces import Surface
from .trades import Trade
from .underlying import Underlying


@final
@dataclass(frozen=True, slots=True)
class ExactBucket:
    """A bucket of an exact trade: its node, and its value per unit."""

    trade_id: str
    underlying: str
    quantity: float
    node: Node
    value: float


def nodes_by_name(buckets: Sequence[ExactBucket]) -> dict[str, set[Node]]:
    """The nodes of exact trades by underlying."""
    found: dict[str, set[Node]] = {}
    for one in buckets:
        found.setdefault(one.underlying, set()).add(one.node)
    return found


def of_trade(trade: Trade, underlying: Underlying, greeks: Sequence[str], closed_form: bool) -> Iterator[ExactBucket]:
    """The buckets of one trade that is exact."""
    nodes = nodes_of_trade(trade, underlying, greeks)
    if not nodes:
        return
    terms: dict[str, Combination] = {node.label: {(name,): factor for name, factor in node.terms} for node in nodes}
    found = exact(split(trade.model, greeks), trade.payoff, terms, closed_form)
    for node in nodes if found is not None else ():
        value = found.estimates[node.label].value  # type: ignore[union-attr]
        yield ExactBucket(trade.trade_id, trade.underlying, trade.quantity, node, value)


def of_known(trade: Trade, market: Market, greeks: Sequence[str]) -> Iterator[ExactBucket]:
    """The buckets of a known cash flow of a trade on several assets: those of rates alone."""
    if "rho" not in greeks:
        return
    law = split_law(trade.model, ["rho"])
    for node in nodes_of_set(trade, market, ["rho"]):
        terms: Combination = {(name,): factor for name, factor in node.terms}
        found = exact(law, trade.payoff, {node.label: terms}, closed_form=True)
        value = found.estimates[node.label].value if found is not None else 0.0
        own = replace(node, place=(greeks.index("rho") * APART, *node.place[1:]))
        yield ExactBucket(trade.trade_id, trade.underlying, trade.quantity, own, value)


def of_options(
    options: LognormalOptions, values: ExactTrades, underlying: Underlying, greeks: Sequence[str]
) -> Iterator[ExactBucket]:
    """The buckets of plain options: shares of their Greeks, as their values depend on one forward and one variance."""
    own = options.options
    identity = [*zip(own.trade_id.tolist(), own.quantity.tolist(), strict=True)]
    for number, greek in enumerate(of_one(greeks)):
        whole = values.values[:, values.labels.index(greek)].tolist()
        if greek == "vega":
            pairs = [*zip(own.strike.tolist(), own.maturity.tolist(), strict=True)]
            known = {pair: _of_volatility(underlying, pair, number) for pair in dict.fromkeys(pairs)}
            shares = [known[pair] for pair in pairs]
        else:
            curve = underlying.zero_curve if greek == "rho" else underlying.dividend_yield
            by_maturity = {t: _of_curve(curve, t, greek, number) for t in np.unique(own.maturity).tolist()}
            shares = [by_maturity[t] for t in own.maturity.tolist()]
        for (trade_id, quantity), value, parts in zip(identity, whole, shares, strict=True):
            for node, share in parts:
                yield ExactBucket(trade_id, underlying.name, quantity, node, share * value)


def _of_curve(curve: ZeroCurve | float, maturity: float, greek: str, number: int) -> list[tuple[Node, float]]:
    """The nodes that a maturity is read from, and the share of it that each has accrued by then."""
    if not isinstance(curve, ZeroCurve):
        return [(Node((number, 0.0, 0.0), greek, FLAT, ()), 1.0)]
    years = curve.times[int(curve.times[0] == 0.0) :]
    shares = [float(accrued(years, unit, np.asarray(maturity))) / maturity for unit in np.eye(len(years))]
    pairs = zip(years, shares, strict=True)
    return [(Node((number, time, 0.0), greek, f"{time:g}", ()), share) for time, share in pairs if share]


def _of_volatility(underlying: Underlying, at: tuple[float, float], number: int) -> list[tuple[Node, float]]:
    """The quotes that the variance of a strike to a maturity depends on, and their shares in vega."""
    surface = underlying.implied_volatility
    if not isinstance(surface, Surface):
        return [(Node((number, 0.0, 0.0), "vega", FLAT, ()), 1.0)]
    strike, maturity = at
    times, volatilities = underlying.quotes(strike, maturity)
    slopes: FloatArray = np.array(
        [
            v * float(accrued(times, unit, np.asarray(maturity)))
            for v, unit in zip(volatilities, np.eye(len(times)), strict=True)
        ]
    )
    shares, found = slopes / slopes.sum(), dict[Node, float]()
    for share, cells in zip(shares.tolist(), cells_at(surface, strike, maturity), strict=True):
        parts = [(of_cell(cell, number, ()), slope) for cell, slope in cells.items()]
        left = 1.0 - sum(cells.values())
        for node, slope in [*parts, *([(between(number, ()), left)] if abs(left) > NEGLIGIBLE else [])]:
            found[node] = found.get(node, 0.0) + share * slope
    return [(node, share) for node, share in sorted(found.items()) if share]
