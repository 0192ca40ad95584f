"""The trades of one or two books under two markets: what each was, what it has become, and what it has paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, final

import pandas as pd

from ..._checks import InvalidValueError, refuse
from ...models.capabilities import value_of
from ...models.correlated.law import CorrelatedGBM
from ...models.correlated.local_volatility import CorrelatedLocalVolatility
from ...payoffs.protocol import Contract
from ..assets import outside
from ..assets.later import own_later as own_jointly_later
from ..assets.names import are_several, names_of
from ..assets.observed import performances
from ..assets.pairs import is_on_two
from ..calendars import DAYS_PER_YEAR
from ..cells import text_of
from ..early_exercise import kept, unruled, with_rule
from ..failures import FAILS, problem_of, reason_of
from ..fixings import known as stated
from ..market import Market
from ..schedule import Span
from ..sheets import blank
from ..trades import Problem, Trade, parse
from ..underlying import LOCAL
from .aging import aged, aged_together, paid
from .cash import merged, own_later, paid_between
from .past import told, verify_agreed, with_past

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
    dividends : mapping of str to float
        Cash dividends that went ex, by the coordinate of the spot, currency.
    """

    trade_id: str
    held: float
    kept: float
    stages: Mapping[str, Trade]
    cash: float = 0.0
    cash_rolled: float = 0.0
    dividends: Mapping[str, float] = field(default_factory=dict)

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
        known = merged(_spots(first), _until(first, "fixings", start))
        every = [start + timedelta(days=k + 1) for k in range((end - start).days)]
        still = {name: {day: _ex(own, start, day) for day in every} for name, own in first.underlyings.items()}
        closes = merged(known, _spots(second), _until(second, "fixings", end))
        lows, highs = (merged(_until(first, what, start), what=what) for what in ("lows", "highs"))
        return cls(
            replace(first, fixings=known, lows=lows, highs=highs),
            replace(
                second,
                fixings=closes,
                lows=merged(lows, _until(second, "lows", end), what="lows"),
                highs=merged(highs, _until(second, "highs", end), what="highs"),
            ),
            replace(second, fixings=merged(known, still), lows=merged(lows, still), highs=merged(highs, still)),
        )

    @property
    def elapsed(self) -> float:
        """Years between them."""
        return (self.second.valuation_date - self.first.valuation_date).days / DAYS_PER_YEAR


def _spots(market: Market) -> dict[str, dict[date, float]]:
    """The spots as fixings of the market's own day."""
    return {name: {market.valuation_date: own.spot} for name, own in market.underlyings.items()}


def _until(market: Market, what: str, last: date) -> dict[str, dict[date, float]]:
    """What a market states of days up to the last."""
    table: Mapping[str, Mapping[date, float]] = getattr(market, what)
    return {name: {day: x for day, x in own.items() if day <= last} for name, own in table.items()}


def _ex(own: Any, start: date, day: date) -> float:
    """The first market's spot on a later day: without the dividends that went ex by then."""
    return float(own.spot - paid(own.dividends, (day - start).days / DAYS_PER_YEAR))


@final
@dataclass(slots=True)
class Reading:
    """The legs found so far, and what is wrong with other trades."""

    legs: list[Leg] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refused(self, trade: Trade, error: Exception) -> None:
        """Note why a trade cannot be carried from one day to the other."""
        self.problems.append(_problem(trade, error))


def _problem(trade: Trade, error: Exception) -> Problem:
    """What a trade is refused for, or what failed in it."""
    if isinstance(error, InvalidValueError):
        return Problem(trade.trade_id, trade.row, error.name, error.requirement, error.value)
    return problem_of(trade.trade_id, trade.row, reason_of(error))


