"""Arbitrage between quotes, as what it is worth: a share of the forward, so that noise in a far wing is none.

A calendar spread at the same strike over the forward is worth at least nothing, so that total variance does not fall
with maturity; and prices of calls fall, ever less, with strike.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import erfc, log, sqrt
from typing import final

import numpy as np

from ..._checks import InvalidValueError
from ..._typing import FloatArray
from .protocol import Surface

WORTH = 2e-5
"""Of the forward: what a calendar spread of negative value is worth at least to be spoken of. A tick, or less."""
BENT = 1e-2
"""The same of a butterfly: real quotes, which are not all of one minute, make some of 0.1 %."""
ROUNDING = 5e-4
"""Volatility by which quotes may be rounded."""


@final
@dataclass(frozen=True, slots=True)
class Fall:
    """Total variance that falls from one maturity to the next.

    Parameters
    ----------
    moneyness : float
        As the surface measures it.
    maturities, volatilities : (float, float)
        Years; per square-root year.
    worth : float
        Of the calendar spread, times -1, over the forward.
    """

    moneyness: float
    maturities: tuple[float, float]
    volatilities: tuple[float, float]
    worth: float


def out_of_the_money(moneyness: float, variance: float) -> float:
    """Black's price of the option that is out of the money, over the forward, undiscounted."""
    deviation = sqrt(variance)
    d = -log(moneyness) / deviation + 0.5 * deviation
    call = 0.5 * (erfc(-d / sqrt(2.0)) - moneyness * erfc(-(d - deviation) / sqrt(2.0)))
    return call if moneyness >= 1.0 else call - 1.0 + moneyness


def falls(moneyness: float, early: tuple[float, float], late: tuple[float, float]) -> float:
    """What a calendar spread is worth below nothing, 0 if not more than rounding makes.

    Parameters
    ----------
    moneyness : float
        Strike over forward.
    early, late : (maturity, volatility)
    """
    (before, low), (after, high) = early, late
    if not sqrt(high**2 * after / before) < low - ROUNDING:
        return 0.0
    worth = out_of_the_money(moneyness, low**2 * before) - out_of_the_money(moneyness, high**2 * after)
    return worth if worth > WORTH else 0.0


def bends(moneyness: tuple[float, float, float], deviations: tuple[float, float, float], root_time: float) -> float:
    """What a butterfly is worth below nothing, over the forward; 0 if not more than rounding makes.

    Parameters
    ----------
    moneyness : (float, float, float)
        Strikes over the forward, increasing.
    deviations : (float, float, float)
        Volatilities there times the root of time.
    root_time : float
    """
    rounding = np.array([1.0, -1.0, 1.0]) * ROUNDING * root_time
    if not np.all(np.asarray(deviations) > ROUNDING * root_time):
        return 0.0
    left, middle, right = (
        out_of_the_money(x, float(own) ** 2) + max(1.0 - x, 0.0)
        for x, own in zip(moneyness, np.asarray(deviations) + rounding, strict=True)
    )
    low, mid, high = moneyness
    worth = middle - (left * (high - mid) + right * (mid - low)) / (high - low)
    return float(worth) if worth > BENT else 0.0


def butterflies(surface: Surface, pillar: int, spot: float) -> list[tuple[float, float]]:
    """Where quotes of a maturity make a butterfly worth less than nothing: (moneyness, worth), the worst first."""
    root_time = sqrt(surface.maturities[pillar])
    of_forward = 1.0 if surface.scale(surface.maturities[pillar]) != 1.0 else 1.0 / spot
    told = [(x, q) for x in surface.nodes(pillar) if x > 0.0 and (q := quote(surface, pillar, x)) is not None]
    found = []
    for three in zip(told, told[1:], told[2:], strict=False):
        strikes, volatilities = zip(*three, strict=True)
        low, mid, high = (x * of_forward for x in strikes)
        first, second, third = (own * root_time for own in volatilities)
        if worth := bends((low, mid, high), (first, second, third), root_time):
            found.append((strikes[1], worth))
    return sorted(found, key=lambda each: -each[1])


def calendar(surface: Surface, spot: float) -> list[Fall]:
    """Where total variance falls from a maturity to the next, at the quotes of either; the worst first."""
    found = []
    for pillar, (early, late) in enumerate(pairwise(surface.maturities)):
        scale = surface.scale(late)
        of_forward = 1.0 if scale != 1.0 else 1.0 / spot
        for moneyness in sorted({*surface.nodes(pillar), *surface.nodes(pillar + 1)}):
            quotes = [quote(surface, own, moneyness) for own in (pillar, pillar + 1)]
            if not moneyness > 0.0 or (low := quotes[0]) is None or (high := quotes[1]) is None:
                continue
            if worth := falls(moneyness * of_forward, (early, low), (late, high)):
                found.append(Fall(moneyness, (early, late), (low, high), worth))
    return sorted(found, key=lambda fall: -fall.worth)


def quote(surface: Surface, pillar: int, moneyness: float) -> float | None:
    """A quote, if it is there and can be one."""
    try:
        return surface.quoted(pillar, moneyness)
    except InvalidValueError:
        return None


def violation(moneyness: FloatArray, maturities: FloatArray, volatilities: FloatArray) -> float:
    """How far a full table is from one without arbitrage.

    The worst calendar spread, in ten-thousandths of the forward, and the worst of the slopes and of the changes of
    slope of call prices in strike, in fiftieths.

    Parameters
    ----------
    moneyness : ndarray, shape (n_strikes,)
        Strikes over the forward.
    maturities : ndarray, shape (n_maturities,)
    volatilities : ndarray, shape (n_strikes, n_maturities)
    """
    worth = np.array(
        [
            [out_of_the_money(x, v * v * t) + max(1.0 - x, 0.0) for t, v in zip(maturities, row, strict=True)]
            for x, row in zip(moneyness, volatilities, strict=True)
        ]
    )
    slopes = np.diff(worth, axis=0) / np.diff(moneyness)[:, None]
    wrong = max(_most(slopes), _most(-1.0 - slopes), _most(-np.diff(slopes, axis=0)))
    return _most(-np.diff(worth, axis=1)) / 1e-4 + wrong / 0.02


def _most(values: FloatArray) -> float:
    """The largest of what is positive, 0 if nothing is."""
    return float(np.max(values, initial=0.0))
