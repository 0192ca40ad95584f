"""The report as a workbook: numbers as numbers, a sheet a subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .._neutral import escaped
from ..book.assets.folding import of_assets, unfolded
from ..book.own_columns import AHEAD, own_of, terms_of
from ..book.pivots import pivot
from ..book.terms import with_numbers
from ..book.together.shocked import TOTAL
from ..book.trades import NET
from ..book.units import unit_of
from .content import Content
from .decimals import Decimals
from .totals import totals_by

# Openpyxl takes as long to import as the rest of the package: it is imported where a workbook is written.
PLAIN, SHARE, DAY = "General", "0.0%", "yyyy-mm-dd"
ERROR = "± s.e."
NAMES = {"bucket": "maturity"}
WIDEST = 60  # characters
NOT_IN_TITLES = r"[\[\]*?:/\\]"


def write(content: Content, path: Path) -> None:
    """Write the workbook."""
    from openpyxl import Workbook

    book = Workbook(write_only=False)
    book.remove(book.active)
    sheets = {
        "totals": _wide(content, "underlying"),
        **({"limits": content.limits} if content.limits is not None else {}),
        "trades": _trades(content),
        **({"by asset": _assets(content)} if of_assets(content.trades).any() else {}),
        "by maturity": _wide(content, "bucket"),
        "by product": _wide(content, "product"),
        **({f"in {content.reporting}": pivot(content.frame, [], reporting=True)} if content.reporting else {}),
        **dict(zip(_titles(content.by), (_wide(content, name) for name in content.by), strict=True)),
        **({"ladder": content.ladder} if content.ladder is not None else {}),
        **({"scenarios": _nets(content.scenarios)} if content.scenarios is not None else {}),
        **({"explained": _explained(content.explained)} if content.explained is not None else {}),
        "notes": content.notes(),
        "past": content.states(),
        "not priced": content.problems(),
        "settings": pd.DataFrame(
            [*content.record().items(), *((f"calibration of {k}", v) for k, v in content.calibrations().items())],
            columns=["setting", "value"],
        ),
        "data": content.totals("underlying", "bucket", "product"),
    }
    for name, frame in sheets.items():
        _fill(book.create_sheet(name), frame)
    warnings = content.imprecise()
    if warnings:
        sheet = book["notes"]
        for line in warnings:
            sheet.append(["", "", "", escaped(line)])
    book.save(path)


def _wide(content: Content, key: str) -> pd.DataFrame:
    """Totals by a key: a row a group and currency, and two columns a Greek, in a desk's units."""
    rows = totals_by(content.frame, key)
    if key == "underlying" and content.trades["underlying"].nunique() > 1:
        rows += totals_by(content.frame)
    found = []
    for row in rows:
        cells: dict[str, Any] = {NAMES.get(key, key): row.name, "currency": row.currency, "trades": row.trades}
        for greek in content.greeks:
            if not any(greek in total.cells for total in rows):
                continue
            own, unit = row.cells.get(greek), unit_of(greek).title
            cells[unit] = own["value"] if own else None
            cells[f"{unit} {ERROR}"] = own["standard_error"] if own else None
        found.append(cells)
    return pd.DataFrame(found)


def _trades(content: Content) -> pd.DataFrame:
    """A row a trade: what it is and its terms, then two columns a Greek, in a desk's units, then what is doubted."""
    frame, rows = content.frame, content.by_trade
    first = rows.drop_duplicates("trade_id").set_index("trade_id")
    about = ["underlying", "product", "quantity", "currency", "maturity_date"]
    said = [name for name in (*about, *terms_of(frame), *AHEAD[1:], "model", *own_of(frame)) if name in first]
    found = with_numbers(first[list(dict.fromkeys(said))])
    numbers = _by_greek(rows, ["trade_id"], first.index)
    marked = rows[rows["note"] != ""].groupby("trade_id", sort=False)["greek"].agg(", ".join)
    doubted = marked.reindex(first.index).fillna("").rename("doubtful")
    return pd.concat([found, numbers, doubted], axis="columns").reset_index()


