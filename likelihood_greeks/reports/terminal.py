"""Frames for people: tables on a terminal, and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from .._neutral import printable
from .._words import number, with_error
from ..book.currencies import UNKNOWN
from ..book.difference import COMMON_AT_MOST
from ..book.limits import BOOK, INSIDE
from ..book.trades import NET
from ..book.units import unit_of
from .totals import UNSTATED, Total, totals_by

NAMED = 3  # trades of which the same is said


def shown(text: str) -> str:
    """Text of the user's own as it is: no markup of tables, no commands to terminals."""
    return escape(printable(text))


def book_table(risk: pd.DataFrame, title: str = "Greeks a unit, ± standard error") -> Table:
    """One row a trade, one column a Greek, per unit of the trade."""
    trades = risk[risk["trade_id"] != NET]
    table = Table(title=title, header_style="bold", pad_edge=False)
    several = trades["currency"].nunique() > 1
    for column in ("trade", "product", *["currency"] * several):
        table.add_column(column, no_wrap=True)
    table.add_column("quantity", justify="right", no_wrap=True)
    greeks = list(dict.fromkeys(trades["greek"]))
    for greek in greeks:
        table.add_column(greek, justify="right", no_wrap=True)
    for trade_id, rows in trades.groupby("trade_id", sort=False):
        first = rows.iloc[0]
        by_greek = {row["greek"]: row for row in rows.to_dict("records")}
        cells = [_cell(by_greek, greek, "value", "standard_error") for greek in greeks]
        currency = [str(first["currency"]) or UNSTATED] * several
        about = shown(str(trade_id)), shown(str(first["product"])), *currency, f"{first['quantity']:,g}"
        table.add_row(*about, *cells)
    return table


def net_table(risk: pd.DataFrame, title: str = "Net position, ± standard error") -> Table:
    """One row an underlying, one column a Greek, of the whole position; then the price of all, by currency.

    Other raw Greeks do not add up over underlyings.
    """
    net = risk[risk["trade_id"] == NET]
    table = Table(title=title, header_style="bold", pad_edge=False)
    stated = net["currency"].ne(UNKNOWN).any()
    for column in ("underlying", *["currency"] * bool(stated)):
        table.add_column(column, no_wrap=True)
    greeks = list(dict.fromkeys(net["greek"]))
    for greek in greeks:
        table.add_column(greek, justify="right", no_wrap=True)
    for underlying, rows in net.groupby("underlying", sort=False):
        by_greek = {row["greek"]: row for row in rows.to_dict("records")}
        cells = [_cell(by_greek, greek, "position_value", "position_standard_error") for greek in greeks]
        table.add_row(shown(str(underlying)), *[str(rows["currency"].iloc[0]) or UNSTATED] * bool(stated), *cells)
    for total in totals_by(risk) if net["underlying"].nunique() > 1 else ():
        table.add_row(total.name, *[total.currency] * bool(stated), *_totalled(total, ["price"]))
    return table


def totals_table(risk: pd.DataFrame, key: str) -> Table:
    """One row a group of trades and currency, one column a Greek, of positions in a desk's units."""
    rows = totals_by(risk, key)
    table = Table(title=f"By {shown(key)}, ± standard error (≤: at most)", header_style="bold", pad_edge=False)
    for column in (shown(key), "currency"):
        table.add_column(column, no_wrap=True)
    greeks = list(dict.fromkeys(greek for row in rows for greek in row.cells))
    for column in ("trades", *(unit_of(greek).title for greek in greeks)):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(shown(row.name), row.currency, f"{row.trades:,}", *_totalled(row, greeks))
    return table


