"""The columns of a book that change what a trade is worth, a line each: how they are read, and what uses them.

Reading, help and the documentation take them from here. Those of one family of products stand with it, in `products`.
Whatever else a book has (trader, account, ...) is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from .cells import (
    AGREES,
    AMOUNT,
    DATE,
    DATED,
    DATES,
    LEVELS,
    NEEDED,
    NO_AMOUNT,
    NUMBER,
    NUMBERS,
    OBJECT,
    POSITION,
    PRICE,
    REFUSED,
    TERM,
    TEXT,
    WORD,
    Column,
    day,
    level,
    non_zero,
    number,
    sign,
    unsupported,
    word,
)
from .currencies import code
from .products import europeans
from .products.table import ANY, FAMILIES, PRODUCTS

_UP_DOWN = ("up", "down")
_SIDES = ("buy_sell", "buysell", "buy/sell", "b/s", "bs", "long_short", "long/short", "bought_sold", "trade_side")
_LOTS = ("contract_multiplier", "contract_size", "lot_size")
_PAY = ("payment_currency", "pay_currency", "payout_currency", "settlement_currency")
_PAY_CODES = ("payment_ccy", "pay_ccy", "payout_ccy", "settlement_ccy")
_EXERCISES, _EUROPEAN = ("exercise_style", "exercise_type"), ("european", "eu")
_VOLATILITIES = ("vol", "implied_volatility", "implied_vol")


def _no(name: str, why: str, kind: str = TEXT, also: tuple[str, ...] = (), harmless: tuple[str, ...] = ()) -> Column:
    """A column that would change the value of a trade, and is refused where it is filled."""
    return Column(name, REFUSED, kind, "blank", why, partial(unsupported, why), also, harmless)


TABLE = (
    Column("trade_id", NEEDED, TEXT, "text, not net", "name of the trade, there once"),
    Column("underlying", NEEDED, TEXT, "of the market's", "name of the underlying; of several assets their names, "
           "with bars or semicolons between them"),
    Column("product", NEEDED, WORD, ", ".join(PRODUCTS), "what is held; on several underlyings with `worst_of_`, "
           "`best_of_` or `basket_` before it, or exchange, spread, outperformance_digital, outside_barrier; `quanto_` "
           "or `composite_` before it where it pays in another currency",
           partial(word, PRODUCTS)),
    Column("quantity", NEEDED, NUMBER, "not 0", "units held, negative if short", partial(number, non_zero)),
    Column("maturity", NEEDED, DATE, "a date", "last date, when the product pays; not rolled to a business day", day),
    Column("start", DATED, DATE, "before the maturity", "date of the trade, which observations follow; past ones are "
           "fixings of the market. If blank the trade has no past but for listed dates: observations follow today", day,
           ("start_date",)),
    Column("payment_date", DATED, DATE, "not before the maturity", "when the product pays; the maturity if blank", day,
           ("pay_date", "paydate")),
    Column("watched_to", DATED, DATE, "not before the start", "of a trade watched at all times: up to when all is "
           "known of it (not touched, or `so_far`); lows and highs of the market show the days after. The start if "
           "blank", day),
    Column("touched_on", DATED, DATE, "not before the start", "of a trade that is watched at all times: when it was "
           "touched", day),
    Column("watched_from", DATED, DATE, "before the maturity", "of a barrier or touch watched at all times: from when; "
           "its start if blank. A spot that is beyond the level then has reached it", day, ("window_start",)),
    Column("watched_until", DATED, DATE, "not after the maturity", "of a barrier or touch watched at all times: up to "
           "when; the maturity if blank", day, ("window_end",)),
    Column("ended_on", DATED, DATE, "not before the start", "of a trade that may be ended early: when it was "
           "exercised, called or put; not so far if blank", day, ("exercised_on", "called_on")),
    Column("side", POSITION, WORD, "buy, sell (b, s, long, short)", "sign of the position; `quantity` is then > 0",
           sign, _SIDES),
    Column("multiplier", POSITION, NUMBER, "> 0", "units that one of `quantity` stands for", PRICE, _LOTS),
    Column("option", TERM, WORD, ", ".join(ANY), "what a barrier knocks; else call or put"),
    Column("frequency", TERM, DATES, "daily, weekly, monthly, quarterly, continuous, or dates separated by `;`",
           "observation dates, some of which may be past; continuous, of barriers, touches and lookbacks, all times"),
    Column("strike", TERM, NUMBER, f"{LEVELS}, or floating", "strike; of a forward start a percentage of the spot "
           "at its start; of a variance or volatility swap a volatility", level),
    Column("level", TERM, NUMBER, LEVELS, "barrier; of a note where it is knocked in", level),
    Column("lower", TERM, NUMBER, LEVELS, "lower barrier", level),
    Column("upper", TERM, NUMBER, LEVELS, "upper barrier", level),
    Column("reference", TERM, NUMBER, "> 0, in currency",
           "spot that levels in % are of; of a cliquet the spot that the first return is of, if blank that at the "
           "start, or today's; of several assets one each, with bars between them", PRICE),
    Column("weights", TERM, NUMBERS, "numbers or shares, with bars between them",
           "of the assets of a basket, in their order, one over their number if blank; of exchanges and spreads "
           "units, one each if blank"),
    Column("cash", TERM, NUMBER, "finite, in currency", "what a digital, touch or range accrual pays; 1 if "
           "blank", AMOUNT, harmless=(*NO_AMOUNT, "1", "1.0")),
    Column("direction", TERM, WORD, ", ".join(_UP_DOWN), "where the barrier lies", partial(word, _UP_DOWN)),
    Column("payoff", TERM, OBJECT, "a contract, in a frame", "a contract of your own: `product` is then a name of your "
           "own or blank, `maturity` may be blank, `strike` says where the volatility is read"),
    *(column for family in FAMILIES for column in family.COLUMNS),
    Column("currency", AGREES, WORD, "a code such as EUR", "that of the underlying", code,
           ("ccy", "trade_currency", "trade_ccy")),
    Column("currency_pay", AGREES, WORD, "a code such as EUR", "that of the underlying, but of quantos", code,
           (*_PAY, *_PAY_CODES)),
    Column("spot", AGREES, NUMBER, "> 0, in currency", "that of the market", PRICE),
    _no("volatility", "volatilities come from the market", NUMBER, _VOLATILITIES),
    _no("exercise", "only European exercise, but for bermudan_call, bermudan_put", WORD, _EXERCISES, _EUROPEAN),
    _no("participation", "put it into the quantity", NUMBER, ("participation_rate",), ("1", "1.0", "100%")),
    _no("strike_2", "one strike a trade", NUMBER, ("strike2", "second_strike")),
    _no("underlying_2", "one underlying a trade", TEXT, ("underlying2", "second_underlying")),
)  # fmt: skip
"""Every column that a book's trades may depend on."""

