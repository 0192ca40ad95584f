"""The frame of `explain_book` as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from .._words import number, with_error
from ..book.pnl.converted import REPORTED
from ..book.pnl.moves import TERMS
from ..book.pnl.table import TOTAL
from ..book.trades import NET
from .terminal import plain_table, shown
from .totals import UNSTATED

WITH_ERRORS = ("pnl", "unexplained")


def moving_terms(frame: pd.DataFrame) -> list[str]:
    """The terms that are not zero everywhere."""
    return [name for name in TERMS if (frame[name].abs() > 0.0).any()]


def named_rows(frame: pd.DataFrame, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The nets with the totals, and the trades with the largest profits or losses, with columns ``name, about``."""
    nets = frame["trade_id"].isin([NET, TOTAL, REPORTED])
    several = frame.loc[frame["trade_id"] == NET, "underlying"].nunique() > 1
    positions = frame[nets & ((frame["trade_id"] == NET) | several)]
    names = positions["underlying"].where(positions["trade_id"] == NET, positions["trade_id"].replace(TOTAL, "all"))
    trades = frame[~nets].sort_values("pnl", key=lambda profits: -profits.abs(), kind="stable").head(most)
    return (
        positions.assign(name=names, about=positions["currency"].replace("", UNSTATED)),
        trades.assign(name=trades["trade_id"], about=trades["product"]),
    )


def explained_tables(frame: pd.DataFrame, most: int) -> list[Table]:
    """The first trades, and the nets with the totals; terms that are zero everywhere are left out."""
    terms = moving_terms(frame)
    nets = frame["trade_id"].isin([NET, TOTAL, REPORTED])
    trades = _table("Profit of positions, ± standard error", ("trade", "product"), terms)
    for row in frame[~nets].head(most).to_dict("records"):
        trades.add_row(shown(str(row["trade_id"])), shown(str(row["product"])), *_cells(row, terms))
    totals = _table("Net position, ± standard error", ("underlying", "currency"), terms)
    several = frame.loc[frame["trade_id"] == NET, "underlying"].nunique() > 1
    for row in frame[nets & ((frame["trade_id"] == NET) | several)].to_dict("records"):
        name = str(row["underlying"]) if row["trade_id"] == NET else "all" if row["trade_id"] == TOTAL else REPORTED
        totals.add_row(shown(name), str(row["currency"]) or UNSTATED, *_cells(row, terms))
    return [trades, totals]


def _table(title: str, first: Sequence[str], terms: Sequence[str]) -> Table:
    """A table without rows."""
    table = plain_table(title)
    for name in first:
        table.add_column(name, no_wrap=True)
    for name in (WITH_ERRORS[0], WITH_ERRORS[1], *terms):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(row: dict[Any, Any], terms: Sequence[str]) -> list[str]:
    """The numbers of a row, those with an error first."""
    marked = " !" if row["note"] else ""
    errors = [with_error(row[name], row[f"{name}_standard_error"]) + marked for name in WITH_ERRORS]
    return [*errors, *(number(row[name]) for name in terms)]


def notes(frame: pd.DataFrame) -> list[str]:
    """What is marked with ``!``, and why."""
    marked = frame[frame["note"] != ""]
    return [f"{row['trade_id']} {row['underlying']}".strip() + f": {row['note']}" for row in marked.to_dict("records")]


def states(frame: pd.DataFrame) -> list[str]:
    """What has become of trades, one a line."""
    own = frame[frame["state"] != ""]
    return [f"{row['trade_id']}: {row['state']}" for row in own.to_dict("records")]