def limits_table(found: pd.DataFrame, *, whole: bool) -> Table:
    """The frame of `check_limits`, a row a limit; not `whole`, without those that are kept."""
    rows = found if whole else found[found["verdict"] != INSIDE]
    kept = len(found) - len(rows)
    title = f"Limits: {len(found)} checked" + f", {kept} inside" * bool(kept)
    table = Table(title=title, header_style="bold", pad_edge=False)
    for column in ("Greek", "of", "currency"):
        table.add_column(column)
    for column in ("value", "limit", "used"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows.to_dict("records"):
        of = "book" if row["by"] == row["group"] == BOOK else shown(f"{row['by']} {row['group']}")
        about = unit_of(row["greek"]).title, of, row["currency"] or UNSTATED
        value = with_error(row["value"], row["standard_error"])
        table.add_row(*about, value, f"{row['limit']:,.10g}", f"{row['used']:.0%}", row["verdict"])
    return table


def _totalled(total: Total, greeks: Sequence[str]) -> list[str]:
    """The cells of a total, empty for Greeks that nothing in it has."""
    cells = []
    for greek in greeks:
        if (row := total.cells.get(greek)) is None:
            cells.append("")
            continue
        text = with_error(row["value"], row["standard_error"]) + (" !" if row["doubtful"] else "")
        cells.append(text.replace("±", "≤") if row["error"] == "at most" else text)
    return cells


def _cell(by_greek: Mapping[Any, Mapping[Any, Any]], greek: str, value: str, error: str) -> str:
    """A number with its error; nothing of a Greek that the law of the underlying does not have."""
    if (row := by_greek.get(greek)) is None:
        return ""
    return with_error(float(row[value]), float(row[error])) + (" !" if row["note"] else "")


def paths_of(risk: pd.DataFrame) -> str:
    """How many paths the simulated trades took, from the fewest to the most; no paths if none was simulated."""
    counts = risk.loc[risk["n_paths"] > 0, "n_paths"]
    return " to ".join(f"{int(n):,}" for n in sorted({counts.min(), counts.max()})) if len(counts) else "no"


def notes(risk: pd.DataFrame) -> list[str]:
    """What is marked with ``!`` in the tables: trade by trade, which Greeks and why."""
    marked = risk[risk["note"] != ""]
    found = []
    for (trade_id, note), rows in marked.groupby(["trade_id", "note"], sort=False):
        found.append(f"{trade_id} {', '.join(rows['greek'])}: {note}")
    return found


def states_of(risk: pd.DataFrame) -> list[tuple[str, str]]:
    """What has become of trades with a past (``attrs["states"]``): those of which the same can be said, and it."""
    by_state: dict[str, list[str]] = {}
    for trade_id, state in risk.attrs.get("states", {}).items():
        by_state.setdefault(state, []).append(str(trade_id))
    return [(_named(trade_ids), state) for state, trade_ids in by_state.items()]


def _named(trade_ids: Sequence[str]) -> str:
    """Some trades by name, and how many there are besides."""
    more = len(trade_ids) - NAMED
    return ", ".join(trade_ids[:NAMED]) + (f" and {more} more" if more > 0 else "")


def reasons(table: pd.DataFrame) -> list[str]:
    """What differs between the trades and markets of two runs, from the frame of `diff`."""
    settings = pd.DataFrame(table.attrs["settings"], columns=["trade_id", "underlying", "setting", "before", "after"])
    trades = settings[settings["trade_id"] != NET]
    found = []
    for (underlying, name, before, after), own in trades.groupby(
        ["underlying", "setting", "before", "after"], sort=False, dropna=False
    ):
        who = own["trade_id"].iloc[0] if len(own) == 1 else f"{len(own)} trades on {underlying}"
        found.append(f"{name} of {who}: {_setting(before)} before, {_setting(after)} after")
    return found


def _setting(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


def diff_table(table: pd.DataFrame, title: str = "Changed, ± standard error") -> Table:
    """Rows of the frame of `diff`."""
    drawn = Table(title=title, header_style="bold", pad_edge=False)
    for column in ("trade", "underlying", "Greek", "verdict"):
        drawn.add_column(column, no_wrap=True)
    for column in ("before", "after", "difference", "z"):
        drawn.add_column(column, justify="right", no_wrap=True)
    for row in table.to_dict("records"):
        at_most = "≤ " if row["draws"] == COMMON_AT_MOST else ""
        difference = with_error(row["difference"], row["standard_error"]).replace("± ", f"± {at_most}")
        texts = [shown(str(row[name])) for name in ("trade_id", "underlying", "greek")]
        verdict = row["verdict"] + (" !" if row["note"] else "")
        numbers = number(row["before"], 6), number(row["after"], 6), difference, number(row["z"], 3)
        drawn.add_row(*texts, verdict, *numbers)
    return drawn


def diff_summary(table: pd.DataFrame) -> str:
    """One line on the frame of `diff`: how many numbers, how many changed, by what standard."""
    counts = table["verdict"].value_counts()
    compared = table[table["draws"] != ""]
    kinds = sorted(set(compared["draws"]))
    draws = {name: f"{name} draws" for name in kinds} | {COMMON_AT_MOST: "common draws, errors at most"}
    beyond = f"{compared['threshold'].min():.2f}" if len(compared) else "no"
    words = ", ".join(f"{counts.get(verdict, 0):,} {verdict}" for verdict in ("changed", "new", "gone", "noise"))
    how = " and ".join(draws[kind] for kind in kinds) or "none in both"
    return (
        f"{table.attrs['checks']:,} numbers compared ({how}): {words}; "
        f"changed is beyond {beyond} standard errors, {table.attrs['level']:.1%} over all"
    )


def frame_table(frame: pd.DataFrame, title: str) -> Table:
    """Any frame, its index as the first columns."""
    table = Table(title=title, header_style="bold", pad_edge=False)
    flat = frame.reset_index()
    numeric = [pd.api.types.is_float_dtype(kind) for kind in flat.dtypes]
    for column, is_number in zip(flat.columns, numeric, strict=True):
        table.add_column(str(column), justify="right" if is_number else "left", no_wrap=is_number)
    for row in flat.itertuples(index=False):
        table.add_row(*(number(x) if is_number else shown(str(x)) for x, is_number in zip(row, numeric, strict=True)))
    return table


def show(*tables: Table, console: Console | None = None) -> None:
    """Print tables at full width: on a pipe nothing is cut off or wrapped."""
    out = console or Console()
    if not out.is_terminal:
        out = Console(file=out.file, width=240)
    for table in tables:
        left_out = _narrowed(table, out)
        out.print(table)
        if left_out:
            names = ", ".join(left_out)
            out.print(f"{names} do not fit in {out.width} columns: widen the window, or write a file", highlight=False)


def _narrowed(table: Table, out: Console) -> list[str]:
    """The last columns, taken off a table until it fits, so that what is printed is whole; their names."""
    wide, left_out = out.options.update(max_width=10_000), list[str]()
    while len(table.columns) > 2 and Measurement.get(out, wide, table).maximum > out.width:
        left_out.insert(0, str(table.columns.pop().header))
    return left_out
