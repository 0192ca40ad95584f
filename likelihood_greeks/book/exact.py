"""Trades that need no paths: Europeans in closed form and known cash flows, column by column, and their nets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import InvalidValueError
from .._typing import AnyArray, FloatArray
from ..engine.exact import exact
from ..models.capabilities import assets_of
from ..parameters import Greek, label, listed, offered
from .assets.shown import shown
from .early_exercise import verify_greeks
from .failures import FAILS, problem_of, reason_of
from .frame import COLUMNS, left_out
from .tally import Row
from .trades import NET, Problem, Trade

OWN = (
    "row", "trade_id", "underlying", "product", "quantity", "method", "model", "maturity", "spot", "volatility", "rate",
    "currency",
)  # fmt: skip
"""What there is of a trade besides its Greeks, an entry a trade."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class ExactTrades:
    """Trades with their price and Greeks, which have no error.

    Parameters
    ----------
    own : mapping of str to ndarray, shape (n_trades,)
        By the names of `OWN`.
    values : ndarray, shape (n_trades, n_greeks)
        Per unit, raw, the price first; NaN where an underlying does not have a Greek.
    labels : tuple of str
        Of the Greeks.
    having : mapping of str to tuple of str
        By underlying, those of the labels that it has, in their order.
    """

    own: Mapping[str, Any]
    values: FloatArray
    labels: tuple[str, ...]
    having: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.values)

    def net_rows(self, name: str, seed: int, missing: int) -> list[Row]:
        """The rows of the net position in an underlying with no other trades but so many that could not be priced."""
        place = int(np.flatnonzero(self.own["underlying"] == name)[0])
        methods = set(self.own["method"][self.own["underlying"] == name])
        shared = {column: self.own[column][place] for column in ("underlying", "model", "spot", "currency")}
        shared |= {"trade_id": NET, "product": NET, "quantity": 1.0, "standard_error": 0.0, "seed": seed}
        shared |= {"position_standard_error": 0.0, "n_paths": 0, "samples": 0, "note": left_out(missing)}
        shared |= dict.fromkeys(("variance_ratio", "maturity", "volatility", "rate"), np.nan)
        shared["method"] = next(iter(methods)) if len(methods) == 1 else ""
        net = self.nets()[name].tolist()
        return [
            {**shared, "greek": label, "value": value, "position_value": value}
            for label, value in zip(self.having[name], net, strict=True)
        ]

    def nets(self) -> dict[str, FloatArray]:
        """The net position by underlying, in each of the Greeks that it has."""
        positions, names = self.own["quantity"][:, None] * self.values, self.own["underlying"]
        return {name: positions[names == name].sum(axis=0)[self._has(name)] for name in dict.fromkeys(names.tolist())}

    def _has(self, name: str) -> AnyArray:
        """Which of the labels an underlying has, shape (n_greeks,)."""
        return np.isin(self.labels, self.having[name])

    def _there(self) -> AnyArray:
        """Which values there are, shape (n_trades, n_greeks)."""
        numbers, names = pd.factorize(self.own["underlying"])
        return np.array([self._has(name) for name in names], dtype=bool).reshape(-1, len(self.labels))[numbers]

    def frame(self, seeds: Mapping[str, int]) -> pd.DataFrame:
        """The rows of a risk frame, trade by trade, the row in the book as their index; `seeds` by underlying."""
        each = len(self.labels)
        columns: dict[str, Any] = {name: np.repeat(own, each) for name, own in self.own.items()}
        value, zero = self.values.ravel(), np.zeros(self.values.size)
        columns |= {
            "greek": np.tile(np.array(self.labels, dtype=object), len(self)),
            "value": value,
            "standard_error": zero,
            "position_value": columns["quantity"] * value,
            "position_standard_error": zero,
            "variance_ratio": np.full(value.size, np.nan),
            "n_paths": zero.astype(int),
            "samples": zero.astype(int),
            "seed": np.repeat([seeds[name] for name in self.own["underlying"]], each) if len(self) else zero,
            "note": np.full(value.size, "", dtype=object),
        }
        return pd.DataFrame({name: columns[name] for name in COLUMNS}, index=columns["row"])[self._there().ravel()]


