"""A column over a grid of one or two parameters: a line with its error band, or a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._checks import refuse
from .style import AGAIN, BAND, LINE, entitle, finish, heated, named, place

# Matplotlib is imported where a figure is made, as in `pictures.comparison`.
if TYPE_CHECKING:
    from matplotlib.axes import Axes

BELIEVED = ("reweighted", "simulated")
"""Methods whose marks are filled."""


def draw(frame: pd.DataFrame, column: str, axes: Axes | None = None, title: str = "") -> Axes:
    """A column of a ladder's frame over its one or two parameters.

    Parameters
    ----------
    frame : pandas.DataFrame
        As of `Scenarios`.
    column : str
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    title : str
        What stands above.

    Returns
    -------
    matplotlib.axes.Axes
    """
    known = [name for name in frame.columns if f"{name}_standard_error" in frame.columns]
    if column not in known:
        refuse("column", f"be one of {', '.join(known)}", column)
    if frame.index.nlevels > 2:
        refuse("a picture", "be of one or two parameters; select some rows of the frame", list(frame.index.names))
    axes = place(axes)
    sorted_frame = frame.sort_index()
    (_line if frame.index.nlevels == 1 else _heat)(sorted_frame, column, axes)
    if title:
        entitle(axes, title)
    return axes


def _line(frame: pd.DataFrame, column: str, axes: Axes) -> None:
    """Filled marks where paths were reweighted, hollow ones where they were drawn anew or the number is doubtful."""
    x, y = frame.index.to_numpy(dtype=float), frame[column].to_numpy()
    error = BAND * frame[f"{column}_standard_error"].to_numpy()
    axes.fill_between(x, y - error, y + error, color=LINE, alpha=0.25, linewidth=0, label="95 % confidence")
    axes.plot(x, y, color=LINE, linewidth=1.4, zorder=2)
    for method in sorted(frame["method"].unique(), key=lambda name: name not in BELIEVED):
        rows = (frame["method"] == method).to_numpy()
        axes.plot(
            x[rows], y[rows], "o", color=LINE, markerfacecolor=LINE if method in BELIEVED else "white", markersize=6,
            markeredgewidth=1.4, label=method, zorder=3,
        )  # fmt: skip
    if f"{column}_reference" in frame:
        axes.plot(x, frame[f"{column}_reference"], "--", color=AGAIN, linewidth=1.4, label="reference", zorder=4)
    axes.set_xlabel(named(frame.index.name))
    axes.set_ylabel(named(column))
    finish(axes)


def _heat(frame: pd.DataFrame, column: str, axes: Axes) -> None:
    """A cell a grid point with its value; a frame around those whose paths were drawn anew."""
    from matplotlib.patches import Rectangle

    table, error, again = (frame[name].unstack() for name in (column, f"{column}_standard_error", "method"))
    values, errors, drawn = table.to_numpy(dtype=float), error.to_numpy(dtype=float), again.to_numpy() == "resimulated"
    image, colours = heated(axes, values, origin="lower")
    for ((i, j), value), colour in zip(np.ndenumerate(values), colours, strict=True):
        words = f"{value:.4g}\n±{errors[i, j]:.1g}"
        axes.text(j, i, words, ha="center", va="center", fontsize=7, color=colour)
        if drawn[i, j]:
            axes.add_patch(Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False, edgecolor=AGAIN, linewidth=1.4))
    if drawn.any():
        axes.plot([], [], "s", color=AGAIN, markerfacecolor="none", label="resimulated")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, fontsize=8, borderaxespad=0.2)
    axes.set_xticks(range(values.shape[1]), [f"{x:g}" for x in table.columns.to_numpy(dtype=float)], fontsize=8)
    axes.set_yticks(range(values.shape[0]), [f"{y:g}" for y in table.index.to_numpy(dtype=float)], fontsize=8)
    axes.set_xlabel(named(table.columns.name))
    axes.set_ylabel(named(table.index.name))
    figure = axes.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=axes).set_label(f"{named(column)}; cells: ± standard error", fontsize=8)
