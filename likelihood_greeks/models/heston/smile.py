r"""Heston's implied volatilities at many strikes and maturities at once, with their derivatives in the five parameters.

With :math:`k = \log(K/F_t)` and :math:`p(k) = E[\min(e^{X-k}, 1)]` (`fourier`), prices in forwards are
:math:`1 - e^k p` for a call and :math:`e^k(1 - p)` for a put. On the graded line
:math:`u(s) = -\tfrac i2 + \tfrac12\sinh s` the characteristic function does not depend on the strike, so that a
maturity costs one of it and a matrix product.

The implied volatility :math:`\sigma` solves :math:`B(k, \sigma\sqrt t) =` price, so that its derivative in a parameter
is that of the price over Black's vega.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import special

from ..._typing import AnyArray, FloatArray
from ...numerics import jets
from ...numerics.jets import Jet
from .contour import NEGLIGIBLE, STATIONS
from .fourier import log_characteristic
from .parameters import VARIANCE

STEPS = (1 / 16, 1 / 32, 1 / 64, 1 / 128)
CHANGE = 1e-6  # by halving the step, in parts of the integral of |integrand|: the error left is about its square
FLOOR = 1e-12  # least price in forwards (and least distance from the largest) that an implied volatility is read from


def implied_volatilities(
    values: Mapping[str, float], log_moneyness: FloatArray, maturities: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Black's implied volatilities of Heston's prices, and their derivatives.

    Parameters
    ----------
    values : mapping of str to float
        The five parameters named in `parameters.VARIANCE`.
    log_moneyness : ndarray, shape (n_strikes, n_maturities)
        Logarithm of strike over forward. Beyond what prices of 1e-12 forwards can tell, the volatility is that of such
        a price.
    maturities : ndarray, shape (n_maturities,)
        Years, > 0.

    Returns
    -------
    volatilities : ndarray, shape (n_strikes, n_maturities)
        Per square-root year.
    slopes : ndarray, shape (5, n_strikes, n_maturities)
        In the order of `parameters.VARIANCE`.

    Raises
    ------
    ArithmeticError
        If the Fourier integral does not settle.
    """
    prices, slopes = _out_of_the_money(values, log_moneyness, maturities)
    deviation = implied_deviation(prices, log_moneyness)
    root = np.sqrt(maturities)
    return deviation / root, slopes / (black(log_moneyness, deviation)[1] * root)


def implied_deviation(prices: FloatArray, log_moneyness: FloatArray) -> FloatArray:
    r"""Standard deviation :math:`\sigma\sqrt t` at which Black's out-of-the-money price is as given.

    Newton's method for the logarithm of the price, kept inside a bracket that shrinks.

    Parameters
    ----------
    prices : ndarray, shape (...)
        Of the put below the forward and the call above it, in forwards; moved into `FLOOR` from the bounds of no
        arbitrage.
    log_moneyness : ndarray, shape (...)

    Returns
    -------
    ndarray, shape (...)
    """
    most = np.exp(np.minimum(log_moneyness, 0.0))
    target = np.clip(prices, FLOOR, most * (1.0 - FLOOR))
    low, high = np.full_like(target, 1e-8), np.full_like(target, 30.0)
    x = np.maximum(np.sqrt(2.0 * np.abs(log_moneyness)), 0.01)  # the price's inflection
    for _ in range(100):
        price, vega = black(log_moneyness, x)
        below = price < target
        low, high = np.where(below, x, low), np.where(below, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # prices that underflow: bisection
            new = x + np.log(target / price) * price / vega
        new = np.where((low < new) & (new < high), new, np.sqrt(low * high))
        if np.all(np.abs(new - x) <= 1e-14 * x):
            break
        x = new
    return x


def black(log_moneyness: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Black's out-of-the-money price in forwards, and its derivative in the deviation."""
    sign = np.where(log_moneyness > 0.0, 1.0, -1.0)
    d1 = -log_moneyness / deviation + 0.5 * deviation
    strike = np.exp(log_moneyness)
    price = sign * (special.ndtr(sign * d1) - strike * special.ndtr(sign * (d1 - deviation)))
    return price, np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)


def _out_of_the_money(
    values: Mapping[str, float], log_moneyness: FloatArray, maturities: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Prices in forwards, shape (n_strikes, n_maturities), and their derivatives in the five parameters."""
    end = _end(values, maturities)
    for step in STEPS:
        s = np.arange(0.0, end, step)
        u = -0.5j + 0.5 * np.sinh(s)
        phi = jets.exp(_log_characteristic(values, u, maturities))
        weight = np.where(s > 0.0, 1.0, 0.5) * np.cosh(s) * (0.5 * step / np.pi) / (u * (u + 1j))
        terms = np.concatenate([phi.value[None], phi.gradient]) * weight  # (6, n_maturities, n_nodes)
        kernel = np.exp(-1j * u * log_moneyness.T[..., None])  # (n_maturities, n_strikes, n_nodes)
        total, coarse = _summed(kernel, terms), 2.0 * _summed(kernel[..., ::2], terms[..., ::2])
        size = np.exp(-0.5 * log_moneyness) * np.abs(terms).sum(-1)[:, None]
        if np.all(np.abs(total - coarse) <= CHANGE * size):
            strike = np.exp(log_moneyness)
            minimum, slopes = total[0], total[1:]
            price = np.where(log_moneyness > 0.0, 1.0 - strike * minimum, strike * (1.0 - minimum))
            return price, -strike * slopes
    raise ArithmeticError(f"the Fourier integral must settle, got none at {dict(values)}")


def _summed(kernel: AnyArray, terms: AnyArray) -> FloatArray:
    """Sums over nodes, real parts, shape (6, n_strikes, n_maturities)."""
    return np.moveaxis(np.real(kernel @ np.moveaxis(terms, 0, -1)), (2, 1, 0), (0, 1, 2))


def _end(values: Mapping[str, float], maturities: FloatArray) -> float:
    """Where the integrand has become negligible at every maturity."""
    u = -0.5j + 0.5 * np.sinh(STATIONS)
    modulus = np.exp(_log_characteristic(values, u, maturities, coordinates=False).value.real) * np.abs(1.0 / (u + 1j))
    last = int(np.flatnonzero((modulus > NEGLIGIBLE * modulus.sum(-1, keepdims=True)).any(0))[-1]) + 1
    if not last < len(STATIONS):
        raise ArithmeticError(f"the Fourier integral must settle, got none at {dict(values)}")
    return float(STATIONS[last])


def _log_characteristic(
    values: Mapping[str, float], u: AnyArray, maturities: FloatArray, coordinates: bool = True
) -> Jet:
    """`fourier.log_characteristic`, of shape (n_maturities, n_nodes), in the five parameters or none."""
    names = VARIANCE if coordinates else ()
    empty = Jet(names, np.zeros(()), np.zeros(len(names)), np.zeros((len(names), len(names))))
    x = {name: empty.constant(values[name]) for name in VARIANCE} | Jet.variables(
        {name: values[name] for name in names}
    )
    return log_characteristic({**x, "maturity": empty.constant(maturities[:, None])}, u)
