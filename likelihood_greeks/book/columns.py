"""The columns of a book that change what a trade is worth, a line each: how they are read, and what uses them.

Reading, help and the documentation take them from here. Whatever else a book has (trader, account, ...) is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from typing import Any, NoReturn, final

import pandas as pd

from .._checks import InvalidValueError, finite, non_negative, positive, refuse
from .calendars import closest, iso_date
from .currencies import code
from .dialect import Unclear
from .levels import Percent, percent_of
from .products import EUROPEAN, PRODUCTS

NUMBER, DATE, DATES, WORD, TEXT, OBJECT = "number", "date", "dates", "word", "text", "object"
"""What cells hold; numbers and dates may be written in the ways that `dialect` knows."""

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


def number(check: Callable[[str, object], float], name: str, value: object) -> float:
    """A cell of the column `name` as a number that passes a check."""
    try:
        found = float(text_of(clear(name, value)))
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


def share(name: str, value: object) -> float:
    """A cell as a share of the notional: a number that is not negative, or a percentage."""
    percent = percent_of(text_of(clear(name, value)))
    return number(non_negative, name, value if percent is None else percent.share)


def shares(name: str, value: object) -> Any:
    """A cell as a share, or as several separated by ``;``."""
    found = tuple(share(name, part) for part in text_of(clear(name, value)).split(";"))
    return found if len(found) > 1 else found[0]


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


def _unsupported(why: str, name: str, value: object) -> NoReturn:
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


_PRICE, _AMOUNT, _NONE = partial(number, positive), partial(number, finite), ("0", "0.0")
_LEVELS = "> 0, in currency or as 70%"
_UP_DOWN, _IN_OUT, _MEANS = ("up", "down"), ("in", "out"), ("arithmetic", "geometric")
_SIDES = ("buy_sell", "buysell", "buy/sell", "b/s", "bs", "long_short", "long/short", "bought_sold", "trade_side")
_LOTS = ("contract_multiplier", "contract_size", "lot_size")
_PAY = ("payment_currency", "pay_currency", "payout_currency", "settlement_currency")
_VOLATILITIES = ("vol", "implied_volatility", "implied_vol")


def _no(name: str, why: str, kind: str = TEXT, also: tuple[str, ...] = (), harmless: tuple[str, ...] = ()) -> Column:
    """A column that would change the value of a trade, and is refused where it is filled."""
    return Column(name, REFUSED, kind, "blank", why, partial(_unsupported, why), also, harmless)


TABLE = (
    Column("trade_id", NEEDED, TEXT, "text, not net", "name of the trade, there once"),
    Column("underlying", NEEDED, TEXT, "one of the market's", "name of the underlying"),
    Column("product", NEEDED, WORD, ", ".join(PRODUCTS), "what is held", partial(word, PRODUCTS)),
    Column("quantity", NEEDED, NUMBER, "not 0", "units held, negative if short", partial(number, non_zero)),
    Column("maturity", NEEDED, DATE, "a date", "last date, when the product pays; not rolled to a business day", day),
    Column("start", DATED, DATE, "before the maturity", "date of the trade, which observations follow; past ones are "
           "fixings of the market. If blank the trade has no past but for listed dates: observations follow today", day,
           ("start_date",)),
    Column("payment_date", DATED, DATE, "not before the maturity", "when the product pays; the maturity if blank", day,
           ("pay_date",)),
    Column("side", POSITION, WORD, "buy, sell (b, s, long, short)", "sign of the position; `quantity` is then > 0",
           sign, _SIDES),
    Column("multiplier", POSITION, NUMBER, "> 0", "units that one of `quantity` stands for", _PRICE, _LOTS),
    Column("option", TERM, WORD, ", ".join(EUROPEAN), "what a barrier knocks; else call or put"),
    Column("frequency", TERM, DATES, "daily, weekly, monthly, quarterly, or dates separated by `;`",
           "observation dates, some of which may be past"),
    Column("strike", TERM, NUMBER, f"{_LEVELS}, or floating", "strike; of a forward start a percentage of the spot "
           "at its start; of a variance or volatility swap a volatility", level),
    Column("trigger", TERM, NUMBER, _LEVELS, "spot beyond which a gap option pays", level),
    Column("level", TERM, NUMBER, _LEVELS, "barrier; of a note where it is knocked in", level),
    Column("lower", TERM, NUMBER, _LEVELS, "lower barrier", level),
    Column("upper", TERM, NUMBER, _LEVELS, "upper barrier", level),
    Column("reference", TERM, NUMBER, "> 0, in currency",
           "spot that levels in % are of; of a cliquet the spot that the first return is of, if blank that at the "
           "start, or today's", _PRICE),
    Column("cash", TERM, NUMBER, "finite, in currency", "what a digital, touch or range accrual pays; 1 if "
           "blank", _AMOUNT, harmless=(*_NONE, "1", "1.0")),
    Column("rebate", TERM, NUMBER, "finite, in currency", "paid at maturity in place of the option; 0 if blank",
           _AMOUNT, harmless=_NONE),
    Column("local_floor", TERM, NUMBER, "finite; 0.05 is 5 %", "least return of a period", _AMOUNT),
    Column("local_cap", TERM, NUMBER, "finite; 0.05 is 5 %", "greatest return of a period", _AMOUNT),
    Column("global_floor", TERM, NUMBER, "finite; 0.05 is 5 %", "least sum of returns", _AMOUNT),
    Column("global_cap", TERM, NUMBER, "finite; 0.05 is 5 %", "greatest sum of returns", _AMOUNT),
    Column("direction", TERM, WORD, ", ".join(_UP_DOWN), "where the barrier lies", partial(word, _UP_DOWN)),
    Column("knock", TERM, WORD, ", ".join(_IN_OUT), "what touching it does", partial(word, _IN_OUT)),
    Column("average", TERM, WORD, ", ".join(_MEANS), "mean of the dates; arithmetic if blank", partial(word, _MEANS),
           harmless=("arithmetic",)),
    Column("autocall_level", TERM, TEXT, f"{_LEVELS}; for each date, separated by `;`, or none",
           "spot from which a note is redeemed; the strike if blank; percentages are of the strike", levels),
    Column("coupon", TERM, TEXT, "a share, 0.02 or 2%; for each date, separated by `;`",
           "coupon of a date of a note; none if blank. Of no other product", shares, harmless=ANYTHING),
    Column("coupon_barrier", TERM, TEXT, f"{_LEVELS}; for each date, separated by `;`, or none",
           "spot from which the coupon is paid; the level if blank", levels),
    Column("memory", TERM, WORD, "yes, no", "whether missed coupons are paid with the next; no if blank", yes,
           harmless=("no", "false")),
    Column("knock_in_frequency", TERM, DATES, "final, daily, weekly, monthly, quarterly, or dates separated by `;`",
           "when a note is compared with its level; final, at the maturity, if blank", harmless=("final",)),
    Column("protection", TERM, NUMBER, "a share, 0.9 or 90%", "least redemption once knocked in; 0 if blank", share,
           harmless=_NONE),
    Column("redemption", TERM, NUMBER, "a share, 1 or 100%", "what a note redeems if it is neither called nor knocked "
           "in; 1 if blank", share, harmless=("1", "1.0", "100%")),
    Column("pays_at", TERM, WORD, "end, hit", "when a one-touch pays: at its end, or when touched; end if blank",
           partial(word, ("end", "hit")), harmless=("end",)),
    Column("annualisation", TERM, NUMBER, "> 0", "returns a year of a variance or volatility swap; 252, 52, 12 or 4 "
           "by its frequency if blank", _PRICE),
    Column("performance", TERM, WORD, "yes, no", "whether a forward start pays per unit of the spot at its start; no "
           "if blank", yes, harmless=("no", "false")),
    Column("payoff", TERM, OBJECT, "a contract, in a frame", "a contract of your own: `product` is then a name of your "
           "own or blank, `maturity` may be blank, `strike` says where the volatility is read"),
    Column("currency", AGREES, WORD, "a code such as EUR", "that of the underlying", code, ("ccy", "trade_currency")),
    Column("currency_pay", AGREES, WORD, "a code such as EUR", "that of the underlying: no quantos", code, _PAY),
    Column("spot", AGREES, NUMBER, "> 0, in currency", "that of the market", _PRICE),
    _no("volatility", "volatilities come from the market", NUMBER, _VOLATILITIES),
    _no("exercise", "only European exercise", WORD, ("exercise_style", "exercise_type"), ("european", "eu")),
    _no("participation", "put it into the quantity", NUMBER, ("participation_rate", "gearing"), ("1", "1.0")),
    _no("strike_2", "one strike a trade", NUMBER, ("strike2", "second_strike")),
    _no("underlying_2", "one underlying a trade", TEXT, ("underlying2", "second_underlying")),
)  # fmt: skip
"""Every column that a book's trades may depend on."""

