"""The report as one HTML file that needs nothing else: its script and style inside, no links, no requests."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from .._words import number
from ..book.currencies import UNKNOWN
from ..book.trades import NET
from ..book.units import unit_of
from . import heat
from .content import Content
from .decimals import Decimals, negative
from .explained import WITH_ERRORS, moving_terms, named_rows
from .totals import UNSTATED, Total, totals_by
from .trade_table import MAIN, STATIC, Trades

HEATED = ("delta", "gamma", "vega")
FEW = 4  # positions of which the errors are large
LARGEST = 15  # trades of an explained profit
MOST = 200  # rows of notes and problems
UNDERLYINGS = 12  # with a ladder of their own


def render(content: Content) -> str:
    """The text of the file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("likelihood_greeks", "reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    notes, problems, trades = content.notes(), content.problems(), Trades(content)
    return environment.get_template("page.html.j2").render(
        record=content.record(),
        valued=content.valued,
        models=content.models(),
        currencies=", ".join(filter(None, dict.fromkeys([content.reporting, *content.trades["currency"].unique()]))),
        cards=list(_cards(content)),
        tables=dict(_tables(content)),
        stated=set(content.trades["currency"]) != {UNKNOWN},
        imprecise=content.imprecise(),
        limits=_limits(content),
        trades=trades,
        static=STATIC,
        maturities=list(heat.by_maturity(content, [greek for greek in HEATED if greek in content.greeks])),
        nodes=list(heat.by_node(content)),
        scenarios=list(heat.scenarios(content.scenarios)),
        explained=_explained(content),
        pillars=list(heat.explained_by_pillar(content.explained)),
        leading=dict(_leading(content)),
        ladders=dict(_ladders(content)),
        left_out=_left_out(content, {*problems["trade_id"]}),
        calibrations=content.calibrations(),
        states=content.states().to_dict("records"),
        notes=notes.head(MOST).to_dict("records"),
        problems=problems.head(MOST).to_dict("records"),
        counts={
            "trades": content.trades["trade_id"].nunique(),
            "notes": len(notes),
            "doubtful": notes.loc[notes["trade_id"] != NET, "trade_id"].nunique(),
            "problems": problems["row"].nunique(),
        },
        most=MOST,
        few=FEW,
    )


def _cards(content: Content) -> Iterator[dict[str, Any]]:
    """What the whole book is, by currency: in the reporting one where all is converted, else in each."""
    rows = totals_by(content.frame)
    for row in [row for row in rows if row.converted] or rows:
        cells = [(unit_of(greek).title, row.cells[greek]) for greek in MAIN if greek in row.cells]
        yield {
            "currency": "" if row.currency == UNSTATED else row.currency,
            "cells": [{"title": title, **_cell(cell, _digits(cell))} for title, cell in cells],
        }


def _digits(cell: Mapping[Any, Any]) -> Decimals:
    return Decimals.of([cell["value"]], [cell["standard_error"]])


def _tables(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """Totals by title: the units of their Greeks, and a row a group and currency with a cell a Greek."""
    frame, greeks = content.frame, content.greeks
    by_underlying = totals_by(frame, "underlying")
    if content.trades["underlying"].nunique() > 1:
        by_underlying += totals_by(frame)
    yield "By underlying", _wide(by_underlying, greeks)
    for title, key in {"maturity": "bucket", "product": "product", **{name: name for name in content.by}}.items():
        yield f"By {title}", _wide(totals_by(frame, key), greeks)


def _wide(rows: Sequence[Total], greeks: Sequence[str]) -> dict[str, Any]:
    forms = {}
    for greek in greeks:
        if own := [row.cells[greek] for row in rows if greek in row.cells]:
            forms[greek] = Decimals.of([cell["value"] for cell in own], [cell["standard_error"] for cell in own])
    lines = [
        {
            "name": row.name,
            "currency": row.currency,
            "converted": row.converted,
            "trades": row.trades,
            "cells": [_cell(row.cells[greek], form) if greek in row.cells else None for greek, form in forms.items()],
        }
        for row in rows
    ]
    return {"labels": [unit_of(greek).title for greek in forms], "rows": lines}


def _cell(row: Mapping[Any, Any], form: Decimals) -> dict[str, Any]:
    text = form.number(row["value"])
    return {
        "value": text, "error": form.error(row["standard_error"]), "at_most": row["error"] == "at most",
        "doubtful": row["doubtful"] > 0, "negative": negative(text),
    }  # fmt: skip


def _limits(content: Content) -> list[dict[str, Any]]:
    """The totals that have limits, the worst first; None of a run without any."""
    if content.limits is None:
        return []
    found = []
    for row in _records(content.limits):
        form = Decimals.of([row["value"], row["limit"]], [row["standard_error"]])
        found.append({
            **row, "title": unit_of(row["greek"]).title, "value": form.number(row["value"]),
            "error": form.error(row["standard_error"]), "limit": form.number(row["limit"]),
            "share": f"{row['used']:.0%}", "bar": f"{100.0 * min(row['used'], 1.0):.0f}",
            "negative": row["value"] < 0.0,
        })  # fmt: skip
    return found


def _explained(content: Content) -> dict[str, Any] | None:
    """The profit since an earlier day: totals and the trades that earned or lost the most, a column a term."""
    frame = content.explained
    if frame is None or frame.empty:
        return None
    columns = [*WITH_ERRORS, *moving_terms(frame)]
    errors = {name: f"{name}_standard_error" for name in WITH_ERRORS}
    nets, trades = named_rows(frame, LARGEST)
    shown = pd.concat([nets, trades])
    forms = {name: Decimals.of(shown[name], shown[errors[name]] if name in errors else ()) for name in columns}

    def row(own: Mapping[Any, Any]) -> dict[str, Any]:
        cells = [
            {"value": (text := forms[name].number(own[name])), "negative": negative(text), "at_most": False,
             "error": forms[name].error(own[errors[name]]) if name in errors else "", "doubtful": False}
            for name in columns
        ]  # fmt: skip
        return {"name": own["name"], "about": own["about"], "cells": cells, "mark": bool(own["note"])}

    titles = [name.replace("_", " ") for name in columns]
    return {"columns": titles, "nets": [row(own) for own in _records(nets)], "trades": list(map(row, _records(trades)))}


def _leading(content: Content) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The largest positions of each Greek and currency, and the trades that its error comes from."""
    largest, noisiest = (
        dict(list(content.leading(column).groupby(["greek", "currency"]))) for column in ("cash", "cash_standard_error")
    )
    for key in ((greek, currency) for greek in content.greeks for currency in content.currencies):
        if key not in largest:  # nothing in this currency has the Greek
            continue
        rows, (greek, currency) = [], key
        form = Decimals.of(largest[key]["cash"], largest[key]["cash_standard_error"])
        for row, noisy in zip(_records(largest[key]), _records(noisiest[key]), strict=True):
            rows.append({
                "trade": str(row["trade_id"]), "product": row["product"], "value": form.number(row["cash"]),
                "error": form.error(row["cash_standard_error"]), "negative": row["cash"] < 0.0,
                "share": format(row["share"], ".0%"), "noisy": str(noisy["trade_id"]),
                "noise": number(noisy["cash_standard_error"], 2),
            })  # fmt: skip
        yield unit_of(greek).title + _in(content, currency), rows


def _in(content: Content, currency: str) -> str:
    """What a title says of a currency: nothing where all is in one that nobody states."""
    return "" if content.currencies == [UNKNOWN] else f", {currency or UNSTATED}"


def _left_out(content: Content, unpriced: Collection[str]) -> dict[str, str]:
    """The trades that are priced and not in the ladders, with why."""
    own = {} if content.ladder is None else content.ladder.attrs.get("left_out", {})
    return {name: why for name, why in own.items() if name not in unpriced}


def _ladders(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """Underlying by underlying: gains by move of the spot, beside what delta and gamma alone would say."""
    ladder = content.ladder
    if ladder is None:
        return
    nets = content.totals("underlying").set_index(["underlying", "greek"])["value"]
    for name, own in list(ladder.groupby("underlying", sort=False))[:UNDERLYINGS]:
        form, size = Decimals.of(own["change"], own["standard_error"]), float(own["change"].abs().max()) or 1.0
        rows = []
        for row in _records(own):
            taylor = row["move"] * nets.get((name, "delta"), float("nan"))
            taylor += 50.0 * row["move"] ** 2 * nets.get((name, "gamma"), float("nan"))
            rows.append({
                "move": format(row["move"], "+.1%"), "spot": number(row["spot"], 6),
                "value": form.number(row["change"]),
                "error": form.error(row["standard_error"]), "taylor": form.number(taylor), "rough": taylor < 0.0,
                "negative": row["change"] < 0.0, "bar": f"{50.0 * abs(row['change']) / size:.1f}",
                "doubtful": row["doubtful"] > 0,
            })  # fmt: skip
        label = f"{name}, {currency}" if (currency := own["currency"].iloc[0]) else str(name)
        yield label, {"rows": rows, "trades": int(own["trades"].max())}


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")
