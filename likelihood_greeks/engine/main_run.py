"""The main run of a group of payoffs, chunk by chunk: samples with the controls of their plans, and the scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from .._typing import FloatArray
from ..controls.plan import Plan
from ..estimate import CARRIERS, Moments, Statistics
from ..scouted import CERTAIN, Scouted
from ..streams.chunks import Chunk
from .payoff_group import Group
from .sums import PAYOFFS, SCORES, Pair

SCORE_LIMIT = 6.0
"""Standard errors that a mean may lie from its exact value, zero, before the law is called inconsistent."""


@final
@dataclass(frozen=True, slots=True)
class Run:
    """The work of one chunk: moments of the controlled and plain samples of every payoff of a group, and of scores.

    Parameters
    ----------
    group : Group
    plans : tuple of Plan
        One a payoff; empty without controls.
    looked : tuple of (Scouted or None)
        Without controls, what is known of the variance of each payoff's samples besides.
    """

    group: Group
    plans: tuple[Plan, ...] = ()
    looked: tuple[Scouted | None, ...] = ()

    def controlled(self, chunk: Chunk) -> tuple[Iterator[tuple[FloatArray, FloatArray]], FloatArray]:
        """(controlled, plain) samples payoff by payoff, and the scores."""
        group, drawn = self.group, self.group.draw(chunk)
        free = group.control_samples(chunk, drawn) if self.plans else None
        shared = group.shared(drawn)

        def pairs() -> Iterator[tuple[FloatArray, FloatArray]]:
            for row, plain in enumerate(group.samples(chunk, drawn)):
                if free is None:
                    every = group.uncontrolled(chunk, row, shared, plain)
                    yield every, every
                else:
                    yield group.controlled(chunk, row, self.plans[row], (free, shared), plain)

        return pairs(), self.group.scores(chunk, drawn)

    def __call__(self, chunk: Chunk) -> dict[str, Moments]:
        """Moments of all payoffs (`PAYOFFS`, shape (n_payoffs, 2 n_greeks): see `Pair`) and of the `SCORES`."""
        pairs, scores = self.controlled(chunk)
        found = [Pair.summed(*pair, self.scouted(row)) for row, pair in enumerate(pairs)]
        return {PAYOFFS: Moments.stacked(found), SCORES: Moments.of(scores)}

    def scouted(self, row: int) -> Scouted | None:
        """What is known of the variance of a payoff's controlled samples besides."""
        known = self.plans[row].scouted if self.plans else self.looked[row] if self.looked else None
        nothing = self.group.nothing(row)
        if nothing is None:
            return known
        known = known or Scouted.nothing(nothing.shape)
        return replace(
            known, rare=np.where(nothing, 0.0, known.rare), carriers=np.where(nothing, CERTAIN, known.carriers)
        )


def inconsistency(group: Group, found: Statistics) -> str:
    """Why the law cannot be trusted: a mean that is not zero where it must be; empty if there is no sign of it."""
    scores = found.pooled
    for row, (what, means) in enumerate(group.score_names):
        mean, error = float(scores.mean[row]), float(scores.standard_error[row])
        constant = scores.count > 1 and scores.m2[row] == 0.0 and mean != 0.0
        if constant or (scores.carriers[row] >= CARRIERS and abs(mean) > SCORE_LIMIT * error):
            return f"{what} has mean {mean:.3g} ± {error:.2g}, not 0: {means}"
    return ""
