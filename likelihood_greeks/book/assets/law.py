"""The law of a trade on several assets: each on its own forwards and volatilities, all on one curve of discounting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from ..._checks import refuse, within
from ...models.correlated.law import CorrelatedGBM
from ...models.gbm import GBM
from ..currencies import UNKNOWN
from ..curves import HORIZON, ZeroCurve, rate_to
from ..market import Market
from ..underlying import STICKY_STRIKE, Underlying


def law_of(
    market: Market, strikes: Mapping[str, float], curve: ZeroCurve | float, years: float, paid: float
) -> CorrelatedGBM:
    """Correlated geometric Brownian motions.

    Parameters
    ----------
    market : Market
    strikes : mapping of str to float
        By asset, in their order: where its volatilities are read, in currency.
    curve : ZeroCurve or float
        That the trade is discounted on.
    years, paid : float
        To the last observation and the last payment.

    Raises
    ------
    ValueError
        If an asset has a model of its own, or no volatility there; a correlation is missing; or they are no matrix that
        is positive definite.
    """
    members = {}
    for name, strike in strikes.items():
        with within(name):
            own = discounted(plain(market.underlying(name)), curve)
            members[name] = own.model(strike, years, paid)
    return CorrelatedGBM(members, market.correlation.between([*strikes]))


def plain(underlying: Underlying) -> Underlying:
    """An underlying, refused unless its law is Black--Scholes without cash dividends, and its smile stays."""
    if underlying.one_law:
        refuse("model", "be black-scholes for trades on several assets", underlying.name)
    if underlying.dividends:
        refuse("dividends", "be a yield for trades on several assets: cash ones are not supported there", None)
    if underlying.smile != STICKY_STRIKE:
        refuse("smile", "be sticky_strike for trades on several assets", underlying.smile)
    return underlying


def discounting(
    market: Market, names: Sequence[str], currencies: Mapping[str, str], currency: str
) -> ZeroCurve | float:
    """The curve on which a trade in a currency is discounted: that of the first of its assets in it.

    Raises
    ------
    ValueError
        If no underlying is in that currency, or nobody says it and the assets have different curves.
    """
    own = {name: currencies.get(name, UNKNOWN) for name in names}
    foreign = {name: code for name, code in own.items() if UNKNOWN not in (code, currency) and code != currency}
    if foreign:
        listed = ", ".join(f"{name} is in {code}" for name, code in foreign.items())
        refuse("currency", f"be that of all assets ({listed}): quantos are not supported", currency)
    curves = [market.underlying(name).zero_curve for name in names]
    if currency == UNKNOWN and any(curve != curves[0] for curve in curves):
        refuse("currency", f"be given: {', '.join(names)} have different zero curves", None)
    return curves[0]


def discounted(underlying: Underlying, curve: ZeroCurve | float) -> Underlying:
    """The same asset, with the same forwards, where what it pays is discounted on another curve.

    Forwards grow at the rates of the asset's own curve; what these differ from the other's by goes into its yields, so
    that rho moves both together.
    """
    if underlying.zero_curve == curve:
        return underlying
    both = (underlying.zero_curve, curve, underlying.dividend_yield)
    nodes = [node for each in both if isinstance(each, ZeroCurve) for node in each.times if node > 0.0]
    end = min((each.times[-1] for each in both if isinstance(each, ZeroCurve)), default=HORIZON)
    times = sorted({node for node in nodes if node <= end} | {end})
    yields = tuple(
        rate_to(underlying.dividend_yield, t) + rate_to(curve, t) - rate_to(underlying.zero_curve, t) for t in times
    )
    return replace(underlying, zero_curve=curve, dividend_yield=ZeroCurve(tuple(times), yields, "dividend curve"))


def any_law(names: Sequence[str]) -> CorrelatedGBM:
    """A law of some assets: what it can be asked for does not depend on its numbers."""
    own = [*dict.fromkeys(names)]
    return CorrelatedGBM(dict.fromkeys(own, GBM(spot=1.0, volatility=0.2)), dict.fromkeys(combinations(own, 2), 0.0))
