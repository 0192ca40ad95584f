"""Tables of a run on a terminal: trades, nets and totals of groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd
from rich.table import Table

from .._neutral import printable
from ..book.assets.names import MARK, are_several
from ..book.currencies import UNKNOWN
from ..book.trades import NET
from ..book.units import are_buckets, unit_of
from .decimals import AT_MOST, aligned
from .showing import Words
from .terminal import plain_table, shown
from .totals import UNSTATED, Total, totals_by


def book_table(
    risk: pd.DataFrame,
    title: str = "Greeks a unit, ± standard error",
    asked: Collection[str] = (),
    *,
    pairs: bool = False,
) -> Table:
    """One row a trade: what it is, its price and Greeks, per unit of the trade, one number of decimals a column.

    A trade on several assets has a row more for each of them, and, with `pairs`, for each pair. Where there is no room
    for all, terms give way to the Greeks that were `asked` for, or else to the first one.
    """
    rows = _trade_rows(risk[(risk["trade_id"] != NET) & ~are_buckets(risk)], pairs=pairs)
    numbers = _by_greek(rows, "line", ("value", "standard_error", "note"))
    table = plain_table(title, _ranks([*numbers], asked))
    lines = rows.drop_duplicates("line").sort_values("line")
    several = lines["currency"].nunique() > 1
    own = (lines["asset"] == "").tolist()
    told = lines["trade_id"].where(lines["asset"] == "", "  " + lines["asset"])
    columns: dict[str, Sequence[str | Words]] = {
        "trade": [shown(str(name)) for name in told],
        "terms": [Words(printable(terms_in_words(row) if row["asset"] == "" else "")) for row in _rows(lines)],
    }
    if several:
        columns["currency"] = [(str(c) or UNSTATED) * whole for c, whole in zip(lines["currency"], own, strict=True)]
    columns["quantity"] = [f"{q:,.10g}" * whole for q, whole in zip(lines["quantity"], own, strict=True)]
    for column in columns:
        table.add_column(column, justify="right" if column == "quantity" else "left", no_wrap=column != "terms")
    for greek, found in numbers.items():
        table.add_column(greek, justify="right", no_wrap=True)
        columns[greek] = aligned([found.get(line) for line in lines["line"]])
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    return table


def _trade_rows(trades: pd.DataFrame, *, pairs: bool) -> pd.DataFrame:
    """Rows of trades with their `asset`, empty for a whole trade, and the `line` of the table that they are in."""
    rows = trades.assign(asset=trades["asset"].fillna("") if "asset" in trades else "")
    rows = rows if pairs else rows[~are_pairs(rows)]
    order = {name: place for place, name in enumerate(rows["trade_id"].unique())}
    own = rows["asset"].map(lambda asset: (asset.count(",") + 1) * bool(asset))  # the trade, its assets, their pairs
    places = pd.DataFrame({"trade": rows["trade_id"].map(order), "of": own, "asset": rows["asset"]})
    first = {asset: place for place, asset in enumerate(places["asset"].unique())}
    places["asset"] = places["asset"].map(first)
    return rows.assign(line=places.groupby(["trade", "of", "asset"]).ngroup())


def are_pairs(rows: pd.DataFrame) -> pd.Series:
    """Which rows of a frame of `risk` are Greeks of two assets at once."""
    none = pd.Series(False, index=rows.index)
    return rows["asset"].fillna("").astype(str).str.contains(",", regex=False) if "asset" in rows else none


def _ranks(greeks: Sequence[str], asked: Collection[str]) -> list[str]:
    """The columns of the table of a book, the most wanted first."""
    others = [greek for greek in greeks if greek != "price"]
    if wanted := [greek for greek in others if greek in asked]:
        rest = [greek for greek in others if greek not in asked]
        return ["trade", wanted[0], "price", *wanted[1:], "currency", "terms", *rest, "quantity"]
    return ["trade", "price", *others[:1], "currency", "terms", *others[1:], "quantity"]


def net_table(risk: pd.DataFrame, title: str = "Net position, ± standard error", *, pairs: bool = False) -> Table:
    """One row an underlying, one column a Greek, of the whole position; then the price of all, by currency.

    Other raw Greeks do not add up over underlyings. Assets come before sets of them, whose Greeks by asset are in the
    assets' own rows; `pairs` are there only if asked for.
    """
    net = _net_rows(risk, pairs=pairs)
    table = plain_table(title)
    stated = bool(net["currency"].ne(UNKNOWN).any())
    first = net.drop_duplicates("underlying")
    names = first["underlying"].tolist()
    totals = totals_by(risk) if len(names) > 1 else []
    columns = {"underlying": [*map(shown, map(str, names)), *(total.name for total in totals)]}
    if stated:
        columns["currency"] = [
            *(str(own) or UNSTATED for own in first["currency"]),
            *(total.currency for total in totals),
        ]
    for column in columns:
        table.add_column(column, no_wrap=True)
    numbers = _by_greek(net, "underlying", ("position_value", "position_standard_error", "note"))
    for greek in sorted(numbers, key=lambda name: name != "price"):
        table.add_column(greek, justify="right", no_wrap=True)
        below = [_of_total(total, greek) if greek == "price" else None for total in totals]
        columns[greek] = aligned([*(numbers[greek].get(name) for name in names), *below])
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    return table


def _net_rows(risk: pd.DataFrame, *, pairs: bool) -> pd.DataFrame:
    """The rows of nets, assets before sets of them; without those of an asset within a set."""
    net = risk[(risk["trade_id"] == NET) & ~are_buckets(risk)]
    if "asset" not in net:
        return net
    own = net["asset"].fillna("")
    whole = (own == "") | (own.str.replace(",", MARK) == net["underlying"]) if pairs else own == ""
    return net[whole].sort_values("underlying", key=lambda names: names.map(are_several), kind="stable")


def totals_table(risk: pd.DataFrame, key: str) -> Table:
    """One row a group of trades and currency, one column a Greek, of positions in a desk's units."""
    rows = totals_by(risk, key)
    table = plain_table(f"By {shown(key)}, ± standard error (≤: at most)")
    columns = {
        shown(key): [shown(row.name) for row in rows],
        "currency": [row.currency for row in rows],
        "trades": [f"{row.trades:,}" for row in rows],
    }
    for greek in dict.fromkeys(greek for row in rows for greek in row.cells):
        columns[unit_of(greek).title] = aligned([_of_total(row, greek) for row in rows])
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place > 1 else "left", no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*cells)
    return table


