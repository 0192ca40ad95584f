"""The columns of a book, and how a cell of each is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from .._checks import finite, positive, refuse
from .calendars import closest
from .products import RETURN_BOUNDS


def text_of(value: object) -> str:
    """A cell as text; a whole number that a spreadsheet made a float as an integer."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def key_of(value: object) -> str:
    """A cell as a name: in lower case, words joined by underscores."""
    return text_of(value).lower().replace(" ", "_").replace("-", "_")


def word(allowed: Collection[str], name: str, value: object) -> str:
    """A cell as one of the words allowed in the column `name`."""
    key = key_of(value)
    return key if key in allowed else refuse(name, f"be one of {', '.join(allowed)}{closest(key, allowed)}", value)


def number(check: Callable[[str, object], float], name: str, value: object) -> float:
    """A cell of the column `name` as a number that passes a check."""
    try:
        found = float(text_of(value))
    except ValueError:
        refuse(name, "be a number", value)
    return check(name, found)


def non_zero(name: str, value: object) -> float:
    """`value` as a finite float, refused if it is zero."""
    found = finite(name, value)
    return found if found != 0.0 else refuse(name, "not be zero", value)


_PRICE, _AMOUNT = partial(number, positive), partial(number, finite)
READERS: Mapping[str, Callable[[str, object], Any]] = {
    **dict.fromkeys(("strike", "trigger", "level", "lower", "upper", "reference"), _PRICE),
    **dict.fromkeys(("cash", "rebate", *RETURN_BOUNDS), _AMOUNT),
    "direction": partial(word, ("up", "down")),
    "knock": partial(word, ("in", "out")),
    "average": partial(word, ("arithmetic", "geometric")),
}
IDENTITY = ("trade_id", "underlying", "product", "quantity", "maturity")
HARMLESS = {"rebate": ("0", "0.0"), "cash": ("0", "0.0", "1", "1.0"), "average": ("arithmetic",)}
"""What a column may hold for a product that does not use it, as an export that fills in defaults does."""

COLUMNS = (*IDENTITY, "option", "frequency", *READERS)
"""The columns a book may have; it must have the first five."""
