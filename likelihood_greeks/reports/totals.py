"""Totals of a book for people: a row a group and currency, and the group in the reporting currency below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import pandas as pd

from ..book.assets.names import are_several, names_of
from ..book.currencies import UNKNOWN
from ..book.left_out import ATTRIBUTE as LEFT_OUT
from ..book.left_out import in_parts
from ..book.pivots import pivot, reports_in

ALL, BLANK, UNSTATED = "all", "(blank)", "not stated"


@final
@dataclass(frozen=True, slots=True)
class Total:
    """One row of totals.

    Parameters
    ----------
    name : str
        Of the group.
    currency : str
        Of the amounts, for people; with a word if they were converted.
    trades : int
    cells : mapping of str to mapping
        By Greek, the row of `pivot`.
    converted : bool
        Whether amounts in other currencies are in it.
    """

    name: str
    currency: str
    trades: int
    cells: Mapping[str, Mapping[Any, Any]]
    converted: bool = False


def totals_by(frame: pd.DataFrame, key: str | None = None) -> list[Total]:
    """The totals of groups of trades, by default of all of them.

    A group with trades in other currencies than the reporting one has, last, the sum of all that can be converted.
    """
    by = [] if key is None else [key]
    absent = frame.attrs.get(LEFT_OUT, [])
    own, reporting, sums = list(_read(pivot(frame, by), key)), reports_in(frame), dict[str, Total]()
    if reporting != UNKNOWN:
        every = _read(pivot(frame, by, reporting=True), key)
        sums = {row.name: row for row in every if row.currency == reporting}
    rows, names = [], list(dict.fromkeys(row.name for row in own))
    for name in sorted(names, key=are_several) if key == "underlying" else names:  # assets, then sets of them
        inside = [row for row in own if row.name == name]
        rows += inside
        if name in sums and sums[name].trades > sum(row.trades for row in inside if row.currency == reporting):
            rows.append(Total(name, f"{reporting}, converted", sums[name].trades, sums[name].cells, True))
    return [_without(row, key, absent) for row in rows]


def _without(total: Total, key: str | None, absent: Sequence[Mapping[str, Any]]) -> Total:
    """The total, its numbers doubtful where trades that could not be priced would be in them."""
    currency = "" if total.converted or total.currency == UNSTATED else total.currency
    there = [each for each in absent if currency in ("", each["currency"]) or not each["currency"]]
    cells = {
        greek: {**row, "doubtful": row["doubtful"] + sum(_would_be(each, total.name, key, greek) for each in there)}
        for greek, row in total.cells.items()
    }
    return replace(total, cells=cells)


def _would_be(trade: Mapping[str, Any], name: str, key: str | None, greek: str) -> bool:
    """Whether a trade that could not be priced would be in a Greek of a group, as far as its row says that."""
    if key is None:
        return True
    if key == "underlying":
        parts = {frozenset(names_of(part)) for part in trade["parts"]}
        same = frozenset(names_of(name)) == frozenset(names_of(trade["underlying"]))
        return same or (frozenset(names_of(name)) in parts and in_parts(greek, "," * are_several(name), name))
    own = {**trade["own"], "product": trade["product"]}
    return key in own and (own[key] or BLANK) == name


def _read(totals: pd.DataFrame, key: str | None) -> Iterator[Total]:
    keys = ["currency"] if key is None else list(dict.fromkeys([key, "currency"]))
    for _, own in totals.groupby(keys, sort=False, observed=True, dropna=False):
        first: dict[Any, Any] = own.iloc[0].to_dict()
        name = ALL if key is None else BLANK if pd.isna(first[key]) or first[key] == UNKNOWN else str(first[key])
        cells: dict[str, dict[Any, Any]] = {str(row["greek"]): row for row in own.to_dict("records")}
        trades = cells["price"]["trades"] if "price" in cells else own["trades"].max()
        yield Total(name, str(first["currency"]) or UNSTATED, int(trades), cells)
