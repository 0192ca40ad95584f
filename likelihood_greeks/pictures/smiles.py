"""Pictures of volatility smiles: market and model, a panel a maturity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

# Matplotlib is imported where a figure is made, as in `pictures.comparison`.
if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKET, MODEL = "#000000", "#D55E00"  # black dots, vermilion line: M. Okabe and K. Ito, *Color Universal Design*, 2008
COLUMNS, PANEL, DPI = 4, (2.6, 2.2), 100  # panels a row; inches


def draw(market: pd.DataFrame, model: pd.DataFrame, errors: pd.DataFrame) -> Figure:
    """Smiles as small multiples with common axes.

    Parameters
    ----------
    market, model, errors : pandas.DataFrame, shapes (n_strikes, n_maturities)
        Implied volatilities and model less market, per square-root year; index strikes in currency, columns maturities
        in years. `model` may have strikes of its own.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot

    shown = [j for j in range(market.shape[1]) if market.iloc[:, j].notna().any()]
    across = min(COLUMNS, len(shown))
    down = -(-len(shown) // across)
    figure = pyplot.figure(figsize=(PANEL[0] * across + 0.6, PANEL[1] * down + 0.9), dpi=DPI, layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    for place, j in zip(axes, shown, strict=False):
        _panel(place, market.iloc[:, j], model.iloc[:, j], errors.iloc[:, j])
    for place in axes[len(shown) :]:
        place.set_axis_off()
    for place in axes[max(len(shown) - across, 0) : len(shown)]:
        place.tick_params(labelbottom=True)
    overall = 100.0 * np.sqrt(np.nanmean(errors.to_numpy() ** 2))
    figure.suptitle(f"Implied volatilities, r.m.s. error {overall:.2f} points", fontsize=10, x=0.02, ha="left")
    figure.supxlabel("strike (currency)", fontsize=10)
    figure.supylabel("implied volatility (% per √year)", fontsize=10)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False, fontsize=9)
    return figure


def _panel(axes: Axes, market: pd.Series, model: pd.Series, errors: pd.Series) -> None:
    quoted = market.dropna()
    axes.plot(model.index, 100.0 * model, color=MODEL, linewidth=1.6, label="model", zorder=2)
    axes.plot(quoted.index, 100.0 * quoted, "o", color=MARKET, markersize=3.5, label="market", zorder=3)
    rms = 100.0 * np.sqrt(np.nanmean(errors.to_numpy() ** 2))
    axes.set_title(f"{float(str(market.name)):.3g} years (r.m.s. error {rms:.2f} points)", fontsize=8)
    axes.grid(color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
