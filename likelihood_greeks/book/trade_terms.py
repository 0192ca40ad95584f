"""What a row of a book says of any trade: its terms by column, and the units held."""

from __future__ import annotations

from functools import partial
from typing import Any

from .._checks import refuse
from .cells import ANYTHING, key_of, levels, word
from .columns import HARMLESS, READERS, TERMS
from .products.table import ANY, EUROPEAN, FLOATING, PRODUCTS
from .rows import Row


def _harmless(column: str, value: object, product: str) -> bool:
    return HARMLESS.get(column) == ANYTHING or key_of(value) in (
        HARMLESS.get(column, ()) if column != "option" else (product,)
    )


def floats(row: Row, product: str) -> bool:
    """Whether the strike is the average or extreme that is observed."""
    return PRODUCTS[product].floats and key_of(row.cells.get("strike", "")) == FLOATING


def terms_of(row: Row, product: str) -> dict[str, Any]:
    """The terms of a row by column, except the maturity and the dates; what is wrong with them is noted."""
    own = PRODUCTS[product]
    given, blank = f"be given: {product} needs it", f"be blank: {product} does not use it"
    terms: dict[str, Any] = {}
    required, used = set(own.required), set(own.columns)
    if own.options:
        terms["option"] = row.read("option", partial(word, own.options), why=given)
        inner = EUROPEAN.values() if terms["option"] is None else [EUROPEAN[terms["option"]]]
        if own.options == ANY:
            required |= set.intersection(*(set(each.required) for each in inner))
            used |= set.union(*(set(each.columns) for each in inner))
    if not own.spotless and any("%" in key_of(row.cells.get(column, "")) for column in used):
        used.add("reference")
    for column in TERMS:
        if column in row.cells and column not in used and not _harmless(column, row.cells[column], product):
            row.attempt(refuse, column, blank, row.cells[column])
        elif column == "strike" and floats(row, product):
            continue
        elif column in READERS and column in (required | used & row.cells.keys()):
            terms[column] = row.read(column, levels if column in own.lists else READERS[column], why=given)
    return {column: term for column, term in terms.items() if term is not None}


def position(row: Row) -> float | None:
    """Units held: the quantity with its side, times the multiplier."""
    quantity = row.read("quantity", READERS["quantity"])
    side, multiplier = (row.read(name, READERS[name]) if name in row.cells else 1.0 for name in ("side", "multiplier"))
    if quantity is None or side is None or multiplier is None:
        return None
    if "side" in row.cells and quantity < 0.0:
        why = "be positive where the side is given: it could be a sale, or a sale taken back"
        return row.attempt(refuse, "quantity", why, row.cells["quantity"])
    return quantity * side * multiplier
