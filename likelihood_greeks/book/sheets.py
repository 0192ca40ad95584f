"""Files of spreadsheets and programs as tables: encodings, separators, titles above the header, empty margins."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from .._checks import InvalidValueError, refuse

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SOUGHT = 50  # lines in which the header is looked for
LEAST = 5  # names of columns that make a line the header of a table, where that of another sheet has more
KINDS = {".csv": "text of separated cells", ".xlsx": "workbook", ".parquet": "Parquet file"}
LINE = "line"
"""Name of the index of a table that was read: lines of the file, from 1."""

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def blank(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return not value.strip() if isinstance(value, str) else bool(pd.api.types.is_scalar(value) and pd.isna(value))


def read(path: Path, known: Callable[[object], bool], what: str = "book") -> tuple[pd.DataFrame, bool]:
    """The table in a .csv, .xlsx or .parquet file, and whether it is plain.

    Of a workbook it is the sheet whose header has most of the known columns; refused if another has a table as well.

    A plain one was written as programs write: its cells are typed, or separated by commas, which leaves the point for
    decimals. Cells of a CSV file are text; `known` says what may stand in a header, `what` what a refusal calls it.

    Raises
    ------
    ValueError
        If the file is of another kind or is not what it says, naming the line.
    """
    try:
        match suffix := path.suffix.lower():
            case ".csv":
                return _text(_decoded(path.read_bytes()), known)
            case ".xlsx":
                rows = _sheet(path, known, what)
                return _table(rows, range(1, len(rows) + 1), known).infer_objects(), True
            case ".parquet":
                return pd.read_parquet(path), True
            case _:
                refuse(what, "be a .csv, .parquet or .xlsx file", str(path))
    except InvalidValueError:
        raise
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno:  # not there, or not to be read
            raise
        refuse(what, f"be a {KINDS[suffix]}", "another kind of file" if isinstance(error, KeyError) else str(error))


def _sheet(path: Path, known: Callable[[object], bool], what: str) -> list[list[Any]]:
    """The rows of the sheet of a workbook that has the table."""
    with pd.ExcelFile(path) as book:
        if len(book.sheet_names) == 1:
            return _rows(book, 0)
        counts = {str(name): _names(_rows(book, name, SOUGHT), known) for name in book.sheet_names}
        best = max(counts, key=lambda name: counts[name])
        tables = [name for name, count in counts.items() if 1 < min(counts[best], LEAST) <= count]
        if len(tables) > 1:
            refuse("sheets", f"be one with the columns of a {what}, and others without", tables)
        return _rows(book, best)


def _rows(book: pd.ExcelFile, name: int | str, most: int | None = None) -> list[list[Any]]:
    """The cells of a sheet, of its first lines."""
    cells = pd.read_excel(
        book, sheet_name=name, header=None, nrows=most, dtype=object, keep_default_na=False, na_values=[""]
    )
    found: list[list[Any]] = cells.to_numpy(dtype=object).tolist()
    return found


def _names(rows: Sequence[list[Any]], known: Callable[[object], bool]) -> int:
    """How many names of columns the line of a sheet with most of them has."""
    return max((sum(map(known, row)) for row in rows), default=0)


def _decoded(data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16."""
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    if not encoding and b"\0" in data[:200]:
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        here = error.object[error.start : error.start + 1].hex()
        refuse(f"line {line}", "be UTF-8 or UTF-16 (a spreadsheet can save as 'CSV UTF-8')", f"the byte 0x{here}")


def _text(text: str, known: Callable[[object], bool]) -> tuple[pd.DataFrame, bool]:
    """The table in the text of a CSV file."""
    separator = _separator(text, known)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows, lines, line = list[list[str]](), list[int](), 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        refuse(f"line {line}", f"be cells separated by {SEPARATORS[separator]}", str(error))
    return _table(rows, lines, known, separator), separator == ","


def _separator(text: str, known: Callable[[object], bool]) -> str:
    """What separates cells: that by which a line holds most names of columns; else that which is there most."""
    head = "\n".join(text.splitlines()[:SOUGHT])

    def names(separator: str) -> tuple[int, int]:
        rows = list(csv.reader(io.StringIO(head, newline=""), delimiter=separator, skipinitialspace=True))
        return max((sum(map(known, row)) for row in rows), default=0), head.count(separator)

    return max(SEPARATORS, key=names)


def _table(
    rows: Sequence[list[Any]], lines: Sequence[int], known: Callable[[object], bool], separator: str = ""
) -> pd.DataFrame:
    """Rows of cells as a table: the header is the line with most names of columns, what is above it a title."""
    if not rows:
        return refuse("book", "have a header", "an empty file")
    top = max(range(min(SOUGHT, len(rows))), key=lambda k: (sum(map(known, rows[k])), sum(map(_filled, rows[k])), -k))
    header = ["" if blank(name) else str(name).strip() for name in rows[top]]
    width = max((k + 1 for k, name in enumerate(header) if name), default=0)
    body = [[None if blank(cell) else _stripped(cell) for cell in row] for row in islice(rows, top + 1, None)]
    for row, line in zip(body, lines[top + 1 :], strict=True):
        if len(row) > width and any(cell is not None for cell in row[width:]):
            _too_wide(line, width, row, separator)
        row[width:] = [None] * (width - len(row))
    table = pd.DataFrame(body, pd.Index(lines[top + 1 :], name=LINE), range(width), dtype=object)
    for k, name in enumerate(header[:width]):
        if not name and (held := table[k].dropna()).size:
            refuse(f"column {k + 1}", f"have a name: it is filled on line {held.index[0]}", held.iloc[0])
    named = [k for k, name in enumerate(header[:width]) if name]
    return table[named].set_axis([header[k] for k in named], axis="columns")


def _filled(cell: object) -> bool:
    return not blank(cell)


def _stripped(cell: Any) -> Any:
    return cell.strip() if isinstance(cell, str) else cell


def _too_wide(line: int, width: int, row: Sequence[Any], separator: str) -> NoReturn:
    """Refuse a line with more cells than there are columns."""
    hint = " (a decimal comma needs quotes, or another separator)" if separator == "," else ""
    refuse(f"line {line}", f"have at most as many cells as the header, {width}{hint}", len(row))
