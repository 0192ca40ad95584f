"""Limits of a book: totals of Greeks against what a desk may hold, with the noise of the totals in mind."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from .._checks import refuse
from .assets.names import are_several, joined, names_of
from .calendars import nearest
from .cells import text_of
from .currencies import UNKNOWN
from .limit_reading import BOOK, NEAR, OTHERS, Known, Limit, Limits, read_limits
from .pivots import pivot, reports_in
from .reading import BookWarning
from .trades import NET
from .units import unit_of

NOISE = 2.0
"""Standard errors within which a total and its limit cannot be told apart."""
BREACHED, UNDECIDED, CLOSE, INSIDE = "breached", "within noise", "near", "inside"
VERDICTS = (BREACHED, UNDECIDED, CLOSE, INSIDE)
"""From the worst to the best."""

COLUMNS = ["greek", "unit", "by", "group", "currency", "value", "standard_error", "limit", "used", "verdict", "note"]

NO_POSITION = "no position"
"""What is noted of a group without a trade: it keeps its limit."""
OF_PRICED = f"{NO_POSITION} among the trades that could be priced"


def check_limits(
    frame: pd.DataFrame, limits: Mapping[str, Any] | str | os.PathLike[str], *, near: float | None = None
) -> pd.DataFrame:
    """Totals of a book against limits: breached, near, or within noise of the limit.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to.
    limits : mapping or path
        A table a Greek; in it ``book`` is the limit of the whole book, and a table a column (``underlying``,
        ``product``, ``bucket`` of maturity, a column of the book's own) has the limits of its groups by name, ``"*"``
        that of every other one. A named group without a trade is inside, with a total of zero. All are the largest
        absolute totals, in the units of `desk_units`. ``near`` is the share of a limit from which a total is near it,
        at most 1, 0.8 if it is not there. A path names a TOML file.
    near : float, optional
        In place of that of the limits.

    Returns
    -------
    pandas.DataFrame
        A row a limit and group, the worst first: ``greek, unit, by, group, currency, value, standard_error, limit,
        used`` (the total over the limit), ``verdict`` and ``note``: "within noise" if the total is closer to the limit
        than two of its standard errors, so that more paths have to tell; else "breached", "near" or "inside"; the note
        is "no position" of a group without a trade, and what may be meant, with a warning, if its name is much like
        that of a group of the run without a limit of its own. Totals are in the reporting currency where the market
        of the run had one, and else within each currency; those of groups by ``currency`` are each in its own.

    Raises
    ------
    ValueError, TypeError
        If a limit is not positive, of a Greek or a column that the run does not have, `near` is no share, or `frame` is
        not from `risk`. Refusals of a file have its name.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 100,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> frame = lg.risk(book, market, ["delta", "vega"])
    >>> found = lg.check_limits(frame, {"delta": {"book": 5_000}, "vega": {"underlying": {"*": 4_000}}})
    >>> found[["greek", "group", "limit", "verdict"]].values.tolist()
    [['delta', 'book', 5000.0, 'breached'], ['vega', 'X', 4000.0, 'inside']]
    """
    if not isinstance(frame, pd.DataFrame) or not {"trade_id", "greek", "value"} <= {*frame.columns}:
        given = [*map(str, frame.columns)] if isinstance(frame, pd.DataFrame) else frame
        refuse("frame", "be from risk: limits are of Greeks", given)
    return judged(frame, read_limits(limits, Known.of(frame), near=near))


def judged(frame: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """The frame of `check_limits`, of limits that have been read."""
    rows = [row for limit in limits.own for row in _judged(frame, limit, limits)]
    found = pd.DataFrame(rows, columns=COLUMNS)
    order = found["verdict"].map({verdict: k for k, verdict in enumerate(VERDICTS)})
    return found.assign(order=order).sort_values(["order", "used"], ascending=[True, False], kind="stable").drop(
        columns="order"
    ).reset_index(drop=True)  # fmt: skip


def _judged(frame: pd.DataFrame, limit: Limit, limits: Limits) -> Iterator[dict[str, Any]]:
    """The rows of a limit: one a group and currency that it is for."""
    keys = [] if limit.by == BOOK and limit.group == BOOK else [limit.by]
    reporting = reports_in(frame) if limit.by != "currency" else UNKNOWN
    totals = pivot(frame, keys, reporting=reporting != UNKNOWN)
    totals = totals[totals["greek"] == limit.greek]
    names = totals[limit.by].map(_name).astype(str) if keys else pd.Series(BOOK, index=totals.index)
    if limit.group == OTHERS:
        totals = totals[names.isin(_without_limit(names, limit, limits))]
    elif (own := names.map(_order) == _order(limit.group)).any():
        totals = totals[own]
    else:
        note = OF_PRICED if frame.attrs.get("problems") else NO_POSITION
        several = _named_together(limit, [*names.unique()])
        likely = nearest(limit.group, _without_limit(names, limit, limits))
        if several:
            note += f": {' and '.join(several)} have a total each, with their parts of sets"
        elif likely:
            note += f"; did you mean {likely!r}?"
        if several or likely:
            line = f"limits: {limit.greek}.{limit.by} names {limit.group!r}, which has {note}"
            warnings.warn(line, BookWarning, stacklevel=2)
        none = {"currency": reporting or _only_currency(frame), "value": 0.0, "standard_error": 0.0, "note": note}
        yield _row(limit, limit.group, none, limits.near)
        return
    for name, total in zip(names[totals.index], totals.to_dict("records"), strict=True):
        yield _row(limit, name, total | {"note": ""}, limits.near)


def _order(group: str) -> str:
    """The name of a group; of a pair or a set of underlyings without its order."""
    return joined(sorted(names_of(group))) if are_several(group) else group


def _named_together(limit: Limit, names: Collection[str]) -> list[str]:
    """The underlyings that a limit names in one, by bars or commas: none of them, if that is not what it does."""
    parts = [part.strip() for part in re.split(r"[|;,]", limit.group)] if limit.by == "underlying" else []
    sets = len(parts) > 1 and (are_several(limit.group) or {*parts} <= {*names})
    return parts if sets else []


def _without_limit(names: pd.Series, limit: Limit, limits: Limits) -> list[str]:
    """Groups of the run that have no limit of their own: one of them may be meant by a name that is none."""
    named = {own.group for own in limits.own if (own.greek, own.by) == (limit.greek, limit.by)}
    return [name for name in names.unique() if name not in named]


def _row(limit: Limit, group: str, total: Mapping[Any, Any], near: float) -> dict[str, Any]:
    """A row of the frame: a total with its standard error against its limit."""
    value, error = float(total["value"]), float(total["standard_error"])
    return {
        "greek": limit.greek, "unit": unit_of(limit.greek).name, "by": limit.by, "group": group,
        "currency": total["currency"], "value": value, "standard_error": error, "limit": limit.most,
        "used": abs(value) / limit.most, "verdict": verdict(value, error, limit.most, near), "note": total["note"],
    }  # fmt: skip


def _name(cell: object) -> str:
    """The name of a group as a file of limits writes it: whole numbers without a point, days without a time."""
    if isinstance(cell, pd.Timestamp) and cell == cell.normalize():
        return cell.date().isoformat()
    return text_of(cell)


def _only_currency(frame: pd.DataFrame) -> str:
    """The currency of all trades; `UNKNOWN` if there are several."""
    found = frame.loc[frame["trade_id"] != NET, "currency"].unique()
    return str(found[0]) if len(found) == 1 else UNKNOWN


def verdict(value: float, error: float, most: float, near: float = NEAR) -> str:
    """What a total with a standard error is against a limit; one that is no number is not known to be inside."""
    size = abs(value)
    if not np.isfinite(size) or not np.isfinite(error) or abs(size - most) < NOISE * error:
        return UNDECIDED
    return BREACHED if size > most else CLOSE if size >= near * most else INSIDE
