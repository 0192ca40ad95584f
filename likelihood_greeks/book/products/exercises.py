"""Options that may be exercised early, on dates. Their rule is fitted when the law is known, see `early_exercise`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from ..._checks import refuse
from ...payoffs.european import Call, Put
from ...payoffs.exercise import Bermudan
from ...payoffs.protocol import Contract
from . import ended
from .europeans import PRODUCTS as EUROPEANS
from .history import History
from .product import Conduct, Product

NOT_EXERCISED = "taken not to have been exercised so far"


def _bermudan(option: Callable[..., Any], strike: float, maturity: float, times: Sequence[float]) -> Bermudan:
    return Bermudan(option(strike, maturity), tuple(times))


def _needed(history: History, made: Sequence[date]) -> list[date]:
    """The fixing of the maturity, or of today's exercise: what was not exercised does not depend on the past."""
    last = ended.ended_on(history) or history.days[-1]
    return [day for day in made if day == last == history.span.today or day == last == history.days[-1]]


def _decided(history: History) -> bool:
    """Today's spot changes nothing but at the maturity: the next exercise date is the first that counts."""
    return history.span.today not in (history.days[-1], ended.ended_on(history))


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """The right on the dates to come; at the maturity the option."""
    ended.verify_day(history, history.days)
    if (day := ended.ended_on(history)) is not None:
        return ended.settled(history, day, spot, _option(history))
    if not history.ahead:
        return as_option(history).settled(spot)
    if history.span.paid != history.span.maturity:
        refuse("payment_date", "be blank: exercise pays at once", history.span.paid.isoformat())
    gone = len(history.days) - len(history.ahead)
    words = f"{gone} of {len(history.days)} exercise dates are gone: {NOT_EXERCISED}" if gone else ""
    return history.product.of(history.dated(history.ahead)), words


def _option(history: History) -> Product:
    """The option by itself; of several assets the name begins with what of them it is on."""
    return EUROPEANS[history.name.rpartition("bermudan_")[2]]


def as_option(history: History) -> History:
    """The option that is left of one that was not exercised before its maturity."""
    return replace(history, product=_option(history), days=history.days[-1:], watched=history.days[-1:])


def as_paid(history: History) -> History:
    """A trade as one that pays by itself: an option on the day of its exercise, or at its maturity."""
    day = ended.ended_on(history)
    return as_option(history) if day is None else ended.up_to(history, day, _option(history))


def _product(option: Callable[..., Any], meaning: str) -> Product:
    return Product(
        partial(_bermudan, option),
        ("maturity", "strike", "frequency"),
        meaning=meaning,
        conduct=Conduct(left=_left, needed=_needed, decided=_decided, as_paid=as_paid, may_end=True),
    )


COLUMNS = ()
PRODUCTS = {
    "bermudan_call": _product(Call, "the spot less the strike, on the one of the dates on which the holder exercises"),
    "bermudan_put": _product(Put, "the strike less the spot, on the one of the dates on which the holder exercises"),
}
