"""The terms of a position's profit or loss, sample by sample, from the values of its trade where it is valued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from ..._typing import FloatArray
from ...engine.exact import exact
from ...parameters import Derivative, Greek, offered
from ..bucket_split import Split
from ..failures import FAILS, problem_of, reason_of
from ..trades import Problem, Trade
from .by_pillar import Pillars, pillars, split_of, together
from .legs import AFTER, BEFORE, ROLLED, SETTLED, Leg
from .moves import TERMS, Move, factor, greeks_of, move, term_of

ROWS = ("value_before", "value_after", "cash", "pnl", *TERMS, "explained", "unexplained")
"""What there is of a position, in currency."""

PLACE = {name: row for row, name in enumerate(ROWS)}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """A leg, how far its law has moved, and what of its values is exact.

    Parameters
    ----------
    leg : Leg
    moved : mapping of str to float
        By coordinate of its law where it is settled.
    shown : mapping of str to float
        The same for people.
    derivatives : tuple of Derivative
        Those estimated where it is settled, the price first.
    known : mapping of str to ndarray
        Exact values by stage: the price alone, but all derivatives, and those by pillar, where it is settled.
    pillars : Pillars
        The buckets of its terms.
    """

    leg: Leg
    moved: Mapping[str, float]
    shown: Mapping[str, float]
    derivatives: tuple[Derivative, ...]
    known: Mapping[str, FloatArray]
    pillars: Pillars = field(default_factory=Pillars)

    @property
    def trade_id(self) -> str:
        """The name of the trade."""
        return self.leg.trade_id

    @property
    def drawn(self) -> dict[str, Trade]:
        """Where it must be simulated."""
        return {stage: trade for stage, trade in self.leg.stages.items() if stage not in self.known}

    def gone(self, stage: str) -> int:
        """How many dates have gone by where it is valued, since the first market."""
        stages = self.leg.stages
        if stage == BEFORE or BEFORE not in stages:
            return 0
        return max(len(stages[BEFORE].drawn.times) - len(stages[stage].drawn.times), 0)

    @property
    def method(self) -> str:
        """How it is valued."""
        if not self.drawn:
            return "closed form" if any(len(t.payoff.times) for t in self.leg.stages.values()) else "known"
        return "likelihood ratio"

    def rows(self, drawn: Mapping[str, FloatArray]) -> FloatArray:
        """The samples of `ROWS` and of the buckets, (n_rows, n_samples), from those of all stages that are simulated.

        Those of a stage have the shape (n_derivatives, n_samples), the price first and those by pillar last.
        """
        values = {stage: own[:, None] for stage, own in self.known.items()} | dict(drawn)
        size = max((own.shape[1] for own in drawn.values()), default=1)
        leg, found = self.leg, np.zeros((len(ROWS), size))
        after = values[AFTER][0] if AFTER in values else values[SETTLED][0]
        if SETTLED in values:
            greeks = values[SETTLED]
            before, rolled = (values[stage][0] if stage in values else greeks[0] for stage in (BEFORE, ROLLED))
            found[PLACE["value_before"]] = leg.held * before
            found[PLACE["theta"]] = leg.held * (rolled + leg.cash_rolled - before)
            found[PLACE["fixings"]] = leg.held * (greeks[0] + leg.cash - rolled - leg.cash_rolled)
            for row, derivative in enumerate(self.derivatives):
                if derivative:
                    found[PLACE[term_of(derivative)]] += leg.held * factor(derivative, self.moved) * greeks[row]
            for name, amount in leg.dividends.items():
                # the spot fell by them: what the position earns on them is not the delta of the move
                slope = greeks[self.derivatives.index((name,))] if (name,) in self.derivatives else 0.0
                found[PLACE["delta"]] -= leg.held * amount * slope
                found[PLACE["dividends"]] += leg.held * amount * slope
        found[PLACE["new" if not leg.held or abs(leg.kept) > abs(leg.held) else "ended"]] = (
            leg.kept - leg.held
        ) * after
        found[PLACE["cash"]] = leg.held * leg.cash
        found[PLACE["value_after"]] = leg.kept * after
        explained = found[PLACE["theta"] : PLACE["ended"] + 1].sum(axis=0)
        gained = leg.kept * after - found[PLACE["value_before"]] + leg.held * leg.cash
        found[PLACE["unexplained"]] = gained - explained
        return self.closed(np.concatenate([found, self._by_pillar(found, values)]) if self.pillars.labels else found)

    def _by_pillar(self, found: FloatArray, values: Mapping[str, FloatArray]) -> FloatArray:
        """The samples of the buckets, from those of `ROWS` and of the stages."""
        own = self.pillars
        terms = {term: found[PLACE[term]] for term in TERMS}
        by_node = values[SETTLED][len(self.derivatives) :] if SETTLED in values else np.zeros((0, found.shape[1]))
        return own.rows(terms, self.leg.held * by_node, self.moved)

    @property
    def differences(self) -> tuple[int, ...]:
        """What lies between two valuations: time, fixings, and what is left."""
        return PLACE["theta"], PLACE["fixings"], PLACE["unexplained"]

    def closed(self, rows: FloatArray) -> FloatArray:
        """The rows with the sums made of their terms, and of the two values the one that is simulated."""
        rows[PLACE["explained"]] = rows[PLACE["theta"] : PLACE["ended"] + 1].sum(axis=0)
        rows[PLACE["pnl"]] = rows[PLACE["explained"]] + rows[PLACE["unexplained"]]
        gained = rows[PLACE["pnl"]] - rows[PLACE["cash"]]
        if AFTER in self.drawn:
            rows[PLACE["value_after"]] = rows[PLACE["value_before"]] + gained
        elif self.drawn:
            rows[PLACE["value_before"]] = rows[PLACE["value_after"]] - gained
        return rows


def positions(
    legs: Sequence[Leg], closed_form: bool, by_pillar: Sequence[str] = ()
) -> tuple[list[Position], list[Greek], list[Problem]]:
    """The legs on one underlying with their moves, the derivatives that explain them, and what cannot be valued.

    The terms `by_pillar` have buckets.
    """
    moves, problems = list[tuple[Leg, Move | None]](), list[Problem]()
    for leg in legs:
        try:
            moves.append((leg, move(leg.stages[SETTLED], leg.last) if SETTLED in leg.stages else None))
        except FAILS as error:
            problems.append(problem_of(leg.trade_id, leg.last.row, reason_of(error)))
    greeks, found = greeks_of([{**own.by, **leg.dividends} for leg, own in moves if own is not None]), []
    for leg, own in moves:
        try:
            found.append(_position(_shortened(leg), own, greeks, closed_form, by_pillar))
        except FAILS as error:
            problems.append(problem_of(leg.trade_id, leg.last.row, reason_of(error)))
    every = together([position.pillars for position in found])
    return [replace(own, pillars=parts) for own, parts in zip(found, every, strict=True)], greeks, problems


def split(own: Sequence[Position]) -> Split:
    """How the runs of positions are split where they are settled."""
    return split_of({position.trade_id: position.pillars for position in own if SETTLED in position.drawn})


def _shortened(leg: Leg) -> Leg:
    """A leg without the stages that are where it is settled."""
    settled = leg.stages.get(SETTLED)
    same = [
        stage
        for stage, trade in leg.stages.items()
        if settled is not None and stage != SETTLED
        and (trade.model, trade.payoff) == (settled.model, settled.payoff)
    ]  # fmt: skip
    return replace(leg, stages={stage: trade for stage, trade in leg.stages.items() if stage not in same})


def _position(
    leg: Leg, moved: Move | None, greeks: Sequence[Greek], closed_form: bool, by_pillar: Sequence[str]
) -> Position:
    """A leg with what of it is exact."""
    known, derivatives, stages = dict[str, FloatArray](), tuple[Derivative, ...](), dict(leg.stages)
    parts = Pillars()
    if moved is not None:
        stages[SETTLED] = replace(stages[SETTLED], model=moved.law)
        parts = pillars(stages[SETTLED], leg.last.model, moved, by_pillar)
    for stage, trade in stages.items():
        wanted, law = offered(greeks if stage == SETTLED else [], trade.model), trade.model
        if stage == SETTLED:
            derivatives = tuple(next(iter(terms)) for terms in wanted.values())
            wanted |= parts.combinations
            law = parts.law(law)
        if (sure := exact(law, trade.payoff, wanted, closed_form)) is not None:
            known[stage] = np.array([sure.estimates[label].value for label in wanted])
    by, shown = ({}, {}) if moved is None else (moved.by, moved.shown)
    return Position(replace(leg, stages=stages), by, shown, derivatives, known, parts)
