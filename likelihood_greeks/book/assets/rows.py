"""Trades on several assets in the frame of a run: columns for assets, and their Greeks in the nets of the assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...result import PARTS
from ..buckets import place_of
from ..market import Market
from ..trade import NET
from .names import MARK, are_several, in_order, joined, names_of
from .shown import part_of

AMOUNTS = ("value", "standard_error", "position_value", "position_standard_error")


def with_assets(table: pd.DataFrame, market: Market) -> pd.DataFrame:
    """A frame whose Greeks of several assets are told by the columns ``greek, asset, bucket``; as it is without any.

    What a trade on several assets has in one of them, or in a pair, is part of the net of that asset or pair: of
    independent draws, so that squared errors add. Its other Greeks are in the net of its set alone. A net in another
    currency has it at the spot of the pair, where the market has the pair. Trades on the same assets told in different
    orders have one net, named in the order of the market.
    """
    spots = market.spots
    sets = table["underlying"].map(are_several).to_numpy(bool) if len(table) else np.zeros(0, dtype=bool)
    if not sets.any():
        return table
    labels = {name: part_of(name) for name in table.loc[sets, "greek"].unique()}
    frame = table if "asset" in table else _with_columns(table)
    frame = frame.assign(
        greek=[labels[x].greek if own else x for x, own in zip(frame["greek"], sets, strict=True)],
        asset=[labels[x].asset if own else "" for x, own in zip(frame["greek"], sets, strict=True)],
    )
    known = frame["asset"].map(spots).to_numpy(float)
    frame["spot"] = np.where(np.isfinite(known), known, frame["spot"].to_numpy(float))
    nets = frame["trade_id"] == NET
    records: list[Any] = frame[nets].to_dict("records")
    summed = _summed(records, market)
    found = pd.concat([frame[~nets], pd.DataFrame(summed, columns=frame.columns)], ignore_index=True)
    found.attrs = table.attrs
    return found


def _with_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The frame with columns for assets and buckets behind the Greek."""
    place = list(table.columns).index("greek") + 1
    found = table.copy()
    for offset, column in enumerate(PARTS[1:]):
        found.insert(place + offset, column, "")
    return found


def _summed(nets: Sequence[dict[str, Any]], market: Market) -> list[dict[str, Any]]:
    """The rows of nets, to which those of sets have been added that are of one asset, or of a pair."""
    order = [*market.underlyings]
    by_name: dict[str, list[dict[str, Any]]] = {}
    named: dict[frozenset[str], str] = {}
    orders = {frozenset(names_of(row["underlying"])): set[str]() for row in nets}
    for row in nets:
        orders[frozenset(names_of(row["underlying"]))].add(row["underlying"])
    for own, names in orders.items():
        named[own] = joined(sorted(own, key=order.index)) if len(names) > 1 else next(iter(names))
    for row in nets:
        own = frozenset(names_of(row["underlying"]))
        if len(orders[own]) == 1 or not _give(by_name, named[own], row, market):
            by_name.setdefault(row["underlying"], []).append(row)
    for row in nets:
        whose = tuple(dict.fromkeys(filter(None, row["asset"].split(","))))
        if are_several(row["underlying"]) and whose and set(whose) != set(names_of(row["underlying"])):
            _give(by_name, named.setdefault(frozenset(whose), joined(sorted(whose, key=order.index))), row, market)
    return [row for _, own in sorted(by_name.items()) for row in _ordered(own)]


def _ordered(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a net, buckets behind the Greek that they are parts of, by where their nodes are."""
    places = {key: place for place, key in enumerate(dict.fromkeys((row["greek"], row["asset"]) for row in rows))}

    def place(row: dict[str, Any]) -> tuple[int, bool, tuple[float, float]]:
        bucket = row["bucket"]
        return places[row["greek"], row["asset"]], bool(bucket), place_of(bucket) if bucket else (0.0, 0.0)

    return sorted(rows, key=place)


def _give(by_name: dict[str, list[dict[str, Any]]], name: str, row: dict[str, Any], market: Market) -> bool:
    """Add a row of a net to the net of a name, in its currency and with assets in its order; False without a rate."""
    asset = row["asset"] if MARK in name else ""
    if len(names_of(asset.replace(",", MARK))) > 1:
        asset = in_order(row["greek"], asset, names_of(name))
    part = {**row, "underlying": name, "asset": asset}
    own = by_name.setdefault(name, [])
    currency = own[0]["currency"] if own else _currency(name, market) or row["currency"]
    rate = 1.0 if currency == row["currency"] else market.rate(row["currency"], currency)
    if rate is not None:
        amounts = {key: rate * row[key] for key in AMOUNTS}
        _add(own, {**part, **amounts, "currency": currency})
    return rate is not None


def _currency(name: str, market: Market) -> str | None:
    """That of the underlying, as far as the market states it; None of a pair."""
    return market.underlyings[name].currency if name in market.underlyings else None


def _add(rows: list[dict[str, Any]], part: dict[str, Any]) -> None:
    """Add a row to the one of its Greek among the rows of a net; it is the first if there is none."""
    for place, row in enumerate(rows):
        if all(row[key] == part[key] for key in ("greek", "asset", "bucket")):
            rows[place] = _together(row, part)
            return
    rows.append(part)


def _together(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Two independent parts of a net."""
    found = dict(one)
    for value, error in (("value", "standard_error"), ("position_value", "position_standard_error")):
        found[value] = one[value] + two[value]
        found[error] = float(np.hypot(one[error], two[error]))
    drawn = [row for row in (one, two) if row["n_paths"]]
    for name in ("n_paths", "samples"):
        found[name] = min((row[name] for row in drawn), default=0)
    for name in ("method", "model"):
        found[name] = one[name] if one[name] == two[name] else ""
    found["note"] = "; ".join(dict.fromkeys(filter(None, f"{one['note']}; {two['note']}".split("; "))))
    return found
