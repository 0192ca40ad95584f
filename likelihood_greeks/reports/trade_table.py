"""The trades of a report: what its table shows of them, and what a trade opens to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import floor, isfinite, log10
from typing import Any, final

import pandas as pd

from ..book.assets.folding import of_assets
from ..book.own_columns import own_of, terms_of
from ..book.trades import NET
from ..book.units import are_buckets, in_units, unit_of
from .content import Content
from .decimals import Decimals, negative

NUMBER, DATE, TEXT, GREEK = "number", "date", "text", "greek"
SHOWN = ("trade_id", "underlying", "product", "position", "maturity_date", "strike", "level", "state", "fixings_left")
"""Columns that are there at first, besides the main Greeks."""
MAIN = ("price", "delta", "gamma", "vega", "theta")
NAMES = {"trade_id": "trade", "maturity_date": "maturity", "quantity": "position", "fixings_left": "fixings left"}
OWN, APART = -1, 1000.0  # decimals of a number's own, where strikes of 5,600 and of 1.162 are in one column
STATIC = 200  # trades that are there without JavaScript


@final
@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its name in the frame, for people, what it holds, its decimals, whether it shows first.

    `OWN` decimals are those of each number.
    """

    name: str
    title: str
    kind: str
    places: int
    shown: bool


@final
@dataclass(frozen=True, eq=False)
class Trades:
    """The trades of a report, a row each."""

    content: Content

    @cached_property
    def rows(self) -> pd.DataFrame:
        """A row a trade and Greek, in a desk's units; of trades on several assets the sum over these."""
        return self.content.by_trade

    @cached_property
    def first(self) -> pd.DataFrame:
        """A row a trade: what it is."""
        return self.rows.drop_duplicates("trade_id").reset_index(drop=True)

    @cached_property
    def _tables(self) -> Mapping[str, pd.DataFrame]:
        """By number of a trade, its Greeks: values and errors, in units of the desk and raw."""
        wide = {}
        for name in ("cash", "cash_standard_error", "value", "standard_error", "note"):
            table = self.rows.pivot(index="trade_id", columns="greek", values=name)
            wide[name] = table.reindex(index=self.first["trade_id"], columns=self.greeks)
        return wide

    @cached_property
    def greeks(self) -> list[str]:
        """The Greeks that any trade has one number of."""
        known = {*self.rows["greek"]}
        return [greek for greek in self.content.greeks if greek in known]

    @cached_property
    def columns(self) -> list[Column]:
        """All columns: what a trade is, its Greeks, its terms, the book's own."""
        stated = self.first["currency"].nunique() > 1
        about = ["trade_id", "underlying", "product", "quantity", *["currency"] * stated]
        ends = [name for name in ("maturity_date", "strike", "level", "state", "fixings_left") if name in self.first]
        rest = [
            name for name in [*terms_of(self.content.frame), "next_fixing", "currency", "model"] if name in self.first
        ]
        later = [name for name in dict.fromkeys([*rest, *own_of(self.content.frame)]) if name not in (*about, *ends)]
        greeks = [
            Column(greek, unit_of(greek).title, GREEK, self._places(greek), greek in MAIN) for greek in self.greeks
        ]
        return [
            *(self._column(name, True) for name in (*about, *ends)),
            *greeks,
            *(self._column(n, False) for n in later),
        ]

    def _places(self, greek: str) -> int:
        return Decimals.of(self._tables["cash"][greek], self._tables["cash_standard_error"][greek]).places

    def _column(self, name: str, shown: bool) -> Column:
        cells = self.first[name]
        title = NAMES.get(name, name.replace("_", " "))
        if pd.api.types.is_datetime64_any_dtype(cells) or name in ("maturity_date", "next_fixing"):
            return Column(name, title, DATE, 0, shown)
        if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
            return Column(name, title, NUMBER, _as_written(cells.dropna().astype(float)), shown)
        filled = cells.dropna().astype(str)
        filled = filled[filled != ""]
        numbers = pd.to_numeric(filled, errors="coerce").dropna()
        if name in terms_of(self.content.frame) and 2 * len(numbers) > len(filled):  # 100, 105 and "floating"
            return Column(name, title, NUMBER, _as_written(numbers), shown)
        return Column(name, title, TEXT, 0, shown and not filled.empty)

    def cells(self) -> Iterator[list[Any]]:
        """The cells of each trade in the order of `columns`; of a Greek a value, its error, and if it is doubted."""
        taken = [self._taken(column) for column in self.columns]
        yield from map(list, zip(*taken, strict=True))

    def _taken(self, column: Column) -> list[Any]:
        if column.kind == GREEK:
            value, error, note = (self._tables[name][column.name] for name in ("cash", "cash_standard_error", "note"))
            return [
                [_short(v), _short(e, 3), *([1] if n else [])] if isfinite(v) else None
                for v, e, n in zip(value, error, note.fillna(""), strict=True)
            ]
        cells = self.first[column.name]
        if column.kind == DATE:
            days = pd.to_datetime(cells, errors="coerce")
            return [None if pd.isna(day) else day.date().isoformat() for day in days]
        if column.kind == NUMBER:
            numbers = pd.to_numeric(cells, errors="coerce").astype(float)
            said = [None if pd.isna(cell) or cell == "" else cell for cell in cells]
            return [_short(n, 12) if isfinite(n) else cell for n, cell in zip(numbers, said, strict=True)]
        return ["" if pd.isna(cell) else str(cell) for cell in cells]

    def static(self) -> list[list[dict[str, Any] | None]]:
        """The cells of the first trades, of the columns that show first, as text."""
        shown = [(k, column) for k, column in enumerate(self.columns) if column.shown]
        rows = [row for _, row in zip(range(STATIC), self.cells(), strict=False)]
        return [[_written(row[k], column) for k, column in shown] for row in rows]

    def raw(self) -> list[list[Any]]:
        """By trade and Greek: the raw value of a unit and its error, and the number of what is held against it."""
        value, error, note = (self._tables[name].to_numpy() for name in ("value", "standard_error", "note"))
        found, numbers = [], {text: k for k, text in enumerate(self.notes)}
        for k in range(len(self.first)):
            pairs = zip(value[k], error[k], note[k], strict=True)
            found.append([
                [_short(float(v), 6), _short(float(e), 3), *([numbers[n]] if n else [])]
                if isfinite(v) else None for v, e, n in pairs
            ])  # fmt: skip
        return found

    @cached_property
    def notes(self) -> list[str]:
        """All that is held against numbers, once each."""
        return [str(note) for note in self.content.trades["note"].unique() if note]

    def assets(self) -> dict[int, list[list[Any]]]:
        """By number of a trade on several assets, its Greeks by asset and by pair.

        What each is of, the position and its error, and as `raw`.
        """
        rows = self.content.trades[of_assets(self.content.trades)]
        trades = {trade: k for k, trade in enumerate(self.first["trade_id"])}
        notes = {text: k for k, text in enumerate(self.notes)}
        found: dict[int, list[list[Any]]] = {}
        for row in rows.to_dict("records"):
            own = [unit_of(row["greek"]).title, _short(row["cash"]), _short(row["cash_standard_error"], 3)]
            raw = [
                _short(row["value"], 6),
                _short(row["standard_error"], 3),
                *([notes[n]] if (n := row["note"]) else []),
            ]
            found.setdefault(trades[row["trade_id"]], []).append([*own, raw])
        return found

    def buckets(self) -> dict[int, list[list[Any]]]:
        """By number of a trade, its Greeks by node of the market: the Greek, the node, the value and its error."""
        frame = self.content.frame
        split = frame[are_buckets(frame) & (frame["trade_id"] != NET)]
        if split.empty:
            return {}
        numbers = {trade: k for k, trade in enumerate(self.first["trade_id"])}
        found: dict[int, list[list[Any]]] = {}
        for row in in_units(split).to_dict("records"):
            own = [row["greek"], str(row["bucket"]), _short(row["cash"]), _short(row["cash_standard_error"], 3)]
            found.setdefault(numbers[row["trade_id"]], []).append(own)
        return found

    def ladders(self) -> dict[int, list[list[Any]]]:
        """By number of a trade, its gain by move of the spot alone: the move, the gain and its error."""
        frame = self.content.scenarios
        if frame is None or frame.empty:
            return {}
        alone = frame[(frame["volatility"] == 0.0) & (frame["rate"] == 0.0)].sort_values("spot", kind="stable")
        numbers = {trade: k for k, trade in enumerate(self.first["trade_id"])}
        found: dict[int, list[list[Any]]] = {}
        for row in alone.to_dict("records"):
            if (k := numbers.get(row["trade_id"])) is not None:
                found.setdefault(k, []).append([row["spot"], _short(row["change"]), _short(row["standard_error"], 3)])
        return {k: own for k, own in found.items() if len(own) > 1}

    def data(self) -> str:
        """All of it as JSON that can stand in a page: nothing in it ends the script that it is in."""
        whole = {
            "columns": [asdict(column) for column in self.columns],
            "rows": list(self.cells()),
            "raw": self.raw(),
            "assets": self.assets(),
            "greeks": [[greek, unit_of(greek).title] for greek in self.greeks],
            "notes": self.notes,
            "buckets": self.buckets(),
            "ladders": self.ladders(),
        }
        text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return (
            text.replace("<", "\\u003c")
            .replace("&", "\\u0026")
            .replace("\u2028", "\\u2028")
            .replace("\u2029", "\\u2029")
        )


