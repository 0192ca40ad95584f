r"""European options under Heston's model by Fourier inversion, with every first and second derivative.

.. math::
    dS_t = (r - q)\,S_t\,dt + \sqrt{v_t}\,S_t\,dW_t, \qquad
    dv_t = \kappa(\theta - v_t)\,dt + \xi\sqrt{v_t}\,dB_t, \qquad d\langle W, B\rangle_t = \rho\,dt.

With :math:`X = \log(S_t/F_t)`, :math:`\varphi(u) = E[e^{iuX}]` and :math:`k = \log(K/F_t)`, on any contour that
crosses the imaginary axis between the poles at :math:`-i` and 0,

.. math::
    P(X > k) = \frac1{2\pi}\int \frac{\varphi(u)\,e^{-iuk}}{iu}\,du, \qquad
    E[\min(e^{X-k}, 1)] = \frac1{2\pi}\int \frac{\varphi(u)\,e^{-iuk}}{u(u + i)}\,du,

and the call is :math:`F_t - K\,E[\min(e^{X-k}, 1)]`. The contour is
:math:`u(s) = -\tfrac{i}2 + \tfrac12\sinh(s + i\omega)` (`contour`). The integrands are jets, so the derivatives are
integrals too, each with its own error control.

References
----------
.. [1] S. Heston, "A closed-form solution for options with stochastic volatility", *Review of Financial
   Studies* 6, 1993.
.. [2] A. Lewis, *Option Valuation under Stochastic Volatility*, Finance Press, 2000, chapter 2 (the contour between
   the poles).
.. [3] H. Albrecher, P. Mayer, W. Schoutens and J. Tistaert, "The little Heston trap", *Wilmott Magazine*, January 2007.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.polynomial import Polynomial

from ..._checks import finite, non_negative, positive, refuse
from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from ...parameters import TIME
from ..jumps import characteristic as jumps
from .contour import Contour, change, surveyed, unsettled
from .parameters import motion

LOG1P_RATIO = Polynomial([(-1.0) ** n / (n + 1) for n in range(14)])
ANGLES = np.pi / 14.0 * np.arange(-6.0, 7.0)  # of the contour's ends; the poles are met at +- pi/2
STEPS = (1 / 16, 1 / 32, 1 / 64, 1 / 128)
CHANGE = 1e-7  # by halving the step, in parts of the same: the error left is about its square
ROUNDING = 1e-12  # change of a derivative, per unit changes of its coordinates, that is rounding, in parts of the same


def vanilla_jets(x: Mapping[str, Jet], strike: float, time: float) -> tuple[Jet, Jet]:
    r"""Undiscounted expectations of 1{S > strike} and max(S - strike, 0) at one date, with their derivatives.

    Parameters
    ----------
    x : mapping of str to Jet
        Scalar jets, in any coordinates: ``spot`` (currency), ``initial_variance``, ``long_run_variance`` (per year),
        ``mean_reversion``, ``vol_of_vol``, ``rate``, ``dividend_yield`` (per year), ``correlation``, and ``time``,
        the years by which the date has come nearer (0 today); with jumps (Bates' model) their parameters too.
    strike : float
        In currency, > 0.
    time : float
        The date, in years, > 0.

    Returns
    -------
    digital : Jet
        Probability, scalar.
    call : Jet
        In currency, not discounted, scalar. The asset-or-nothing is ``call + strike * digital``.

    Raises
    ------
    ValueError
        If an argument is out of range.
    ArithmeticError
        If the integral of the value or of a derivative does not settle (laws of an hour, tens of deviations away).

    Notes
    -----
    A derivative is refused unless halving the step changes it by less than 1e-7 of the integral of its integrand's
    modulus (the error left is then about 1e-12 of it), or less than 1e-12 of the value's when the coordinates double,
    which is rounding. For values that integral is about 1 in a digital and the lesser of F and K in a call, so the
    price of a very far option has few correct digits of its own, or none, and may be negative by rounding.
    """
    maturity = time - x[TIME]
    _check(x, positive("strike", strike), positive("time", time), float(maturity.value))
    forward = x["spot"] * jets.exp((x["rate"] - x["dividend_yield"]) * maturity)
    arguments = {name: x[name] for name in motion(x)}
    arguments |= {"maturity": maturity, "log_moneyness": -jets.log(forward / strike)}
    above, minimum = integrals({name: float(jet.value) for name, jet in arguments.items()})
    return above.at(arguments), forward - strike * minimum.at(arguments)


def characteristic_function(x: Mapping[str, Jet], u: AnyArray) -> Jet:
    r"""Characteristic function :math:`\varphi(u) = E[e^{iuX}]` of :math:`X = \log(S_t/F_t)`; see `log_characteristic`.

    That of :math:`\log S_t` is :math:`F_t^{iu}\varphi(u)`.
    """
    return jets.exp(log_characteristic(x, u))


def log_characteristic(x: Mapping[str, Jet], u: AnyArray) -> Jet:
    r"""Logarithm of the characteristic function of :math:`X = \log(S_t/F_t)`, continuous in u.

    Parameters
    ----------
    x : mapping of str to Jet
        Scalar jets: the five parameters of the variance, ``maturity`` t in years, and those of jumps if there are any.
    u : ndarray, shape (...)
        Complex, dimensionless, off the imaginary axis wherever moments explode.

    Returns
    -------
    Jet
        Complex, of the shape of `u`.

    Notes
    -----
    With :math:`\beta = \kappa - i\rho\xi u`, :math:`d = \sqrt{\beta^2 + \xi^2 u(u+i)}` of positive real part,
    :math:`\ell = u(u+i)/(\beta + d)`, :math:`m = (1 - e^{-dt})/(2d)` and :math:`y = -\xi^2 \ell m`,

    .. math::
        \log\varphi = -\kappa\theta\,\Bigl(\ell t + \frac2{\xi^2}\log(1+y)\Bigr) - v_0\,\frac{u(u+i)\,m}{1+y}.

    This is the form of Albrecher et al. (2007) with decaying exponentials, whose logarithm does not meet its cut;
    :math:`1 + y = (1 - g e^{-dt})/(1 - g)` in their symbols, and :math:`\beta - d = -\xi^2\ell`. The
    bracket is computed as :math:`\ell\,\bigl[t - 2m\,\log(1+y)/y\bigr]`, so that :math:`\xi` may vanish: then Black's
    formula stands, with the integrated variance.

    References
    ----------
    .. [1] H. Albrecher, P. Mayer, W. Schoutens and J. Tistaert, "The little Heston trap", *Wilmott Magazine*, January
       2007.
    """
    kappa, xi, t = x["mean_reversion"], x["vol_of_vol"], x["maturity"]
    q = u * (u + 1j)
    beta = kappa - x["correlation"] * xi * (1j * u)
    d = jets.sqrt(beta * beta + xi * xi * q)
    slope = q / (beta + d)
    m = -jets.expm1(-(d * t)) / (2.0 * d)
    y = -(xi * xi) * slope * m
    bracket = slope * (t - 2.0 * m * _log1p_ratio(y))
    diffused = -kappa * x["long_run_variance"] * bracket - x["initial_variance"] * q * m / (1.0 + y)
    return diffused + jumps.log_characteristic(x, u) if "intensity" in x else diffused


def _log1p_ratio(x: Jet) -> Jet:
    """log(1 + x) / x, by its series near zero."""
    near = np.abs(x.value) < 0.03
    z = np.where(near, 1.0, x.value)
    value = np.log1p(z) / z
    slope = (1.0 / (1.0 + z) - value) / z
    curvature = -(1.0 / (1.0 + z) ** 2 + 2.0 * slope) / z
    if near.any():
        for order, array in enumerate((value, slope, curvature)):
            array[near] = LOG1P_RATIO.deriv(order)(x.value[near])
    return x.chain(value, slope, curvature)


def integrals(values: Mapping[str, float]) -> tuple[Jet, Jet]:
    """P(X > k) and E[min(exp(X - k), 1)] in the coordinates `values`, at those values.

    Parameters
    ----------
    values : mapping of str to float
        The five parameters of the variance, ``maturity`` (years) and ``log_moneyness`` k.

    Raises
    ------
    ArithmeticError
        If the integral of the value or of a derivative does not settle.
    """
    x, contour = Jet.variables(values), _contour(values)
    for step in STEPS:
        u, weight = contour.nodes(step)
        kernel = jets.exp(log_characteristic(x, u) - x["log_moneyness"] * (1j * u))
        terms = kernel * (weight / (1j * u)), kernel * (weight / (u * (u + 1j)))
        if all(_settled(term, values) for term in terms):
            return terms[0].sum().real, terms[1].sum().real
    raise unsettled(values)


def _contour(values: Mapping[str, float]) -> Contour:
    """The contour of a probability, which serves the minimum as well."""
    bare = jets.constants(values)

    def modulus(u: AnyArray) -> FloatArray:
        exponent = log_characteristic(bare, u).value - 1j * u * values["log_moneyness"]
        return np.asarray(np.exp(exponent.real) / np.abs(u))

    return surveyed(Contour.between_the_poles(ANGLES).order, 0.5, ANGLES, modulus, values)


def _settled(terms: Jet, values: Mapping[str, float]) -> bool:
    """Whether halving the step moves neither the value nor a derivative by more than is allowed."""
    unit = np.array([unit_change(name, values) for name in terms.names])
    size = np.abs(terms.value).sum(-1)
    for array, change_of in ((terms.value, 1.0), (terms.gradient, unit), (terms.hessian, np.outer(unit, unit))):
        if not np.all(change(array) <= CHANGE * np.abs(array).sum(-1) + ROUNDING * size / change_of):
            return False
    return True


def unit_change(name: str, values: Mapping[str, float]) -> float:
    """A change of order one of a coordinate that may be zero."""
    match name:
        case "initial_variance":
            return values[name] + values["long_run_variance"]
        case "vol_of_vol":
            return values[name] + values["mean_reversion"]
        case "correlation" | "log_moneyness" | "jump_mean":
            return 1.0
    return values[name]


def _check(x: Mapping[str, Jet], strike: float, time: float, maturity: float) -> None:
    """Refuse parameters for which there is no law, or none that spreads."""
    values = {name: float(jet.value) for name, jet in x.items()}
    for name in ("spot", "mean_reversion", "long_run_variance"):
        positive(name, values[name])
    for name in ("initial_variance", "vol_of_vol"):
        non_negative(name, values[name])
    for name in ("rate", "dividend_yield"):
        finite(name, values[name])
    if not -1.0 < values["correlation"] < 1.0:
        refuse("correlation", "be between -1 and 1, both excluded", values["correlation"])
    if not maturity > 0.0:
        refuse("time", f"be later than {values[TIME]!r}", time)
