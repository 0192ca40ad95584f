"""A group of payoffs on one law: simulated once, weighted once, each with its samples and its controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..controls import free as control_variates
from ..controls.line_integrated import LineIntegrated
from ..controls.offers import integrated, lines_of, offered
from ..controls.plan import Choice, Plan, chosen, explained, integrated_whole
from ..controls.protocol import Control, Load, Scene, SharedPaths, cost, rows
from ..controls.regression import Products
from ..controls.widths import own_work
from ..estimators import likelihood_ratio
from ..estimators.likelihood_ratio import Combination, Drawn
from ..models.capabilities import forwards_of
from ..models.moves import LIKELIHOOD_RATIO
from ..models.protocol import PathModel
from ..payoffs.protocol import Contract, cash_flows
from ..streams.chunks import Chunk
from . import pilot_draws as pilot
from .blind import asked_of
from .bucket_samples import BucketSamples
from .buckets import Bucket, Buckets
from .far_beneath import Sunk

SERVED = 0.25
"""Share of the variance of every Greek (of many payoffs in the mean of logarithms) that what is integrated may leave,
or relaxations are tried."""

DEAR = 4.0  # plain runs: if what is integrated costs more, relaxations are tried besides, where many payoffs are
EXPLAINED = 0.01
"""The same of many payoffs that have jumps or are not integrated: no relaxation served of those that left less."""

IDLE = "no draw of the pilot told the payoff from a constant"
NOTHING = 1e-10  # share of a variance: less is left of a payoff that paid on no draw otherwise than a known one
PROBE = 1 << 20  # index of the pilot's stream that shakes fixings to measure widths
FOLLOWED = 64  # paths on which the work of a payoff is counted


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pushed:
    """How paths were pushed: what their shares learn from.

    Attributes
    ----------
    noise, variance : ndarray, shape (n_times, n_paths)
        The noise that was pushed, and its variances.
    centre : ndarray, shape (n_times, n_paths), optional
        Log-spots without it, where each path has variances of its own.
    away : ndarray or float
        By sample, the chance that it was not one of the plain ones.
    sunk : Sunk, optional
        What is beneath, of a law that draws something there.
    """

    noise: FloatArray
    variance: FloatArray
    centre: FloatArray | None = None
    away: FloatArray | float = 1.0
    sunk: Sunk | None = None

    def leading(self, count: int) -> Pushed:
        """The same with the noise of so many paths: the first ones of antithetic pairs were drawn."""
        centre = None if self.centre is None else self.centre[:, :count]
        return replace(self, noise=self.noise[:, :count], variance=self.variance[:, :count], centre=centre)


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
    shared : SharedPaths
    pushed : Pushed, optional
    """

    chunk: Chunk
    drawn: Drawn
    weight: FloatArray
    free: FloatArray
    shared: SharedPaths
    pushed: Pushed | None = None


@final
@dataclass(frozen=True, slots=True)
class Allowed:
    """Which controls an estimate may have.

    Attributes
    ----------
    free : bool
        Those that the law gives for nothing.
    own : bool
        Those made for each payoff.
    """

    free: bool
    own: bool

    @property
    def method(self) -> str:
        """What a simulation with them is called."""
        return "likelihood ratio" + (" + controls" if self.own else " + score controls" if self.free else "")


