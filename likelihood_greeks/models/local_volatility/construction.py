r"""How a local volatility from quotes depends on them: the exact derivative of the construction.

Of every expiry the logarithms y of the nodes minimise :math:`\sum_j w_j (\sigma_j(y, c) - q_j)^2 + |R y|^2`, with c the
calls of the expiry before. Where that is least,

.. math:: S^\top W (\sigma - q) + R^\top R\,y = 0, \qquad S = \partial_y \sigma,

and with the derivative of this in y, c and q the nodes of one expiry after the other follow a change of the quotes,
and the calls with them. The residuals are not zero, so that second derivatives of the implied volatilities are needed:
they come from one pass backwards over Dupire's equation (`curvature`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from ..._typing import FloatArray
from ..heston.smile import black
from .curvature import second
from .dupire import Calls, Part, Span, Strikes, stepped
from .expiries import Expiry

CELLS = 16
"""Quotes of a maturity that move each for itself, at most; of more, neighbours move together."""

LEAST_PRICE = 1e-8  # of forwards, that tells a volatility on the strikes of the equation


@final
@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """What was fitted from one maturity to the next.

    Attributes
    ----------
    calls : ndarray, shape (n_strikes,)
        At the earlier maturity.
    expiry : Expiry
        The quotes of the later one.
    span : Span
    row : ndarray, shape (n_nodes,)
        Logarithms of the volatilities.
    free : ndarray of bool, shape (n_nodes,)
        Those that no bound holds.
    active : ndarray, shape (n_quotes,)
        Weights; zero of those left out.
    smooth : ndarray, shape (n_nodes - 1, n_nodes)
        Differences that were made small.
    """

    calls: FloatArray
    expiry: Expiry
    span: Span
    row: FloatArray
    free: FloatArray
    active: FloatArray
    smooth: FloatArray


@final
@dataclass(frozen=True, slots=True)
class QuoteCell:
    """Quotes of one maturity that move together.

    Attributes
    ----------
    maturity, strike : float
        Years, and the strike in their middle.
    expiry : int
    quotes : tuple of int
        Which they are among those of their maturity.
    """

    maturity: float
    strike: float
    expiry: int
    quotes: tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Construction:
    """How the nodes follow the quotes.

    Parameters
    ----------
    strikes : Strikes
    basis : ndarray, shape (n_strikes, n_nodes)
        What the nodes' volatilities are multiplied with.
    links : tuple of Link
    """

    strikes: Strikes
    basis: FloatArray
    links: tuple[Link, ...]

    @cached_property
    def cells(self) -> tuple[QuoteCell, ...]:
        """The quotes that were fitted, by maturity and strike."""
        found = list[QuoteCell]()
        for k, link in enumerate(self.links):
            own = np.flatnonzero(link.active > 0.0)
            for group in np.array_split(own, min(len(own), CELLS)):
                middle = float(link.expiry.strikes[group[(len(group) - 1) // 2]])
                found.append(QuoteCell(link.expiry.maturity, middle, k, tuple(group.tolist())))
        return tuple(found)

    @cached_property
    def parallel(self) -> FloatArray:
        """Derivatives of the nodes' volatilities in a shift of all quotes, shape (n_maturities, n_nodes)."""
        ones = [np.ones((len(link.expiry.strikes), 1)) for link in self.links]
        return np.stack([rows[:, 0] for rows in self._moved(ones)])

    def smiles(self, strikes: FloatArray) -> FloatArray:
        """Implied volatilities at some strikes and all maturities, shape (n_strikes, n_maturities).

        NaN where a price in double precision does not tell one.
        """
        found, nothing = np.full((len(strikes), len(self.links)), np.nan), np.zeros((len(self.strikes.values), 0))
        for column, link in enumerate(self.links):
            level = self.basis @ np.exp(link.row)
            after = stepped(self.strikes, Calls(link.calls, nothing), (level, self.basis[:, :0]), link.span)
            own = replace(link.expiry, strikes=strikes)
            volatilities = own.volatilities_of(after, self.strikes)[0]
            told = black(own.k, volatilities * np.sqrt(own.maturity))[0] > LEAST_PRICE
            found[told, column] = volatilities[told]
        return found

    def slopes(self, count: int) -> FloatArray:
        """Derivatives of the nodes' volatilities up to some maturity in the cells up to it.

        Shape (count, n_nodes, n_cells up to it).
        """
        if count not in self._known:
            own = [cell for cell in self.cells if cell.expiry < count]
            moves = [np.zeros((len(link.expiry.strikes), len(own))) for link in self.links[:count]]
            for column, cell in enumerate(own):
                moves[cell.expiry][list(cell.quotes), column] = 1.0
            self._known[count] = np.stack(self._moved(moves))
        return self._known[count]

    @cached_property
    def _known(self) -> dict[int, FloatArray]:
        return {}

    def _moved(self, moves: Sequence[FloatArray]) -> list[FloatArray]:
        """How the nodes move as the quotes of every maturity do, (n_quotes, n_columns)."""
        columns = moves[0].shape[1]
        calls, found = np.zeros((len(self.strikes.values), columns)), list[FloatArray]()
        for link, terms, quotes in zip(self.links, self._terms, moves, strict=False):
            values = np.exp(link.row)
            after = stepped(
                self.strikes, Calls(link.calls, calls), (self.basis @ values, self.basis * values), link.span
            ).slopes
            right = terms.slopes.T @ (link.active[:, None] * (quotes - terms.reading @ after[:, :columns]))
            right -= terms.across.T @ calls
            rows = np.zeros((len(values), columns))
            rows[link.free] = np.linalg.solve(terms.matrix[np.ix_(link.free, link.free)], right[link.free])
            found.append(values[:, None] * rows)
            calls = after[:, :columns] + after[:, columns:] @ rows
        return found

    @cached_property
    def _terms(self) -> tuple[_Terms, ...]:
        return tuple(_terms(self, link) for link in self.links)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Terms:
    """Derivatives at what was fitted.

    Attributes
    ----------
    slopes : ndarray, shape (n_quotes, n_nodes)
        Of the implied volatilities in the logarithms of the nodes.
    reading : ndarray, shape (n_quotes, n_strikes)
        In the calls at their maturity.
    matrix : ndarray, shape (n_nodes, n_nodes)
        Of what is zero, in the nodes.
    across : ndarray, shape (n_strikes, n_nodes)
        Of that in the calls of the maturity before, but for what the implied volatilities move.
    """

    slopes: FloatArray
    reading: FloatArray
    matrix: FloatArray
    across: FloatArray


def _terms(made: Construction, link: Link) -> _Terms:
    values, parts = np.exp(link.row), list[Part]()
    level, basis = made.basis @ values, made.basis * values
    nothing = np.zeros((len(level), 0))
    after = stepped(made.strikes, Calls(link.calls, nothing), (level, basis), link.span, parts)
    volatilities, reading = link.expiry.volatilities_of(after, made.strikes)
    slopes, errors = reading @ after.slopes, link.active * (volatilities - link.expiry.volatilities)
    ends = reading.T @ errors, reading.T @ ((errors * link.expiry.bends(volatilities))[:, None] * slopes)
    own, across = second(made.strikes, parts, level, basis, ends)
    matrix = slopes.T @ (link.active[:, None] * slopes) + own + link.smooth.T @ link.smooth
    return _Terms(slopes, reading, matrix, across)
