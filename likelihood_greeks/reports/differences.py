"""The frame of `diff` on a terminal: the differences, where they come from, and how many there are."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from .._words import number, with_error
from ..book.difference import COMMON_AT_MOST
from ..book.trades import NET
from .terminal import node_of, plain_table, shown

MOST = 3  # settings of trades on an underlying that are told one by one


def reasons(table: pd.DataFrame) -> list[str]:
    """What differs between the trades and markets of two runs, from the frame of `diff`."""
    settings = pd.DataFrame(table.attrs["settings"], columns=["trade_id", "underlying", "setting", "before", "after"])
    trades = settings[settings["trade_id"] != NET]
    first, second = table.attrs.get("valued", (None, None))
    found = [f"valued on {first} before, on {second} after"] if first != second and first and second else []
    for (underlying, name), alike in trades.groupby(["underlying", "setting"], sort=False):
        pairs = list(alike.groupby(["before", "after"], sort=False, dropna=False))
        if len(pairs) > MOST and (moves := _moves(alike)) is not None:
            found.append(f"{name} of {len(alike)} trades on {underlying}: {moves}")
            continue
        for (before, after), own in pairs:
            who = own["trade_id"].iloc[0] if len(own) == 1 else f"{len(own)} trades on {underlying}"
            found.append(f"{name} of {who}: {_setting(before)} before, {_setting(after)} after")
    return [*found, *(f"buckets of {greek}: {verdict}" for greek, verdict in _split_in_one(table).items())]


def _split_in_one(table: pd.DataFrame) -> dict[str, str]:
    """Greeks that both runs have, and one of them by buckets: whether these are new or gone."""
    if "bucket" not in table:
        return {}
    part = table["bucket"].fillna("") != ""
    both = {*table.loc[~part & (table["draws"] != ""), "greek"]}
    verdicts = table[part].groupby("greek", sort=False)["verdict"].unique()
    return {str(greek): own[0] for greek, own in verdicts.items() if greek in both and [*own] in (["new"], ["gone"])}


def _moves(settings: pd.DataFrame) -> str | None:
    """By how much numbers have changed, from the least to the most; None of texts."""
    if not all(isinstance(cell, (int, float)) for name in ("before", "after") for cell in settings[name]):
        return None
    moves = settings["after"].astype(float) - settings["before"].astype(float)
    return f"{moves.min():+,.3g} to {moves.max():+,.3g}"


def _setting(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def by_weight(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that are not noise: changes before what came or went, and of these Greeks before their parts.

    Without the parts of Greeks that one run alone has split: `reasons` say so once.
    """
    found = table[table["verdict"] != "noise"]
    if whole := _split_in_one(table):
        found = found[~((found["bucket"].fillna("") != "") & found["greek"].isin(whole))]
    parts = pd.Series([bool(node_of(row)) for row in found.to_dict("records")], found.index, dtype=bool)
    weights = parts.where(found["verdict"] != "changed", False).astype(int) + (found["verdict"] != "changed")
    return found.loc[weights.sort_values(kind="stable").index]


def diff_table(table: pd.DataFrame, title: str = "Changed, ± standard error") -> Table:
    """Rows of the frame of `diff`: what they are of and the difference first, which are to fit anywhere."""
    drawn = plain_table(title)
    nodes = [node_of(row) for row in table.to_dict("records")]
    several = any(nodes)
    for column in ("trade", "underlying", "Greek", *["node"] * several):
        drawn.add_column(column, no_wrap=True)
    for column in ("difference", "z"):
        drawn.add_column(column, justify="right", no_wrap=True)
    drawn.add_column("verdict", no_wrap=True)
    for column in ("before", "after"):
        drawn.add_column(column, justify="right", no_wrap=True)
    for row, node in zip(table.to_dict("records"), nodes, strict=True):
        at_most = "≤ " if row["draws"] == COMMON_AT_MOST else ""
        difference = with_error(row["difference"], row["standard_error"]).replace("± ", f"± {at_most}")
        if row["verdict"] in ("new", "gone"):
            difference = row["verdict"]
        texts = [shown(str(row[name])) for name in ("trade_id", "underlying", "greek")]
        verdict = row["verdict"] + (" !" if row["note"] else "")
        about = [*texts, *[shown(node)] * several]
        both = number(row["before"], 6), number(row["after"], 6)
        drawn.add_row(*about, difference, number(row["z"], 3), verdict, *both)
    return drawn


def diff_summary(table: pd.DataFrame) -> str:
    """One line on the frame of `diff`: how many numbers, how many changed, by what standard."""
    counts = table["verdict"].value_counts()
    compared = table[table["draws"] != ""]
    kinds = sorted(set(compared["draws"]))
    partly = "common" in kinds
    draws = {name: f"{name} draws" for name in kinds} | {
        COMMON_AT_MOST: f"common draws,{' some' * partly} errors at most"
    }
    kinds = [kind for kind in kinds if kind != "common" or COMMON_AT_MOST not in kinds]
    estimated = compared[compared["standard_error"] > 0.0]
    beyond = f"{(estimated if len(estimated) else compared)['threshold'].min():.2f}" if len(compared) else "no"
    words = ", ".join(f"{counts.get(verdict, 0):,} {verdict}" for verdict in ("changed", "new", "gone", "noise"))
    how = " and ".join(draws[kind] for kind in kinds) or "none in both"
    return (
        f"{table.attrs['checks']:,} numbers compared ({how}): {words}; "
        f"changed is beyond {beyond} standard errors, {table.attrs['level']:.1%} over all"
    )
