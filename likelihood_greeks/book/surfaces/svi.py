r"""Gatheral's raw SVI parameters of the smile of a maturity.

.. math:: w(k) = a + b \left( \rho (k - m) + \sqrt{(k - m)^2 + \sigma^2} \right), \quad k = \log(K / F_T)

where :math:`w` is total implied variance, volatility squared times maturity [1]_.

References
----------
.. [1] J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", *Quantitative Finance* 14 (2014), 59--71:
   equation 3.1; no butterfly arbitrage, lemma 2.2 (after V. Durrleman).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import final

import numpy as np

from ..._checks import finite, non_negative, positive, refuse
from ..._typing import FloatArray
from .cells import Cells

SHOWN = tuple(np.linspace(-2.5, 2.5, 21).tolist())
"""Where the smile is shown and checked, in standard deviations at the money."""


@final
@dataclass(frozen=True)
class SVI:
    """The smile of one maturity by its raw SVI parameters, known at every strike.

    Parameters
    ----------
    maturity : float
        Years, > 0.
    forward : float
        Currency, > 0.
    a : float
        Level of total variance.
    b : float
        Slope of the wings, >= 0.
    rho : float
        Difference of the wings, -1 < rho < 1.
    m : float
        Log-moneyness of the vertex.
    sigma : float
        Width of the vertex, > 0.

    Raises
    ------
    ValueError
        If a parameter is out of range, or total variance is not positive everywhere.
    """

    maturity: float
    forward: float
    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def __post_init__(self) -> None:
        positive("maturity", self.maturity)
        positive("forward", self.forward)
        finite("a", self.a)
        finite("m", self.m)
        non_negative("b", self.b)
        positive("sigma", self.sigma)
        if not -1.0 < finite("rho", self.rho) < 1.0:
            refuse("rho", "lie between -1 and 1", self.rho)
        least = self.a + self.b * self.sigma * sqrt(1.0 - self.rho**2)
        if not least > 0.0:
            refuse("a", f"leave the least total variance, {least:g}, positive", self.a)

    @property
    def ends(self) -> tuple[float, float]:
        """Every strike."""
        return 0.0, inf

    @property
    def nodes(self) -> tuple[float, ...]:
        """Moneynesses up to two and a half standard deviations from the forward."""
        deviation = sqrt(self.total_variance(0.0))
        return tuple(exp(x * deviation) for x in SHOWN)

    @property
    def strikes(self) -> tuple[float, ...]:
        """The nodes in currency."""
        return tuple(x * self.forward for x in self.nodes)

    def total_variance(self, log_moneyness: float) -> float:
        """Volatility squared times maturity at the logarithm of strike over forward."""
        x = log_moneyness - self.m
        return self.a + self.b * (self.rho * x + sqrt(x * x + self.sigma**2))

    def volatility(self, moneyness: float) -> float:
        """Per square-root year, at strike over forward."""
        return sqrt(self.total_variance(log(moneyness)) / self.maturity)

    def cells(self, moneyness: float) -> Cells:
        """One: all volatilities of the maturity move together."""
        return {(self.maturity, None): 1.0}

    def density(self, log_moneyness: FloatArray) -> FloatArray:
        r"""Durrleman's function, which has the sign of the density of the spot at maturity; shape as `log_moneyness`.

        .. math:: g = \left(1 - \frac{k w'}{2 w}\right)^2 - \frac{w'^2}{4} \left(\frac1w + \frac14\right)
            + \frac{w''}{2}
        """
        k, x = log_moneyness, log_moneyness - self.m
        root = np.sqrt(x * x + self.sigma**2)
        w = self.a + self.b * (self.rho * x + root)
        slope, bend = self.b * (self.rho + x / root), self.b * self.sigma**2 / root**3
        return np.asarray((1.0 - k * slope / (2.0 * w)) ** 2 - slope**2 / 4.0 * (1.0 / w + 0.25) + bend / 2.0)
