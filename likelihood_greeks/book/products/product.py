"""What a product of a book is: a contract, the columns its terms come from, and how it is read, ages and moves.

A family of products is a file of this folder: its `PRODUCTS` by name, and in `COLUMNS` the columns that no other family
has. One line in `table` makes it known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NoReturn, final

from ..._checks import InvalidValueError, refuse
from ...engine.open_fixing import STILL, Moving
from ...payoffs.protocol import Contract
from ...payoffs.seasoned import Seasoned
from ..levels import in_currency
from ..market import Market
from ..rows import Row
from ..schedule import Span, observations, watched_at_all_times
from ..underlying import Underlying
from .history import History, Terms

ALL_TIMES = ("continuous",)
"""The term of a trade that is watched at all times."""


@final
@dataclass(frozen=True)
class Entry:
    """A row of a book whose product is known, and what it refers to.

    Parameters
    ----------
    row : Row
        Its cells, and the problems found in them so far.
    name : str
    product : Product
    underlying : Underlying
    span : Span
    market : Market
    """

    row: Row
    name: str
    product: Product
    underlying: Underlying
    span: Span
    market: Market


@final
@dataclass(frozen=True)
class Observations:
    """The dates on which a trade is observed, made and to come, and those on which it is compared with a barrier."""

    days: tuple[date, ...]
    watched: tuple[date, ...]


def levels_in_currency(entry: Entry, terms: Terms) -> Terms:
    """The terms with every level in currency."""
    return in_currency(terms, None)


def on_frequency(entry: Entry, terms: Terms) -> Observations | None:
    """The dates of the column ``frequency``, which end at the maturity; the maturity where the product has none."""
    return _dates(entry, terms, entry.name)


def watched_on_frequency(entry: Entry, terms: Terms) -> Observations | None:
    """The same for a product that may be watched up to any date, and also knows the spot at its maturity."""
    return _dates(entry, terms, "")


def _dates(entry: Entry, terms: Terms, ending: str) -> Observations | None:
    product, own, calendar = entry.product, entry.span, entry.underlying.calendar
    days: tuple[date, ...] | None = (own.maturity,)
    cell = entry.row.cells.get("frequency")
    if product.continuous and watched_at_all_times(cell):
        terms["continuous"] = True
    elif "frequency" in product.required and "frequency" not in entry.row.cells and product.frequency:
        days = observations("frequency", product.frequency, ending, calendar, own)
    elif "frequency" in product.required:
        more = ALL_TIMES if product.continuous else ()
        days = entry.row.read("frequency", partial(observations, more=more), ending, calendar, own)
    return None if days is None else Observations(days, days)


def strike_or_spot(terms: Mapping[str, Any], underlying: Underlying, years: float) -> float:
    """The strike, or the spot where there is none; of several the middle one."""
    strike = terms.get("strike", underlying.spot)
    return float(sorted(strike)[len(strike) // 2] if isinstance(strike, tuple) else strike)


def as_before(history: History, spot: float) -> tuple[Contract, str]:
    """The contract on the dates to come, which remembers those made."""
    return remembering(history, spot, tuple(history.seen(spot).values()))


def remembering(history: History, spot: float, seen: Sequence[float]) -> tuple[Contract, str]:
    """The contract on the dates to come after some observations."""
    if not history.ahead:
        return history.settled(spot)
    left = history.paid_then(history.product.of(history.dated(history.ahead)))
    return Seasoned(left, tuple(seen)) if seen else left, history.progress(spot)


def all_of_them(history: History, made: Sequence[date]) -> list[date]:
    """Every observation made is needed."""
    return [*made]


def open_still(history: History) -> bool:
    """An open fixing of today is not decided by those before it."""
    return False


def does_not_know_it(history: History, spot: float, seen: Sequence[float]) -> Moving:
    """Nothing depends on today's fixing."""
    return STILL


