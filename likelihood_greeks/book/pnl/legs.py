"""The trades of one or two books under two markets: what each was, what it has become, and what it has paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, final

import pandas as pd

from ..._checks import InvalidValueError, refuse
from ...engine.early_exercise import is_early
from ..calendars import DAYS_PER_YEAR
from ..cells import text_of
from ..fixings import known as stated
from ..market import Market
from ..sheets import blank
from ..trades import Problem, Trade, parse
from .aging import aged, paid
from .cash import merged, own_later, paid_between

BEFORE, ROLLED, SETTLED, AFTER = "before", "rolled", "settled", "after"
"""Where a trade is valued: under the first market; on the second day with that market, the fixings since at its spot;
the same with the fixings as they came; and under the second market."""

AMENDED = " (amended)"
"""What follows the trade_id of a trade with new terms, whose old ones have ended."""


@final
@dataclass(frozen=True, slots=True)
class Leg:
    """A trade between two markets.

    Parameters
    ----------
    trade_id : str
    held : float
        Units under the first market; 0 of a new trade.
    kept : float
        Units under the second; 0 of a trade that has ended.
    stages : mapping of str to Trade
        By where it is valued.
    cash : float
        What a unit has paid between the two days.
    cash_rolled : float
        What it would have paid with the fixings at the first market's spot.
    dividends : float
        Cash dividends that went ex, currency.
    """

    trade_id: str
    held: float
    kept: float
    stages: Mapping[str, Trade]
    cash: float = 0.0
    cash_rolled: float = 0.0
    dividends: float = 0.0

    @property
    def last(self) -> Trade:
        """What it is under the second market."""
        return self.stages.get(AFTER) or self.stages[SETTLED]


@final
@dataclass(frozen=True, slots=True)
class Days:
    """Two markets, with the fixings that close the days between them.

    Parameters
    ----------
    first, second : Market
        The fixings of their own days are known: the spots, where nothing else is stated.
    rolled : Market
        The second with the fixings since the first at the first's spots.
    """

    first: Market
    second: Market
    rolled: Market

    @classmethod
    def of(cls, first: Market, second: Market) -> Days:
        """Two markets, closed: what each states of its own past stays, and what it states of later days is dropped."""
        start, end = first.valuation_date, second.valuation_date
        known = merged(_spots(first), _until(first, start))
        every = [start + timedelta(days=k + 1) for k in range((end - start).days)]
        still = {name: {day: _ex(own, start, day) for day in every} for name, own in first.underlyings.items()}
        return cls(
            replace(first, fixings=known),
            replace(second, fixings=merged(known, _spots(second), _until(second, end))),
            replace(second, fixings=merged(known, still)),
        )

    @property
    def elapsed(self) -> float:
        """Years between them."""
        return (self.second.valuation_date - self.first.valuation_date).days / DAYS_PER_YEAR


def _spots(market: Market) -> dict[str, dict[date, float]]:
    """The spots as fixings of the market's own day."""
    return {name: {market.valuation_date: own.spot} for name, own in market.underlyings.items()}


def _until(market: Market, last: date) -> dict[str, dict[date, float]]:
    """What a market states of days up to the last."""
    return {name: {day: x for day, x in own.items() if day <= last} for name, own in market.fixings.items()}


def _ex(own: Any, start: date, day: date) -> float:
    """The first market's spot on a later day: without the dividends that went ex by then."""
    return float(own.spot - paid(own.dividends, (day - start).days / DAYS_PER_YEAR))


@final
@dataclass(slots=True)
class Reading:
    """The legs found so far, and what is wrong with other trades."""

    legs: list[Leg] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refused(self, trade: Trade, error: InvalidValueError) -> None:
        """Note why a trade cannot be carried from one day to the other."""
        self.problems.append(Problem(trade.trade_id, trade.row, error.name, error.requirement, error.value))


def legs(book: pd.DataFrame, later: pd.DataFrame | None, days: Days) -> Reading:
    """The trades of a book, and of the one that it has become, in tables that `read_book` returned."""
    trades, problems = parse(book, days.first)
    found = Reading(problems=[*problems])
    before = {trade.trade_id: trade for trade in trades}
    known = {problem.trade_id for problem in problems}
    after, rolled, failed = _on_the_second_day(book, before, days)
    found.problems += failed
    kept, new = _kept(later, before, days, found)
    for trade_id, trade in before.items():
        if trade_id not in after or (later is not None and trade_id in kept and kept[trade_id] is None):
            continue
        try:
            leg = _leg(trade, after[trade_id], rolled.get(trade_id), days)
        except InvalidValueError as error:
            found.refused(trade, error)
            continue
        found.legs += [leg] if later is None else _compared(leg, kept.get(trade_id))
    found.legs += [
        Leg(trade.trade_id, 0.0, trade.quantity, {AFTER: trade}) for trade in new if trade.trade_id not in known
    ]
    return found


