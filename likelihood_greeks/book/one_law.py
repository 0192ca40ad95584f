"""Plain options on an underlying that has one law for all strikes, valued together where the law knows many at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np

from .._checks import InvalidValueError
from .._typing import AnyArray, FloatArray
from ..estimators.likelihood_ratio import Combination
from ..models.capabilities import KnowsManyEuropeans, has
from ..numerics.jets import Jet
from ..parameters import Greek, coordinates, offered
from .exact import ExactTrades
from .plain_options import PlainOptions
from .plain_values import BATCH, sides, tabled
from .underlying import Model, Underlying, quoted_volatility

Sides: TypeAlias = tuple[FloatArray, FloatArray, FloatArray]
"""Triggers, and constants and slopes below and above, as `sides` gives them."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class OneLawOptions:
    """Plain options under one law, valued.

    Parameters
    ----------
    law : Model
    options : PlainOptions
    values : ndarray, shape (n_options, n_greeks)
        Per unit, raw, the price first.
    labels : tuple of str
        Of the Greeks.
    moved : mapping of float to ndarray, shape (n_options,)
        Prices with the spot times a factor.
    """

    law: Model
    options: PlainOptions
    values: FloatArray
    labels: tuple[str, ...]
    moved: Mapping[float, FloatArray]

    def exact(self) -> ExactTrades:
        """Their prices and Greeks."""
        volatility = np.full(len(self.options), quoted_volatility(self.law, 0.0))
        return tabled(self.law, self.options, volatility, self.values, self.labels)

    def prices(self, factor: float = 1.0) -> FloatArray:
        """Their prices with the spot times one of the factors; shape (n_options,)."""
        return self.values[:, 0] if factor == 1.0 else self.moved[factor]


def one_law(
    underlying: Underlying, options: PlainOptions, greeks: Sequence[Greek], factors: Sequence[float] = ()
) -> tuple[OneLawOptions | None, PlainOptions]:
    """The options whose values the law of an underlying knows, at spots times `factors` too, and the others.

    Greeks that the law does not have are passed over.
    """
    law, there = _law(underlying, options)
    if law is None:
        return None, options
    wanted, own = offered(greeks, law), options[there]
    stated = sides(own)
    values = _greeks(law, own, stated, wanted)
    moved = {factor: _prices(replace(law, spot=factor * law.spot), own, stated) for factor in factors}
    known = np.asarray(np.isfinite(np.column_stack([values, *moved.values()])).all(axis=1))
    if not known.any():
        return None, options
    there[there] = known
    moved = {factor: prices[known] for factor, prices in moved.items()}
    return OneLawOptions(law, own[known], values[known], tuple(wanted), moved), options[~there]


def _law(underlying: Underlying, options: PlainOptions) -> tuple[Model | None, AnyArray]:
    """The law of the last option that has one, if it knows many at once, and which options end by then."""
    if underlying.one_law:
        for maturity in np.unique(options.maturity)[::-1].tolist():
            try:
                law = underlying.model(underlying.spot, maturity)
            except InvalidValueError:
                continue
            many = has(law, KnowsManyEuropeans)
            return (law if many else None), options.maturity <= maturity
    return None, np.zeros(len(options), dtype=bool)


def _greeks(law: Model, options: PlainOptions, stated: Sides, wanted: Mapping[str, Combination]) -> FloatArray:
    """Their Greeks, shape (n_options, n_greeks); not finite where one is not known."""
    used = {name for terms in wanted.values() for derivative in terms for name in derivative}
    values = np.empty((len(options), len(wanted)))
    for places, jet in _jets(law, options, stated, tuple(name for name in coordinates(law) if name in used)):
        for column, terms in enumerate(wanted.values()):
            values[places, column] = sum(factor * jet.derivative(*names) for names, factor in terms.items())
    return values


def _prices(law: Model, options: PlainOptions, stated: Sides) -> FloatArray:
    """Their prices, shape (n_options,)."""
    values = np.empty(len(options))
    for places, jet in _jets(law, options, stated, ()):
        values[places] = jet.value
    return values


def _jets(law: Any, options: PlainOptions, stated: Sides, names: tuple[str, ...]) -> Iterator[tuple[AnyArray, Jet]]:
    """Values with their derivatives in `names`, by batches of options that end about together."""
    order = np.argsort(options.maturity, kind="stable")
    trigger, below, above = stated
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        years, which = np.unique(options.maturity[places], return_inverse=True)
        discount = law.discount_jet(years).only(names).entries(which)
        pieces = ((side[0][places], side[1][places]) for side in (below, above))
        yield places, discount * law.european_jets(trigger[places], *pieces, options.maturity[places], names)