BY_NAME: Mapping[str, Column] = {name: column for column in TABLE for name in (column.name, *column.also)}
"""The columns by every name of theirs."""

IDENTITY = tuple(column.name for column in TABLE if column.use == NEEDED)
TERMS = tuple(column.name for column in TABLE if column.use == TERM)
COLUMNS = tuple(column.name for column in TABLE)
PAST = ("watched_to", "so_far", "touched_on", "ended_on")
"""What tells the past of a trade, and is no term of it: it is filled in as days go by."""
READERS: Mapping[str, Callable[[str, object], Any]] = {column.name: column.read for column in TABLE if column.read}
HARMLESS = {column.name: column.harmless for column in TABLE if column.harmless}


def of_kind(*kinds: str) -> tuple[str, ...]:
    """The columns whose cells hold what is of one of these kinds."""
    return tuple(column.name for column in TABLE if column.kind in kinds)


def users(name: str) -> list[str]:
    """The products that use a column, a barrier also through the European that it knocks."""
    inside = {column for own in europeans.PRODUCTS.values() for column in own.columns}
    return [
        product for product, own in PRODUCTS.items() if name in own.columns or (name in inside and own.options == ANY)
    ]


def products_described() -> pd.DataFrame:
    """The library's products for people: ``product, pays, needs, may have``."""
    rows = [
        [
            name,
            own.meaning,
            ", ".join(("maturity", *(c for c in own.required if c != "maturity"))),
            ", ".join(own.optional),
        ]
        for name, own in PRODUCTS.items()
        if not own.own
    ]
    return pd.DataFrame(rows, columns=["product", "pays", "needs", "may have"])


def described() -> pd.DataFrame:
    """All columns for people: ``column, use, holds, is, also called``."""
    rows = []
    for column in TABLE:
        own = users(column.name) if column.use == TERM else []
        use = column.use if column.use != TERM else "every product" if len(own) == len(PRODUCTS) else ", ".join(own)
        rows.append([column.name, use, column.words, column.meaning, ", ".join(column.also)])
    return pd.DataFrame(rows, columns=["column", "use", "holds", "is", "also called"])
