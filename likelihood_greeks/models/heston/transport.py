r"""How draws travel when a parameter of their law changes.

For a law with distribution function F and density f,

.. math:: \frac{\partial}{\partial\theta} E[g(Y)] = E[g'(Y)\,\dot Y], \qquad
          \dot Y = -\frac{\partial_\theta F(Y)}{f(Y)} :

moving every draw by :math:`\dot Y` moves the law [1]_. It is the derivative of the quantile at a fixed level, whatever
the draw was made of. For the two laws here whose :math:`\dot Y` is no elementary function:

* a gamma of shape a, in relative terms: :math:`R = \dot G / G`, a function of G tabulated once for every shape;
* an inverse Gaussian of mean one and shape :math:`\varphi`, with Mills' ratio M of the normal,

  .. math:: \varphi \dot X = X - 2 X \sqrt{\varphi X}\, M(b), \qquad b = \sqrt{\varphi / X}\,(1 + X).

References
----------
.. [1] M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", *Advances in Neural Information
   Processing Systems* 31 (2018), equation 5.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from ..._remembered import remembered
from ..._typing import FloatArray
from ...numerics.differences import SLOPE
from ...numerics.tables import pieces

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline

NODES = 2048
LOWEST = 1e-8  # of the table, in units of the shape plus one, or what is never drawn; below, R is affine in log G
RARE = 1e-150  # probability beyond the table
STEP = 2e-3  # of the shape, in units of the lesser of it and its root: truncation 1e-11


@remembered(64)
def _table(shape: float) -> tuple[float, float, CubicSpline]:
    """Ends of the table in log G, and R between them."""
    from scipy.interpolate import CubicSpline  # here: it takes long to import

    low = np.log(max(LOWEST * (shape + 1.0), special.gammaincinv(shape, RARE)))
    high = np.log(special.gammainccinv(shape, RARE))
    grid, step = np.linspace(low, high, NODES), STEP * min(shape, np.sqrt(shape))
    g = np.exp(grid)
    lower = sum(w * special.gammainc(shape + k * step, g) for k, w in SLOPE.items())
    upper = sum(w * special.gammaincc(shape + k * step, g) for k, w in SLOPE.items())
    density = np.exp(shape * grid - g - special.gammaln(shape))  # of log G
    moved = np.where(g < shape + 1.0, -np.asarray(lower), np.asarray(upper)) / step
    return float(low), float(high), CubicSpline(grid, moved / density)


def gamma_shape(shape: float, logs: FloatArray) -> FloatArray:
    r"""Relative motion R of gamma draws per unit of their shape, from their logarithms; as `logs`.

    At small G it is :math:`-\{\log G - \psi(a + 1)\}/a`, at large G nearly constant.
    """
    low, high, table = _table(shape)
    rows = table(np.minimum(logs, high))
    small = logs < low
    if small.any():
        rows[small] = (special.digamma(shape + 1.0) - logs[small]) / shape
    return np.asarray(rows)


@remembered(64)
def gamma_table(shape: float) -> tuple[float, float, FloatArray]:
    """The table of `gamma_shape` for kernels: its lowest log G, its step, and cubics, highest power first."""
    low, _, table = _table(shape)
    return low, float(table.x[1] - table.x[0]), np.ascontiguousarray(table.c.T)


@lru_cache(maxsize=1)
def mills_table() -> FloatArray:
    """Mills' ratio M(b) times 1 + b, in polynomials of 1 / (1 + b) in cells of [0, 1]: (n_cells, 6), to 1e-12."""
    return pieces(lambda s: special.erfcx((1.0 / s - 1.0) * np.sqrt(0.5)) * np.sqrt(0.5 * np.pi) / s, 0.0, 1.0)


def inverse_gaussian_shape(draws: FloatArray, shape: FloatArray) -> FloatArray:
    """Motion of draws of mean one per unit of the logarithm of their shape; as `draws`."""
    mills = special.erfcx(np.sqrt(0.5 * shape / draws) * (1.0 + draws)) * np.sqrt(0.5 * np.pi)
    return np.asarray(draws - 2.0 * draws * np.sqrt(shape * draws) * mills)