def _short(value: float, digits: int = 8) -> float | int | None:
    """A number with so many digits, which is what a file needs; None of none."""
    if not isfinite(value):
        return None
    if value == 0.0:
        return 0
    found = round(value, digits - 1 - floor(log10(abs(value))))
    return int(found) if found.is_integer() and abs(found) < 1e15 else found


def _as_written(numbers: Sequence[float] | pd.Series) -> int:
    """The decimals that it takes to write all numbers as they are, four at most; `OWN` if they are of several sizes."""
    sizes = [abs(number) for number in numbers if number]
    if sizes and max(sizes) > APART * min(sizes) and any(not float(number).is_integer() for number in sizes):
        return OWN
    for places in range(4):
        if all(round(value, places) == round(value, 6) for value in numbers):
            return places
    return 4


def _written(cell: Any, column: Column) -> dict[str, Any] | None:
    """A cell for people."""
    if cell is None:
        return None
    form = Decimals(column.places)
    plain = {"error": "", "mark": False, "negative": False}
    if column.kind == GREEK:
        value, error, *doubtful = cell
        own = {"error": form.error(error) if error else "", "mark": bool(doubtful)}
        return {"text": (text := form.number(value)), "negative": negative(text), **own}
    if column.kind == NUMBER and not isinstance(cell, str):
        text = f"{round(cell, 6):,}" if column.places == OWN else form.number(cell)
        return {**plain, "text": text, "negative": cell < 0.0}
    return {**plain, "text": briefly(cell) if column.name == "state" else cell}


def briefly(state: str) -> str:
    """The first words of what a trade has become."""
    return re.split("[:;]", state, maxsplit=1)[0]
