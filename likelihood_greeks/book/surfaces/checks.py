"""What looks wrong in quotes: refused where they cannot be meant, else a word to whoever uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..._checks import refuse
from ..._typing import FloatArray
from ..curves import MOST
from . import arbitrage
from .moneyness import SmileSurface
from .protocol import Surface
from .svi import SVI

MISSCALED = 20.0
"""Strikes of which most are so many times the spot, or a part of it as small, are in another unit."""
FAR = 100.0
WITHIN = 4.0
"""Deviations of a strike's own volatility within which a density is looked at."""
HIGH = 2.0
"""A volatility that few markets have."""
TURNED = 2.0
"""Violation of no-arbitrage (`arbitrage.violation`) beyond which a square table may be turned,"""
RELIEVED = 0.1
"""if turning leaves less than this part of it."""
ROUGH, SMOOTHER = 0.004, 2.5
"""A table rougher than this, in volatility, and so many times rougher than when turned, may be turned as well."""


def refuse_nonsense(strikes: FloatArray, volatilities: FloatArray, spot: float) -> None:
    """Refuse quotes in another unit than the spot's, or in per cent.

    Parameters
    ----------
    strikes : ndarray, shape (n,)
        Currency.
    volatilities : ndarray, shape (m,)
        NaN where there is none.
    spot : float
    """
    middle = float(np.median(strikes))
    if strikes.size > 1 and not spot / MISSCALED <= middle <= spot * MISSCALED:
        hint = "; strikes_in = 'spot' or 'forward' if they are multiples, '% of spot' if in per cent"
        refuse("strikes", f"be in the currency of the spot {spot:g}{hint}", f"{strikes.min():g} to {strikes.max():g}")
    told = volatilities[~np.isnan(volatilities)]
    if told.size and np.median(told) > MOST:
        refuse("volatilities", "be decimals (0.2 is twenty per cent): these look like per cent", float(np.median(told)))


def turned(surface: Surface, spot: float) -> list[str]:
    """Refuse a square table that has arbitrage as it stands, and hardly any when rows and columns change places.

    A word if it has none, but a smooth surface explains it far better with a row a maturity.

    Raises
    ------
    ValueError
        If it is turned.
    """
    maturities, nodes = np.array(surface.maturities), surface.nodes(0)
    if not 1 < len(nodes) == len(maturities) or not all(
        len(own := surface.nodes(p)) == len(nodes) and np.allclose(own, nodes, 1e-9, 0.0)
        for p in range(len(maturities))
    ):
        return []
    moneyness = np.array(nodes) / (spot if surface.scale(surface.maturities[0]) == 1.0 else 1.0)
    quotes = [[arbitrage.quote(surface, p, x) for p in range(len(maturities))] for x in nodes]
    volatilities = np.array(quotes, dtype=float)
    if moneyness[0] <= 0.0 or np.isnan(volatilities).any():
        return []
    both = (volatilities, volatilities.T)
    here, there = (arbitrage.violation(moneyness, maturities, table) for table in both)
    if here > TURNED and there < RELIEVED * here:
        why = (
            "have a row for each strike: these look turned, as they have arbitrage here and none with a row a maturity"
        )
        refuse("volatilities", why, f"{volatilities[0].tolist()} at the first strike")
    rough, smooth = (_roughness(np.log(moneyness), maturities, table) for table in both)
    if len(maturities) > 3 and rough > max(ROUGH, SMOOTHER * smooth):
        return [
            "a row is meant for each strike; with a row for each maturity these would be far smoother: are they turned?"
        ]
    return []


def _roughness(log_moneyness: FloatArray, maturities: FloatArray, volatilities: FloatArray) -> float:
    """Root mean square of what is left of volatilities after a fit of level, skew, curvature and term structure."""
    x, t = np.meshgrid(log_moneyness, maturities, indexing="ij")
    scaled = x / np.sqrt(t)
    terms = np.stack([np.ones_like(x), scaled, scaled**2, np.sqrt(t), x], axis=-1).reshape(-1, 5)
    left = volatilities.ravel() - terms @ np.linalg.lstsq(terms, volatilities.ravel())[0]
    return float(np.sqrt(np.mean(left**2)))


