"""The pilot: every payoff's controls chosen, their coefficients fitted, on draws that the main run does not use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from ..controls.plan import Plan
from ..controls.protocol import Control
from ..controls.regression import Products
from ..streams.chunks import Chunk, Sampling, chunk_size, scrambled, sobol_chunks
from .execution import Workers, results
from .main_run import Run
from .payoff_group import Group
from .scouts import scouted
from .sums import PAYOFFS, Pair, accumulate, replicated

SMALLEST_PILOT, MOST_REFINEMENT = 1024, 28_672  # paths
FOR_BUCKETS = 2048  # paths of the pilot to which coefficients of buckets are fitted
TRIAL = 1 << 20  # number of the first scramble that is the pilot's


def planned(group: Group, pilot: Sequence[Chunk], paths: int | None, executor: Workers = None) -> tuple[Plan, ...]:
    """The plans of all payoffs of a group; none if it has no controls to plan.

    Scouts tell what a main run of so many `paths` would hardly see; None if nobody asks.
    """
    if not group.control_names:
        return ()
    found = _sharing(group, plans(group, pilot, executor), pilot[0])
    return tuple(found) if paths is None else scouted(group, found, pilot[0], paths)


def _sharing(group: Group, found: Sequence[Plan], first: Chunk) -> Sequence[Plan]:
    """The plans with what buckets share, if there are any."""
    if not group.buckets:
        return found
    draws = group.pilot_draws(replace(first, n_paths=min(first.n_paths, FOR_BUCKETS)))
    return [group.sharing(draws, number, plan) for number, plan in enumerate(found)]


def run_of(group: Group, found: Sequence[Plan]) -> Run:
    """The main run by these plans; a plain one if no plan uses a control."""
    if all(plan.empty for plan in found):
        return Run(group.plain(), looked=tuple(plan.scouted for plan in found))
    return Run(group, tuple(found))


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
    run = Run(replace(group, buckets=()), tuple(found))
    total = accumulate(replicated(results(run, trial, executor), trial))[PAYOFFS]
    pairs = [Pair.of(total[row]) for row in range(len(found))]
    served = [pair.controlled.variance < pair.plain.variance for pair in pairs]
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
