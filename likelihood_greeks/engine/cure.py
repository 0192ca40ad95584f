r"""Numbers whose errors cannot be trusted get draws that look where the payoff lives, before they are marked.

The main run's plan is followed again on paths of which many are pushed, as those of `scouts` are: by shares that have
learnt where the payoff lives, and to the levels that it compares spots and returns with. With the density
:math:`\omega` of the law over that of the mixture, and the main run's mean c, every

.. math:: c + \omega\,(y - c)

has the mean of the controlled sample y, whatever c: the estimate is unbiased, like the main run's. :math:`\omega` is
bounded by one over the share that is not pushed, so nothing can be lost but a constant, while rare samples come often
and count little. (Laws whose steps cannot be pushed get more of the pilot's draws, or of ordinary ones.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..controls.plan import Plan
from ..estimate import CARRIERS, RARE, Moments, doubt, rarity
from ..models.capabilities import draws_beneath
from ..payoffs.protocol import Contract
from ..payoffs.relaxed.tape import NotRelaxableError
from ..scouted import CERTAIN, FAINT, RESOLVED, Scouted
from ..streams.chunks import Chunk, Draws, chunk_size
from .batches import Batches
from .corridor import Corridor
from .execution import Workers, results
from .far_beneath import FarBeneath
from .levels import ways
from .payoff_group import Group, Piloted
from .pushes import ALONE, AWAY, Pushes
from .scouts import SCOUTS, beside, pairs_of, weighted_draws
from .sums import Pair

FEWEST = 1024
"""Paths of a main run that is worth a cure."""

MOST = 8
"""Paths of a cure over those of the main run."""

FIRST, SHORTEST = 0.125, 16_384
"""Of many payoffs, the fewest paths of a cure over those of the main run, and in all: pushes that have learnt need no
more of most."""

GROWTH = 4.0
"""Of many payoffs, paths of a cure that too few samples carry over the fewest, at most: what a trial says is rough."""

ROOM = 0.5
"""Carriers that are counted on for each of a trial, whose few samples tell more of them than there are."""

LESS = 0.5
"""Of these, the share where what is beneath is drawn too, whose densities spread wider, or where there are buckets, of
which one is always told badly."""

KNOWN = 1e-3
"""Of many payoffs, the share of a number that is small enough: an error below it that holds what no path has seen is no
reason for a cure, and one of its trial none for more paths."""

FAR = 8.0
"""Of many payoffs, errors of a cure which, with its mean, the error of a main run must hold to stay what is stated."""

COUNTED = 25
"""Samples that must decide a payoff where nothing else is held against a number: an error is then known to a tenth."""

TRIPS, DEEPER = 2, 3
"""Times that pushes learn where a payoff lives; with what is beneath, which learns as well."""

CONFIRMED = 3
"""The same where paths of their own have looked: of so few, intervals still hold what they should."""

WORSE = 4.0
"""Times the error of a main run: what is known to less does not take its place."""

UNSEEN = "the error is of what no path has seen"

PUSHED = "pushed paths"
"""What is added to the name of a method."""


def rarities(pair: Pair, *, strict: bool = False) -> list[str]:
    """Why the payoff is too rarely hit for each of its numbers: less is enough where its error can be trusted.

    Least where scouts or pushed paths have looked where the payoff is paid, unless one is `strict`, and where controls
    leave nothing but rounding, so that those few are explained like all others.
    """
    looked, found = pair.controlled.pooled.known.carriers >= RESOLVED, []
    exact = pair.controlled.standard_error <= pair.controlled.pooled.known.rounding
    for row in range(len(pair.controlled.mean)):
        trusted = CONFIRMED if exact[row] or (looked[row] and not strict) else COUNTED
        found.append(
            "" if _sure(pair, row) else rarity(pair.plain, 0, *(() if doubt(pair.controlled, row) else (trusted,)))
        )
    return found


def _sure(pair: Pair, row: int) -> bool:
    """Whether a number is certain, or one of a payoff that pays always the same whose error scouts have met."""
    known = pair.controlled.pooled.known
    if known.carriers[row] == CERTAIN:
        return True
    looked = known.carriers[0] == CERTAIN and known.carriers[row] >= RESOLVED
    if pair.plain.pooled.m2[0] != 0.0 or not (looked or known.tells[row]):
        return False
    met = pair.controlled.standard_error[row] > FAINT * pair.plain.standard_error[row]
    return bool(met)


def doubts(pair: Pair, *, strict: bool = False) -> list[str]:
    """What is held against each number of a payoff; empty where nothing is. One who is `strict` asks more payments."""
    own = [doubt(pair.controlled, row) for row in range(len(pair.controlled.mean))]
    return ["; ".join(filter(None, both)) for both in zip(rarities(pair, strict=strict), own, strict=True)]


def wants(pair: Pair, *, many: bool = False) -> list[str]:
    """Why each number of a payoff is worth a cure: what may be held against it, or an error that rests on the unseen.

    Of one of `many` payoffs that error must be more than a small share of the number.

    Where scouts tell how many samples a run like this has on average that decide a payoff, or carry a variance, these
    numbers count, and not what the run has had: one that is kept only if its payments are many is too high.
    """
    known, found = pair.controlled.pooled.known, list[str]()
    error = pair.controlled.standard_error
    exact = error <= known.rounding
    fine = (known.carriers >= RESOLVED) & (error <= many * KNOWN * np.abs(pair.controlled.mean))
    for row, (marked, held) in enumerate(zip(doubts(pair), doubts(pair, strict=True), strict=True)):
        told = known.paid[row] > 0.0 and known.carried[row] > 0.0 and not (exact[row] or _sure(pair, row))
        why = marked or (_foreseen(pair, row) if told else held)
        found.append(why or (UNSEEN if known.rare[row] > known.rest[row] and not fine[row] else ""))
    return found


def _foreseen(pair: Pair, row: int) -> str:
    """Why a number that is not marked is worth a cure, as far as scouts foresee it."""
    known, count = pair.controlled.pooled.known, pair.plain.pooled.count
    looked = known.carriers[row] >= RESOLVED
    payments, carriers = count * known.paid[row], count * known.carried[row]
    if payments < (COUNTED if looked else 2 * COUNTED) or (not looked and carriers < 2 * CARRIERS):
        return f"about {min(payments, carriers):.0f} of {count} {RARE}"
    return ""


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

    def within(self, main: Pair, rows: AnyArray) -> Cured:
        """The same where some numbers are known to the main run's error, and to no less."""
        known = self.both.known
        rare, rest, carriers = (np.copy(found) for found in (known.rare, known.rest, known.carriers))
        at = np.flatnonzero(rows)
        rare[at], rest[at], carriers[at] = self.both.count * main.controlled.standard_error[at] ** 2, 0.0, CERTAIN
        known = replace(known, rare=rare, rest=rest, carriers=carriers)
        return replace(self, both=self.both.knowing(known))

    def serving(self, main: Pair, families: Sequence[Sequence[int]] = ()) -> list[int]:
        """The numbers that are better known than in the main run, which wants a cure of them.

        Of `families`, Greeks with their buckets, all come from one run, so that they add up: from the cure if it serves
        one of them, and has no more against all.
        """
        own, before, found = doubts(self.pair), doubts(main), set[int]()
        error, least = main.controlled.standard_error, FAINT * main.plain.standard_error
        least = np.maximum(least, self.pair.controlled.pooled.known.rounding)  # no controls leave less
        worse = self.pair.controlled.standard_error > WORSE * np.maximum(error, least)
        carriers = self.pair.controlled.pooled.carriers, main.controlled.pooled.carriers
        for row, why in enumerate(wants(main)):
            if why and not worse[row] and (not own[row] or (before[row] and carriers[0][row] > carriers[1][row])):
                found.add(row)
        for family in families:
            served = found & {*family}
            more = sum(bool(own[row]) for row in family) > sum(bool(before[row]) for row in family)
            found = found - {*family} if more or not served else found | {*family}
        return sorted(found)


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
    pushes : Pushes, optional
        Of the others; by default everywhere alike.
    far : FarBeneath, optional
        Of what is beneath; by default all ways alike.
    pushed : bool
        Whether the paths are pushed, and by all that is random: they have then looked where a main run does not.
    faint : tuple of float
        By number, the variance of rounding errors, which is the least that few samples may carry, if scouts have met
        no more; 0 if they have. None if empty.
    """

    group: Group
    row: int
    plan: Plan
    centre: tuple[float, ...]
    base: tuple[float, ...]
    corridor: Corridor | None = None
    pushes: Pushes | None = None
    far: FarBeneath | None = None
    pushed: bool = False
    faint: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, group: Group, row: int, plan: Plan, main: Pair, *, draws: Draws, held: Sequence[str] = ()
    ) -> tuple[Cure, Cured]:
        """The cure of a payoff, and what it comes to on the draws of its trial.

        Pushes learn where the payoff lives, and controls that do not serve there are left away. Both by draws of their
        own; of the numbers, those count against which something is `held`.
        """
        means = main.controlled.mean, main.plain.mean
        (chunk,) = _chunks(draws, 1)
        seen = group.draw(replace(chunk, index=SCOUTS)).spot
        corridor = Corridor.of(group.payoffs[row], seen)
        n_times = len(group.times)
        pushes = Pushes.everywhere(n_times).aimed(ways(group.payoffs[row], seen))
        zero, faint = (0.0,) * len(means[1]), tuple(_faint(main).tolist())
        far = FarBeneath.everywhere(group.model, group.times)
        trial = cls(group, row, plan, tuple(means[0].tolist()), zero, corridor, pushes, far, faint=faint)
        for trip in range(1, (DEEPER if far.ways else TRIPS) + 1):
            trial = trial.learnt(replace(chunk, index=SCOUTS - 2 * trip), held)
        tried = replace(chunk, index=SCOUTS)
        pieces = trial.draws(tried)
        controlled, plain, paid = trial.samples(pieces)
        served = np.var(controlled, axis=1) <= np.var(plain, axis=1)
        served[: len(plan.relaxes)] &= ~plan.unseen(controlled, plain)
        if group.buckets:  # they share the controls of their Greek
            served[:] = True
        base = (float(np.median(paid[0])), *means[1][1:].tolist())
        centre = np.where(served, means[0], base)
        found = replace(
            trial, plan=plan.restricted(served[: len(group.combinations)]), centre=tuple(centre.tolist()), base=base
        )
        return found, found.summed(tried, pieces)

    @property
    def aim(self) -> tuple[Contract]:
        """The payoff."""
        return (self.group.payoffs[self.row],)

    def learnt(self, chunk: Chunk, held: Sequence[str]) -> Cure:
        """The cure with pushes to where samples of a chunk lie far from their mean; itself where nothing is pushed."""
        group, centre = self.group, np.array(self.centre)[:, None]
        pushes = self.pushes or Pushes.everywhere(len(group.times))
        far = self.far or FarBeneath.everywhere(group.model, group.times)
        rows = [row for row, why in enumerate(held) if why] or list(range(len(self.centre)))
        for draws in weighted_draws(group, chunk, None, pushes, far=far, aim=self.aim):
            if draws.pushed is None:
                return self
            controlled, _ = pairs_of(group, self.row, self.plan, draws)
            gaps = draws.weight * np.abs(controlled - centre)[rows]
            wanted = _shared_out(gaps) + (_shared_out(gaps**2) if far.ways else 0.0)
            pushed = draws.pushed.leading(chunk.n_samples)
            bounds = AWAY if far.ways else ALONE
            sent = pushed.away * wanted
            pushes = pushes.learnt(pushed.noise, pushed.variance, sent, pushed.centre, bounds=bounds)
            if pushed.sunk is not None:
                far = far.learnt(pushed.sunk, pushed.away, wanted)
        return replace(self, pushes=pushes, far=far, pushed=not draws_beneath(group.model, group.times))

    def draws(self, chunk: Chunk) -> list[Piloted]:
        """The weighted paths of a chunk."""
        return weighted_draws(self.group, chunk, self.corridor, self.pushes, far=self.far, aim=self.aim)

    def samples(self, pieces: Iterable[Piloted]) -> tuple[FloatArray, ...]:
        """Controlled and plain samples, weighted, and plain ones without weights, shape (n_greeks, n_samples)."""
        centre, base = (np.array(values)[:, None] for values in (self.centre, self.base))
        found = []
        for draws in pieces:
            controlled, plain = pairs_of(self.group, self.row, self.plan, draws)
            weight = draws.weight
            found.append((centre + weight * (controlled - centre), base + weight * (plain - base), plain))
        return tuple(np.concatenate(rows, axis=-1) for rows in zip(*found, strict=True))

    def __call__(self, chunk: Chunk) -> Cured:
        """The weighted samples of a chunk, added up."""
        return self.summed(chunk, self.draws(chunk))

    def summed(self, chunk: Chunk, pieces: Iterable[Piloted]) -> Cured:
        """The samples of a chunk's paths, added up."""
        controlled, plain, raw = self.samples(pieces)
        looked = Scouted.nothing((len(controlled),))
        if self.pushed:
            looked = replace(looked, carriers=np.full(len(controlled), RESOLVED))
        if self.faint and any(self.faint):
            rest = np.array(self.faint)
            looked = replace(looked, rest=rest, carriers=np.where(rest > 0.0, RESOLVED, looked.carriers))
        found = Pair.summed(controlled, plain, looked, largest=np.abs(raw).max(axis=1))
        return Cured(found, Batches.of(controlled, chunk), chunk.n_paths)


