"""Totals of a book by underlying, maturity and product, with errors that are exact or said to be bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .._checks import one_of
from .trades import NET
from .units import UNITS, scaled

KEYS = ("underlying", "bucket", "product")

BUCKETS = {31: "to 1M", 92: "to 3M", 184: "to 6M", 366: "to 1Y", 731: "to 2Y", 1827: "to 5Y"}
"""Names by the last day counted in: calendar months and years at their longest."""

LATER = "over 5Y"


def buckets(maturities: pd.Series) -> pd.Categorical:
    """The maturity buckets, in order, of maturities in years (Actual/365)."""
    edges, labels = [0.0, *map(float, BUCKETS), np.inf], [*BUCKETS.values(), LATER]
    return pd.Categorical(pd.cut(np.round(maturities * 365.0), edges, labels=labels))


def pivot(frame: pd.DataFrame, by: str | Sequence[str] = ("underlying",)) -> pd.DataFrame:
    r"""Totals of positions over groups of trades, in a desk's units.

    Trades on one underlying share their draws, so that variances of its trades do not add. The error of a total is
    exact for all trades on an underlying (the net rows have it) and for a single trade; different underlyings are
    independent. For some of the trades on an underlying it is only known to be at most

    .. math:: \min\Bigl(\sum_{i \in G} s_i,\; s_{\text{net}} + \sum_{i \notin G} s_i\Bigr)

    and ``error`` says "at most" in place of "exact". A total that needs its own error is the net of a book of its own.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to, net rows included.
    by : str or sequence of str
        Of "underlying", "bucket" (of maturity), "product"; none is the total of the book. All totals are sums of
        currency: underlyings in several currencies must not be added up.

    Returns
    -------
    pandas.DataFrame
        A row a group and unit: the keys, ``unit, greek, value, standard_error, error, trades, doubtful``, the last the
        number of trades whose number has a note against it. Greeks without a unit in `desk_units` do not add up over
        underlyings, and are there only by underlying.

    Raises
    ------
    ValueError
        If a key is unknown, or `frame` is not from `risk`.
    """
    keys = [one_of("by", key, KEYS) for key in ([by] if isinstance(by, str) else by)]
    rows = scaled(frame)
    trades = rows[rows["trade_id"] != NET].assign(bucket=lambda own: buckets(own["maturity"]))
    if "underlying" not in keys:
        trades = trades[trades["greek"].isin(UNITS.keys())]
    nets = rows[rows["trade_id"] == NET].set_index(["underlying", "greek"])["cash_standard_error"]
    inner = list(dict.fromkeys([*keys, "underlying", "unit", "greek"]))
    parts = _sums(trades, inner, {"standard_error": ("cash_standard_error", "sum"), "trades": ("cash", "size")})
    whole = _sums(trades, ["underlying", "greek"], {"all": ("cash_standard_error", "sum"), "n": ("cash", "size")})
    parts = parts.merge(whole[["underlying", "greek", "all", "n"]], how="left").merge(
        nets.rename("net").reset_index(), how="left"
    )
    full, alone = (parts["trades"] == parts["n"]) & parts["net"].notna(), parts["trades"] == 1
    rest = parts["net"] + parts["all"] - parts["standard_error"]
    bound = np.fmin(parts["standard_error"], rest.where(parts["standard_error"].notna()))
    own = parts["net"].where(full & ~alone, parts["standard_error"].where(alone, bound))
    parts = parts.assign(square=own**2, bounds=~(full | alone))
    outer = [*keys, "unit", "greek"]
    totals = parts.groupby(outer, sort=False, observed=True).agg(
        value=("value", "sum"), square=("square", lambda x: x.sum(skipna=False)), bounds=("bounds", "any"),
        trades=("trades", "sum"), doubtful=("doubtful", "sum"),
    ).reset_index()  # fmt: skip
    totals["standard_error"] = np.sqrt(totals.pop("square"))
    totals["error"] = np.where(totals.pop("bounds"), "at most", "exact")
    if "bucket" in keys:
        totals = totals.sort_values(keys, kind="stable", ignore_index=True)
    return totals[[*outer, "value", "standard_error", "error", "trades", "doubtful"]]


def _sums(trades: pd.DataFrame, keys: list[str], more: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Sums over groups: the value, how many numbers are doubtful, and `more`."""
    marked = trades.assign(marked=trades["note"] != "")
    grouped = marked.groupby(keys, sort=False, observed=True)
    return grouped.agg(value=("cash", "sum"), doubtful=("marked", "sum"), **more).reset_index()
