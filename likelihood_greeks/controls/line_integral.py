r"""A payoff integrated exactly along a line of the normals, with its first derivatives.

Along the line the payoff is a sum of exponentials :math:`M_m(z) = e^{b_m + \ell_m z}` (products of powers of spots;
:math:`\ell = 0`: plain money) between points :math:`z_k`. With :math:`G_m = e^{b_m + \ell_m^2/2}` and
:math:`\Delta_{km}` the change of a coefficient there,

.. math:: F = \sum_m \Bigl( c_m G_m + \sum_k \Delta_{km} G_m \Phi(\ell_m - z_k) \Bigr) .

It is Lipschitz in b and :math:`\ell` however the payoff jumps. With :math:`F_m` the summands, n(k) the monomial that
crosses a level at the point k, and :math:`q_{km} = \Delta_{km} G_m \varphi(\ell_m - z_k)`,

.. math:: \dot F = \sum_m \Bigl( F_m\,(\dot b_m + \ell_m \dot\ell_m) + \dot\ell_m \sum_k q_{km} \Bigr)
          + \sum_k \sum_m q_{km}\,\frac{\dot b_n + z_k \dot\ell_n}{\ell_n}.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, final

import numpy as np

from .._compiled import kernels
from .._typing import FloatArray
from ..numerics.arrays import once
from . import line_formulas
from .joint_lines import JointLine
from .line_formulas import Paths
from .line_layout import Envelope, Layout
from .line_motions import LineMotions
from .lines import Crossings, Line, Push

Polynomial: TypeAlias = Sequence[FloatArray | float]
"""Coefficients of 1, z and z² along the line."""

ONE: Polynomial = (1.0,)


@final
@dataclass(frozen=True, eq=False)
class Integral:
    """The integral of some cash flows along a line.

    Parameters
    ----------
    layout : Layout
        What they are.
    line : Line or JointLine
    factors : ndarray, shape (n_flows,)
        By which the flows are multiplied and summed.
    other : Integral, optional
        Of the same flows times other factors, on the same line: what both need is computed once.
    """

    layout: Layout
    line: Line | JointLine
    factors: FloatArray
    other: Integral | None = None
    _known: dict[Any, Any] = field(default_factory=dict)

    @cached_property
    def _watched(self) -> tuple[Crossings, ...]:
        if self.other:
            return self.other._watched
        return tuple(self.line.nearest(w.rows, w.levels, w.last) for w in self.layout.watched)

    @cached_property
    def _paths(self) -> Paths:
        """Log-spots of the dates used and their lengths, where the paths are, and the points found before others."""
        if self.other:
            return self.other._paths
        layout, place = self.layout, self.line.place
        logs = self.line.logs(layout.rows)
        lengths = np.ascontiguousarray(self.line.lengths[layout.rows])
        watched = np.array([c.point for c in self._watched]).reshape(len(self._watched), len(place))
        hulls = [self._hull(hull, logs, lengths).reshape(-1, len(place)) for hull in layout.hulls]
        return Paths(logs, lengths, place, np.concatenate([watched, *hulls]))

    def _hull(self, hull: Envelope, logs: FloatArray, lengths: FloatArray) -> FloatArray:
        monomials, place = self.layout.monomials, self.line.place
        if compiled := kernels("line_pieces"):
            terms = hull.monomials, hull.logarithms, hull.sign
            return np.asarray(compiled.envelope(logs, lengths, place, tuple(monomials), *terms))
        here, length = (line_formulas.of_monomials(rows, monomials)[hull.monomials] for rows in (logs, lengths))
        return line_formulas.envelope(hull.logarithms[:, None] + here, length, place, hull.sign)

    @cached_property
    def _integrated(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Points, densities there, what every monomial pays, and moments at its ends."""
        layout, amounts = self.layout, self.layout.pieces.coefficients @ self.factors
        if compiled := kernels("line_pieces"):
            made = map(tuple, (layout.monomials, layout.points, layout.terms, layout.pairs))
            found: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
            found = compiled.integrate(*self._paths, *made, amounts, layout.n_paid)
            return found
        return line_formulas.integrate(layout, self._paths, amounts)

    @cached_property
    def value(self) -> FloatArray:
        """F, shape (n_paths,)."""
        return np.asarray(self._integrated[2].sum(axis=0))

    def weighed(self, weight: Polynomial) -> FloatArray:
        """The integral of the cash flows times a weight."""
        return np.asarray(sum((factor * self._moment(power) for power, factor in enumerate(weight)), 0.0))

    def _moment(self, power: int) -> FloatArray:
        """The integral of the cash flows times a power of z up to the second."""

        def moment() -> FloatArray:
            _, _, held, ends = self._integrated
            length = line_formulas.of_monomials(self._paths.lengths, self.layout.monomials)[: self.layout.n_paid]
            return line_formulas.moment(power, length, held, ends).sum(axis=0)

        return once(self._known, ("moment", power), moment)

    def moved(self, name: str, rate: float, weight: Polynomial = ONE) -> FloatArray:
        """The derivative of F along the tangent in a coordinate, normals held fixed; or of the integral of the flows
        times a weight that stays as it is.
        """  # fmt: skip
        return np.asarray(self.moved_in([name], rate, weight)[0])

    def moved_in(self, names: Sequence[str], rate: float, weight: Polynomial = ONE) -> FloatArray:
        """The same in several coordinates, shape (n_names, n_paths)."""
        line, (push, known) = self.line, (self.pushed(), self._known) if weight is ONE else (self._pushed(weight), {})
        found = None if isinstance(line, JointLine) else line.motions(names, rate)
        if found is None or isinstance(line, JointLine):
            return np.stack([line.gained(name, rate, push, known) for name in names])
        total = LineMotions(line, found).gained(push, self._paths.logs)
        for k in found.turning:
            total[k] = line.gained(names[k], rate, push, known)
        return total

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The integral, its paths and what it is an integral of, as ``kernels.line_greeks`` takes them."""
        layout, shape = self.layout, (len(self._watched), len(self.line.place))
        dates = np.array([c.row for c in self._watched], dtype=np.int64).reshape(shape)
        noise = np.array([c.noise for c in self._watched], dtype=float).reshape(shape)
        made = tuple(layout.monomials), tuple(layout.points), layout.rows
        return self._integrated, tuple(self._paths), *made, (dates, noise)

    def pushed(self) -> Push:
        """The derivatives of F in the log-spots of the dates used, where the paths are, and in their lengths; and those
        in the log-spots at crossings whose date every path finds for itself.
        """  # fmt: skip
        return once(self._known, "pushed", lambda: self._pushed(ONE))

    def _pushed(self, weight: Polynomial) -> Push:
        still, along, sent = self._pull(weight)
        found = zip(self._watched, sent, strict=False)  # those of hulls, which come last, are in the others
        there = [(crossings, density / crossings.length) for crossings, density in found]
        return Push(self.layout.rows, still, along, there)

    def _pull(self, weight: Polynomial) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The derivatives of F in the log-spots where the paths are, in their lengths, and in minus the points found
        date by date.
        """  # fmt: skip
        layout = self.layout
        weights = np.array(np.broadcast_arrays(*map(np.atleast_1d, weight)), dtype=float)
        if compiled := kernels("line_pieces"):
            made, sizes = (tuple(layout.monomials), tuple(layout.points)), (len(layout.rows), len(self._paths.before))
            found: tuple[FloatArray, FloatArray, FloatArray]
            found = compiled.pull(*self._integrated, *self._paths[:3], *made, weights, *sizes)
            return found
        return line_formulas.pull(layout, self._integrated, self._paths, weights)
