r"""The density of the log-spot under Heston's model, tabulated with its first and second derivatives.

The table is of :math:`X = \log(S_t/F_t)`, on nodes uniform in y with

.. math:: x = x_* + w\sinh y, \qquad x_* = -\frac{\rho}{\xi}(v_0 + \kappa\theta t), \qquad
          w = \frac{\sqrt{1-\rho^2}}{\xi}(v_0 + \kappa\theta t).

Indeed :math:`\log\varphi(u) \sim iux_* - w|u|` for large u, so the density is analytic but for the points
:math:`x_* \pm iw`, which is to say in the strip :math:`|\mathrm{Im}\,y| < \pi/2`: where Feller's condition is
violated and the density peaks at :math:`x_*` (the log-spot of a variance that is soon zero and stays there) the nodes
are dense. The tails are exponential, and smooth in y too.

At every node the integrals of `saddle` give the density and all its derivatives up to the third that involve x,
so that everything is interpolated by cubics with exact slopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from ..._remembered import remembered
from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from .contour import Contour, change, unsettled
from .fourier import log_characteristic
from .parameters import VARIANCE
from .saddle import Saddles

NAMES = ("x", *VARIANCE, "maturity")
"""The coordinates of the table's derivatives."""

CELLS, BLOCKS = 1024, 32
TAIL = 1e-17  # probability beyond either end, at most
STEPS = (1 / 16, 1 / 32, 1 / 64, 1 / 128)
CHANGE = 1e-6  # by halving the step, in parts of the integral of |integrand|: the error left is about its square
MASS = 1e-9  # error of the total probability that is refused
FIRST, SECOND = np.triu_indices(len(NAMES))  # the second derivatives that are kept
KEPT = np.zeros((len(NAMES), len(NAMES)), dtype=np.int64)
KEPT[FIRST, SECOND] = KEPT[SECOND, FIRST] = np.arange(len(FIRST))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    r"""Nodes uniform in y, where :math:`x = x_* + w\sinh y`."""

    centre: float
    width: float
    start: float
    step: float

    @classmethod
    def of(cls, values: Mapping[str, float], low: float, high: float) -> Grid:
        """The grid of `CELLS` cells from x = `low` to x = `high`."""
        travel = values["mean_reversion"] * values["long_run_variance"] * values["maturity"]
        scale, rho = (values["initial_variance"] + travel) / values["vol_of_vol"], values["correlation"]
        centre, width = -rho * scale, float(np.sqrt(1.0 - rho**2)) * scale
        start, end = (float(np.arcsinh((x - centre) / width)) for x in (low, high))
        return cls(centre, width, start, (end - start) / CELLS)

    @property
    def nodes(self) -> FloatArray:
        """The nodes' y, shape (CELLS + 1,)."""
        return np.asarray(self.start + self.step * np.arange(CELLS + 1.0))

    def x(self, y: AnyArray) -> FloatArray:
        """The point x with coordinate `y`."""
        return np.asarray(self.centre + self.width * np.sinh(y))

    def place(self, x: FloatArray) -> FloatArray:
        """Cells from the start of the grid to `x`, not whole."""
        return np.asarray((np.arcsinh((x - self.centre) / self.width) - self.start) / self.step)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cubics:
    """Functions interpolated by cubics between nodes.

    Parameters
    ----------
    values, slopes : ndarray, shape (n_nodes, n_functions)
        At the nodes; the slopes in x.
    """

    values: FloatArray
    slopes: FloatArray

    def __call__(self, cell: AnyArray, t: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
        """Values at the part `t` of each cell, whose ends have dx/dt `left` and `right`; (n_functions, n_points)."""
        u = 1.0 - t
        weights = u * u * (1.0 + 2.0 * t), t * t * (1.0 + 2.0 * u), t * u * u * left, -t * t * u * right
        nodes = self.values[cell], self.values[cell + 1], self.slopes[cell], self.slopes[cell + 1]
        total = nodes[0] * weights[0][:, None]
        for node, weight in zip(nodes[1:], weights[1:], strict=True):
            total += node * weight[:, None]
        return np.asarray(total.T)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The law of X, tabulated.

    Parameters
    ----------
    grid : Grid
    first : Cubics
        The log-density, and its derivatives in `NAMES`.
    second : Cubics
        Its second derivatives, in the pairs `FIRST`, `SECOND` of `NAMES`.
    score, x, pace : ndarray, shape (CELLS + 1,)
        The normal score of every node, x there, and dx over the score's.
    """

    grid: Grid
    first: Cubics
    second: Cubics
    score: FloatArray
    x: FloatArray
    pace: FloatArray

    def at(self, x: FloatArray, functions: Cubics) -> FloatArray:
        """Values of `functions` at `x`, shape (n_functions, n_points); beyond the grid they go on linearly."""
        inside = np.clip(x, self.x[0], self.x[-1])
        place = self.grid.place(inside)
        cell = np.clip(place.astype(np.int64), 0, CELLS - 1)
        stretch = np.sqrt(self.grid.width**2 + (self.x - self.grid.centre) ** 2) * self.grid.step
        found = functions(cell, place - cell, stretch[cell], stretch[cell + 1])
        if np.any(beyond := x - inside):
            found += beyond * np.where(beyond > 0.0, functions.slopes[-1][:, None], functions.slopes[0][:, None])
        return found

    def from_scores(self, z: FloatArray) -> FloatArray:
        """The points that the law exceeds as probably as a standard normal exceeds `z`; shape of `z`."""
        return _monotone(z, self.score, self.x, self.pace)

    def scores_of(self, x: FloatArray) -> FloatArray:
        """The inverse of `from_scores`."""
        return _monotone(x, self.x, self.score, 1.0 / self.pace)


def _monotone(at: FloatArray, nodes: FloatArray, values: FloatArray, slopes: FloatArray) -> FloatArray:
    """A function interpolated by cubics between uneven nodes, and going on linearly beyond them; shape of `at`."""
    inside = np.clip(at, nodes[0], nodes[-1])
    cell = np.clip(np.searchsorted(nodes, inside, side="right") - 1, 0, CELLS - 1)
    width = nodes[cell + 1] - nodes[cell]
    t = (inside - nodes[cell]) / width
    u = 1.0 - t
    ends = u * u * (1.0 + 2.0 * t) * values[cell] + t * t * (1.0 + 2.0 * u) * values[cell + 1]
    bends = t * u * width * (u * slopes[cell] - t * slopes[cell + 1])
    return np.asarray(ends + bends + (at - inside) * np.where(at > inside, slopes[-1], slopes[0]))


@remembered(64)
def table(arguments: tuple[float, ...]) -> Table:
    """The table of the law of X with the variance's parameters and the maturity `arguments`.

    Raises
    ------
    ArithmeticError
        If an integral does not settle.
    """
    values = dict(zip(NAMES[1:], arguments, strict=True))
    saddles = Saddles.of(values)
    grid = Grid.of(values, *saddles.reach(TAIL))
    x = grid.x(grid.nodes)
    blocks = [_integrals(values, saddles.contour(_middle(part)), part) for part in np.array_split(x, BLOCKS)]
    p, slope = (_joined([pair[k] for pair in blocks]) for k in (0, 1))
    gradient = p.gradient / p.value
    curved = p.hessian / p.value - gradient[:, None] * gradient[None, :]
    along = p.hessian[0] / p.value - gradient[0] * gradient  # d/dx of the gradient
    cross = along[:, None] * gradient[None, :]
    bent = slope.hessian / p.value - p.hessian * slope.value / p.value**2 - cross - np.swapaxes(cross, 0, 1)
    first = Cubics(np.vstack([np.log(p.value), gradient]).T.copy(), np.vstack([gradient[:1], along]).T.copy())
    second = Cubics(curved[FIRST, SECOND].T.copy(), bent[FIRST, SECOND].T.copy())
    score, pace = _normal_scores(values, grid, p.value, slope)
    return Table(grid, first, second, score, x, pace)


def _middle(part: FloatArray) -> float:
    return float(part[len(part) // 2])


def _joined(parts: list[Jet]) -> Jet:
    """Jets of consecutive nodes as one."""
    arrays = [np.concatenate([getattr(p, f) for p in parts], axis=-1) for f in ("value", "gradient", "hessian")]
    return Jet(parts[0].names, *arrays)


def _integrals(values: Mapping[str, float], contour: Contour, x: FloatArray) -> tuple[Jet, Jet]:
    """The density at `x` and its derivative in x, with their derivatives in `NAMES`."""
    variables, middle = Jet.variables({"x": _middle(x), **values}), _middle(x)
    for step in STEPS:
        u, weight = contour.nodes(step)
        kernel = jets.exp(log_characteristic(variables, u) - variables["x"] * (1j * u))
        terms = kernel * weight
        if _settled(terms):
            wave = np.exp(-1j * u * (x - middle)[:, None])
            return _summed(terms, wave), _summed(terms * (-1j * u), wave)
    raise unsettled(values)


def _summed(terms: Jet, wave: AnyArray) -> Jet:
    """Real parts of the sums over the contour of `terms` times `wave`, of shape (n_nodes, n_points)."""
    both = np.concatenate([wave.real, -wave.imag], axis=1)

    def total(array: AnyArray) -> FloatArray:  # not by matrix products, whose last bit depends on their threads
        return np.asarray(np.einsum("nm,...m->...n", both, np.concatenate([array.real, array.imag], axis=-1)))

    kept = total(terms.hessian[FIRST, SECOND])
    return Jet(terms.names, total(terms.value), total(terms.gradient), kept[KEPT])


def _settled(terms: Jet) -> bool:
    """Whether halving the step moves neither the value nor a derivative by more than is allowed."""
    arrays = terms.value, terms.gradient, terms.hessian
    return all(bool(np.all(change(array) <= CHANGE * np.abs(array).sum(-1))) for array in arrays)


def _normal_scores(
    values: Mapping[str, float], grid: Grid, density: FloatArray, slope: Jet
) -> tuple[FloatArray, FloatArray]:
    r"""Normal scores :math:`\Phi^{-1}(F(x))` of the nodes, and dx over theirs.

    The density in y is integrated cell by cell by the quintic that has its values and two derivatives at both ends; the
    tails beyond the grid are taken to be exponential.
    """
    sinh, cosh = grid.width * np.sinh(grid.nodes), grid.width * np.cosh(grid.nodes)
    p, dp, ddp = density, slope.value, slope.gradient[0]
    f = p * cosh
    df = dp * cosh**2 + p * sinh
    ddf = ddp * cosh**3 + 3.0 * dp * sinh * cosh + p * cosh
    h = grid.step
    cells = h * ((f[1:] + f[:-1]) / 2.0 + h * (df[:-1] - df[1:]) / 10.0 + h**2 * (ddf[1:] + ddf[:-1]) / 120.0)
    left, right = p[0] ** 2 / dp[0], -(p[-1] ** 2) / dp[-1]
    below = np.cumsum(np.concatenate([[left], cells]))
    above = np.cumsum(np.concatenate([[right], cells[::-1]]))[::-1]
    if not abs(below[-1] + right - 1.0) <= MASS:
        raise unsettled(values)
    score = np.where(below < above, special.ndtri(below), -special.ndtri(above))
    return score, np.exp(-0.5 * score**2) / (np.sqrt(2.0 * np.pi) * p)
