"""Buckets in the frame of a run: rows behind those of their Greeks, in the columns `greek`, `asset` and `bucket`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from .._typing import FloatArray
from ..result import PARTS
from .buckets import SEPARATOR
from .exact_buckets import ExactBucket
from .trades import NET

OTHERS = {"position_value": "value", "position_standard_error": "standard_error"}


def with_parts(nets: Mapping[str, Mapping[str, float]], exact: Sequence[ExactBucket]) -> dict[str, dict[str, float]]:
    """The positions in the exact trades of each underlying by label, those by the labels of buckets among them."""
    found = {name: defaultdict(float, own) for name, own in nets.items()}
    for one in exact:
        found[one.underlying][one.node.label] += one.quantity * one.value
    return {name: {**own} for name, own in found.items()}


def with_buckets(table: pd.DataFrame, exact: Sequence[ExactBucket], drawn: Sequence[str]) -> pd.DataFrame:
    """A frame whose buckets are Greeks with long names, and exact buckets, as rows behind their Greeks.

    A trade has no row for a bucket in which it has nothing, unless that is doubtful. The nets of the underlyings
    `drawn` have their buckets.
    """
    columns = list(table.columns)
    place = columns.index("greek")
    ordered = [*columns[:place], *PARTS, *columns[place + 1 :]]
    if table.empty:
        return table.assign(asset="", bucket="")[ordered]
    halves = table["greek"].str.partition(SEPARATOR)
    frame = table.assign(greek=halves[0], asset="", bucket=halves[2])
    nothing = (frame["bucket"] != "") & (frame["trade_id"] != NET)
    nothing &= (frame["position_value"] == 0.0) & (frame["standard_error"] == 0.0) & (frame["note"] == "")
    frame["order"] = np.arange(len(frame))
    more = [_behind(frame, exact), _nets(frame, [one for one in exact if one.underlying not in drawn])]
    first = frame.groupby(["trade_id", "underlying", "greek"], sort=False)["order"].transform("min")
    start = frame.groupby(["trade_id", "underlying"], sort=False)["order"].transform("min")
    frame = frame.assign(start=start, greek_order=first)[~nothing]
    found = pd.concat([part for part in (frame, *more) if len(part)])
    found = found.sort_values(["start", "greek_order", "order"], kind="stable", ignore_index=True)
    found = found[ordered]
    found.attrs = table.attrs
    return found


def _behind(frame: pd.DataFrame, exact: Sequence[ExactBucket]) -> pd.DataFrame:
    """The rows of exact buckets, like those of their Greeks."""
    known = frame[frame["bucket"] == ""]
    places = {(t, g): k for k, (t, g) in enumerate(zip(known["trade_id"], known["greek"], strict=True)) if t != NET}
    found = [one for one in exact if one.value and (one.trade_id, one.node.greek) in places]
    rows = known.iloc[[places[one.trade_id, one.node.greek] for one in found]]
    values = np.array([one.value for one in found])
    return _placed(rows, found, values, np.array([one.quantity for one in found]) * values, frame)


def _nets(frame: pd.DataFrame, exact: Sequence[ExactBucket]) -> pd.DataFrame:
    """The rows of the nets of underlyings whose trades are all exact."""
    sums: dict[tuple[str, str], list[ExactBucket]] = defaultdict(list)
    for one in sorted(exact, key=lambda one: one.node.place):
        sums[one.underlying, one.node.label].append(one)
    known = frame[(frame["bucket"] == "") & (frame["trade_id"] == NET)]
    places = {(u, g): k for k, (u, g) in enumerate(zip(known["underlying"], known["greek"], strict=True))}
    found = [own for (name, _), own in sums.items() if (name, own[0].node.greek) in places]
    rows = known.iloc[[places[own[0].underlying, own[0].node.greek] for own in found]]
    values = np.array([sum(one.quantity * one.value for one in own) for own in found])
    return _placed(rows, [own[0] for own in found], values, values, frame)


def _placed(
    rows: pd.DataFrame, exact: Sequence[ExactBucket], values: FloatArray, positions: FloatArray, frame: pd.DataFrame
) -> pd.DataFrame:
    order = sorted(range(len(exact)), key=lambda k: exact[k].node.place)
    rank = np.empty(len(exact))
    rank[order] = np.arange(len(exact))
    start = frame.groupby(["trade_id", "underlying"], sort=False)["order"].min()
    starts = start.reindex(pd.MultiIndex.from_frame(rows[["trade_id", "underlying"]])).to_numpy()
    return rows.assign(
        bucket=[one.node.bucket for one in exact], value=values, position_value=positions, start=starts,
        greek_order=rows["order"], order=len(frame) + rank,
    )  # fmt: skip
