"""The engine: a pilot that chooses control coefficients, a main run in chunks, and one place that averages."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Protocol, Self, TypeVar, final

import numpy as np
import pandas as pd

from ._checks import one_of
from ._typing import FloatArray
from .estimate import CARRIERS, Moments, rarity
from .estimators import controls as control_variates
from .estimators import likelihood_ratio, pilot
from .estimators.likelihood_ratio import Combination, Drawn
from .estimators.plan import Choice, Plan, chosen, offered
from .estimators.regression import Products
from .estimators.skeletons import Motion
from .estimators.specific import Control, rows
from .execution import one_thread_each, results
from .models.numerical import as_path_model, verify
from .models.protocol import PathModel
from .parameters import Greek, requested
from .payoffs.protocol import Contract
from .result import Diagnostics, Result, estimates
from .sampling import Chunk, Sampling, checked, chunks

CONTROLS = ("auto", "scores", "none")
PROBE = 1 << 20  # index of the pilot's stream that shakes fixings to measure widths
PILOT, MOST_REFINEMENT = 4096, 28_672  # paths
SCORE_LIMIT = 6.0
"""Standard errors that a score's mean may lie from its exact value, zero, before the law is called inconsistent."""

K = TypeVar("K", bound=Hashable)


class Mergeable(Protocol):
    """Statistics of some samples that can be joined with those of others."""

    def merge(self, other: Self, /) -> Self:
        """Statistics of both sets of samples."""
        ...


M = TypeVar("M", bound=Mergeable)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Piloted:
    """Draws of the pilot, and what the payoffs on them share.

    Attributes
    ----------
    chunk : Chunk
        How paths form samples.
    drawn : Drawn
    weight : ndarray, shape (n_samples,)
        Importance of each sample.
    free : ndarray, shape (n_free, n_samples)
        The free controls.
    motion : Motion
    """

    chunk: Chunk
    drawn: Drawn
    weight: FloatArray
    free: FloatArray
    motion: Motion


@final
@dataclass(frozen=True, slots=True)
class Group:
    """Payoffs that share a law and its dates: simulated once, weighted once.

    Parameters
    ----------
    model : PathModel
    payoffs : tuple of Contract
        All with the same ``times``.
    combinations : tuple of Combination
        What to estimate: linear combinations of derivatives, by payoff the same.
    controls : {"none", "scores", "auto"}
    """

    model: PathModel
    payoffs: tuple[Contract, ...]
    combinations: tuple[Combination, ...]
    controls: str

    @property
    def times(self) -> tuple[float, ...]:
        """The common observation dates."""
        return self.payoffs[0].times

    @property
    def weights(self) -> list[tuple[str, ...]]:
        """Derivatives of the density that are computed: those asked for, and those that make good controls."""
        asked = likelihood_ratio.weight_derivatives(self.combinations)
        return asked if self.controls == "none" else control_variates.enriched(self.model, asked)

    @property
    def control_names(self) -> list[str]:
        """What the controls are."""
        return control_variates.labels(self.model, self.times[-1], self.weights) if self.controls != "none" else []

    def draw(self, chunk: Chunk) -> Drawn:
        """Paths and weights of a chunk."""
        return likelihood_ratio.draw(self.model, self.times, chunk, self.weights)

    def samples(self, chunk: Chunk, drawn: Drawn) -> Iterator[FloatArray]:
        """Plain likelihood-ratio samples, payoff by payoff, shape (n_combinations, n_samples)."""
        for payoff in self.payoffs:
            yield chunk.fold(likelihood_ratio.samples(self.model, payoff, drawn, self.combinations))

    def control_samples(self, chunk: Chunk, drawn: Drawn) -> FloatArray:
        """Zero-mean controls, shape (n_controls, n_samples)."""
        return _folded(chunk, control_variates.free(self.model, self.times[-1], drawn, self.weights))

    def scores(self, chunk: Chunk, drawn: Drawn) -> FloatArray:
        """First-order weights, whose mean must be zero; shape (n_names, n_samples)."""
        rows = [row for name, row in drawn.weights.items() if len(name) == 1]
        return _folded(chunk, np.stack(rows) if rows else np.zeros((0, chunk.n_paths)))

    def motion(self, drawn: Drawn) -> Motion:
        """How the paths move."""
        return Motion(self.model, drawn.paths, drawn)

    def pilot_draws(self, chunk: Chunk) -> list[Piloted]:
        """Weighted draws of one chunk of the pilot, with all that payoffs share."""
        return [
            Piloted(piece, drawn, weight, self.control_samples(piece, drawn), self.motion(drawn))
            for drawn, weight, piece in pilot.draws(self.model, self.times, chunk, self.weights)
        ]

    def products(self, draws: Sequence[Piloted], number: int, controls: Sequence[Control]) -> Products:
        """Products of a payoff's Greeks with the free controls and its own."""
        payoff, parts = self.payoffs[number], []
        for drawn in draws:
            plain = likelihood_ratio.samples(self.model, payoff, drawn.drawn, self.combinations)
            own = self.own_samples(drawn.chunk, number, controls, drawn.motion)
            parts.append(Products.of(drawn.free, own, drawn.chunk.fold(plain), drawn.weight))
        return reduce(Products.merge, parts)

    def choices(self, chunk: Chunk) -> list[Choice]:
        """The controls of every payoff, chosen on draws that the main run does not use."""
        draws = self.pilot_draws(chunk)
        allowed = control_variates.eligible(self.model, self.times[-1], self.weights, self.combinations)
        found = []
        for number, payoff in enumerate(self.payoffs):
            generator = replace(chunk, index=PROBE).stream().generator
            auto = self.controls == "auto"
            offers, why_not = offered(self.model, payoff, draws[0].drawn, generator) if auto else ([], "")
            found.append(chosen(offers, why_not, len(self.times), self.products(draws, number, offers), allowed))
        return found

    def own_samples(
        self, chunk: Chunk, number: int, controls: Sequence[Control], motion: Motion, used: FloatArray | None = None
    ) -> FloatArray:
        """A payoff's own controls, Greek by Greek, shape (n_combinations, n_controls, n_samples); see `rows`."""
        return chunk.fold(rows(controls, motion, self.payoffs[number], self.combinations, used))


