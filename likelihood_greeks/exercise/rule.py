"""Rules fitted to a law, and judged: each on draws of its own, none of them the main run's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from .._checks import refuse
from .._typing import FloatArray
from ..models.protocol import PathModel
from ..payoffs.exercise import Bermudan, Exercised
from ..payoffs.exercise_by_value import ExercisedByValue
from .draws import Draws, drawn, verify_law
from .hedge import Hedge, increments
from .judged import Judged, Rule, judged
from .levels import hedged_and_levelled, improved_levels
from .values import hedged_and_valued, valued

REGRESSED, IMPROVED, JUDGED = range(3)  # numbers of the draws
PARTS = 4  # independent rules whose mean is compared with one's own


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A rule, and the hedge that was fitted with it."""

    rule: Rule
    hedge: Hedge

    @classmethod
    def of(cls, law: PathModel, contract: Bermudan, seed: int) -> Fitted:
        """The best rule: by a regression, then brought to where its gradient is zero.

        Raises
        ------
        TypeError
            If a rule under the law would not be a function of its spots.
        ValueError
            If exercise may cost something.
        """
        verify_law(law)
        count, times = contract.rule_paths, contract.times
        draws = drawn(law, times, seed, REGRESSED, count // 2)
        least = min(float(contract.paid(draws.at(row)).min()) for row in draws.rows)
        if not least >= 0.0:
            refuse("payoff", "nowhere be negative where it may be exercised early", least)
        if contract.option is None:
            hedge, first = hedged_and_valued(contract, draws), None
        else:
            hedge, levels = hedged_and_levelled(contract, draws)
            first = Exercised(contract, levels)
        draws = drawn(law, times, seed, IMPROVED, count)
        return cls(_improved(contract, first, draws, increments(hedge, draws)), hedge)

    def judged(self, law: PathModel, rule: Rule, coordinates: Sequence[str], seed: int) -> Judged:
        """What is to be said about a rule for the same contract, this one or another."""
        draws = drawn(law, rule.times, seed, JUDGED, rule.contract.rule_paths)
        noise, size = increments(self.hedge, draws), draws.n_paths // PARTS
        cuts = [slice(k * size, (k + 1) * size) for k in range(PARTS)]
        others = [_improved(rule.contract, self.rule, draws.part(cut), noise[:, cut]) for cut in cuts]
        return judged(law, rule, draws, noise, others=others, names=coordinates)


def _improved(contract: Bermudan, first: Rule | None, draws: Draws, noise: FloatArray) -> Rule:
    """The rule whose gradient is zero on some draws; of levels the search begins with those of the first."""
    if isinstance(first, Exercised):
        return Exercised(contract, improved_levels(contract, draws, noise, first.levels))
    return ExercisedByValue(contract, valued(contract, draws, noise))