CONTROLS = {"auto": Allowed(True, True), "scores": Allowed(True, False), "none": Allowed(False, False)}
"""By the name that users give them."""


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
    controls : Allowed
    rate : float
        At which changes of what is beneath the spots are handed to the measure.
    buckets : tuple of Bucket
        Parts of these by node, whose samples follow after theirs.
    together : int
        Payoffs that share the paths, if they are some of many, whose time is at stake: see `Load`. 0 of few.
    scouts : bool
        Whether what the main run would hardly see is looked for. If not, a line is taken rather than the known price of
        another payoff, though that pays the same on all draws of the pilot.

    Attributes
    ----------
    asked : tuple of tuple of Combination
        By payoff, the combinations without derivatives in what moves none of the assets that it sees: these are zero.
    """

    model: PathModel
    payoffs: tuple[Contract, ...]
    combinations: tuple[Combination, ...]
    controls: Allowed
    rate: float = LIKELIHOOD_RATIO
    buckets: tuple[Bucket, ...] = ()
    together: int = 0
    scouts: bool = True
    asked: tuple[tuple[Combination, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", asked_of(self.model, self.payoffs, self.combinations))

    def _controlled(self, number: int) -> tuple[Combination, ...]:
        """Of what controls of a payoff are made: what is zero for sure has none, and stands for nothing."""
        return tuple(own or whole for own, whole in zip(self.asked[number], self.combinations, strict=True))

    def nothing(self, number: int) -> AnyArray | None:
        """Of a payoff the Greeks, and the buckets behind them, that are zero for sure, bool; None if none is."""
        if self.asked[number] is self.combinations:
            return None
        empty = [not terms for terms in self.asked[number]]
        return np.array([*empty, *(empty[bucket.greek] for bucket in self.buckets)])

    @property
    def times(self) -> tuple[float, ...]:
        """The common observation dates."""
        return self.payoffs[0].times

    @property
    def families(self) -> list[list[int]]:
        """The Greeks that have buckets, each with these, by their rows in samples."""
        parts: dict[int, list[int]] = {}
        for number, bucket in enumerate(self.buckets):
            parts.setdefault(bucket.greek, [bucket.greek]).append(len(self.combinations) + number)
        return [*parts.values()]

    @property
    def weights(self) -> list[tuple[str, ...]]:
        """Derivatives of the density that are computed: those asked for, and those that make good controls."""
        asked = likelihood_ratio.weight_derivatives(self.combinations)
        return asked if not self.controls.free else control_variates.enriched(self.model, asked)

    @property
    def control_weights(self) -> list[tuple[str, ...]]:
        """Those of them that make controls."""
        return control_variates.serving(self.model, self.weights, self.combinations)

    def without_relaxations(self) -> Group:
        """The same with the controls alone that the law gives for nothing."""
        return replace(self, controls=CONTROLS["scores"])

    def plain(self) -> Group:
        """The same without controls."""
        return replace(self, controls=CONTROLS["none"])

    @property
    def load(self) -> Load:
        """The work of a path without controls, in that of a date of a geometric Brownian motion."""
        return replace(Load.of(self.model, self.times, self.rate), sharing=self.together)

    @property
    def control_names(self) -> list[str]:
        """What the controls are."""
        return control_variates.labels(self.model, self.times[-1], self.control_weights) if self.controls.free else []

    def draw(self, chunk: Chunk) -> Drawn:
        """Paths and weights of a chunk."""
        return likelihood_ratio.draw(self.model, self.times, chunk, self.weights, self.rate)

    def samples(self, chunk: Chunk, drawn: Drawn) -> Iterator[FloatArray]:
        """Plain likelihood-ratio samples, payoff by payoff, shape (n_combinations, n_samples)."""
        for number in range(len(self.payoffs)):
            yield chunk.fold(self.plain_samples(number, drawn))

    def plain_samples(self, number: int, drawn: Drawn) -> FloatArray:
        """The same of one payoff, path by path, shape (n_combinations, n_paths)."""
        return likelihood_ratio.samples(self.model, self.payoffs[number], drawn, self.asked[number])

    def control_samples(self, chunk: Chunk, drawn: Drawn) -> FloatArray:
        """Zero-mean controls, shape (n_controls, n_samples)."""
        return _folded(chunk, control_variates.free(self.model, self.times[-1], drawn, self.control_weights))

    @property
    def score_names(self) -> list[tuple[str, str]]:
        """What the rows of `scores` are, and what it means if their mean is not zero."""
        wrong = "log_density is not the density of what simulate draws"
        found = [(f"the score of {d[0]}", wrong) for d in self.weights if len(d) == 1]
        if control_variates.has_forward(self.model, self.times[-1]):
            found.append(("spot / forward - 1", "the forward is not the mean of the spots that simulate draws"))
        wrong = "the forward is not the mean of the spots that simulate draws"
        return [*found, *((f"spot[{asset}] / forward - 1", wrong) for asset in forwards_of(self.model, self.times[-1]))]

    def scores(self, chunk: Chunk, drawn: Drawn) -> FloatArray:
        """What must have mean zero if the law is consistent; shape (n_names, n_samples)."""
        rows = [row for name, row in drawn.weights.items() if len(name) == 1]
        forward = self.model.forward_jet(np.asarray(self.times[-1]))
        if forward is not None:
            rows.append(drawn.spot[-1] / forward.value - 1.0)
        means = forwards_of(self.model, self.times[-1])
        rows += [spot[-1] / mean - 1.0 for spot, mean in zip(drawn.spot, means.values(), strict=bool(means))]
        return _folded(chunk, np.stack(rows) if rows else np.zeros((0, chunk.n_paths)))

    def shared(self, drawn: Drawn) -> SharedPaths:
        """What the payoffs share on given paths."""
        return SharedPaths(self.model, drawn)

    def pilot_draws(self, chunk: Chunk) -> list[Piloted]:
        """Weighted draws of one chunk of the pilot, with all that payoffs share."""
        return [
            self.piloted(piece, drawn, weight)
            for drawn, weight, piece in pilot.draws(self.model, self.times, chunk, self.weights, self.rate)
        ]

    def piloted(self, chunk: Chunk, drawn: Drawn, weight: FloatArray, pushed: Pushed | None = None) -> Piloted:
        """Weighted draws with all that payoffs share."""
        return Piloted(chunk, drawn, weight, self.control_samples(chunk, drawn), self.shared(drawn), pushed)

    def products(self, draws: Sequence[Piloted], number: int, controls: Sequence[Control]) -> Products:
        """Products of a payoff's Greeks with the free controls and its own."""
        return reduce(Products.merge, [part for part, *_ in self._seen(draws, number, controls)])

    def _seen(
        self, draws: Sequence[Piloted], number: int, controls: Sequence[Control]
    ) -> Iterator[tuple[Products, FloatArray, FloatArray]]:
        """Products, plain samples (n_greeks, n_samples) and the payoff's own controls, one lot of draws at a time."""
        for drawn in draws:
            plain = drawn.chunk.fold(self.plain_samples(number, drawn.drawn))
            own = self.own_samples(drawn.chunk, number, controls, drawn.shared)
            yield Products.of(drawn.free, own, plain, drawn.weight), plain, own

    def choices(self, chunk: Chunk) -> list[Choice]:
        """The controls of every payoff, chosen on draws that the main run does not use."""
        draws = self.pilot_draws(chunk)
        seen = self._ordinary(chunk, draws[0])
        allowed = control_variates.eligible(self.model, self.times[-1], self.control_weights, self.combinations)
        found = [self._choice(chunk, seen, draws, number, allowed) for number in range(len(self.payoffs))]
        price = next((k for k, c in enumerate(self.combinations) if [*c] == [()]), None)
        return found if price is None else [explained(choice, price) for choice in found]

    def _choice(self, chunk: Chunk, seen: Drawn, draws: Sequence[Piloted], number: int, allowed: FloatArray) -> Choice:
        payoff, own = self.payoffs[number], self.controls.own
        work, compares = own_work(payoff, seen.spot[..., :FOLLOWED])
        load = replace(self.load, payoff=work)
        idle = load.sharing and not any(np.ptp(cash_flows(payoff, one.drawn.spot), axis=-1).any() for one in draws)
        lines = lines_of(self.model, payoff, seen, load) if own and (load.one_normal or not idle) else []
        if load.one_normal and (whole := self._whole(seen, draws, number, lines, load=load, allowed=allowed)):
            return whole
        if idle:
            return chosen((), IDLE, load, self.products(draws, number, ()), allowed)
        choice = self._integrated(seen, draws, number, lines, load=load, allowed=allowed, compares=compares)
        if choice is not None:
            return choice
        generator = replace(chunk, index=PROBE).stream().generator
        offers, why_not = self._offered(payoff, seen, lines, load, generator)
        return chosen(offers, why_not, load, self.products(draws, number, offers), allowed)

    def _ordinary(self, chunk: Chunk, first: Piloted) -> Drawn:
        """Paths as the law draws them, from which scales and levels of controls are taken: half of a pushed pilot's."""
        ordinary = bool((first.weight == 1.0).all())
        return first.drawn if ordinary else self.draw(replace(chunk, n_paths=chunk.n_paths // 2))

    def _whole(
        self,
        seen: Drawn,
        draws: Sequence[Piloted],
        number: int,
        lines: Sequence[LineIntegrated],
        *,
        load: Load,
        allowed: FloatArray,
    ) -> Choice | None:
        """The choice of a line alone where all that is drawn lies along it; None if there is none.

        The integral is then the closed form of whatever function of the spot the payoff is.
        """
        asked, shared = self._controlled(number), draws[0].shared
        line = next((line for line in lines if line.knows(shared, asked)), None)
        if line is None:
            return None
        rounding = line.rounding(Scene(self.shared(seen), self.payoffs[number]), asked)
        found = [(part, plain, own[:, 0]) for part, plain, own in self._seen(draws, number, [line])]
        return integrated_whole(line, load, allowed, rounding, found)

    def _integrated(
        self,
        seen: Drawn,
        draws: Sequence[Piloted],
        number: int,
        lines: Sequence[LineIntegrated],
        *,
        load: Load,
        allowed: FloatArray,
        compares: bool,
    ) -> Choice | None:
        """The choice among what is integrated exactly; None if there is none, or if not every Greek is served."""
        offers = integrated(self.model, self.payoffs[number], seen, lines, many=bool(load.sharing))
        if not offers:
            return None
        choice = chosen(offers, "", load, self.products(draws, number, offers), allowed)
        along = [control for control in offers if isinstance(control, LineIntegrated)]
        if along and not self.scouts and bool((choice.left < NOTHING).any()):
            choice = chosen(along, "", load, self.products(draws, number, along), allowed)
        served = any(isinstance(control, LineIntegrated) for control in choice.specific)
        if load.sharing:
            mean = np.exp(np.log(np.maximum(choice.left, np.finfo(float).tiny)).mean())
            dear = cost(choice.specific, load) > DEAR
            told = mean < EXPLAINED and (compares or not dear)
            return choice if choice.specific and (told or (served and mean < SERVED and not dear)) else None
        return choice if served and bool((choice.left < SERVED).all()) else None

    def _offered(
        self,
        payoff: Contract,
        drawn: Drawn,
        lines: Sequence[LineIntegrated],
        load: Load,
        generator: np.random.Generator,
    ) -> tuple[list[Control], str]:
        if not self.controls.own:
            return [], ""
        return offered(self.model, payoff, drawn, lines=lines, load=load, generator=generator)

    def own_samples(
        self,
        chunk: Chunk,
        number: int,
        controls: Sequence[Control],
        shared: SharedPaths,
        used: FloatArray | None = None,
    ) -> FloatArray:
        """A payoff's own controls, Greek by Greek, shape (n_combinations, n_controls, n_samples); see `rows`."""
        scene = Scene(shared, self.payoffs[number], trial=used is None)
        return chunk.fold(rows(controls, scene, self._controlled(number), used))

    def controlled(
        self, chunk: Chunk, number: int, plan: Plan, draws: tuple[FloatArray, SharedPaths], plain: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """A payoff's samples by its plan and plain ones, buckets last; `draws` are the free controls and the paths."""
        free, shared = draws
        if not self.buckets:
            own = plan.combined(Scene(shared, self.payoffs[number]), self._controlled(number))
            return plan.without(plain, free, chunk.fold(own)), plain
        if plan.sharing is None:
            raise TypeError("a plan with controls must say how buckets are controlled")
        every, raw = self._bucket_samples(number, plan).controlled(chunk, free, shared, plan.sharing, plain)
        return self._zeroed(number, every), self._zeroed(number, raw)

    def _zeroed(self, number: int, found: FloatArray) -> FloatArray:
        """Samples of a payoff, with zeros in the place of what is zero for sure."""
        if (nothing := self.nothing(number)) is not None:
            found[nothing] = 0.0
        return found

    def sharing(self, draws: Sequence[Piloted], number: int, plan: Plan) -> Plan:
        """The plan with the way that buckets are controlled, fitted to draws of the pilot."""

        def plain(drawn: Any) -> FloatArray:
            return drawn.chunk.fold(self.plain_samples(number, drawn.drawn))

        return replace(plan, sharing=self._bucket_samples(number, plan).sharing(draws, plain))

    def _bucket_samples(self, number: int, plan: Plan) -> BucketSamples:
        return BucketSamples(self.buckets, self.payoffs[number], plan, self.weights, self._controlled(number))

    def uncontrolled(self, chunk: Chunk, number: int, shared: SharedPaths, plain: FloatArray) -> FloatArray:
        """A payoff's plain samples, buckets last."""
        if not self.buckets:
            return plain
        buckets = chunk.fold(Buckets(self.buckets, Scene(shared, self.payoffs[number])).plain)
        return self._zeroed(number, np.concatenate([plain, buckets]))


def _folded(chunk: Chunk, rows: FloatArray) -> FloatArray:
    """Folded rows; one that an antithetic pair cancels to rounding errors becomes exactly zero."""
    folded = chunk.fold(rows)
    if folded is not rows:
        cancelled = np.abs(folded).max(axis=-1) < 1e-9 * np.abs(rows).max(axis=-1)
        folded[cancelled] = 0.0
    return folded