def legs(book: pd.DataFrame, later: pd.DataFrame | None, days: Days) -> Reading:
    """The trades of a book, and of the one that it has become, in tables that `read_book` returned."""
    trades, problems = parse(book, days.first, several=True, supposed=True)
    found = Reading(problems=[*problems])
    before = {trade.trade_id: trade for trade in trades}
    known = {problem.trade_id for problem in problems}
    second, later = (book, None) if later is None else told(book, later)
    after, rolled, failed = _on_the_second_day(second, before, days)
    found.problems += failed
    now, new = _kept(later, before, days, found)
    for trade_id, trade in before.items():
        if trade_id not in after or (later is not None and trade_id in now and now[trade_id] is None):
            continue
        try:
            verify_agreed(trade, now.get(trade_id))
            leg = _leg(trade, after[trade_id], rolled.get(trade_id), days)
            found.legs += [leg] if later is None else _compared(leg, now.get(trade_id))
        except FAILS as error:
            found.refused(trade, error)
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
    trades, problems = parse(table, days.second, rows, several=True, rules=False)
    supposed, _ = parse(table, days.rolled, rows, several=True, supposed=True, rules=False)
    on_day = f"(in the market of {days.second.valuation_date})"  # they were sound in the first
    problems = [replace(problem, requirement=f"{problem.requirement} {on_day}") for problem in problems]
    rolled = {trade.trade_id: trade for trade in supposed}
    after = {trade.trade_id: trade for trade in trades}
    for place, own in ((after, days.second), (rolled, days.rolled)):
        for trade_id, trade in before.items():
            if trade.history is None and trade_id in after and not is_on_two(trade.product, trade.payoff):
                problems += _own(place, trade, own, days)
    return after, rolled, problems


def _begun(book: pd.DataFrame, before: Mapping[str, Trade], today: date) -> pd.DataFrame:
    """A book for a later day: trades with no start and no past date began on the first; no spot is stated."""
    table = book.drop(columns="spot", errors="ignore")
    if "start" not in table.columns:
        table = table.assign(start=None)
    starts = [*table["start"].tolist()]
    known = [[*table[name].tolist()] for name in ("watched_to", "touched_on") if name in table.columns]
    for trade in before.values():
        first = None if trade.history is None else trade.history.days[0]
        if trade.history is None and is_on_two(trade.product, trade.payoff):
            first = trade.maturity_date
        new = first is not None and today < first and today < trade.maturity_date
        if blank(starts[trade.row]) and new and all(blank(cells[trade.row]) for cells in known):
            # one with past dates, or of which the past is told, began before
            starts[trade.row] = today.isoformat()
    return table.assign(start=pd.Series(starts, index=table.index, dtype=object))


def _own(place: dict[str, Trade], trade: Trade, market: Market, days: Days) -> list[Problem]:
    """Put what is left of a contract of the user's own in its place; what is wrong with it, if anything."""
    try:
        left, _ = _left_of_own(trade, market, days)
        if are_several(trade.underlying):
            place[trade.trade_id] = replace(
                trade, payoff=left, model=place[trade.trade_id].model, maturity=trade.maturity - days.elapsed
            )
            return []
        years = max(trade.maturity - days.elapsed, 1.0 / DAYS_PER_YEAR)
        model = market.underlying(trade.underlying).model(trade.strike_for_volatility, years)
    except FAILS as error:
        place.pop(trade.trade_id, None)
        return [_problem(trade, error)]
    place[trade.trade_id] = replace(trade, payoff=left, model=model, maturity=trade.maturity - days.elapsed)
    return []


def _leg(before: Trade, after: Trade, rolled: Trade | None, days: Days) -> Leg:
    """A trade that is in both markets; one that is exercised early keeps the rule of the first."""
    after, rolled = _ruled_as(before, after, days), rolled and _ruled_as(before, rolled, days)
    first, second = days.first.valuation_date, days.second.valuation_date
    old = before.model
    if isinstance(old, CorrelatedLocalVolatility):
        refuse("model", "be black-scholes to explain trades on several assets", LOCAL)
    joint = isinstance(old, CorrelatedGBM)
    law = aged_together(old, days.elapsed) if joint else aged(old, days.elapsed)
    settled = replace(after, model=law)
    stages = {BEFORE: before, SETTLED: settled, AFTER: after}
    if rolled is not None and not isinstance(law, CorrelatedGBM) and not is_on_two(before.product, before.payoff):
        rolled = _watched_at(rolled, law.spot)
    if rolled is not None and rolled.payoff != after.payoff:
        stages[ROLLED] = replace(rolled, model=law)
    paying = with_past(before, after)
    cash = [_cash(paying, market, first, second, days) for market in (days.second, days.rolled)]
    spots = [f"spot[{name}]" for name in old.assets] if joint else ["spot"]
    fallen = {name: value_of(old, name) - value_of(law, name) for name in spots}
    gone = {name: amount for name, amount in fallen.items() if amount}
    return Leg(before.trade_id, before.quantity, before.quantity, stages, cash[0], cash[1], gone)