def _folded(chunk: Chunk, rows: FloatArray) -> FloatArray:
    """Folded rows; one that an antithetic pair cancels to rounding errors becomes exactly zero."""
    folded = chunk.fold(rows)
    if folded is not rows:
        cancelled = np.abs(folded).max(axis=-1) < 1e-9 * np.abs(rows).max(axis=-1)
        folded[cancelled] = 0.0
    return folded


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
        found: dict[Any, Moments] = {row: Moments.of(np.concatenate(pair)) for row, pair in enumerate(pairs)}
        return {**found, "scores": Moments.of(scores)}


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


def plans(group: Group, pilot: Sequence[Chunk], executor: Executor | None = None) -> list[Plan]:
    """The controls of every payoff: chosen on the first chunk of the pilot, their coefficients fitted on all."""
    first, *more = pilot
    choices = group.choices(first)
    serving = {number: choice.specific for number, choice in enumerate(choices) if choice.specific}
    seen = accumulate(results(Refinement(group, serving), more, executor)) if serving else {}
    return [choice.planned(seen.get(number)) for number, choice in enumerate(choices)]


def accumulate(parts: Iterable[Mapping[K, M]]) -> dict[K, M]:
    """Merge statistics key by key, in the order given."""
    total: dict[K, M] = {}
    for part in parts:
        total = {key: total[key].merge(m) if key in total else m for key, m in part.items()}
    return total


def half(moments: Moments, first: bool) -> Moments:
    """The first (controlled) or second (plain) half of the rows of a payoff's moments."""
    middle = len(moments.mean) // 2
    rows = slice(0, middle) if first else slice(middle, None)
    return Moments(moments.count, *(getattr(moments, f)[rows] for f in ("mean", "m2", "m3", "m4")))


