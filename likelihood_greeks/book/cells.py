"""The cells of a book: how a column is read, and what each kind of cell may hold."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from typing import Any, NoReturn, final

from .._checks import InvalidValueError, finite, non_negative, positive, refuse
from .calendars import closest, iso_date
from .dialect import Unclear
from .levels import Percent, percent_of

NUMBER, NUMBERS, DATE, DATES = "number", "numbers", "date", "dates"
WORD, TEXT, OBJECT = "word", "text", "object"
"""What cells hold; numbers, lists of them and dates may be written in the ways that `dialect` knows."""

NEEDED, TERM, POSITION, AGREES, REFUSED = "needed", "term", "position", "must agree", "not supported"
DATED = "dates"
"""How a column is used: every trade has it; by products; for the size held; checked against the market; not at all; by
every product that is dated so."""


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


def clear(name: str, value: object) -> object:
    """`value`, refused if the table does not tell how it is to be read."""
    return refuse(name, value.why, value.text) if isinstance(value, Unclear) else value


def as_written(value: object) -> str:
    """A cell as the text of a number; Python's underscores between digits are not read, which other programs do not.

    Raises
    ------
    ValueError
        If it has one.
    """
    text = text_of(value)
    if "_" in text:
        raise ValueError(text)
    return text


def number(check: Callable[[str, object], float], name: str, value: object) -> float:
    """A cell of the column `name` as a number that passes a check."""
    try:
        found = float(as_written(clear(name, value)))
    except InvalidValueError:
        raise
    except ValueError:
        refuse(name, "be a number", value)
    return check(name, found)


def level(name: str, value: object) -> float | Percent:
    """A cell as a level: a positive number, or a percentage."""
    return percent_of(text_of(clear(name, value))) or number(positive, name, value)


def levels(name: str, value: object) -> Any:
    """A cell as a level, or as several separated by ``;``, ``none`` where there is none."""
    parts = [part.strip() for part in text_of(clear(name, value)).split(";")]
    found = tuple(inf if key_of(part) == "none" else level(name, part) for part in parts)
    return found if len(found) > 1 else found[0]


def share(name: str, value: object, below: float = 10.0) -> float:
    """A cell as a share: a percentage, or a number that is not negative, and so small that it is none in per cent."""
    percent = percent_of(text_of(clear(name, value)))
    if percent is not None:
        return number(non_negative, name, percent.share)
    found = number(non_negative, name, value)
    if not found < below:
        refuse(name, f"be below {below:g}, or written with a %: 0.05 is 5%", value)
    return found


def shares(name: str, value: object, below: float = 10.0) -> Any:
    """A cell as a share, or as several separated by ``;``."""
    found = tuple(share(name, part, below) for part in text_of(clear(name, value)).split(";"))
    return found if len(found) > 1 else found[0]


def bound(name: str, value: object) -> float:
    """A cell as a bound of a return: a number, a percentage, or ``none``, an infinite one."""
    text = text_of(clear(name, value))
    if key_of(text) == "none":
        return -inf if name.endswith("floor") else inf
    percent = percent_of(text)
    return number(finite, name, value if percent is None else percent.share)


def non_zero(name: str, value: object) -> float:
    """`value` as a finite float, refused if it is zero."""
    found = finite(name, value)
    return found if found != 0.0 else refuse(name, "not be zero", value)


def day(name: str, value: object) -> date:
    """A cell as a date."""
    return iso_date(name, clear(name, value))


def yes(name: str, value: object) -> bool:
    """A cell as yes or no."""
    return {"yes": True, "true": True, "no": False, "false": False}[word(("yes", "no", "true", "false"), name, value)]


BOUGHT, SOLD = ("buy", "b", "bought", "long", "l", "+", "+1", "1"), ("sell", "s", "sold", "short", "_", "_1")
"""Words of the column ``side``, as `key_of` makes them."""


def sign(name: str, value: object) -> float:
    """1 of a position that was bought, -1 of one that was sold."""
    key = key_of(value)
    if key not in (*BOUGHT, *SOLD):
        refuse(name, "be buy or sell (or b, s, long, short, bought, sold)", value)
    return 1.0 if key in BOUGHT else -1.0


def unsupported(why: str, name: str, value: object) -> NoReturn:
    """Refuse a filled cell."""
    refuse(name, f"be blank, not supported: {why}", value)


ANYTHING = ("*",)
"""What a column may hold for products that do not use it, where exports fill it for all."""


@final
@dataclass(frozen=True, slots=True)
class Column:
    """A column of a book.

    Parameters
    ----------
    name : str
    use, kind : str
        How it is used, and what its cells hold.
    words : str
        What is allowed in it, for people.
    meaning : str
    read : callable, optional
        From its name and a cell to a value; None where that depends on more than the cell.
    also : tuple of str
        Other names of it.
    harmless : tuple of str
        What it may hold where it is not used, as an export that fills in defaults does.
    """

    name: str
    use: str
    kind: str
    words: str
    meaning: str
    read: Callable[[str, object], Any] | None = None
    also: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()


PRICE, AMOUNT = partial(number, positive), partial(number, finite)
NO_AMOUNT, LEVELS = ("0", "0.0"), "> 0, in currency or as 70%"
BY_DATE = "; for each date, separated by `;`"
