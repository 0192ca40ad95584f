"""TOML files as dictionaries; what is none is refused with the line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NoReturn

from .._checks import refuse

REASONS = {
    "Cannot overwrite a value": "a key stands once in a table",
    "Invalid value": "a value is a number with a point, a date as 2026-09-18, or text in quotes",
    "Expected newline or end of document after a statement": "a value ends its line, and decimals have a point",
    "Invalid statement": "a line is `key = value` or `[table]`",
}
"""What the reader says, in words for people who write markets."""

WHERE = re.compile(r"(.*?)(?: \(at (?:line (\d+), column \d+|end of document)\))?", re.DOTALL)
"""What it says and, in brackets, at which line."""


def parsed(path: Path) -> dict[str, Any]:
    """A TOML file as dictionaries.

    Raises
    ------
    ValueError
        If it is none, naming the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _say_where(text, str(error))
    except UnicodeDecodeError as error:
        refuse("text", "be UTF-8", f"the byte 0x{error.object[error.start : error.start + 1].hex()}")
    except RecursionError:
        refuse("text", "be a market", "tables nested too deep")


def _say_where(text: str, error: str) -> NoReturn:
    """Refuse a text with the line at which it ceases to be TOML."""
    found = WHERE.fullmatch(error)
    reason, line = found.groups() if found else (error, None)
    known = next((own for start, own in REASONS.items() if reason.startswith(start)), reason[:1].lower() + reason[1:])
    lines = text.splitlines() or [""]
    number = int(line or len(lines))
    refuse(f"line {number}", f"be valid TOML ({known})", lines[number - 1].strip())
