r"""Closed forms, each written once: the jet of a price holds every first and second Greek.

Europeans on curves and under Heston are made of the digital and the call that the model knows. All others are of
Black–Scholes: exchanges of two lognormal assets or the legs of one. With means :math:`A`, :math:`B`, and
:math:`s` the standard deviation of the logarithm of their ratio,

.. math:: E[(X - Y)^+] = A\,\Phi(d_1) - B\,\Phi(d_2), \qquad d_{1,2} = \frac{\log(A/B)}{s} \pm \frac{s}{2}.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._typing import FloatArray
from ..models.capabilities import KnowsVanillas, knows_vanillas
from ..models.gbm import GBM
from ..models.protocol import PathModel
from ..numerics import jets
from ..numerics.jets import Jet
from ..parameters import TIME, Greek, resolve
from ..payoffs.european import Pieces, pieces
from ..payoffs.path import Asian
from ..payoffs.protocol import Contract


def price(model: KnowsVanillas, payoff: Contract) -> Jet:
    """Price of `payoff` today with its derivatives in the model's parameters and ``time``.

    Parameters
    ----------
    model : KnowsVanillas
        `GBM`, `TermStructureGBM`, `Heston`, or another law with digitals and calls of its own.
    payoff : Contract
        Any option on the final spot, or, under `GBM`, an `Asian` on the geometric average.

    Returns
    -------
    Jet
        In currency; derivatives are raw, per 1.00 of each coordinate.

    Raises
    ------
    TypeError
        If the payoff has no closed form here, or the model pays a dividend before its end.

    References
    ----------
    .. [1] E. G. Haug, *The Complete Guide to Option Pricing Formulas*, McGraw-Hill, 1998, pp. 2-8 (Black–Scholes–
       Merton) and 88-90 (gap, cash-or-nothing, asset-or-nothing).
    """
    known: bool = knows_vanillas(model, payoff.times[-1])
    if not known:
        raise TypeError(f"model must pay no dividend by the maturity for a closed form, got {model!r}")
    if (made_of := pieces(payoff)) is not None:
        maturity = payoff.times[-1]
        if isinstance(model, GBM):
            return _two_sides(model, made_of, maturity)
        return _european(model, made_of, maturity)
    if isinstance(model, GBM) and isinstance(payoff, Asian) and payoff.average == "geometric":
        return _geometric_asian(model, payoff)
    raise TypeError(f"payoff must have a closed form (European, or geometric Asian under GBM), got {payoff!r}")


def greek(model: KnowsVanillas, payoff: Contract, name: Greek) -> float:
    """One Greek of `payoff` in closed form, raw (per 1.00 of each parameter, theta per year).

    Raises
    ------
    TypeError
        If the payoff has no closed form here.
    ValueError
        If the Greek is unknown under `model`.
    """
    jet = price(model, payoff)
    return float(sum(weight * jet.derivative(*names) for names, weight in resolve(name, model).items()))


def _european(model: KnowsVanillas, made_of: Pieces, maturity: float) -> Jet:
    """Discounted forward, digital and call, in the shares that make the payoff."""
    date = np.asarray(maturity)
    digital, call = model.vanilla_jets(made_of.trigger, maturity)
    straight = made_of.flat + made_of.slope * _forward(model, maturity)
    return model.discount_jet(date) * (straight + made_of.jump * digital + made_of.kink * call)


def _two_sides(model: GBM, made_of: Pieces, maturity: float) -> Jet:
    """Cash and assets or nothing on either side of the trigger (Haug, pp. 88-90)."""
    total = model.discount_jet(np.asarray(maturity)).constant(0.0)
    for (cash, assets), sign in ((made_of.below, -1), (made_of.above, 1)):
        if cash:
            total += cash * cash_or_nothing(model, made_of.trigger, maturity, sign)
        if assets:
            total += assets * asset_or_nothing(model, made_of.trigger, maturity, sign)
    return total


def cash_or_nothing(model: GBM, strike: float, maturity: float, sign: int) -> Jet:
    r"""Value of 1 at `maturity` if S > strike (`sign` 1) or S < strike (`sign` -1).

    .. math:: e^{-rT}\,\Phi(\pm d_2)

    References
    ----------
    .. [1] Haug (1998), p. 88; E. Reiner and M. Rubinstein, "Unscrambling the binary code", *Risk* 4, 1991.
    """
    deviation = _deviation(model, maturity)
    d1 = _d1(_forward(model, maturity), strike, deviation)
    return model.discount_jet(np.asarray(maturity)) * jets.normal_cdf(sign * (d1 - deviation))


def asset_or_nothing(model: GBM, strike: float, maturity: float, sign: int) -> Jet:
    r"""Value of S at `maturity` if S > strike (`sign` 1) or S < strike (`sign` -1).

    .. math:: S_0 e^{-qT}\,\Phi(\pm d_1)

    References
    ----------
    .. [1] Haug (1998), p. 90.
    """
    forward = _forward(model, maturity)
    d1 = _d1(forward, strike, _deviation(model, maturity))
    return model.discount_jet(np.asarray(maturity)) * forward * jets.normal_cdf(sign * d1)


def _forward(model: PathModel, time: float) -> Jet:
    """The forward of a law that has one, as a jet."""
    forward = model.forward_jet(np.asarray(time))
    if forward is None:
        raise TypeError(f"model must know its forward, got {model!r}")
    return forward


def _deviation(model: GBM, maturity: float) -> Jet:
    x = model.coordinates()
    return x["volatility"] * jets.sqrt(maturity - x[TIME])


def _d1(asset: Jet, other: Jet | float, deviation: Jet) -> Jet:
    return jets.log(asset / other) / deviation + 0.5 * deviation


def _exchange(asset: Jet, other: Jet | float, deviation: Jet, sign: int) -> Jet:
    d1 = _d1(asset, other, deviation)
    return sign * (asset * jets.normal_cdf(sign * d1) - other * jets.normal_cdf(sign * (d1 - deviation)))


def _geometric_asian(model: GBM, payoff: Asian) -> Jet:
    r"""Option on, or struck at, the geometric average of unevenly spaced spots.

    .. math::
        \log G \sim N\Bigl(\log S_0 + (r - q - \tfrac12\sigma^2)\,\bar t,\ \sigma^2 v\Bigr),\qquad
        \bar t = \frac1n \sum_i t_i,\quad v = \frac1{n^2}\sum_{ij} \min(t_i, t_j),

    and :math:`\operatorname{var}\log(S_T/G) = \sigma^2 (T + v - 2\bar t)`, whatever the dates have come nearer by.

    References
    ----------
    .. [1] A. Kemna and A. Vorst, "A pricing method for options based on average asset values", *J. Banking and
       Finance* 14, 1990; L. Clewlow and C. Strickland, *Implementing Derivatives Models*, Wiley, 1998, pp. 118-123.
    .. [2] W. Margrabe, "The value of an option to exchange one asset for another", *J. Finance* 33, 1978 (average
       strike).
    """
    x, times, sign = model.coordinates(), np.asarray(payoff.times), 1 if payoff.kind == "call" else -1
    mean_time, mean_minimum = float(times.mean()), _mean_minimum(payoff.times)
    variance = x["volatility"] * x["volatility"]
    drift = x["rate"] - x["dividend_yield"] - 0.5 * variance
    log_variance = variance * (mean_minimum - x[TIME])
    average = x["spot"] * jets.exp(drift * (mean_time - x[TIME]) + 0.5 * log_variance)
    discount = model.discount_jet(times[-1])
    if payoff.strike is not None:
        return discount * _exchange(average, payoff.strike, jets.sqrt(log_variance), sign)
    if len(times) == 1:  # the average is the final spot
        return discount.constant(0.0)
    deviation = x["volatility"] * float(np.sqrt(times[-1] + mean_minimum - 2.0 * mean_time))
    return discount * _exchange(_forward(model, times[-1]), average, deviation, sign)


def _mean_minimum(times: Sequence[float] | FloatArray) -> float:
    """Average of min(t_i, t_j) over all pairs: the i-th of n increasing dates is the least of 2(n - i) + 1 pairs."""
    grid = np.asarray(times)
    return float(np.sum(grid * (2.0 * np.arange(len(grid), 0, -1) - 1.0)) / len(grid) ** 2)
