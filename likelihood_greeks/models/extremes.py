r"""A law whose paths show the lowest or highest spot of every interval, or both, besides the spots on its dates.

Given the ends a and b of an interval and its variance V, the lowest log-spot l of a Brownian bridge is drawn by
:math:`2 (a - l)(b - l) / V = -\log U`, so that :math:`l = \tfrac12 (a + b - \sqrt{(b - a)^2 - 2 V \log U})`, and has
the log-density

.. math:: \log\frac{2 (a + b - 2 l)}{V} - \frac{2 (a - l)(b - l)}{V},

which belongs to that of the path: so its derivatives g in V and in today's spot belong to the scores. Those of second
order have a finite variance, since the density of the ends and l is :math:`r\,e^{-r^2/2V}` in :math:`r = a + b - 2l`
but for a factor that is linear in r in the exponent.

In the first interval a is today's log-spot, and no l is above it. If :math:`b > a` the density at that edge is
:math:`k = 2 (b - a)/V`, not zero: as a moves, so does the edge. With :math:`\kappa_\theta = k\,a_\theta` there the
scores are :math:`g + \kappa`, of mean zero, and what a payoff f gains at the edge, where l is a (:math:`f^\circ`), is

.. math:: \kappa_\theta\,(f^\circ - f), \qquad M\,(f^\circ - f) + k\,a_\theta a_\eta\,\partial_l f^\circ, \qquad
          M = -\kappa_\theta \kappa_\eta - \frac kV (V_\theta a_\eta + V_\eta a_\theta) + k\,a_{\theta\eta},

for first and second derivatives (`Edge`; in the second the path's own weights go with the first). For the lowest and
the highest together see `both_extremes`.

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 6.4 (the minimum of a
   bridge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..streams.chunks import Stream
from . import carry
from .adaptor import moved
from .both_extremes import BothExtremes
from .capabilities import value_of
from .one_extreme import Edge, OneExtreme
from .protocol import Paths

Sides: TypeAlias = Literal["low", "high", "both"]


@final
@dataclass(frozen=True, slots=True)
class WithExtremes:
    """A law with the extremes of its intervals: ``spot`` has these first, a row a date, and then the spots.

    Parameters
    ----------
    law : PathModel
        One that is a Brownian bridge between the dates it is asked for.
    sides : {"low", "high", "both"}
        Which extremes; of both the lowest are first.
    """

    law: Any
    sides: Sides

    @property
    def kind(self) -> OneExtreme | BothExtremes:
        """What is known of them."""
        return BothExtremes() if self.sides == "both" else OneExtreme(self.sides == "low")

    @property
    def parameters(self) -> Sequence[str]:
        """Those of the law."""
        return tuple(self.law.parameters)

    @property
    def declared(self) -> Any:
        """The parameters as the law declares them."""
        return self.law.declared

    def value_of(self, name: str) -> float:
        """The value of a parameter."""
        return value_of(self.law, name)

    def as_fields(self, values: Mapping[str, float]) -> Mapping[str, Any]:
        """The law with other values of parameters."""
        return {"law": moved(self.law, {name: value - self.value_of(name) for name, value in values.items()})}

    def simulate(self, times: Sequence[float] | FloatArray, stream: Stream) -> Paths:
        """Draw paths: ``spot`` of shape (2 n_times, n_paths), from the law's normals and a row of uniforms a date.

        With both extremes it is of shape (3 n_times, n_paths), from two rows of uniforms.
        """
        grid = np.asarray(times, dtype=float)
        spot = self.law.simulate(grid, stream).spot
        start, variance = self.law.bridge_jets(grid)
        ends = np.log(spot)
        starts = np.concatenate([np.full((1, spot.shape[1]), start.value), ends[:-1]])
        return Paths(grid, np.concatenate([np.exp(self.kind.drawn(starts, ends, variance.value, stream)), spot]))

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the extremes and the spots, shape (n_paths,)."""
        n = len(paths.times)
        own = self._of_extremes(paths, (), range(n), second=False).value
        return np.asarray(self.law.log_density(ends_of(paths)) + own - np.log(paths.spot[:-n]).sum(axis=0))

    def score(self, paths: Paths, names: Sequence[str] | None = None) -> FloatArray:
        """First derivatives of `log_density`, of mean zero by what the edge adds; shape (n_names, n_paths)."""
        wanted = carry.known(self, self.parameters if names is None else names)
        found = np.array(self.law.score(ends_of(paths), wanted))
        own = self._of_extremes(paths, wanted, range(len(paths.times)), second=False)
        edge = self.edge(paths, wanted)
        for row, name in enumerate(wanted):
            if name in own.names:
                found[row] += own.derivative(name) + edge.first(name)
        return found

    def hessian(self, paths: Paths, pairs: Sequence[Derivative]) -> FloatArray:
        """What with products of scores makes second-order weights of mean zero, shape (n_pairs, n_paths)."""
        found, names = np.array(self.law.hessian(ends_of(paths), pairs)), [name for pair in pairs for name in pair]
        own = self._of_extremes(paths, names, range(len(paths.times)), second=True)
        edge = self.edge(paths, names)
        for row, (a, b) in enumerate(pairs):
            if {a, b} <= set(own.names):
                mixed = edge.first(a) * edge.score(b) + edge.first(b) * edge.score(a)
                found[row] += own.derivative(a, b) + edge.second(a, b) - mixed - edge.first(a) * edge.first(b)
        return found

    def edge(self, paths: Paths, wanted: Sequence[str]) -> Edge:
        """The edge of the first interval, with derivatives in some coordinates."""
        start, variance = self.law.bridge_jets(paths.times)
        names = tuple(name for name in dict.fromkeys(wanted) if name in variance.names)
        own = self._of_extremes(paths, names, range(1), second=False)
        logs, n = np.log(paths.spot), len(paths.times)
        start = start.only(names) if set(names) < set(start.names) else start
        return self.kind.edge(start, _row(variance.only(start.names), 0), logs[:-n], logs[-n], own)

    def at_edge(self, paths: Paths, beyond: float = 0.0) -> FloatArray:
        """Extremes and spots where an extreme of the first interval is today's spot, or beyond it by a share."""
        ends = paths.spot[-len(paths.times)]
        return self.kind.at_edge(paths.spot, float(self.value_of("spot")), ends, beyond)

    def motion(self, paths: Paths, ends: FloatArray, start: float, clock: FloatArray) -> FloatArray:
        """How logarithms of extremes move at fixed draws, if those of the spots, today's and the variances do."""
        n, logs = len(paths.times), np.log(paths.spot)
        today, variance = self.law.bridge_jets(paths.times)
        values, moved = (
            (np.concatenate([np.full((1, paths.n_paths), float(first)), rows[:-1]]), rows)
            for first, rows in ((today.value, logs[-n:]), (start, ends))
        )
        return self.kind.motion(logs[:-n], values, variance.value, moved, clock)

    def _of_extremes(self, paths: Paths, wanted: Sequence[str], rows: range, second: bool) -> Jet:
        """Log-density of the logarithms of some extremes given the spots, with derivatives."""
        n, (start, variance) = len(paths.times), self.law.bridge_jets(paths.times)
        names = tuple(name for name in dict.fromkeys(wanted) if name in variance.names)
        start, variance = (_in(names, jet, second) for jet in (start, variance))
        logs, kind = np.log(paths.spot), self.kind
        before: Any = start
        found: Any = 0.0
        for row in rows:
            after = logs[-n:][row]
            found = kind.log_density(row, logs[:-n], before, after, _row(variance, row)) + found
            before = after
        result: Jet = found
        return result

    def discount_jet(self, times: AnyArray) -> Jet:
        """Discount factors of the law."""
        found: Jet = self.law.discount_jet(times)
        return found

    def forward_jet(self, times: AnyArray) -> Jet | None:
        """Forwards of the law."""
        found: Jet | None = self.law.forward_jet(times)
        return found


def _row(jet: Jet, row: int) -> Jet:
    return Jet(jet.names, jet.value[row], jet.gradient[:, row], jet.hessian[:, :, row])


def ends_of(paths: Paths) -> Paths:
    """The spots on the dates alone."""
    return Paths(paths.times, paths.spot[-len(paths.times) :])


def _in(names: tuple[str, ...], jet: Jet, second: bool) -> Jet:
    """A jet in some coordinates, with second derivatives or without."""
    return (jet if second else Jet(jet.names, jet.value, jet.gradient, jet.hessian[:0, :0])).only(names)