def _shared_out(gaps: FloatArray) -> FloatArray:
    """Of every number the shares of samples in all of its distances, added up; shape (n_samples,)."""
    total = gaps.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(gaps, total, out=np.zeros_like(gaps), where=total > 0.0).sum(axis=0))


def _faint(main: Pair) -> FloatArray:
    """Variances of rounding errors in the samples of each number of which scouts have met no more; else 0."""
    known, plain = main.controlled.pooled.known, main.plain.pooled.seen
    rounding = np.square(FAINT) * plain
    return np.where((known.rare + known.rest <= rounding) & (known.paid > 0.0), rounding, 0.0)


def attempted(
    group: Group,
    row: int,
    plan: Plan,
    main: Pair,
    *,
    held: Sequence[str],
    draws: Draws,
    paths: int,
    spare: int | None = None,
    executor: Workers = None,
) -> Cured | None:
    """The cure of a payoff of a group, whose main run of so many paths has something held against some numbers.

    `spare` are the paths that it may take at most. None if they are too few, or the payoff cannot be worked on there.
    """
    size = chunk_size(draws.n_times)
    budget = MOST * paths if spare is None else min(MOST * paths, spare // size * size)
    if min(paths, budget) < FEWEST or draws.sampling == "sobol" or (group.buckets and plan.sharing is None):
        return None  # independent draws would undo what Sobol points have gained
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            cure, trial = Cure.of(group, row, plan, main, draws=draws, held=held)
            wanted = _paths(cure, trial, main, held, _aims(group, paths, budget))
            found = _cured(cure, main, held, _chunks(draws, wanted), executor)
    except (NotRelaxableError, ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    return found if np.isfinite(found.both.mean).all() else None


def _aims(group: Group, paths: int, budget: int) -> tuple[int, int, int]:
    """The fewest paths, those up to which errors are a reason for more, and the most, beside so many of a run.

    Buckets and their Greek are taken from one run or from the other: also those against which nothing is held.
    """
    short = group.together and not group.buckets
    first = max(int(FIRST * paths), min(SHORTEST, paths)) if short else paths
    return min(first, budget), min(paths, budget), budget


def _cured(cure: Cure, main: Pair, held: Sequence[str], chunks: Sequence[Chunk], executor: Workers) -> Cured:
    """What some chunks come to; of many payoffs, with what lies within the main run's errors."""
    found = reduce(Cured.merge, results(cure, chunks, executor))
    if not cure.group.together:
        return found
    short = np.array([bool(why and own) for why, own in zip(held, doubts(found.pair), strict=True)])
    bounded = _bounded(found, main, short)
    return found.within(main, bounded) if bounded.any() else found


def _paths(cure: Cure, trial: Cured, main: Pair, held: Sequence[str], aims: tuple[int, int, int]) -> int:
    """Paths after which, as a trial tells, nothing is held against the numbers, and they are known well enough.

    A cure that went on until its own samples looked well would be biased: it would end, more often than not, before
    the samples that are rare and large. So its size is fixed before its first draw. Of many payoffs no more where the
    main run's errors hold what they are, and not many times the fewest: what few samples say is rough.
    """
    (least, as_many, budget), many = aims, bool(cure.group.together)
    told_less = bool(cure.group.buckets) or (cure.far is not None and bool(cure.far.ways))
    room = ROOM * (LESS if told_less else 1.0)
    rows = np.array([bool(why) for why in held])
    if many:
        rows &= ~_bounded(trial, main, rows, after=least)
    needed = min(_needed(trial, rows, room), GROWTH * least if many else np.inf)
    return max(least, min(int(needed), budget), min(_refined(trial, main, held), as_many))


def _bounded(found: Cured, main: Pair, rows: AnyArray, *, after: int | None = None) -> AnyArray:
    """Which of some numbers lie within the error that the main run states, by far, bool; `after` so many paths, if so.

    Both have looked for what ordinary paths do not see, so that this error is what is known: a number that is no more.
    If neither has seen anything the error is none, and nothing is known.
    """
    own = found.pair.controlled
    looked = own.pooled.known.carriers >= RESOLVED
    error = own.standard_error * np.sqrt(found.paths / (after or found.paths))
    stated = main.controlled.standard_error
    return rows & looked & (stated > 0.0) & (np.abs(own.mean) + FAR * error <= stated)


def _needed(found: Cured, rows: AnyArray, room: float) -> int:
    """Paths after which samples enough carry the variances of some numbers, if so many carry them for each of these."""
    carriers = found.pair.controlled.pooled.carriers[rows]
    times = float(np.max(CARRIERS / (room * carriers[carriers > 0.0]), initial=0.0))
    return int(np.ceil(times * found.paths))


def _refined(found: Cured, main: Pair, held: Sequence[str]) -> int:
    """Paths after which all that something was held against is known to the main run's error, or to a small share."""
    own, before = found.pair.controlled, main.controlled.standard_error
    goal = np.maximum(before, KNOWN * np.abs(own.mean))
    rows = np.array([bool(why) for why in held]) & (goal > 0.0) & (own.standard_error > goal)
    times = float(np.max(own.standard_error[rows] / goal[rows], initial=0.0)) ** 2
    return int(np.ceil(times * found.paths)) if times > 1.0 else found.paths


def _chunks(draws: Draws, wanted: int) -> list[Chunk]:
    """Independent chunks of the pilot's stream of so many paths, whatever the main run's are."""
    size, sampling = chunk_size(draws.n_times), beside(draws.sampling)
    return [Chunk(draws.seed, SCOUTS + 2 + 2 * k, size, sampling, pilot=True) for k in range(-(-wanted // size))]
