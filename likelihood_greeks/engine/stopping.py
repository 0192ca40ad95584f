r"""When a run has paths enough: rounds until the standard errors that were asked for are there.

A round ends at a number of paths that its predecessors' variances predict. The decision to stop looks at variances
(of a relative target, at the value too) and only between rounds, so it is the same on any executor. An error is
believed once enough samples carry the variance: before that, a rare payment that has not been seen yet would make it
look small, and the run would stop because of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, TypeAlias, final

import numpy as np
from tqdm import tqdm

from .._checks import positive, refuse, whole
from ..estimate import CARRIERS, Moments, Statistics, doubt
from ..parameters import label
from ..streams.chunks import Chunk, Draws, Sampling
from .execution import Workers, results
from .sums import accumulate, replicated

MAX_PATHS = 10_000_000
GROWTH = 8
"""Paths after a round over paths before it, at most: early variances are not trusted with more."""

MARGIN = 1.05
"""Paths over those that the variance so far calls for."""

LARGEST_SHARE = 0.1
"""Relative targets may not be wider. To stop when a value that is known to a tenth happens to look large biases it by
0.2 standard errors; the bias grows with the share, and intervals then cover less than they say."""

TargetError: TypeAlias = Mapping[Any, float | str]
"""Standard errors by Greek: numbers are absolute, in raw units; ``"0.5%"`` is a share of the value's magnitude."""


@final
@dataclass(frozen=True, slots=True)
class Target:
    """The standard error that one Greek shall have.

    Parameters
    ----------
    greek : str
        Its label.
    row : int
        Its entry in moments.
    error : float
        In raw units, or as a share of the value.
    relative : bool
    """

    greek: str
    row: int
    error: float
    relative: bool = False

    def __str__(self) -> str:
        return f"{100.0 * self.error:g}% of the value" if self.relative else f"{self.error:g}"

    def ratio(self, moments: Statistics) -> float:
        """The standard error over the target."""
        value, error = (float(x[self.row]) for x in (moments.mean, moments.standard_error))
        bound = self.error * abs(value) if self.relative else self.error
        return error / bound if bound else np.inf

    def excess(self, moments: Statistics) -> float:
        """Paths that the target takes over those behind `moments`, at most 1 if it is reached.

        Infinite if that cannot be told yet, NaN where no number of paths helps (the mean is not finite).
        """
        if not np.isfinite(moments.mean[self.row]):
            return np.nan
        if not doubt(moments, self.row):
            return self.ratio(moments) ** 2
        carriers = float(moments.pooled.carriers[self.row])
        return max(self.ratio(moments) ** 2, CARRIERS / carriers) if carriers else np.inf

    def note(self, moments: Statistics, paths: int) -> str:
        """Says that the target was not reached; empty if it was."""
        if self.excess(moments) <= 1.0:
            return ""
        zero = self.relative and abs(moments.mean[self.row]) < 3.0 * moments.standard_error[self.row]
        why = ": the value may be zero, and no share of it can be reached" if zero else ""
        return f"target error {self} not reached in {paths:,} paths{why}"


@final
@dataclass(frozen=True, slots=True)
class Goal:
    """How long a run shall be.

    Parameters
    ----------
    paths : int
        The first round; all of the run if there are no targets.
    most : int
        Paths that are never exceeded.
    targets : tuple of Target
    """

    paths: int
    most: int
    targets: tuple[Target, ...] = ()

    def among(self, labels: Sequence[str]) -> Goal:
        """The goal of a run that estimates these Greeks alone: its targets of others are dropped.

        A target of a name that stands for several, with their assets in brackets, is one of each.
        """
        targets = tuple(
            replace(target, greek=name, row=row)
            for target in self.targets
            for row, name in enumerate(labels)
            if name == target.greek or name.startswith(f"{target.greek}[")
        )
        return replace(self, targets=targets, most=self.most if targets else self.paths)

    def only(self, labels: Collection[str]) -> Goal:
        """The goal for what has these of the Greeks alone."""
        return replace(self, targets=tuple(target for target in self.targets if target.greek in labels))

    @property
    def spare(self) -> int | None:
        """Paths that a cure may take after the run: as many again; None where no number of them was asked for."""
        return self.most if self.targets else None

    def needed(self, paths: int, watched: Iterable[Statistics]) -> int:
        """Paths that all targets take, predicted from moments of `paths` of them; `paths` if they are all reached."""
        excess = [target.excess(moments) for moments in watched for target in self.targets]
        worst = max((e for e in excess if not np.isnan(e)), default=0.0)
        return paths if worst <= 1.0 else ceil(min(MARGIN * worst * paths, self.most))

    def end(self, paths: int, watched: Iterable[Statistics]) -> int:
        """Where the round after `paths` paths ends: there, if the run is over."""
        return min(self.needed(paths, watched), GROWTH * paths)


