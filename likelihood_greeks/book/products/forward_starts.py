"""Options whose strike is set when they start."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..._checks import refuse
from ...engine.open_fixing import Moving
from ...payoffs.european import Call, Put
from ...payoffs.forward_start import ForwardStart
from ...payoffs.protocol import Contract, Kind
from ...payoffs.seasoned import OnDates, Seasoned
from ..cells import TERM, WORD, Column, yes
from ..levels import in_currency
from .history import History, Terms
from .product import Conduct, Entry, Observations, Product, as_before
from .swaps import reference

KINDS: tuple[Kind, ...] = ("call", "put")
COLUMNS = (
    Column("performance", TERM, WORD, "yes, no", "whether a forward start pays per unit of the spot at its start; no "
           "if blank", yes, harmless=("no", "false")),
)  # fmt: skip


def _settled(entry: Entry, terms: Terms) -> Terms:
    """The terms, the strike as a share, and in currency, of the spot at the start or, before it, today's."""
    if entry.span.start is None:
        refuse("start", "be given: the strike is set then", None)
    return in_currency(terms, reference(entry) or entry.underlying.spot)


def _dates(entry: Entry, terms: Terms) -> Observations | None:
    """The start and the maturity."""
    if entry.span.start is None:  # which is noted
        return None
    days = (entry.span.start, entry.span.maturity)
    return Observations(days, days)


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """The option that it has become when its strike is set."""
    if history.days[0] in history.ahead or not history.ahead:
        return as_before(history, spot)
    at, whole = history.seen(spot)[history.days[0]], history.whole
    moving = "; today's fixing is open and moves with the spot" * history.is_open
    line, years = f"struck on {history.days[0]} at {at:g}{moving}", tuple(map(history.years, history.days))
    assert isinstance(whole, ForwardStart)
    if not whole.performance:
        made = Call if whole.kind == "call" else Put
        return history.paid_then(made(whole.moneyness * at, years[-1])), line
    return history.paid_then(Seasoned(OnDates(whole, years), (at,))), line


def _moving(history: History, spot: float, seen: Sequence[float]) -> Moving:
    """The strike is proportional to today's spot, and so is the option, or a constant if it is on the performance."""
    return Moving((0.0, 0.0 if history.terms.get("performance") else 1.0 / spot), (0.0, 0.0, 0.0))


def _made(kind: Kind, maturity: float, strike: float, **terms: Any) -> ForwardStart:
    """The option from the columns of a book; the strike there is today's estimate of it."""
    return ForwardStart(maturity=maturity, kind=kind, **terms)


PRODUCTS = {
    f"forward_start_{kind}": Product(
        partial(_made, kind), ("maturity", "strike"), ("performance",),
        f"a {kind} struck at a share of the spot at its start", also=("start", "moneyness"),
        spotless=True, conduct=Conduct(settled=_settled, dates=_dates, left=_left, moving=_moving),
    )
    for kind in KINDS
}  # fmt: skip
