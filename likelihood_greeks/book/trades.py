"""Trades of a book: read from a table, a row each; a bad row is reported and the others are read.

The columns are those of `columns.TABLE`, blank where a product has no such term. A filled column that the product does
not use is refused, unless it holds what changes nothing (a rebate of 0, ...).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import pairwise
from math import isclose
from typing import Any, TypeVar, final

import pandas as pd

from .._checks import InvalidValueError, refuse
from ..payoffs.protocol import Contract
from .calendars import DAYS_PER_YEAR, PERIODS, closest, iso_date, regular
from .columns import HARMLESS, READERS, REFUSED, TABLE, TERMS, clear, key_of, text_of, word
from .columns import day as day_of
from .currencies import UNKNOWN
from .market import Market
from .products import ANY, EUROPEAN, FLOATING, PRODUCTS, contract_of
from .reading import filled, read_book
from .underlying import Model, Underlying

T = TypeVar("T")
NET = "net"
"""The trade_id of the rows that hold a net position."""


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
    quantity : float
        Units held, negative if short: the column of that name, with the side and times the multiplier.
    maturity_date : datetime.date
    maturity : float
        Years from the valuation date, Actual/365 Fixed.
    payoff : Contract
        One unit.
    strike_for_volatility : float
        Currency: where Black--Scholes reads its volatility on the surface. The strike, or the spot if there is none.
    model : GBM or Heston
        With the zero rate to the maturity; Black--Scholes with the volatility at that strike.
    currency : str
        Code of the underlying's currency; `UNKNOWN` if nobody says it.
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
    model: Model
    currency: str = UNKNOWN


@final
@dataclass(frozen=True)
class Problem:
    """Why a row of a book cannot be priced: `field` must `requirement`, but is `value`.

    Parameters
    ----------
    trade_id : str
        Empty if the row has none.
    row : int
        Position in the table, from 0.
    field, requirement : str
    value : object
        What was found; None if blank.
    """

    trade_id: str
    row: int
    field: str
    requirement: str
    value: object


def _observations(
    name: str, value: object, product: str, calendar_name: str, span: tuple[date, date]
) -> tuple[float, ...]:
    """Year fractions of the dates in a cell of the column frequency; `span` is the valuation date and the maturity."""
    words, (start, end) = ("daily", *PERIODS), span
    if key_of(value) in words:
        return regular(key_of(value), calendar_name, start, end)
    parts = value.split(";") if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    clear(name, value)
    try:
        days = [iso_date(name, part) for part in parts]
    except InvalidValueError:
        refuse(name, f"be one of {', '.join(words)}{closest(value, words)}, or ISO dates separated by ';'", value)
    if not all(a < b for a, b in pairwise(days)):
        refuse(name, "hold increasing dates", value)
    if not start < days[0] <= days[-1] <= end:
        refuse(name, f"hold dates after {start} and not after {end}", value)
    if days[-1] != end and PRODUCTS[product].options != ANY:
        refuse(name, f"end at the maturity {end}: {product} is paid at its last date", value)
    return tuple((day - start).days / DAYS_PER_YEAR for day in days)


@dataclass(frozen=True)
class _Row:
    """The cells of a row that are not blank, and the problems found in them so far."""

    number: int
    cells: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)

    @property
    def trade_id(self) -> str:
        return text_of(self.cells.get("trade_id", ""))

    def attempt(self, function: Callable[..., T], *arguments: Any) -> T | None:
        """``function(*arguments)``; None, and a problem noted, if it refuses."""
        try:
            return function(*arguments)
        except InvalidValueError as error:
            self.problems.append(Problem(self.trade_id, self.number, error.name, error.requirement, error.value))
            return None

    def read(self, column: str, reader: Callable[..., T], *arguments: Any, why: str = "be given") -> T | None:
        """What `reader` makes of a cell that may not be blank."""
        if column not in self.cells:
            return self.attempt(refuse, column, why, None)
        return self.attempt(reader, column, self.cells[column], *arguments)


def _unique(name: str, value: object, counts: Mapping[str, int]) -> str:
    text = text_of(value)
    if text.lower() == NET:
        refuse(name, f"not be {NET!r}, the name of the net rows", value)
    return text if counts[text] == 1 else refuse(name, f"be unique: {counts[text]} rows have it", value)


def _maturity(name: str, value: object, today: date) -> date:
    day = day_of(name, value)
    return day if day > today else refuse(name, f"be after the valuation date {today}", value)


def _harmless(column: str, value: object, product: str) -> bool:
    return key_of(value) in (HARMLESS.get(column, ()) if column != "option" else (product,))


def _floats(row: _Row, product: str) -> bool:
    return PRODUCTS[product].floats and key_of(row.cells.get("strike", "")) == FLOATING


def _terms(row: _Row, product: str) -> dict[str, Any]:
    """The terms of a row by column, except the maturity and the dates; what is wrong with them is noted."""
    own = PRODUCTS[product]
    given, blank = f"be given: {product} needs it", f"be blank: {product} does not use it"
    terms: dict[str, Any] = {}
    required, used = set(own.required), set(own.columns)
    if own.options:
        terms["option"] = row.read("option", partial(word, own.options), why=given)
        inner = EUROPEAN.values() if terms["option"] is None else [EUROPEAN[terms["option"]]]
        if own.options == ANY:
            required |= set.intersection(*(set(each.required) for each in inner))
            used |= set.union(*(set(each.columns) for each in inner))
    for column in TERMS:
        if column in row.cells and column not in used and not _harmless(column, row.cells[column], product):
            row.attempt(refuse, column, blank, row.cells[column])
        elif column == "strike" and _floats(row, product):
            continue
        elif column in READERS and column in (required | used & row.cells.keys()):
            terms[column] = row.read(column, READERS[column], why=given)
    return {column: term for column, term in terms.items() if term is not None}


def _position(row: _Row) -> float | None:
    """Units held: the quantity with its side, times the multiplier."""
    quantity = row.read("quantity", READERS["quantity"])
    side, multiplier = (row.read(name, READERS[name]) if name in row.cells else 1.0 for name in ("side", "multiplier"))
    if quantity is None or side is None or multiplier is None:
        return None
    if "side" in row.cells and quantity < 0.0:
        why = "be positive where the side is given: it could be a sale, or a sale taken back"
        return row.attempt(refuse, "quantity", why, row.cells["quantity"])
    return quantity * side * multiplier


def _agrees(row: _Row, underlying: Underlying, currency: str) -> None:
    """Note what a row says that the market contradicts, and the filled columns that nothing here can honour."""
    stated = {name: row.read(name, READERS[name]) for name in ("currency", "currency_pay", "spot") if name in row.cells}
    of = f"the currency of {underlying.name}"
    for name in ("currency", "currency_pay"):
        if not (value := stated.get(name)) or value == currency:
            continue
        why = f"be {currency}, {of}: {'quantos are' if name == 'currency_pay' else 'another one is'} not supported"
        if currency == UNKNOWN:
            why = f"go with {of}: trades state several or none, and the market does not say it"
        row.attempt(refuse, name, why, row.cells[name])
    if (spot := stated.get("spot")) and not isclose(spot, underlying.spot, rel_tol=1e-6):
        row.attempt(refuse, "spot", f"be blank or the market's, {underlying.spot:g}", spot)
    for column in TABLE:
        cell = row.cells.get(column.name)
        if column.use == REFUSED and column.read and cell is not None and key_of(cell) not in column.harmless:
            row.read(column.name, column.read)


def _unhit(column: str, level: float, direction: str, spot: float) -> None:
    if not (level < spot if direction == "down" else level > spot):
        refuse(column, f"be {'below' if direction == 'down' else 'above'} the spot {spot:g}", level)


def _model(underlying: Underlying, terms: Mapping[str, Any], day: date) -> Model:
    """The law for a trade with these terms; refusals name its own columns."""
    try:
        return underlying.model(terms.get("strike", underlying.spot), terms["maturity"])
    except InvalidValueError as error:
        if error.name == "maturity":
            refuse("maturity", error.requirement, f"{day}, {error.value:.4g} years")
        if error.name == "strike" and "strike" not in terms:
            refuse("spot", f"{error.requirement}: {underlying.name} is read there without a strike", error.value)
        raise


def _trade(row: _Row, market: Market, counts: Mapping[str, int], currencies: Mapping[str, str]) -> Trade | None:
    """The trade in a row, or None and its problems noted."""
    trade_id = row.read("trade_id", _unique, counts)
    underlying = row.read("underlying", lambda _, value: market.underlying(text_of(value)))
    product = row.read("product", partial(word, PRODUCTS))
    quantity = _position(row)
    day = row.read("maturity", _maturity, market.valuation_date)
    terms = _terms(row, product) if product else {}
    if underlying:
        _agrees(row, underlying, currencies.get(underlying.name, UNKNOWN))
    if underlying and product:
        for column, direction in {"level": terms.get("direction"), "lower": "down", "upper": "up"}.items():
            if column in terms and direction:
                row.attempt(_unhit, column, terms[column], direction, underlying.spot)
        if "reference" in PRODUCTS[product].optional:
            terms.setdefault("reference", underlying.spot)
    model = None
    if underlying and product and day:
        terms["maturity"], span = market.years(day), (market.valuation_date, day)
        if "frequency" in PRODUCTS[product].required:
            terms["frequency"] = row.read("frequency", _observations, product, underlying.calendar, span)
        if "strike" in terms or "strike" not in row.cells or _floats(row, product):
            model = row.attempt(_model, underlying, terms, day)
    payoff = None if row.problems or not product else row.attempt(contract_of, product, terms)
    if not (trade_id and underlying and product and quantity and day and payoff and model):
        return None
    years, strike = terms["maturity"], terms.get("strike", underlying.spot)
    currency = currencies.get(underlying.name, UNKNOWN)
    return Trade(trade_id, row.number, underlying.name, product, quantity, day, years, payoff, strike, model, currency)


def _currencies(rows: Iterable[_Row], market: Market) -> dict[str, str]:
    """The currency of each underlying of which somebody says it: the market, or trades that do not contradict."""
    stated: dict[str, set[str]] = {}
    for row in rows:
        if isinstance(cell := row.cells.get("currency"), str):
            stated.setdefault(text_of(row.cells.get("underlying", "")), set()).add(cell.strip().upper())
    agreed = {name: next(iter(said)) for name, said in stated.items() if len(said) == 1}
    return agreed | {name: own.currency for name, own in market.underlyings.items() if own.currency is not None}


def parse(book: pd.DataFrame, market: Market) -> tuple[list[Trade], list[Problem]]:
    """The trades of a book that can be priced in `market`, and what is wrong with the others.

    Parameters
    ----------
    book : pandas.DataFrame
        As `read_book` returns it, or with the same columns. Rows with no cell filled are passed over.
    market : Market

    Returns
    -------
    list of Trade, list of Problem
        Everything found wrong with a trade that is not in the first is in the second; both in the order of the book.

    Raises
    ------
    ValueError
        If the columns are not those of a book; a bad trade does not raise.
    """
    rows = [_Row(number, cells) for number, cells in enumerate(filled(read_book(book))) if cells]
    counts, currencies = Counter(row.trade_id for row in rows), _currencies(rows, market)
    trades = [_trade(row, market, counts, currencies) for row in rows]
    return [trade for trade in trades if trade], [problem for row in rows for problem in row.problems]
