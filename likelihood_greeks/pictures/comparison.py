"""What `compare` found, for people: a picture and a table, in which a wrong answer does not look like a cheap one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from .._checks import one_of, refuse, writable
from .._neutral import printable
from .._outputs import written
from .._words import number, ratio, with_error

# Matplotlib is imported where a figure is made: `import likelihood_greeks` takes 0.6 s, and 0.2 s more with even
# `matplotlib.axes` alone.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLAIN = "likelihood ratio"
FAR = 4.0  # standard errors that a biased method lies from the best unbiased one before its bias is said to be seen
CHEAPEST = 1e-9  # costs below this share are drawn at the left edge: a perfect control leaves only rounding
SUFFIXES = (".png", ".pdf", ".svg")
SIZE, DPI = (8.0, 5.0), 100  # inches: 800 by 500 pixels

COLUMNS = {"cost": "work_normalised_variance", "error": "standard_error"}
TITLES = {"cost": "work for the same error", "error": "standard error from the same paths"}
"""What may be shown, over that of plain likelihood ratio."""

STYLES = (
    ("#000000", "o"), ("#56B4E9", "s"), ("#0072B2", "D"), ("#009E73", "^"), ("#E69F00", "v"), ("#D55E00", "p"),
    ("#CC79A7", "<"),
)  # fmt: skip
"""Colour and marker by method, in order. Colours: M. Okabe and K. Ito, *Color Universal Design*, 2008."""

FILL: Mapping[str, dict[str, Any]] = {
    "unbiased": {},
    "doubtful": {"fillstyle": "bottom", "markerfacecoloralt": "white"},
    "biased": {"markerfacecolor": "white"},
    "bias seen": {"markerfacecolor": "white"},
}
"""Markers by judgement: only an answer to be believed is filled."""


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame of `compare` with three more columns: what the error costs, and whether to believe the value.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `compare`; rows may have been left out, but not those of plain likelihood ratio.

    Returns
    -------
    pandas.DataFrame
        ``cost`` and ``error`` are the work-normalised variance and the standard error over those of plain likelihood
        ratio: NaN where there is no value, or nothing to divide by. ``judgement`` is "unbiased", "doubtful" (unbiased,
        with a note), "biased", "bias seen" (more than 4 standard errors from the most accurate unbiased method) or
        "no answer".

    Raises
    ------
    ValueError
        If the frame lacks the rows or columns that this takes.
    """
    wanted = ["value", "standard_error", "work_normalised_variance", "unbiased", "note"]
    if list(frame.index.names) != ["greek", "method"] or not set(wanted) <= set(frame.columns):
        refuse("frame", "come from compare()", list(frame.reset_index().columns))
    compared = [greek for greek, method in frame.index if method == PLAIN]
    if not compared or (set(frame.index.unique("greek")) - set(compared)):
        refuse("frame", f"have a row of {PLAIN} for every Greek", sorted(compared))
    found = []
    for _, rows in frame.groupby(level="greek", sort=False):
        plain = rows.xs(PLAIN, level="method").iloc[0]
        best = rows[rows["unbiased"]].sort_values("standard_error").iloc[0]
        gap = (rows["value"] - best["value"]).abs()
        off = ~rows["unbiased"] & (gap > FAR * np.hypot(rows["standard_error"], best["standard_error"]))
        judgement = np.select(
            [~np.isfinite(rows["value"]), off, ~rows["unbiased"], rows["note"] != ""],
            ["no answer", "bias seen", "biased", "doubtful"],
            "unbiased",
        )
        shares = {
            name: (rows[column] / (float(plain[column]) or np.nan)).where(np.isfinite(rows["value"]))
            for name, column in COLUMNS.items()
        }
        found.append(rows.assign(**shares, judgement=judgement))
    return pd.concat(found)


