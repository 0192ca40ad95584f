"""Rules fitted to a law, and judged: each on draws of its own, none of them the main run's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ..models.protocol import PathModel
from ..payoffs.exercise import Bermudan, Exercised
from .draws import drawn, verify_law
from .hedge import Hedge, increments
from .judged import Judged, judged
from .levels import hedged_and_levelled, improved

REGRESSED, IMPROVED, JUDGED = range(3)  # numbers of the draws


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A rule, and the hedge that was fitted with it."""

    rule: Exercised
    hedge: Hedge

    @classmethod
    def of(cls, law: PathModel, contract: Bermudan, seed: int) -> Fitted:
        """The best rule: levels by a regression, then brought to where their gradient is zero.

        Raises
        ------
        TypeError
            If a rule under the law would not be a function of its spot.
        """
        verify_law(law)
        count, times = contract.rule_paths, contract.times
        hedge, first = hedged_and_levelled(contract, drawn(law, times, seed, REGRESSED, count // 2))
        draws = drawn(law, times, seed, IMPROVED, count)
        return cls(Exercised(contract, improved(contract, draws, increments(hedge, draws), first)), hedge)

    def judged(self, law: PathModel, rule: Exercised, coordinates: Sequence[str], seed: int) -> Judged:
        """What is to be said about a rule for the same contract, this one or another."""
        draws = drawn(law, rule.times, seed, JUDGED, rule.contract.rule_paths)
        return judged(law, rule, draws, self.hedge, best=self.rule.levels, coordinates=coordinates)