BY_NAME: Mapping[str, Column] = {name: column for column in TABLE for name in (column.name, *column.also)}
"""The columns by every name of theirs."""

IDENTITY = tuple(column.name for column in TABLE if column.use == NEEDED)
TERMS = tuple(column.name for column in TABLE if column.use == TERM)
COLUMNS = tuple(column.name for column in TABLE)
READERS: Mapping[str, Callable[[str, object], Any]] = {column.name: column.read for column in TABLE if column.read}
HARMLESS = {column.name: column.harmless for column in TABLE if column.harmless}


def of_kind(*kinds: str) -> tuple[str, ...]:
    """The columns whose cells hold what is of one of these kinds."""
    return tuple(column.name for column in TABLE if column.kind in kinds)


def users(name: str) -> list[str]:
    """The products that use a column, a barrier also through the European that it knocks."""
    inside = {column for own in EUROPEAN.values() for column in own.columns}
    return [
        product
        for product, own in PRODUCTS.items()
        if name in own.columns or (name in inside and own.options == tuple(EUROPEAN))
    ]


def described() -> pd.DataFrame:
    """All columns for people: ``column, use, holds, is, also called``."""
    rows = []
    for column in TABLE:
        own = users(column.name) if column.use == TERM else []
        use = column.use if column.use != TERM else "every product" if len(own) == len(PRODUCTS) else ", ".join(own)
        rows.append([column.name, use, column.words, column.meaning, ", ".join(column.also)])
    return pd.DataFrame(rows, columns=["column", "use", "holds", "is", "also called"])
