"""Payoffs of the user's own that see the lowest or highest spot of every interval, or both, on paths that have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ...models.extremes import WithExtremes
from ...models.protocol import Paths
from ...parameters import Derivative
from ...payoffs.custom import Payoff
from ...payoffs.observed import observed
from ...payoffs.seasoned import Seasoned

STEP = 1e-6
"""Share of the spot over which a payoff is differentiated at one extreme, today's spot."""


@final
@dataclass(frozen=True, slots=True)
class OnExtremes:
    """A payoff on the spots and extremes of its dates, from those of more dates.

    Parameters
    ----------
    payoff : Payoff or Seasoned
        Which says what extremes it sees.
    times : tuple of float
        The dates of the paths, its own among them, in years.
    model : WithExtremes
        The law of the paths.
    elapsed : float
        Years by which the dates have come nearer.
    """

    payoff: Payoff | Seasoned
    times: tuple[float, ...]
    model: WithExtremes
    elapsed: float = 0.0

    def under(self, model: Any, elapsed: float = 0.0) -> OnExtremes:
        """The payoff under another law, or after some years."""
        return OnExtremes(self.payoff, self.times, model, elapsed)

    @property
    def payments(self) -> tuple[float, ...]:
        """When it pays, in years."""
        if self.payoff.payments is not None:
            return self.payoff.payments
        trial = np.full(((1 + self.model.kind.blocks) * len(self.times), 2), float(self.model.value_of("spot")))
        return self.payoff.times if np.ndim(self(trial)) == 2 else self.payoff.times[-1:]

    def __call__(self, rows: AnyArray) -> AnyArray:
        """Cash flows, from extremes and then spots, shape (2 n_times, n_paths); (3 n_times, n_paths) of both."""
        n, best = len(self.times), {"low": "min", "high": "max"}
        names = [name for name in best if self.payoff.extremes in (name, "both")]
        extremes = {name: rows[k * n : (k + 1) * n] for k, name in enumerate(names)}
        spot, ends = rows[len(names) * n :], [self.times.index(time) + 1 for time in self.payoff.times]
        if len(ends) < n:
            cuts = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
            for name, known in extremes.items():
                extremes[name] = np.stack([getattr(known[cut], best[name])(axis=0) for cut in cuts])
            spot = spot[[end - 1 for end in ends]]
        return self.payoff.paid(observed(spot, extremes))

    def moving(self, spot: FloatArray, derivatives: Sequence[Derivative]) -> dict[Derivative, FloatArray]:
        """What the cash flows gain in coordinates of the law at the edge of the first extreme, today's spot.

        Parameters
        ----------
        spot : ndarray, shape (2 n_times, n_paths) or (3 n_times, n_paths)
        derivatives : sequence of Derivative
            First and second ones.
        """
        paths = Paths(np.asarray(self.times) - self.elapsed, spot)
        names = list(dict.fromkeys(name for d in derivatives for name in d))
        edge = self.model.edge(paths, names)
        moving = [d for d in dict.fromkeys(derivatives) if d and "spot" in d and set(d) <= set(edge.start.names)]
        if not moving:
            return {}
        flows, there = self._flows(spot), self._at(paths, 0.0)
        gained = there - flows
        found: dict[Derivative, FloatArray] = {(name,): gained * edge.first(name) for name in names}
        for a, b in (d for d in moving if len(d) == 2):
            crossed = found[a,] * edge.whole(b) + found[b,] * edge.whole(a)
            found[a, b] = gained * edge.second(a, b) + self._slope(paths, there) * edge.both(a, b) - crossed
        return {d: rows for d, rows in found.items() if d in moving}

    def _flows(self, spot: FloatArray) -> FloatArray:
        return np.atleast_2d(np.asarray(self(spot), dtype=float))

    def _at(self, paths: Paths, beyond: float) -> FloatArray:
        """Cash flows where the first extreme is today's spot, or beyond it by a share."""
        return self._flows(self.model.at_edge(paths, beyond))

    def _slope(self, paths: Paths, there: FloatArray) -> FloatArray:
        """Derivative of the cash flows there in the (turned) logarithm of the extreme, from the side that can be."""
        once, twice = (self._at(paths, count * STEP) for count in (1.0, 2.0))
        return (3.0 * there - 4.0 * once + twice) / (2.0 * STEP)
