"""Levels far from the spot of their underlying that read as shares of it or as per cent, and weights that miss one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from .._checks import InvalidValueError
from .assets.names import names_of
from .assets.performances import BASKET, parted
from .assets.terms import basket_weights
from .cells import key_of, text_of
from .market import Market
from .products.table import PRODUCTS
from .sheets import blank

LEVELS = ("strike", "trigger", "level", "lower", "upper", "autocall_level", "coupon_barrier")
"""The columns that hold spots."""

FAR = 20.0
"""A level so many times the spot, or less than one part in so many, is far."""

SHARES = (0.2, 3.0)
"""What levels are mostly between as shares of the spot; a hundred times as much in per cent."""

ROUND = 0.01
"""By how much the weights of a basket may miss one."""

NAMED = 3
"""Trades that a remark names."""


def remarks(book: pd.DataFrame, market: Market) -> list[str]:
    """A line for each column of a book, as `read_book` returns it, with levels that are far from their spots.

    And one for baskets whose weights do not sum to one.
    """
    spots = {name: own.spot for name, own in market.underlyings.items()}
    spot = book["underlying"].map(lambda cell: spots.get(text_of(cell), float("nan"))).astype(float)
    products = book["product"].map(key_of)
    found = []
    for column in (name for name in LEVELS if name in book.columns):
        level = _first_numbers(book[column])
        far = (level < spot / FAR) | (level > spot * FAR)
        odd = far & (level.between(*SHARES) | (level / 100.0).between(*SHARES))
        odd &= ~products.isin(_without_spots()) if column == "strike" else True
        if odd.any():
            trades = [*map(text_of, book.loc[odd, "trade_id"])]
            found.append(_line(column, trades, float(level[odd].iloc[0]), float(spot[odd].iloc[0])))
    return [*found, *_of_weights(book)]


def _of_weights(book: pd.DataFrame) -> list[str]:
    """What is said of weights that do not sum to one: the first trades with each sum."""
    odd = dict[str, list[str]]()
    for trade, total in _totals(book) if "weights" in book.columns else ():
        if abs(total - 1.0) > ROUND:
            odd.setdefault(f"{total:g}", []).append(trade)
    why = "not to 1: levels are shares of the references, so that the basket starts there"
    return [f"{_named(trades)}: weights sum to {total}, {why}" for total, trades in odd.items()]


def _totals(book: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """The sums of weights of baskets, by trade; those that cannot be read are problems of their trades."""
    for trade, name, product, cell in book[["trade_id", "underlying", "product", "weights"]].itertuples(index=False):
        if not blank(cell) and (parted(product) or ("",))[0] == BASKET:
            try:
                yield text_of(trade), sum(basket_weights(names_of(name), "weights", cell).values())
            except (InvalidValueError, TypeError):
                continue


def _named(trades: Sequence[str]) -> str:
    """The first of some trades, and how many more there are."""
    return f"{', '.join(trades[:NAMED])}{f' and {len(trades) - NAMED} more' if len(trades) > NAMED else ''}"


def _first_numbers(cells: pd.Series) -> pd.Series:
    """The numbers in a column, of a list its first; missing where there is none, or a percentage."""
    if cells.dtype.kind in "if":
        return cells
    return pd.to_numeric(cells.map(lambda cell: str(cell).partition(";")[0]), errors="coerce")


def _without_spots() -> list[str]:
    """The products whose strike is no spot."""
    return [name for name, own in PRODUCTS.items() if own.spotless]


def _line(column: str, trades: Sequence[str], level: float, spot: float) -> str:
    """What is said of the levels in a column."""
    percent = 100.0 * level if level <= SHARES[1] else level
    which = f"{_named(trades)}: {column} {level:g} is in currency, far from the spot, {spot:g}"
    return f"{which}; a share of it is written as {percent:g}%"
