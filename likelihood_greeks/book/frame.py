"""The rows of a risk frame, made of moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ..engine.cure import PUSHED, rarities
from ..engine.main_run import inconsistency
from ..engine.sums import Pair
from ..estimate import Estimate, Statistics, roughly_known
from ..result import estimates
from .assets.shown import shown
from .blocks import Block
from .buckets import SEPARATOR
from .cures import replaced
from .desk import TRADES, scores_of
from .failures import in_short
from .tally import Row, Tally
from .trades import NET, Problem, Trade

COLUMNS = [
    "trade_id", "underlying", "product", "quantity", "greek", "value", "standard_error", "position_value",
    "position_standard_error", "variance_ratio", "n_paths", "samples", "seed", "method", "model", "maturity", "spot",
    "volatility", "rate", "currency", "note",
]  # fmt: skip

LISTED = 200  # problems in a warning
NAMED = 10  # trades that a note or a line lists
LINES = 20  # problems that a warning tells
NEGLIGIBLE = 0.1
"""Of a net position's error: if those of trades whose errors are roughly known are less together, even three times as
much would raise it by no more than a twentieth."""


def trade_rows(block: Block, tally: Tally, n_paths: int, seed: int) -> list[Row]:
    """The rows of the trades of a block, from the moments of `n_paths` paths."""
    labels, found, number_of = list(block.labels), [], 0
    cured = {place.number: (place, cure, rows) for place, cure, rows in replaced(tally, block)}
    for number, (group, trades) in enumerate(block.runs(tally.problems)):
        doubt, having = inconsistency(group, tally.moments[scores_of(number)]), block.having(group)
        for trade in trades:
            pair = Pair.of(tally.moments[TRADES][number_of])
            every, methods = _estimated(labels, pair, n_paths, doubt), dict.fromkeys(labels, group.controls.method)
            table = {label: every[label] for label in having}
            if number_of in cured:
                place, cure, rows = cured[number_of]
                pushed = _estimated([labels[k] for k in place.numbers], cure.pair, cure.paths, doubt)
                better = [labels[k] for k in place.labels(rows)]
                table |= {label: pushed[label] for label in better}
                methods |= dict.fromkeys(better, f"{group.controls.method}, {PUSHED}")
            number_of += 1
            table |= {label: replace(table[label], note="") for label in (*block.none(group), *_empty(table))}
            law = {whole: shown(trade.model, trade.maturity, whole) for whole in {*map(_whole, table)}}
            for label, own in table.items():
                found.append(_row(trade, label, own, seed, method=methods[label], law=law[_whole(label)]))
    return found


def _empty(table: Mapping[str, Estimate]) -> list[str]:
    """The buckets that are zero on every path where the whole Greek is not: nothing of it is in them, which is sure."""
    return [
        label
        for label, own in table.items()
        if SEPARATOR in label
        and own.value == own.standard_error == 0.0
        and (whole := table.get(_whole(label))) is not None
        and whole.standard_error > 0.0
    ]


def _estimated(labels: list[str], pair: Pair, n_paths: int, doubt: str) -> dict[str, Estimate]:
    """The estimates of a trade, a doubt held against all of them."""
    notes = {label: _joined([doubt, rare]) for label, rare in zip(labels, rarities(pair), strict=True)}
    return estimates(labels, pair.controlled, n_paths, pair.plain, notes)


def net_rows(trade: Trade, labels: Sequence[str], net: Statistics, rows: Iterable[Row], *, exact: int = 0) -> list[Row]:
    """The rows of the net position in the underlying of `trade`, whose trades have `rows`.

    So many `exact` trades are in it besides, which have other rows.
    """
    like = next(iter(rows := list(rows)))
    errors = dict(zip(labels, net.standard_error.tolist(), strict=True))
    table = estimates(list(labels), net, like["n_paths"], notes=_net_notes(errors, rows))
    method = "" if exact else like["method"]
    return [_net_row(trade, greek, estimate, like["seed"], method) for greek, estimate in table.items()]


def with_notes(rows: Iterable[Row], more: Iterable[str]) -> list[Row]:
    """The rows with something more noted on each, where there is something."""
    return [{**row, "note": _joined([row["note"], note])} for row, note in zip(rows, more, strict=True)]


def describe(problems: Sequence[Mapping[str, Any]], how: str = "priced") -> str:
    """What is wrong with a book (``frame.attrs["problems"]``), a line a problem; rows are counted from 1.

    Trades with the same problem share a line; of many problems, and of many trades, some are named and all counted.
    """
    shared: dict[str, list[tuple[str, int]]] = {}
    for p in problems:
        value = in_short(p["value"]) if isinstance(p["value"], str) else p["value"]
        got = f"got {value!r}" if value != "" else "but is blank"
        trades = shared.setdefault(f"{p['field']} must {p['requirement']}, {got}", [])
        trades.append((p["trade_id"], p["row"] + 1))
    lines = [f"  {_named(trades)}: {what}" for what, trades in shared.items()]
    told = len({trade for trades in [*shared.values()][:LINES] for trade in trades})
    count = len({p["row"] for p in problems})
    if len(lines) > LINES:
        rest = count - told
        lines[LINES:] = [f"  {len(lines) - LINES} more problems, and {rest} more trades; all are in attrs['problems']"]
    return "\n".join([f"{count} trade{'s' * (count != 1)} could not be {how}:", *lines])


def _named(trades: Sequence[tuple[str, int]]) -> str:
    """Trades with their rows, the first of many."""
    if len(trades) == 1:
        return f"{trades[0][0]} (row {trades[0][1]})"
    names, rows = (", ".join(str(entry) for entry in column[:NAMED]) for column in zip(*trades, strict=True))
    more = f" and {len(trades) - NAMED} more" if len(trades) > NAMED else ""
    return f"{names}{more} (rows {rows}{', ...' * bool(more)})"


def plain(problem: Problem) -> Row:
    """A problem as a dictionary that any file format can hold."""
    found = asdict(problem)
    value = "" if found["value"] is None else found["value"]
    return {**found, "value": value if isinstance(value, (str, int, float)) else str(value)}


def _joined(notes: Iterable[str]) -> str:
    return "; ".join(filter(None, notes))


def left_out(missing: int) -> str:
    """What is held against a net position without so many trades."""
    return f"excludes {missing} trade{'s' * (missing != 1)} that could not be priced" if missing else ""


def _net_notes(errors: Mapping[str, float], rows: Sequence[Row]) -> dict[str, str]:
    """What to hold against a net position with these errors: trades whose numbers are doubtful.

    Trades whose errors are roughly known are not among them if these are negligible together.
    """
    found = {}
    for label, error in errors.items():
        marked = [row for row in rows if row["greek"] == label and row["note"]]
        rough = [row for row in marked if roughly_known(row["note"])]
        felt = sum(row["position_standard_error"] for row in rough) > NEGLIGIBLE * error
        doubtful = [str(row["trade_id"]) for row in marked if felt or row not in rough]
        more = f" and {len(doubtful) - NAMED} more" if len(doubtful) > NAMED else ""
        found[label] = f"includes doubtful numbers of {', '.join(doubtful[:NAMED])}{more}" if doubtful else ""
    return found


def _whole(label: str) -> str:
    """The Greek of a label, or of the bucket that it is of."""
    return label.partition(SEPARATOR)[0]


def _row(trade: Trade, greek: str, estimate: Estimate, seed: int, *, method: str, law: Mapping[str, Any]) -> Row:
    return {
        "trade_id": trade.trade_id,
        "underlying": trade.underlying,
        "product": trade.product,
        "quantity": trade.quantity,
        "greek": greek,
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "position_value": trade.quantity * estimate.value,
        "position_standard_error": abs(trade.quantity) * estimate.standard_error,
        "variance_ratio": estimate.variance_ratio,
        "n_paths": estimate.n_paths,
        "samples": estimate.samples,
        "seed": seed,
        "method": method,
        "maturity": trade.maturity,
        **law,
        "currency": trade.currency,
        "note": estimate.note,
    }


def _net_row(trade: Trade, greek: str, estimate: Estimate, seed: int, method: str) -> Row:
    own = {"trade_id": NET, "product": NET, "quantity": 1.0, "variance_ratio": np.nan}
    shared = dict.fromkeys(("maturity", "volatility", "rate"), np.nan)
    law = shown(trade.model, trade.maturity, _whole(greek))
    unit = _row(trade, greek, estimate, seed, method=method, law=law)
    position = {"position_value": estimate.value, "position_standard_error": estimate.standard_error}
    return {**unit, **own, **shared, **position}
