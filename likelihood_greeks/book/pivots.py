"""Totals of a book by underlying, maturity, product and own columns, with their errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .._checks import flag, list_of, one_of, refuse
from .assets.folding import as_nets, bare
from .assets.names import shared
from .buckets import SEPARATOR, place_of
from .currencies import UNKNOWN
from .group_totals import totals
from .joint import joint_of, netted
from .maturities import buckets
from .own_columns import own_of
from .subtotals import is_of_changes, subtotals
from .trades import NET
from .units import UNITS, are_buckets, checked_risk, in_units, scaled

NODE = "node"
KEYS = ("underlying", "bucket", NODE, "product", "currency", "trade_id")
NUMBERS = ["cash", "cash_standard_error", "note"]


def pivot(frame: pd.DataFrame, by: str | Sequence[str] = ("underlying",), *, reporting: bool = False) -> pd.DataFrame:
    r"""Totals of positions over groups of trades, in a desk's units, each within one currency.

    Trades on one underlying share their draws, so that variances of its trades do not add. A frame of `risk` knows by
    how much each batch of samples moves every number (``attrs["joint"]``, which Parquet files keep), so that the error
    of any total is that of its netted samples; different underlyings are independent. Without it (a CSV file), the
    error is exact for all trades on an underlying (the net rows have it), for a single trade and for exact ones. For
    others it is only known to be at most

    .. math:: \min\Bigl(\sum_{i \in G} s_i,\; s_{\text{net}} + \sum_{i \notin G} s_i\Bigr)

    and ``error`` says "at most" in place of "exact".

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to, net rows included. Frames of `explain_book`,
        `scenario_grid` and `stress` do as well.
    by : str or sequence of str
        Of "underlying", "bucket" (of maturity), "product", "currency", "trade_id" (of a trade on several assets the
        sums over these) and the book's own columns; none is the total of the book. Trades with a blank in an own column
        are a group. With "node" the totals are of the Greeks that
        the run split by nodes of the market (`risk`'s ``buckets``), node by node; errors of groups that are not whole
        underlyings are bounds.
    reporting : bool
        Whether positions are converted into the reporting currency before they are added. Those in a currency without
        a rate are not: they have rows of their own. Of frames of `risk` alone.

    Returns
    -------
    pandas.DataFrame
        A row a group, currency and unit: the keys, ``currency, unit, greek, value, standard_error, error, trades,
        doubtful``, the last the number of trades whose number has a note against it, unless that says of all of them
        only that their errors are roughly known, and these are negligible in the total's. ``currency`` is that of the
        values, empty if unknown: nothing is added across currencies, nor are known ones to an unknown one. Where the
        market had a reporting currency (and not if all is converted), ``reporting_currency, reporting_value,
        reporting_standard_error`` have each total in it. Of `explain_book` a row has all terms of its profit, each with
        its ``_standard_error``, of `scenario_grid` and `stress` there is a row a scenario, with its ``change`` and
        ``standard_error``, missing where a trade has no value under it; both with ``error, trades, doubtful``. Greeks
        without a unit in `desk_units` do not add up over underlyings, and are there only by underlying.

    Raises
    ------
    ValueError
        If a key is unknown, `frame` is not from `risk` or has a row twice, or there is no reporting currency.

    Examples
    --------
    >>> import pandas as pd
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> frame = lg.risk(book, market, ["delta"], seed=1)
    >>> lg.pivot(frame, "product")[["product", "unit", "value"]].round(2).values.tolist()
    [['call', 'price', 63.42], ['call', 'delta_cash', 569.87]]
    """
    flag("reporting", reporting)
    if is_of_changes(frame):
        if reporting:
            refuse("reporting", "be false for a frame of explain_book, scenario_grid or stress", reporting)
        return subtotals(frame, [by] if isinstance(by, str) else list_of("by", by, "columns"))
    keys = _keys(frame, [by] if isinstance(by, str) else list_of("by", by, "columns"))
    rows = _by_node(frame) if NODE in keys else scaled(frame)
    if reporting:
        rows = converted(rows)
    nets = _own_nets(rows)
    trades = rows[rows["trade_id"] != NET]
    if trades.empty:
        refuse("frame", "hold a trade at least", f"{len(frame)} rows")
    draws = trades[["underlying", "greek"]].set_axis(["draws", "label"], axis="columns")
    trades = as_nets(bare(trades), rows.loc[rows["trade_id"] == NET, "underlying"].unique())
    if "underlying" not in keys:
        draws = draws.assign(label=trades["greek"])
    if "bucket" in keys:
        trades = trades.assign(bucket=buckets(trades["maturity"]))
    if "underlying" not in keys:
        trades = trades[trades["greek"].str.partition(SEPARATOR)[0].isin(UNITS.keys())]
        draws = draws.loc[trades.index]
    outer = [*(key for key in keys if key != "currency"), "currency", "unit", "greek"]
    group = trades.groupby(outer, sort=False, observed=True, dropna=False).ngroup().rename("group")
    numbers = pd.concat([trades[[*NUMBERS, "fx"]], draws, group], axis="columns")
    joint = None if NODE in keys else joint_of(frame)
    errors = netted(rows.loc[trades.index], joint, [group, draws["draws"], draws["label"]])
    found = totals(numbers, nets, errors)
    found["trades"] = trades["trade_id"].groupby(group).nunique()
    found = trades.loc[~group.duplicated(), outer].set_axis(group.unique()).join(found).reset_index(drop=True)
    if "bucket" in keys:
        found = found.sort_values([*keys], kind="stable", ignore_index=True)
    if NODE in keys:
        found = _in_order(found, keys)
    rate = found.pop("fx")
    if reporting or rate.isna().all():
        return found
    return found.assign(
        reporting_currency=np.where(rate.notna(), reports_in(frame), UNKNOWN),
        reporting_value=rate * found["value"],
        reporting_standard_error=rate * found["standard_error"],
    )


def _in_order(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Totals by node with the names of their Greeks, nodes by years and strike within the other keys."""
    found = found.assign(greek=found["greek"].str.partition(SEPARATOR)[0])
    others = [pd.factorize(found[key])[0] for key in (*(key for key in keys if key != NODE), "currency", "greek")]
    places = [place_of(node) for node in found[NODE]]
    order = sorted(range(len(found)), key=lambda k: (*(codes[k] for codes in others), *places[k]))
    return found.iloc[order].reset_index(drop=True)


def _by_node(frame: pd.DataFrame) -> pd.DataFrame:
    """The buckets of a frame as rows of `scaled`, each a Greek of its own."""
    checked_risk(frame)
    if not (split := are_buckets(frame)).any():
        refuse("by", "go without node: the run was not split by nodes of the market (buckets=...)", NODE)
    rows = in_units(frame[split])
    names = rows["bucket"].astype(str)
    return rows.assign(node=names, greek=rows["greek"] + SEPARATOR + names)


def _keys(frame: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """The keys, once each, refused unless there are such."""
    known = [*KEYS, *(own_of(frame) if isinstance(frame, pd.DataFrame) else [])]
    return list(dict.fromkeys(one_of("by", key, known) for key in by))


def reports_in(frame: pd.DataFrame) -> str:
    """The reporting currency of a frame of `risk`; `UNKNOWN` without one, or without any rate."""
    rates = frame["fx"].notna() if "fx" in frame.columns else pd.Series(dtype=bool)
    return str(frame.loc[rates, "reporting_currency"].iloc[0]) if rates.any() else UNKNOWN


def converted(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `scaled` with their numbers in the reporting currency, where there is a rate."""
    known = rows["fx"].notna()
    if not known.any():
        refuse("reporting", "be false where the market of the run had no reporting currency and rates", True)
    rate = rows["fx"].where(known, 1.0)
    return rows.assign(
        cash=rate * rows["cash"],
        cash_standard_error=rate * rows["cash_standard_error"],
        currency=rows["reporting_currency"].where(known, rows["currency"]),
    )


def _own_nets(rows: pd.DataFrame) -> pd.Series:
    """The errors of nets by underlying and Greek, where these hold the trades on their underlying alone."""
    nets = rows[(rows["trade_id"] == NET) & ~rows["underlying"].isin(shared(rows["underlying"].unique()))]
    return nets.set_index(["underlying", "greek"])["cash_standard_error"]
