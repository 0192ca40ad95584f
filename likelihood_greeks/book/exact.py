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
from ..parameters import Greek, kind, label, listed, offered, offered_by
from .assets.shown import shown
from .early_exercise import verify_greeks
from .failures import FAILS, problem_of, reason_of
from .frame import COLUMNS
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
        Per unit, raw, the price first; NaN where there is none.
    labels : tuple of str
        Of the Greeks.
    there : ndarray of bool, shape (n_trades, n_greeks)
        Which of the Greeks the law of each trade has.
    """

    own: Mapping[str, Any]
    values: FloatArray
    labels: tuple[str, ...]
    there: AnyArray

    def __len__(self) -> int:
        return len(self.values)

    def net_rows(self, name: str, seed: int) -> list[Row]:
        """The rows of the net position in an underlying with no other trades."""
        place = int(np.flatnonzero(self.own["underlying"] == name)[0])
        methods = set(self.own["method"][self.own["underlying"] == name])
        shared = {column: self.own[column][place] for column in ("underlying", "model", "spot", "currency")}
        shared |= {"trade_id": NET, "product": NET, "quantity": 1.0, "standard_error": 0.0, "seed": seed}
        shared |= {"position_standard_error": 0.0, "n_paths": 0, "samples": 0, "note": ""}
        shared |= dict.fromkeys(("variance_ratio", "maturity", "volatility", "rate"), np.nan)
        shared["method"] = next(iter(methods)) if len(methods) == 1 else ""
        return [
            {**shared, "greek": label, "value": value, "position_value": value}
            for label, value in self.nets()[name].items()
        ]

    def nets(self) -> dict[str, dict[str, float]]:
        """The net position by underlying, in each of the Greeks that a trade on it has."""
        positions = self.own["quantity"][:, None] * np.where(self.there, self.values, 0.0)
        names, found = self.own["underlying"], dict[str, dict[str, float]]()
        for name in dict.fromkeys(names.tolist()):
            mine = names == name
            total, some = positions[mine].sum(axis=0).tolist(), self.there[mine].any(axis=0)
            found[name] = {label: x for label, x, own in zip(self.labels, total, some, strict=True) if own}
        return found

    def having(self) -> dict[str, tuple[str, ...]]:
        """By underlying, those of the labels that a trade on it has, in their order."""
        return {name: tuple(own) for name, own in self.nets().items()}

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
        return pd.DataFrame({name: columns[name] for name in COLUMNS}, index=columns["row"])[self.there.ravel()]


def joined(parts: Sequence[ExactTrades], labels: tuple[str, ...]) -> ExactTrades:
    """All trades of several parts, in the order of the book, with columns for all these Greeks."""
    own = {name: np.concatenate([part.own[name] for part in parts]) if parts else np.zeros(0) for name in OWN}
    values = np.full((len(own["row"]), len(labels)), np.nan)
    there = np.zeros(values.shape, dtype=bool)
    ends = np.cumsum([len(part) for part in parts])
    for part, end in zip(parts, ends, strict=True):
        places = [labels.index(name) for name in part.labels]
        values[end - len(part) : end, places], there[end - len(part) : end, places] = part.values, part.there
    order = np.argsort(own["row"], kind="stable")
    return ExactTrades({name: column[order] for name, column in own.items()}, values[order], labels, there[order])


def labels_of(greeks: Sequence[Greek], laws: Iterable[Any] = ()) -> tuple[str, ...]:
    """How the price and these Greeks are written, once each; those of several assets as the laws have them."""
    found, several = dict.fromkeys(["price"]), [law for law in laws if assets_of(law)]
    for greek in listed(greeks):
        found |= dict.fromkeys([label(greek), *offered_by([greek], several)])
    return tuple(found)


def split(
    trades: Sequence[Trade], greeks: Sequence[Greek], closed_form: bool
) -> tuple[ExactTrades, list[Trade], list[Problem]]:
    """The trades that are exact, those that must be simulated, and what is wrong with others.

    Greeks that the law of a trade does not have are passed over.
    """
    laws = {kind(trade.model): trade.model for trade in trades}
    wanted, labels = {own: offered(greeks, law) for own, law in laws.items()}, labels_of(greeks, laws.values())
    sure, methods, values = list[Trade](), list[str](), list[list[float]]()
    drawn, problems = list[Trade](), list[Problem]()
    for trade in trades:
        try:
            terms = {name: trade.terms_of(own) for name, own in wanted[kind(trade.model)].items()}
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
    table = np.array(values).reshape(len(sure), len(labels))
    there = [[name in wanted[kind(trade.model)] for name in labels] for trade in sure]
    found_there = np.array(there, dtype=bool).reshape(table.shape)
    return ExactTrades(_own(sure, methods), table, labels, found_there), drawn, problems


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
