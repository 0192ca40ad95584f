r"""Heston's implied volatilities at many strikes and maturities at once, with their derivatives in the five parameters.

The implied volatility :math:`\sigma` solves :math:`B(k, \sigma\sqrt t) =` price (`bundles`), so that its derivative in
a parameter is that of the price over Black's vega.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import special

from ..._typing import FloatArray
from .bundles import out_of_the_money
from .far_prices import far_prices

FAR = 1e-8  # price in forwards, below which it is worth a contour of its own where few are asked for
FLOOR = 1e-12  # least price in forwards (and least distance from the largest) that an implied volatility is read from


def implied_volatilities(
    values: Mapping[str, float], log_moneyness: FloatArray, maturities: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Black's implied volatilities of Heston's prices, and their derivatives.

    Parameters
    ----------
    values : mapping of str to float
        The parameters named by `parameters.motion`.
    log_moneyness : ndarray, shape (...)
        Logarithm of strike over forward. Beyond what prices of 1e-12 forwards can tell, the volatility is that of such
        a price, and no parameter moves it.
    maturities : ndarray, shape (...)
        Years, > 0; the two are broadcast.

    Returns
    -------
    volatilities : ndarray, shape (...)
        Per square-root year; NaN where the Fourier integral does not settle.
    slopes : ndarray, shape (n_parameters, ...)
        In the order of `parameters.motion`.
    """
    k, t = (np.ravel(array) for array in np.broadcast_arrays(log_moneyness, maturities))
    shape = np.broadcast_shapes(np.shape(log_moneyness), np.shape(maturities))
    prices, slopes = out_of_the_money(values, k, t)
    deviation = implied_deviation(prices, k)
    told = (prices > FLOOR) & (prices < np.exp(np.minimum(k, 0.0)) - FLOOR)
    with np.errstate(over="ignore"):
        by_parameter = np.where(told, slopes / np.where(told, black(k, deviation)[1], 1.0), 0.0) / np.sqrt(t)
    return (deviation / np.sqrt(t)).reshape(shape), by_parameter.reshape(len(slopes), *shape)


def volatilities_at_any_strike(
    values: Mapping[str, float], log_moneyness: FloatArray, maturities: FloatArray
) -> FloatArray:
    """`implied_volatilities` without slopes, and as good where prices are too small for it.

    Returns
    -------
    ndarray, shape (...)
        Per square-root year; NaN where the Fourier integral does not settle.
    """
    k, t = (np.array(array, dtype=float) for array in np.broadcast_arrays(log_moneyness, maturities))
    found, _ = implied_volatilities(values, k, t)
    far = black(k, found * np.sqrt(t))[0] < FAR
    for maturity in np.unique(t[far]):
        chosen = far & (t == maturity)
        prices = far_prices(values, k[chosen], float(maturity))
        found[chosen] = implied_deviation(prices, k[chosen], least=np.finfo(float).tiny) / np.sqrt(maturity)
    return found


def implied_deviation(prices: FloatArray, log_moneyness: FloatArray, least: float = FLOOR) -> FloatArray:
    r"""Standard deviation :math:`\sigma\sqrt t` at which Black's out-of-the-money price is as given.

    Newton's method for the logarithm of the price, kept inside a bracket that shrinks.

    Parameters
    ----------
    prices : ndarray, shape (...)
        Of the put below the forward and the call above it, in forwards; moved up to `least`, and to `FLOOR` of the
        other bound of no arbitrage. NaN has no deviation.
    log_moneyness : ndarray, shape (...)
    least : float
        What prices are trusted down to, in forwards.

    Returns
    -------
    ndarray, shape (...)
    """
    k = np.broadcast_to(log_moneyness, np.shape(prices)).astype(float).ravel()
    most = np.exp(np.minimum(k, 0.0))
    target = np.clip(np.ravel(prices), least, most * (1.0 - FLOOR))
    found = np.where(np.isnan(target), np.nan, np.maximum(np.sqrt(2.0 * np.abs(k)), 0.01))  # the price's inflection
    low, high = np.full_like(target, 1e-8), np.full_like(target, 30.0)
    open_ = np.flatnonzero(np.isfinite(target))
    for _ in range(100):
        x, goal = found[open_], target[open_]
        price, vega = black(k[open_], x)
        below = price < goal
        low[open_], high[open_] = np.where(below, x, low[open_]), np.where(below, high[open_], x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # prices that underflow: bisection
            new = x + np.log(goal / price) * price / vega
        new = np.where((low[open_] < new) & (new < high[open_]), new, np.sqrt(low[open_] * high[open_]))
        found[open_] = new
        open_ = open_[~(np.abs(new - x) <= 1e-14 * x)]
        if not len(open_):
            break
    return found.reshape(np.shape(prices))


def black(log_moneyness: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Black's out-of-the-money price in forwards, and its derivative in the deviation."""
    sign = np.where(log_moneyness > 0.0, 1.0, -1.0)
    d1 = -log_moneyness / deviation + 0.5 * deviation
    strike = np.exp(log_moneyness)
    price = sign * (special.ndtr(sign * d1) - strike * special.ndtr(sign * (d1 - deviation)))
    return price, np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)
