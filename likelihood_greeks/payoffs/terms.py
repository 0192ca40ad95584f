"""Terms of contracts that may differ by date."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._checks import dates, number, refuse
from .._typing import AnyArray


def by_date(name: str, value: Any, count: int, least: float, endless: bool = False) -> tuple[float, ...]:
    """A number for each date, from one for all or a list; none below `least`, and infinite ones only if `endless`."""
    listed = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,) * count
    if len(listed) != count:
        refuse(name, f"be one number, or one for each of the {count} dates", value)
    for k, entry in enumerate(listed):
        x = number(f"{name}[{k}]", entry)
        if not (x >= least and (x < np.inf or endless)):
            bounds = [f"at least {least:g}"] * (least > -np.inf) + ["finite"] * (not endless)
            refuse(f"{name}[{k}]", f"be {' and '.join(bounds) or 'a number'}", entry)
    return tuple(map(float, listed))


def merged(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[float, ...]:
    """All dates of two lists, in order."""
    return tuple(sorted({*first, *second}))


def snapped(name: str, values: Any, onto: tuple[float, ...]) -> tuple[float, ...]:
    """Increasing dates, those that equal one of `onto` to rounding made the same; none after the last of these."""
    found = tuple(next((x for x in onto if abs(x - t) <= 1e-12 * x), t) for t in dates(name, values))
    if found[-1] > onto[-1]:
        refuse(name, f"not be after the maturity {onto[-1]:g}", found[-1])
    return found


def verify_rows(times: tuple[float, ...], spot: AnyArray) -> None:
    """Refuse spots that are not one row a date, as a past put before a contract that counts its dates would give.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    if len(spot) != len(times):
        refuse("fixings", f"not be put before a contract whose {len(times)} dates have terms of their own", len(spot))


def rows_of(some: tuple[float, ...], every: tuple[float, ...]) -> list[int]:
    """Where some dates stand among all."""
    places = {time: row for row, time in enumerate(every)}
    return [places[time] for time in some]
