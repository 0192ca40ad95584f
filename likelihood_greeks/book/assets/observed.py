"""What is observed of trades on several assets: performances on days of which the fixings of all assets are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from .performances import Performance


def performances(
    performance: Performance, fixings: Mapping[str, Mapping[date, float]], days: Sequence[date]
) -> tuple[str, dict[str, dict[date, float]]]:
    """Performances by day, as fixings of one name, which says whose are missing.

    Parameters
    ----------
    performance : Performance
    fixings : mapping of str to mapping of datetime.date to float
        By asset.
    days : sequence of datetime.date
        Those that are wanted; days without the fixings of all assets are left out.
    """
    stated = {name: fixings.get(name, {}) for name in performance.names}
    lacking = [name for name, own in stated.items() if any(day not in own for day in days)]
    full = [day for day in days if all(day in own for own in stated.values())]
    called = " and ".join(lacking or stated)
    return called, {called: {day: performance.of({name: stated[name][day] for name in stated}) for day in full}}
