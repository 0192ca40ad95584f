"""Levels of a trade in currency, or in per cent of a reference that its row states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from .._checks import positive, refuse


@final
@dataclass(frozen=True, slots=True)
class Percent:
    """A level as a share of a reference; 0.7 is 70 %."""

    share: float


def percent_of(text: str) -> Percent | None:
    """A text such as ``70 %``; None if it is no percentage."""
    if not text.endswith("%"):
        return None
    try:
        return Percent(float(text[:-1].strip()) / 100.0)
    except ValueError:
        return None


def in_percent(terms: Mapping[str, Any]) -> bool:
    """Whether some level is in per cent."""
    return any(isinstance(part, Percent) for value in terms.values() for part in _parts(value))


def in_currency(terms: Mapping[str, Any], start: float | None) -> dict[str, Any]:
    """The terms with every level in currency.

    Parameters
    ----------
    terms : mapping of str to Any
    start : float, optional
        The spot that a strike in per cent is of, where the product is struck when it starts: kept as ``moneyness``.

    Raises
    ------
    ValueError
        If a level is in per cent and no reference is stated, or a strike is not in per cent where it must be.
    """
    found = dict(terms)
    if start is not None:
        if not isinstance(found.get("strike"), Percent):
            refuse("strike", "be in per cent of the spot at the start, such as 100%", found.get("strike"))
        found["moneyness"] = positive("strike", found["strike"].share)
        found["strike"] = found["moneyness"] * start
    base = found.get("reference", found.get("strike"))
    base = None if isinstance(base, tuple) else base  # strikes by date are no reference
    return {name: _resolved(name, value, base) for name, value in found.items()}


def _parts(value: Any) -> tuple[Any, ...]:
    """The entries of a list, or the value itself."""
    return value if isinstance(value, tuple) else (value,)


def _resolved(name: str, value: Any, base: Any) -> Any:
    """A term in currency."""
    if isinstance(value, tuple):
        return tuple(_resolved(name, part, base) for part in value)
    if not isinstance(value, Percent):
        return value
    if base is None or isinstance(base, Percent):
        refuse(name, "be in currency, or the column reference be filled", f"{100.0 * value.share:g}%")
    return positive(name, value.share * base)