def doubts(surface: Surface, name: str, spot: float, words: Callable[[float], str]) -> list[str]:
    """What looks wrong in the surface of the underlying `name` and may be right; refused where it cannot.

    Parameters
    ----------
    surface : Surface
    name : str
    spot : float
    words : callable
        A maturity (years) for people.

    Raises
    ------
    ValueError
        If a square table is turned.
    """
    found = [
        *turned(surface, spot),
        *_far(surface, spot),
        *_high(surface, words),
        *_falls(surface, spot, words),
        *_wings(surface, words),
    ]
    found = found or _bends(surface, spot, words)  # of quotes that are wrong otherwise, butterflies say nothing new
    return [f"implied_volatility of {name}: {doubt}" for doubt in found]


def _far(surface: Surface, spot: float) -> list[str]:
    """Strikes that no market quotes."""
    strikes = [x * surface.scale(t) for p, t in enumerate(surface.maturities) for x in surface.nodes(p)]
    far = [strike for strike in strikes if not spot / FAR <= strike <= spot * FAR]
    return [f"the strike {far[0]:g} is a hundredfold from the spot {spot:g}"] if far else []


def _high(surface: Surface, words: Callable[[float], str]) -> list[str]:
    """Volatilities that may be in per cent."""
    for pillar, maturity in enumerate(surface.maturities):
        quotes = [q for x in surface.nodes(pillar) if (q := arbitrage.quote(surface, pillar, x)) is not None]
        if quotes and min(quotes) > HIGH:
            return [f"every volatility to {words(maturity)} is above {HIGH:.0%}: are these per cent?"]
    return []


def _falls(surface: Surface, spot: float, words: Callable[[float], str]) -> list[str]:
    """Calendar arbitrage, the worst of it by name."""
    found = arbitrage.calendar(surface, spot)
    if not found:
        return []
    worst, dates = found[0], [words(t) for t in found[0].maturities]
    strike = worst.moneyness * surface.scale(worst.maturities[0])
    more = f"; so it does at {len(found) - 1} other quotes" if len(found) > 1 else ""
    low, high = worst.volatilities
    return [
        f"total variance falls with maturity at strike {strike:.6g} from {dates[0]} to {dates[1]} "
        f"(volatility {low:.4g}, {high:.4g}): calendar arbitrage of {worst.worth:.2g} of the forward{more}"
    ]


def _bends(surface: Surface, spot: float, words: Callable[[float], str]) -> list[str]:
    """Butterfly arbitrage between quotes of one maturity, the worst of it by name."""
    if isinstance(surface, SmileSurface) and any(isinstance(smile, SVI) for smile in surface.smiles):
        return []  # the density of parameters is looked at everywhere
    found = [
        (worth, moneyness, maturity)
        for pillar, maturity in enumerate(surface.maturities)
        for moneyness, worth in arbitrage.butterflies(surface, pillar, spot)
    ]
    if not found:
        return []
    worth, moneyness, maturity = max(found)
    more = f"; and at {len(found) - 1} other quotes" if len(found) > 1 else ""
    strike = moneyness * surface.scale(maturity)
    return [
        f"the volatility at strike {strike:.6g} to {words(maturity)} is too high for its neighbours: butterfly "
        f"arbitrage of {worth:.2g} of the forward{more}"
    ]


def _wings(surface: Surface, words: Callable[[float], str]) -> list[str]:
    """SVI parameters with butterfly arbitrage."""
    smiles = surface.smiles if isinstance(surface, SmileSurface) else ()
    return [doubt for smile in smiles if isinstance(smile, SVI) for doubt in _of_svi(smile, words(smile.maturity))]


def _of_svi(smile: SVI, when: str) -> Sequence[str]:
    """Butterfly arbitrage of one smile: wings too steep for any density, or a density below zero."""
    if (slope := smile.b * (1.0 + abs(smile.rho))) > 2.0:
        return [f"svi to {when}: total variance rises by {slope:.3g} a unit of log-moneyness in a wing, more than 2"]
    k = np.linspace(-3.0, 3.0, 601)
    k = k[np.abs(k) <= WITHIN * np.sqrt([smile.total_variance(x) for x in k])]
    density = smile.density(k)
    if density.min() < 0.0:
        at = float(k[np.argmin(density)])
        return [f"svi to {when}: the density is negative at the log-moneyness {at:.3g}: butterfly arbitrage"]
    return []
