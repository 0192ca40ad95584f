"""What a row says of each asset of its set: references and weights, one number each, separated by bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from ..._checks import InvalidValueError, finite, positive, refuse
from ..cells import clear, number, text_of
from ..fixings import known
from ..levels import percent_of
from ..market import Market
from ..rows import Row
from ..schedule import Span
from .names import WRITTEN

AT_SPOT = "references are today's spots"
SHARES = ("strike", "level", "lower", "upper", "autocall_level", "coupon_barrier", "trigger")
"""Terms that are shares of references, where a contract is on performances."""
LEAST, MOST = 0.01, 20.0
"""Between which such a share lies: 70 is meant in per cent."""
WHOLE = 2.0
"""What the weights of a basket, which are shares, sum to at most, and each is at most: 50 is meant in per cent."""


def by_asset(
    read: Callable[[str, object], float], names: Sequence[str], column: str, value: object
) -> dict[str, float]:
    """A cell with a number for each asset, in their order; a mapping by name in a frame.

    Raises
    ------
    ValueError
        If it has another number of them, or one is out of range.
    """
    if isinstance(value, Mapping):
        if set(value) != set(names):
            refuse(column, f"hold a number for each of {', '.join(names)}", value)
        return {name: read(f"{column} of {name}", value[name]) for name in names}
    value = clear(column, value)
    parts = [*value] if isinstance(value, (tuple, list)) else WRITTEN.split(text_of(value))
    if len(parts) != len(names):
        refuse(column, f"hold {len(names)} numbers separated by bars, for {', '.join(names)}", value)
    return {name: read(f"{column} of {name}", part) for name, part in zip(names, parts, strict=True)}


def _weight(name: str, value: object) -> float:
    """A number, or a percentage."""
    percent = percent_of(text_of(value))
    return number(finite, name, value if percent is None else percent.share)


def basket_weights(names: Sequence[str], column: str, value: object) -> dict[str, float]:
    """The weights of a basket, as shares.

    Raises
    ------
    ValueError
        If they are in per cent without saying so.
    """
    found = weight(names, column, value)
    cells = [*value.values()] if isinstance(value, Mapping) else [value]
    said = all("%" in text_of(cell) for cell in cells)
    if not said and max(abs(sum(found.values())), *map(abs, found.values())) > WHOLE:
        why = "be shares of the basket, such as 0.5|0.5; what is in per cent must be written with a %, as in 50%|50%"
        refuse(column, why, value)
    return found


price = partial(by_asset, partial(number, positive))
weight = partial(by_asset, _weight)


def references(row: Row, names: Sequence[str], market: Market, own: Span) -> tuple[dict[str, float], str] | None:
    """The spots that performances are measured against, and what to say of them; None with a problem noted."""
    if "reference" in row.cells:
        return (found, "") if (found := row.read("reference", partial(_stated, names))) else None
    if own.start is not None and own.start > own.today and not own.expired:
        why = "be given: the trade starts later, and performances are measured against it"
        return row.attempt(refuse, "reference", why, None)
    spots = {name: market.underlying(name).spot for name in names}
    if own.start is None or own.expired:
        return spots, AT_SPOT
    if own.start == own.today and any(own.start not in market.fixings.get(name, {}) for name in names):
        return spots, AT_SPOT
    return (past, "") if (past := row.attempt(_fixed, names, market, own.start)) else None


def _stated(names: Sequence[str], column: str, value: object) -> dict[str, float]:
    return price(names, column, value)


def _fixed(names: Sequence[str], market: Market, day: date) -> dict[str, float]:
    """The fixings of all assets on a day."""
    return {name: known(market.fixings, name, [day])[0] for name in names}


def sensible(terms: Mapping[str, Any]) -> None:
    """Refuse levels that are no shares.

    Raises
    ------
    ValueError
        If one is in per cent without saying so, or in currency.
    """
    for column in SHARES:
        given = terms.get(column)
        for value in given if isinstance(given, tuple) else (given,):
            if isinstance(value, float) and not (LEAST <= value <= MOST or value == float("inf")):
                why = "be a share of the references of the assets, such as 0.7 or 70%"
                raise InvalidValueError(column, why, value)