def _assets(content: Content) -> pd.DataFrame:
    """A row a trade on several assets and asset, or pair, and two columns a Greek, in a desk's units."""
    rows, keys = content.trades[of_assets(content.trades)], ["trade_id", "asset"]
    rows = rows.assign(greek=unfolded(rows["greek"])[0])
    pairs = rows["asset"].str.contains(",", regex=False)
    trades = rows["trade_id"].map({name: place for place, name in enumerate(rows["trade_id"].unique())})
    rows = rows.iloc[np.lexsort([pairs, trades])]
    first = rows.drop_duplicates(keys).set_index(keys)
    return pd.concat([first["currency"], _by_greek(rows, keys, first.index)], axis="columns").reset_index()


def _by_greek(rows: pd.DataFrame, keys: list[str], index: pd.Index) -> pd.DataFrame:
    """Two columns a Greek, its number and error in a desk's units, by keys."""
    numbers: dict[str, pd.Series] = {}
    for greek, own in rows.groupby("greek", sort=False):
        placed, unit = own.set_index(keys), unit_of(str(greek)).title
        numbers[unit] = placed["cash"].reindex(index)
        numbers[f"{unit} {ERROR}"] = placed["cash_standard_error"].reindex(index)
    return pd.DataFrame(numbers)


def _nets(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of positions in a frame of scenarios: those of trades are in the file that it was written to."""
    return frame[frame["trade_id"].isin([NET, TOTAL])].reset_index(drop=True)


def _explained(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame of `explain_book`: without amounts that are zero everywhere, and errors beside the others."""
    found = dict[str, pd.Series]()
    for name in frame.columns:
        own = frame.get(f"{name}_standard_error")
        if own is None and not name.endswith("_standard_error"):
            found[name] = frame[name]
        elif own is not None and (frame[name].fillna(0.0).any() or own.fillna(0.0).any()):
            found[name] = frame[name]
            found |= {f"{name} {ERROR}": own} if own.fillna(0.0).any() else {}
    return pd.DataFrame(found)


def _titles(names: Sequence[str]) -> list[str]:
    """Names of sheets, without the characters that they cannot have and within the length that they can."""
    titles = list[str]()
    for name in names:
        title = f"by {re.sub(NOT_IN_TITLES, '_', escaped(name))}"[:28]
        titles.append(f"{title} {len(titles) + 1}" if title in titles else title)
    return titles


def _fill(sheet: Any, frame: pd.DataFrame) -> None:
    """A frame as a sheet: header frozen and filtered, columns wide enough, numbers readable."""
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.append([escaped(str(name)) for name in frame.columns])
    for cell in sheet[1]:
        cell.data_type = "s"
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDEBF7")
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
        sheet.append([escaped(value) if isinstance(value, str) else value for value in row])
    for number, name in enumerate(frame.columns, 1):
        cells = [cell for (cell,) in sheet.iter_rows(2, sheet.max_row, number, number)] if len(frame) else []
        form = _format(frame, str(name))
        for cell in cells:
            cell.number_format = form
            if cell.data_type == "f":  # text of the user that begins with an equals sign is no formula
                cell.data_type = "s"
        longest = max([len(str(name)), *(len(_shown(cell.value)) for cell in cells)])
        sheet.column_dimensions[get_column_letter(number)].width = min(longest + 2, WIDEST)
    keys = [name for name in ("trade_id", "underlying") if name in frame.columns[:2]]
    sheet.freeze_panes = f"{get_column_letter(max(len(keys), 1) + 1)}2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_area, sheet.print_title_rows = sheet.dimensions, "1:1"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _format(frame: pd.DataFrame, name: str) -> str:
    """How a column's numbers are shown: one number of decimals, negatives in red; an error as its number."""
    column = frame[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        return DAY
    if not pd.api.types.is_float_dtype(column):
        return PLAIN
    if name in ("move", "used"):
        return SHARE
    whole = name.removesuffix(ERROR).removesuffix("_standard_error").rstrip()
    errors = next((frame[own] for own in (f"{whole} {ERROR}", f"{whole}_standard_error") if own in frame), None)
    places = Decimals.of(frame.get(whole, column), [] if errors is None else errors).places
    digits = "#,##0" + "." * (places > 0) + "0" * places
    return f"{digits};[Red]-{digits}"


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
