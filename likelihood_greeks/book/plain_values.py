"""Plain options under Black–Scholes on the curves of their underlying, all at once: prices, Greeks, other spots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .._checks import InvalidValueError
from .._typing import FloatArray
from ..engine.exact import METHOD
from ..models import black
from ..models.europeans import european_jet
from ..models.term_structure import shifted_variance
from ..numerics.jets import Jet
from ..parameters import TIME, Greek, offered
from ..payoffs.european import Pieces
from .exact import ExactTrades
from .plain_options import TERMS, PlainOptions
from .products.table import EUROPEAN
from .surfaces import Surface
from .underlying import STICKY_STRIKE, Model, Underlying, law_name

BATCH = 4096
"""Options worked on together: their second derivatives fit in a cache."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LognormalOptions:
    """Plain options on one underlying, and what Black's formula needs of them.

    Parameters
    ----------
    law : Model
        Of one of them, the last to end: it has the curves of all.
    options : PlainOptions
    quoted, leaning, first : ndarray, shape (n_options,)
        Of the volatilities at their strikes, as for `shifted_variance`.
    below, above : ndarray, shape (2, n_options)
        Constants and slopes of what they pay up to their trigger and beyond.
    trigger : ndarray, shape (n_options,)
        Currency.
    greeks : sequence of str or pair of str
        Those that are wanted.
    """

    law: Model
    options: PlainOptions
    quoted: FloatArray
    leaning: FloatArray
    first: FloatArray
    below: FloatArray
    above: FloatArray
    trigger: FloatArray
    greeks: Sequence[Greek]

    def exact(self) -> ExactTrades:
        """Their prices, and those of the Greeks that their law has."""
        wanted, own = offered(self.greeks, self.law), self.options
        values = np.empty((len(own), len(wanted)))
        for places, jet in self._jets():
            for column, terms in enumerate(wanted.values()):
                values[places, column] = sum(factor * jet.derivative(*names) for names, factor in terms.items())
        return tabled(self.law, own, np.sqrt(self.quoted / own.maturity), values, tuple(wanted))

    def prices(self, factor: float = 1.0) -> FloatArray:
        """Their prices with the spot times a factor, volatilities staying as they are; shape (n_options,)."""
        return np.concatenate([jet.value for _, jet in self._jets(factor)])

    def _jets(self, factor: float = 1.0) -> Iterator[tuple[slice, Jet]]:
        """Values with their derivatives, batch by batch."""
        at = {name: float(getattr(self.law, name)) for name in self.law.parameters}
        x = Jet.variables({**at, "volatility": 0.0, TIME: 0.0})  # a shift of what is quoted, which may be flat
        for start in range(0, len(self.options), BATCH):
            places = slice(start, start + BATCH)
            when = self.options.maturity[places]
            forward, discount = self.law.forward_jet(when), self.law.discount_jet(when)
            assert forward is not None  # a law that knows its Europeans knows its forward
            variance = shifted_variance(x, self.quoted[places], self.leaning[places], self.first[places], when)
            below, above = ((side[0][places], side[1][places]) for side in (self.below, self.above))
            yield places, discount * black.european(factor * forward, variance, self.trigger[places], below, above)


def lognormal(
    underlying: Underlying, options: PlainOptions, greeks: Sequence[Greek]
) -> tuple[LognormalOptions | None, PlainOptions]:
    """The options on an underlying that Black's formula values, and those that it does not or that lack a quote."""
    moving = underlying.smile != STICKY_STRIKE and isinstance(underlying.implied_volatility, Surface)
    if underlying.one_law or moving or not len(options):
        return None, options
    pairs = [*zip(options.strike.tolist(), options.maturity.tolist(), strict=True)]
    known = {pair: _quote(underlying, *pair) for pair in dict.fromkeys(pairs)}
    quotes = [known[pair] for pair in pairs]
    there = np.array([quote is not None for quote in quotes], dtype=bool)
    law = _law(underlying, options[there])
    if law is None:
        return None, options
    good = options[there]
    quoted, leaning, first = np.array([quote for quote in quotes if quote is not None]).T
    trigger, below, above = sides(good)
    return LognormalOptions(law, good, quoted, leaning, first, below, above, trigger, greeks), options[~there]


def _law(underlying: Underlying, options: PlainOptions) -> Model | None:
    """The law of the option that ends last; None if its value is not that of a lognormal spot."""
    if not len(options):
        return None
    last = int(np.argmax(options.maturity))
    strike, maturity = float(options.strike[last]), float(options.maturity[last])
    try:
        law = underlying.model(strike, maturity)
    except InvalidValueError:
        return None
    return None if european_jet(law, strike, (0.0, 0.0), (-strike, 1.0), maturity) is None else law


def _quote(underlying: Underlying, strike: float, maturity: float) -> tuple[float, float, float] | None:
    """What squares and volatilities at a strike accrue by a maturity, and the first; None if they are not there."""
    try:
        times, volatilities = underlying.quotes(strike, maturity)
    except InvalidValueError:
        return None
    start, low = (times[-2], volatilities[-2]) if len(times) > 1 else (0.0, 0.0)
    end, high = times[-1], volatilities[-1]
    late = (maturity - start) / (end - start)
    early = 1.0 - late
    quoted = early * low * low * start + late * high * high * end
    return quoted, early * low * start + late * high * end, volatilities[0]


def sides(options: PlainOptions) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Their triggers, and constants and slopes of what they pay up to there and beyond: (n,), (2, n), (2, n)."""
    contracts = [*zip(options.product, *(getattr(options, name).tolist() for name in TERMS), strict=True)]
    stated = {contract: _sides(*contract) for contract in dict.fromkeys(contracts)}
    found = np.array([stated[contract] for contract in contracts]).reshape(-1, 5)
    return found[:, 0], found[:, 1:3].T, found[:, 3:].T


def tabled(
    law: Model, own: PlainOptions, volatility: FloatArray, values: FloatArray, labels: tuple[str, ...]
) -> ExactTrades:
    """Values of plain options, with what there is of them besides."""
    years, which = np.unique(own.maturity, return_inverse=True)
    size, discounts = len(own), law.discount_jet(years).value[which]
    columns: dict[str, Any] = {
        name: getattr(own, name)
        for name in ("row", "trade_id", "underlying", "product", "quantity", "maturity", "currency")
    }
    columns |= {"method": np.full(size, METHOD, object), "model": np.full(size, law_name(law), object)}
    columns |= {"spot": np.full(size, law.spot), "volatility": volatility}
    columns |= {"rate": -np.log(discounts) / own.maturity}
    return ExactTrades(columns, values, labels, np.ones(values.shape, dtype=bool))


def _sides(product: str, *terms: float) -> tuple[float, ...]:
    """The trigger of an option, and constant and slope of what it pays up to there and beyond."""
    option: Any = EUROPEAN[product].of({"maturity": 1.0, **dict(zip(TERMS, terms, strict=True))})
    stated: Pieces = option.pieces
    return (stated.trigger, *stated.below, *stated.above)