def _on_the_second_day(
    book: pd.DataFrame, before: Mapping[str, Trade], days: Days
) -> tuple[dict[str, Trade], dict[str, Trade], list[Problem]]:
    """The same trades under the second market and rolled to its day, and what is wrong with others."""
    table = _begun(book, before, days.first.valuation_date)
    rows = [trade.row for trade in before.values()]
    trades, problems = parse(table, days.second, rows)
    rolled = {trade.trade_id: trade for trade in parse(table, days.rolled, rows)[0]}
    after = {trade.trade_id: trade for trade in trades}
    for place, own in ((after, days.second), (rolled, days.rolled)):
        for trade_id, trade in before.items():
            if trade.history is None and trade_id in after:
                problems += _own(place, trade, own, days)
    return after, rolled, problems


def _begun(book: pd.DataFrame, before: Mapping[str, Trade], today: date) -> pd.DataFrame:
    """A book for a later day: trades with no start and no past date began on the first; no spot is stated."""
    table = book.drop(columns="spot", errors="ignore")
    if "start" not in table.columns:
        table = table.assign(start=None)
    starts = [*table["start"].tolist()]
    for trade in before.values():
        new = trade.history is not None and today < trade.history.days[0] and today < trade.maturity_date
        if blank(starts[trade.row]) and new:  # one with past dates began before them
            starts[trade.row] = today.isoformat()
    return table.assign(start=pd.Series(starts, index=table.index, dtype=object))


def _own(place: dict[str, Trade], trade: Trade, market: Market, days: Days) -> list[Problem]:
    """Put what is left of a contract of the user's own in its place; what is wrong with it, if anything."""
    fixings = market.fixings
    today = days.first.valuation_date
    try:
        left, _ = own_later(trade.payoff, days.elapsed, today, lambda gone: stated(fixings, trade.underlying, gone))
        years = max(trade.maturity - days.elapsed, 1.0 / DAYS_PER_YEAR)
        model = market.underlying(trade.underlying).model(trade.strike_for_volatility, years)
    except InvalidValueError as error:
        place.pop(trade.trade_id, None)
        return [Problem(trade.trade_id, trade.row, error.name, error.requirement, error.value)]
    place[trade.trade_id] = replace(trade, payoff=left, model=model, maturity=trade.maturity - days.elapsed)
    return []


def _leg(before: Trade, after: Trade, rolled: Trade | None, days: Days) -> Leg:
    """A trade that is in both markets; refused if a rule of it would have to move from one to the other."""
    if is_early(before.payoff):
        why = "not be exercised early: its P&L would need second derivatives with which the exercise rule moves"
        refuse("product", why, before.product)
    first, second = days.first.valuation_date, days.second.valuation_date
    law = aged(before.model, days.elapsed)
    settled = replace(after, model=law)
    stages = {BEFORE: before, SETTLED: settled, AFTER: after}
    if rolled is not None and rolled.payoff != after.payoff:
        stages[ROLLED] = replace(rolled, model=law)
    cash = [_cash(before, market, first, second, days) for market in (days.second, days.rolled)]
    gone = before.model.spot - law.spot
    return Leg(before.trade_id, before.quantity, before.quantity, stages, cash[0], cash[1], gone)


def _cash(trade: Trade, market: Market, first: date, second: date, days: Days) -> float:
    """What a unit pays between the two days, with the fixings of a market."""
    fixings = market.fixings
    if trade.history is not None:
        return paid_between(trade.history, trade.underlying, fixings, first, second)
    return own_later(trade.payoff, days.elapsed, first, lambda gone: stated(fixings, trade.underlying, gone))[1]


def _kept(
    later: pd.DataFrame | None, before: Mapping[str, Trade], days: Days, found: Reading
) -> tuple[dict[str, Trade | None], list[Trade]]:
    """The trades of the later book: those known by name (None: unusable), and new ones."""
    if later is None:
        return {}, []
    names = [text_of(cell) for cell in later["trade_id"].tolist()]
    rows = {trade_id: replace(before[trade_id], row=row) for row, trade_id in enumerate(names) if trade_id in before}
    trades, problems = parse(_begun(later, rows, days.first.valuation_date), days.second)
    known: dict[str, Trade | None] = {p.trade_id: None for p in problems if p.trade_id in before}
    found.problems += problems
    for trade in trades:
        if trade.trade_id in before:
            known[trade.trade_id] = trade
    return known, [trade for trade in trades if trade.trade_id not in before]


def _compared(leg: Leg, now: Trade | None) -> Sequence[Leg]:
    """A leg with what the later book says of it: gone, another quantity, or other terms."""
    old, gone = leg.last, replace(leg, kept=0.0)
    if now is None:
        over = old.history is not None and old.history.span.expired
        return [leg if over else gone]
    if _same(leg, now):
        return [replace(leg, kept=now.quantity)]
    return [
        gone,
        Leg(leg.trade_id + AMENDED, 0.0, now.quantity, {AFTER: replace(now, trade_id=leg.trade_id + AMENDED)}),
    ]


def _same(leg: Leg, now: Trade) -> bool:
    """Whether the later book has the same contract; dates of one of the user's own count from the first day."""
    then = leg.stages[BEFORE] if now.history is None else leg.last
    return (then.underlying, then.product, then.payoff) == (now.underlying, now.product, now.payoff)
