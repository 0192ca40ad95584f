"""A book read, and what of it is exact valued: plain options by columns, other trades one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np
import pandas as pd

from ..parameters import Greek, has, offered_by, unknown
from .assets.law import any_law, pairs_in
from .assets.names import are_several, names_of
from .assets.performances import on_pair
from .cells import text_of
from .exact import ExactTrades, joined, split
from .exact_buckets import ExactBucket, of_known, of_options, of_trade
from .market import Market
from .one_law import OneLawOptions, one_law
from .plain_options import plain_options
from .plain_values import LognormalOptions, lognormal
from .trades import Problem, Trade, parse
from .underlying import DAY

ManyOptions: TypeAlias = LognormalOptions | OneLawOptions
OTHER = "another asset"
"""Stands for what a trade that cannot be read may be on besides."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """A book before any simulation.

    Attributes
    ----------
    exact : ExactTrades
    trades : list of Trade
        Those that were read one by one.
    drawn : list of Trade
        Those of them that must be simulated.
    problems : list of Problem
        What is wrong with others, in the order of the book.
    buckets : tuple of ExactBucket
        Of the exact trades.
    """

    exact: ExactTrades
    trades: list[Trade]
    drawn: list[Trade]
    problems: list[Problem]
    buckets: tuple[ExactBucket, ...] = ()

    def labels(self, greeks: Sequence[Greek]) -> dict[str, tuple[str, ...]]:
        """By underlying with a trade that must be simulated, the labels of Greeks that any trade on it has."""
        laws = dict[str, list[Any]]()
        for trade in self.drawn:
            laws.setdefault(trade.underlying, []).append(trade.model)
        for trade in self.trades:
            if trade.underlying in laws:
                laws[trade.underlying].append(trade.model)
        return {name: offered_by(greeks, own) for name, own in laws.items()}


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def read_and_valued(
    book: pd.DataFrame,
    market: Market,
    greeks: Sequence[Greek],
    closed_form: bool,
    buckets: Sequence[str] = (),
    *,
    named: bool = True,
) -> Valued:
    """A table that `read_book` returned, read and valued as far as it is exact.

    Greeks that were not `named` by anybody are those that the trades which can be read have.

    Raises
    ------
    ValueError
        If no underlying of the book has a Greek that was named.
    """
    if named:
        _refuse_unknown(greeks, book, market)
    plain: list[ManyOptions] = []
    if closed_form:
        plain, trades, problems = read(book, market, greeks, several=True)
    else:
        trades, problems = parse(book, market, several=True)
    apart = [trade for trade in trades if buckets and are_several(trade.underlying) and not trade.known]
    one_by_one, drawn, unpriced = split([trade for trade in trades if trade not in apart], greeks, closed_form)
    if apart:  # their closed forms do not know nodes
        _, more, failed = split(apart, greeks, closed_form=False)
        drawn, unpriced = sorted([*drawn, *more], key=lambda trade: trade.row), [*unpriced, *failed]
    columns = [options.exact() for options in plain]
    parts = [one_by_one, *columns]
    exact = joined([part for part in parts if len(part)], one_by_one.labels)
    found = list[ExactBucket]()
    for options, values in zip(plain, columns, strict=True) if buckets else ():
        if isinstance(options, LognormalOptions):
            found += of_options(options, values, market.underlying(str(options.options.underlying[0])), buckets)
    sure = {*one_by_one.own["trade_id"]} if buckets else set()
    for trade in trades:
        if trade.trade_id in sure and are_several(trade.underlying):
            found += of_known(trade, market, buckets)
        elif trade.trade_id in sure:
            found += of_trade(trade, market.underlying(trade.underlying), buckets, closed_form)
    return Valued(exact, trades, drawn, [*problems, *unpriced], tuple(found))


def on_pairs(book: pd.DataFrame) -> pd.DataFrame:
    """The rows of a book whose trades are on a currency pair besides the assets that are named."""
    return book[book["product"].map(on_pair).to_numpy(bool)] if "product" in book else book.iloc[:0]


def _laws(book: pd.DataFrame, market: Market) -> list[Any]:
    """A law of each underlying of a book: what it can be asked for does not depend on the trade, nor on quotes."""
    found = list[Any]()
    for name in dict.fromkeys(map(text_of, on_pairs(book)["underlying"].unique())):
        if set(names_of(name)) <= market.underlyings.keys():
            with suppress(ValueError):  # a name with brackets, say, which its trades are told
                found.append(any_law([*names_of(name), *pairs_in(market)]))
    for name in dict.fromkeys(map(text_of, book["underlying"].unique())):
        if are_several(name) and set(names_of(name)) <= market.underlyings.keys():
            with suppress(ValueError):
                found.append(any_law(names_of(name)))
        if (own := market.underlyings.get(name)) is not None:
            with suppress(ValueError, ArithmeticError):
                found.append(replace(own, implied_volatility=0.2).model(own.spot, DAY))
    return found


def _refuse_unknown(greeks: Sequence[Greek], book: pd.DataFrame, market: Market) -> None:
    """Refuse Greeks that no underlying of a book has; there is nothing to refuse if none of them has a law."""
    laws = _laws(book, market)
    lacking = [greek for greek in greeks if laws and not any(has(law, greek) for law in laws)]
    sets = _assets_of_unread(book, market) if lacking else []
    for greek in lacking:
        if not any(has(any_law(names), greek) for names in sets):
            raise unknown(greek, laws)


def _assets_of_unread(book: pd.DataFrame, market: Market) -> list[list[str]]:
    """The assets of each set that trades which cannot be read may be on: that no law is theirs is no fault of a Greek.

    Any of them may have been meant to be on several, which a misspelt product does not say.
    """
    cells = dict.fromkeys(map(text_of, book["underlying"]))
    unread = {text_of(book["underlying"].iloc[problem.row]) for problem in parse(book, market, several=True)[1]}
    seeming = {*map(text_of, on_pairs(book)["underlying"]), *filter(are_several, cells)}
    found = [[*names_of(cell), *pairs_in(market), OTHER] for cell in cells if cell in unread | seeming]
    return [[name for name in names if re.fullmatch(r"[^\[\],:]+", name)] for names in found]  # others no law can have


@np.errstate(under="ignore")  # what underflows is zero, whatever the caller has set
def read(
    book: pd.DataFrame,
    market: Market,
    greeks: Sequence[Greek],
    factors: Sequence[float] = (),
    *,
    several: bool = False,
) -> tuple[list[ManyOptions], list[Trade], list[Problem]]:
    """The plain options that are valued by columns, at spots times `factors` too, the other trades, and what is wrong.

    Greeks that the law of an underlying does not have are passed over.
    """
    plain = plain_options(book, market)
    found = list[ManyOptions]()
    for name in dict.fromkeys(plain.underlying.tolist()):
        underlying, own = market.underlying(name), plain[plain.underlying == name]
        options = one_law(underlying, own, greeks, factors)[0] or lognormal(underlying, own, greeks)[0]
        if options is not None:
            found.append(options)
    done = np.zeros(len(book), dtype=bool)
    for options in found:
        done[options.options.row] = True
    return found, *parse(book, market, np.flatnonzero(~done).tolist(), several=several)
