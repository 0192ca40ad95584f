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
from .europeans import PRODUCTS as EUROPEANS
from .history import History
from .product import Conduct, Product

NOT_EXERCISED = "taken not to have been exercised so far"


def _bermudan(option: Callable[..., Any], strike: float, maturity: float, times: Sequence[float]) -> Bermudan:
    return Bermudan(option(strike, maturity), tuple(times))


def _needed(history: History, made: Sequence[date]) -> list[date]:
    """The fixing of the maturity alone: what was not exercised does not depend on the past."""
    return [day for day in made if day == history.days[-1]]


def _decided(history: History) -> bool:
    """Today's spot changes nothing but at the maturity: the next exercise date is the first that counts."""
    return history.days[-1] != history.span.today


def _left(history: History, spot: float) -> tuple[Contract, str]:
    """The right on the dates to come; at the maturity the option."""
    if not history.ahead:
        european = EUROPEANS[
            history.name.rpartition("bermudan_")[2]
        ]  # of several assets it begins with what of them it is on
        return replace(history, product=european, days=history.days[-1:], watched=history.days[-1:]).settled(spot)
    if history.span.paid != history.span.maturity:
        refuse("payment_date", "be blank: exercise pays at once", history.span.paid.isoformat())
    gone = len(history.days) - len(history.ahead)
    words = f"{gone} of {len(history.days)} exercise dates are gone: {NOT_EXERCISED}" if gone else ""
    return history.product.of(history.dated(history.ahead)), words


def _product(option: Callable[..., Any], meaning: str) -> Product:
    return Product(
        partial(_bermudan, option),
        ("maturity", "strike", "frequency"),
        meaning=meaning,
        conduct=Conduct(left=_left, needed=_needed, decided=_decided),
    )


COLUMNS = ()
PRODUCTS = {
    "bermudan_call": _product(Call, "the spot less the strike, on the one of the dates on which the holder exercises"),
    "bermudan_put": _product(Put, "the strike less the spot, on the one of the dates on which the holder exercises"),
}
