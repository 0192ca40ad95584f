"""Frames for people: tables on a terminal, and files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from .._neutral import printable
from .._words import number, with_error
from ..book.limit_reading import BOOK
from ..book.limits import INSIDE
from ..book.trades import NET
from ..book.units import unit_of
from .showing import RankedTable
from .totals import UNSTATED

NAMED = 3  # trades of which the same is said
COUNTED = re.compile(r"about (\d+) ")  # as notes on few samples begin
INCLUDES = "includes doubtful numbers of "


def shown(text: str) -> str:
    """Text of the user's own as it is: no markup of tables, no commands to terminals."""
    return escape(printable(text))


def plain_table(title: str, ranks: Sequence[str] = ()) -> Table:
    """A table without rows, and without lines between its columns: they have few columns to spare."""
    settings: dict[str, Any] = {
        "title": title, "header_style": "bold", "padding": (0, 1), "collapse_padding": True, "box": SIMPLE_HEAD,
    }  # fmt: skip
    return RankedTable(ranks, **settings) if ranks else Table(**settings)


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def limits_table(found: pd.DataFrame, *, whole: bool) -> Table:
    """The frame of `check_limits`, a row a limit; not `whole`, without those that are kept."""
    rows = found if whole else found[found["verdict"] != INSIDE]
    kept = len(found) - len(rows)
    flat = [shown(name) for name in found.loc[found["note"] != "", "group"].unique()]
    title = f"Limits: {len(found)} checked" + f", {kept} inside" * bool(kept)
    title += f"; no position: {_named(flat)}" * bool(flat)
    table = plain_table(title)
    for column in ("Greek", "of", "currency"):
        table.add_column(column)
    for column in ("value", "limit", "used"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows.to_dict("records"):
        of = "book" if row["by"] == row["group"] == BOOK else shown(f"{row['by']} {row['group']}")
        about = unit_of(row["greek"]).title, of, row["currency"] or UNSTATED
        value = with_error(row["value"], row["standard_error"])
        table.add_row(*about, value, f"{row['limit']:,.10g}", f"{row['used']:.0%}", row["note"] or row["verdict"])
    return table


def paths_of(risk: pd.DataFrame) -> str:
    """How many paths the simulated trades took, from the fewest to the most; no paths if none was simulated."""
    counts = risk.loc[risk["n_paths"] > 0, "n_paths"]
    return " to ".join(f"{int(n):,}" for n in sorted({counts.min(), counts.max()})) if len(counts) else "no"


def notes(risk: pd.DataFrame) -> list[str]:
    """What is marked with ``!`` in the tables: trade by trade, which Greeks and why, at the worst of like reasons."""
    marked = risk[risk["note"] != ""]
    parts = marked["note"].where(marked["trade_id"] != NET, marked["note"].str.split("; "))
    marked = marked.assign(note=parts).explode("note")
    found = []
    for (trade_id, _), rows in marked.groupby(["trade_id", marked["note"].map(kind_of)], sort=False):
        found.append(f"{trade_id} {greeks_with_nodes(rows)}: {at_worst([*rows['note'].unique()])}")
    return found


def kind_of(note: str) -> str:
    """A note on how few samples carry something, or which trades are doubtful, without their numbers and names."""
    if note.startswith(INCLUDES):
        return INCLUDES
    return re.sub(r"\d[\d.,e+]*", "#", note).replace(", # times the paths", "") if COUNTED.match(note) else note


def at_worst(notes: Sequence[str]) -> str:
    """One of the notes of a kind for all: that of the fewest samples, or that which names all trades."""
    if notes[0].startswith(INCLUDES):
        if longer := [(int(found[1]), note) for note in notes if (found := re.search(r" and (\d+) more$", note))]:
            return max(longer)[1]
        return INCLUDES + _named([*dict.fromkeys(x for note in notes for x in note.removeprefix(INCLUDES).split(", "))])
    return "at worst " * (len(notes) > 1) + min(notes, key=_samples)


def _samples(note: str) -> tuple[int, float]:
    """The number of samples that a note begins with, and (negative) how many times the paths it asks for."""
    count, times = COUNTED.match(note), re.search(r", (\S+) times the paths", note)
    return int(count[1]) if count else 0, -float(times[1]) if times else 0.0


def greeks_with_nodes(rows: pd.DataFrame) -> str:
    """The Greeks of rows, once each, with the nodes of those that have any: ``delta, vega (total, 6M, 1Y)``."""
    by_greek: dict[str, list[str]] = {}
    for row in _rows(rows):
        by_greek.setdefault(str(row["greek"]), []).append(node_of(row))
    words = []
    for greek, nodes in by_greek.items():
        named = _named([*dict.fromkeys(node or "total" for node in nodes)])
        words.append(f"{greek} ({named})" if any(nodes) else greek)
    return ", ".join(words)


def node_of(row: Mapping[Any, Any]) -> str:
    """The asset and the bucket of a row, if it has any."""
    cells = (row.get(name, "") for name in ("asset", "bucket"))
    return " ".join(str(cell) for cell in cells if not pd.isna(cell) and cell != "")


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


def frame_table(frame: pd.DataFrame, title: str) -> Table:
    """Any frame, its index as the first columns."""
    table = plain_table(title)
    flat = frame.reset_index()
    numeric = [pd.api.types.is_float_dtype(kind) for kind in flat.dtypes]
    for column, is_number in zip(flat.columns, numeric, strict=True):
        table.add_column(str(column), justify="right" if is_number else "left", no_wrap=is_number)
    for row in flat.itertuples(index=False):
        table.add_row(*(number(x) if is_number else shown(str(x)) for x, is_number in zip(row, numeric, strict=True)))
    return table
