"""Extremes that were seen between the past dates of a contract, before those to come."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .._checks import positive, refuse
from .._typing import AnyArray

SIDES = {"lows": "low", "highs": "high"}
"""What a contract of the user's own calls them."""

ROUNDING = 1e-9  # relative


def checked(name: str, given: Any, sees: str | None, count: int) -> tuple[float, ...] | None:
    """Past lows or highs: so many for a contract that sees them (of ``sees``), none for another.

    Raises
    ------
    ValueError
        If they are missing, of another number, or not positive.
    """
    if sees not in (SIDES[name], "both"):
        return None if given is None else refuse(name, "be None: the contract sees none", given)
    if isinstance(given, str) or not isinstance(given, Iterable):
        why = "be given, one for each past observation and one for the interval that is running: the contract sees them"
        refuse(name, why, given)
    found = tuple(positive(f"{name}[{i}]", x) for i, x in enumerate(given))
    return found if len(found) == count else refuse(name, f"hold {count} numbers", found)


def in_order(fixings: Sequence[float], lows: Sequence[float] | None, highs: Sequence[float] | None) -> None:
    """Refuse extremes of the past that contradict each other, or the fixings at the ends of their intervals.

    Raises
    ------
    ValueError
        If a low is above the high of its interval or a fixing at one of its ends, or a high below such a fixing.
    """
    for i, low in enumerate(lows or ()):
        if highs is not None and _above(low, highs[i]):
            refuse(f"lows[{i}]", f"not be above highs[{i}], {highs[i]:g}", low)
    for name, seen in (("lows", lows), ("highs", highs)):
        for i, extreme in enumerate(seen or ()):
            for end in (i - 1, i):
                if not 0 <= end < len(fixings):
                    continue
                side, pair = (
                    ("above", (extreme, fixings[end])) if name == "lows" else ("below", (fixings[end], extreme))
                )
                if _above(*pair):
                    where = "begins" if end < i else "ends"
                    why = f"not be {side} fixings[{end}], {fixings[end]:g}, with which its interval {where}"
                    refuse(f"{name}[{i}]", why, extreme)


def _above(first: float, second: float) -> bool:
    return first > second * (1.0 + ROUNDING)


def joined(seen: Mapping[str, tuple[float, ...] | None], spot: AnyArray, running: bool) -> dict[str, AnyArray]:
    """Past extremes and those of spots to come, whose first interval may be running, (n_past + n_times, n_paths)."""
    found = dict[str, AnyArray]()
    for name, past in seen.items():
        if past is None:
            continue
        side = SIDES[name]
        rows = np.broadcast_to(np.array(past)[:, None], (len(past), spot.shape[-1]))
        if running:
            own, nearer = getattr(spot, side), np.minimum if side == "low" else np.maximum
            parts = [rows[:-1], nearer(own[:1], past[-1]), own[1:]]
            rows = np.concatenate([part for part in parts if part.shape[0]])
        found[side] = rows
    return found
