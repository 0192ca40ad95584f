"""The report as one HTML file that needs nothing else: no scripts, no links, pictures inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from .._words import number, with_error
from ..book.currencies import UNKNOWN
from ..book.units import are_buckets, unit_of
from ..pictures.risk import ladder_of, risk_by_maturity
from ..pictures.risk_nodes import by_strike, heat_map
from .content import Content
from .totals import UNSTATED, Total, totals_by

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURED = ("delta", "gamma", "vega")
MOST = 200  # rows of notes and problems
UNDERLYINGS = 12  # with a ladder of their own


def render(content: Content) -> str:
    """The text of the file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("likelihood_greeks", "reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    notes, problems = content.notes(), content.problems()
    return environment.get_template("risk.html.j2").render(
        record=content.record(),
        greeks={greek: unit_of(greek).title for greek in content.greeks},
        tables=dict(_tables(content)),
        stated=set(content.trades["currency"]) != {UNKNOWN},
        imprecise=content.imprecise(),
        leading=dict(_leading(content)),
        pictures={**dict(_pictures(content)), **dict(_heat_maps(content))},
        ladders=dict(_ladders(content)),
        left_out=content.ladder.attrs["left_out"] if content.ladder is not None else {},
        calibrations=content.calibrations(),
        states=content.states().to_dict("records"),
        notes=notes.head(MOST).to_dict("records"),
        problems=problems.head(MOST).to_dict("records"),
        counts={
            "trades": content.trades["trade_id"].nunique(),
            "notes": len(notes),
            "doubtful": content.trades.loc[content.trades["note"] != "", "trade_id"].nunique(),
            "problems": problems["row"].nunique(),
        },
        most=MOST,
    )


def _tables(content: Content) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Totals by title: a row a group and currency, its name, the number of its trades and a cell a Greek."""
    frame, greeks = content.frame, content.greeks
    by_underlying = totals_by(frame, "underlying")
    if content.trades["underlying"].nunique() > 1:
        by_underlying += totals_by(frame)
    yield "By underlying", _wide(by_underlying, greeks)
    for title, key in {"maturity": "bucket", "product": "product", **{name: name for name in content.by}}.items():
        yield f"By {title}", _wide(totals_by(frame, key), greeks)
    split = frame[are_buckets(frame)]["greek"].unique()
    for name in content.trades["underlying"].unique() if len(split) else ():
        if rows := totals_by(frame[frame["underlying"] == name], "node"):
            yield f"{name} by node of the market", _wide(rows, greeks)


def _wide(rows: Sequence[Total], greeks: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "currency": row.currency,
            "converted": row.converted,
            "trades": row.trades,
            "cells": [_cell(row.cells[greek]) if greek in row.cells else None for greek in greeks],
        }
        for row in rows
    ]


def _cell(row: Mapping[Any, Any]) -> dict[str, Any]:
    value, _, error = with_error(row["value"], row["standard_error"]).partition(" ± ")
    return {
        "value": value, "error": error, "at_most": row["error"] == "at most", "doubtful": row["doubtful"] > 0,
        "negative": row["value"] < 0.0,
    }  # fmt: skip


def _leading(content: Content) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The largest positions of each Greek and currency, and the trades that its error comes from."""
    largest, noisiest = (
        dict(list(content.leading(column).groupby(["greek", "currency"]))) for column in ("cash", "cash_standard_error")
    )
    for key in ((greek, currency) for greek in content.greeks for currency in content.currencies):
        if key not in largest:  # nothing in this currency has the Greek
            continue
        rows, (greek, currency) = [], key
        for row, noisy in zip(_records(largest[key]), _records(noisiest[key]), strict=True):
            value, _, error = with_error(row["cash"], row["cash_standard_error"]).partition(" ± ")
            rows.append({
                "trade": str(row["trade_id"]), "product": row["product"], "value": value, "error": error,
                "share": format(row["share"], ".0%"), "noisy": str(noisy["trade_id"]),
                "noise": number(noisy["cash_standard_error"], 2),
            })  # fmt: skip
        yield unit_of(greek).title + _in(content, currency), rows


def _in(content: Content, currency: str) -> str:
    """What a title says of a currency: nothing where all is in one that nobody states."""
    return "" if content.currencies == [UNKNOWN] else f", {currency or UNSTATED}"


def _pictures(content: Content) -> Iterator[tuple[str, str]]:
    for greek in (greek for greek in PICTURED if greek in content.greeks):
        for currency in content.currencies:
            title = f"{unit_of(greek).title} by maturity".capitalize() + _in(content, currency)
            yield title, _drawn(partial(risk_by_maturity, content.frame, greek, currency=currency))


def _heat_maps(content: Content) -> Iterator[tuple[str, str]]:
    for name in content.trades["underlying"].unique()[:UNDERLYINGS]:
        if not by_strike(content.frame, name).empty:
            yield f"{name}: vega by strike and maturity", _drawn(partial(heat_map, content.frame, name))


def _ladders(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """Underlying by underlying: the picture and the rows, beside what delta and gamma alone would say."""
    ladder = content.ladder
    if ladder is None:
        return
    nets = content.totals("underlying").set_index(["underlying", "greek"])["value"]
    for name, own in list(ladder.groupby("underlying", sort=False))[:UNDERLYINGS]:
        rows = []
        for row in _records(own):
            taylor = row["move"] * nets.get((name, "delta"), float("nan"))
            taylor += 50.0 * row["move"] ** 2 * nets.get((name, "gamma"), float("nan"))
            value, _, error = with_error(row["change"], row["standard_error"]).partition(" ± ")
            rows.append({
                "move": format(row["move"], "+.1%"), "spot": number(row["spot"], 6), "value": value, "error": error,
                "taylor": number(taylor), "doubtful": row["doubtful"] > 0,
            })  # fmt: skip
        picture = _drawn(partial(ladder_of, ladder, str(name)))
        label = f"{name}, {currency}" if (currency := own["currency"].iloc[0]) else str(name)
        yield label, {"picture": picture, "rows": rows, "trades": int(own["trades"].max())}


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _drawn(draw: Callable[[Axes], Axes]) -> str:
    """A picture as a data URI: an SVG, which prints well."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure, file = Figure(figsize=(6.2, 3.4), layout="constrained"), io.BytesIO()
    with rc_context({"svg.hashsalt": "likelihood_greeks", "font.size": 9.0}):
        draw(figure.add_subplot())
        figure.savefig(file, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()
