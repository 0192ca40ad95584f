"""Outside barriers: an option on one asset that begins or ends when another one is at or beyond a level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, final

import numpy as np

from ..._checks import refuse
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import KnownCashFlow
from ...payoffs.two_assets import On, OutsideBarrier
from ..fixings import known
from ..levels import Percent
from ..market import Market
from ..products import barriers, europeans
from ..products.history import History, Terms
from ..products.product import Entry, Observations, watched_on_frequency
from ..products.told import verify_told
from ..products.watching import Watch
from ..rows import Row
from ..scale import verify_scale
from ..schedule import Span, verify_ended, verify_watched
from ..trade_terms import terms_of
from . import terms as by_asset

OUTSIDE = "outside_"
"""Before the name of a barrier on one asset: the first of two assets is watched, the option is on the second."""
PRODUCTS = {f"{OUTSIDE}{name}": name for name in barriers.PRODUCTS}

OF_OPTION = ("strike", "trigger")
"""Levels of the asset that the option is on; the others are those of the one that is watched."""


@final
@dataclass(frozen=True)
class Outside:
    """A row of an outside barrier.

    Parameters
    ----------
    history : History
        Of what is watched.
    paid : str
        The asset that the option is on.
    strikes : mapping of str to float
        By asset, where its volatility is read, currency.
    remark : str
    """

    history: History
    paid: str
    strikes: Mapping[str, float]
    remark: str

    def left(self, watched: float, paid: Mapping[date, float]) -> tuple[Contract, str]:
        """What is left, and what has become of it, with today's spot of the watched asset and fixings of the other.

        Raises
        ------
        ValueError
            If it is not known whether the barrier was touched, or what the option pays.
        """
        past, span = self.history, self.history.span
        if span.expired:
            return past.left(watched)
        barriers.verify_known(past)
        hit, live = barriers.touch(past, watched), [day for day in past.watched if day > span.today]
        barriers.verify_off_barrier(past, hit, watched)
        if hit is None and live:
            made: Any = past.product.of(past.dated(live))
            return OutsideBarrier(made, watched=0, paid=1), self._state(
                "; ".join(filter(None, (barriers.alive(past, watched), barriers.beyond(past, watched))))
            )
        knock, rebate = past.terms["knock"], past.terms.get("rebate", 0.0)
        event = "never at a barrier"
        if hit is not None:
            event = f"knocked {knock} on {hit}{barriers.where(past, hit, watched)}"
        if (knock == "out") != (hit is None):
            return KnownCashFlow(rebate, past.years(span.paid)), f"{event}: pays {rebate:g} on {span.paid}"
        if span.maturity > span.today:
            option: Contract = On(self.option(past.years(span.maturity)), 1)
            return option, self._state(f"{event}: {past.terms['option'].replace('_', ' ')}")
        (end,) = known({self.paid: paid}, self.paid, [span.maturity])
        amount = float(np.ravel(self.option(1.0)(np.array([[end]])))[0])
        return KnownCashFlow(amount, past.years(span.paid)), f"{event}: pays {amount:g} on {span.paid}"

    def option(self, years: float) -> Contract:
        """The European that is knocked in or out."""
        made = europeans.PRODUCTS[self.history.terms["option"]]
        named = {name: term for name, term in self.history.terms.items() if name in (*OF_OPTION, "cash")}
        return made.of({**named, "maturity": years})

    def _state(self, said: str) -> str:
        return "; ".join(filter(None, (said, self.remark)))


def paid_between(past: History, names: tuple[str, ...], market: Market, first: date, last: date) -> float:
    """What one pays a unit from the day `first` on and before the day `last`: it pays once.

    Raises
    ------
    ValueError
        If a fixing is missing that decides it.
    """
    if not first <= past.span.paid < last:
        return 0.0
    own = replace(past.span, today=past.span.maturity)
    watch = None if past.watch is None else Watch.of(names[0], market, replace(own, start=own.start or first))
    asked = replace(past, span=own, observed={}, is_open=False, watch=watch).informed(names[0], market.fixings)
    left, _ = Outside(asked, names[1], {}, "").left(math.nan, market.fixings.get(names[1], {}))
    assert isinstance(left, KnownCashFlow)  # at its maturity nothing is open
    return left.amount


def read(row: Row, market: Market, names: tuple[str, ...], product: str, own: Span) -> Outside | None:
    """The outside barrier in a row, or None and its problems noted."""
    name = PRODUCTS[product]
    if "weights" in row.cells:
        row.attempt(refuse, "weights", f"be blank: {product} does not use it", row.cells["weights"])
    inner = replace(row, cells={key: cell for key, cell in row.cells.items() if key not in ("reference", "weights")})
    terms = terms_of(inner, name)
    entry = Entry(inner, name, barriers.PRODUCTS[name], market.underlying(names[0]), own, market)
    terms, remark = _in_currency(row, market, names, terms, own)
    dates = None if row.problems else row.attempt(watched_on_frequency, entry, terms)
    if row.problems or dates is None:
        return None
    row.attempt(verify_watched, own, bool(terms.get("continuous")), False)
    row.attempt(verify_ended, own, False)
    past = row.attempt(_informed, entry, terms, dates)
    if row.problems or past is None:
        return None
    watched, paid = (market.underlying(each) for each in names)
    strikes = {names[0]: barriers.nearest(terms, watched.spot), names[1]: float(terms.get("strike", paid.spot))}
    return Outside(past, names[1], strikes, remark)


def _informed(entry: Entry, terms: Terms, dates: Observations) -> History:
    """What is known of the watched asset.

    Raises
    ------
    ValueError
        If a fixing that decides something is missing, or one is on another scale than the spot.
    """
    own, market, asset = entry.span, entry.market, entry.underlying
    watch = Watch.of(asset.name, market, own) if terms.get("continuous") else None
    if watch is not None and not entry.row.supposed:
        verify_told(asset, market, own, terms)
    days = dates.days if dates.days[-1] == own.maturity else (*dates.days, own.maturity)
    found = History(entry.name, entry.product, terms, own, days, dates.watched, watch=watch)
    found = found.informed(asset.name, market.fixings)
    if found.is_open and own.maturity == own.today:
        known(market.fixings, asset.name, [own.today])
    verify_scale(asset, found.observed)
    for what in () if watch is None else ("lows", "highs"):
        verify_scale(asset, getattr(watch, what), what)
    return found


def _in_currency(row: Row, market: Market, names: tuple[str, ...], terms: Terms, own: Span) -> tuple[Terms, str]:
    """The terms with every level in currency: shares are of the reference of the asset that a level is of."""
    shares = {name: term for name, term in terms.items() if isinstance(term, Percent)}
    if not shares:
        if "reference" in row.cells:
            row.attempt(refuse, "reference", "be blank: no level is in per cent", row.cells["reference"])
        return terms, ""
    against = by_asset.references(row, names, market, own)
    if against is None:
        return terms, ""
    base, remark = against
    asset = {name: names[1] if name in OF_OPTION else names[0] for name in shares}
    return {**terms, **{name: term.share * base[asset[name]] for name, term in shares.items()}}, remark