def table(frame: pd.DataFrame, title: str) -> Table:
    """A block a Greek and a row a method, narrow enough for a terminal of 100 columns."""
    caption = (
        f"cost: squared s.e. × seconds, {PLAIN} = 1; lower is better, if the answer is right.\n"
        f"bias seen: over {FAR:g} s.e. from the most accurate unbiased method."
    )
    drawn = Table(title=escape(printable(title)), caption=caption, box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("method", "value ± s.e.", "seconds", "cost", "judgement"):
        drawn.add_column(column, justify="left" if column in ("method", "judgement") else "right", no_wrap=True)
    for greek, rows in judged(frame).groupby(level="greek", sort=False):
        drawn.add_row(f"[bold]{escape(str(greek))}[/bold]")
        for row in _listed(rows):
            drawn.add_row(
                f"  {escape(row.method)}",
                with_error(row.value, row.standard_error),
                number(row.seconds, 3),
                ratio(row.cost, 2) if row.cost > 0.0 else "-",
                row.judgement,
            )
    return drawn


def _listed(rows: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples, the index included."""
    return rows.reset_index().itertuples(index=False)


def remarks(frame: pd.DataFrame) -> list[str]:
    """The notes of the frame, each once, with the Greeks and the method that it is about."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in _listed(frame):
        for note in filter(None, row.note.split("; ")):
            found.setdefault((row.method, note), []).append(row.greek)
    return [f"{', '.join(greeks)} ({method}): {note}" for (method, note), greeks in found.items()]


def comparison(frame: pd.DataFrame, axes: Axes | None = None, *, show: str = "cost") -> Axes:
    """Draw what a given accuracy costs by each method, or its error, relative to plain likelihood ratio.

    Filled marks are unbiased; half filled ones are too, but have a note against them. Hollow ones are biased, and
    crossed out if the bias is seen: more than 4 standard errors from the most accurate unbiased method. A mark at the
    left edge has no variance; a method without an answer says so.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `compare`; rows may be left out, but not those of plain likelihood ratio.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given. The legend stands to the right of it: make its figure with
        ``layout="constrained"``.
    show : {"cost", "error"}
        Squared standard error times seconds, which is the work for the same error, or the standard error from the
        same number of paths, which leaves the time out; the seconds of each method are in the legend.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `frame` does not come from `compare`, or `show` is another word.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import likelihood_greeks as lg
    >>> model, call = lg.GBM(spot=100.0, volatility=0.2, rate=0.03), lg.Call(100.0, maturity=1.0)
    >>> found = lg.compare(model, lg.DigitalCall(100.0, maturity=1.0), ["delta"], paths=4096, seed=1)
    >>> axes = lg.plot_comparison(found)
    >>> axes.get_xscale()
    'log'
    >>> plt.close(axes.figure)
    """
    one_of("show", show, [*COLUMNS])
    rows = judged(frame)
    rows["shown"] = rows[show]
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(figsize=SIZE, dpi=DPI, layout="constrained")
    greeks, methods = list(rows.index.unique("greek")), list(rows.index.unique("method"))
    styles = dict(zip(methods, cycle(STYLES), strict=False))
    priced = rows["shown"].to_numpy()[rows["shown"].to_numpy() > CHEAPEST]
    axes.set_xscale("log")
    axes.set_xlim(0.2 * min(priced.min(initial=1.0), 1.0), 5.0 * max(priced.max(initial=1.0), 1.0))
    axes.set_ylim(len(greeks) - 0.5, -0.5)
    axes.set_yticks(range(len(greeks)), greeks)
    axes.tick_params(axis="y", length=0)
    for line in range(1, len(greeks)):
        axes.axhline(line - 0.5, color="0.85", linewidth=0.8, zorder=0)
    axes.axvline(1.0, color="0.5", linewidth=0.8, zorder=0.9)  # above the grid
    axes.grid(axis="x", color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    for row in _listed(rows):
        height = greeks.index(row.greek) + 0.8 * ((methods.index(row.method) + 0.5) / len(methods) - 0.5)
        _mark(axes, row, height, *styles[row.method])
    axes.set_xlabel(f"{TITLES[show]}\n(plain {PLAIN} = 1; left is better)")
    axes.set_ylabel("Greek")
    _legend(axes, styles, frame["seconds"].groupby(level="method").first())
    return axes


def _mark(axes: Axes, row: Any, height: float, colour: str, marker: str) -> None:
    """One method's mark for one Greek, or words where there is nothing to place."""
    left, right = axes.get_xlim()
    if np.isnan(row.shown):
        words = "no answer" if row.judgement == "no answer" else "no comparison"
        axes.text(right, height, f"{words} ", color=colour, ha="right", va="center", fontsize=7)
        return
    place = max(row.shown, left * (right / left) ** 0.02)
    line: dict[str, Any] = {"color": colour, "markersize": 6.5, "markeredgewidth": 1.2, "clip_on": False}
    axes.plot(place, height, marker, **line, **FILL[row.judgement])
    if row.judgement == "bias seen":
        axes.plot(place, height, "x", **{**line, "markersize": 11})
    if row.shown < left:
        words = "no variance" if row.shown == 0.0 else f"{row.shown:.0e}"
        axes.text(place, height, f"    {words}", color=colour, va="center", fontsize=7)


def _legend(axes: Axes, styles: Mapping[str, tuple[str, str]], seconds: pd.Series) -> None:
    """Draw the legend to the right of the axes: what fillings mean, methods, and how long each took."""
    for method, (colour, marker) in styles.items():
        axes.plot([], [], marker, color=colour, label=f"{method}, {number(seconds[method], 2)} s")
    meaning = f"hollow: biased\ncrossed: by over {FAR:g} standard errors\nhalf filled: doubtful, see note\n"
    shown: dict[str, Any] = {"fontsize": 8, "title_fontsize": 8, "alignment": "left", "frameon": False}
    axes.legend(title=meaning, loc="upper left", bbox_to_anchor=(1.01, 1.0), **shown)


def panels(frame: pd.DataFrame) -> Figure:
    """Error and cost beside each other, with one legend."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 * SIZE[0], SIZE[1]), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    comparison(frame, right).set_ylabel("")
    if (legend := comparison(frame, left, show="error").get_legend()) is not None:
        legend.remove()  # that of the right serves both
    return figure


def check_writable(path: Path) -> None:
    """Refuse a path of another kind of file than `write` knows, or where nothing can be written."""
    writable("plot", path, SUFFIXES)


def write(frame: pd.DataFrame, path: Path, title: str) -> None:
    """Write the picture of a frame as .png (1200 by 500 pixels), .pdf or .svg, by the suffix of `path`.

    Raises
    ------
    ValueError
        If the suffix is another one.
    FileNotFoundError
        If the folder is not there.
    """
    check_writable(path)
    figure = panels(frame)
    figure.suptitle(title, fontsize=10)
    written(path, figure.savefig)
