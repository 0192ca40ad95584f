"""A picture of a book's risk by node of the market: vega by strike and maturity as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._checks import refuse
from .._words import number
from ..book.buckets import place_of
from ..book.pivots import pivot
from ..book.units import are_buckets, unit_of
from .style import entitle, heated, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def by_strike(frame: pd.DataFrame, underlying: str) -> pd.DataFrame:
    """Vega of the position in an underlying by strike (rows) and years, in a desk's unit; empty if it is not split."""
    rows = frame[are_buckets(frame) & (frame["underlying"] == underlying) & (frame["greek"] == "vega")]
    if rows.empty:
        return pd.DataFrame()
    rows = rows[rows["bucket"].astype(str).str.contains(" x ", regex=False)]
    if rows.empty:
        return pd.DataFrame()
    own = pd.concat([frame[~are_buckets(frame) & (frame["underlying"] == underlying)], rows])
    totals = pivot(own, ["underlying", "node"])
    places = [place_of(node) for node in totals["node"]]
    table = pd.DataFrame({"years": [p[0] for p in places], "strike": [p[1] for p in places], "value": totals["value"]})
    return table.pivot_table(index="strike", columns="years", values="value", aggfunc="sum").sort_index(ascending=False)


def heat_map(frame: pd.DataFrame, underlying: str, axes: Axes | None = None) -> Axes:
    """Draw the vega of the position in an underlying by quote of its surface: strikes by years.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk` with ``buckets=["vega"]``.
    underlying : str
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the frame has no vega by strike and maturity of the underlying.
    """
    table = by_strike(frame, underlying)
    if table.empty:
        refuse("frame", f"have vega by strike and maturity of {underlying}: buckets=['vega']", len(frame))
    axes = place(axes)
    _, colours = heated(axes, table.to_numpy())
    for ((i, j), value), colour in zip(np.ndenumerate(table.to_numpy()), colours, strict=True):
        if np.isfinite(value):
            axes.text(j, i, number(value, 2), ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(table.shape[1]), [f"{years:.3g}" for years in table.columns])
    axes.set_yticks(range(table.shape[0]), [f"{strike:g}" for strike in table.index])
    axes.set_xlabel("years")
    axes.set_ylabel(f"strike\n({unit_of('vega').title})")
    entitle(axes, f"vega of {underlying} by quote")
    return axes
