"""The quotes of single maturities, as calls on Dupire's equation are fitted to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from ..._typing import AnyArray, FloatArray
from ..heston.quotes import Quotes
from ..heston.smile import black, implied_deviation
from .dupire import Calls, Strikes

NODES = 41  # spots of the grid, at most
BEYOND = 10.0  # weight of first differences beyond the quotes, in those of second ones
LEAST_VEGA = 1e-12  # of forwards


@final
@dataclass(frozen=True, slots=True, eq=False)
class Expiry:
    """The quotes of one maturity, on what calls are fitted to."""

    maturity: float
    forward: float
    strikes: FloatArray
    volatilities: FloatArray
    weights: FloatArray

    @property
    def k(self) -> FloatArray:
        """Logarithms of strikes over the forward."""
        return np.log(self.strikes / self.forward)

    def volatilities_of(self, calls: Calls, grid: Strikes) -> tuple[FloatArray, FloatArray]:
        """Implied volatilities of calls at the quoted strikes, and the weights that read their slopes off the grid."""
        reading = _cubic(grid.values, self.strikes)
        price = reading @ calls.prices
        price = np.where(self.k < 0.0, price - (self.forward - self.strikes), price)
        root = np.sqrt(self.maturity)
        deviation = implied_deviation(price / self.forward, self.k)
        vega = np.maximum(black(self.k, deviation)[1], LEAST_VEGA) * self.forward * root
        return deviation / root, reading / vega[:, None]

    def bends(self, volatilities: FloatArray) -> FloatArray:
        """Derivatives of implied volatilities in the slopes that prices give them, shape (n_strikes,).

        The second derivative of a volatility in its price is this times the square of the first one.
        """
        deviation = volatilities * np.sqrt(self.maturity)
        d1 = -self.k / deviation + 0.5 * deviation
        return np.asarray(d1 * (0.5 + self.k / deviation**2) * np.sqrt(self.maturity))


def _cubic(grid: FloatArray, points: FloatArray) -> FloatArray:
    """Weights of Lagrange's cubic through the four nearest strikes, shape (n_points, n_grid)."""
    first = np.clip(np.searchsorted(grid, points) - 2, 0, len(grid) - 4)
    found = np.zeros((len(points), len(grid)))
    for i in range(4):
        others = [j for j in range(4) if j != i]
        here = grid[first + i]
        found[np.arange(len(points)), first + i] = np.prod(
            [(points - grid[first + j]) / (here - grid[first + j]) for j in others], axis=0
        )
    return found


def expiry_of(quotes: Quotes, j: int) -> Expiry:
    """The quotes of a maturity that a price tells."""
    told: AnyArray = quotes.told[:, j]
    strikes = np.asarray(quotes.volatilities.index, dtype=float)[told]
    values = quotes.volatilities.to_numpy()[told, j]
    weights = quotes.weights[told, j]
    return Expiry(float(quotes.maturities[j]), float(quotes.forwards[j]), strikes, values, weights)


def nodes_of(quotes: Quotes, expiries: Sequence[Expiry]) -> FloatArray:
    """Spots of the grid: quoted strikes, thinned to `NODES`, nearest to each other about the spot."""
    strikes = np.unique(np.concatenate([expiry.strikes for expiry in expiries]))
    if len(strikes) <= NODES - 4:
        inner = strikes
    else:
        first = min(expiries, key=lambda expiry: expiry.maturity)
        width = 0.5 * level(first) * np.sqrt(first.maturity)
        ends = np.arcsinh(np.log(strikes[[0, -1]] / quotes.spot) / width)
        inner = quotes.spot * np.exp(width * np.sinh(np.linspace(ends[0], ends[1], NODES - 4)))
    step = np.log(inner[-1] / inner[0]) / max(len(inner) - 1, 1) if len(inner) > 1 else 0.1
    step = max(step, 0.02)
    return np.concatenate(
        [inner[0] * np.exp([-4.0 * step, -2.0 * step]), inner, inner[-1] * np.exp([2.0 * step, 4.0 * step])]
    )


def strikes_of(quotes: Quotes, expiries: Sequence[Expiry]) -> Strikes:
    """Strikes of the equation: a twentieth of the first expiry's deviation apart, and far enough for the last."""
    first, last = expiries[0], expiries[-1]
    nearest = 0.05 * level(first) * np.sqrt(first.maturity)
    quoted = np.concatenate([np.abs(np.log(expiry.strikes / quotes.spot)) for expiry in expiries])
    reach = max(7.0 * level(last) * np.sqrt(last.maturity), quoted.max() + 1.0)
    return Strikes.about(quotes.spot, min(nearest, 0.01), float(reach))


def level(expiry: Expiry) -> float:
    """The volatility nearest the forward."""
    return float(expiry.volatilities[np.argmin(np.abs(expiry.k))])


def smoothing(nodes: FloatArray, quoted: FloatArray) -> FloatArray:
    """Differences that are made small, shape (n_nodes - 1, n_nodes).

    Second differences from node to node, as if these were one apart; beyond the quotes first ones, so that the
    volatility is constant there.
    """
    low, high = np.searchsorted(nodes, [quoted.min() - 1e-9, quoted.max() + 1e-9])
    found = np.zeros((len(nodes) - 1, len(nodes)))
    for i in range(len(nodes) - 1):
        if i < low or i + 1 >= high:
            found[i, i : i + 2] = -BEYOND, BEYOND
        elif i + 2 < len(nodes):
            left, right = nodes[i + 1] - nodes[i], nodes[i + 2] - nodes[i + 1]
            found[i, i : i + 3] = 2.0 * right / (left + right), -2.0, 2.0 * left / (left + right)
    return found