def needs_it(why: str) -> Callable[[History, float, Sequence[float]], Moving]:
    """The rule of a product that asks for today's fixing, saying why."""
    return lambda history, spot, seen: give(history, why)


def give(history: History, why: str) -> NoReturn:
    """Ask for today's fixing."""
    refuse("fixings", f"hold today's, {history.span.today}: with it open, {why}", None)


def itself(history: History) -> History:
    """The trade as it is."""
    return history


def says_nothing(history: History, spot: float) -> str:
    """No remark."""
    return ""


@final
@dataclass(frozen=True)
class Conduct:
    """How trades of a product are read, how they age, and how they move with a fixing of today that is still open.

    Parameters
    ----------
    settled : callable
        From an entry and its terms to the terms as the contract has them, levels in currency; raises ``ValueError``.
    dates : callable
        From an entry and its terms to its observations; None with a problem noted.
    read_at : callable
        From the terms, the underlying and years to the strike at which volatilities are read.
    left : callable
        From a history and today's spot to the contract that is left, and what the trade has become, in words.
    needed : callable
        From a history of what is known and the dates of observations made to those dates that decide something.
    decided : callable
        Whether today's spot changes nothing, though its fixing is open.
    moving : callable
        From a history, today's spot and the observations up to today to how Greeks in the spot follow.
    remark : callable
        From a history and today's spot to what should be said of the trade; empty if nothing.
    as_paid : callable
        From a history to that of a trade which has paid the same so far, and pays by itself.
    may_end : bool
        Whether all its trades may be ended early.
    """

    settled: Callable[[Entry, Terms], Terms] = levels_in_currency
    dates: Callable[[Entry, Terms], Observations | None] = on_frequency
    read_at: Callable[[Mapping[str, Any], Underlying, float], float] = strike_or_spot
    left: Callable[[History, float], tuple[Contract, str]] = as_before
    needed: Callable[[History, Sequence[date]], list[date]] = all_of_them
    decided: Callable[[History], bool] = open_still
    moving: Callable[[History, float, Sequence[float]], Moving] = does_not_know_it
    remark: Callable[[History, float], str] = says_nothing
    as_paid: Callable[[History], History] = itself
    may_end: bool = False


@final
@dataclass(frozen=True)
class Product:
    """A contract and the columns its arguments come from.

    Parameters
    ----------
    contract : callable
        Makes it, from terms by name.
    required, optional : tuple of str
        Columns.
    meaning : str
        What it pays, for people.
    options : tuple of str
        What the column ``option`` may hold.
    names : mapping of str to str
        What the contract calls columns that it does not call by their names.
    also : tuple of str
        What it takes besides columns: of what `Conduct.settled` adds, and ``start``, the years to the first date.
    lists : tuple of str
        Columns that may hold a level for each date.
    floats : bool
        Whether the strike may be the word ``floating``.
    spotless : bool
        Whether the strike is no spot, or a share of one to come.
    frequency : str
        What that column holds if it is blank.
    conduct : Conduct
    own : bool
        Whether it is a user's.
    continuous : bool
        Whether it may be watched at all times.
    """

    contract: Callable[..., Contract]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    meaning: str = ""
    options: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    floats: bool = False
    spotless: bool = False
    frequency: str = ""
    conduct: Conduct = field(default_factory=Conduct)
    own: bool = False
    continuous: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the product uses."""
        return (*self.required, *self.optional)

    def of(self, terms: Mapping[str, Any]) -> Contract:
        """The contract, from terms by column."""
        names = {"frequency": "times", **self.names}
        taken = {name: terms[name] for name in (*self.columns, *self.also, *ALL_TIMES) if name in terms}
        try:
            return self.contract(**{names.get(name, name): term for name, term in taken.items()})
        except InvalidValueError as error:
            column = next((own for own, argument in self.names.items() if argument == error.name), error.name)
            raise InvalidValueError(column, error.requirement, error.value) from error
