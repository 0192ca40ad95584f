"""Rules fitted to a law, and judged: each on draws of its own, none of them the main run's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from .._checks import refuse
from .._typing import FloatArray
from ..models.protocol import PathModel
from ..payoffs.exercise import Bermudan, Exercised
from .decisions import Decisions, Early
from .draws import drawn, verify_law
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
    def of(cls, law: PathModel, contract: Early, seed: int) -> Fitted:
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
        decisions = Decisions.of(contract, draws, law)
        first = None
        if isinstance(contract, Bermudan):
            least = min(float(paid.min()) for paid in (*decisions.gain, decisions.flows[0].amount))
            if not least >= 0.0:
                refuse("payoff", "nowhere be negative where it may be exercised early", least)
        if isinstance(contract, Bermudan) and contract.option is not None:
            hedge, levels = hedged_and_levelled(contract, draws)
            first = Exercised(contract, levels)
        else:
            hedge = hedged_and_valued(contract, decisions)
        draws = drawn(law, times, seed, IMPROVED, count)
        decisions = Decisions.of(contract, draws, law)
        return cls(_improved(contract, first, decisions, increments(hedge, decisions)), hedge)

    def judged(self, law: PathModel, rule: Rule, coordinates: Sequence[str], seed: int) -> Judged:
        """What is to be said about a rule for the same contract, this one or another."""
        contract: Early = rule.contract
        draws = drawn(law, rule.times, seed, JUDGED, contract.rule_paths)
        decisions, size = Decisions.of(contract, draws, law), draws.n_paths // PARTS
        noise = increments(self.hedge, decisions)
        cuts = [slice(k * size, (k + 1) * size) for k in range(PARTS)]
        parts = [(Decisions.of(contract, draws.part(cut), law), noise[:, cut]) for cut in cuts]
        others = [_improved(contract, self.rule, *part) for part in parts]
        return judged(law, rule, decisions, noise, others=others, names=coordinates)


def _improved(contract: Early, first: Rule | None, decisions: Decisions, noise: FloatArray) -> Rule:
    """The rule whose gradient is zero on some draws; of levels the search begins with those of the first."""
    if isinstance(first, Exercised):
        return Exercised(first.contract, improved_levels(first.contract, decisions.draws, noise, first.levels))
    return valued(contract, decisions, noise)
