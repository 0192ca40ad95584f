"""Pilot, plan, main run: the one way in which `greeks`, `scenarios` and `explain` come to their numbers.

A `Work` is planned on the pilot's draws, which makes the task of the main run; the task's moments are added up, chunk
by chunk, until the goal is reached. A relaxation that fails on a path which the pilot did not see is given up, and the
work done again without relaxations. (A book is planned by the same `pilot`, block by block; its main runs go in rounds
across blocks, so that positions can be netted and a stopped run resumed: `book.account`.)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar, final

from ..estimate import Moments, Statistics
from ..payoffs.relaxed.tape import NotRelaxableError
from ..streams.chunks import Chunk, Draws
from .execution import Workers, one_thread_each, workers
from .stopping import Goal, Sampled, sampled

Task: TypeAlias = Callable[[Chunk], Mapping[Any, Moments]]
T_co = TypeVar("T_co", bound=Task, covariant=True)
T = TypeVar("T", bound=Task)


class Work(Protocol[T_co]):
    """Something to be estimated."""

    def planned(self, pilot: Sequence[Chunk], pool: Workers, /) -> T_co:
        """The task of the main run, after the pilot."""
        ...

    def without_relaxations(self) -> Self:
        """The same work with no control made of a relaxed payoff."""
        ...

    def watched(self, total: Mapping[Any, Statistics], /) -> Iterable[Statistics]:
        """The moments so far of what has a target error."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class Done(Generic[T]):
    """A run that is over.

    Attributes
    ----------
    task : callable
        What the pilot planned.
    sampled : Sampled
        What the main run added up.
    pilot_seconds, main_seconds : float
        Wall-clock times.
    given_up : str
        Why relaxations were given up; empty if they were not.
    """

    task: T
    sampled: Sampled
    pilot_seconds: float
    main_seconds: float
    given_up: str = ""

    def of(self, key: Hashable) -> Statistics:
        """The moments under a key."""
        return self.sampled.total[key]


def pilot_and_main(
    work: Work[T], pilot: Sequence[Chunk], draws: Draws, goal: Goal, *, executor: Workers = None, title: str = ""
) -> Done[T]:
    """Plan a work on the pilot's draws, and add up its main run.

    Parameters
    ----------
    work : Work
    pilot : sequence of Chunk
        The pilot's draws.
    draws : Draws
        Of the main run.
    goal : Goal
        How long the main run shall be.
    executor : concurrent.futures.Executor or "serial", optional
        Default: threads, one a core.
    title : str, optional
        Of a progress bar; empty for none.
    """
    with one_thread_each(), workers(executor) as pool:
        try:
            return _done(work, pilot, draws, goal, pool=pool, title=title)
        except NotRelaxableError as error:  # on a path that the pilot did not see
            given_up = f"relaxations given up: the payoff uses {error}"
            without = work.without_relaxations()
            return _done(without, pilot, draws, goal, pool=pool, title=title, given_up=given_up)


def _done(
    work: Work[T], pilot: Sequence[Chunk], draws: Draws, goal: Goal, *, pool: Workers, title: str, given_up: str = ""
) -> Done[T]:
    start = time.perf_counter()
    task = work.planned(pilot, pool)
    piloted = time.perf_counter()
    found = sampled(task, draws, goal, work.watched, executor=pool, title=title)
    return Done(task, found, piloted - start, time.perf_counter() - piloted, given_up)