def _watched_at(rolled: Trade, spot: float) -> Trade:
    """A trade on the second day as it is while the spot stays; one that is watched at all times sees the spot too."""
    past = rolled.history
    return rolled if past is None or past.watch is None else replace(rolled, payoff=past.left(spot)[0])


def _ruled_as(before: Trade, later: Trade, days: Days) -> Trade:
    """A trade on the second day with the rule by which it is exercised on the first."""
    payoff = kept(before.payoff, later.payoff, days.elapsed)
    if payoff is later.payoff:
        return later
    said = f"exercise rule of {days.first.valuation_date}"
    return replace(later, payoff=payoff, state="; ".join(filter(None, (later.state, said))))


def _cash(trade: Trade, market: Market, first: date, second: date, days: Days) -> float:
    """What a unit pays between the two days, with the fixings of a market."""
    if trade.history is None:
        return _left_of_own(trade, market, days)[1]
    if is_on_two(trade.product, trade.payoff):
        return outside.paid_between(trade.history, names_of(trade.underlying), market, first, second)
    name = trade.underlying
    if trade.performance is not None:
        made = [day for day in trade.history.days if day <= second]
        name, fixings = performances(trade.performance, market.fixings, made)
        market = replace(market, fixings=fixings)
    return paid_between(trade.history, name, market, first, second)


def _left_of_own(trade: Trade, market: Market, days: Days) -> tuple[Contract, float]:
    """What is left of a contract that has its own dates on the second day, and what a unit has paid until then."""
    fixings, today = market.fixings, days.first.valuation_date
    if isinstance(trade.model, CorrelatedGBM):
        return own_jointly_later(trade.payoff, trade.model.assets, days.elapsed, today, fixings)
    return own_later(trade.payoff, days.elapsed, today, lambda gone: stated(fixings, trade.underlying, gone))


def _kept(
    later: pd.DataFrame | None, before: Mapping[str, Trade], days: Days, found: Reading
) -> tuple[dict[str, Trade | None], list[Trade]]:
    """The trades of the later book: those known by name (None: unusable), and new ones."""
    if later is None:
        return {}, []
    names = [text_of(cell) for cell in later["trade_id"].tolist()]
    rows = {trade_id: replace(before[trade_id], row=row) for row, trade_id in enumerate(names) if trade_id in before}
    trades, problems = parse(_begun(later, rows, days.first.valuation_date), days.second, several=True, rules=False)
    known: dict[str, Trade | None] = {p.trade_id: None for p in problems if p.trade_id in before}
    said = {(problem.trade_id, problem.field) for problem in found.problems if problem.trade_id in before}
    found.problems += [problem for problem in problems if (problem.trade_id, problem.field) not in said]
    for trade in trades:
        if trade.trade_id in before:
            known[trade.trade_id] = trade
    new = list[Trade]()
    for trade in trades:
        try:
            new += [] if trade.trade_id in before else [with_rule(trade)]
        except FAILS as error:
            found.refused(trade, error)
    return known, new


def _compared(leg: Leg, now: Trade | None) -> Sequence[Leg]:
    """A leg with what the later book says of it: gone, another quantity, or other terms."""
    old, gone = leg.last, replace(leg, kept=0.0)
    if now is None:
        over = old.history is not None and (old.history.span.expired or _ended_before(old.history.span))
        return [leg if over else gone]
    if _same(leg, now):
        return [replace(leg, kept=now.quantity)]
    name = leg.trade_id + AMENDED
    return [gone, Leg(name, 0.0, now.quantity, {AFTER: with_rule(replace(now, trade_id=name))})]


def _ended_before(own: Span) -> bool:
    """Whether a trade was ended early, before the second day."""
    return own.ended_on is not None and own.ended_on < own.today


def _same(leg: Leg, now: Trade) -> bool:
    """Whether the later book has the same contract; dates of one of the user's own count from the first day."""
    by_term = now.history is not None or is_on_two(now.product, now.payoff)
    then = leg.last if by_term else leg.stages[BEFORE]
    return (then.underlying, then.product, unruled(then.payoff)) == (now.underlying, now.product, unruled(now.payoff))
