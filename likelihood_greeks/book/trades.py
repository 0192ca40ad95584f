"""Trades of a book: read from a table, a row each; a bad row is reported and the others are read.

The columns are those of `columns.TABLE`, blank where a product has no such term. A filled column that the product does
not use is refused, unless it holds what changes nothing (a rebate of 0, ...).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import isclose

import pandas as pd

from .._checks import refuse
from ..engine.open_fixing import STILL
from ..models.term_structure import TermStructureGBM
from . import own_contracts, own_payoffs
from .assets.names import are_several
from .assets.performances import composite, quanto
from .assets.product_names import on_one, pays_in_another, why_no_other
from .assets.trade import read as on_several
from .calendars import DAYS_PER_YEAR
from .cells import REFUSED, key_of, text_of
from .columns import READERS, TABLE
from .currencies import UNKNOWN
from .early_exercise import with_rule
from .failures import FAILS, problem_of, reason_of
from .law import law
from .levels import Percent, in_percent
from .market import Market
from .open_fixing import moving
from .products.history import History, Terms
from .products.product import Entry
from .products.table import PRODUCTS
from .products.told import verify_told
from .products.watching import Watch
from .reading import filled, read_book
from .rows import Problem, Row
from .scale import verify_scale
from .schedule import REGULAR, span, verify_ended, verify_watched
from .sheets import blank
from .trade import NET, Trade, unique
from .trade_terms import floats, position, terms_of
from .underlying import Underlying

__all__ = ["NET", "Problem", "Trade", "parse", "without_past"]
NO_START = "states no start: observations follow the valuation date, as if it were new"
NAMED = 10  # trades that a remark lists
ONE = "be one asset here: of trades on several there are values and Greeks (risk)"


def _agrees(row: Row, underlying: Underlying, currency: str, product: str | None = None) -> None:
    """Note what a row says that the market contradicts, and the filled columns that nothing here can honour."""
    stated = {name: row.read(name, READERS[name]) for name in ("currency", "currency_pay", "spot") if name in row.cells}
    of = f"the currency of {underlying.name}"
    for name in ("currency", "currency_pay"):
        value = stated.get(name)
        if not value or value == currency or (product is None and pays_in_another(row.cells.get("product", ""))):
            continue
        why = f"be {currency}, {of}: {why_no_other(product)}"
        if currency == UNKNOWN:
            why = f"go with {of}: trades state several or none, and the market does not say it"
        row.attempt(refuse, name, why, row.cells[name])
    if (spot := stated.get("spot")) and not isclose(spot, underlying.spot, rel_tol=1e-6):
        row.attempt(refuse, "spot", f"be blank or the market's, {underlying.spot:g}", spot)
    for column in TABLE:
        cell = row.cells.get(column.name)
        if column.use == REFUSED and column.read and cell is not None and key_of(cell) not in column.harmless:
            row.read(column.name, column.read)


def _history(entry: Entry, terms: Terms) -> History | None:
    """The trade with its observations, or None and its problems noted; levels in the terms become currency."""
    row, conduct = entry.row, entry.product.conduct
    if not row.problems:
        terms.update(row.attempt(conduct.settled, entry, terms) or {})
    dates = row.attempt(conduct.dates, entry, terms)
    if row.problems or dates is None:
        return None
    end = entry.span.maturity
    days = dates.days if dates.days[-1] == end else (*dates.days, end)
    name, continuous = entry.underlying.name, bool(terms.get("continuous"))
    row.attempt(verify_watched, entry.span, continuous, "window" in entry.product.also)
    row.attempt(verify_ended, entry.span, conduct.may_end or "early" in terms)
    watch = Watch.of(name, entry.market, entry.span) if continuous else None
    if continuous and not row.supposed:
        row.attempt(verify_told, entry.underlying, entry.market, entry.span, terms)
    whole = History(entry.name, entry.product, terms, entry.span, days, dates.watched, watch=watch)
    past = row.attempt(whole.informed, name, entry.market.fixings)
    if past is not None:
        row.attempt(verify_scale, entry.underlying, past.observed)
        for what in () if watch is None else ("lows", "highs"):
            row.attempt(verify_scale, entry.underlying, getattr(watch, what), what)
    return past


def _trade(
    row: Row, market: Market, counts: Mapping[str, int], currencies: Mapping[str, str], several: bool
) -> Trade | None:
    """The trade in a row, or None and its problems noted."""
    product = row.cells.get("product", "")
    if are_several(name := row.cells.get("underlying", "")) or quanto(product) or composite(product):
        return on_several(row, market, counts, currencies) if several else row.attempt(refuse, "underlying", ONE, name)
    if own_payoffs.PAYOFF in row.cells:
        return _own(row, market, counts, currencies)
    trade_id = row.read("trade_id", unique, counts)
    underlying = row.read("underlying", lambda _, value: market.underlying(text_of(value)))
    product = row.read("product", on_one)
    quantity = position(row)
    own = span(row, market.valuation_date)
    terms = terms_of(row, product) if product else {}
    if underlying:
        _agrees(row, underlying, currencies.get(underlying.name, UNKNOWN), product)
    if not (underlying and product and own):
        return None
    entry = Entry(row, product, PRODUCTS[product], underlying, own, market)
    past = _history(entry, terms)
    left = row.attempt(past.left, underlying.spot) if past else None
    known = left is not None and not left[0].times
    found, loose = None, entry.product.spotless or floats(row, product)  # whether the strike is no spot
    if not in_percent(terms) and (known or "strike" in terms or "strike" not in row.cells or loose):
        found = row.attempt(law, entry.product, underlying, terms, own, known)
    if not (trade_id and quantity and past and left and found) or row.problems:
        return None
    forgets = (
        own.start is None
        and key_of(row.cells.get("frequency", PRODUCTS[product].frequency)) in REGULAR
        and "reference" not in row.cells
    )
    remark = entry.product.conduct.remark(past, underlying.spot)
    trade = Trade(
        trade_id, row.number, underlying.name, product, quantity, own.maturity, market.years(own.maturity), left[0],
        *found, currencies.get(underlying.name, UNKNOWN),
        "; ".join(filter(None, (left[1] or NO_START * forgets, remark))), history=past,
    )  # fmt: skip
    return trade if past.decided else row.attempt(_moving, trade, past)


def _tried(
    row: Row, market: Market, counts: Mapping[str, int], currencies: Mapping[str, str], *, several: bool, rules: bool
) -> Trade | None:
    """The same, with the rule of its exercise, once it has been tried; an error costs the trade and not the book."""
    try:
        trade = _trade(row, market, counts, currencies, several)
        trade = row.attempt(with_rule, trade) if trade and rules else trade
        fit = partial(own_contracts.tried, today=market.valuation_date)
        return trade if trade and row.attempt(fit, trade.model, trade.payoff) else None
    except FAILS as error:
        row.problems.append(problem_of(row.trade_id, row.number, reason_of(error)))
        return None


def _own(row: Row, market: Market, counts: Mapping[str, int], currencies: Mapping[str, str]) -> Trade | None:
    """The trade in a row that holds a contract of the user's own."""
    trade_id = row.read("trade_id", unique, counts)
    underlying = row.read("underlying", lambda _, value: market.underlying(text_of(value)))
    payoff, quantity = row.read(own_payoffs.PAYOFF, own_payoffs.contract), position(row)
    product = row.read("product", own_payoffs.label) if "product" in row.cells else own_payoffs.PAYOFF
    strike = row.read("strike", READERS["strike"]) if "strike" in row.cells else None
    ends = own_payoffs.last_date(row, payoff, market.valuation_date) if payoff else None
    if underlying:
        _agrees(row, underlying, currencies.get(underlying.name, UNKNOWN))
    if not (trade_id and underlying and payoff and quantity and product and ends) or row.problems:
        return None
    day, years = ends
    if isinstance(strike, Percent):
        strike = strike.share * underlying.spot
    at = underlying.spot if strike is None else strike
    law_of = partial(underlying.model, along=strike is None)
    model = row.attempt(law_of, at, max(years, 1.0 / DAYS_PER_YEAR))
    if model is None:
        return None
    currency = currencies.get(underlying.name, UNKNOWN)
    return Trade(trade_id, row.number, underlying.name, product, quantity, day, years, payoff, at, model, currency)


