"""The frame of `explain_book` as tables on a terminal."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pandas as pd
from rich.table import Table

from .._words import number, with_error
from ..book.pnl.by_pillar import order
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


def by_pillar(frame: pd.DataFrame) -> Iterator[tuple[str, dict[tuple[Hashable, Hashable], tuple[float, float]]]]:
    """Of each position in an underlying the terms by pillar, by (term, pillar): amount and error; where there are any.

    Frames read from a file are as those that were written.
    """
    names = sorted((name for name in frame.columns if name.endswith("]") and name[:1] != "["), key=order)
    for row in frame[frame["trade_id"] == NET].to_dict("records"):
        cells: dict[tuple[Hashable, Hashable], tuple[float, float]] = {}
        for name in names:
            amount, error = float(row[name]), float(row[f"{name}_standard_error"])
            if amount or error:
                term, _, pillar = name.removesuffix("]").partition("[")
                cells[term, pillar] = amount, error
        if cells:
            yield f"{row['underlying']}{', ' + str(row['currency']) if row['currency'] else ''}", cells


def pillar_tables(frame: pd.DataFrame) -> Iterator[Table]:
    """The terms by pillar of each position: pillars down, terms across."""
    for title, cells in by_pillar(frame):
        table = plain_table(f"{shown(title)} by pillar, ± standard error")
        terms, pillars = (dict.fromkeys(str(key[k]) for key in cells) for k in (0, 1))
        table.add_column("years", no_wrap=True)
        for term in terms:
            table.add_column(term, justify="right", no_wrap=True)
        for pillar in sorted(pillars, key=lambda own: order(f"vega[{own}]")):
            own = [cells.get((term, pillar)) for term in terms]
            table.add_row(shorter(pillar), *("" if pair is None else with_error(*pair) for pair in own))
        yield table


def shorter(pillar: str) -> str:
    """Years with the digits that tell pillars apart; a word as it is."""
    return f"{float(pillar):.4g}" if pillar.replace(".", "", 1).replace("e-", "", 1).isdigit() else pillar


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
    return [trades, totals, *pillar_tables(frame)]


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
