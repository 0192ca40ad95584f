r"""The modified Bessel function :math:`I_\nu`, by logarithmic derivatives, with derivatives in argument and order.

The law of a square-root variance needs :math:`\log I_\nu(z)` and :math:`h = z I_\nu'/I_\nu` for any :math:`\nu > -1`
and any :math:`z \ge 0`, from 1e-125 (a variance that has touched zero) to 1e6 (tiny steps). Everything follows from
Bessel's equation in Riccati form [1]_ (10.25.1),

.. math:: z\,h' + h^2 = z^2 + \nu^2 ,

whose solutions as power series in :math:`z^2` (small argument), in :math:`1/z` (large argument) and in :math:`1/\nu`
(large order) have coefficients by a recursion. They have no cancellation, and their derivatives in the order are series
as well. Between them a recursion down from a large order is stable. Relative errors are below 1e-11.

References
----------
.. [1] *NIST Digital Library of Mathematical Functions*, https://dlmf.nist.gov, sections 10.25 (series), 10.40 (large
   argument), 10.41 (large order) and 10.29 (recursion).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import final

import numpy as np
from numpy.polynomial import Polynomial, polynomial
from scipy import special

from ..._checks import refuse
from ..._remembered import remembered
from ..._typing import AnyArray, FloatArray

SMALL, SMALL_TERMS = 0.1, 16  # power series for z**2 / 4 below this multiple of nu + 1
LARGE, LARGE_TERMS = 40.0, 16  # series in 1 / z above this plus 4 nu**2
BLOCK = 8192  # arguments at a time, so that they stay in cache
HIGH_ORDER, HIGH_TERMS = 20.0, 10  # series in 1 / nu from this order on


@final
@dataclass(frozen=True, slots=True, eq=False)
class Bessel:
    r"""Values at some arguments, all of the arguments' shape.

    Attributes
    ----------
    log : ndarray
        :math:`L = \log\{I_\nu(z)\,(z/2)^{-\nu}\} - z`, which is smooth at :math:`z = 0`.
    excess : ndarray
        :math:`z r = h - \nu` with the ratio :math:`r = I_{\nu+1}/I_\nu`.
    slope, curvature : ndarray
        :math:`z\,dh/dz` and :math:`z\,d/dz` of it.
    log_order, excess_order, slope_order : ndarray
        Derivatives in the order, at fixed argument, of `log`, `excess` and `slope`; meaningless unless asked for.
    """

    log: FloatArray
    excess: FloatArray
    slope: FloatArray
    curvature: FloatArray
    log_order: FloatArray
    excess_order: FloatArray
    slope_order: FloatArray

    def leading(self, count: int) -> Bessel:
        """The same functions at the first `count` arguments of the first axis."""
        return Bessel(*(getattr(self, field.name)[:count] for field in fields(self)))


def bessel(nu: float, z: AnyArray, order: bool = True) -> Bessel:
    r"""Logarithm, logarithmic derivatives and derivatives in the order of :math:`I_\nu(z)`.

    Parameters
    ----------
    nu : float
        The order, above -1.
    z : ndarray
        Arguments, >= 0.
    order : bool
        Whether derivatives in the order are wanted.

    Raises
    ------
    ValueError
        If `nu` is not above -1.
    """
    if not nu > -1.0:
        refuse("nu", "be above -1", nu)
    flat = np.asarray(z, dtype=float).ravel()
    found = np.empty((7, flat.size))
    for start in range(0, flat.size, BLOCK):
        block = slice(start, start + BLOCK)
        found[:, block] = _block(nu, flat[block], order)
    return Bessel(*found.reshape((7, *np.shape(z))))


def _block(nu: float, z: AnyArray, order: bool) -> FloatArray:
    """The rows of `Bessel` at a few arguments, each by the expansion that is good there."""
    small = 0.25 * z**2 < SMALL * (nu + 1.0)
    large = z > LARGE + 4.0 * nu**2
    found = np.empty((7, z.size))
    ways = (small, _small), (large, _large), (~(small | large), _high if nu >= HIGH_ORDER else _middle)
    for where, rows in ways:
        if where.all():
            return rows(nu, z, order)
        if where.any():
            found[:, where] = rows(nu, z[where], order)
    return found


def _small(nu: float, z: AnyArray, order: bool) -> FloatArray:
    r"""With :math:`t = z^2/4`: :math:`h = \nu + \sum_k a_k t^k` (10.25.2 in logarithms)."""
    a, a_order = np.zeros(SMALL_TERMS), np.zeros(SMALL_TERMS)
    for k in range(1, SMALL_TERMS):
        inner, outer = a[1:k], a[k - 1 : 0 : -1]
        a[k] = (4.0 * (k == 1) - inner @ outer) / (2.0 * (k + nu))
        a_order[k] = -(2.0 * a[k] + 2.0 * (a_order[1:k] @ outer)) / (2.0 * (k + nu))
    t, n = 0.25 * z**2, np.arange(SMALL_TERMS)
    half = np.divide(0.5, n, out=np.zeros(SMALL_TERMS), where=n > 0)
    tables = [half * a, a, 2 * n * a, 4 * n**2 * a, half * a_order, a_order, 2 * n * a_order]
    rows = np.stack([polynomial.polyval(t, table) for table in tables[: 7 if order else 4]] + [t] * (0 if order else 3))
    rows[0] -= special.gammaln(nu + 1.0) + z
    rows[4] -= special.digamma(nu + 1.0)
    return rows


def _large(nu: float, z: AnyArray, order: bool) -> FloatArray:
    r"""Large arguments: :math:`h = z - \tfrac12 + \sum_{k \ge 1} b_k z^{-k}` (10.40.1 in logarithms)."""
    b, b_order = np.zeros(LARGE_TERMS), np.zeros(LARGE_TERMS)
    b[0] = -0.5
    for k in range(LARGE_TERMS - 1):
        b[k + 1] = 0.5 * (nu**2 * (k == 0) + k * b[k] - b[: k + 1] @ b[k::-1])
        b_order[k + 1] = nu * (k == 0) + 0.5 * k * b_order[k] - b_order[: k + 1] @ b[k::-1]
    u, n = 1.0 / z, np.arange(LARGE_TERMS)
    over = np.divide(-1.0, n, out=np.zeros(LARGE_TERMS), where=n > 0)
    tables = [over * b, b, -n * b, n**2 * b, over * b_order, b_order, -n * b_order]
    rows = np.stack([polynomial.polyval(u, table) for table in tables[: 7 if order else 4]] + [u] * (0 if order else 3))
    rows[0] -= 0.5 * np.log(2.0 * np.pi * z) + nu * np.log(0.5 * z)
    rows[1] += z - nu
    rows[2] += z
    rows[3] += z
    rows[4] -= np.log(0.5 * z)
    rows[5] -= 1.0
    return rows


@lru_cache(maxsize=1)
def _debye() -> tuple[list[Polynomial], list[Polynomial]]:
    r"""Coefficients of 10.41.3 in logarithms: polynomials in :math:`p = (1 + x^2)^{-1/2}`, :math:`x = z/\nu`.

    :math:`h = \nu \sum_k g_k \nu^{-k}` with :math:`g_0 = 1/p`, and the logarithm has the terms
    :math:`D_k \nu^{-k}` with :math:`x\,dD_k/dx = g_{k+1}`; :math:`g_1, g_2, \ldots` and :math:`D_1, D_2, \ldots`.
    """
    p = Polynomial([0.0, 1.0])
    g = [Polynomial([0.0]), -0.5 * (1.0 - p**2)]  # g_1 = -x g_0' / (2 g_0), and g_0 is no polynomial
    for k in range(1, HIGH_TERMS):
        products = sum((g[i] * g[k + 1 - i] for i in range(1, k + 1)), Polynomial([0.0]))
        g.append(-0.5 * p * (_turned(g[k]) + products))
    logs = [Polynomial([0.0])] + [-(g[k + 1] // (p - p**3)).integ() for k in range(1, HIGH_TERMS)]
    return g[1:], logs[1:]


def _turned(poly: Polynomial) -> Polynomial:
    """The derivative x d/dx of a polynomial in p."""
    return -Polynomial([0.0, 1.0, 0.0, -1.0]) * poly.deriv()


@remembered(64)
def _debye_at(nu: float) -> dict[str, list[float]]:
    """The sums over k of `_debye` at one order, as coefficients in p, by row of `Bessel`."""
    g, logs = _debye()
    turned = [_turned(poly) for poly in g]
    twice = [_turned(poly) for poly in turned]

    def summed(polynomials: list[Polynomial], offset: int) -> list[float]:
        total = sum((nu ** (offset - k) * poly for k, poly in enumerate(polynomials)), Polynomial([0.0]))
        return [float(c) for c in total.coef]

    def falling(polynomials: list[Polynomial], start: int) -> list[Polynomial]:
        """- nu**(k + 1) d/dnu of poly_k(z / nu) / nu**k, the first k being `start`."""
        return [k * poly + _turned(poly) for k, poly in enumerate(polynomials, start)]

    return {
        "log": summed(logs, -1), "excess": summed(g, 0), "slope": summed(turned, 0), "curvature": summed(twice, 0),
        "log_order": summed(falling(logs, 1), -2), "excess_order": summed(falling(g, 0), -1),
        "slope_order": summed(falling(turned, 0), -1),
    }  # fmt: skip


def _horner(coefficients: list[float], p: AnyArray) -> FloatArray:
    """A polynomial at p, in place."""
    *rest, leading = coefficients
    value = np.full(p.shape, leading)
    for coefficient in reversed(rest):
        value *= p
        value += coefficient
    return value


def _high(nu: float, z: AnyArray, order: bool, slopes: bool = True) -> FloatArray:
    """Large orders, at any argument: `_debye`; the rows of slope and curvature only if `slopes`."""
    table = _debye_at(nu)
    x = z / nu
    root = np.sqrt(1.0 + x**2)
    p = 1.0 / root
    rows = np.zeros((7, z.size))
    growth = np.log(0.5 * nu * (1.0 + root))
    rows[0] = nu * (root - x - growth) - 0.5 * np.log(2.0 * np.pi * nu * root) + _horner(table["log"], p)
    rows[1] = nu * x**2 / (1.0 + root) + _horner(table["excess"], p)
    if slopes:  # x d/dx of 1/p is 1/p - p, and once more 1/p - p**3
        rows[2] = nu * (root - p) + _horner(table["slope"], p)
        rows[3] = nu * (root - p**3) + _horner(table["curvature"], p)
    if order:
        rows[4] = -growth - 0.5 * p**2 / nu - _horner(table["log_order"], p)
        rows[5] = p - 1.0 - _horner(table["excess_order"], p)
    if order and slopes:
        rows[6] = p**3 - p - _horner(table["slope_order"], p)
    return rows


def _middle(nu: float, z: AnyArray, order: bool) -> FloatArray:
    r"""Moderate orders: large ones, and down by 10.29.1 in ratios, which is stable.

    With :math:`E_\nu = z I_{\nu+1}/I_\nu` and :math:`D = 2(\nu + 1) + E_{\nu+1}`: :math:`E_\nu = z^2/D` and
    :math:`L_\nu = L_{\nu+1} + \log(D/2)`.
    """
    count = int(np.ceil(HIGH_ORDER - nu))
    rows = _high(nu + count, z, order, slopes=False)
    excess, excess_order, square, product = rows[1], rows[5], z**2, np.ones_like(z)
    for mu in nu + np.arange(count - 1.0, -0.5, -1.0):
        divisor = excess + 2.0 * (mu + 1.0)
        if order:
            relative = (excess_order + 2.0) / divisor
            rows[4] += relative
        product *= divisor
        excess = square / divisor
        if order:
            excess_order = -excess * relative
    rows[0] += np.log(product) - count * np.log(2.0)
    rows[1], rows[5] = excess, excess_order
    h = nu + excess
    rows[2] = square - excess * (2.0 * nu + excess)
    rows[3] = 2.0 * (square - h * rows[2])
    rows[6] = -2.0 * (excess + h * excess_order)  # of nu**2 - h**2, with dh = 1 + excess_order
    return rows
