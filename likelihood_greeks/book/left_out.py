"""Trades of a book that have no value: which nets are without them, and what is said of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import pandas as pd

from .assets.law import pairs_in
from .assets.names import are_several, joined, names_of, parts_of
from .assets.performances import composite, on_pair
from .cells import key_of, text_of
from .currencies import UNKNOWN
from .frame import left_out
from .market import Market
from .own_columns import column_of, names_in_frame
from .sheets import blank
from .trades import NET, currencies_of

OF_SETS = ("price", "theta", "rho")
"""What trades on several assets have in the net of their set alone."""

ATTRIBUTE = "left_out"
"""The key of such trades in ``frame.attrs``."""


@final
@dataclass(frozen=True, slots=True)
class LeftOut:
    """A trade without a value, as far as its row says where it would be.

    Parameters
    ----------
    row : int
        Position in the book, from 0.
    name : str
        Of its underlying, or of the set of its assets: the net that is without it.
    parts : frozenset of str
        Assets and pairs whose nets would have parts of it.
    currency : str
        In which it pays; `UNKNOWN` if nobody says it.
    """

    row: int
    name: str
    parts: frozenset[str]
    currency: str


def without_value(rows: Iterable[int], book: pd.DataFrame, market: Market) -> list[LeftOut]:
    """The trades in some rows of a book that `read_book` returned."""
    numbers = sorted({row for row in rows if row < len(book)})
    currencies = currencies_of(book, market) if numbers else {}
    return [_read(row, book.iloc[row].to_dict(), market, currencies) for row in numbers]


def _read(row: int, cells: Mapping[Any, Any], market: Market, currencies: Mapping[str, str]) -> LeftOut:
    """The trade in a row."""
    cell, product = text_of(cells["underlying"]), cells.get("product", "")
    names = tuple(names_of(cell)) if are_several(cell) else (cell.strip(),)
    stated = [cells[column] for column in ("currency_pay", "currency") if not blank(cells.get(column))]
    own = {name: currencies[name] for name in names if name in currencies}
    currency = text_of(stated[0]).strip().upper() if stated else next(iter(own.values()), UNKNOWN)
    if blank(product) or not on_pair(product):
        name = joined(names)
        return LeftOut(row, name, frozenset(parts_of(name) if len(names) > 1 else ()), currency)
    wanted = {kind for other in own.values() for kind in (other + currency, currency + other)}
    pairs = [name for name in pairs_in(market) if name.strip().upper().replace("/", "") in wanted]
    every = joined(dict.fromkeys([*names, *pairs]))
    parts = parts_of(every) if composite(product) is not None else names
    return LeftOut(row, every, frozenset(parts) - {every}, currency)


def by_net(found: Iterable[LeftOut], nets: Iterable[str]) -> dict[str, int]:
    """How many trades the net of each underlying, or set of assets, is without, each once.

    Where there is no net of a set in the order that a row names, it is that of the same assets in another order.
    """
    there = [*nets]
    first = {frozenset(names_of(name)): name for name in reversed(there)}
    own = (each.name if each.name in there else first.get(frozenset(names_of(each.name)), each.name) for each in found)
    return dict(Counter(own))


def noted(table: pd.DataFrame, found: Sequence[LeftOut]) -> pd.DataFrame:
    """A frame of `risk` whose nets say how many trades they are without, each once."""
    nets = table["trade_id"] == NET
    if not found or not nets.any():
        return table
    whole = Counter(frozenset(names_of(each.name)) for each in found)
    parts = Counter(frozenset(names_of(part)) for each in found for part in each.parts)
    rows = table.loc[nets, ["underlying", "greek", "note"]].assign(asset=table.get("asset", ""))
    notes = []
    for name, greek, note, asset in rows.itertuples(index=False):
        own = frozenset(names_of(name))
        count = whole[own] + (parts[own] if in_parts(greek, asset, name) else 0)
        notes.append("; ".join(filter(None, [left_out(count), note])))
    told = table.assign(note=table["note"].mask(nets, pd.Series(notes, index=rows.index, dtype=object)))
    told.attrs = table.attrs
    return told


def in_parts(greek: str, asset: str, part: str) -> bool:
    """Whether trades on a set have a part of a Greek in the net of an asset, or of a pair, in it."""
    return "," in asset if are_several(part) else greek.partition("[")[0] not in OF_SETS


def in_records(found: Sequence[LeftOut], book: pd.DataFrame) -> list[dict[str, Any]]:
    """The trades as dictionaries that any file format can hold, for totals by columns of the book."""
    names = names_in_frame(book) if found else {}
    columns = {shown: column_of(book[name].tolist()).tolist() for name, shown in names.items()}
    products = book["product"].tolist() if "product" in book.columns else [""] * len(book)
    return [
        {
            "row": each.row, "underlying": each.name, "parts": sorted(each.parts), "currency": each.currency,
            "product": "" if blank(products[each.row]) else key_of(products[each.row]),
            "own": {shown: "" if blank(own[each.row]) else str(own[each.row]) for shown, own in columns.items()},
        }
        for each in found
    ]  # fmt: skip
