"""A payoff revalued at several points of the parameters: anchors chosen, coefficients fitted, samples averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast, final

import numpy as np

from .._typing import FloatArray
from ..controls.regression import fit
from ..engine.execution import Workers, results
from ..engine.greeks import check_on_trial
from ..engine.main_run import Run
from ..engine.payoff_group import Group
from ..engine.pilot import planned, run_of
from ..engine.pilot_and_main import pilot_and_main
from ..engine.scouts import SCOUTS
from ..engine.stopping import Goal
from ..engine.sums import accumulate
from ..estimate import Moments, Statistics, rarity
from ..estimators.likelihood_ratio import Combination
from ..models.moves import LIKELIHOOD_RATIO
from ..payoffs.protocol import Contract
from ..streams.chunks import Chunk, Stream
from ..streams.recorded import Source
from .anchors import Trust, trusted
from .many_points import Averaging, Fitting, Ladder, Layout
from .points import Settings
from .reweighting import Point, Weights


@final
@dataclass(frozen=True, slots=True)
class Redirected:
    """A chunk that draws from another source.

    Parameters
    ----------
    chunk : Chunk
    source : Source
    """

    chunk: Chunk
    source: Source

    def stream(self) -> Stream:
        """The source's stream."""
        return self.source.stream()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.chunk, name)


@final
@dataclass(frozen=True, slots=True)
class Corrections:
    """What the controls of `greeks` take off the plain samples of a payoff's derivatives, negative.

    Parameters
    ----------
    run : Run
        Of one payoff.
    """

    run: Run

    def __call__(self, chunk: Chunk, source: Source) -> FloatArray:
        """The samples of one chunk on a source's draws, shape (n_combinations, n_samples); their mean is zero."""
        ((controlled, plain),) = self.run.controlled(cast("Chunk", Redirected(chunk, source)))[0]
        return controlled - plain


@final
@dataclass(frozen=True, slots=True)
class Revaluation:
    """The work of valuing a payoff at several points.

    Parameters
    ----------
    payoff : Contract
    points : tuple of Point
        The base first.
    settings : Settings
    terms : tuple of Combination
        As for `Ladder`.
    rate : float
        As for `Ladder`.
    corrected : Group, optional
        The terms as `greeks` would estimate them, with its controls.
    """

    payoff: Contract
    points: tuple[Point, ...]
    settings: Settings
    terms: tuple[Combination, ...] = ()
    rate: float = LIKELIHOOD_RATIO
    corrected: Group | None = None

    def planned(self, pilot: Sequence[Chunk], pool: Workers) -> Averaging:
        """Whose paths every point uses, and the coefficients of its controls."""
        run, n_times = self.settings, len(self.payoff.times)
        count = sum(piece.n_samples for piece in run.draws(n_times).chunks(run.paths))
        trust = trusted(self.payoff, self.points, pilot[0], run.trust, count)
        corrections = None
        if self.corrected is not None:
            corrections = Corrections(run_of(self.corrected, planned(self.corrected, pilot, run.paths, pool)))
        ladder = Ladder(self.payoff, self.points, trust, self.terms, self.rate, run.controlled, corrections)
        if not run.controlled:
            return Averaging(ladder)
        seen = accumulate(results(Fitting(ladder), pilot, pool))
        found = (fit(seen[k], ladder.allowed(k)).coefficients for k in range(len(self.points)))
        return Averaging(ladder, tuple(found)).scouted(replace(pilot[0], index=SCOUTS), run.paths)

    def without_relaxations(self) -> Revaluation:
        """The same with the terms as the free controls alone leave them."""
        return replace(self, corrected=None)

    def watched(self, total: Mapping[Any, Statistics]) -> list[Statistics]:
        """Nothing: the run has as many paths as it was asked for."""
        return []


@final
@dataclass(frozen=True, slots=True, eq=False)
class Revalued:
    """What a run found.

    Attributes
    ----------
    ladder : Ladder
    moments : mapping of int to Moments
        By number of the point (0 is the base).
    paths : int
    """

    ladder: Ladder
    moments: Mapping[int, Moments]
    paths: int

    @property
    def trust(self) -> Trust:
        """Whose paths every point used."""
        return self.ladder.trust

    def layout(self, number: int) -> Layout:
        """Where the moments of a point have what."""
        return self.ladder.layout(number)

    def weights(self, number: int) -> Weights:
        """What the density ratios of a point were like."""
        return Weights.of(self.moments[number][self.layout(number).weights])

    def effective(self, number: int) -> float:
        """Effective samples of a point."""
        return self.weights(number).share * self.moments[number].count

    def note(self, number: int) -> str:
        """What is held against a point: rare payments, or weights that are worse than the pilot said."""
        found = [rarity(self.moments[number], self.layout(number).plain_price)]
        if self.trust.sources[number] != number:
            found.append(self.weights(number).distrust(0.0))
        return "; ".join(filter(None, found))


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def revalued(work: Revaluation) -> Revalued:
    """The payoff at all points."""
    run, times = work.settings, work.payoff.times
    check_on_trial(work.points[0].law, work.payoff, run.seed)
    draws, goal = run.draws(len(times)), Goal(run.paths, run.paths)
    done = pilot_and_main(work, run.pilot(len(times)), draws, goal, executor=run.executor, title=run.title)
    found: dict[int, Any] = {number: done.of(number) for number in range(len(work.points))}
    return Revalued(done.task.ladder, found, run.paths)