def pilot_chunks(seed: int, paths: int, sampling: Sampling) -> list[Chunk]:
    """The pilot's draws: 4,096 paths to choose controls, up to an eighth of the run more to fit their coefficients."""
    more = min(paths // 8, MOST_REFINEMENT) // PILOT
    return [Chunk(seed, k, PILOT, sampling, pilot=True) for k in range(1 + more)]


def inconsistency(group: Group, scores: Moments) -> str:
    """Why the law cannot be trusted: a score whose mean is not zero; empty if there is no sign of it."""
    names = [d[0] for d in group.weights if len(d) == 1]
    for row, name in enumerate(names):
        mean, error = float(scores.mean[row]), float(scores.standard_error[row])
        constant = scores.m2[row] == 0.0 and mean != 0.0
        if constant or (scores.carriers[row] >= CARRIERS and abs(mean) > SCORE_LIMIT * error):
            return (
                f"the score of {name} has mean {mean:.3g} ± {error:.2g}, not 0: "
                "log_density is not the density of what simulate draws"
            )
    return ""


def greeks(
    model: Any,
    payoff: Contract,
    greeks: Iterable[Greek] | None = None,
    *,
    paths: int = 100_000,
    seed: int | None = None,
    controls: str = "auto",
    sampling: str = "pseudo",
    executor: Executor | None = None,
    progress: bool = False,
) -> Result:
    """Price and Greeks by the likelihood-ratio method, unbiased for any payoff, with standard errors.

    Parameters
    ----------
    model : PathModel or Law
        `GBM`, or any object with ``simulate`` and ``log_density``.
    payoff : Contract
        One of the package's payoffs, `Payoff`, or anything with ``times`` that can be called with spots.
    greeks : iterable of str or pair of str, optional
        Greek names (``"delta"``, ``"gamma"``, ``"vega"``, ``"rho"``, ``"dividend_rho"``, ``"theta"``, ``"vanna"``,
        ``"volga"``, ``"charm"``), parameters, or pairs of parameters. Default: the first-order ones of an asset
        and gamma; for a law with no spot, every parameter. The price always comes first.
    paths : int
        Paths of the main run.
    seed : int, optional
        Default: drawn, and reported in the result.
    controls : {"auto", "scores", "none"}
        Zero-mean controls with coefficients from a pilot of its own draws: the free ones of the law (`scores`), and
        relaxed payoffs on skeletons and known European prices where the pilot finds that they pay (`auto`).
    sampling : {"pseudo", "antithetic"}
        Independent draws, or antithetic pairs (a pair is one sample).
    executor : concurrent.futures.Executor, optional
        Where chunks of paths are worked on; results are bit-identical for any.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If a Greek is unknown under the model, an argument is out of range, or the payoff returns cash flows of the
        wrong shape, NaN or infinity.
    TypeError
        If `model` or `payoff` lacks what is needed.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    >>> result = lg.greeks(model, lg.DigitalCall(strike=105.0, maturity=0.5), ["delta"], paths=10_000, seed=1)
    >>> abs(result["delta"].z_score(0.0264887)) < 3.0
    True
    """
    law, labels, combinations = prepared(model, payoff, greeks)
    count, seed, kind = checked(paths, seed, sampling)
    group = Group(law, (payoff,), combinations, one_of("controls", controls, CONTROLS))
    verify(law, payoff.times, Chunk(seed, 0, 64, pilot=True).stream())

    start = time.perf_counter()
    pilot_pieces = pilot_chunks(seed, count, kind) if group.control_names else []
    title = "greeks" if progress else ""
    with one_thread_each():
        found_plans = tuple(plans(group, pilot_pieces, executor)) if pilot_pieces else ()
        piloted = time.perf_counter()
        total = accumulate(
            results(Run(group, found_plans), chunks(seed, count, len(payoff.times), kind), executor, title)
        )
    finished = time.perf_counter()

    controlled, plain = half(total[0], True), half(total[0], False)
    note = "; ".join(filter(None, [inconsistency(group, total["scores"]), rarity(plain, 0)]))
    found = estimates(labels, controlled, count, plain, dict.fromkeys(labels, note))
    diagnostics = replace(
        described(group, labels, found_plans[0]) if found_plans else Diagnostics(remarks=("no controls were used",)),
        pilot_paths=found_plans[0].paths if found_plans else 0,
        pilot_seconds=piloted - start,
        main_seconds=finished - piloted,
    )
    method = "likelihood ratio" + {"none": "", "scores": " + score controls", "auto": " + controls"}[controls]
    return Result(found, method, seed, kind, diagnostics)


def prepared(
    model: Any, payoff: Contract, greeks: Iterable[Greek] | None
) -> tuple[PathModel, list[str], tuple[Combination, ...]]:
    """The arguments every estimator shares, checked: the model, the labels and what they stand for."""
    law = as_path_model(model)
    if isinstance(payoff, type) or not isinstance(payoff, Contract):
        raise TypeError(f"payoff must have `times` and be callable with spots, got {payoff!r}")
    wanted = requested(greeks, law)
    return law, list(wanted), tuple(wanted.values())


def described(group: Group, labels: Sequence[str], plan: Plan) -> Diagnostics:
    """What the pilot decided, Greek by Greek and control by control."""
    names = [*group.control_names, *(control.name for control in plan.specific)]
    table = plan.fit.coefficients
    rows = [
        {"greek": greek, "control": name, "coefficient": table[g, c], "used": table[g, c] != 0.0}
        for g, greek in enumerate(labels)
        for c, name in enumerate(names)
    ]
    refused = [greek for g, greek in enumerate(labels) if not table[g].any()]
    remarks = [*plan.remarks]
    remarks += [f"controls refused (no gain in the pilot): {', '.join(refused)}"] if refused else []
    gain = dict(zip(labels, plan.fit.gain.tolist(), strict=True))
    return Diagnostics(pd.DataFrame(rows), gain, remarks=tuple(remarks))
