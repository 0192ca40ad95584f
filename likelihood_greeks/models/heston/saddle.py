r"""Contours through the saddle for the density of the log-spot under Heston's model.

With :math:`X = \log(S_t/F_t)` and its characteristic function :math:`\varphi`, the density is

.. math:: p(x) = \frac1{2\pi}\int \varphi(u)\,e^{-iux}\,du

on any contour that crosses the imaginary axis at :math:`u = -ip` with :math:`E[e^{pX}]` finite. The contour here
(`contour`) crosses it at the saddle, where :math:`E[e^{pX}]\,e^{-px}` is least: then nothing cancels, and p(x) has all
its digits however small it is. Its width is that of the saddle.

References
----------
.. [1] L. Andersen and V. Piterbarg, "Moment explosions in stochastic volatility models", *Finance and Stochastics* 11,
   2007, proposition 3.1 (the time at which a moment becomes infinite).
.. [2] R. Lugannani and S. Rice, "Saddle point approximation for the distribution of the sum of independent random
   variables", *Advances in Applied Probability* 12, 1980.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from .contour import Contour, surveyed
from .fourier import log_characteristic

ORDERS = special.expit(np.arange(-14.0, 9.0, 0.05))  # of the moments, in parts of the critical one
ANGLES = np.pi / 40.0 * np.arange(-19.0, 20.0)
RISE = 3.0  # of log E exp(p (X - x)) above its least, over the width of the saddle


@final
@dataclass(frozen=True, slots=True, eq=False)
class Saddles:
    r"""Moments of real order of X, from which come the contours, and how far the law reaches.

    Parameters
    ----------
    values : mapping of str to float
        The parameters of the variance, and ``maturity`` (years).
    orders, log_moments : ndarray, shape (n_orders,)
        p, increasing between the critical orders, and :math:`\log E[e^{pX}]`.
    """

    values: Mapping[str, float]
    orders: FloatArray
    log_moments: FloatArray

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Saddles:
        """Moments of all orders short of the critical ones."""
        low, high = critical_orders(values)
        orders = np.concatenate([low * ORDERS[::-1], high * ORDERS])
        return cls(values, orders, log_characteristic(jets.constants(values), -1j * orders).value.real)

    def reach(self, probability: float) -> tuple[float, float]:
        r"""Points beyond which X lies with less than `probability`, by Chernoff's bound.

        .. math:: P(X > x) \le E[e^{pX}]\,e^{-px}, \quad p > 0; \qquad P(X < x) \le E[e^{pX}]\,e^{-px}, \quad p < 0.
        """
        bounds = (self.log_moments - np.log(probability)) / self.orders
        return float(bounds[self.orders < 0.0].max()), float(bounds[self.orders > 0.0].min())

    def contour(self, x: float) -> Contour:
        """A contour for the density near `x` (dimensionless, of X).

        Raises
        ------
        ArithmeticError
            If the integrand does not decay.
        """
        height = self.log_moments - self.orders * x
        near = self.orders[height <= height.min() + RISE]
        order, width = float(0.5 * (near[0] + near[-1])), float(0.5 * (near[-1] - near[0]))
        bare = jets.constants(self.values)

        def modulus(u: AnyArray) -> FloatArray:
            exponent = log_characteristic(bare, u).value - 1j * u * x - height.min()
            return np.asarray(np.exp(exponent.real))

        return surveyed(order, width, ANGLES, modulus, self.values)


def critical_orders(values: Mapping[str, float]) -> tuple[float, float]:
    """The orders p < 0 and p > 1 between which :math:`E[e^{pX}]` is finite."""
    from scipy.optimize import brentq  # here: it takes long to import

    pace = 1.0 / values["maturity"]

    def excess(order: float) -> float:
        return explosion_rate(values, order) - pace

    ends = []
    for start, side in ((0.0, -1.0), (1.0, 1.0)):
        end = start + side
        while excess(end) < 0.0:
            end = start + 2.0 * (end - start)
        ends.append(float(brentq(excess, start, end)))
    return ends[0], ends[1]


def explosion_rate(values: Mapping[str, float], order: float) -> float:
    r"""One over the time from which :math:`E[e^{pX}]` is infinite, per year; 0 if it never is.

    With :math:`\chi = \rho\xi p - \kappa` and :math:`D = \chi^2 - \xi^2 p(p-1)` the time is
    :math:`2\,\mathrm{artanh}(\sqrt D/\chi)/\sqrt D` if :math:`D \ge 0`, :math:`\chi > 0`, never if :math:`D \ge 0`,
    :math:`\chi \le 0`, and :math:`2\arg(\chi + i\sqrt{-D})/\sqrt{-D}` if :math:`D < 0`.
    """
    chi = values["correlation"] * values["vol_of_vol"] * order - values["mean_reversion"]
    square = chi**2 - values["vol_of_vol"] ** 2 * order * (order - 1.0)
    root = float(np.sqrt(abs(square)))
    if square < 0.0:
        return 0.5 * root / float(np.arctan2(root, chi))
    if chi <= 0.0 or root >= chi:
        return 0.0
    return 0.5 * root / float(np.arctanh(root / chi)) if root > 0.0 else 0.5 * chi
