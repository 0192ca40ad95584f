"""A payoff at several points of the parameters, on common random numbers: checked, planned by a pilot, averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from .._checks import finite, one_of, refuse
from .._typing import FloatArray
from ..controls.regression import fit
from ..engine.choice_of_law import Chosen, chosen_law
from ..engine.execution import Workers, one_thread_each, results
from ..engine.pilot_and_main import accumulate, pilot_chunks
from ..estimate import Moments, rarity
from ..estimators.likelihood_ratio import Combination, simulated
from ..models.moves import LIKELIHOOD_RATIO
from ..models.numerical import moved, value_of, verify
from ..models.protocol import Ages, PathModel, observed
from ..parameters import TIME, Greek, coordinates, requested
from ..payoffs.protocol import Contract, verify_separate
from ..streams.chunks import Chunk, checked, chunks
from .reweighting import Averaging, Fitting, Ladder, Point, Trust, Weights, trusted

TRUST = 0.5
"""Least share of effective samples: at a half the weights may double a variance before controls."""


REWEIGHTED = ("pseudo", "antithetic")  # draws that can be pushed into the tails, where weights are judged


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to run: the arguments of `scenarios` and `explain` that do not say what to value, checked by `of`."""

    paths: int
    seed: int
    sampling: Any
    controlled: bool
    trust: float
    executor: Workers
    title: str

    @classmethod
    def of(
        cls,
        *,
        paths: int,
        seed: int | None,
        sampling: str,
        controls: str,
        trust: float,
        executor: Workers,
        title: str,
    ) -> Settings:
        """Checked."""
        count, seed, kind = checked(paths, seed, one_of("sampling", sampling, REWEIGHTED))
        if not 0.0 < finite("trust", trust) < 1.0:
            refuse("trust", "be between 0 and 1", trust)
        return cls(
            paths=count, seed=seed, sampling=kind, controlled=controls != "none",
            trust=trust, executor=executor, title=title,
        )  # fmt: skip

    def pilot(self, n_times: int) -> list[Chunk]:
        """The pilot's draws."""
        return pilot_chunks(self.seed, self.paths, n_times, self.sampling)


def value_at(law: PathModel, name: str) -> float:
    """The value of a coordinate at the base: that of a parameter, and no time gone by."""
    return 0.0 if name == TIME else value_of(law, name)


def check_coordinates(law: PathModel, names: Iterable[Any], argument: str) -> None:
    """Refuse names that are not coordinates of the law."""
    known = coordinates(law)
    for name in names:
        if name not in known:
            refuse(argument, f"name parameters of the model ({', '.join(known)})", name)


def described(values: Mapping[str, float]) -> str:
    """A point in words."""
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())


def law_for(law: PathModel, payoff: Contract, names: Iterable[str], controlled: bool) -> Chosen:
    """The law of the base: that of a European payoff's date alone if time stands still and the model knows it."""
    return chosen_law(law, payoff.times, "score" if TIME in names else "auto", "scores" if controlled else "none")


def placed(law: PathModel, payoff: Contract, values: Mapping[str, float], greeks: Sequence[Greek]) -> Point:
    """The point with the given values of coordinates.

    Raises
    ------
    ValueError
        If the model or the payoff cannot have them.
    """
    elapsed, first = values.get(TIME, 0.0), payoff.times[0]
    if not 0.0 <= elapsed < first:
        refuse(TIME, f"be at least 0 and before the first date, {first:g} years", elapsed)
    try:
        there = moved(law, {name: x - value_of(law, name) for name, x in values.items() if name != TIME})
    except ValueError as error:
        raise ValueError(f"no scenario with {described(values)}: {error}") from error
    if elapsed and isinstance(there, Ages):
        there = there.later(elapsed)
    return Point(there, tuple(requested(greeks, there).values()), elapsed)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Revalued:
    """What a run found.

    Attributes
    ----------
    moments : mapping of int to Moments
        By number of the point (0 is the base), the rows as of `Averaging`.
    trust : Trust
    paths : int
    """

    moments: Mapping[int, Moments]
    trust: Trust
    paths: int

    def weights(self, number: int) -> Weights:
        """What the density ratios of a point were like."""
        return Weights.of(row(self.moments[number], -1))

    def effective(self, number: int) -> float:
        """Effective samples of a point."""
        return self.weights(number).share * self.moments[number].count

    def note(self, number: int) -> str:
        """What is held against a point: rare payments, or weights that are worse than the pilot said."""
        found = [rarity(self.moments[number], len(self.moments[number].mean) - 2)]
        if self.trust.sources[number] != number:
            found.append(self.weights(number).distrust(0.0))
        return "; ".join(filter(None, found))


def row(moments: Moments, entry: int) -> Moments:
    """The moments of one quantity."""
    return Moments(moments.count, *(getattr(moments, f)[entry] for f in ("mean", "m2", "m3", "m4")))


def revalued(
    payoff: Contract,
    points: Sequence[Point],
    settings: Settings,
    *,
    terms: Sequence[Combination] = (),
    rate: float = LIKELIHOOD_RATIO,
    corrections: Callable[[Chunk], FloatArray] | None = None,
) -> Revalued:
    """The payoff at all points, the base first: trust and coefficients from the pilot, then the main run.

    `terms`, `rate` and `corrections` as for `Ladder`.
    """
    n_times, base = len(payoff.times), points[0]
    trial = Chunk(settings.seed, 0, 64, pilot=True)
    verify(base.law, payoff.times, trial.stream())
    verify_separate(payoff, observed(simulated(base.law, payoff.times, trial)))

    pilot, pieces = settings.pilot(n_times), chunks(settings.seed, settings.paths, n_times, settings.sampling)
    with one_thread_each():
        trust = trusted(payoff, points, pilot[0], settings.trust, sum(piece.n_samples for piece in pieces))
        ladder = Ladder(payoff, tuple(points), trust.sources, tuple(terms), rate, settings.controlled, corrections)
        table: tuple[FloatArray, ...] = ()
        if settings.controlled:
            seen = accumulate(results(Fitting(ladder), pilot, settings.executor))
            table = tuple(fit(seen[k], ladder.allowed(k)).coefficients for k in range(len(points)))
        total = accumulate(results(Averaging(ladder, table), pieces, settings.executor, settings.title))
    return Revalued(total, trust, settings.paths)