def goal(
    labels: Sequence[str], paths: int, target_error: TargetError | None, max_paths: object, sampling: Sampling
) -> Goal:
    """The goal of a run that estimates the Greeks with these labels, its first round `paths` long.

    Raises
    ------
    ValueError
        If the draws are Sobol points, a Greek is not estimated, an error is not positive, a share is above a tenth, or
        `max_paths` is below `paths` (or odd, for antithetic pairs).
    TypeError
        If `target_error` is not a mapping to numbers and shares.
    """
    if target_error is None:
        return Goal(paths, paths)
    if not isinstance(target_error, Mapping):
        raise TypeError(f"target_error must map Greeks to errors, as {{'delta': 0.001}} does, got {target_error!r}")
    if not target_error:
        refuse("target_error", "name at least one Greek", target_error)
    if sampling == "sobol":
        refuse(
            "sampling",
            "be pseudo or antithetic with a target error (few scrambles know their error too badly)",
            sampling,
        )
    most = whole("max_paths", max_paths, paths)
    if sampling == "antithetic" and most % 2:
        refuse("max_paths", "be even with antithetic sampling", max_paths)
    targets = (own for greek, error in target_error.items() for own in _targets(labels, greek, error))
    return Goal(paths, most, tuple(targets))


def _targets(labels: Sequence[str], greek: Any, error: float | str) -> Iterator[Target]:
    """The target of a Greek, or of each asset's or pair's where the name stands for several."""
    pair = isinstance(greek, tuple) and len(greek) == 2 and all(isinstance(name, str) for name in greek)
    written = [label(greek), label(greek[::-1])] if pair else [greek]
    found = [own for own in labels if own in written] or [own for own in labels if own.startswith(f"{greek}[")]
    if not found:
        refuse("target_error", f"name Greeks that are estimated ({', '.join(labels)})", greek)
    name, relative = f"target_error[{greek!r}]", isinstance(error, str)
    size = _share(name, error) if isinstance(error, str) else positive(name, error)
    for own in found:
        yield Target(own, labels.index(own), size, relative)


def _share(name: str, text: str) -> float:
    written, percent, rest = text.strip().partition("%")
    try:
        share = float(written) / 100.0
    except ValueError:
        share = np.nan
    if not (percent and not rest and 0.0 < share <= LARGEST_SHARE):
        refuse(name, f"be a number or a share of the value up to {100.0 * LARGEST_SHARE:g}%, as '0.5%' is", text)
    return share


@final
@dataclass(frozen=True, slots=True)
class Sampled:
    """What a run has added up, and whether it got where it should.

    Attributes
    ----------
    goal : Goal
    total : mapping
        Moments by key.
    rounds : tuple of int
        Paths at the end of each round; a run without targets has one.
    """

    goal: Goal
    total: Mapping[Any, Statistics]
    rounds: tuple[int, ...]

    @property
    def paths(self) -> int:
        """Paths of the run."""
        return self.rounds[-1]

    def missed(self, found: Statistics) -> dict[str, str]:
        """Which targets these moments of the run did not reach, in words, by the Greek's label; empty if they did."""
        return {target.greek: target.note(found, self.paths) for target in self.goal.targets}

    @property
    def remarks(self) -> tuple[str, ...]:
        """The targets and the rounds, if there are any."""
        aims = ", ".join(f"{target.greek} {target}" for target in self.goal.targets)
        return (f"target errors: {aims}; rounds to {', '.join(f'{n:,}' for n in self.rounds)} paths",) if aims else ()


def sampled(
    task: Callable[[Chunk], Mapping[Any, Moments]],
    draws: Draws,
    goal: Goal,
    watched: Callable[[Mapping[Any, Statistics]], Iterable[Statistics]],
    *,
    executor: Workers = None,
    title: str = "",
) -> Sampled:
    """Moments of `task` on as many chunks as the goal takes for those of them that are `watched`.

    A round is whole chunks (the last one of `goal.most` paths may be shorter), so the draws of a run that stops after
    n paths are those of a run of n paths.
    """
    total: dict[Any, Statistics] = {}
    shown = "" if goal.targets else title
    done, wanted, rounds = 0, goal.paths, []
    with tqdm(unit="path", unit_scale=True, desc=title, disable=not (title and goal.targets)) as bar:
        while done < wanted and (pieces := draws.following(done, wanted, goal.most)):
            end = done + sum(chunk.n_paths for chunk in pieces)
            for chunk, part in zip(pieces, replicated(results(task, pieces, executor, shown), pieces), strict=True):
                total = accumulate([total, part])
                done += chunk.n_paths
                if not bar.disable:
                    _show(bar, goal, done, end, [*watched(total)])
            rounds.append(done)
            wanted = goal.end(done, watched(total))
    return Sampled(goal, total, tuple(rounds))


def _show(bar: Any, goal: Goal, done: int, end: int, watched: Sequence[Statistics]) -> None:
    """Let the bar run to the paths that are predicted, with the errors still to go beside it."""
    ratios = {target: max(target.ratio(moments) for moments in watched) for target in goal.targets}
    bar.total = max(end, goal.needed(done, watched))
    bar.set_postfix_str(", ".join(f"{t.greek} {r:.3g}" for t, r in ratios.items()) + " x target", refresh=False)
    bar.update(done - bar.n)
