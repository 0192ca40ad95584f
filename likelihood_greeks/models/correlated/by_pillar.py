"""Correlations that depend on time: a number up to each of some pillars, constant in between and after the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np

from ..._checks import dates, number, refuse
from ..._typing import FloatArray

SAME = 1e-9  # years within which a pillar and a date are one


@final
@dataclass(frozen=True, slots=True)
class ByPillar:
    """An instantaneous correlation that is constant between pillars.

    Parameters
    ----------
    pillars : tuple of float
        Years, increasing, > 0.
    values : tuple of float
        Up to each pillar from the one before; the last holds for ever.
    tilt : tuple of float
        How much each moves with the coordinate of the pair: alike unless somebody looks along another move.
    """

    pillars: tuple[float, ...]
    values: tuple[float, ...]
    tilt: tuple[float, ...]

    def __str__(self) -> str:
        return "; ".join(f"{pillar:g}: {x:g}" for pillar, x in zip(self.pillars, self.values, strict=True))

    def place(self, ends: FloatArray) -> Any:
        """Which value holds in the part of time that ends at some years."""
        found = np.searchsorted(self.pillars, np.asarray(ends) - SAME)
        return np.minimum(found, len(self.pillars) - 1)


Correlation: TypeAlias = float | ByPillar


def read(label: str, given: Any, called: Sequence[str] | None = None) -> Correlation:
    """A correlation as users give it: a number; or by pillar, as a mapping of years to numbers or pairs of both.

    Refusals name pillars as they are `called`, by default in years.

    Raises
    ------
    ValueError
        If a number is not between -1 and 1, or the pillars do not increase.
    TypeError
        If it is of another kind.
    """
    if isinstance(given, ByPillar):
        return given
    if not isinstance(given, Mapping | Sequence) or isinstance(given, str):
        return _inside(label, given)
    pairs = [*given.items()] if isinstance(given, Mapping) else [*given]
    if not pairs:
        refuse(label, "hold a number for each of some pillars", given)
    for pair in pairs:
        if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
            raise TypeError(f"{label} must be a number, or pairs of years and numbers, got {pair!r} among them")
    pillars = dates(f"pillars of {label}", [years for years, _ in pairs])
    called = called or [f"{years:g} years" for years in pillars]
    values = tuple(_inside(f"{label} up to {name}", x) for name, (_, x) in zip(called, pairs, strict=True))
    return ByPillar(pillars, values, (1.0,) * len(values)) if len(set(values)) > 1 else values[0]


def _inside(label: str, given: Any) -> float:
    found = number(label, given)
    return found if -1.0 < found < 1.0 else refuse(label, "be between -1 and 1", given)


def alike(one: Correlation, two: Correlation, within: float) -> bool:
    """Whether two are the same, numbers up to some difference."""
    numbers = not isinstance(one, ByPillar) and not isinstance(two, ByPillar)
    return abs(first(one) - first(two)) <= within if numbers else one == two


def pillars(own: Correlation) -> tuple[float, ...]:
    """Its pillars in years; none of a number."""
    return own.pillars if isinstance(own, ByPillar) else ()


def first(own: Correlation) -> float:
    """The number today: what a parallel shift is counted from."""
    return own.values[0] if isinstance(own, ByPillar) else own


def at(own: Correlation, ends: FloatArray) -> FloatArray:
    """The numbers in the parts of time that end at some years, each part between two pillars."""
    return np.array(own.values)[own.place(ends)] if isinstance(own, ByPillar) else np.full(len(ends), own)


def slope(own: Correlation, ends: FloatArray) -> FloatArray:
    """How they move with the coordinate of the pair."""
    return np.array(own.tilt)[own.place(ends)] if isinstance(own, ByPillar) else np.ones(len(ends))


def of_pillar(own: Correlation, number: int, ends: FloatArray) -> FloatArray:
    """How they move with one of the values: one where it holds."""
    assert isinstance(own, ByPillar)  # nothing else has pillars
    return np.asarray(own.place(ends) == number, dtype=float)


def moved(own: Correlation, to: float) -> Correlation:
    """The same with another first number, the others moving with it."""
    if not isinstance(own, ByPillar):
        return to
    by = (to - own.values[0]) / own.tilt[0] if own.tilt[0] else 0.0
    return replace(own, values=tuple(x + by * tilt for x, tilt in zip(own.values, own.tilt, strict=True)))


def later(own: Correlation, elapsed: float) -> Correlation:
    """The same some years later (earlier if negative): pillars stay where they are in the calendar."""
    if not isinstance(own, ByPillar):
        return own
    left = [k for k, pillar in enumerate(own.pillars) if pillar - elapsed > SAME] or [len(own.pillars) - 1]
    if len(left) == 1:
        return own.values[left[0]]
    return ByPillar(
        tuple(own.pillars[k] - elapsed for k in left), tuple(own.values[k] for k in left),
        tuple(own.tilt[k] for k in left),
    )  # fmt: skip


def toward(own: Correlation, other: Correlation) -> Correlation:
    """The same with pillars of both, so tilted that moving its coordinate by `step` makes it the other."""
    if not isinstance(own, ByPillar) and not isinstance(other, ByPillar):
        return own
    every = tuple(sorted({*pillars(own), *pillars(other)}))
    values, there = at(own, np.array(every)), at(other, np.array(every))
    return ByPillar(every, tuple(values.tolist()), tuple((there - values).tolist()))


def step(along: Correlation, other: Correlation) -> float:
    """By how much the coordinate of a correlation that `toward` gave moves: of one by pillar by its whole tilt."""
    if isinstance(along, ByPillar):
        return float(any(along.tilt))
    return first(other) - along
