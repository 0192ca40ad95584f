r"""The ratios of modified Bessel functions that a variance needs, tabulated once for every order.

All of them are smooth in :math:`t = z/(z + c)` on [0, 1], ends included, once divided by what they are near both ends:

.. math:: \frac{zr}{zt}, \quad \frac{q}{zt}, \quad \frac{z\,q'}{zt}, \quad
          \partial_\nu L + \log(z + c), \quad \frac{\partial_\nu(zr)}{t^2}, \quad \frac{\partial_\nu q}{t^2},

with :math:`r = I_{\nu+1}/I_\nu`, :math:`h = \nu + zr` and :math:`q = zh'`. With :math:`c = \sqrt{(\nu + 1)(\nu + 5)}`,
which is about the first zero of :math:`I_\nu` on the imaginary axis, they are polynomials of degree 5 in each of 256
cells to 1e-11 for orders from -0.97 on, and to 1e-9 down to -0.995 (measured against `bessel` at arguments from 1e-6 to
1e6; zr itself to 1e-12 and 1e-10). Orders nearer to -1 go by the formula.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, final

import numpy as np

from ..._compiled import kernels
from ..._remembered import remembered
from ..._typing import FloatArray
from ...numerics.arrays import once
from ...numerics.tables import pieces
from .bessel import Bessel, bessel

LOWEST_ORDER = -0.995
ROWS = ("excess", "slope", "curvature", "log_order", "excess_order", "slope_order")
"""What is tabulated, in the order of `Table.pieces`."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Polynomials for one order.

    Attributes
    ----------
    scale : float
        The number c.
    pieces : ndarray, shape (n_rows, n_cells, 6)
        Of `ROWS` in t: see `numerics.tables`.
    """

    scale: float
    pieces: FloatArray


@remembered(128)
def tabulated(nu: float) -> Table:
    """The table of one order, made in about a millisecond."""
    scale = float(np.sqrt((nu + 1.0) * (nu + 5.0)))

    def reduced(t: FloatArray) -> FloatArray:
        z = scale * t / (1.0 - t)
        found, near = bessel(nu, z), z * t
        return np.stack([
            found.excess / near, found.slope / near, found.curvature / near, found.log_order + np.log(z + scale),
            found.excess_order / t**2, found.slope_order / t**2,
        ])  # fmt: skip

    return Table(scale, pieces(reduced, 0.0, 1.0))


@final
@dataclass(frozen=True, slots=True, eq=False)
class BesselRows:
    """The rows of `Bessel` at some arguments, each computed when it is first asked for.

    Parameters
    ----------
    nu : float
        The order.
    arguments : callable
        Gives the arguments z >= 0, when they are first needed.
    """

    nu: float
    arguments: Callable[[], FloatArray]
    _known: dict[Any, Any] = field(default_factory=dict)

    @property
    def z(self) -> FloatArray:
        """The arguments."""
        return once(self._known, "z", self.arguments)

    def leading(self, count: int, arguments: Callable[[], FloatArray]) -> BesselRows:
        """The same rows at the first `count` arguments of the first axis, with what is known there."""
        return BesselRows(self.nu, arguments, {name: row[:count] for name, row in self._known.items()})

    def _row(self, name: str) -> FloatArray:
        if name in self._known:
            found: FloatArray = self._known[name]
            return found
        compiled = kernels("heston.bessel") if self.nu >= LOWEST_ORDER else None
        if compiled and name in ROWS:
            table, z = tabulated(self.nu), self.z
            row, found = ROWS.index(name), np.empty(z.shape)
            compiled.row(row, np.ascontiguousarray(z).ravel(), table.scale, table.pieces[row], found.ravel())
            self._known[name] = found
        else:
            values = bessel(self.nu, self.z, order=name.endswith("order"))
            usable = [f.name for f in fields(Bessel) if name.endswith("order") or not f.name.endswith("order")]
            self._known.update({other: getattr(values, other) for other in ([name] if compiled else usable)})
        return self._row(name)

    @property
    def log(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("log")

    @property
    def excess(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("excess")

    @property
    def slope(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("slope")

    @property
    def curvature(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("curvature")

    @property
    def log_order(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("log_order")

    @property
    def excess_order(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("excess_order")

    @property
    def slope_order(self) -> FloatArray:
        """See `Bessel`."""
        return self._row("slope_order")
