"""The two runs of an estimate, chunk by chunk: a pilot that settles the controls, and the main run that averages."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, TypeVar, final

import numpy as np

from .._typing import FloatArray
from ..controls.plan import Plan
from ..controls.regression import Products
from ..controls.specific import Control
from ..estimate import CARRIERS, Moments, Replicated, Statistics
from ..streams.chunks import Chunk, Sampling, chunk_size, scrambled, sobol_chunks
from .execution import Workers, results
from .payoff_group import Group

SMALLEST_PILOT, MOST_REFINEMENT = 1024, 28_672  # paths
TRIAL = 1 << 20  # number of the first scramble that is the pilot's
SCORE_LIMIT = 6.0
"""Standard errors that a mean may lie from its exact value, zero, before the law is called inconsistent."""

K = TypeVar("K", bound=Hashable)


class Mergeable(Protocol):
    """Statistics of some samples that can be joined with those of others."""

    def merge(self, other: Self, /) -> Self:
        """Statistics of both sets of samples."""
        ...


M = TypeVar("M", bound=Mergeable)


def replicated(parts: Iterable[Mapping[K, Moments]], pieces: Sequence[Chunk]) -> Iterator[Mapping[K, Statistics]]:
    """The moments of each chunk, those of Sobol points as a part of their scramble's."""
    for part, chunk in zip(parts, pieces, strict=True):
        if chunk.sampling == "sobol":
            yield {key: Replicated({chunk.scramble: moments}) for key, moments in part.items()}
        else:
            yield part


def accumulate(parts: Iterable[Mapping[K, M]], start: Mapping[K, M] | None = None) -> dict[K, M]:
    """Merge statistics key by key, in the order given, after those of `start`."""
    total: dict[K, M] = dict(start or {})
    for part in parts:
        total = {key: total[key].merge(m) if key in total else m for key, m in part.items()}
    return total


@final
@dataclass(frozen=True, slots=True)
class Refinement:
    """More draws of the pilot for payoffs with controls of their own, by payoff number."""

    group: Group
    controls: Mapping[int, tuple[Control, ...]]

    def __call__(self, chunk: Chunk) -> dict[int, Products]:
        """Products by payoff number."""
        draws = self.group.pilot_draws(chunk)
        return {number: self.group.products(draws, number, own) for number, own in self.controls.items()}


def plans(group: Group, pilot: Sequence[Chunk], executor: Workers = None) -> list[Plan]:
    """The controls of every payoff: chosen on the first chunk of the pilot, their coefficients fitted on all.

    Those of Sobol points among the chunks then judge them: a Greek keeps its controls if they serve it there too.
    """
    first, *more = [chunk for chunk in pilot if chunk.sampling != "sobol"]
    trial = [chunk for chunk in pilot if chunk.sampling == "sobol"]
    choices = group.choices(first)
    serving = {number: choice.specific for number, choice in enumerate(choices) if choice.specific}
    seen = accumulate(results(Refinement(group, serving), more, executor)) if serving else {}
    found = [choice.planned(seen.get(number)) for number, choice in enumerate(choices)]
    return _judged(group, found, trial, executor) if trial and not all(plan.empty for plan in found) else found


def _judged(group: Group, found: Sequence[Plan], trial: Sequence[Chunk], executor: Workers) -> list[Plan]:
    """The plans without controls for Greeks whose mean varies less from scramble to scramble without them."""
    total = accumulate(replicated(results(Run(group, tuple(found)), trial, executor), trial))
    served = [half(total[row], True).variance < half(total[row], False).variance for row in range(len(found))]
    return [plan.restricted(kept) for plan, kept in zip(found, served, strict=True)]


def pilot_chunks(seed: int, paths: int, n_times: int, sampling: Sampling) -> list[Chunk]:
    """The pilot's draws: a chunk to choose controls, up to an eighth of the run more to fit their coefficients.

    Those of a run on Sobol points are pseudo-random, followed by an eighth of the run on scrambles of their own.
    """
    if sampling == "sobol":
        scrambles, count = scrambled(max(paths // 8, SMALLEST_PILOT))
        trial = sobol_chunks(seed, scrambles, 0, count, n_times)
        trial = [replace(chunk, pilot=True, scramble=TRIAL + chunk.scramble) for chunk in trial]
        return [*pilot_chunks(seed, paths, n_times, "pseudo"), *trial]
    size = max(chunk_size(n_times), SMALLEST_PILOT)
    more = min(paths // 8, MOST_REFINEMENT) // size
    return [Chunk(seed, k, size, sampling, pilot=True) for k in range(1 + more)]


@final
@dataclass(frozen=True, slots=True)
class Run:
    """The work of one chunk: moments of the controlled and plain samples of every payoff of a group, and of scores.

    Parameters
    ----------
    group : Group
    plans : tuple of Plan
        One a payoff; empty without controls.
    """

    group: Group
    plans: tuple[Plan, ...]

    def controlled(self, chunk: Chunk) -> tuple[Iterator[tuple[FloatArray, FloatArray]], FloatArray]:
        """(controlled, plain) samples payoff by payoff, and the scores."""
        group, drawn = self.group, self.group.draw(chunk)
        free = group.control_samples(chunk, drawn) if self.plans else None
        motion = group.motion(drawn)

        def pairs() -> Iterator[tuple[FloatArray, FloatArray]]:
            for row, plain in enumerate(group.samples(chunk, drawn)):
                if free is None:
                    yield plain, plain
                    continue
                plan = self.plans[row]
                own = group.own_samples(chunk, row, plan.specific, motion, plan.used)
                yield plan.applied(plain, free, own), plain

        return pairs(), self.group.scores(chunk, drawn)

    def __call__(self, chunk: Chunk) -> dict[Any, Moments]:
        """Moments by payoff number (rows: controlled, then plain), and of the ``"scores"``."""
        pairs, scores = self.controlled(chunk)
        found: dict[Any, Moments] = {row: of_both(*pair) for row, pair in enumerate(pairs)}
        return {**found, "scores": Moments.of(scores)}


def of_both(controlled: FloatArray, plain: FloatArray) -> Moments:
    """Moments of controlled, then of plain samples, which without controls are the same ones."""
    if controlled is not plain:
        return Moments.of(np.concatenate([controlled, plain]))
    once = Moments.of(plain)
    return Moments(once.count, *(np.tile(getattr(once, f), 2) for f in ("mean", "m2", "m3", "m4")))


def half(found: Statistics, first: bool) -> Statistics:
    """The first (controlled) or second (plain) half of the rows of a payoff's moments."""
    middle = len(found.mean) // 2
    return found[:middle] if first else found[middle:]


def inconsistency(group: Group, found: Statistics) -> str:
    """Why the law cannot be trusted: a mean that is not zero where it must be; empty if there is no sign of it."""
    scores = found.pooled
    for row, (what, means) in enumerate(group.score_names):
        mean, error = float(scores.mean[row]), float(scores.standard_error[row])
        constant = scores.count > 1 and scores.m2[row] == 0.0 and mean != 0.0
        if constant or (scores.carriers[row] >= CARRIERS and abs(mean) > SCORE_LIMIT * error):
            return f"{what} has mean {mean:.3g} ± {error:.2g}, not 0: {means}"
    return ""
