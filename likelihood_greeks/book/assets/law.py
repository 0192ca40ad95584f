"""The law of a trade on several assets: each on its own forwards and volatilities, all on one curve of discounting."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, final

from ..._checks import refuse, within
from ...models.correlated.by_pillar import ByPillar
from ...models.correlated.law import CorrelatedGBM
from ...models.correlated.local_volatility import CorrelatedLocalVolatility
from ...models.correlated.quanto import INVERSE, member
from ...models.gbm import GBM
from ..currencies import UNKNOWN
from ..curves import HORIZON, ZeroCurve, rate_to
from ..market import Market
from ..underlying import STICKY_STRIKE, Underlying, quoted_volatility
from .names import joined


@final
@dataclass(frozen=True)
class Settlement:
    """How a trade on several assets pays.

    Parameters
    ----------
    currency : str
        Code; `UNKNOWN` if nobody says it.
    currencies : mapping of str to str
        Those of underlyings, as far as they are known.
    curve : ZeroCurve or float
        That the trade is discounted on.
    column : str
        Of the book, which says the currency.
    """

    currency: str
    currencies: Mapping[str, str]
    curve: ZeroCurve | float
    column: str = "currency"


def law_of(
    market: Market,
    strikes: Mapping[str, float],
    settlement: Settlement,
    years: float,
    paid: float,
    *,
    currencies: Mapping[str, str] | None = None,
) -> CorrelatedGBM | CorrelatedLocalVolatility:
    """Correlated geometric Brownian motions, or local volatilities where all assets have them.

    Parameters
    ----------
    market : Market
    strikes : mapping of str to float
        By asset, in their order: where its volatilities are read, in currency.
    settlement : Settlement
    years, paid : float
        To the last observation and the last payment.
    currencies : mapping of str to str, optional
        Of assets that are converted the currency pairs, which are among the assets.

    Raises
    ------
    ValueError
        If an asset has a model that the others have not, or no volatility there; a correlation is missing; they are no
        matrix that is positive definite; or a spot is converted under a local volatility.
    """
    members, local = dict[str, Any](), all(market.underlying(name).local_volatility for name in strikes)
    for name, strike in strikes.items():
        with within(name):
            own = market.underlying(name)
            members[name] = discounted(own if local else plain(own), settlement.curve).model(strike, years, paid)
    known = market.correlation.between([*strikes])
    by_member = dict(currencies or {})
    if local:
        if converted := {**by_member, **quantos(market, [*strikes], settlement, years)}:
            refuse("currency", "be that of all assets under local volatilities: they have no quantos", [*converted])
        return CorrelatedLocalVolatility(members, known)
    alone = [name for name in strikes if name not in {*by_member, *(member(own)[0] for own in by_member.values())}]
    return CorrelatedGBM(members, known, {**by_member, **quantos(market, alone, settlement, years)})


def plain(underlying: Underlying) -> Underlying:
    """An underlying, refused unless its law is Black–Scholes, and its smile stays."""
    if underlying.one_law:
        refuse(
            "model",
            "be black-scholes for trades on several assets, or local_volatility for all of them",
            "heston" if underlying.heston is not None else "local volatility",
        )
    if underlying.smile != STICKY_STRIKE:
        refuse("smile", "be sticky_strike for trades on several assets", underlying.smile)
    return underlying


def discounting(
    market: Market, names: Sequence[str], currencies: Mapping[str, str], currency: str
) -> ZeroCurve | float:
    """The curve on which a trade in a currency is discounted: that of the first of its assets in it, or of another.

    Raises
    ------
    ValueError
        If no underlying is in that currency, or nobody says it and the assets have different curves.
    """
    if currency == UNKNOWN:
        curves = [market.underlying(name).zero_curve for name in names]
        if any(curve != curves[0] for curve in curves):
            refuse("currency", f"be given: {', '.join(names)} have different zero curves", None)
        return curves[0]
    unstated = [name for name in names if currencies.get(name, UNKNOWN) == UNKNOWN]
    known = [name for name in (*names, *market.underlyings) if currencies.get(name) == currency]
    if not known and not unstated:
        refuse(
            "currency", "be that of an underlying of the market, on whose zero curve the trade is discounted", currency
        )
    return market.underlying((known or unstated)[0]).zero_curve


def quantos(
    market: Market, names: Sequence[str], settlement: Settlement, years: float
) -> dict[str, tuple[float, float]]:
    """The correlation and the volatility of the currency of each asset that is in another one than the trade.

    They are those of the currency pair among the underlyings of the market, its volatility at the money.

    Raises
    ------
    ValueError
        If the market does not have the pair, its volatility or its correlation with the asset.
    """
    found, currency = {}, settlement.currency
    for name in names:
        own = settlement.currencies.get(name, UNKNOWN)
        if UNKNOWN in (own, currency) or own == currency:
            continue
        pair, sign = pair_of(market, settlement, name)
        (correlation,) = market.correlation.between([name, pair]).values()
        if isinstance(correlation, ByPillar):
            refuse(f"correlation {joined((name, pair))}", "be one number for a quanto", str(correlation))
        fx = market.underlying(pair)
        found[name] = sign * correlation, quoted_volatility(fx.model(fx.spot, years), years)
    return found


def conversions(market: Market, names: Sequence[str], settlement: Settlement) -> dict[str, str]:
    """The currency pairs by which assets in another currency than the trade are converted, ``1/`` before an inverse.

    Raises
    ------
    ValueError
        If the market does not have one, or no asset is in another currency.
    """
    found, currency = {}, settlement.currency
    for name in names:
        own = settlement.currencies.get(name, UNKNOWN)
        if UNKNOWN not in (own, currency) and own != currency:
            pair, sign = pair_of(market, settlement, name, "a composite")
            found[name] = pair if sign > 0.0 else f"{INVERSE}{pair}"
    if not found:
        why = "go without composite: no asset is known to be in another currency than the trade"
        refuse("product", why, currency or None)
    return found


def pair_of(market: Market, paid: Settlement, asset: str, what: str = "a quanto") -> tuple[str, float]:
    """The underlying that is the value of one currency in another, and 1 or, if it is the other way round, -1."""
    own, currency = paid.currencies[asset], paid.currency
    for name in market.underlyings:
        plain = name.upper().replace("/", "")
        if plain in (own + currency, currency + own):
            return name, 1.0 if plain == own + currency else -1.0
    why = f"be {own}, that of {asset}, or the market must have {own}{currency} among its underlyings: {what} needs it"
    return refuse(paid.column, why, currency)


def pairs_in(market: Market) -> list[str]:
    """The underlyings of a market that are currency pairs by their names, such as EURUSD or EUR/USD."""
    return [name for name in market.underlyings if re.fullmatch("[A-Z]{3}/?[A-Z]{3}", name.strip().upper())]


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
    return CorrelatedGBM(
        dict.fromkeys(own, GBM(spot=1.0, volatility=0.2)),
        dict.fromkeys(combinations(own, 2), 0.0),
        dict.fromkeys(own, (0.0, 0.1)),
    )
