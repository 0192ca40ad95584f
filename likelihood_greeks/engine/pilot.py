"""The pilot: every payoff's controls chosen, their coefficients fitted, on draws that the main run does not use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from ..controls.plan import Choice, Plan
from ..controls.protocol import Control
from ..controls.regression import Products
from ..streams.chunks import Chunk, Sampling, chunk_size, scrambled, sobol_chunks
from .execution import Workers, results
from .main_run import Run
from .payoff_group import Group
from .scouts import scouted
from .sums import PAYOFFS, Pair, accumulate, replicated

SMALLEST_PILOT, MOST_REFINEMENT = 1024, 28_672  # paths
FEWER, FITTED = 2048, 4096
"""Paths of the pilots of many payoffs: on which all that is offered is computed, and in all. Coefficients of p controls
from n samples add a share p/n to the variance, which no longer matters then."""
FOR_BUCKETS = 2048  # paths of the pilot to which coefficients of buckets are fitted
TRIAL = 1 << 20  # number of the first scramble that is the pilot's


def planned(group: Group, pilot: Sequence[Chunk], paths: int | None, executor: Workers = None) -> tuple[Plan, ...]:
    """The plans of all payoffs of a group; none if it has no controls to plan.

    Scouts tell what a main run of so many `paths` would hardly see; None if nobody asks.
    """
    if not group.control_names:
        return ()
    found = _sharing(group, plans(group, pilot, executor), pilot[0])
    if paths is None:
        return tuple(found)
    first = replace(pilot[0], n_paths=_size(len(group.times))) if group.together else pilot[0]
    return scouted(group, found, first, paths)


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
    choices = _choices(group, first)
    serving = {
        number: choice.specific for number, choice in enumerate(choices) if choice.specific and choice.whole is None
    }
    seen = accumulate(results(Refinement(group, serving), more, executor)) if serving else {}
    found = [choice.planned(seen.get(number)) for number, choice in enumerate(choices)]
    return _judged(group, found, trial, executor) if trial and not all(plan.empty for plan in found) else found


def _choices(group: Group, first: Chunk) -> list[Choice]:
    """The controls of every payoff; where a short chunk shows none that pays, as of rare payoffs, a whole one does."""
    found, whole = group.choices(first), _size(len(group.times))
    if group.together and first.n_paths < whole and group.controls.own:
        again = [number for number, choice in enumerate(found) if not choice.specific]
        if again:
            rare = replace(group, payoffs=tuple(group.payoffs[number] for number in again))
            longer = rare.choices(replace(first, n_paths=whole))
            found = [longer.pop(0) if number in again else choice for number, choice in enumerate(found)]
    return found


def _judged(group: Group, found: Sequence[Plan], trial: Sequence[Chunk], executor: Workers) -> list[Plan]:
    """The plans without controls for Greeks whose mean varies less from scramble to scramble without them."""
    run = Run(replace(group, buckets=()), tuple(found))
    total = accumulate(replicated(results(run, trial, executor), trial))[PAYOFFS]
    pairs = [Pair.of(total[row]) for row in range(len(found))]
    served = [pair.controlled.variance < pair.plain.variance for pair in pairs]
    return [plan.restricted(kept) if plan.whole is None else plan for plan, kept in zip(found, served, strict=True)]


def pilot_chunks(seed: int, paths: int, n_times: int, sampling: Sampling, many: bool = False) -> list[Chunk]:
    """The pilot's draws: a chunk to choose controls, up to an eighth of the run more to fit their coefficients.

    Fewer for `many` payoffs, so that pilots do not take longer than what they save. Those of a run on Sobol points are
    pseudo-random, followed by an eighth of the run on scrambles of their own.
    """
    if sampling == "sobol":
        scrambles, count = scrambled(max(paths // 8, SMALLEST_PILOT))
        trial = sobol_chunks(seed, scrambles, 0, count, n_times)
        trial = [replace(chunk, pilot=True, scramble=TRIAL + chunk.scramble) for chunk in trial]
        return [*pilot_chunks(seed, paths, n_times, "pseudo", many), *trial]
    size = _size(n_times)
    more = min(paths // 8, MOST_REFINEMENT) // size
    sizes = [size] * (1 + more)
    if many:
        first = min(size, FEWER)
        whole, rest = divmod(min(sum(sizes), FITTED) - first, size)
        sizes = [first, *[size] * whole, *([rest] if rest else [])]
    return [Chunk(seed, k, n, sampling, pilot=True) for k, n in enumerate(sizes)]


def _size(n_times: int) -> int:
    """Paths of a whole chunk of a pilot."""
    return max(chunk_size(n_times), SMALLEST_PILOT)
