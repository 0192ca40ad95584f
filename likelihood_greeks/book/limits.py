"""Limits of a book: totals of Greeks against what a desk may hold, with the noise of the totals in mind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import pandas as pd

from .._checks import one_of, path_of, positive, refuse, within
from .currencies import UNKNOWN
from .market_reading import parsed
from .pivots import pivot, reports_in
from .trades import NET
from .units import unit_of

NEAR = 0.8
"""Share of a limit from which a total is near it, unless the limits say another."""
NOISE = 2.0
"""Standard errors within which a total and its limit cannot be told apart."""
BOOK, OTHERS = "book", "*"
BREACHED, UNDECIDED, CLOSE, INSIDE = "breached", "within noise", "near", "inside"
VERDICTS = (BREACHED, UNDECIDED, CLOSE, INSIDE)
"""From the worst to the best."""

COLUMNS = ["greek", "unit", "by", "group", "currency", "value", "standard_error", "limit", "used", "verdict"]


@final
@dataclass(frozen=True, slots=True)
class Limit:
    """The largest absolute total of a Greek, in a desk's unit, of the groups that it is for.

    Parameters
    ----------
    greek : str
    by : str
        What groups the trades; `BOOK` is the whole book.
    group : str
        Its name; `OTHERS` are all that have no limit of their own.
    most : float
    """

    greek: str
    by: str
    group: str
    most: float


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
        that of every other one. All are the largest absolute totals, in the units of `desk_units`. ``near`` is the
        share of a limit from which a total is near it, 0.8 if it is not there. A path names a TOML file.
    near : float, optional
        In place of that of the limits.

    Returns
    -------
    pandas.DataFrame
        A row a limit and group, the worst first: ``greek, unit, by, group, currency, value, standard_error, limit,
        used`` (the total over the limit) and ``verdict``: "within noise" if the total is closer to the limit than two
        of its standard errors, so that more paths have to tell, or else "breached", "near" or "inside". Totals are in
        the reporting currency where the market of the run had one, and else within each currency.

    Raises
    ------
    ValueError, TypeError
        If a limit is not positive, of a Greek or a group that the run does not have, or `frame` is not from `risk`.

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
    table = limits if isinstance(limits, Mapping) else parsed(_file(limits))
    with within("limits"):
        known = [str(greek) for greek in frame["greek"].unique()] if isinstance(frame, pd.DataFrame) else []
        wanted = list(_read({name: own for name, own in table.items() if name != "near"}, known))
        share = positive("near", table.get("near", NEAR) if near is None else near)
    rows = [row for limit in wanted for row in _judged(frame, limit, wanted, share)]
    found = pd.DataFrame(rows, columns=COLUMNS)
    order = found["verdict"].map({verdict: k for k, verdict in enumerate(VERDICTS)})
    return found.assign(order=order).sort_values(["order", "used"], ascending=[True, False], kind="stable").drop(
        columns="order"
    ).reset_index(drop=True)  # fmt: skip


def _file(limits: str | os.PathLike[str]) -> Path:
    return path_of("limits", limits)


def _read(table: Mapping[str, Any], known: list[str]) -> Iterator[Limit]:
    """The limits of a table, refused where they are none."""
    for greek, own in table.items():
        one_of("greek", greek, known)
        with within(greek):
            if not isinstance(own, Mapping):
                refuse("limit", "be a table: book = ..., or groups by a column", own)
            for by, groups in own.items():
                if by == BOOK and not isinstance(groups, Mapping):
                    yield Limit(greek, BOOK, BOOK, positive(BOOK, groups))
                    continue
                if not isinstance(groups, Mapping):
                    refuse(by, 'be a table of groups with their limits, "*" for all others', groups)
                for group, most in groups.items():
                    yield Limit(greek, by, str(group), positive(f"{by}.{group}", most))


def _judged(frame: pd.DataFrame, limit: Limit, all_of_them: list[Limit], near: float) -> Iterator[dict[str, Any]]:
    """The rows of a limit: one a group and currency that it is for."""
    keys = [] if limit.by == BOOK and limit.group == BOOK else [limit.by]
    totals = pivot(frame, keys, reporting=reports_in(frame) != UNKNOWN)
    totals = totals[totals["greek"] == limit.greek]
    names = totals[limit.by].astype(str) if keys else pd.Series(BOOK, index=totals.index)
    if limit.group == OTHERS:
        named = {own.group for own in all_of_them if (own.greek, own.by) == (limit.greek, limit.by)}
        totals = totals[~names.isin(named)]
    elif not (names == limit.group).any():
        every = frame.loc[frame["trade_id"] != NET, limit.by].astype(str) if limit.by in frame.columns else names
        one_of(limit.by, limit.group, [*dict.fromkeys([*names, *every])])
        return
    else:
        totals = totals[names == limit.group]
    for name, row in zip(names[totals.index], totals.to_dict("records"), strict=True):
        value, error = float(row["value"]), float(row["standard_error"])
        yield {
            "greek": limit.greek, "unit": unit_of(limit.greek).name, "by": limit.by, "group": name,
            "currency": row["currency"], "value": value, "standard_error": error, "limit": limit.most,
            "used": abs(value) / limit.most, "verdict": verdict(value, error, limit.most, near),
        }  # fmt: skip


def verdict(value: float, error: float, most: float, near: float = NEAR) -> str:
    """What a total with a standard error is against a limit; one that is no number is not known to be inside."""
    size = abs(value)
    if not np.isfinite(size) or not np.isfinite(error) or abs(size - most) < NOISE * error:
        return UNDECIDED
    return BREACHED if size > most else CLOSE if size >= near * most else INSIDE
