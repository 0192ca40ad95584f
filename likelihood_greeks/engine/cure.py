r"""Numbers whose errors cannot be trusted get draws that look where the payoff lives, before they are marked.

The main run's plan is followed again on paths of which many are pushed up and down, as those of `scouts` are. With the
density :math:`\omega` of the law over that of the mixture, and the main run's mean c, every

.. math:: c + \omega\,(y - c)

has the mean of the controlled sample y, whatever c: the estimate is unbiased, like the main run's. :math:`\omega` is
bounded by one over the share that is not pushed, so nothing can be lost but a constant, while rare samples come often
and count little. (Laws whose steps cannot be pushed get more of the pilot's draws, or of ordinary ones.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from .._typing import FloatArray
from ..controls.plan import Plan
from ..estimate import CARRIERS, Moments, doubt, rarity
from ..payoffs.relaxed.tape import NotRelaxableError
from ..streams.chunks import Chunk, Draws, chunk_size
from .batches import Batches
from .corridor import Corridor
from .execution import Workers, results
from .payoff_group import Group
from .scouts import SCOUTS, pairs_of, weighted_draws
from .sums import Pair

FEWEST = 1024
"""Paths of a main run that is worth a cure."""

FIRST, MOST = 2, 8
"""Paths of a cure over those of the main run: of its first round, and of all."""

COUNTED = 25
"""Samples that must decide a payoff where nothing else is held against a number: an error is then known to a tenth."""

PUSHED = "pushed paths"
"""What is added to the name of a method."""


def rarities(pair: Pair) -> list[str]:
    """Why the payoff is too rarely hit for each of its numbers: less is enough where its error can be trusted."""
    rare = {False: rarity(pair.plain, 0, COUNTED), True: rarity(pair.plain, 0)}
    return [rare[bool(doubt(pair.controlled, row))] for row in range(len(pair.controlled.mean))]


def doubts(pair: Pair) -> list[str]:
    """What is held against each number of a payoff; empty where nothing is."""
    own = [doubt(pair.controlled, row) for row in range(len(pair.controlled.mean))]
    return ["; ".join(filter(None, both)) for both in zip(rarities(pair), own, strict=True)]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cured:
    """What a cure has come to.

    Attributes
    ----------
    both : Moments
        As `Pair.summed` makes them.
    batches : Batches
        Of the controlled samples.
    paths : int
    """

    both: Moments
    batches: Batches
    paths: int

    @property
    def pair(self) -> Pair:
        """The statistics with controls and without."""
        return Pair.of(self.both)

    def merge(self, other: Cured) -> Cured:
        """Both together."""
        return Cured(self.both.merge(other.both), self.batches.merge(other.batches), self.paths + other.paths)

    def serving(self, held: Sequence[str], main: Pair) -> list[int]:
        """The numbers that are better known than in the main run, which has something held against them."""
        own, pair = doubts(self.pair), self.pair
        carriers = pair.controlled.pooled.carriers, main.controlled.pooled.carriers
        return [row for row, why in enumerate(held) if why and (not own[row] or carriers[0][row] > carriers[1][row])]


@final
@dataclass(frozen=True, slots=True)
class Cure:
    """The work of one chunk.

    Parameters
    ----------
    group : Group
    row : int
        Of the payoff in the group.
    plan : Plan
    centre, base : tuple of float
        What controlled and plain samples are weighted about: the main run's means; of plain prices, what most pay.
    corridor : Corridor, optional
        In which half of the samples stay.
    """

    group: Group
    row: int
    plan: Plan
    centre: tuple[float, ...]
    base: tuple[float, ...]
    corridor: Corridor | None = None

    @classmethod
    def of(cls, group: Group, row: int, plan: Plan, main: Pair, draws: Draws) -> Cure:
        """The cure of a payoff: controls that do not serve on pushed draws are left away, by draws of their own."""
        means = main.controlled.mean, main.plain.mean
        (chunk, *_) = _chunks(draws, 0, 1)
        corridor = Corridor.of(group.payoffs[row], group.draw(replace(chunk, index=SCOUTS)).spot)
        trial = cls(group, row, plan, tuple(means[0].tolist()), (0.0,) * len(means[1]), corridor)
        samples = zip(*trial.pieces(replace(chunk, index=SCOUTS)), strict=True)
        controlled, plain, paid = (np.concatenate(rows, axis=-1) for rows in samples)
        served = np.var(controlled, axis=1) <= np.var(plain, axis=1)
        if group.buckets:  # they share the controls of their Greek
            served[:] = True
        base = (float(np.median(paid[0])), *means[1][1:].tolist())
        centre = np.where(served, means[0], base)
        return replace(trial, plan=plan.restricted(served), centre=tuple(centre.tolist()), base=base)

    def pieces(self, chunk: Chunk) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
        """Controlled and plain samples, weighted, and plain ones without weights, shape (n_greeks, n_samples)."""
        centre, base = (np.array(values)[:, None] for values in (self.centre, self.base))
        for draws in weighted_draws(self.group, chunk, self.corridor):
            controlled, plain = pairs_of(self.group, self.row, self.plan, draws)
            weight = draws.weight
            yield centre + weight * (controlled - centre), base + weight * (plain - base), plain

    def __call__(self, chunk: Chunk) -> Cured:
        """The weighted samples of a chunk, added up."""
        controlled, plain, raw = (np.concatenate(rows, axis=-1) for rows in zip(*self.pieces(chunk), strict=True))
        found = Pair.summed(controlled, plain, largest=np.abs(raw).max(axis=1))
        return Cured(found, Batches.of(controlled, chunk), chunk.n_paths)


def attempted(
    group: Group,
    row: int,
    plan: Plan,
    main: Pair,
    *,
    held: Sequence[str],
    draws: Draws,
    paths: int,
    executor: Workers = None,
) -> Cured | None:
    """The cure of a payoff of a group, whose main run of so many paths has something held against some numbers.

    None if the payoff cannot be worked on there.
    """
    if paths < FEWEST or draws.sampling == "sobol" or (group.buckets and plan.sharing is None):
        return None  # independent draws would undo what Sobol points have gained
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            found = _cured(Cure.of(group, row, plan, main, draws), held, draws, paths, executor)
    except (NotRelaxableError, ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    return found if np.isfinite(found.both.mean).all() else None


def _cured(cure: Cure, held: Sequence[str], draws: Draws, paths: int, executor: Workers) -> Cured:
    """Draws until nothing is held against the numbers against which something was, as far as the budget goes."""
    found: Cured | None = None
    wanted = FIRST * paths
    while found is None or wanted > found.paths:
        done = 0 if found is None else found.paths
        for part in results(cure, _chunks(draws, done, wanted), executor):
            found = part if found is None else found.merge(part)
        assert found is not None
        wanted = min(_needed(found, held), MOST * paths)
    return found


def _needed(found: Cured, held: Sequence[str]) -> int:
    """Paths after which samples enough carry every variance that is in doubt."""
    own, carriers = doubts(found.pair), found.pair.controlled.pooled.carriers
    short = [float(carriers[row]) for row, why in enumerate(held) if why and own[row] and carriers[row] > 0.0]
    times = max((CARRIERS / (0.8 * few) for few in short), default=0.0)
    return int(np.ceil(times * found.paths)) if times > 1.0 else found.paths


def _chunks(draws: Draws, done: int, wanted: int) -> list[Chunk]:
    """Independent chunks of the pilot's stream from so many paths to so many, whatever the main run's are."""
    size = chunk_size(draws.n_times)
    numbers: Iterable[int] = range(done // size, -(-wanted // size))
    return [Chunk(draws.seed, SCOUTS + 2 + 2 * k, size, pilot=True) for k in numbers]
