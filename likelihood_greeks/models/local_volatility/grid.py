r"""A local volatility on a grid of times and spots.

Between the spots, in their logarithms, a cubic joins the nodes with continuous slopes, each that of the parabola
through a node and its neighbours; the slopes at both ends are zero, and beyond them the volatility is that of the end.
Between times it is linear, or constant from each to the next; before the first and after the last it is constant. So it
is a sum of the nodes' volatilities times functions of time and spot that depend on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from ..._checks import flag, non_negative, positive, real_array, refuse
from ..._remembered import remembered
from ..._typing import AnyArray, FloatArray
from ...numerics.arrays import once
from .chain import SAME_DATE, Chain

NEAREST = 1e-5  # of the distance between the end nodes, how near to each other two may be
INSIDE = 16  # points of a cell at which it must be positive


@final
@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """How a cell is found: by equal buckets of the log-spot, of which none has two nodes inside.

    Attributes
    ----------
    table : ndarray of int
        The cell in which each bucket starts.
    bases, bounds : ndarray, shape (n_spots + 1,)
        The log-spot that the cubic of a cell is about, and that at which the next cell begins.
    place : tuple of float
        Start of the first bucket, and buckets per unit of the log-spot.
    """

    table: AnyArray
    bases: FloatArray
    bounds: FloatArray
    place: tuple[float, float]


@final
@dataclass(frozen=True, eq=False)
class LocalVolatilityGrid:
    """Local volatilities at times and spots, continuous with their slopes in the spot in between.

    Parameters
    ----------
    times : sequence of float, shape (n_times,)
        Years, increasing, >= 0.
    spots : sequence of float, shape (n_spots,)
        Currency, increasing, > 0; at least two.
    volatilities : array_like, shape (n_times, n_spots)
        Per square-root year, > 0.
    constant : bool
        Whether a row holds from its time up to the next one; else the volatility is linear between them.

    Raises
    ------
    ValueError
        If the nodes do not increase, the shape is another, or the volatility is not positive on the grid and between.

    Notes
    -----
    Between times linear or constant; between spots cubic in the logarithm, each slope that of the parabola through a
    node and its neighbours. Beyond the grid the volatility is that of its edge.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> grid = lg.LocalVolatilityGrid([0.0, 1.0], [80.0, 100.0, 120.0], [[0.25, 0.2, 0.18], [0.24, 0.2, 0.19]])
    >>> grid(0.5, [100.0, 300.0]).tolist()
    [0.2, 0.185]
    """

    times: tuple[float, ...]
    spots: tuple[float, ...]
    volatilities: FloatArray
    constant: bool = False
    _coefficients: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", _increasing("times", self.times, non_negative))
        object.__setattr__(self, "spots", _increasing("spots", self.spots, positive))
        flag("constant", self.constant)
        values = real_array("volatilities", self.volatilities).copy()
        if values.shape != (len(self.times), len(self.spots)):
            refuse("volatilities", f"have shape {(len(self.times), len(self.spots))}, times by spots", values.shape)
        if not np.all(np.isfinite(values)):
            refuse("volatilities", "be finite", values)
        values.setflags(write=False)
        object.__setattr__(self, "volatilities", values)
        object.__setattr__(self, "_coefficients", np.stack([self.basis @ row for row in values]))
        if not np.diff(self.nodes).min() > NEAREST * (self.nodes[-1] - self.nodes[0]):
            refuse("spots", "not be as near to each other as these", self.spots)
        fine = np.linspace(self.nodes[:-1], self.nodes[1:], INSIDE).T.ravel()
        least = np.stack([self._read(rows, fine)[0] for rows in self._coefficients])
        if not np.all(least > 0.0):
            t, k = np.unravel_index(int(np.argmin(least)), least.shape)
            where = f"time {self.times[t]:g} and spot {np.exp(fine[k]):g}"
            refuse("volatilities", f"be positive on the grid and between; at {where}", float(least[t, k]))

    @classmethod
    def of(
        cls, function: Callable[[float, Any], Any], times: Sequence[float], spots: Sequence[float]
    ) -> LocalVolatilityGrid:
        """The grid of a function of a time (years) and spots (currency, an array)."""
        at = np.asarray(spots, dtype=float)
        return cls(tuple(times), tuple(spots), np.stack([function(float(t), at) + 0.0 * at for t in times]))

    # -- interpolation -----------------------------------------------------------------------------------------

    @cached_property
    def nodes(self) -> FloatArray:
        """Logarithms of the spots."""
        return np.log(self.spots)

    @cached_property
    def basis(self) -> FloatArray:
        """What the nodes' volatilities are multiplied with to give cubics, shape (n_spots + 1, 4, n_spots).

        A row a cell, the first below the grid and the last above it: coefficients of the powers of the log-spot less
        that of the node on the cell's left (of the first cell: on its right).
        """
        nodes, count = self.nodes, len(self.nodes)
        slopes, identity = np.zeros((count, count)), np.eye(count)
        for k in range(1, count - 1):
            left, right = nodes[k] - nodes[k - 1], nodes[k + 1] - nodes[k]
            chords = (identity[k] - identity[k - 1]) / left, (identity[k + 1] - identity[k]) / right
            slopes[k] = (right * chords[0] + left * chords[1]) / (left + right)
        found = np.zeros((count + 1, 4, count))
        found[0, 0], found[count, 0] = identity[0], identity[-1]
        for k in range(1, count):
            width = nodes[k] - nodes[k - 1]
            chord = (identity[k] - identity[k - 1]) / width
            first, last = slopes[k - 1], slopes[k]
            found[k] = (
                identity[k - 1],
                first,
                (3.0 * chord - 2.0 * first - last) / width,
                (first + last - 2.0 * chord) / width**2,
            )
        return found

    @cached_property
    def lookup(self) -> Lookup:
        """What a kernel finds cells by."""
        nodes = self.nodes
        count = int(np.ceil((nodes[-1] - nodes[0]) / np.diff(nodes).min() * 2.0))
        scale = count / (nodes[-1] - nodes[0])
        origin = float(nodes[0] - 1.0 / scale)
        edges = origin + np.arange(count + 2) / scale
        table = np.searchsorted(nodes, edges, side="right").astype(np.int64)
        return Lookup(table, np.concatenate([nodes[:1], nodes]), np.concatenate([nodes, [np.inf]]), (origin, scale))

    def shares(self, time: float) -> list[tuple[int, float]]:
        """Which rows of the grid a time reads, and how much of each."""
        k = int(np.searchsorted(self.times, time, side="right"))
        if self.constant and k < len(self.times) and self.times[k] - time <= SAME_DATE:
            k += 1
        if k in (0, len(self.times)) or self.constant:
            return [(0 if k == 0 else k - 1, 1.0)]
        part = (time - self.times[k - 1]) / (self.times[k] - self.times[k - 1])
        return [(k - 1, 1.0 - part), (k, part)]

    def rows(self, chain: Chain) -> int:
        """How many rows of the grid the steps of a chain read, from the first on."""
        return 1 + max(row for row, _ in self.shares(float(chain.read[-1])))

    def coefficients(self, time: float) -> FloatArray:
        """The cubics at a time, shape (n_spots + 1, 4): see `basis`."""
        return _coefficients(self, time)

    def _read(self, rows: FloatArray, log_spot: FloatArray) -> tuple[FloatArray, FloatArray]:
        cell = np.searchsorted(self.nodes, log_spot, side="right")
        away = log_spot - self.nodes[np.maximum(cell - 1, 0)]
        a, b, c, d = rows[cell].T
        return a + away * (b + away * (c + away * d)), b + away * (2.0 * c + 3.0 * d * away)

    def weights(self, log_spot: FloatArray) -> FloatArray:
        """What the nodes' volatilities of one time are multiplied with at some log-spots, shape (n, n_spots)."""
        cell = np.searchsorted(self.nodes, log_spot, side="right")
        away = log_spot - self.nodes[np.maximum(cell - 1, 0)]
        powers = away[:, None] ** np.arange(4)
        return np.asarray(np.einsum("np,nps->ns", powers, self.basis[cell]))

    @cached_property
    def local_basis(self) -> tuple[AnyArray, FloatArray]:
        """`basis` without its zeros: the first node of every cell, and the weights of it and the next ones.

        Shapes (n_spots + 1,) and (n_spots + 1, 4, 4); of nodes that are not there the weights are zero.
        """
        count = len(self.spots)
        firsts = np.clip(np.arange(count + 1) - 2, 0, max(count - 4, 0))
        found = np.zeros((count + 1, 4, 4))
        for k, first in enumerate(firsts):
            own = self.basis[k, :, first : first + 4]
            found[k, :, : own.shape[1]] = own
        return firsts, found

    def levels(self, time: float, log_spot: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Volatilities at one time and their derivatives in the log-spot; both of the shape of `log_spot`."""
        return self._read(self.coefficients(time), log_spot)

    def bends(self, time: float, log_spot: FloatArray) -> FloatArray:
        """Second derivatives in the log-spot at one time, shape of `log_spot`."""
        return self._bends(self.coefficients(time), log_spot)

    def _bends(self, rows: FloatArray, log_spot: FloatArray) -> FloatArray:
        cell = np.searchsorted(self.nodes, log_spot, side="right")
        *_, c, d = rows[cell].T
        return np.asarray(2.0 * c + 6.0 * d * (log_spot - self.nodes[np.maximum(cell - 1, 0)]))

    @cached_property
    def _moved(self) -> dict[float, LocalVolatilityGrid]:
        return {}

    def along(self, factor: float) -> LocalVolatilityGrid:
        """The same volatilities at spots that are a multiple of these."""
        if factor == 1.0:
            return self
        return once(self._moved, factor, lambda: replace(self, spots=tuple(factor * spot for spot in self.spots)))

    def __call__(self, time: float, spot: AnyArray) -> FloatArray:
        """Volatility at a time (years) and spots (currency); shape of `spot`."""
        return self._read(self.coefficients(time), np.log(np.asarray(spot, dtype=float)))[0]


@remembered(4096)
def _coefficients(grid: LocalVolatilityGrid, time: float) -> FloatArray:
    """The same for every chunk."""
    return np.ascontiguousarray(sum(share * grid._coefficients[k] for k, share in grid.shares(time)))


@final
@dataclass(frozen=True, eq=False)
class Direction:
    """How a volatility moves with a parameter: node by node, and between nodes as the volatility itself is read.

    Parameters
    ----------
    grid : LocalVolatilityGrid
        Its nodes and how they are joined.
    rows : ndarray, shape (n_times, n_spots)
        Derivatives of the nodes' volatilities; of any sign.
    """

    grid: LocalVolatilityGrid
    rows: FloatArray

    @cached_property
    def _cubics(self) -> list[FloatArray]:
        return [self.grid.basis @ row for row in self.rows]

    @cached_property
    def _known(self) -> dict[float, FloatArray]:
        return {}

    def coefficients(self, time: float) -> FloatArray:
        """The cubics at a time, shape (n_spots + 1, 4), as of the grid."""
        if time not in self._known:
            shares = self.grid.shares(time)
            self._known[time] = np.ascontiguousarray(sum(share * self._cubics[k] for k, share in shares))
        return self._known[time]

    def levels(self, time: float, log_spot: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivatives in the parameter at one time, and their own in the log-spot; both of the shape of `log_spot`."""
        return self.grid._read(self.coefficients(time), log_spot)

    def bends(self, time: float, log_spot: FloatArray) -> FloatArray:
        """Their second derivatives in the log-spot, shape of `log_spot`."""
        return self.grid._bends(self.coefficients(time), log_spot)

    def moved(self, shift: float) -> LocalVolatilityGrid:
        """The grid, so far along."""
        return replace(self.grid, volatilities=self.grid.volatilities + shift * self.rows)


def _increasing(name: str, values: Any, check: Callable[[str, object], float]) -> tuple[float, ...]:
    if np.ndim(values) != 1:
        refuse(name, "be a sequence of numbers", values)
    found = tuple(check(f"{name}[{k}]", value) for k, value in enumerate(values))
    if len(found) < (2 if name == "spots" else 1):
        refuse(name, "hold at least two" if name == "spots" else "hold at least one", found)
    if not np.all(np.diff(found) > 0.0):
        refuse(name, "be strictly increasing", found)
    return found