def _moving(trade: Trade, past: History) -> Trade:
    """The trade, moving with the spot as its open fixing does."""
    if isinstance(trade.model, TermStructureGBM) and trade.model.smile and not trade.known:
        refuse("fixings", "hold today's for sticky_moneyness: an open one moves with the spot by a fixed smile", None)
    rule = STILL if trade.known else moving(past, trade.model.spot, trade.model)
    return replace(trade, past=past, moving=None if rule == STILL else rule)


def currencies_of(book: pd.DataFrame, market: Market) -> dict[str, str]:
    """The currency of each underlying of which somebody says it: the market, or trades that do not contradict."""
    stated: dict[str, set[str]] = {}
    if "currency" in book.columns:
        for name, cell in set(zip(map(text_of, book["underlying"].tolist()), book["currency"].tolist(), strict=True)):
            if isinstance(cell, str) and cell.strip():
                stated.setdefault(name, set()).add(cell.strip().upper())
    agreed = {name: next(iter(said)) for name, said in stated.items() if len(said) == 1}
    return agreed | {name: own.currency for name, own in market.underlyings.items() if own.currency is not None}


def parse(
    book: pd.DataFrame,
    market: Market,
    rows: Sequence[int] | None = None,
    *,
    several: bool = False,
    supposed: bool = False,
    rules: bool = True,
) -> tuple[list[Trade], list[Problem]]:
    """The trades of a book that can be priced in `market`, and what is wrong with the others.

    Parameters
    ----------
    book : pandas.DataFrame
        As `read_book` returns it, or with the same columns. Rows with no cell filled are passed over.
    market : Market
    rows : sequence of int, optional
        The positions of those that are to be read, increasing, in a table that `read_book` returned; default: all.
    several : bool
        Whether trades on several assets are wanted; else each has a problem that says so.
    supposed : bool
        Whether the book was written later than on the day of the market, or the market is one that was not seen: what
        the book tells of the past is then not held against it.
    rules : bool
        Whether trades that may be ended early get the best rule for it; else they are what was agreed.

    Returns
    -------
    list of Trade, list of Problem
        Everything found wrong with a trade that is not in the first is in the second; both in the order of the book.

    Raises
    ------
    ValueError
        If the columns are not those of a book; a bad trade does not raise.
    """
    table = read_book(book) if rows is None else book
    numbers = range(len(table)) if rows is None else rows
    some = filled(table if rows is None else table.iloc[list(rows)])
    read = [Row(number, cells, supposed=supposed) for number, cells in zip(numbers, some, strict=True) if cells]
    counts = (
        Counter(text_of(cell) for cell in table["trade_id"].tolist() if not blank(cell)) if read else Counter[str]()
    )
    currencies = currencies_of(table, market)
    fitting = [
        (row, trade) for row in read if (trade := _tried(row, market, counts, currencies, several=several, rules=rules))
    ]
    paid: dict[str, str] = {}
    trades = [trade for row, trade in fitting if row.attempt(_one_currency, trade, paid)]
    return trades, [problem for row in read for problem in row.problems]


def _one_currency(trade: Trade, paid: dict[str, str]) -> Trade:
    """A trade, refused if its net would add its currency to another; `paid` are those of the sets of assets so far."""
    known = paid.setdefault(trade.underlying, trade.currency) if are_several(trade.underlying) else trade.currency
    if known != trade.currency:
        name = trade.underlying
        why = f"be {known}, as of a trade on {name} before: to have both, name the assets of one in another order"
        refuse("currency", why, trade.currency)
    return trade


def without_past(trades: Iterable[Trade], market: Market) -> list[str]:
    """What to say of trades that are valued as new on underlyings of which the market has a past."""
    past = {name for name, own in market.fixings.items() if any(day < market.valuation_date for day in own)}
    names = [trade.trade_id for trade in trades if NO_START in trade.state and trade.underlying in past]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = ", ".join(names[:NAMED]) + more
    return [f"{listed}: no start is stated, so that no fixing is used; valued as if traded today"] if names else []
