r"""Volatilities between quotes: total variance :math:`w = \sigma^2 T` is linear in maturity at the same moneyness.

Moneyness is what the surface keeps between maturities: the strike, or the strike over the forward (`Surface.scale`).
Total variance is linear from time 0 to the first maturity as well. A maturity that does not quote a moneyness is passed
over there: the maturities before and after it serve, if both do. Quotes by delta are carried on beyond the last strike
of a maturity instead, as a strike well inside the quoted deltas of its own date may lie beyond all that an earlier
maturity quotes. Nothing is known beyond the last maturity.

On the same strike over the forward, total variance that does not fall from one maturity to the next leaves no calendar
arbitrage, and neither does what is linear between them [1]_. At the same strike that holds only where carry is small.

References
----------
.. [1] J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces", *Quantitative Finance* 14 (2014), 59--71,
   lemma 2.1.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from math import sqrt
from typing import TypeAlias

from ..._checks import refuse
from .cells import Cells, combined
from .protocol import SAME, Surface

Terms: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
"""Maturities (years) and the volatilities to them."""

REMEDY = ", unless the surface has beyond_strikes = 'flat'"
"""What refusals of a strike advise."""


def volatility(surface: Surface, strike: float, maturity: float) -> float:
    """Implied volatility at `strike` (currency) and `maturity` (years), per square-root year.

    Raises
    ------
    ValueError
        If the point is off the surface, no maturities around it quote the strike, or a quote is not a positive number.
    """
    return _between(_around(surface, strike, maturity)[1], maturity)


def term_structure(surface: Surface, strike: float, maturity: float) -> Terms:
    """The volatilities of a strike (currency) that dates up to `maturity` (years) are read from: maturities, quotes.

    They are those quoted, up to the first that is not before `maturity`, of the moneyness that the strike has at
    `maturity`. Where total variance falls with maturity no law can have them all: then the volatility to `maturity`
    itself is kept, and what lies above it earlier is passed over (`passed_over` says which).

    Raises
    ------
    ValueError
        As for `volatility`.
    """
    kept, _ = _sifted(surface, strike, maturity)
    return tuple(t for t, _ in kept), tuple(v for _, v in kept)


def term_structure_cells(surface: Surface, strike: float, maturity: float) -> list[Cells]:
    """The derivatives of each volatility of `term_structure` in the quotes of the surface.

    Raises
    ------
    ValueError
        As for `volatility`.
    """
    moneyness, ends = _around(surface, strike, maturity)
    kept, _ = _sifted(surface, strike, maturity)

    def quote(time: float) -> Cells:
        return surface.cells(surface.maturities.index(time), moneyness)

    def own(time: float, value: float) -> Cells:
        if time in surface.maturities:
            return quote(time)
        (early, low), (late, high) = ends
        weight = (maturity - early) / (late - early)
        scale = 1.0 / (value * maturity)
        return combined(
            [((1.0 - weight) * low * early * scale, quote(early)), (weight * high * late * scale, quote(late))]
        )

    return [own(*node) for node in kept]


def passed_over(surface: Surface, strike: float, maturity: float) -> Terms:
    """The quotes that `term_structure` passes over because total variance is not higher at its end, the latest first.

    Raises
    ------
    ValueError
        As for `volatility`.
    """
    _, left = _sifted(surface, strike, maturity)
    return tuple(t for t, _ in left), tuple(v for _, v in left)


def _between(ends: list[tuple[float, float]], maturity: float) -> float:
    """The volatility to a maturity, given those around it."""
    if len(ends) == 1:
        return ends[0][1]
    (early, low), (late, high) = ends
    weight = (maturity - early) / (late - early)
    return sqrt(((1.0 - weight) * low**2 * early + weight * high**2 * late) / maturity)


def _sifted(
    surface: Surface, strike: float, maturity: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Maturities and volatilities of a term structure that a law can have, and those that it cannot."""
    moneyness, ends = _around(surface, strike, maturity)
    if len(ends) == 2 and not ends[1][1] ** 2 * ends[1][0] > ends[0][1] ** 2 * ends[0][0]:
        ends = [(maturity, _between(ends, maturity))]
    kept, left = ends[::-1], list[tuple[float, float]]()
    for t, v in _before(surface, moneyness, bisect_left(surface.maturities, kept[-1][0])):
        fits = v**2 * t < kept[-1][1] ** 2 * kept[-1][0] * (1.0 - 1e-12)
        (kept if fits else left).append((t, v))
    return kept[::-1], left


def _before(surface: Surface, moneyness: float, end: int) -> Iterator[tuple[float, float]]:
    """Maturities before the one of a number, with the volatilities that they quote at a moneyness, the latest first."""
    for pillar in range(end - 1, -1, -1):
        if (quote := surface.quoted(pillar, moneyness)) is not None:
            yield surface.maturities[pillar], quote


def _around(surface: Surface, strike: float, maturity: float) -> tuple[float, list[tuple[float, float]]]:
    """The moneyness of a strike at a maturity, and the quoted maturities around it with their volatilities there.

    One of them may be enough.
    """
    maturities = surface.maturities
    if not 0.0 < maturity <= maturities[-1]:
        refuse("maturity", f"lie on the surface, 0 to {maturities[-1]:g} years", maturity)
    moneyness = strike / (scale := surface.scale(maturity))
    low, high = surface.span(maturity)
    if not low * (1.0 - SAME) <= moneyness <= high * (1.0 + SAME):
        refuse("strike", f"lie on the surface, {low * scale:.6g} to {high * scale:.6g}{REMEDY}", strike)
    moneyness = min(max(moneyness, low), high)
    right = bisect_left(maturities, maturity)
    later = ((p, surface.quoted(p, moneyness)) for p in range(right, len(maturities)))
    after = next(((maturities[p], v) for p, v in later if v is not None), None)
    if after is not None and (after[0] == maturity or (right == 0 and after[0] == maturities[0])):
        return moneyness, [after]
    before = next(_before(surface, moneyness, right), None)
    if after is None or before is None:
        side = "before" if before is None else "after"
        why = f"be quoted {side} {maturity:.4g} years as well: no maturity there has it"
        refuse("strike", why + REMEDY, strike)
    return moneyness, [before, after]
