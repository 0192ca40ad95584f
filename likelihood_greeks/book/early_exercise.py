"""Trades that are exercised early: their rules, which are fitted to the law of each, and what these leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from .._checks import refuse
from .._remembered import remembered
from ..engine.early_exercise import KEPT, Verdict, fitted, is_early, ruled
from ..estimate import Statistics
from ..estimators.likelihood_ratio import Combination
from ..payoffs.exercise import Bermudan, Exercised
from ..payoffs.exercise_by_value import ExercisedByValue
from ..payoffs.protocol import Contract
from ..payoffs.redeemable import Redeemable
from ..payoffs.redeemed import Redeemed
from ..result import estimates
from .calendars import DAYS_PER_YEAR
from .trade import Trade

T = TypeVar("T")

SEED = 0
"""Of the draws on which rules are fitted: a trade has the same rule in every run on the same market."""


def with_rule(trade: Trade) -> Trade:
    """A trade with the best rule under its law, if it needs one.

    Raises
    ------
    ValueError
        If there is none under the law.
    """
    if not isinstance(trade.payoff, Bermudan | Redeemable):
        return trade
    try:
        return replace(trade, payoff=fitted(trade.model, trade.payoff, SEED).rule)
    except TypeError as error:
        refuse("product", f"not be exercised early here ({error})", trade.product)


def unruled(payoff: Contract) -> Contract:
    """What was agreed, without the rule by which it is exercised."""
    return payoff.contract if isinstance(payoff, Exercised | ExercisedByValue | Redeemed) else payoff


def kept(rule: Contract, left: Contract, elapsed: float) -> Contract:
    """What is left of a contract after some years, with the rule that it had before on the dates to come.

    Raises
    ------
    ValueError
        If its dates are not among those that the rule is for.
    """
    if not isinstance(left, Bermudan | Redeemable):
        return left
    times = left.times[:-1] if isinstance(left, Bermudan) else left.call_times
    if isinstance(rule, Redeemed) and isinstance(left, Redeemable):
        return Redeemed(left, _later(rule.contract.call_times, rule.going_on, times, elapsed))
    if isinstance(rule, Exercised) and isinstance(left, Bermudan):
        return Exercised(left, _later(rule.times, rule.levels, times, elapsed))
    if isinstance(rule, ExercisedByValue) and isinstance(left, Bermudan):
        return ExercisedByValue(left, _later(rule.times, rule.going_on, times, elapsed))
    refuse("product", "be exercised by the same kind of rule on both days", type(left).__name__)


def _later(before: Sequence[float], rule: Sequence[T], times: Sequence[float], elapsed: float) -> tuple[T, ...]:
    """Of what a rule has for each of its dates, what it has for those that are left."""
    known = {round((time - elapsed) * DAYS_PER_YEAR, 3): own for time, own in zip(before, rule, strict=False)}
    days = [round(time * DAYS_PER_YEAR, 3) for time in times]
    if any(day not in known for day in days):
        refuse("frequency", "hold the same exercise dates on both days", [*times])
    return tuple(known[day] for day in days)


def remarks(trades: Iterable[Trade]) -> list[str]:
    """What to say of gains at other points of trades that are exercised early: their rule does not move."""
    names = [trade.trade_id for trade in trades if is_early(trade.payoff)]
    return [f"{', '.join(names)}: {KEPT}"] if names else []


def verify_greeks(trade: Trade, wanted: Mapping[str, Combination]) -> None:
    """Refuse second derivatives with which a rule would have to move.

    Raises
    ------
    ValueError
        Naming the first.
    """
    ruled(trade.model, trade.payoff, chain.from_iterable(wanted.values()), SEED)


def doubts(trade: Trade, labels: Sequence[str], terms: Sequence[Combination], found: Statistics) -> dict[str, str]:
    """What is to be held against a trade's Greeks for the bias of its rule, by label; empty of other trades."""
    if not is_early(trade.payoff):
        return {}
    wanted = dict(zip(labels, terms, strict=False))
    verdict = _verdict(trade.model, trade.payoff, tuple((name, tuple(own.items())) for name, own in wanted.items()))
    own = estimates([*wanted], found, 0)
    return {name: verdict.doubt(estimate, wanted[name]) for name, estimate in own.items()}


@remembered(256)
def _verdict(law: Any, rule: Any, wanted: tuple[tuple[str, tuple[Any, ...]], ...]) -> Verdict:
    """The rule judged, once."""
    return Verdict.on(law, rule, {name: dict(terms) for name, terms in wanted}, SEED)
