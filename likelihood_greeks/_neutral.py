r"""Text of strangers that does nothing where it is shown: no formulas in spreadsheets, no commands to terminals.

In files a control character is written as in a workbook's own format, ``_x001B_`` for an escape (ECMA-376 part 1,
22.9.2.19), and text that has such a form already as ``_x005F_x001B_``. In a .csv file a text that a spreadsheet would
take for a formula begins with an apostrophe. Both are undone when a file is read.
"""

from __future__ import annotations

import re
import unicodedata

CONTROL = "\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff"
"""Control characters, those that turn the direction of text, and what no file can hold."""

_CONTROL = re.compile(f"[{CONTROL}]")
_COINED = re.compile(r"_(?=x[0-9A-F]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-F]{4})_")
_FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?")


def escaped(text: str) -> str:
    """The text with control characters in words of a workbook's format."""
    return _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _COINED.sub("_x005F_", text))


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def no_formula(text: str) -> str:
    """The text, after an apostrophe if a spreadsheet would take it for a formula; a number stays as it is."""
    return "'" + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def with_formula(text: str) -> str:
    """What `no_formula` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def printable(text: str) -> str:
    r"""The text for a terminal: what is no character to be seen as its escape, such as ``\x1b``, but for new lines."""
    return "".join(
        c if c == "\n" or (not _CONTROL.match(c) and unicodedata.category(c) != "Cc") else ascii(c)[1:-1] for c in text
    )
