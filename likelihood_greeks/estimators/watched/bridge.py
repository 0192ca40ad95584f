"""What a law says of its log-spot between dates: where it starts, and the variances of Brownian bridges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from ..._typing import AnyArray
from ...numerics.jets import Jet
from ...parameters import Derivative


@final
@dataclass(frozen=True, slots=True)
class Bridge:
    """A law between dates.

    Parameters
    ----------
    model : PathModel
        One that is a Brownian bridge between them.
    times : tuple of float
        Years.
    end : float
        Up to when it is watched, in years.
    elapsed : float
        Years by which the dates have come nearer.
    begin : float
        From when on it is watched, in years: now, or one of the dates.
    asset : int, optional
        Which of several is watched.
    """

    model: Any
    times: tuple[float, ...]
    end: float
    elapsed: float = 0.0
    begin: float = 0.0
    asset: int | None = None
    _known: dict[str, tuple[Jet, Jet]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def under(self, model: Any, elapsed: float) -> Bridge:
        """The same dates under another law, or after some years."""
        return Bridge(model, self.times, self.end, elapsed, self.begin, self.asset)

    @property
    def jets(self) -> tuple[Jet, Jet]:
        """Today's log-spot and the variances of the moves between dates, shape (n_times, 1)."""
        if "jets" not in self._known:
            times, own = np.asarray(self.times) - self.elapsed, self.asset
            model = self.model
            self._known["jets"] = model.bridge_jets(times) if own is None else model.member_bridge_jets(own, times)
        return self._known["jets"]

    @property
    def start(self) -> float:
        """Today's log-spot."""
        return float(self.jets[0].value)

    @property
    def variances(self) -> list[float]:
        """Of the moves that are watched."""
        return [float(value) for value in self.jets[1].value[self.first : self.last, 0]]

    @property
    def first(self) -> int:
        """The row of the first move that is watched."""
        return sum(time <= self.begin for time in self.times)

    @property
    def last(self) -> int:
        """The row after that of the last move that is watched."""
        return sum(time <= self.end for time in self.times)

    def walk(self, spot: AnyArray, start: Any, variances: Sequence[Any]) -> Iterator[tuple[Any, AnyArray, Any]]:
        """Log-spots at both ends of every move that is watched, and its variance, from spots on all dates."""
        spot = spot if self.asset is None else spot[self.asset]
        before = np.log(spot[self.first - 1]) if self.first else start
        for row, variance in zip(range(self.first, self.last), variances, strict=True):
            after = np.log(spot[row])
            yield before, after, variance
            before = after

    def rows(self, times: Sequence[float]) -> list[int]:
        """Rows of some of the dates."""
        return [self.times.index(time) for time in times]

    def moving(self, derivatives: Sequence[Derivative]) -> tuple[list[Derivative], Jet, list[Jet]] | None:
        """Those of some derivatives that are not zero, today's log-spot and the watched variances in their coordinates.

        None if all are zero.
        """
        start, variance = self.jets
        rows = [start.gradient[:, None] * (self.first == 0), variance.gradient[:, self.first : self.last, 0]]
        moved = {n for n, row in zip(start.names, np.concatenate(rows, axis=1), strict=True) if row.any()}
        asked = {n for d in derivatives for n in d} & moved
        names = tuple(n for n in start.names if n in asked)  # those without second derivatives last
        if not names:
            return None
        known = [d for d in dict.fromkeys(derivatives) if d and set(d) <= set(names)]
        second = any(len(d) == 2 for d in known)
        start, variance = (_in(names, jet, second) for jet in (start, variance))
        return known, start, [_row(variance, row) for row in range(self.first, self.last)]


def _row(jet: Jet, row: int) -> Jet:
    return Jet(jet.names, jet.value[row], jet.gradient[:, row], jet.hessian[:, :, row])


def _in(names: Sequence[str], jet: Jet, second: bool) -> Jet:
    """A jet in some coordinates, with its second derivatives or without."""
    return (jet if second else Jet(jet.names, jet.value, jet.gradient, jet.hessian[:0, :0])).only(names)
