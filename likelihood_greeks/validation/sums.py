r"""Prices under geometric Brownian motion of contracts that are sums over their dates: closed forms, or one integral.

A realised volatility is the mean of a root: with :math:`L(s) = E e^{-sX}`, known for a sum of squared normals,
:math:`E\sqrt{X} = \frac{1}{2\sqrt\pi}\int_0^\infty (1 - L(s))\,s^{-3/2}\,ds`.
"""

from __future__ import annotations

import numpy as np

from .._typing import FloatArray
from ..models.gbm import GBM
from ..payoffs.realised import RangeAccrual, VarianceSwap, VolatilitySwap
from .walk import INF, Walk, expected


def accrual(model: GBM, payoff: RangeAccrual, times: FloatArray) -> float:
    """A range accrual: the mean over its dates of the chance to be within."""
    walk, start = Walk.of(model, times), np.log([model.spot])
    inside = [expected(walk, start, time, [(payoff.lower, payoff.upper, 1.0, 0.0)], (-INF, INF))[0] for time in times]
    return float(model.discount(times[-1]) * payoff.cash * np.mean(inside))


def variance(model: GBM, payoff: VarianceSwap, times: FloatArray) -> float:
    """A variance swap."""
    means, variances = _returns(model, payoff, times)
    realised = payoff.annualisation * np.mean(means**2 + variances)
    return float(model.discount(times[-1]) * (realised - payoff.strike**2))


def volatility(model: GBM, payoff: VolatilitySwap, times: FloatArray) -> float:
    """A volatility swap, on an even grid in log s: the integrand vanishes fast at both ends."""
    means, variances = _returns(model, payoff, times)
    scale = payoff.annualisation / len(means)
    log_s, spacing = np.linspace(-75.0, 150.0, 9001, retstep=True)
    s = np.exp(log_s)[:, None] / (scale * np.sum(means**2 + variances))
    spread = 2.0 * s * scale * variances
    below = -np.expm1(-np.sum(s * scale * means**2 / (1.0 + spread) + 0.5 * np.log1p(spread), axis=1))
    root = spacing * np.sum(below / np.sqrt(s[:, 0])) / (2.0 * np.sqrt(np.pi))
    return float(model.discount(times[-1]) * (root - payoff.strike))


def _returns(model: GBM, payoff: VarianceSwap | VolatilitySwap, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means and variances of the log returns."""
    walk = Walk.of(model, times)
    means, variances = walk.drift * walk.steps, model.volatility**2 * walk.steps
    if payoff.reference is None:
        return means[1:], variances[1:]
    means[0] += np.log(model.spot / payoff.reference)
    return means, variances
