"""Subtotals of profits (`explain_book`) and of gains under moves (`scenario_grid`, `stress`) by groups of trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from .._checks import one_of, refuse
from .currencies import UNKNOWN
from .group_totals import totals
from .joint import joint_of, netted
from .maturities import buckets
from .own_columns import own_of
from .pnl.converted import REPORTED
from .pnl.positions import ROWS
from .pnl.table import JUDGED, TOTAL, columns_of
from .together.shocked import COLUMNS as OF_GAINS
from .trades import NET

KEYS = ("underlying", "bucket", "product", "currency")
SCENARIO = ["scenario", "spot", "volatility", "rate"]
ERROR = "_standard_error"


class Kind(NamedTuple):
    """Where a frame has its numbers: names of values with those of their errors and of what they are of."""

    values: Mapping[str, str]
    columns: Sequence[str]


PROFITS = Kind({name: name + ERROR for name in ROWS}, columns_of(ROWS))
GAINS = Kind({"change": "standard_error"}, OF_GAINS)


def is_of_changes(frame: object) -> bool:
    """Whether a frame is one of `explain_book`, `scenario_grid` or `stress`."""
    return isinstance(frame, pd.DataFrame) and any(
        {"trade_id", *kind.values, *kind.values.values()} <= {*frame.columns} for kind in (PROFITS, GAINS)
    )


def subtotals(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Totals of groups of trades with their errors, in the frame's own form: see `pivots.pivot`."""
    kind = _profits(frame) if "pnl" in frame.columns else GAINS
    rows = frame[~((frame["product"] == frame["trade_id"]) & frame["trade_id"].isin([NET, TOTAL, REPORTED]))]
    nets = frame[(frame["trade_id"] == NET) & (frame["product"] == NET)]
    if rows.empty:
        refuse("frame", "hold a trade at least", f"{len(frame)} rows")
    known = [*KEYS, *(name for name in own_of(frame) if name not in kind.columns)]
    keys = list(dict.fromkeys(one_of("by", key, known) for key in by))
    rows = rows.assign(currency=rows["currency"].fillna(UNKNOWN))
    if "bucket" in keys:
        rows = rows.assign(bucket=buckets(rows["maturity"]))
    outer = [*(key for key in keys if key != "currency"), "currency"]
    own = _long(rows, kind)
    every = [*outer, "label"] if kind is not GAINS else [*outer, *SCENARIO]
    group = own.groupby(every, sort=False, observed=True, dropna=False).ngroup().rename("group")
    draws = own[["underlying", "label"]].rename(columns={"underlying": "draws"})
    errors = netted(own.assign(greek=own["label"]), joint_of(frame), [group, draws["draws"], draws["label"]])
    numbers = pd.concat([own[["cash", "cash_standard_error", "note", "fx"]], draws, group], axis="columns")
    alone = _long(nets, kind).set_index(["underlying", "label"])["cash_standard_error"]
    found = totals(numbers, alone, errors).drop(columns="fx")
    found["trades"] = own["trade_id"].groupby(group).nunique()
    table = own.loc[~group.duplicated(), every].set_axis(group.unique()).join(found).reset_index(drop=True)
    table = _wide(table, outer) if kind is not GAINS else table.rename(columns={"value": "change"})
    return table.sort_values([*keys], kind="stable", ignore_index=True) if "bucket" in keys else table


def _profits(frame: pd.DataFrame) -> Kind:
    """What a frame of `explain_book` has, with its buckets."""
    names = [*ROWS, *(name for name in frame.columns if "[" in name and name + ERROR in frame.columns)]
    return Kind({name: name + ERROR for name in names}, columns_of(names))


def _long(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """A row a number: ``label, cash, cash_standard_error`` and what `joint` reads."""
    parts = []
    for name, error in kind.values.items():
        label = name if kind is not GAINS else rows["scenario"]
        note = rows["note"].fillna("") if kind is GAINS or name in JUDGED else ""
        numbers = {"label": label, "cash": rows[name], "cash_standard_error": rows[error], "note": note}
        parts.append(rows.assign(**numbers, standard_error=rows[error], quantity=1.0, fx=float("nan")))
    return pd.concat(parts, ignore_index=True)


def _wide(table: pd.DataFrame, outer: Sequence[str]) -> pd.DataFrame:
    """Totals of profits with all terms in a row."""
    found = list[dict[str, Any]]()
    for _, own in table.groupby([*outer], sort=False, observed=True, dropna=False):
        by, first = own.set_index("label"), own.iloc[0]
        found.append({
            **{key: first[key] for key in outer},
            **{name: by.at[name, "value"] for name in by.index},
            **{name + ERROR: by.at[name, "standard_error"] for name in by.index},
            "error": "exact" if (own["error"] == "exact").all() else "at most",
            "trades": int(first["trades"]),
            "doubtful": int(own["doubtful"].max()),
        })  # fmt: skip
    whole = pd.DataFrame(found)
    return whole.astype({key: table[key].dtype for key in outer})
