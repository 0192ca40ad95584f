"""A picture of what a contract on several assets has in each pair of them: a matrix of correlation risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._checks import refuse
from .._words import number
from ..result import Result
from .style import entitle, heated, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIGNIFICANT = 3
"""Digits of a number in a cell."""


def matrix(result: Result, greek: str = "correlation") -> pd.DataFrame:
    """The values of a Greek of pairs as a symmetric table by asset, nothing on its diagonal."""
    frame = result.to_frame()
    rows = frame[frame["greek"] == greek]
    pairs = [str(asset).split(",") for asset in rows["asset"]] if "asset" in rows else []
    names = [*dict.fromkeys(name for pair in pairs for name in pair)]
    found = pd.DataFrame(np.nan, index=names, columns=names)
    for pair, value in zip(pairs, rows["value"], strict=True):
        if len(pair) == 2:
            found.loc[pair[0], pair[1]] = found.loc[pair[1], pair[0]] = value
    return found


def heat_map(result: Result, greek: str = "correlation", *, axes: Axes | None = None) -> Axes:
    """Draw a Greek of pairs of assets as a matrix: sensitivities to correlations, or cross gammas.

    Parameters
    ----------
    result : Result
        Of `greeks` under a law of several assets.
    greek : str
        ``"correlation"`` or ``"cross_gamma"``.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the result has no such Greek.

    Examples
    --------
    >>> import likelihood_greeks as lg
    >>> flat = lg.GBM(spot=100.0, volatility=0.2)
    >>> law = lg.CorrelatedGBM({"A": flat, "B": flat}, {("A", "B"): 0.5})
    >>> result = lg.greeks(law, lg.WorstOf(lg.Call(100.0, 1.0)), ["correlation"], paths=1024, seed=1)
    >>> lg.plot_pairs(result).get_title()
    'Correlation by pair'
    """
    table = matrix(result, greek)
    if table.empty or not np.isfinite(table.to_numpy()).any():
        refuse("result", f"have {greek} by pair of assets: ask greeks for it", list(result))
    axes = place(axes)
    _, colours = heated(axes, table.to_numpy())
    for ((i, j), value), colour in zip(np.ndenumerate(table.to_numpy()), colours, strict=True):
        if np.isfinite(value):
            axes.text(j, i, number(value, SIGNIFICANT), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(table)), list(table.columns))
    axes.set_yticks(range(len(table)), list(table.index))
    entitle(axes, f"{greek.replace('_', ' ')} by pair")
    return axes