Marked: TypeAlias = tuple[float, float, str]
"""A number, its standard error, and what is held against it."""


def _by_greek(rows: pd.DataFrame, key: str, columns: Sequence[str]) -> dict[str, dict[Any, Marked]]:
    """By Greek, in their order, the numbers by a key."""
    found: dict[str, dict[Any, Marked]] = {}
    for row in _rows(rows):
        value, error, note = (row[column] for column in columns)
        found.setdefault(str(row["greek"]), {})[row[key]] = float(value), float(error), str(note)
    return found


def _of_total(total: Total, greek: str) -> Marked | None:
    """A Greek of a total; a mark of ≤ where its error is a bound."""
    if (row := total.cells.get(greek)) is None:
        return None
    bound = AT_MOST if row["error"] == "at most" else ""
    return row["value"], row["standard_error"], bound + ("!" if row["doubtful"] else "")


def terms_in_words(row: Mapping[Any, Any]) -> str:
    """What a trade is, in short: ``barrier call 4500 5200 2002-09-20``."""
    words = [str(row["product"])]
    for name in ("option", "strike", "level", "maturity_date"):
        cell = row.get(name, "")
        if cell is None or cell == "" or pd.isna(cell):
            continue
        dated = hasattr(cell, "date") and not isinstance(cell, str)
        words.append(f"{cell:%Y-%m-%d}" if dated else _plain(cell))
    return " ".join(words)


def _plain(cell: object) -> str:
    """A term as it is, a number without zeros at its end."""
    try:
        return f"{float(str(cell)):.10g}"
    except ValueError:
        return str(cell)


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")
