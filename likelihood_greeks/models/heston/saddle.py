r"""Contours through the saddle for the density of the log-spot under Heston's model.

With :math:`X = \log(S_t/F_t)` and its characteristic function :math:`\varphi`, the density is

.. math:: p(x) = \frac1{2\pi}\int \varphi(u)\,e^{-iux}\,du

on any contour that crosses the imaginary axis at :math:`u = -ip` with :math:`E[e^{pX}]` finite. The contour here,

.. math:: u(s) = -ip + b\,[\sinh(s + i\omega) - i\sin\omega],

crosses it at the saddle, where :math:`E[e^{pX}]\,e^{-px}` is least: then nothing cancels, and p(x) has all its digits
however small it is. Its width b is that of the saddle, and its ends are turned as in `fourier`, so that the
trapezoidal rule in s converges exponentially even where :math:`\varphi` decays slowly on the real line.

References
----------
.. [1] L. Andersen and V. Piterbarg, "Moment explosions in stochastic volatility models", *Finance and Stochastics* 11,
   2007, proposition 3.1 (the time at which a moment becomes infinite).
.. [2] R. Lugannani and S. Rice, "Saddle point approximation for the distribution of the sum of independent random
   variables", *Advances in Applied Probability* 12, 1980.
.. [3] S. Boyarchenko and S. Levendorskii, "Sinh-acceleration: efficient evaluation of probability distributions, option
   pricing, and Monte Carlo simulations", *International Journal of Theoretical and Applied Finance* 22, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy import special

from ..._typing import AnyArray, FloatArray
from ...numerics.jets import Jet
from .fourier import log_characteristic

ORDERS = special.expit(np.arange(-14.0, 9.0, 0.05))  # of the moments, in parts of the critical one
ANGLES = np.pi / 40.0 * np.arange(-19, 20)
STATIONS = np.arange(0.0, 40.0, 0.5)  # of the survey of a contour
GROWTH = 1e3  # of the integrand, up to which an angle counts as admissible
NEGLIGIBLE = 1e-20  # where a contour ends, in parts of the integral of |integrand|
RISE = 3.0  # of log E exp(p (X - x)) above its least, over the width of the saddle


@final
@dataclass(frozen=True, slots=True)
class Contour:
    """One contour: the order p at which it crosses the imaginary axis, its width, the angle of its ends, and its end.

    The angle may be an array: then so are the points.
    """

    order: float
    width: float
    angle: AnyArray | float
    end: float

    def points(self, s: AnyArray) -> tuple[AnyArray, AnyArray]:
        """u(s) and du/ds, of the shape of `s`."""
        z = s + 1j * self.angle
        return -1j * self.order + self.width * (np.sinh(z) - 1j * np.sin(self.angle)), self.width * np.cosh(z)


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
        return cls(values, orders, log_characteristic(_bare(values), -1j * orders).value.real)

    def reach(self, probability: float) -> tuple[float, float]:
        r"""Points beyond which X lies with less than `probability`, by Chernoff's bound.

        .. math:: P(X > x) \le E[e^{pX}]\,e^{-px}, \quad p > 0; \qquad P(X < x) \le E[e^{pX}]\,e^{-px}, \quad p < 0.
        """
        bounds = (self.log_moments - np.log(probability)) / self.orders
        return float(bounds[self.orders < 0.0].max()), float(bounds[self.orders > 0.0].min())

    def contour(self, x: float) -> Contour:
        """A contour for the density near `x` (dimensionless, of X).

        The angle is the middle of those at which the integrand does not grow; see `fourier`.

        Raises
        ------
        ArithmeticError
            If the integrand does not decay.
        """
        height = self.log_moments - self.orders * x
        near = self.orders[height <= height.min() + RISE]
        order, width = float(0.5 * (near[0] + near[-1])), float(0.5 * (near[-1] - near[0]))
        u, speed = Contour(order, width, ANGLES[:, None], 0.0).points(STATIONS)
        exponent = log_characteristic(_bare(self.values), u).value - 1j * u * x - height.min()
        with np.errstate(over="ignore"):  # angles where the integrand grows
            modulus = np.exp(exponent.real) * np.abs(speed)
        total = modulus.sum(axis=1)
        admissible = np.flatnonzero(total <= GROWTH * total.min())
        if not (len(admissible) and total.min() > 0.0):
            raise unsettled(self.values)
        middle = (admissible[0] + admissible[-1]) // 2
        last = np.flatnonzero(modulus[middle] > NEGLIGIBLE * total[middle])[-1] + 1
        if not last < len(STATIONS):
            raise unsettled(self.values)
        return Contour(order, width, float(ANGLES[middle]), float(STATIONS[last]))


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


def _bare(values: Mapping[str, float]) -> dict[str, Jet]:
    """Jets in no coordinates."""
    return {name: Jet((), np.asarray(value), np.zeros(0), np.zeros((0, 0))) for name, value in values.items()}


def unsettled(values: Mapping[str, float]) -> ArithmeticError:
    """The refusal of a law whose density cannot be computed."""
    return ArithmeticError(f"the Fourier integral of the density must settle, got none at {dict(values)}")
