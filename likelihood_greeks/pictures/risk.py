"""Pictures of a book's risk: by underlying and maturity, and what it gains when a spot moves."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._checks import one_of, refuse
from .._words import number
from ..book.currencies import UNKNOWN
from ..book.pivots import pivot, reports_in
from ..book.units import checked_risk, unit_of

# Matplotlib is imported where a figure is made, as in `pictures.comparison`.
if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE, DPI = (7.0, 3.6), 100  # inches: 700 by 360 pixels
STYLES = (
    ("#0072B2", ""), ("#E69F00", "//"), ("#009E73", ".."), ("#CC79A7", "\\\\"), ("#56B4E9", "xx"), ("0.6", ""),
)  # fmt: skip
"""Colour and hatching by underlying, the last of all others. M. Okabe and K. Ito, *Color Universal Design*, 2008."""

OTHERS = "others"
BAND = 2.0  # standard errors drawn each way


def risk_by_maturity(
    frame: pd.DataFrame, greek: str = "delta", axes: Axes | None = None, *, currency: str | None = None
) -> Axes:
    """Draw a Greek of the book, in a desk's unit, by maturity and underlying.

    One picture is in one currency: the reporting currency, where the market had one and rates for all.

    The lines on the bars are two standard errors each way: of the total if it is one trade or all of an underlying,
    otherwise of what the error is at most (see `pivot`).

    Parameters
    ----------
    frame : pandas.DataFrame
        From `risk`, or read from the file that it was written to.
    greek : str
        One of the frame's.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    currency : str, optional
        Which of several currencies to draw; an empty one is that of trades of which nobody says it.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the frame is not from `risk`, has no trades, does not have the Greek, or is in several currencies and none
        is chosen.

    Examples
    --------
    >>> import pandas as pd
    >>> import matplotlib.pyplot as plt
    >>> import likelihood_greeks as lg
    >>> book = pd.DataFrame([{"trade_id": "A", "underlying": "X", "product": "call", "quantity": 10,
    ...                       "maturity": "2025-07-01", "strike": 100}])
    >>> market = {"valuation_date": "2025-01-01", "underlyings": {"X": {
    ...     "spot": 100.0, "zero_rate": 0.03, "implied_volatility": 0.2}}}
    >>> axes = lg.plot_risk(lg.risk(book, market, ["delta"], seed=1), "delta")
    >>> axes.get_title()
    'Delta cash by maturity and underlying'
    >>> plt.close(axes.figure)
    """
    frame = checked_risk(frame)
    one_of("greek", greek, sorted(set(frame["greek"])))
    own = frame[frame["greek"] == greek]
    totals = pivot(own, ["underlying", "bucket"], reporting=reports_in(own) != UNKNOWN)
    if totals.empty:
        refuse("frame", "have a trade", len(frame))
    known = list(totals["currency"].unique())
    currency = one_of("currency", known[0] if len(known) == 1 and currency is None else currency, known)
    totals = totals[totals["currency"] == currency]
    axes = _axes(axes)
    present = totals["bucket"].cat.remove_unused_categories()
    totals = totals.assign(place=present.cat.codes, name=_names(totals))
    names = list(dict.fromkeys(totals.sort_values("name", key=lambda x: x == OTHERS, kind="stable")["name"]))
    width = 0.8 / len(names)
    for (k, name), (colour, hatch) in zip(enumerate(names), cycle(STYLES), strict=False):
        own = totals[totals["name"] == name].assign(square=lambda x: x["standard_error"] ** 2)
        own = own.groupby("place")[["value", "square"]].sum()
        at = own.index.to_numpy() + (k - (len(names) - 1) / 2) * width
        style: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white", "label": name}
        axes.bar(at, own["value"], 0.92 * width, **style)
        _whiskers(axes, at, own["value"], BAND * np.sqrt(own["square"]))
    axes.set_xticks(range(len(present.cat.categories)), list(present.cat.categories))
    axes.set_title(f"{unit_of(greek).title[:1].upper()}{unit_of(greek).title[1:]} by maturity and underlying")
    axes.set_xlabel("time to maturity")
    axes.set_ylabel(f"{unit_of(greek).title}\n({currency or 'currency'}; lines: ±{BAND:g} s.e. at most)")
    if len(names) > 1:
        axes.legend(title="underlying", fontsize=8, title_fontsize=8)
    return axes


def ladder_of(table: pd.DataFrame, underlying: str, axes: Axes | None = None) -> Axes:
    """Draw what the position in an underlying gains when its spot moves.

    Parameters
    ----------
    table : pandas.DataFrame
        From `ladder`.
    underlying : str
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the table has no such underlying.
    """
    own = table[table["underlying"] == one_of("underlying", underlying, list(table["underlying"].unique()))]
    currency = own["currency"].iloc[0] if "currency" in own else UNKNOWN
    still = pd.DataFrame({"move": [0.0], "change": [0.0], "standard_error": [0.0]})
    own = pd.concat([own[still.columns], still]).sort_values("move")
    axes = _axes(axes)
    axes.axvline(0.0, color="0.7", linewidth=0.8)
    axes.plot(100.0 * own["move"], own["change"], "o-", color=STYLES[0][0], markersize=4)
    _whiskers(axes, 100.0 * own["move"], own["change"], BAND * own["standard_error"])
    axes.set_xlabel(f"move of {underlying} (%)")
    axes.set_ylabel(f"gain of the position\n({currency or 'currency'}; lines: ±{BAND:g} s.e.)")
    return axes


def _axes(axes: Axes | None) -> Axes:
    """Axes with what all pictures here have in common."""
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(figsize=SIZE, dpi=DPI, layout="constrained")
    axes.axhline(0.0, color="0.3", linewidth=0.8)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_formatter(lambda value, _: _short(value))
    return axes


def _whiskers(axes: Axes, x: Any, y: Any, half: Any) -> None:
    axes.errorbar(x, y, half, fmt="none", ecolor="black", elinewidth=1.0, capsize=3.0)


def _short(value: float) -> str:
    """A tick: 1.5m for 1,500,000."""
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}" if abs(value) >= 1e-3 or value == 0.0 else number(value, 2)


def _names(totals: pd.DataFrame) -> pd.Series:
    """The underlyings, the smaller ones beyond what there are styles for as `OTHERS`."""
    sizes = totals["value"].abs().groupby(totals["underlying"]).sum().nlargest(len(STYLES))
    kept = list(sizes.index) if totals["underlying"].nunique() <= len(STYLES) else list(sizes.index[:-1])
    return totals["underlying"].where(totals["underlying"].isin(kept), OTHERS)
