"""Contracts of the user's own in a book: objects in the column ``payoff`` of a frame."""

from __future__ import annotations

from datetime import date, timedelta

from .._checks import refuse
from ..payoffs.assets import OnAssets
from ..payoffs.protocol import Contract, stated_payments
from .calendars import DAYS_PER_YEAR
from .cells import ANYTHING, DATED, TERM, key_of, text_of
from .columns import READERS, TABLE
from .products.table import PRODUCTS
from .rows import Row

PAYOFF = "payoff"
KEPT = (PAYOFF, "strike")
"""The terms that a row with a contract may have."""


def contract(name: str, value: object) -> Contract:
    """A cell as a contract.

    Raises
    ------
    ValueError
        If it is none; a text, as files hold, is never executed.
    """
    if isinstance(value, type) or not isinstance(value, Contract):
        why = "be a contract, an object with `times` that is called with spots, in a frame; files name products"
        refuse(name, why, value)
    if isinstance(value, OnAssets):
        refuse(name, "be on one asset, or the underlying name several, as in A|B", value)
    return value


def label(name: str, value: object) -> str:
    """What the frame calls the product: a name of the user's own."""
    text = text_of(value)
    return (
        refuse(name, f"not be {text!r}, a product of the library, where payoff holds a contract", value)
        if (key_of(value) in PRODUCTS)
        else text
    )


def last_date(row: Row, payoff: Contract, today: date) -> tuple[date, float] | None:
    """The date of the last payment, and the years to it; a problem noted if the row states another one."""
    years = max((*(stated_payments(payoff) or ()), *payoff.times[-1:]), default=0.0)
    found = today + timedelta(days=round(years * DAYS_PER_YEAR))
    stated = row.cells.get("maturity")
    if stated is not None:
        read = row.read("maturity", READERS["maturity"])
        if read is not None and abs((read - found).days) > 1:
            return row.attempt(refuse, "maturity", f"be blank or {found}, the last date of the payoff", stated)
    for column in TABLE:
        cell, of_products = row.cells.get(column.name), column.use in (TERM, DATED) and column.name not in KEPT
        if of_products and cell is not None and column.harmless != ANYTHING and key_of(cell) not in column.harmless:
            row.attempt(refuse, column.name, "be blank: the payoff has its own terms", cell)
    return found, years
