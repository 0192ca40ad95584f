r"""How the volatilities of a strike move with the spot where the smile goes along with it.

With the volatility of the same moneyness staying as it is, that of a strike K moves to what :math:`K S_0/S` has now,

.. math:: \sigma(K; S) = \sigma_0(K S_0/S), \qquad \sigma' = -\frac{K}{S_0}\,\partial_K \sigma_0, \qquad
          \sigma'' = \frac{2 K}{S_0^2}\,\partial_K \sigma_0 + \frac{K^2}{S_0^2}\,\partial_{KK} \sigma_0 .

Smiles are smooth but at quotes: there the derivatives are the means of those on both sides, at the ends those inside.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._checks import InvalidValueError
from ..._typing import FloatArray
from .interpolation import term_structure
from .protocol import Surface

STEP = 1e-3  # of the strike


def sticky_moneyness(surface: Surface, strike: float, maturity: float, spot: float) -> tuple[tuple[float, float], ...]:
    """First and second derivatives in the spot of the volatilities of `term_structure`.

    Raises
    ------
    ValueError
        If the surface does not reach a little further on one side of the strike at least.
    """
    times, here = term_structure(surface, strike, maturity)
    sides = list(_sides(surface, (strike, maturity), times, np.array(here)))
    if not sides:
        raise InvalidValueError("strike", "lie inside of the quotes of every maturity for sticky_moneyness", strike)
    first, second = (np.mean(rows, axis=0) for rows in zip(*sides, strict=True))
    along = strike / spot
    slopes, bends = -along * first, along**2 * second + 2.0 * along / spot * first
    return tuple(zip(slopes.tolist(), bends.tolist(), strict=True))


def _sides(
    surface: Surface, at: tuple[float, float], times: tuple[float, ...], here: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Derivatives in the strike on either side of it, where the same maturities serve."""
    strike, maturity = at
    for step in (STEP * strike, -STEP * strike):
        try:
            near, far = (term_structure(surface, strike + k * step, maturity) for k in (1, 2))
        except InvalidValueError:
            continue
        if near[0] == far[0] == times:
            one, two = np.array(near[1]), np.array(far[1])
            yield (4.0 * one - 3.0 * here - two) / (2.0 * step), (here - 2.0 * one + two) / step**2
