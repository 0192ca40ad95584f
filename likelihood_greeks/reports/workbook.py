"""The report as a workbook: numbers as numbers, a sheet a subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .._neutral import escaped
from ..book.pivots import pivot
from ..book.units import desk_units
from .content import Content

# Openpyxl takes as long to import as the rest of the package: it is imported where a workbook is written.
PLAIN, LARGE, SMALL, SHARE = "General", "#,##0", "#,##0.0000", "0.0%"
WIDEST = 60  # characters
NOT_IN_TITLES = r"[\[\]*?:/\\]"


def write(content: Content, path: Path) -> None:
    """Write the workbook."""
    from openpyxl import Workbook

    book = Workbook(write_only=False)
    book.remove(book.active)
    sheets = {
        "totals": content.totals("underlying"),
        "trades": desk_units(content.frame),
        "by maturity": content.totals("underlying", "bucket"),
        "by product": content.totals("underlying", "product"),
        **({f"in {content.reporting}": pivot(content.frame, [], reporting=True)} if content.reporting else {}),
        **dict(zip(_titles(content.by), map(content.totals, content.by), strict=True)),
        **({"ladder": content.ladder} if content.ladder is not None else {}),
        "notes": content.notes(),
        "past": content.states(),
        "not priced": content.problems(),
        "settings": pd.DataFrame(
            [*content.record().items(), *((f"calibration of {k}", v) for k, v in content.calibrations().items())],
            columns=["setting", "value"],
        ),
    }
    for name, frame in sheets.items():
        _fill(book.create_sheet(name), frame)
    warnings = content.imprecise()
    if warnings:
        sheet = book["notes"]
        for line in warnings:
            sheet.append(["", "", "", escaped(line)])
    book.save(path)


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

    sheet.append([escaped(str(name)) for name in frame.columns])
    for cell in sheet[1]:
        cell.data_type = "s"
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDEBF7")
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
        sheet.append([escaped(value) if isinstance(value, str) else value for value in row])
    for number, name in enumerate(frame.columns, 1):
        cells = [cell for (cell,) in sheet.iter_rows(2, sheet.max_row, number, number)] if len(frame) else []
        form = _format(str(name), frame[name])
        for cell in cells:
            cell.number_format = form
            if cell.data_type == "f":  # text of the user that begins with an equals sign is no formula
                cell.data_type = "s"
        longest = max([len(str(name)), *(len(_shown(cell.value)) for cell in cells)])
        sheet.column_dimensions[get_column_letter(number)].width = min(longest + 2, WIDEST)
    keys = [name for name in ("trade_id", "underlying") if name in frame.columns[:2]]
    sheet.freeze_panes = f"{get_column_letter(len(keys) + 1)}2"
    sheet.auto_filter.ref = sheet.dimensions


def _format(name: str, column: pd.Series) -> str:
    """How a column's numbers are shown."""
    if not pd.api.types.is_float_dtype(column):
        return PLAIN
    if name == "move":
        return SHARE
    return LARGE if column.abs().median() >= 100.0 else SMALL


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
