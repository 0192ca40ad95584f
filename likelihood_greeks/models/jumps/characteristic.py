"""The characteristic function of what jumps add to a log-spot."""

from __future__ import annotations

from collections.abc import Mapping

from ..._typing import AnyArray
from ...numerics import jets
from ...numerics.jets import Jet


def log_characteristic(x: Mapping[str, Jet], u: AnyArray) -> Jet:
    r"""Logarithm of the characteristic function of the jumps by a date, the forward kept where it is.

    .. math:: \lambda t\,\bigl(e^{iu\mu - \frac12 u^2\delta^2} - 1 - iuk\bigr), \qquad k = e^{\mu + \delta^2/2} - 1 .

    Parameters
    ----------
    x : mapping of str to Jet
        Scalar jets ``intensity``, ``jump_mean``, ``jump_volatility`` and ``maturity`` t in years.
    u : ndarray, shape (...)
        Complex.

    Returns
    -------
    Jet
        Complex, of the shape of `u`.
    """
    mean, square = x["jump_mean"], x["jump_volatility"] * x["jump_volatility"]
    kept = jets.expm1(mean + 0.5 * square)
    return x["intensity"] * x["maturity"] * (jets.expm1(mean * (1j * u) - square * (0.5 * u**2)) - kept * (1j * u))
