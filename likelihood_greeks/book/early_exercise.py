"""Trades that are exercised early: their rules, which are fitted to the law of each, and what these leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from .._checks import refuse
from .._remembered import remembered
from ..engine.early_exercise import KEPT, Verdict, fitted, is_early, ruled
from ..estimate import Statistics
from ..estimators.likelihood_ratio import Combination
from ..payoffs.exercise import Bermudan
from ..payoffs.redeemable import Redeemable
from ..result import estimates
from .trade import Trade

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
