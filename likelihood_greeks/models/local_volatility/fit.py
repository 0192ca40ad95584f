r"""A local volatility from implied ones, expiry by expiry on Dupire's equation.

Between two expiries the local volatility does not depend on time: its logarithms at the nodes are those whose calls at
the later expiry are nearest to the quotes, in least squares of implied volatilities, with a little weight on its
second differences from node to node; beyond the quotes it is constant. Calls of a positive local volatility have no
arbitrage, so where quotes have one they are missed; those missed by far are left out, listed, and the expiry is fitted
again without them.

References
----------
.. [1] J. Andreasen and B. Huge, "Volatility interpolation", *Risk* 24 (2011), 76-79.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np
import pandas as pd

from ..._checks import positive, refuse
from ..._later import picture
from ..._typing import FloatArray
from ..heston.quotes import Quotes
from .construction import Construction, Link
from .dupire import Calls, Span, Strikes, stepped
from .expiries import Expiry, expiry_of, level, nodes_of, smoothing, strikes_of
from .grid import LocalVolatilityGrid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS_A_YEAR, LEAST_STEPS = 252, 24
SMOOTHING = 1.5e-3  # weight of second differences of logarithms, in those of implied volatilities
MISSED, LEFT_OUT = 0.01, 0.25  # a quote missed by more may be left out; at most this share of an expiry's
ROUNDS, DAMPED = 12, 1e-7
BOUNDS = np.log(0.005), np.log(8.0)  # of local volatilities
STIFFER, LEAST_BETWEEN = 8, 0.3  # trials of more smoothing, for volatilities between nodes over the least node's
SETTLED = 1e-6  # change of logarithms


@final
@dataclass(frozen=True, slots=True, eq=False)
class LocalVolatilityFit:
    """How a local volatility meets the quotes that it was made from.

    Attributes
    ----------
    market : pandas.DataFrame, shape (n_strikes, n_maturities)
        Implied volatilities, per square-root year; NaN where there is none.
    errors : pandas.DataFrame, shape (n_strikes, n_maturities)
        Those of the local volatility (Dupire's equation) less those of the market, also where a quote was left out; NaN
        where there is none, or it is too far from the forward to be told by a price in double precision.
    left_out : pandas.DataFrame
        Quotes that no local volatility near the others meets, a row each: ``maturity``, ``strike``, ``volatility``,
        ``error`` (of the fit without them). They have an arbitrage with others, or are too far from the forward for
        the grid of the fit (five deviations and more).
    forwards : pandas.Series, shape (n_maturities,)
        Currency, by maturity.
    grid : LocalVolatilityGrid
        The local volatility.
    construction : Construction
        How it follows the quotes.

    Examples
    --------
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> quotes = pd.DataFrame([[0.25, 0.24], [0.21, 0.21], [0.19, 0.19]], [90.0, 100.0, 110.0], [0.5, 1.0])
    >>> fit = lg.LocalVolatility.from_implied(quotes, 0.02, spot=100.0).fit
    >>> bool(fit.errors.abs().max().max() < 0.002)
    True
    """

    market: pd.DataFrame
    errors: pd.DataFrame
    left_out: pd.DataFrame
    forwards: pd.Series
    grid: LocalVolatilityGrid = field(repr=False)
    construction: Construction = field(repr=False)

    @property
    def rms_error(self) -> float:
        """Root mean square of the errors of quotes that were not left out, per square-root year."""
        return float(np.sqrt(np.nanmean(self._kept.to_numpy() ** 2)))

    @property
    def rms_errors(self) -> pd.Series:
        """The same by maturity, shape (n_maturities,)."""
        return ((self._kept**2).mean() ** 0.5).rename("rms_error")

    @property
    def missed(self) -> pd.DataFrame:
        """Quotes that were not left out and are missed by more than a volatility point, as `left_out`, the worst first.

        They have an arbitrage with others, or the quotes of their maturity would be left out by more than a quarter.
        """
        kept = self._kept.rename_axis(index="strike").reset_index()
        found = kept.melt("strike", var_name="maturity", value_name="error").astype(float)
        found = found[found["error"].abs() > MISSED].sort_values("error", key=lambda error: -error.abs())
        places = found[["strike", "maturity"]].to_numpy()
        found["volatility"] = [self.market.loc[strike, maturity] for strike, maturity in places]
        return found[["maturity", "strike", "volatility", "error"]].reset_index(drop=True)

    @property
    def _kept(self) -> pd.DataFrame:
        """Errors of the quotes that were not left out; NaN elsewhere."""
        kept = self.errors.copy()
        for maturity, strike in self.left_out[["maturity", "strike"]].to_numpy():
            kept.loc[strike, maturity] = np.nan
        return kept

    def smile(self, strikes: Sequence[float] | FloatArray) -> pd.DataFrame:
        """Implied volatilities of the local volatility at some strikes (currency) and the maturities of the quotes.

        Per square-root year; NaN where a strike is too far from the forward for a price to tell one.
        """
        rows = np.array([positive(f"strikes[{k}]", strike) for k, strike in enumerate(strikes)])
        found = self.construction.smiles(rows)
        return pd.DataFrame(found, pd.Index(rows, name="strike"), self.market.columns)

    def plot(self) -> Figure:
        """Smiles of the market and the local volatility, a panel a maturity; write it with ``figure.savefig``."""
        quoted = self.market.dropna(how="all")
        line = self.smile(np.linspace(quoted.index[0], quoted.index[-1], 61))
        drawn: Figure = picture("smiles").draw(self.market, line, self.errors)
        return drawn

    def __str__(self) -> str:
        quotes = int(self.errors.count().sum())
        return (
            f"local volatility: {100 * self.rms_error:.3f} volatility points r.m.s. over {quotes - len(self.left_out)} "
            f"quotes; {len(self.left_out)} left out"
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class _From:
    """Calls at one maturity, the quotes of the next, and what lies between."""

    calls: Calls
    expiry: Expiry
    span: Span


@final
@dataclass(slots=True, eq=False)
class _Fitted:
    """A fit under way: what has been found up to an expiry."""

    spot: float
    grid: Strikes
    nodes: FloatArray
    basis: FloatArray
    links: list[Link] = field(default_factory=list)
    lost: list[tuple[float, float, float, float]] = field(default_factory=list)

    def next(self, calls: Calls, expiry: Expiry, span: Span) -> tuple[Calls, FloatArray]:
        """The calls at the next expiry, and the errors at its quotes; quotes that are missed by far are left out."""
        active = expiry.weights.copy()
        start = self.links[-1].row if self.links else np.full(len(self.nodes), np.log(level(expiry)))
        least = int(np.ceil((1.0 - LEFT_OUT) * np.count_nonzero(active)))
        while True:
            smooth, row, found, errors = self._row(_From(calls, expiry, span), active, start)
            missed = np.where(active > 0.0, np.abs(errors), 0.0)
            worst = int(np.argmax(missed))
            if missed[worst] <= MISSED or np.count_nonzero(active) <= least:
                break
            many = np.flatnonzero(missed > max(MISSED, 0.5 * missed[worst]))
            active[many[: max(np.count_nonzero(active) - least, 1)]] = 0.0
            start = row
        again = np.where(np.abs(errors) <= MISSED, expiry.weights, active)
        if (again > active).any():  # left out together with the one to blame
            active = again
            smooth, row, found, errors = self._row(_From(calls, expiry, span), active, row)
        for j in np.flatnonzero((active == 0.0) & (expiry.weights > 0.0)):
            self.lost.append((expiry.maturity, expiry.strikes[j], expiry.volatilities[j], errors[j]))
        free = (row > BOUNDS[0]) & (row < BOUNDS[1])
        self.links.append(Link(calls.prices, expiry, span, row, free, active, smooth))
        return found, errors

    def _row(
        self, given: _From, active: FloatArray, start: FloatArray
    ) -> tuple[FloatArray, FloatArray, Calls, FloatArray]:
        """Logarithms of the nodes by Gauss and Newton, the calls they make, and the errors at the quotes.

        First comes what was made small besides: differences from node to node, with more weight where the volatility
        falls too low between two of them.
        """
        smooth = smoothing(self.nodes, np.log(given.expiry.strikes[active > 0.0]))
        for stiffness in SMOOTHING * 4.0 ** np.arange(STIFFER):
            row, found, errors = self._nearest(given, active, start, stiffness * smooth)
            if (self.basis @ np.exp(row)).min() > LEAST_BETWEEN * np.exp(row).min():
                break
        return stiffness * smooth, row, found, errors

    def _nearest(
        self, given: _From, active: FloatArray, start: FloatArray, smooth: FloatArray
    ) -> tuple[FloatArray, Calls, FloatArray]:
        """The same with given weights on differences from node to node."""
        row, damping, best, known = start, DAMPED, np.inf, None
        scale = np.sqrt(active)
        for _ in range(ROUNDS):
            found, errors, slopes = self._tried(given, row)
            loss = float(((scale * errors) ** 2).sum() + ((smooth @ row) ** 2).sum())
            if known is None or loss < best:
                settled = known is not None and best - loss <= SETTLED * best
                best, known, damping = loss, (row, found, errors, slopes), max(damping / 10.0, DAMPED)
                if settled:
                    break
            else:
                damping *= 100.0
            row, _, errors, slopes = known
            matrix = np.concatenate([scale[:, None] * slopes, smooth, np.sqrt(damping) * np.eye(len(row))])
            right = -np.concatenate([scale * errors, smooth @ row, np.zeros(len(row))])
            change = np.linalg.lstsq(matrix, right, rcond=None)[0]
            row = np.clip(row + np.clip(change, -0.7, 0.7), *BOUNDS)
        assert known is not None
        return known[0], known[1], known[2]

    def _tried(self, given: _From, row: FloatArray) -> tuple[Calls, FloatArray, FloatArray]:
        """Calls, errors at the quotes, and their derivatives in the logarithms."""
        values = np.exp(row)
        level = np.maximum(self.basis @ values, np.exp(BOUNDS[0]))
        plain = Calls(given.calls.prices, np.zeros((len(given.calls.prices), 0)))
        found = stepped(self.grid, plain, (level, self.basis * values), given.span)
        volatility, reading = given.expiry.volatilities_of(found, self.grid)
        return found, volatility - given.expiry.volatilities, reading @ found.slopes


def fitted(quotes: Quotes) -> tuple[LocalVolatilityGrid, LocalVolatilityFit]:
    """The local volatility of quotes, and how it meets them."""
    expiries = [expiry_of(quotes, j) for j in range(len(quotes.maturities))]
    if not all(len(expiry.strikes) for expiry in expiries):
        refuse("surface", "hold at least one quote that a price tells at every maturity", quotes.maturities.tolist())
    nodes, grid = nodes_of(quotes, expiries), strikes_of(quotes, expiries)
    inside = LocalVolatilityGrid((0.0,), tuple(nodes.tolist()), np.ones((1, len(nodes))))
    work = _Fitted(quotes.spot, grid, np.log(nodes), inside.weights(np.log(grid.values)))
    calls = Calls(np.maximum(quotes.spot - grid.values, 0.0), np.zeros((len(grid.values), 0)))
    table = np.full(quotes.volatilities.shape, np.nan)
    before, forward = 0.0, quotes.spot
    for j, expiry in enumerate(expiries):
        length = expiry.maturity - before
        span = Span(length, float(np.log(expiry.forward / forward)) / length, j == 0)
        calls, table[quotes.told[:, j], j] = work.next(calls, expiry, span)
        before, forward = expiry.maturity, expiry.forward
    times = (0.0, *(expiry.maturity for expiry in expiries[:-1]))
    rows = np.exp(np.stack([link.row for link in work.links]))
    surface = LocalVolatilityGrid(times, tuple(nodes.tolist()), rows, constant=True)
    market = quotes.volatilities.rename_axis(index="strike", columns="maturity")
    lost = pd.DataFrame(work.lost, columns=["maturity", "strike", "volatility", "error"])
    forwards = pd.Series(quotes.forwards, market.columns, name="forward")
    errors = pd.DataFrame(table, market.index, market.columns)
    made = Construction(grid, work.basis, tuple(work.links))
    return surface, LocalVolatilityFit(market, errors, lost, forwards, surface, made)


def steps(maturities: FloatArray) -> tuple[float, ...]:
    """Steps of equal length from one maturity to the next: so many a year, and at least so many each time."""
    starts = np.concatenate([[0.0], maturities[:-1]])
    counts = np.maximum(np.ceil((maturities - starts) * STEPS_A_YEAR), LEAST_STEPS).astype(int)
    parts = [a + (b - a) * np.arange(1, n + 1) / n for a, b, n in zip(starts, maturities, counts, strict=True)]
    return tuple(np.concatenate(parts).tolist())
