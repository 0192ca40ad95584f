r"""Out-of-the-money prices with all their digits, however small: each on a contour through its own saddle.

On a contour that crosses the imaginary axis at :math:`u = -ip` with :math:`p > 1` for a call, or :math:`p < 0` for a
put, both poles are on one side, and the price in forwards is

.. math:: -\frac{e^k}{2\pi} \int \frac{\varphi(u)\,e^{-iuk}}{u(u + i)}\,du.

At the saddle of the density (`saddle`) nothing cancels, so that the price is right to many digits where `bundles`,
which takes it from one or from the strike, has rounding alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..._typing import FloatArray
from ...numerics import jets
from .contour import unsettled
from .fourier import log_characteristic
from .saddle import Saddles

APART = 0.05  # of the order from those of the poles, 0 and 1
STEPS = (1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128)
LEAST = 1e-300  # a price
CHANGE = 1e-5  # by leaving out every other node, relative: the error left is its square


def far_prices(values: Mapping[str, float], log_moneyness: FloatArray, maturity: float) -> FloatArray:
    """Prices in forwards of the put below the forward and the call above it.

    Parameters
    ----------
    values : mapping of str to float
        The parameters named by `parameters.motion`.
    log_moneyness : ndarray, shape (n,)
        Logarithm of strike over forward.
    maturity : float
        Years, > 0.

    Returns
    -------
    ndarray, shape (n,)
        NaN where the strike is not far out, the price is below 1e-300, or the integral does not settle.
    """
    law = {**values, "maturity": maturity}
    saddles = Saddles.of(law)
    found = np.full(len(log_moneyness), np.nan)
    for i, k in enumerate(log_moneyness):
        try:
            found[i] = _price(law, saddles, float(k))
        except ArithmeticError:
            continue
    return found


def _price(law: Mapping[str, float], saddles: Saddles, k: float) -> float:
    """The price at one strike."""
    contour = saddles.contour(k)
    if not (contour.order < -APART if k <= 0.0 else contour.order > 1.0 + APART):
        return np.nan
    bare = jets.constants(law)
    for step in STEPS:
        u, weight = contour.nodes(step)
        exponent = log_characteristic(bare, u).value + k * (1.0 - 1j * u)
        terms = np.real(weight * np.exp(exponent) / (u * (u + 1j)))
        total, coarse = terms.sum(), 2.0 * terms[::2].sum()
        if abs(total - coarse) <= CHANGE * abs(total):
            return float(-total) if -total > LEAST else np.nan
    raise unsettled(law)
