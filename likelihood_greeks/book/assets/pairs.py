"""Products on two assets of their own kind: exchanges, spreads, digitals on which has done better, outside barriers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from ..._checks import refuse
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow
from ...payoffs.two_assets import Exchange, On, OutperformanceDigital, OutsideBarrier, Spread
from ..calendars import DAYS_PER_YEAR
from ..cells import TERM, key_of, word
from ..columns import READERS, TABLE
from ..fixings import known
from ..levels import Percent
from ..market import Market
from ..products.history import History
from ..rows import Row
from ..schedule import Span
from . import outside
from . import terms as by_asset

USED = {
    "exchange": ("weights",),
    "spread": ("weights", "strike", "option"),
    "outperformance_digital": ("reference", "strike", "cash"),
}
"""Columns of the products; all may be blank."""
NAMES = (*USED, *outside.PRODUCTS)
"""All of them; outside barriers have the columns of their barriers."""


@final
@dataclass(frozen=True)
class OnTwo:
    """What is left of such a trade, and what has become of it, in words."""

    payoff: Contract
    state: str = ""
    strikes: Mapping[str, float] | None = None
    history: History | None = None


KINDS = Exchange | Spread | OutperformanceDigital | OutsideBarrier | On | KnownCashFlow


def is_on_two(product: str, payoff: Contract) -> bool:
    """Whether a trade has one of the products, as a contract of the user's own has not, whatever it is called."""
    return product in NAMES and isinstance(payoff, KINDS)


def left(row: Row, market: Market, names: tuple[str, ...], product: str, own: Span) -> OnTwo | None:
    """The contract in a row, or None and its problems noted."""
    if len(names) != 2:
        row.attempt(refuse, "underlying", f"name two assets: {product} is on two", row.cells.get("underlying"))
    for column in TABLE if product in USED else ():
        cell = row.cells.get(column.name)
        unused = column.use == TERM and column.name not in USED[product]
        if unused and cell is not None and key_of(cell) not in column.harmless:
            row.attempt(refuse, column.name, f"be blank: {product} does not use it", cell)
    if own.paid > own.maturity > own.today:
        row.attempt(refuse, "payment_date", f"be blank: {product} pays at its maturity", own.paid.isoformat())
    if row.problems:
        return None
    if product in outside.PRODUCTS:
        return _outside(row, names, market, own, product)
    made, state = _MADE[product](row, names, market, own)
    if row.problems or made is None:
        return None
    contract = row.attempt(partial(made, maturity=max((own.maturity - own.today).days, 1) / DAYS_PER_YEAR))
    return None if contract is None else row.attempt(_aged, contract, names, market, own, state)


def _outside(row: Row, names: tuple[str, ...], market: Market, own: Span, product: str) -> OnTwo | None:
    """What is left of an outside barrier."""
    found = outside.read(row, market, names, product, own)
    fixings = market.fixings.get(names[1], {})
    left = row.attempt(found.left, market.underlying(names[0]).spot, fixings) if found else None
    return OnTwo(*left, found.strikes, found.history) if found and left else None


def _aged(contract: Contract, names: tuple[str, ...], market: Market, own: Span, state: str) -> OnTwo:
    """The contract, or what it pays if its maturity is over."""
    if own.expired:
        return OnTwo(KnownCashFlow(0.0, 0.0), f"expired: paid on {own.paid}, worth nothing")
    if own.maturity > own.today:
        return OnTwo(contract, state)
    spots = [known(market.fixings, name, [own.maturity])[0] for name in names]
    amount = float(np.ravel(contract(np.array(spots)[:, None, None]))[0])
    years = (own.paid - own.today).days / DAYS_PER_YEAR
    return OnTwo(KnownCashFlow(amount, years), f"all observations are made: pays {amount:g} on {own.paid}")


def _units(row: Row, names: tuple[str, ...]) -> tuple[float, float]:
    """How many units of both there are; one each if nothing is said."""
    if "weights" not in row.cells:
        return 1.0, 1.0
    found = row.read("weights", lambda column, cell: by_asset.weight(names, column, cell))
    return (found[names[0]], found[names[1]]) if found else (1.0, 1.0)


def _exchange(
    row: Row, names: tuple[str, ...], market: Market, own: Span
) -> tuple[Callable[..., Contract] | None, str]:
    return partial(_on, Exchange, names, quantities=_units(row, names)), ""


def _spread(row: Row, names: tuple[str, ...], market: Market, own: Span) -> tuple[Callable[..., Contract] | None, str]:
    kind = row.read("option", partial(word, ("call", "put"))) if "option" in row.cells else "call"
    strike = row.read("strike", READERS["strike"]) if "strike" in row.cells else 0.0
    if isinstance(strike, Percent):
        row.attempt(refuse, "strike", "be in currency: a spread is of spots", row.cells["strike"])
    return partial(_on, Spread, names, strike=strike, kind=kind, quantities=_units(row, names)), ""


def _digital(row: Row, names: tuple[str, ...], market: Market, own: Span) -> tuple[Callable[..., Contract] | None, str]:
    against = by_asset.references(row, names, market, own)
    strike = row.read("strike", READERS["strike"]) if "strike" in row.cells else 0.0
    cash = row.read("cash", READERS["cash"]) if "cash" in row.cells else 1.0
    if against is None:
        return None, ""
    reference = tuple(against[0][name] for name in names)
    margin = strike.share if isinstance(strike, Percent) else strike
    return partial(_on, OutperformanceDigital, names, reference=reference, cash=cash, margin=margin), against[1]


def _on(contract: Any, names: tuple[str, ...], **terms: Any) -> Contract:
    """A contract on the first and the second of some assets."""
    made: Contract = contract(names[0], names[1], **terms).for_assets(names)
    return made


_MADE: Mapping[str, Any] = {"exchange": _exchange, "spread": _spread, "outperformance_digital": _digital}
