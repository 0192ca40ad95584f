"""The steps of a local volatility: which they are, where the volatility of each is read, and which of them are seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np

from ..._checks import dates, refuse, whole
from ..._remembered import remembered
from ..._typing import AnyArray, FloatArray

Steps: TypeAlias = int | tuple[float, ...]
"""So many a year, or the ends of all steps, in years from the date that the surface is counted from."""

SAME_DATE = 1e-9  # years within which a step and a date of a payoff end together
LONGEST_CHAIN = 1_000_000  # steps a year, which no machine walks


@final
@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The steps up to the last of some dates.

    Attributes
    ----------
    times : ndarray, shape (n_steps,)
        Ends of the steps, years from now.
    read : ndarray, shape (n_steps,)
        Time at which each reads the surface: its start, in years from the date that the surface is counted from.
    seen : ndarray of int, shape (n_times,)
        The steps that end on the dates.
    lengths : ndarray, shape (n_steps,)
        Years a step.
    """

    times: FloatArray
    read: FloatArray
    seen: AnyArray
    lengths: FloatArray


def checked(steps: Any) -> Steps:
    """Steps as a whole number a year or as a tuple of times.

    Raises
    ------
    ValueError, TypeError
        If they are neither a whole number of at least 1 nor increasing times, all > 0.
    """
    if np.ndim(steps) == 0:
        if whole("steps", steps, 1) > LONGEST_CHAIN:
            refuse("steps", f"be at most {LONGEST_CHAIN} a year", steps)
        return int(steps)
    return dates("steps", steps)


def chain(
    steps: Steps,
    times: Sequence[float] | FloatArray,
    elapsed: float,
    breaks: tuple[float, ...] = (),
    further: tuple[float, ...] = (),
) -> Chain:
    """The chain up to dates `times` (years from now), some years after the date that the surface is counted from.

    The dates are always among the steps. Between two of them the others are either given, or equal and so many that
    there are at least `steps` a year; then they end at `breaks` as well, where the surface jumps. On `further` dates
    (years from now) up to the last one steps end too. The step that is under way now keeps the volatility of its start.

    Raises
    ------
    ValueError
        If the steps are given and end before the last date.
    """
    seen = np.asarray(times, dtype=float)
    if not (others := [time for time in further if time < seen[-1] and np.abs(seen - time).min() > SAME_DATE]):
        return _chain(steps, tuple(seen.tolist()), elapsed, breaks)
    ends = np.sort(np.concatenate([seen, others]))
    found = _chain(steps, tuple(ends.tolist()), elapsed, breaks)
    return replace(found, seen=found.seen[np.searchsorted(ends, seen)])


@remembered(256)
def _chain(steps: Steps, times: tuple[float, ...], elapsed: float, breaks: tuple[float, ...]) -> Chain:
    ends = np.asarray(times) + elapsed
    whole_chain = (
        _divided(steps, _with(ends, np.asarray(breaks))) if isinstance(steps, int) else _given(np.asarray(steps), ends)
    )
    ahead = whole_chain > elapsed + SAME_DATE
    left, inside = whole_chain[~ahead], whole_chain[ahead]
    seen = np.searchsorted(inside, ends - SAME_DATE)
    found = inside - elapsed
    found[seen] = times
    return Chain(
        found, np.concatenate([[left[-1] if len(left) else 0.0], inside[:-1]]), seen, np.diff(found, prepend=0.0)
    )


def _divided(steps: int, ends: FloatArray) -> FloatArray:
    """Equal steps between dates, none longer than one of so many a year."""
    starts = np.concatenate([[0.0], ends[:-1]])
    counts = np.maximum(np.ceil((ends - starts) * steps - SAME_DATE * steps).astype(int), 1)
    parts = [a + (b - a) * np.arange(1, n + 1) / n for a, b, n in zip(starts, ends, counts, strict=True)]
    return np.concatenate(parts)


def _given(steps: FloatArray, ends: FloatArray) -> FloatArray:
    """Given steps up to the last date, and the dates."""
    if not ends[-1] <= steps[-1] + SAME_DATE:
        refuse("steps", f"reach the last date, {ends[-1]:g} years", float(steps[-1]))
    return _with(ends, steps)


def _with(ends: FloatArray, others: FloatArray) -> FloatArray:
    """Dates, and times up to the last of them that are none of them."""
    near = np.abs(others[:, None] - ends[np.clip(np.searchsorted(ends, others)[:, None] - [1, 0], 0, len(ends) - 1)])
    kept = others[(near.min(axis=1) > SAME_DATE) & (others < ends[-1]) & (others > 0.0)]
    return np.sort(np.concatenate([kept, ends]))
