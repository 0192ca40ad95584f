"""A payoff at several points of the parameters, on common random numbers: checked, planned by a pilot, averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from .._checks import finite, one_of, refuse
from ..engine.choice_of_law import Chosen, chosen_law
from ..engine.execution import Workers
from ..engine.pilot import pilot_chunks
from ..models.adaptor import moved, value_of
from ..models.capabilities import Ages, has
from ..models.protocol import PathModel
from ..parameters import TIME, Greek, coordinates, requested
from ..payoffs.protocol import Contract
from ..streams.chunks import Chunk, Draws, checked
from .reweighting import Point

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
        """The points of a run, its arguments checked."""
        count, seed, kind = checked(paths, seed, one_of("sampling", sampling, REWEIGHTED))
        if not 0.0 < finite("trust", trust) < 1.0:
            refuse("trust", "be between 0 and 1", trust)
        return cls(
            paths=count, seed=seed, sampling=kind, controlled=controls != "none",
            trust=trust, executor=executor, title=title,
        )  # fmt: skip

    def pilot(self, n_times: int) -> list[Chunk]:
        """The draws that the pilot makes."""
        return pilot_chunks(self.seed, self.paths, n_times, self.sampling)

    def draws(self, n_times: int) -> Draws:
        """The draws of the main run."""
        return Draws(self.seed, n_times, self.sampling, growing=True)


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
    if elapsed and has(there, Ages):
        there = there.later(elapsed)
    return Point(there, tuple(requested(greeks, there).values()), elapsed)
