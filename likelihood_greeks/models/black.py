r"""European options on a lognormal spot: many at once, each with every first and second derivative.

An option pays :math:`c_0 + a_0 S` up to a trigger K and :math:`c_1 + a_1 S` beyond. With the forward F, the total
variance w of the log-spot, :math:`s = \sqrt w` and :math:`d_{1,2} = \log(F/K)/s \pm s/2`, its undiscounted value is

.. math:: V = c_0\,\Phi(-d_2) + a_0 F\,\Phi(-d_1) + c_1\,\Phi(d_2) + a_1 F\,\Phi(d_1).

Let :math:`j = c_1 - c_0 + (a_1 - a_0) K` be its jump at the trigger and :math:`k = a_1 - a_0` its kink. Since
:math:`F\varphi(d_1) = K\varphi(d_2)`,

.. math::
    V_F = a_0\,\Phi(-d_1) + a_1\,\Phi(d_1) + \frac{j\,\varphi(d_2)}{Fs}, \qquad
    G := F^2 V_{FF} = \varphi(d_2)\,\Bigl(\frac{kK}{s} - \frac{j d_1}{s^2}\Bigr), \qquad V_w = \tfrac12 G,

the last by the heat equation in the logarithm of F, so that :math:`V_{Fw} = \tfrac12 G_F` and
:math:`V_{ww} = \tfrac12 G_w`. Everything else is the chain rule through F and w.

References
----------
.. [1] F. Black, "The pricing of commodity contracts", *Journal of Financial Economics* 3 (1976), 167-179.
.. [2] E. G. Haug, *The Complete Guide to Option Pricing Formulas*, McGraw-Hill, 1998, pp. 88-90 (gap,
   cash-or-nothing and asset-or-nothing options).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from .._typing import AnyArray
from ..numerics import jets
from ..numerics.jets import Jet

Side = tuple[AnyArray | float, AnyArray | float]
"""(Constant, slope) of a cash flow on one side of the trigger."""


def european(forward: Jet, variance: Jet, trigger: AnyArray | float, below: Side, above: Side) -> Jet:
    """Undiscounted values of options of two straight pieces.

    Parameters
    ----------
    forward : Jet, shape (...)
        Of the spot at the maturity, currency.
    variance : Jet, shape (...)
        Total, of the log-spot there, > 0.
    trigger : float or ndarray, shape (...)
        Currency, > 0.
    below, above : tuple of two floats or ndarrays, shape (...)
        What is paid up to the trigger and beyond: a constant (currency), and a slope in the spot.

    Returns
    -------
    Jet, shape (...)
        Currency, in the coordinates of `forward` and `variance`.
    """
    (c0, a0), (c1, a1) = below, above
    f, s = forward.value, np.sqrt(variance.value)
    d2 = np.log(f / trigger) / s - 0.5 * s
    d1 = d2 + s
    kink, density = (a1 - a0) * trigger, np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi)
    jump = c1 - c0 + kink
    assets = a0 * special.ndtr(-d1) + a1 * special.ndtr(d1)
    value = c0 * special.ndtr(-d2) + c1 * special.ndtr(d2) + f * assets
    g = density * (kink / s - jump * d1 / s**2)
    by_forward = -(d2 * g + density * jump / s**2) / (s * f)
    by_deviation = (d1 * d2 * g + density * (jump * (d2 + 2.0 * d1) / s**2 - kink / s)) / s
    first = assets + jump * density / (f * s), 0.5 * g
    second = g / f**2, 0.5 * by_forward, 0.25 * by_deviation / s
    return jets.of_two(forward, variance, value, first, second)