def joined(parts: Sequence[ExactTrades], labels: tuple[str, ...]) -> ExactTrades:
    """All trades of several parts, in the order of the book, with columns for all these Greeks."""
    own = {name: np.concatenate([part.own[name] for part in parts]) if parts else np.zeros(0) for name in OWN}
    values = np.full((len(own["row"]), len(labels)), np.nan)
    ends = np.cumsum([len(part) for part in parts])
    for part, end in zip(parts, ends, strict=True):
        values[end - len(part) : end, [labels.index(name) for name in part.labels]] = part.values
    order = np.argsort(own["row"], kind="stable")
    having = {name: own for part in parts for name, own in part.having.items()}
    return ExactTrades({name: column[order] for name, column in own.items()}, values[order], labels, having)


def labels_of(greeks: Sequence[Greek], laws: Iterable[Any] = ()) -> tuple[str, ...]:
    """How the price and these Greeks are written, once each; those of several assets as the laws have them."""
    found = dict.fromkeys(["price", *map(label, listed(greeks))])
    for law in laws:
        if assets_of(law):
            found |= dict.fromkeys(offered(greeks, law))
    return tuple(found)


def split(
    trades: Sequence[Trade], greeks: Sequence[Greek], closed_form: bool
) -> tuple[ExactTrades, list[Trade], list[Problem]]:
    """The trades that are exact, those that must be simulated, and what is wrong with others.

    Greeks that the law of an underlying does not have are passed over.
    """
    laws = {trade.underlying: trade.model for trade in reversed(trades)}
    wanted = {name: offered(greeks, law) for name, law in laws.items()}
    sure, methods, values, labels = list[Trade](), list[str](), list[list[float]](), labels_of(greeks, laws.values())
    drawn, problems = list[Trade](), list[Problem]()
    for trade in trades:
        try:
            terms = {name: trade.terms_of(own) for name, own in wanted[trade.underlying].items()}
            verify_greeks(trade, terms)
            found = exact(trade.model, trade.payoff, terms, closed_form)
        except FAILS as error:
            problem = problem_of(trade.trade_id, trade.row, reason_of(error), "give finite payments")
            if isinstance(error, InvalidValueError) and error.name == "greeks":
                problem = Problem(trade.trade_id, trade.row, error.name, error.requirement, error.value)
            problems.append(problem)
            continue
        if found is None:
            drawn.append(trade)
            continue
        sure.append(trade)
        methods.append(found.method)
        known = {name: estimate.value for name, estimate in found.estimates.items()}
        values.append([known.get(name, np.nan) for name in labels])
    table, having = np.array(values).reshape(len(sure), len(labels)), {name: (*own,) for name, own in wanted.items()}
    return ExactTrades(_own(sure, methods), table, labels, having), drawn, problems


def _own(trades: Sequence[Trade], methods: Sequence[str]) -> dict[str, Any]:
    """The columns `OWN` of trades."""
    texts = {
        name: [getattr(trade, name) for trade in trades] for name in ("trade_id", "underlying", "product", "currency")
    }
    about = [shown(trade.model, trade.maturity) for trade in trades]
    texts |= {"method": list(methods), "model": [own["model"] for own in about]}
    numbers = {
        "quantity": [trade.quantity for trade in trades],
        "maturity": [trade.maturity for trade in trades],
        **{name: [own[name] for own in about] for name in ("spot", "volatility", "rate")},
    }
    columns = {name: np.array(own, dtype=object) for name, own in texts.items()}
    columns |= {name: np.array(own, dtype=float) for name, own in numbers.items()}
    return {"row": np.array([trade.row for trade in trades], dtype=int), **columns}
