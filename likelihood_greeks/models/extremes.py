r"""A law whose paths show the lowest (or highest) spot of every interval between dates besides the spots on them.

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

for first and second derivatives (`Edge`; in the second the path's own weights go with the first).

References
----------
.. [1] P. Glasserman, *Monte Carlo Methods in Financial Engineering*, Springer, 2003, section 6.4 (the minimum of a
   bridge).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._typing import AnyArray, FloatArray
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import Derivative
from ..streams.chunks import Stream
from . import carry
from .adaptor import moved
from .capabilities import value_of
from .protocol import Paths

SMALLEST = 1e-300


@final
@dataclass(frozen=True, slots=True)
class WithExtremes:
    """A law with the extremes of its intervals: ``spot`` has these first, a row a date, and then the spots.

    Parameters
    ----------
    law : PathModel
        One that is a Brownian bridge between the dates it is asked for.
    lowest : bool
        Whether the extremes are the lowest, else the highest.
    """

    law: Any
    lowest: bool

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
        """Draw paths: ``spot`` of shape (2 n_times, n_paths), from the law's normals and a row of uniforms a date."""
        grid = np.asarray(times, dtype=float)
        spot = self.law.simulate(grid, stream).spot
        start, variance = self.law.bridge_jets(grid)
        ends = self._turned(np.log(spot))
        starts = np.concatenate([np.full((1, spot.shape[1]), self._turned(start.value)), ends[:-1]])
        exponents = -np.log(np.maximum(stream.uniforms(len(grid)), SMALLEST))
        low = 0.5 * (starts + ends - np.sqrt((ends - starts) ** 2 + 2.0 * variance.value * exponents))
        return Paths(grid, np.concatenate([np.exp(self._turned(low)), spot]))

    def _turned(self, log_spot: AnyArray) -> AnyArray:
        """Log-spots, turned so that the lowest is looked for."""
        return log_spot if self.lowest else -log_spot

    def log_density(self, paths: Paths) -> FloatArray:
        """Log-density of the extremes and the spots, shape (n_paths,)."""
        n = len(paths.times)
        own = self._of_extremes(paths, (), range(n), second=False).value
        return np.asarray(self.law.log_density(ends_of(paths)) + own - np.log(paths.spot[:n]).sum(axis=0))

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
        ends = self._turned(np.log(paths.spot[len(paths.times)]))
        start = start.only(names) if set(names) < set(start.names) else start
        a = start if self.lowest else -start
        return Edge(a, _row(variance.only(a.names), 0), ends, own)

    def _of_extremes(self, paths: Paths, wanted: Sequence[str], rows: range, second: bool) -> Jet:
        """Log-density of the logarithms of some extremes given the spots, with derivatives."""
        n, (start, variance) = len(paths.times), self.law.bridge_jets(paths.times)
        names = tuple(name for name in dict.fromkeys(wanted) if name in variance.names)
        start, variance = (_in(names, jet, second) for jet in (start, variance))
        logs = self._turned(np.log(paths.spot))
        before: Any = start if self.lowest else -start
        found: Any = 0.0
        for row in rows:
            low, after, v = logs[row], logs[n + row], _row(variance, row)
            a, b = before - low, after - low
            length = jets.log(a + b) if isinstance(a, Jet) else np.log(a + b)
            found = (np.log(2.0) - jets.log(v)) - (a * b) * (2.0 / v) + length + found
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


@final
@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """Where the extreme of the first interval is today's spot.

    Attributes
    ----------
    start, variance : Jet
        Today's log-spot, turned so that the lowest is looked for, and the variance of the first interval.
    ends : ndarray, shape (n_paths,)
        Log-spots at its end, turned likewise.
    own : Jet
        The log-density of its extreme.
    """

    start: Jet
    variance: Jet
    ends: FloatArray
    own: Jet

    @property
    def density(self) -> FloatArray:
        """Of the extreme at the edge, k; zero where the spot ends beyond it."""
        return np.asarray(2.0 * np.maximum(self.ends - self.start.value, 0.0) / self.variance.value)

    def score(self, name: str) -> FloatArray:
        """The derivative of the log-density of the first extreme; zero in what it does not depend on."""
        return np.asarray(self.own.derivative(name)) if name in self.own.names else np.zeros_like(self.ends)

    def first(self, name: str) -> FloatArray:
        """How fast probability crosses the edge."""
        return np.asarray(self.density * self._slope(name))

    def second(self, a: str, b: str) -> FloatArray:
        """The same of second order, M."""
        if not {a, b} <= set(self.start.names):
            return np.zeros_like(self.ends)
        k, (v, va, vb) = self.density, (self.variance.derivative(*names) for names in ((), (a,), (b,)))
        turned = (va * self._slope(b) + vb * self._slope(a)) / v
        return np.asarray(k * (self.start.derivative(a, b) - turned) - self.first(a) * self.first(b))

    def whole(self, name: str) -> FloatArray:
        """The score of the first extreme, with what the edge adds."""
        return self.score(name) + self.first(name)

    def both(self, a: str, b: str) -> FloatArray:
        """What multiplies the derivative of a payoff in the extreme there."""
        return np.asarray(self.density * self._slope(a) * self._slope(b))

    def _slope(self, name: str) -> float:
        return float(self.start.derivative(name)) if name in self.start.names else 0.0


def _row(jet: Jet, row: int) -> Jet:
    return Jet(jet.names, jet.value[row], jet.gradient[:, row], jet.hessian[:, :, row])


def ends_of(paths: Paths) -> Paths:
    """The spots on the dates alone."""
    return Paths(paths.times, paths.spot[len(paths.times) :])


def _in(names: tuple[str, ...], jet: Jet, second: bool) -> Jet:
    """A jet in some coordinates, with second derivatives or without."""
    return (jet if second else Jet(jet.names, jet.value, jet.gradient, jet.hessian[:0, :0])).only(names)
