"""Fixings on another scale than the spot: of pennies for pounds, or before a split."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from .._checks import refuse
from .underlying import Underlying

OFF_SCALE = 40.0  # a fixing this many times the spot, or less than one part in so many, is in another unit


def verify_scale(underlying: Underlying, observed: Mapping[date, float], what: str = "fixings") -> None:
    """Refuse fixings that are those of another unit.

    Raises
    ------
    ValueError
        If one is far from the spot.
    """
    for day, value in observed.items():
        if not 1.0 / OFF_SCALE < value / underlying.spot < OFF_SCALE:
            why = f"be on the scale of the spot of {underlying.name}, {underlying.spot:g}"
            refuse(what, why, f"{value:g} on {day}")
