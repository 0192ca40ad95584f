"""A payoff whose changes are handed over otherwise than in the estimate: the difference of two unbiased integrands."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .._typing import FloatArray
from ..estimators.likelihood_ratio import Combination
from .by_interval import ByInterval
from .handover import Gradual, Handover, Way, words
from .moved_payoff import MovedPayoff
from .protocol import Load, Scene
from .widths import Relaxation

MOVING = 4.5
"""Work of moving a relaxed payoff along one way, in dates of a plain run (measured at 3 to 252 dates, five Greeks)."""

RELAXED, MOVED, DATE, SCORED, SCORED_DATE = 3.5, 12.0, 0.3, 10.0, 0.1
"""Where many payoffs are worked on together: by how much a relaxation is dearer than counted; work of moving it along
one way, and of each of its dates; the same of what all relaxations have in common on one way."""

HANDOVER, TRAVEL, RATE = 0.08, 0.2, 0.4
"""For a law that draws something beneath its spots, in shares of the work there: of every handover, of moving a relaxed
payoff along one, and of every further rate (measured under a law of stochastic volatility at 12 and 52 dates)."""

BACKWARDS = 0.7
"""Work of a step of the pass backwards where steps depend on their state, in dates of a plain run (measured under a
local volatility at 52 and 252 steps, five Greeks)."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class HandedOver:
    """A payoff, relaxed or as it is, whose perturbations are handed over in another way.

    Parameters
    ----------
    relaxation : Relaxation or None
        None: the payoff itself, whose spots cannot travel.
    way : Handover or Gradual
    """

    relaxation: Relaxation | None
    way: Way

    @property
    def name(self) -> str:
        """What it is, in words."""
        what = "the payoff" if self.relaxation is None else f"relaxed {self.relaxation.name}"
        return f"{what}, {words(self.way)}"

    @property
    def family(self) -> Hashable:
        """The relaxation: to evaluate it is what costs most."""
        return "relaxation", id(self.relaxation)

    def samples(self, scene: Scene, combinations: Sequence[Combination]) -> FloatArray:
        """Its integrand less that of the estimate, Greek by Greek, shape (n_combinations, n_paths)."""
        moved = scene.moved(self.relaxation)
        if isinstance(moved, MovedPayoff) and isinstance(self.way, Handover):
            found = moved.controls(combinations, self.way)
        else:
            found = np.stack([moved.control(c, self.way) for c in combinations])  # type: ignore[arg-type]
        if scene.trial:
            for row, combination in zip(found, combinations, strict=True):
                if moved.vanishes(combination, row):
                    row[:] = 0.0
        return found

    def by_interval(self, scene: Scene) -> ByInterval | None:
        """The samples of a first derivative by intervals."""
        return scene.moved(self.relaxation).by_interval(self.way)  # type: ignore[arg-type]

    def work(self, load: Load) -> Mapping[Hashable, float]:
        """Work by piece: the relaxation, the way beneath the spots, and the motion along it."""
        found: dict[Hashable, float] = {id(self): MOVED if load.sharing else MOVING}
        if self.relaxation:
            found[self.family] = self.relaxation.work * (RELAXED if load.sharing else 1.0)
        if isinstance(self.way, Gradual):
            found[id(self)] += BACKWARDS * (load.steps or load.dates)
            return found
        if load.sharing:
            found[id(self)] += DATE * load.dates
            found["scored", self.way] = SCORED + SCORED_DATE * load.dates
        if load.beneath:
            found[id(self)] += TRAVEL * load.beneath
            found[self.way] = HANDOVER * load.beneath
            if self.way.rate != load.rate:
                found["rate", self.way.rate] = RATE * load.beneath
        return found
