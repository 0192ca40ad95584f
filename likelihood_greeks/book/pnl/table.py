"""The frame of an explained book: a row per trade, the nets of underlyings, the totals of currencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..._typing import FloatArray
from ...estimate import Statistics, doubt
from ..assets.names import are_several
from ..frame import left_out
from ..together.unmet import extra, told
from ..together.valued import Together
from ..trades import NET
from .by_pillar import order
from .converted import WITH_BEFORE, reported, with_before
from .legs import BEFORE, SETTLED, Days
from .positions import PLACE, ROWS, Position

TOTAL = "total"
"""The trade_id of the rows that add up all underlyings of a currency."""
MOVES = ("spot", "volatility", "rate", "dividend_yield")
IDENTITY = ["trade_id", "underlying", "product", "quantity", "currency", "maturity"]
JUDGED = ("pnl", "unexplained")
"""The rows whose errors are doubted in notes."""
NAMED = 10  # doubtful trades that a note lists


def table(
    results: Mapping[str, Together[Position]],
    missing: Mapping[str, int],
    days: Days,
    *,
    paths: int,
    seed_of: Callable[[str], int],
) -> pd.DataFrame:
    """All trades in the order of their rows, then nets and totals, and these in the reporting currency.

    Parameters
    ----------
    results : mapping of str to Together
        By underlying.
    missing : mapping of str to int
        How many of its trades are left out.
    days : Days
        Whose rates of exchange convert the totals.
    paths : int
        Of the trades that are simulated.
    seed_of : callable
        From an underlying to the seed of its draws.
    """
    trades, nets = list[tuple[int, dict[str, Any]]](), list[dict[str, Any]]()
    for name, found in results.items():
        rows = [
            _trade(position, found.moments.get(position.trade_id), found.unmet.get(position.trade_id))
            for position in found.positions
        ]
        seed = seed_of(name)
        for position, row in zip(found.positions, rows, strict=True):
            row |= {"seed": seed, "n_paths": paths if position.drawn else 0}
            trades.append((position.leg.last.row, row))
        if rows:
            nets.append(_net(name, found, rows, missing.get(name, 0)) | {"seed": seed, "n_paths": rows[0]["n_paths"]})
            nets[-1]["n_paths"] = max(row["n_paths"] for row in rows)
    ordered = [row for _, row in sorted(trades, key=lambda pair: pair[0])]
    amounts = [*ROWS, *_buckets(results)]
    there = {net["underlying"] for net in nets}
    nowhere = [f"{name}: {left_out(count)}" for name, count in missing.items() if name not in there]
    totals = _totals(nets, amounts, nowhere)
    every = [*ordered, *nets, *totals, *reported(totals, days.first, days.second, amounts)]
    frame = pd.DataFrame(every, columns=columns_of(amounts)).astype({"maturity": float})
    buckets = [name + end for name in amounts[len(ROWS) :] for end in ("", "_standard_error")]
    frame[buckets] = frame[buckets].fillna(0.0)  # of the pillars of other underlyings
    return frame


def columns_of(amounts: Sequence[str]) -> list[str]:
    """The columns of a frame of some amounts."""
    errors, moves = (f"{name}_standard_error" for name in amounts), (f"{name}_move" for name in MOVES)
    return [*IDENTITY, *amounts, *errors, *moves, "n_paths", "seed", "method", "state", "note"]


def _buckets(results: Mapping[str, Together[Position]]) -> list[str]:
    """The buckets of all underlyings, in order."""
    labels = dict.fromkeys(
        label for found in results.values() for own in found.positions for label in own.pillars.labels
    )
    return sorted(labels, key=order)


def names_in(found: Together[Position]) -> list[str]:
    """What there is of the positions in one underlying."""
    return [*ROWS, *(found.positions[0].pillars.labels if found.positions else ())]


def _trade(position: Position, found: Statistics | None, unmet: FloatArray | None) -> dict[str, Any]:
    """The row of a trade, but for its seed and paths."""
    leg, last, names = position.leg, position.leg.last, [*ROWS, *position.pillars.labels]
    row = {
        "trade_id": leg.trade_id,
        "underlying": last.underlying,
        "product": last.product,
        "quantity": leg.held or leg.kept,
        "currency": last.currency,
        "maturity": (leg.stages.get(BEFORE) or last).maturity,
        "method": position.method,
        "state": _state(position),
        "note": "",
    }
    if found is None:
        sure = position.rows({})[:, 0]
        row |= _amounts(names, sure, np.zeros(len(sure)))
    else:
        errors = np.hypot(found.standard_error, extra(unmet, found.standard_error))
        row |= _amounts(names, found.mean, errors) | {"note": _doubts(found, unmet)}
    shown = {name: position.shown.get(name, 0.0) if SETTLED in leg.stages else np.nan for name in MOVES}
    shown["spot"] -= sum(leg.dividends.values())
    return row | {f"{name}_move": x for name, x in shown.items()}


def _state(position: Position) -> str:
    """What has become of a trade."""
    leg = position.leg
    if not leg.held:
        return "new"
    changed = "ended" if not leg.kept else f"quantity now {leg.kept:g}" if leg.kept != leg.held else ""
    return "; ".join(filter(None, (changed, leg.last.state)))


def _amounts(names: Sequence[str], values: FloatArray, errors: FloatArray) -> dict[str, float]:
    """The amounts of some names with their errors."""
    found = dict(zip(names, values.tolist(), strict=True))
    return found | {f"{name}_standard_error": x for name, x in zip(names, errors.tolist(), strict=True)}


def _doubts(found: Statistics, unmet: FloatArray | None) -> str:
    """What is held against the profit and against what is left of it, by name; nothing against what does not vary."""
    held = dict[str, list[str]]()
    for name in JUDGED:
        entry = PLACE[name]
        varying = doubt(found, entry) if found.pooled.m2[entry] > 0.0 else ""
        for why in filter(None, (varying, told(unmet, found, entry))):
            held.setdefault(why, []).append(name)
    return "; ".join(f"{' and '.join(names)}: {why}" for why, names in held.items())


def _net(name: str, found: Together[Position], rows: Sequence[Mapping[str, Any]], missing: int) -> dict[str, Any]:
    """The row of the position in an underlying."""
    names = names_in(found)
    sure = sum((p.rows({})[:, 0] for p in found.positions if not p.drawn), np.zeros(len(names)))
    values, errors = (sure, np.zeros(len(names)))
    if found.total is not None:
        values, errors = sure + found.total.mean, np.hypot(found.total.standard_error, found.unmet_together)
    doubtful = [str(row["trade_id"]) for row in rows if row["note"]]
    more = f" and {len(doubtful) - NAMED} more" if len(doubtful) > NAMED else ""
    marked = f"includes doubtful numbers of {', '.join(doubtful[:NAMED])}{more}" if doubtful else ""
    methods = {str(row["method"]) for row in rows}
    return {
        "trade_id": NET,
        "underlying": name,
        "product": NET,
        "quantity": 1.0,
        "currency": rows[0]["currency"],
        "method": methods.pop() if len(methods) == 1 else "",
        "state": "",
        "note": "; ".join(filter(None, (left_out(missing), marked))),
        **_amounts(names, values, errors),
        WITH_BEFORE: with_before(errors, sum(found.shares.values()))[: len(ROWS)],
        "spot_move": _spot_move(name, found, rows),
    }


def _spot_move(name: str, found: Together[Position], rows: Sequence[Mapping[str, Any]]) -> float:
    """How far the underlying of a net has moved; missing where trades on several assets do not all see the same."""
    pairs = zip(found.positions, rows, strict=True)
    moves = [float(row["spot_move"]) for position, row in pairs if SETTLED in position.leg.stages]
    if are_several(name) and len(set(moves)) > 1:
        return float("nan")
    return next((move for move in moves if not np.isnan(move)), float("nan"))


def _totals(nets: Sequence[Mapping[str, Any]], amounts: Sequence[str], nowhere: Sequence[str]) -> list[dict[str, Any]]:
    """The sums of all underlyings, by currency: their draws are independent.

    `nowhere` says what is left out of underlyings that have no net.
    """
    found = []
    for currency in dict.fromkeys(str(net["currency"]) for net in nets):
        own = [net for net in nets if net["currency"] == currency]
        values = np.array([[net.get(name, 0.0) for name in amounts] for net in own]).sum(axis=0)
        squares = np.square([[net.get(f"{name}_standard_error", 0.0) for name in amounts] for net in own])
        errors = np.sqrt(squares.sum(axis=0))
        notes = dict.fromkeys(f"{net['underlying']}: {net['note']}" for net in own if net["note"])
        found.append(
            {
                "trade_id": TOTAL,
                "underlying": "",
                "product": TOTAL,
                "quantity": 1.0,
                "currency": currency,
                "n_paths": max(net["n_paths"] for net in own),
                "seed": 0,
                "method": "",
                "state": "",
                "note": "; ".join([*notes, *nowhere]),
                **_amounts(amounts, values, errors),
                WITH_BEFORE: sum(net[WITH_BEFORE] for net in own),
            }
        )
    return found
